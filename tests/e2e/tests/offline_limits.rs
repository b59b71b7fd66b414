//! R69: the cache for outages opens only if plex.tv is unreachable, and guesses at cached passwords are limited.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Connections, Endpoint, Fault};

const CACHE: &str = "[cache]\noffline = \"1h\"\n[timeouts]\nlogin = \"2s\"\nconnect = \"1s\"\n";

/// Alice changed her password at Plex after it was cached here.
const NEW: &str = "NEW-SECRET-alice";

fn changed() -> String {
    DEN.replace("PASSWORD-SECRET-alice", NEW)
}

/// A machine with Alice's password in the cache.
fn cached(tables: &str) -> Option<World> {
    let world = World::with_everything(DEN, tables)?;
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("remembered", usize::from(tables.contains("offline")));
    Some(world)
}

fn login_from(world: &World, host: &str, user: &str, typed: &str) -> Code {
    world.codes_from(host, "alone", user, typed).of("auth")
}

/// Uses up the strangers' part of the hourly budget: ten wrong passwords for each of two accounts, the share of one account,
/// and from each of two addresses, the share of one address.
fn use_up_the_strangers_part(world: &World) {
    for (host, user) in [("203.0.113.1", "frank"), ("203.0.113.2", "olga")] {
        for number in 0..10 {
            assert_eq!(login_from(world, host, user, &format!("guess{number}")), Code::AUTH_ERR, "{user}: {number}");
        }
    }
}

#[test]
fn r69_budget_used_up_by_guesses_does_not_open_another_cached_password() {
    let Some(world) = cached(&format!("{CACHE}[throttle]\nfree_tries = 20")) else { return };
    world.plex().load(&changed());
    use_up_the_strangers_part(&world);
    assert_eq!(login_from(&world, "203.0.113.77", "frank", "another"), Code::AUTHINFO_UNAVAIL, "the budget is used up");
    assert_eq!(login_from(&world, "192.0.2.50", "alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    world.wait_for_log(&["throttled", "user=\"alice\"", "nothing was sent (see rejected_per_hour)"]);
}

#[test]
fn r69_any_answer_of_plex_tv_keeps_the_offline_cache_closed() {
    let Some(world) = cached(&format!("{CACHE}[throttle]\nfree_tries = 20\nrejected_per_hour = 100")) else { return };
    world.plex().load(&changed());
    let useless = [
        Fault::Status(404, String::new()),
        Fault::Status(403, "<html>".into()),
        Fault::Status(401, String::new()),
        Fault::Captcha,
        Fault::Garbage,
        Fault::Redirect("https://localhost:1/".into()),
        Fault::Gone,
    ];
    for (number, fault) in useless.into_iter().enumerate() {
        for endpoint in [Endpoint::Signin, Endpoint::All] {
            world.plex().fault(endpoint, fault.clone());
            let host = format!("192.0.2.{number}");
            let code = login_from(&world, &host, "alice", &password("alice"));
            assert_eq!(code, Code::AUTHINFO_UNAVAIL, "{endpoint:?}: {fault:?}");
            world.plex().clear_faults();
        }
    }
    // Rate limits and a blocked address, also while the circuit breaker is open for them.
    for fault in [Fault::TooMany(Some(2)), Fault::Api(401, 1031)] {
        world.plex().fault(Endpoint::Signin, fault.clone());
        for _ in 0..2 {
            assert_eq!(
                login_from(&world, "192.0.2.99", "alice", &password("alice")),
                Code::AUTHINFO_UNAVAIL,
                "{fault:?}"
            );
        }
        world.plex().clear_faults();
        std::thread::sleep(std::time::Duration::from_millis(2200));
    }
    assert!(!world.syslog().contains("cached password, since"));
}

#[test]
fn r69_refused_or_limited_friend_list_keeps_the_offline_cache_closed() {
    let tables = format!("{CACHE}friend_list = \"1s\"\n");
    let Some(world) = cached(&tables) else { return };
    world.plex().load(&changed());
    for fault in [Fault::Status(401, String::new()), Fault::Status(403, String::new()), Fault::TooMany(Some(30))] {
        // Both sources of the list.
        world.plex().fault(Endpoint::SharedServers, fault.clone());
        world.plex().fault(Endpoint::Users, fault.clone());
        std::thread::sleep(std::time::Duration::from_millis(2200));
        let code = login_from(&world, "192.0.2.50", "alice", &password("alice"));
        assert_eq!(code, Code::AUTHINFO_UNAVAIL, "{fault:?}");
    }
    assert!(!world.syslog().contains("cached password, since"));
}

#[test]
fn r69_guesses_at_cached_passwords_use_the_budget_across_restarts() {
    let tables = format!("{CACHE}[throttle]\nfree_tries = 20");
    let Some(world) = cached(&tables) else { return };
    assert_eq!(login_from(&world, "192.0.2.1", "alice", &password("alice")), Code::SUCCESS, "from there before");
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    // The share of one account.
    let guess = |number: usize| login_from(&world, &format!("203.0.113.{}", number / 4), "alice", "guess");
    for number in 0..10 {
        assert_eq!(guess(number), Code::AUTHINFO_UNAVAIL, "{number}");
    }
    for restarted in [false, true] {
        if restarted {
            world.stop_authd();
            world.start_authd(&world.config(&tables));
        }
        // A new key is throttled for any password, and a friend from a known address has access.
        for typed in ["guess", &password("alice")] {
            assert_eq!(login_from(&world, "203.0.113.77", "alice", typed), Code::AUTHINFO_UNAVAIL, "{restarted}");
        }
        assert_eq!(login_from(&world, "192.0.2.1", "alice", &password("alice")), Code::SUCCESS, "{restarted}");
    }
}

#[test]
fn r69_guesses_at_a_remembered_password_are_limited_by_the_used_up_budget() {
    let tables = "[cache]\nremember = \"1h\"\n[throttle]\nfree_tries = 20\nrejected_per_hour = 30\n";
    let Some(world) = cached(tables) else { return };
    assert_eq!(login_from(&world, "192.0.2.1", "alice", &password("alice")), Code::SUCCESS, "from there before");
    use_up_the_strangers_part(&world);
    // The budget is used up, so no sign-in would reject a guess.
    for typed in ["guess", &password("alice")] {
        assert_eq!(login_from(&world, "203.0.113.77", "alice", typed), Code::AUTHINFO_UNAVAIL, "{typed}");
    }
    assert_eq!(login_from(&world, "192.0.2.1", "alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn r69_guesses_at_a_remembered_password_count_while_plex_tv_is_unreachable() {
    let tables =
        "[cache]\nremember = \"1h\"\n[throttle]\nfree_tries = 20\n[timeouts]\nlogin = \"2s\"\nconnect = \"1s\"";
    let Some(world) = cached(tables) else { return };
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    for number in 0..10 {
        let host = format!("203.0.113.{}", number / 4);
        assert_eq!(login_from(&world, &host, "alice", "guess"), Code::AUTHINFO_UNAVAIL, "{number}");
    }
    for typed in ["guess", &password("alice")] {
        assert_eq!(login_from(&world, "203.0.113.77", "alice", typed), Code::AUTHINFO_UNAVAIL, "{typed}");
    }
    world.wait_for_log(&["throttled", "user=\"alice\"", "see rejected_per_hour"]);
}
