//! R60: a brute-force attack from one address and from hundreds, at one account and at all, in parallel.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, Try, World, count, password};
use fakeplex::Endpoint;

const ACCOUNTS: [&str; 6] = ["alice", "frank", "erin", "olga", "bob", "mallory"];

/// Parallel guesses: half the number of the daemon's connections.
const TOGETHER: usize = 128;

/// A quarter of the attack: guesses at `accounts` from `addresses` addresses.
fn guesses(part: u8, addresses: usize, accounts: &[&str]) -> Vec<Try> {
    let pairs = accounts.iter().cycle().zip((0..addresses).cycle());
    let guess = |(number, (account, address)): (usize, (&&str, usize))| {
        Try::new(account, &format!("203.{}.{}.{}", part, address / 250, address % 250 + 1), &format!("guess{number}"))
    };
    pairs.take(1250).enumerate().map(guess).collect()
}

#[test]
fn r60_r19_five_thousand_guesses_stay_within_the_budget_and_lock_no_friend_out() {
    // The defaults: 30 rejected sign-ins an hour, 10 from one address, 20 of unknown keys.
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.plex().send(&fakeplex::Command::BlockAfter(30)).unwrap();
    let friend = |from: &str, user: &str, typed: &str| world.codes_from(from, "alone", user, typed).of("auth");
    assert_eq!(friend("198.51.100.7", "alice", &password("alice")), Code::SUCCESS);
    let start = Instant::now();
    let attack = |tries: &[Try], budget: u64| {
        world.plex().reset();
        let answers = world.many(TOGETHER, tries);
        assert_eq!(count(&answers, Code::SUCCESS), 0);
        // Guesses above an address's share of slots have no answer but "unavailable".
        let sent = world.plex().counters().of(Endpoint::Signin);
        assert!(sent <= budget, "{sent} sign-in requests");
        sent
    };

    // From one address: at one account, then at all of them.
    let (one, all) = (&ACCOUNTS[..1], &ACCOUNTS[..]);
    let sent = attack(&guesses(1, 1, one), 10);
    let sent = sent + attack(&guesses(1, 1, all), 10 - sent);
    // A friend who has never signed in here, from another address, can sign in.
    assert_eq!(friend("198.51.100.8", "frank", &password("frank")), Code::SUCCESS);

    // From hundreds.
    let sent = sent + attack(&guesses(2, 250, one), 20 - sent);
    let sent = sent + attack(&guesses(2, 250, all), 20 - sent);
    assert!(sent >= 10, "the attack hardly reached plex.tv: {sent} requests");
    // Friends can sign in from their previous addresses, even after mistyping.
    assert_eq!(friend("198.51.100.7", "alice", "mistyped"), Code::AUTH_ERR);
    assert_eq!(friend("198.51.100.7", "alice", &password("alice")), Code::SUCCESS);
    assert_eq!(friend("198.51.100.8", "frank", &password("frank")), Code::SUCCESS);
    assert_eq!(world.account("alice"), Code::SUCCESS);
    world.wait_for_log(&["throttled", "nothing was sent (see rejected_per_hour)"]);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    world.assert_no_secret_leaked();
}
