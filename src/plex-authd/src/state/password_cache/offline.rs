//! Passwords that `[cache] offline` accepts while plex.tv is unreachable: an Argon2id hash of each, in memory and on disk.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use policy::{CachedPassword, PlexId, SignInTarget};
use protocol::Secret;
use subtle::ConstantTimeEq;
use system::random;

use super::argon2id::Hasher;
use super::lookup::Lookup;
use crate::clock;
use crate::limits::permit::Permit;
use crate::lock::lock;
use crate::state::store::{Change, Store, StoredHash};

/// Limits of the time between two looks for expired hashes, which otherwise is `offline`. In between, they only do not count.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Stored hashes. They survive a reload, while sessions of an earlier configuration still use them.
#[derive(Clone, Default)]
pub(crate) struct PasswordHashes {
    hashes: Arc<Mutex<Hashes>>,
    hasher: Arc<Hasher>,
}

#[derive(Default)]
struct Hashes {
    by_account: HashMap<String, StoredHash>,
    /// The configuration in force has `offline`. Otherwise a session of an earlier one stores nothing.
    is_on: bool,
}

impl PasswordHashes {
    pub(crate) fn new(saved: HashMap<String, StoredHash>) -> Self {
        Self { hashes: Arc::new(Mutex::new(Hashes { by_account: saved, is_on: false })), hasher: Arc::default() }
    }
}

/// Stored hashes under one configuration.
pub(super) struct OfflinePasswords {
    /// `offline`; `None` disables it.
    max_age: Option<Duration>,
    hashes: Arc<Mutex<Hashes>>,
    hasher: Arc<Hasher>,
    queue: Mutex<Queue>,
    queued: Condvar,
    store: Store,
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

impl OfflinePasswords {
    pub(super) fn new(saved: PasswordHashes, max_age: Option<Duration>, store: Store) -> Self {
        let PasswordHashes { hashes, hasher } = saved;
        Self { max_age, hashes, hasher, queue: Mutex::default(), queued: Condvar::new(), store }
    }

    /// Deletes the stored hashes that are too old: this configuration is now in force.
    pub(super) fn begin(&self) {
        lock(&self.hashes).is_on = self.max_age.is_some();
        self.delete_expired();
    }

    fn delete_expired(&self) {
        let is_valid = |age: Duration| self.max_age.is_some_and(|max_age| age <= max_age);
        self.retain(|cached| is_valid(clock::now_for(cached.at).since(cached.at)));
    }

    pub(super) fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// Compares a password with the one that plex.tv accepted for `target` within `offline`. One that is not hashed yet counts
    /// too: an outage can begin right after a login.
    pub(super) fn check(&self, account: &str, target: &SignInTarget, password: &Secret, _permit: &Permit) -> Lookup {
        let is_valid = |cached: &CachedPassword| cached.counts_for(target, self.max_age, clock::now_for(cached.at));
        if let Some(new) = lock(&self.queue).get(account)
            && is_valid(&new.cached)
        {
            // A stored hash is older than this.
            return Lookup::of(new.matches(password), new.cached.id);
        }
        let Some(stored) =
            lock(&self.hashes).by_account.get(account).filter(|stored| is_valid(&stored.cached)).cloned()
        else {
            return Lookup::Absent;
        };
        let is_equal = self.hasher.matches(&stored, password);
        is_equal.map_or(Lookup::Absent, |is_equal| Lookup::of(is_equal, stored.cached.id))
    }

    /// Stores a password that plex.tv has just accepted. Its hash is computed in the background.
    pub(super) fn insert(&self, account: &str, id: PlexId, password: &Secret) {
        let mut queue = lock(&self.queue);
        // Later, nothing is hashed any more.
        if self.max_age.is_some() && !queue.stopping {
            let new = NewPassword { cached: CachedPassword { id, at: clock::now() }, password: password.clone() };
            queue.waiting.insert(account.to_owned(), new);
            self.queued.notify_one();
        }
    }

    /// The accounts that have a stored hash.
    pub(super) fn accounts(&self) -> Vec<String> {
        lock(&self.hashes).by_account.keys().cloned().collect()
    }

    /// Deletes an account's password; false if there was none.
    pub(super) fn forget(&self, account: &str) -> bool {
        let mut queue = lock(&self.queue);
        let waiting = queue.waiting.remove(account).is_some();
        let hashing = queue.hashing.take_if(|(of, _)| of == account).is_some();
        drop(queue);
        let stored = lock(&self.hashes).by_account.remove(account).is_some();
        if stored {
            self.store.write(Change::ForgetPassword(account.to_owned()));
        }
        waiting || hashing || stored
    }

    /// True if this is the account's password, of any age.
    pub(super) fn is_of(&self, account: &str, password: &Secret) -> bool {
        let new = lock(&self.queue).get(account).is_some_and(|new| new.matches(password));
        let stored = lock(&self.hashes).by_account.get(account).cloned();
        new || stored.is_some_and(|stored| self.hasher.matches(&stored, password) == Some(true))
    }

    /// Deletes the passwords for which `keep` is false.
    pub(super) fn retain(&self, keep: impl Fn(&CachedPassword) -> bool) {
        let mut queue = lock(&self.queue);
        queue.waiting.retain(|_, new| keep(&new.cached));
        queue.hashing.take_if(|(_, new)| !keep(&new.cached));
        drop(queue);
        let hashes = lock(&self.hashes);
        let refused = hashes.by_account.iter().filter(|(_, stored)| !keep(&stored.cached));
        let refused: Vec<String> = refused.map(|(account, _)| account.clone()).collect();
        drop(hashes);
        for account in refused {
            self.forget(&account);
        }
    }

    /// Hashes new passwords and deletes expired ones until [`Self::stop`], and then hashes those that are left.
    pub(super) fn run(&self) {
        while let Some((account, new)) = self.next() {
            let salt = random::bytes();
            let hash = self.hasher.hash(&new.password, salt);
            let mut queue = lock(&self.queue);
            let (Some(_), Some(hash)) = (queue.hashing.take(), hash) else { continue };
            let stored = StoredHash { cached: new.cached, salt, hash };
            let mut hashes = lock(&self.hashes);
            if hashes.is_on {
                hashes.by_account.insert(account.clone(), stored.clone());
                self.store.write(Change::Password(account, stored));
            }
        }
    }

    /// Makes [`Self::run`] return when the queue is empty.
    pub(super) fn stop(&self) {
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
            let pause = self.max_age.unwrap_or_default().clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            let (woken, waited) = self.queued.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner);
            queue = woken;
            if waited.timed_out() {
                drop(queue);
                self.delete_expired();
                queue = lock(&self.queue);
            }
        }
    }
}
