//! One worker per database.

use std::fs;

use leaver_store_sqlite::{LockError, SqliteStore, WorkerLock};

use crate::harness::Files;

#[tokio::test]
async fn a_second_handle_is_told_who_has_the_lock() {
    let files = Files::new();
    let path = files.path("one");
    let store = SqliteStore::open(&path).await.unwrap();
    let lock = WorkerLock::acquire(store.path()).unwrap();
    let error = WorkerLock::acquire(&path).expect_err("the lock is taken");
    assert!(
        matches!(&error, LockError::Held { process: Some(id), path } if *id == std::process::id() && path == lock.path()),
        "{error:?}"
    );
    drop(lock);
    WorkerLock::acquire(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn another_name_of_the_database_is_the_same_lock() {
    let files = Files::new();
    let path = files.path("one");
    fs::write(&path, "").unwrap();
    let alias = files.path("alias");
    std::os::unix::fs::symlink(&path, &alias).unwrap();
    let _lock = WorkerLock::acquire(&path).unwrap();
    for name in [alias, path.parent().unwrap().join(".").join("one.db")] {
        let again = WorkerLock::acquire(&name);
        assert!(matches!(again, Err(LockError::Held { .. })), "{name:?}: {again:?}");
    }
    WorkerLock::acquire(&files.path("two")).unwrap();
}

#[test]
fn the_lock_may_come_before_the_database() {
    let files = Files::new();
    let _lock = WorkerLock::acquire(&files.path("one")).unwrap();
    fs::write(files.path("one"), "").unwrap();
    let again = WorkerLock::acquire(&files.path("one"));
    assert!(matches!(again, Err(LockError::Held { .. })), "{again:?}");
}

#[test]
fn a_missing_folder_is_an_error_of_its_own() {
    let files = Files::new();
    let path = files.path("missing").join("one.db");
    let error = WorkerLock::acquire(&path).expect_err("there is no folder");
    assert!(matches!(&error, LockError::Io { path: of, .. } if *of == path), "{error:?}");
}
