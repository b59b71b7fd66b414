//! Request of the daemon to `plex-auth-shadow`, which reads /etc/shadow as root: has an account a local password? One
//! connection carries one request and one reply, in the same frames as everything else.

use serde::{Deserialize, Serialize};

/// Where `plex-auth-shadow` listens.
pub const SOCKET: &str = "/run/plex-auth-shadow/socket";

/// Has this account a local password?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalPasswordRequest {
    /// The protocol's version, [`crate::VERSION`].
    pub version: u32,
    /// The local account.
    pub user: String,
}

/// The reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LocalPasswordReply {
    /// No local password: nobody can sign in with one.
    Nothing,
    /// A local password, a locked one, an empty one, or nobody can tell.
    Something,
}
