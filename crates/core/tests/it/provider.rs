//! The identity provider's ways: what a plan makes of them, what a read says of each, and what is sent.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use leaver_core::claim::{Choice, Claim, ClaimKind, Guide, Predicate, Remedy, Rung, State};
use leaver_core::decide::{Command, decide};
use leaver_core::effect::{Act, Effect};
use leaver_core::event::{Event, Identity};
use leaver_core::ids::{ClaimKey, ProjectId};
use leaver_core::judge::Readings;
use leaver_core::method::{Method, Urgency};
use leaver_core::plan::{FindingKind, Plan, Policy, Treated, keys};
use leaver_core::prepare::{Prepared, prepare, reads_before};
use leaver_core::provider::{Application, ByHand, GroupKind, Job, LogEntry, LogEvent, Way, Ways};
use leaver_core::reading::{Failure, Snapshot};
use leaver_core::source::What;
use leaver_core::write::{Outcome, Write};

use crate::bench::{Bench, FULL};
use crate::stage::{APPROVER, START, Wish, furnished, inventory, person, read_into, request};
use crate::world::{ACCOUNT, World, address};

fn connected(change: impl FnOnce(&mut Ways)) -> World {
    let mut world = furnished();
    world.with_provider();
    change(world.provider.as_mut().unwrap());
    world
}

fn plan_of(world: &World) -> Plan {
    Wish::new(request()).plan(&inventory(world, START)).unwrap().plan
}

fn claim<'p>(plan: &'p Plan, way: &Way) -> Option<&'p Claim> {
    plan.claim(&keys::way(way))
}

fn group(id: &str) -> Way {
    Way::Group(id.to_owned())
}

fn rule() -> Way {
    Way::Rule("0pr1".to_owned())
}

/// What is judged of a way when the world has become this after the plan.
fn judged(change: impl FnOnce(&mut Ways), way: &Way) -> (State, String) {
    let mut bench = Bench::of(connected(|_| {}));
    change(bench.world.provider.as_mut().unwrap());
    let plan = bench.plan();
    let claim = plan.claim(&keys::way(way)).unwrap();
    bench.look(claim);
    let seen = bench.judge(claim);
    (seen.state, seen.why)
}

#[test]
fn every_way_is_a_claim_and_they_come_in_their_order() {
    let plan = plan_of(&connected(|ways| ways.self_service = Some(true)));
    assert_eq!(plan.subject.provider_id.as_deref(), Some(ACCOUNT));
    let by_group = claim(&plan, &group("00g1")).unwrap();
    assert_eq!(by_group.remedy, Remedy::Automatic);
    assert!(claim(&plan, &group("00g2")).is_none(), "the account is not in it");
    let direct = claim(&plan, &Way::Direct).unwrap();
    assert!(direct.needs.contains(&by_group.key) && direct.final_act, "the provider refuses it before: E0000046");
    assert_eq!(claim(&plan, &rule()).unwrap().remedy, Remedy::Guided(Guide::LeaveOutOfRule));
    assert_eq!(claim(&plan, &rule()).unwrap().needs, std::slice::from_ref(&by_group.key));
    assert_eq!(claim(&plan, &Way::SelfService).unwrap().remedy, Remedy::Guided(Guide::EndSelfService));
    let any = claim(&plan, &Way::Any).unwrap();
    let ways = [group("00g1"), rule(), Way::Direct, Way::SelfService];
    assert_eq!(
        any.needs.iter().collect::<BTreeSet<_>>(),
        ways.iter().map(keys::way).collect::<Vec<_>>().iter().collect()
    );
    assert!(
        plan.claim(&keys::member_gone()).unwrap().needs.contains(&any.key),
        "the provider comes before the account"
    );
    let covered = plan.scope.iter().find(|line| line.id == "SSO-1").unwrap();
    assert_eq!(covered.treated, leaver_core::plan::Treated::Claim);
    let without = plan_of(&furnished());
    assert!(claim(&without, &Way::Any).is_none() && without.subject.provider_id.is_none(), "no provider is configured");
}

#[test]
fn who_hurries_closes_both_at_once_and_a_reduction_leaves_the_ways() {
    let world = connected(|_| {});
    for urgency in [Urgency::Emergency, Urgency::Immediate] {
        let mut wish = Wish::new(request());
        wish.request.urgency = urgency;
        let plan = wish.plan(&inventory(&world, START)).unwrap().plan;
        assert!(claim(&plan, &Way::Any).is_some());
        assert!(!plan.claim(&keys::member_gone()).unwrap().needs.contains(&keys::way(&Way::Any)), "{urgency:?}");
    }
    let mut wish = Wish::new(request());
    wish.request.method = Method::Reduce;
    wish.request.projects = vec![FULL];
    let plan = wish.plan(&inventory(&world, START)).unwrap().plan;
    assert!(!plan.claims.iter().any(|claim| matches!(claim.says, Predicate::NoWayIn { .. })), "they stay");
    assert!(plan.findings.iter().any(|finding| finding.runbook == "SSO-1"), "and the approver reads of them");
}

#[test]
fn what_cannot_be_closed_for_one_person_is_guided_and_another_application_is_a_decision() {
    let kind_of = |kind: GroupKind, also: Option<Vec<Application>>| {
        let plan = plan_of(&connected(|ways| {
            ways.groups[0].kind = kind;
            ways.groups[0].also = also;
        }));
        claim(&plan, &group("00g1")).unwrap().clone()
    };
    assert_eq!(kind_of(GroupKind::Imported, None).remedy, Remedy::Guided(Guide::LeaveImportedGroup));
    assert_eq!(kind_of(GroupKind::Everyone, None).remedy, Remedy::Guided(Guide::UnassignEveryone));
    assert_eq!(kind_of(GroupKind::Own, None).remedy, Remedy::Guided(Guide::CloseWays), "what else it gives is unknown");
    let wiki = Application { id: "0oawiki".to_owned(), name: "Wiki".to_owned() };
    assert_eq!(kind_of(GroupKind::Everyone, None).also_affects.len(), 1, "everybody else loses it with the click");
    let wide = kind_of(GroupKind::Own, Some(vec![wiki]));
    assert_eq!(wide.also_affects, ["provider/application/0oawiki"]);
    assert_eq!(wide.options[0], Choice::Proceed);
    let world = connected(|ways| {
        ways.groups[0].also = Some(vec![Application { id: "0oawiki".to_owned(), name: "Wiki".to_owned() }]);
    });
    assert!(!plan_of(&world).choices.contains_key(&keys::way(&group("00g1"))), "nobody has said yes to that");
}

#[test]
fn two_live_accounts_block_and_one_that_has_ended_does_not() {
    let mut world = connected(|_| {});
    let readings = |world: &World| inventory(world, START);
    let mut other = world.provider.as_ref().unwrap().account.clone().unwrap();
    other.id = "00u43".to_owned();
    let what = What::ProviderAccounts(crate::stage::person(crate::stage::LEAVES));
    let with = |world: &World, other: &leaver_core::provider::ProviderAccount| {
        let mut readings = readings(world);
        let mut reading = (*readings[&what]).clone();
        let Ok(Snapshot::Accounts(accounts)) = &mut reading.result else { panic!() };
        accounts.push(other.clone());
        readings.insert(what.clone(), std::sync::Arc::new(reading));
        Wish::new(request()).plan(&readings).unwrap().plan
    };
    assert!(with(&world, &other).blockers.iter().any(|blocker| blocker.code == "L114"));
    other.live = false;
    let plan = with(&world, &other);
    assert!(plan.blockers.iter().all(|blocker| blocker.code != "L114"));
    assert_eq!(plan.subject.provider_id.as_deref(), Some(ACCOUNT), "the live one is the leaver's");
    world.provider.as_mut().unwrap().account = None;
    let plan = plan_of(&world);
    assert_eq!(claim(&plan, &Way::Any).unwrap().says, Predicate::NoWayIn { account: String::new(), way: Way::Any });
}

#[test]
fn each_way_is_judged_by_what_was_read_of_it() {
    let out = |ways: &mut Ways| ways.groups[0].member = false;
    let excluded = |ways: &mut Ways| {
        ways.rules[0].excluded.insert(ACCOUNT.to_owned());
    };
    let unassigned = |ways: &mut Ways| ways.assignment = None;
    let all = |ways: &mut Ways| {
        out(ways);
        excluded(ways);
        unassigned(ways);
    };
    let state = |change: &dyn Fn(&mut Ways), way: &Way| judged(change, way).0;
    for (way, closes) in
        [(group("00g1"), &out as &dyn Fn(&mut Ways)), (rule(), &excluded), (Way::Direct, &unassigned), (Way::Any, &all)]
    {
        assert_eq!(state(&|_| {}, &way), State::Broken, "{way:?}");
        assert_eq!(state(closes, &way), State::Holds, "{way:?}");
    }
    let off = |ways: &mut Ways| ways.rules[0].active = false;
    let gone = |ways: &mut Ways| ways.rules.clear();
    assert_eq!((state(&off, &rule()), state(&gone, &rule())), (State::Holds, State::Holds));
    let by_group = |ways: &mut Ways| ways.assignment.as_mut().unwrap().direct = false;
    assert_eq!(state(&by_group, &Way::Direct), State::Holds, "it has it through the group alone");
    let ended = |ways: &mut Ways| ways.assignment.as_mut().unwrap().live = false;
    assert_eq!(state(&ended, &Way::Direct), State::Holds);
    // One of them alone is enough to be let in.
    let but = |open: &'static dyn Fn(&mut Ways)| {
        move |ways: &mut Ways| {
            all(ways);
            open(ways);
        }
    };
    assert_eq!(state(&but(&|ways| ways.groups[1].member = true), &Way::Any), State::Broken, "a group of later");
    assert_eq!(state(&but(&|ways| ways.rules[0].excluded.clear()), &Way::Any), State::Broken);
    let of_later = |ways: &mut Ways| {
        let mut later = ways.rules[0].clone();
        later.id = "0pr2".to_owned();
        later.excluded.clear();
        ways.rules.push(later);
    };
    assert_eq!(
        state(
            &move |ways: &mut Ways| {
                all(ways);
                of_later(ways);
            },
            &Way::Any
        ),
        State::Broken,
        "a rule of later"
    );
    let account_gone = |ways: &mut Ways| ways.account = None;
    assert_eq!(state(&account_gone, &group("00g1")), State::Holds, "whoever is not there is in no group");
}

#[test]
fn what_shows_nothing_proves_nothing() {
    let nobody = |ways: &mut Ways| {
        ways.others = 0;
        ways.assignment = None;
        ways.groups.clear();
    };
    for way in [group("00g1"), Way::Direct, Way::Any] {
        let (state, why) = judged(nobody, &way);
        assert_eq!(state, State::Unknown, "{way:?}: {why}");
    }
    let silent = |ways: &mut Ways| ways.self_service = None;
    let mut bench = Bench::of(connected(|ways| ways.self_service = Some(true)));
    silent(bench.world.provider.as_mut().unwrap());
    let plan = bench.plan();
    let asking = plan.claim(&keys::way(&Way::SelfService)).unwrap();
    bench.look(asking);
    assert_eq!(bench.judge(asking).state, State::Unknown);
    // A list that lost the group is believed only where the group itself says that it gives nothing.
    let mut bench = Bench::of(connected(|_| {}));
    let plan = bench.plan();
    let claim = plan.claim(&keys::way(&group("00g1"))).unwrap();
    bench.world.provider.as_mut().unwrap().groups.remove(0);
    bench.look(claim);
    assert_eq!(bench.judge(claim).state, State::Holds);
    bench.alter(&What::GroupGives("00g1".to_owned()), |reading| reading.result = Ok(Snapshot::Gives(true)));
    assert_eq!(bench.judge(claim).state, State::Unknown, "it still says that it gives the application");
}

/// A bench in which every way was closed an hour ago, with what the log tells; and the claim of that key, looked at.
fn closed(key: &ClaimKey, log: &[(i64, LogEvent)]) -> (Bench, Claim) {
    closed_in(connected(|_| {}), key, log)
}

fn closed_in(world: World, key: &ClaimKey, log: &[(i64, LogEvent)]) -> (Bench, Claim) {
    let mut bench = Bench::of(world);
    let act = Act::LeaveGroup { account: ACCOUNT.to_owned(), group: "00g1".to_owned() };
    bench.apply(&Write::LeaveGroup { account: ACCOUNT.to_owned(), group: "00g1".to_owned() });
    bench.acted("sso.group:00g1", act, Outcome::Done { created: None }, None);
    bench.apply(&Write::Unassign { account: ACCOUNT.to_owned(), assignment: None });
    let last = Act::Unassign { account: ACCOUNT.to_owned() };
    bench.acted("sso.direct", last, Outcome::Done { created: None }, None);
    let changed = bench.now;
    bench.now = changed.checked_add(SignedDuration::from_hours(1)).unwrap();
    let at = |minutes: i64| changed.checked_add(SignedDuration::from_mins(minutes)).unwrap();
    bench.world.provider_log =
        log.iter().map(|(minutes, event)| LogEntry { at: at(*minutes), event: *event }).collect();
    let claim = bench.plan().claim(key).unwrap().clone();
    bench.look(&claim);
    (bench, claim)
}

#[test]
fn a_sign_in_is_shown_to_fail_by_the_settings_or_by_the_persons_own_attempt() {
    let key = keys::login_fails();
    let seen = |log: &[(i64, LogEvent)]| {
        let (bench, claim) = closed(&key, log);
        bench.judge(&claim)
    };
    let quiet = seen(&[(-90, LogEvent::SignedIn)]);
    assert_eq!((quiet.state, quiet.rung), (State::Holds, Some(Rung::Provider)), "{}", quiet.why);
    assert!(quiet.why.contains("not tested live"), "{}", quiet.why);
    let refused = seen(&[(-90, LogEvent::SignedIn), (30, LogEvent::Refused)]);
    assert_eq!((refused.state, refused.rung), (State::Holds, Some(Rung::ProviderLog)), "{}", refused.why);
    let inside = seen(&[(20, LogEvent::Refused), (30, LogEvent::SignedIn)]);
    assert_eq!((inside.state, inside.rung), (State::Broken, Some(Rung::ProviderLog)), "{}", inside.why);

    for (failure, state) in [
        (Failure::Forbidden, State::Holds),
        (Failure::NotFound, State::Holds),
        (Failure::Server { status: 500 }, State::Unknown),
        (Failure::Limited { after_seconds: 9 }, State::Unknown),
        (Failure::Html, State::Unknown),
    ] {
        // From the plan on, and never otherwise.
        let mut world = connected(|_| {});
        world.provider_log_fails = Some(failure.clone());
        let (bench, claim) = closed_in(world, &key, &[]);
        let seen = bench.judge(&claim);
        assert_eq!(seen.state, state, "{failure}: {}", seen.why);
        assert!(state == State::Unknown || seen.why.contains("may not read"), "{}", seen.why);
    }
    let mut open = Bench::of(connected(|_| {}));
    let claim = open.plan().claim(&key).unwrap().clone();
    assert_eq!(claim.runbook, ["SSO-5", "VERIFY-2"]);
    open.look(&claim);
    assert_eq!(open.judge(&claim).state, State::Broken, "a way is open");
}

#[test]
fn two_cycles_pass_before_anybody_says_that_nobody_comes_back() {
    let key = keys::not_recreated();
    // The account is seen gone an hour after the last change at the provider; so many hours later somebody looks.
    let seen = |hours: i64, gone: bool, log: &[(i64, LogEvent)]| {
        let (mut bench, claim) = closed(&key, log);
        if gone {
            bench.world.delete_leaver();
            let member = bench.plan().claim(&keys::member_gone()).unwrap().clone();
            bench.look(&member);
            let mut observation = bench.judge(&member);
            observation.state = State::Holds;
            bench.add(Event::Observed { claim: keys::member_gone(), observation });
        }
        bench.now = bench.now.checked_add(SignedDuration::from_hours(hours)).unwrap();
        bench.look(&claim);
        bench.judge(&claim)
    };
    let held = seen(2, true, &[]);
    assert_eq!(held.state, State::Holds, "{}", held.why);
    let early = seen(1, true, &[]);
    assert!(early.state == State::Broken && early.why.contains("its two cycles are over at 20"), "{}", early.why);
    assert_eq!(early.instances, Vec::<String>::new(), "nobody is asked: time alone is awaited");
    assert_eq!(seen(3, false, &[]).state, State::Broken, "the account is there");
    let made = seen(3, true, &[(90, LogEvent::Provisioned)]);
    assert_eq!((made.state, made.rung), (State::Broken, Some(Rung::ProviderLog)), "{}", made.why);
    assert_eq!(made.instances, [ACCOUNT], "somebody has to look");
    let before = [(-90, LogEvent::Provisioned), (10, LogEvent::Deprovisioned)];
    assert_eq!(seen(3, true, &before).state, State::Holds);
}

#[test]
fn a_log_that_was_read_once_is_missed() {
    let (mut bench, claim) = closed(&keys::login_fails(), &[(20, LogEvent::SignedIn)]);
    let log = What::ProviderLog(ACCOUNT.to_owned());
    let event = bench.event_of(&log);
    bench.add(event);
    assert_eq!(bench.judge(&claim).state, State::Broken);
    bench.alter(&log, |reading| reading.result = Err(Failure::Forbidden));
    assert_eq!(
        bench.judge(&claim).state,
        State::Unknown,
        "a sign-in is not forgotten because nobody may read of it now"
    );
}

#[test]
fn whoever_was_refused_after_a_sign_in_is_out() {
    let (bench, claim) = closed(&keys::login_fails(), &[(20, LogEvent::SignedIn), (40, LogEvent::Refused)]);
    let seen = bench.judge(&claim);
    assert_eq!((seen.state, seen.rung), (State::Holds, Some(Rung::ProviderLog)), "{}", seen.why);
}

#[test]
fn a_read_that_failed_does_not_move_the_time_from_which_a_sign_in_counts() {
    let (mut bench, claim) = closed(&keys::login_fails(), &[(90, LogEvent::SignedIn)]);
    let any = bench.plan().claim(&keys::way(&Way::Any)).unwrap().clone();
    let hour = SignedDuration::from_hours(1);
    for state in [State::Holds, State::Unknown, State::Holds] {
        bench.look(&any);
        let mut observation = bench.judge(&any);
        observation.state = state;
        bench.add(Event::Observed { claim: any.key.clone(), observation });
        bench.now = bench.now.checked_add(hour).unwrap();
    }
    bench.look(&claim);
    let seen = bench.judge(&claim);
    assert_eq!(seen.state, State::Broken, "{}", seen.why);
}

#[test]
fn an_account_that_has_ended_opens_nothing_but_its_own_groups() {
    let ended = |ways: &mut Ways| {
        let account = ways.account.as_mut().unwrap();
        account.live = false;
        account.status = "DEPROVISIONED".to_owned();
    };
    assert_eq!(judged(ended, &rule()).0, State::Holds, "a rule puts nobody anywhere who has ended");
    assert_eq!(judged(ended, &group("00g1")).0, State::Broken, "from which it is taken");
    for kind in [GroupKind::Everyone, GroupKind::Imported] {
        let of_kind = |ways: &mut Ways| {
            ended(ways);
            ways.groups[0].kind = kind;
            ways.assignment = None;
        };
        assert_eq!(judged(of_kind, &group("00g1")).0, State::Holds, "{kind:?}");
        assert_eq!(judged(of_kind, &Way::Any).0, State::Holds, "{kind:?}: {}", judged(of_kind, &Way::Any).1);
    }
    assert_eq!(judged(|ways| ways.account = None, &rule()).0, State::Holds);
}

#[test]
fn a_provider_that_cannot_be_read_blocks_the_plan_and_holds_up_no_emergency() {
    let world = connected(|_| {});
    let what = What::ProviderAccounts(crate::stage::person(crate::stage::LEAVES));
    let plan = |urgency: Urgency| {
        let mut readings = inventory(&world, START);
        let mut reading = (*readings[&what]).clone();
        reading.result = Err(Failure::Forbidden);
        readings.insert(what.clone(), std::sync::Arc::new(reading));
        let mut wish = Wish::new(request());
        wish.request.urgency = urgency;
        wish.plan(&readings).unwrap().plan
    };
    let told = |plan: &Plan| plan.blockers.iter().any(|blocker| blocker.code == "L110");
    assert!(told(&plan(Urgency::Standard)));
    let emergency = plan(Urgency::Emergency);
    assert!(!told(&emergency) && emergency.findings.iter().any(|finding| finding.says.contains("is unknown, not no")));
}

#[test]
fn sessions_end_where_somebody_chose_it_and_the_log_alone_shows_that() {
    let key = keys::sessions_ended();
    assert!(plan_of(&connected(|_| {})).claim(&key).is_none());
    let mut wish = Wish::new(request());
    wish.choices.insert(key.clone(), Choice::Proceed);
    let mut bench = Bench::planned(connected(|_| {}), &wish);
    let claim = bench.plan().claim(&key).unwrap().clone();
    assert_eq!((&claim.needs, claim.remedy == Remedy::Automatic), (&vec![keys::way(&Way::Any)], true));
    assert_eq!(claim.also_affects.len(), 1, "it signs them out of everything");
    let early = LogEntry { at: START, event: LogEvent::SessionsEnded };
    bench.world.provider_log = vec![early];
    bench.look(&claim);
    assert_eq!(bench.judge(&claim).state, State::Broken, "before anybody said yes");
    let hash = bench.case.plan_event().unwrap().clone();
    let yes = Command::Approve {
        plan: hash,
        by: person(APPROVER),
        identity: leaver_core::event::Identity::Passkey,
        originals: Vec::new(),
    };
    for event in decide(&bench.case, yes, bench.now).unwrap() {
        bench.add(event);
    }
    bench.now = bench.now.checked_add(SignedDuration::from_mins(1)).unwrap();
    bench.apply(&Write::EndSessions { account: ACCOUNT.to_owned() });
    bench.look(&claim);
    let seen = bench.judge(&claim);
    assert_eq!((seen.state, seen.rung), (State::Holds, Some(Rung::ProviderLog)), "{}", seen.why);
    bench.alter(&What::ProviderLog(ACCOUNT.to_owned()), |reading| reading.result = Err(Failure::Forbidden));
    assert_eq!(bench.judge(&claim).state, State::Unknown, "the call's own answer proves nothing");
}

fn prepared(change: impl FnOnce(&mut World), act: Act, claim: &ClaimKey) -> Prepared {
    let mut bench = Bench::of(connected(|_| {}));
    change(&mut bench.world);
    let effect = Effect { key: "sso/1".into(), claim: claim.clone(), act, attempt: 1 };
    let mut readings = Readings::new();
    read_into(&bench.world, reads_before(&effect, &bench.case), bench.now, &mut readings);
    prepare(&effect, &bench.plan(), &bench.case, &readings, &bench.names, bench.now)
}

fn sent(prepared: &Prepared) -> Option<&Write> {
    if let Prepared::Send { write, .. } = prepared { Some(write) } else { None }
}

fn asks(prepared: &Prepared) -> bool {
    matches!(prepared, Prepared::Skip { person: true, .. })
}

#[test]
fn only_what_the_plan_pinned_and_the_approver_saw_is_taken_away() {
    let key = keys::way(&group("00g1"));
    let leave = |account: &str| Act::LeaveGroup { account: account.to_owned(), group: "00g1".to_owned() };
    let left = prepared(|_| {}, leave(ACCOUNT), &key);
    assert_eq!(sent(&left), Some(&Write::LeaveGroup { account: ACCOUNT.to_owned(), group: "00g1".to_owned() }));
    assert!(asks(&prepared(|_| {}, leave("00u7"), &key)), "another account than the pinned one");
    let ways = |world: &mut World, change: &dyn Fn(&mut Ways)| change(world.provider.as_mut().unwrap());
    let recycled = prepared(
        |world| ways(world, &|ways| ways.account.as_mut().unwrap().addresses = vec![address("new@acme.example")]),
        leave(ACCOUNT),
        &key,
    );
    assert!(asks(&recycled), "the address is somebody else's now");
    let wider = prepared(
        |world| {
            ways(world, &|ways| {
                ways.groups[0].also = Some(vec![Application { id: "0oawiki".to_owned(), name: "Wiki".to_owned() }]);
            });
        },
        leave(ACCOUNT),
        &key,
    );
    assert!(asks(&wider), "it gives more now than the approver saw");
    assert!(asks(&prepared(|world| ways(world, &|ways| ways.groups[0].also = None), leave(ACCOUNT), &key)));
    assert!(asks(&prepared(
        |world| ways(world, &|ways| ways.groups[0].kind = GroupKind::Imported),
        leave(ACCOUNT),
        &key
    )));
    let out = prepared(|world| ways(world, &|ways| ways.groups[0].member = false), leave(ACCOUNT), &key);
    assert!(matches!(out, Prepared::Skip { person: false, .. }), "it is so already");

    let direct = keys::way(&Way::Direct);
    let unassign = Act::Unassign { account: ACCOUNT.to_owned() };
    let early = prepared(|_| {}, unassign.clone(), &direct);
    assert!(matches!(early, Prepared::Skip { person: true, until: Some(_), .. }), "a group gives it still: {early:?}");
    let ready = prepared(|world| ways(world, &|ways| ways.groups[0].member = false), unassign.clone(), &direct);
    assert_eq!(sent(&ready), Some(&Write::Unassign { account: ACCOUNT.to_owned(), assignment: None }));
    let none = prepared(|world| ways(world, &|ways| ways.assignment = None), unassign, &direct);
    assert!(matches!(none, Prepared::Skip { person: false, .. }));
}

fn job(everyone: Option<bool>) -> Job {
    Job {
        id: "mixpanel.1".to_owned(),
        status: "Active".to_owned(),
        works: true,
        last_success: Some(START),
        everyone,
        keeps_unassigned: Some(false),
        on_demand: None,
    }
}

#[test]
fn settings_that_let_in_whoever_is_given_nothing_are_ways_of_their_own() {
    let plan = plan_of(&connected(|_| {}));
    assert!(claim(&plan, &Way::Anyone).is_none(), "only those who are given it may sign in: nothing to close");
    let id = Way::Job("mixpanel.1".to_owned());
    // What the provider does not show is a claim as well.
    for (anyone, everyone) in [(Some(true), Some(true)), (None, None)] {
        let plan = plan_of(&connected(|ways| {
            ways.anyone = anyone;
            ways.jobs = vec![job(everyone)];
        }));
        let (by_anyone, by_job) = (claim(&plan, &Way::Anyone).unwrap(), claim(&plan, &id).unwrap());
        assert_eq!(by_anyone.remedy, Remedy::Guided(Guide::RequireAssignment));
        assert_eq!(by_job.remedy, Remedy::Guided(Guide::NarrowJob));
        let any = claim(&plan, &Way::Any).unwrap();
        assert!(any.needs.contains(&by_anyone.key) && any.needs.contains(&by_job.key));
        assert!(!by_anyone.also_affects.is_empty() && !by_job.also_affects.is_empty(), "others are touched, too");
    }
    let with = |anyone: Option<bool>, everyone: Option<bool>, live: bool| {
        let mut bench = Bench::of(connected(|ways| {
            ways.anyone = Some(true);
            ways.jobs = vec![job(Some(true))];
        }));
        let ways = bench.world.provider.as_mut().unwrap();
        ways.anyone = anyone;
        ways.jobs = vec![job(everyone)];
        ways.account.as_mut().unwrap().live = live;
        let plan = bench.plan();
        [Way::Anyone, id.clone(), Way::Any].map(|way| {
            let claim = plan.claim(&keys::way(&way)).unwrap();
            bench.look(claim);
            bench.judge(claim).state
        })
    };
    assert_eq!(with(Some(false), Some(false), true)[..2], [State::Holds, State::Holds]);
    assert_eq!(with(Some(true), Some(true), true), [State::Broken; 3]);
    assert_eq!(with(None, None, true)[..2], [State::Unknown, State::Unknown]);
    assert_eq!(
        with(Some(true), Some(true), false)[..2],
        [State::Holds, State::Holds],
        "who has ended signs in nowhere"
    );
    // One that came since, and of which nobody may read whom it provisions, is no proof that nothing is open.
    let mut bench = Bench::of(connected(|ways| {
        ways.groups.clear();
        ways.rules.clear();
        ways.assignment = None;
    }));
    let any = bench.plan().claim(&keys::way(&Way::Any)).unwrap().clone();
    for (everyone, state) in [(Some(false), State::Holds), (None, State::Unknown)] {
        bench.world.provider.as_mut().unwrap().jobs = vec![job(everyone)];
        bench.look(&any);
        assert_eq!(bench.judge(&any).state, state, "{everyone:?}");
    }
    // A job that is not listed any more may be anywhere.
    let mut bench = Bench::of(connected(|ways| ways.jobs = vec![job(Some(true))]));
    bench.world.provider.as_mut().unwrap().jobs.clear();
    let plan = bench.plan();
    let gone = plan.claim(&keys::way(&id)).unwrap();
    bench.look(gone);
    assert_eq!(bench.judge(gone).state, State::Unknown);
}

#[test]
fn nobody_leaves_a_group_that_its_own_rule_fills_before_the_rule_says_so() {
    let plan = plan_of(&connected(|ways| {
        ways.groups[0].kind = GroupKind::ByRule;
        ways.rules[0].id = "00g1".to_owned();
        ways.assignment.as_mut().unwrap().id = Some("a1".to_owned());
    }));
    let (left, rule) = (claim(&plan, &group("00g1")).unwrap(), claim(&plan, &Way::Rule("00g1".to_owned())).unwrap());
    assert_eq!(left.remedy, Remedy::Guided(Guide::LeaveOutOfRule));
    assert!(left.needs.contains(&rule.key) && rule.needs.is_empty(), "nobody leaves the group before");
    let direct = claim(&plan, &Way::Direct).unwrap();
    assert!(direct.needs.is_empty() && !direct.final_act, "an assignment with an id of its own goes by itself");
}

#[test]
fn a_guest_has_no_sessions_here_to_end() {
    let mut wish = Wish::new(request());
    wish.choices.insert(keys::sessions_ended(), Choice::Proceed);
    for guest in [false, true] {
        let world = connected(|ways| ways.account.as_mut().unwrap().guest = guest);
        let plan = wish.plan(&inventory(&world, START)).unwrap().plan;
        assert_eq!(plan.claim(&keys::sessions_ended()).is_none(), guest);
    }
}

#[test]
fn a_provider_that_nobody_reads_is_a_persons_word_before_the_account_goes() {
    let plan_with = |method: Method, by_hand: Option<ByHand>| {
        let mut wish = Wish::new(request());
        wish.request.method = method;
        if method == Method::Reduce {
            wish.request.projects = vec![ProjectId(3)];
        }
        wish.policy.provider_by_hand = by_hand;
        wish.plan(&inventory(&furnished(), START)).unwrap().plan
    };
    let plan = plan_with(Method::Delete, Some(ByHand::Google));
    let ways = plan.claim(&keys::provider_ways()).unwrap();
    assert_eq!((ways.kind, &ways.remedy), (ClaimKind::Access, &Remedy::Attested(Guide::CloseWaysByHand)));
    assert!(plan.claim(&keys::member_gone()).unwrap().needs.contains(&ways.key));
    assert!(plan.claim(&keys::provider_refuses()).unwrap().needs.contains(&ways.key));
    let treated = |id: &str| plan.scope.iter().find(|line| line.id == id).unwrap().treated;
    assert_eq!((treated("SSO-1"), treated("SSO-5")), (Treated::Claim, Treated::Claim));
    assert_eq!(treated("SSO-2"), Treated::NotInThisVersion, "nobody's word shows that nothing provisions");
    for (method, by_hand) in [(Method::Reduce, Some(ByHand::Other)), (Method::Delete, None)] {
        assert!(plan_with(method, by_hand).claim(&keys::provider_ways()).is_none());
    }
}

#[test]
fn what_makes_the_account_anew_by_itself_is_asked_where_the_domain_is_the_organizations() {
    let domain = address(crate::world::LEAVER).domain().to_owned();
    let plan_with = |policy: &dyn Fn(&mut Policy)| {
        let mut wish = Wish::new(request());
        wish.policy.claimed_domains = vec!["acme.example".to_owned()];
        wish.policy.own_domains = vec!["acme.example".to_owned()];
        policy(&mut wish.policy);
        wish.plan(&inventory(&furnished(), START)).unwrap().plan
    };
    let treated = |plan: &Plan| plan.scope.iter().find(|line| line.id == "SSO-3").unwrap().treated;
    let outside = plan_with(&|_| {});
    assert!(outside.claim(&keys::ways_back()).is_none());
    assert_eq!(treated(&outside), Treated::DoesNotApply);
    let claimed = |policy: &mut Policy| policy.claimed_domains.push(domain.clone());
    let own = |policy: &mut Policy| policy.own_domains.push(domain.clone());
    for plan in [plan_with(&claimed), plan_with(&own)] {
        let back = plan.claim(&keys::ways_back()).unwrap();
        assert_eq!((back.kind, treated(&plan)), (ClaimKind::Access, Treated::Claim));
    }
}

#[test]
fn ways_that_could_not_be_read_block_the_plan_like_accounts_that_could_not() {
    let world = connected(|_| {});
    for failure in [Failure::Forbidden, Failure::NotFound, Failure::TimedOut] {
        for (urgency, blocked) in [(Urgency::Standard, true), (Urgency::Emergency, false)] {
            let mut readings = inventory(&world, START);
            let what = What::Ways(ACCOUNT.to_owned());
            let mut reading = (*readings[&what]).clone();
            (reading.result, reading.to_the_end) = (Err(failure.clone()), false);
            readings.insert(what, reading.into());
            let mut wish = Wish::new(request());
            wish.request.urgency = urgency;
            let plan = wish.plan(&readings).unwrap().plan;
            assert_eq!(plan.blockers.iter().any(|blocker| blocker.code == "L110"), blocked, "{failure}");
            assert!(
                plan.findings.iter().any(|finding| finding.kind == FindingKind::NotSeen && finding.runbook == "SSO-1")
            );
        }
    }
}

#[test]
fn an_account_that_says_itself_since_when_its_sessions_count_needs_no_log() {
    let mut wish = Wish::new(request());
    wish.choices.insert(keys::sessions_ended(), Choice::Proceed);
    let judged = |from: SignedDuration, log: Option<Failure>| {
        let mut bench = Bench::planned(connected(|_| {}), &wish);
        let plan = bench.case.plan_event().unwrap().clone();
        bench.add(Event::Approved { plan, by: person(APPROVER), identity: Identity::Passkey, originals: Vec::new() });
        let claim = bench.plan().claim(&keys::sessions_ended()).unwrap().clone();
        let approved = bench.case.approval().unwrap().at;
        let account = bench.world.provider.as_mut().unwrap().account.as_mut().unwrap();
        account.sessions_from = Some(approved.checked_add(from).unwrap());
        bench.world.provider_log_fails = log;
        bench.look(&claim);
        bench.judge(&claim).state
    };
    let (before, after) = (SignedDuration::from_secs(-1), SignedDuration::from_secs(1));
    assert_eq!(judged(after, Some(Failure::Forbidden)), State::Holds, "no licence for the log is no matter");
    assert_eq!(judged(before, Some(Failure::Forbidden)), State::Broken, "they were not ended: they are still to be");
    assert_eq!(judged(before, None), State::Broken);
}
