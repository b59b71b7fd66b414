//! The daemon's life: start, accept, end.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use nix::poll::{PollFd, PollFlags, poll};
use protocol::{Connection, Peer};

use crate::args::Args;
use crate::config_warnings::warn_about;
use crate::context::Context;
use crate::daemon::Daemon;
use crate::limits::connections::{ConnectionSlot, Connections};
use crate::listener;
use crate::lock::lock;
use crate::log::Log;
use crate::privileges;
use crate::reserve::Reserve;
use crate::service_manager::{self, ServiceManager};
use crate::session::Session;
use crate::signals::{SignalEvent, Signals};

/// A conversation's thread holds no large buffers.
const STACK: usize = 512 * 1024;

/// The mode of the directory that the daemon keeps its state in.
const STATE: u32 = 0o700;

/// Runs until a signal ends it.
///
/// # Errors
/// A sentence for the administrator: why it cannot start.
pub(crate) fn run(options: &Args, signals: &Signals, log: &Log) -> Result<(), String> {
    let user = privileges::intended(options.user.as_deref())?;
    let passed = listener::passed()?;
    if let Some(user) = &user {
        // All that is done as root. Processes of the user may be around, and have a say about whatever belongs to it.
        let socket = options.socket.parent().filter(|_| passed.is_none());
        let wanted = [(Some(options.state.as_path()), STATE), (socket, listener::DIRECTORY)];
        for (directory, mode) in wanted.into_iter().filter_map(|(path, mode)| Some((path?, mode))) {
            privileges::prepare(directory, mode, user).unwrap_or_else(|why| log.warning(why));
        }
        privileges::become_user(user)?;
    }
    privileges::harden()?;
    privileges::directory(&options.state, STATE)?;
    let listener = listener::open(passed, &options.socket)?;
    let config = config::load(&options.config).map_err(|problem| problem.to_string())?;
    let (mut daemon, mut room) = Daemon::open(config, options, log)?;
    let reserve = Reserve::start().map_err(|error| format!("no thread: {error}"))?;
    let supervisor = ServiceManager::new();
    service_manager::ready();
    log.info(format!("plex-authd {} is ready", env!("CARGO_PKG_VERSION")));
    warn_about(&room.context);

    loop {
        match wait(&listener.socket, signals, &supervisor)? {
            Next::Login => {
                // Whoever connected may have left again already.
                let Ok((stream, _)) = listener.socket.accept() else { continue };
                if let Err(why) = serve(stream, &room.context, daemon.limits(), &reserve) {
                    log.warning(format!("a login could not be looked at: {why}"));
                }
            }
            Next::Reload => {
                service_manager::reloading();
                match daemon.reload(&mut room) {
                    Ok(()) => {
                        log.info("the configuration has been read again");
                        warn_about(&room.context);
                    }
                    Err(why) => log.error(format!("{why}; the configuration that was read before stays in force")),
                }
                service_manager::ready();
            }
            Next::End => break,
        }
    }

    service_manager::stopping();
    drop(listener);
    if !daemon.limits().drain(room.context.config.timeouts.login) {
        log.warning("ending while a login is still waiting for somebody to type");
    }
    daemon.close(room);
    log.info("plex-authd has ended");
    Ok(())
}

/// What there is to do.
enum Next {
    Login,
    Reload,
    End,
}

/// Waits for something to do, telling the supervisor meanwhile that this is not stuck.
fn wait(listener: &impl AsFd, signals: &Signals, supervisor: &ServiceManager) -> Result<Next, String> {
    loop {
        let mut fds =
            [PollFd::new(signals.as_fd(), PollFlags::POLLIN), PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, supervisor.interval()) {
            Ok(_) => {
                let [signal, login] = fds;
                supervisor.alive();
                // What cannot be read is taken for the end.
                if signal.any().unwrap_or(true) {
                    return Ok(if signals.next() == SignalEvent::Reload { Next::Reload } else { Next::End });
                }
                if login.any().unwrap_or(true) {
                    return Ok(Next::Login);
                }
            }
            Err(nix::Error::EINTR) => {}
            Err(error) => return Err(format!("waiting for logins: {error}")),
        }
    }
}

/// Gives a connection a thread of its own, if there is room for one more; else it is the reserve's.
fn serve(
    stream: UnixStream,
    context: &Arc<Context>,
    limits: &Arc<Connections>,
    reserve: &Reserve,
) -> Result<(), String> {
    let connection = Connection::accepted(stream).map_err(|error| error.to_string())?;
    let peer = connection.peer().map_err(|error| error.to_string())?;
    let Some(slot) = limits.take(peer.uid) else {
        reserve.take(context, connection, peer);
        return Err(format!("too many at once (uid {})", peer.uid));
    };
    start(context, connection, peer, slot).map_err(|(why, connection)| {
        if let Some(connection) = connection {
            reserve.take(context, connection, peer);
        }
        why
    })
}

/// Starts a conversation's thread. When there is none to be had, the connection comes back.
fn start(
    context: &Arc<Context>,
    connection: Connection,
    peer: Peer,
    slot: ConnectionSlot,
) -> Result<(), (String, Option<Connection>)> {
    let handed = Arc::new(Mutex::new(Some(connection)));
    let (context, ours) = (Arc::clone(context), Arc::clone(&handed));
    let work = move || {
        let _slot: ConnectionSlot = slot;
        let connection = lock(&handed).take();
        if let Some(connection) = connection {
            Session::new(context, connection, peer).run();
        }
    };
    match std::thread::Builder::new().name("session".into()).stack_size(STACK).spawn(work) {
        Ok(_) => Ok(()),
        Err(error) => Err((format!("no thread: {error}"), lock(&ours).take())),
    }
}
