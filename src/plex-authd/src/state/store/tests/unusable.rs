//! Files that cannot be used.

use super::*;

#[test]
fn a_damaged_file_is_moved_aside_and_replaced() {
    for damage in ["not a database at all, but long enough to be one", "", "cut"] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state.db");
        let (store, first, worker) = open_here(directory.path());
        drop(store);
        worker.finish();
        let bytes = fs::read(&file).unwrap();
        // An empty file is an empty database, which is valid.
        let damaged =
            if damage == "cut" { bytes.iter().copied().take(5000).collect() } else { damage.repeat(200).into_bytes() };
        fs::write(&file, damaged).unwrap();
        let (_store, second, _worker) = open_here(directory.path());
        // It is in a file of its own.
        assert_eq!(first.client_id, second.client_id, "{damage}");
        assert!(second.bindings.is_empty());
        let names =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let aside = names.filter(|name| name.starts_with("state.db.broken-")).count();
        assert_eq!(aside > 0, !damage.is_empty(), "{damage}");
    }
}

#[test]
fn a_row_with_a_wrong_type_is_damage() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _, worker) = open_here(directory.path());
    drop(store);
    worker.finish();
    let connection = Connection::open(directory.path().join("state.db")).unwrap();
    connection.execute("INSERT INTO remembered VALUES ('alice', 2, 0, x'00', x'00')", []).unwrap();
    drop(connection);
    let (_store, saved, _worker) = open_here(directory.path());
    assert!(saved.passwords.is_empty());
}

#[test]
fn a_file_of_a_newer_version_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _, worker) = open_here(directory.path());
    drop(store);
    worker.finish();
    let connection = Connection::open(directory.path().join("state.db")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let error = open(directory.path(), &Log::start()).err().unwrap().to_string();
    assert!(error.contains("newer version") && error.contains("state.db"), "{error}");
}

#[test]
fn the_store_opens_without_a_writable_directory() {
    let directory = tempfile::tempdir().unwrap();
    let (store, saved, worker) = open_here(&directory.path().join("none"));
    assert!(!saved.client_id.is_empty());
    store.write(Change::ForgetPassword("alice".into()));
    drop(store);
    worker.finish();
}
