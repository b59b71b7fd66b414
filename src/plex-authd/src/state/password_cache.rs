//! Passwords that plex.tv accepted, remembered as Argon2id hashes: for a while without asking, and for the owner's time
//! while plex.tv cannot be asked.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use policy::{CachedPassword, PlexId, SignInTarget};
use protocol::Secret;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::clock;
use crate::limits::rate_limiter::Permit;
use crate::lock::lock;
use crate::log::Log;
use crate::state::store::{Change, Store, StoredHash};

/// OWASP's first recommendation for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many passwords may be hashed at once. Each takes a core and 19 MiB, and a flood of logins must get neither all.
const AT_ONCE: usize = 2;

/// What is remembered.
pub(crate) struct PasswordCache {
    /// The longest that anything is kept; nothing at all without it.
    longest: Option<Duration>,
    /// Shared with the memory of an earlier configuration, as long as logins still ask that one.
    entries: Arc<Mutex<HashMap<String, StoredHash>>>,
    /// Room for the hash function to work in, kept so that it need not be asked for again.
    desks: Mutex<Vec<Vec<Block>>>,
    free: Condvar,
    /// What is still to be hashed: the latest of each account.
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    store: Store,
    log: Log,
}

/// What a cached password says about the one that was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recalled {
    /// It is the same, and belongs to this Plex account.
    Same(PlexId),
    /// It is another: a wrong guess, unless plex.tv accepts it.
    Other,
    /// None is cached that counts.
    Nothing,
}

#[derive(Default)]
struct Waiting {
    passwords: HashMap<String, Fresh>,
    /// What is being hashed, unless it is to be forgotten meanwhile.
    at_work: Option<(String, Fresh)>,
    stopping: bool,
}

impl Waiting {
    /// What an account's entry is about to be.
    fn of(&self, account: &str) -> Option<&Fresh> {
        let at_work = || self.at_work.as_ref().filter(|(whose, _)| whose == account).map(|(_, fresh)| fresh);
        self.passwords.get(account).or_else(at_work)
    }
}

/// A password that plex.tv has just accepted and that is not hashed yet.
#[derive(Clone)]
struct Fresh {
    remembered: CachedPassword,
    password: Secret,
}

impl Fresh {
    fn is(&self, password: &Secret) -> bool {
        self.password.expose().as_bytes().ct_eq(password.expose().as_bytes()).into()
    }
}

impl PasswordCache {
    /// Goes on with what was kept, as far as it may still be kept.
    pub(crate) fn new(
        entries: Arc<Mutex<HashMap<String, StoredHash>>>,
        longest: Option<Duration>,
        store: Store,
        log: Log,
    ) -> Self {
        let desks = if longest.is_some() { vec![Vec::new(); AT_ONCE] } else { Vec::new() };
        let memory = Self {
            longest,
            entries,
            desks: Mutex::new(desks),
            free: Condvar::new(),
            waiting: Mutex::default(),
            arrived: Condvar::new(),
            store,
            log,
        };
        let now = clock::now();
        memory.forget_unless(|_, remembered| longest.is_some_and(|longest| now.since(remembered.at) <= longest));
        memory
    }

    /// Whether this password was accepted for somebody within the time that is allowed. Costs one hash when there is
    /// something to compare it with, and nothing otherwise. What is not hashed yet counts too: a web server asks a second
    /// time before it answers the first request.
    ///
    /// Each comparison is a chance to guess, so it needs a [`Permit`](crate::limits::rate_limiter::Permit).
    pub(crate) fn recall(
        &self,
        account: &str,
        who: &SignInTarget,
        password: &Secret,
        limit: Option<Duration>,
        _permit: &Permit,
    ) -> Recalled {
        let counts = |remembered: &CachedPassword| remembered.counts_for(who, limit, clock::now_for(remembered.at));
        if let Some(fresh) = lock(&self.waiting).of(account)
            && counts(&fresh.remembered)
        {
            // What is hashed already is older than this.
            return if fresh.is(password) { Recalled::Same(fresh.remembered.id) } else { Recalled::Other };
        }
        let entry = lock(&self.entries).get(account).filter(|entry| counts(&entry.cached)).cloned();
        match entry {
            None => Recalled::Nothing,
            Some(entry) if self.is(&entry, password) => Recalled::Same(entry.cached.id),
            Some(_) => Recalled::Other,
        }
    }

    /// Remembers a password that plex.tv has just accepted, in the background.
    pub(crate) fn keep(&self, account: &str, id: PlexId, password: &Secret) {
        if self.longest.is_some() {
            let remembered = CachedPassword { id, at: clock::now() };
            let fresh = Fresh { remembered, password: password.clone() };
            lock(&self.waiting).passwords.insert(account.to_owned(), fresh);
            self.arrived.notify_one();
        }
    }

    /// How many accounts' passwords are remembered.
    pub(crate) fn count(&self) -> usize {
        lock(&self.entries).len()
    }

    /// Forgets an account's password; whether there was one to forget.
    pub(crate) fn forget(&self, account: &str) -> bool {
        let mut waiting = lock(&self.waiting);
        let queued = waiting.passwords.remove(account).is_some();
        let at_work = waiting.at_work.take_if(|(whose, _)| whose == account).is_some();
        drop(waiting);
        let hashed = lock(&self.entries).remove(account).is_some();
        if hashed {
            self.store.write(Change::ForgetPassword(account.to_owned()));
        }
        queued || at_work || hashed
    }

    /// Forgets an account's password if it is this one, which plex.tv has just refused.
    pub(crate) fn forget_if(&self, account: &str, password: &Secret) {
        let fresh = lock(&self.waiting).of(account).is_some_and(|fresh| fresh.is(password));
        let entry = lock(&self.entries).get(account).cloned();
        if fresh || entry.is_some_and(|entry| self.is(&entry, password)) {
            self.log.info(format!("the remembered password of '{account}' is no longer right at plex.tv; forgotten"));
            self.forget(account);
        }
    }

    /// Forgets every password that there is no more reason to keep.
    pub(crate) fn forget_unless(&self, keep: impl Fn(&str, &CachedPassword) -> bool) {
        let gone: Vec<String> = lock(&self.entries)
            .iter()
            .filter(|(account, entry)| !keep(account, &entry.cached))
            .map(|(account, _)| account.clone())
            .collect();
        for account in gone {
            self.forget(&account);
        }
    }

    /// Hashes what comes, until [`Self::stop`] and until nothing is left.
    pub(crate) fn run(&self) {
        while let Some((account, fresh)) = self.next() {
            let salt = Uuid::new_v4().into_bytes();
            let hash = self.hash(&fresh.password, salt);
            let mut waiting = lock(&self.waiting);
            let (Some(_), Some(hash)) = (waiting.at_work.take(), hash) else { continue };
            let hashed = StoredHash { cached: fresh.remembered, salt, hash };
            lock(&self.entries).insert(account.clone(), hashed.clone());
            self.store.write(Change::Password(account, hashed));
        }
    }

    /// Ends [`Self::run`] when it is done.
    pub(crate) fn stop(&self) {
        lock(&self.waiting).stopping = true;
        self.arrived.notify_all();
    }

    fn next(&self) -> Option<(String, Fresh)> {
        let mut waiting = lock(&self.waiting);
        loop {
            let account = waiting.passwords.keys().next().cloned();
            if let Some(account) = account {
                let fresh = waiting.passwords.remove(&account)?;
                waiting.at_work = Some((account.clone(), fresh.clone()));
                return Some((account, fresh));
            }
            if waiting.stopping {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn is(&self, entry: &StoredHash, password: &Secret) -> bool {
        self.hash(password, entry.salt).is_some_and(|hash| hash.ct_eq(&entry.hash).into())
    }

    fn hash(&self, password: &Secret, salt: [u8; 16]) -> Option<[u8; 32]> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).ok()?;
        let mut context = self.take_desk();
        context.resize(params.block_count(), Block::new());
        let mut hash = [0; 32];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let done = argon2.hash_password_into_with_memory(password.expose().as_bytes(), &salt, &mut hash, &mut context);
        // The blocks are overwritten by the next password; they are made from a hash of this one, not of it.
        lock(&self.desks).push(context);
        self.free.notify_one();
        done.ok().map(|()| hash)
    }

    fn take_desk(&self) -> Vec<Block> {
        let mut desks = lock(&self.desks);
        loop {
            if let Some(context) = desks.pop() {
                return context;
            }
            desks = self.free.wait(desks).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
