//! The embedded default store: one `SQLite` file, no server.
//!
//! ```text
//! appends, claims, ...  ->  Writer task  ->  one connection, BEGIN IMMEDIATE, one fsync for all who wait (group commit)
//! loads, lists, ...     ->  read-only pool (WAL: readers never wait for the writer)
//! ```
//!
//! What it is deliberately *not*: a database for several workers. Any number of processes may open it, decide and read, but
//! one [`WorkerLock`] says who runs effects. Many replicas are for `leaver-store-postgres`.
//!
//! | setting | value | because |
//! |---|---|---|
//! | `journal_mode` | `WAL` | readers do not wait for the writer |
//! | `synchronous`, `fullfsync` | `FULL`, on | what was acknowledged survives a power cut |
//! | `foreign_keys` | on | `SQLite`'s default is off |
//! | `secure_delete` | on | what was erased is overwritten in the file |
//! | `busy_timeout` | 5 s | other processes hold the write lock for one short transaction |
//! | `quick_check` | at start | damage is found before it is built upon |
//!
//! All tables are `STRICT`. A write never reads first in a deferred transaction: `SQLite` would refuse it without waiting.
//!
//! To change the schema: add a migration (never edit a released one), then `scripts/check-queries --write`.
mod append;
mod error;
mod journal;
mod lock;
mod open;
mod organization;
mod people;
mod value;
mod work;
mod writer;

use std::path::{Path, PathBuf};

use leaver_store::Vault;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

pub use self::lock::{LockError, WorkerLock};
pub use self::open::OpenError;
use self::writer::Writer;

/// A `SQLite` database that is open. Needs a Tokio runtime.
///
/// Dropping it loses nothing that was acknowledged; what is still queued is written if the runtime lives on.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: Writer,
    readers: SqlitePool,
    watcher: Mutex<SqliteConnection>,
    vault: Vault,
    #[cfg(feature = "testing")]
    folder: Option<tempfile::TempDir>,
}

impl SqliteStore {
    /// Opens the database at this path; creates the file (readable by its owner alone) and brings the schema up to date.
    ///
    /// # Errors
    /// See [`OpenError`]. A file that was refused is as it was.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        open::open(path).await
    }

    /// Opens a fresh database in a temporary folder that is removed with the store. A real file, because `SQLite` in memory knows
    /// neither WAL nor readers beside a writer.
    ///
    /// # Errors
    /// See [`OpenError`].
    #[cfg(feature = "testing")]
    pub async fn open_temporary() -> Result<Self, OpenError> {
        let folder = tempfile::tempdir()
            .map_err(|source| OpenError::NotWritable { path: std::env::temp_dir(), source: Box::new(source) })?;
        let mut store = open::open(&folder.path().join("leaver.db")).await?;
        store.folder = Some(folder);
        Ok(store)
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many transactions this store has committed: with many writes at once, fewer than writes.
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }
}
