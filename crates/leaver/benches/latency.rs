//! `scripts/bench latency`: from the approval to the last path closed, with 100 ms added to every vendor answer.
//!
//! The twin runs in a process of its own. On this side stands what `leaver worker` is made of: the engine on SQLite with captures
//! on disk, the machine's clock, and the loop of that command. A robot is the executor: it opens the database beside the worker, as
//! `leaver attest` does, and clicks as soon as the journal says that a person is awaited.
//!
//! The bound is 1.25 x max(longest chain of dependent calls, calls / allowed concurrency) x 100 ms.
//!
//! * **Calls** are the requests in the twin's log between the approval and the end that is measured.
//! * **Dependent** is a call that could only be sent after another one's answer had come. An effect is three such calls in a row: the
//!   read right before it, the write, the independent read after it; a write that takes several requests counts them all. The
//!   share of a copy follows the copy without a look between. Effects
//!   of one claim follow each other where the later one works on what the earlier one made (a copy is made, named, shared; a
//!   service account is replaced, and deleted if its secret was lost) or repeats it; otherwise they are side by side. A claim with no
//!   effect is one read. A claim comes after the longest chain of the claims that it needs. A person's click is no call. This is
//!   the `strict` chain: it counts a list of several pages as one call, and so never flatters the product.
//! * The most requests in the log of which none began before the one before it had ended is an upper estimate of every such chain:
//!   independent calls that were sent one after the other count in it too. It is printed beside the strict one and not used.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark fails by panicking, prints what it measured, reads the machine's clock and waits on it, and divides counts"
)]

mod rig;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use leaver_connectors::mixpanel::Config;
use leaver_core::case::Case;
use leaver_core::claim::{Choice, Claim, Predicate, Remedy, State};
use leaver_core::decide::Command;
use leaver_core::effect::{Act, Effect};
use leaver_core::event::{CaseState, Event, Identity, Stamped};
use leaver_core::ids::{CaseId, ClaimKey, Digest};
use leaver_core::plan::{Plan, Policy};
use leaver_core::source::Kind;
use leaver_core::wanted::waits_for_person;
use leaver_engine::{Engine, Error, Silent};
use leaver_evidence::captures::CaptureStore;
use leaver_sandbox::{ClockMode, Description, Options, start};
use leaver_store::Store;
use leaver_store_sqlite::SqliteStore;
use leaver_testkit::Counted;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command as Process};

/// What is added to every vendor answer.
const ADDED: SignedDuration = SignedDuration::from_millis(100);

/// The bound of the ratio.
const BOUND: f64 = 1.25;

/// So long the approver thinks about the plan, on the twin's clock: the Schemas API allows five calls a minute in a project
/// (facts/mixpanel.md 1.3), and what the plan read counts no more when the approval comes.
const THOUGHT: SignedDuration = SignedDuration::from_secs(61);

/// A removal that takes longer is a defect.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// How often the robot looks whether it is awaited.
const GLANCE: SignedDuration = SignedDuration::from_millis(10);

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// The other process: a twin until the standard input ends.
async fn serve_twin() {
    let usual = Options::default();
    let sandbox = start(Options {
        members: number("LEAVER_BENCH_LATENCY_MEMBERS", usual.members),
        projects: number("LEAVER_BENCH_LATENCY_PROJECTS", usual.projects),
        content: number("LEAVER_BENCH_LATENCY_CONTENT", usual.content),
        clock: ClockMode::Running,
        slow: Duration::try_from(ADDED).unwrap(),
        ..usual
    })
    .await
    .unwrap();
    println!("{}", serde_json::to_string(sandbox.description()).unwrap());
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await.unwrap().unwrap();
}

/// A twin in another process. It ends with its standard input.
#[derive(Debug)]
struct Twin {
    process: Child,
    description: Description,
    client: reqwest::Client,
}

impl Twin {
    async fn start() -> Self {
        let mut process = Process::new(std::env::current_exe().unwrap())
            .arg("--twin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { process, description: serde_json::from_str(&line).unwrap(), client }
    }

    async fn stop(mut self) {
        drop(self.process.stdin.take());
        self.process.wait().await.unwrap();
    }

    fn address(&self, what: &str) -> String {
        format!("{}/_sandbox/{what}", self.description.control.base_url)
    }

    async fn post(&self, what: &str, body: &Value) -> bool {
        self.client.post(self.address(what)).json(body).send().await.unwrap().status().is_success()
    }

    /// From here on every vendor answer comes late; the request is logged and carried out when it comes in.
    async fn slow_down(&self) {
        assert!(self.post("clock", &json!({"advance": THOUGHT.as_secs()})).await);
        assert!(self.post("faults", &json!({"fault": "slow", "match": {}, "nth": 1, "times": 0})).await);
    }

    async fn calls(&self) -> Vec<Call> {
        let answer: Value = self.client.get(self.address("requests")).send().await.unwrap().json().await.unwrap();
        let entries = answer.get("requests").and_then(Value::as_array).unwrap();
        entries.iter().map(Call::of).collect()
    }
}

/// A request in the twin's log.
#[derive(Debug, Clone)]
struct Call {
    /// When it came in, by our clock. Its answer left [`ADDED`] later. What came before the plan lies too early.
    at: Timestamp,
    words: String,
    status: u64,
    acted: bool,
}

impl Call {
    fn of(entry: &Value) -> Self {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        Self {
            at: text("at").parse::<Timestamp>().unwrap().checked_sub(THOUGHT).unwrap(),
            words: format!("{} {}", text("method"), text("path")),
            status: entry.get("status").and_then(Value::as_u64).unwrap_or_default(),
            acted: entry.get("acted").and_then(Value::as_bool).unwrap_or_default(),
        }
    }

    fn answered(&self) -> Timestamp {
        self.at.checked_add(ADDED).unwrap()
    }
}

/// What `leaver` builds from a configuration.
async fn engine(twin: &Description, folder: &Path, settle_seconds: u32) -> Engine {
    let store = SqliteStore::open(&folder.join("leaver.db")).await.unwrap();
    let captures = Arc::new(CaptureStore::open(folder.join("evidence")).unwrap());
    rig::engine(twin, store, Arc::new(rig::client(twin, captures)), settle_seconds).await
}

/// The loop of `leaver worker`.
async fn worker(engine: &Engine, case: &CaseId) {
    let begun = Timestamp::now();
    loop {
        Box::pin(engine.work("bench", &Silent)).await.unwrap();
        let state = engine.case(case).await.unwrap();
        if state.state == CaseState::Removed {
            return;
        }
        let now = Timestamp::now();
        assert!(now.duration_since(begun) < PATIENCE, "the case came to no end: {}\n{}", state.state_why, open(&state));
        engine.rest().await.unwrap();
    }
}

/// The claims that keep a case from being removed, for the message of a defect.
fn open(case: &Case) -> String {
    let Some((plan, _)) = &case.plan else { return String::new() };
    let open = plan.claims.iter().filter_map(|claim| {
        let seen = case.observation(&claim.key)?;
        let why = &seen.observation.why;
        (seen.observation.state != State::Holds).then(|| {
            format!(
                "  {} {}: {why}; skipped: {:?}",
                claim.key,
                seen.observation.state.word(),
                case.skipped(&claim.key).map(|skip| &skip.why)
            )
        })
    });
    open.collect::<Vec<_>>().join("\n")
}

/// What the robot did for one claim.
#[derive(Debug, Clone)]
struct Click {
    at: Timestamp,
    claim: ClaimKey,
    words: String,
}

/// The executor, on a connection of its own.
#[derive(Debug)]
struct Robot<'a> {
    twin: &'a Twin,
    engine: Engine,
    case: Case,
    done: BTreeSet<String>,
    clicks: Vec<Click>,
}

impl Robot<'_> {
    /// Clicks until the case is removed.
    async fn play(&mut self) {
        let mut new = true;
        loop {
            let news = self.engine.store.load_since(&self.case.id, self.case.version).await.unwrap().unwrap();
            for stored in &news.events {
                let event: Stamped = serde_json::from_slice(&stored.bytes).unwrap();
                self.case.evolve(&event);
            }
            if self.case.state == CaseState::Removed {
                return;
            }
            let now = Timestamp::now();
            if (new || !news.events.is_empty())
                && let Some((plan, _)) = self.case.plan.clone()
            {
                for claim in &plan.claims {
                    if waits_for_person(&self.case, &plan, claim, now) {
                        self.help(claim).await;
                    }
                }
            }
            new = false;
            self.engine.clock.wait_until(now.checked_add(GLANCE).unwrap()).await;
        }
    }

    async fn help(&mut self, claim: &Claim) {
        let seen = self.case.observation(&claim.key).map(|seen| &seen.observation);
        let instances = seen.map(|seen| seen.instances.clone()).unwrap_or_default();
        let executor = self.twin.description.people.executor.clone();
        let leaver = self.twin.description.people.leaver.clone();
        let deed = |does: &str, target: &str| json!({"as": executor, "does": does, "target": target});
        let deeds = match (&claim.says, &claim.remedy) {
            (_, Remedy::Attested(_)) => {
                self.attest(claim).await;
                return;
            }
            (Predicate::NotMember, _) => vec![deed("delete-member", &leaver)],
            (Predicate::NoPublicLink { board, .. }, _) => vec![deed("disable-public-link", board)],
            (Predicate::NotShared { kind, id, .. }, _) => {
                let target = if *kind == Kind::Board { id.clone() } else { format!("{kind}/{id}") };
                vec![json!({"as": executor, "does": "unshare", "target": target, "address": leaver})]
            }
            (Predicate::NothingSends { kind: Kind::Automation, .. }, _) => {
                instances.iter().map(|automation| deed("pause-automation", automation)).collect()
            }
            _ if claim.options.contains(&Choice::CallersMoved)
                && self.case.skipped(&claim.key).is_some_and(|skip| skip.why.contains("callers moved")) =>
            {
                self.decide(claim).await;
                return;
            }
            _ => return,
        };
        for deed in deeds {
            if self.done.insert(deed.to_string()) && self.twin.post("person", &deed).await {
                let words = deed.get("does").and_then(Value::as_str).unwrap_or_default().to_owned();
                self.clicks.push(Click { at: Timestamp::now(), claim: claim.key.clone(), words });
            }
        }
    }

    async fn attest(&mut self, claim: &Claim) {
        let command = Command::Attest {
            claim: claim.key.clone(),
            file: Some(Digest::of(b"a picture of the screen in the rehearsal")),
            note: "looked at the screen in the rehearsal".to_owned(),
            by: rig::person("executor"),
        };
        self.say(claim, "attest", command).await;
    }

    async fn decide(&mut self, claim: &Claim) {
        let command = Command::Decide {
            claim: claim.key.clone(),
            choice: Choice::CallersMoved,
            why: "the integration runs with the new credential".to_owned(),
            until: None,
            by: rig::person("executor"),
        };
        self.say(claim, "decide", command).await;
    }

    /// Says it once.
    async fn say(&mut self, claim: &Claim, words: &str, command: Command) {
        if !self.done.insert(format!("{words} {}", claim.key)) {
            return;
        }
        match self.engine.command(&self.case.id, command).await {
            Ok(_) => {
                self.clicks.push(Click { at: Timestamp::now(), claim: claim.key.clone(), words: words.to_owned() });
            }
            // A rule refuses it for now.
            Err(Error::Rejected(_)) => {
                self.done.remove(&format!("{words} {}", claim.key));
            }
            Err(other) => panic!("the robot's command failed: {other}"),
        }
    }
}

/// An effect of the case with its times and the number of requests that it took.
#[derive(Debug, Clone)]
struct Sent {
    effect: Effect,
    intended_at: Timestamp,
    ended_at: Timestamp,
    calls: usize,
}

/// What one removal showed.
#[derive(Debug)]
struct Run {
    approved: Timestamp,
    /// The last change in the world that closed a path.
    closed: Timestamp,
    closed_by: String,
    removed: Timestamp,
    calls: Vec<Call>,
    clicks: Vec<Click>,
    sent: Vec<Sent>,
    plan: Plan,
}

impl Run {
    async fn new(settle_seconds: u32) -> Self {
        let twin = Twin::start().await;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(folder).unwrap();
        let folder = tempfile::tempdir_in(folder).unwrap();
        let engine = engine(&twin.description, folder.path(), settle_seconds).await;
        let wish = rig::wish(&twin.description, Timestamp::now());
        let drafted = Box::pin(engine.draft(wish, &Silent)).await.unwrap();
        let case = engine.open(drafted).await.unwrap();
        twin.slow_down().await;

        let beside: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("leaver.db")).await.unwrap());
        let aside = Engine::new(beside, Arc::new(rig::Machine), Arc::new(Counted::default()), BTreeMap::new());
        let plan = case.plan_event().unwrap().clone();
        let by = rig::person("approver");
        let yes = Command::Approve { plan, by, identity: Identity::Declared, originals: Vec::new() };
        let clicks = {
            let approve = async {
                let case = aside.command(&case.id, yes).await.unwrap();
                let mut robot = Robot { twin: &twin, engine: aside, case, done: BTreeSet::new(), clicks: Vec::new() };
                robot.play().await;
                robot.clicks
            };
            // The worker was there before the approval.
            let ((), clicks) = tokio::join!(worker(&engine, &case.id), approve);
            clicks
        };
        let run = Self::read(&engine, &case.id, twin.calls().await, clicks).await;
        twin.stop().await;
        run
    }

    async fn read(engine: &Engine, id: &CaseId, calls: Vec<Call>, clicks: Vec<Click>) -> Self {
        let stored = engine.store.load(id).await.unwrap().unwrap();
        let (mut approved, mut removed) = (None, None);
        let mut under_way: BTreeMap<_, (Effect, Timestamp)> = BTreeMap::new();
        let mut sent = Vec::new();
        for stored in &stored.events {
            let Stamped { at, event } = serde_json::from_slice(&stored.bytes).unwrap();
            if let Event::Approved { .. } = event {
                approved = Some(at);
            } else if let Event::Moved { to: CaseState::Removed, .. } = event {
                removed = removed.or(Some(at));
            } else if let Event::Intended { effect, .. } = event {
                under_way.insert(effect.key.clone(), (effect, at));
            } else if let Event::Ended { effect, captures, .. } = event
                && let Some((effect, intended_at)) = under_way.remove(&effect)
            {
                sent.push(Sent { effect, intended_at, ended_at: at, calls: captures.len().max(1) });
            }
        }
        let (approved, removed) = (approved.unwrap(), removed.unwrap());
        let plan = engine.case(id).await.unwrap().plan.unwrap().0;
        let gates = |key: &ClaimKey| plan.claim(key).is_some_and(|claim| claim.kind.gates_removed());
        let acts = sent.iter().map(|sent| (sent.ended_at, &sent.effect.claim, sent.effect.act.word().to_owned()));
        let clicked = clicks.iter().map(|click| (click.at, &click.claim, format!("the robot: {}", click.words)));
        let last = acts.chain(clicked).filter(|(_, claim, _)| gates(claim)).max_by_key(|(at, ..)| *at);
        let (closed, closed_by) = last.map(|(at, claim, words)| (at, format!("{claim}, {words}"))).unwrap();
        let calls = calls.into_iter().filter(|call| call.at >= approved && call.at <= removed).collect();
        Self { approved, closed, closed_by, removed, calls, clicks, sent, plan }
    }

    fn until(&self, end: Timestamp) -> impl Iterator<Item = &Call> + Clone {
        self.calls.iter().filter(move |call| call.at < end)
    }

    /// The calls of a claim that depend on each other, and how many effects stand among them one after the other.
    fn own(&self, claim: &Claim) -> (usize, usize) {
        let of_claim: Vec<&Sent> = self.sent.iter().filter(|sent| sent.effect.claim == claim.key).collect();
        let one_by_one = matches!(claim.says, Predicate::Copied { .. } | Predicate::Replaced { .. });
        let mut rows: BTreeMap<Option<String>, (usize, usize)> = BTreeMap::new();
        for sent in of_claim {
            let row = (!one_by_one).then(|| format!("{:?}", sent.effect.act));
            let (calls, depth) = rows.entry(row).or_default();
            // A copy is shared while it settles: no look stands between, and one settle time serves both.
            let follows = matches!(sent.effect.act, Act::ShareCopy { .. });
            *calls += if follows { 1 } else { 2 } + sent.calls;
            *depth += usize::from(!follows);
        }
        rows.into_values().max().unwrap_or((1, 0))
    }

    /// The longest strict chain up to and with the proof of this claim.
    fn chain(&self, claim: &Claim) -> (usize, usize) {
        let (calls, depth) = self.own(claim);
        let (before, settles) = self.before(claim);
        (before + calls, settles + depth)
    }

    /// The longest strict chain among what this claim needs.
    fn before(&self, claim: &Claim) -> (usize, usize) {
        let needed = claim.needs.iter().filter_map(|key| self.plan.claim(key));
        needed.map(|claim| self.chain(claim)).max().unwrap_or_default()
    }

    /// The longest strict chain that ends with a path closed, and with a path seen closed.
    fn chains(&self) -> [(usize, usize); 2] {
        let gates = || self.plan.claims.iter().filter(|claim| claim.kind.gates_removed());
        let closing = gates().map(|claim| {
            let (before, settles) = self.before(claim);
            match self.own(claim) {
                // A click, or nothing to close.
                (_, 0) => (before, settles),
                // The last read proves and does not close.
                (calls, depth) => (before + calls - 1, settles + depth - 1),
            }
        });
        [closing.max().unwrap_or_default(), gates().map(|claim| self.chain(claim)).max().unwrap_or_default()]
    }

    /// The most calls of which none began before the one before it had ended.
    fn one_after_the_other(&self, end: Timestamp) -> usize {
        let mut free = self.approved;
        let mut count = 0;
        for call in self.until(end) {
            if call.at >= free {
                count += 1;
                free = call.answered();
            }
        }
        count
    }

    /// The times in which no call was under way: how long each, and what came before and after.
    fn gaps(&self, end: Timestamp) -> Vec<(SignedDuration, String, String)> {
        let mut gaps = Vec::new();
        let mut free = self.approved;
        let mut before = "the approval".to_owned();
        for call in self.until(end) {
            if call.at > free {
                gaps.push((call.at.duration_since(free), before.clone(), call.words.clone()));
            }
            if call.answered() > free {
                free = call.answered();
                before.clone_from(&call.words);
            }
        }
        if end > free {
            gaps.push((end.duration_since(free), before, "the end".to_owned()));
        }
        gaps.sort_by_key(|gap| std::cmp::Reverse(gap.0));
        gaps
    }

    /// Everything in the order of time, for whoever looks for what costs it.
    fn trace(&self) {
        let mut lines: Vec<(Timestamp, String)> = Vec::new();
        for call in &self.calls {
            lines.push((
                call.at,
                format!("{} {}{}", call.status, call.words, if call.acted { "  (acted)" } else { "" }),
            ));
        }
        for click in &self.clicks {
            lines.push((click.at, format!("    robot: {} {}", click.words, click.claim)));
        }
        for sent in &self.sent {
            lines.push((sent.intended_at, format!("    intent {}", sent.effect.key)));
            lines.push((sent.ended_at, format!("    outcome {} ({} calls)", sent.effect.key, sent.calls)));
        }
        lines.push((self.removed, "    removed".to_owned()));
        lines.sort();
        for (at, words) in lines {
            println!("    {:8.3}  {words}", at.duration_since(self.approved).as_secs_f64());
        }
    }
}

fn spread(mut of: Vec<f64>) -> String {
    of.sort_by(f64::total_cmp);
    let at = |index: usize| of.get(index).copied().unwrap_or_default();
    format!("min {:.2}  median {:.2}  max {:.2}", at(0), at(of.len() / 2), at(of.len().saturating_sub(1)))
}

fn report(name: &str, runs: &[Run], end: impl Fn(&Run) -> Timestamp, which: usize, settle_seconds: u32) {
    let concurrency = Config::CONCURRENCY as f64;
    let added = ADDED.as_secs_f64();
    let took = |run: &Run| end(run).duration_since(run.approved).as_secs_f64();
    let chain = |run: &Run| run.chains().get(which).copied().unwrap_or_default();
    let calls = |run: &Run| run.until(end(run)).count();
    let base = |run: &Run| (chain(run).0 as f64).max(calls(run) as f64 / concurrency) * added;
    let refused = |run: &Run| run.until(end(run)).filter(|call| call.status == 429).count() as f64;
    let settles = |run: &Run| chain(run).1 as f64 * f64::from(settle_seconds);
    let all = |of: &dyn Fn(&Run) -> f64| spread(runs.iter().map(of).collect());
    println!("  approval to {name}");
    println!("    measured, s                                {}", all(&took));
    println!("    calls                                      {}", all(&|run| calls(run) as f64));
    println!(
        "    calls / allowed concurrency ({concurrency})            {}",
        all(&|run| calls(run) as f64 / concurrency)
    );
    println!("    calls that the vendor refused (429)        {}", all(&refused));
    println!("    longest chain of dependent calls, strict   {}", all(&|run| chain(run).0 as f64));
    println!("    one call after the other (upper estimate)  {}", all(&|run| run.one_after_the_other(end(run)) as f64));
    println!("    base = max x {added} s                        {}", all(&base));
    println!("    measured / base                            {}  (bound {BOUND})", all(&|run| took(run) / base(run)));
    if settle_seconds > 0 {
        println!("    our own settle times on that chain, s      {}", all(&settles));
        println!(
            "    (measured - settle times) / base           {}",
            all(&|run| (took(run) - settles(run)) / base(run))
        );
    }
    let first = |run: &Run| run.calls.first().map_or(0.0, |call| call.at.duration_since(run.approved).as_secs_f64());
    println!("    before the first call, s                   {}", all(&first));
    let idle = |run: &Run| run.gaps(end(run)).iter().map(|gap| gap.0.as_secs_f64()).sum::<f64>();
    println!("    no call under way, s                       {}", all(&idle));
}

async fn measure() {
    let runs = number("LEAVER_BENCH_RUNS", 5).max(1);
    println!("latency: a whole removal, {} ms added to every vendor answer; {runs} runs each", ADDED.as_millis());
    for settle_seconds in [0, Policy::default().settle_seconds] {
        let mut all = Vec::with_capacity(runs);
        for _ in 0..runs {
            all.push(Box::pin(Run::new(settle_seconds)).await);
        }
        println!("\nsettle_seconds = {settle_seconds}");
        report("the last path closed", &all, |run| run.closed, 0, settle_seconds);
        report("`removed`: every path seen closed", &all, |run| run.removed, 1, settle_seconds);
        if let Some(last) = all.last() {
            println!(
                "  the last run: the last path was closed by {}; the longest times without a call",
                last.closed_by
            );
            for (time, before, after) in last.gaps(last.removed).into_iter().take(8) {
                println!("    {:6.2} s  after {before}, before {after}", time.as_secs_f64());
            }
            if std::env::var_os("LEAVER_BENCH_TRACE").is_some() {
                last.trace();
            }
        }
    }
}

#[tokio::main]
async fn main() {
    let asked = |what: &str| std::env::args().any(|argument| argument == what);
    // `cargo test --all-targets` starts every target: only `scripts/bench` means it.
    if asked("--twin") {
        Box::pin(serve_twin()).await;
    } else if asked("--measure") {
        Box::pin(measure()).await;
    }
}
