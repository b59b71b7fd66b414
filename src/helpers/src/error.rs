//! Failures to start or run a service.

use std::io;

use nix::errno::Errno;
use system::{listener, privileges, sandbox};

/// A service cannot start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process did not get the ids or the protection that it needs.
    #[error("{0}")]
    Privileges(#[from] privileges::Error),
    /// Descriptors of the process that started the service were not closed.
    #[error("the descriptors that are open already cannot be closed; the service needs /proc: {0}")]
    Inherited(io::Error),
    /// The socket was not opened.
    #[error("{0}")]
    Listener(#[from] listener::Error),
    /// The socket's directory could be changed by another user.
    #[error("{}", with_fix(.0))]
    Directory(system::Error),
    /// The process was not restricted.
    #[error("{0}")]
    Sandbox(#[from] sandbox::Error),
    /// The service's own reason.
    #[error("{0}")]
    Service(String),
    /// The kernel failed to wait for connections.
    #[error("waiting for connections: {0}")]
    Wait(Errno),
}

fn with_fix(error: &system::Error) -> String {
    error.fix().map_or_else(|| error.to_string(), |fix| format!("{error}; {fix}"))
}
