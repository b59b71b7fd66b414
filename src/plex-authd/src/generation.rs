//! The context of one configuration, with its threads.

use std::sync::Arc;
use std::thread::JoinHandle;

use config::{Config, Source};
use plex::{Client, Token};
use policy::FriendList;

use crate::auth::media_server::MediaServer;
use crate::auth::plex_tv::PlexTv;
use crate::auth::reachability::Reachability;
use crate::auth::single_flight::SingleFlight;
use crate::context::Context;
use crate::error::Error;
use crate::helpers::Helpers;
use crate::helpers::local_password::LocalPasswords;
use crate::helpers::smb::SmbQueue;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::state::friend_list::{self, FriendListCache, SavedList};
use crate::state::member_watch::{self, MemberWatch};
use crate::state::members::Members;
use crate::state::password_cache::PasswordCache;
use crate::worker::Worker;

/// A configuration in force. Sessions in progress keep its context after a reload.
pub(crate) struct Generation {
    pub context: Arc<Context>,
    /// `None` with an owner's token.
    member_watch: Option<MemberWatch>,
    workers: Workers,
}

/// Threads that outlive every session of the generation.
pub(crate) struct Workers {
    expiry: Option<JoinHandle<()>>,
    hasher: Option<JoinHandle<()>>,
    smb: Option<Worker>,
    members: Option<Worker>,
}

impl Generation {
    /// Builds the context of `config` and starts its threads. `saved` is the last friend list.
    ///
    /// # Errors
    /// [`Error::Client`] or [`Error::Thread`]
    pub(crate) fn start(shared: &Shared, config: Config, saved: Option<SavedList>) -> Result<Self, Error> {
        let Shared { identities, limits, account_locks, token_revoker, heartbeats, audit_log, store, log, .. } = shared;
        let settings = Arc::new(Settings::new(config, shared.config_file.clone()));
        let config = &settings.config;
        let client = shared.device_ids.client(config).map_err(Error::Client)?;
        let devices = shared.device_ids.devices(&client);
        let passwords = PasswordCache::new(shared.cached_passwords.clone(), config.cache, store.clone(), log.clone());
        let passwords = Arc::new(passwords);
        let expiry = config.cache.remember.map(|_| spawn("expiry", &passwords, PasswordCache::expire)).transpose()?;
        let hasher = config.cache.offline.map(|_| spawn("hasher", &passwords, PasswordCache::hash)).transpose()?;
        let listed =
            saved.as_ref().filter(|saved| saved.scope_id == settings.scope_id()).map(|saved| saved.list.clone());
        let start_smb = || SmbQueue::start(Arc::clone(&settings), listed, identities.bindings(), log.clone());
        let (smb, smb_worker) = config.samba.sync_password.then(start_smb).transpose()?.unzip();
        let owner_client = shared.device_ids.for_owner(&client, config);
        let source = list_source(shared, &settings, owner_client, &passwords, smb.as_ref());
        let friends = source.map(|source| FriendListCache::start(source, saved, store.clone(), log.clone()));
        let start_watch = || {
            let members = Members::new(Arc::clone(&settings), Arc::clone(identities), log.clone());
            member_watch::start(members, config.timeouts.friend_list)
        };
        let (member_watch, watch_worker) = friends.is_none().then(start_watch).transpose()?.unzip();
        let media_server = config.server_url.clone().zip(config.machine_id.clone());
        let context = Context {
            friends: friends.transpose()?,
            identities: Arc::clone(identities),
            passwords,
            limits: Arc::clone(limits),
            plex_tv: PlexTv {
                devices,
                account_locks: account_locks.clone(),
                token_revoker: token_revoker.clone(),
                reachability: Reachability::default(),
                media_server: media_server.map(|(url, machine_id)| MediaServer { url, machine_id }),
                in_flight: SingleFlight::default(),
            },
            helpers: Helpers { smb, local_passwords: LocalPasswords::new(log.clone()) },
            heartbeats: heartbeats.clone(),
            audit_log: Arc::clone(audit_log),
            store: store.clone(),
            log: log.clone(),
            settings,
        };
        let workers = Workers { expiry, hasher, smb: smb_worker, members: watch_worker };
        Ok(Self { context: Arc::new(context), member_watch, workers })
    }

    /// The generation is now in force.
    pub(crate) fn begin(&self) {
        self.context.passwords.begin();
    }

    /// The friend list for the next generation.
    pub(crate) fn friend_list(&self) -> Option<SavedList> {
        self.context.friends.as_ref().and_then(|friends| friends.saved())
    }

    /// Ends the threads that only later sessions would need. The others end with the last session.
    pub(crate) fn retire(self) -> Workers {
        self.context.retire();
        drop(self.member_watch);
        self.workers
    }
}

impl Workers {
    /// The last session has ended.
    pub(crate) fn are_done(&self) -> bool {
        [&self.expiry, &self.hasher].into_iter().flatten().all(JoinHandle::is_finished)
    }

    /// The threads that are left.
    pub(crate) fn threads(&self) -> impl Iterator<Item = &JoinHandle<()>> {
        [&self.expiry, &self.hasher]
            .into_iter()
            .flatten()
            .chain([&self.smb, &self.members].into_iter().flatten().map(Worker::thread))
    }
}

fn spawn(name: &str, passwords: &Arc<PasswordCache>, run: fn(&PasswordCache)) -> std::io::Result<JoinHandle<()>> {
    let passwords = Arc::clone(passwords);
    std::thread::Builder::new().name(name.into()).spawn(move || run(&passwords))
}

/// Source of the friend list; `None` without an owner's token.
fn list_source(
    shared: &Shared,
    settings: &Arc<Settings>,
    client: Client,
    passwords: &Arc<PasswordCache>,
    smb: Option<&SmbQueue>,
) -> Option<friend_list::Source> {
    let Settings { config, rules, .. } = &**settings;
    let Source::Token(token) = &config.source else { return None };
    let token = Token::from(token.expose());
    shared.token_revoker.never_revoke(&token);
    let (passwords, identities) = (Arc::clone(passwords), Arc::clone(&shared.identities));
    let (judged_by, smb) = (rules.clone(), smb.cloned());
    // As soon as a list shows that a user has lost access, their cached password is deleted, and Samba follows.
    let on_update = move |list: &FriendList| {
        passwords.retain(|cached| judged_by.is_permitted(list, cached.id).is_ok());
        if let Some(smb) = &smb {
            smb.follow(list, identities.bindings());
        }
    };
    Some(friend_list::Source {
        client,
        token,
        machine_id: config.machine_id.clone(),
        strict: config.strict_friends,
        owner_id: config.owner_id,
        has_identity: config.client_identifier.is_some(),
        max_age: config.timeouts.friend_list,
        timeout: config.timeouts.login,
        scope_id: settings.scope_id(),
        rules: rules.clone(),
        members: Members::new(Arc::clone(settings), Arc::clone(&shared.identities), shared.log.clone()),
        on_update: Box::new(on_update),
        limits: Arc::clone(&shared.limits),
    })
}
