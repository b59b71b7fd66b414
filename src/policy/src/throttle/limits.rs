//! Settings of the rate limits.

use std::time::Duration;

use super::AttemptKey;

/// The longest back-off at an origin that many people share. A stranger there must not keep an account's own user out.
const LONGEST_SHARED_PAUSE: Duration = Duration::from_secs(10);

/// Settings of the rate limits: the section `[throttle]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Failures of a key without a back-off: people mistype.
    pub free_tries: u32,
    /// First back-off; each further failure doubles it.
    pub first_pause: Duration,
    /// The longest back-off, so that no user is locked out for good.
    pub longest_pause: Duration,
    /// Sign-ins within an hour that were not accepted; two thirds are for unknown keys, and each known account has one third.
    pub rejected_per_hour: u32,
    /// Sign-ins of one account within an hour, whatever the response: as many where it is known, where it is not, and through
    /// services that name no remote host. Those that plex.tv did not decide count for ten minutes.
    pub sign_ins_per_hour: u32,
    /// Link codes within an hour, shared out as `rejected_per_hour` is.
    pub link_codes_per_hour: u32,
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
            sign_ins_per_hour: 120,
            link_codes_per_hour: 60,
            blocked_pause: Duration::from_secs(30 * 60),
        }
    }
}

impl Limits {
    /// The longest back-off of a key.
    pub(super) fn longest_pause(&self, key: &AttemptKey) -> Duration {
        if key.origin.is_shared() { self.longest_pause.min(LONGEST_SHARED_PAUSE) } else { self.longest_pause }
    }
}
