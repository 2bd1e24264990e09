//! Group commit.

use std::sync::Arc;

use leaver_store::Journal as _;
use leaver_store_sqlite::SqliteStore;
use sqlx::Executor as _;

use crate::harness::{Files, raw, step};

const APPENDERS: usize = 64;

/// While another process holds the write lock, appends pile up, and then go to disk together.
#[tokio::test]
async fn waiting_appends_share_one_commit() {
    let files = Files::new();
    let path = files.path("one");
    let store = Arc::new(SqliteStore::open(&path).await.unwrap());
    let mut blocker = raw(&path).await;
    blocker.execute("BEGIN IMMEDIATE").await.unwrap();
    let appends: Vec<_> = (0..APPENDERS)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.append(step(&format!("case_{number}"), 0)).await })
        })
        .collect();
    // On this one thread, every task has sent its append before the blocker's connection has answered.
    blocker.execute("COMMIT").await.unwrap();
    for append in appends {
        append.await.unwrap().unwrap();
    }
    let commits = store.commits();
    assert!(commits <= 2, "{commits} commits for {APPENDERS} appends");
    for number in 0..APPENDERS {
        let case = format!("case_{number}").as_str().into();
        assert_eq!(store.load(&case).await.unwrap().unwrap().version, 1);
    }
}
