//! `scripts/bench journal`: durable steps of concurrent cases beside plain commits of equal rows.
//!
//! A step is what the engine writes around one outward action, without the call: the intent, durable, and then the outcome,
//! durable. With captures, the raw answer that the outcome names is on disk before the outcome is written. The plain side
//! writes rows of the same columns and sizes into tables without triggers or checks, in two commits a step, through one
//! connection with the same settings: once with group commit (whoever waits is in the next transaction), once without.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark fails by panicking, prints what it measured, and divides counts"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use leaver_core::effect::{Act, Effect};
use leaver_core::event::{Event, Stamped};
use leaver_core::ids::{CaseId, ClaimKey, Digest, EffectKey, OrgName, PersonId, ProjectId, VendorOrg};
use leaver_core::source::Kind;
use leaver_core::write::Outcome;
use leaver_evidence::canonical::leaf_hash;
use leaver_evidence::captures::{Capture, CaptureSink, CaptureStore, Meta};
use leaver_store::{Append, CaseRow, Journal as _, NewEvent, OpenIntent};
use leaver_store_sqlite::SqliteStore;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Executor as _, SqliteConnection};
use tokio::sync::{Mutex, mpsc, oneshot};

/// How long one measurement takes.
const TIME: Duration = Duration::from_millis(1500);

/// How often each is measured.
const RUNS: usize = 5;

/// How many writes the plain side puts into one transaction at most: as the store.
const BATCH: usize = 256;

/// The bound of the ratio is not a number in the issue: the plain side is printed beside it.
const CONCURRENCY: [usize; 3] = [1, 16, 64];

fn case(number: usize) -> CaseId {
    CaseId::new(format!("case_{number:032x}"))
}

fn row(number: usize) -> CaseRow {
    CaseRow {
        case: case(number),
        org: OrgName::from("sandbox"),
        vendor_org: VendorOrg(7_000_000),
        person: PersonId::new(format!("person_{number:032x}")),
        state: "running".to_owned(),
        next_at: Some(Timestamp::UNIX_EPOCH),
        opened_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

fn effect(step: u64) -> Effect {
    Effect {
        key: EffectKey::new(format!("sender.subscription:project=61007011/{step}/1")),
        claim: ClaimKey::from("sender.subscription:project=61007011"),
        act: Act::TakeOut { project: ProjectId(61_007_011), kind: Kind::Subscription, id: step.to_string() },
        attempt: 1,
    }
}

fn event(event: Event) -> NewEvent {
    let stamped = Stamped { at: Timestamp::UNIX_EPOCH, event };
    let bytes = serde_json::to_vec(&stamped).unwrap();
    NewEvent { at: stamped.at, kind: stamped.event.word().to_owned(), leaf: leaf_hash(&bytes), bytes }
}

fn intended(effect: Effect) -> NewEvent {
    event(Event::Intended { effect, plan: Digest::of(b"plan"), definition: None, marked: None })
}

fn ended(effect: EffectKey, captures: Vec<Digest>) -> NewEvent {
    let outcome = Outcome::Done { created: None };
    event(Event::Ended { effect, outcome, sent_at: Some(Timestamp::UNIX_EPOCH), captures })
}

fn answer(number: usize, step: u64) -> Capture {
    let meta = Meta {
        method: "PATCH".to_owned(),
        url: format!("https://mixpanel.com/api/app/projects/61007011/dashboard-reports/email-digests/{number}-{step}"),
        credential: "sandbox/service-account".to_owned(),
        sent_at: Timestamp::UNIX_EPOCH,
        ended_at: Timestamp::UNIX_EPOCH,
        vendor_date: Some("Thu, 01 Jan 1970 00:00:00 GMT".to_owned()),
        status: 200,
        content_type: Some("application/json".to_owned()),
        rehearsal: true,
        whole: true,
        redacted: None,
    };
    Capture::plain(meta, vec![b'x'; 1024])
}

/// Steps of one case until the time is over.
async fn case_of_the_store(
    store: &SqliteStore,
    captures: Option<Arc<CaptureStore>>,
    number: usize,
    end: Instant,
) -> u64 {
    let mut version = store.append(Append::new(row(number), 0)).await.unwrap().version;
    let mut steps = 0;
    while Instant::now() < end {
        let effect = effect(steps);
        let key = effect.key.clone();
        let target = format!("case-{number}/{}", key.as_str());
        let mut intent = Append::new(row(number), version);
        intent.events = vec![intended(effect)];
        intent.open = vec![OpenIntent { effect: key.clone(), target }];
        version = store.append(intent).await.unwrap().version;
        let mut named = vec![Digest::of(b"an answer")];
        if let Some(captures) = captures.clone() {
            let capture = answer(number, steps);
            let digest = tokio::task::spawn_blocking(move || captures.put(&capture)).await.unwrap().unwrap();
            named = vec![Digest::parse(&digest).unwrap()];
        }
        let mut outcome = Append::new(row(number), version);
        outcome.close = vec![key.clone()];
        outcome.events = vec![ended(key, named)];
        version = store.append(outcome).await.unwrap().version;
        steps += 1;
    }
    steps
}

async fn steps(folder: &Path, with_captures: bool, cases: usize) -> f64 {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let store = Arc::new(SqliteStore::open(&folder.path().join("leaver.db")).await.unwrap());
    let captures = with_captures.then(|| Arc::new(CaptureStore::open(folder.path().join("evidence")).unwrap()));
    let began = Instant::now();
    let end = began + TIME;
    let running: Vec<_> = (0..cases)
        .map(|number| {
            let (store, captures) = (Arc::clone(&store), captures.clone());
            tokio::spawn(async move { case_of_the_store(&store, captures, number, end).await })
        })
        .collect();
    let mut steps = 0;
    for one in running {
        steps += one.await.unwrap();
    }
    steps as f64 / began.elapsed().as_secs_f64()
}

/// One commit of the plain side.
#[derive(Debug)]
struct Rows {
    row: CaseRow,
    version: i64,
    event: NewEvent,
    open: Option<(String, EffectKey)>,
    close: Option<EffectKey>,
}

async fn plain_database(folder: &Path) -> SqliteConnection {
    let mut conn = SqliteConnectOptions::new()
        .filename(folder.join("plain.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("fullfsync", "1")
        .pragma("checkpoint_fullfsync", "1")
        .disable_statement_logging()
        .connect()
        .await
        .unwrap();
    conn.execute(
        "CREATE TABLE cases (case_id TEXT NOT NULL PRIMARY KEY, org TEXT, vendor_org INTEGER, person_id TEXT, state TEXT,
             version INTEGER, opened_at INTEGER, updated_at INTEGER, next_at INTEGER);
         CREATE TABLE events (seq INTEGER PRIMARY KEY, case_id TEXT, version INTEGER, at INTEGER, kind TEXT, bytes BLOB,
             leaf BLOB, UNIQUE (case_id, version));
         CREATE TABLE open_intents (vendor_org INTEGER, target TEXT, case_id TEXT, effect TEXT,
             PRIMARY KEY (vendor_org, target)) WITHOUT ROWID;
         CREATE INDEX open_intents_effect ON open_intents (case_id, effect)",
    )
    .await
    .unwrap();
    conn
}

async fn insert(conn: &mut SqliteConnection, rows: &Rows) {
    let case = rows.row.case.as_str();
    sqlx::query(
        "INSERT INTO cases (case_id, org, vendor_org, person_id, state, version, opened_at, updated_at, next_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (case_id) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at",
    )
    .bind(case)
    .bind(rows.row.org.as_str())
    .bind(rows.row.vendor_org.0.cast_signed())
    .bind(rows.row.person.as_str())
    .bind(rows.row.state.as_str())
    .bind(rows.version)
    .bind(rows.row.opened_at.as_millisecond())
    .bind(rows.row.updated_at.as_millisecond())
    .bind(rows.row.next_at.map(Timestamp::as_millisecond))
    .execute(&mut *conn)
    .await
    .unwrap();
    sqlx::query("INSERT INTO events (case_id, version, at, kind, bytes, leaf) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        .bind(case)
        .bind(rows.version)
        .bind(rows.event.at.as_millisecond())
        .bind(rows.event.kind.as_str())
        .bind(rows.event.bytes.as_slice())
        .bind(rows.event.leaf.as_slice())
        .execute(&mut *conn)
        .await
        .unwrap();
    if let Some((target, effect)) = &rows.open {
        sqlx::query("INSERT INTO open_intents (vendor_org, target, case_id, effect) VALUES (?1, ?2, ?3, ?4)")
            .bind(rows.row.vendor_org.0.cast_signed())
            .bind(target)
            .bind(case)
            .bind(effect.as_str())
            .execute(&mut *conn)
            .await
            .unwrap();
    }
    if let Some(effect) = &rows.close {
        sqlx::query("DELETE FROM open_intents WHERE case_id = ?1 AND effect = ?2")
            .bind(case)
            .bind(effect.as_str())
            .execute(&mut *conn)
            .await
            .unwrap();
    }
}

/// The way to commit on the plain side.
#[derive(Clone)]
enum Plain {
    Alone(Arc<Mutex<SqliteConnection>>),
    Grouped(mpsc::Sender<(Rows, oneshot::Sender<()>)>),
}

impl Plain {
    fn new(conn: SqliteConnection, grouped: bool) -> Self {
        if !grouped {
            return Self::Alone(Arc::new(Mutex::new(conn)));
        }
        let (jobs, queue) = mpsc::channel(1024);
        tokio::spawn(group(conn, queue));
        Self::Grouped(jobs)
    }

    async fn commit(&self, rows: Rows) {
        match self {
            Self::Alone(conn) => {
                let mut conn = conn.lock().await;
                conn.execute("BEGIN IMMEDIATE").await.unwrap();
                insert(&mut conn, &rows).await;
                conn.execute("COMMIT").await.unwrap();
            }
            Self::Grouped(jobs) => {
                let (reply, answer) = oneshot::channel();
                jobs.send((rows, reply)).await.unwrap();
                answer.await.unwrap();
            }
        }
    }
}

async fn group(mut conn: SqliteConnection, mut queue: mpsc::Receiver<(Rows, oneshot::Sender<()>)>) {
    while let Some(first) = queue.recv().await {
        conn.execute("BEGIN IMMEDIATE").await.unwrap();
        let mut replies = Vec::new();
        let mut next = Some(first);
        while let Some((rows, reply)) = next {
            insert(&mut conn, &rows).await;
            replies.push(reply);
            next = if replies.len() < BATCH { queue.try_recv().ok() } else { None };
        }
        conn.execute("COMMIT").await.unwrap();
        for reply in replies {
            reply.send(()).unwrap();
        }
    }
}

/// Two commits a step, as many steps as fit into the time.
async fn case_of_the_plain(plain: Plain, number: usize, end: Instant) -> u64 {
    let mut steps = 0;
    let mut version = 0;
    while Instant::now() < end {
        let effect = effect(steps);
        let key = effect.key.clone();
        let target = format!("case-{number}/{}", key.as_str());
        version += 1;
        let event = intended(effect);
        plain.commit(Rows { row: row(number), version, event, open: Some((target, key.clone())), close: None }).await;
        version += 1;
        let event = ended(key.clone(), vec![Digest::of(b"an answer")]);
        plain.commit(Rows { row: row(number), version, event, open: None, close: Some(key) }).await;
        steps += 1;
    }
    steps
}

async fn commits(folder: &Path, grouped: bool, cases: usize) -> f64 {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let plain = Plain::new(plain_database(folder.path()).await, grouped);
    let began = Instant::now();
    let end = began + TIME;
    let running: Vec<_> =
        (0..cases).map(|number| tokio::spawn(case_of_the_plain(plain.clone(), number, end))).collect();
    let mut steps = 0;
    for one in running {
        steps += one.await.unwrap();
    }
    steps as f64 / began.elapsed().as_secs_f64()
}

fn middle(mut of: Vec<f64>) -> (f64, f64, f64) {
    of.sort_by(f64::total_cmp);
    let at = |index: usize| of.get(index).copied().unwrap_or_default();
    (at(0), at(of.len() / 2), at(of.len().saturating_sub(1)))
}

#[tokio::main]
async fn main() {
    // `cargo test --all-targets` starts every target: only `scripts/bench` means it.
    if !std::env::args().any(|argument| argument == "--measure") {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(folder).unwrap();
    println!(
        "journal: durable steps per second (intent durable, then outcome durable), beside plain commits of equal rows"
    );
    println!(
        "         two commits a step; ratio = steps of the store / steps' worth of plain commits; {RUNS} runs each"
    );
    for cases in CONCURRENCY {
        let mut ratios = [Vec::new(), Vec::new(), Vec::new()];
        let mut rates = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..RUNS {
            let measured = [
                steps(folder, false, cases).await,
                steps(folder, true, cases).await,
                commits(folder, true, cases).await,
                commits(folder, false, cases).await,
            ];
            let [bare, captured, grouped, alone] = measured;
            for (all, rate) in rates.iter_mut().zip(measured) {
                all.push(rate);
            }
            for (all, ratio) in ratios.iter_mut().zip([bare / grouped, captured / grouped, bare / alone]) {
                all.push(ratio);
            }
        }
        let [bare, captured, grouped, alone] = rates.map(|all| middle(all).1);
        println!("\n{cases:>3} concurrent cases, medians: {bare:.0} steps/s; with captures {captured:.0} steps/s;");
        println!("    plain {:.0} commits/s grouped, {:.0} commits/s each alone", grouped * 2.0, alone * 2.0);
        let names = [
            "steps / plain commits with the same group commit",
            "steps with captures / the same",
            "steps / plain commits without group commit",
        ];
        for (name, all) in names.into_iter().zip(ratios) {
            let (least, median, most) = middle(all);
            println!("    {name:<52} min {least:.2}  median {median:.2}  max {most:.2}");
        }
    }
}
