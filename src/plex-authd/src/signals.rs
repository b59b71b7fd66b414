//! SIGTERM, SIGINT and SIGHUP, as a file descriptor to wait for.

use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::error::Error;

/// Blocked signals that can be read.
pub(crate) struct Signals(SignalFd);

/// Effect of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignalEvent {
    Reload,
    End,
}

/// Blocks the signals, so that the daemon ends in an orderly way. Called before any thread is started: an earlier thread would
/// still receive them, and they would end the process.
///
/// # Errors
/// [`Error::Signals`]
pub(crate) fn block() -> Result<Signals, Error> {
    let mut set = SigSet::empty();
    set.add(Signal::SIGTERM);
    set.add(Signal::SIGINT);
    set.add(Signal::SIGHUP);
    set.thread_block()
        .and_then(|()| SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK))
        .map(Signals)
        .map_err(Error::Signals)
}

impl Signals {
    /// Reads the next signal.
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
