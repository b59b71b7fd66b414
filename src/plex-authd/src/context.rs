//! Shared context of all sessions: configuration, friend list, caches, limits and the plex.tv client.

use std::sync::Arc;

use policy::{FriendList, PlexId, PlexRef};

use crate::auth::plex_tv::PlexTv;
use crate::heartbeat::Heartbeats;
use crate::helpers::Helpers;
use crate::limits::Limits;
use crate::log::Log;
use crate::settings::Settings;
use crate::state::audit_log::AuditLog;
use crate::state::friend_list::{Doubt, FriendListCache};
use crate::state::identities::Identities;
use crate::state::password_cache::PasswordCache;
use crate::state::store::{Change, Store};

/// Context of the sessions that start under one configuration.
pub(crate) struct Context {
    pub settings: Arc<Settings>,
    /// `None` without an owner's token.
    pub friends: Option<Arc<FriendListCache>>,
    pub identities: Arc<Identities>,
    pub passwords: Arc<PasswordCache>,
    pub limits: Arc<Limits>,
    pub plex_tv: PlexTv,
    pub helpers: Helpers,
    pub heartbeats: Heartbeats,
    pub audit_log: Arc<AuditLog>,
    pub store: Store,
    pub log: Log,
}

impl Context {
    /// Ends the threads that refresh the friend list and serve the password cache. Sessions in progress continue.
    pub(crate) fn retire(&self) {
        if let Some(friends) = &self.friends {
            friends.stop();
        }
        self.passwords.stop();
    }

    /// Prepares for a sign-in that is about to be sent. Without the owner's token there is no request that could be of use.
    pub(crate) fn warm_up(&self) {
        if let Some(friends) = &self.friends {
            friends.warm_up();
        }
    }

    /// The latest friend list, of any age.
    pub(crate) fn friend_list(&self) -> Option<Arc<FriendList>> {
        self.friends.as_ref()?.latest()
    }

    /// The Plex account of a local account, for the log: by the latest friend list, else by its binding.
    pub(crate) fn plex_id(&self, account: &str, mapped_to: &PlexRef) -> Option<PlexId> {
        let binding = self.identities.binding(account);
        let rules = &self.settings.rules;
        let listed = self.friend_list().and_then(|list| rules.resolve(&list, mapped_to, binding.as_ref()).id().ok());
        listed.or_else(|| self.owners_id(account, mapped_to)).or_else(|| binding.map(|binding| binding.id))
    }

    /// The account is the owner's own, by configuration, bindings and the latest list.
    pub(crate) fn is_owners(&self, account: &str, mapped_to: &PlexRef) -> bool {
        let (list, binding) = (self.friend_list(), self.identities.binding(account));
        self.settings.rules.is_owners(list.as_deref(), mapped_to, binding.as_ref())
    }

    /// The Plex account of the server's owner, if a local account is the owner's and the id is known.
    pub(crate) fn owners_id(&self, account: &str, mapped_to: &PlexRef) -> Option<PlexId> {
        let binding = self.identities.binding(account);
        self.settings.rules.owners_id(self.friend_list().as_deref(), mapped_to, binding.as_ref())
    }

    /// The doubt about a refusal of a local account by the friend list.
    pub(crate) fn doubt(&self, account: &str, mapped_to: &PlexRef) -> Option<Doubt> {
        self.friends.as_ref()?.doubt(mapped_to, self.identities.binding(account).as_ref())
    }

    /// Deletes everything known about an account, in memory and on disk, except its logins in the audit log. False if there
    /// was nothing to delete.
    pub(crate) fn forget(&self, account: &str) -> bool {
        let forgotten = [
            self.identities.forget(account),
            self.passwords.forget(account),
            self.limits.rate_limiter.forget(account),
            self.audit_log.forget(account),
        ];
        // Also deletes rows that were too old to be read at the start.
        self.store.write(Change::ForgetAccount(account.to_owned()));
        forgotten.contains(&true)
    }
}
