//! What is written down has the calendar's time, and calendars are set. What keeps somebody out is moved along with the
//! calendar, so that a pause is no shorter and no longer for it. What lets somebody in is not: it goes by whichever clock
//! makes it older.

use std::fs;

use rusqlite::{Connection, OptionalExtension, params};

use crate::clock;

/// Where the kernel says which start of the machine this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Differences below this are the calendar's own inaccuracy, in milliseconds.
const SET: i64 = 1000;

/// Which start of the machine this is; nothing that was written down is from one without a name.
pub(super) fn boot() -> String {
    fs::read_to_string(BOOT_ID).unwrap_or_default().trim().to_owned()
}

/// Moves along what keeps somebody out, if the calendar was set since this was last looked at. What happened to it while
/// the machine was off cannot be known. `ahead` is how far the calendar is ahead of the clock that nobody can set.
pub(super) fn follow(connection: &Connection, boot: &str, ahead: i64) -> rusqlite::Result<()> {
    let before = connection
        .query_row("SELECT boot, ahead FROM calendar", [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    let set = match &before {
        Some((same, before)) if same == boot && !boot.is_empty() => ahead.saturating_sub(*before),
        _ => 0,
    };
    if before.is_some_and(|(same, _)| same == boot) && set.saturating_abs() < SET {
        return Ok(());
    }
    connection.execute("UPDATE tries SET last = last + ?1, succeeded = succeeded + ?1", [set])?;
    connection.execute("UPDATE rejected SET at = at + ?1", [set])?;
    connection.execute("UPDATE closed SET at = at + ?1", [set])?;
    connection.execute("DELETE FROM calendar", [])?;
    connection.execute("INSERT INTO calendar VALUES (?1, ?2)", params![boot, ahead])?;
    Ok(())
}

/// Settles what the calendar says is still to come: nobody knows how long ago it was. What lets somebody in is removed, or
/// it would be young again when that day comes. What keeps somebody out is taken for one of just now, once.
pub(super) fn clamp_future(connection: &Connection) -> rusqlite::Result<()> {
    let now = clock::to_calendar(clock::now());
    connection.execute("DELETE FROM remembered WHERE at > ?1", [now])?;
    connection.execute("DELETE FROM recent WHERE at > ?1", [now])?;
    connection.execute("DELETE FROM circle WHERE at > ?1", [now])?;
    connection.execute("UPDATE tries SET succeeded = NULL WHERE succeeded > ?1", [now])?;
    connection.execute("UPDATE tries SET last = ?1 WHERE last > ?1", [now])?;
    connection.execute("UPDATE rejected SET at = ?1 WHERE at > ?1", [now])?;
    connection.execute("UPDATE closed SET at = ?1 WHERE at > ?1", [now])?;
    Ok(())
}
