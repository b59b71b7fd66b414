//! State across restarts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

mod clock_steps;
mod logins;
mod unusable;

use std::collections::BTreeSet;
use std::fs;

use policy::{
    AttemptKey, BootTime, BreakerOpen, CachedPassword, Counted, Entry, Failures, FriendList, FriendRecord,
    IdentityBinding, Loss, PlexId, PlexUser, Relationship,
};
use protocol::Login;
use rusqlite::Connection;

use super::logins::PendingLogins;
use super::*;
use crate::clock;
use crate::state::audit_log::LoginEntry;

fn open_here(directory: &Path) -> (Store, SavedState, Worker) {
    open(directory, &Log::start()).unwrap()
}

fn person(id: u64) -> PlexUser {
    PlexUser { id: PlexId(id), username: Some(format!("user{id}")), email: None }
}

/// Equal within a second: the conversion to the wall clock rounds.
fn near(one: BootTime, other: BootTime) -> bool {
    one.since(other).max(other.since(one)) < Duration::from_secs(1)
}

/// An entry with this number.
fn entry(number: i64) -> LoginEntry {
    let (phase, outcome, why) = ("auth".into(), "denied".into(), "wrong password".into());
    let (plex_id, service) = (Some(u64::MAX), Some("sshd".into()));
    let (at, user, rhost, test) = (number, "alice".into(), None, number % 2 == 0);
    let login = Login { at, user, plex_id, service, rhost, phase, outcome, why, test, caller: Some(33), number };
    LoginEntry { number, origin: Some("local:bob".into()), login }
}

/// An empty database.
fn fresh() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&file::MIGRATIONS.concat()).unwrap();
    connection
}

#[test]
fn every_change_is_read_back_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let (store, saved, worker) = open_here(directory.path());
    assert!(saved.bindings.is_empty() && saved.friend_list.is_none());
    let (client_id, now) = (saved.client_id, clock::now() - Duration::from_secs(60));
    let binding = IdentityBinding { id: PlexId(u64::MAX), reference: "alice@example.org".into() };
    let hashed = StoredHash { cached: CachedPassword { id: PlexId(2), at: now }, salt: [1; 16], hash: [2; 32] };
    let key = AttemptKey { account: "alice".into(), origin: "192.0.2.1".into() };
    let failures = Failures { wrong: 4, last: now, succeeded: Some(now) };
    let entries = [Relationship::Shared, Relationship::Friend, Relationship::Home, Relationship::Pending]
        .map(|relationship| FriendRecord { person: person(3), relationship });
    let list = FriendList { owner: person(1), entries: entries.to_vec(), second_source: None, fetched_at: now };
    store.write(Change::Binding("alice".into(), IdentityBinding { id: PlexId(1), ..binding.clone() }));
    store.write(Change::Binding("alice".into(), binding.clone()));
    store.write(Change::Binding("frank".into(), binding.clone()));
    store.write(Change::ReleasedBinding("frank".into()));
    store.write(Change::Unbound(vec!["dora".into(), "erin".into()]));
    store.write(Change::Released("erin".into()));
    store.write(Change::Group("plex-users".into()));
    store.write(Change::RecentSignIn("alice".into(), PlexId(2), now));
    store.write(Change::Password("alice".into(), hashed.clone()));
    store.write(Change::Password("bob".into(), hashed.clone()));
    store.write(Change::ForgetPassword("bob".into()));
    store.write(Change::Failures(key.clone(), failures));
    let counted = |counted, at| Change::Counted(Entry { at, key: key.clone(), known: true, counted });
    for kind in [Counted::CodeRequired, Counted::Undecided, Counted::Rejected, Counted::LinkCode] {
        store.write(counted(kind, now));
    }
    store.write(Change::TakenBack(key.clone()));
    store.write(counted(Counted::WrongGuess, now - Duration::from_secs(3700)));
    let forgotten = AttemptKey { account: "alice".into(), origin: "192.0.2.2".into() };
    store.write(Change::Failures(forgotten.clone(), failures));
    store.write(Change::ForgetFailures(forgotten.clone()));
    let closed = BreakerOpen { at: now, span: Duration::from_secs(1800), blocked: true };
    store.write(Change::BreakerOpen(BreakerOpen { blocked: false, ..closed }));
    store.write(Change::BreakerOpen(closed));
    let no_codes = BreakerOpen { at: now, span: Duration::from_secs(60), blocked: false };
    store.write(Change::LinkBreakerOpen(no_codes));
    store.write(Change::FriendList("scope".into(), Arc::new(list.clone()), None));
    store.write(Change::Login(Box::new(entry(1))));
    store.write(Change::LastLogin("alice".into(), 1));
    store.write(Change::LastLogin("alice".into(), 2));
    assert!(store.is_written());
    drop(store);
    worker.finish();

    let (_store, saved, _worker) = open_here(directory.path());
    assert_eq!(saved.client_id, client_id);
    assert_eq!(saved.bindings, [("alice".to_owned(), binding)].into());
    assert_eq!(saved.unbound, BTreeSet::from(["dora".to_owned()]));
    assert_eq!(saved.groups, BTreeSet::from(["plex-users".to_owned()]));
    assert!(near(saved.recent_sign_ins.get("alice").unwrap().1, now));
    assert_eq!(saved.passwords.len(), 1);
    let back = saved.passwords.get("alice").unwrap();
    assert_eq!((back.salt, back.hash, back.cached.id), (hashed.salt, hashed.hash, hashed.cached.id));
    assert!(near(back.cached.at, now));
    let limits = saved.limits;
    assert_eq!(limits.failures.len(), 1, "one of the two is evicted");
    assert_eq!(limits.failures.get(&key).unwrap().wrong, 4);
    assert!(near(limits.failures.get(&key).unwrap().succeeded.unwrap(), now));
    let entries: Vec<_> = limits.entries.iter().map(|entry| (entry.counted, entry.known, &entry.key)).collect();
    let kinds = [Counted::FirstStep, Counted::Offline, Counted::Rejected, Counted::LinkCode];
    let expected = kinds.map(|kind| (kind, true, &key));
    assert_eq!(entries, expected, "a code that was entered later makes a login of its first step");
    assert!(limits.entries.iter().all(|entry| near(entry.at, now)));
    let back = limits.breaker.unwrap();
    assert!(near(back.at, closed.at) && back.span == closed.span && back.blocked);
    let back = limits.link_breaker.unwrap();
    assert!(near(back.at, no_codes.at) && back.span == no_codes.span && !back.blocked);
    let (scope_id, back, doubt) = saved.friend_list.unwrap();
    assert_eq!(doubt, None);
    assert_eq!((scope_id.as_str(), &back.owner, &back.entries), ("scope", &list.owner, &list.entries));
    assert!(near(back.fetched_at, now));
    assert_eq!(saved.logins, [entry(1)]);
    assert_eq!(saved.last_logins, [("alice".to_owned(), 2)].into());
}

#[test]
fn r75_a_doubt_survives_a_restart_until_a_list_is_confirmed() {
    let directory = tempfile::tempdir().unwrap();
    let restart = |doubt: Option<StoredDoubt>| {
        let (store, _, worker) = open_here(directory.path());
        let entries = [2, 3].map(|id| FriendRecord { person: person(id), relationship: Relationship::Shared }).to_vec();
        let list = FriendList { owner: person(1), entries, second_source: None, fetched_at: clock::now() };
        store.write(Change::FriendList("scope".into(), Arc::new(list), doubt));
        drop(store);
        worker.finish();
        let people: String = Connection::open(directory.path().join("state.db"))
            .unwrap()
            .query_row("SELECT people FROM circle", [], |row| row.get(0))
            .unwrap();
        (open_here(directory.path()).1.friend_list.unwrap().2, people)
    };
    let loss = Loss { missing: [PlexId(3), PlexId(u64::MAX)].into(), of: 4 };
    let since = clock::now() - Duration::from_secs(60);
    let (back, people) = restart(Some(StoredDoubt { loss: loss.clone(), since }));
    let back = back.unwrap();
    assert!(back.loss == loss && near(back.since, since), "{back:?}");
    assert!(people.contains("\"id\":3"), "an earlier version reads the people that are not in doubt: {people}");
    let later = clock::now() + Duration::from_secs(3600);
    let back = restart(Some(StoredDoubt { loss, since: later })).0.unwrap();
    assert!(near(back.since, clock::now()), "{back:?}");
    let (back, people) = restart(None);
    assert!(back.is_none() && !people.contains("doubt"), "{people}");
}

#[test]
fn a_forgotten_account_is_deleted_from_every_table_and_from_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _, worker) = open_here(directory.path());
    let now = clock::now();
    for account in ["alice", "bob"] {
        let named = || account.to_owned();
        let hashed = StoredHash { cached: CachedPassword { id: PlexId(2), at: now }, salt: [1; 16], hash: [0xa5; 32] };
        let failures = Failures { wrong: 4, last: now, succeeded: None };
        store.write(Change::Binding(
            named(),
            IdentityBinding { id: PlexId(2), reference: format!("{account}-at-plex") },
        ));
        store.write(Change::RecentSignIn(named(), PlexId(2), now));
        store.write(Change::Password(named(), hashed));
        store.write(Change::Failures(AttemptKey { account: named(), origin: "192.0.2.1".into() }, failures));
        store.write(Change::Failures(AttemptKey { account: named(), origin: "192.0.2.2".into() }, failures));
        store.write(Change::LastLogin(named(), 1));
    }
    store.write(Change::Login(Box::new(entry(1))));
    assert!(store.is_written(), "it must be on the disk before it is forgotten");
    store.write(Change::ForgetAccount("alice".into()));
    assert!(store.is_written());
    for file in ["state.db", "state.db-wal"] {
        let bytes = fs::read(directory.path().join(file)).unwrap_or_default();
        assert!(!bytes.windows(13).any(|part| part == b"alice-at-plex"), "{file}");
    }
    drop(store);
    worker.finish();
    let (_store, saved, _worker) = open_here(directory.path());
    assert_eq!(saved.bindings.keys().collect::<Vec<_>>(), ["bob"]);
    assert_eq!(saved.recent_sign_ins.keys().collect::<Vec<_>>(), ["bob"]);
    assert_eq!(saved.passwords.keys().collect::<Vec<_>>(), ["bob"]);
    assert_eq!(saved.last_logins.keys().collect::<Vec<_>>(), ["bob"]);
    let failures = saved.limits.failures;
    assert!(failures.len() == 2 && failures.keys().all(|key| key.account == "bob"), "{failures:?}");
    assert_eq!(saved.logins, [entry(1)], "the audit log keeps its logins");
}

#[test]
fn the_command_and_the_daemon_share_one_client_identifier() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("client-id");
    let in_file = || fs::read_to_string(&file).unwrap();
    let start = || {
        let (store, saved, worker) = open_here(directory.path());
        drop(store);
        worker.finish();
        saved.client_id
    };
    fs::write(&file, "made-by-the-command\n").unwrap();
    assert_eq!(start(), "made-by-the-command");
    for spoilt in ["another-identifier", "", "no identifier \u{1f642}"] {
        fs::write(&file, spoilt).unwrap();
        assert_eq!((start(), in_file()), ("made-by-the-command".into(), "made-by-the-command".into()), "{spoilt}");
    }
    fs::remove_file(&file).unwrap();
    assert_eq!((start(), in_file()), ("made-by-the-command".into(), "made-by-the-command".into()));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    fs::remove_file(directory.path().join("state.db")).unwrap();
    fs::remove_file(&file).unwrap();
    assert_ne!(start(), "made-by-the-command");
}

#[test]
fn r63_the_identifier_for_sign_ins_survives_everything_but_the_loss_of_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let id = || sign_in_id(directory.path(), &Log::start());
    let first = id();
    assert!(plex::client_id(&first).is_some_and(|plain| plain == first), "{first}");
    let (store, saved, worker) = open_here(directory.path());
    drop(store);
    worker.finish();
    assert_ne!(saved.client_id, first);
    fs::remove_file(directory.path().join("state.db")).unwrap();
    assert_eq!(id(), first);
    let second = new_sign_in_id(directory.path(), &Log::start());
    assert_ne!(first, second);
    assert_eq!(id(), second);
    fs::write(directory.path().join("sign-in-id"), "").unwrap();
    assert_ne!(id(), second);
}
