//! What makes a list complete: control members, the number of those missing, siblings, witnesses, items read back by id.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use leaver_core::claim::{Claim, Predicate, Rung, State};
use leaver_core::effect::Act;
use leaver_core::event::{CaseState, Event};
use leaver_core::ids::ClaimKey;
use leaver_core::reading::{Failure, GrantKind, Reading, Snapshot};
use leaver_core::source::{Kind, What};
use leaver_core::write::Outcome;

use crate::bench::{Bench, FULL, QUIET, expect};
use crate::stage::furnished;
use crate::world::{LEAVER, Thing, address, colleague};

const SUBSCRIPTIONS: What = What::List(FULL, Kind::Subscription);

fn sends(bench: &Bench) -> Claim {
    bench.claim(&Predicate::NothingSends { project: FULL, kind: Kind::Subscription }, &[])
}

/// The items of the list that was read.
fn keep(bench: &mut Bench, what: &What, stays: impl Fn(&str) -> bool) {
    bench.alter(what, |reading| {
        let Ok(Snapshot::Items(items)) = &mut reading.result else { panic!("{what} is no list") };
        items.retain(|item| stays(&item.id));
    });
}

fn ids(bench: &Bench, kind: Kind) -> Vec<String> {
    bench.world.projects[&FULL].of(kind).map(|(id, _)| id.clone()).collect()
}

/// Everybody gone who could be taken for a recipient, and the subscriptions of a project with this many others.
fn with_subscriptions(others: usize) -> Bench {
    let mut world = furnished();
    for n in 0..others {
        world.put(3, Kind::Subscription, Thing::by(colleague(), &format!("Other {n}")).to(&["olga.berg@acme.example"]));
    }
    let mut bench = Bench::of(world);
    for thing in bench.world.projects.get_mut(&FULL).unwrap().things.get_mut(&Kind::Subscription).unwrap().values_mut()
    {
        thing.recipients.retain(|text| text != LEAVER);
    }
    bench
}

#[test]
fn every_control_member_must_be_on_the_member_list() {
    let mut bench = Bench::new();
    bench.world.delete_leaver();
    let claim = bench.claim(&Predicate::NotMember, &[]);
    bench.look(&claim);
    expect(&bench.judge(&claim), State::Holds, "the whole list");
    let good = bench.readings.clone();
    assert_eq!(bench.names.control.len(), 3, "two owners and the executor");
    for (id, _) in bench.names.control.clone() {
        bench.readings.clone_from(&good);
        bench.alter_roster(&What::Roster, |roster| roster.members.retain(|member| member.id != id));
        expect(&bench.judge(&claim), State::Unknown, "a control member is missing");
    }
    bench.readings = good;
    bench.names.control.truncate(1);
    expect(&bench.judge(&claim), State::Unknown, "one control member is no control");
    bench.names.control.clear();
    expect(&bench.judge(&claim), State::Unknown, "no control member is no control");
}

#[test]
fn more_than_two_members_missing_at_once_is_unknown() {
    for (gone, state) in [(1, State::Holds), (2, State::Holds), (3, State::Unknown), (6, State::Unknown)] {
        let mut bench = Bench::new();
        bench.world.projects.get_mut(&FULL).unwrap().restricted_view.clear();
        let claim = bench.claim(&Predicate::NotMember, &[]);
        bench.look(&claim);
        bench.alter_roster(&What::Roster, |roster| {
            // The leaver is one of those who are missing.
            let first = |id: &str| id.parse::<usize>().is_ok_and(|id| (10..9 + gone).contains(&id));
            roster
                .members
                .retain(|member| member.address != address(LEAVER) && !member.id.as_deref().is_some_and(first));
        });
        expect(&bench.judge(&claim), state, &format!("{gone} members are missing"));
    }
}

/// A list that is short once is short again at the next read: that is no proof either.
#[test]
fn a_member_list_that_stays_short_stays_unknown() {
    let mut bench = Bench::new();
    bench.world.projects.get_mut(&FULL).unwrap().restricted_view.clear();
    let claim = bench.claim(&Predicate::NotMember, &[]);
    for turn in 1..=3 {
        bench.now = bench.now.checked_add(SignedDuration::from_mins(5)).unwrap();
        bench.look(&claim);
        bench.alter_roster(&What::Roster, |roster| {
            roster.members.retain(|member| member.role != Some(leaver_core::reading::OrgRole::Member));
        });
        expect(
            &bench.judge(&claim),
            State::Unknown,
            &format!("eight of twelve members are missing, read number {turn}"),
        );
        let read = bench.event_of(&What::Roster);
        bench.add(read);
    }
}

/// A list that was not believed must not become the measure of the next one.
#[test]
fn a_member_list_that_was_not_believed_does_not_lower_the_measure() {
    let mut bench = Bench::new();
    bench.world.projects.get_mut(&FULL).unwrap().restricted_view.clear();
    let claim = bench.claim(&Predicate::NotMember, &[]);
    let control = bench.names.control[0].0.clone();
    for turn in 0..2 {
        bench.now = bench.now.checked_add(SignedDuration::from_mins(5)).unwrap();
        bench.look(&claim);
        bench.alter_roster(&What::Roster, |roster| {
            let forgotten = |id: Option<&str>| id.is_some_and(|id| ["10", "11", "12"].contains(&id));
            roster.members.retain(|member| member.address != address(LEAVER));
            roster.members.retain(|one| if turn == 0 { one.id != control } else { !forgotten(one.id.as_deref()) });
        });
        let why = ["a control member is missing", "four of twelve members are missing"];
        expect(&bench.judge(&claim), State::Unknown, why[turn]);
        let read = bench.event_of(&What::Roster);
        bench.add(read);
    }
}

#[test]
fn a_list_that_shows_the_account_is_never_outweighed_by_another_that_does_not() {
    let mut world = furnished();
    world.with_scim();
    let mut bench = Bench::of(world);
    let claim = bench.claim(&Predicate::NotMember, &[]);
    bench.look(&claim);
    bench.alter_roster(&What::ScimUsers, |list| list.members.retain(|member| member.address != address(LEAVER)));
    expect(&bench.judge(&claim), State::Broken, "the member list shows the account");
    // The member list lost a control member on the way, and still shows the account.
    let missing = bench.names.control[0].0.clone();
    bench.alter_roster(&What::Roster, |roster| roster.members.retain(|member| member.id != missing));
    let seen = bench.judge(&claim);
    assert_ne!(seen.state, State::Holds, "the member list shows the account: {}", seen.why);
}

#[test]
fn scim_and_the_data_views_stand_in_where_the_member_list_cannot_be_read() {
    let mut world = furnished();
    world.with_scim();
    world.open_views = true;
    let mut bench = Bench::of(world);
    let claim = bench.claim(&Predicate::NotMember, &[]);
    let unreadable = |reading: &mut Reading| reading.result = Err(Failure::Forbidden);
    let rung = |bench: &Bench, state: State, rung: Rung| {
        let seen = bench.judge(&claim);
        expect(&seen, state, &format!("{rung:?}"));
        assert_eq!(seen.rung, Some(rung));
    };
    bench.look(&claim);
    bench.alter(&What::Roster, unreadable);
    rung(&bench, State::Broken, Rung::Scim);
    bench.alter(&What::ScimUsers, unreadable);
    rung(&bench, State::Broken, Rung::Me);
    bench.world.delete_leaver();
    bench.look(&claim);
    bench.alter(&What::Roster, unreadable);
    rung(&bench, State::Holds, Rung::Scim);
    bench.alter(&What::ScimUsers, unreadable);
    rung(&bench, State::Holds, Rung::Me);
    let views = bench.readings.clone();
    bench.alter(&What::Me, |reading| {
        let Ok(Snapshot::Me(me)) = &mut reading.result else { panic!("it is /me") };
        me.view_members.retain(|member| member.address != Some(address("olga.berg@acme.example")));
        me.view_members.retain(|member| member.address != Some(address("otto.dahl@acme.example")));
    });
    expect(&bench.judge(&claim), State::Unknown, "one control member in the data views is no control");
    bench.readings = views;
    bench.alter(&What::Me, |reading| reading.to_the_end = false);
    expect(&bench.judge(&claim), State::Unknown, "the data views were cut short");
}

/// The data view that listed the account is not shown any more, because we lost our role there: that says nothing of the account.
#[test]
fn a_data_view_that_is_not_shown_any_more_proves_nothing() {
    let mut world = furnished();
    world.open_views = true;
    let mut bench = Bench::of(world);
    let claim = bench.claim(&Predicate::NotMember, &[]);
    bench.look(&claim);
    bench.alter(&What::Roster, |reading| reading.result = Err(Failure::Forbidden));
    bench.alter(&What::Me, |reading| {
        let Ok(Snapshot::Me(me)) = &mut reading.result else { panic!("it is /me") };
        me.projects.get_mut(&FULL).unwrap().role = None;
        me.view_members.retain(|member| member.project != FULL);
        // The other project's data view never listed the account.
        me.view_members.retain(|member| member.address != Some(address(LEAVER)));
    });
    expect(&bench.judge(&claim), State::Unknown, "the view that listed the account is not shown");
}

#[test]
fn what_the_member_list_does_not_show_is_unknown_and_never_none() {
    let mut bench = Bench::new();
    let lowest =
        bench.claim(&Predicate::RoleAtMost { role: leaver_core::reading::OrgRole::Member }, &[What::Me, What::Roster]);
    let grants = bench.claim(&Predicate::NoProjectGrant, &[What::Me, What::Roster]);
    bench.look(&lowest);
    bench.alter_roster(&What::Roster, |roster| {
        for member in &mut roster.members {
            member.role = None;
            member.grants = None;
        }
    });
    expect(&bench.judge(&lowest), State::Unknown, "no roles are shown");
    expect(&bench.judge(&grants), State::Unknown, "no grants are shown");
    let elsewhere = Predicate::NoGrantIn { projects: vec![QUIET] };
    expect(&bench.verdict(&elsewhere, &[What::Me, What::Roster]), State::Holds, "the only grant is in another project");
    for member in bench.world.members.values_mut() {
        member.grants.get_or_insert_default().iter_mut().for_each(|grant| grant.project = None);
    }
    expect(
        &bench.verdict(&elsewhere, &[What::Me, What::Roster]),
        State::Broken,
        "a grant to a project that is not named",
    );
}

#[test]
fn a_grant_of_any_kind_breaks_the_claim() {
    for kind in [GrantKind::Team, GrantKind::AllUsers, GrantKind::OrganizationRole, GrantKind::Unknown] {
        let mut bench = Bench::new();
        bench.world.members.values_mut().for_each(|member| member.grants = Some(Vec::new()));
        bench.world.grant(4, kind);
        let seen = bench.verdict(&Predicate::NoProjectGrant, &[What::Me, What::Roster]);
        expect(&seen, State::Broken, &format!("{kind:?}"));
    }
}

#[test]
fn scim_says_whether_it_is_active_or_nothing_is_known() {
    let mut world = furnished();
    world.with_scim();
    let mut bench = Bench::of(world);
    let claim = bench.claim(&Predicate::ScimInactive, &[What::Me, What::ScimUsers]);
    for (active, state) in [(Some(true), State::Broken), (Some(false), State::Holds), (None, State::Unknown)] {
        bench.look(&claim);
        bench.alter_roster(&What::ScimUsers, |list| {
            for member in &mut list.members {
                member.active = active;
            }
        });
        expect(&bench.judge(&claim), state, &format!("active: {active:?}"));
    }
    bench.world.delete_leaver();
    bench.look(&claim);
    expect(&bench.judge(&claim), State::Holds, "there is no record");
    let missing = bench.names.control[0].0.clone();
    bench.alter_roster(&What::ScimUsers, |list| list.members.retain(|member| member.id != missing));
    expect(&bench.judge(&claim), State::Unknown, "a control member is missing");
}

#[test]
fn an_empty_list_is_believed_only_beside_a_full_one_of_the_same_project_and_pass() {
    let mut bench = Bench::new();
    let claim = bench.claim(&Predicate::NothingSends { project: QUIET, kind: Kind::Alert }, &[]);
    let sibling = What::List(QUIET, Kind::Board);
    bench.look(&claim);
    expect(&bench.judge(&claim), State::Holds, "no alert, and a board beside it");
    let good = bench.readings.clone();
    bench.readings.remove(&sibling);
    expect(&bench.judge(&claim), State::Unknown, "no list beside it");
    let other = bench.world.read(&What::List(FULL, Kind::Board), bench.now);
    bench.readings.insert(What::List(FULL, Kind::Board), other.into());
    expect(&bench.judge(&claim), State::Unknown, "a list of another project beside it");
    bench.readings.clone_from(&good);
    keep(&mut bench, &sibling, |_| false);
    expect(&bench.judge(&claim), State::Unknown, "an empty list beside it");
    bench.readings.clone_from(&good);
    bench.alter(&sibling, |reading| reading.to_the_end = false);
    expect(&bench.judge(&claim), State::Unknown, "a list that was cut short beside it");
    bench.readings.clone_from(&good);
    bench.alter(&sibling, |reading| reading.result = Err(Failure::TimedOut));
    expect(&bench.judge(&claim), State::Unknown, "a failure beside it");
    bench.readings.clone_from(&good);
    bench.alter(&sibling, |reading| {
        reading.sent_at = reading.sent_at.checked_sub(SignedDuration::from_secs(601)).unwrap();
    });
    expect(&bench.judge(&claim), State::Unknown, "a list of an earlier pass beside it");
    bench.alter(&sibling, |reading| {
        reading.sent_at = reading.sent_at.checked_add(SignedDuration::from_secs(1)).unwrap();
    });
    expect(&bench.judge(&claim), State::Holds, "a list read ten minutes before is of the same pass");
}

#[test]
fn a_list_that_comes_empty_is_believed_only_when_everything_seen_there_answers_404() {
    let mut bench = with_subscriptions(0);
    let claim = sends(&bench);
    let all = ids(&bench, Kind::Subscription);
    bench.look(&claim);
    keep(&mut bench, &SUBSCRIPTIONS, |_| false);
    expect(&bench.judge(&claim), State::Unknown, "nobody asked for the single subscriptions");
    // The journal shows the empty list; now each subscription is asked for by id, and answers.
    let empty = bench.event_of(&SUBSCRIPTIONS);
    bench.add(empty);
    bench.look(&claim);
    keep(&mut bench, &SUBSCRIPTIONS, |_| false);
    assert!(all.iter().all(|id| bench.readings.contains_key(&What::Object(FULL, Kind::Subscription, id.clone()))));
    expect(&bench.judge(&claim), State::Unknown, "they are still there by id");
    for id in all.iter().skip(1) {
        bench.alter(&What::Object(FULL, Kind::Subscription, id.clone()), |reading| {
            reading.result = Ok(Snapshot::Absent);
        });
    }
    expect(&bench.judge(&claim), State::Unknown, "one is still there by id");
    let first = What::Object(FULL, Kind::Subscription, all[0].clone());
    bench.alter(&first, |reading| reading.result = Ok(Snapshot::Absent));
    expect(&bench.judge(&claim), State::Holds, "each answers 404");
    bench.alter(&first, |reading| reading.result = Err(Failure::NotFound));
    expect(&bench.judge(&claim), State::Unknown, "a path that is not known is no 404 of a thing");
}

#[test]
fn without_a_witness_a_list_says_nothing() {
    let mut bench = with_subscriptions(0);
    let claim = sends(&bench);
    bench.world.put(3, Kind::Subscription, Thing::by(colleague(), "New").to(&["olga.berg@acme.example"]));
    let old = ids(&bench, Kind::Subscription);
    let new = old.last().unwrap().clone();
    bench.look(&claim);
    keep(&mut bench, &SUBSCRIPTIONS, |id| id == new);
    expect(&bench.judge(&claim), State::Unknown, "nothing seen earlier is left, and nothing says that it is gone");
    for id in old.iter().filter(|id| **id != new) {
        let what = What::Object(FULL, Kind::Subscription, id.clone());
        let mut gone = bench.world.read(&what, bench.now);
        gone.result = Ok(Snapshot::Absent);
        bench.readings.insert(what, gone.into());
    }
    expect(&bench.judge(&claim), State::Holds, "everything seen earlier is gone by id");
}

#[test]
fn more_than_two_or_a_tenth_missing_at_once_is_unknown_unless_each_is_gone_by_id() {
    for (others, missing, state) in
        [(7, 2, State::Holds), (7, 3, State::Unknown), (27, 3, State::Holds), (27, 4, State::Unknown)]
    {
        let mut bench = with_subscriptions(others);
        let claim = sends(&bench);
        let cut: BTreeSet<String> = ids(&bench, Kind::Subscription).into_iter().rev().take(missing).collect();
        bench.look(&claim);
        keep(&mut bench, &SUBSCRIPTIONS, |id| !cut.contains(id));
        expect(&bench.judge(&claim), state, &format!("{missing} of {} are missing", others + 3));
        for id in &cut {
            let what = What::Object(FULL, Kind::Subscription, id.clone());
            let mut gone = bench.world.read(&what, bench.now);
            gone.result = Ok(Snapshot::Absent);
            bench.readings.insert(what, gone.into());
        }
        expect(&bench.judge(&claim), State::Holds, "each is gone by id");
    }
}

#[test]
fn what_we_deleted_ourselves_is_not_missed() {
    let mut bench = with_subscriptions(0);
    let claim = sends(&bench);
    for id in ids(&bench, Kind::Subscription) {
        let act = Act::TakeOut { project: FULL, kind: Kind::Subscription, id: id.clone() };
        bench.acted(claim.key.as_str(), act, Outcome::Done { created: None }, None);
        bench.world.projects.get_mut(&FULL).unwrap().things.get_mut(&Kind::Subscription).unwrap().remove(&id);
    }
    bench.look(&claim);
    expect(&bench.judge(&claim), State::Holds, "all are gone by our own hand, and read back as gone");
}

#[test]
fn what_once_sent_is_acquitted_by_its_own_id_and_not_by_the_list() {
    let mut bench = Bench::new();
    let claim = sends(&bench);
    let weekly = bench.id(Kind::Subscription, "Weekly");
    bench.look(&claim);
    // The list forgets one of three; that is within what is tolerated.
    keep(&mut bench, &SUBSCRIPTIONS, |id| id != weekly);
    let seen = bench.judge(&claim);
    expect(&seen, State::Broken, "it still sends, whatever the list shows");
    assert!(seen.instances.contains(&weekly));
    bench.readings.remove(&What::Object(FULL, Kind::Subscription, weekly));
    expect(&bench.judge(&claim), State::Unknown, "it was not read by id");
}

#[test]
fn a_webhook_that_vanished_is_unknown_because_no_call_shows_it_by_itself() {
    let mut bench = Bench::new();
    let claim = bench.claim(&Predicate::NothingSends { project: FULL, kind: Kind::Webhook }, &[]);
    let hook = bench.id(Kind::Webhook, "Agency hook");
    bench.look(&claim);
    keep(&mut bench, &What::List(FULL, Kind::Webhook), |id| id != hook);
    expect(&bench.judge(&claim), State::Unknown, "the webhook is not listed any more");
}

#[test]
fn service_accounts_are_believed_only_beside_our_own_and_a_404_for_each_suspect() {
    let mut bench = Bench::new();
    let claim = bench.claim(&Predicate::NoServiceAccountBy, &[]);
    let theirs: Vec<String> = bench.robots().iter().map(ToString::to_string).collect();
    bench.look(&claim);
    keep(&mut bench, &What::ServiceAccounts, |id| !theirs.iter().any(|theirs| theirs == id));
    let seen = bench.judge(&claim);
    expect(&seen, State::Broken, "they answer by id, whatever the list shows");
    assert_eq!(seen.instances, theirs);
    bench.look(&claim);
    keep(&mut bench, &What::ServiceAccounts, |id| id != crate::world::OWN_ID);
    expect(&bench.judge(&claim), State::Unknown, "our own account is not shown");
    bench.look(&claim);
    let first = What::ServiceAccount(bench.robots()[0]);
    bench.alter(&first, |reading| reading.result = Ok(Snapshot::Absent));
    expect(&bench.judge(&claim), State::Unknown, "it is listed and answers 404");
    bench.names.own_username = None;
    bench.look(&claim);
    expect(&bench.judge(&claim), State::Unknown, "our own user name is not known");
}

#[test]
fn nothing_of_this_depends_on_the_state_of_the_case() {
    for state in [CaseState::Running, CaseState::Held, CaseState::Closed, CaseState::Cancelled] {
        let mut bench = Bench::new();
        bench.add(Event::Moved { to: state, why: "for the test".to_owned() });
        expect(&bench.verdict(&Predicate::NotMember, &[]), State::Broken, state.word());
        assert!(bench.case.suspects(&ClaimKey::from("member.gone")).contains("42"));
    }
}

/// SCIM may list the people of claimed domains alone: whom it never showed is not gone because it does not show them.
#[test]
fn scim_that_never_showed_the_account_proves_no_absence() {
    let mut world = furnished();
    world.with_scim();
    let mut bench = Bench::of(world);
    bench.world.projects.get_mut(&FULL).unwrap().restricted_view.clear();
    let claim = bench.claim(&Predicate::NotMember, &[]);
    for (shown, state) in [(true, State::Holds), (false, State::Unknown)] {
        if !shown {
            let mut history = bench.history.clone();
            for stamped in &mut history {
                if let leaver_core::event::Event::Read { what: What::ScimUsers, ids, .. } = &mut stamped.event {
                    *ids = None;
                }
            }
            bench.case = leaver_core::case::Case::fold(&history).unwrap();
        }
        bench.look(&claim);
        bench.alter(&What::Roster, |reading| reading.result = Err(Failure::Forbidden));
        bench.alter(&What::Me, |reading| {
            let Ok(Snapshot::Me(me)) = &mut reading.result else { panic!("it is /me") };
            me.view_members.clear();
        });
        bench.alter_roster(&What::ScimUsers, |roster| roster.members.retain(|one| one.address != address(LEAVER)));
        expect(&bench.judge(&claim), state, &format!("SCIM showed the account before: {shown}"));
    }
}

/// Whoever was raised after the approval is somebody else's decision.
#[test]
fn a_role_that_was_raised_is_seen() {
    let mut bench = Bench::new();
    let claim = bench.claim(&Predicate::RoleKept, &[What::Me, What::Roster]);
    bench.look(&claim);
    expect(&bench.judge(&claim), State::Holds, "the role is what the approver saw");
    bench.alter_roster(&What::Roster, |roster| {
        let leaver = roster.members.iter_mut().find(|one| one.address == address(LEAVER)).unwrap();
        leaver.role = Some(leaver_core::reading::OrgRole::Owner);
    });
    expect(&bench.judge(&claim), State::Broken, "the leaver is an owner now");
}
