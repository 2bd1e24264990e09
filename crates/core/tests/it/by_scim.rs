//! Deleting by SCIM: never by default, never before every copy holds and the record is inactive, only on a decision of its own
//! (METHOD-1).

use jiff::{SignedDuration, Timestamp};
use leaver_core::claim::{Choice, ClaimKind, Guide, Remedy, State};
use leaver_core::decide::{Command, Rejection, decide};
use leaver_core::effect::Act;
use leaver_core::event::Event;
use leaver_core::ids::ClaimKey;
use leaver_core::plan::{Plan, keys};
use leaver_core::prepare::{Prepared, prepare};
use leaver_core::reading::Member;
use leaver_core::source::What;
use leaver_core::wanted::{Live, wait, waits_for_person, wanted};
use leaver_core::write::Write;

use crate::bench::Bench;
use crate::stage::{APPROVER, EXECUTOR, REQUESTER, SECOND, START, Wish, furnished, inventory, person, request};
use crate::world::World;

fn reached() -> World {
    let mut world = furnished();
    world.with_scim();
    world
}

fn plan_of(world: &World) -> Plan {
    Wish::new(request()).plan(&inventory(world, START)).unwrap().plan
}

fn delete(by: &str) -> Command {
    Command::Decide {
        claim: keys::scim_gone(),
        choice: Choice::DeleteByScim,
        why: "every copy was looked at".to_owned(),
        until: None,
        by: person(by),
    }
}

/// Says that a claim was seen so.
fn seen(bench: &mut Bench, key: &ClaimKey, state: State) {
    let plan = bench.plan();
    let claim = plan.claim(key).unwrap();
    bench.look(claim);
    let mut observation = bench.judge(claim);
    observation.state = state;
    observation.proof = (state == State::Holds).then_some(leaver_core::claim::Proof::Read);
    observation.seen_at = bench.now;
    bench.add(Event::Observed { claim: key.clone(), observation });
}

/// A running case in which all that the deletion needs holds, and the record stands on the SCIM list, inactive.
fn ready() -> Bench {
    let mut bench = Bench::of(reached());
    let hash = bench.case.plan_event().unwrap().clone();
    let identity = leaver_core::event::Identity::Passkey;
    let yes = Command::Approve { plan: hash, by: person(APPROVER), identity, originals: Vec::new() };
    for event in decide(&bench.case, yes, bench.now).unwrap() {
        bench.add(event);
    }
    bench.now = bench.now.checked_add(SignedDuration::from_secs(5)).unwrap();
    *bench.world.scim.as_mut().unwrap().get_mut("42").unwrap() = false;
    let needs = bench.plan().claim(&keys::scim_gone()).unwrap().needs.clone();
    for key in needs {
        seen(&mut bench, &key, State::Holds);
    }
    let plan = bench.plan();
    let claim = plan.claim(&keys::scim_gone()).unwrap();
    bench.look(claim);
    for what in &claim.reads {
        let event = bench.event_of(what);
        bench.add(event);
    }
    let observation = bench.judge(claim);
    assert_eq!(observation.state, State::Broken, "an inactive record is still there: {}", observation.why);
    bench.add(Event::Observed { claim: keys::scim_gone(), observation });
    bench.now = bench.now.checked_add(SignedDuration::from_secs(1)).unwrap();
    bench
}

fn decided(bench: &mut Bench, command: Command) {
    for event in decide(&bench.case, command, bench.now).unwrap() {
        bench.add(event);
    }
}

fn acts(bench: &Bench, at: Timestamp) -> Vec<Act> {
    let effects = wanted(&bench.case, &Live::default(), at).effects;
    effects.into_iter().map(|effect| effect.act).filter(|act| *act == Act::DeleteMember).collect()
}

#[test]
fn the_record_is_a_claim_only_where_scim_reaches_and_lists_it() {
    let plan = plan_of(&reached());
    let gone = plan.claim(&keys::scim_gone()).unwrap();
    assert_eq!((gone.kind, &gone.remedy), (ClaimKind::Record, &Remedy::Guided(Guide::DeleteInactive)));
    assert!(gone.final_act && gone.options.first() == Some(&Choice::DeleteByScim));
    let transfers = plan.claims.iter().filter(|claim| claim.kind == ClaimKind::Transfer).map(|claim| claim.key.clone());
    let needs: Vec<ClaimKey> = transfers.chain([keys::scim()]).collect();
    assert_eq!(gone.needs, needs, "every copy and hand-over, and deactivated first");
    assert!(plan_of(&furnished()).claim(&keys::scim_gone()).is_none(), "no SCIM");
    let mut unlisted = reached();
    unlisted.scim.as_mut().unwrap().remove("42");
    assert!(plan_of(&unlisted).claim(&keys::scim_gone()).is_none(), "SCIM does not know the account");
}

#[test]
fn nothing_is_deleted_by_scim_without_the_decision() {
    let mut bench = ready();
    assert_eq!(acts(&bench, bench.now), [], "by default a person clicks");
    let plan = bench.plan();
    let claim = plan.claim(&keys::scim_gone()).unwrap().clone();
    assert!(waits_for_person(&bench.case, &plan, &claim, bench.now));
    for by in [REQUESTER, EXECUTOR] {
        let refused = decide(&bench.case, delete(by), bench.now).unwrap_err();
        assert_eq!(refused.code(), "L203", "{by}: a choice of somebody else's");
    }
    decided(&mut bench, delete(SECOND));
    assert_eq!(acts(&bench, bench.now), [Act::DeleteMember]);
    assert!(!waits_for_person(&bench.case, &plan, &claim, bench.now), "the machine goes on");
}

#[test]
fn it_is_decided_after_the_transfer_and_stopped_when_the_transfer_breaks() {
    let bench = ready();
    let needs = bench.plan().claim(&keys::scim_gone()).unwrap().needs.clone();
    // Neither the deadline nor haste shortens the wait for what could be lost.
    let late = START.checked_add(SignedDuration::from_hours(48)).unwrap();
    for need in needs {
        let mut open = ready();
        seen(&mut open, &need, State::Broken);
        for at in [open.now, late] {
            let refused = decide(&open.case, delete(SECOND), at).unwrap_err();
            assert_eq!(refused, Rejection::TooEarly { claim: keys::scim_gone(), open: vec![need.clone()] });
            assert_eq!(refused.code(), "L216");
        }
        let mut after = ready();
        decided(&mut after, delete(SECOND));
        seen(&mut after, &need, State::Broken);
        assert_eq!(acts(&after, after.now), [], "{need} broke after the decision");
        assert_eq!(acts(&after, late), [], "{need}, past the deadline");
        let plan = after.plan();
        let claim = plan.claim(&keys::scim_gone()).unwrap();
        assert_eq!(wait(&after.case, &plan, claim, after.now).map(leaver_core::wanted::Wait::word), Some("needs"));
    }
}

#[test]
fn right_before_it_is_sent_the_record_is_looked_at_again() {
    let mut bench = ready();
    decided(&mut bench, delete(SECOND));
    let effects = wanted(&bench.case, &Live::default(), bench.now).effects;
    let effect = effects.into_iter().find(|effect| effect.act == Act::DeleteMember).unwrap();
    let read = |bench: &mut Bench| {
        let reads = leaver_core::prepare::reads_before(&effect, &bench.case);
        bench.readings.clear();
        crate::stage::read_into(&bench.world, reads, bench.now, &mut bench.readings);
    };
    let now = |bench: &Bench| prepare(&effect, &bench.plan(), &bench.case, &bench.readings, &bench.names, bench.now);
    let prepared = |bench: &mut Bench| {
        read(bench);
        now(bench)
    };
    let Prepared::Send { write, .. } = prepared(&mut bench) else { panic!("it is ready") };
    assert_eq!(*write, Write::DeleteByScim { id: "42".to_owned() });
    let mut active = bench.clone();
    *active.world.scim.as_mut().unwrap().get_mut("42").unwrap() = true;
    assert!(matches!(prepared(&mut active), Prepared::Skip { person: false, .. }), "somebody activated it again");
    let mut raised = bench.clone();
    raised.world.members.get_mut("42").unwrap().role = Some(leaver_core::reading::OrgRole::Admin);
    assert!(matches!(prepared(&mut raised), Prepared::Skip { person: true, .. }), "raised after the approval");
    let mut gone = bench.clone();
    gone.world.scim.as_mut().unwrap().remove("42");
    assert!(matches!(prepared(&mut gone), Prepared::Skip { person: false, .. }), "gone already");
    let listed = |change: &dyn Fn(&mut Vec<Member>)| {
        let mut bench = bench.clone();
        read(&mut bench);
        bench.alter_roster(&What::ScimUsers, |list| change(&mut list.members));
        now(&bench)
    };
    let theirs = |members: &mut Vec<Member>| members.iter().position(|one| one.id.as_deref() == Some("42")).unwrap();
    let other = listed(&|members| {
        let at = theirs(members);
        members[at].id = Some("77".to_owned());
    });
    assert!(matches!(other, Prepared::Skip { person: true, .. }), "the address belongs to another record: {other:?}");
    let twice = listed(&|members| {
        let at = theirs(members);
        let second = Member { id: Some("77".to_owned()), ..members[at].clone() };
        members.push(second);
    });
    assert!(matches!(twice, Prepared::Skip { person: true, .. }), "two records bear the address: {twice:?}");
}
