//! Reducing: what is named goes, what is not named stays, and both are claims (METHOD-5).

use std::sync::Arc;

use leaver_core::claim::{ClaimKind, Guide, Predicate, Remedy, State};
use leaver_core::method::Method;
use leaver_core::plan::{FindingKind, Plan, Request, keys};
use leaver_core::planner::{self, Refusal};
use leaver_core::reading::{Failure, GrantKind, OrgRole, Snapshot};
use leaver_core::source::What;

use crate::bench::FULL;
use crate::stage::{START, Wish, draft, furnished, inventory, look, request};
use crate::world::World;

/// An admin in two teams, with a grant of each kind that a reduction must tell apart.
fn world() -> World {
    let mut world = furnished();
    world.members.get_mut("42").unwrap().role = Some(OrgRole::Admin);
    world.team("72", &["42", "14"], 3);
    world.grant(4, GrantKind::Team);
    world.grant(3, GrantKind::OrganizationRole);
    world
}

fn reduce(change: impl FnOnce(&mut Request)) -> Request {
    let mut request = Request { method: Method::Reduce, ..request() };
    change(&mut request);
    request
}

fn plan(world: &World, request: Request) -> Plan {
    Wish::new(request).plan(&inventory(world, START)).unwrap().plan
}

fn staying(plan: &Plan) -> Vec<(GrantKind, u64)> {
    let Predicate::GrantsAsBefore { grants } = &plan.claim(&keys::grants_kept()).unwrap().says else {
        panic!("it says something else")
    };
    grants.iter().map(|grant| (grant.kind, grant.project.unwrap().0)).collect()
}

#[test]
fn a_named_team_goes_and_the_other_team_the_role_and_the_grants_stay() {
    let plan = plan(&world(), reduce(|request| request.teams = vec!["70".to_owned()]));
    let gone = plan.claim(&keys::teams_gone()).unwrap();
    assert_eq!(gone.says, Predicate::NotInTeams { teams: vec!["70".to_owned()] });
    assert_eq!((gone.kind, &gone.remedy), (ClaimKind::Access, &Remedy::Guided(Guide::LeaveTeams)));
    let kept = plan.claim(&keys::teams_kept()).unwrap();
    assert_eq!((&kept.says, kept.kind), (&Predicate::TeamsAsBefore { teams: vec!["72".to_owned()] }, ClaimKind::Kept));
    assert_eq!(plan.claim(&keys::role_stays()).unwrap().says, Predicate::RoleNotBelow { role: OrgRole::Admin });
    // The member list does not say through which team a grant comes; the one that team 70 gives is not promised.
    assert_eq!(staying(&plan), [(GrantKind::Individual, 3), (GrantKind::OrganizationRole, 3)]);
    let untold =
        plan.findings.iter().find(|one| one.kind == FindingKind::NotSeen && one.runbook == "METHOD-5").unwrap();
    assert_eq!(untold.object.as_deref(), Some("project/4"));
    assert!(plan.claim(&keys::grants_gone()).is_none() && plan.claim(&keys::role_lowered()).is_none());
    let along = plan.findings.iter().find(|one| one.says.starts_with("leaving this team takes project 4")).unwrap();
    assert_eq!((along.kind, along.object.as_deref()), (FindingKind::Grant, Some("team/70")));
}

#[test]
fn a_grant_that_names_its_team_stays_or_goes_with_it() {
    let mut world = world();
    for (team, stays) in [("70", false), ("team 70", false), ("72", true)] {
        let grants = world.members.get_mut("42").unwrap().grants.as_mut().unwrap();
        grants.iter_mut().find(|grant| grant.kind == GrantKind::Team).unwrap().team = Some(team.to_owned());
        let plan = plan(&world, reduce(|request| request.teams = vec!["70".to_owned()]));
        assert_eq!(staying(&plan).contains(&(GrantKind::Team, 4)), stays, "{team}");
    }
}

#[test]
fn a_named_role_goes_and_is_never_one_that_the_leaver_does_not_have() {
    let to = |role| reduce(move |request| request.role = Some(role));
    let made = plan(&world(), to(OrgRole::BillingAdmin));
    let lowered = made.claim(&keys::role_lowered()).unwrap();
    assert_eq!(lowered.says, Predicate::RoleAtMost { role: OrgRole::BillingAdmin });
    assert_eq!(lowered.remedy, Remedy::Guided(Guide::LowerRole));
    assert_eq!(made.claim(&keys::role_stays()).unwrap().says, Predicate::RoleNotBelow { role: OrgRole::BillingAdmin });
    assert_eq!(
        staying(&made),
        [(GrantKind::Individual, 3), (GrantKind::Team, 4)],
        "what comes with the role goes with it"
    );
    assert!(made.blockers.is_empty() && made.claim(&keys::teams_gone()).is_none());
    for role in [OrgRole::Admin, OrgRole::Owner] {
        let codes: Vec<String> = plan(&world(), to(role)).blockers.into_iter().map(|blocker| blocker.code).collect();
        assert_eq!(codes, ["L113"], "{role:?} is not below Admin");
    }
}

#[test]
fn a_team_is_named_by_its_name_or_its_number() {
    let mut world = world();
    let readings = inventory(&world, START);
    let named = |names: &[&str], readings: &_| {
        let mut request = reduce(|request| request.teams = names.iter().map(|name| (*name).to_owned()).collect());
        planner::name_teams(&mut request, readings).map(|()| request.teams)
    };
    assert_eq!(named(&["Team 71", "70", "team 70"], &readings).unwrap(), ["70", "71"], "each once");
    let unknown = named(&["Agenzy"], &readings).unwrap_err();
    assert_eq!(unknown.code(), "L112");
    let Refusal::Team { known, .. } = &unknown else { panic!("{unknown}") };
    assert!(known.contains(&"team 70 (70)".to_owned()), "{known:?}");
    // Where no team can be read the name stays, and nobody claims to know.
    let mut blind = readings.clone();
    Arc::make_mut(blind.get_mut(&What::Teams).unwrap()).result = Err(Failure::Forbidden);
    assert_eq!(named(&["Agenzy"], &blind).unwrap(), ["Agenzy"]);
    let mut twins = readings;
    let Ok(Snapshot::Teams(list)) = &mut Arc::make_mut(twins.get_mut(&What::Teams).unwrap()).result else {
        panic!("they are teams")
    };
    list.teams[1].name = "team 70".to_owned();
    assert_eq!(named(&["team 70"], &twins).unwrap_err().code(), "L112", "two of that name");
    world.teams.clear();
    assert_eq!(named(&["team 70"], &inventory(&world, START)).unwrap_err().code(), "L112");
}

/// What a person does by hand.
type Deed = fn(&mut World);

#[test]
fn what_was_to_stay_and_did_not_holds_the_case() {
    let request = || {
        reduce(|request| {
            request.teams = vec!["70".to_owned()];
            request.role = Some(OrgRole::BillingAdmin);
            request.projects = vec![FULL];
        })
    };
    let rows: [(&str, Deed, Option<leaver_core::ids::ClaimKey>); 4] = [
        (
            "exactly what was named",
            |world| {
                world.leave_teams(|id| id == "70");
                let member = world.members.get_mut("42").unwrap();
                member.role = Some(OrgRole::BillingAdmin);
                member.grants.as_mut().unwrap().retain(|grant| grant.kind == GrantKind::Team);
            },
            None,
        ),
        ("the other team too", |world| world.leave_teams(|_| true), Some(keys::teams_kept())),
        (
            "a role lower than the named one",
            |world| world.members.get_mut("42").unwrap().role = Some(OrgRole::Member),
            Some(keys::role_stays()),
        ),
        ("the whole person", World::delete_leaver, Some(keys::role_stays())),
    ];
    for (when, deed, broken) in rows {
        let mut world = world();
        let mut drafted = draft(&world, &Wish::new(request())).unwrap();
        crate::stage::approve(&mut drafted);
        deed(&mut world);
        let at = START.checked_add(jiff::SignedDuration::from_mins(5)).unwrap();
        look(&mut drafted, &world, at);
        let state = |key: &_| drafted.case.observation(key).map(|seen| seen.observation.state);
        if let Some(key) = broken {
            assert_eq!(state(&key), Some(State::Broken), "{when}");
            assert_eq!(drafted.case.state.word(), "held", "{when}: {}", drafted.case.state_why);
            continue;
        }
        let gone = [keys::teams_gone(), keys::role_lowered(), keys::grants_gone()];
        for key in gone.into_iter().chain([keys::teams_kept(), keys::role_stays(), keys::grants_kept()]) {
            assert_eq!(state(&key), Some(State::Holds), "{when}: {key}");
        }
    }
}

#[test]
fn a_team_that_cannot_be_read_is_left_on_a_persons_word_alone() {
    let mut readings = inventory(&world(), START);
    Arc::make_mut(readings.get_mut(&What::Teams).unwrap()).result = Err(Failure::Forbidden);
    let plan = Wish::new(reduce(|request| request.teams = vec!["Agency".to_owned()])).plan(&readings).unwrap().plan;
    assert!(plan.claim(&keys::teams_kept()).is_none(), "nobody knows which teams stay");
    let gone = plan.claim(&keys::teams_gone()).unwrap();
    assert_eq!(gone.says, Predicate::NotInTeams { teams: vec!["Agency".to_owned()] });
    let names = crate::stage::names();
    let drafted = crate::stage::opened(reduce(|_| ()), &plan, &readings, names);
    let seen = drafted.case.observation(&keys::teams_gone()).unwrap();
    assert_eq!(seen.observation.state, State::Unknown, "{}", seen.observation.why);
    // Whatever comes through a team may go with it.
    assert!(!staying(&plan).iter().any(|(kind, _)| *kind == GrantKind::Team));
}
