//! R69: only a plex.tv that cannot be reached opens the cache for outages, and guesses at cached passwords are bounded.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Connections, Endpoint, Fault};

const CACHE: &str = "[cache]\noffline = \"1h\"\n[timeouts]\nlogin = \"2s\"\nconnect = \"1s\"\n";

/// Alice's password was changed at Plex after it was cached here.
const NEW: &str = "NEW-SECRET-alice";

fn changed() -> String {
    DEN.replace("PASSWORD-SECRET-alice", NEW)
}

/// A machine that has cached Alice's password.
fn cached(tables: &str) -> Option<World> {
    let world = World::with_everything(DEN, tables)?;
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("remembered", 1);
    Some(world)
}

fn login_from(world: &World, host: &str, user: &str, typed: &str) -> Code {
    world.codes_from(host, "alone", user, typed).of("auth")
}

/// So many wrong passwords for Frank, ten from each address: what one address may use up of the hour's budget.
fn guess_at_frank(world: &World, count: usize) {
    for number in 0..count {
        let host = format!("203.0.113.{}", number / 10);
        assert_eq!(login_from(world, &host, "frank", &format!("guess{number}")), Code::AUTH_ERR, "{number}");
    }
}

#[test]
fn r69_a_budget_that_guesses_at_frank_used_up_does_not_open_alices_cached_password() {
    let Some(world) = cached(&format!("{CACHE}[throttle]\nfree_tries = 20")) else { return };
    world.plex().load(&changed());
    guess_at_frank(&world, 20);
    assert_eq!(login_from(&world, "203.0.113.77", "frank", "another"), Code::MAXTRIES, "the budget is used up");
    assert_eq!(login_from(&world, "192.0.2.50", "alice", &password("alice")), Code::MAXTRIES);
    world.wait_for_log(&["throttled", "user=\"alice\"", "nothing was sent (see rejected_per_hour)"]);
}

#[test]
fn r69_plex_tv_that_answers_opens_no_cached_password_whatever_it_answers() {
    let Some(world) = cached(&format!("{CACHE}[throttle]\nfree_tries = 20")) else { return };
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
    // Too many requests and a blocked address, also while plex.tv is left alone for them.
    for fault in [Fault::TooMany(Some(2)), Fault::Api(401, 1031)] {
        world.plex().fault(Endpoint::Signin, fault.clone());
        for _ in 0..2 {
            assert_eq!(login_from(&world, "192.0.2.99", "alice", &password("alice")), Code::MAXTRIES, "{fault:?}");
        }
        world.plex().clear_faults();
        std::thread::sleep(std::time::Duration::from_millis(2200));
    }
    assert!(!world.syslog().contains("remembered, since"));
}

#[test]
fn r69_a_friend_list_that_plex_tv_refuses_or_limits_opens_no_cached_password() {
    let tables = format!("{CACHE}friend_list = \"1s\"\n");
    let Some(world) = cached(&tables) else { return };
    world.plex().load(&changed());
    for fault in [Fault::Status(401, String::new()), Fault::Status(403, String::new()), Fault::TooMany(Some(30))] {
        world.plex().fault(Endpoint::SharedServers, fault.clone());
        std::thread::sleep(std::time::Duration::from_millis(2200));
        let code = login_from(&world, "192.0.2.50", "alice", &password("alice"));
        assert!([Code::AUTHINFO_UNAVAIL, Code::MAXTRIES].contains(&code), "{fault:?}: {code:?}");
    }
    assert!(!world.syslog().contains("remembered, since"));
}

#[test]
fn r69_guesses_at_cached_passwords_use_up_the_machines_budget_and_a_restart_gives_none_back() {
    let tables = format!("{CACHE}[throttle]\nfree_tries = 20");
    let Some(world) = cached(&tables) else { return };
    assert_eq!(login_from(&world, "192.0.2.1", "alice", &password("alice")), Code::SUCCESS, "from there before");
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    let guess = |number: usize| login_from(&world, &format!("203.0.113.{}", number / 10), "alice", "guess");
    for number in 0..20 {
        assert_eq!(guess(number), Code::AUTHINFO_UNAVAIL, "{number}");
    }
    for restarted in [false, true] {
        if restarted {
            world.stop_authd();
            world.start_authd(&world.config(&tables));
        }
        // A stranger's guess is not even looked at, right or wrong, and a friend who was there before has access.
        for typed in ["guess", &password("alice")] {
            assert_eq!(login_from(&world, "203.0.113.77", "alice", typed), Code::MAXTRIES, "{restarted}");
        }
        assert_eq!(login_from(&world, "192.0.2.1", "alice", &password("alice")), Code::SUCCESS, "{restarted}");
    }
}

#[test]
fn r69_a_remembered_password_cannot_be_guessed_without_bound_while_plex_tv_is_not_asked() {
    let tables = "[cache]\nremember = \"1h\"\n[throttle]\nfree_tries = 20\nrejected_per_hour = 30\n";
    let Some(world) = cached(tables) else { return };
    assert_eq!(login_from(&world, "192.0.2.1", "alice", &password("alice")), Code::SUCCESS, "from there before");
    guess_at_frank(&world, 20);
    // The budget is used up, so plex.tv would not say that a guess is wrong.
    for typed in ["guess", &password("alice")] {
        assert_eq!(login_from(&world, "203.0.113.77", "alice", typed), Code::MAXTRIES, "{typed}");
    }
    assert_eq!(login_from(&world, "192.0.2.1", "alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn r69_wrong_guesses_at_a_remembered_password_count_while_plex_tv_is_unreachable() {
    let tables =
        "[cache]\nremember = \"1h\"\n[throttle]\nfree_tries = 20\n[timeouts]\nlogin = \"2s\"\nconnect = \"1s\"";
    let Some(world) = cached(tables) else { return };
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    for number in 0..20 {
        let host = format!("203.0.113.{}", number / 10);
        assert_eq!(login_from(&world, &host, "alice", "guess"), Code::AUTHINFO_UNAVAIL, "{number}");
    }
    for typed in ["guess", &password("alice")] {
        assert_eq!(login_from(&world, "203.0.113.77", "alice", typed), Code::MAXTRIES, "{typed}");
    }
    world.wait_for_log(&["throttled", "user=\"alice\"", "see rejected_per_hour"]);
}
