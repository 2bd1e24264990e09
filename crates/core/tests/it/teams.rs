//! Teams: shown in the plan, taken out of by a claim, and never said to be left on an answer that does not show who is in them.

use std::sync::Arc;

use leaver_core::claim::{Claim, Predicate, Remedy, Rung, State};
use leaver_core::method::Method;
use leaver_core::plan::{FindingKind, Plan, Request, keys};
use leaver_core::reading::{Failure, Maker, OrgRole, Snapshot, Teams};
use leaver_core::source::What;

use crate::bench::{Bench, expect};
use crate::stage::{START, Wish, furnished, inventory, request};
use crate::world::{LEAVER, address};

fn shown(plan: &Plan, kind: FindingKind, object: &str) -> Vec<String> {
    let found = plan.findings.iter().filter(|finding| finding.kind == kind);
    found.filter(|finding| finding.object.as_deref() == Some(object)).map(|finding| finding.says.clone()).collect()
}

/// Changes the teams that were read.
fn alter(bench: &mut Bench, change: impl FnOnce(&mut Teams)) {
    bench.alter(&What::Teams, |reading| {
        let Ok(Snapshot::Teams(list)) = &mut reading.result else { panic!("they are teams") };
        change(list);
    });
}

/// What an answer about teams may leave out.
type Change = fn(&mut Teams);

/// The claim, with the leaver out of every team, and everything read.
fn left() -> (Bench, Claim) {
    let mut bench = Bench::new();
    bench.world.leave_teams(|_| true);
    let claim = bench.plan().claim(&keys::teams_gone()).unwrap().clone();
    bench.look(&claim);
    (bench, claim)
}

#[test]
fn the_plan_shows_each_team_with_what_it_gives() {
    let world = furnished();
    let plan = Wish::new(request()).plan(&inventory(&world, START)).unwrap();
    let teams = plan.plan.subject.teams.clone().unwrap();
    assert_eq!(teams.iter().map(|pinned| pinned.team.as_str()).collect::<Vec<_>>(), ["70"]);
    assert_eq!(teams[0].beside, ["10", "11"], "who else is in it witnesses that its members are shown");
    assert_eq!(
        shown(&plan.plan, FindingKind::Grant, "team/70"),
        ["the leaver is in this team, which gives project 4 as analyst"]
    );
    assert_eq!(shown(&plan.plan, FindingKind::Grant, "team/71"), Vec::<String>::new());
    assert_eq!(plan.labels["team/70"], "team 70");
    let text = String::from_utf8(plan.plan.to_bytes().unwrap()).unwrap();
    assert!(!text.contains("team 70"), "no title in a plan");
    let view = plan.plan.findings.iter().find(|finding| finding.runbook == "BEYOND-3").unwrap();
    assert_eq!(view.object.as_deref(), Some("project/3/data-view/31"), "restricted views are shown too");
}

#[test]
fn what_no_read_shows_is_unknown_and_never_none() {
    let world = furnished();
    let mut readings = inventory(&world, START);
    let with = |change: &dyn Fn(&mut Teams)| {
        let mut readings = readings.clone();
        let Ok(Snapshot::Teams(list)) = &mut Arc::make_mut(readings.get_mut(&What::Teams).unwrap()).result else {
            panic!("they are teams")
        };
        change(list);
        Wish::new(request()).plan(&readings).unwrap().plan
    };
    let silent = with(&|list| list.teams[0].members = None);
    assert!(shown(&silent, FindingKind::NotSeen, "team/70")[0].contains("unknown, not none"));
    let silent = with(&|list| list.teams[0].grants = None);
    assert!(shown(&silent, FindingKind::Grant, "team/70")[0].contains("unknown, not none"));
    // The model's member list shows individual grants alone.
    let kinds = |plan: &Plan| {
        let says =
            |finding: &&leaver_core::plan::Finding| finding.says.starts_with("no read shows a grant of this kind");
        plan.findings.iter().find(says).map(|finding| finding.says.clone()).unwrap_or_default()
    };
    assert!(kinds(&silent).contains("all-users, organization-role"), "{}", kinds(&silent));
    assert!(!kinds(&silent).contains("individual") && !kinds(&silent).contains("team,"), "{}", kinds(&silent));
    Arc::make_mut(readings.get_mut(&What::Teams).unwrap()).result = Err(Failure::Forbidden);
    let blind = Wish::new(request()).plan(&readings).unwrap().plan;
    assert_eq!(blind.subject.teams, None);
    assert!(
        shown(&blind, FindingKind::NotSeen, "teams")[0].ends_with("which teams the leaver is in is unknown, not none")
    );
    assert!(kinds(&blind).contains("team"), "{}", kinds(&blind));
    assert!(blind.claim(&keys::teams_gone()).is_some(), "unknown, and a claim all the same");
}

#[test]
fn deleting_ends_teams_by_itself_and_revoking_takes_the_person_out_of_each() {
    let world = furnished();
    let plan = |method| Wish::new(Request { method, ..request() }).plan(&inventory(&world, START)).unwrap().plan;
    let delete = plan(Method::Delete);
    assert_eq!(delete.claim(&keys::teams_gone()).unwrap().needs, [keys::member_gone()], "nobody clicks there before");
    let revoke = plan(Method::Revoke);
    let teams = revoke.claim(&keys::teams_gone()).unwrap();
    assert!(teams.needs.is_empty() && matches!(teams.remedy, Remedy::Guided(_)));
    let mut bench = Bench::new();
    let seen = bench.verdict(&Predicate::NoTeam, &[]);
    assert_eq!((seen.state, seen.instances), (State::Broken, vec!["70".to_owned()]));
}

#[test]
fn a_team_that_does_not_show_who_is_in_it_proves_nothing() {
    let (mut bench, claim) = left();
    expect(&bench.judge(&claim), State::Holds, "the others of the team are still shown");
    let rows: [(&str, Change); 6] = [
        ("its members came empty", |list| list.teams[0].members = Some(Vec::new())),
        ("its members are not shown", |list| list.teams[0].members = None),
        ("another team does not show its members", |list| list.teams[1].members = None),
        ("somebody in it has a name alone", |list| {
            let nameless = Maker { name: Some("M. L.".to_owned()), ..Maker::default() };
            list.teams[0].members.as_mut().unwrap().push(nameless);
        }),
        ("the team is not on the list", |list| list.teams.retain(|team| team.id != "70")),
        ("the list came empty", |list| list.teams.clear()),
    ];
    for (when, change) in rows {
        let (mut bench, claim) = left();
        alter(&mut bench, change);
        expect(&bench.judge(&claim), State::Unknown, when);
    }
    // By the address alone, under another id.
    alter(&mut bench, |list| {
        list.teams[1].members.as_mut().unwrap().push(Maker { address: Some(address(LEAVER)), ..Maker::default() });
    });
    let seen = bench.judge(&claim);
    assert_eq!(
        (seen.state, seen.instances),
        (State::Broken, vec!["71".to_owned()]),
        "and a team joined since is found"
    );
}

#[test]
fn a_member_list_without_the_person_proves_it_where_no_team_can_be_read() {
    let mut bench = Bench::new();
    bench.world.delete_leaver();
    let claim = bench.plan().claim(&keys::teams_gone()).unwrap().clone();
    bench.look(&claim);
    bench.alter(&What::Teams, |reading| reading.result = Err(Failure::Forbidden));
    let seen = bench.judge(&claim);
    assert_eq!((seen.state, seen.rung), (State::Holds, Some(Rung::Roster)), "{}", seen.why);
    // A team that still lists the account outweighs that.
    let mut ghost = Bench::new();
    ghost.world.delete_leaver();
    ghost.world.teams.get_mut("71").unwrap().0.insert("42".to_owned());
    expect(&ghost.verdict(&Predicate::NoTeam, &[]), State::Broken, "a ghost in a team");
}

#[test]
fn groups_of_scim_name_people_by_their_scim_ids() {
    let mut world = furnished();
    world.with_scim();
    let mut bench = Bench::of(world);
    bench.world.leave_teams(|_| true);
    let claim = bench.plan().claim(&keys::teams_gone()).unwrap().clone();
    bench.look(&claim);
    let by_id = |list: &mut Teams, id: &str| {
        list.by_scim = true;
        for member in list.teams.iter_mut().flat_map(|team| team.members.iter_mut().flatten()) {
            member.address = None;
        }
        let leaver = Maker { id: Some(id.to_owned()), ..Maker::default() };
        list.teams[0].members.as_mut().unwrap().push(leaver);
    };
    alter(&mut bench, |list| by_id(list, "42"));
    let seen = bench.judge(&claim);
    assert_eq!((seen.state, seen.rung), (State::Broken, Some(Rung::Scim)), "{}", seen.why);
}

#[test]
fn a_grant_through_a_team_contradicts_teams_that_list_nobody() {
    let (mut bench, claim) = left();
    bench.world.grant(3, leaver_core::reading::GrantKind::Team);
    bench.look(&claim);
    expect(&bench.judge(&claim), State::Unknown, "the member list shows a grant through a team");
    let (mut bench, claim) = left();
    bench.world.members.get_mut("42").unwrap().role = Some(OrgRole::Member);
    bench.look(&claim);
    expect(&bench.judge(&claim), State::Holds, "and without one it holds");
}
