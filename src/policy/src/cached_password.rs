//! When a password that plex.tv accepted earlier may be accepted again without asking.

use std::time::Duration;

use crate::{BootTime, PlexId, SignInTarget};

/// What is kept about an accepted password, its hash aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachedPassword {
    /// Whose password it was.
    pub id: PlexId,
    /// When plex.tv accepted it.
    pub at: BootTime,
}

impl CachedPassword {
    /// Whether it may still speak for somebody: it is theirs, and not older than the owner allows. Without a limit
    /// nothing is remembered.
    #[must_use]
    pub fn counts_for(&self, who: &SignInTarget, limit: Option<Duration>, now: BootTime) -> bool {
        who.is(self.id) && limit.is_some_and(|limit| now.since(self.at) <= limit)
    }
}

/// Whether what was typed may be remembered. With a second factor it may not: what was typed may have held a code, and
/// accepting the rest again would be signing in without one. An account of which plex.tv does not say that it has no
/// second factor counts as one that has.
#[must_use]
pub fn may_remember(two_factor: Option<bool>, code_asked: bool) -> bool {
    two_factor == Some(false) && !code_asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r45_nothing_typed_by_somebody_with_a_second_factor_is_remembered() {
        assert!(may_remember(Some(false), false));
        for (two_factor, code_asked) in [(Some(false), true), (Some(true), false), (None, false), (None, true)] {
            assert!(!may_remember(two_factor, code_asked), "{two_factor:?} {code_asked}");
        }
    }
}
