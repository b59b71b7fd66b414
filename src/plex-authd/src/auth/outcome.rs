//! The outcome of one login: accepted by which source, or refused for which reason.

use std::fmt;
use std::sync::Arc;

use policy::{PlexId, Reason};

use crate::auth::media_server::NoOpinion;
use crate::auth::token_revoker::IssuedToken;

/// Reason for a login that has no decision at its deadline.
pub(crate) const TIMED_OUT: &str = "plex.tv did not answer in time";

/// Reason for a login whose thread panicked.
pub(crate) const PANICKED: &str = "the login's own work broke off";

/// The decision about one attempt. Clones share the token.
pub(crate) type AuthResult = Result<Accepted, Refusal>;

/// The outcome of a whole request, for the verdict and the log.
pub(crate) type LoginResult = Result<Source, Reason>;

/// The Plex account of an accepted login, and the source that accepted it. The account is `None` if only the configuration
/// says that the local account is the owner's.
pub(crate) type Source = (Option<PlexId>, Evidence);

/// An accepted attempt.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    pub id: PlexId,
    pub evidence: Evidence,
    /// The token of a fresh sign-in. It is revoked once no login holds it, which is after the verdict.
    pub token: Option<Arc<IssuedToken>>,
}

/// An attempt that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The password may be right, but plex.tv requires a verification code, or another one.
    CodeRequired,
    /// No login, for this reason.
    Denied(Reason),
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self::Denied(reason)
    }
}

/// Source that accepted the login; written to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// plex.tv accepted the sign-in.
    Plex,
    /// plex.tv did, and the user's own resources show the server.
    PlexAndResources,
    /// plex.tv and the media server did.
    PlexAndServer,
    /// plex.tv did; the media server gave no answer that counts, for this reason.
    PlexAlone(NoOpinion),
    /// The friend list, the only source in the account phase.
    List,
    /// The configuration: the account is the owner's own, which needs no list.
    Owner,
    /// The password cache.
    CachedPassword,
    /// The password cache, because plex.tv was unreachable.
    Offline(Reason),
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plex => f.write_str("plex.tv accepted the sign-in"),
            Self::PlexAndResources => f.write_str("plex.tv accepted the sign-in and confirmed access to the server"),
            Self::PlexAndServer => f.write_str("plex.tv and the media server accepted the sign-in"),
            Self::PlexAlone(why) => write!(f, "plex.tv alone accepted the sign-in; {why}"),
            Self::List => f.write_str("on the list"),
            Self::Owner => f.write_str("the owner's own account, which needs no list"),
            Self::CachedPassword => f.write_str("cached password"),
            Self::Offline(why) => write!(f, "cached password, since plex.tv was not available; {why}"),
        }
    }
}
