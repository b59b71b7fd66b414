//! The main loop of a service: one request at a time.

use std::fmt::Display;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Gid, Uid, chdir};
use protocol::{Connection, Deadline, Severity};
use serde::Serialize;
use serde::de::DeserializeOwned;
use system::failed_start::PassedSockets;
use system::listener::{self, Listener};
use system::sandbox::Sandbox;
use system::syslog::Log;
use system::{inherited, privileges};

use crate::error::Error;

/// Time limit for receiving a request, and for sending the reply.
const MESSAGE_LIMIT: Duration = Duration::from_secs(2);

/// The work of one service.
pub trait Service {
    /// A request of plex-authd.
    type Request: DeserializeOwned;
    /// The answer to it.
    type Reply: Serialize;

    /// Answers a request, and logs what concerns the administrator.
    fn answer(&self, request: &Self::Request, log: &mut Log) -> Self::Reply;
}

/// Where a service listens, for whom, and what it needs to work.
pub struct Setting<'a> {
    /// Path of the socket; one that systemd passes is used instead.
    pub socket: &'a Path,
    /// Name of the user that plex-authd runs as. No other user is served.
    pub user: &'a str,
    /// Access that the service and its programs keep.
    pub sandbox: Sandbox,
}

/// A service that can accept connections.
struct Started<S> {
    listener: Listener,
    daemon: Uid,
    service: S,
}

/// Runs a service: the process's exit code. Errors are logged. The service never ends by itself: the login that had to wait for
/// its start would show that its account is managed.
pub fn run<S: Service, E: Display>(setting: Setting, service: Result<S, E>, log: &mut Log) -> ExitCode {
    let passed = PassedSockets::take_over();
    let started = match start(setting, service, &passed, log) {
        Ok(started) => started,
        Err(why) => {
            log.error(&format!("cannot run: {why}"));
            // SIGTERM ends the process, as always; nothing else ends the pause.
            let _ = passed.turn_away(None);
            return ExitCode::from(passed.exit_code());
        }
    };
    drop(passed);
    let error = serve(&started, log);
    log.error(&format!("cannot run: {error}"));
    ExitCode::FAILURE
}

/// Opens the socket and restricts the process.
fn start<S: Service, E: Display>(
    setting: Setting,
    service: Result<S, E>,
    passed: &PassedSockets,
    log: &mut Log,
) -> Result<Started<S>, Error> {
    let listener = passed.listener()?;
    prepare_process()?;
    let service = service.map_err(|error| Error::Service(error.to_string()))?;
    let daemon = privileges::daemon_user(setting.user)?;
    let listener = match listener {
        Some(listener) => listener,
        None => listen(setting.socket, daemon.gid)?,
    };
    let sandbox = setting.sandbox;
    let sandbox = if listener.is_passed() { sandbox } else { sandbox.removing(setting.socket) };
    if let Some((severity, line)) = sandbox.enter()?.line() {
        log.write(severity, line);
    }
    Ok(Started { listener, daemon: daemon.uid, service })
}

/// Serves until waiting itself fails.
fn serve(started: &Started<impl Service>, log: &mut Log) -> Error {
    let Started { listener, daemon, service } = started;
    log.info(&format!("{} {} is waiting for connections", log.program(), env!("CARGO_PKG_VERSION")));
    loop {
        match poll(&mut [PollFd::new(listener.socket().as_fd(), PollFlags::POLLIN)], PollTimeout::NONE) {
            Ok(_) => {}
            Err(nix::Error::EINTR) => continue,
            Err(error) => return Error::Wait(error),
        }
        // The client may have disconnected already.
        let Ok((stream, _)) = listener.socket().accept() else { continue };
        handle(stream, *daemon, service, log);
    }
}

/// Makes the process root's in every respect, with nothing inherited from its parent. The same holds for its children. A
/// passed socket is taken over before, or it is closed here.
fn prepare_process() -> Result<(), Error> {
    privileges::become_root()?;
    privileges::harden()?;
    chdir("/").map_err(privileges::Error::BecomeRoot)?;
    // The service's own descriptors are close-on-exec, and stay open; those that the parent left open are not.
    inherited::close_descriptors().map_err(Error::Inherited)
}

/// The socket, which the kernel lets only root and plex-authd's group reach. The caller is checked again.
fn listen(path: &Path, group: Gid) -> Result<Listener, Error> {
    let directory = listener::directory(path)?;
    system::prepare_own(directory, 0o755).map_err(Error::Directory)?;
    Ok(Listener::bind(path, 0o660, Some(group))?)
}

/// Handles one connection. One at a time is enough: requests need milliseconds, and Samba has a single file.
fn handle(stream: UnixStream, daemon: Uid, service: &impl Service, log: &mut Log) {
    let Ok(mut connection) = Connection::accepted(stream) else { return };
    let Ok(peer) = connection.peer() else { return };
    if peer.uid != daemon.as_raw() {
        // Closed without a reply. Only root gets this far: the socket's mode excludes others.
        let line = format!("a process of uid {} sent a request; only plex-authd may", peer.uid);
        return log.limited(Severity::Warning, &line);
    }
    let Ok(request) = connection.receive(Deadline::after(MESSAGE_LIMIT)) else {
        let line = "plex-authd sent a request that this version does not understand; restart both after an upgrade";
        return log.limited(Severity::Warning, line);
    };
    let answer = service.answer(&request, log);
    // plex-authd asks again if it has disconnected meanwhile.
    let _ = connection.send(&answer, Deadline::after(MESSAGE_LIMIT));
}
