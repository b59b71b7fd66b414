//! Version, sizes, times and the socket's path: all that both ends of the protocol agree on.

use std::time::Duration;

/// Version of the protocol. It changes with every change of a message, so that the module of an older installation, which a
/// long-running program still holds in memory, gets a clear refusal.
pub const VERSION: u32 = match (cfg!(feature = "next-protocol"), cfg!(feature = "previous-protocol")) {
    (true, _) => RELEASED + 1,
    (_, true) => RELEASED - 1,
    _ => RELEASED,
};

/// [`VERSION`] except in the builds that tests make to try another.
const RELEASED: u32 = 5;

/// Length limit of a frame in bytes, without its length prefix.
pub const MAX_FRAME: usize = 64 * 1024;

/// Length limit of an account name in bytes: `LOGIN_NAME_MAX` of Linux.
pub const MAX_NAME: usize = 256;

/// Length limit of a password in bytes.
pub const MAX_PASSWORD: usize = 1024;

/// Default path of the daemon's socket.
pub const DEFAULT_SOCKET: &str = "/run/plex-auth/socket";

/// Time without a message from the daemon after which the module gives up. A login with the daemon stopped or hung must be
/// over within two seconds, whatever the daemon was doing when that happened.
pub const MAX_SILENCE: Duration = Duration::from_millis(1800);

/// Interval of [`Reply::Working`](crate::Reply::Working) while the daemon waits for something; well below [`MAX_SILENCE`].
pub const HEARTBEAT: Duration = Duration::from_millis(400);

/// Time that the module waits for the daemon in one call: the sum of all waits, without the user's typing. The daemon
/// accepts only a configuration that promises a verdict before that.
pub const MODULE_DEADLINE: Duration = Duration::from_secs(75);
