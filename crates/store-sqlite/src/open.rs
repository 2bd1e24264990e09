//! Opening: whose file is this, is it whole, is its schema ours.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use leaver_store::{BoxError, Vault};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::Mutex;

use crate::SqliteStore;
use crate::error::primary_code;
use crate::lock::private;
use crate::writer::Writer;

/// The schema, in numbered steps.
static MIGRATIONS: Migrator = sqlx::migrate!();

/// What the first migration writes into the file's header: "leav".
const APPLICATION: i64 = 0x6c65_6176;

/// How long to wait for another process's transaction.
const BUSY: Duration = Duration::from_secs(5);

/// The smallest size of a database file that is not empty, in bytes.
const SMALLEST_PAGE: u64 = 512;

/// How many connections read at the same time.
const READERS: u32 = 4;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the database does not exist.
    #[error("the folder of the database {} does not exist", path.display())]
    DirectoryMissing {
        /// The database.
        path: PathBuf,
    },
    /// The file exists and cannot be read.
    #[error("the database {} cannot be read", path.display())]
    Unreadable {
        /// The database.
        path: PathBuf,
        /// What the system or `SQLite` said.
        #[source]
        source: BoxError,
    },
    /// The file, or its folder, cannot be written.
    #[error("the database {} cannot be written", path.display())]
    NotWritable {
        /// The database.
        path: PathBuf,
        /// What the system or `SQLite` said.
        #[source]
        source: BoxError,
    },
    /// The file is not a `SQLite` database.
    #[error("{} is not a database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a `SQLite` database of another program.
    #[error("{} is a database of another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// `SQLite` found damage: restore a backup.
    #[error("the database {} is damaged: {finding}", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// The first thing that `SQLite` found.
        finding: String,
    },
    /// A newer `leaver` wrote the schema: use that one.
    #[error("the database {} has schema {found}, and this program knows up to {known}", path.display())]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// The first schema version that this program does not know.
        found: i64,
        /// The highest that it knows.
        known: i64,
    },
    /// The schema was made by a migration that is not the one this program has: it is not a released `leaver`'s.
    #[error("the database {} was made with another migration {version}", path.display())]
    ChangedMigration {
        /// The database.
        path: PathBuf,
        /// The migration.
        version: i64,
    },
    /// Another process holds the write lock for longer than 5 seconds.
    #[error("the database {} is locked by another process", path.display())]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// A migration, or something else that should not fail, failed.
    #[error("cannot open the database {}", path.display())]
    Failed {
        /// The database.
        path: PathBuf,
        /// What `SQLite` said.
        #[source]
        source: BoxError,
    },
}

/// Opens, checks and migrates, in an order that leaves a file alone until it is known to be ours.
pub(crate) async fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    open_within(path, BUSY).await
}

/// Waits no longer than this for other processes.
async fn open_within(path: &Path, busy: Duration) -> Result<SqliteStore, OpenError> {
    create(path)?;
    let failed = |error| open_error(path, error);
    let options =
        SqliteConnectOptions::new().filename(path).busy_timeout(busy).foreign_keys(true).disable_statement_logging();
    let mut writer = options
        .clone()
        .synchronous(SqliteSynchronous::Full)
        .pragma("fullfsync", "1")
        .pragma("checkpoint_fullfsync", "1")
        .pragma("secure_delete", "1")
        .connect()
        .await
        .map_err(failed)?;
    ours(&mut writer, path).await?;
    whole(&mut writer, path).await?;
    switch_to_wal(&mut writer, busy).await.map_err(failed)?;
    migrate(&mut writer, path).await?;

    let options = options.read_only(true);
    let watcher = options.connect().await.map_err(failed)?;
    let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await.map_err(failed)?;
    Ok(SqliteStore {
        path: path.to_owned(),
        writer: Writer::start(writer),
        readers,
        watcher: Mutex::new(watcher),
        vault: Vault::at(keys_of(path)),
        #[cfg(feature = "testing")]
        folder: None,
    })
}

/// The folder of the keys of a database: `leaver.db.keys` beside `leaver.db`.
fn keys_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".keys");
    path.with_file_name(name)
}

/// Creates an empty file, which `SQLite` takes for an empty database, if there is none. `SQLite` gives its other files the same
/// permissions.
fn create(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match private(OpenOptions::new().write(true).create_new(true)).open(path) {
        // The name has to be on disk before anything in the file is acknowledged.
        Ok(_) => File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| OpenError::NotWritable { path: path.to_owned(), source: Box::new(error) }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Asked of the folder's entry: the file itself must not be opened and closed here (see `WorkerLock`).
            // A file of less than one page is empty to SQLite, and would be overwritten.
            let fits = |entry: fs::Metadata| entry.is_file() && (entry.len() == 0 || entry.len() >= SMALLEST_PAGE);
            if fs::metadata(path).is_ok_and(fits) {
                Ok(())
            } else {
                Err(OpenError::NotADatabase { path: path.to_owned() })
            }
        }
        Err(_) if !folder.exists() => Err(OpenError::DirectoryMissing { path: path.to_owned() }),
        Err(error) => Err(OpenError::NotWritable { path: path.to_owned(), source: Box::new(error) }),
    }
}

/// Refuses another program's database before anything is written to it.
async fn ours(conn: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let failed = |error| open_error(path, error);
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *conn).await.map_err(failed)?;
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *conn).await.map_err(failed)?;
    if tables > 0 && application != APPLICATION {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    Ok(())
}

/// Refuses a damaged file.
async fn whole(conn: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let finding: String =
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(conn).await.map_err(|error| open_error(path, error))?;
    if finding == "ok" { Ok(()) } else { Err(OpenError::Damaged { path: path.to_owned(), finding }) }
}

/// Switches a new file to WAL. When two processes do so at once, `SQLite` refuses one of them without waiting, so we wait.
#[expect(
    clippy::disallowed_methods,
    reason = "another process holds the file for a moment; SQLite gives no signal to wait for"
)]
async fn switch_to_wal(conn: &mut SqliteConnection, busy: Duration) -> Result<(), sqlx::Error> {
    let began = Instant::now();
    loop {
        let mode: Result<String, sqlx::Error> =
            sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut *conn).await;
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let text = format!("SQLite cannot use a write-ahead log here: the journal mode is {mode}");
                return Err(sqlx::Error::Configuration(text.into()));
            }
            Err(error) if is_busy(&error) && began.elapsed() < busy => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Brings the schema up to date, in one transaction that other processes wait for.
async fn migrate(conn: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let failed = |error| open_error(path, error);
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    // Not `run`: its future is `Send` for one lifetime only (sqlx says so beside `run_direct`).
    MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(|error| migrate_error(path, error))?;
    transaction.commit().await.map_err(failed)
}

fn migrate_error(path: &Path, error: MigrateError) -> OpenError {
    let path = path.to_owned();
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    #[expect(clippy::wildcard_enum_match_arm, reason = "sqlx may add variants; all others are failures")]
    match error {
        MigrateError::VersionMissing(found) if found > known => OpenError::NewerSchema { path, found, known },
        MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => {
            OpenError::ChangedMigration { path, version }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => open_error(&path, error),
        other => OpenError::Failed { path, source: Box::new(other) },
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(5 | 6))
}

/// Sorts what `SQLite` said (<https://www.sqlite.org/rescode.html>).
fn open_error(path: &Path, error: sqlx::Error) -> OpenError {
    let path = path.to_owned();
    match primary_code(&error) {
        // PERM, IOERR, CANTOPEN, AUTH
        Some(3 | 10 | 14 | 23) => OpenError::Unreadable { path, source: Box::new(error) },
        // BUSY, LOCKED
        Some(5 | 6) => OpenError::Locked { path },
        // READONLY, FULL
        Some(8 | 13) => OpenError::NotWritable { path, source: Box::new(error) },
        // CORRUPT
        Some(11) => OpenError::Damaged { path, finding: error.to_string() },
        // NOTADB
        Some(26) => OpenError::NotADatabase { path },
        _ => OpenError::Failed { path, source: Box::new(error) },
    }
}

#[cfg(test)]
mod tests {
    use leaver_store::StoreError;
    use sqlx::Executor as _;

    use super::*;

    #[tokio::test]
    async fn the_writer_has_the_settings_that_the_promises_rest_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("one.db")).await.unwrap();
        for (pragma, value) in [
            ("PRAGMA synchronous", 2),
            ("PRAGMA fullfsync", 1),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA secure_delete", 1),
            ("PRAGMA application_id", APPLICATION),
            ("PRAGMA busy_timeout", 5000),
        ] {
            let read: Result<i64, StoreError> = store
                .writer
                .write(move |conn| {
                    Box::pin(async move { Ok(sqlx::query_scalar(pragma).fetch_one(conn).await.unwrap()) })
                })
                .await;
            assert_eq!(read.unwrap(), value, "{pragma}");
        }
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&store.readers).await.unwrap();
        assert_eq!(mode, "wal");
        let refused = store.readers.execute("DELETE FROM labels").await;
        assert_eq!(primary_code(&refused.unwrap_err()), Some(8), "readers cannot write");
    }

    #[tokio::test]
    async fn a_database_that_stays_locked_is_refused_and_opened_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.db");
        drop(open(&path).await.unwrap());
        let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        other.execute("BEGIN IMMEDIATE").await.unwrap();
        let refused = open_within(&path, Duration::ZERO).await.map(drop);
        assert!(matches!(refused, Err(OpenError::Locked { .. })), "{refused:?}");
        other.execute("COMMIT").await.unwrap();
        open_within(&path, Duration::ZERO).await.unwrap();
    }

    #[cfg(feature = "testing")]
    #[tokio::test]
    async fn a_temporary_database_goes_with_its_store() {
        let store = SqliteStore::open_temporary().await.unwrap();
        let folder = store.path().parent().unwrap().to_owned();
        assert!(store.path().exists());
        drop(store);
        assert!(!folder.exists());
    }
}
