//! Circuit breaker: plex.tv limits or blocks this machine.

use std::time::Duration;

use crate::{BootTime, Reason};

/// Pause after a 429 from plex.tv without a `Retry-After`.
const DEFAULT_PAUSE: Duration = Duration::from_secs(60);

/// The shortest pause after a 429.
const MIN_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause that a `Retry-After` can cause.
pub const MAX_RATE_LIMIT_PAUSE: Duration = Duration::from_secs(900);

/// Pause that a 429 from plex.tv demands, by its `Retry-After`.
#[must_use]
pub fn rate_limit_pause(retry_after: Option<Duration>) -> Duration {
    retry_after.unwrap_or(DEFAULT_PAUSE).clamp(MIN_PAUSE, MAX_RATE_LIMIT_PAUSE)
}

/// Open circuit breaker: plex.tv is not contacted for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerOpen {
    /// Time at which it opened.
    pub at: BootTime,
    /// Time for which it stays open.
    pub span: Duration,
    /// plex.tv blocks this machine's address; otherwise it had too many requests.
    pub blocked: bool,
}

impl BreakerOpen {
    /// The refusal while it is open.
    #[must_use]
    pub fn reason(self) -> Reason {
        if self.blocked { Reason::AddressBlocked } else { Reason::RateLimited }
    }

    /// Remaining time.
    #[must_use]
    pub fn left(self, now: BootTime) -> Duration {
        self.end().since(now)
    }

    fn end(self) -> BootTime {
        self.at + self.span
    }
}

/// A circuit breaker, open or closed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Breaker(pub Option<BreakerOpen>);

impl Breaker {
    pub(super) fn at(self, now: BootTime) -> Option<BreakerOpen> {
        self.0.filter(|open| now < open.end())
    }

    /// The later end counts: the response to an earlier request must not shorten what a later one demanded.
    pub(super) fn open(&mut self, opened: BreakerOpen) -> BreakerOpen {
        let longer = self.0.filter(|before| before.end() > opened.end()).unwrap_or(opened);
        *self.0.insert(longer)
    }
}
