//! Failures of a key: an account and an origin.

use std::time::Duration;

use crate::BootTime;

/// Time for which a key that has signed in may use the reserved part of the budget.
const KNOWN: Duration = Duration::from_secs(30 * 24 * 3600);

/// Time without an attempt after which failures no longer count.
pub(super) const FORGET: Duration = Duration::from_secs(24 * 3600);

/// A local account and the origin of an attempt to sign in to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttemptKey {
    /// The local account.
    pub account: String,
    /// The origin, from [`crate::origin`].
    pub origin: String,
}

/// Failures and the last success of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// Number of failures since the last success.
    pub wrong: u32,
    /// Time of the last attempt.
    pub last: BootTime,
    /// Time of the last success.
    pub succeeded: Option<BootTime>,
}

impl Failures {
    /// Number of failures that still count.
    pub(super) fn current(&self, now: BootTime) -> u32 {
        if now.since(self.last) < FORGET { self.wrong } else { 0 }
    }

    pub(super) fn is_known(&self, now: BootTime) -> bool {
        self.succeeded.is_some_and(|succeeded| now.since(succeeded) < KNOWN)
    }
}
