//! The daemon's life: start, accept, end.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use config::{Config, Source};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::SignalFd;
use nix::unistd::gethostname;
use plex::{Client, Settings, Token};
use policy::{Circle, Rules, Throttle};
use wire::{Connection, Deadline, Reply, Verdict};

use crate::desk::Desk;
use crate::flights::Flights;
use crate::friends::{self, Friends};
use crate::gate::Gate;
use crate::ledger::Ledger;
use crate::limits::{Limits, Slot};
use crate::link_codes::LinkCodes;
use crate::log::Log;
use crate::media::Media;
use crate::memory::Memory;
use crate::options::Options;
use crate::pace::Pace;
use crate::session::Session;
use crate::signout::{self, SignOut};
use crate::{accounts, listener, privileges, state};

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
    let limits = Arc::new(Limits::default());
    let (desk, workers) = desk(config, options, &limits, log)?;
    log.info(format!("plex-authd {} is ready", env!("CARGO_PKG_VERSION")));
    warn_about(&desk);

    while wait(&listener.socket, signals)? {
        // Whoever connected may have left again already.
        let Ok((stream, _)) = listener.socket.accept() else { continue };
        if let Err(why) = serve(stream, &desk, &limits) {
            log.warning(format!("a login could not be looked at: {why}"));
        }
    }

    drop(listener);
    if !limits.drain(desk.config.timeouts.login) {
        log.warning("ending while a login is still waiting for somebody to type");
    }
    workers.finish(desk);
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
fn serve(stream: UnixStream, desk: &Arc<Desk>, limits: &Arc<Limits>) -> Result<(), String> {
    let mut connection = Connection::accepted(stream).map_err(|error| error.to_string())?;
    let peer = connection.peer().map_err(|error| error.to_string())?;
    let Some(slot) = limits.take(peer.uid) else {
        // Said at once, so that the module need not wait for its own limit.
        let _ = connection.send(&Reply::Verdict(Verdict::Unavailable), Deadline::after(Duration::ZERO));
        return Err(format!("too many at once (uid {})", peer.uid));
    };
    let session = Session::new(Arc::clone(desk), connection, peer);
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

fn desk(config: Config, options: &Options, limits: &Arc<Limits>, log: &Log) -> Result<(Arc<Desk>, Workers), String> {
    let no_thread = |error: std::io::Error| format!("no thread: {error}");
    let (store, kept, writer) = state::open(&options.state, log)?;
    let client = Client::new(&settings(&config, kept.client_id)).map_err(|error| error.to_string())?;
    let rules = Rules { strict: config.strict_friends, admin: config.admin_account.clone() };
    let memory = Arc::new(Memory::new(kept.hashed, config.cache.longest(), store.clone(), log.clone()));
    let hasher = config.cache.longest().map(|_| start_hasher(&memory)).transpose().map_err(no_thread)?;
    let friends = match &config.source {
        Source::Token(token) => {
            let source = friends::Source {
                client: client.clone(),
                token: Token::from(token.expose()),
                shares_of: config.machine_id.clone().filter(|_| config.strict_friends),
                owner_id: config.owner_id,
                fresh: config.timeouts.friend_list,
                patience: config.timeouts.login,
                mark: mark(&config),
                learnt: forget_who_is_gone(&memory, &rules),
            };
            Some(Friends::start(source, kept.circle, store.clone(), log.clone()).map_err(no_thread)?)
        }
        Source::Resources { .. } => None,
    };
    let (sign_out, signing_out) = SignOut::start(client.clone(), log.clone()).map_err(no_thread)?;
    let throttle = Throttle::new(config.throttle.clone(), kept.tries, kept.rejected, kept.closed);
    let media = config.server_url.clone().zip(config.machine_id.clone());
    let desk = Desk {
        rules,
        uid_min: accounts::uid_min(),
        client,
        friends,
        media: media.map(|(url, machine_id)| Media { url, machine_id }),
        gate: Arc::new(Gate::new(throttle, store.clone(), log.clone())),
        memory,
        flights: Flights::default(),
        link_codes: LinkCodes::default(),
        pace: Pace::default(),
        sign_out,
        ledger: Ledger::new(kept.logins, kept.last, store.clone()),
        store,
        pins: Mutex::new(kept.pins),
        recent: Mutex::new(kept.recent),
        log: log.clone(),
        config,
        config_file: options.config.clone(),
        limits: Arc::clone(limits),
    };
    Ok((Arc::new(desk), Workers { hasher, signing_out, writer }))
}

fn settings(config: &Config, client_id: String) -> Settings {
    Settings {
        base: config.plex_url.clone(),
        ca_file: config.ca_file.clone(),
        connect_timeout: config.timeouts.connect,
        client_id,
        device_name: gethostname().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

fn start_hasher(memory: &Arc<Memory>) -> std::io::Result<JoinHandle<()>> {
    let memory = Arc::clone(memory);
    std::thread::Builder::new().name("memory".into()).spawn(move || memory.run())
}

/// What tells friend lists apart: one that was read for another owner, server or rule says nothing about this one.
fn mark(config: &Config) -> String {
    let mut hasher = DefaultHasher::new();
    (&config.machine_id, config.strict_friends, config.plex_url.as_str()).hash(&mut hasher);
    if let Source::Token(token) = &config.source {
        token.expose().hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// Forgets the passwords of those who are no longer welcome, as soon as a list says so.
fn forget_who_is_gone(memory: &Arc<Memory>, rules: &Rules) -> Box<dyn Fn(&Circle) + Send + Sync> {
    let (memory, rules) = (Arc::clone(memory), rules.clone());
    Box::new(move |circle| {
        memory.forget_unless(|_, remembered| policy::welcome(&rules, circle, remembered.id).is_ok());
    })
}

/// What is allowed but is hardly meant. Accounts are looked up for it, which may ask other services and so take its time:
/// by now logins are being answered, which those services may be waiting for.
fn warn_about(desk: &Arc<Desk>) {
    let desk = Arc::clone(desk);
    // Without a thread there are no warnings, and soon no logins either.
    let _ = std::thread::Builder::new().name("warnings".into()).spawn(move || warnings(&desk));
}

fn warnings(desk: &Desk) {
    let (config, log) = (&desk.config, &desk.log);
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
        match accounts::look_up(name, config.group.as_deref(), desk.uid_min) {
            Ok(Some(account)) if config.group.is_some() && !account.in_group => log.warning(format!(
                "'{name}' stands in [users] but not in the group: while this daemon is stopped, the shipped PAM stacks \
                 take '{name}' for an ordinary local account"
            )),
            Ok(None) => log.warning(format!("'{name}' stands in [users], but there is no such local account")),
            _ => {}
        }
    }
}

/// The threads that outlive every login.
struct Workers {
    hasher: Option<JoinHandle<()>>,
    signing_out: signout::Worker,
    writer: state::Worker,
}

impl Workers {
    /// Ends the threads, each when it is done with what it still has to do.
    fn finish(self, desk: Arc<Desk>) {
        if let Some(friends) = &desk.friends {
            friends.stop();
        }
        desk.memory.stop();
        if let Some(hasher) = self.hasher {
            // Whether it ended well is of no consequence any more.
            let _ = hasher.join();
        }
        drop(desk);
        self.signing_out.finish();
        self.writer.finish();
    }
}
