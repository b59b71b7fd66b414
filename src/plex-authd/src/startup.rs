//! The start: socket, user, sandbox, then the first thread; or its failure, with the connections that wait.

use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::process::ExitCode;

use system::failed_start;
use system::listener::Listener;
use system::privileges::{become_user, harden};
use system::sandbox::Sandbox;

use crate::args::Args;
use crate::daemon::Daemon;
use crate::error::Error;
use crate::log::Log;
use crate::privileges;
use crate::reserve::Reserve;
use crate::signals::{self, Signals};

/// A daemon that can accept connections.
pub(crate) struct Started {
    pub signals: Signals,
    pub listener: Listener,
    pub daemon: Daemon,
    pub reserve: Reserve,
}

/// A daemon that cannot start.
pub(crate) struct FailedStart {
    error: Error,
    signals: Option<Signals>,
    /// Its socket, if systemd has passed it: connections may wait there.
    socket: Option<UnixListener>,
}

/// Opens the socket, restricts the process, reads the configuration and the state, and starts the threads.
///
/// # Errors
/// [`FailedStart`], which is to end the process.
pub(crate) fn start(args: &Args, log: &Log) -> Result<Started, FailedStart> {
    let failed = |error| FailedStart { error, signals: None, socket: None };
    // Before any thread is started.
    let signals = signals::block().map_err(failed)?;
    let passed = Listener::passed().map_err(|error| failed(error.into()))?;
    let socket = passed.as_ref().map_or(Ok(None), failed_start::copy).map_err(|error| failed(error.into()))?;
    match prepare(passed, args, log).and_then(|listener| Ok((listener, open(args, log)?))) {
        Ok((listener, (daemon, reserve))) => Ok(Started { signals, listener, daemon, reserve }),
        Err(error) => Err(FailedStart { error, signals: Some(signals), socket }),
    }
}

/// Opens the socket and gives up everything that the daemon does not need from then on. There is no thread yet: a later one has
/// the user and the restrictions of the one that starts it.
fn prepare(passed: Option<Listener>, args: &Args, log: &Log) -> Result<Listener, Error> {
    if let Some(user) = &privileges::intended(args.user.as_deref())? {
        // Nothing more is done as root: other processes of the user may change whatever belongs to the user.
        let socket = args.socket.parent().filter(|_| passed.is_none());
        let wanted =
            [(Some(args.state.as_path()), privileges::STATE_DIRECTORY), (socket, privileges::SOCKET_DIRECTORY)];
        for (directory, mode) in wanted.into_iter().filter_map(|(path, mode)| Some((path?, mode))) {
            privileges::prepare(directory, mode, user).unwrap_or_else(|why| log.warning(why));
        }
        become_user(user)?;
    }
    harden()?;
    privileges::directory(&args.state, privileges::STATE_DIRECTORY)?;
    let listener = privileges::listen(passed, &args.socket)?;
    let sandbox = Sandbox::reading_and_executing().files_below(&args.state);
    let sandbox = if listener.is_passed() { sandbox } else { sandbox.removing(&args.socket) };
    if let Some(line) = sandbox.enter()?.warning() {
        log.warning(line);
    }
    Ok(listener)
}

/// Starts the threads.
fn open(args: &Args, log: &Log) -> Result<(Daemon, Reserve), Error> {
    log.run();
    let daemon = Daemon::open(config::load(&args.config).map_err(Error::Config)?, args, log)?;
    Ok((daemon, Reserve::start()?))
}

impl FailedStart {
    /// Logs the reason, and closes the connections that wait and those of the next second: their logins go on without the
    /// daemon, as if there were none. The exit code tells systemd that only another connection is to start it again.
    pub(crate) fn end(self, log: &Log) -> ExitCode {
        log.run();
        log.error(format!("cannot run: {}", self.error));
        if let Some(socket) = &self.socket {
            failed_start::turn_away(socket, self.signals.as_ref().map(AsFd::as_fd));
        }
        ExitCode::from(failed_start::EXIT_CODE)
    }
}
