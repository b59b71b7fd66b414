//! Reuse of a password that plex.tv accepted earlier, without contacting plex.tv.

use std::time::Duration;

use crate::{BootTime, PlexId, SignInTarget};

/// An accepted password, without its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachedPassword {
    /// The Plex account that signed in with it.
    pub id: PlexId,
    /// When plex.tv accepted it.
    pub at: BootTime,
}

impl CachedPassword {
    /// True if it is the target's and not older than `limit`. Without a limit no cached password counts.
    #[must_use]
    pub fn counts_for(&self, who: &SignInTarget, limit: Option<Duration>, now: BootTime) -> bool {
        who.is(self.id) && limit.is_some_and(|limit| now.since(self.at) <= limit)
    }
}

/// True if the typed text may be cached. With two-factor authentication it may not: the text may contain a code, and
/// accepting the rest of it again would be a sign-in without one. An account counts as one with 2FA unless plex.tv says
/// that it has none.
#[must_use]
pub fn may_remember(two_factor: Option<bool>, code_asked: bool) -> bool {
    two_factor == Some(false) && !code_asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r45_passwords_of_accounts_with_2fa_are_never_cached() {
        assert!(may_remember(Some(false), false));
        for (two_factor, code_asked) in [(Some(false), true), (Some(true), false), (None, false), (None, true)] {
            assert!(!may_remember(two_factor, code_asked), "{two_factor:?} {code_asked}");
        }
    }
}
