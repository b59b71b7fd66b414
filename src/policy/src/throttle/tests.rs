//! The throttle, driven through hours in no time.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use super::*;

const FRIENDS_HOME: &str = "192.0.2.1";
const ATTACKER: &str = "203.0.113.9";

fn key(account: &str, origin: &str) -> AttemptKey {
    AttemptKey { account: account.into(), origin: origin.into() }
}

fn throttle() -> Throttle {
    Throttle::new(Limits::default(), HashMap::new(), Vec::new(), None)
}

fn at(seconds: u64) -> BootTime {
    BootTime::from_millis(0) + Duration::from_secs(seconds)
}

/// True if plex.tv may be contacted for a pair now.
fn ask_plex(throttle: &mut Throttle, key: &AttemptKey, now: BootTime) -> Result<Admission, Reason> {
    throttle.open_breaker(now).map_or(Ok(()), |closed| Err(closed.reason()))?;
    throttle.admit(key, now)
}

/// One try that plex.tv rejects, if it comes that far.
fn reject(throttle: &mut Throttle, key: &AttemptKey, now: BootTime) -> Result<(), Reason> {
    assert_eq!(throttle.admit(key, now)?, Admission::Granted);
    throttle.complete(key);
    throttle.record_rejection(key, now);
    throttle.record_failure(key, now);
    Ok(())
}

#[test]
fn what_is_forgotten_of_an_account_slows_nobody_down_and_others_stay() {
    let (mut throttle, now) =
        (Throttle::new(Limits::default(), HashMap::new(), Vec::new(), None), BootTime::from_millis(0));
    let key = |account: &str, origin: &str| AttemptKey { account: account.into(), origin: origin.into() };
    let keys = [key("alice", "a"), key("alice", "b"), key("bob", "a")];
    for key in &keys {
        for _ in 0..5 {
            throttle.record_failure(key, now);
        }
        throttle.record_rejection(key, now);
    }
    assert!(throttle.forget("alice"));
    assert_eq!(keys.map(|key| throttle.backoff(&key, now).is_zero()), [true, true, false]);
    assert!(!throttle.forget("alice"));
    assert_eq!(throttle.recent_rejections(now), 3, "what plex.tv rejected it has rejected");
    assert_eq!(throttle.recent_rejections(now + Duration::from_secs(3600)), 0);
}

#[test]
fn r19_pauses_grow_from_free_to_capped_and_end_with_a_right_try() {
    let mut throttle = throttle();
    let alice = key("alice", FRIENDS_HOME);
    let mut pauses = Vec::new();
    for _ in 0..16 {
        throttle.record_failure(&alice, at(0));
        pauses.push(throttle.backoff(&alice, at(0)).as_secs());
    }
    assert_eq!(pauses, [0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900, 900]);
    assert_eq!(throttle.backoff(&alice, at(899)), Duration::from_secs(1));
    assert_eq!(throttle.backoff(&alice, at(900)), Duration::ZERO);
    throttle.record_success(&alice, at(900));
    assert_eq!(throttle.backoff(&alice, at(900)), Duration::ZERO);
}

#[test]
fn r19_wrong_tries_are_forgotten_after_a_day_without_one() {
    const DAY: u64 = 24 * 3600;
    let mut throttle = throttle();
    let alice = key("alice", FRIENDS_HOME);
    let mut wrong = |now: u64| {
        throttle.record_failure(&alice, at(now));
        throttle.backoff(&alice, at(now)).as_secs()
    };
    assert_eq!([0, 0, 0, DAY - 1].map(&mut wrong), [0, 0, 2, 4]);
    assert_eq!(wrong(2 * DAY - 1), 0, "a person who mistypes once in a while waits for nothing");
}

#[test]
fn r19_a_stranger_elsewhere_costs_a_friend_nothing() {
    let mut throttle = throttle();
    for second in 0..1000 {
        throttle.record_failure(&key("alice", ATTACKER), at(second));
    }
    let alice = key("alice", FRIENDS_HOME);
    assert_eq!(throttle.backoff(&alice, at(1000)), Duration::ZERO);
    assert_eq!(throttle.admit(&alice, at(1000)), Ok(Admission::Granted));
}

#[test]
fn r19_r60_what_was_counted_survives_a_restart_and_expires() {
    let alice = key("alice", ATTACKER);
    let tries = Failures { wrong: 5, last: at(0), succeeded: None };
    let rejected = (0..30).map(|_| Rejected { at: at(0), origin: "elsewhere".into() }).collect();
    let mut throttle = Throttle::new(Limits::default(), HashMap::from([(alice.clone(), tries)]), rejected, None);
    assert_eq!(throttle.backoff(&alice, at(1)), Duration::from_secs(7));
    assert_eq!(throttle.admit(&alice, at(10)), Err(Reason::BudgetSpent));
    assert_eq!(throttle.admit(&alice, at(3599)), Err(Reason::BudgetSpent));
    assert_eq!(throttle.admit(&alice, at(3600)), Ok(Admission::Granted));
}

#[test]
fn r60_one_origin_can_spend_a_third_of_the_hour_and_no_more() {
    let mut throttle = throttle();
    let sent = (0..500).filter(|n| reject(&mut throttle, &key(&format!("user{n}"), ATTACKER), at(*n)).is_ok()).count();
    assert_eq!(sent, 10);
    assert_eq!(throttle.admit(&key("alice", FRIENDS_HOME), at(500)), Ok(Admission::Granted), "others are not touched");
}

#[test]
fn r60_many_origins_spend_the_hour_but_not_the_reserve_of_those_who_signed_in_before() {
    let mut throttle = throttle();
    let alice = key("alice", FRIENDS_HOME);
    throttle.record_success(&alice, at(0));
    let sent = (0..5000_u64)
        .filter(|n| reject(&mut throttle, &key("alice", &format!("198.51.{}.{}", n / 250, n % 250)), at(n / 2)).is_ok())
        .count();
    assert_eq!(sent, 20);
    assert_eq!(throttle.admit(&key("alice", "192.0.2.77"), at(2500)), Err(Reason::BudgetSpent));
    assert_eq!(throttle.admit(&alice, at(2500)), Ok(Admission::Granted));
    throttle.complete(&alice);
    // The reserve has an end too, and it does not last forever.
    let further = (0..50).filter(|_| reject(&mut throttle, &alice, at(2500)).is_ok()).count();
    assert_eq!(further, 10);
    assert_eq!(throttle.admit(&alice, at(2500)), Err(Reason::BudgetSpent));
}

#[test]
fn r60_in_no_hour_are_more_sign_ins_rejected_than_the_budget_says() {
    let mut throttle = throttle();
    let mut times: Vec<u64> = Vec::new();
    for second in 0..6 * 3600 {
        let key = key(&format!("user{}", second % 7), &format!("198.51.100.{}", second % 50));
        if reject(&mut throttle, &key, at(second)).is_ok() {
            times.push(second);
        }
    }
    let most = times.iter().map(|start| times.iter().filter(|t| (*start..start + 3600).contains(t)).count()).max();
    assert_eq!(most, Some(20));
}

#[test]
fn r60_guesses_sent_all_at_once_are_counted_before_they_are_answered() {
    let mut throttle = throttle();
    let alice = key("alice", ATTACKER);
    let at_once = (0..100).filter(|_| throttle.admit(&alice, at(0)) == Ok(Admission::Granted)).count();
    assert_eq!(at_once, 3);
    let others = (0..100)
        .filter(|n| throttle.admit(&key(&format!("user{n}"), ATTACKER), at(0)) == Ok(Admission::Granted))
        .count();
    assert_eq!(at_once + others, 10);
    throttle.complete(&alice);
    assert_eq!(
        throttle.admit(&key("bob", ATTACKER), at(0)),
        Ok(Admission::Granted),
        "an answer that was no rejection gives its place back"
    );
}

#[test]
fn r60_what_plex_tv_says_closes_the_way_for_everybody_and_for_a_while() {
    let mut throttle = throttle();
    let alice = key("alice", FRIENDS_HOME);
    let closed = throttle.address_blocked(at(0));
    assert_eq!(ask_plex(&mut throttle, &alice, at(1799)), Err(Reason::AddressBlocked));
    assert_eq!(throttle.admit(&alice, at(1799)), Ok(Admission::Granted), "a cached password may still be looked at");
    throttle.complete(&alice);
    assert_eq!(throttle.rate_limited(Duration::from_secs(5), at(1)), closed, "the longer one stays");
    let mut later = Throttle::new(Limits::default(), HashMap::new(), Vec::new(), Some(closed));
    assert_eq!(ask_plex(&mut later, &alice, at(1799)), Err(Reason::AddressBlocked), "a restart does not open it");
    assert_eq!(ask_plex(&mut later, &alice, at(1800)), Ok(Admission::Granted));
    throttle.rate_limited(Duration::from_secs(5), at(1800));
    assert_eq!(ask_plex(&mut throttle, &alice, at(1804)), Err(Reason::RateLimited));
    assert_eq!(ask_plex(&mut throttle, &alice, at(1805)), Ok(Admission::Granted));
}

#[test]
fn a_flood_of_origins_does_not_fill_the_memory_nor_push_out_those_who_signed_in() {
    let week = 7 * FORGET.as_secs();
    for later in [1, week] {
        let mut throttle = throttle();
        let alice = key("alice", FRIENDS_HOME);
        throttle.record_success(&alice, at(0));
        for n in 0..50_000_u64 {
            throttle.record_failure(&key("alice", &format!("2001:db8:{n:x}::/64")), at(later));
        }
        assert!(throttle.failures.len() <= MAX_KEYS);
        assert!(throttle.is_known(&alice, at(later)), "who signed in {later} seconds ago");
    }
}
