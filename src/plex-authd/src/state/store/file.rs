//! The file `state.db`: created, opened, migrated, and moved aside if it is damaged.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::records::SavedState;
use super::{client_id, rows};
use crate::log::Log;

/// Migrations, in order. A released migration never changes; `user_version` counts those that have been applied.
pub(super) const MIGRATIONS: [&str; 9] = [
    "
    CREATE TABLE installation (client_id TEXT NOT NULL) STRICT;
    CREATE TABLE pin (
        account TEXT PRIMARY KEY, reference TEXT NOT NULL, plex_id INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE recent (
        account TEXT PRIMARY KEY, plex_id INTEGER NOT NULL, at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE remembered (
        account TEXT PRIMARY KEY, plex_id INTEGER NOT NULL, at INTEGER NOT NULL, salt BLOB NOT NULL, hash BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tries (
        account TEXT NOT NULL, origin TEXT NOT NULL, wrong INTEGER NOT NULL, last INTEGER NOT NULL, succeeded INTEGER,
        PRIMARY KEY (account, origin)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE rejected (at INTEGER NOT NULL, origin TEXT NOT NULL) STRICT;
    CREATE TABLE closed (at INTEGER NOT NULL, span INTEGER NOT NULL, blocked INTEGER NOT NULL) STRICT;
    CREATE TABLE circle (mark TEXT NOT NULL, at INTEGER NOT NULL, people TEXT NOT NULL) STRICT;
    ",
    "CREATE TABLE calendar (boot TEXT NOT NULL, ahead INTEGER NOT NULL) STRICT;",
    "
    CREATE TABLE login (
        number INTEGER PRIMARY KEY, at INTEGER NOT NULL, user TEXT NOT NULL, plex_id INTEGER, service TEXT, rhost TEXT,
        phase TEXT NOT NULL, outcome TEXT NOT NULL, why TEXT NOT NULL
    ) STRICT;
    CREATE TABLE last_login (account TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    ",
    "
    CREATE TABLE sent (
        at INTEGER NOT NULL, counted TEXT NOT NULL, account TEXT NOT NULL, origin TEXT NOT NULL, known INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX sent_at ON sent (at);
    INSERT INTO sent SELECT at, 'rejected', '', origin, 0 FROM rejected;
    DROP TABLE rejected;
    ALTER TABLE closed ADD COLUMN link INTEGER NOT NULL DEFAULT 0;
    ",
    "ALTER TABLE login ADD COLUMN origin TEXT;",
    "CREATE TABLE unbound (account TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;",
    "CREATE TABLE member_group (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;",
    "ALTER TABLE login ADD COLUMN test INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE login ADD COLUMN caller INTEGER;",
];

/// File name in the state directory.
const FILE: &str = "state.db";

/// Why a file cannot be used.
enum Unreadable {
    /// Damaged; a new file replaces it.
    Damaged(String),
    /// Written by a newer version; this one would lose its data. The number of migrations.
    Newer(usize),
    /// Not accessible: missing permissions or no space.
    Disk(String),
}

/// `state.db` was written by a newer version.
#[derive(Debug)]
pub(crate) struct NewerVersion {
    file: PathBuf,
    migrations: usize,
}

impl fmt::Display for NewerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: written by a newer version ({} steps, this one knows {}); install that version, or move the file away, \
             and with it who each account belonged to",
            self.file.display(),
            self.migrations,
            MIGRATIONS.len()
        )
    }
}

impl From<rusqlite::Error> for Unreadable {
    fn from(error: rusqlite::Error) -> Self {
        let damaged = match error.sqlite_error_code() {
            Some(code) => matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown),
            // Valid SQLite with wrong content: a wrong type, a missing column.
            None => true,
        };
        if damaged { Self::Damaged(error.to_string()) } else { Self::Disk(error.to_string()) }
    }
}

/// Opens the file and reads it. The connection is `None` if the file cannot be written.
///
/// # Errors
/// [`NewerVersion`]
pub(super) fn open(directory: &Path, log: &Log) -> Result<(Option<Connection>, SavedState), NewerVersion> {
    let file = directory.join(FILE);
    let first = match read(directory) {
        Err(Unreadable::Damaged(why)) => {
            move_aside(&file, &why, log);
            read(directory)
        }
        other => other,
    };
    match first {
        Ok((connection, saved)) => {
            client_id::save(directory, &saved.client_id, log);
            Ok((Some(connection), saved))
        }
        Err(Unreadable::Newer(migrations)) => Err(NewerVersion { file, migrations }),
        Err(Unreadable::Damaged(why) | Unreadable::Disk(why)) => {
            log.error(format!(
                "{}: {why}; continuing without it: what changes now is lost at the next start. The directory must \
                 belong to the daemon's user and have free space",
                file.display()
            ));
            Ok((None, read_only(&file).unwrap_or_else(|| empty(directory))))
        }
    }
}

fn empty(directory: &Path) -> SavedState {
    SavedState { client_id: client_id::read_or_create(directory), ..SavedState::default() }
}

fn read(directory: &Path) -> Result<(Connection, SavedState), Unreadable> {
    let mut connection = Connection::open(directory.join(FILE))?;
    // In memory, because the daemon cannot write to a temporary directory.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A power failure loses at most the last batch, never the file.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    let health: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if health != "ok" {
        return Err(Unreadable::Damaged(health));
    }
    migrate(&mut connection)?;
    let client_id = client_id(&connection, directory)?;
    rows::prune(&mut connection)?;
    let saved = SavedState { client_id, ..rows::read(&connection)? };
    Ok((connection, saved))
}

fn migrate(connection: &mut Connection) -> Result<(), Unreadable> {
    let applied: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if applied > MIGRATIONS.len() {
        return Err(Unreadable::Newer(applied));
    }
    for (number, migration) in (1..).zip(MIGRATIONS).skip(applied) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// This installation's client identifier: from the database, else from the file, which the command may have written.
fn client_id(connection: &Connection, directory: &Path) -> rusqlite::Result<String> {
    let saved = connection.query_row("SELECT client_id FROM installation", [], |row| row.get(0)).optional()?;
    if let Some(id) = saved {
        return Ok(id);
    }
    let id = client_id::read_or_create(directory);
    connection.execute("INSERT INTO installation (client_id) VALUES (?1)", [&id])?;
    Ok(id)
}

/// Content of a file that can be read but not written, such as one on a read-only file system. The first attempt includes
/// the write-ahead log that a killed daemon has left. Without such a log `SQLite` would have to create one even to read;
/// `immutable=1` avoids that.
fn read_only(file: &Path) -> Option<SavedState> {
    let path = file.to_str()?.replace('%', "%25").replace('?', "%3f");
    ["mode=ro", "immutable=1"].iter().find_map(|mode| read_uri(&format!("file:{path}?{mode}")))
}

fn read_uri(uri: &str) -> Option<SavedState> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri, flags).ok()?;
    let client_id = connection.query_row("SELECT client_id FROM installation", [], |row| row.get(0)).ok()?;
    Some(SavedState { client_id, ..rows::read(&connection).ok()? })
}

/// Renames a damaged file and its write-ahead log, so that they can be examined.
fn move_aside(file: &Path, why: &str, log: &Log) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let aside = |end: &str| format!("{}{end}", file.display());
    for end in ["", "-wal", "-shm"] {
        // Any of the three may be missing.
        let _ = fs::rename(aside(end), aside(&format!(".broken-{now}{end}")));
    }
    log.error(format!(
        "{}: {why}; moved to {}, and a new one created. Which Plex account each local account belongs to is determined again \
         from the next friend list, or at its next login",
        file.display(),
        aside(&format!(".broken-{now}"))
    ));
}
