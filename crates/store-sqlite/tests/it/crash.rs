//! A process that is killed in the middle of appending loses nothing that it acknowledged, and its lock dies with it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use leaver_store::Journal as _;
use leaver_store_sqlite::{LockError, SqliteStore, WorkerLock};

use crate::harness::{Files, step};

const DATABASE: &str = "LEAVER_CRASH_DATABASE";
const APPENDERS: usize = 8;
const ENOUGH: usize = 300;

#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let files = Files::new();
    let path = files.path("one");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture"])
        .env(DATABASE, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    let mut note = |line: &str| {
        let Some(("ack", rest)) = line.split_once(' ') else {
            return false;
        };
        let (case, version) = rest.split_once(' ').unwrap();
        acknowledged.insert(case.to_owned(), version.parse().unwrap());
        true
    };
    let mut count = 0;
    while count < ENOUGH {
        count += usize::from(note(&lines.next().expect("the child goes on until it is killed")));
    }
    let held = WorkerLock::acquire(&path);
    assert!(matches!(&held, Err(LockError::Held { process: Some(id), .. }) if *id == child.id()), "{held:?}");
    child.kill().unwrap();
    // The last line may be torn: then it was not acknowledged to anybody.
    let rest: Vec<String> = lines.collect();
    for line in rest.iter().rev().skip(1) {
        note(line);
    }
    child.wait().unwrap();
    WorkerLock::acquire(&path).unwrap();

    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(acknowledged.len(), APPENDERS);
    for (case, version) in acknowledged {
        let loaded = store.load(&case.as_str().into()).await.unwrap().unwrap();
        assert!(loaded.version >= version, "{case}: {} < {version}", loaded.version);
        for (expected, event) in (0..).zip(&loaded.events) {
            assert_eq!(event.bytes, format!("{case} {expected}").into_bytes());
        }
    }
    let log = store.log_from(0, u32::MAX).await.unwrap();
    assert!(log.iter().zip(0..).all(|(entry, seq)| entry.event.seq == seq));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    // Not a test of its own: the process that the test above starts and kills.
    let Some(path) = std::env::var_os(DATABASE).map(PathBuf::from) else { return };
    let store = Arc::new(SqliteStore::open(&path).await.unwrap());
    let _lock = WorkerLock::acquire(&path).unwrap();
    let appenders: Vec<_> = (0..APPENDERS)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let case = format!("case_{number}");
                for expected in 0..1_000_000 {
                    let version = store.append(step(&case, expected)).await.unwrap().version;
                    writeln!(std::io::stdout().lock(), "ack {case} {version}").unwrap();
                }
            })
        })
        .collect();
    for appender in appenders {
        appender.await.unwrap();
    }
}
