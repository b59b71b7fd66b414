//! Refusals in force: how long they last, and how they are cleared.

use super::*;
use crate::{Held, Origin};

fn held(throttle: &Throttle, key: &AttemptKey, now: u64) -> Option<(Reason, u64)> {
    throttle.held(key, at(now)).map(|Held { reason, left }| (reason, left.as_secs()))
}

#[test]
fn r79_a_backoff_is_held_against_its_key_alone_until_it_ends() {
    let mut throttle = throttle();
    let (alice, elsewhere) = (key("alice", HOME), key("alice", ATTACKER));
    for _ in 0..6 {
        throttle.record_failure(&alice, at(0));
    }
    assert_eq!(held(&throttle, &alice, 10), Some((Reason::TooManyTries, 6)));
    assert_eq!(held(&throttle, &alice, 16), None);
    assert_eq!(held(&throttle, &elsewhere, 10), None);
    assert_eq!(throttle.origins("alice"), [Origin::from(HOME)]);
}

#[test]
fn r79_a_spent_budget_is_held_until_the_moment_at_which_an_attempt_is_admitted_again() {
    let mut throttle = throttle();
    let alice = key("alice", HOME);
    let mut second = 0;
    while reject(&mut throttle, &alice, at(second)).is_ok() {
        second += 60;
    }
    // The back-off is over by then.
    let now = second + 1000;
    let (reason, left) = held(&throttle, &alice, now).unwrap();
    assert_eq!((&reason, now + left), (&Reason::BudgetSpent, HOUR), "the first of them is an hour old");
    assert_eq!(throttle.admit(&alice, at(now + left - 1)), Err(reason));
    assert!(throttle.clone().admit(&alice, at(now + left)).unwrap().is_some());
    assert_eq!(held(&throttle, &alice, now + left), None);
}

#[test]
fn r80_only_an_account_at_an_origin_that_it_has_signed_in_from_learns_when_to_try_again() {
    let mut throttle = throttle();
    let keys = [key("alice", HOME), key("alice", ATTACKER), key("bob", HOME), key("alice", "service:login")];
    throttle.record_success(&keys[0], at(0));
    throttle.record_success(&keys[3], at(0));
    for key in &keys {
        for _ in 0..6 {
            throttle.record_failure(key, at(1));
        }
    }
    let told = keys.map(|key| throttle.retry_after(&key, &Reason::TooManyTries, at(1)).map(|left| left.as_secs()));
    assert_eq!(told, [Some(16), None, None, None]);
    let alice = key("alice", HOME);
    assert_eq!(throttle.retry_after(&alice, &Reason::WrongPassword, at(1)), None, "no refusal of a rate limit");
    assert_eq!(throttle.retry_after(&alice, &Reason::TooManyTries, at(17)), None, "it is over");
    assert_eq!(throttle.retry_after(&alice, &Reason::TooManyTries, at(31 * 24 * 3600)), None, "known for 30 days");
}

#[test]
fn r79_what_is_held_is_cleared_for_an_account_an_origin_or_both_and_known_keys_stay_known() {
    let keys = || [key("alice", HOME), key("alice", ATTACKER), key("bob", HOME), key("bob", ATTACKER)];
    let failed = || {
        let mut throttle = throttle();
        for key in keys() {
            throttle.record_success(&key, at(0));
            for _ in 0..5 {
                reject(&mut throttle, &key, at(0)).unwrap();
            }
        }
        throttle
    };
    let (home, nowhere) = (Origin::from(HOME), Origin::from("192.0.2.99"));
    let cases = [
        (Some("alice"), None, [true, true, false, false]),
        (None, Some(&home), [true, false, true, false]),
        (Some("bob"), Some(&home), [false, false, true, false]),
        (Some("alice"), Some(&nowhere), [false; 4]),
    ];
    for (account, origin, cleared) in cases {
        let mut throttle = failed();
        let pardoned = throttle.pardon(account, origin);
        assert_eq!(keys().map(|key| throttle.held(&key, at(1)).is_none()), cleared, "{account:?} {origin:?}");
        let count = cleared.into_iter().filter(|cleared| *cleared).count();
        assert_eq!((pardoned.failures.len(), pardoned.requests), (count, 5 * count));
        assert_eq!(throttle.recent_rejections(at(1)), 20 - 5 * count);
        assert!(keys().iter().all(|key| throttle.is_known(key, at(1))));
    }
}
