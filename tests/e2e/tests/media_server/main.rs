//! `server_url`: confirmation by the media server, and what a process that listens in its place gets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod answers;
mod listener;
mod refusal;
mod stranger;

use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e::World;

/// Runs `act`, waits until the system log has this many further lines with these words, and returns the result. Lines arrive with a
/// delay.
fn logging<T>(world: &World, lines: usize, words: &str, act: impl FnOnce() -> T) -> T {
    let count = || world.syslog().matches(words).count();
    let before = count();
    let done = act();
    let start = Instant::now();
    while count() < before + lines {
        assert!(start.elapsed() < Duration::from_secs(30), "{} of {lines} lines with {words:?}", count() - before);
        sleep(Duration::from_millis(20));
    }
    assert_eq!(count(), before + lines, "{words:?}");
    done
}
