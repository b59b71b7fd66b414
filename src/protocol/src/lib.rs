//! The protocol between the PAM module, the daemon and the command.
//!
//! One connection to the daemon's socket is one question about one account. The asking side opens with
//! [`LoginRequest`]; from then on the daemon drives: it may ask for a prompt to be shown ([`Reply::Prompt`]), says that
//! it is still at work ([`Reply::Working`]), may have a message shown ([`Reply::Notice`]), and ends with a [`Verdict`]. Nothing here knows Plex, and
//! nothing here knows PAM: the module turns a verdict into a PAM code, the daemon a decision into a verdict.
//!
//! # The frozen part
//!
//! During an upgrade, and in programs that hold an old module in memory, module and daemon are of different versions. The
//! account phase must work then, or an upgrade would lock people out. So version N answers N−1 and N+1 there:
//!
//! * The request keeps its place, its fields and their types forever: `{"hello":{"version":…,"phase":"account","user":…,
//!   "service":…,"tty":…,"rhost":…,"ruser":…}}`. A field may be added, and a side that does not know it ignores it. The
//!   daemon does not look at `version` in this phase.
//! * Three verdicts keep their words and meanings forever: `{"verdict":"success"}`, `{"verdict":"not-allowed"}` and
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
mod limits;
pub mod local_password;
mod log;
mod login;
mod message;
mod secret;
pub mod smb;
mod socket_trust;
mod text;
mod trace;

pub use admin::{
    AccountDecision, AdminRequest, AdminResponse, FriendListStatus, KnownAccount, ListedFriend, Login, SentCounts,
    Status,
};
pub use connection::{Connection, Deadline, Error, Interrupter, Keepalive, Peer};
pub use frame::{Malformed, decode, encode};
pub use limits::{DEFAULT_SOCKET, HEARTBEAT, MAX_FRAME, MAX_NAME, MAX_PASSWORD, MAX_SILENCE, MODULE_DEADLINE, VERSION};
pub use log::{Severity, syslog_line};
pub use login::{InvalidInput, LoginRequest, Phase, Prompt, PromptReply, Screen, Verdict};
pub use message::{AdminReply, Reply, Request};
pub use secret::Secret;
pub use socket_trust::Untrusted;
pub use text::{counted, printable};
pub use trace::{Binding, MappedTo, PlexAccount, Standing, Trace, TraceStep};
