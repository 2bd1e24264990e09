//! A whole removal against the built-in sandbox, over real HTTP, through the same engine calls as the real commands.
//!
//! Three people take part: requester, approver, executor. Where only a person can click, a robot clicks in the twin as the
//! executor, and says so. The recheck times pass on the sandbox's clock.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use leaver_core::case::Case;
use leaver_core::claim::{Claim, Predicate, Proof, Record, Remedy, State};
use leaver_core::decide::Command as Decision;
use leaver_core::event::{CaseState, Identity};
use leaver_core::source::Kind;
use leaver_core::wanted::waits_for_person;
use leaver_engine::{Progress, document};
use leaver_sandbox::{Options, Sandbox, start};
use serde_json::json;

use crate::cli::{Demo, Terms};
use crate::commands::cases::{Particulars, wish, words};
use crate::commands::{evidence, init, members};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::log::LogFolder;
use crate::printer::Printer;
use crate::render;
use crate::wiring::App;

/// The demo stops after so many rounds: a case that does not end is a defect.
const ROUNDS: usize = 200;

pub(crate) async fn run(demo: &Demo, printer: Printer) -> Result<Exit, Failure> {
    let sandbox = start(Options { seed: demo.seed, ..Options::default() })
        .await
        .map_err(|error| Failure::not_done("L021", "the sandbox cannot be started").because(&error))?;
    let dir = match &demo.dir {
        Some(dir) => dir.clone(),
        None => fresh_dir()?,
    };
    let described = serde_json::to_value(sandbox.description())
        .and_then(serde_json::from_value)
        .map_err(|error| Failure::not_done("L022", "the sandbox's description cannot be read").because(&error))?;
    let config = init::from_sandbox(&dir, &described)?;
    let app = App::open(Config::read(&config)?, true).await?;
    let outcome = play(&app, &sandbox, demo, printer).await;
    let requests = count_requests(&sandbox).await;
    let case = outcome?;
    let (pack, trust) = (absolute(&dir.join("pack")), absolute(&dir.join("trust")));
    evidence::write_trust(&LogFolder::beside(&app.database)?, &app.config, &trust)?;
    evidence::seal(&app, &case.id, &pack).await?;
    let now = app.engine.clock.now();
    if printer.json {
        let mut shown = serde_json::to_value(document(&case, now))
            .map_err(|error| Failure::not_done("L304", "the document cannot be written").because(&error))?;
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("requests".to_owned(), json!(requests));
            fields.insert("pack".to_owned(), json!(pack));
            fields.insert("trust".to_owned(), json!(trust));
        }
        printer.document(&shown)?;
    } else {
        summary(&app, &case, requests, &dir, printer).await?;
        printer.data(&format!(
            "\nsealed pack: {pack}\ncheck it:    {pack}/VERIFY.sh {pack} {trust}\n             leaver evidence verify {pack} --trust {trust}",
            pack = pack.display(),
            trust = trust.display(),
        ));
    }
    sandbox
        .stop()
        .await
        .map_err(|error| Failure::not_done("L308", "the sandbox did not stop cleanly").because(&error))?;
    let proved = case.state == CaseState::Closed
        && case.plan.as_ref().is_some_and(|(plan, _)| {
            plan.claims
                .iter()
                .all(|claim| case.observation(&claim.key).is_some_and(|seen| seen.observation.state == State::Holds))
        });
    Ok(if proved { Exit::Done } else { Exit::NotDone })
}

/// The path from the root, for documents that somebody reads elsewhere.
fn absolute(path: &std::path::Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn fresh_dir() -> Result<PathBuf, Failure> {
    let base = std::env::temp_dir();
    for number in 0..10_000_u32 {
        let dir = base.join(format!("leaver-demo-{}-{number}", std::process::id()));
        match std::fs::create_dir(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(Failure::not_done("L023", format!("{} cannot be made", dir.display())).because(&error));
            }
        }
    }
    Err(Failure::not_done("L023", "no folder can be made among the temporary files"))
}

async fn play(app: &App, sandbox: &Sandbox, demo: &Demo, printer: Printer) -> Result<Case, Failure> {
    let robot = Robot::new(sandbox)?;
    let people = &sandbox.description().people;
    printer.say(&format!("sandbox with seed {}: {}", demo.seed, sandbox.description().mixpanel.base_url));
    printer.say(&format!("\nthe requester asks: remove {}", people.leaver));
    let terms = Terms {
        email: people.leaver.clone(),
        org: "sandbox".to_owned(),
        reason: Some("project-completion".to_owned()),
        method: Some("delete".to_owned()),
        urgency: None,
        successor: None,
        executor: None,
        project: Vec::new(),
        team: Vec::new(),
        role: None,
        choices: None,
    };
    let particulars = Particulars { ticket: "DEMO-1".to_owned(), ..Particulars::default() };
    let mut wish = wish(app, &terms, particulars, Some("requester")).await?;
    wish.request.members = members::keep(app, &wish.request.org).await?;
    let drafted = {
        let bar = printer.bar();
        app.engine.draft(wish, &bar).await?
    };
    let case = app.engine.open(drafted).await?;
    let id = case.id.clone();
    if let (Some((plan, _)), false) = (&case.plan, printer.json) {
        let shown = document(&case, app.engine.clock.now());
        printer.data(&render::case(&case, plan, &shown, &words(app, &case).await?, app.engine.clock.now()));
    }
    printer.say("\nthe approver reads the plan and approves it by its hash");
    let (approver, _) = app.person("approver")?.clone();
    let plan = case.plan_event().cloned().ok_or_else(|| Failure::not_done("L201", "the case has no plan"))?;
    let yes = Decision::Approve { plan, by: approver, identity: Identity::Declared, originals: Vec::new() };
    app.engine.command(&id, yes).await?;
    printer.say("\nleaver works, and waits where only a person can click");
    let Some(_lock) = app.become_worker().await? else {
        return Err(Failure::not_done("L309", "another worker holds the demo's database"));
    };
    for _ in 0..ROUNDS {
        let progress = Lines { printer };
        app.engine.work("demo", &progress).await?;
        let case = app.engine.case(&id).await?;
        if case.state == CaseState::Closed || case.state.is_over() {
            return Ok(case);
        }
        let acted = robot.help(app, &case, printer).await?;
        let now = app.engine.clock.now();
        let next = app.engine.store.next_due().await.map_err(leaver_engine::Error::from)?;
        match next {
            Some(at) if at > now => {
                if at.duration_since(now) > SignedDuration::from_mins(5) {
                    printer.say(&format!("  the clock goes on to {}", at.strftime("%Y-%m-%d %H:%M")));
                }
                app.engine.clock.wait_until(at).await;
            }
            None if !acted => return Ok(case),
            Some(_) | None => {}
        }
    }
    Ok(app.engine.case(&id).await?)
}

/// Talk of the worker, as lines.
struct Lines {
    printer: Printer,
}

impl Progress for Lines {
    fn read(&self, _: usize, _: usize) {}

    fn says(&self, what: &str) {
        self.printer.say(&format!("  {what}"));
    }
}

/// Does by hand what only a person can do, as the executor, in the twin's own page rules.
struct Robot {
    client: reqwest::Client,
    done: std::sync::Mutex<std::collections::BTreeSet<String>>,
    control: String,
    executor: String,
    leaver: String,
}

impl Robot {
    fn new(sandbox: &Sandbox) -> Result<Self, Failure> {
        let description = sandbox.description();
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .map_err(|error| Failure::not_done("L308", "the robot has no HTTP client").because(&error))?;
        Ok(Self {
            client,
            done: std::sync::Mutex::default(),
            control: description.control.base_url.clone(),
            executor: description.people.executor.clone(),
            leaver: description.people.leaver.clone(),
        })
    }

    /// Does everything that waits for a person; returns whether anything did.
    async fn help(&self, app: &App, case: &Case, printer: Printer) -> Result<bool, Failure> {
        let Some((plan, _)) = &case.plan else { return Ok(false) };
        let now = app.engine.clock.now();
        let mut acted = false;
        for claim in plan.claims.iter().filter(|claim| waits_for_person(case, plan, claim, now)) {
            acted |= self.one(app, case, claim, printer).await?;
        }
        Ok(acted)
    }

    async fn one(&self, app: &App, case: &Case, claim: &Claim, printer: Printer) -> Result<bool, Failure> {
        let instances = case.observation(&claim.key).map(|seen| seen.observation.instances.clone()).unwrap_or_default();
        let unreadable = matches!(claim.says, Predicate::MayRemove | Predicate::ExecutorMayRemove)
            && case.observation(&claim.key).is_some_and(|seen| seen.observation.state == State::Unknown);
        match (&claim.says, &claim.remedy) {
            (_, remedy) if unreadable || matches!(remedy, Remedy::Attested(_)) => {
                if case.attestation(&claim.key).is_some() {
                    return Ok(false);
                }
                printer.say(&format!("  the executor attests {}", claim.key));
                let (by, _) = app.person("executor")?.clone();
                let note = "looked at the screen in the rehearsal".to_owned();
                let shown = format!("rehearsal: what a robot saw on the screen for {}\n", claim.key);
                let file = crate::commands::people::keep_bytes(app, shown.as_bytes())
                    .map_err(|error| Failure::not_done("L306", "the robot's picture cannot be kept").because(&error))?;
                app.engine
                    .command(&case.id, Decision::Attest { claim: claim.key.clone(), file: Some(file), note, by })
                    .await?;
                Ok(true)
            }
            (Predicate::Recorded { record: Record::AuditLog }, _) => {
                let fresh = self.done.lock().is_ok_and(|mut done| done.insert(format!("{:?}", case.removed_at)));
                if fresh {
                    self.import_log(app, printer).await?;
                }
                Ok(fresh)
            }
            (Predicate::NotMember, _) => {
                let deed = json!({"as": self.executor, "does": "delete-member", "target": self.leaver});
                self.does("Users & Teams, tick the leaver, Delete", deed, printer).await
            }
            (Predicate::NoPublicLink { board, .. }, _) => {
                let deed = json!({"as": self.executor, "does": "disable-public-link", "target": board});
                self.does("Project Settings > Public Boards, disable the link", deed, printer).await
            }
            (Predicate::NotShared { kind, id, .. }, _) => {
                let target = if *kind == Kind::Board { id.clone() } else { format!("{kind}/{id}") };
                let deed = json!({"as": self.executor, "does": "unshare", "target": target, "address": self.leaver});
                self.does("Share, take the leaver out", deed, printer).await
            }
            (Predicate::NothingSends { kind: Kind::Automation, .. }, _) => {
                let mut acted = false;
                for automation in instances {
                    let deed = json!({"as": self.executor, "does": "pause-automation", "target": automation});
                    acted |= self.does("pause the automation", deed, printer).await?;
                }
                Ok(acted)
            }
            _ if claim.options.contains(&leaver_core::claim::Choice::CallersMoved) => {
                printer.say("  the executor confirms that the callers moved to the new credential");
                let (by, _) = app.person("executor")?.clone();
                let command = Decision::Decide {
                    claim: claim.key.clone(),
                    choice: leaver_core::claim::Choice::CallersMoved,
                    why: "the integration runs with the new credential".to_owned(),
                    until: None,
                    by,
                };
                app.engine.command(&case.id, command).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Exports the audit log from the page as a person does, and imports it as the command does.
    async fn import_log(&self, app: &App, printer: Printer) -> Result<(), Failure> {
        printer.say("\n  a robot plays the executor: Organization Settings > Audit Log, Export, NDJSON");
        let file = app.config.path(Path::new("audit-log.ndjson"));
        std::fs::write(&file, self.export().await?).map_err(|error| {
            Failure::not_done("L023", format!("{} cannot be written", file.display())).because(&error)
        })?;
        printer.say("  leaver audit import audit-log.ndjson --org sandbox");
        let (by, _) = app.person("executor")?.clone();
        let report = super::audit::import(app, &file, "sandbox", &by).await?;
        for line in render::audit(&report).lines() {
            printer.say(&format!("    {line}"));
        }
        Ok(())
    }

    /// The whole audit log as the page offers it.
    async fn export(&self) -> Result<Vec<u8>, Failure> {
        let failed =
            |error: &reqwest::Error| Failure::not_done("L308", "the robot cannot export the audit log").because(error);
        let mut page = url::Url::parse(&format!("{}/settings/org/audit-log/export", self.control))
            .map_err(|error| Failure::not_done("L308", "the twin has no address").because(&error))?;
        page.query_pairs_mut().append_pair("as", &self.executor).append_pair("format", "ndjson");
        let sent = self.client.get(page).send().await;
        let answer = sent.and_then(reqwest::Response::error_for_status).map_err(|error| failed(&error))?;
        Ok(answer.bytes().await.map_err(|error| failed(&error))?.to_vec())
    }

    /// Clicks once: after that leaver must see it by itself.
    async fn does(&self, says: &str, deed: serde_json::Value, printer: Printer) -> Result<bool, Failure> {
        let fresh = self.done.lock().is_ok_and(|mut done| done.insert(deed.to_string()));
        if !fresh {
            return Ok(false);
        }
        printer.say(&format!("  a robot plays the executor: {says}"));
        let sent = self.client.post(format!("{}/_sandbox/person", self.control)).json(&deed).send().await;
        let answer =
            sent.map_err(|error| Failure::not_done("L308", "the robot cannot reach the twin").because(&error))?;
        Ok(answer.status().is_success())
    }
}

async fn count_requests(sandbox: &Sandbox) -> usize {
    let address = format!("{}/_sandbox/requests", sandbox.description().control.base_url);
    let Ok(client) = reqwest::Client::builder().no_proxy().build() else { return 0 };
    let Ok(answer) = client.get(address).send().await else { return 0 };
    let Ok(log) = answer.json::<serde_json::Value>().await else { return 0 };
    log.get("requests").and_then(serde_json::Value::as_array).map_or(0, Vec::len)
}

async fn summary(
    app: &App,
    case: &Case,
    requests: usize,
    dir: &std::path::Path,
    printer: Printer,
) -> Result<(), Failure> {
    let now = app.engine.clock.now();
    let words = words(app, case).await?;
    let Some((plan, _)) = &case.plan else { return Ok(()) };
    printer.data(&format!("\nwhat was proved about {}", words.leaver));
    let mut counts = [0_usize; 4];
    for claim in &plan.claims {
        let seen = case.observation(&claim.key).map(|seen| &seen.observation);
        let how = match seen {
            Some(seen) if seen.state == State::Holds => match seen.proof {
                Some(Proof::Read) => {
                    counts[0] += 1;
                    seen.rung.map_or_else(
                        || "proved by a read".to_owned(),
                        |rung| format!("proved by a read ({})", rung.word()),
                    )
                }
                Some(Proof::Attested) => {
                    counts[1] += 1;
                    "ATTESTED by a named person".to_owned()
                }
                Some(Proof::Record) | None => {
                    counts[2] += 1;
                    "on record".to_owned()
                }
            },
            _ => {
                counts[3] += 1;
                "NOT PROVED".to_owned()
            }
        };
        printer.data(&format!("  {how:<28} {}", render::sentence(claim, &words)));
    }
    let [read, attested, record, open] = counts;
    printer.data(&format!(
        "\n{}: {}. {read} claims proved by reads, {attested} attested, {record} on record, {open} open; {requests} requests.",
        case.state.word(),
        case.state_why,
    ));
    printer.data(&format!(
        "database, raw answers and configuration: {}\nthe sandbox is gone with this command; to try the commands yourself, start 'leaver sandbox --json > sandbox.json'\nand in another terminal run 'leaver init --from-sandbox sandbox.json'",
        dir.display(),
    ));
    let _ = now;
    Ok(())
}
