//! Wall-clock steps. Penalties (failures, rejections, breaker) are shifted with the step, so what remains of them is unchanged.
//! Grants (cached passwords, sign-ins, the friend list) are not: the older of the two ages counts.

use std::fs;

use rusqlite::{Connection, OptionalExtension, params};

use crate::clock;

/// The kernel's identifier of the current boot.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Smaller steps, in milliseconds, are inaccuracy of the clock.
const MIN_STEP: i64 = 1000;

/// Identifier of the current boot; empty if it cannot be read, which equals no recorded one.
pub(super) fn boot_id() -> String {
    fs::read_to_string(BOOT_ID).unwrap_or_default().trim().to_owned()
}

/// Shifts penalties if the wall clock was stepped since the last call. A step while the machine was off is unknown.
/// `offset` is the wall clock minus the boot clock, in milliseconds.
pub(super) fn follow(connection: &Connection, boot: &str, offset: i64) -> rusqlite::Result<()> {
    let before = connection
        .query_row("SELECT boot, ahead FROM calendar", [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    let step = match &before {
        Some((same, before)) if same == boot && !boot.is_empty() => offset.saturating_sub(*before),
        _ => 0,
    };
    if before.is_some_and(|(same, _)| same == boot) && step.saturating_abs() < MIN_STEP {
        return Ok(());
    }
    connection.execute("UPDATE tries SET last = last + ?1, succeeded = succeeded + ?1", [step])?;
    connection.execute("UPDATE sent SET at = at + ?1", [step])?;
    connection.execute("UPDATE closed SET at = at + ?1", [step])?;
    connection.execute("DELETE FROM calendar", [])?;
    connection.execute("INSERT INTO calendar VALUES (?1, ?2)", params![boot, offset])?;
    Ok(())
}

/// Handles rows dated in the future, whose age is unknown: deletes grants, which would be fresh again when that time comes,
/// and sets penalties to now.
pub(super) fn clamp_future(connection: &Connection) -> rusqlite::Result<()> {
    let now = clock::to_wall_clock(clock::now());
    connection.execute("DELETE FROM remembered WHERE at > ?1", [now])?;
    connection.execute("DELETE FROM recent WHERE at > ?1", [now])?;
    connection.execute("DELETE FROM circle WHERE at > ?1", [now])?;
    connection.execute("UPDATE tries SET succeeded = NULL WHERE succeeded > ?1", [now])?;
    connection.execute("UPDATE tries SET last = ?1 WHERE last > ?1", [now])?;
    connection.execute("UPDATE sent SET at = ?1 WHERE at > ?1", [now])?;
    connection.execute("UPDATE closed SET at = ?1 WHERE at > ?1", [now])?;
    Ok(())
}
