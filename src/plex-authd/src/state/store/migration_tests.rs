//! Files of earlier versions: what counted before counts on, within the bounds of today.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::fs;
use std::path::Path;

use policy::{AttemptKey, Counted, Limits, Reason, Throttle};
use rusqlite::{Connection, params};

use super::file::MIGRATIONS;
use super::open;
use crate::clock;
use crate::log::Log;

/// `state.db` as the version with three migrations wrote it.
fn before_shares(directory: &Path) -> Connection {
    let connection = Connection::open(directory.join("state.db")).unwrap();
    connection.execute_batch(&MIGRATIONS[..3].concat()).unwrap();
    connection.pragma_update(None, "user_version", 3).unwrap();
    connection
}

#[test]
fn r60_rejections_and_the_breaker_of_an_earlier_version_still_count() {
    let directory = tempfile::tempdir().unwrap();
    let connection = before_shares(directory.path());
    let now = clock::to_wall_clock(clock::now());
    for number in 0..20 {
        connection.execute("INSERT INTO rejected VALUES (?1, ?2)", params![now, format!("host:h{number}")]).unwrap();
    }
    connection.execute("INSERT INTO closed VALUES (?1, 60000, 1)", [now]).unwrap();
    drop(connection);
    let (_store, saved, _worker) = open(directory.path(), &Log::start()).unwrap();
    let entries = &saved.limits.entries;
    assert!(entries.len() == 20 && entries.iter().all(|entry| entry.counted == Counted::Rejected), "{entries:?}");
    assert!(saved.limits.breaker.is_some_and(|breaker| breaker.blocked) && saved.limits.link_breaker.is_none());
    let mut throttle = Throttle::new(Limits::default(), saved.limits);
    let alice = AttemptKey { account: "alice".into(), origin: "192.0.2.1".into() };
    assert_eq!(throttle.admit(&alice, clock::now()), Err(Reason::BudgetSpent), "the strangers' part is used up");
    throttle.record_success(&alice, clock::now());
    assert!(throttle.admit(&alice, clock::now()).is_ok(), "a known account has a share of its own");
}

#[test]
fn r70_a_file_with_more_keys_than_are_kept_is_trimmed_to_the_latest() {
    let directory = tempfile::tempdir().unwrap();
    let mut connection = before_shares(directory.path());
    let now = clock::to_wall_clock(clock::now());
    let transaction = connection.transaction().unwrap();
    for number in 0..12_000_i64 {
        let (at, known) = (now - 20_000_000 + number, (number % 2 == 0).then_some(now - 20_000_000 + number));
        transaction
            .execute("INSERT INTO tries VALUES ('alice', ?1, 3, ?2, ?3)", params![format!("o{number}"), at, known])
            .unwrap();
    }
    transaction.commit().unwrap();
    drop(connection);
    let (store, saved, worker) = open(directory.path(), &Log::start()).unwrap();
    let failures = saved.limits.failures;
    let of_origin = |origin: &str| failures.get(&AttemptKey { account: "alice".into(), origin: origin.into() });
    assert_eq!(failures.len(), 2000 + 64);
    assert!(of_origin("o11999").is_some() && of_origin("o8001").is_some() && of_origin("o7999").is_none());
    assert!(of_origin("o11998").is_some() && of_origin("o11872").is_some() && of_origin("o11870").is_none());
    drop(store);
    worker.finish();
    let connection = Connection::open(directory.path().join("state.db")).unwrap();
    let rows: i64 = connection.query_row("SELECT count(*) FROM tries", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 2064, "in the file too");
    assert!(fs::metadata(directory.path().join("state.db")).unwrap().len() < 4_000_000);
}
