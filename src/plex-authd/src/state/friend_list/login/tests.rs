//! Conditions under which a login starts a refresh, and the logins that it answers, without a thread that does it.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use policy::{FriendList, Loss, PlexId, Reason};

use super::super::suspicion::{Check, Suspicion};
use super::super::tests::{list, without_thread};
use super::super::warm_up::DELAY;
use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A cache whose list is this old.
fn with_list(age: Duration) -> FriendListCache {
    let cache = without_thread();
    cache.lock().list = Some(Arc::new(FriendList { fetched_at: clock::now() - age, ..list() }));
    cache
}

/// A login begins now.
fn hello(cache: &FriendListCache) -> bool {
    cache.lock().warm_up.begin();
    cache.warm_up();
    cache.lock().warm_up.due().is_some()
}

#[test]
fn r83_login_starts_a_refresh_if_the_list_is_older_than_half_a_minute() {
    for (age, is_started) in [(0, false), (29, false), (30, true), (299, true)] {
        assert_eq!(hello(&with_list(SECOND * age)), is_started, "{age} s");
    }
    assert!(!hello(&without_thread()), "the first list is read anyway");
}

#[test]
fn r83_logins_start_one_refresh_in_half_a_minute() {
    let (cache, start, instant) = (with_list(INTERVAL), clock::now(), Instant::now());
    let at = |after: Duration| cache.lock().request_warm_up(start + after, instant + after);
    assert!(at(Duration::ZERO));
    assert_eq!(cache.lock().warm_up.due(), Some(instant + DELAY), "after a program that answers at once");
    for after in [0, 1, 29_999] {
        assert!(!at(Duration::from_millis(after)), "{after} ms, even if the refresh has failed to give a newer list");
    }
    assert!(at(INTERVAL));
}

#[test]
fn r83_login_starts_no_refresh_that_would_be_useless_or_unwanted() {
    let old = || with_list(INTERVAL);
    let cache = old();
    let later = Instant::now().checked_sub(SECOND).unwrap();
    cache.lock().failure = Some((Reason::RateLimited, later));
    assert!(!hello(&cache), "it is repeated at its own time");
    let cache = old();
    let loss = Loss { missing: BTreeSet::from([PlexId(2)]), of: 1 };
    cache.lock().suspicion = Some(Suspicion::new(list(), loss, Check::Open, None));
    assert!(!hello(&cache), "a list in doubt has its own rules");
    let cache = old();
    cache.lock().begin_reading();
    assert!(!hello(&cache), "one is in progress");
    let cache = old();
    assert!(cache.lock().misses.request(Instant::now()));
    assert!(!hello(&cache), "one is due");
    let cache = old();
    cache.stop();
    assert!(!hello(&cache));
    for error in [plex::Error::RateLimited(None), plex::Error::RateLimited(Some(SECOND * 5))] {
        let cache = old();
        cache.source.limits.rate_limiter.outage(error);
        assert!(!hello(&cache), "plex.tv wants no requests");
    }
    assert!(hello(&old()));
}

#[test]
fn r37_r83_list_that_was_read_since_the_login_began_is_not_read_again_for_a_refusal() {
    let cache = without_thread();
    let (began, deadline) = (clock::now() - SECOND, Instant::now() + SECOND * 60);
    let newest = list();
    cache.lock().list = Some(Arc::new(newest.clone()));
    assert!(cache.newer(&newest, began, deadline).is_none() && !cache.lock().misses.is_open());
    // An older one is followed by the latest, without a refresh.
    let older = FriendList { fetched_at: began - SECOND, ..list() };
    assert_eq!(cache.newer(&older, began, deadline).unwrap().fetched_at, newest.fetched_at);
    assert!(!cache.lock().misses.is_open());
    // Someone may have been invited while the prompt was open for so long.
    let minutes_ago = FriendList { fetched_at: clock::now() - INTERVAL, ..list() };
    cache.lock().list = Some(Arc::new(minutes_ago.clone()));
    assert!(cache.newer(&minutes_ago, began - INTERVAL, Instant::now()).is_none() && cache.lock().misses.is_open());
}

#[test]
fn r37_r83_refusal_waits_for_the_refresh_that_its_own_login_has_started() {
    let cache = with_list(INTERVAL);
    let (began, now) = (clock::now(), Instant::now());
    assert!(hello(&cache));
    let mut state = cache.lock();
    assert_eq!(state.reading_for(began, now), Some(1), "the one that is due");
    assert_eq!(state.warm_up.due(), Some(now), "at once");
    state.begin_reading();
    assert_eq!(state.reading_for(began, now), Some(1), "the one in progress");
    assert!(!state.misses.is_open() && state.misses.is_available(now), "no other login loses its refresh");
    // One that began before the login does not count.
    assert_eq!(state.reading_for(clock::now() + SECOND, now), Some(2));
    assert!(state.misses.is_requested());
    state.misses.begin();
    assert_eq!(state.reading_for(clock::now() + SECOND, now), Some(1), "a miss joins another's");
}
