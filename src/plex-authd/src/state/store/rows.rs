//! The rows of each table, read and written.

use std::time::Duration;

use policy::{
    AttemptKey, BootTime, BreakerOpen, CachedPassword, Failures, FriendList, FriendRecord, IdentityBinding, PlexId,
    PlexUser, Rejected, Relationship,
};
use protocol::Login;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::{Change, Kept, StoredHash, wall_clock};
use crate::clock;
use crate::state::audit_log::MAX_ENTRIES;

/// How long a rejected sign-in counts.
const HOUR: Duration = Duration::from_secs(3600);

/// How long a pair is kept that has not tried since.
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

/// A friend list as it is written down.
#[derive(Serialize, Deserialize)]
struct People {
    owner: One,
    others: Vec<(One, String)>,
}

#[derive(Serialize, Deserialize)]
struct One {
    id: u64,
    username: Option<String>,
    email: Option<String>,
}

/// Removes what time has settled, or the calendar.
pub(super) fn prune(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    wall_clock::follow(&transaction, &wall_clock::boot(), clock::ahead())?;
    wall_clock::clamp_future(&transaction)?;
    let before = |age| clock::to_calendar(clock::now() - age);
    transaction.execute("DELETE FROM rejected WHERE at < ?1", [before(HOUR)])?;
    transaction.execute("DELETE FROM tries WHERE last < ?1", [before(MONTH)])?;
    transaction.commit()
}

/// Reads everything but the client's identifier.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Kept> {
    Ok(Kept {
        client_id: String::new(),
        pins: all(connection, "SELECT account, reference, plex_id FROM pin", |row| {
            Ok(Some((row.get(0)?, IdentityBinding { reference: row.get(1)?, id: id(row, 2)? })))
        })?,
        // What the calendar says is still to come has no age that could be relied on.
        recent: all(connection, "SELECT account, plex_id, at FROM recent", |row| {
            let Some(at) = clock::from_calendar(row.get(2)?) else { return Ok(None) };
            Ok(Some((row.get(0)?, (id(row, 1)?, at))))
        })?,
        hashed: all(connection, "SELECT account, plex_id, at, salt, hash FROM remembered", |row| {
            let Some(at) = clock::from_calendar(row.get(2)?) else { return Ok(None) };
            let remembered = CachedPassword { id: id(row, 1)?, at };
            Ok(Some((row.get(0)?, StoredHash { remembered, salt: row.get(3)?, hash: row.get(4)? })))
        })?,
        // A pause or a rejection that seems to lie ahead is taken for one of just now: the throttle errs on that side.
        tries: all(connection, "SELECT account, origin, wrong, last, succeeded FROM tries", |row| {
            let succeeded: Option<i64> = row.get(4)?;
            let tries = Failures {
                wrong: row.get(2)?,
                last: clock::from_calendar(row.get(3)?).unwrap_or_else(clock::now),
                succeeded: succeeded.and_then(clock::from_calendar),
            };
            Ok(Some((AttemptKey { account: row.get(0)?, origin: row.get(1)? }, tries)))
        })?,
        rejected: all(connection, "SELECT at, origin FROM rejected", |row| {
            let at = clock::from_calendar(row.get(0)?).unwrap_or_else(clock::now);
            Ok(Some(Rejected { at, origin: row.get(1)? }))
        })?,
        closed: closed(connection)?,
        circle: circle(connection)?,
        logins: all(connection, "SELECT * FROM login ORDER BY number", |row| Ok(Some(login(row)?)))?,
        last: all(connection, "SELECT account, at FROM last_login", |row| Ok(Some((row.get(0)?, row.get(1)?))))?,
    })
}

fn all<T, C: FromIterator<T>>(
    connection: &Connection,
    sql: &str,
    read: impl Fn(&Row) -> rusqlite::Result<Option<T>>,
) -> rusqlite::Result<C> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| read(row))?;
    rows.filter_map(Result::transpose).collect()
}

fn id(row: &Row, column: usize) -> rusqlite::Result<PlexId> {
    row.get::<_, i64>(column).map(|id| PlexId(id.cast_unsigned()))
}

fn login(row: &Row) -> rusqlite::Result<Login> {
    Ok(Login {
        at: row.get("at")?,
        user: row.get("user")?,
        plex_id: row.get::<_, Option<i64>>("plex_id")?.map(i64::cast_unsigned),
        service: row.get("service")?,
        rhost: row.get("rhost")?,
        phase: row.get("phase")?,
        outcome: row.get("outcome")?,
        why: row.get("why")?,
    })
}

fn closed(connection: &Connection) -> rusqlite::Result<Option<BreakerOpen>> {
    let read = |row: &Row| {
        let at = clock::from_calendar(row.get(0)?).unwrap_or_else(clock::now);
        Ok(BreakerOpen { at, span: Duration::from_millis(row.get(1)?), blocked: row.get(2)? })
    };
    connection.query_row("SELECT at, span, blocked FROM closed", [], read).optional()
}

fn circle(connection: &Connection) -> rusqlite::Result<Option<(String, FriendList)>> {
    let row = connection
        .query_row("SELECT mark, at, people FROM circle", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    // A list that cannot be read is no list; the next one comes within seconds.
    Ok(row.and_then(|(mark, at, people)| {
        let people: People = serde_json::from_str(&people).ok()?;
        let fetched_at = clock::from_calendar(at)?;
        let entries: Option<Vec<FriendRecord>> = people
            .others
            .into_iter()
            .map(|(one, tie)| Some(FriendRecord { person: person(one), tie: Relationship::named(&tie)? }))
            .collect();
        Some((mark, FriendList { owner: person(people.owner), entries: entries?, fetched_at }))
    }))
}

/// Writes changes, all or none of them.
pub(super) fn write(connection: &mut Connection, changes: &[Change]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    wall_clock::follow(&transaction, &wall_clock::boot(), clock::ahead())?;
    for change in changes {
        write_one(&transaction, change)?;
    }
    transaction.commit()?;
    if changes.iter().any(|change| matches!(change, Change::Forget(_) | Change::ForgetAll(_))) {
        // What was forgotten must not be left in the log of changes.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

fn write_one(to: &Connection, change: &Change) -> rusqlite::Result<usize> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| to.prepare_cached(sql)?.execute(values);
    let at = |moment: &BootTime| clock::to_calendar(*moment);
    match change {
        Change::IdentityBinding(account, pin) => {
            run("REPLACE INTO pin VALUES (?1, ?2, ?3)", params![account, pin.reference, pin.id.0.cast_signed()])
        }
        Change::Recent(account, id, when) => {
            run("REPLACE INTO recent VALUES (?1, ?2, ?3)", params![account, id.0.cast_signed(), at(when)])
        }
        Change::StoredHash(account, StoredHash { remembered, salt, hash }) => run(
            "REPLACE INTO remembered VALUES (?1, ?2, ?3, ?4, ?5)",
            params![account, remembered.id.0.cast_signed(), at(&remembered.at), salt, hash],
        ),
        Change::Forget(account) => run("DELETE FROM remembered WHERE account = ?1", params![account]),
        Change::Failures(key, tries) => run(
            "REPLACE INTO tries VALUES (?1, ?2, ?3, ?4, ?5)",
            params![key.account, key.origin, tries.wrong, at(&tries.last), tries.succeeded.as_ref().map(at)],
        ),
        Change::Rejected(rejected) => {
            run("DELETE FROM rejected WHERE at < ?1", params![clock::to_calendar(clock::now() - HOUR)])?;
            run("INSERT INTO rejected VALUES (?1, ?2)", params![at(&rejected.at), rejected.origin])
        }
        Change::BreakerOpen(BreakerOpen { at: when, span, blocked }) => {
            run("DELETE FROM closed", params![])?;
            let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
            run("INSERT INTO closed VALUES (?1, ?2, ?3)", params![at(when), span, blocked])
        }
        Change::FriendList(mark, circle) => {
            run("DELETE FROM circle", params![])?;
            run("INSERT INTO circle VALUES (?1, ?2, ?3)", params![mark, at(&circle.fetched_at), people(circle)])
        }
        Change::Login(login) => {
            let Login { at, user, plex_id, service, rhost, phase, outcome, why } = &**login;
            let plex_id = plex_id.map(u64::cast_signed);
            run(
                "INSERT INTO login VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![at, user, plex_id, service, rhost, phase, outcome, why],
            )?;
            run("DELETE FROM login WHERE number <= (SELECT max(number) FROM login) - ?1", params![MAX_ENTRIES])
        }
        Change::LastLogin(account, at) => run("REPLACE INTO last_login VALUES (?1, ?2)", params![account, at]),
        Change::ForgetAll(account) => ["pin", "recent", "remembered", "tries", "last_login"]
            .into_iter()
            .map(|table| run(&format!("DELETE FROM {table} WHERE account = ?1"), params![account]))
            .sum(),
        Change::Written(_) => Ok(0),
    }
}

fn people(circle: &FriendList) -> String {
    let others = circle.entries.iter().map(|entry| (one(&entry.person), entry.tie.word().to_owned())).collect();
    // Text and numbers can always be written.
    serde_json::to_string(&People { owner: one(&circle.owner), others }).unwrap_or_default()
}

fn one(person: &PlexUser) -> One {
    One { id: person.id.0, username: person.username.clone(), email: person.email.clone() }
}

fn person(one: One) -> PlexUser {
    PlexUser { id: PlexId(one.id), username: one.username, email: one.email }
}
