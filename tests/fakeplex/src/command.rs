//! Control commands of a running server, and their answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::certs::Certificate;
use crate::fault::{Endpoint, Rule};
use crate::tokens::Reissue;

/// A control command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Replace the world by another one in the file's format. Issued tokens stay valid.
    Load(String),
    /// Add a fault.
    Fault(Rule),
    /// Remove all faults and blocks, and every shape.
    ClearFaults,
    /// Set how connections to plex.tv are treated.
    Connections(Connections),
    /// Set it from the next answer of this endpoint on. The connection of that answer is closed.
    Turn(Endpoint, Connections),
    /// Close all connections to plex.tv, as plex.tv does with those that nothing was sent on for a while. The answer is their
    /// number.
    HangUp,
    /// Block an address after this many failed sign-ins from it.
    BlockAfter(u64),
    /// Milliseconds after its last failed sign-in until an address is unblocked; by default never.
    BlockFor(u64),
    /// Whether login names are case-sensitive; by default they are not.
    CaseSensitive(bool),
    /// Whether `/api/v2/friends` returns the list as it used to; by default it is gone.
    FriendsArray(bool),
    /// Set the shape of a list of people: `shared-servers` or `users`.
    Shape(Endpoint, ListShape),
    /// Set what happens to an older token of the same account and client identifier at the next sign-in.
    Tokens(Reissue),
    /// Invalidate every token of this account, as a changed password does.
    KillTokens(String),
    /// Expire every token of this account: they are answered with 498.
    ExpireTokens(String),
    /// Whether any header with a media server's token that describes another program ends its being a server. By
    /// default only `X-Plex-Provides` does.
    FragileServers(bool),
    /// Approve this open link code, as this account.
    Approve(String, String),
    /// Open an address in the browser of this account, which is signed in, and approve the page's request. The error is
    /// the page's message.
    Follow(String, String),
    /// Expire every link code.
    ExpirePins,
    /// Number of requests so far.
    Counters,
    /// List of requests so far.
    Seen,
    /// List of the link codes that were approved with `PUT /api/v2/pins/link` so far.
    Approvals,
    /// Forget the requests so far.
    Reset,
}

/// Treatment of connections, before any request is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connections {
    /// Served.
    #[default]
    Serve,
    /// Connection refused.
    Refuse,
    /// Accepted, without any response.
    Silence,
    /// Closed after one response.
    Once,
    /// An expired certificate is presented.
    Expired,
    /// A certificate for another name is presented.
    WrongName,
    /// A self-signed certificate is presented.
    SelfSigned,
    /// A certificate of an unknown CA is presented.
    UnknownCa,
}

impl Connections {
    /// The certificate that is presented.
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

/// Shape of a list of people. plex.tv changed the list of shares in March 2026; each of these is a way to change it
/// again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListShape {
    /// As in 2026.
    #[default]
    Usual,
    /// The rows lack `accessToken`.
    NoAccessToken,
    /// The rows lack `acceptedAt`; in `users`, their servers lack `pending`.
    NoAcceptedAt,
    /// The attribute with a person's number has another name.
    RenamedId,
    /// The rows have another name.
    RenamedRow,
    /// `size` counts one row more than there are.
    ShortOfSize,
    /// No row, and a `size` of 0.
    Empty,
    /// 403 with an XML body as old endpoints have it.
    Forbidden,
    /// 403 with code 1080.
    Forbidden1080,
    /// 404 with code 1002.
    NotFound,
    /// 410.
    Gone,
    /// 200 with a page of HTML.
    Page,
    /// A name in the first row has a byte that is not UTF-8 and a character that XML forbids. It is the name of the
    /// server, or in `users` the person's title.
    OddBytes,
    /// One further row lacks the person's number.
    OddRow,
}

/// Numbers of requests and connections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Accepted TCP connections.
    pub connections: u64,
    /// Completed TLS handshakes.
    pub handshakes: u64,
    /// Those of them that resumed an earlier session.
    pub resumed: u64,
    /// Requests by endpoint, including those answered by a fault.
    pub requests: BTreeMap<Endpoint, u64>,
    /// Mails about a new device.
    pub mails: u64,
    /// Tokens signed out.
    pub signouts: u64,
    /// Issued tokens that are still valid.
    pub live_tokens: u64,
}

impl Counters {
    pub(crate) fn handshake(&mut self, resumed: bool) {
        self.handshakes += 1;
        self.resumed += u64::from(resumed);
    }

    /// All requests to plex.tv.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.requests.iter().filter(|(endpoint, _)| **endpoint != Endpoint::Pms).map(|(_, count)| count).sum()
    }

    /// Requests to one endpoint.
    #[must_use]
    pub fn of(&self, endpoint: Endpoint) -> u64 {
        self.requests.get(&endpoint).copied().unwrap_or_default()
    }
}

/// A request, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Endpoint.
    pub endpoint: Endpoint,
    /// HTTP method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Account of its token.
    pub token_of: Option<String>,
    /// Login name.
    pub login: Option<String>,
    /// True if the password is that of any account.
    pub known_password: bool,
    /// True if a verification code was sent.
    pub code_sent: bool,
    /// Client identifier.
    pub client_id: Option<String>,
    /// Client identifier that the token was issued to, if known.
    pub token_client: Option<String>,
    /// Product of the client.
    pub product: Option<String>,
    /// Device name of the client.
    pub device_name: Option<String>,
    /// Names of its `X-Plex-…` headers in lower case, sorted, except the token and the client identifier.
    pub described: Vec<String>,
}

/// A link code approved with a token, instead of in a browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The code.
    pub code: String,
    /// Name of the account that approved it.
    pub account: String,
    /// Client identifier that the token was issued to, if known.
    pub client_id_of_token: Option<String>,
    /// Client identifier of the request.
    pub client_id_sent: Option<String>,
    /// Product of the request.
    pub product: Option<String>,
}
