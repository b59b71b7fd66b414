//! Reasons to refuse a request of plex-authd.

use std::path::PathBuf;

use config::Problem;
use policy::Reason;
use protocol::smb::MAX_PASSWORD;
use system::accounts;

/// A request is not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// plex-authd uses another version of the protocol.
    #[error("plex-authd is of another version; restart both after an upgrade")]
    OtherVersion,
    /// The configuration cannot be loaded.
    #[error("{0}")]
    Config(Box<Problem>),
    /// This configuration does not set `[samba] sync_password`.
    #[error("[samba] sync_password is not true in {}", .0.display())]
    NotEnabled(PathBuf),
    /// The account's name has capital letters.
    #[error("its name has capital letters, and Samba would take it for another account's")]
    CapitalLetters,
    /// The account's name could be misread by `smbpasswd`.
    #[error("that is no name to hand to smbpasswd")]
    UnusableName,
    /// The account database cannot be read.
    #[error("the local account database: {0}")]
    Accounts(accounts::Error),
    /// The account's SMB entry does not follow Plex.
    #[error("{0}")]
    NotManaged(Reason),
    /// The password cannot be one at all.
    #[error("not set: {0}")]
    UnusablePassword(Reason),
    /// The password has this many bytes, more than Samba accepts.
    #[error("not set: {0} bytes, and Samba takes {MAX_PASSWORD} at most; a shorter password at Plex helps")]
    LongPassword(usize),
}
