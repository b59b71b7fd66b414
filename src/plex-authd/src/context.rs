//! What all logins share, and what is known about accounts before anybody has typed anything.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use config::{Config, Source};
use policy::{BootTime, IdentityBinding, PlexId, PlexRef, Rules};
use system::accounts::ManagedAccounts;

use crate::auth::account_locks::{AccountLocks, SLOTS};
use crate::auth::media_server::MediaServer;
use crate::auth::reachability::Reachability;
use crate::auth::single_flight::SingleFlight;
use crate::auth::token_revoker::{Device, TokenRevoker};
use crate::helpers::local_password::Shadow;
use crate::helpers::smb::Samba;
use crate::limits::connections::Connections;
use crate::limits::link_slots::LinkSlots;
use crate::limits::rate_limiter::RateLimiter;
use crate::limits::refusal_delay::RefusalDelay;
use crate::lock::lock;
use crate::log::Log;
use crate::state::audit_log::AuditLog;
use crate::state::friend_list::FriendListCache;
use crate::state::password_cache::PasswordCache;
use crate::state::store::Store;

/// Everything that a login needs and that all logins share.
pub(crate) struct Context {
    pub config: Config,
    pub config_file: PathBuf,
    /// When the configuration was read.
    pub read: Instant,
    pub limits: Arc<Connections>,
    pub rules: Rules,
    pub uid_min: u32,
    /// What people sign in with.
    pub devices: [Device; SLOTS],
    /// The list, where there is a token to read it with.
    pub friends: Option<Arc<FriendListCache>>,
    /// The media server, where it is asked too.
    pub media: Option<MediaServer>,
    pub limiter: Arc<RateLimiter>,
    pub reach: Reachability,
    pub memory: Arc<PasswordCache>,
    pub single_flight: SingleFlight,
    pub link_codes: LinkSlots,
    pub pace: Arc<RefusalDelay>,
    pub turns: AccountLocks,
    pub sign_out: TokenRevoker,
    /// Where SMB passwords go, if they are to follow.
    pub samba: Option<Samba>,
    /// Who knows which accounts have a local password.
    pub shadow: Shadow,
    pub audit_log: Arc<AuditLog>,
    pub store: Store,
    pub log: Log,
    /// Who each account belonged to at its first login.
    pub pins: Arc<Mutex<HashMap<String, IdentityBinding>>>,
    /// Without a list: who signed in lately, which is then all that the account phase can go by.
    pub recent: Arc<Mutex<HashMap<String, (PlexId, BootTime)>>>,
}

impl Context {
    /// Ends what works for nobody's login. Logins that are under way go on.
    pub(crate) fn retire(&self) {
        if let Some(friends) = &self.friends {
            friends.stop();
        }
        self.memory.stop();
    }

    /// The device that people in this slot sign in with.
    pub(crate) fn device(&self, slot: usize) -> &Device {
        let [first, ..] = &self.devices;
        self.devices.get(slot).unwrap_or(first)
    }

    /// The accounts that belong to Plex accounts, by this configuration.
    pub(crate) fn managed_accounts(&self) -> ManagedAccounts<'_> {
        ManagedAccounts::new(self.config.group.as_deref(), &self.config.users, self.uid_min)
    }

    /// The Plex id that an account seems to belong to, for the log.
    pub(crate) fn id_of(&self, account: &str, whose: &PlexRef) -> Option<PlexId> {
        let pinned = || self.pin(account).map(|pin| pin.id);
        let circle = self.friends.as_ref().and_then(|friends| friends.known());
        circle.and_then(|circle| circle.id_of(whose)).or_else(pinned)
    }

    /// The server that counts and whose it is.
    pub(crate) fn server(&self) -> Option<(String, PlexId)> {
        match &self.config.source {
            Source::Resources { machine_id, owner_id } => Some((machine_id.clone(), *owner_id)),
            Source::Token(_) => {
                let circle = self.friends.as_ref()?.known()?;
                Some((self.config.machine_id.clone()?, circle.owner.id))
            }
        }
    }

    /// Who an account belonged to at its first login.
    pub(crate) fn pin(&self, account: &str) -> Option<IdentityBinding> {
        lock(&self.pins).get(account).cloned()
    }
}
