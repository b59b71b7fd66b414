//! Audit log: the latest logins, for `plex-auth logins` and `status`. It is kept in memory, so that no login waits for a disk,
//! and written to `state.db` in the background.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use protocol::Login;

use crate::lock::lock;
use crate::state::store::{Change, Store};

/// The most logins in the audit log. A flood of logins must fill neither memory nor disk.
pub(crate) const MAX_ENTRIES: usize = 1000;

/// Outcomes as they are written, in the order of [`AuditLog::counts`].
const OUTCOMES: [&str; 4] = [ACCEPTED, "denied", "throttled", "unavailable"];

const ACCEPTED: &str = "accepted";

/// The latest logins, the last login of each account, and totals since the start.
pub(crate) struct AuditLog {
    start: Instant,
    entries: Mutex<Entries>,
    store: Store,
}

struct Entries {
    /// Oldest first.
    logins: VecDeque<Login>,
    /// Last accepted login by account, in seconds since 1970.
    last_logins: BTreeMap<String, i64>,
    /// By outcome, since the start.
    counts: [u64; 4],
}

impl Entries {
    fn truncate(&mut self) {
        let excess = self.logins.len().saturating_sub(MAX_ENTRIES);
        self.logins.drain(..excess);
    }
}

impl AuditLog {
    /// Continues the log of an earlier run.
    pub(crate) fn new(logins: Vec<Login>, last_logins: BTreeMap<String, i64>, store: Store) -> Self {
        let mut entries = Entries { logins: logins.into(), last_logins, counts: [0; 4] };
        entries.truncate();
        Self { start: Instant::now(), entries: Mutex::new(entries), store }
    }

    /// Adds a login. `dry_run` is one that was only explained; it is not the account's last login.
    pub(crate) fn add(&self, login: Login, dry_run: bool) {
        let mut entries = lock(&self.entries);
        for (count, outcome) in entries.counts.iter_mut().zip(OUTCOMES) {
            *count += u64::from(outcome == login.outcome);
        }
        if login.outcome == ACCEPTED && !dry_run {
            entries.last_logins.insert(login.user.clone(), login.at);
            self.store.write(Change::LastLogin(login.user.clone(), login.at));
        }
        entries.logins.push_back(login.clone());
        entries.truncate();
        drop(entries);
        self.store.write(Change::Login(Box::new(login)));
    }

    /// The latest logins, newest first, at most `limit`.
    pub(crate) fn latest(&self, limit: usize) -> Vec<Login> {
        lock(&self.entries).logins.iter().rev().take(limit).cloned().collect()
    }

    /// Last accepted login by account, in seconds since 1970.
    pub(crate) fn last_logins(&self) -> BTreeMap<String, i64> {
        lock(&self.entries).last_logins.clone()
    }

    /// Forgets an account's last login; false if there was none. Its row is deleted with the whole account's, by
    /// [`Change::ForgetAccount`].
    pub(crate) fn forget(&self, account: &str) -> bool {
        lock(&self.entries).last_logins.remove(account).is_some()
    }

    /// Logins since the start: accepted, denied, throttled, unavailable.
    pub(crate) fn counts(&self) -> [u64; 4] {
        lock(&self.entries).counts
    }

    /// Time since the daemon started.
    pub(crate) fn uptime(&self) -> Duration {
        self.start.elapsed()
    }
}
