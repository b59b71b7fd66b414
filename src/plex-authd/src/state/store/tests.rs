//! What is found again after a restart, and what happens to a file that cannot be used.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

use std::fs;

use policy::{FriendRecord, PlexUser, Relationship};

use super::*;
use crate::clock;

fn open_here(directory: &Path) -> (Store, Kept, Worker) {
    open(directory, &Log::start()).unwrap()
}

fn person(id: u64) -> PlexUser {
    PlexUser { id: PlexId(id), username: Some(format!("user{id}")), email: None }
}

/// Roughly the same moment: the way over the calendar rounds.
fn near(one: BootTime, other: BootTime) -> bool {
    one.since(other).max(other.since(one)) < Duration::from_secs(1)
}

#[test]
fn what_was_noted_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let (store, kept, worker) = open_here(directory.path());
    assert!(kept.pins.is_empty() && kept.circle.is_none());
    let (client_id, now) = (kept.client_id, clock::now() - Duration::from_secs(60));
    let pin = IdentityBinding { id: PlexId(u64::MAX), reference: "alice@example.org".into() };
    let hashed = StoredHash { remembered: CachedPassword { id: PlexId(2), at: now }, salt: [1; 16], hash: [2; 32] };
    let key = AttemptKey { account: "alice".into(), origin: "192.0.2.1".into() };
    let tries = Failures { wrong: 4, last: now, succeeded: Some(now) };
    let entries = [Relationship::Shared, Relationship::Friend, Relationship::Home, Relationship::Pending]
        .map(|tie| FriendRecord { person: person(3), tie });
    let circle = FriendList { owner: person(1), entries: entries.to_vec(), fetched_at: now };
    store.write(Change::IdentityBinding("alice".into(), IdentityBinding { id: PlexId(1), ..pin.clone() }));
    store.write(Change::IdentityBinding("alice".into(), pin.clone()));
    store.write(Change::Recent("alice".into(), PlexId(2), now));
    store.write(Change::StoredHash("alice".into(), hashed.clone()));
    store.write(Change::StoredHash("bob".into(), hashed.clone()));
    store.write(Change::Forget("bob".into()));
    store.write(Change::Failures(key.clone(), tries));
    store.write(Change::Rejected(Rejected { at: now, origin: "x".into() }));
    store.write(Change::Rejected(Rejected { at: now - Duration::from_secs(3700), origin: "long ago".into() }));
    let closed = BreakerOpen { at: now, span: Duration::from_secs(1800), blocked: true };
    store.write(Change::BreakerOpen(BreakerOpen { blocked: false, ..closed }));
    store.write(Change::BreakerOpen(closed));
    store.write(Change::FriendList("mark".into(), Arc::new(circle.clone())));
    store.write(Change::Login(Box::new(login(1))));
    store.write(Change::LastLogin("alice".into(), 1));
    store.write(Change::LastLogin("alice".into(), 2));
    assert!(store.is_written());
    drop(store);
    worker.finish();

    let (_store, kept, _worker) = open_here(directory.path());
    assert_eq!(kept.client_id, client_id);
    assert_eq!(kept.pins.get("alice"), Some(&pin));
    assert!(near(kept.recent.get("alice").unwrap().1, now));
    assert_eq!(kept.hashed.len(), 1);
    let back = kept.hashed.get("alice").unwrap();
    assert_eq!((back.salt, back.hash, back.remembered.id), (hashed.salt, hashed.hash, hashed.remembered.id));
    assert!(near(back.remembered.at, now));
    assert_eq!(kept.tries.get(&key).unwrap().wrong, 4);
    assert!(near(kept.tries.get(&key).unwrap().succeeded.unwrap(), now));
    assert_eq!(kept.rejected.iter().map(|rejected| rejected.origin.as_str()).collect::<Vec<_>>(), ["x"]);
    let back = kept.closed.unwrap();
    assert!(near(back.at, closed.at) && back.span == closed.span && back.blocked);
    let (mark, list) = kept.circle.unwrap();
    assert_eq!((mark.as_str(), &list.owner, &list.entries), ("mark", &circle.owner, &circle.entries));
    assert!(near(list.fetched_at, now));
    assert_eq!(kept.logins, [login(1)]);
    assert_eq!(kept.last, [("alice".to_owned(), 2)].into());
}

/// A verdict, which is told from others by its time.
fn login(at: i64) -> Login {
    let (phase, outcome, why) = ("auth".into(), "denied".into(), "wrong password".into());
    let (plex_id, service) = (Some(u64::MAX), Some("sshd".into()));
    Login { at, user: "alice".into(), plex_id, service, rhost: None, phase, outcome, why }
}

#[test]
fn the_newest_thousand_logins_are_kept() {
    let mut connection = fresh();
    let logins: Vec<_> = (0..1500).map(|at| Change::Login(Box::new(login(at)))).collect();
    for batch in logins.chunks(BATCH) {
        rows::write(&mut connection, batch).unwrap();
    }
    let kept = rows::read(&connection).unwrap().logins;
    assert_eq!((kept.len(), kept[0].at, kept[999].at), (1000, 500, 1499));
}

#[test]
fn a_flood_of_logins_leaves_room_for_what_decides() {
    let (queue, changes) = sync_channel(QUEUE);
    let store = Store { queue, logins: Arc::default() };
    for at in 0..5000 {
        store.write(Change::Login(Box::new(login(at))));
    }
    store.write(Change::Forget("alice".into()));
    assert_eq!(changes.try_iter().filter(|change| matches!(change, Change::Login(_))).count(), LOGINS);
    store.write(Change::Login(Box::new(login(0))));
    assert_eq!(changes.try_iter().count(), 0, "the writer counts them down, and it is not there");
}

#[test]
fn what_is_forgotten_of_an_account_is_gone_from_every_table_and_from_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _, worker) = open_here(directory.path());
    let now = clock::now();
    for account in ["alice", "bob"] {
        let named = || account.to_owned();
        let hashed =
            StoredHash { remembered: CachedPassword { id: PlexId(2), at: now }, salt: [1; 16], hash: [0xa5; 32] };
        let tries = Failures { wrong: 4, last: now, succeeded: None };
        store.write(Change::IdentityBinding(
            named(),
            IdentityBinding { id: PlexId(2), reference: format!("{account}-at-plex") },
        ));
        store.write(Change::Recent(named(), PlexId(2), now));
        store.write(Change::StoredHash(named(), hashed));
        store.write(Change::Failures(AttemptKey { account: named(), origin: "192.0.2.1".into() }, tries));
        store.write(Change::Failures(AttemptKey { account: named(), origin: "192.0.2.2".into() }, tries));
        store.write(Change::LastLogin(named(), 1));
    }
    store.write(Change::Login(Box::new(login(1))));
    assert!(store.is_written(), "or it would be forgotten before it is on the disk");
    store.write(Change::ForgetAll("alice".into()));
    assert!(store.is_written());
    for file in ["state.db", "state.db-wal"] {
        let bytes = fs::read(directory.path().join(file)).unwrap_or_default();
        assert!(!bytes.windows(13).any(|part| part == b"alice-at-plex"), "{file}");
    }
    drop(store);
    worker.finish();
    let (_store, kept, _worker) = open_here(directory.path());
    assert_eq!(kept.pins.keys().collect::<Vec<_>>(), ["bob"]);
    assert_eq!(kept.recent.keys().collect::<Vec<_>>(), ["bob"]);
    assert_eq!(kept.hashed.keys().collect::<Vec<_>>(), ["bob"]);
    assert_eq!(kept.last.keys().collect::<Vec<_>>(), ["bob"]);
    assert!(kept.tries.len() == 2 && kept.tries.keys().all(|key| key.account == "bob"), "{:?}", kept.tries);
    assert_eq!(kept.logins, [login(1)], "what happened has happened");
}

#[test]
fn the_command_and_the_daemon_have_one_identifier_whoever_was_first() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("client-id");
    let noted = || fs::read_to_string(&file).unwrap();
    let start = || {
        let (store, kept, worker) = open_here(directory.path());
        drop(store);
        worker.finish();
        kept.client_id
    };
    fs::write(&file, "made-by-the-command\n").unwrap();
    assert_eq!(start(), "made-by-the-command");
    for spoilt in ["another-identifier", "", "no identifier \u{1f642}"] {
        fs::write(&file, spoilt).unwrap();
        assert_eq!((start(), noted()), ("made-by-the-command".into(), "made-by-the-command".into()), "{spoilt}");
    }
    fs::remove_file(&file).unwrap();
    assert_eq!((start(), noted()), ("made-by-the-command".into(), "made-by-the-command".into()));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    fs::remove_file(directory.path().join("state.db")).unwrap();
    fs::remove_file(&file).unwrap();
    assert_ne!(start(), "made-by-the-command");
}

#[test]
fn r63_the_identifier_of_sign_ins_is_made_once_and_outlives_everything_but_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let id = || sign_in_id(directory.path(), &Log::start());
    let first = id();
    assert!(plex::client_id(&first).is_some_and(|plain| plain == first), "{first}");
    let (store, kept, worker) = open_here(directory.path());
    drop(store);
    worker.finish();
    assert_ne!(kept.client_id, first);
    fs::remove_file(directory.path().join("state.db")).unwrap();
    assert_eq!(id(), first);
    let second = new_sign_in_id(directory.path(), &Log::start());
    assert_ne!(first, second);
    assert_eq!(id(), second);
    fs::write(directory.path().join("sign-in-id"), "").unwrap();
    assert_ne!(id(), second);
}

#[test]
fn a_broken_file_is_set_aside_and_a_new_one_begun() {
    for damage in ["not a database at all, but long enough to be one", "", "cut"] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state.db");
        let (store, first, worker) = open_here(directory.path());
        drop(store);
        worker.finish();
        let bytes = fs::read(&file).unwrap();
        // An empty file is an empty database, and that is not broken.
        let damaged =
            if damage == "cut" { bytes.iter().copied().take(5000).collect() } else { damage.repeat(200).into_bytes() };
        fs::write(&file, damaged).unwrap();
        let (_store, second, _worker) = open_here(directory.path());
        // The identifier has a file of its own.
        assert_eq!(first.client_id, second.client_id, "{damage}");
        assert!(second.pins.is_empty());
        let names =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let aside = names.filter(|name| name.starts_with("state.db.broken-")).count();
        assert_eq!(aside > 0, !damage.is_empty(), "{damage}");
    }
}

#[test]
fn a_row_of_the_wrong_kind_is_damage_too() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _, worker) = open_here(directory.path());
    drop(store);
    worker.finish();
    let connection = Connection::open(directory.path().join("state.db")).unwrap();
    connection.execute("INSERT INTO remembered VALUES ('alice', 2, 0, x'00', x'00')", []).unwrap();
    drop(connection);
    let (_store, kept, _worker) = open_here(directory.path());
    assert!(kept.hashed.is_empty());
}

#[test]
fn a_file_of_a_newer_version_is_left_alone_and_named() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _, worker) = open_here(directory.path());
    drop(store);
    worker.finish();
    let connection = Connection::open(directory.path().join("state.db")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let error = open(directory.path(), &Log::start()).err().unwrap();
    assert!(error.contains("newer version") && error.contains("state.db"), "{error}");
}

#[test]
fn without_a_place_to_write_the_daemon_starts_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let (store, kept, worker) = open_here(&directory.path().join("none"));
    assert!(!kept.client_id.is_empty());
    store.write(Change::Forget("alice".into()));
    drop(store);
    worker.finish();
}

#[test]
fn what_the_calendar_says_is_still_to_come_is_not_relied_on() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _, worker) = open_here(directory.path());
    let later = clock::now() + Duration::from_secs(3600);
    let remembered = CachedPassword { id: PlexId(2), at: later };
    let key = AttemptKey { account: "alice".into(), origin: "x".into() };
    store.write(Change::StoredHash("alice".into(), StoredHash { remembered, salt: [0; 16], hash: [0; 32] }));
    store.write(Change::Recent("alice".into(), PlexId(2), later));
    store.write(Change::Failures(key.clone(), Failures { wrong: 9, last: later, succeeded: Some(later) }));
    let circle = FriendList { owner: person(1), entries: Vec::new(), fetched_at: later };
    store.write(Change::FriendList("mark".into(), Arc::new(circle)));
    drop(store);
    worker.finish();
    let (_store, kept, _worker) = open_here(directory.path());
    assert!(kept.hashed.is_empty() && kept.recent.is_empty() && kept.circle.is_none());
    let tries = kept.tries.get(&key).unwrap();
    assert!(tries.succeeded.is_none() && near(tries.last, clock::now()), "{tries:?}");
}

#[test]
fn what_is_still_to_come_does_not_come_back_when_its_day_comes() {
    let connection = fresh();
    let at =
        |sql: &str| connection.execute(sql, [clock::to_calendar(clock::now() + Duration::from_secs(3600))]).unwrap();
    at("INSERT INTO remembered VALUES ('alice', 2, ?1, zeroblob(16), zeroblob(32))");
    at("INSERT INTO recent VALUES ('alice', 2, ?1)");
    at("INSERT INTO circle VALUES ('mark', ?1, '')");
    at("INSERT INTO tries VALUES ('alice', 'x', 9, ?1, ?1)");
    at("INSERT INTO rejected VALUES (?1, 'x')");
    at("INSERT INTO closed VALUES (?1, 1, 0)");
    wall_clock::clamp_future(&connection).unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    for table in ["remembered", "recent", "circle"] {
        assert_eq!(count(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    let now = clock::to_calendar(clock::now());
    assert_eq!(count("SELECT count(*) FROM tries WHERE succeeded IS NULL"), 1);
    for when in ["last FROM tries", "at FROM rejected", "at FROM closed"] {
        assert!((now - count(&format!("SELECT {when}"))).abs() < 1000, "{when}");
    }
}

#[test]
fn what_keeps_somebody_out_moves_with_the_calendar_while_the_machine_runs() {
    let connection = fresh();
    connection.execute("INSERT INTO tries VALUES ('alice', 'x', 9, 5000, NULL)", []).unwrap();
    connection.execute("INSERT INTO rejected VALUES (5000, 'x')", []).unwrap();
    connection.execute("INSERT INTO closed VALUES (5000, 1, 0)", []).unwrap();
    connection.execute("INSERT INTO recent VALUES ('alice', 2, 5000)", []).unwrap();
    let steps =
        [("one", 0, 0), ("one", 999, 0), ("one", 90_000, 90_000), ("one", -7000, -7000), ("two", 80_000, -7000)];
    for (boot, ahead, moved) in steps {
        wall_clock::follow(&connection, boot, ahead).unwrap();
        for when in ["last FROM tries", "at FROM rejected", "at FROM closed"] {
            let at: i64 = connection.query_row(&format!("SELECT {when}"), [], |row| row.get(0)).unwrap();
            assert_eq!(at, 5000 + moved, "{boot} {ahead}: {when}");
        }
    }
    let recent: i64 = connection.query_row("SELECT at FROM recent", [], |row| row.get(0)).unwrap();
    assert_eq!(recent, 5000);
}

/// An empty state.
fn fresh() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&file::STEPS.concat()).unwrap();
    connection
}
