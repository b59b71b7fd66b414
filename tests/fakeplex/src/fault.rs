//! What can go wrong, as a test asks for it.

use serde::{Deserialize, Serialize};

/// Which requests something is about.
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
    /// `GET /api/servers/{id}/shared_servers`
    SharedServers,
    /// `GET /api/v2/resources`
    Resources,
    /// `GET /pms/servers`, `.xml`
    PmsServers,
    /// `/api/v2/pins`
    Pins,
    /// Anything else at plex.tv.
    Other,
    /// The media server on the local network, whatever it is asked.
    Pms,
}

/// One way to fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Answers rightly, this many milliseconds later.
    Delay(u64),
    /// Answers nothing and keeps the connection open.
    Silence,
    /// Sends the right answer one byte a second.
    Drip,
    /// Closes the connection in the middle of the body.
    Cut,
    /// Closes the connection at once.
    Reset,
    /// Any status with any body.
    Status(u16, String),
    /// An error of the API, in the format that was asked for: status and code.
    Api(u16, u32),
    /// An empty 429, with `Retry-After` if given.
    TooMany(Option<u64>),
    /// A redirect to this address.
    Redirect(String),
    /// A redirect with this status: with 307 and 308 a client that follows sends the form along.
    RedirectAs(u16, String),
    /// 410: plex.tv no longer offers this.
    Gone,
    /// 200 with a page of HTML.
    Captcha,
    /// 200 with a body of this many megabytes.
    Huge(usize),
    /// 200 with bytes that are no text.
    Garbage,
    /// The right answer, broken off in the middle of its JSON or XML, with a length that says that this is all.
    Truncated,
    /// The right answer in another shape: numbers as text, booleans as 0 and 1, nulls, unknown fields, 200 for 201,
    /// errors without their status.
    OddShape,
    /// The right answer with nothing in it but what no client can do without.
    Bare,
}

/// A fault and where it strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Where.
    pub endpoint: Endpoint,
    /// What.
    pub fault: Fault,
    /// How often still; for ever when absent.
    pub times: Option<u32>,
}
