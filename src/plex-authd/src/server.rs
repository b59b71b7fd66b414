//! The main loop: accept connections, reload, end.

use std::fmt;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use nix::poll::{PollFd, PollFlags, poll};
use protocol::Connection;

use crate::config_warnings;
use crate::context::Context;
use crate::error::Error;
use crate::limits::connections::ConnectionSlot;
use crate::log::Log;
use crate::reserve::{Reserve, STACK};
use crate::service_manager::{self, ServiceManager};
use crate::session::Session;
use crate::signals::{SignalEvent, Signals};
use crate::startup::Started;

/// Runs until a signal ends it.
///
/// # Errors
/// [`Error`]: the daemon cannot wait for connections.
pub(crate) fn run(started: Started, log: &Log) -> Result<(), Error> {
    let Started { signals, listener, mut daemon, reserve } = started;
    let service_manager = ServiceManager::new();
    service_manager::ready();
    log.info(format!("plex-authd {} is ready", env!("CARGO_PKG_VERSION")));
    config_warnings::log_in_background(daemon.context());

    loop {
        match wait(listener.socket(), &signals, &service_manager)? {
            Event::Connection => {
                // The client may have disconnected again.
                let Ok((stream, _)) = listener.socket().accept() else { continue };
                if let Err(error) = serve(stream, daemon.context(), &reserve) {
                    log.warning(format!("a login could not be looked at: {error}"));
                }
            }
            Event::Reload => {
                service_manager::reloading();
                match daemon.reload() {
                    Ok(()) => {
                        log.info("the configuration has been read again");
                        config_warnings::log_in_background(daemon.context());
                    }
                    Err(error) => log.error(format!("{error}; the configuration that was read before stays in force")),
                }
                service_manager::ready();
            }
            Event::End => break,
        }
    }

    service_manager::stopping();
    drop(listener);
    if !daemon.limits().connections.drain(daemon.context().settings.config.timeouts.login) {
        log.warning("ending while a login is still waiting for somebody to type");
    }
    daemon.close();
    log.info("plex-authd has ended");
    Ok(())
}

enum Event {
    Connection,
    Reload,
    End,
}

/// Waits for an event, with watchdog messages to the service manager.
fn wait(listener: &impl AsFd, signals: &Signals, service_manager: &ServiceManager) -> Result<Event, Error> {
    loop {
        let mut fds =
            [PollFd::new(signals.as_fd(), PollFlags::POLLIN), PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, service_manager.interval()) {
            Ok(_) => {
                let [signal, connection] = fds;
                service_manager.alive();
                // An unreadable signal counts as the end.
                if signal.any().unwrap_or(true) {
                    return Ok(if signals.next() == SignalEvent::Reload { Event::Reload } else { Event::End });
                }
                if connection.any().unwrap_or(true) {
                    return Ok(Event::Connection);
                }
            }
            Err(nix::Error::EINTR) => {}
            Err(error) => return Err(Error::Poll(error)),
        }
    }
}

/// Why a connection has no thread of its own.
enum NotServed {
    Connection(protocol::Error),
    /// The limit of connections; the caller's uid.
    TooMany(u32),
    NoThread(std::io::Error),
}

impl fmt::Display for NotServed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(error) => error.fmt(f),
            Self::TooMany(uid) => write!(f, "too many at once (uid {uid})"),
            Self::NoThread(error) => write!(f, "no thread: {error}"),
        }
    }
}

/// Serves a connection in a thread of its own; without a slot or a thread, in the reserve.
fn serve(stream: UnixStream, context: &Arc<Context>, reserve: &Reserve) -> Result<(), NotServed> {
    let connection = Connection::accepted(stream).map_err(NotServed::Connection)?;
    let peer = connection.peer().map_err(NotServed::Connection)?;
    let session = Session::new(Arc::clone(context), connection, peer);
    let Some(slot) = context.limits.connections.acquire(peer.uid) else {
        reserve.push(session);
        return Err(NotServed::TooMany(peer.uid));
    };
    // The session is sent to the thread after its start, so that it is not lost if there is none.
    let (sender, receiver) = sync_channel::<Session>(1);
    let run = move || {
        let _slot: ConnectionSlot = slot;
        if let Ok(session) = receiver.recv() {
            session.run();
        }
    };
    match std::thread::Builder::new().name("session".into()).stack_size(STACK).spawn(run) {
        Ok(_) => {
            let _ = sender.send(session);
            Ok(())
        }
        Err(error) => {
            reserve.push(session);
            Err(NotServed::NoThread(error))
        }
    }
}
