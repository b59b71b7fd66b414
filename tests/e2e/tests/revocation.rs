//! R63, R71: tokens of sign-ins are revoked soon after the logins, and at shutdown.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, Try, World, count, den_with_friends, password};
use fakeplex::{Endpoint, Fault};

/// Number of friends with access.
const FRIENDS: usize = 30;

fn names() -> Vec<String> {
    (0..FRIENDS).map(|number| format!("friend{number}")).collect()
}

fn machine() -> Option<World> {
    let names = names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::with_everything(&den_with_friends(&names), "")?;
    for name in names {
        world.add_user(name, true, None);
    }
    Some(world)
}

/// Signs this many friends in at once, each from their own address: one address has fewer conversations at a time for accounts
/// that are not known there.
fn sign_in(world: &World, how_many: usize) {
    let friends = names().into_iter().take(how_many).zip(1..);
    let tries: Vec<_> =
        friends.map(|(name, number)| Try::new(&name, &format!("192.0.2.{number}"), &password(&name))).collect();
    let answers = world.many(how_many, &tries);
    assert_eq!(count(&answers, Code::SUCCESS), how_many, "{answers:?}");
}

fn live_tokens(world: &World) -> u64 {
    world.plex().counters().live_tokens
}

/// One after the other, sixteen tokens would be valid for eight seconds.
#[test]
fn r71_tokens_of_sixteen_simultaneous_logins_are_revoked_within_two_seconds() {
    let Some(world) = machine() else { return };
    // The friend list, before sixteen logins need it at once.
    assert_eq!(world.account("friend0"), Code::SUCCESS);
    world.plex().fault(Endpoint::Signout, Fault::Delay(500));
    sign_in(&world, 16);
    let start = Instant::now();
    while live_tokens(&world) > 0 {
        assert!(start.elapsed() < Duration::from_secs(2), "{} tokens are valid", live_tokens(&world));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(world.plex().counters().of(Endpoint::Signout), 16);
}

#[test]
fn r71_shutdown_revokes_every_token_or_logs_how_many_it_did_not() {
    let Some(world) = machine() else { return };
    assert_eq!(world.account("friend0"), Code::SUCCESS);
    world.plex().fault(Endpoint::Signout, Fault::Delay(500));
    sign_in(&world, FRIENDS);
    world.stop_authd();
    let counters = world.plex().counters();
    assert_eq!((counters.live_tokens, counters.of(Endpoint::Signout)), (0, FRIENDS as u64));

    // Eight at once, of which each waits for five of the ten seconds that there are.
    world.plex().clear_faults();
    world.start_authd(&world.config(""));
    world.plex().fault(Endpoint::Signout, Fault::Silence);
    let (took, log) = world.logged(|| {
        sign_in(&world, FRIENDS);
        let start = Instant::now();
        world.stop_authd();
        start.elapsed()
    });
    assert!(took < Duration::from_secs(15), "{took:?}");
    let failed = log.matches("a token could not be revoked at plex.tv").count();
    let left = log.split("not revoked at plex.tv before the end: ").nth(1).unwrap_or_else(|| panic!("{log}"));
    let left: usize = left.split(';').next().unwrap().parse().unwrap();
    assert!(failed >= 16 && failed + left == FRIENDS, "{failed} without an answer, {left} not sent");
    world.assert_no_secret_leaked();
}
