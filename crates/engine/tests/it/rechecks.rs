//! After the removal: what comes back is seen, and no case closes over it.

use leaver_core::case::Case;
use leaver_core::claim::State;
use leaver_core::decide::Command;
use leaver_core::event::{CaseState, Identity};
use leaver_core::ids::ClaimKey;
use leaver_core::plan::keys;
use leaver_engine::Silent;
use leaver_store::CaseFilter;
use serde_json::{Value, json};

use crate::stage::{Setup, Stage, person, shown};
use crate::truth::Truth;

const HOUR: u32 = 3600;
const DAY: u32 = 24 * HOUR;

/// A case at rest in this state, and the world before it.
async fn at_rest(until: CaseState) -> (Stage, Case, Value) {
    let stage = Stage::new(Setup::default()).await;
    let before = stage.control.state().await;
    let rest = stage.remove(until).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    (stage, rest.case, before)
}

async fn worked(stage: &Stage, case: &Case) -> Case {
    Box::pin(stage.engine.work("test", &Silent)).await.unwrap();
    stage.engine.case(&case.id).await.unwrap()
}

fn state(case: &Case, key: &ClaimKey) -> State {
    case.observation(key).unwrap().observation.state
}

async fn invite(stage: &Stage) {
    let people = &stage.description().people;
    let deed = json!({"as": people.owner, "does": "invite", "target": people.leaver, "role": "member"});
    assert!(stage.control.person(&deed).await);
}

/// Puts the leaver back into a digest that others get too; its project and id.
async fn back_in_a_digest(stage: &Stage) -> (u64, u64) {
    let leaver = stage.description().people.leaver.clone();
    let state = stage.control.state().await;
    let digests = state["projects"].as_array().unwrap().iter().flat_map(|project| {
        let digests = project["content"]["digest"].as_array().into_iter().flatten();
        digests.map(|digest| (project["id"].as_u64().unwrap(), digest.clone()))
    });
    let (project, digest) = digests.into_iter().next().expect("there is a digest");
    let id = digest["id"].as_u64().unwrap();
    let mut recipients = digest["fields"]["recipients"].as_array().unwrap().clone();
    recipients.push(json!(leaver));
    let path = format!("dashboard-reports/email-digests/{id}");
    stage.edit(project, &path, &json!({ "recipients": recipients })).await;
    (project, id)
}

async fn sends(stage: &Stage, digest: (u64, u64)) -> bool {
    let leaver = stage.description().people.leaver.clone();
    let state = stage.control.state().await;
    let project = state["projects"].as_array().unwrap().iter().find(|one| one["id"] == digest.0).unwrap();
    let digest = project["content"]["digest"].as_array().unwrap().iter().find(|one| one["id"] == digest.1).unwrap();
    digest["fields"]["recipients"].as_array().unwrap().contains(&json!(leaver))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_invitation_reopens_the_case_and_it_is_closed_again() {
    let (stage, case, _) = at_rest(CaseState::Removed).await;
    invite(&stage).await;
    stage.clock.pass(HOUR / 2 + 5).await;
    let case = worked(&stage, &case).await;
    assert_eq!(state(&case, &keys::member_gone()), State::Broken, "{}", case.state_why);
    assert!(matches!(case.state, CaseState::Reopened | CaseState::WaitingPerson), "{}", case.state.word());
    // The same person as before clicks again.
    stage.robot.forget();
    let rest = stage.play(&case.id, CaseState::Closed).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    let leaver = &stage.description().people.leaver;
    let here = stage.control.state().await["members"].as_array().unwrap().iter().any(|one| one["email"] == **leaver);
    assert!(!here);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_closing_an_address_that_is_back_in_a_digest_is_taken_out_again() {
    let (stage, case, _) = at_rest(CaseState::Removed).await;
    let digest = back_in_a_digest(&stage).await;
    stage.clock.pass(HOUR / 2 + 5).await;
    let rest = stage.play(&case.id, CaseState::Closed).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    assert!(!sends(&stage, digest).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_closing_a_return_waits_for_a_person() {
    let (stage, case, _) = at_rest(CaseState::Closed).await;
    let digest = back_in_a_digest(&stage).await;
    let acted = stage.control.requests().await.iter().filter(|request| request["acted"] == true).count();
    let case = stage.engine.verify(&case.id, &Silent).await.unwrap();
    let case = worked(&stage, &case).await;
    assert!(matches!(case.state, CaseState::Reopened | CaseState::WaitingPerson), "{}", case.state.word());
    let rest = stage.play(&case.id, CaseState::Closed).await;
    assert!(!rest.arrived, "closed over a return");
    assert_eq!(rest.case.state, CaseState::WaitingPerson);
    let now = stage.control.requests().await.iter().filter(|request| request["acted"] == true).count();
    assert_eq!(now, acted, "the machine acted on a return without a person");
    assert!(sends(&stage, digest).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_account_that_the_leaver_makes_later_waits_for_a_decision() {
    // The leaver comes back for a moment, by another owner's invitation, and makes a credential.
    let (stage, case, _) = at_rest(CaseState::Removed).await;
    invite(&stage).await;
    stage.clock.pass(HOUR / 2 + 5).await;
    let case = worked(&stage, &case).await;
    assert_eq!(state(&case, &keys::member_gone()), State::Broken);
    assert_ne!(case.state, CaseState::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stale_answers_at_a_recheck_close_nothing() {
    let (stage, case, _) = at_rest(CaseState::Removed).await;
    invite(&stage).await;
    // From now on the member list shows the world before the invitation. Every other source is up to date.
    stage.control.fault("stale", "GET", "/organizations/*/users/", 1, 0).await;
    let rest = stage.play(&case.id, CaseState::Closed).await;
    assert!(!rest.arrived, "closed although SCIM shows the person: {}", shown(&rest.case));
    assert_eq!(state(&rest.case, &keys::member_gone()), State::Broken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recheck_that_cannot_be_read_closes_nothing() {
    for fault in ["empty", "missing-page", "html", "500-before", "200-error"] {
        let (stage, case, _) = at_rest(CaseState::Removed).await;
        for path in ["/organizations/*/users/", "/api/app/scim/v2/Users", "/api/app/me"] {
            stage.control.fault(fault, "GET", path, 1, 0).await;
        }
        stage.clock.pass(31 * DAY).await;
        Box::pin(stage.engine.work("test", &Silent)).await.unwrap();
        for _ in 0..5 {
            stage.clock.pass(HOUR).await;
            Box::pin(stage.engine.work("test", &Silent)).await.unwrap();
        }
        let case = stage.engine.case(&case.id).await.unwrap();
        assert_ne!(case.state, CaseState::Closed, "{fault}: {}", case.state_why);
        assert_ne!(state(&case, &keys::member_gone()), State::Holds, "{fault}");
        stage.control.heal().await;
        let rest = stage.play(&case.id, CaseState::Closed).await;
        assert!(rest.arrived, "{fault}: {} {}\n{}", rest.case.state.word(), rest.case.state_why, shown(&rest.case));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_went_back_writes_nothing() {
    let stage = Stage::new(Setup::default()).await;
    let case = stage.open().await.unwrap();
    let case = stage.approve(&case).await.unwrap();
    let before = stage.engine.store.latest_seq().await.unwrap();
    let now = stage.clock.time();
    stage.clock.set(now.checked_sub(jiff::SignedDuration::from_mins(10)).unwrap());
    let command = Command::Cancel { by: person("requester"), why: "late".to_owned() };
    assert_eq!(stage.engine.command(&case.id, command).await.unwrap_err().code(), "L305");
    let plan = case.plan_event().unwrap().clone();
    let again = Command::Approve { plan, by: person("approver"), identity: Identity::Declared, originals: Vec::new() };
    assert!(stage.engine.command(&case.id, again).await.is_err());
    assert_eq!(stage.engine.store.latest_seq().await.unwrap(), before);
    // The worker does not act either: its lease lies in the future, or it says what is wrong.
    match Box::pin(stage.engine.work("test", &Silent)).await {
        Ok(_) => {}
        Err(error) => assert_eq!(error.code(), "L305"),
    }
    assert_eq!(stage.engine.store.latest_seq().await.unwrap(), before);
    assert_eq!(stage.control.requests().await.iter().filter(|request| request["acted"] == true).count(), 0);
    stage.clock.set(now);
    let rest = stage.play(&case.id, CaseState::Removed).await;
    assert!(rest.arrived, "{}", shown(&rest.case));
    assert_eq!(stage.engine.store.cases(&CaseFilter::default()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_story_to_the_end_of_all_rechecks() {
    let (stage, case, before) = at_rest(CaseState::Closed).await;
    let truth = Truth::look(&stage, &before).await;
    assert_eq!(truth.problems(&[(&case, &stage.description().people.leaver)]), Vec::<String>::new());
    assert!(truth.says_everything_is_done(&case, &stage.description().people.leaver));
}
