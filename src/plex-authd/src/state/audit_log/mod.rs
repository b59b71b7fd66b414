//! Audit log: the latest logins, for `plex-auth logins` and `status`. It is kept in memory, so that no login waits for a disk,
//! and written to `state.db` in the background.

mod entries;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use protocol::Login;

use crate::lock::lock;
use crate::state::store::{Change, Store};
pub(crate) use entries::LoginEntry;
use entries::{ACCEPTED, Entries};

/// Outcomes as they are written, in the order of [`AuditLog::counts`].
const OUTCOMES: [&str; 4] = [ACCEPTED, "denied", "throttled", "unavailable"];

/// The latest logins, the last login of each account, and totals since the start.
pub(crate) struct AuditLog {
    start: Instant,
    state: Mutex<State>,
    store: Store,
}

struct State {
    entries: Entries,
    /// Number of the next entry.
    next: i64,
    /// Last accepted login by account, in seconds since 1970.
    last_logins: BTreeMap<String, i64>,
    /// By outcome, since the start.
    counts: [u64; 4],
}

impl AuditLog {
    /// Continues the log of an earlier run.
    pub(crate) fn new(saved: Vec<LoginEntry>, last_logins: BTreeMap<String, i64>, store: Store) -> Self {
        let mut entries = Entries::default();
        for number in saved.into_iter().filter_map(|entry| entries.add(entry)) {
            store.write(Change::ForgetLogin(number));
        }
        let next = entries.next_number();
        let state = State { entries, next, last_logins, counts: [0; 4] };
        Self { start: Instant::now(), state: Mutex::new(state), store }
    }

    /// Adds a login from `origin`. One that was only explained is not the account's last login.
    pub(crate) fn add(&self, login: Login, origin: &str) {
        let mut state = lock(&self.state);
        for (count, outcome) in state.counts.iter_mut().zip(OUTCOMES) {
            *count += u64::from(outcome == login.outcome);
        }
        if login.outcome == ACCEPTED && !login.test {
            state.last_logins.insert(login.user.clone(), login.at);
            self.store.write(Change::LastLogin(login.user.clone(), login.at));
        }
        let login = Login { number: state.next, ..login };
        let entry = LoginEntry { number: state.next, origin: Some(origin.to_owned()), login };
        state.next += 1;
        // Written under the lock: the row of an entry precedes its deletion.
        self.store.write(Change::Login(Box::new(entry.clone())));
        if let Some(number) = state.entries.add(entry) {
            self.store.write(Change::ForgetLogin(number));
        }
    }

    /// The latest logins, newest first, at most `limit`.
    pub(crate) fn latest(&self, limit: usize) -> Vec<Login> {
        lock(&self.state).entries.latest().take(limit).map(|entry| entry.login.clone()).collect()
    }

    /// Last accepted login by account, in seconds since 1970.
    pub(crate) fn last_logins(&self) -> BTreeMap<String, i64> {
        lock(&self.state).last_logins.clone()
    }

    /// Forgets an account's last login; false if there was none. Its row is deleted with the whole account's, by
    /// [`Change::ForgetAccount`].
    pub(crate) fn forget(&self, account: &str) -> bool {
        lock(&self.state).last_logins.remove(account).is_some()
    }

    /// Logins since the start: accepted, denied, throttled, unavailable.
    pub(crate) fn counts(&self) -> [u64; 4] {
        lock(&self.state).counts
    }

    /// Time since the daemon started.
    pub(crate) fn uptime(&self) -> Duration {
        self.start.elapsed()
    }
}
