//! `[cache] remember`: accepted passwords are accepted again without a request, and nothing of them is stored.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Connections, Endpoint};

const NEW: &str = "NEW-SECRET-alice";

const REMEMBER: &str = "[cache]\nremember = \"1h\"\n";

/// The Den after Alice changed her password at Plex.
fn changed() -> String {
    DEN.replace("PASSWORD-SECRET-alice", NEW)
}

/// The Den without Alice.
fn without_alice() -> String {
    DEN.replace("shared_with = [\"alice\", ", "shared_with = [")
}

/// Alice's login from an address of its own, so that no earlier failure there delays it.
fn login(world: &World, place: u8, typed: &str) -> Code {
    world.codes_from(&format!("192.0.2.{place}"), "alone", "alice", typed).of("auth")
}

/// Asserts that Alice's password is accepted, after this number of sign-ins at plex.tv.
fn assert_accepted_after(world: &World, sign_ins: u64, why: &str) {
    world.plex().reset();
    assert_eq!(login(world, 1, &password("alice")), Code::SUCCESS, "{why}");
    assert_eq!(world.plex().counters().of(Endpoint::Signin), sign_ins, "{why}");
}

/// A machine that remembers Alice's password.
fn remembering(further: &str) -> Option<World> {
    let world = World::with_everything(DEN, &format!("{REMEMBER}{further}"))?;
    assert_accepted_after(&world, 1, "the first time");
    assert_accepted_after(&world, 0, "remembered");
    Some(world)
}

#[test]
fn r45_remembered_password_needs_no_request_and_expires_after_remember() {
    let Some(world) = World::with_everything(DEN, "[cache]\nremember = \"8s\"") else { return };
    assert_eq!(login(&world, 1, &password("alice")), Code::SUCCESS);
    let asked = Instant::now();
    world.wait_for_log(&["accepted", "user=\"alice\"", "plex.tv accepted the sign-in"]);
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    world.plex().reset();
    while asked.elapsed() < Duration::from_secs(4) {
        assert_eq!(login(&world, 1, &password("alice")), Code::SUCCESS, "{:?}", asked.elapsed());
        sleep(Duration::from_millis(300));
    }
    assert_eq!(world.plex().counters().total(), 0);
    world.wait_for_log(&["accepted", "user=\"alice\"", ": cached password"]);
    sleep(Duration::from_millis(9200).saturating_sub(asked.elapsed()));
    assert_eq!(login(&world, 1, &password("alice")), Code::AUTHINFO_UNAVAIL, "to be used does not make it last");
    world.plex().clear_faults();
    assert_eq!(login(&world, 1, &password("alice")), Code::SUCCESS);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 1);
    world.assert_no_secret_leaked();
}

#[test]
fn r45_changed_password_works_at_once_and_the_old_one_expires_after_remember() {
    let Some(world) = World::with_everything(DEN, "[cache]\nremember = \"8s\"") else { return };
    assert_eq!(login(&world, 1, &password("alice")), Code::SUCCESS);
    let asked = Instant::now();
    world.plex().load(&changed());
    assert_eq!(login(&world, 2, &password("alice")), Code::SUCCESS, "as the owner chose");
    sleep(Duration::from_millis(9200).saturating_sub(asked.elapsed()));
    assert_eq!(login(&world, 2, &password("alice")), Code::AUTH_ERR);
    assert_eq!(login(&world, 1, NEW), Code::SUCCESS);
    // The old password again; then the new one is typed while the old one is still cached.
    world.plex().load(DEN);
    sleep(Duration::from_millis(9200));
    assert_eq!(login(&world, 1, &password("alice")), Code::SUCCESS);
    world.plex().load(&changed());
    assert_eq!(login(&world, 1, NEW), Code::SUCCESS);
    assert_eq!(login(&world, 3, &password("alice")), Code::AUTH_ERR, "the new one took its place");
}

#[test]
fn r45_remembered_password_is_not_on_disk_and_a_restart_contacts_plex_tv() {
    let Some(world) = remembering("") else { return };
    let restarts: [fn(&World); 2] = [World::stop_authd, World::kill_authd];
    for restart in restarts {
        restart(&world);
        assert_eq!(world.rows("remembered"), 0);
        world.start_authd(&world.config(REMEMBER));
        assert_accepted_after(&world, 1, "after a restart");
        assert_accepted_after(&world, 0, "remembered again");
    }
    assert_eq!(world.rows("remembered"), 0);
    world.assert_no_secret_leaked();
}

#[test]
fn r45_hashes_of_an_earlier_version_are_deleted_at_the_start_without_offline() {
    let Some(world) = remembering("offline = \"1h\"\n") else { return };
    world.wait_for_rows("remembered", 1);
    world.stop_authd();
    world.start_authd(&world.config(REMEMBER));
    world.wait_for_rows("remembered", 0);
    assert_accepted_after(&world, 1, "after a restart");
    assert_eq!(world.rows("remembered"), 0);
}

#[test]
fn r45_reload_contacts_plex_tv_and_stores_nothing_without_offline() {
    let Some(world) = remembering("offline = \"1h\"\n") else { return };
    world.wait_for_rows("remembered", 1);
    let mut typing = world.terminal(&["pamtester", "alone", "alice", "authenticate"]);
    typing.wait_for("Password: ");
    let reload = |config: &str| {
        world.write_config(&world.config(config));
        world.logged(|| {
            world.sh("pkill -HUP -x plex-authd");
            world.wait_for_log(&["has been read again"]);
        })
    };
    reload(REMEMBER);
    world.wait_for_rows("remembered", 0);
    // A login that began before the reload neither finds the password nor adds it.
    world.plex().reset();
    typing.type_line(&password("alice"));
    assert_eq!(typing.exit(), 0, "{}", typing.contents());
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 1, "typed after the reload");
    assert_accepted_after(&world, 1, "after a reload");
    assert_accepted_after(&world, 0, "remembered again");
    assert_eq!(world.rows("remembered"), 0);
    reload("");
    assert_accepted_after(&world, 1, "without the section");
    assert_accepted_after(&world, 1, "still without it");
}

#[test]
fn r45_first_denial_and_next_list_delete_a_remembered_password() {
    let Some(world) = remembering("[timeouts]\nfriend_list = \"1s\"\n") else { return };
    let cached = || {
        let status = world.sh("plex-auth status --json").stdout;
        serde_json::from_str::<serde_json::Value>(&status).unwrap().get("cached_passwords")?.as_u64()
    };
    assert_eq!(cached(), Some(1));
    // The list alone, without a login.
    world.plex().load(&without_alice());
    let start = Instant::now();
    while cached() != Some(0) {
        assert!(start.elapsed() < Duration::from_secs(30), "the list deletes nothing");
        sleep(Duration::from_millis(100));
    }
    world.plex().load(DEN);
    sleep(Duration::from_millis(1500));
    assert_accepted_after(&world, 1, "with access again");
    assert_accepted_after(&world, 0, "remembered again");
    world.plex().load(&without_alice());
    sleep(Duration::from_millis(1500));
    assert_eq!(login(&world, 2, &password("alice")), Code::AUTH_ERR);
    world.plex().load(DEN);
    sleep(Duration::from_millis(1500));
    assert_accepted_after(&world, 1, "after a denial");
}

#[test]
fn r45_forget_deletes_a_remembered_password() {
    let Some(world) = remembering("") else { return };
    world.sh("plex-auth forget alice");
    assert_accepted_after(&world, 1, "forgotten");
}

#[test]
fn r45_remembered_password_decides_before_the_stored_hash_in_an_outage() {
    let tables = "offline = \"1h\"\n[timeouts]\nlogin = \"2s\"\nconnect = \"1s\"\nfriend_list = \"1s\"\n";
    let Some(world) = remembering(tables) else { return };
    world.wait_for_rows("remembered", 1);
    // A hash that nothing matches.
    world.stop_authd();
    world.sql("UPDATE remembered SET hash = zeroblob(32)");
    world.start_authd(&world.config(&format!("{REMEMBER}{tables}")));
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    sleep(Duration::from_millis(1500));
    assert_eq!(login(&world, 1, &password("alice")), Code::AUTHINFO_UNAVAIL, "the stored hash decides");
    world.plex().clear_faults();
    world.wait_for_log(&["the friend list can be read again"]);
    assert_accepted_after(&world, 1, "plex.tv is back");
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    // The list is too old for a sign-in now.
    sleep(Duration::from_millis(1500));
    assert_eq!(login(&world, 1, &password("alice")), Code::SUCCESS);
    world.wait_for_log(&["accepted", "user=\"alice\"", "cached password, since plex.tv was not available"]);
    assert_eq!(login(&world, 3, "a guess"), Code::AUTHINFO_UNAVAIL);
}

#[test]
fn r45_r44_remembered_passwords_are_not_in_the_daemons_memory() {
    let Some(world) = remembering("") else { return };
    // Longer than a block of the hash function, so that each part of it is hashed.
    for typed in ["MISTYPED-SECRET", &"MISTYPED-SECRET".repeat(40)] {
        assert_eq!(login(&world, 2, typed), Code::AUTH_ERR);
    }
    for _ in 0..20 {
        assert_accepted_after(&world, 0, "remembered");
    }
    sleep(Duration::from_secs(1));
    assert!(!world.traces("plex-authd", "TOKEN-SECRET-olga").is_empty(), "the owner's token is not even found");
    for text in ["PASSWORD-SECRET", "MISTYPED-SECRET"] {
        let found = world.traces("plex-authd", text);
        assert!(found.is_empty(), "{text}: {} times:\n{}", found.len(), found.join("\n"));
    }
}

#[test]
fn r45_work_area_of_the_hash_is_released() {
    let Some(world) = World::with_everything(DEN, "[cache]\noffline = \"1h\"\n[throttle]\nfree_tries = 20\n") else {
        return;
    };
    for _ in 0..5 {
        assert_eq!(login(&world, 1, &password("alice")), Code::SUCCESS);
        // Compares it with the stored hash.
        assert_eq!(login(&world, 2, "a guess"), Code::AUTH_ERR);
    }
    world.wait_for_rows("remembered", 1);
    sleep(Duration::from_secs(1));
    let resident = world.sh("awk '/^RssAnon/ { print $2 }' /proc/$(pgrep -x plex-authd)/status").stdout;
    let resident: u64 = resident.trim().parse().unwrap();
    assert!(resident < 12 * 1024, "{resident} KiB of its own");
}
