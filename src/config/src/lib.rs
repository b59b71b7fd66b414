//! `/etc/plex-auth.toml`, read strictly: what is wrong is refused with the file, the line and the way to mend it, and
//! nothing of the file's content is ever quoted, since it holds the owner's token.

mod file;
mod problem;
mod raw;
mod validate;
mod values;
mod warnings;

pub use file::{load, load_owned_by};
pub use problem::Problem;
pub use validate::parse;
pub use values::{Wrong, base_url, local_name, server_url};
pub use warnings::{USUAL_GROUP, Warning};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use policy::{Limits, PlexId, PlexRef};
use protocol::Secret;

/// Where the configuration is unless the daemon is told otherwise.
pub const DEFAULT_FILE: &str = "/etc/plex-auth.toml";

/// A configuration that makes sense.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the knowledge about friends comes from.
    pub source: Source,
    /// The client identifier that the token was given to, if it is known.
    pub client_identifier: Option<String>,
    /// The server that counts: its machine id.
    pub machine_id: Option<String>,
    /// The owner's username or e-mail address, when the owner may sign in here.
    pub admin_account: Option<String>,
    /// Only friends who can reach the server that counts.
    pub strict_friends: bool,
    /// The owner's numeric Plex id.
    pub owner_id: Option<PlexId>,
    /// Members of this local group may sign in with Plex.
    pub group: Option<String>,
    /// Local accounts and the Plex accounts they belong to.
    pub users: BTreeMap<String, PlexRef>,
    /// The base address of plex.tv.
    pub plex_url: url::Url,
    /// A further CA to trust, as a PEM file.
    pub ca_file: Option<PathBuf>,
    /// Local users whose processes may ask about anybody.
    pub trusted_callers: Vec<String>,
    /// Whether a code may be approved at plex.tv in place of a password.
    pub link_sign_in: bool,
    /// The PAM services where that is offered.
    pub link_services: Vec<String>,
    /// The Plex Media Server itself, which is asked too when it is given.
    pub server_url: Option<url::Url>,
    /// For how long an accepted password is accepted again.
    pub cache: Cache,
    /// What is done for Samba.
    pub samba: Samba,
    /// How often somebody may try.
    pub throttle: Limits,
    /// How long things may take and how old they may be.
    pub timeouts: Timeouts,
}

/// For how long a password that plex.tv accepted is accepted again. Both are off unless they are set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cache {
    /// Without asking plex.tv.
    pub remember: Option<Duration>,
    /// While plex.tv cannot be asked.
    pub offline: Option<Duration>,
}

/// What is done for Samba, whose clients never send a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Samba {
    /// Whether a password that plex.tv accepted becomes the account's SMB password.
    pub sync_password: bool,
}

impl Cache {
    /// How long anything is kept at all, or `None` when nothing is.
    #[must_use]
    pub fn longest(&self) -> Option<Duration> {
        self.remember.max(self.offline)
    }
}

/// Who can say which people may come in.
#[derive(Debug, Clone)]
pub enum Source {
    /// The owner's token shows everybody beforehand.
    Token(Secret),
    /// There is no token: each person's own token shows whether they reach the owner's server.
    Resources {
        /// The server's machine id.
        machine_id: String,
        /// The owner's id, which no device row can forge.
        owner_id: PlexId,
    },
}

/// How long things may take and how old they may be.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// All requests of one login together.
    pub login: Duration,
    /// One connection to plex.tv.
    pub connect: Duration,
    /// How old the friend list may be for a sign-in.
    pub friend_list: Duration,
    /// How old it may be for the account phase while plex.tv cannot be reached.
    pub known_list: Duration,
}
