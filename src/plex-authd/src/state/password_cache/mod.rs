//! Password cache: passwords that plex.tv accepted are accepted again for `[cache] remember` without contacting plex.tv, and
//! for `[cache] offline` while it is unreachable. The former are keyed tags in memory, the latter Argon2id hashes on disk.

mod argon2id;
mod keyed_tag;
mod lookup;
mod offline;
mod remembered;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use policy::{CachedPassword, PlexId, SignInTarget};
use protocol::Secret;

use crate::limits::permit::Permit;
use crate::log::Log;
use crate::state::store::Store;
pub(crate) use lookup::Lookup;
use offline::OfflinePasswords;
pub(crate) use offline::PasswordHashes;
pub(crate) use remembered::PasswordTags;
use remembered::RememberedPasswords;

/// Cached passwords under one configuration.
pub(crate) struct PasswordCache {
    remembered: RememberedPasswords,
    offline: OfflinePasswords,
    log: Log,
}

/// Passwords that are cached by this configuration or an earlier one.
#[derive(Clone)]
pub(crate) struct Cached {
    pub tags: PasswordTags,
    pub hashes: PasswordHashes,
}

impl PasswordCache {
    /// The cache of a configuration, which is not in force yet.
    pub(crate) fn new(cached: Cached, settings: config::Cache, store: Store, log: Log) -> Self {
        let remembered = RememberedPasswords::new(cached.tags, settings.remember);
        let offline = OfflinePasswords::new(cached.hashes, settings.offline, store);
        Self { remembered, offline, log }
    }

    /// The configuration is now in force: every password that an earlier one remembered is deleted, and every stored hash that is
    /// too old. Sessions of an earlier one can neither use nor add a remembered password.
    pub(crate) fn begin(&self) {
        self.remembered.begin();
        self.offline.begin();
    }

    /// Compares a password with the remembered one. Costs no request and no slow hash.
    ///
    /// Each comparison is a chance to guess, so it needs a [`Permit`].
    pub(crate) fn check_remembered(
        &self,
        account: &str,
        target: &SignInTarget,
        password: &Secret,
        _permit: &Permit,
    ) -> Lookup {
        self.remembered.check(account, target, password, None)
    }

    /// Compares a password with the one that was accepted for `target` within `offline`. A remembered one is never older than the
    /// stored hash, so it decides; otherwise one Argon2id hash is computed if there is something to compare.
    pub(crate) fn check_offline(
        &self,
        account: &str,
        target: &SignInTarget,
        password: &Secret,
        permit: &Permit,
    ) -> Lookup {
        let Some(max_age) = self.offline.max_age() else { return Lookup::Absent };
        match self.remembered.check(account, target, password, Some(max_age)) {
            Lookup::Absent => self.offline.check(account, target, password, permit),
            decided => decided,
        }
    }

    /// Caches a password that plex.tv has just accepted.
    pub(crate) fn insert(&self, account: &str, id: PlexId, password: &Secret) {
        self.remembered.insert(account, id, password);
        self.offline.insert(account, id, password);
    }

    /// Number of accounts with a cached password.
    pub(crate) fn count(&self) -> usize {
        let accounts: BTreeSet<String> =
            self.remembered.accounts().into_iter().chain(self.offline.accounts()).collect();
        accounts.len()
    }

    /// Deletes an account's password; false if there was none.
    pub(crate) fn forget(&self, account: &str) -> bool {
        let forgotten = [self.remembered.forget(account), self.offline.forget(account)];
        forgotten.contains(&true)
    }

    /// Deletes an account's password if it equals this one, which plex.tv has just refused.
    pub(crate) fn forget_refused(&self, account: &str, password: &Secret) {
        if self.remembered.is_of(account, password) || self.offline.is_of(account, password) {
            self.log.info(format!("plex.tv no longer accepts the cached password of '{account}'; deleted"));
            self.forget(account);
        }
    }

    /// Deletes the passwords for which `keep` is false.
    pub(crate) fn retain(&self, keep: impl Fn(&CachedPassword) -> bool) {
        self.remembered.retain(&keep);
        self.offline.retain(&keep);
    }

    /// Deletes remembered passwords when their time is over, until [`Self::stop`] or until another configuration is in force.
    pub(crate) fn expire(&self) {
        self.remembered.run();
    }

    /// Computes the hashes of new passwords and deletes expired ones until [`Self::stop`], and then computes those that are left.
    pub(crate) fn hash(&self) {
        self.offline.run();
    }

    /// Ends the threads that run [`Self::expire`] and [`Self::hash`], and remembers nothing any more.
    pub(crate) fn stop(&self) {
        self.remembered.end();
        self.offline.stop();
    }
}
