//! Microsoft Entra ID.

use super::*;

const ENTRA: Of = Of {
    provider: Provider::Entra,
    kinds: &["direct", "group", "dynamic", "synced", "anyone", "everyone-job", "wide"],
    always: &["sso.no-way-in", "sso.self-service"],
    two: &["direct", "group"],
    expected,
    tries,
    leave_group: |group| format!("/entra/graph/v1.0/groups/{group}"),
    unassign: "/entra/graph/v1.0/servicePrincipals",
};

fn tries(leaver: &str) -> Vec<Value> {
    vec![
        json!({"does": "edit-profile", "account": leaver, "department": "Contractors"}),
        json!({"does": "sync", "account": leaver}),
        json!({"does": "log-in", "account": leaver}),
    ]
}

fn expected(state: &Value, kinds: &[&str]) -> BTreeSet<String> {
    let entra = &state["entra"];
    let mixpanel = &entra["application"];
    let given = entra["given"].as_array().unwrap();
    let times = |group: &Value| given.iter().filter(|one| one["principal"] == group["id"]).count();
    let on = |group: &Value| given.iter().any(|one| one["principal"] == group["id"] && one["resource"] == *mixpanel);
    let id = |kind: &str, gives: usize| {
        let groups = entra["groups"].as_array().unwrap();
        let mut found =
            groups.iter().filter(|group| group["membership"]["kind"] == kind && on(group) && times(group) == gives);
        let id = found.next().unwrap()["id"].as_str().unwrap().to_owned();
        assert!(found.next().is_none(), "two {kind} groups");
        id
    };
    // No interface shows whether people may ask for the application: somebody looks, whatever the ways.
    let mut keys = BTreeSet::from(["sso.no-way-in".to_owned(), "sso.self-service".to_owned()]);
    for kind in kinds {
        keys.extend(match *kind {
            "direct" => vec!["sso.direct".to_owned()],
            "group" => vec![format!("sso.group:{}", id("assigned", 1))],
            "wide" => vec![format!("sso.group:{}", id("assigned", 2))],
            "dynamic" => vec![format!("sso.group:{}", id("dynamic", 1)), format!("sso.rule:{}", id("dynamic", 1))],
            "synced" => vec![format!("sso.group:{}", id("synced", 1))],
            "anyone" => vec!["sso.anyone".to_owned()],
            "everyone-job" => vec![format!("sso.job:{}", entra["job"]["id"].as_str().unwrap())],
            other => panic!("no way {other}"),
        });
    }
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_set_of_ways_is_found_and_closed_and_nobody_comes_back() {
    super::every_set_of_ways_is_found_and_closed_and_nobody_comes_back(ENTRA).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_that_is_left_open_keeps_the_case_open() {
    super::a_way_that_is_left_open_keeps_the_case_open(ENTRA).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_but_the_declared_calls_is_sent_and_a_plan_only_reads() {
    let root = |one: &Capability| if one.name == "entra.token" { "/entra/login" } else { "/entra/graph" };
    let declared = below(&leaver_connectors::entra::capabilities(), root);
    let changes = changes_sent(ENTRA, declared, "/entra/", "/oauth2/v2.0/token").await;
    // Two groups whose members are assigned, the assignment, and one look of the job at the account, each once; no rule, no setting, no user,
    // no group itself, and no job is started or stopped.
    assert_eq!(changes.len(), 4, "{changes:?}");
    let is_ours = |path: &str| {
        path.ends_with("/$ref") || path.contains("/appRoleAssignedTo/") || path.ends_with("/provisionOnDemand")
    };
    assert!(changes.iter().all(|(path, times)| *times == 1 && is_ours(path)), "{changes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_shows_nothing_is_never_no_ways() {
    let lists = [
        "/entra/graph/v1.0/users/*/memberOf",
        "/entra/graph/v1.0/users/*/appRoleAssignments",
        "/entra/graph/v1.0/servicePrincipals/*/appRoleAssignedTo",
    ];
    let things = [
        "/entra/graph/v1.0/users/*",
        "/entra/graph/v1.0/servicePrincipals/*",
        "/entra/graph/v1.0/groups/*",
        "/entra/graph/v1.0/servicePrincipals/*/synchronization/jobs",
    ];
    let mut runs: Vec<(&str, &str)> = lists.iter().map(|path| (*path, "empty")).collect();
    for path in lists.iter().chain(&things) {
        runs.extend(["html", "200-error", "500-before"].map(|fault| (*path, fault)));
    }
    // The search has nobody at all to show.
    runs.push(("/entra/graph/v1.0/users", "html"));
    no_fault_is_no_ways(ENTRA, runs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accounts_with_one_address_block_the_plan() {
    super::two_accounts_with_one_address_block_the_plan(ENTRA).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_ended_once_and_only_where_somebody_asks_for_it() {
    let is_end = |method: &str, path: &str| method == "POST" && path.ends_with("/revokeSignInSessions");
    // The account itself says since when its sessions count.
    super::sessions_are_ended_once_and_only_where_somebody_asks_for_it(ENTRA, is_end, Rung::Provider).await;
}

/// What the provisioning job may still do is not known while it stands: the account is out, and nobody says that it stays out.
async fn with_job(deed: Value) -> (State, String) {
    let stage = Box::pin(ENTRA.with_ways(&["direct", "group"])).await;
    let rest = Box::pin(stage.remove(CaseState::Removed)).await;
    assert!(rest.arrived, "{}", shown(&rest.case));
    stage.control.provider(Provider::Entra, &deed).await;
    Box::pin(ENTRA.try_to_come_back(&stage)).await;
    let seen = Box::pin(stage.engine.verify(&rest.case.id, &Silent)).await.unwrap();
    let seen = &seen.observation(&keys::not_recreated()).unwrap().observation;
    (seen.state, seen.why.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_stands_leaves_unknown_whether_the_account_comes_back() {
    for code in ["Quarantine", "Paused"] {
        let (state, why) = Box::pin(with_job(json!({"does": "set-job", "code": code}))).await;
        assert_eq!(state, State::Unknown, "{code}: {why}");
        assert!(why.contains(code), "{why}");
    }
    let (state, why) = Box::pin(with_job(json!({"does": "restart"}))).await;
    assert_eq!(state, State::Holds, "a job that runs: {why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_puts_the_person_back_after_the_read_is_seen() {
    let stage = Box::pin(ENTRA.with_ways(&["group"])).await;
    let leaver = stage.description().people.leaver.clone();
    let rest = Box::pin(stage.remove(CaseState::Removed)).await;
    assert!(rest.arrived, "{}", shown(&rest.case));
    // Somebody gives the account a dynamic group afterwards, and its rule fits.
    let back = json!({"does": "ways", "account": leaver, "kinds": ["dynamic"]});
    stage.control.provider(Provider::Entra, &back).await;
    stage.clock.pass(60).await;
    let seen = Box::pin(stage.engine.verify(&rest.case.id, &Silent)).await.unwrap();
    let any = &seen.observation(&keys::way(&Way::Any)).unwrap().observation;
    assert_eq!(any.state, State::Broken, "{}", any.why);
    assert!(any.instances.iter().any(|way| way.starts_with("group:")), "{:?}", any.instances);
}
