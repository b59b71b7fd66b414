//! Errors that end the daemon or make a reload fail, for the administrator.

use std::fmt;

use system::{listener, privileges, sandbox};

use crate::state::store::OpenError;

/// Why the daemon cannot start, or cannot use a new configuration.
#[derive(Debug)]
pub(crate) enum Error {
    /// The user or a directory; a sentence with the fix.
    System(String),
    Privileges(privileges::Error),
    Listener(listener::Error),
    Sandbox(sandbox::Error),
    Config(config::Problem),
    /// The owner's token and the sign-ins have the same `client_identifier`.
    ClientIdentifier,
    Client(plex::SetupError),
    Store(OpenError),
    Thread(std::io::Error),
    Signals(nix::Error),
    /// Waiting for connections and signals failed.
    Poll(nix::Error),
}

impl From<String> for Error {
    fn from(error: String) -> Self {
        Self::System(error)
    }
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

impl From<sandbox::Error> for Error {
    fn from(error: sandbox::Error) -> Self {
        Self::Sandbox(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Thread(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(why) => f.write_str(why),
            Self::Privileges(error) => error.fmt(f),
            Self::Listener(listener::Error::Taken(path)) => {
                write!(f, "{}: another plex-authd is listening there", path.display())
            }
            Self::Listener(error) => error.fmt(f),
            Self::Sandbox(error) => error.fmt(f),
            Self::Config(problem) => problem.fmt(f),
            Self::ClientIdentifier => f.write_str(
                "client_identifier is what plex.tv knows this daemon's sign-ins by; they must be two devices: run \
                 plex-auth setup --sign-in link",
            ),
            Self::Client(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "no thread: {error}"),
            Self::Signals(error) => write!(f, "signals cannot be waited for: {error}"),
            Self::Poll(error) => write!(f, "waiting for logins: {error}"),
        }
    }
}
