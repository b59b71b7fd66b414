//! Global options shared by all subcommands.

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

    /// Loads the configuration as the daemon does.
    pub(crate) fn load(&self) -> Result<Config, Error> {
        load(&self.config)
    }
}

/// Loads a configuration as the daemon does.
pub(crate) fn load(file: &Path) -> Result<Config, Error> {
    config::load(file).map_err(|problem| match system::open_without_waiting(file) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Error::new(format!("only root may read {}", file.display())).hint("use sudo")
        }
        _ => Error::new(problem.to_string()),
    })
}
