//! What must outlive a restart: this installation's identifier at plex.tv, and who each account belonged to first.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use policy::{Pin, PlexId};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

/// The schema, as the steps that lead to it. A step that was released is never changed; the database counts how many
/// it has taken.
const STEPS: [&str; 1] = ["
    CREATE TABLE installation (client_id TEXT NOT NULL);
    CREATE TABLE pin (
        account   TEXT PRIMARY KEY,
        reference TEXT NOT NULL,
        plex_id   INTEGER NOT NULL
    ) WITHOUT ROWID;
"];

/// The database.
pub(crate) struct State(Mutex<Connection>);

impl State {
    /// Opens `state.db` in a directory, making it when there is none.
    ///
    /// # Errors
    /// A sentence for the administrator.
    pub(crate) fn open(directory: &Path) -> Result<Self, String> {
        let file = directory.join("state.db");
        let explain = |error: rusqlite::Error| {
            format!("{}: {error}; the directory must belong to the daemon's user and have room", file.display())
        };
        let connection = Connection::open(&file).map_err(explain)?;
        prepare(&connection).map_err(explain)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// This installation's identifier. Made once: every new one costs each user a mail about a new device.
    ///
    /// # Errors
    /// When it cannot be read or kept.
    pub(crate) fn client_id(&self) -> rusqlite::Result<String> {
        let connection = self.lock();
        let kept = connection.query_row("SELECT client_id FROM installation", [], |row| row.get(0)).optional()?;
        if let Some(id) = kept {
            return Ok(id);
        }
        let id = Uuid::new_v4().to_string();
        connection.execute("INSERT INTO installation (client_id) VALUES (?1)", [&id])?;
        Ok(id)
    }

    /// Who an account belonged to at its first login.
    ///
    /// # Errors
    /// When it cannot be read; a login must then not go on as if there were none.
    pub(crate) fn pin(&self, account: &str) -> rusqlite::Result<Option<Pin>> {
        self.lock()
            .query_row("SELECT reference, plex_id FROM pin WHERE account = ?1", [account], |row| {
                let id: i64 = row.get(1)?;
                Ok(Pin { reference: row.get(0)?, id: PlexId(id.cast_unsigned()) })
            })
            .optional()
    }

    /// Notes who an account belongs to.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub(crate) fn set_pin(&self, account: &str, pin: &Pin) -> rusqlite::Result<()> {
        let sql = "INSERT INTO pin (account, reference, plex_id) VALUES (?1, ?2, ?3)
                   ON CONFLICT (account) DO UPDATE SET reference = excluded.reference, plex_id = excluded.plex_id";
        self.lock().execute(sql, params![account, pin.reference, pin.id.0.cast_signed()]).map(|_| ())
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let taken: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (number, step) in (1..).zip(STEPS).skip(taken) {
        connection.execute_batch(&format!("BEGIN; {step} PRAGMA user_version = {number}; COMMIT;"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn what_was_noted_is_there_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let state = State::open(directory.path()).unwrap();
        let id = state.client_id().unwrap();
        assert_eq!(state.pin("alice").unwrap(), None);
        let first = Pin { id: PlexId(u64::MAX), reference: "alice@example.org".into() };
        let second = Pin { id: PlexId(3), reference: "3".into() };
        state.set_pin("alice", &first).unwrap();
        assert_eq!(state.pin("alice").unwrap(), Some(first));
        state.set_pin("alice", &second).unwrap();
        drop(state);
        let state = State::open(directory.path()).unwrap();
        assert_eq!(state.client_id().unwrap(), id);
        assert_eq!(state.pin("alice").unwrap(), Some(second));
    }

    #[test]
    fn a_directory_that_cannot_be_used_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = State::open(&directory.path().join("none")).err().unwrap();
        assert!(error.contains("none/state.db"), "{error}");
    }
}
