//! `Daemon` survives a reload; a `Generation` is rebuilt for each configuration. On SIGHUP the file is re-read; sessions in
//! progress keep the generation they started with.

use std::sync::Arc;

use config::Config;

use crate::args::Args;
use crate::context::Context;
use crate::error::Error;
use crate::generation::{self, Generation};
use crate::limits::Limits;
use crate::log::Log;
use crate::shared::{self, Shared};
use crate::worker;

/// Shared state, the generation in force, and the threads of earlier ones.
pub(crate) struct Daemon {
    shared: Shared,
    workers: shared::Workers,
    current: Generation,
    retired: Vec<generation::Workers>,
}

impl Daemon {
    /// Opens the state directory and starts the first generation.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Client`] or [`Error::Thread`]
    pub(crate) fn open(config: Config, args: &Args, log: &Log) -> Result<Self, Error> {
        let (shared, workers, friend_list) = Shared::open(&config, args, log)?;
        let current = Generation::start(&shared, config, friend_list)?;
        current.begin();
        Ok(Self { shared, workers, current, retired: Vec::new() })
    }

    /// Reads the configuration again. After an error, the current generation stays in force.
    ///
    /// # Errors
    /// [`Error::Config`], [`Error::ClientIdentifier`], [`Error::Client`] or [`Error::Thread`]
    pub(crate) fn reload(&mut self) -> Result<(), Error> {
        let config = config::load(&self.shared.config_file).map_err(Error::Config)?;
        // Sessions in progress sign in with the identifiers that they started with, so none can be replaced.
        if self.shared.device_ids.collide(&config) {
            return Err(Error::ClientIdentifier);
        }
        let limits = config.throttle.clone();
        let next = Generation::start(&self.shared, config, self.current.friend_list())?;
        self.shared.limits.rate_limiter.set_limits(limits);
        next.begin();
        self.retired.retain(|workers| !workers.are_done());
        self.retired.push(std::mem::replace(&mut self.current, next).retire());
        Ok(())
    }

    /// The context for new sessions.
    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.current.context
    }

    /// The daemon's limits.
    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Ends all threads after their last work.
    pub(crate) fn close(self) {
        let Self { shared, workers, current, mut retired } = self;
        retired.push(current.retire());
        drop(shared);
        // A login that is still in progress holds its generation, whose threads then do not end.
        worker::join_within(retired.iter().flat_map(generation::Workers::threads), worker::SHUTDOWN_LIMIT);
        workers.finish();
    }
}
