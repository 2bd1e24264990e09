//! Answers come one by one: what is judged with those that are here, what waits, and what is asked for first.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use leaver_core::claim::{Claim, Predicate, Remedy, State};
use leaver_core::event::{CaseState, Event, Identity};
use leaver_core::judge::{Readings, reads_now};
use leaver_core::observe::observed;
use leaver_core::plan::keys;
use leaver_core::reading::Failure;
use leaver_core::ready::{missing, ready};
use leaver_core::source::{Kind, What};
use leaver_core::wanted::{Live, Owed, due, wanted};
use leaver_core::write::Outcome;

use crate::bench::{Bench, FULL, QUIET, touching};
use crate::stage::{APPROVER, person, read_into};

/// A case that just started to run.
fn running() -> Bench {
    let mut bench = Bench::new();
    let plan = bench.case.plan_event().unwrap().clone();
    bench.add(Event::Approved { plan, by: person(APPROVER), identity: Identity::Passkey, originals: Vec::new() });
    bench.add(Event::Moved { to: CaseState::Running, why: "approved".to_owned() });
    pass(&mut bench, 1);
    bench
}

fn pass(bench: &mut Bench, seconds: i64) {
    bench.now = later(bench.now, seconds);
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn owed(bench: &Bench) -> Owed {
    wanted(&bench.case, &Live::default(), bench.now)
}

/// Reads truthfully and keeps what was read before.
fn read(bench: &mut Bench, wanted: impl IntoIterator<Item = What>) {
    read_into(&bench.world, wanted, bench.now, &mut bench.readings);
}

/// Judges what can be judged and journals it.
fn take_in(bench: &mut Bench) -> Owed {
    let part = ready(&bench.case, &owed(bench), &bench.readings);
    let mine = bench.readings.iter().filter(|(what, _)| part.reads.contains(*what));
    let mine: Readings = mine.map(|(what, reading)| (what.clone(), reading.clone())).collect();
    for event in observed(&bench.case, &mine, &part, &bench.names, bench.now) {
        bench.add(event);
    }
    part
}

fn alerts(bench: &Bench) -> Claim {
    bench.plan().claim(&keys::sends(FULL, Kind::Alert)).unwrap().clone()
}

#[test]
fn a_claim_is_judged_when_its_last_answer_is_here_and_not_before() {
    let mut bench = running();
    let claim = alerts(&bench);
    let lists = owed(&bench).reads.into_iter().filter(|what| what.list_of() == Some(FULL));
    let mut needs: BTreeSet<What> = reads_now(&claim, &bench.case);
    needs.extend(lists);
    let last = needs.pop_last().unwrap();
    read(&mut bench, needs);
    let part = ready(&bench.case, &owed(&bench), &bench.readings);
    assert!(!part.probes.contains(&claim.key), "{last} is still missing");
    read(&mut bench, [last]);
    let part = take_in(&mut bench);
    assert!(part.probes.contains(&claim.key));
    assert!(part.probes.len() < owed(&bench).probes.len(), "the others wait for theirs");
    assert_eq!(bench.case.observation(&claim.key).unwrap().observation.state, State::Broken);
}

/// A list may be empty in truth, which is believed only beside another one of its project.
#[test]
fn the_lists_of_a_project_are_waited_for_together() {
    let mut bench = running();
    let claim = bench.plan().claim(&keys::sends(QUIET, Kind::Subscription)).unwrap().clone();
    let own = reads_now(&claim, &bench.case);
    read(&mut bench, own);
    let owed = owed(&bench);
    assert!(!ready(&bench.case, &owed, &bench.readings).probes.contains(&claim.key));
    let lacking = missing(&bench.case, &owed, &bench.readings);
    assert!(lacking.iter().any(|what| what.list_of() == Some(QUIET)));
    read(&mut bench, lacking);
    assert!(take_in(&mut bench).probes.contains(&claim.key));
    assert_eq!(bench.case.observation(&claim.key).unwrap().observation.state, State::Holds);
}

#[test]
fn one_answer_is_journalled_once_however_many_claims_lean_on_it() {
    let mut bench = running();
    let before = bench.history.len();
    for what in missing(&bench.case, &owed(&bench), &bench.readings) {
        pass(&mut bench, 1);
        read(&mut bench, [what]);
        take_in(&mut bench);
    }
    let mut told = BTreeSet::new();
    for stamped in bench.history.iter().skip(before) {
        if let Event::Read { what, sent_at, .. } = &stamped.event {
            assert!(told.insert((what.clone(), *sent_at)), "{what} was told twice");
        }
    }
    assert!(told.iter().any(|(what, _)| *what == What::Me));
}

#[test]
fn an_answer_from_before_a_change_is_asked_for_again() {
    let mut bench = running();
    let claim = alerts(&bench);
    let all = missing(&bench.case, &owed(&bench), &bench.readings);
    read(&mut bench, all);
    let list = What::List(FULL, Kind::Alert);
    bench.acted("kept.recipients", touching(&list).unwrap(), Outcome::Done { created: None }, None);
    let owed = owed(&bench);
    assert!(!ready(&bench.case, &owed, &bench.readings).probes.contains(&claim.key));
    let lacking = missing(&bench.case, &owed, &bench.readings);
    assert!(lacking.contains(&list));
    assert!(!lacking.contains(&What::Roster), "what nothing touched is still good");
    read(&mut bench, lacking);
    assert!(take_in(&mut bench).probes.contains(&claim.key));
}

#[test]
fn what_the_case_knows_already_answers_nothing_a_second_time() {
    let mut bench = running();
    let claim = alerts(&bench);
    let list = What::List(FULL, Kind::Alert);
    let all = missing(&bench.case, &owed(&bench), &bench.readings);
    read(&mut bench, all);
    bench.alter(&list, |reading| reading.result = Err(Failure::Network));
    take_in(&mut bench);
    assert!(!owed(&bench).probes.contains(&claim.key));
    pass(&mut bench, 10);
    let owed = owed(&bench);
    assert!(owed.probes.contains(&claim.key), "what could not be read is read again a while later");
    assert!(
        !ready(&bench.case, &owed, &bench.readings).probes.contains(&claim.key),
        "by a new answer, not by the old one"
    );
    assert!(missing(&bench.case, &owed, &bench.readings).contains(&list));
}

#[test]
fn an_unknown_outcome_is_settled_together_with_its_claim() {
    let mut bench = running();
    let claim = alerts(&bench);
    let id = bench.case.suspects(&claim.key).first().unwrap().clone();
    let act = leaver_core::effect::Act::TakeOut { project: FULL, kind: Kind::Alert, id };
    bench.acted(claim.key.as_str(), act, Outcome::Unknown(Failure::TimedOut), None);
    let owed = owed(&bench);
    assert_eq!(owed.unsettled.len(), 1);
    let lacking = missing(&bench.case, &owed, &bench.readings);
    let only_the_claim = reads_now(&claim, &bench.case).into_iter().filter(|what| *what != What::Me);
    read(&mut bench, only_the_claim);
    let part = ready(&bench.case, &owed, &bench.readings);
    assert!(part.unsettled.is_empty() && !part.probes.contains(&claim.key));
    read(&mut bench, lacking);
    let part = take_in(&mut bench);
    assert_eq!(part.unsettled, owed.unsettled);
    assert!(bench.case.effects().values().all(|fact| !matches!(fact.outcome, Some(Outcome::Unknown(_)))));
}

#[test]
fn what_other_claims_wait_for_is_read_first() {
    let mut bench = running();
    bench.readings.clear();
    let lacking = missing(&bench.case, &owed(&bench), &bench.readings);
    let plan = bench.plan();
    let waited_for: BTreeSet<_> = plan.claims.iter().flat_map(|claim| &claim.needs).collect();
    let urgent: BTreeSet<What> = plan
        .claims
        .iter()
        .filter(|claim| waited_for.contains(&claim.key))
        .flat_map(|claim| reads_now(claim, &bench.case))
        .collect();
    let place = |what: &What| lacking.iter().position(|lacks| lacks == what);
    let last_urgent = urgent.iter().filter_map(place).max().unwrap();
    let others = lacking.iter().filter(|what| !urgent.contains(*what) && what.list_of().is_none());
    let first_other = others.filter_map(place).min().unwrap();
    assert!(last_urgent < first_other, "deletion waits for what is copied first: {lacking:?}");
}

/// A copy is made, read, shared and read again: whatever else is to be read can be read meanwhile.
#[test]
fn what_begins_the_longest_row_of_changes_is_read_first_of_all() {
    let mut bench = running();
    bench.readings.clear();
    let lacking = missing(&bench.case, &owed(&bench), &bench.readings);
    let plan = bench.plan();
    let place = |claim: &Claim| {
        let reads = reads_now(claim, &bench.case);
        reads.iter().filter_map(|what| lacking.iter().position(|lacks| lacks == what)).max()
    };
    let of = |copied: bool| {
        let claims = plan.claims.iter().filter(move |claim| {
            claim.remedy == Remedy::Automatic && copied == matches!(claim.says, Predicate::Copied { .. })
        });
        claims.filter_map(place).max().unwrap()
    };
    assert!(of(true) < of(false), "copies come before what takes one change: {lacking:?}");
}

#[test]
fn a_read_that_was_refused_for_its_number_is_tried_when_the_vendor_allows_it() {
    let mut bench = running();
    let claim = alerts(&bench);
    let all = missing(&bench.case, &owed(&bench), &bench.readings);
    read(&mut bench, all);
    bench.alter(&What::List(FULL, Kind::Alert), |reading| {
        reading.result = Err(Failure::Limited { after_seconds: 50 });
        reading.to_the_end = false;
    });
    let at = bench.now;
    take_in(&mut bench);
    assert_eq!(bench.case.observation(&claim.key).unwrap().observation.state, State::Unknown);
    let again = due(&bench.case, &bench.plan(), &claim, bench.now).unwrap();
    assert_eq!(again, later(at, 50));
}
