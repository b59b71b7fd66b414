//! The signals that end the daemon or have it read its configuration again, as something to wait for.

use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// The signals.
pub(crate) struct Signals(SignalFd);

/// What a signal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignalEvent {
    Reload,
    End,
}

/// Blocks the signals, so that they end the daemon when it is ready to and not where it stands. Must come before any
/// thread: a thread that was started earlier would still take one, and die of it with all the others.
///
/// # Errors
/// A sentence for the administrator.
pub(crate) fn block() -> Result<Signals, String> {
    let mut set = SigSet::empty();
    set.add(Signal::SIGTERM);
    set.add(Signal::SIGINT);
    set.add(Signal::SIGHUP);
    set.thread_block()
        .and_then(|()| SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK))
        .map(Signals)
        .map_err(|error| format!("signals cannot be waited for: {error}"))
}

impl Signals {
    /// The next one that has come.
    pub(crate) fn next(&self) -> SignalEvent {
        match self.0.read_signal() {
            Ok(Some(signal)) if Signal::try_from(signal.ssi_signo.cast_signed()) == Ok(Signal::SIGHUP) => {
                SignalEvent::Reload
            }
            _ => SignalEvent::End,
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
