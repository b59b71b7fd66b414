//! The throttle, driven through hours in no time: back-offs, circuit breakers and the rows of keys.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test may panic")]

mod held;
mod shares;

use super::failures::{FORGET, MAX_KNOWN_ORIGINS, MAX_UNKNOWN};
use super::*;

const HOUR: u64 = 3600;
const HOME: &str = "192.0.2.1";
const ATTACKER: &str = "203.0.113.9";

fn key(account: &str, origin: &str) -> AttemptKey {
    AttemptKey { account: account.into(), origin: origin.into() }
}

fn throttle() -> Throttle {
    Throttle::new(Limits::default(), SavedLimits::default())
}

/// A throttle at which these keys have signed in at time zero.
fn known(keys: &[AttemptKey]) -> Throttle {
    let mut throttle = throttle();
    for key in keys {
        throttle.record_success(key, at(0));
    }
    throttle
}

fn at(seconds: u64) -> BootTime {
    BootTime::from_millis(0) + Duration::from_secs(seconds)
}

/// A sign-in that is sent, if it is admitted, and ends like this. The back-off is not waited for: a budget holds without it.
fn send(throttle: &mut Throttle, key: &AttemptKey, ending: Ending, now: BootTime) -> Result<(), Reason> {
    if let Some(open) = throttle.open_breaker(now) {
        return Err(open.reason());
    }
    let ticket = throttle.admit(key, now)?.unwrap();
    let started = throttle.start_sign_in(ticket, Lane::Other, true, now);
    if let Err(Hold::SignInsSpent) = started {
        throttle.settle(ticket, Ending::Nothing, now);
        return Err(Reason::SignInsSpent);
    }
    assert_eq!(started, Ok(Admission::Granted));
    throttle.end_sign_in(Lane::Other, SignInResponse::Uncounted, now);
    throttle.settle(ticket, ending, now);
    match ending {
        Ending::Accepted => {
            throttle.record_success(key, now);
            throttle.take_back(key);
        }
        Ending::Rejected => {
            throttle.record_failure(key, now);
        }
        Ending::Nothing | Ending::CodeRequired | Ending::Undecided => {}
    }
    Ok(())
}

fn reject(throttle: &mut Throttle, key: &AttemptKey, now: BootTime) -> Result<(), Reason> {
    send(throttle, key, Ending::Rejected, now)
}

#[test]
fn r79_forgetting_an_account_ends_its_backoff_and_its_part_of_the_budget() {
    let (mut throttle, now) = (throttle(), at(0));
    let keys = [key("alice", "a"), key("alice", "b"), key("bob", "a")];
    for key in &keys {
        for _ in 0..5 {
            throttle.record_failure(key, now);
        }
    }
    for key in &keys {
        let ticket = throttle.admit(key, now).unwrap().unwrap();
        throttle.settle(ticket, Ending::Rejected, now).unwrap();
    }
    assert!(throttle.forget("alice"));
    assert_eq!(keys.map(|key| throttle.backoff(&key, now).is_zero()), [true, true, false]);
    assert!(!throttle.forget("alice"));
    assert_eq!(throttle.recent_rejections(now), 1, "that of another account");
    assert_eq!(throttle.recent_rejections(at(HOUR)), 0);
}

#[test]
fn r19_backoff_doubles_to_its_maximum_and_ends_with_a_success() {
    let mut throttle = throttle();
    let alice = key("alice", HOME);
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
fn r70_backoff_at_a_service_that_names_no_remote_host_ends_at_ten_seconds() {
    let mut throttle = throttle();
    let alice = key("alice", "service:radiusd");
    let pauses: Vec<u64> = (0..12)
        .map(|_| {
            throttle.record_failure(&alice, at(0));
            throttle.backoff(&alice, at(0)).as_secs()
        })
        .collect();
    assert_eq!(pauses, [0, 0, 2, 4, 8, 10, 10, 10, 10, 10, 10, 10]);
    throttle.set_limits(Limits { longest_pause: Duration::from_secs(5), ..Limits::default() });
    assert_eq!(throttle.backoff(&alice, at(0)).as_secs(), 5, "a shorter one of the configuration counts");
}

#[test]
fn r19_failures_expire_after_a_day_without_an_attempt() {
    const DAY: u64 = 24 * HOUR;
    let mut throttle = throttle();
    let alice = key("alice", HOME);
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
    let alice = key("alice", HOME);
    assert_eq!(throttle.backoff(&alice, at(1000)), Duration::ZERO);
    assert!(throttle.admit(&alice, at(1000)).unwrap().is_some());
}

#[test]
fn r19_r60_failures_and_rejections_survive_a_restart_and_expire() {
    let alice = key("alice", ATTACKER);
    let failures = HashMap::from([(alice.clone(), Failures { wrong: 5, last: at(0), succeeded: None })]);
    let entry = Entry { at: at(0), key: key("", "elsewhere"), known: false, counted: Counted::Rejected };
    let saved = SavedLimits { failures, entries: vec![entry; 30], ..SavedLimits::default() };
    let mut throttle = Throttle::new(Limits::default(), saved);
    assert_eq!(throttle.backoff(&alice, at(1)), Duration::from_secs(7));
    assert_eq!(throttle.admit(&alice, at(10)), Err(Reason::BudgetSpent));
    assert_eq!(throttle.admit(&alice, at(3599)), Err(Reason::BudgetSpent));
    assert!(throttle.admit(&alice, at(HOUR)).unwrap().is_some());
}

#[test]
fn r60_rate_limits_and_blocks_of_plex_tv_open_the_breaker_for_a_while() {
    let mut throttle = throttle();
    let alice = key("alice", HOME);
    let closed = throttle.address_blocked(at(0));
    assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(1799)), Err(Reason::AddressBlocked));
    // A cached password may still be looked at.
    let ticket = throttle.admit(&alice, at(1799)).unwrap().unwrap();
    assert_eq!(throttle.settle(ticket, Ending::Accepted, at(1799)), None, "nothing was sent");
    assert_eq!(closed.left(at(1799)), Duration::from_secs(1));
    assert_eq!([at(1800), at(1801)].map(|now| closed.left(now)), [Duration::ZERO; 2]);
    assert_eq!(throttle.rate_limited(Some(Duration::from_secs(5)), at(1)), closed, "the longer one stays");
    let saved = SavedLimits { breaker: Some(closed), ..SavedLimits::default() };
    let mut later = Throttle::new(Limits::default(), saved);
    let refused = send(&mut later, &alice, Ending::Accepted, at(1799));
    assert_eq!(refused, Err(Reason::AddressBlocked), "a restart does not close it");
    assert_eq!(send(&mut later, &alice, Ending::Accepted, at(1800)), Ok(()));
    throttle.rate_limited(Some(Duration::from_secs(5)), at(1800));
    assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(1804)), Err(Reason::RateLimited));
    assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(1805)), Ok(()));
    throttle.rate_limited(Some(Duration::from_secs(900)), at(2700));
    throttle.address_blocked(at(1800));
    assert_eq!(
        throttle.open_breaker(at(2700)).map(BreakerOpen::reason),
        Some(Reason::AddressBlocked),
        "the last answer"
    );
}

/// The back-off of the machine, and the sign-ins that it holds up.
#[test]
fn r60_five_answers_without_a_verdict_make_strangers_wait_and_a_verdict_ends_it() {
    let (alice, radius) = (key("alice", HOME), key("alice", "service:radiusd"));
    let mut throttle = known(&[alice.clone(), radius.clone()]);
    let lanes = [&alice, &radius, &key("alice", ATTACKER), &key("bob", HOME)].map(|key| throttle.lane(key, at(1)));
    assert_eq!(lanes, [Lane::Known, Lane::Other, Lane::Other, Lane::Other]);
    let answer = |throttle: &mut Throttle, lane, response, now| {
        let ticket = throttle.admit(&alice, now).unwrap().unwrap();
        let started = throttle.start_sign_in(ticket, lane, false, now);
        if started == Ok(Admission::Granted) {
            throttle.end_sign_in(lane, response, now);
        }
        throttle.settle(ticket, Ending::Nothing, now);
        started
    };
    for _ in 0..5 {
        assert_eq!((throttle.is_backing_off(), throttle.sign_in_pause(at(10))), (false, None));
        let started = answer(&mut throttle, Lane::Other, SignInResponse::Undecided, at(10));
        assert_eq!(started, Ok(Admission::Granted));
    }
    assert!(throttle.is_backing_off());
    let pause = |seconds| Duration::from_secs(seconds);
    assert_eq!(
        [at(10), at(30), at(40)].map(|now| throttle.sign_in_pause(now)),
        [Some(pause(30)), Some(pause(10)), None]
    );
    let held = answer(&mut throttle, Lane::Other, SignInResponse::Verdict, at(30));
    assert_eq!(held, Err(Hold::BackingOff(pause(10))));
    let started = answer(&mut throttle, Lane::Known, SignInResponse::Verdict, at(30));
    assert_eq!((started, throttle.is_backing_off()), (Ok(Admission::Granted), false));
    assert_eq!(throttle.sign_in_pause(at(30)), None);
}

#[test]
fn r60_pause_after_too_many_requests_is_what_plex_tv_demands_from_a_second_to_a_quarter_of_an_hour() {
    let pause = |demanded: Option<u64>| rate_limit_pause(demanded.map(Duration::from_secs)).as_secs();
    assert_eq!([None, Some(0), Some(5), Some(900), Some(86_400)].map(pause), [60, 1, 5, 900, 900]);
}

#[test]
fn r71_breaker_of_link_codes_stops_no_password_and_that_of_passwords_stops_both() {
    let mut throttle = throttle();
    let alice = key("alice", HOME);
    throttle.codes_rate_limited(None, at(0));
    assert_eq!(throttle.admit_code(&alice, at(59)), Err(Reason::RateLimited));
    assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(59)), Ok(()));
    assert!(throttle.admit_code(&alice, at(60)).is_ok());
    throttle.address_blocked(at(60));
    assert_eq!(throttle.admit_code(&alice, at(61)), Err(Reason::AddressBlocked));
    assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(61)), Err(Reason::AddressBlocked));
}

#[test]
fn r70_a_flood_of_origins_is_bounded_and_evicts_the_oldest_unknown_key_and_no_known_one() {
    let week = 7 * FORGET.as_secs();
    for later in [1, week] {
        let alice = key("alice", HOME);
        let mut throttle = known(std::slice::from_ref(&alice));
        let flood = |n: u64| key("alice", &format!("2001:db8:{n:x}::/64"));
        for n in 0..5000_u64 {
            let evicted = throttle.record_failure(&flood(n), at(later + n)).evicted;
            let oldest = n.checked_sub(MAX_UNKNOWN as u64).map(flood);
            assert_eq!(evicted, Vec::from_iter(oldest), "one at a time, the oldest first");
        }
        assert_eq!(throttle.failures.len(), MAX_UNKNOWN + 1);
        assert!(throttle.is_known(&alice, at(later)), "who signed in {later} seconds ago");
    }
}

/// At 10 001 known keys, all were forgotten at once.
#[test]
fn r70_many_known_keys_lose_only_the_oldest_of_the_account_that_has_too_many() {
    let mut throttle = throttle();
    let (bob, phone) = (key("bob", HOME), |n: usize| key("alice", &format!("198.51.{}.{}", n / 250, n % 250)));
    throttle.record_success(&bob, at(0));
    for n in 0..12_000 {
        let evicted = throttle.record_success(&phone(n), at(1 + n as u64)).evicted;
        assert_eq!(evicted, Vec::from_iter(n.checked_sub(MAX_KNOWN_ORIGINS).map(phone)));
    }
    let now = at(12_001);
    assert!(throttle.is_known(&bob, now));
    let kept = (0..12_000).filter(|n| throttle.is_known(&phone(*n), now)).count();
    let (mistyped, oldest) = (phone(12_000), phone(12_000 - MAX_KNOWN_ORIGINS));
    assert_eq!(throttle.record_failure(&mistyped, now).evicted, []);
    assert_eq!(throttle.record_success(&mistyped, now).evicted, [oldest], "known only now");
    assert_eq!((kept, throttle.failures.len()), (MAX_KNOWN_ORIGINS, MAX_KNOWN_ORIGINS + 1));
    // Failures of known keys keep them known, and no number of unknown ones displaces them.
    for n in 0..5000_u64 {
        throttle.record_failure(&key("bob", &format!("2001:db8:{n:x}::/64")), at(20_000 + n));
        throttle.record_failure(&bob, at(20_000 + n));
    }
    assert!(throttle.is_known(&bob, at(25_000)) && throttle.is_known(&phone(11_999), at(25_000)));
}

#[test]
fn r70_what_an_older_version_stored_without_bounds_is_trimmed() {
    let row = |at: BootTime, succeeded| Failures { wrong: 1, last: at, succeeded };
    let unknown = (0..9000_u64).map(|n| (key("alice", &format!("u{n}")), row(at(n), None)));
    let known = (0..3000_u64).map(|n| (key("bob", &format!("k{n}")), row(at(n), Some(at(n)))));
    let mut rows: HashMap<_, _> = unknown.chain(known).collect();
    for key in surplus(&rows, at(10_000)) {
        rows.remove(&key);
    }
    assert_eq!(rows.len(), MAX_UNKNOWN + MAX_KNOWN_ORIGINS);
    assert!(rows.contains_key(&key("alice", "u8999")) && !rows.contains_key(&key("alice", "u6999")));
    assert!(rows.contains_key(&key("bob", "k2999")) && !rows.contains_key(&key("bob", "k2935")));
    assert!(surplus(&rows, at(10_000)).is_empty());
}
