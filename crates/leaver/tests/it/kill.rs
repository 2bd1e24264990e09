//! Fifty real `kill -9` of a busy worker: nothing is lost, and nothing is done twice outside.
//!
//! Every write of the twin is slow, and the worker is killed when an intent has just become durable, so that the kill falls
//! between intent and outcome: first of each kind of effect in turn, then of any. In the end a worker that is left alone goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use leaver_sandbox::{ClockMode, Options, Sandbox, start};
use leaver_store::Journal as _;
use leaver_store_sqlite::SqliteStore;
use serde_json::{Value, json};

const KILLS: usize = 50;
/// More worlds than this mean that some kind of effect is never caught.
const WORLDS: u64 = 12;
/// One pass of a worker waits for no more seconds than this; what is due later is left to the next one.
const PASS: u32 = 150;
/// An attempt after this one is left alone: after five a person must look, and the worker does right to stop.
const ATTEMPTS: u32 = 3;
/// How often the clock moves on in one world when there was nothing to kill: some effects wait for a day.
const DAYS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_fifty_times_changes_nothing_twice() {
    // What a worker does that nobody kills.
    let clean = World::begin(0).await;
    clean.finish().await;
    clean.assert_nothing_twice().await;
    let kinds: BTreeSet<String> = clean.effects().await.into_values().map(|(kind, _)| kind).collect();
    clean.sandbox.stop().await.expect("the twin stops");
    assert!(kinds.len() > 4, "a removal has many kinds of effect: {kinds:?}");

    let mut between: BTreeMap<String, usize> = kinds.iter().map(|kind| (kind.clone(), 0)).collect();
    let mut killed = 0;
    for seed in 0..WORLDS {
        let world = World::begin(seed).await;
        world.slow_writes().await;
        let mut days = 0;
        while killed < KILLS && days < DAYS {
            let never: BTreeSet<String> =
                between.iter().filter(|(_, count)| **count == 0).map(|(kind, _)| kind.clone()).collect();
            let wanted = if never.is_empty() { kinds.clone() } else { never };
            if let Some(caught) = world.kill_after_an_intent(&wanted).await {
                killed += 1;
                for kind in caught {
                    *between.entry(kind).or_default() += 1;
                }
            } else {
                // What was lost is made anew before the day is over on which the old credential goes.
                world.come_to_rest().await;
                world.advance(25 * 60 * 60).await;
                days += 1;
            }
        }
        world.finish().await;
        world.assert_nothing_twice().await;
        world.sandbox.stop().await.expect("the twin stops");
        if killed == KILLS {
            break;
        }
    }
    println!("{killed} kills; kills between intent and outcome, by kind of effect:");
    for (kind, count) in &between {
        println!("  {kind:<24} {count:>3} {}", "#".repeat(*count));
    }
    assert_eq!(killed, KILLS);
    let missed: Vec<_> = between.iter().filter(|(_, count)| **count == 0).collect();
    assert!(missed.is_empty(), "no kill fell between intent and outcome of {missed:?}");
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
        let person = &sandbox.description().people.leaver;
        leaver(
            &work,
            &["remove", person, "--org", "sandbox", "--reason", "project-completion", "--ticket", "KILL-1", "--yes"],
            3,
        );
        let cases: Value = serde_json::from_str(&leaver(&work, &["status", "--json"], 0)).expect("JSON");
        let case = cases[0]["case"].as_str().expect("a case").to_owned();
        leaver(&work, &["approve", &case, "--as", "approver"], 3);
        let store = SqliteStore::open(&work.join("leaver.db")).await.expect("the database");
        Self { folder, sandbox, control, client, store, case }
    }

    fn work(&self) -> std::path::PathBuf {
        self.folder.path().join("work")
    }

    fn worker_once(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_leaver"))
            .args(["worker", "--once", "--config"])
            .arg(self.work().join("leaver.toml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the worker starts")
    }

    /// Every answer to a write comes late, after it was done.
    async fn slow_writes(&self) {
        for method in ["POST", "PATCH", "PUT", "DELETE"] {
            let fault = json!({"fault": "slow", "match": {"method": method, "path": "/"}, "times": 0});
            let sent = self.client.post(format!("{}/faults", self.control)).json(&fault).send().await;
            assert!(sent.expect("an answer").status().is_success());
        }
    }

    /// The intents in the journal by their key: the kind of effect, and whether an outcome was journalled.
    async fn effects(&self) -> BTreeMap<String, (String, bool)> {
        let loaded = self.store.load(&self.case.as_str().into()).await.expect("read").expect("the case");
        let mut effects: BTreeMap<String, (String, bool)> = BTreeMap::new();
        for event in &loaded.events {
            let body: Value = serde_json::from_slice(&event.bytes).expect("JSON");
            if event.kind == "intended" {
                let kind = body["effect"]["act"]["do"].as_str().expect("a kind").to_owned();
                effects.insert(body["effect"]["key"].as_str().expect("a key").to_owned(), (kind, false));
            } else if event.kind == "ended" {
                effects.get_mut(body["effect"].as_str().expect("a key")).expect("an intent before its outcome").1 =
                    true;
            }
        }
        effects
    }

    /// The intents that came after these, with their kind and whether they have an outcome.
    async fn since(&self, before: &BTreeMap<String, (String, bool)>) -> BTreeMap<String, (String, bool)> {
        self.effects().await.into_iter().filter(|(key, _)| !before.contains_key(key)).collect()
    }

    /// Starts a worker and kills it when an intent of one of these kinds has just become durable. The kinds whose outcome was lost
    /// with it; `None` when the worker ended by itself, because it had nothing of the kind to do.
    async fn kill_after_an_intent(&self, wanted: &BTreeSet<String>) -> Option<BTreeSet<String>> {
        self.advance(5).await;
        let before = self.effects().await;
        let mut worker = self.worker_once();
        let mut mark = None;
        let mut seconds = 0;
        loop {
            if worker.try_wait().expect("a child").is_some() {
                return None;
            }
            let now = self.store.change_mark().await.expect("a mark");
            if mark == Some(now) {
                self.hasten(&mut seconds).await;
                continue;
            }
            mark = Some(now);
            let begun = self.since(&before).await;
            let is_open = begun.values().any(|(kind, ended)| !ended && wanted.contains(kind));
            // One that has an outcome counts as well: the secret of a new credential dies with the worker until it is handed over.
            if is_open && begun.keys().all(|key| attempt(key) <= ATTEMPTS) {
                worker.kill().expect("killed");
                let ended = worker.wait().expect("gone");
                // It may have ended by itself in the last moment.
                let lost = self.since(&before).await.into_values().filter(|(_, ended)| !ended).map(|(kind, _)| kind);
                return (ended.signal() == Some(9)).then_some(lost.collect());
            }
        }
    }

    /// What a worker waits for comes soon, within reason: nothing here is about a deadline that passes.
    async fn hasten(&self, seconds: &mut u32) {
        if *seconds < PASS {
            *seconds += 1;
            self.advance(1).await;
        } else {
            tokio::task::yield_now().await;
        }
    }

    async fn advance(&self, seconds: u32) {
        let body = json!({ "advance": seconds });
        let answer = self.client.post(format!("{}/clock", self.control)).json(&body).send().await.expect("an answer");
        assert!(answer.status().is_success());
    }

    /// Lets workers work, with a vendor that is quick again, until only a person is awaited and nothing changes any more.
    async fn finish(&self) {
        let answer = self.client.post(format!("{}/faults", self.control)).json(&json!({"fault": null})).send().await;
        assert!(answer.expect("an answer").status().is_success());
        self.come_to_rest().await;
    }

    /// Lets workers work until nothing changes any more.
    async fn come_to_rest(&self) {
        let mut before = usize::MAX;
        let mut unsettled = Vec::new();
        for _ in 0..20 {
            self.work_once().await;
            let now = self.effects().await.len();
            unsettled = self.unsettled();
            if now == before && unsettled.is_empty() {
                return;
            }
            before = now;
        }
        panic!("the worker does not come to rest: {unsettled:?}; what was done: {:#?}", self.effects().await);
    }

    /// One `worker --once`, while the twin's clock runs fast: what the worker waits for comes soon.
    async fn work_once(&self) {
        let mut worker = self.worker_once();
        let mut seconds = 0;
        while worker.try_wait().expect("a child").is_none() {
            self.hasten(&mut seconds).await;
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
        let told = |claim: &Value| {
            format!(
                "{} {} {}, waits for {} of {}",
                claim["key"], claim["state"], claim["why"], claim["waits_for"], claim["needs"]
            )
        };
        open.map(told).collect()
    }

    /// Every outward change once. The one exception is a created credential whose secret was lost: deleted by id, made anew.
    async fn assert_nothing_twice(&self) {
        let address = format!("{}/requests", self.control);
        let log: Value = self.client.get(address).send().await.expect("an answer").json().await.expect("JSON");
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut accounts = (0_usize, 0_usize);
        let mut told = Vec::new();
        for request in log["requests"].as_array().expect("requests") {
            let effect = &request["effect"];
            if effect.is_null() || request["via"] != "api" {
                continue;
            }
            let (kind, op) = (effect["kind"].as_str().expect("kind"), effect["op"].as_str().expect("op"));
            if kind == "service_account" {
                told.push(format!("{op} {} at {}", effect["id"], request["at"]));
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
        assert_eq!(accounts.0, accounts.1, "creations and deletions of service accounts: {told:#?}");
    }
}

/// The attempt with which the key of an effect ends.
fn attempt(key: &str) -> u32 {
    key.rsplit('/').next().and_then(|number| number.parse().ok()).expect("a key ends with its attempt")
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
