//! Imports of the audit log against the twin: what the log shows reaches the one claim, and a worker follows it up.

use leaver_core::audit::Format;
use leaver_core::claim::{Rung, State};
use leaver_core::event::{CaseState, Event, Stamped};
use leaver_core::ids::OrgName;
use leaver_core::plan::keys;
use leaver_engine::{AuditReport, Error, Silent};
use leaver_sandbox::Options;
use serde_json::json;

use crate::stage::{ORG, Setup, Stage, person, shown};

const DAY: u32 = 24 * 3600;

/// A world whose export has this seed's columns.
fn seeded(seed: u64, variant: &str) -> Setup {
    let mut setup = Setup::variant(variant);
    setup.options = Options { seed, ..setup.options };
    setup
}

async fn import(stage: &Stage, format: &str, more: &str) -> AuditReport {
    let file = stage.control.export(&stage.description().people.owner, format, more).await;
    imported(stage, file).await.unwrap()
}

async fn imported(stage: &Stage, file: Vec<u8>) -> Result<AuditReport, Error> {
    let by = person("executor");
    stage.engine.import_audit(&OrgName::from(ORG), &by, std::io::Cursor::new(file), &stage.archive()).await
}

async fn deed(stage: &Stage, does: &str) {
    let people = &stage.description().people;
    let deed = json!({"as": people.owner, "does": does, "target": people.leaver, "role": "member"});
    assert!(stage.control.person(&deed).await, "{deed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_is_confirmed_by_either_format_and_either_layout() {
    for (seed, format) in [(2, "csv"), (2, "ndjson"), (3, "csv"), (3, "ndjson")] {
        let stage = Stage::new(seeded(seed, "")).await;
        let rest = stage.remove(CaseState::Removed).await;
        assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
        let report = import(&stage, format, "").await;
        assert_eq!(report.matched, [rest.case.id.to_string()], "{seed} {format}: {report:?}");
        assert!(!report.has_exceptions(), "{seed} {format}: {report:?}");
        let [leaver] = report.people.as_slice() else { panic!("{report:?}") };
        assert!(leaver.made["logins"] > 0 && leaver.made["actions"] > 0 && leaver.made["exports"] > 0, "{leaver:?}");
        assert!(leaver.removed_at.is_some() && leaver.returns.is_empty(), "{leaver:?}");
        // The original is kept, byte for byte, under its hash, before the journal names it.
        let kept = std::fs::read(stage.archive().join(report.import.file.to_string())).unwrap();
        assert_eq!(leaver_core::ids::Digest::of(&kept), report.import.file);
        let loaded = stage.engine.store.load(&rest.case.id).await.unwrap().unwrap();
        let last: Stamped = serde_json::from_slice(&loaded.events.last().unwrap().bytes).unwrap();
        let Event::Imported { import, .. } = last.event else { panic!("{last:?}") };
        assert_eq!(import, report.import);
        assert_eq!(
            (import.by, import.format),
            (person("executor"), if format == "csv" { Format::Csv } else { Format::Ndjson })
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_that_only_the_log_shows_reopens_a_closed_case() {
    let stage = Stage::new(seeded(2, "")).await;
    let rest = stage.remove(CaseState::Closed).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    stage.clock.pass(DAY).await;
    deed(&stage, "invite").await;
    stage.clock.pass(60).await;
    deed(&stage, "log-in").await;
    let report = import(&stage, "ndjson", "").await;
    assert_eq!(report.broken, [rest.case.id.to_string()], "{report:?}");
    let returns: Vec<&str> = report.people[0].returns.iter().map(|one| one.event.as_str()).collect();
    assert_eq!(returns, ["invitation.accepted", "organization.user_added", "session.logged_in"]);
    let case = stage.engine.case(&rest.case.id).await.unwrap();
    let seen = &case.observation(&keys::member_gone()).unwrap().observation;
    assert_eq!((seen.state, seen.rung), (State::Broken, Some(Rung::Audit)));
    Box::pin(stage.engine.work("test", &Silent)).await.unwrap();
    let case = stage.engine.case(&case.id).await.unwrap();
    assert!(matches!(case.state, CaseState::Reopened | CaseState::WaitingPerson), "{}", case.state.word());
    // The worker reads the list again, and says the same by itself.
    stage.clock.pass(60).await;
    Box::pin(stage.engine.work("test", &Silent)).await.unwrap();
    let case = stage.engine.case(&case.id).await.unwrap();
    let seen = &case.observation(&keys::member_gone()).unwrap().observation;
    assert_eq!((seen.state, seen.rung), (State::Broken, Some(Rung::Roster)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_that_was_over_before_anybody_looked_is_told() {
    let stage = Stage::new(seeded(2, "")).await;
    let rest = stage.remove(CaseState::Closed).await;
    assert!(rest.arrived, "{}", rest.case.state_why);
    stage.clock.pass(DAY).await;
    deed(&stage, "invite").await;
    deed(&stage, "delete-member").await;
    stage.clock.pass(60).await;
    deed(&stage, "log-in").await;
    let report = import(&stage, "csv", "").await;
    assert_eq!(report.broken, [] as [String; 0], "nobody is inside: the log itself says so");
    assert!(report.people[0].removed_at.unwrap() > rest.case.removed_at.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_file_twice_is_one_import() {
    let stage = Stage::new(seeded(2, "")).await;
    let rest = stage.remove(CaseState::Removed).await;
    let file = stage.control.export(&stage.description().people.owner, "csv", "").await;
    assert!(!imported(&stage, file.clone()).await.unwrap().known);
    let before = stage.engine.case(&rest.case.id).await.unwrap().version;
    assert!(imported(&stage, file).await.unwrap().known);
    assert_eq!(stage.engine.case(&rest.case.id).await.unwrap().version, before);
    assert_eq!(stage.engine.audit_imports(&OrgName::from(ORG)).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removals_without_a_case_gaps_and_filtered_files_are_told() {
    let stage = Stage::new(seeded(2, "")).await;
    let people = stage.description().people.clone();
    let rest = stage.remove(CaseState::Removed).await;
    let cut = stage.clock.time();
    stage.clock.pass(DAY).await;
    let deed = json!({"as": people.owner, "does": "delete-member", "target": people.lookalike});
    assert!(stage.control.person(&deed).await);
    let deed = json!({"as": people.owner, "does": "log-in", "target": people.executor});
    assert!(stage.control.person(&deed).await);
    let early = rest.case.request.at.checked_sub(jiff::SignedDuration::from_hours(2)).unwrap();
    let first = import(&stage, "csv", &format!("&until={early}")).await;
    assert_eq!(first.cases_not_covered, [rest.case.id.to_string()]);
    let second = import(&stage, "csv", &format!("&from={cut}")).await;
    assert_eq!(second.gaps.len(), 1, "{second:?}");
    let [stray] = second.removals_without_case.as_slice() else { panic!("{second:?}") };
    assert_eq!((stray.whom.as_str(), stray.by.as_str()), (people.lookalike.as_str(), people.owner.as_str()));
    let theirs = import(&stage, "csv", &format!("&user={}", people.leaver)).await;
    assert!(theirs.import.one_actor && theirs.gaps.len() == 1, "{theirs:?}");
    let whole = import(&stage, "csv", "").await;
    assert_eq!((whole.gaps.len(), whole.cases_not_covered.len(), whole.matched.len()), (0, 0, 1), "{whole:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_stands_below_every_list_that_can_be_read() {
    let stage = Stage::new(Setup { scim: false, ..seeded(2, "roster-403") }).await;
    let rest = stage.remove(CaseState::Removed).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    let report = import(&stage, "csv", "").await;
    assert_eq!(report.matched.len(), 1, "{report:?}");
    let case = stage.engine.verify(&rest.case.id, &Silent).await.unwrap();
    let seen = &case.observation(&keys::member_gone()).unwrap().observation;
    assert_eq!((seen.state, seen.rung), (State::Holds, Some(Rung::Me)), "{}", seen.why);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_file_leaves_nothing_behind() {
    let stage = Stage::new(seeded(2, "")).await;
    let case = stage.open().await.unwrap();
    let code =
        imported(&stage, b"time,action,user\n1780000000,a.b,J\xf6rg\n".to_vec()).await.unwrap_err().code().to_owned();
    assert_eq!(code, "L603");
    assert_eq!(std::fs::read_dir(stage.archive()).unwrap().count(), 0);
    assert_eq!(stage.engine.case(&case.id).await.unwrap().version, case.version);
    assert_eq!(stage.engine.audit_imports(&OrgName::from(ORG)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaver_imports_no_log() {
    let stage = Stage::new(seeded(2, "")).await;
    let case = stage.open().await.unwrap();
    let file = std::io::Cursor::new(b"time,action\n1780000000,a.b\n".to_vec());
    let refused =
        stage.engine.import_audit(&OrgName::from(ORG), &case.request.leaver, file, &stage.archive()).await.unwrap_err();
    assert_eq!(refused.code(), "L203");
}
