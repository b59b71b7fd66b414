//! What outlives a configuration, and what is made anew with each: the daemon reads its file again when it is told to,
//! without leaving its post, and logins that are under way end as they began.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use config::{Config, Source};
use facts::accounts;
use plex::Token;
use policy::{Circle, Moment, Pin, PlexId, Rules, Throttle};

use crate::desk::Desk;
use crate::flights::Flights;
use crate::friends::{self, Friends};
use crate::gate::Gate;
use crate::identities::Identities;
use crate::ledger::Ledger;
use crate::limits::Limits;
use crate::link_codes::LinkCodes;
use crate::lock::lock;
use crate::log::Log;
use crate::media::Media;
use crate::memory::Memory;
use crate::options::Options;
use crate::pace::Pace;
use crate::reach::Reach;
use crate::samba::{self, Samba};
use crate::shadow::Shadow;
use crate::signout::{self, SignOut};
use crate::state::{self, Hashed, Store};
use crate::turns::Turns;

/// What outlives a configuration.
pub(crate) struct House {
    config_file: PathBuf,
    identities: Identities,
    limits: Arc<Limits>,
    gate: Arc<Gate>,
    ledger: Arc<Ledger>,
    pace: Arc<Pace>,
    link_codes: LinkCodes,
    turns: Turns,
    sign_out: SignOut,
    signing_out: signout::Worker,
    pins: Arc<Mutex<HashMap<String, Pin>>>,
    recent: Arc<Mutex<HashMap<String, (PlexId, Moment)>>>,
    hashed: Arc<Mutex<HashMap<String, Hashed>>>,
    store: Store,
    log: Log,
    writer: state::Worker,
    /// The threads of configurations that are no longer in force.
    retired: Vec<Workers>,
}

/// What belongs to one configuration.
pub(crate) struct Room {
    pub desk: Arc<Desk>,
    workers: Workers,
}

/// The threads that outlive every login.
struct Workers {
    hasher: Option<JoinHandle<()>>,
    in_step: Option<samba::Worker>,
}

impl House {
    /// Opens the state and makes the first room.
    ///
    /// # Errors
    /// A sentence for the administrator.
    pub(crate) fn open(config: Config, options: &Options, log: &Log) -> Result<(Self, Room), String> {
        let (store, kept, writer) = state::open(&options.state, log)?;
        let throttle = Throttle::new(config.throttle.clone(), kept.tries, kept.rejected, kept.closed);
        let turns = Turns::default();
        let (sign_out, signing_out) = SignOut::start(turns.clone(), log.clone()).map_err(no_thread)?;
        let house = Self {
            config_file: options.config.clone(),
            identities: Identities::open(kept.client_id, &config, &options.state, log),
            limits: Arc::default(),
            gate: Arc::new(Gate::new(throttle, store.clone(), log.clone())),
            ledger: Arc::new(Ledger::new(kept.logins, kept.last, store.clone())),
            pace: Arc::default(),
            link_codes: LinkCodes::default(),
            turns,
            sign_out,
            signing_out,
            pins: Arc::new(Mutex::new(kept.pins)),
            recent: Arc::new(Mutex::new(kept.recent)),
            hashed: Arc::new(Mutex::new(kept.hashed)),
            store,
            log: log.clone(),
            writer,
            retired: Vec::new(),
        };
        let room = house.room(config, kept.circle)?;
        Ok((house, room))
    }

    /// Reads the configuration again. When it is broken the old one stays in force.
    ///
    /// # Errors
    /// A sentence for the administrator.
    pub(crate) fn reload(&mut self, old: &mut Room) -> Result<(), String> {
        let config = config::load(&self.config_file).map_err(|problem| problem.to_string())?;
        // Logins that are under way sign in with the identifiers that they began with.
        if self.identities.are_confused(&config) {
            let why = "client_identifier is what plex.tv knows this daemon's sign-ins by; they must be two devices: run \
                       plex-auth setup --sign-in link";
            return Err(why.into());
        }
        let list = old.desk.friends.as_ref().and_then(|friends| friends.kept());
        let throttle = config.throttle.clone();
        let new = self.room(config, list)?;
        self.gate.follow(throttle);
        let Room { desk, workers } = std::mem::replace(old, new);
        // Logins that are under way still ask what they began to ask; the last of them takes the rest along.
        desk.retire();
        self.retired.retain(|workers| !workers.are_done());
        self.retired.push(workers);
        Ok(())
    }

    /// How many logins are under way.
    pub(crate) fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    fn room(&self, config: Config, list: Option<(String, Circle)>) -> Result<Room, String> {
        let Self { store, log, .. } = self;
        let client = self.identities.client(&config).map_err(|error| error.to_string())?;
        let devices = self.identities.devices(&client);
        let rules = Rules { strict: config.strict_friends, admin: config.admin_account.clone() };
        let longest = config.cache.longest();
        let memory = Arc::new(Memory::new(Arc::clone(&self.hashed), longest, store.clone(), log.clone()));
        let hasher = longest.map(|_| start_hasher(&memory)).transpose().map_err(no_thread)?;
        let listed = list.as_ref().filter(|(of, _)| *of == mark(&config)).map(|(_, circle)| circle.clone());
        let samba = config
            .samba
            .sync_password
            .then(|| Samba::start(&config, rules.clone(), listed, pinned(&self.pins), log.clone()));
        let (samba, in_step) = samba.transpose().map_err(no_thread)?.unzip();
        let friends = match &config.source {
            Source::Token(token) => {
                let token = Token::from(token.expose());
                self.sign_out.keep(&token);
                let source = friends::Source {
                    client,
                    token,
                    shares_of: config.machine_id.clone().filter(|_| config.strict_friends),
                    owner_id: config.owner_id,
                    fresh: config.timeouts.friend_list,
                    patience: config.timeouts.login,
                    mark: mark(&config),
                    learnt: on_a_new_list(&memory, &rules, samba.clone(), &self.pins),
                };
                Some(Friends::start(source, list, store.clone(), log.clone()).map_err(no_thread)?)
            }
            Source::Resources { .. } => None,
        };
        let media = config.server_url.clone().zip(config.machine_id.clone());
        let desk = Desk {
            rules,
            uid_min: accounts::uid_min(),
            devices,
            friends,
            media: media.map(|(url, machine_id)| Media { url, machine_id }),
            gate: Arc::clone(&self.gate),
            reach: Reach::default(),
            memory,
            flights: Flights::default(),
            link_codes: self.link_codes.clone(),
            pace: Arc::clone(&self.pace),
            turns: self.turns.clone(),
            sign_out: self.sign_out.clone(),
            samba,
            shadow: Shadow::new(log.clone()),
            ledger: Arc::clone(&self.ledger),
            store: store.clone(),
            pins: Arc::clone(&self.pins),
            recent: Arc::clone(&self.recent),
            log: log.clone(),
            config,
            config_file: self.config_file.clone(),
            read: std::time::Instant::now(),
            limits: Arc::clone(&self.limits),
        };
        Ok(Room { desk: Arc::new(desk), workers: Workers { hasher, in_step } })
    }

    /// Ends the threads, each when it is done with what it still has to do.
    pub(crate) fn close(self, room: Room) {
        let Self { gate, ledger, store, writer, sign_out, signing_out, mut retired, .. } = self;
        room.desk.retire();
        retired.push(room.workers);
        drop((room.desk, gate, ledger, store, sign_out));
        for workers in retired {
            workers.finish();
        }
        signing_out.finish();
        writer.finish();
    }
}

impl Workers {
    fn are_done(&self) -> bool {
        self.hasher.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn finish(self) {
        if let Some(hasher) = self.hasher {
            // Whether it ended well is of no consequence any more.
            let _ = hasher.join();
        }
        if let Some(in_step) = self.in_step {
            in_step.finish();
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn no_thread(error: std::io::Error) -> String {
    format!("no thread: {error}")
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

/// Forgets the passwords of those who are no longer welcome, as soon as a list says so, and has Samba follow.
fn on_a_new_list(
    memory: &Arc<Memory>,
    rules: &Rules,
    samba: Option<Samba>,
    pins: &Arc<Mutex<HashMap<String, Pin>>>,
) -> Box<dyn Fn(&Circle) + Send + Sync> {
    let (memory, rules, pins) = (Arc::clone(memory), rules.clone(), Arc::clone(pins));
    Box::new(move |circle| {
        memory.forget_unless(|_, remembered| policy::welcome(&rules, circle, remembered.id).is_ok());
        if let Some(samba) = &samba {
            samba.people(circle, pinned(&pins));
        }
    })
}

/// Whom accounts have belonged to since their first login.
fn pinned(pins: &Mutex<HashMap<String, Pin>>) -> Vec<(String, Pin)> {
    lock(pins).iter().map(|(account, pin)| (account.clone(), pin.clone())).collect()
}
