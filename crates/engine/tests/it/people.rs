//! What people decide: emergencies and their second person, the cap and its release, revoking and reducing instead of deleting.

use jiff::SignedDuration;
use leaver_core::case::Case;
use leaver_core::claim::{Choice, Predicate, Proof, State};
use leaver_core::decide::Command;
use leaver_core::event::{CaseState, Identity};
use leaver_core::ids::{ClaimKey, Digest, ProjectId};
use leaver_core::method::{Method, Urgency};
use leaver_core::plan::keys;
use leaver_core::reading::OrgRole;
use leaver_engine::{Silent, document};
use serde_json::Value;

use crate::stage::{Setup, Stage, person, shown};

fn acted(requests: &[Value], op: &str) -> usize {
    requests.iter().filter(|one| one["acted"] == true && one["via"] == "api" && one["effect"]["op"] == op).count()
}

async fn authorised(stage: &Stage, case: &Case) -> Case {
    let plan = case.plan_event().unwrap().clone();
    let command = Command::Authorise { plan, by: person("requester"), identity: Identity::Declared };
    stage.engine.command(&case.id, command).await.unwrap()
}

fn state(case: &Case, key: &ClaimKey) -> State {
    case.observation(key).unwrap().observation.state
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emergency_runs_on_one_word_and_closes_on_two() {
    let stage = Stage::new(Setup { urgency: Urgency::Emergency, ..Setup::default() }).await;
    let case = stage.open().await.unwrap();
    authorised(&stage, &case).await;
    let rest = stage.play(&case.id, CaseState::Removed).await;
    // Nobody waits for copies; what only a second word allows stays undone, and the case says who is awaited.
    assert_eq!(state(&rest.case, &keys::member_gone()), State::Holds, "{}", shown(&rest.case));
    assert_eq!(acted(&stage.control.requests().await, "duplicate"), 0, "a copy was made on one word alone");
    let seen = document(&rest.case, rest.case.last_at);
    let approval = seen.claims.iter().find(|claim| claim.key == keys::approval().as_str()).unwrap();
    assert_eq!((approval.state, approval.waits_for), ("broken", Some("person")), "{}", approval.why);
    assert!(seen.ratify_by.is_some());

    // A day later nobody has ratified it: a person is awaited, and nothing is closed.
    stage.clock.pass(25 * 3600).await;
    Box::pin(stage.engine.work("test", &Silent)).await.unwrap();
    let late = stage.engine.case(&case.id).await.unwrap();
    assert_eq!(late.state, CaseState::WaitingPerson, "{}", late.state_why);
    assert!(late.ratify_by().unwrap() < stage.clock.time());

    let alone = Command::Ratify { by: person("requester"), identity: Identity::Declared };
    assert_eq!(stage.engine.command(&case.id, alone).await.unwrap_err().code(), "L203");
    let second = Command::Ratify { by: person("approver"), identity: Identity::Declared };
    let ratified = stage.engine.command(&case.id, second).await.unwrap();
    assert!(ratified.ratify_by().is_none());
    // Its callers lost the old account at once; somebody says that nothing takes its place.
    let (plan, _) = ratified.plan.as_ref().unwrap();
    for claim in plan.claims.iter().filter(|claim| matches!(claim.says, Predicate::Replaced { .. })) {
        let without = Command::Decide {
            claim: claim.key.clone(),
            choice: Choice::Delete,
            why: "nobody needs it".to_owned(),
            until: None,
            by: person("approver"),
        };
        stage.engine.command(&case.id, without).await.unwrap();
    }
    let rest = stage.play(&case.id, CaseState::Closed).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emergency_that_nobody_ratifies_is_held() {
    let stage = Stage::new(Setup { urgency: Urgency::Emergency, ..Setup::default() }).await;
    let case = stage.open().await.unwrap();
    authorised(&stage, &case).await;
    let own = Command::Reject { by: person("requester"), why: "no".to_owned() };
    assert_eq!(stage.engine.command(&case.id, own).await.unwrap_err().code(), "L203");
    let refused = Command::Reject { by: person("approver"), why: "the wrong person".to_owned() };
    let refused = stage.engine.command(&case.id, refused).await.unwrap();
    assert_eq!(refused.state, CaseState::Held);
    let before = stage.control.requests().await.iter().filter(|one| one["acted"] == true).count();
    Box::pin(stage.engine.work("test", &Silent)).await.unwrap();
    let after = stage.control.requests().await.iter().filter(|one| one["acted"] == true).count();
    assert_eq!(after, before, "a case whose authorisation was refused went on");
}

/// Plain members, none of whom anybody in the story is.
async fn members(stage: &Stage, count: usize) -> Vec<String> {
    let people = stage.description().people.clone();
    let known = [
        &people.leaver,
        &people.successor,
        &people.owner,
        &people.requester,
        &people.approver,
        &people.executor,
        &people.lookalike,
    ];
    let state = stage.control.state().await;
    let plain = state["members"].as_array().unwrap().iter().filter(|member| member["role"] == "member");
    let plain: Vec<String> = plain
        .map(|member| member["email"].as_str().unwrap().to_owned())
        .filter(|email| !known.contains(&email))
        .take(count)
        .collect();
    assert_eq!(plain.len(), count);
    plain
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_cap_the_whole_organization_waits_for_a_second_person() {
    for urgency in [Urgency::Standard, Urgency::Emergency] {
        let mut setup = Setup { urgency, ..Setup::default() };
        setup.options.members = 30;
        let stage = Stage::new(setup).await;
        let mut cases = Vec::new();
        for member in members(&stage, 4).await {
            cases.push(stage.open_for(&member).await.unwrap());
        }
        stage.clock.pass(60).await;
        for case in &cases {
            match urgency {
                Urgency::Emergency => authorised(&stage, case).await,
                _ => stage.approve(case).await.unwrap(),
            };
        }
        // Three in 24 hours are within max(3, 5 %); the fourth holds everything.
        let last = stage.engine.case(&cases[3].id).await.unwrap();
        assert_eq!(last.state, CaseState::Held, "{}", last.state_why);
        Box::pin(stage.engine.work("test", &Silent)).await.unwrap();
        for case in &cases {
            let held = stage.engine.case(&case.id).await.unwrap();
            assert_eq!(held.state, CaseState::Held, "{urgency:?}: {}", held.state_why);
        }
        assert_eq!(stage.control.requests().await.iter().filter(|one| one["acted"] == true).count(), 0);

        let org = cases[0].request.org.clone();
        let own = stage.engine.release_organization(&org, &person("requester"), "mine").await.unwrap_err();
        assert_eq!(own.code(), "L203");
        assert_eq!(stage.engine.case(&cases[0].id).await.unwrap().state, CaseState::Held);
        stage.engine.release_organization(&org, &person("owner"), "the agency leaves").await.unwrap();
        let none = stage.engine.release_organization(&org, &person("owner"), "again").await.unwrap_err();
        assert_eq!(none.code(), "L212");
        for case in &cases {
            let rest = stage.play(&case.id, CaseState::Removed).await;
            let gone = state(&rest.case, &keys::member_gone());
            assert_eq!(gone, State::Holds, "{urgency:?}: {}\n{}", rest.case.state_why, shown(&rest.case));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_is_released_before_its_date_waits_for_its_date() {
    let mut setup = Setup { urgency: Urgency::Planned, ..Setup::default() };
    setup.options.members = 30;
    let stage = Stage::new(setup).await;
    let mut wish = stage.wish(&members(&stage, 1).await[0]);
    let start = stage.clock.time().checked_add(SignedDuration::from_hours(72)).unwrap();
    wish.request.not_before = Some(start);
    let drafted = Box::pin(stage.engine.draft(wish, &Silent)).await.unwrap();
    let case = stage.engine.open(drafted).await.unwrap();
    assert_eq!(stage.approve(&case).await.unwrap().state, CaseState::Scheduled);
    stage.clock.pass(71 * 3600).await;
    Box::pin(stage.engine.work("test", &Silent)).await.unwrap();
    assert_eq!(stage.engine.case(&case.id).await.unwrap().state, CaseState::Scheduled);
    let rest = stage.play(&case.id, CaseState::Removed).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    assert!(rest.case.run_since.unwrap() >= start);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoking_takes_every_grant_and_keeps_the_record() {
    let stage = Stage::new(Setup { method: Method::Revoke, ..Setup::variant("roster-list") }).await;
    let rest = stage.remove(CaseState::Removed).await;
    // A grant to all users cannot be taken from one person: the plan said so, and the claim stays broken.
    let (plan, _) = rest.case.plan.as_ref().unwrap();
    assert!(plan.findings.iter().any(|finding| finding.runbook == "REMOVE-4"));
    assert_eq!(state(&rest.case, &keys::role_lowest()), State::Holds, "{}", shown(&rest.case));
    let grants = &rest.case.observation(&keys::grants_gone()).unwrap().observation;
    assert_eq!(grants.state, State::Broken, "{}", grants.why);
    assert!(grants.instances.iter().all(|grant| grant.starts_with("all-users")), "{:?}", grants.instances);
    let teams = &rest.case.observation(&keys::teams_gone()).unwrap().observation;
    assert_eq!((teams.state, teams.proof), (State::Holds, Some(Proof::Read)), "{}", teams.why);
    assert_eq!(rest.case.state, CaseState::WaitingPerson);
    let accept = Command::Decide {
        claim: keys::grants_gone(),
        choice: Choice::AcceptRisk,
        why: "the project's default is changed next week".to_owned(),
        until: Some(stage.clock.time().checked_add(SignedDuration::from_hours(24 * 90)).unwrap()),
        by: person("approver"),
    };
    stage.engine.command(&rest.case.id, accept).await.unwrap();
    let rest = stage.play(&rest.case.id, CaseState::Removed).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    assert!(rest.case.state_why.contains("1 accepted by name"), "{}", rest.case.state_why);
    let leaver = stage.description().people.leaver.clone();
    let state = stage.control.state().await;
    let member = state["members"].as_array().unwrap().iter().find(|one| one["email"] == *leaver).unwrap();
    assert_eq!(member["role"], "member");
    assert_eq!(member["teams"], serde_json::json!([]));
}

/// Deleting somebody takes them out of every team: nobody is asked to do that by hand, and the teams are read again all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn teams_go_with_the_account_and_are_read_back() {
    for refused in [false, true] {
        let stage = Stage::new(Setup { scim: false, ..Setup::variant("roster-list") }).await;
        if refused {
            stage.control.fault("html", "GET", "/organizations/*/teams", 1, 0).await;
        }
        let rest = stage.remove(CaseState::Removed).await;
        assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
        let teams = &rest.case.observation(&keys::teams_gone()).unwrap().observation;
        let by = rest.case.attestation(&keys::teams_gone());
        assert_eq!((teams.state, teams.proof, by), (State::Holds, Some(Proof::Read), None), "{}", teams.why);
        let (plan, _) = rest.case.plan.as_ref().unwrap();
        assert_eq!(plan.subject.teams.is_none(), refused, "unknown, and not none");
        let asked = stage
            .control
            .requests()
            .await
            .iter()
            .filter(|one| one["path"].as_str().unwrap().ends_with("/teams"))
            .count();
        assert!(asked > 1, "the teams were read {asked} times");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reducing_takes_the_named_project_and_leaves_the_rest_alone() {
    let stage = Stage::new(Setup { method: Method::Reduce, ..Setup::variant("roster-list") }).await;
    let before = stage.control.state().await;
    let leaver = stage.description().people.leaver.clone();
    let member = before["members"].as_array().unwrap().iter().find(|one| one["email"] == *leaver).unwrap().clone();
    let projects: Vec<u64> = member["grants"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|grant| grant["kind"] == "individual")
        .map(|grant| grant["project"].as_u64().unwrap())
        .collect();
    let mut wish = stage.wish(&leaver);
    wish.request.projects = vec![ProjectId(projects[0])];
    let drafted = Box::pin(stage.engine.draft(wish, &Silent)).await.unwrap();
    let case = stage.engine.open(drafted).await.unwrap();
    let (plan, _) = case.plan.as_ref().unwrap();
    let elsewhere = plan.claims.iter().flat_map(|claim| &claim.reads).filter_map(leaver_core::source::What::project);
    assert!(elsewhere.clone().all(|project| project.0 == projects[0]), "the plan touches projects that stay");
    stage.clock.pass(60).await;
    stage.approve(&case).await.unwrap();
    let rest = stage.play(&case.id, CaseState::Removed).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    let after = stage.control.state().await;
    let now = after["members"].as_array().unwrap().iter().find(|one| one["email"] == *leaver).unwrap();
    let left = |member: &Value| -> Vec<Value> {
        member["grants"].as_array().unwrap().iter().filter(|grant| grant["project"] != projects[0]).cloned().collect()
    };
    assert_eq!(left(&member), left(now), "grants that should stay");
    assert_eq!(member["role"], now["role"]);
    // Deleting the whole person is more than was approved: the case is held.
    assert!(
        stage
            .control
            .person(
                &serde_json::json!({"as": stage.description().people.owner, "does": "delete-member", "target": leaver})
            )
            .await
    );
    stage.clock.pass(31 * 60).await;
    let seen = stage.engine.verify(&case.id, &Silent).await.unwrap();
    assert_eq!(state(&seen, &keys::grants_kept()), State::Broken);
}

async fn leaver_of(stage: &Stage) -> Value {
    let leaver = stage.description().people.leaver.clone();
    let state = stage.control.state().await;
    state["members"].as_array().unwrap().iter().find(|one| one["email"] == *leaver).unwrap().clone()
}

/// Plans a reduction, approves it and plays it until it is removed.
async fn reduced(stage: &Stage, change: impl FnOnce(&mut leaver_core::plan::Request)) -> Case {
    let mut wish = stage.wish(&stage.description().people.leaver.clone());
    change(&mut wish.request);
    let drafted = Box::pin(stage.engine.draft(wish, &Silent)).await.unwrap();
    let case = stage.engine.open(drafted).await.unwrap();
    stage.clock.pass(60).await;
    stage.approve(&case).await.unwrap();
    let rest = stage.play(&case.id, CaseState::Removed).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    rest.case
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reducing_by_team_takes_the_team_and_leaves_role_and_grants() {
    let stage = Stage::new(Setup { method: Method::Reduce, ..Setup::variant("roster-list") }).await;
    let before = leaver_of(&stage).await;
    let case = reduced(&stage, |request| request.teams = vec!["agency".to_owned()]).await;
    let (plan, _) = case.plan.as_ref().unwrap();
    let team = before["teams"][0].to_string();
    assert_eq!(plan.claim(&keys::teams_gone()).unwrap().says, Predicate::NotInTeams { teams: vec![team] });
    let gone = &case.observation(&keys::teams_gone()).unwrap().observation;
    assert_eq!((gone.state, gone.proof), (State::Holds, Some(Proof::Read)), "{}", gone.why);
    let after = leaver_of(&stage).await;
    assert_eq!((&after["teams"], &after["role"]), (&serde_json::json!([]), &before["role"]));
    let others = |member: &Value| -> Vec<Value> {
        member["grants"].as_array().unwrap().iter().filter(|grant| grant["kind"] != "team").cloned().collect()
    };
    assert_eq!(others(&before), others(&after), "grants that should stay");
    assert_eq!(state(&case, &keys::grants_kept()), State::Holds);
    assert_eq!(acted(&stage.control.requests().await, "delete"), 0, "nothing that the leaver made was touched");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reducing_by_role_lowers_it_and_leaves_teams_and_grants() {
    let stage = Stage::new(Setup { method: Method::Reduce, ..Setup::variant("roster-list") }).await;
    let people = stage.description().people.clone();
    let raised =
        serde_json::json!({"as": people.owner, "does": "set-role", "target": people.leaver, "role": "billing_admin"});
    assert!(stage.control.person(&raised).await);
    let before = leaver_of(&stage).await;
    let case = reduced(&stage, |request| request.role = Some(OrgRole::Member)).await;
    let after = leaver_of(&stage).await;
    assert_eq!((&before["role"], &after["role"]), (&"billing_admin".into(), &"member".into()));
    assert_eq!((&before["teams"], &before["grants"]), (&after["teams"], &after["grants"]));
    for key in [keys::role_lowered(), keys::role_stays(), keys::teams_kept(), keys::grants_kept()] {
        assert_eq!(state(&case, &key), State::Holds, "{key}");
    }
    // Somebody takes the team away too: that was not approved.
    let team = serde_json::json!({"as": people.owner, "does": "leave-team", "target": people.leaver, "team": before["teams"][0]});
    assert!(stage.control.person(&team).await);
    stage.clock.pass(31 * 60).await;
    let seen = stage.engine.verify(&case.id, &Silent).await.unwrap();
    assert_eq!(state(&seen, &keys::teams_kept()), State::Broken);
}

fn sent_deletes(requests: &[Value]) -> Vec<&Value> {
    requests
        .iter()
        .filter(|one| one["method"] == "DELETE" && one["path"].as_str().unwrap().contains("/scim/"))
        .collect()
}

/// By default a person deletes, also what was deactivated first; SCIM deletes on a decision of its own, after every copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scim_deletes_only_on_a_decision_after_every_copy() {
    for by_scim in [false, true] {
        let setup = Setup { by_scim, ..Setup::variant("roster-list,claimed-domain-includes-leaver") };
        let stage = Stage::new(setup).await;
        let case = stage.open().await.unwrap();
        stage.clock.pass(60).await;
        stage.approve(&case).await.unwrap();
        let early = Command::Decide {
            claim: keys::scim_gone(),
            choice: Choice::DeleteByScim,
            why: "now".to_owned(),
            until: None,
            by: person("approver"),
        };
        assert_eq!(stage.engine.command(&case.id, early).await.unwrap_err().code(), "L216");
        let rest = stage.play(&case.id, CaseState::Closed).await;
        assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
        let requests = stage.control.requests().await;
        let deletes = sent_deletes(&requests);
        assert_eq!(deletes.len(), usize::from(by_scim), "{deletes:?}");
        for key in [keys::member_gone(), keys::scim_gone(), keys::scim(), keys::teams_gone()] {
            let seen = &rest.case.observation(&key).unwrap().observation;
            assert_eq!((seen.state, seen.proof), (State::Holds, Some(Proof::Read)), "{key}: {}", seen.why);
        }
        assert!(leaver_of_any(&stage).await.is_none(), "the record itself is gone");
        let Some(delete) = deletes.first() else { continue };
        let at = |one: &Value| one["seq"].as_u64().unwrap();
        let before =
            |what: &dyn Fn(&Value) -> bool| requests.iter().filter(|one| what(one)).all(|one| at(one) < at(delete));
        assert!(before(&|one| one["acted"] == true && one["effect"]["op"] == "duplicate"), "every copy came first");
        assert!(before(&|one| one["acted"] == true && one["effect"]["op"] == "deactivate"), "deactivated first");
        for path in ["/users/", "/scim/v2/Users"] {
            let read = |one: &Value| one["method"] == "GET" && one["path"].as_str().unwrap().ends_with(path);
            assert!(requests.iter().any(|one| read(one) && at(one) > at(delete)), "{path} was read afterwards");
        }
        let (plan, _) = rest.case.plan.as_ref().unwrap();
        for claim in plan.claims.iter().filter(|claim| matches!(claim.says, Predicate::Copied { .. })) {
            assert_eq!(state(&rest.case, &claim.key), State::Holds, "the copies stay: {}", claim.key);
        }
    }
}

async fn leaver_of_any(stage: &Stage) -> Option<Value> {
    let leaver = stage.description().people.leaver.clone();
    let state = stage.control.state().await;
    state["members"].as_array().unwrap().iter().find(|one| one["email"] == *leaver).cloned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_about_a_path_needs_a_file_and_never_replaces_a_read() {
    let stage = Stage::new(Setup::default()).await;
    let case = stage.open().await.unwrap();
    stage.clock.pass(60).await;
    stage.approve(&case).await.unwrap();
    Box::pin(stage.engine.work("test", &Silent)).await.unwrap();
    let word = |claim: &str, file: Option<Digest>| Command::Attest {
        claim: ClaimKey::from(claim),
        file,
        note: "looked".to_owned(),
        by: person("executor"),
    };
    let file = Digest::of(b"a picture");
    let without = stage.engine.command(&case.id, word("invitations.gone", None)).await.unwrap_err();
    assert_eq!(without.code(), "L214");
    let readable = stage.engine.command(&case.id, word("member.gone", Some(file.clone()))).await.unwrap_err();
    assert_eq!(readable.code(), "L206");
    stage.engine.command(&case.id, word("invitations.gone", Some(file.clone()))).await.unwrap();
    // The list fails for a moment: that is no gap for a word.
    for path in ["/organizations/*/users/", "/api/app/scim/v2/Users", "/api/app/me"] {
        stage.control.fault("500-before", "GET", path, 1, 0).await;
    }
    stage.clock.pass(20 * 60).await;
    let seen = stage.engine.verify(&case.id, &Silent).await.unwrap();
    assert_eq!(state(&seen, &keys::member_gone()), State::Unknown);
    let passing = stage.engine.command(&case.id, word("member.gone", Some(file.clone()))).await.unwrap_err();
    assert_eq!(passing.code(), "L215");
    stage.control.heal().await;
    let now = stage.engine.verify(&case.id, &Silent).await.unwrap();
    let attested = &now.observation(&ClaimKey::from("invitations.gone")).unwrap().observation;
    assert_eq!(attested.state, State::Holds);
    assert!(attested.captures.contains(&file), "the file is part of the evidence");
}
