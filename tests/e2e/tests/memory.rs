//! `[cache]`: which passwords are cached, their hashes on disk, and what deletes them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::thread::sleep;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Connections, Endpoint};

/// The Den after Alice changed her password at Plex.
fn changed() -> String {
    DEN.replace("PASSWORD-SECRET-alice", "NEW-SECRET-alice")
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2).unwrap(), 16).unwrap()).collect()
}

/// Alice's login from an address of its own, so that no earlier failure there delays it.
fn login(world: &World, place: u8, typed: &str) -> Code {
    world.codes_from(&format!("192.0.2.{place}"), "alone", "alice", typed).of("auth")
}

#[test]
fn r45_no_password_is_cached_by_default() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("pin WHERE account = 'alice'", 1);
    world.plex().reset();
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 1);
    assert_eq!(world.rows("remembered"), 0);
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
}

#[test]
fn r45_next_friend_list_deletes_cached_passwords_of_removed_friends() {
    let further = "[cache]\nremember = \"1h\"\noffline = \"1h\"\n[timeouts]\nfriend_list = \"1s\"";
    let Some(world) = World::with_everything(DEN, further) else { return };
    for user in ["alice", "frank"] {
        assert_eq!(world.authenticate(user, &password(user)), Code::SUCCESS);
    }
    world.wait_for_rows("remembered", 2);
    world.plex().load(&DEN.replace("shared_with = [\"alice\", ", "shared_with = ["));
    // Without any login: the list alone deletes the password.
    world.wait_for_rows("remembered", 1);
    assert_eq!(world.rows("remembered WHERE account = 'frank'"), 1);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTH_ERR);
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    sleep(Duration::from_millis(1500));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTH_ERR, "in an outage");
    assert_eq!(world.account("alice"), Code::PERM_DENIED);
    assert_eq!(world.authenticate("frank", &password("frank")), Code::SUCCESS);
}

#[test]
fn r45_rejected_cached_password_is_deleted_but_a_wrong_guess_deletes_nothing() {
    let Some(world) = World::with_everything(DEN, "[cache]\noffline = \"1h\"") else { return };
    assert_eq!(login(&world, 1, &password("alice")), Code::SUCCESS);
    world.wait_for_rows("remembered", 1);
    assert_eq!(login(&world, 2, "a guess"), Code::AUTH_ERR);
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    assert_eq!(login(&world, 1, &password("alice")), Code::SUCCESS, "a guess wipes nothing");
    world.plex().clear_faults();
    world.plex().load(&changed());
    assert_eq!(login(&world, 3, &password("alice")), Code::AUTH_ERR);
    world.wait_for_rows("remembered", 0);
    world.wait_for_log(&["plex.tv no longer accepts the cached password of 'alice'; deleted"]);
    // The hash is in none of the files any more, not even in the write-ahead log.
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    assert_eq!(login(&world, 4, &password("alice")), Code::AUTHINFO_UNAVAIL);
}

#[test]
fn r45_password_of_an_account_with_2fa_is_never_cached() {
    let Some(world) = World::with_everything(DEN, "[cache]\nremember = \"1h\"\noffline = \"1h\"") else { return };
    let asked = || world.codes("alone", "erin", "auth", &format!("{}\n314159\n", password("erin"))).of("auth");
    let appended = || world.authenticate("erin", &format!("{}314159", password("erin")));
    assert_eq!((asked(), appended()), (Code::SUCCESS, Code::SUCCESS));
    // A login after hers is cached; hers is not.
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("remembered", 1);
    assert_eq!(world.rows("remembered WHERE account = 'erin'"), 0);
    world.plex().reset();
    assert_eq!((asked(), appended()), (Code::SUCCESS, Code::SUCCESS));
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 3, "the first password, its code, both together");
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    assert_eq!((asked(), appended()), (Code::AUTHINFO_UNAVAIL, Code::AUTHINFO_UNAVAIL));
}

#[test]
fn r45_cached_passwords_are_argon2id_hashes_with_owasp_parameters() {
    let Some(world) = World::with_everything(DEN, "[cache]\noffline = \"1h\"") else { return };
    // The same password for both accounts; no two rows are equal.
    world.plex().load(&DEN.replace("PASSWORD-SECRET-frank", "PASSWORD-SECRET-alice"));
    for user in ["alice", "frank"] {
        assert_eq!(world.authenticate(user, &password("alice")), Code::SUCCESS);
    }
    world.wait_for_rows("remembered", 2);
    let rows = world.sql("SELECT hex(salt), hex(hash) FROM remembered");
    let rows: Vec<(Vec<u8>, Vec<u8>)> =
        rows.lines().map(|line| line.split_once('|').unwrap()).map(|(salt, hash)| (bytes(salt), bytes(hash))).collect();
    assert_ne!(rows.first().unwrap().0, rows.last().unwrap().0, "each has a salt of its own");
    for (salt, hash) in rows {
        assert!(salt.len() >= 16 && hash.len() >= 32);
        // OWASP's first recommendation: 19 MiB, two passes.
        let params = Params::new(19 * 1024, 2, 1, Some(hash.len())).unwrap();
        let mut again = vec![0; hash.len()];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password("alice").as_bytes(), &salt, &mut again).unwrap();
        assert_eq!(again, hash);
    }
    let files = world.sh("stat -c '%U %a' /var/lib/plex-auth /var/lib/plex-auth/*").stdout;
    assert!(files.lines().all(|line| line == "plex-auth 700" || line == "plex-auth 600"), "{files}");
    world.assert_no_secret_leaked();
}
