//! Wall-clock steps.

use super::*;

#[test]
fn records_dated_in_the_future_are_not_trusted() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _, worker) = open_here(directory.path());
    let later = clock::now() + Duration::from_secs(3600);
    let cached = CachedPassword { id: PlexId(2), at: later };
    let key = AttemptKey { account: "alice".into(), origin: "x".into() };
    store.write(Change::Password("alice".into(), StoredHash { cached, salt: [0; 16], hash: [0; 32] }));
    store.write(Change::RecentSignIn("alice".into(), PlexId(2), later));
    store.write(Change::Failures(key.clone(), Failures { wrong: 9, last: later, succeeded: Some(later) }));
    let list = FriendList { owner: person(1), entries: Vec::new(), second_source: None, fetched_at: later };
    store.write(Change::FriendList("scope".into(), Arc::new(list), None));
    drop(store);
    worker.finish();
    let (_store, saved, _worker) = open_here(directory.path());
    assert!(saved.passwords.is_empty() && saved.recent_sign_ins.is_empty() && saved.friend_list.is_none());
    let failures = saved.limits.failures.get(&key).unwrap();
    assert!(failures.succeeded.is_none() && near(failures.last, clock::now()), "{failures:?}");
}

#[test]
fn rows_dated_in_the_future_are_clamped() {
    let connection = fresh();
    let at =
        |sql: &str| connection.execute(sql, [clock::to_wall_clock(clock::now() + Duration::from_secs(3600))]).unwrap();
    at("INSERT INTO remembered VALUES ('alice', 2, ?1, zeroblob(16), zeroblob(32))");
    at("INSERT INTO recent VALUES ('alice', 2, ?1)");
    at("INSERT INTO circle VALUES ('mark', ?1, '')");
    at("INSERT INTO tries VALUES ('alice', 'x', 9, ?1, ?1)");
    at("INSERT INTO sent VALUES (?1, 'rejected', 'alice', 'x', 0)");
    at("INSERT INTO closed VALUES (?1, 1, 0, 0)");
    wall_clock::clamp_future(&connection).unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    for table in ["remembered", "recent", "circle"] {
        assert_eq!(count(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    let now = clock::to_wall_clock(clock::now());
    assert_eq!(count("SELECT count(*) FROM tries WHERE succeeded IS NULL"), 1);
    for when in ["last FROM tries", "at FROM sent", "at FROM closed"] {
        assert!((now - count(&format!("SELECT {when}"))).abs() < 1000, "{when}");
    }
}

#[test]
fn penalties_move_with_the_wall_clock_while_the_machine_runs() {
    let connection = fresh();
    connection.execute("INSERT INTO tries VALUES ('alice', 'x', 9, 5000, NULL)", []).unwrap();
    connection.execute("INSERT INTO sent VALUES (5000, 'rejected', 'alice', 'x', 0)", []).unwrap();
    connection.execute("INSERT INTO closed VALUES (5000, 1, 0, 0)", []).unwrap();
    connection.execute("INSERT INTO recent VALUES ('alice', 2, 5000)", []).unwrap();
    let steps =
        [("one", 0, 0), ("one", 999, 0), ("one", 90_000, 90_000), ("one", -7000, -7000), ("two", 80_000, -7000)];
    for (boot, offset, moved) in steps {
        wall_clock::follow(&connection, boot, offset).unwrap();
        for when in ["last FROM tries", "at FROM sent", "at FROM closed"] {
            let at: i64 = connection.query_row(&format!("SELECT {when}"), [], |row| row.get(0)).unwrap();
            assert_eq!(at, 5000 + moved, "{boot} {offset}: {when}");
        }
    }
    let recent: i64 = connection.query_row("SELECT at FROM recent", [], |row| row.get(0)).unwrap();
    assert_eq!(recent, 5000);
}
