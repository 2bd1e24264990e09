//! The layouts and deviations that the vendor's organization may have: the plan says the truth, and so does the case.

use jiff::SignedDuration;
use leaver_core::claim::{Choice, Proof, Rung, State};
use leaver_core::decide::Command;
use leaver_core::event::CaseState;
use leaver_core::plan::keys;
use leaver_engine::document;
use serde_json::Value;

use crate::stage::{Rest, Setup, Stage, person, shown};
use crate::truth::Truth;

/// A whole removal to the end of all rechecks; nothing that the twin knows contradicts it.
async fn played(setup: Setup, until: CaseState) -> (Stage, Rest, Value) {
    let stage = Stage::new(setup).await;
    let before = stage.control.state().await;
    let rest = Box::pin(stage.remove(until)).await;
    let truth = Truth::look(&stage, &before).await;
    let leaver = stage.description().people.leaver.clone();
    assert_eq!(
        truth.problems(&[(&rest.case, &leaver)]),
        Vec::<String>::new(),
        "{} ({})\n{}",
        rest.case.state.word(),
        rest.case.state_why,
        shown(&rest.case)
    );
    (stage, rest, before)
}

async fn closes(names: &str) -> Rest {
    let (_, rest, _) = played(Setup::variant(names), CaseState::Closed).await;
    assert!(rest.arrived, "{names}: {} ({})\n{}", rest.case.state.word(), rest.case.state_why, shown(&rest.case));
    rest
}

fn gone_on(rest: &Rest) -> (Option<Proof>, Option<Rung>) {
    let seen = &rest.case.observation(&keys::member_gone()).unwrap().observation;
    assert_eq!(seen.state, State::Holds);
    (seen.proof, seen.rung)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_known_layout_of_the_member_list_is_read() {
    for layout in ["roster-list", "roster-map-by-address", "roster-map-by-id", "roster-bare"] {
        let rest = closes(layout).await;
        assert_eq!(gone_on(&rest), (Some(Proof::Read), Some(Rung::Roster)), "{layout}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_member_list_refuses_scim_answers() {
    for refusal in ["roster-403", "roster-html"] {
        let rest = closes(refusal).await;
        assert_eq!(gone_on(&rest), (Some(Proof::Read), Some(Rung::Scim)), "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_lists_members_data_views_or_a_named_person_say_so() {
    for refusal in ["roster-403", "roster-html"] {
        let setup = Setup { scim: false, ..Setup::variant(refusal) };
        let (_, rest, _) = played(setup, CaseState::Closed).await;
        assert!(rest.arrived, "{refusal}: {}\n{}", rest.case.state_why, shown(&rest.case));
        let (proof, rung) = gone_on(&rest);
        assert!(
            (proof, rung) == (Some(Proof::Read), Some(Rung::Me)) || proof == Some(Proof::Attested),
            "{refusal}: {proof:?} {rung:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_owner_is_not_removed() {
    let stage = Stage::new(Setup::variant("only-owner")).await;
    let case = stage.open().await.unwrap();
    let (plan, _) = case.plan.as_ref().unwrap();
    assert!(plan.blockers.iter().any(|blocker| blocker.code == "L105"), "{:?}", plan.blockers);
    let refused = stage.approve(&case).await.unwrap_err();
    assert_eq!(refused.code(), "L105");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_are_named_and_made_whole_whatever_the_vendor_leaves_out() {
    closes("duplicate-ignores-title").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_stops_halfway_is_never_called_a_copy() {
    let (stage, rest, before) = played(Setup::variant("copy-stops-halfway"), CaseState::Closed).await;
    println!("{} {:?}\n{}", rest.case.state.word(), rest.case.state_why, shown(&rest.case));
    assert!(!rest.arrived);
    let _ = (stage, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_credential_survives_even_if_the_leaver_made_it() {
    let (stage, rest, before) = played(Setup::variant("credential-made-by-leaver"), CaseState::Closed).await;
    let (plan, _) = rest.case.plan.as_ref().unwrap();
    assert!(plan.findings.iter().any(|finding| finding.runbook == "BEYOND-5"));
    // The leaver may know its secret: that is an open path, and only a named person can live with it.
    assert_eq!(rest.case.state, CaseState::WaitingPerson);
    assert!(
        rest.case
            .skipped(&keys::service_accounts())
            .is_some_and(|skip| skip.person && skip.why.contains("own credential"))
    );
    let until = stage.clock.time().checked_add(SignedDuration::from_hours(24 * 90)).unwrap();
    let accept = Command::Decide {
        claim: keys::service_accounts(),
        choice: Choice::AcceptRisk,
        why: "a new credential is made next week".to_owned(),
        until: Some(until),
        by: person("approver"),
    };
    stage.engine.command(&rest.case.id, accept).await.unwrap();
    let rest = stage.play(&rest.case.id, CaseState::Closed).await;
    assert!(rest.arrived, "{}\n{}", rest.case.state_why, shown(&rest.case));
    let truth = Truth::look(&stage, &before).await;
    assert_eq!(truth.problems(&[(&rest.case, &stage.description().people.leaver)]), Vec::<String>::new());
    assert!(rest.case.state_why.contains("1 accepted by name"), "{}", rest.case.state_why);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_that_we_cannot_see_is_unknown_and_waits_for_a_person() {
    let (_, rest, _) = played(Setup::variant("project-without-role"), CaseState::Removed).await;
    println!("{} {:?}\n{}", rest.case.state.word(), rest.case.state_why, shown(&rest.case));
    assert_eq!(rest.case.state, CaseState::WaitingPerson);
    let (plan, _) = rest.case.plan.as_ref().unwrap();
    let unseen =
        plan.claims.iter().filter(|claim| claim.kind.gates_removed()).any(|claim| {
            rest.case.observation(&claim.key).is_some_and(|seen| seen.observation.state == State::Unknown)
        });
    assert!(unseen, "what we cannot see must not hold");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organization_without_scim_is_served_by_the_member_list() {
    closes("no-scim").await;
    let setup = Setup { scim: false, ..Setup::default() };
    let (_, rest, _) = played(setup, CaseState::Closed).await;
    assert!(rest.arrived);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_scim_reaches_the_leaver_it_deactivates_first() {
    let rest = closes("claimed-domain-includes-leaver").await;
    assert!(rest.case.effects().values().any(|fact| fact.effect.act.word() == "deactivate"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_admin_credential_may_not_do_waits_for_a_person() {
    let (_, rest, _) = played(Setup::variant("admin-service-account"), CaseState::Closed).await;
    // Only a project owner or the creator may change a subscription (2.1, 5.2).
    assert_eq!(rest.case.state, CaseState::WaitingPerson, "{}\n{}", rest.case.state_why, shown(&rest.case));
    let refused = rest.case.effects().values().filter(|fact| fact.effect.act.word() == "take-out");
    assert!(refused.clone().count() > 0);
    let told = document(&rest.case, rest.case.last_at);
    let claim = told
        .claims
        .iter()
        .find(|claim| claim.key.starts_with("sender.subscription") && claim.state == "broken")
        .unwrap();
    assert!(claim.why.contains("403") && claim.waits_for == Some("person"), "{claim:?}");
}
