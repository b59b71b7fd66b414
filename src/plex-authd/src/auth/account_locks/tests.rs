//! Order of account locks, revocations and open link codes.
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
fn r63_an_account_has_one_lock_at_a_time_and_an_unknown_one_waits_for_all() {
    let locks = AccountLocks::default();
    let alice = locks.acquire(ALICE, now()).unwrap();
    assert!(locks.acquire(ALICE, now()).is_none());
    assert!(locks.acquire(LockedAccount::Unknown, now()).is_none());
    let bob = locks.acquire(BOB, now()).unwrap();
    drop(alice);
    assert!(locks.acquire(LockedAccount::Unknown, now()).is_none(), "it may be Bob");
    drop(bob);
    let unknown = locks.acquire(LockedAccount::Unknown, now()).unwrap();
    assert!(locks.acquire(BOB, now()).is_none());
    drop(unknown);
    assert!(locks.acquire(BOB, now()).is_some());
}

#[test]
fn r63_locks_are_granted_in_order_and_a_waiter_that_gives_up_blocks_none() {
    let (locks, running, together) = (AccountLocks::default(), AtomicUsize::new(0), AtomicUsize::new(0));
    let first = locks.acquire(ALICE, soon()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(locks.acquire(ALICE, Instant::now() + Duration::from_millis(50)).is_none()));
        for _ in 0..8 {
            scope.spawn(|| {
                let _lock = locks.acquire(ALICE, soon()).unwrap();
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
fn r63_open_codes_of_one_account_have_client_identifiers_of_their_own() {
    let locks = AccountLocks::default();
    let open = |account| locks.acquire(account, now()).unwrap().open_code();
    let (first, second, bobs) = (open(ALICE), open(ALICE), open(BOB));
    assert_eq!((first.slot, second.slot, bobs.slot), (0, 1, 0));
    assert_eq!(locks.acquire(ALICE, now()).unwrap().slot(), 2);
    drop(first);
    assert_eq!(locks.acquire(ALICE, now()).unwrap().slot(), 0, "a released slot is used again");
    let (_third, _fourth, _fifth) = (open(ALICE), open(ALICE), open(ALICE));
    assert_eq!(locks.acquire(ALICE, now()).unwrap().slot(), 0, "when all slots are in use, slot 0 serves");
}

#[test]
fn r63_no_token_is_revoked_during_a_sign_in_or_while_a_code_is_open() {
    let locks = AccountLocks::default();
    let account_lock = locks.acquire(ALICE, now()).unwrap();
    assert!(locks.try_acquire_to_revoke(ALICE, Some(0)).is_none());
    assert!(locks.try_acquire_to_revoke(BOB, Some(0)).is_some());
    let code = account_lock.open_code();
    assert!(locks.try_acquire_to_revoke(ALICE, Some(0)).is_none());
    let revoking = locks.try_acquire_to_revoke(ALICE, Some(1)).unwrap();
    assert!(locks.acquire(ALICE, now()).is_none(), "a sign-in waits for the revocation");
    drop(revoking);
    assert!(locks.try_acquire_to_revoke(ALICE, None).is_some(), "in spite of the code");
    drop(code);
    assert!(locks.try_acquire_to_revoke(ALICE, Some(0)).is_some());
}

#[test]
fn r11_r63_a_sign_in_waits_one_second_for_a_revocation_that_hangs() {
    let locks = AccountLocks::default();
    let hanging = locks.try_acquire_to_revoke(ALICE, Some(0)).unwrap();
    assert!(locks.acquire(ALICE, now()).is_none(), "the revocation holds the lock");
    let start = Instant::now();
    let alice = locks.acquire(ALICE, soon()).unwrap();
    assert!(start.elapsed() >= REVOCATION_LIMIT.mul_f64(0.9), "{:?}", start.elapsed());
    assert!(locks.acquire(ALICE, now()).is_none(), "there is still one sign-in at a time");
    drop((alice, hanging));
    assert!(locks.acquire(ALICE, now()).is_some());
}
