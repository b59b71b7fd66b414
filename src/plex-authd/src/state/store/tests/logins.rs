//! Logins, which wait for other changes.

use super::*;

#[test]
fn r70_a_flood_of_logins_displaces_no_other_change_and_displaced_ones_are_never_written() {
    let (queue, changes) = sync_channel(QUEUE);
    let store = Store { queue, logins: Arc::default() };
    for number in 1..=50_000 {
        store.write(Change::Login(Box::new(entry(number))));
        if number > 500 {
            store.write(Change::ForgetLogin(number - 500));
        }
        store.write(Change::LastLogin("alice".into(), number));
    }
    store.write(Change::ForgetPassword("alice".into()));
    let queued: Vec<_> = changes.try_iter().collect();
    assert!(matches!(queued[..], [Change::LoginsWait, Change::ForgetPassword(_)]), "{queued:?}");
    let pending = std::mem::take(&mut *lock(&store.logins));
    assert_eq!(pending.pause(), Duration::from_millis(1000 + 501 * 100), "501 rows");
    let mut connection = fresh();
    rows::write(&mut connection, &[], &pending).unwrap();
    let saved = rows::read(&connection).unwrap();
    assert_eq!((saved.logins.len(), saved.logins[0].number), (500, 49_501));
    assert_eq!(saved.last_logins["alice"], 50_000);
    store.write(Change::ForgetLogin(49_501));
    rows::write(&mut connection, &[], &std::mem::take(&mut *lock(&store.logins))).unwrap();
    assert_eq!(rows::read(&connection).unwrap().logins.len(), 499, "one that was written is deleted");
}

#[test]
fn r70_many_rows_of_logins_are_written_at_most_once_a_minute() {
    let pause = |rows| {
        let mut pending = PendingLogins::default();
        (0..rows).for_each(|number| assert!(pending.add(Change::Login(Box::new(entry(number)))).is_none()));
        pending.pause()
    };
    assert_eq!([0, 10, 590, 5000].map(pause), [1, 2, 60, 60].map(Duration::from_secs));
}

#[test]
fn logins_are_written_within_seconds_without_another_change() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _, _worker) = open_here(directory.path());
    store.write(Change::Login(Box::new(entry(1))));
    let reader = Connection::open(directory.path().join("state.db")).unwrap();
    let start = std::time::Instant::now();
    while rows::read(&reader).unwrap().logins != [entry(1)] {
        assert!(start.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_forgotten_accounts_last_login_is_not_written_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _, worker) = open_here(directory.path());
    store.write(Change::LastLogin("alice".into(), 1));
    store.write(Change::ForgetAccount("alice".into()));
    drop(store);
    worker.finish();
    assert!(open_here(directory.path()).1.last_logins.is_empty());
}

#[test]
fn logins_of_an_earlier_version_are_kept_without_an_origin() {
    let connection = Connection::open_in_memory().unwrap();
    let earlier: String = file::MIGRATIONS[..3].concat();
    connection.execute_batch(&earlier).unwrap();
    let sql = "INSERT INTO login VALUES (7, 1, 'alice', NULL, 'sshd', '192.0.2.1', 'auth', 'denied', 'wrong password')";
    connection.execute(sql, []).unwrap();
    connection.execute_batch(&file::MIGRATIONS[3..].concat()).unwrap();
    let saved = rows::read(&connection).unwrap().logins;
    assert_eq!((saved.len(), saved[0].number, saved[0].origin.clone()), (1, 7, None));
}
