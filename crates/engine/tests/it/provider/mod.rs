//! The identity provider: every way into the application is found, closed where it can be, and a way that is left open keeps the case
//! open. The same for each provider that has a connector.

mod entra;
mod google;
mod okta;

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use leaver_connectors::Capability;
use leaver_core::case::Case;
use leaver_core::claim::{Choice, Predicate, Remedy, Rung, State};
use leaver_core::event::CaseState;
use leaver_core::plan::keys;
use leaver_core::provider::Way;
use leaver_engine::Silent;
use serde_json::{Value, json};

use crate::stage::{Provider, Setup, Stage, shown};

/// So many removals at the same time.
const AT_ONCE: usize = 4;

const HOUR: u32 = 3600;

/// A provider, as these tests see it.
#[derive(Debug, Clone, Copy)]
struct Of {
    provider: Provider,
    /// Every kind of way that its twin knows.
    kinds: &'static [&'static str],
    /// The claims that every plan has, whatever the ways.
    always: &'static [&'static str],
    /// Two kinds of way that lead through most of its interface.
    two: &'static [&'static str],
    /// The claims that a plan must have for these ways, by what the twin itself says.
    expected: fn(&Value, &[&str]) -> BTreeSet<String>,
    /// What it tries in each cycle to give the account back.
    tries: fn(&str) -> Vec<Value>,
    /// Where its twin takes a person out of a group, and the application from a person.
    leave_group: fn(&str) -> String,
    unassign: &'static str,
}

/// The leaver's domain is claimed: what the provider gives or takes arrives at the vendor by SCIM, and a login makes an account.
fn setup(provider: Provider) -> Setup {
    let mut setup = Setup { provider: Some(provider), scim: false, ..Setup::variant("claimed-domain-includes-leaver") };
    setup.options.content = 1;
    setup
}

impl Of {
    /// A stage whose leaver has exactly these ways, and none at any other provider.
    async fn with_ways(self, kinds: &[&str]) -> Stage {
        let stage = Stage::new(setup(self.provider)).await;
        let leaver = stage.description().people.leaver.clone();
        for other in [Provider::Okta, Provider::Entra, Provider::Google] {
            let kinds = if other == self.provider { kinds } else { &[] };
            stage.control.provider(other, &json!({"does": "ways", "account": leaver, "kinds": kinds})).await;
        }
        stage
    }

    /// It tries whatever it can to give the account back: an edited profile, an import, a login.
    async fn try_to_come_back(self, stage: &Stage) {
        let leaver = stage.description().people.leaver.clone();
        for _cycle in 0..2 {
            for deed in (self.tries)(&leaver) {
                stage.control.provider(self.provider, &deed).await;
            }
            stage.clock.pass(HOUR).await;
        }
    }

    /// One removal with these ways; the problems that it showed.
    async fn closed(self, kinds: Vec<&'static str>) -> Option<String> {
        let stage = Box::pin(self.with_ways(&kinds)).await;
        let leaver = stage.description().people.leaver.clone();
        let wanted = (self.expected)(&stage.control.state().await, &kinds);
        let rest = Box::pin(stage.remove(CaseState::Removed)).await;
        let mut problems = Vec::new();
        let found = ways_of(&rest.case);
        if found != wanted {
            problems.push(format!("found {found:?}, there are {wanted:?}"));
        }
        if !rest.arrived {
            problems.push(format!("not removed: {}\n{}", rest.case.state_why, shown(&rest.case)));
        }
        Box::pin(self.try_to_come_back(&stage)).await;
        if is_inside(&stage.control.state().await, &leaver) {
            problems.push("the account is back".to_owned());
        }
        let seen = Box::pin(stage.engine.verify(&rest.case.id, &Silent)).await.unwrap();
        for key in [keys::way(&Way::Any), keys::member_gone(), keys::login_fails(), keys::not_recreated()] {
            let observation = &seen.observation(&key).unwrap().observation;
            if observation.state != State::Holds {
                problems.push(format!("{key}: {}", observation.why));
            }
        }
        // The person tried to get in, and was refused: nothing shows it better.
        let login = seen.observation(&keys::login_fails()).unwrap();
        if login.observation.rung != Some(Rung::ProviderLog) {
            problems.push(format!("signing in: {}", login.observation.why));
        }
        (!problems.is_empty()).then(|| format!("{kinds:?}\n    {}", problems.join("\n    ")))
    }

    /// A way that is left open on purpose: its automatic remedy fails for good, its guided one is not done.
    async fn left_open(self, kind: &'static str) -> Option<String> {
        let stage = Box::pin(self.with_ways(self.kinds)).await;
        let leaver = stage.description().people.leaver.clone();
        let case = stage.open().await.unwrap();
        let (plan, _) = case.plan.as_ref().unwrap();
        let state = stage.control.state().await;
        let mut open = (self.expected)(&state, &[kind]);
        open.retain(|key| !self.always.contains(&key.as_str()) && (kind == "direct" || key != "sso.direct"));
        if open.is_empty() {
            open.insert(format!("sso.{kind}"));
        }
        for key in &open {
            let claim = plan.claims.iter().find(|claim| claim.key.as_str() == key).unwrap();
            match &claim.says {
                Predicate::NoWayIn { way: Way::Group(group), .. } if claim.remedy == Remedy::Automatic => {
                    stage.control.fault("500-before", "DELETE", &(self.leave_group)(group), 1, 0).await;
                }
                Predicate::NoWayIn { way: Way::Direct, .. } => {
                    stage.control.fault("500-before", "DELETE", self.unassign, 1, 0).await;
                }
                _ => stage.robot.refuse(key),
            }
        }
        stage.approve(&case).await.unwrap();
        let rest = Box::pin(stage.play(&case.id, CaseState::Removed)).await;
        let any = &rest.case.observation(&keys::way(&Way::Any)).unwrap().observation;
        let mut problems = Vec::new();
        if rest.arrived || matches!(rest.case.state, CaseState::Removed | CaseState::Closed) {
            problems.push(format!("it is {}, although {open:?} is open", rest.case.state.word()));
        }
        if any.state == State::Holds && kind != "self-service" {
            problems.push(format!("{}: {}", keys::way(&Way::Any), any.why));
        }
        let inside = is_inside(&stage.control.state().await, &leaver);
        Box::pin(self.try_to_come_back(&stage)).await;
        let back = is_inside(&stage.control.state().await, &leaver);
        // What is open is really a way: the account is still there, or comes back by itself.
        if !inside && !back && kind != "self-service" {
            problems.push("the twin does not give the account back".to_owned());
        }
        (!problems.is_empty()).then(|| format!("{kind}\n    {}\n{}", problems.join("\n    "), shown(&rest.case)))
    }

    /// From the approval on this answer of the provider is wrong for good; what the case says of it that it cannot know.
    async fn with_lasting_fault(self, path: &'static str, fault: &'static str) -> Option<String> {
        let stage = Box::pin(self.with_ways(self.two)).await;
        let case = stage.open().await.unwrap();
        stage.clock.pass(60).await;
        stage.approve(&case).await.unwrap();
        stage.control.fault(fault, "GET", path, 1, 0).await;
        let rest = Box::pin(stage.play(&case.id, CaseState::Removed)).await;
        let any = &rest.case.observation(&keys::way(&Way::Any)).unwrap().observation;
        (any.state == State::Holds || rest.arrived)
            .then(|| format!("{path} {fault}: {} ({}), {}", rest.case.state.word(), rest.case.state_why, any.why))
    }
}

fn ways_of(case: &Case) -> BTreeSet<String> {
    let (plan, _) = case.plan.as_ref().unwrap();
    let ways = plan.claims.iter().filter(|claim| matches!(claim.says, Predicate::NoWayIn { .. }));
    ways.map(|claim| claim.key.to_string()).collect()
}

fn is_inside(state: &Value, leaver: &str) -> bool {
    let members = state["members"].as_array().unwrap();
    members.iter().any(|member| member["email"] == leaver && member["active"] == true)
}

fn subsets(kinds: &[&'static str]) -> Vec<Vec<&'static str>> {
    let of =
        |bits: u32| kinds.iter().copied().enumerate().filter(move |(at, _)| bits >> at & 1 == 1).map(|(_, kind)| kind);
    (0..1_u32 << kinds.len()).map(|bits| of(bits).collect()).collect()
}

async fn every_set_of_ways_is_found_and_closed_and_nobody_comes_back(of: Of) {
    let runs = subsets(of.kinds);
    assert_eq!(runs.len(), 1 << of.kinds.len());
    let wrong: Vec<String> = futures::stream::iter(runs)
        .map(|kinds| async move { Box::pin(of.closed(kinds)).await })
        .buffer_unordered(AT_ONCE)
        .filter_map(|problem| async move { problem })
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} removals went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

async fn a_way_that_is_left_open_keeps_the_case_open(of: Of) {
    let wrong: Vec<String> = futures::stream::iter(of.kinds.iter().copied())
        .map(|kind| async move { Box::pin(of.left_open(kind)).await })
        .buffer_unordered(AT_ONCE)
        .filter_map(|problem| async move { problem })
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} removals went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A removal with every way; every change that was sent to the provider, with how often. A call that is not declared, or a plan that
/// changes anything, ends the test. `tokens` tells where asking for a token is no change.
async fn changes_sent(of: Of, declared: Vec<(String, String)>, root: &str, tokens: &str) -> BTreeMap<String, usize> {
    let stage = Box::pin(of.with_ways(of.kinds)).await;
    let case = stage.open().await.unwrap();
    let is_read = |method: &Value, path: &str| method == "GET" || (!tokens.is_empty() && path.ends_with(tokens));
    let at_provider = |requests: Vec<Value>| {
        let calls = requests.into_iter().filter(|request| request["path"].as_str().unwrap().starts_with(root));
        calls.map(|call| (call["method"].clone(), call["path"].as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    let planned = at_provider(stage.control.requests().await);
    assert!(planned.len() > 8 && planned.iter().all(|(method, path)| is_read(method, path)), "{planned:?}");
    stage.approve(&case).await.unwrap();
    let rest = Box::pin(stage.play(&case.id, CaseState::Removed)).await;
    assert!(rest.arrived, "{}", shown(&rest.case));
    let mut changes = BTreeMap::<String, usize>::new();
    for (method, path) in at_provider(stage.control.requests().await) {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |(verb, template): &&(String, String)| {
            let wanted: Vec<&str> = template.split('/').collect();
            method == verb.as_str()
                && wanted.len() == parts.len()
                && wanted.iter().zip(&parts).all(|(wanted, part)| wanted == part || wanted.starts_with('{'))
        };
        assert!(declared.iter().any(|one| fits(&one)), "{method} {path} is not declared");
        if !is_read(&method, &path) {
            *changes.entry(path).or_default() += 1;
        }
    }
    changes
}

/// The declared calls, below where the twin serves them.
fn below(capabilities: &[Capability], root: impl Fn(&Capability) -> &'static str) -> Vec<(String, String)> {
    let without_query = |one: &Capability| one.path.split('?').next().unwrap_or_default().to_owned();
    capabilities.iter().map(|one| (one.method.to_owned(), format!("{}{}", root(one), without_query(one)))).collect()
}

async fn no_fault_is_no_ways(of: Of, runs: Vec<(&'static str, &'static str)>) {
    let wrong: Vec<String> = futures::stream::iter(runs)
        .map(|(path, fault)| async move { Box::pin(of.with_lasting_fault(path, fault)).await })
        .buffer_unordered(AT_ONCE)
        .filter_map(|problem| async move { problem })
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} removals went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

async fn two_accounts_with_one_address_block_the_plan(of: Of) {
    let stage = Box::pin(of.with_ways(&of.two[..1])).await;
    let leaver = stage.description().people.leaver.clone();
    stage.control.provider(of.provider, &json!({"does": "copy-account", "account": leaver})).await;
    let case = stage.open().await.unwrap();
    let (plan, _) = case.plan.as_ref().unwrap();
    assert!(plan.blockers.iter().any(|blocker| blocker.code == "L114"), "{:?}", plan.blockers);
}

async fn sessions_are_ended_once_and_only_where_somebody_asks_for_it(
    of: Of,
    is_end: fn(&str, &str) -> bool,
    shown_on: Rung,
) {
    let ended = |calls: &[Value]| {
        let one = |call: &&Value| is_end(call["method"].as_str().unwrap(), call["path"].as_str().unwrap());
        calls.iter().filter(one).count()
    };
    let plain = Stage::new(setup(of.provider)).await;
    let rest = Box::pin(plain.remove(CaseState::Removed)).await;
    let (plan, _) = rest.case.plan.as_ref().unwrap();
    assert!(plan.claim(&keys::sessions_ended()).is_none(), "it signs people out everywhere: never by default");
    assert!(plan.findings.iter().any(|finding| finding.runbook == "SSO-6"), "the approver reads that they go on");
    assert_eq!(ended(&plain.control.requests().await), 0);

    let asked = Setup { choose: vec![(keys::sessions_ended(), Choice::Proceed)], ..setup(of.provider) };
    let stage = Stage::new(asked).await;
    let rest = Box::pin(stage.remove(CaseState::Removed)).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    let seen = &rest.case.observation(&keys::sessions_ended()).unwrap().observation;
    assert_eq!((seen.state, seen.rung), (State::Holds, Some(shown_on)), "{}", seen.why);
    assert_eq!(ended(&stage.control.requests().await), 1);
}
