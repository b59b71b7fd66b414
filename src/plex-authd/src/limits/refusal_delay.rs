//! Delays refused authentications, so that their time does not show which accounts are managed and who is on the friend list: a
//! local refusal is instant, and one from plex.tv is not. The module adds the pause that `pam_unix` makes too.
//!
//! A refusal takes as long as a sign-in would have: as the longest of the latest ones, or as the latest refresh of the friend
//! list, which a refusal of an account that is not on it may have waited for. The sign-ins of one account wait for each other, so
//! the refusals of one name do so too. All is rounded up to a multiple of [`QUANTUM`].

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::lock::lock;

/// Unit of the delay. plex.tv answers most sign-ins within one.
const QUANTUM: Duration = Duration::from_millis(500);

/// The longest sign-in or refresh that others are delayed for: a slow answer must not hold up all refusals.
const MAX_TIME: Duration = Duration::from_secs(10);

/// Time of a sign-in if there was none lately: it would connect to plex.tv first.
const FIRST_SIGN_IN: Duration = Duration::from_millis(600);

/// How many sign-ins count, and for how long. A connection to plex.tv may be gone after that.
const LATEST: (usize, Duration) = (8, Duration::from_secs(60));

/// Delay of refusals.
#[derive(Debug, Default)]
pub(crate) struct RefusalDelay(Mutex<Times>);

#[derive(Debug, Default)]
struct Times {
    /// The latest sign-ins: when each ended, and how long it took.
    sign_ins: VecDeque<(Instant, Duration)>,
    /// Duration of the latest refresh of the friend list.
    refresh: Duration,
    /// When the refusals that are under way would have ended as sign-ins, by name.
    ends: HashMap<String, Instant>,
}

impl RefusalDelay {
    /// Records how long plex.tv took to answer a sign-in.
    pub(crate) fn record(&self, took: Duration) {
        let mut times = lock(&self.0);
        times.sign_ins.truncate(LATEST.0 - 1);
        times.sign_ins.push_front((Instant::now(), took.min(MAX_TIME)));
    }

    /// Records how long a refresh of the friend list took.
    pub(crate) fn record_refresh(&self, took: Duration) {
        lock(&self.0).refresh = took.min(MAX_TIME);
    }

    /// When a sign-in with a password that was typed at `typed` would have ended, if it waited for no other.
    pub(crate) fn end(&self, typed: Instant) -> Instant {
        typed + lock(&self.0).longest(Instant::now())
    }

    /// When a sign-in of this account would have ended, after those that were typed before; at most `limit` after `typed`, when
    /// it would have given up. To be called when the password is typed, whatever becomes of it.
    pub(crate) fn end_in_turn(&self, account: &str, typed: Instant, limit: Duration) -> Instant {
        lock(&self.0).end_in_turn(Instant::now(), account, typed, limit)
    }

    /// The sign-in that would have ended at `end` has: those after it wait for it no longer.
    pub(crate) fn signed_in(&self, account: &str, end: Instant) {
        let mut times = lock(&self.0);
        if times.ends.get(account) == Some(&end) {
            times.ends.remove(account);
        }
    }
}

impl Times {
    fn longest(&self, now: Instant) -> Duration {
        let latest = self.sign_ins.iter().filter(|(ended, _)| now.saturating_duration_since(*ended) < LATEST.1);
        latest.map(|(_, took)| *took).max().unwrap_or(FIRST_SIGN_IN).max(self.refresh)
    }

    fn end_in_turn(&mut self, now: Instant, account: &str, typed: Instant, limit: Duration) -> Instant {
        self.ends.retain(|_, end| *end > now);
        let start = self.ends.get(account).map_or(typed, |end| typed.max(*end));
        let end = (start + self.longest(now)).min(typed + limit);
        self.ends.insert(account.to_owned(), end);
        end
    }
}

/// Time at which a refusal is sent: the first multiple of [`QUANTUM`] after `typed` that has not passed and is not before `end`.
pub(crate) fn send_at(typed: Instant, end: Instant) -> Instant {
    let took = end.max(Instant::now()).saturating_duration_since(typed);
    let quanta = took.as_micros().div_ceil(QUANTUM.as_micros()).max(1);
    typed + QUANTUM.saturating_mul(u32::try_from(quanta).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn r40_a_refusal_takes_as_long_as_the_longest_of_the_latest_sign_ins_or_the_latest_refresh() {
        let (delay, typed) = (RefusalDelay::default(), Instant::now());
        assert_eq!(delay.end(typed), typed + FIRST_SIGN_IN, "a sign-in would connect first");
        delay.record(millis(80));
        assert_eq!(delay.end(typed), typed + millis(80));
        delay.record(millis(1100));
        for _ in 0..LATEST.0 - 1 {
            delay.record(millis(80));
            assert_eq!(delay.end(typed), typed + millis(1100), "not all sign-ins are as quick");
        }
        delay.record(millis(80));
        assert_eq!(delay.end(typed), typed + millis(80));
        delay.record_refresh(millis(700));
        delay.record(millis(80));
        assert_eq!(delay.end(typed), typed + millis(700), "a sign-in does not hide a slow refresh");
        delay.record_refresh(millis(70));
        assert_eq!(delay.end(typed), typed + millis(80));
        delay.record(millis(3_600_000));
        assert_eq!(delay.end(typed), typed + MAX_TIME, "one answer does not hold up all refusals");
        let later = typed + LATEST.1 + millis(1000);
        assert_eq!(lock(&delay.0).longest(later), FIRST_SIGN_IN, "the connection may be gone");
    }

    #[test]
    fn r40_a_refusal_is_sent_after_whole_quanta_and_at_least_one() {
        let typed = Instant::now();
        for (took, sent) in [(0, 1), (499, 1), (500, 1), (501, 2), (1700, 4)] {
            assert_eq!(send_at(typed, typed + millis(took)), typed + sent * QUANTUM, "{took} ms");
        }
        let earlier = typed.checked_sub(millis(1700)).unwrap_or(typed);
        assert_eq!(send_at(earlier, earlier + millis(80)), earlier + 4 * QUANTUM, "it has taken longer");
    }

    #[test]
    fn r40_refusals_do_not_wait_for_a_sign_in_that_has_ended() {
        let (delay, typed) = (RefusalDelay::default(), Instant::now());
        let end = delay.end_in_turn("alice", typed, LIMIT);
        delay.signed_in("alice", end);
        let next = delay.end_in_turn("alice", typed, LIMIT);
        assert_eq!(next, typed + FIRST_SIGN_IN);
        let last = delay.end_in_turn("alice", typed, LIMIT);
        delay.signed_in("alice", next);
        assert_eq!(delay.end_in_turn("alice", typed, LIMIT), last + FIRST_SIGN_IN, "another one is under way");
    }

    /// Of five guesses at once, each at an account with access took longer than the one before it, and none at another name.
    #[test]
    fn r40_refusals_of_one_account_wait_for_each_other_as_its_sign_ins_do() {
        let (mut times, now) = (Times::default(), Instant::now());
        times.sign_ins.push_front((now, millis(300)));
        let mut took = |account: &str, after: u64| {
            let typed = now + millis(after);
            (times.end_in_turn(typed, account, typed, LIMIT) - typed).as_millis()
        };
        assert_eq!([0; 5].map(|after| took("bob", after)), [300, 600, 900, 1200, 1500]);
        assert_eq!(took("alice", 0), 300, "another account");
        assert_eq!(took("bob", 1000), 800, "after the five");
        assert_eq!(took("bob", 5000), 300, "all have ended");
        let longest = (0..200).map(|_| took("bob", 6000)).max();
        assert_eq!(longest, Some(LIMIT.as_millis()), "a sign-in gives up then");
        assert_eq!(took("alice", 60_000), 600);
        assert_eq!(times.ends.len(), 1, "those that have ended are forgotten");
    }
}
