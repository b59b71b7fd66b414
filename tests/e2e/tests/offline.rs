//! `[cache] offline`: while plex.tv is unreachable, recently accepted passwords are accepted from the cache.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Connections, Endpoint, Fault, Rule};

const TIMES: &str = "[timeouts]\nlogin = \"2s\"\nconnect = \"1s\"";

fn with_offline(limit: &str, times: &str) -> Option<World> {
    let world = World::with_everything(DEN, &format!("[cache]\noffline = \"{limit}\"\n{TIMES}\n{times}"))?;
    for user in ["alice", "frank"] {
        assert_eq!(world.authenticate(user, &password(user)), Code::SUCCESS);
    }
    world.wait_for_rows("remembered", 2);
    Some(world)
}

/// Faults of every endpoint.
fn everywhere<const N: usize>(faults: [Fault; N]) -> impl Iterator<Item = Command> {
    faults.into_iter().map(|fault| Command::Fault(Rule { endpoint: Endpoint::All, fault, times: None }))
}

/// Asserts that in every outage the right password is accepted within the same attempt, and nothing else.
fn assert_outages_are_bridged(world: &World, outages: impl IntoIterator<Item = Command>) {
    for (number, outage) in outages.into_iter().enumerate() {
        world.plex().send(&outage).unwrap();
        let login = |user: &str, typed: &str| {
            let start = Instant::now();
            let code = world.codes_from(&format!("192.0.2.{number}"), "alone", user, typed).of("auth");
            assert!(start.elapsed() < Duration::from_secs(20), "{outage:?}: {:?}", start.elapsed());
            code
        };
        assert_eq!(login("alice", &password("alice")), Code::SUCCESS, "{outage:?}");
        assert_eq!(world.account("alice"), Code::SUCCESS, "{outage:?}");
        let wrong = if number % 2 == 0 { password("frank") } else { format!("{}x", password("alice")) };
        assert_eq!(login("alice", &wrong), Code::AUTHINFO_UNAVAIL, "{outage:?}: {wrong}");
        assert_eq!(login("bob", &password("bob")), Code::AUTH_ERR, "{outage:?}");
        world.plex().clear_faults();
    }
    world.wait_for_log(&["accepted", "user=\"alice\"", "cached password, since plex.tv was not available; "]);
    assert_eq!(world.rows("remembered"), 2);
    world.assert_no_secret_leaked();
}

#[test]
fn r11_offline_cache_accepts_the_right_password_in_every_outage() {
    let Some(world) = with_offline("1h", "") else { return };
    let connections = [
        Connections::Silence,
        Connections::Refuse,
        // An attacker who can impersonate plex.tv's address can also block it.
        Connections::SelfSigned,
    ];
    let silent = everywhere([
        Fault::Silence,
        Fault::Reset,
        Fault::Drip,
        Fault::Cut,
        Fault::Status(500, String::new()),
        Fault::Status(503, "<html>".into()),
    ]);
    assert_outages_are_bridged(&world, connections.map(Command::Connections).into_iter().chain(silent));
}

#[test]
fn r11_r35_offline_cache_accepts_the_password_with_a_stale_friend_list() {
    let Some(world) = with_offline("1h", "friend_list = \"1s\"") else { return };
    for outage in [Connections::Silence, Connections::Refuse].map(Command::Connections) {
        world.plex().send(&outage).unwrap();
        sleep(Duration::from_millis(1200));
        assert_outages_are_bridged(&world, [outage]);
    }
    let broken = everywhere([Fault::Status(503, "<html>".into())]).next().unwrap();
    world.plex().send(&broken).unwrap();
    sleep(Duration::from_millis(1200));
    assert_outages_are_bridged(&world, [broken]);
}

#[test]
fn r45_cached_password_older_than_offline_is_refused() {
    // First with password and list equally old, then with a list that is always fresh.
    let sign_ins = Command::Fault(Rule { endpoint: Endpoint::Signin, fault: Fault::Reset, times: None });
    for outage in [Command::Connections(Connections::Refuse), sign_ins] {
        let Some(world) = with_offline("8s", "friend_list = \"1s\"") else { return };
        let signed_in = Instant::now();
        world.plex().send(&outage).unwrap();
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "{outage:?}");
        sleep(Duration::from_millis(8500).saturating_sub(signed_in.elapsed()));
        assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "{outage:?}");
        // It is deleted soon.
        world.wait_for_rows("remembered", 0);
    }
}

#[test]
fn r45_stored_hash_older_than_offline_is_deleted_at_the_start() {
    let Some(world) = with_offline("1h", "") else { return };
    for offline in ["2h", "1s"] {
        world.stop_authd();
        sleep(Duration::from_millis(1100));
        world.start_authd(&world.config(&format!("[cache]\noffline = \"{offline}\"\n{TIMES}")));
        world.wait_for_rows("remembered", if offline == "1s" { 0 } else { 2 });
    }
}

#[test]
fn r11_offline_cache_survives_a_restart_during_the_outage() {
    let Some(world) = with_offline("1h", "known_list = \"5m\"") else { return };
    let config = world.config(&format!("[cache]\noffline = \"1h\"\n{TIMES}"));
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    for how in [World::kill_authd, World::stop_authd] {
        how(&world);
        world.start_authd(&config);
        let both = world.codes("alone", "alice", "auth,acct", &format!("{}\n", password("alice")));
        assert_eq!((both.of("auth"), both.of("acct")), (Code::SUCCESS, Code::SUCCESS));
        assert_eq!(world.account("frank"), Code::SUCCESS);
        assert_eq!(world.account("bob"), Code::PERM_DENIED);
        assert_eq!(world.codes_from("192.0.2.9", "alone", "alice", "wrong").of("auth"), Code::AUTHINFO_UNAVAIL);
        assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR);
    }
    // If the owner disables the cache, its contents are deleted.
    world.stop_authd();
    world.start_authd(&world.config(TIMES));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    world.wait_for_rows("remembered", 0);
}
