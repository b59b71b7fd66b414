//! Clients of the two services that run as root: `plex-auth-samba` and `plex-auth-shadow`.

pub(crate) mod local_password;
pub(crate) mod smb;

use local_password::LocalPasswords;
use smb::SmbQueue;

/// The two clients.
pub(crate) struct Helpers {
    /// `None` unless `sync_password` is set.
    pub smb: Option<SmbQueue>,
    pub local_passwords: LocalPasswords,
}
