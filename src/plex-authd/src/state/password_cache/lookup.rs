//! Result of looking a password up in the cache.

use policy::PlexId;

/// Result of comparing a password with the cached one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// Equal; the Plex account that it belongs to.
    Match(PlexId),
    /// Different: a wrong guess, unless plex.tv accepts it.
    Mismatch,
    /// No valid password is cached.
    Absent,
}

impl Lookup {
    pub(super) fn of(is_equal: bool, id: PlexId) -> Self {
        if is_equal { Self::Match(id) } else { Self::Mismatch }
    }
}
