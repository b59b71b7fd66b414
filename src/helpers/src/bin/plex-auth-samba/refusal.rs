//! Reasons to refuse a request of plex-authd.

use std::fmt;
use std::path::PathBuf;

use config::Problem;
use policy::Reason;
use protocol::smb::MAX_PASSWORD;
use system::accounts;

/// A request is not carried out.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// plex-authd uses another version of the protocol.
    OtherVersion,
    /// The configuration cannot be loaded.
    Config(Box<Problem>),
    /// This configuration does not set `[samba] sync_password`.
    NotEnabled(PathBuf),
    /// The account's name has capital letters.
    CapitalLetters,
    /// The account's name could be misread by `smbpasswd`.
    UnusableName,
    /// The account database cannot be read.
    Accounts(accounts::Error),
    /// The account's SMB entry does not follow Plex.
    NotManaged(Reason),
    /// The password cannot be one at all.
    UnusablePassword(Reason),
    /// The password has this many bytes, more than Samba accepts.
    LongPassword(usize),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherVersion => f.write_str("plex-authd is of another version; restart both after an upgrade"),
            Self::Config(problem) => write!(f, "{problem}"),
            Self::NotEnabled(file) => write!(f, "[samba] sync_password is not true in {}", file.display()),
            Self::CapitalLetters => {
                f.write_str("its name has capital letters, and Samba would take it for another account's")
            }
            Self::UnusableName => f.write_str("that is no name to hand to smbpasswd"),
            Self::Accounts(error) => write!(f, "the local account database: {error}"),
            Self::NotManaged(reason) => write!(f, "{reason}"),
            Self::UnusablePassword(reason) => write!(f, "not set: {reason}"),
            Self::LongPassword(length) => write!(
                f,
                "not set: {length} bytes, and Samba takes {MAX_PASSWORD} at most; a shorter password at Plex helps"
            ),
        }
    }
}

impl std::error::Error for Refusal {}
