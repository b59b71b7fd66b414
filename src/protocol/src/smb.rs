//! Requests of the daemon to `plex-auth-samba`, which runs as root: set an account's SMB password, or disable or enable its
//! SMB entry. One connection carries one request and one result, in the same frames as everything else.

use serde::{Deserialize, Serialize};

use crate::Secret;

/// Where `plex-auth-samba` listens.
pub const SOCKET: &str = "/run/plex-auth-samba/socket";

/// Length limit of a password in Samba's own tool, in bytes.
pub const MAX_PASSWORD: usize = 254;

/// A request for one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmbRequest {
    /// The protocol's version, [`crate::VERSION`].
    pub version: u32,
    /// The local account.
    pub user: String,
    /// The action.
    pub act: SmbAction,
}

/// Action on an account's SMB entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SmbAction {
    /// This is its SMB password from now on.
    Password {
        /// The new password, of the local account and of Plex.
        password: Secret,
        /// Nothing is to be done while Samba's password file is still as it was here: the password is in step then.
        unless: Option<Fingerprint>,
    },
    /// Nobody may use its SMB entry.
    Disable,
    /// Its SMB entry may be used again.
    Enable,
}

/// State of Samba's password file, by which a change of it is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// Which file it is.
    pub inode: u64,
    /// Its size.
    pub size: u64,
    /// When it was last written to, in seconds since 1970.
    pub seconds: i64,
    /// The rest of that moment.
    pub nanoseconds: i64,
}

/// Result of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SmbResult {
    /// It is done. The marks are those of Samba's password file, where it is a file that can be found.
    Done {
        /// Before the change; `None` if another program may have changed the file meanwhile.
        before: Option<Fingerprint>,
        /// After it.
        after: Option<Fingerprint>,
    },
    /// Nothing had to be done.
    InStep,
    /// The account has no SMB entry that could be disabled or enabled.
    NoEntry,
    /// It was not done, and why: a sentence for the log.
    Failed(String),
}
