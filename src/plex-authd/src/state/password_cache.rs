//! Password cache: Argon2id hashes of passwords that plex.tv accepted. They are accepted again for `[cache] remember`
//! without contacting plex.tv, and for `[cache] offline` while it is unreachable.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use policy::{CachedPassword, PlexId, SignInTarget};
use protocol::Secret;
use subtle::ConstantTimeEq;
use system::random;

use crate::clock;
use crate::limits::permit::Permit;
use crate::lock::lock;
use crate::log::Log;
use crate::state::password_hash::Hasher;
use crate::state::store::{Change, Store, StoredHash};

/// Hashes by account. They survive a reload, while sessions of an earlier configuration still use them.
#[derive(Clone, Default)]
pub(crate) struct PasswordHashes(Arc<Mutex<HashMap<String, StoredHash>>>);

impl PasswordHashes {
    pub(crate) fn new(saved: HashMap<String, StoredHash>) -> Self {
        Self(Arc::new(Mutex::new(saved)))
    }
}

/// Cached passwords under one configuration.
pub(crate) struct PasswordCache {
    /// The longest time that a password is cached; `None` disables the cache.
    max_age: Option<Duration>,
    hashes: PasswordHashes,
    hasher: Hasher,
    queue: Mutex<Queue>,
    queued: Condvar,
    store: Store,
    log: Log,
}

/// Result of comparing a password with the cached one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// Equal; the Plex account that it belongs to.
    Match(PlexId),
    /// Different: a wrong guess, unless plex.tv accepts it.
    Mismatch,
    /// No valid password is cached.
    Absent,
}

/// Passwords that are not hashed yet, the latest of each account.
#[derive(Default)]
struct Queue {
    waiting: HashMap<String, NewPassword>,
    /// The password that is being hashed; `None` once it is to be forgotten.
    hashing: Option<(String, NewPassword)>,
    stopping: bool,
}

impl Queue {
    fn get(&self, account: &str) -> Option<&NewPassword> {
        let hashing = || self.hashing.as_ref().filter(|(of, _)| of == account).map(|(_, password)| password);
        self.waiting.get(account).or_else(hashing)
    }
}

#[derive(Clone)]
struct NewPassword {
    cached: CachedPassword,
    password: Secret,
}

impl NewPassword {
    fn matches(&self, password: &Secret) -> bool {
        self.password.expose().as_bytes().ct_eq(password.expose().as_bytes()).into()
    }
}

impl PasswordCache {
    /// Uses `hashes`, after deleting those older than `max_age`.
    pub(crate) fn new(hashes: PasswordHashes, max_age: Option<Duration>, store: Store, log: Log) -> Self {
        let (queue, queued) = (Mutex::default(), Condvar::new());
        let cache = Self { max_age, hashes, hasher: Hasher::default(), queue, queued, store, log };
        let now = clock::now();
        cache.retain(|cached| max_age.is_some_and(|max_age| now.since(cached.at) <= max_age));
        cache
    }

    /// Compares a password with the cached one, if that was accepted for `target` within `max_age`. Computes one hash if there
    /// is something to compare, else none. A password that is not hashed yet counts too: a web server asks a second time
    /// before it has answered its first request.
    ///
    /// Each comparison is a chance to guess, so it needs a [`Permit`].
    pub(crate) fn check(
        &self,
        account: &str,
        target: &SignInTarget,
        password: &Secret,
        max_age: Option<Duration>,
        _permit: &Permit,
    ) -> Lookup {
        let is_valid = |cached: &CachedPassword| cached.counts_for(target, max_age, clock::now_for(cached.at));
        let of = |is_equal: bool, id: PlexId| if is_equal { Lookup::Match(id) } else { Lookup::Mismatch };
        if let Some(new) = lock(&self.queue).get(account)
            && is_valid(&new.cached)
        {
            // A stored hash is older than this.
            return of(new.matches(password), new.cached.id);
        }
        let stored = lock(&self.hashes.0).get(account).filter(|stored| is_valid(&stored.cached)).cloned();
        stored.map_or(Lookup::Absent, |stored| of(self.hasher.matches(&stored, password), stored.cached.id))
    }

    /// Caches a password that plex.tv has just accepted. It is hashed in the background.
    pub(crate) fn insert(&self, account: &str, id: PlexId, password: &Secret) {
        if self.max_age.is_some() {
            let new = NewPassword { cached: CachedPassword { id, at: clock::now() }, password: password.clone() };
            lock(&self.queue).waiting.insert(account.to_owned(), new);
            self.queued.notify_one();
        }
    }

    /// Number of accounts with a stored hash.
    pub(crate) fn count(&self) -> usize {
        lock(&self.hashes.0).len()
    }

    /// Deletes an account's password; false if there was none.
    pub(crate) fn forget(&self, account: &str) -> bool {
        let mut queue = lock(&self.queue);
        let waiting = queue.waiting.remove(account).is_some();
        let hashing = queue.hashing.take_if(|(of, _)| of == account).is_some();
        drop(queue);
        let stored = lock(&self.hashes.0).remove(account).is_some();
        if stored {
            self.store.write(Change::ForgetPassword(account.to_owned()));
        }
        waiting || hashing || stored
    }

    /// Deletes an account's password if it equals this one, which plex.tv has just refused.
    pub(crate) fn forget_refused(&self, account: &str, password: &Secret) {
        let new = lock(&self.queue).get(account).is_some_and(|new| new.matches(password));
        let stored = lock(&self.hashes.0).get(account).cloned();
        if new || stored.is_some_and(|stored| self.hasher.matches(&stored, password)) {
            self.log.info(format!("plex.tv no longer accepts the cached password of '{account}'; deleted"));
            self.forget(account);
        }
    }

    /// Deletes the passwords for which `keep` is false.
    pub(crate) fn retain(&self, keep: impl Fn(&CachedPassword) -> bool) {
        let hashes = lock(&self.hashes.0);
        let expired: Vec<String> =
            hashes.iter().filter(|(_, stored)| !keep(&stored.cached)).map(|(account, _)| account.clone()).collect();
        drop(hashes);
        for account in expired {
            self.forget(&account);
        }
    }

    /// Hashes new passwords until [`Self::stop`], and then those that are left.
    pub(crate) fn run(&self) {
        while let Some((account, new)) = self.next() {
            let salt = random::bytes();
            let hash = self.hasher.hash(&new.password, salt);
            let mut queue = lock(&self.queue);
            let (Some(_), Some(hash)) = (queue.hashing.take(), hash) else { continue };
            let stored = StoredHash { cached: new.cached, salt, hash };
            lock(&self.hashes.0).insert(account.clone(), stored.clone());
            self.store.write(Change::Password(account, stored));
        }
    }

    /// Makes [`Self::run`] return when the queue is empty.
    pub(crate) fn stop(&self) {
        lock(&self.queue).stopping = true;
        self.queued.notify_all();
    }

    fn next(&self) -> Option<(String, NewPassword)> {
        let mut queue = lock(&self.queue);
        loop {
            let account = queue.waiting.keys().next().cloned();
            if let Some(account) = account {
                let new = queue.waiting.remove(&account)?;
                queue.hashing = Some((account.clone(), new.clone()));
                return Some((account, new));
            }
            if queue.stopping {
                return None;
            }
            queue = self.queued.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
