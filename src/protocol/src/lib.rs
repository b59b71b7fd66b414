//! What the PAM module, the daemon and the command line say to each other.
//!
//! One connection to the daemon's socket is one question about one account. The asking side opens with
//! [`LoginRequest`]; from then on the daemon drives: it may ask for a prompt to be shown ([`Reply::Prompt`]), says that
//! it is still at work ([`Reply::Working`]), and ends with a [`Verdict`]. Nothing here knows Plex, and
//! nothing here knows PAM: the module turns a verdict into a PAM code, the daemon a decision into a verdict.
//!
//! # What of the protocol is frozen
//!
//! During an upgrade, and in programs that hold an old module in memory, module and daemon are of different versions. The
//! account phase must work then, or an upgrade would lock people out. So version N answers N−1 and N+1 there:
//!
//! * The request keeps its place, its fields and their types for ever: `{"hello":{"version":…,"phase":"account","user":…,
//!   "service":…,"tty":…,"rhost":…,"ruser":…}}`. A field may be added, and a side that does not know it ignores it. The
//!   daemon does not look at `version` in this phase.
//! * Three verdicts keep their words and meanings for ever: `{"verdict":"success"}`, `{"verdict":"not-allowed"}` and
//!   `{"verdict":"not-managed"}`. So does `"working"` before one. Every other answer is a refusal to the module.
//!
//! The frames around them are frozen too. Everything else may change with [`VERSION`]: in other phases the daemon tells
//! a module of another version that it is unavailable, and the log says why.
//!
//! Both ends check who is at the other: see [`Connection::open`] and [`Connection::peer`].

mod admin;
mod connection;
mod frame;
mod frozen;
pub mod local_password;
mod log;
mod login;
mod secret;
pub mod smb;
mod socket_trust;
mod text;

pub use admin::{AdminRequest, AdminResponse, FriendListStatus, KnownAccount, ListedFriend, Login, Status};
pub use connection::{Connection, Deadline, Error, Peer};
pub use frame::{Malformed, decode, encode};
pub use log::{Severity, syslog_line};
pub use login::{InvalidInput, LoginRequest, Phase, Prompt, PromptReply, Reply, Request, Screen, Verdict};
pub use secret::Secret;
pub use socket_trust::Untrusted;
pub use text::printable;

use std::time::Duration;

/// The version of the protocol that this crate speaks. It changes when a message changes, so that a module
/// that a long-running program still holds in memory is told plainly that the daemon has moved on.
pub const VERSION: u32 = match (cfg!(feature = "next-protocol"), cfg!(feature = "previous-protocol")) {
    (true, _) => RELEASED + 1,
    (_, true) => RELEASED - 1,
    _ => RELEASED,
};

/// [`VERSION`] of everything but the builds that tests make to try another.
const RELEASED: u32 = 4;

/// The longest frame that either side accepts, in bytes, its length prefix not counted.
pub const MAX_FRAME: usize = 64 * 1024;

/// The longest account name that is looked at, in bytes: `LOGIN_NAME_MAX` of Linux.
pub const MAX_NAME: usize = 256;

/// The longest password that is looked at, in bytes.
pub const MAX_PASSWORD: usize = 1024;

/// Where the daemon listens unless it is told otherwise.
pub const DEFAULT_SOCKET: &str = "/run/plex-auth/socket";

/// How long the module lets the daemon be silent before it gives up. A login with the daemon stopped or hung
/// must be over within two seconds, whatever the daemon was doing when that happened.
pub const MAX_SILENCE: Duration = Duration::from_millis(1800);

/// How often the daemon says [`Reply::Working`] while it waits for something; well below [`MAX_SILENCE`].
pub const HEARTBEAT: Duration = Duration::from_millis(400);

/// How long the module waits for the daemon in one call, all waits added up and the user's own typing time
/// left out. The daemon's configuration must promise a verdict before that.
pub const MODULE_DEADLINE: Duration = Duration::from_secs(75);
