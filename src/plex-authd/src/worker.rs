//! Worker threads, joined at shutdown with a timeout.

use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

/// Time limit for the work that is left at shutdown.
pub(crate) const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Stack of a session's threads, which have no large buffers.
pub(crate) const STACK: usize = 512 * 1024;

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
        join_within([&self.0], limit);
    }

    /// The thread, for a wait with others.
    pub(crate) fn thread(&self) -> &JoinHandle<()> {
        &self.0
    }
}

/// Waits for threads to end, at most this long for all of them together.
pub(crate) fn join_within<'a>(threads: impl IntoIterator<Item = &'a JoinHandle<()>>, limit: Duration) {
    let end = Instant::now() + limit;
    for thread in threads {
        while !thread.is_finished() && Instant::now() < end {
            sleep(POLL);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::sync::mpsc::channel;

    use super::*;

    /// Ten threads that hang were waited for ten times as long as one.
    #[test]
    fn threads_that_hang_have_one_limit_together() {
        let (hang, ended) = channel::<()>();
        let ended = std::sync::Arc::new(std::sync::Mutex::new(ended));
        let threads: Vec<_> = (0..10)
            .map(|_| {
                let ended = std::sync::Arc::clone(&ended);
                std::thread::spawn(move || assert!(crate::lock::lock(&ended).recv().is_err()))
            })
            .collect();
        let start = Instant::now();
        join_within(&threads, Duration::from_millis(300));
        assert!(start.elapsed() >= Duration::from_millis(300) && start.elapsed() < Duration::from_secs(2));
        drop(hang);
        join_within(&threads, Duration::from_secs(10));
        assert!(threads.into_iter().all(|thread| thread.join().is_ok()));
    }
}
