//! Joins a worker thread at shutdown, with a timeout.

use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// Time limit for the work that is left at shutdown.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Interval between two looks at the thread.
const POLL: Duration = Duration::from_millis(5);

/// Waits up to [`SHUTDOWN_LIMIT`] for a thread to which nobody can add work any more.
pub(crate) fn join(thread: &JoinHandle<()>) {
    join_within(thread, SHUTDOWN_LIMIT);
}

/// Waits for a thread to end, at most this long.
pub(crate) fn join_within(thread: &JoinHandle<()>, limit: Duration) {
    let end = Instant::now() + limit;
    while !thread.is_finished() && Instant::now() < end {
        sleep(POLL);
    }
}
