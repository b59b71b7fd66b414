//! Settings of the rate limits.

use std::time::Duration;

/// Settings of the rate limits: the section `[throttle]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Failures of a key without a back-off: people mistype.
    pub free_tries: u32,
    /// First back-off; each further failure doubles it.
    pub first_pause: Duration,
    /// The longest back-off, so that no user is locked out for good.
    pub longest_pause: Duration,
    /// Budget of this machine: sign-ins that may be rejected within an hour, by plex.tv or by a cached password.
    pub rejected_per_hour: u32,
    /// Time for which the circuit breaker stays open after plex.tv blocked this address.
    pub blocked_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            free_tries: 3,
            first_pause: Duration::from_secs(2),
            longest_pause: Duration::from_secs(15 * 60),
            rejected_per_hour: 30,
            blocked_pause: Duration::from_secs(30 * 60),
        }
    }
}

impl Limits {
    /// Part of the budget that one origin may use.
    pub(super) fn per_origin(&self) -> usize {
        (self.rejected_per_hour as usize).div_ceil(3)
    }

    /// Part of the budget that only keys which have signed in before may use.
    pub(super) fn reserve(&self) -> usize {
        self.rejected_per_hour as usize / 3
    }
}
