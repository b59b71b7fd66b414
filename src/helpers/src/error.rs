//! Failures to start or run a service.

use std::fmt;

use nix::errno::Errno;
use system::{listener, privileges};

/// A service cannot start, or cannot go on.
#[derive(Debug)]
pub enum Error {
    /// The process did not get the ids or the protection that it needs.
    Privileges(privileges::Error),
    /// The socket was not opened.
    Listener(listener::Error),
    /// The socket's directory could be changed by another user.
    Directory(system::Error),
    /// The kernel failed to wait for connections.
    Wait(Errno),
}

impl From<privileges::Error> for Error {
    fn from(error: privileges::Error) -> Self {
        Self::Privileges(error)
    }
}

impl From<listener::Error> for Error {
    fn from(error: listener::Error) -> Self {
        Self::Listener(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Privileges(error) => write!(f, "{error}"),
            Self::Listener(error) => write!(f, "{error}"),
            Self::Directory(error) => match error.fix() {
                Some(fix) => write!(f, "{error}; {fix}"),
                None => write!(f, "{error}"),
            },
            Self::Wait(error) => write!(f, "waiting to be asked: {error}"),
        }
    }
}

impl std::error::Error for Error {}
