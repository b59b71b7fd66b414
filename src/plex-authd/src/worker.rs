//! Worker threads, joined at shutdown with a timeout.

use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

/// Time limit for the work that is left at shutdown.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Interval between two looks at the thread.
const POLL: Duration = Duration::from_millis(5);

/// A thread that ends when the last sender of its queue is dropped.
pub(crate) struct Worker(JoinHandle<()>);

impl Worker {
    /// Starts a thread with this name.
    ///
    /// # Errors
    /// No thread can be created.
    pub(crate) fn start(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<Self> {
        Builder::new().name(name.into()).spawn(run).map(Self)
    }

    /// Waits up to [`SHUTDOWN_LIMIT`] for the work that is left.
    pub(crate) fn finish(self) {
        self.finish_within(SHUTDOWN_LIMIT);
    }

    /// [`Self::finish`] with another limit.
    pub(crate) fn finish_within(self, limit: Duration) {
        join_within(&self.0, limit);
    }
}

/// Waits for a thread to end, at most this long.
pub(crate) fn join_within(thread: &JoinHandle<()>, limit: Duration) {
    let end = Instant::now() + limit;
    while !thread.is_finished() && Instant::now() < end {
        sleep(POLL);
    }
}
