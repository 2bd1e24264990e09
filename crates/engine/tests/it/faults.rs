//! Every fault at every operation: the case ends removed, or waits with a true reason, and nothing is done twice.
//!
//! One clean removal shows which operations there are and how often each is sent. Then every pair of operation and fault gets a
//! removal of its own, in a world of its own, with the fault at the first and at the last occurrence.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use futures::StreamExt as _;
use leaver_core::case::Case;
use leaver_core::claim::{Claim, Predicate, Proof, Rung, State};
use leaver_core::decide::Command;
use leaver_core::event::CaseState;
use leaver_core::source::{Kind, What};
use leaver_engine::Error;
use serde_json::Value;

use crate::stage::{Rest, Setup, Stage, person, shown};
use crate::truth::Truth;

/// Everything that the twin can do wrong.
const FAULTS: [&str; 10] =
    ["429", "500-before", "500-after", "drop-after", "200-error", "html", "empty", "missing-page", "stale", "slow"];

/// So many removals at the same time.
const AT_ONCE: usize = 8;

/// A method and a path with a `*` for every id.
type Operation = (String, String);

/// The path without its ids.
fn template(path: &str) -> String {
    let mut segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    for at in 0..segments.len() {
        let one = &segments[at];
        let number = !one.is_empty() && one.chars().all(|letter| letter.is_ascii_digit());
        let uuid = one.len() == 36 && one.chars().filter(|letter| *letter == '-').count() == 4;
        let entry = at >= 1 && segments[..at].iter().any(|before| before == "schemas");
        if number || uuid || entry {
            segments[at] = "*".to_owned();
        }
    }
    segments.join("/")
}

fn full() -> bool {
    std::env::var_os("LEAVER_TEST_FULL").is_some()
}

/// The worlds that are played: together they make the product send every operation that it knows how to send in a removal.
fn worlds() -> Vec<Setup> {
    let story = Setup { drop: vec!["Draft: pricing page test"], ..Setup::default() };
    let deactivated = Setup::variant("claimed-domain-includes-leaver,duplicate-ignores-title");
    let deleted = Setup { by_scim: true, ..Setup::variant("claimed-domain-includes-leaver") };
    vec![story, deactivated, deleted]
}

/// What a clean removal is.
struct Clean {
    setup: Setup,
    operations: BTreeMap<Operation, u64>,
    digest: Value,
}

async fn clean(setup: Setup) -> Clean {
    let stage = Stage::new(setup.clone()).await;
    let before = stage.control.state().await;
    let rest = stage.remove(setup.end()).await;
    assert!(rest.arrived, "{}", shown(&rest.case));
    let truth = Truth::look(&stage, &before).await;
    assert_eq!(truth.problems(&[(&rest.case, &stage.description().people.leaver)]), Vec::<String>::new());
    let mut operations = BTreeMap::new();
    // What a person's browser meets on the vendor's own page is no answer to us.
    for request in stage.control.requests().await.into_iter().filter(|request| request["via"] == "api") {
        let operation = (request["method"].as_str().unwrap().to_owned(), template(request["path"].as_str().unwrap()));
        *operations.entry(operation).or_default() += 1;
    }
    Clean { setup, operations, digest: truth.digest() }
}

/// How one removal with a fault ended, in the words of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// Removed, and the world is the one of the clean run.
    Removed,
    /// No plan was made while the fault lasted; the next one led to the clean end.
    Again,
    /// Removed, and the plan, made from less than there was, says what it could not see or had less to say.
    Less,
    /// A named person has something to do.
    Waits(BTreeSet<String>),
}

/// Plans, and plans again when no plan can be made or when it is blocked.
async fn planned(stage: &Stage) -> (Case, bool) {
    let mut again = false;
    for _ in 0..3 {
        match stage.open().await {
            Ok(case) => match stage.approve(&case).await {
                Ok(case) => return (case, again),
                Err(Error::Rejected(_)) => {
                    let by = person("approver");
                    let no = Command::Reject { by, why: "look again".to_owned() };
                    stage.engine.command(&case.id, no).await.unwrap();
                }
                Err(other) => panic!("{other:?}"),
            },
            Err(Error::Refused(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
        again = true;
    }
    panic!("no plan can be made although the fault is over");
}

fn end(rest: &Rest, again: bool, same: bool) -> End {
    if !rest.arrived {
        let Some((plan, _)) = &rest.case.plan else { return End::Waits(BTreeSet::new()) };
        let waits = plan
            .claims
            .iter()
            .filter(|claim| leaver_core::wanted::waits_for_person(&rest.case, plan, claim, rest.case.last_at));
        return End::Waits(
            waits.map(|claim| claim.key.as_str().split(':').next().unwrap_or_default().to_owned()).collect(),
        );
    }
    match (same, again) {
        (true, false) => End::Removed,
        (true, true) => End::Again,
        (false, _) => End::Less,
    }
}

/// One removal with one fault; the problems that it showed. How often a list is read depends a little on how fast the machine is: a fault
/// that came too late for the last reading of this removal is played again, one reading earlier.
async fn with_fault(clean: &Clean, operation: &Operation, fault: &str, nth: u64) -> Result<End, String> {
    let mut missed = Vec::new();
    for nth in (nth.saturating_sub(2).max(1)..=nth).rev() {
        match Box::pin(with_fault_at(clean, operation, fault, nth)).await {
            Ok(Some(ended)) => return Ok(ended),
            Ok(None) => missed.push(nth),
            Err(problem) => return Err(problem),
        }
    }
    Err(format!("{} {} {fault} at {missed:?}: the fault was never met", operation.0, operation.1))
}

/// As [`with_fault`]; `None` where no request met the fault.
async fn with_fault_at(clean: &Clean, operation: &Operation, fault: &str, nth: u64) -> Result<Option<End>, String> {
    let mut setup = clean.setup.clone();
    if fault == "slow" {
        // Later than anybody waits: it is done, and nobody hears of it.
        setup.timeout = Duration::from_millis(1500);
        setup.options.slow = Duration::from_millis(2500);
    }
    let stage = Stage::new(setup).await;
    let before = stage.control.state().await;
    stage.control.fault(fault, &operation.0, &operation.1, nth, 1).await;
    let (case, again) = Box::pin(planned(&stage)).await;
    let rest = stage.play(&case.id, stage.setup.end()).await;
    let hits: u64 = stage.control.faults().await.iter().map(|fault| fault["hits"].as_u64().unwrap()).sum();
    let truth = Truth::look(&stage, &before).await;
    let mut problems = truth.problems(&[(&rest.case, &stage.description().people.leaver)]);
    if hits == 0 {
        return Ok(None);
    }
    if hits != 1 {
        problems.push(format!("the fault hit {hits} times"));
    }
    let ended = end(&rest, again, truth.digest() == clean.digest);
    match &ended {
        End::Waits(claims) if claims.is_empty() => problems.push("it waits, and nobody knows for what".to_owned()),
        End::Less if changes(operation) => problems.push("the world is not that of a clean removal".to_owned()),
        _ => {}
    }
    if problems.is_empty() {
        return Ok(Some(ended));
    }
    Err(format!(
        "{} {} {fault} at {nth}: {} ({}) {ended:?}\n    {}\n{}",
        operation.0,
        operation.1,
        rest.case.state.word(),
        rest.case.state_why,
        problems.join("\n    "),
        shown(&rest.case)
    ))
}

/// Reads that decide whether the leaver still has access; their last occurrence is played in every run of the tests.
fn decides(operation: &Operation) -> bool {
    ["/api/app/me", "/organizations/*/users/", "/api/app/scim/v2/Users", "/api/app/organizations/*/service-accounts"]
        .contains(&operation.1.as_str())
        || ["/email-digests", "/alerts/custom/"].iter().any(|list| operation.1.ends_with(list))
}

fn changes(operation: &Operation) -> bool {
    operation.0 != "GET"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_at_one_operation() {
    let mut cleans = Vec::new();
    let mut known = BTreeSet::new();
    for setup in worlds() {
        let mut one = Box::pin(clean(setup)).await;
        one.operations.retain(|operation, _| known.insert(operation.clone()));
        cleans.push(one);
    }
    let only = std::env::var("LEAVER_TEST_ONLY").ok();
    let mut runs: Vec<(&Clean, Operation, &'static str, u64)> = Vec::new();
    for one in &cleans {
        for (operation, times) in &one.operations {
            for fault in FAULTS {
                let name = format!("{} {} {fault}", operation.0, operation.1);
                if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
                    continue;
                }
                // These spoil what is read; a change is none of their business.
                if changes(operation) && matches!(fault, "empty" | "missing-page" | "stale") {
                    continue;
                }
                let mut occurrences: BTreeSet<u64> = if full() { (1..=*times).collect() } else { BTreeSet::from([1]) };
                if changes(operation) || decides(operation) {
                    occurrences.insert(*times);
                }
                runs.extend(occurrences.into_iter().map(|nth| (one, operation.clone(), fault, nth)));
            }
        }
    }
    println!("{} operations, {} removals", known.len(), runs.len());
    let mut ends: BTreeMap<(Operation, &str), BTreeMap<u64, End>> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut running = futures::stream::iter(runs)
        .map(|(clean, operation, fault, nth)| async move {
            let ended = Box::pin(with_fault(clean, &operation, fault, nth)).await;
            (operation, fault, nth, ended)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((operation, fault, nth, ended)) = running.next().await {
        match ended {
            Ok(ended) => {
                ends.entry((operation, fault)).or_default().insert(nth, ended);
            }
            Err(problem) => wrong.push(problem),
        }
    }
    wrong.sort_unstable();
    assert!(wrong.is_empty(), "{} removals went wrong:\n{}", wrong.len(), wrong.join("\n"));
    if only.is_none() {
        documented(&table(&ends));
    }
}

/// Whether a claim leans on a source.
type Leans = fn(&Claim) -> bool;

/// Sources that decide about access and senders, as the twin's paths.
fn sources() -> Vec<(&'static str, Leans)> {
    let kinds: [(&str, Leans); 8] = [
        ("/api/app/me", |claim| claim.kind.gates_removed() && claim.reads.contains(&What::Me)),
        ("/organizations/*/users/", |claim| claim.says == Predicate::NotMember),
        ("/api/app/organizations/*/service-accounts", |claim| claim.says == Predicate::NoServiceAccountBy),
        ("/api/app/organizations/*/service-accounts/*", |claim| claim.says == Predicate::NoServiceAccountBy),
        ("/api/app/projects/*/dashboard-reports/email-digests", |claim| sends(claim, Kind::Subscription)),
        ("/api/app/projects/*/alerts/custom/", |claim| sends(claim, Kind::Alert)),
        ("/api/app/projects/*/webhooks/", |claim| sends(claim, Kind::Webhook)),
        ("/api/app/projects/*/agent-flows", |claim| sends(claim, Kind::Automation)),
    ];
    kinds.to_vec()
}

fn sends(claim: &Claim, of: Kind) -> bool {
    matches!(claim.says, Predicate::NothingSends { kind, .. } if kind == of)
}

/// Whether this fault leaves nothing to be seen. A read that shows the world before the last change, or all but a part of it, may
/// show enough.
fn blind(fault: &str) -> bool {
    !matches!(fault, "stale" | "missing-page")
}

/// An empty answer is the truth about a list in which nothing ever stood, and a 404 stays a 404.
fn shown_all_the_same(case: &Case, claim: &Claim, path: &str, fault: &str) -> bool {
    let nothing = || match claim.says {
        Predicate::NothingSends { project, kind } => case.seen(&What::List(project, kind)).is_empty(),
        _ => path.ends_with("/service-accounts/*"),
    };
    fault == "empty" && nothing()
}

/// From the approval on, a source answers wrongly for good: no claim that leans on it is ever said to hold.
async fn with_lasting_fault(path: &str, leans: Leans, fault: &str) -> Option<String> {
    let setup = Setup { scim: false, ..Setup::default() };
    let stage = Stage::new(setup).await;
    let before = stage.control.state().await;
    let case = stage.open().await.unwrap();
    let from = stage.clock.time();
    stage.clock.pass(60).await;
    stage.approve(&case).await.unwrap();
    stage.control.fault(fault, "GET", path, 1, 0).await;
    let rest = stage.play(&case.id, CaseState::Removed).await;
    let truth = Truth::look(&stage, &before).await;
    let mut problems = truth.problems(&[(&rest.case, &stage.description().people.leaver)]);
    let (plan, _) = rest.case.plan.as_ref().unwrap();
    for claim in plan.claims.iter().filter(|claim| leans(claim)) {
        let Some(seen) = rest.case.observation(&claim.key).map(|seen| &seen.observation) else { continue };
        // Another rung of the ladder, a person's word and our own records may still prove it.
        let by_this = seen.proof == Some(Proof::Read) && seen.rung != Some(Rung::Me) && seen.seen_at > from;
        let shown = shown_all_the_same(&rest.case, claim, path, fault);
        if seen.state == State::Holds && by_this && blind(fault) && !shown {
            problems.push(format!("{} holds by a read that cannot show it: {}", claim.key, seen.why));
        }
    }
    // Where an interface fails for a moment nobody's word is taken for it; where it refuses for good a named person's is, and the
    // case says so.
    let passing = matches!(fault, "500-before" | "200-error" | "drop-after");
    let otherwise = plan.claims.iter().filter(|claim| leans(claim)).all(|claim| {
        let seen = rest.case.observation(&claim.key).map(|seen| &seen.observation);
        let attested = seen.is_some_and(|seen| seen.proof == Some(Proof::Attested)) && !passing;
        attested
            || seen.is_some_and(|seen| seen.rung == Some(Rung::Me))
            || shown_all_the_same(&rest.case, claim, path, fault)
    });
    if rest.arrived && blind(fault) && !otherwise {
        problems.push("it is removed, although that could not be seen".to_owned());
    }
    // Whoever sees nothing but an old picture cannot know that it is better now.
    problems.retain(|problem| fault != "stale" || !problem.contains("is said to be broken, and holds"));
    let what = format!("{path} {fault}: {} ({})", rest.case.state.word(), rest.case.state_why);
    (!problems.is_empty()).then(|| format!("{what}\n    {}\n{}", problems.join("\n    "), shown(&rest.case)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_fails_for_good_never_proves_anything() {
    let only = std::env::var("LEAVER_TEST_ONLY").ok();
    let mut runs = Vec::new();
    for (path, leans) in sources() {
        for fault in FAULTS.into_iter().filter(|fault| !matches!(*fault, "slow" | "500-after" | "429")) {
            if only.as_ref().is_none_or(|only| format!("{path} {fault}").contains(only.as_str())) {
                runs.push((path, leans, fault));
            }
        }
    }
    println!("{} removals", runs.len());
    let mut wrong: Vec<String> = futures::stream::iter(runs)
        .map(|(path, leans, fault)| async move { Box::pin(with_lasting_fault(path, leans, fault)).await })
        .buffer_unordered(AT_ONCE)
        .filter_map(|problem| async move { problem })
        .collect()
        .await;
    wrong.sort_unstable();
    assert!(wrong.is_empty(), "{} removals went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The table for people.
fn table(ends: &BTreeMap<(Operation, &str), BTreeMap<u64, End>>) -> String {
    let mut text = String::from(INTRODUCTION);
    let mut notes: Vec<String> = Vec::new();
    let operations: BTreeSet<&Operation> = ends.keys().map(|(operation, _)| operation).collect();
    let _ = writeln!(text, "| operation | {} |", FAULTS.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(FAULTS.len()));
    for operation in operations {
        let _ = write!(text, "| `{} {}` |", operation.0, operation.1);
        for fault in FAULTS {
            let cell = ends.get(&(operation.clone(), fault)).map_or_else(|| "-".to_owned(), |by| cell(by, &mut notes));
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text.push('\n');
    for (at, note) in notes.iter().enumerate() {
        let _ = writeln!(text, "{}. {note}", at + 1);
    }
    text
}

fn cell(by: &BTreeMap<u64, End>, notes: &mut Vec<String>) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut ordered: Vec<&End> = Vec::new();
    if let (Some((_, first)), Some((_, last))) = (by.first_key_value(), by.last_key_value()) {
        ordered.push(first);
        ordered.push(last);
    }
    for end in ordered {
        let word = match end {
            End::Removed => "removed".to_owned(),
            End::Again => "planned again".to_owned(),
            End::Less => "less seen".to_owned(),
            End::Waits(claims) => {
                let note = claims.iter().map(|claim| format!("`{claim}`")).collect::<Vec<_>>().join(", ");
                let at = notes.iter().position(|known| *known == note).unwrap_or_else(|| {
                    notes.push(note);
                    notes.len() - 1
                });
                format!("waits ({})", at + 1)
            }
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

const INTRODUCTION: &str = "\
# What one fault does

One removal for each cell, at the first and at the last request of its kind: `crates/engine/tests/it/faults.rs` plays them all
against the twin and writes this table (`LEAVER_WRITE_DOCS=1`); the test fails when a run ends in any other way than one of those
named here, and when the operations are not those of this table. Requests go side by side, so that the project which a fault hits, and
with it the cell, may differ from run to run. After each, the twin's own truth was compared with what the case says. Where first and
last differ, both are named, in this order.

* **removed**: the case ends `removed`, and the world is that of a removal without faults. No outward change was made twice.
* **planned again**: no plan was made from such an answer, and nothing was done; the next plan led to the same end.
* **less seen**: removed; the answer was short at the only reading that nothing earlier could be compared with, so that the plan
  covers less of the leaver's content. Every path and sender was seen closed.
* **waits (n)**: a named person has something to do; the note says for which claims.

";

/// Compares the committed page, or writes it.
fn documented(page: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md");
    if std::env::var_os("LEAVER_WRITE_DOCS").is_some() {
        std::fs::write(&path, page).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let operations = |page: &str| -> BTreeSet<String> {
        page.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned())).collect()
    };
    let (told, found) = (operations(&committed), operations(page));
    assert_eq!(told, found, "docs/faults.md is stale: run this test with LEAVER_WRITE_DOCS=1");
    assert!(committed.starts_with(INTRODUCTION), "docs/faults.md is stale: run this test with LEAVER_WRITE_DOCS=1");
}
