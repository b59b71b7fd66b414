//! Failures to start or run a service.

use nix::errno::Errno;
use system::{listener, privileges};

/// A service cannot start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process did not get the ids or the protection that it needs.
    #[error("{0}")]
    Privileges(#[from] privileges::Error),
    /// The socket was not opened.
    #[error("{0}")]
    Listener(#[from] listener::Error),
    /// The socket's directory could be changed by another user.
    #[error("{}", with_fix(.0))]
    Directory(system::Error),
    /// The kernel failed to wait for connections.
    #[error("waiting to be asked: {0}")]
    Wait(Errno),
}

fn with_fix(error: &system::Error) -> String {
    error.fix().map_or_else(|| error.to_string(), |fix| format!("{error}; {fix}"))
}
