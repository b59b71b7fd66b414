//! What every command starts from.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use config::Config;
use nix::unistd::geteuid;

use crate::Options;
use crate::error::Error;

/// What every command starts from.
pub(crate) struct Context {
    /// The configuration file.
    pub config: PathBuf,
    /// The daemon's socket.
    pub socket: PathBuf,
}

impl Context {
    /// Makes sure that this is root's process.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) fn must_be_root(command: &str) -> Result<(), Error> {
        if geteuid().is_root() {
            return Ok(());
        }
        Err(Error::new(format!("only root may do this: {command}")).mend(format!("run: sudo {command}")))
    }

    pub(crate) fn new(options: &Options) -> Self {
        Self { config: options.config.clone(), socket: options.socket.clone() }
    }

    /// The configuration as the daemon reads it.
    ///
    /// # Errors
    /// Where it is wrong, and how to mend it.
    pub(crate) fn load(&self) -> Result<Config, Error> {
        load(&self.config)
    }
}

/// A configuration as the daemon reads it.
///
/// # Errors
/// Where it is wrong, and how to mend it.
pub(crate) fn load(file: &Path) -> Result<Config, Error> {
    config::load(file).map_err(|problem| match system::open_without_waiting(file) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Error::new(format!("only root may read {}", file.display())).mend("use sudo")
        }
        _ => Error::new(problem.to_string()),
    })
}
