//! Failures of a key: an account and an origin.

use std::collections::HashMap;
use std::time::Duration;

use crate::{BootTime, Origin};

/// Time for which a key that has signed in is known.
const KNOWN: Duration = Duration::from_secs(30 * 24 * 3600);

/// Time without an attempt after which failures no longer count.
pub(super) const FORGET: Duration = Duration::from_secs(24 * 3600);

/// The most unknown keys that are kept, since each new address of an attacker adds one.
pub(super) const MAX_UNKNOWN: usize = 2000;

/// The most known keys of one account. A friend's phone has many addresses.
pub(super) const MAX_KNOWN_ORIGINS: usize = 64;

/// A local account and the origin of an attempt to sign in to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptKey {
    /// The local account.
    pub account: String,
    /// The origin, from [`crate::origin`].
    pub origin: Origin,
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

/// The new state of a key, and the keys that it displaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The state.
    pub failures: Failures,
    /// The oldest keys, whose state is deleted.
    pub evicted: Vec<AttemptKey>,
}

/// Keys beyond the bounds, oldest first: 2000 unknown keys, and 64 known ones of each account. An unknown key never displaces
/// a known one, and a known key displaces only one of its own account.
#[must_use]
pub fn surplus<S>(keys: &HashMap<AttemptKey, Failures, S>, now: BootTime) -> Vec<AttemptKey> {
    let mut unknown = Vec::new();
    let mut known: HashMap<&str, Vec<(BootTime, &AttemptKey)>> = HashMap::new();
    for (key, failures) in keys {
        match failures.succeeded.filter(|_| failures.is_known(now)) {
            Some(succeeded) => known.entry(&key.account).or_default().push((succeeded, key)),
            None => unknown.push((failures.last, key)),
        }
    }
    let known = known.into_values().flat_map(|keys| oldest(keys, MAX_KNOWN_ORIGINS));
    oldest(unknown, MAX_UNKNOWN).into_iter().chain(known).cloned().collect()
}

/// The oldest keys beyond `max`.
fn oldest(mut keys: Vec<(BootTime, &AttemptKey)>, max: usize) -> Vec<&AttemptKey> {
    let Some(last) = keys.len().checked_sub(max + 1) else { return Vec::new() };
    keys.select_nth_unstable(last);
    keys.truncate(last + 1);
    keys.sort_unstable();
    keys.into_iter().map(|(_, key)| key).collect()
}
