//! Circuit breaker: plex.tv limits or blocks this machine.

use std::time::Duration;

use crate::{BootTime, Reason};

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
}
