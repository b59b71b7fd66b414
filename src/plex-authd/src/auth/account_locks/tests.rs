//! Who waits for whom.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;

const ALICE: LockedAccount = LockedAccount::Account(PlexId(2));
const BOB: LockedAccount = LockedAccount::Account(PlexId(3));

fn now() -> Instant {
    Instant::now()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

#[test]
fn r63_one_account_has_one_turn_at_a_time_and_an_unknown_one_waits_for_all() {
    let turns = AccountLocks::default();
    let alice = turns.take(ALICE, now()).unwrap();
    assert!(turns.take(ALICE, now()).is_none());
    assert!(turns.take(LockedAccount::Unknown, now()).is_none());
    let bob = turns.take(BOB, now()).unwrap();
    drop(alice);
    assert!(turns.take(LockedAccount::Unknown, now()).is_none(), "it may be Bob");
    drop(bob);
    let unknown = turns.take(LockedAccount::Unknown, now()).unwrap();
    assert!(turns.take(BOB, now()).is_none());
    drop(unknown);
    assert!(turns.take(BOB, now()).is_some());
}

#[test]
fn r63_turns_come_in_order_and_those_who_give_up_hold_nobody_back() {
    let (turns, running, together) = (AccountLocks::default(), AtomicUsize::new(0), AtomicUsize::new(0));
    let first = turns.take(ALICE, soon()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(turns.take(ALICE, Instant::now() + Duration::from_millis(50)).is_none()));
        for _ in 0..8 {
            scope.spawn(|| {
                let _turn = turns.take(ALICE, soon()).unwrap();
                together.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(5));
                running.fetch_sub(1, Ordering::SeqCst);
            });
        }
        std::thread::sleep(Duration::from_millis(100));
        drop(first);
    });
    assert_eq!(together.load(Ordering::SeqCst), 1);
}

#[test]
fn r63_open_codes_of_one_account_share_no_identifier_with_each_other_or_a_sign_in() {
    let turns = AccountLocks::default();
    let open = |whose| turns.take(whose, now()).unwrap().open_code();
    let (first, second, bobs) = (open(ALICE), open(ALICE), open(BOB));
    assert_eq!((first.slot, second.slot, bobs.slot), (0, 1, 0));
    assert_eq!(turns.take(ALICE, now()).unwrap().slot(), 2);
    drop(first);
    assert_eq!(turns.take(ALICE, now()).unwrap().slot(), 0, "a slot is used again");
    let (_third, _fourth, _fifth) = (open(ALICE), open(ALICE), open(ALICE));
    assert_eq!(turns.take(ALICE, now()).unwrap().slot(), 0, "there is an end to them, and nobody is refused for it");
}

#[test]
fn r63_nothing_is_revoked_while_a_sign_in_runs_or_waits_or_a_code_is_open() {
    let turns = AccountLocks::default();
    let turn = turns.take(ALICE, now()).unwrap();
    assert!(turns.take_to_revoke(ALICE, 0).is_none());
    assert!(turns.take_to_revoke(BOB, 0).is_some());
    let code = turn.open_code();
    assert!(turns.take_to_revoke(ALICE, 0).is_none());
    let revoking = turns.take_to_revoke(ALICE, 1).unwrap();
    assert!(turns.take(ALICE, now()).is_none(), "a sign-in waits for it");
    drop((revoking, code));
    assert!(turns.take_to_revoke(ALICE, 0).is_some());
}

#[test]
fn r11_r63_a_sign_in_waits_for_a_revocation_but_not_for_one_that_hangs() {
    let turns = AccountLocks::default();
    let hanging = turns.take_to_revoke(ALICE, 0).unwrap();
    assert!(turns.take(ALICE, now()).is_none(), "a revocation comes first");
    let start = Instant::now();
    let alice = turns.take(ALICE, soon()).unwrap();
    assert!(start.elapsed() >= REVOKING.mul_f64(0.9), "{:?}", start.elapsed());
    assert!(turns.take(ALICE, now()).is_none(), "but there is still one sign-in at a time");
    drop((alice, hanging));
    assert!(turns.take(ALICE, now()).is_some());
}
