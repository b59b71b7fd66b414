//! The signals that end the daemon, as something to wait for.

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Blocks the signals, so that they end the daemon when it is ready to and not where it stands. Must come before any
/// thread: a thread that was started earlier would still take one, and die of it with all the others.
///
/// # Errors
/// A sentence for the administrator.
pub(crate) fn block() -> Result<SignalFd, String> {
    let mut set = SigSet::empty();
    set.add(Signal::SIGTERM);
    set.add(Signal::SIGINT);
    set.thread_block()
        .and_then(|()| SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK))
        .map_err(|error| format!("signals cannot be waited for: {error}"))
}
