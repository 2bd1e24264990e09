//! What the passing of time does to a case: an approval runs out, a scheduled case starts, a deadline lets go of what waited.

use jiff::{SignedDuration, Timestamp};
use leaver_core::claim::Choice;
use leaver_core::decide::{Command, decide, tick};
use leaver_core::event::{CaseState, Event, Identity};
use leaver_core::judge::Readings;
use leaver_core::method::Urgency;
use leaver_core::plan::{Request, keys};
use leaver_core::prepare::{Prepared, prepare, reads_before};
use leaver_core::reading::Failure;
use leaver_core::source::Kind;
use leaver_core::wanted::{Live, is_in_force, wanted};
use leaver_core::write::Outcome;

use crate::bench::FULL;
use crate::dice::Dice;
use crate::moves::whole;
use crate::stage::{APPROVER, Drafted, START, Wish, add, after, draft, furnished, look, person, read_into, request};
use crate::world::{LEAVER, Thing, World, colleague};

fn approved(world: &World, wish: &Wish, at: Timestamp) -> Drafted {
    let mut drafted = draft(world, wish).unwrap();
    let plan = drafted.case.plan_event().unwrap().clone();
    let command = Command::Approve { plan, by: person(APPROVER), identity: Identity::Passkey, originals: Vec::new() };
    for event in decide(&drafted.case, command, at).unwrap() {
        add(&mut drafted.case, &mut drafted.history, event, at);
    }
    drafted
}

#[test]
fn an_approval_is_good_for_seven_days_from_the_start_of_its_phase() {
    let week = SignedDuration::from_hours(7 * 24);
    let planned = after(SignedDuration::from_hours(48));
    for (not_before, ends) in [(None, after(week)), (Some(planned), planned.checked_add(week).unwrap())] {
        let request = Request { urgency: Urgency::Planned, not_before, deadline: after(week * 3), ..request() };
        let mut drafted = approved(&furnished(), &Wish::new(request), START);
        let (plan, _) = drafted.case.plan.clone().unwrap();
        assert!(is_in_force(&drafted.case, &plan, ends), "the last moment still counts");
        let late = ends.checked_add(SignedDuration::from_millis(1)).unwrap();
        assert!(!is_in_force(&drafted.case, &plan, late));
        if drafted.case.state == CaseState::Scheduled {
            let owed = wanted(&drafted.case, &Live::default(), START);
            assert_eq!(owed.next_at, not_before, "it is looked at again when its time comes");
            look(&mut drafted, &furnished(), planned);
        }
        let owed = wanted(&drafted.case, &Live::default(), drafted.case.last_at);
        assert!(owed.next_at.is_none_or(|at| at <= late), "it is looked at again when the approval runs out");
        look(&mut drafted, &furnished(), late);
        assert_eq!(drafted.case.state, CaseState::WaitingApproval);
        assert!(wanted(&drafted.case, &Live::default(), late).effects.is_empty(), "nothing is sent on an old approval");
        // Somebody says yes again, and it goes on.
        let plan = drafted.case.plan_event().unwrap().clone();
        let again = Command::Approve { plan, by: person(APPROVER), identity: Identity::Passkey, originals: Vec::new() };
        for event in decide(&drafted.case, again, late).unwrap() {
            add(&mut drafted.case, &mut drafted.history, event, late);
        }
        assert_eq!(drafted.case.state, CaseState::Running);
    }
}

#[test]
fn a_scheduled_case_owes_nothing_before_its_time() {
    let not_before = Some(after(SignedDuration::from_hours(48)));
    let drafted =
        approved(&furnished(), &Wish::new(Request { urgency: Urgency::Planned, not_before, ..request() }), START);
    assert_eq!(drafted.case.state, CaseState::Scheduled);
    let owed = wanted(&drafted.case, &Live::default(), after(SignedDuration::from_hours(47)));
    assert!(owed.reads.is_empty() && owed.effects.is_empty());
    assert!(tick(&drafted.case, &owed, &Live::default(), after(SignedDuration::from_hours(47))).is_empty());
    let emergency = Request { urgency: Urgency::Emergency, not_before, ..request() };
    let drafted = approved(&furnished(), &Wish::new(emergency), START);
    assert_eq!(drafted.case.state, CaseState::Running, "an emergency waits for no date");
}

/// The service account of the leaver was used a moment ago, and is to be deleted without a replacement. A person is asked whether
/// its callers moved; nobody answers. "Or it goes at the deadline", says the question.
#[test]
fn a_service_account_that_is_still_used_goes_at_the_deadline() {
    let mut world = furnished();
    world.robots.values_mut().filter(|robot| robot.maker == crate::world::leaver()).for_each(|robot| {
        robot.last_used = Some(START);
    });
    let mut wish = Wish::new(request());
    for (id, robot) in &world.robots {
        if robot.maker == crate::world::leaver() {
            wish.choices.insert(keys::replaced(*id), Choice::Delete);
        }
    }
    let mut drafted = approved(&world, &wish, START);
    let key = keys::service_accounts();
    let soon = after(SignedDuration::from_mins(1));
    look(&mut drafted, &world, soon);
    let deletions = |drafted: &Drafted, at| {
        let owed = wanted(&drafted.case, &Live::default(), at);
        owed.effects.into_iter().filter(|effect| effect.claim == key).collect::<Vec<_>>()
    };
    let owed = deletions(&drafted, soon);
    assert_eq!(owed.len(), 2, "both are to be deleted");
    for effect in owed {
        let mut readings = Readings::new();
        read_into(&world, reads_before(&effect, &drafted.case), soon, &mut readings);
        let (plan, _) = drafted.case.plan.clone().unwrap();
        let Prepared::Skip { why, person: true } =
            prepare(&effect, &plan, &drafted.case, &readings, &drafted.names, soon)
        else {
            panic!("it was used within 24 hours: a person is asked");
        };
        let skipped = Event::Skipped { claim: effect.claim.clone(), why, person: true };
        add(&mut drafted.case, &mut drafted.history, skipped, soon);
    }
    let hour = SignedDuration::from_hours(1);
    assert!(deletions(&drafted, after(hour)).is_empty(), "a person is awaited until the deadline");
    let deadline = drafted.case.request.deadline;
    look(&mut drafted, &world, deadline);
    let late = deadline.checked_add(SignedDuration::from_secs(1)).unwrap();
    look(&mut drafted, &world, late);
    assert_eq!(deletions(&drafted, late).len(), 2, "the deadline has passed: they go");
}

#[test]
fn a_failed_send_is_tried_again_later_and_a_person_looks_after_five_tries() {
    let world = furnished();
    let mut drafted = approved(&world, &Wish::new(request()), START);
    let key = keys::sends(crate::bench::FULL, Kind::Alert);
    let mut now = after(SignedDuration::from_secs(1));
    let mut tries = 0;
    for _ in 0..200 {
        look(&mut drafted, &world, now);
        let owed = wanted(&drafted.case, &Live::default(), now);
        let mine: Vec<_> = owed.effects.into_iter().filter(|effect| effect.claim == key).collect();
        for effect in mine {
            tries += 1;
            assert_eq!(effect.attempt, tries, "each try has its own number");
            let plan = drafted.case.plan_event().unwrap().clone();
            let ended = Event::Ended {
                effect: effect.key.clone(),
                outcome: Outcome::Failed(Failure::Limited { after_seconds: 30 }),
                sent_at: Some(now),
                captures: Vec::new(),
            };
            let intended = Event::Intended { effect, plan, definition: None, marked: None };
            add(&mut drafted.case, &mut drafted.history, intended, now);
            add(&mut drafted.case, &mut drafted.history, ended, now);
            let soon = now.checked_add(SignedDuration::from_secs(29)).unwrap();
            let again = wanted(&drafted.case, &Live::default(), soon);
            assert!(!again.effects.iter().any(|effect| effect.claim == key), "not before the vendor's own time");
        }
        now = now.checked_add(SignedDuration::from_secs(7)).unwrap();
    }
    assert_eq!(tries, 5);
    let (plan, _) = drafted.case.plan.as_ref().unwrap();
    let claim = plan.claim(&key).unwrap();
    assert!(leaver_core::wanted::waits_for_person(&drafted.case, plan, claim, now));
}

/// Something came back after the case was closed, and a person said: go on. The vendor limits the rate at that moment. The next try
/// needs no second word.
#[test]
fn one_decision_after_a_return_is_enough() {
    let mut run = whole(Dice::of(Vec::new()));
    assert_eq!(run.case.state, CaseState::Closed);
    let key = keys::sends(FULL, Kind::Alert);
    let back = Thing::by(colleague(), "Back").to(&["olga.berg@acme.example", LEAVER]);
    run.happens(|world| {
        world.put(3, Kind::Alert, back);
    });
    run.verify();
    run.settle();
    assert_eq!(run.case.state, CaseState::WaitingPerson, "after closing a person decides");
    assert!(run.case.returned);
    let by = person(APPROVER);
    let why = "it is an old address".to_owned();
    run.command(Command::Decide { claim: key.clone(), choice: Choice::Proceed, why, until: None, by });
    let effect = run.owed().effects.into_iter().find(|effect| effect.claim == key).unwrap();
    let plan = run.case.plan_event().unwrap().clone();
    let ended = Event::Ended {
        effect: effect.key.clone(),
        outcome: Outcome::Failed(Failure::Limited { after_seconds: 60 }),
        sent_at: Some(run.now),
        captures: Vec::new(),
    };
    add(&mut run.case, &mut run.history, Event::Intended { effect, plan, definition: None, marked: None }, run.now);
    add(&mut run.case, &mut run.history, ended, run.now);
    run.settle();
    run.pass(SignedDuration::from_secs(61));
    run.settle();
    let mut left = run.world.projects[&FULL].of(Kind::Alert).flat_map(|(_, thing)| &thing.recipients);
    assert!(!left.any(|text| text == LEAVER), "the decision still stands while {}", run.case.state.word());
}
