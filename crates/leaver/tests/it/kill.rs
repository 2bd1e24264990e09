//! Fifty real `kill -9` of a busy worker: nothing is lost, and nothing is done twice outside.
//!
//! Every write of the twin is slow, and the worker is killed when an intent has just become durable, so that the kill falls
//! between intent and outcome. Then a worker that is left alone goes on.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use leaver_sandbox::{ClockMode, Options, Sandbox, start};
use leaver_store::Journal as _;
use leaver_store_sqlite::SqliteStore;
use serde_json::{Value, json};

const ROUNDS: u64 = 6;
const KILLS: usize = 9;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_fifty_times_changes_nothing_twice() {
    let mut between: BTreeMap<String, usize> = BTreeMap::new();
    let mut killed = 0;
    for round in 0..ROUNDS {
        let world = World::begin(round).await;
        for _ in 0..KILLS {
            killed += usize::from(world.kill_after_an_intent().await);
        }
        for (kind, count) in world.without_outcome().await {
            *between.entry(kind).or_default() += count;
        }
        world.finish().await;
        world.assert_nothing_twice().await;
        world.sandbox.stop().await.expect("the twin stops");
    }
    println!("{killed} kills; intents that a kill left without an outcome, by kind: {between:?}");
    assert!(killed >= 45, "the worker was busy when it was killed: {killed}");
    assert!(between.values().sum::<usize>() > 0, "some kills fell between intent and outcome");
}

struct World {
    folder: tempfile::TempDir,
    sandbox: Sandbox,
    control: String,
    client: reqwest::Client,
    store: SqliteStore,
    case: String,
}

impl World {
    async fn begin(seed: u64) -> Self {
        let sandbox =
            start(Options { seed, clock: ClockMode::Running, ..Options::default() }).await.expect("the twin starts");
        // LEAVER_TEST_KEEP=1 leaves the databases for a look.
        let keep = std::env::var_os("LEAVER_TEST_KEEP").is_some();
        let folder = tempfile::Builder::new().prefix("leaver-kill-").disable_cleanup(keep).tempdir().expect("a folder");
        let description = serde_json::to_string(sandbox.description()).expect("JSON");
        std::fs::write(folder.path().join("sandbox.json"), description).expect("written");
        let work = folder.path().join("work");
        let from = folder.path().join("sandbox.json");
        leaver(&work, &["init", "--dir", &work.to_string_lossy(), "--from-sandbox", &from.to_string_lossy()], 0);
        let control = format!("{}/_sandbox", sandbox.description().control.base_url);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        for method in ["POST", "PATCH", "PUT", "DELETE"] {
            let fault = json!({"fault": "slow", "match": {"method": method, "path": "/"}, "times": 0});
            let answer = client.post(format!("{control}/faults")).json(&fault).send().await.expect("an answer");
            assert!(answer.status().is_success());
        }
        let person = &sandbox.description().people.leaver;
        leaver(&work, &["remove", person, "--org", "sandbox", "--ticket", "KILL-1", "--yes"], 3);
        let cases: Value = serde_json::from_str(&leaver(&work, &["status", "--json"], 0)).expect("JSON");
        let case = cases[0]["case"].as_str().expect("a case").to_owned();
        leaver(&work, &["approve", &case, "--as", "approver"], 3);
        let store = SqliteStore::open(&work.join("leaver.db")).await.expect("the database");
        Self { folder, sandbox, control, client, store, case }
    }

    fn work(&self) -> std::path::PathBuf {
        self.folder.path().join("work")
    }

    fn worker(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_leaver"))
            .args(["worker", "--config"])
            .arg(self.work().join("leaver.toml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the worker starts")
    }

    /// How often each kind of effect was intended, and how often it ended.
    async fn effects(&self) -> BTreeMap<String, (usize, usize)> {
        let loaded = self.store.load(&self.case.as_str().into()).await.expect("read").expect("the case");
        let mut kinds: BTreeMap<String, String> = BTreeMap::new();
        let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for event in &loaded.events {
            let body: Value = serde_json::from_slice(&event.bytes).expect("JSON");
            if event.kind == "intended" {
                let kind = body["effect"]["act"]["do"].as_str().expect("a kind").to_owned();
                kinds.insert(body["effect"]["key"].as_str().expect("a key").to_owned(), kind.clone());
                counts.entry(kind).or_default().0 += 1;
            } else if event.kind == "ended" && !body["sent_at"].is_null() {
                let kind = &kinds[body["effect"].as_str().expect("a key")];
                counts.entry(kind.clone()).or_default().1 += 1;
            }
        }
        counts
    }

    async fn intended(&self) -> usize {
        self.effects().await.values().map(|(intended, _)| intended).sum()
    }

    /// Starts a worker and kills it when the next intent has become durable; `false` when there was nothing left to intend.
    async fn kill_after_an_intent(&self) -> bool {
        self.advance(5).await;
        let before = self.intended().await;
        let mut worker = self.worker();
        let mut mark = self.store.change_mark().await.expect("a mark");
        let mut idle = 0_u32;
        let killed = loop {
            let now = self.store.change_mark().await.expect("a mark");
            if now == mark {
                tokio::task::yield_now().await;
                idle += 1;
                // Nothing changes for a long time: the machine has done all it can.
                if idle > 200_000 {
                    break false;
                }
                continue;
            }
            idle = 0;
            mark = now;
            if self.intended().await > before {
                break true;
            }
        };
        worker.kill().expect("killed");
        worker.wait().expect("gone");
        killed
    }

    async fn without_outcome(&self) -> Vec<(String, usize)> {
        let effects = self.effects().await.into_iter();
        effects
            .map(|(kind, (intended, ended))| (kind, intended.saturating_sub(ended)))
            .filter(|(_, open)| *open > 0)
            .collect()
    }

    async fn advance(&self, seconds: u32) {
        let body = json!({ "advance": seconds });
        let answer = self.client.post(format!("{}/clock", self.control)).json(&body).send().await.expect("an answer");
        assert!(answer.status().is_success());
    }

    /// Lets workers work until only a person is awaited and nothing changes any more.
    async fn finish(&self) {
        let answer = self.client.post(format!("{}/faults", self.control)).json(&json!({"fault": null})).send().await;
        assert!(answer.expect("an answer").status().is_success());
        let mut before = usize::MAX;
        let mut unsettled = Vec::new();
        for _ in 0..20 {
            self.work_once().await;
            let now = self.intended().await;
            unsettled = self.unsettled();
            if now == before && unsettled.is_empty() {
                return;
            }
            before = now;
        }
        panic!("the worker does not come to rest: {unsettled:?}");
    }

    /// One `worker --once`, while the twin's clock runs fast: what the worker waits for comes soon.
    async fn work_once(&self) {
        let mut worker = Command::new(env!("CARGO_BIN_EXE_leaver"))
            .args(["worker", "--once", "--config"])
            .arg(self.work().join("leaver.toml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the worker starts");
        while worker.try_wait().expect("a child").is_none() {
            self.advance(1).await;
        }
        assert_eq!(worker.wait().expect("gone").code(), Some(3), "a person is awaited");
    }

    /// What the machine alone should make true, and has not.
    fn unsettled(&self) -> Vec<String> {
        let shown: Value =
            serde_json::from_str(&leaver(&self.work(), &["status", &self.case, "--json"], 0)).expect("JSON");
        let claims = shown["claims"].as_array().expect("claims").iter();
        let open = claims.filter(|claim| {
            claim["remedy"] == "automatic" && claim["state"] != "holds" && claim["waits_for"] != "person"
        });
        open.map(|claim| format!("{} {} {}", claim["key"], claim["state"], claim["why"])).collect()
    }

    /// Every outward change once. The one exception is a created credential whose secret was lost: deleted by id, made anew.
    async fn assert_nothing_twice(&self) {
        let address = format!("{}/requests", self.control);
        let log: Value = self.client.get(address).send().await.expect("an answer").json().await.expect("JSON");
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut accounts = (0_usize, 0_usize);
        for request in log["requests"].as_array().expect("requests") {
            let effect = &request["effect"];
            if effect.is_null() || request["via"] != "api" {
                continue;
            }
            let (kind, op) = (effect["kind"].as_str().expect("kind"), effect["op"].as_str().expect("op"));
            if kind == "service_account" {
                accounts.0 += usize::from(op == "create");
                accounts.1 += usize::from(op == "delete");
                continue;
            }
            let what = if effect["from"].is_null() { &effect["id"] } else { &effect["from"] };
            // A created thing has no source in the log of the twin but its body, which is the same each time.
            let what = if op == "create" { &request["body_sha256"] } else { what };
            *seen.entry(format!("{kind} {op} {what}")).or_default() += 1;
        }
        let twice: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "changed twice: {twice:?}");
        // One replacement is left, and the old account is gone: as many deletions as creations.
        assert_eq!(accounts.0, accounts.1, "creations and deletions of service accounts");
    }
}

/// Runs the binary in this folder and insists on its exit code.
fn leaver(work: &Path, arguments: &[&str], exit: i32) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_leaver"))
        .args(arguments)
        .env("LEAVER_CONFIG", work.join("leaver.toml"))
        .output()
        .expect("it runs");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {err}");
    String::from_utf8(output.stdout).expect("text")
}
