//! Reads and writes the tables of `state.db`. Column and table names are those of the first release.

use std::collections::HashMap;
use std::time::Duration;

use policy::{
    AttemptKey, BootTime, BreakerOpen, CachedPassword, Counted, Entry, Failures, FriendList, FriendRecord,
    IdentityBinding, Loss, PlexId, PlexUser, Relationship, SavedLimits,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::logins::{self, PendingLogins};
use super::records::{Change, SavedState, StoredDoubt, StoredHash};
use super::wall_clock;
use crate::clock;

/// Age at which a request no longer counts.
const HOUR: Duration = Duration::from_secs(3600);

/// Age at which the failures of a key are deleted.
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

/// JSON form of a friend list: each person with their relationship to the owner.
#[derive(Serialize, Deserialize)]
struct StoredList {
    owner: StoredUser,
    others: Vec<(StoredUser, String)>,
    /// Not written by the first release.
    #[serde(default)]
    second_source: Option<String>,
    /// Not written by the first releases, which ignore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubt: Option<JsonDoubt>,
}

/// JSON form of a doubt.
#[derive(Serialize, Deserialize)]
struct JsonDoubt {
    missing: Vec<u64>,
    of: usize,
    /// In milliseconds since 1970.
    since: i64,
}

#[derive(Serialize, Deserialize)]
struct StoredUser {
    id: u64,
    username: Option<String>,
    email: Option<String>,
}

/// Deletes expired rows and adjusts for wall-clock steps.
pub(super) fn prune(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    wall_clock::follow(&transaction, &wall_clock::boot_id(), clock::wall_clock_offset())?;
    wall_clock::clamp_future(&transaction)?;
    let before = |age| clock::to_wall_clock(clock::now() - age);
    transaction.execute("DELETE FROM sent WHERE at < ?1", [before(HOUR)])?;
    transaction.execute("DELETE FROM tries WHERE last < ?1", [before(MONTH)])?;
    for key in policy::surplus(&failures(&transaction)?, clock::now()) {
        forget_failures(&transaction, &key)?;
    }
    transaction.commit()
}

/// Reads everything except the client identifier.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<SavedState> {
    Ok(SavedState {
        client_id: String::new(),
        bindings: all(connection, "SELECT account, reference, plex_id FROM pin", |row| {
            Ok(Some((row.get(0)?, IdentityBinding { reference: row.get(1)?, id: id(row, 2)? })))
        })?,
        unbound: all(connection, "SELECT account FROM unbound", |row| row.get(0).map(Some))?,
        groups: all(connection, "SELECT name FROM member_group", |row| row.get(0).map(Some))?,
        // A grant dated in the future is skipped: its age is unknown.
        recent_sign_ins: all(connection, "SELECT account, plex_id, at FROM recent", |row| {
            let Some(at) = clock::from_wall_clock(row.get(2)?) else { return Ok(None) };
            Ok(Some((row.get(0)?, (id(row, 1)?, at))))
        })?,
        passwords: all(connection, "SELECT account, plex_id, at, salt, hash FROM remembered", |row| {
            let Some(at) = clock::from_wall_clock(row.get(2)?) else { return Ok(None) };
            let cached = CachedPassword { id: id(row, 1)?, at };
            Ok(Some((row.get(0)?, StoredHash { cached, salt: row.get(3)?, hash: row.get(4)? })))
        })?,
        limits: SavedLimits {
            failures: failures(connection)?,
            entries: all(connection, "SELECT at, counted, account, origin, known FROM sent", |row| {
                Ok(Some(entry(row)?))
            })?,
            breaker: breaker(connection, false)?,
            link_breaker: breaker(connection, true)?,
        },
        friend_list: friend_list(connection)?,
        logins: all(connection, "SELECT * FROM login ORDER BY number", |row| Ok(Some(logins::entry(row)?)))?,
        last_logins: all(connection, "SELECT account, at FROM last_login", |row| Ok(Some((row.get(0)?, row.get(1)?))))?,
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

/// A penalty dated in the future counts as one of now.
fn failures(connection: &Connection) -> rusqlite::Result<HashMap<AttemptKey, Failures>> {
    all(connection, "SELECT account, origin, wrong, last, succeeded FROM tries", |row| {
        let succeeded: Option<i64> = row.get(4)?;
        let failures = Failures {
            wrong: row.get(2)?,
            last: clock::from_wall_clock(row.get(3)?).unwrap_or_else(clock::now),
            succeeded: succeeded.and_then(clock::from_wall_clock),
        };
        Ok(Some((AttemptKey { account: row.get(0)?, origin: row.get::<_, String>(1)?.into() }, failures)))
    })
}

/// A kind of request that only a later version knows counts as rejected.
fn entry(row: &Row) -> rusqlite::Result<Entry> {
    let counted: String = row.get("counted")?;
    Ok(Entry {
        at: clock::from_wall_clock(row.get("at")?).unwrap_or_else(clock::now),
        key: AttemptKey { account: row.get("account")?, origin: row.get::<_, String>("origin")?.into() },
        known: row.get("known")?,
        counted: counted.parse().unwrap_or(Counted::Rejected),
    })
}

fn forget_failures(connection: &Connection, key: &AttemptKey) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached("DELETE FROM tries WHERE account = ?1 AND origin = ?2")?;
    statement.execute(params![key.account, key.origin.as_str()])
}

/// The circuit breaker of everything, or that of link codes.
fn breaker(connection: &Connection, link: bool) -> rusqlite::Result<Option<BreakerOpen>> {
    let read = |row: &Row| {
        let at = clock::from_wall_clock(row.get(0)?).unwrap_or_else(clock::now);
        Ok(BreakerOpen { at, span: Duration::from_millis(row.get(1)?), blocked: row.get(2)? })
    };
    connection.query_row("SELECT at, span, blocked FROM closed WHERE link = ?1", [link], read).optional()
}

fn friend_list(connection: &Connection) -> rusqlite::Result<Option<(String, FriendList, Option<StoredDoubt>)>> {
    let row = connection
        .query_row("SELECT mark, at, people FROM circle", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    // An unreadable list is dropped; the next one is fetched within seconds.
    Ok(row.and_then(|(scope_id, at, people)| {
        let stored: StoredList = serde_json::from_str(&people).ok()?;
        let fetched_at = clock::from_wall_clock(at)?;
        let entries: Option<Vec<FriendRecord>> = stored
            .others
            .into_iter()
            .map(|(user, name)| {
                Some(FriendRecord { person: plex_user(user), relationship: Relationship::named(&name)? })
            })
            .collect();
        let doubt = stored.doubt.map(|JsonDoubt { missing, of, since }| StoredDoubt {
            loss: Loss { missing: missing.into_iter().map(PlexId).collect(), of },
            // A doubt dated in the future counts as one of now.
            since: clock::from_wall_clock(since).unwrap_or_else(clock::now),
        });
        let (owner, second_source) = (plex_user(stored.owner), stored.second_source);
        Some((scope_id, FriendList { owner, entries: entries?, second_source, fetched_at }, doubt))
    }))
}

/// Writes changes in one transaction, and the logins after them.
pub(super) fn write(connection: &mut Connection, changes: &[Change], logins: &PendingLogins) -> rusqlite::Result<()> {
    // The usual case of a flood: the logins wait.
    if logins.is_empty() && changes.iter().all(|change| matches!(change, Change::LoginsWait)) {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    wall_clock::follow(&transaction, &wall_clock::boot_id(), clock::wall_clock_offset())?;
    for change in changes {
        write_one(&transaction, change)?;
    }
    logins.write(&transaction)?;
    transaction.commit()?;
    if changes.iter().any(|change| matches!(change, Change::ForgetPassword(_) | Change::ForgetAccount(_))) {
        // Deleted data must not remain in the write-ahead log.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

fn write_one(to: &Connection, change: &Change) -> rusqlite::Result<usize> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| to.prepare_cached(sql)?.execute(values);
    let millis = |time: &BootTime| clock::to_wall_clock(*time);
    match change {
        Change::Binding(account, IdentityBinding { id, reference }) => {
            run("REPLACE INTO pin VALUES (?1, ?2, ?3)", params![account, reference, id.0.cast_signed()])
        }
        Change::Unbound(accounts) => {
            accounts.iter().map(|account| run("REPLACE INTO unbound VALUES (?1)", params![account])).sum()
        }
        Change::Group(name) => run("REPLACE INTO member_group VALUES (?1)", params![name]),
        Change::Released(account) => run("DELETE FROM unbound WHERE account = ?1", params![account]),
        Change::ReleasedBinding(account) => run("DELETE FROM pin WHERE account = ?1", params![account]),
        Change::RecentSignIn(account, id, at) => {
            run("REPLACE INTO recent VALUES (?1, ?2, ?3)", params![account, id.0.cast_signed(), millis(at)])
        }
        Change::Password(account, StoredHash { cached, salt, hash }) => run(
            "REPLACE INTO remembered VALUES (?1, ?2, ?3, ?4, ?5)",
            params![account, cached.id.0.cast_signed(), millis(&cached.at), salt, hash],
        ),
        Change::ForgetPassword(account) => run("DELETE FROM remembered WHERE account = ?1", params![account]),
        Change::Failures(key, Failures { wrong, last, succeeded }) => run(
            "REPLACE INTO tries VALUES (?1, ?2, ?3, ?4, ?5)",
            params![key.account, key.origin.as_str(), wrong, millis(last), succeeded.as_ref().map(millis)],
        ),
        Change::ForgetFailures(key) => forget_failures(to, key),
        Change::Counted(Entry { at, key, known, counted }) => {
            run("DELETE FROM sent WHERE at < ?1", params![clock::to_wall_clock(clock::now() - HOUR)])?;
            let (counted, origin) = (<&str>::from(counted), key.origin.as_str());
            run(
                "INSERT INTO sent VALUES (?1, ?2, ?3, ?4, ?5)",
                params![millis(at), counted, key.account, origin, known],
            )
        }
        Change::TakenBack(key) => Counted::TAKEN_BACK
            .iter()
            .map(|(before, after)| {
                run(
                    "UPDATE sent SET counted = ?4 WHERE account = ?1 AND origin = ?2 AND counted = ?3",
                    params![key.account, key.origin.as_str(), <&str>::from(before), <&str>::from(after)],
                )
            })
            .sum(),
        Change::BreakerOpen(breaker) => write_breaker(to, breaker, false),
        Change::LinkBreakerOpen(breaker) => write_breaker(to, breaker, true),
        Change::FriendList(scope_id, list, doubt) => {
            run("DELETE FROM circle", params![])?;
            let people = to_json(list, doubt.as_ref());
            run("INSERT INTO circle VALUES (?1, ?2, ?3)", params![scope_id, millis(&list.fetched_at), people])
        }
        Change::ForgetSent(account, origin) => run(
            "DELETE FROM sent WHERE (?1 IS NULL OR account = ?1) AND origin = ?2",
            params![account, origin.as_str()],
        ),
        Change::ForgetAccount(account) => ["pin", "unbound", "recent", "remembered", "tries", "sent", "last_login"]
            .into_iter()
            .map(|table| run(&format!("DELETE FROM {table} WHERE account = ?1"), params![account]))
            .sum(),
        // Those of the audit log are in `PendingLogins`.
        Change::Login(_) | Change::ForgetLogin(_) | Change::LastLogin(..) | Change::LoginsWait | Change::Written(_) => {
            Ok(0)
        }
    }
}

fn write_breaker(to: &Connection, breaker: &BreakerOpen, link: bool) -> rusqlite::Result<usize> {
    let BreakerOpen { at, span, blocked } = breaker;
    to.prepare_cached("DELETE FROM closed WHERE link = ?1")?.execute([link])?;
    let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let mut insert = to.prepare_cached("INSERT INTO closed VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute(params![clock::to_wall_clock(*at), span, blocked, link])
}

fn to_json(list: &FriendList, doubt: Option<&StoredDoubt>) -> String {
    let others =
        list.entries.iter().map(|entry| (stored_user(&entry.person), entry.relationship.word().to_owned())).collect();
    let doubt = doubt.map(|StoredDoubt { loss, since }| JsonDoubt {
        missing: loss.missing.iter().map(|id| id.0).collect(),
        of: loss.of,
        since: clock::to_wall_clock(*since),
    });
    // Text and numbers always serialise.
    serde_json::to_string(&StoredList {
        owner: stored_user(&list.owner),
        others,
        second_source: list.second_source.clone(),
        doubt,
    })
    .unwrap_or_default()
}

fn stored_user(user: &PlexUser) -> StoredUser {
    StoredUser { id: user.id.0, username: user.username.clone(), email: user.email.clone() }
}

fn plex_user(user: StoredUser) -> PlexUser {
    PlexUser { id: PlexId(user.id), username: user.username, email: user.email }
}
