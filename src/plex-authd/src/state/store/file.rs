//! The file itself: made, opened, brought up to date, and set aside when it is broken.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::{Kept, client_id, rows};
use crate::log::Log;

/// The schema, as the steps that lead to it. A step that was released is never changed; the database counts how many
/// it has taken.
pub(super) const STEPS: [&str; 3] = [
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
];

/// The file's name.
const FILE: &str = "state.db";

/// Why a file cannot be used.
enum InvalidInput {
    /// It is damaged, and a fresh one can take its place.
    Broken(String),
    /// A newer version wrote it, and knows things that this one would lose.
    Newer(usize),
    /// There is none to be had: no right, no room.
    Disk(String),
}

impl From<rusqlite::Error> for InvalidInput {
    fn from(error: rusqlite::Error) -> Self {
        let broken = match error.sqlite_error_code() {
            Some(code) => matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown),
            // It is SQLite, but what it holds is not what was written: a wrong type, a missing column.
            None => true,
        };
        if broken { Self::Broken(error.to_string()) } else { Self::Disk(error.to_string()) }
    }
}

/// The open file, if there can be one, and what it holds.
pub(super) fn open(directory: &Path, log: &Log) -> Result<(Option<Connection>, Kept), String> {
    let file = directory.join(FILE);
    let first = match read(directory) {
        Err(InvalidInput::Broken(why)) => {
            set_aside(&file, &why, log);
            read(directory)
        }
        other => other,
    };
    match first {
        Ok((connection, kept)) => {
            client_id::note(directory, &kept.client_id, log);
            Ok((Some(connection), kept))
        }
        Err(InvalidInput::Newer(steps)) => Err(format!(
            "{}: written by a newer version ({steps} steps, this one knows {}); install that version, or move the file \
             away, and with it who each account belonged to",
            file.display(),
            STEPS.len()
        )),
        Err(InvalidInput::Broken(why) | InvalidInput::Disk(why)) => {
            log.error(format!(
                "{}: {why}; going on without it: what is learnt now is lost at the next start. The directory must belong \
                 to the daemon's user and have room",
                file.display()
            ));
            Ok((None, read_only(&file).unwrap_or_else(|| nothing(directory))))
        }
    }
}

/// What there is where nothing was kept.
fn nothing(directory: &Path) -> Kept {
    Kept { client_id: client_id::noted_or_new(directory), ..Kept::default() }
}

fn read(directory: &Path) -> Result<(Connection, Kept), InvalidInput> {
    let mut connection = Connection::open(directory.join(FILE))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Losing power loses at most the last batch, and never the file.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    let health: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if health != "ok" {
        return Err(InvalidInput::Broken(health));
    }
    migrate(&mut connection)?;
    let client_id = client_id(&connection, directory)?;
    rows::prune(&mut connection)?;
    let kept = Kept { client_id, ..rows::read(&connection)? };
    Ok((connection, kept))
}

fn migrate(connection: &mut Connection) -> Result<(), InvalidInput> {
    let taken: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if taken > STEPS.len() {
        return Err(InvalidInput::Newer(taken));
    }
    for (number, step) in (1..).zip(STEPS).skip(taken) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// This installation's identifier. Where the command was here first, it is the command's.
fn client_id(connection: &Connection, directory: &Path) -> rusqlite::Result<String> {
    let kept = connection.query_row("SELECT client_id FROM installation", [], |row| row.get(0)).optional()?;
    if let Some(id) = kept {
        return Ok(id);
    }
    let id = client_id::noted_or_new(directory);
    connection.execute("INSERT INTO installation (client_id) VALUES (?1)", [&id])?;
    Ok(id)
}

/// What a file holds that can be read but not written, such as one on a file system that is mounted so. A daemon that died
/// has left its latest changes beside the file, and they count. Where nothing lies there, something would have to
/// be made even to read, unless it is said that the file never changes.
fn read_only(file: &Path) -> Option<Kept> {
    let path = file.to_str()?.replace('%', "%25").replace('?', "%3f");
    ["mode=ro", "immutable=1"].iter().find_map(|how| read_as(&format!("file:{path}?{how}")))
}

fn read_as(address: &str) -> Option<Kept> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(address, flags).ok()?;
    let client_id = connection.query_row("SELECT client_id FROM installation", [], |row| row.get(0)).ok()?;
    Some(Kept { client_id, ..rows::read(&connection).ok()? })
}

/// Moves a broken file out of the way, with what belongs to it. Somebody may want to look at it.
fn set_aside(file: &Path, why: &str, log: &Log) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let aside = |end: &str| format!("{}{end}", file.display());
    for end in ["", "-wal", "-shm"] {
        // Without the main file there is nothing to set aside; the other two need not be there.
        let _ = fs::rename(aside(end), aside(&format!(".broken-{now}{end}")));
    }
    log.error(format!(
        "{}: {why}; set aside as {} and begun anew. Which Plex account each local account belonged to is learnt again \
         at its next login",
        file.display(),
        aside(&format!(".broken-{now}"))
    ));
}
