//! Refreshes of the friend list because an account is not on it: a person who was invited a second ago has access at the first
//! attempt. There is one within 30 s for the whole machine, so that attempts of strangers cause no more requests than that.

use std::time::{Duration, Instant};

/// The shortest time from one of these refreshes to the next.
const INTERVAL: Duration = Duration::from_secs(30);

/// The longest wait of a login for such a refresh. Refusals are delayed by no more than five seconds; see
/// [`RefusalDelay`](crate::limits::refusal_delay::RefusalDelay).
pub(super) const MAX_WAIT: Duration = Duration::from_secs(4);

/// Limit of the refreshes, and the one in progress.
#[derive(Debug, Default)]
pub(super) struct Misses {
    requested_at: Option<Instant>,
    progress: Progress,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Progress {
    #[default]
    None,
    Requested,
    /// The refresher has begun after the request, so that the result has what was true at that time.
    Running,
}

impl Misses {
    /// Requests a refresh, if there has been none within [`INTERVAL`]; true if there is one to wait for.
    pub(super) fn request(&mut self, now: Instant) -> bool {
        if self.may_request(now) {
            (self.requested_at, self.progress) = (Some(now), Progress::Requested);
        }
        self.is_open()
    }

    /// Requests a refresh that strangers cannot cause.
    pub(super) fn request_unlimited(&mut self) {
        self.progress = Progress::Requested;
    }

    /// A request is possible, or one is in progress.
    pub(super) fn is_available(&self, now: Instant) -> bool {
        self.is_open() || self.may_request(now)
    }

    /// The refresher has work.
    pub(super) fn is_requested(&self) -> bool {
        self.progress == Progress::Requested
    }

    /// A refresh was requested and has not ended.
    pub(super) fn is_open(&self) -> bool {
        self.progress != Progress::None
    }

    /// A refresh begins.
    pub(super) fn begin(&mut self) {
        if self.progress == Progress::Requested {
            self.progress = Progress::Running;
        }
    }

    /// A refresh has ended. One that was requested meanwhile is still to be done.
    pub(super) fn end(&mut self) {
        if self.progress == Progress::Running {
            self.progress = Progress::None;
        }
    }

    fn may_request(&self, now: Instant) -> bool {
        self.requested_at.is_none_or(|at| now.saturating_duration_since(at) >= INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r37_misses_cause_one_refresh_within_half_a_minute() {
        let (mut misses, start) = (Misses::default(), Instant::now());
        assert!(misses.is_available(start));
        assert!(misses.request(start) && misses.is_requested());
        misses.begin();
        assert!(!misses.is_requested());
        assert!(misses.request(start + Duration::from_secs(1)), "joins the one in progress");
        assert!(!misses.is_requested(), "and causes no other");
        misses.end();
        for second in [1, 10, 29] {
            let now = start + Duration::from_secs(second);
            assert!(!misses.is_available(now) && !misses.request(now) && !misses.is_requested(), "{second}");
        }
        let later = start + INTERVAL;
        assert!(misses.is_available(later) && misses.request(later) && misses.is_requested());
    }

    #[test]
    fn r37_a_refresh_that_began_before_the_request_does_not_answer_it() {
        let (mut misses, start) = (Misses::default(), Instant::now());
        misses.begin();
        assert!(misses.request(start));
        misses.end();
        assert!(misses.is_requested());
        misses.begin();
        misses.end();
        assert!(!misses.is_open());
    }
}
