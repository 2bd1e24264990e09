//! The one writer of a process: takes what is waiting, writes it in one transaction, and answers once that is on disk.
//!
//! Each write has a savepoint, so that a refused one leaves no trace and does not hurt its neighbours. Nobody is answered before the
//! commit returned: with `synchronous=FULL` an answer means that the write survives a power cut. If the commit fails, everybody
//! in the transaction hears so, also those who were refused: what they were refused for may not have happened.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use leaver_store::StoreError;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Remedy, remedy, store_error};

/// How many writes may wait before callers have to.
const QUEUE: usize = 1024;

/// How many writes share a transaction: bounds how long the first of them waits.
const BATCH: usize = 256;

/// A write in progress.
pub(crate) type Step<'c, T> = Pin<Box<dyn Future<Output = T> + Send + 'c>>;

/// The way to the writer task. The task ends when this is dropped, after what is already queued.
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    commits: Arc<AtomicU64>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the writer task on this connection.
    pub(crate) fn start(conn: SqliteConnection) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        tokio::spawn(run(conn, queue, Arc::clone(&commits)));
        Self { jobs, commits }
    }

    /// How many transactions were committed.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Performs one write. An error undoes it; `Ok` comes after the commit.
    pub(crate) async fn write<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Step<'c, Result<T, E>> + Send + 'static,
    {
        self.submit(operation, false).await
    }

    /// Like [`write`](Self::write), and empties the write-ahead log before it answers, so that what was erased is in no file any more.
    /// (A reader that takes longer than the busy time-out delays that to a later checkpoint.)
    pub(crate) async fn erase<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Step<'c, Result<T, E>> + Send + 'static,
    {
        self.submit(operation, true).await
    }

    async fn submit<T, E, F>(&self, operation: F, erases: bool) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Step<'c, Result<T, E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let ticket = Ticket { operation, reply, erases };
        if self.jobs.send(Box::new(ticket)).await.is_err() {
            return Err(writer_gone().into());
        }
        answer.await.unwrap_or_else(|_| Err(writer_gone().into()))
    }
}

fn writer_gone() -> StoreError {
    StoreError::Unavailable("the writer of the database has stopped".into())
}

/// Why a whole transaction failed.
#[derive(Debug, Clone)]
struct Fault {
    remedy: Remedy,
    text: String,
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self { remedy: remedy(&error), text: error.to_string() }
    }
}

impl From<&Fault> for StoreError {
    fn from(fault: &Fault) -> Self {
        store_error(fault.remedy, "a transaction", fault.text.clone().into())
    }
}

/// A write that waits for its turn.
trait Job: Send {
    fn erases(&self) -> bool;
    fn run(self: Box<Self>, conn: &mut SqliteConnection) -> Step<'_, Box<dyn Outcome>>;
    fn refuse(self: Box<Self>, fault: &Fault);
}

/// A write that waits for the commit.
trait Outcome: Send {
    fn keep(&self) -> bool;
    fn answer(self: Box<Self>, fault: Option<&Fault>);
}

struct Ticket<F, T, E> {
    operation: F,
    reply: oneshot::Sender<Result<T, E>>,
    erases: bool,
}

struct Performed<T, E> {
    result: Result<T, E>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Ticket<F, T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> Step<'c, Result<T, E>> + Send,
{
    fn erases(&self) -> bool {
        self.erases
    }

    fn run(self: Box<Self>, conn: &mut SqliteConnection) -> Step<'_, Box<dyn Outcome>> {
        let Self { operation, reply, .. } = *self;
        let step = operation(conn);
        Box::pin(async move {
            let result = step.await;
            Box::new(Performed { result, reply }) as Box<dyn Outcome>
        })
    }

    fn refuse(self: Box<Self>, fault: &Fault) {
        // Nobody may be waiting any more.
        drop(self.reply.send(Err(StoreError::from(fault).into())));
    }
}

impl<T, E> Outcome for Performed<T, E>
where
    T: Send,
    E: From<StoreError> + Send,
{
    fn keep(&self) -> bool {
        self.result.is_ok()
    }

    fn answer(self: Box<Self>, fault: Option<&Fault>) {
        let result = match fault {
            Some(fault) => Err(StoreError::from(fault).into()),
            None => self.result,
        };
        // Nobody may be waiting any more.
        drop(self.reply.send(result));
    }
}

/// The task: one transaction after the other, until nobody can send any more.
async fn run(mut conn: SqliteConnection, mut queue: mpsc::Receiver<Box<dyn Job>>, commits: Arc<AtomicU64>) {
    while let Some(first) = queue.recv().await {
        let mut batch = match conn.execute("BEGIN IMMEDIATE").await {
            Ok(_) => fill(&mut conn, first, &mut queue).await,
            Err(error) => {
                first.refuse(&error.into());
                continue;
            }
        };
        if batch.fault.is_none() {
            batch.fault = conn.execute("COMMIT").await.err().map(Fault::from);
        }
        if batch.fault.is_some() {
            // Fails if SQLite rolled back by itself, and then there is nothing left to roll back.
            drop(conn.execute("ROLLBACK").await);
        } else {
            commits.fetch_add(1, Ordering::Relaxed);
            if batch.erases {
                // Best effort, see `Writer::erase`.
                drop(conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").await);
            }
        }
        for outcome in batch.outcomes {
            outcome.answer(batch.fault.as_ref());
        }
    }
    drop(conn.close().await);
}

/// The writes of one transaction, performed and not yet committed.
struct Batch {
    outcomes: Vec<Box<dyn Outcome>>,
    erases: bool,
    fault: Option<Fault>,
}

/// Performs the first write and those that wait behind it.
async fn fill(conn: &mut SqliteConnection, first: Box<dyn Job>, queue: &mut mpsc::Receiver<Box<dyn Job>>) -> Batch {
    let mut batch = Batch { outcomes: Vec::new(), erases: false, fault: None };
    let mut next = Some(first);
    while let Some(job) = next {
        batch.erases |= job.erases();
        if let Err(error) = conn.execute("SAVEPOINT write").await {
            let fault = error.into();
            job.refuse(&fault);
            batch.fault = Some(fault);
            return batch;
        }
        let outcome = job.run(conn).await;
        let end = if outcome.keep() { "RELEASE write" } else { "ROLLBACK TO write; RELEASE write" };
        if let Err(error) = conn.execute(end).await {
            // A full disk makes SQLite undo the whole transaction, and the savepoint with it. The one who did not fit hears what
            // happened; the neighbours may try again.
            batch.fault = Some(Fault {
                remedy: Remedy::Retry,
                text: format!("the transaction was undone because of another write in it: {error}"),
            });
            if outcome.keep() {
                batch.outcomes.push(outcome);
            } else {
                outcome.answer(None);
            }
            return batch;
        }
        batch.outcomes.push(outcome);
        next = if batch.outcomes.len() < BATCH { queue.try_recv().ok() } else { None };
    }
    batch
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use sqlx::ConnectOptions as _;
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};

    use super::*;
    use crate::error::during;

    /// A database with two tables, the second of which checks its reference to the first at the commit.
    async fn database(path: &Path) -> SqliteConnection {
        let mut conn = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::ZERO)
            .connect()
            .await
            .unwrap();
        conn.execute(
            "CREATE TABLE IF NOT EXISTS one (id INTEGER PRIMARY KEY, text TEXT) STRICT;
             CREATE TABLE IF NOT EXISTS two (id INTEGER REFERENCES one (id) DEFERRABLE INITIALLY DEFERRED) STRICT",
        )
        .await
        .unwrap();
        conn
    }

    async fn insert(writer: &Writer, id: i64, length: usize) -> Result<(), StoreError> {
        let text = "x".repeat(length);
        writer
            .write(move |conn| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO one (id, text) VALUES (?1, ?2)")
                        .bind(id)
                        .bind(text)
                        .execute(conn)
                        .await
                        .map_err(during("insert"))?;
                    Ok(())
                })
            })
            .await
    }

    async fn refer(writer: &Writer, id: i64) -> Result<(), StoreError> {
        writer
            .write(move |conn| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO two (id) VALUES (?1)")
                        .bind(id)
                        .execute(conn)
                        .await
                        .map_err(during("refer"))?;
                    Ok(())
                })
            })
            .await
    }

    async fn ids(path: &Path) -> Vec<i64> {
        let mut conn = database(path).await;
        sqlx::query_scalar("SELECT id FROM one ORDER BY id").fetch_all(&mut conn).await.unwrap()
    }

    #[tokio::test]
    async fn nobody_is_told_of_success_when_the_commit_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.db");
        let writer = Writer::start(database(&path).await);
        // All are queued before the writer's task runs: it shares this thread.
        let (good, dangling, twice) = tokio::join!(insert(&writer, 1, 1), refer(&writer, 99), insert(&writer, 1, 1));
        for answer in [good, dangling, twice] {
            assert!(matches!(&answer, Err(StoreError::Failed { operation: "a transaction", .. })), "{answer:?}");
        }
        assert_eq!((ids(&path).await, writer.commits()), (vec![], 0));
        insert(&writer, 2, 1).await.unwrap();
        assert_eq!((ids(&path).await, writer.commits()), (vec![2], 1));
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_and_what_fits_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.db");
        let mut conn = database(&path).await;
        conn.execute("PRAGMA max_page_count = 20").await.unwrap();
        let writer = Writer::start(conn);
        let (first, large, last) =
            tokio::join!(insert(&writer, 1, 10), insert(&writer, 2, 1_000_000), insert(&writer, 3, 10));
        assert!(matches!(large, Err(StoreError::Full(_))), "{large:?}");
        // It was undone together with the first, which may try again; the last had a transaction of its own.
        assert!(first.as_ref().is_err_and(StoreError::is_retryable), "{first:?}");
        last.unwrap();
        assert_eq!(ids(&path).await, [3]);
        insert(&writer, 1, 10).await.unwrap();
        assert_eq!(ids(&path).await, [1, 3]);
    }

    #[tokio::test]
    async fn a_busy_database_is_worth_another_try() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.db");
        let writer = Writer::start(database(&path).await);
        let mut other = database(&path).await;
        other.execute("BEGIN IMMEDIATE").await.unwrap();
        let refused = insert(&writer, 1, 1).await;
        assert!(refused.as_ref().is_err_and(StoreError::is_retryable), "{refused:?}");
        other.execute("ROLLBACK").await.unwrap();
        insert(&writer, 1, 1).await.unwrap();
        assert_eq!(ids(&path).await, [1]);
    }
}
