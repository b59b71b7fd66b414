//! The start: socket, user, sandbox, then the first thread; or its failure, with the connections that wait.

use std::os::fd::AsFd;
use std::process::ExitCode;

use system::failed_start::PassedSockets;
use system::inherited;
use system::listener::Listener;
use system::privileges::{become_user, harden};
use system::sandbox::Sandbox;

use crate::args::Args;
use crate::daemon::Daemon;
use crate::error::Error;
use crate::log::Log;
use crate::privileges;
use crate::reserve::Reserve;
use crate::signals::{self, SignalEvent, Signals};

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
    /// Connections may wait there.
    passed: PassedSockets,
}

/// Opens the socket, restricts the process, reads the configuration and the state, and starts the threads.
///
/// # Errors
/// [`FailedStart`], which is to end the process.
pub(crate) fn start(args: &Args, log: &Log) -> Result<Started, Box<FailedStart>> {
    let passed = PassedSockets::take_over();
    // Before any thread is started.
    let signals = match signals::block() {
        Ok(signals) => signals,
        Err(error) => return Err(FailedStart { error, signals: None, passed }.into()),
    };
    // Before the user is changed: then root alone can list them. The daemon starts no program that would inherit one.
    if let Err(error) = inherited::close_descriptors() {
        log.warning(format!("descriptors that this process inherited stay open; /proc does not list them: {error}"));
    }
    match prepare(&passed, args, log).and_then(|listener| Ok((listener, open(args, log)?))) {
        Ok((listener, (daemon, reserve))) => Ok(Started { signals, listener, daemon, reserve }),
        Err(error) => Err(FailedStart { error, signals: Some(signals), passed }.into()),
    }
}

/// Opens the socket and gives up everything that the daemon does not need from then on. There is no thread yet: a later one has
/// the user and the restrictions of the one that starts it.
fn prepare(passed: &PassedSockets, args: &Args, log: &Log) -> Result<Listener, Error> {
    let passed = passed.listener()?;
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
    let sandbox = Sandbox::reading_and_connecting().files_below(&args.state);
    let sandbox = if listener.is_passed() { sandbox } else { sandbox.removing(&args.socket) };
    if let Some((severity, line)) = sandbox.enter()?.line() {
        log.write(severity, line.into());
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
    /// daemon, as if there were none. The exit code tells systemd that only another connection is to start it again; SIGTERM
    /// in that second is an ordinary end.
    pub(crate) fn end(self, log: &Log) -> ExitCode {
        log.run();
        log.error(format!("cannot run: {}", self.error));
        while self.passed.turn_away(self.signals.as_ref().map(AsFd::as_fd)) {
            // SIGHUP is no end: the second begins again.
            if self.signals.as_ref().is_none_or(|signals| signals.next() == SignalEvent::End) {
                return ExitCode::SUCCESS;
            }
        }
        ExitCode::from(self.passed.exit_code())
    }
}
