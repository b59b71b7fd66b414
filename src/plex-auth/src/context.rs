//! Global options shared by all subcommands.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use config::Config;
use nix::unistd::geteuid;

use crate::error::Error;

/// Global options shared by all subcommands.
pub(crate) struct Context {
    /// Path of the configuration file.
    pub config: PathBuf,
    /// Path of the daemon's socket.
    pub socket: PathBuf,
}

impl Context {
    /// Fails unless the caller is root. `command` is shown in the hint.
    pub(crate) fn require_root(command: &str) -> Result<(), Error> {
        if geteuid().is_root() {
            return Ok(());
        }
        Err(Error::new(format!("only root may do this: {command}")).hint(format!("run: sudo {command}")))
    }

    /// Tests whether there is no configuration yet.
    pub(crate) fn is_not_set_up(&self) -> bool {
        is_missing(&self.config)
    }

    /// The reason for a daemon that is not running: without a configuration, it cannot run.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if error.is_daemon_down() && self.is_not_set_up() { not_set_up(&self.config) } else { error }
    }

    /// Loads the configuration as the daemon does.
    pub(crate) fn load(&self) -> Result<Config, Error> {
        load(&self.config)
    }
}

/// Error of a command that needs a configuration, and there is none.
pub(crate) fn not_set_up(file: &Path) -> Error {
    Error::new(format!("plex-auth is not set up: there is no {}", file.display())).hint("run: plex-auth setup")
}

fn is_missing(file: &Path) -> bool {
    fs::symlink_metadata(file).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Loads a configuration as the daemon does.
pub(crate) fn load(file: &Path) -> Result<Config, Error> {
    if is_missing(file) {
        return Err(not_set_up(file));
    }
    config::load(file).map_err(|problem| match system::open_without_waiting(file) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Error::new(format!("only root may read {}", file.display())).hint("use sudo")
        }
        _ => Error::new(problem.to_string()),
    })
}
