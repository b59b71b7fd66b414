//! State that survives a reload.

use std::path::PathBuf;
use std::sync::Arc;

use config::Config;
use policy::Throttle;

use crate::args::Args;
use crate::auth::account_locks::AccountLocks;
use crate::auth::token_revoker::{RevokerWorker, TokenRevoker};
use crate::clock;
use crate::error::Error;
use crate::heartbeat::{HeartbeatWorker, Heartbeats};
use crate::limits::Limits;
use crate::limits::link_slots::LinkSlots;
use crate::limits::rate_limiter::RateLimiter;
use crate::limits::refusal_delay::RefusalDelay;
use crate::log::Log;
use crate::state::audit_log::AuditLog;
use crate::state::device_ids::DeviceIds;
use crate::state::friend_list::{SavedList, Suspicion};
use crate::state::identities::Identities;
use crate::state::password_cache::{Cached, PasswordHashes, PasswordTags};
use crate::state::store::{self, Store};
use crate::worker::Worker;

/// State that every generation of the configuration uses.
pub(crate) struct Shared {
    pub config_file: PathBuf,
    pub device_ids: DeviceIds,
    pub identities: Arc<Identities>,
    pub cached_passwords: Cached,
    pub limits: Arc<Limits>,
    pub account_locks: AccountLocks,
    pub token_revoker: TokenRevoker,
    pub heartbeats: Heartbeats,
    pub audit_log: Arc<AuditLog>,
    pub store: Store,
    pub log: Log,
}

/// Threads that end after every [`Shared`] value has been dropped.
pub(crate) struct Workers {
    heartbeat: HeartbeatWorker,
    revoker: RevokerWorker,
    writer: Worker,
}

impl Shared {
    /// Reads the state directory and starts the threads.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Thread`]
    pub(crate) fn open(config: &Config, args: &Args, log: &Log) -> Result<(Self, Workers, Option<SavedList>), Error> {
        let (store, saved, writer) = store::open(&args.state, log).map_err(Error::Store)?;
        let throttle = Throttle::new(config.throttle.clone(), saved.limits);
        let account_locks = AccountLocks::default();
        let rate_limiter = Arc::new(RateLimiter::new(throttle, store.clone(), log.clone()));
        let (token_revoker, revoker) =
            TokenRevoker::start(account_locks.clone(), Arc::clone(&rate_limiter), log.clone())?;
        let (heartbeats, heartbeat) = Heartbeats::open()?;
        let shared = Self {
            config_file: args.config.clone(),
            device_ids: DeviceIds::open(saved.client_id, config, &args.state, log),
            identities: Arc::new(Identities::new(
                saved.bindings,
                saved.unbound,
                saved.groups,
                saved.recent_sign_ins,
                store.clone(),
            )),
            cached_passwords: Cached { tags: PasswordTags::default(), hashes: PasswordHashes::new(saved.passwords) },
            limits: Arc::new(Limits {
                connections: Arc::default(),
                rate_limiter,
                link_slots: LinkSlots::default(),
                refusal_delay: RefusalDelay::default(),
            }),
            account_locks,
            token_revoker,
            heartbeats,
            audit_log: Arc::new(AuditLog::new(saved.logins, saved.last_logins, store.clone())),
            store,
            log: log.clone(),
        };
        let friend_list = saved.friend_list.map(|(scope_id, list, doubt)| {
            let suspicion = doubt.map(|doubt| Suspicion::restored(&list, doubt, clock::now()));
            SavedList { scope_id, list, suspicion }
        });
        Ok((shared, Workers { heartbeat, revoker, writer }, friend_list))
    }
}

impl Workers {
    /// Waits for the last revocations and changes.
    pub(crate) fn finish(self) {
        self.heartbeat.finish();
        self.revoker.finish();
        self.writer.finish();
    }
}
