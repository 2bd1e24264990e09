//! Okta.

use super::*;

const OKTA: Of = Of {
    provider: Provider::Okta,
    kinds: &["direct", "group", "rule", "imported", "everyone", "self-service", "wide"],
    always: &["sso.no-way-in", "sso.self-service"],
    two: &["direct", "group"],
    expected,
    tries,
    leave_group: |group| format!("/okta/api/v1/groups/{group}"),
    unassign: "/okta/api/v1/apps",
};

fn tries(leaver: &str) -> Vec<Value> {
    vec![
        json!({"does": "edit-profile", "account": leaver, "department": "Contractors"}),
        json!({"does": "import", "account": leaver}),
        json!({"does": "log-in", "account": leaver}),
    ]
}

/// The claims that a plan must have for these ways, by what the twin itself says.
fn expected(state: &Value, kinds: &[&str]) -> BTreeSet<String> {
    let okta = &state["okta"];
    let mixpanel = okta["application"].as_str().unwrap();
    let rule = &okta["rules"][0];
    let filled = rule["groups"][0].as_str().unwrap();
    let group = |wanted: &dyn Fn(&Value) -> bool| {
        let groups = okta["groups"].as_array().unwrap();
        let found = groups.iter().find(|group| wanted(group)).unwrap();
        format!("sso.group:{}", found["id"].as_str().unwrap())
    };
    let apps = |group: &Value| group["apps"].as_array().unwrap().len();
    let on = |group: &Value| group["apps"].as_array().unwrap().iter().any(|app| app == mixpanel);
    let own = |group: &Value| group["type"] == "OKTA_GROUP" && on(group) && group["id"] != filled;
    let mut keys = BTreeSet::from(["sso.no-way-in".to_owned()]);
    for kind in kinds {
        keys.extend(match *kind {
            "direct" => vec!["sso.direct".to_owned()],
            "group" => vec![group(&|group| own(group) && apps(group) == 1)],
            "wide" => vec![group(&|group| own(group) && apps(group) == 2)],
            "rule" => vec![format!("sso.group:{filled}"), format!("sso.rule:{}", rule["id"].as_str().unwrap())],
            "imported" => vec![group(&|group| group["type"] == "APP_GROUP")],
            "everyone" => vec![group(&|group| group["type"] == "BUILT_IN")],
            "self-service" => vec!["sso.self-service".to_owned()],
            other => panic!("no way {other}"),
        });
    }
    // Whoever has the application through a group alone has a place on it all the same, which has to be seen gone.
    if kinds.iter().any(|kind| *kind != "self-service") {
        keys.insert("sso.direct".to_owned());
    }
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_set_of_ways_is_found_and_closed_and_nobody_comes_back() {
    super::every_set_of_ways_is_found_and_closed_and_nobody_comes_back(OKTA).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_that_is_left_open_keeps_the_case_open() {
    super::a_way_that_is_left_open_keeps_the_case_open(OKTA).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_but_the_declared_calls_is_sent_and_a_plan_only_reads() {
    let declared = below(&leaver_connectors::okta::capabilities(), |_| "/okta");
    let changes = changes_sent(OKTA, declared, "/okta/", "").await;
    // Three groups of the provider's own and the assignment, each once; no rule, no user, no group itself.
    assert_eq!(changes.len(), 4, "{changes:?}");
    assert!(changes.iter().all(|(path, times)| *times == 1 && path.contains("/users/")), "{changes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_shows_nothing_is_never_no_ways() {
    let lists = ["/okta/api/v1/users/*/groups", "/okta/api/v1/apps/*/groups"];
    let things = ["/okta/api/v1/users/*", "/okta/api/v1/apps/*/users/*"];
    // A list can come empty, a thing that is asked for by its id cannot.
    let mut runs: Vec<(&str, &str)> = lists.iter().map(|path| (*path, "empty")).collect();
    // A page that hides the leaver's own groups; the assignment, asked by its id, tells all the same.
    runs.push(("/okta/api/v1/users/*/groups", "missing-page"));
    for path in lists.iter().chain(&things) {
        runs.extend(["html", "200-error", "500-before"].map(|fault| (*path, fault)));
    }
    // The search has nobody at all to show.
    runs.push(("/okta/api/v1/users", "html"));
    no_fault_is_no_ways(OKTA, runs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accounts_with_one_address_block_the_plan() {
    super::two_accounts_with_one_address_block_the_plan(OKTA).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_ended_once_and_only_where_somebody_asks_for_it() {
    let is_end = |method: &str, path: &str| method == "DELETE" && path.ends_with("/sessions");
    super::sessions_are_ended_once_and_only_where_somebody_asks_for_it(OKTA, is_end, Rung::ProviderLog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_with_no_room_left_is_a_persons_to_change() {
    let stage = Box::pin(OKTA.with_ways(&["rule"])).await;
    let state = stage.control.state().await;
    let rule = state["okta"]["rules"][0]["id"].as_str().unwrap().to_owned();
    stage.control.provider(Provider::Okta, &json!({"does": "fill-exclusions", "rule": rule})).await;
    let rest = Box::pin(stage.remove(CaseState::Removed)).await;
    assert!(!rest.arrived, "the rule puts the account back each time");
    let (plan, _) = rest.case.plan.as_ref().unwrap();
    let told = plan.findings.iter().find(|finding| finding.says.contains("leaves out 100 accounts"));
    assert!(told.is_some(), "{:?}", plan.findings);
    // The rule is changed by a person, and the case goes on.
    stage
        .control
        .provider(
            Provider::Okta,
            &json!({"does": "leave-out", "account": stage.description().people.leaver, "rule": rule}),
        )
        .await;
    let rest = Box::pin(stage.play(&rest.case.id, CaseState::Removed)).await;
    assert!(rest.arrived || rest.case.state == CaseState::WaitingPerson, "{}", shown(&rest.case));
}
