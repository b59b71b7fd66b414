//! The daemon's life: start, accept, end.

use std::collections::HashMap;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use config::{Config, Source};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::SignalFd;
use nix::unistd::gethostname;
use plex::{Client, Settings, Token};
use policy::Rules;
use wire::{Connection, Deadline, Reply, Verdict};

use crate::friends::{self, Friends};
use crate::limits::{Limits, Slot};
use crate::log::Log;
use crate::login::Desk;
use crate::options::Options;
use crate::session::Session;
use crate::signout::{SignOut, Worker};
use crate::state::State;
use crate::throttle::Throttle;
use crate::{accounts, listener, privileges};

/// A conversation's thread holds no large buffers.
const STACK: usize = 512 * 1024;

/// Runs until a signal ends it.
///
/// # Errors
/// A sentence for the administrator: why it cannot start.
pub(crate) fn run(options: &Options, signals: &SignalFd, log: &Log) -> Result<(), String> {
    let user = privileges::intended(options.user.as_deref())?;
    privileges::directory(&options.state, 0o700, user.as_ref())?;
    let listener = listener::open(&options.socket, user.as_ref())?;
    if let Some(user) = &user {
        privileges::become_user(user)?;
    }
    privileges::harden()?;
    let config = config::load(&options.config).map_err(|problem| problem.to_string())?;
    warn_about(&config, log);
    let (desk, worker) = desk(config, State::open(&options.state)?, log)?;
    log.info(format!("plex-authd {} is ready", env!("CARGO_PKG_VERSION")));

    let limits = Arc::new(Limits::default());
    let throttle = Arc::new(Throttle::default());
    while wait(&listener.socket, signals)? {
        // Whoever connected may have left again already.
        let Ok((stream, _)) = listener.socket.accept() else { continue };
        if let Err(why) = serve(stream, &desk, &throttle, &limits) {
            log.warning(format!("a login could not be looked at: {why}"));
        }
    }

    drop(listener);
    if !limits.drain(desk.config.timeouts.login) {
        log.warning("ending while a login is still waiting for somebody to type");
    }
    end(desk, worker);
    log.info("plex-authd has ended");
    Ok(())
}

/// Waits for a connection; false when it is time to end.
fn wait(listener: &impl AsFd, signals: &SignalFd) -> Result<bool, String> {
    loop {
        let mut fds =
            [PollFd::new(signals.as_fd(), PollFlags::POLLIN), PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) => {
                let [signal, _] = fds;
                return Ok(!signal.any().unwrap_or(true));
            }
            Err(nix::Error::EINTR) => {}
            Err(error) => return Err(format!("waiting for logins: {error}")),
        }
    }
}

/// Gives a connection a thread of its own, if there is room for one more.
fn serve(stream: UnixStream, desk: &Arc<Desk>, throttle: &Arc<Throttle>, limits: &Arc<Limits>) -> Result<(), String> {
    let mut connection = Connection::accepted(stream).map_err(|error| error.to_string())?;
    let peer = connection.peer().map_err(|error| error.to_string())?;
    let Some(slot) = limits.take(peer.uid) else {
        // Said at once, so that the module need not wait for its own limit.
        let _ = connection.send(&Reply::Verdict(Verdict::Unavailable), Deadline::after(Duration::ZERO));
        return Err(format!("too many at once (uid {})", peer.uid));
    };
    let session = Session { desk: Arc::clone(desk), throttle: Arc::clone(throttle), connection, peer };
    let work = move || {
        let _slot: Slot = slot;
        session.run();
    };
    std::thread::Builder::new()
        .name("session".into())
        .stack_size(STACK)
        .spawn(work)
        .map(|_| ())
        .map_err(|error| format!("no thread: {error}"))
}

fn desk(config: Config, state: State, log: &Log) -> Result<(Arc<Desk>, Worker), String> {
    let settings = Settings {
        base: config.plex_url.clone(),
        ca_file: config.ca_file.clone(),
        connect_timeout: config.timeouts.connect,
        client_id: state.client_id().map_err(|error| format!("state.db: {error}"))?,
        device_name: gethostname().unwrap_or_default().to_string_lossy().into_owned(),
    };
    let client = Client::new(&settings).map_err(|error| error.to_string())?;
    let no_thread = |error: std::io::Error| format!("no thread: {error}");
    let friends = match &config.source {
        Source::Token(token) => {
            let source = friends::Source {
                client: client.clone(),
                token: Token::from(token.expose()),
                shares_of: config.machine_id.clone().filter(|_| config.strict_friends),
                owner_id: config.owner_id,
                fresh: config.timeouts.friend_list,
            };
            Some(Friends::start(source, log.clone()).map_err(no_thread)?)
        }
        Source::Resources { .. } => None,
    };
    let (sign_out, worker) = SignOut::start(client.clone(), log.clone()).map_err(no_thread)?;
    let rules = Rules {
        strict: config.strict_friends,
        admin: config.admin_account.clone(),
        fresh: config.timeouts.friend_list,
        known: config.timeouts.known_list,
    };
    let recent = Mutex::new(HashMap::new());
    let uid_min = accounts::uid_min();
    let desk = Desk { config, rules, uid_min, client, state, friends, sign_out, log: log.clone(), recent };
    Ok((Arc::new(desk), worker))
}

/// What is allowed but is hardly meant.
fn warn_about(config: &Config, log: &Log) {
    if config.users.is_empty() && config.group.is_none() {
        log.warning("neither [users] nor group is set: nobody can sign in with Plex");
    }
    match &config.group {
        Some(group) if !accounts::group_exists(group) => {
            log.warning(format!("there is no local group '{group}'; create it: groupadd {group}"));
        }
        _ => {}
    }
    for name in config.users.keys() {
        match accounts::look_up(name, config.group.as_deref()) {
            Ok(Some(account)) if config.group.is_some() && !account.in_group => log.warning(format!(
                "'{name}' stands in [users] but not in the group: while this daemon is stopped, the shipped PAM stacks \
                 take '{name}' for an ordinary local account"
            )),
            Ok(None) => log.warning(format!("'{name}' stands in [users], but there is no such local account")),
            _ => {}
        }
    }
}

/// Ends the threads: the list's at once, the sign-outs when they are done.
fn end(desk: Arc<Desk>, worker: Worker) {
    if let Some(friends) = &desk.friends {
        friends.stop();
    }
    drop(desk);
    worker.finish();
}
