//! What is refused at the door, and that it is left as it was.

use std::fs;
use std::path::Path;

use leaver_store::Journal as _;
use leaver_store_sqlite::{OpenError, SqliteStore};
use sqlx::Executor as _;

use crate::harness::{Files, raw, step};

async fn refusal(path: &Path) -> OpenError {
    SqliteStore::open(path).await.expect_err("this has to be refused")
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let files = Files::new();
    let path = files.path("notes");
    for text in ["Dear diary, ".repeat(1000), "x".to_owned()] {
        fs::write(&path, &text).unwrap();
        let error = refusal(&path).await;
        assert!(matches!(&error, OpenError::NotADatabase { path: of } if *of == path), "{error:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn a_folder_is_no_database() {
    let files = Files::new();
    let path = files.path("folder");
    fs::create_dir(&path).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let files = Files::new();
    let path = files.path("other");
    let mut other = raw(&path).await;
    other.execute("CREATE TABLE cases (suit TEXT)").await.unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let files = Files::new();
    let path = files.path("missing").join("leaver.db");
    let error = refusal(&path).await;
    assert!(matches!(error, OpenError::DirectoryMissing { .. }), "{error:?}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_read_only_folder_is_named() {
    use std::os::unix::fs::PermissionsExt as _;

    let files = Files::new();
    let folder = files.path("closed");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    // Permissions do not stop root; a system folder that takes no files does.
    let path = if fs::write(folder.join("probe"), "").is_ok() {
        Path::new("/proc/leaver.db").to_owned()
    } else {
        folder.join("leaver.db")
    };
    let error = refusal(&path).await;
    assert!(matches!(&error, OpenError::NotWritable { path: of, .. } if *of == path), "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let files = Files::new();
    let store = SqliteStore::open(&files.path("one")).await.unwrap();
    store.append(step("case_1", 0)).await.unwrap();
    let folder = files.path("one").parent().unwrap().to_owned();
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?} has mode {mode:o}", entry.path());
        seen += 1;
    }
    assert_eq!(seen, 3, "database, log and shared memory");
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let files = Files::new();
    let path = files.path("one");
    drop(SqliteStore::open(&path).await.unwrap());
    let mut conn = raw(&path).await;
    conn.execute("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'future', TRUE, x'00', 0)")
        .await
        .unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, OpenError::NewerSchema { found: 9999, known, .. } if known < 9999), "{error:?}");
    conn.execute("DELETE FROM _sqlx_migrations WHERE version = 9999").await.unwrap();
    SqliteStore::open(&path).await.unwrap();
}

#[tokio::test]
async fn a_changed_or_unknown_migration_is_refused() {
    let files = Files::new();
    let path = files.path("one");
    drop(SqliteStore::open(&path).await.unwrap());
    let mut conn = raw(&path).await;
    for (change, named) in [
        ("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1", 1),
        (
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (0, 'stray', TRUE, x'00', 0)",
            0,
        ),
    ] {
        conn.execute(change).await.unwrap();
        let error = refusal(&path).await;
        assert!(matches!(error, OpenError::ChangedMigration { version, .. } if version == named), "{error:?}");
    }
}

#[tokio::test]
async fn damage_is_found_at_the_start() {
    let files = Files::new();
    let path = files.path("one");
    let store = SqliteStore::open(&path).await.unwrap();
    for expected in 0..200 {
        store.append(step("case_1", expected)).await.unwrap();
    }
    drop(store);
    let mut conn = raw(&path).await;
    conn.execute("PRAGMA journal_mode = DELETE").await.unwrap();
    drop(conn);
    let mut bytes = fs::read(&path).unwrap();
    let from = bytes.len() - 6000;
    bytes[from..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_create_a_database_at_once() {
    let files = Files::new();
    let path = files.path("one");
    let opens: Vec<_> = (0..8)
        .map(|number| {
            let path = path.clone();
            tokio::spawn(async move {
                let store = SqliteStore::open(&path).await.unwrap();
                store.append(step(&format!("case_{number}"), 0)).await.unwrap();
            })
        })
        .collect();
    for open in opens {
        open.await.unwrap();
    }
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.latest_seq().await.unwrap(), Some(7));
}
