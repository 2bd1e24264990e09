//! The layouts and deviations that the vendor's organization may have: the plan says the truth, and so does the case.

use leaver_core::claim::{Proof, Rung, State};
use leaver_core::event::CaseState;
use leaver_core::plan::keys;
use serde_json::Value;

use crate::stage::{Rest, Setup, Stage, shown};
use crate::truth::Truth;

/// A whole removal to the end of all rechecks; nothing that the twin knows contradicts it.
async fn played(setup: Setup, until: CaseState) -> (Stage, Rest, Value) {
    let stage = Stage::new(setup).await;
    let before = stage.control.state().await;
    let rest = stage.remove(until).await;
    let truth = Truth::look(&stage, &before).await;
    let leaver = stage.description().people.leaver.clone();
    assert_eq!(truth.problems(&[(&rest.case, &leaver)]), Vec::<String>::new(), "{}", shown(&rest.case));
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
async fn where_nothing_lists_members_a_named_person_says_so() {
    for refusal in ["roster-403", "roster-html"] {
        let setup = Setup { scim: false, ..Setup::variant(refusal) };
        let (_, rest, _) = played(setup, CaseState::Closed).await;
        println!("{refusal}: {} {:?}\n{}", rest.case.state.word(), rest.case.state_why, shown(&rest.case));
        println!("{:?}", rest.case.observation(&keys::member_gone()).map(|seen| &seen.observation));
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
    let (_, rest, _) = played(Setup::variant("copy-stops-halfway"), CaseState::Closed).await;
    println!("{} {:?}\n{}", rest.case.state.word(), rest.case.state_why, shown(&rest.case));
    assert!(!rest.arrived);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_credential_survives_even_if_the_leaver_made_it() {
    let rest = closes("credential-made-by-leaver").await;
    let (plan, _) = rest.case.plan.as_ref().unwrap();
    assert!(plan.findings.iter().any(|finding| finding.runbook == "BEYOND-5"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_that_we_cannot_see_stops_the_plan() {
    let stage = Stage::new(Setup::variant("project-without-role")).await;
    let case = stage.open().await.unwrap();
    let (plan, _) = case.plan.as_ref().unwrap();
    assert!(plan.blockers.iter().any(|blocker| blocker.code == "L106"), "{:?}", plan.blockers);
    assert_eq!(stage.approve(&case).await.unwrap_err().code(), "L106");
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
async fn an_admin_credential_is_enough_or_the_plan_says_why_not() {
    let stage = Stage::new(Setup::variant("admin-service-account")).await;
    let case = stage.open().await.unwrap();
    let (plan, _) = case.plan.as_ref().unwrap();
    println!("{:?}", plan.blockers);
}
