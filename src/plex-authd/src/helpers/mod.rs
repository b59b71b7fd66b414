//! Clients of the two services that run as root: `plex-auth-samba` and `plex-auth-shadow`.

pub(crate) mod local_password;
pub(crate) mod smb;
