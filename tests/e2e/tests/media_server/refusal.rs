//! R72: a refusal by the media server deletes nothing and is no failure, whoever was listening.

use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Connections};

use crate::listener::{INSECURE, Listener};
use crate::logging;

/// More refusals than the default number of free tries, and than the account's share of an hour.
const OFTEN: usize = 12;

/// As many link codes as one origin may have at a time.
const CODES: usize = 3;

/// One failure would already lead to a pause that no login waits out.
const STRICT: &str = "[throttle]\nfree_tries = 1\nfirst_pause = \"1m\"\n";

/// A machine with a cached password and a binding of Alice's.
fn machine() -> Option<World> {
    let further = format!(
        "{INSECURE}link_sign_in = true\nlink_services = [\"alone\"]\n[cache]\noffline = \"1h\"\n[timeouts]\nlogin = \"4s\"\nconnect = \"1s\"\n{STRICT}"
    );
    let world = World::with_everything(DEN, &further)?;
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_log(&["accepted", "user=\"alice\"", "plex.tv alone accepted the sign-in"]);
    world.wait_for_rows("remembered", 1);
    world.wait_for_rows(BINDING, 1);
    Some(world)
}

/// Alice's binding. The first list has bound the other members too.
const BINDING: &str = "pin WHERE account = 'alice' AND plex_id = 2";

/// Log line of a refusal.
const REFUSED: &str = "plex.tv accepted the sign-in, but the media server refused it";

/// Asserts that the cached password, the binding and the account are as before, and that there is no pause.
fn assert_nothing_was_lost(world: &World) {
    assert!(!world.syslog().contains("too many failed attempts"), "{}", world.syslog());
    assert_eq!((world.rows("remembered"), world.rows(BINDING)), (1, 1));
    assert_eq!(world.account("alice"), Code::SUCCESS, "keys and jobs go on");
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    let log_in = || world.authenticate("alice", &password("alice"));
    assert_eq!(logging(world, 1, "cached password, since plex.tv was not available", log_in), Code::SUCCESS);
    world.plex().clear_faults();
    assert_eq!(logging(world, 1, "plex.tv alone accepted the sign-in", log_in), Code::SUCCESS);
}

#[test]
fn r72_refusals_of_a_listener_delete_no_cached_password_and_count_as_no_failure() {
    let Some(world) = machine() else { return };
    let listener = Listener::start(&world, "refuse");
    logging(&world, OFTEN, REFUSED, || {
        for _ in 0..OFTEN {
            assert_ne!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
        }
    });
    drop(listener);
    assert_nothing_was_lost(&world);
}

#[test]
fn r72_refusals_after_link_sign_in_count_as_no_failure() {
    let Some(world) = machine() else { return };
    let listener = Listener::start(&world, "refuse");
    logging(&world, CODES, REFUSED, || {
        for _ in 0..CODES {
            let mut link = world.pam_terminal("alone", "alice", "192.0.2.9");
            let code = link.ask_for_code();
            world.approve(&code, "alice");
            assert_ne!(link.verdict(), Code::SUCCESS);
        }
    });
    drop(listener);
    assert_nothing_was_lost(&world);
}

/// The first step of a sign-in with a verification code is charged until a login follows; a refusal by the media server is none,
/// and did not give it back.
#[test]
fn r72_refusals_after_a_verification_code_count_as_no_failure() {
    let Some(world) = machine() else { return };
    let listener = Listener::start(&world, "refuse");
    let typed = format!("{}\n314159", password("erin"));
    logging(&world, OFTEN, REFUSED, || {
        for _ in 0..OFTEN {
            assert_ne!(world.codes_from("192.0.2.9", "alone", "erin", &typed).of("auth"), Code::SUCCESS);
        }
    });
    drop(listener);
    assert_nothing_was_lost(&world);
}
