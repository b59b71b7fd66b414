//! What every command starts from.

use std::path::PathBuf;

use config::Config;

use crate::Options;
use crate::failure::Failure;

/// What every command starts from.
pub(crate) struct Context {
    /// The configuration file.
    pub config: PathBuf,
    /// The daemon's socket.
    pub socket: PathBuf,
}

impl Context {
    pub(crate) fn new(options: &Options) -> Self {
        Self { config: options.config.clone(), socket: options.socket.clone() }
    }

    /// The configuration as the daemon reads it.
    ///
    /// # Errors
    /// Where it is wrong, and how to mend it.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        config::load(&self.config).map_err(|problem| Failure::new(problem.to_string()))
    }
}
