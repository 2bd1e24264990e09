//! Databases in a temporary folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use leaver_store::conformance::Harness;
use leaver_store::{Append, CaseRow, NewEvent, Store};
use leaver_store_sqlite::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _, SqliteConnection};
use tempfile::TempDir;

/// Every attack is refused by another guard of the schema.
const ATTACKS: [&str; 7] = [
    "UPDATE events SET bytes = x'00' WHERE seq = 0",
    "UPDATE events SET seq = 2 WHERE seq = 1",
    "DELETE FROM events WHERE seq = 1",
    "DELETE FROM events",
    "INSERT OR REPLACE INTO events SELECT seq, case_id, version, at, 'forged', bytes, leaf FROM events WHERE seq = 1",
    "INSERT OR REPLACE INTO events SELECT 2, case_id, version, at, 'forged', bytes, leaf FROM events WHERE seq = 1",
    "INSERT INTO events SELECT 3, case_id, 3, at, kind, bytes, leaf FROM events WHERE seq = 1",
];

/// A folder of databases.
pub(crate) struct Files {
    folder: TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, database: &str) -> PathBuf {
        self.folder.path().join(format!("{database}.db"))
    }
}

impl Harness for Files {
    async fn open(&self, database: &str) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.path(database)).await.unwrap())
    }

    async fn lose_keys(&self, database: &str) {
        std::fs::remove_dir_all(keys(&self.path(database))).unwrap();
    }

    async fn tamper(&self, database: &str) -> Vec<String> {
        let mut conn = raw(&self.path(database)).await;
        let mut through = Vec::new();
        for attack in ATTACKS {
            if conn.execute(attack).await.is_ok() {
                through.push(attack.to_owned());
            }
        }
        through
    }
}

/// The folder of a database's keys.
pub(crate) fn keys(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.keys", path.display()))
}

/// A connection past the store.
pub(crate) async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

/// A step of one event.
pub(crate) fn step(case: &str, expected: u64) -> Append {
    let at = jiff::Timestamp::from_second(1_790_000_000).unwrap();
    Append {
        events: vec![NewEvent {
            at,
            kind: "probe-answered".to_owned(),
            bytes: format!("{case} {expected}").into_bytes(),
            leaf: [7; 32],
        }],
        ..Append::new(
            CaseRow {
                case: case.into(),
                org: "acme".into(),
                vendor_org: leaver_core::ids::VendorOrg(7),
                person: "person_1".into(),
                state: "running".to_owned(),
                next_at: None,
                opened_at: at,
                updated_at: at,
            },
            expected,
        )
    }
}
