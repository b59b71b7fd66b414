//! What can be asked of a running server, and what it answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::certs::Certificate;
use crate::fault::{Endpoint, Rule};
use crate::tokens::Reissue;

/// What can be asked of a running server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Another world, in the file's format. Tokens that were given out stay good.
    Load(String),
    /// From now on this goes wrong.
    Fault(Rule),
    /// Nothing goes wrong any more, and no address is blocked.
    Mend,
    /// What becomes of connections to plex.tv.
    Connections(Connections),
    /// What becomes of them from the next answer of this endpoint on. The connection that it goes out on is closed.
    Turn(Endpoint, Connections),
    /// Block an address after this many failed sign-ins from it.
    BlockAfter(u64),
    /// How many milliseconds after its last failed sign-in an address is free again; never, unless said.
    BlockFor(u64),
    /// Whether a name to sign in with must be written with the right capitals; it need not, unless said.
    CaseSensitive(bool),
    /// Whether `/api/v2/friends` still answers with the list that it was; it is gone, unless said.
    FriendsArray(bool),
    /// What becomes of an older token of the same account and client identifier at the next sign-in.
    Tokens(Reissue),
    /// Make every token of this account worthless, as a changed password does.
    KillTokens(String),
    /// Approve the open link code with this code, as this account.
    Approve(String, String),
    /// Open an address in the browser of this account's, which is signed in, and approve what the page asks about. An error
    /// with the page's words when it does not.
    Follow(String, String),
    /// Make every link code as old as can be.
    ExpirePins,
    /// What was asked so far, in numbers.
    Counters,
    /// What was asked so far, one by one.
    Seen,
    /// Forget what was asked so far.
    Reset,
}

/// What becomes of connections, before any request is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connections {
    /// They are served.
    #[default]
    Serve,
    /// Nobody listens.
    Refuse,
    /// They are taken, and nothing is ever said on them.
    Silence,
    /// They are served, and closed after one answer.
    Once,
    /// A certificate that has expired is shown.
    Expired,
    /// A certificate for another name is shown.
    WrongName,
    /// A certificate that nobody has signed is shown.
    SelfSigned,
    /// A certificate of a CA that nobody knows is shown.
    UnknownCa,
}

impl Connections {
    /// The certificate that is shown.
    pub(crate) fn certificate(self) -> Certificate {
        match self {
            Self::Serve | Self::Refuse | Self::Silence | Self::Once => Certificate::Good,
            Self::Expired => Certificate::Expired,
            Self::WrongName => Certificate::WrongName,
            Self::SelfSigned => Certificate::SelfSigned,
            Self::UnknownCa => Certificate::UnknownCa,
        }
    }
}

/// What was asked, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// TCP connections accepted.
    pub connections: u64,
    /// TLS handshakes that were completed.
    pub handshakes: u64,
    /// Requests by endpoint, those that a fault answered among them.
    pub requests: BTreeMap<Endpoint, u64>,
    /// Mails about a new device.
    pub mails: u64,
    /// Tokens signed out.
    pub signouts: u64,
    /// Tokens that were given out and are still good.
    pub live_tokens: u64,
}

impl Counters {
    /// All requests to plex.tv.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.requests.iter().filter(|(endpoint, _)| **endpoint != Endpoint::Pms).map(|(_, count)| count).sum()
    }

    /// The requests to one endpoint.
    #[must_use]
    pub fn of(&self, endpoint: Endpoint) -> u64 {
        self.requests.get(&endpoint).copied().unwrap_or_default()
    }
}

/// One request, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Where it went.
    pub endpoint: Endpoint,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Whose token it carried.
    pub token_of: Option<String>,
    /// The name that it wanted to sign in with.
    pub login: Option<String>,
    /// Whether the password that came with it is somebody's.
    pub known_password: bool,
    /// Whether a verification code came with it.
    pub code_sent: bool,
    /// The client's identifier.
    pub client_id: Option<String>,
    /// The identifier that the token was given to, if that is known.
    pub token_client: Option<String>,
    /// The client's product.
    pub product: Option<String>,
    /// What the client calls its device.
    pub device_name: Option<String>,
}
