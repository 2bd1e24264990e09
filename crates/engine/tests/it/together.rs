//! Cases side by side: two leavers in one digest, people who act while the worker works, and one read for many.

use std::sync::Arc;

use futures::future::join;
use leaver_core::claim::{Choice, State};
use leaver_core::decide::Command;
use leaver_core::event::CaseState;
use leaver_core::ids::ClaimKey;
use leaver_engine::Silent;
use serde_json::{Value, json};

use crate::stage::{Setup, Stage, person, shown};
use crate::truth::Truth;

/// The agency's other person, who is in the story too.
fn colleague(state: &Value) -> String {
    let found = state["members"].as_array().unwrap().iter().find(|member| member["name"] == "Theo Brandt").unwrap();
    found["email"].as_str().unwrap().to_owned()
}

/// The ids and recipients of all digests of all projects.
fn digests(state: &Value) -> Vec<(u64, u64, Vec<String>)> {
    let mut found = Vec::new();
    for project in state["projects"].as_array().unwrap() {
        for digest in project["content"]["digest"].as_array().into_iter().flatten() {
            let recipients = digest["fields"]["recipients"].as_array().unwrap();
            let recipients = recipients.iter().map(|one| one.as_str().unwrap().to_lowercase()).collect();
            found.push((project["id"].as_u64().unwrap(), digest["id"].as_u64().unwrap(), recipients));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_leavers_in_one_digest_both_go_and_nobody_else_does() {
    let stage = Stage::new(Setup::default()).await;
    let leaver = stage.description().people.leaver.clone();
    let other = colleague(&stage.control.state().await);
    let (project, shared, recipients) = digests(&stage.control.state().await)
        .into_iter()
        .find(|(_, _, recipients)| recipients.contains(&leaver) && recipients.len() > 1)
        .unwrap();
    let with_both: Vec<&str> = recipients.iter().map(String::as_str).chain([other.as_str()]).collect();
    stage.edit(project, &format!("dashboard-reports/email-digests/{shared}"), &json!({"recipients": with_both})).await;
    let before = stage.control.state().await;
    let mine = stage.control.requests().await.len();

    let first = stage.open_for(&leaver).await.unwrap();
    let second = stage.open_for(&other).await.unwrap();
    stage.clock.pass(60).await;
    stage.approve(&first).await.unwrap();
    stage.approve(&second).await.unwrap();
    let one = stage.play(&first.id, CaseState::Removed).await;
    let two = stage.play(&second.id, CaseState::Removed).await;
    assert!(one.arrived, "{}\n{}", one.case.state_why, shown(&one.case));
    assert!(two.arrived, "{}\n{}", two.case.state_why, shown(&two.case));
    let (one, two) = (stage.engine.case(&first.id).await.unwrap(), stage.engine.case(&second.id).await.unwrap());

    let truth = Truth::look(&stage, &before).await.since(mine);
    assert_eq!(truth.problems(&[(&one, &leaver), (&two, &other)]), Vec::<String>::new());
    let after = digests(&stage.control.state().await);
    let (_, _, left) = after.iter().find(|(_, id, _)| *id == shared).unwrap();
    let kept: Vec<&String> = recipients.iter().filter(|one| **one != leaver).collect();
    assert_eq!(left.iter().collect::<Vec<_>>(), kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_while_the_worker_acts_is_not_lost() {
    let stage = Stage::new(Setup::default()).await;
    let before = stage.control.state().await;
    let case = stage.open().await.unwrap();
    stage.clock.pass(60).await;
    stage.approve(&case).await.unwrap();
    stage.clock.pass(60).await;
    let (plan, _) = case.plan.as_ref().unwrap();
    let keys: Vec<ClaimKey> = plan
        .claims
        .iter()
        .filter(|claim| claim.options.contains(&Choice::Proceed))
        .map(|claim| claim.key.clone())
        .collect();
    let decide = async {
        for key in &keys {
            let command = Command::Decide {
                claim: key.clone(),
                choice: Choice::Proceed,
                why: "seen".to_owned(),
                until: None,
                by: person("approver"),
            };
            stage.engine.command(&case.id, command).await.unwrap();
        }
    };
    let (worked, ()) = join(Box::pin(stage.engine.work("test", &Silent)), decide).await;
    worked.unwrap();
    let now = stage.engine.case(&case.id).await.unwrap();
    for key in &keys {
        assert!(now.decision(key).is_some(), "the decision on {key} was lost");
    }
    let rest = stage.play(&case.id, CaseState::Removed).await;
    assert!(rest.arrived, "{}", shown(&rest.case));
    let truth = Truth::look(&stage, &before).await;
    assert_eq!(truth.problems(&[(&rest.case, &stage.description().people.leaver)]), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_case_stops_and_every_intent_gets_its_outcome() {
    let stage = Stage::new(Setup::default()).await;
    let before = stage.control.state().await;
    let case = stage.open().await.unwrap();
    stage.clock.pass(60).await;
    stage.approve(&case).await.unwrap();
    stage.clock.pass(60).await;
    let cancel = async {
        // As soon as something was sent.
        loop {
            let sent = stage.control.requests().await.iter().any(|request| request["acted"] == true);
            if sent {
                break;
            }
            tokio::task::yield_now().await;
        }
        let stop = Command::Cancel { by: person("requester"), why: "they stay".to_owned() };
        stage.engine.command(&case.id, stop).await.unwrap();
    };
    let (worked, ()) = join(Box::pin(stage.engine.work("test", &Silent)), cancel).await;
    worked.unwrap();
    let sent = stage.control.requests().await.iter().filter(|request| request["acted"] == true).count();
    let stopped = stage.play(&case.id, CaseState::Removed).await.case;
    assert_eq!(stopped.state, CaseState::Cancelled);
    assert!(stopped.effects().values().all(|fact| fact.outcome.is_some()), "an intent has no outcome");
    let later = stage.control.requests().await.iter().filter(|request| request["acted"] == true).count();
    assert_eq!(later, sent, "a cancelled case acted");
    let truth = Truth::look(&stage, &before).await;
    assert_eq!(truth.problems(&[(&stopped, &stage.description().people.leaver)]), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_cases_that_are_due_together_cost_one_read_of_the_member_list() {
    let mut setup = Setup::default();
    setup.options.members = 40;
    setup.policy.cap_floor = 100;
    let stage = Stage::new(setup).await;
    let people = stage.description().people.clone();
    let known = [&people.successor, &people.owner, &people.requester, &people.approver, &people.executor];
    let members: Vec<String> = stage.control.state().await["members"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|member| member["role"] == "member")
        .map(|member| member["email"].as_str().unwrap().to_owned())
        .filter(|email| !known.contains(&email))
        .take(20)
        .collect();
    assert_eq!(members.len(), 20);
    let before = stage.control.state().await;
    let mut cases = Vec::new();
    for member in &members {
        cases.push(stage.open_for(member).await.unwrap());
    }
    stage.clock.pass(60).await;
    for case in &cases {
        stage.approve(case).await.unwrap();
    }
    for case in &cases {
        let rest = stage.play(&case.id, CaseState::Removed).await;
        assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    }
    let mut all = Vec::new();
    for (case, member) in cases.iter().zip(&members) {
        all.push((stage.engine.case(&case.id).await.unwrap(), member.as_str()));
    }
    let pairs: Vec<_> = all.iter().map(|(case, member)| (case, *member)).collect();
    let truth = Truth::look(&stage, &before).await;
    assert_eq!(truth.problems(&pairs), Vec::<String>::new());

    // All of them are due for their last recheck: nothing ran in between.
    stage.clock.pass(31 * 24 * 3600).await;
    let from = stage.control.requests().await.len();
    Box::pin(stage.engine.work("test", &Silent)).await.unwrap();
    let requests = stage.control.requests().await;
    let reads =
        requests[from..].iter().filter(|request| request["path"].as_str().unwrap().ends_with("/users/")).count();
    assert_eq!(reads, 1, "the member list was read {reads} times for 20 cases");
    for (case, _) in &all {
        let case = stage.engine.case(&case.id).await.unwrap();
        let gone = case.observation(&leaver_core::plan::keys::member_gone()).unwrap();
        assert_eq!(gone.observation.state, State::Holds);
        assert!(matches!(case.state, CaseState::Removed | CaseState::Closed));
    }
    let _ = Arc::clone(&stage.clock);
}
