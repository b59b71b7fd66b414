//! Attackers who take all that they can, and what is left to others.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test may panic")]

use super::*;

fn claim(purpose: Purpose, crowd: Crowd, origin: &str, account: &str) -> Claim {
    Claim { purpose, origin: origin.into(), crowd, account: account.into() }
}

/// Slots that are granted of `count` requests, each made by `next`.
fn take(shares: &mut Shares, count: usize, next: impl Fn(usize) -> Claim) -> usize {
    (0..count).filter(|number| shares.acquire(next(*number), 1).is_some()).count()
}

/// A friend can sign in from a known address and from a new one, run sudo, and pass the account phase.
fn friend_is_served(shares: &mut Shares) -> bool {
    [
        claim(Purpose::Known, Crowd::Household, "198.51.100.7", "alice"),
        claim(Purpose::Unknown, Crowd::Household, "198.51.100.8", "alice"),
        claim(Purpose::Known, Crowd::One, "local:alice", "alice"),
        claim(Purpose::Account, Crowd::Household, "198.51.100.7", "alice"),
        claim(Purpose::Command, Crowd::Many, "local", ""),
    ]
    .into_iter()
    .all(|claim| {
        let slot = shares.acquire(claim, 1);
        slot.inspect(|slot| shares.release(*slot)).is_some()
    })
}

#[test]
fn r70_a_local_user_an_address_and_a_service_each_have_a_share() {
    let cases = [
        (Crowd::One, Purpose::Unknown, ONE),
        (Crowd::Household, Purpose::Unknown, HOUSEHOLD),
        (Crowd::Many, Purpose::Unknown, CROWD.0),
        (Crowd::One, Purpose::Known, ONE),
        (Crowd::Household, Purpose::Known, HOUSEHOLD),
        (Crowd::Many, Purpose::Known, KNOWN.0 + PER_KNOWN_ACCOUNT - LEFT_BY_CROWD),
        (Crowd::One, Purpose::Account, ONE),
        (Crowd::Household, Purpose::Account, HOUSEHOLD),
        (Crowd::Many, Purpose::Account, CROWD.1),
    ];
    for (crowd, purpose, share) in cases {
        let mut shares = Shares::default();
        let granted = take(&mut shares, 1000, |number| claim(purpose, crowd, "there", &format!("user{number}")));
        assert_eq!(granted, share, "{crowd:?} {purpose:?}");
        assert!(friend_is_served(&mut shares), "{crowd:?} {purpose:?}");
    }
}

#[test]
fn r70_a_local_user_has_one_share_of_all_authentications() {
    let mut shares = Shares::default();
    let of = |purpose| move |_| claim(purpose, Crowd::One, "local:bob", "bob");
    assert_eq!(take(&mut shares, 5, of(Purpose::Known)), 5);
    assert_eq!(take(&mut shares, 10, of(Purpose::Unknown)), 3);
    assert_eq!(take(&mut shares, 10, of(Purpose::Account)), ONE);
    assert!(friend_is_served(&mut shares));
}

#[test]
fn r70_guesses_at_one_account_from_many_addresses_leave_room_for_other_accounts() {
    let mut shares = Shares::default();
    let guess = |number| claim(Purpose::Unknown, Crowd::Household, &format!("203.0.113.{number}"), "mallory");
    assert_eq!(take(&mut shares, 1000, guess), PER_ACCOUNT);
    assert!(friend_is_served(&mut shares));
    // Behind a service, a stranger looks like the person who has signed in by it.
    let guess = |_| claim(Purpose::Known, Crowd::Many, "service:radius", "mallory");
    assert_eq!(take(&mut shares, 1000, guess), PER_ACCOUNT);
    assert!(shares.acquire(claim(Purpose::Known, Crowd::Many, "service:radius", "alice"), 1).is_some());
    // Nor does a stranger who guesses there at the account itself keep it out elsewhere.
    let guess = |_| claim(Purpose::Known, Crowd::Many, "service:radius", "alice");
    assert_eq!(take(&mut shares, 1000, guess), PER_ACCOUNT - 1);
    assert!(friend_is_served(&mut shares));
}

#[test]
fn r70_any_number_of_strangers_leaves_known_people_and_account_phases_their_slots() {
    let mut shares = Shares::default();
    let stranger =
        |purpose| move |number| claim(purpose, Crowd::Household, &format!("10.{number}"), &format!("u{number}"));
    assert_eq!(take(&mut shares, 5000, stranger(Purpose::Unknown)), UNKNOWN);
    assert_eq!(take(&mut shares, 200, stranger(Purpose::Known)), 200);
    assert!(shares.acquire(claim(Purpose::Account, Crowd::One, "local:alice", "alice"), 1).is_some());
    assert!(shares.acquire(claim(Purpose::Unknown, Crowd::One, "local:alice", "alice"), 1).is_none());
}

/// `subuid(5)` gives each user 65 536 of them.
#[test]
fn r70_a_user_with_thousands_of_user_ids_leaves_others_their_slots() {
    let mut shares = Shares::default();
    let process = |purpose| {
        move |number: usize| {
            claim(purpose, Crowd::One, &format!("uid:{}", 100_000 + number / ONE), &format!("u{number}"))
        }
    };
    assert_eq!(take(&mut shares, 5000, process(Purpose::Account)), PROCESSES.0);
    assert_eq!(take(&mut shares, 5000, process(Purpose::Unknown)), PROCESSES.1);
    assert!(friend_is_served(&mut shares));
    // A screen locker runs as the user who has unlocked it before.
    assert!(shares.acquire(claim(Purpose::Known, Crowd::One, "uid:1000", "alice"), 1).is_some());
}

/// A home with a /56 network has 256 origins.
#[test]
fn r70_one_account_that_is_known_at_many_origins_leaves_others_their_slots() {
    let mut shares = Shares::default();
    let prompt = |number| {
        claim(Purpose::Known, Crowd::Household, &format!("2001:db8:0:{:x}::/64", number / HOUSEHOLD), "mallory")
    };
    assert_eq!(take(&mut shares, 5000, prompt), PER_ACCOUNT);
    assert!(friend_is_served(&mut shares));
}

#[test]
fn r70_slots_of_known_people_grow_with_their_number_up_to_a_bound() {
    let of = |known| {
        let mut shares = Shares::default();
        let next = |number| claim(Purpose::Known, Crowd::Household, &format!("10.{number}"), &format!("u{number}"));
        (0..2000).filter(|number| shares.acquire(next(*number), known).is_some()).count()
    };
    assert_eq!([of(0), of(10), of(32), of(1000), of(usize::MAX)], [256, 336, 512, 512, 512]);
}

#[test]
fn a_released_slot_is_free_again_and_a_replaced_claim_counts_as_the_new_one() {
    let mut shares = Shares::default();
    let of = |account: &str| claim(Purpose::Unknown, Crowd::Household, "192.0.2.1", account);
    let slots: Vec<_> = (0..HOUSEHOLD).map(|_| shares.acquire(of("bob"), 0).unwrap()).collect();
    assert!(shares.acquire(of("bob"), 0).is_none());
    shares.release(slots[0]);
    shares.release(slots[0]);
    let slot = shares.acquire(of("bob"), 0).unwrap();
    let other = claim(Purpose::Unknown, Crowd::Household, "192.0.2.2", "bob");
    assert!(shares.replace(slot, other.clone(), 0));
    assert!(shares.acquire(of("bob"), 0).is_some(), "its share of the first origin is free");
    assert!(shares.replace(slots[1], of("bob"), 0), "its own claim leaves it room");
    assert_eq!(shares.count(), HOUSEHOLD + 1);
    let mut full: Vec<_> = std::iter::from_fn(|| shares.acquire(other.clone(), 0)).collect();
    assert!(!shares.replace(full[0], of("bob"), 0), "no room there");
    assert!(shares.acquire(other.clone(), 0).is_none(), "a session without room counts until it has ended");
    shares.release(full.swap_remove(0));
    assert!(shares.acquire(other, 0).is_some());
}

#[test]
fn one_user_a_household_or_a_crowd_is_behind_an_origin() {
    let behind = |uid, trusted, rhost, ruser| Crowd::behind(&crate::origin(uid, trusted, Some("su"), rhost, ruser));
    assert_eq!(behind(1000, false, Some("192.0.2.1"), None), Crowd::One);
    assert_eq!(behind(0, true, None, Some("alice")), Crowd::One);
    for address in ["192.0.2.1", "2001:db8::1", "fe80::1%eth0"] {
        assert_eq!(behind(0, true, Some(address), None), Crowd::Household, "{address}");
    }
    for (uid, rhost) in [(33, None), (0, None), (0, Some("den.example.org"))] {
        assert_eq!(behind(uid, true, rhost, None), Crowd::Many, "{uid} {rhost:?}");
    }
}

#[test]
fn r70_the_most_sessions_are_those_of_all_purposes() {
    let purposes = [Purpose::Account, Purpose::Known, Purpose::Unknown, Purpose::Command];
    assert_eq!(purposes.into_iter().map(|purpose| slots(purpose, usize::MAX)).sum::<usize>(), MAX_SESSIONS);
}

#[test]
fn r70_the_unit_admits_the_threads_of_all_sessions() {
    let unit = include_str!("../../../../packaging/systemd/plex-authd.service");
    let limit = unit.lines().find_map(|line| line.strip_prefix("TasksMax="));
    // Some threads more have other work.
    assert!(
        limit.is_some_and(|limit| limit.parse::<usize>().unwrap() >= MAX_SESSIONS + 64),
        "{limit:?} {MAX_SESSIONS}"
    );
}
