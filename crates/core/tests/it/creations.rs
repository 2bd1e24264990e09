//! Copies and replacements: what is made outside is made once, whatever became of the message that asked for it.

use std::sync::Arc;

use leaver_core::claim::State;
use leaver_core::effect::{Act, Effect};
use leaver_core::event::{CaseState, Event, Identity};
use leaver_core::ids::{ClaimKey, EffectKey};
use leaver_core::judge::{Readings, definition, marker};
use leaver_core::plan::keys;
use leaver_core::prepare::{Prepared, prepare, reads_before};
use leaver_core::reading::{Failure, Snapshot};
use leaver_core::source::{Kind, What};
use leaver_core::wanted::{Live, wanted};
use leaver_core::write::{Outcome, Write};

use crate::bench::{Bench, FULL, expect};
use crate::stage::{APPROVER, START, person, read_into};

/// A case that may act, two hours after its approval.
fn running() -> Bench {
    let mut bench = Bench::new();
    let plan = bench.case.plan_event().unwrap().clone();
    bench.add(Event::Approved { plan, by: person(APPROVER), identity: Identity::Passkey, originals: Vec::new() });
    bench.add(Event::Moved { to: CaseState::Running, why: "approved".to_owned() });
    bench
}

/// Reads what is owed, truthfully, until nothing more is.
fn look(bench: &mut Bench) {
    for _ in 0..5 {
        bench.now = bench.now.checked_add(jiff::SignedDuration::from_secs(5)).unwrap();
        let owed = wanted(&bench.case, &Live::default(), bench.now);
        let mut readings = Readings::new();
        // A settled outcome is not what these tests are about: the vendor cannot be reached for that.
        let wanted = owed.reads.iter().filter(|what| !matches!(what, What::Object(_, _, id) if id == "lost"));
        read_into(&bench.world, wanted.cloned(), bench.now, &mut readings);
        for event in leaver_core::observe::observed(&bench.case, &readings, &owed, &bench.names, bench.now) {
            if !matches!(event, Event::Ended { .. }) {
                bench.add(event);
            }
        }
    }
}

fn acts(bench: &Bench, key: &ClaimKey) -> Vec<Act> {
    let owed = wanted(&bench.case, &Live::default(), bench.now);
    owed.effects.into_iter().filter(|effect| effect.claim == *key).map(|effect| effect.act).collect()
}

/// Copies a cohort, as the vendor answers or does not; returns the claim and the copy.
fn copy_cohort(bench: &mut Bench, told: impl Fn(Option<String>) -> Outcome) -> (ClaimKey, String) {
    let source = bench.id(Kind::Cohort, "Power users");
    let key = keys::copied(FULL, Kind::Cohort, &source);
    let body = serde_json::json!({ "name": "Power users (copy)", "description": marker(&bench.case.id), "selects": "body of Power users" });
    let created = bench.apply(&Write::Create { project: FULL, kind: Kind::Cohort, body });
    let whole = bench.world.read(&What::Object(FULL, Kind::Cohort, source.clone()), bench.now);
    let Ok(Snapshot::One(item)) = whole.result else { panic!("the source is there") };
    let copied = Act::Copy { project: FULL, kind: Kind::Cohort, id: source };
    bench.acted(key.as_str(), copied, told(created.clone()), definition(&item, &[]));
    (key, created.unwrap())
}

/// A copy that only a read found is some item that looks like ours: it is compared before anything is done with it.
#[test]
fn a_copy_that_only_a_read_found_is_not_shared_before_it_was_compared() {
    let mut bench = running();
    let (key, copy) = copy_cohort(&mut bench, |_| Outcome::Unknown(Failure::TimedOut));
    let effect = bench.case.effects().keys().next_back().unwrap().clone();
    let outcome = Outcome::Done { created: Some(copy) };
    bench.add(Event::Ended { effect, outcome, sent_at: None, captures: Vec::new() });
    assert_eq!(acts(&bench, &key), []);
}

/// A copy whose id the vendor told is shared while it settles, once; nothing else is done for it before it was looked at.
#[test]
fn a_copy_is_shared_while_it_settles() {
    let mut bench = running();
    let (key, copy) = copy_cohort(&mut bench, |created| Outcome::Done { created });
    let share = Act::ShareCopy { project: FULL, kind: Kind::Cohort, id: copy };
    assert_eq!(acts(&bench, &key), std::slice::from_ref(&share), "the answer named it, no read is needed");
    bench.acted(key.as_str(), share, Outcome::Failed(Failure::Forbidden), None);
    assert_eq!(acts(&bench, &key), [], "what did not work is tried again once the copy was looked at");
}

/// A half-made copy is to be dropped; nobody knows whether it was. As long as it may stand, no second one is made.
#[test]
fn no_second_copy_is_made_while_nobody_knows_whether_the_first_was_dropped() {
    let mut bench = running();
    bench.world.quirks.half_copies = true;
    let (key, copy) = copy_cohort(&mut bench, |created| Outcome::Done { created });
    look(&mut bench);
    let drop = Act::DropCopy { project: FULL, kind: Kind::Cohort, id: copy };
    assert_eq!(acts(&bench, &key), std::slice::from_ref(&drop), "the copy differs from its source");
    bench.acted(key.as_str(), drop, Outcome::Unknown(Failure::TimedOut), None);
    look(&mut bench);
    let next = acts(&bench, &key);
    assert!(!next.iter().any(|act| matches!(act, Act::Copy { .. })), "the first copy may still stand: {next:?}");
}

/// The same for a replacement: a second working credential must not appear while the first may still be there.
#[test]
fn no_second_replacement_is_made_while_nobody_knows_whether_the_first_was_deleted() {
    let mut bench = running();
    let old = bench.robots()[0];
    let key = keys::replaced(old);
    let username = format!("leaver-test-{old}-1");
    let write = Write::CreateServiceAccount {
        username,
        role: "member".to_owned(),
        projects: vec![(FULL, "consumer".to_owned())],
    };
    let created = bench.apply(&write);
    let id = created.clone().unwrap().parse().unwrap();
    bench.acted(key.as_str(), Act::CreateServiceAccount { replaces: old }, Outcome::Done { created }, None);
    look(&mut bench);
    let delete = Act::DeleteServiceAccount { id };
    assert_eq!(acts(&bench, &key), std::slice::from_ref(&delete), "its secret is lost");
    bench.acted(key.as_str(), delete, Outcome::Unknown(Failure::TimedOut), None);
    look(&mut bench);
    let next = acts(&bench, &key);
    assert!(
        !next.iter().any(|act| matches!(act, Act::CreateServiceAccount { .. })),
        "the first may still work: {next:?}"
    );
}

/// The journal knows that the board holds a report. A list of reports that comes empty must not make a board without reports the
/// measure of its copy.
#[test]
fn a_copy_is_measured_by_a_complete_list_of_reports() {
    let bench = running();
    let source = bench.id(Kind::Board, "Growth");
    assert_eq!(bench.case.count(&What::List(FULL, Kind::Report)), Some(1), "the journal has seen the report");
    let act = Act::Copy { project: FULL, kind: Kind::Board, id: source.clone() };
    let claim = keys::copied(FULL, Kind::Board, &source);
    let effect = Effect { key: EffectKey::from("copy/1"), claim, act, attempt: 1 };
    let mut readings = Readings::new();
    read_into(&bench.world, reads_before(&effect, &bench.case), bench.now, &mut readings);
    let reports = What::List(FULL, Kind::Report);
    Arc::make_mut(readings.get_mut(&reports).unwrap()).result = Ok(Snapshot::Items(Vec::new()));
    let prepared = prepare(&effect, &bench.plan(), &bench.case, &readings, &bench.names, bench.now);
    assert!(matches!(prepared, Prepared::Wait(_)), "the list of reports came empty: {prepared:?}");
}

#[test]
fn a_copy_is_not_seen_to_be_whole_beside_a_list_of_reports_that_came_empty() {
    let mut bench = running();
    let source = bench.id(Kind::Board, "Growth");
    bench.world.quirks.half_copies = true;
    let write = Write::DuplicateBoard {
        project: FULL,
        id: source.clone(),
        title: "Growth (copy)".to_owned(),
        description: marker(&bench.case.id),
        as_successor: false,
    };
    let created = bench.apply(&write);
    let copy = created.clone().unwrap();
    bench.apply(&Write::ShareWithProject { project: FULL, kind: Kind::Board, id: copy, can_edit: true });
    let whole = bench.world.read(&What::Object(FULL, Kind::Board, source.clone()), bench.now);
    let Ok(Snapshot::One(item)) = whole.result else { panic!("the source is there") };
    // As it was captured beside a list of reports that came empty.
    let alone = definition(&item, &[]);
    let key = keys::copied(FULL, Kind::Board, &source);
    bench.acted(
        key.as_str(),
        Act::Copy { project: FULL, kind: Kind::Board, id: source },
        Outcome::Done { created },
        alone,
    );
    let (plan, _) = bench.case.plan.clone().unwrap();
    let claim = plan.claim(&key).unwrap().clone();
    bench.look(&claim);
    let reports = What::List(FULL, Kind::Report);
    bench.alter(&reports, |reading| reading.result = Ok(Snapshot::Items(Vec::new())));
    expect(&bench.judge(&claim), State::Unknown, "the list of reports came empty");
    assert!(bench.now > START);
}

/// The vendor ignored our marker, so that only the maker tells whose copy it is; and who we are could not be read in that pass.
/// Nothing follows from that: the copy is neither adopted nor given up.
#[test]
fn a_copy_without_its_marker_is_not_given_up_while_nobody_knows_who_we_are() {
    let mut bench = running();
    let source = bench.id(Kind::Board, "Growth");
    let key = keys::copied(FULL, Kind::Board, &source);
    let effect = EffectKey::from("copy/1");
    let act = Act::Copy { project: FULL, kind: Kind::Board, id: source.clone() };
    let plan = bench.case.plan_event().unwrap().clone();
    let description = marker(&bench.case.id);
    let marked = Some(description.clone());
    let intended = Effect { key: effect.clone(), claim: key, act, attempt: 1 };
    bench.add(Event::Intended { effect: intended, plan, definition: None, marked });
    bench.world.quirks.ignores_titles = true;
    let title = "Growth (copy)".to_owned();
    let copy =
        bench.apply(&Write::DuplicateBoard { project: FULL, id: source, title, description, as_successor: false });
    let outcome = Outcome::Unknown(Failure::Network);
    bench.add(Event::Ended { effect: effect.clone(), outcome, sent_at: None, captures: Vec::new() });
    bench.now = bench.now.checked_add(jiff::SignedDuration::from_secs(5)).unwrap();
    let owed = wanted(&bench.case, &Live::default(), bench.now);
    assert_eq!(owed.unsettled, std::slice::from_ref(&effect));
    let mut readings = Readings::new();
    read_into(&bench.world, owed.reads.clone(), bench.now, &mut readings);
    let settled = |readings: &Readings| {
        let events = leaver_core::observe::observed(&bench.case, readings, &owed, &bench.names, bench.now);
        events.into_iter().find_map(|event| if let Event::Ended { outcome, .. } = event { Some(outcome) } else { None })
    };
    assert_eq!(settled(&readings), Some(Outcome::Done { created: copy }), "we made it, and since then");
    for failure in crate::bench::failures() {
        Arc::make_mut(readings.get_mut(&What::Me).unwrap()).result = Err(failure.clone());
        assert_eq!(settled(&readings), None, "who we are: {failure}");
    }
}
