//! What outlives a configuration, and what is made anew with each: the daemon reads its file again when it is told to,
//! without leaving its post, and logins that are under way end as they began.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use config::{Config, Source};
use plex::Token;
use policy::{BootTime, FriendList, IdentityBinding, PlexId, Rules, Throttle};
use system::accounts;

use crate::args::Args;
use crate::auth::account_locks::AccountLocks;
use crate::auth::media_server::MediaServer;
use crate::auth::reachability::Reachability;
use crate::auth::single_flight::SingleFlight;
use crate::auth::token_revoker::{self, TokenRevoker};
use crate::context::Context;
use crate::helpers::local_password::Shadow;
use crate::helpers::smb::{self, Samba};
use crate::limits::connections::Connections;
use crate::limits::link_slots::LinkSlots;
use crate::limits::rate_limiter::RateLimiter;
use crate::limits::refusal_delay::RefusalDelay;
use crate::lock::lock;
use crate::log::Log;
use crate::state::audit_log::{AuditLog, MAX_ENTRIES};
use crate::state::friend_list::{self, FriendListCache};
use crate::state::identities::Identities;
use crate::state::password_cache::PasswordCache;
use crate::state::store::{self, Store, StoredHash};

/// What outlives a configuration.
pub(crate) struct Daemon {
    config_file: PathBuf,
    identities: Identities,
    limits: Arc<Connections>,
    limiter: Arc<RateLimiter>,
    audit_log: Arc<AuditLog>,
    pace: Arc<RefusalDelay>,
    link_codes: LinkSlots,
    turns: AccountLocks,
    sign_out: TokenRevoker,
    signing_out: token_revoker::Worker,
    pins: Arc<Mutex<HashMap<String, IdentityBinding>>>,
    recent: Arc<Mutex<HashMap<String, (PlexId, BootTime)>>>,
    hashed: Arc<Mutex<HashMap<String, StoredHash>>>,
    store: Store,
    log: Log,
    writer: store::Worker,
    /// The threads of configurations that are no longer in force.
    retired: Vec<Workers>,
}

/// What belongs to one configuration.
pub(crate) struct Generation {
    pub context: Arc<Context>,
    workers: Workers,
}

/// The threads that outlive every login.
struct Workers {
    hasher: Option<JoinHandle<()>>,
    in_step: Option<smb::Worker>,
}

impl Daemon {
    /// Opens the state and makes the first room.
    ///
    /// # Errors
    /// A sentence for the administrator.
    pub(crate) fn open(config: Config, options: &Args, log: &Log) -> Result<(Self, Generation), String> {
        let (store, saved, writer) =
            store::open(&options.state, MAX_ENTRIES, log).map_err(|error| error.to_string())?;
        let throttle = Throttle::new(config.throttle.clone(), saved.failures, saved.rejected, saved.breaker);
        let turns = AccountLocks::default();
        let (sign_out, signing_out) = TokenRevoker::start(turns.clone(), log.clone()).map_err(no_thread)?;
        let daemon = Self {
            config_file: options.config.clone(),
            identities: Identities::open(saved.client_id, &config, &options.state, log),
            limits: Arc::default(),
            limiter: Arc::new(RateLimiter::new(throttle, store.clone(), log.clone())),
            audit_log: Arc::new(AuditLog::new(saved.logins, saved.last_logins, store.clone())),
            pace: Arc::default(),
            link_codes: LinkSlots::default(),
            turns,
            sign_out,
            signing_out,
            pins: Arc::new(Mutex::new(saved.bindings)),
            recent: Arc::new(Mutex::new(saved.recent_sign_ins)),
            hashed: Arc::new(Mutex::new(saved.passwords)),
            store,
            log: log.clone(),
            writer,
            retired: Vec::new(),
        };
        let room = daemon.room(config, saved.friend_list)?;
        Ok((daemon, room))
    }

    /// Reads the configuration again. When it is broken the old one stays in force.
    ///
    /// # Errors
    /// A sentence for the administrator.
    pub(crate) fn reload(&mut self, old: &mut Generation) -> Result<(), String> {
        let config = config::load(&self.config_file).map_err(|problem| problem.to_string())?;
        // Logins that are under way sign in with the identifiers that they began with.
        if self.identities.are_confused(&config) {
            let why = "client_identifier is what plex.tv knows this daemon's sign-ins by; they must be two devices: run \
                       plex-auth setup --sign-in link";
            return Err(why.into());
        }
        let list = old.context.friends.as_ref().and_then(|friends| friends.kept());
        let throttle = config.throttle.clone();
        let new = self.room(config, list)?;
        self.limiter.follow(throttle);
        let Generation { context, workers } = std::mem::replace(old, new);
        // Logins that are under way still ask what they began to ask; the last of them takes the rest along.
        context.retire();
        self.retired.retain(|workers| !workers.are_done());
        self.retired.push(workers);
        Ok(())
    }

    /// How many logins are under way.
    pub(crate) fn limits(&self) -> &Arc<Connections> {
        &self.limits
    }

    fn room(&self, config: Config, list: Option<(String, FriendList)>) -> Result<Generation, String> {
        let Self { store, log, .. } = self;
        let client = self.identities.client(&config).map_err(|error| error.to_string())?;
        let devices = self.identities.devices(&client);
        let rules = config.rules();
        let longest = config.cache.longest();
        let memory = Arc::new(PasswordCache::new(Arc::clone(&self.hashed), longest, store.clone(), log.clone()));
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
                let source = friend_list::Source {
                    client,
                    token,
                    shares_of: config.machine_id.clone().filter(|_| config.strict_friends),
                    owner_id: config.owner_id,
                    fresh: config.timeouts.friend_list,
                    patience: config.timeouts.login,
                    mark: mark(&config),
                    on_update: on_a_new_list(&memory, &rules, samba.clone(), &self.pins),
                };
                Some(FriendListCache::start(source, list, store.clone(), log.clone()).map_err(no_thread)?)
            }
            Source::Resources { .. } => None,
        };
        let media = config.server_url.clone().zip(config.machine_id.clone());
        let context = Context {
            rules,
            uid_min: accounts::uid_min(),
            devices,
            friends,
            media: media.map(|(url, machine_id)| MediaServer { url, machine_id }),
            limiter: Arc::clone(&self.limiter),
            reach: Reachability::default(),
            memory,
            single_flight: SingleFlight::default(),
            link_codes: self.link_codes.clone(),
            pace: Arc::clone(&self.pace),
            turns: self.turns.clone(),
            sign_out: self.sign_out.clone(),
            samba,
            shadow: Shadow::new(log.clone()),
            audit_log: Arc::clone(&self.audit_log),
            store: store.clone(),
            pins: Arc::clone(&self.pins),
            recent: Arc::clone(&self.recent),
            log: log.clone(),
            config,
            config_file: self.config_file.clone(),
            read: std::time::Instant::now(),
            limits: Arc::clone(&self.limits),
        };
        Ok(Generation { context: Arc::new(context), workers: Workers { hasher, in_step } })
    }

    /// Ends the threads, each when it is done with what it still has to do.
    pub(crate) fn close(self, room: Generation) {
        let Self { limiter, audit_log, store, writer, sign_out, signing_out, mut retired, .. } = self;
        room.context.retire();
        retired.push(room.workers);
        drop((room.context, limiter, audit_log, store, sign_out));
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

fn start_hasher(memory: &Arc<PasswordCache>) -> std::io::Result<JoinHandle<()>> {
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
    memory: &Arc<PasswordCache>,
    rules: &Rules,
    samba: Option<Samba>,
    pins: &Arc<Mutex<HashMap<String, IdentityBinding>>>,
) -> Box<dyn Fn(&FriendList) + Send + Sync> {
    let (memory, rules, pins) = (Arc::clone(memory), rules.clone(), Arc::clone(pins));
    Box::new(move |circle| {
        memory.forget_unless(|_, remembered| rules.is_permitted(circle, remembered.id).is_ok());
        if let Some(samba) = &samba {
            samba.people(circle, pinned(&pins));
        }
    })
}

/// Whom accounts have belonged to since their first login.
fn pinned(pins: &Mutex<HashMap<String, IdentityBinding>>) -> Vec<(String, IdentityBinding)> {
    lock(pins).iter().map(|(account, pin)| (account.clone(), pin.clone())).collect()
}
