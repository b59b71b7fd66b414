//! How the daemon's end waits for a thread: for a while, and never for ever.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long the end of the daemon waits for what a thread still has to do.
const AT_THE_END: Duration = Duration::from_secs(5);

/// Waits for a thread to which nobody can add work any more.
pub(crate) fn wait_for(thread: &JoinHandle<()>) {
    let end = Instant::now() + AT_THE_END;
    while !thread.is_finished() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
}
