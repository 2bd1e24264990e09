//! Google Workspace: everything is guided, and for whom the application is on is shown by no interface.

use super::*;

const GOOGLE: Of = Of {
    provider: Provider::Google,
    kinds: &["unit", "group", "nested", "dynamic"],
    always: &["sso.no-way-in", "sso.anyone"],
    two: &["unit", "group"],
    expected,
    tries,
    // Everything is guided: no call takes anybody out of anything.
    leave_group: |group| format!("/google/admin/directory/v1/groups/{group}/members"),
    unassign: "",
};

/// There is no provisioning: the account comes back only when the person signs in. An edited profile may bring it back into a dynamic
/// group, through which it then could.
fn tries(leaver: &str) -> Vec<Value> {
    vec![
        json!({"does": "edit-profile", "account": leaver, "department": "Contractors"}),
        json!({"does": "log-in", "account": leaver}),
    ]
}

/// The group of this local part, by Google's id.
fn group(state: &Value, local: &str) -> String {
    let groups = state["google"]["groups"].as_array().unwrap();
    let begins = format!("{local}@");
    let mut found = groups.iter().filter(|group| group["email"].as_str().unwrap().starts_with(&begins));
    let id = found.next().unwrap()["id"].as_str().unwrap().to_owned();
    assert!(found.next().is_none(), "two groups {local}");
    id
}

fn expected(state: &Value, kinds: &[&str]) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = GOOGLE.always.iter().map(|key| (*key).to_owned()).collect();
    for kind in kinds {
        match *kind {
            // No interface shows it: the claim that is there anyway.
            "unit" => {}
            "group" => drop(keys.insert(format!("sso.group:{}", group(state, "analytics")))),
            "nested" => drop(keys.insert(format!("sso.group:{}", group(state, "partners")))),
            "dynamic" => drop(keys.insert(format!("sso.group:{}", group(state, "contractors")))),
            other => panic!("no way {other}"),
        }
    }
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_set_of_ways_is_found_and_closed_and_nobody_comes_back() {
    super::every_set_of_ways_is_found_and_closed_and_nobody_comes_back(GOOGLE).await;
}

/// As `left_open`, for a kind whose only claim is a person's word: it is refused, and the account is let in again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_nobody_attests_keeps_the_case_open() {
    let stage = Box::pin(GOOGLE.with_ways(&["unit"])).await;
    let leaver = stage.description().people.leaver.clone();
    stage.robot.refuse("sso.anyone");
    let rest = Box::pin(stage.remove(CaseState::Removed)).await;
    assert!(!rest.arrived, "{}", shown(&rest.case));
    let any = &rest.case.observation(&keys::way(&Way::Any)).unwrap().observation;
    assert_ne!(any.state, State::Holds, "{}", any.why);
    Box::pin(GOOGLE.try_to_come_back(&stage)).await;
    assert!(is_inside(&stage.control.state().await, &leaver), "the twin lets the account in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_is_left_open_keeps_the_case_open() {
    for kind in ["group", "nested", "dynamic"] {
        let wrong = Box::pin(GOOGLE.left_open(kind)).await;
        assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
    }
}

/// The person says that the unit is off, and it is not: a login that succeeds afterwards breaks the claim, whatever was said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_after_a_wrong_word_breaks_the_case() {
    let stage = Box::pin(GOOGLE.with_ways(&["unit"])).await;
    let leaver = stage.description().people.leaver.clone();
    let rest = Box::pin(stage.remove(CaseState::Removed)).await;
    assert!(rest.arrived, "{}", shown(&rest.case));
    let on = json!({"does": "set-unit", "account": leaver, "on": true});
    stage.control.provider(Provider::Google, &on).await;
    stage.control.provider(Provider::Google, &json!({"does": "log-in", "account": leaver})).await;
    stage.clock.pass(60).await;
    let seen = Box::pin(stage.engine.verify(&rest.case.id, &Silent)).await.unwrap();
    for key in [keys::login_fails(), keys::member_gone()] {
        let observation = &seen.observation(&key).unwrap().observation;
        assert_eq!(observation.state, State::Broken, "{key}: {}", observation.why);
    }
}

/// The person's own refused attempt shows that the unit is off, without anybody's word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_in_the_log_stands_for_the_word() {
    let stage = Box::pin(GOOGLE.with_ways(&[])).await;
    let leaver = stage.description().people.leaver.clone();
    stage.robot.refuse("sso.anyone");
    let case = stage.open().await.unwrap();
    stage.approve(&case).await.unwrap();
    stage.clock.pass(60).await;
    stage.control.provider(Provider::Google, &json!({"does": "log-in", "account": leaver})).await;
    let rest = Box::pin(stage.play(&case.id, CaseState::Removed)).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
}

/// Nobody sees which application it was: such a refusal proves nothing about this one (variant `workspace-failures-unnamed`).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_that_names_no_application_is_no_proof() {
    let mut setup = setup(Provider::Google);
    setup.options.variant =
        leaver_sandbox::Variants::parse("claimed-domain-includes-leaver,workspace-failures-unnamed").unwrap();
    let stage = Stage::new(setup).await;
    let leaver = stage.description().people.leaver.clone();
    for provider in [Provider::Okta, Provider::Entra, Provider::Google] {
        stage.control.provider(provider, &json!({"does": "ways", "account": leaver, "kinds": []})).await;
    }
    stage.robot.refuse("sso.anyone");
    let case = stage.open().await.unwrap();
    stage.approve(&case).await.unwrap();
    stage.clock.pass(60).await;
    stage.control.provider(Provider::Google, &json!({"does": "log-in", "account": leaver})).await;
    let rest = Box::pin(stage.play(&case.id, CaseState::Removed)).await;
    assert!(!rest.arrived, "the refusal may have been at any application: {}", shown(&rest.case));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_but_the_declared_calls_is_sent_and_nothing_is_changed() {
    let root = |one: &Capability| match one.name {
        "google.group.lookup" | "google.group.filled" => "/google/identity",
        _ => "/google",
    };
    let declared = below(&leaver_connectors::google::capabilities(), root);
    let changes = changes_sent(GOOGLE, declared, "/google/", "/google/token").await;
    assert!(changes.is_empty(), "{changes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_shows_nothing_is_never_no_ways() {
    // Whatever of these the connector asks; a path that it never asks makes a run in which nothing fails, and the test says so.
    let things = [
        "/google/admin/directory/v1/users/*",
        "/google/admin/directory/v1/groups/*",
        "/google/admin/directory/v1/groups/*/hasMember/*",
        "/google/identity/v1/groups:lookup",
        "/google/identity/v1/groups/*",
    ];
    let mut runs = Vec::new();
    for path in things {
        runs.extend(["html", "200-error", "500-before"].map(|fault| (path, fault)));
    }
    no_fault_is_no_ways(GOOGLE, runs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accounts_with_one_address_block_the_plan() {
    super::two_accounts_with_one_address_block_the_plan(GOOGLE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_ended_once_and_only_where_somebody_asks_for_it() {
    let is_end = |method: &str, path: &str| method == "POST" && path.ends_with("/signOut");
    super::sessions_are_ended_once_and_only_where_somebody_asks_for_it(GOOGLE, is_end, Rung::ProviderLog).await;
}

/// Until a query is worked out nobody knows who is in the group, whatever the list of members says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dynamic_group_that_is_not_up_to_date_is_unknown() {
    for status in ["UPDATING_MEMBERSHIPS", "INVALID_QUERY"] {
        let stage = Box::pin(GOOGLE.with_ways(&["dynamic"])).await;
        let rest = Box::pin(stage.remove(CaseState::Removed)).await;
        assert!(rest.arrived, "{}", shown(&rest.case));
        let group = group(&stage.control.state().await, "contractors");
        let deed = json!({"does": "set-rule-status", "group": group, "status": status});
        stage.control.provider(Provider::Google, &deed).await;
        stage.clock.pass(60).await;
        let seen = Box::pin(stage.engine.verify(&rest.case.id, &Silent)).await.unwrap();
        let any = &seen.observation(&keys::way(&Way::Any)).unwrap().observation;
        assert_eq!(any.state, State::Unknown, "{status}: {}", any.why);
    }
}

/// Somebody else's account bears the address now: nothing of it is the leaver's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_went_to_somebody_else_is_not_the_leaver() {
    let stage = Box::pin(GOOGLE.with_ways(&["group"])).await;
    let leaver = stage.description().people.leaver.clone();
    let pinned = stage.description().google.account_id.clone();
    let case = stage.open().await.unwrap();
    stage.approve(&case).await.unwrap();
    // Whoever clicks would click at the newcomer's account.
    for key in ways_of(&case) {
        stage.robot.refuse(&key);
    }
    let recycled = json!({"does": "recycle-address", "account": pinned});
    stage.control.provider(Provider::Google, &recycled).await;
    let rest = Box::pin(stage.play(&case.id, CaseState::Removed)).await;
    let state = stage.control.state().await;
    let newcomer = state["google"]["users"].as_array().unwrap().iter().find(|user| user["email"] == json!(leaver));
    assert!(newcomer.is_some_and(|user| user["suspended"] == false && user["signed_out"].is_null()), "{state}");
    let any = &rest.case.observation(&keys::way(&Way::Any)).unwrap().observation;
    assert!(!rest.arrived && any.state != State::Holds, "{}: {}", any.why, shown(&rest.case));
}
