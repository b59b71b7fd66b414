//! Logins that wait to be written. They are written together, at intervals that grow with their number, and an entry that is
//! displaced before that is never written (R70): a flood of logins neither wears out the disk nor delays the changes that later
//! decisions depend on.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::Login;
use rusqlite::{Connection, Row, params};

use super::records::Change;
use crate::state::audit_log::LoginEntry;

/// The shortest time between two writes of logins.
const SHORTEST: Duration = Duration::from_secs(1);

/// Time that each written row adds until the next write: ten rows a second on average.
const PER_ROW: Duration = Duration::from_millis(100);

/// The longest time between two writes of logins. A power failure loses the logins since the last one.
const LONGEST: Duration = Duration::from_secs(60);

/// Changes of the audit log.
#[derive(Debug, Default)]
pub(super) struct PendingLogins {
    /// Entries by number; `None` deletes one.
    entries: BTreeMap<i64, Option<Box<LoginEntry>>>,
    /// Last accepted login by account, in seconds since 1970.
    last_logins: BTreeMap<String, i64>,
}

impl PendingLogins {
    /// Adds a change. Returns it if it is not about logins.
    pub(super) fn add(&mut self, change: Change) -> Option<Change> {
        match change {
            Change::Login(entry) => {
                self.entries.insert(entry.number, Some(entry));
            }
            Change::ForgetLogin(number) => {
                if !matches!(self.entries.remove(&number), Some(Some(_))) {
                    self.entries.insert(number, None);
                }
            }
            Change::LastLogin(account, at) => {
                self.last_logins.insert(account, at);
            }
            other => {
                if let Change::ForgetAccount(account) = &other {
                    self.last_logins.remove(account);
                }
                return Some(other);
            }
        }
        None
    }

    /// True if there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.last_logins.is_empty()
    }

    /// Time after which the next logins are written, if these are written now.
    pub(super) fn pause(&self) -> Duration {
        let rows = u32::try_from(self.entries.len() + self.last_logins.len()).unwrap_or(u32::MAX);
        (SHORTEST + PER_ROW.saturating_mul(rows)).min(LONGEST)
    }

    /// Writes everything.
    pub(super) fn write(&self, to: &Connection) -> rusqlite::Result<()> {
        for (number, entry) in &self.entries {
            match entry {
                Some(entry) => insert(to, entry)?,
                None => to.prepare_cached("DELETE FROM login WHERE number = ?1")?.execute([number])?,
            };
        }
        for (account, at) in &self.last_logins {
            to.prepare_cached("REPLACE INTO last_login VALUES (?1, ?2)")?.execute(params![account, at])?;
        }
        Ok(())
    }
}

fn insert(to: &Connection, LoginEntry { number, origin, login }: &LoginEntry) -> rusqlite::Result<usize> {
    let Login { at, user, plex_id, service, rhost, phase, outcome, why, test, caller, .. } = login;
    let plex_id = plex_id.map(u64::cast_signed);
    let sql = "REPLACE INTO login (number, at, user, plex_id, service, rhost, phase, outcome, why, origin, test, caller) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let values = params![number, at, user, plex_id, service, rhost, phase, outcome, why, origin, test, caller];
    to.prepare_cached(sql)?.execute(values)
}

/// An entry of `SELECT * FROM login`.
pub(super) fn entry(row: &Row) -> rusqlite::Result<LoginEntry> {
    let login = Login {
        at: row.get("at")?,
        user: row.get("user")?,
        plex_id: row.get::<_, Option<i64>>("plex_id")?.map(i64::cast_unsigned),
        service: row.get("service")?,
        rhost: row.get("rhost")?,
        phase: row.get("phase")?,
        outcome: row.get("outcome")?,
        why: row.get("why")?,
        test: row.get("test")?,
        caller: row.get("caller")?,
        number: row.get("number")?,
    };
    Ok(LoginEntry { number: row.get("number")?, origin: row.get("origin")?, login })
}
