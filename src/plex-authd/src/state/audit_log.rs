//! What became of the latest logins, for the owner's questions. It is kept in memory, so that nothing waits for a disk, and
//! written down behind the logins' backs as everything else.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use protocol::Login;

use crate::lock::lock;
use crate::state::store::{Change, Store};

/// How many verdicts are kept. A flood of them must fill neither memory nor disk.
pub(crate) const MAX_ENTRIES: usize = 1000;

/// The words for outcomes, in the order in which they are counted.
pub(crate) const OUTCOMES: [&str; 4] = [ACCEPTED, "denied", "throttled", "unavailable"];

/// The word for a login that was let in.
const ACCEPTED: &str = "accepted";

/// The latest verdicts.
pub(crate) struct AuditLog {
    start: Instant,
    pages: Mutex<Pages>,
    store: Store,
}

#[derive(Default)]
struct Pages {
    /// The oldest first.
    logins: VecDeque<Login>,
    /// When each account was last let in.
    last: BTreeMap<String, i64>,
    /// How often there was each outcome since the start.
    counts: [u64; 4],
}

impl Pages {
    fn keep_in_bounds(&mut self) {
        let over = self.logins.len().saturating_sub(MAX_ENTRIES);
        self.logins.drain(..over);
    }
}

impl AuditLog {
    /// Goes on where an earlier run ended.
    pub(crate) fn new(logins: Vec<Login>, last: BTreeMap<String, i64>, store: Store) -> Self {
        let mut pages = Pages { logins: logins.into(), last, counts: [0; 4] };
        pages.keep_in_bounds();
        Self { start: Instant::now(), pages: Mutex::new(pages), store }
    }

    /// Notes a verdict. One that was only asked for to be explained is nobody's last login.
    pub(crate) fn note(&self, login: Option<Login>, explained: bool) {
        let Some(login) = login else { return };
        let mut pages = lock(&self.pages);
        for (count, outcome) in pages.counts.iter_mut().zip(OUTCOMES) {
            *count += u64::from(outcome == login.outcome);
        }
        if login.outcome == ACCEPTED && !explained {
            pages.last.insert(login.user.clone(), login.at);
            self.store.write(Change::LastLogin(login.user.clone(), login.at));
        }
        pages.logins.push_back(login.clone());
        pages.keep_in_bounds();
        drop(pages);
        self.store.write(Change::Login(Box::new(login)));
    }

    /// The latest verdicts, the newest first.
    pub(crate) fn latest(&self, most: usize) -> Vec<Login> {
        lock(&self.pages).logins.iter().rev().take(most).cloned().collect()
    }

    /// When each account was last let in.
    pub(crate) fn last_logins(&self) -> BTreeMap<String, i64> {
        lock(&self.pages).last.clone()
    }

    /// Forgets when an account was last let in; whether that was known.
    pub(crate) fn forget(&self, account: &str) -> bool {
        lock(&self.pages).last.remove(account).is_some()
    }

    /// How often there was each outcome.
    pub(crate) fn counts(&self) -> [u64; 4] {
        lock(&self.pages).counts
    }

    /// For how long this has been going on.
    pub(crate) fn uptime(&self) -> Duration {
        self.start.elapsed()
    }
}
