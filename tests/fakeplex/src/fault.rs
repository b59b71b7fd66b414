//! Faults that a test can request.

use serde::{Deserialize, Serialize};

/// The endpoint of a request or a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// Every request to plex.tv.
    All,
    /// `POST /api/v2/users/signin`
    Signin,
    /// `POST /users/sign_in.json`, `.xml`
    LegacySignin,
    /// `DELETE /api/v2/users/signout`
    Signout,
    /// `GET /api/v2/user`
    User,
    /// `GET /users/account`, `.json`, `.xml`
    Account,
    /// `GET /api/v2/ping`
    Ping,
    /// `GET /devices.xml`, `DELETE /devices/{id}.xml`
    Devices,
    /// `GET /api/users`
    Users,
    /// `GET /api/v2/friends`
    Friends,
    /// `GET /api/v2/home/users`, `GET /api/home/users`
    Home,
    /// `POST /api/v2/home/users/{id}/switch`, `POST /api/home/users/{id}/switch`
    HomeSwitch,
    /// `/api/servers/{id}/shared_servers`
    SharedServers,
    /// `/api/invites/requested`, `/api/invites/requests`
    Invites,
    /// `GET /api/v2/resources`, `GET /api/resources`
    Resources,
    /// `GET /pms/servers`, `.xml`
    PmsServers,
    /// `/api/v2/pins`
    Pins,
    /// Anything else at plex.tv.
    Other,
    /// The media server on the local network, for every path.
    Pms,
}

/// A way to fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The regular response, this many milliseconds later.
    Delay(u64),
    /// No response on an open connection.
    Silence,
    /// The regular response, one byte a second.
    Drip,
    /// The connection is closed in the middle of the body.
    Cut,
    /// The connection is closed without a response.
    Reset,
    /// Any status with any body.
    Status(u16, String),
    /// An API error in the requested format: status and code.
    Api(u16, u32),
    /// An empty 429, with `Retry-After` if given.
    TooMany(Option<u64>),
    /// A redirect (302) to this address.
    Redirect(String),
    /// A redirect with this status: with 307 and 308 a client that follows it resends the form.
    RedirectAs(u16, String),
    /// 410: plex.tv no longer offers this endpoint.
    Gone,
    /// 200 with an HTML page.
    Captcha,
    /// 200 with a body of this many megabytes.
    Huge(usize),
    /// 200 with bytes that are not UTF-8.
    Garbage,
    /// The regular response, truncated in the middle of its JSON or XML, with a matching Content-Length.
    Truncated,
    /// The regular response in another format: numbers as text, booleans as 0 and 1, nulls, unknown fields, 200 instead
    /// of 201, errors without their status.
    OddShape,
    /// The regular response reduced to the fields that every client needs.
    Bare,
}

/// A fault at an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The fault.
    pub fault: Fault,
    /// Remaining number of occurrences; unlimited if absent.
    pub times: Option<u32>,
}
