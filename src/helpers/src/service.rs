//! A service's life: one question after the other.

use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Gid, Uid, chdir};
use protocol::{Connection, Deadline};
use serde::Serialize;
use serde::de::DeserializeOwned;

use system::listener::{self, Listener};
use system::privileges;
use system::syslog::Log;

/// How long a question may take to arrive, and an answer to be taken.
const WIRE: Duration = Duration::from_secs(2);

/// The first descriptor that is not one of the standard ones.
const FIRST_FD: i32 = 3;

/// How long nothing may happen until a service that systemd can start again ends: what is not there cannot be attacked.
const IDLE: Duration = Duration::from_secs(60);

/// What one service does.
pub trait Service {
    /// What it is asked.
    type Request: DeserializeOwned;
    /// What it says.
    type Reply: Serialize;

    /// Answers, and says in the log what the administrator should know of it.
    fn answer(&self, question: &Self::Request, log: &mut Log) -> Self::Reply;
}

/// Serves `user`, whom plex-authd runs as, and nobody else, until nothing has been asked for a while or until it is killed.
///
/// # Errors
/// A sentence for the administrator: why it cannot start.
pub fn serve(socket: &Path, user: &str, service: &impl Service, log: &mut Log) -> Result<(), String> {
    prepare_process().map_err(|error| error.to_string())?;
    let daemon = privileges::daemon_user(user).map_err(|error| error.to_string())?;
    let listener = listen(socket, daemon.gid)?;
    log.info(&format!("{} {} waits to be asked", log.program(), env!("CARGO_PKG_VERSION")));
    while wait(listener.socket(), listener.is_passed())? {
        // Whoever connected may have left again already.
        let Ok((stream, _)) = listener.socket().accept() else { continue };
        attend(stream, daemon.uid, service, log);
    }
    Ok(())
}

/// Makes the process root's in every respect, with nothing inherited from its parent. Its children are alike.
fn prepare_process() -> Result<(), privileges::Error> {
    privileges::become_root()?;
    privileges::harden()?;
    chdir("/").map_err(privileges::Error::BecomeRoot)?;
    // Descriptors that the parent left open are not passed on. The service's own are close-on-exec from the start.
    close_fds::set_fds_cloexec(FIRST_FD, &[]);
    Ok(())
}

/// The socket, which the kernel lets only root and plex-authd's group reach. The caller is checked again.
fn listen(path: &Path, group: Gid) -> Result<Listener, String> {
    if let Some(listener) = Listener::passed().map_err(|error| error.to_string())? {
        return Ok(listener);
    }
    let directory = listener::directory(path).map_err(|error| error.to_string())?;
    system::prepare_own(directory, 0o755).map_err(|error| match error.fix() {
        Some(fix) => format!("{error}; {fix}"),
        None => error.to_string(),
    })?;
    Listener::bind(path, 0o660, Some(group)).map_err(|error| error.to_string())
}

/// How the program ends.
pub fn exit(ended: Result<(), String>, log: &mut Log) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            log.error(&format!("cannot run: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// Waits for a connection; false when it is time to end.
fn wait(socket: &UnixListener, may_end: bool) -> Result<bool, String> {
    let idle = PollTimeout::try_from(IDLE).unwrap_or(PollTimeout::MAX);
    loop {
        let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, if may_end { idle } else { PollTimeout::NONE }) {
            Ok(count) => return Ok(count > 0),
            Err(nix::Error::EINTR) => {}
            Err(error) => return Err(format!("waiting to be asked: {error}")),
        }
    }
}

/// Does what one connection asks for. One at a time: what is asked takes milliseconds, and Samba's file is one.
fn attend(stream: UnixStream, daemon: Uid, service: &impl Service, log: &mut Log) {
    let Ok(mut connection) = Connection::accepted(stream) else { return };
    let Ok(peer) = connection.peer() else { return };
    if peer.uid != daemon.as_raw() {
        // Closed without a word. The socket's mode keeps all but root away before.
        return log.warning(&format!("a process of uid {} asked (pid {}); only plex-authd may", peer.uid, peer.pid));
    }
    let Ok(question) = connection.receive(Deadline::after(WIRE)) else {
        return log.warning("plex-authd asked for nothing that is understood; restart both after an upgrade");
    };
    let answer = service.answer(&question, log);
    // Who has left meanwhile will ask again.
    let _ = connection.send(&answer, Deadline::after(WIRE));
}
