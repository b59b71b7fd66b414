//! A refusal for want of access reads the friend list again, at most once in 30 s for the machine: a friend who was invited a
//! second ago signs in at the first attempt, and strangers cause no flood of requests (R37).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, Try, World, count, password};
use fakeplex::{Endpoint, Fault};

/// The accounts of the Den without access.
const STRANGERS: [&str; 3] = ["bob", "carol", "mallory"];

const LINK: &str = "link_sign_in = true\nlink_services = [\"alone\"]";

/// The Den, once the server is shared with this account too, which has accepted.
fn shared_with(name: &str) -> String {
    let den = DEN.replace("invited = [\"carol\"]", "");
    den.replace("shared_with = [\"alice\"", &format!("shared_with = [\"{name}\", \"alice\""))
}

/// The entries of `[users]` that `plex-auth user add` and `user link` write. A member of the group without one would be bound to
/// nobody, since it joined before there was a friend of its name (R74).
const USERS: &str = "[users]\nbob = \"3\"\ncarol = \"4\"\nmallory = \"7\"";

/// A machine whose list was read before the server was shared with this account.
fn invited(name: &str, further: &str) -> Option<World> {
    let world = World::with_everything(DEN, &format!("{further}\n{USERS}"))?;
    assert_eq!(world.account("alice"), Code::SUCCESS);
    world.plex().load(&shared_with(name));
    world.plex().reset();
    Some(world)
}

#[test]
fn r37_friend_who_was_invited_a_second_ago_signs_in_with_a_password_at_the_first_attempt() {
    for name in STRANGERS {
        let Some(world) = invited(name, "") else { return };
        assert_eq!(world.authenticate(name, &password(name)), Code::SUCCESS, "{name}");
        let counters = world.plex().counters();
        assert_eq!((counters.of(Endpoint::SharedServers), counters.of(Endpoint::Signin)), (1, 1), "{name}");
        assert_eq!(world.account(name), Code::SUCCESS, "{name}");
    }
}

#[test]
fn r37_friend_who_was_invited_a_second_ago_signs_in_by_link_at_the_first_attempt() {
    let Some(world) = invited("bob", LINK) else { return };
    let mut terminal = world.pam_terminal("alone", "bob", "192.0.2.1");
    let code = terminal.ask_for_code();
    world.approve(&code, "bob");
    assert_eq!(terminal.verdict(), Code::SUCCESS);
}

#[test]
fn r37_friend_who_was_invited_a_second_ago_logs_in_with_a_key_at_the_first_attempt() {
    let Some(world) = invited("carol", "") else { return };
    world.start_sshd();
    assert_eq!(world.ssh_key("carol").stdout, "carol\n");
    assert_eq!(world.plex().counters().of(Endpoint::SharedServers), 1);
    // The next refusal is decided by the list that is at hand.
    assert!(!world.ssh_key("bob").ok());
    assert_eq!(world.plex().counters().of(Endpoint::SharedServers), 1);
}

#[test]
fn r37_fifty_attempts_of_strangers_cause_one_refresh_in_30_seconds() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    assert_eq!(world.account("alice"), Code::SUCCESS);
    // A slow refresh, which the first attempts wait for together.
    world.plex().fault(Endpoint::SharedServers, Fault::Delay(400));
    world.plex().reset();
    let start = Instant::now();
    let tries: Vec<Try> = (0..50)
        .zip(STRANGERS.iter().cycle())
        .map(|(n, user)| Try::new(user, &format!("192.0.2.{}", n + 1), &password(user)))
        .collect();
    let told = world.many(10, &tries);
    assert_eq!(count(&told, Code::AUTH_ERR), 50, "{told:?}");
    for name in STRANGERS {
        assert_eq!(world.account(name), Code::PERM_DENIED, "{name}");
    }
    assert!(start.elapsed() < Duration::from_secs(30), "the machine is too slow for this test");
    let counters = world.plex().counters();
    assert_eq!(counters.of(Endpoint::SharedServers), 1);
    assert_eq!(counters.total(), 1, "nothing typed was sent for any of them: {counters:?}");
    // The limit is one of time.
    std::thread::sleep((start + Duration::from_secs(33)).saturating_duration_since(Instant::now()));
    assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR);
    assert_eq!(world.plex().counters().of(Endpoint::SharedServers), 2);
    world.assert_no_secret_leaked();
}

#[test]
fn r37_refused_friend_is_not_in_back_off() {
    let numbers =
        "[throttle]\nfree_tries = 1\nfirst_pause = \"1h\"\nlongest_pause = \"1h\"\n[timeouts]\nfriend_list = \"2s\"";
    let Some(world) = World::with_everything(DEN, &format!("{USERS}\n{numbers}")) else { return };
    for attempt in 0..5 {
        assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR, "{attempt}");
    }
    world.plex().load(&shared_with("bob"));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(world.authenticate("bob", &password("bob")), Code::SUCCESS);
    // A wrong password still counts.
    assert_eq!(world.authenticate("bob", "wrong"), Code::AUTH_ERR);
    assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTHINFO_UNAVAIL);
}

/// A stranger whose refusal waited for a refresh, one whose refusal did not, and a friend's wrong password.
#[test]
fn r40_refusal_takes_the_same_time_whether_the_friend_list_was_read_again_or_not() {
    let mut differ = Vec::new();
    for _ in 0..3 {
        let Some(world) = World::with_everything(DEN, "[timeouts]\nfriend_list = \"5s\"") else { return };
        // Longer than the unit of the delay, and known from the regular refreshes.
        world.plex().fault(Endpoint::SharedServers, Fault::Delay(600));
        std::thread::sleep(Duration::from_secs(6));
        world.plex().reset();
        let told = world.many(1, &["bob", "mallory", "alice"].map(|user| Try::new(user, "192.0.2.1", "wrong")));
        assert_eq!(count(&told, Code::AUTH_ERR), 3, "{told:?}");
        assert!(world.plex().counters().of(Endpoint::SharedServers) > 0, "the list was read again");
        let took: Vec<Duration> = told.iter().map(|one| one.took).collect();
        let (shortest, longest) = (took.iter().min().unwrap(), took.iter().max().unwrap());
        if longest.abs_diff(*shortest) < Duration::from_millis(250) {
            return;
        }
        differ.push(took);
    }
    panic!("{differ:?}");
}
