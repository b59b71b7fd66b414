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
fn forgetting_an_account_ends_its_backoff_and_keeps_the_budget() {
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
fn r19_backoff_doubles_to_its_maximum_and_ends_with_a_success() {
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
fn r19_failures_expire_after_a_day_without_an_attempt() {
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
fn r19_failures_from_another_origin_do_not_delay_a_friend() {
    let mut throttle = throttle();
    for second in 0..1000 {
        throttle.record_failure(&key("alice", ATTACKER), at(second));
    }
    let alice = key("alice", FRIENDS_HOME);
    assert_eq!(throttle.backoff(&alice, at(1000)), Duration::ZERO);
    assert_eq!(throttle.admit(&alice, at(1000)), Ok(Admission::Granted));
}

#[test]
fn r19_r60_failures_and_rejections_survive_a_restart_and_expire() {
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
fn r60_one_origin_can_spend_a_third_of_the_hourly_budget() {
    let mut throttle = throttle();
    let sent = (0..500).filter(|n| reject(&mut throttle, &key(&format!("user{n}"), ATTACKER), at(*n)).is_ok()).count();
    assert_eq!(sent, 10);
    assert_eq!(throttle.admit(&key("alice", FRIENDS_HOME), at(500)), Ok(Admission::Granted), "others are not touched");
}

#[test]
fn r60_many_origins_leave_the_reserved_budget_to_known_keys() {
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
fn r60_rejections_within_any_hour_stay_within_the_budget() {
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
fn r60_parallel_guesses_draw_on_the_budget_before_their_responses() {
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
fn r60_rate_limits_and_blocks_of_plex_tv_open_the_breaker_for_a_while() {
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
fn a_flood_of_origins_is_bounded_and_evicts_no_known_key() {
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
