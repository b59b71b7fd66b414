//! The main loop: accept connections, reload, end.

use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::config_warnings;
use crate::daemon::Daemon;
use crate::dispatch::serve;
use crate::error::Error;
use crate::log::Log;
use crate::service_manager::{self, ServiceManager};
use crate::signals::{SignalEvent, Signals};
use crate::startup::Started;
use crate::unread::{Group, Read, Unread};

/// Descriptors for all sessions, the connections that are not read yet, and those to plex.tv; the usual limit is 1024.
const DESCRIPTORS: u64 = 4096;

/// Pause after an `accept` that failed, as it does without a free descriptor. The connection stays in the socket's queue.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// The most connections that are accepted before those that are readable are read.
const ACCEPTED_AT_ONCE: usize = 64;

/// Runs until a signal ends it.
///
/// # Errors
/// [`Error`]: the daemon cannot wait for connections.
pub(crate) fn run(started: Started, log: &Log) -> Result<(), Error> {
    let Started { signals, listener, mut daemon, reserve } = started;
    raise_descriptor_limit();
    let mut service_manager = ServiceManager::new();
    daemon.context().settings.trusted_callers.look_up();
    service_manager::ready();
    log.info(format!("plex-authd {} is ready", env!("CARGO_PKG_VERSION")));
    config_warnings::log_in_background(daemon.context());

    let mut unread = Unread::default();
    loop {
        let ready = wait(&signals, listener.socket(), &unread, &mut service_manager)?;
        let mut read = unread.read(&ready.requests);
        if ready.connection {
            // Several for each wait, so that connections of other users' processes delay a login's by less.
            for _ in 0..ACCEPTED_AT_ONCE {
                let Some(added) = accept(listener.socket(), &mut unread, &daemon) else { break };
                read.extend(added);
            }
        }
        for read in read {
            serve(read, daemon.context(), &reserve);
        }
        match ready.signal.then(|| signals.next()) {
            Some(SignalEvent::Reload) => reload(&mut daemon, log),
            Some(SignalEvent::End) => break,
            None => {}
        }
    }

    service_manager::stopping();
    drop(listener);
    // Account phases whose requests have arrived are still decided.
    let all = vec![true; unread.poll_fds().count()];
    for read in unread.read(&all) {
        serve(read, daemon.context(), &reserve);
    }
    unread.close();
    daemon.limits().connections.end();
    if !daemon.limits().connections.drain(daemon.context().settings.config.timeouts.login) {
        log.warning("ending while a login is still in progress");
    }
    reserve.finish();
    daemon.close();
    log.info("plex-authd has ended");
    Ok(())
}

fn raise_descriptor_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let wanted = DESCRIPTORS.min(hard);
        if soft < wanted {
            // Without it, connections above the limit wait in the socket's queue.
            let _ = setrlimit(Resource::RLIMIT_NOFILE, wanted, hard);
        }
    }
}

fn reload(daemon: &mut Daemon, log: &Log) {
    service_manager::reloading();
    let callers = Arc::clone(&daemon.context().settings.trusted_callers);
    match daemon.reload() {
        Ok(()) => {
            log.info("the configuration has been read again");
            daemon.context().settings.trusted_callers.look_up_again(&callers);
            config_warnings::log_in_background(daemon.context());
        }
        Err(error) => log.error(format!("{error}; the previous configuration stays in use")),
    }
    service_manager::ready();
}

/// Accepts a connection, if one waits. Returns it if its request is there already, and one that makes room for it.
fn accept(listener: &UnixListener, unread: &mut Unread, daemon: &Daemon) -> Option<Vec<Read>> {
    let stream = match listener.accept() {
        Ok((stream, _)) => stream,
        Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
        // The client has disconnected again.
        Err(error) if error.kind() == ErrorKind::ConnectionAborted => return Some(Vec::new()),
        Err(_) => {
            std::thread::sleep(ACCEPT_PAUSE);
            return None;
        }
    };
    let callers = &daemon.context().settings.trusted_callers;
    let group = |uid| if uid == 0 || callers.were_trusted(uid) { Group::Service } else { Group::User };
    // Without its user, nothing can be said to a process.
    Some(unread.add(stream, group).unwrap_or_default())
}

/// Work that needs no waiting.
struct Ready {
    signal: bool,
    connection: bool,
    /// By connection of [`Unread`].
    requests: Vec<bool>,
}

/// Waits for an event or a connection's time limit, with watchdog messages to the service manager.
fn wait(
    signals: &Signals,
    listener: &impl AsFd,
    unread: &Unread,
    service_manager: &mut ServiceManager,
) -> Result<Ready, Error> {
    let mut fds =
        vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN), PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    fds.extend(unread.poll_fds());
    let due = [unread.deadline(), service_manager.due()].into_iter().flatten().min();
    let timeout = due.map_or(PollTimeout::NONE, |due| {
        let left = due.saturating_duration_since(Instant::now()).as_micros().div_ceil(1000);
        PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
    });
    match poll(&mut fds, timeout) {
        Ok(_) | Err(nix::Error::EINTR) => {}
        Err(error) => return Err(Error::Poll(error)),
    }
    service_manager.alive();
    let mut ready = fds.iter().map(PollFd::any);
    // An unreadable signal counts as one.
    let (signal, connection) = (ready.next().flatten().unwrap_or(true), ready.next().flatten().unwrap_or(true));
    Ok(Ready { signal, connection, requests: ready.map(|ready| ready.unwrap_or(true)).collect() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;
    use crate::auth::token_revoker;
    use crate::{log, reserve, worker};

    /// A service manager that kills the daemon earlier leaves tokens that are valid for weeks.
    #[test]
    fn r63_service_managers_wait_for_the_longest_end() {
        // Logins in progress, account phases, threads of the generations, revocations, `state.db`, and the log.
        let longest = config::MAX_LOGIN
            + reserve::LAST_REQUESTS
            + worker::SHUTDOWN_LIMIT
            + token_revoker::LONGEST_END
            + worker::SHUTDOWN_LIMIT
            + log::LAST_LINES;
        let number = |text: &str, before: &str, after: char| -> u64 {
            let rest = text.lines().find_map(|line| line.strip_prefix(before)).unwrap();
            rest.split(after).next().unwrap().parse().unwrap()
        };
        let openrc = include_str!("../../../packaging/openrc/plex-authd");
        let systemd = include_str!("../../../packaging/systemd/plex-authd.service");
        for limit in [number(openrc, "retry=\"TERM/", '/'), number(systemd, "TimeoutStopSec=", 's')] {
            assert!(Duration::from_secs(limit) > longest, "{limit} s of {longest:?}");
        }
        let threads = number(openrc, "pids.max ", '}');
        assert!(threads >= policy::MAX_SESSIONS as u64 + 64, "{threads} threads");
    }
}
