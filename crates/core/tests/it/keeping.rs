//! How long a case is kept, and that two people end it (RECORD-6).

use jiff::SignedDuration;
use leaver_core::decide::{Command, Rejection, decide};
use leaver_core::event::{CaseState, Event};
use leaver_core::ids::{Digest, PersonId};
use leaver_core::retention::{Act, due};
use leaver_core::wanted::{Live, wanted};

use crate::bench::Bench;
use crate::stage::{APPROVER, EXECUTOR, LEAVES, person};

const YEARS: u32 = 7;

/// A cancelled case, so many days later.
fn over(days: i64) -> Bench {
    let mut bench = Bench::new();
    bench.add(Event::Moved { to: CaseState::Cancelled, why: "taken back".to_owned() });
    bench.now = bench.now.checked_add(SignedDuration::from_hours(24 * days)).unwrap();
    bench
}

fn asks(bench: &mut Bench, act: Act, who: &str, list: &str) -> Result<Vec<Event>, Rejection> {
    let list = Digest::of(list.as_bytes());
    let command = Command::Retain { act, by: person(who), why: "it is time".to_owned(), list, years: YEARS };
    let events = decide(&bench.case, command, bench.now)?;
    for event in &events {
        bench.add(event.clone());
    }
    Ok(events)
}

#[test]
fn a_case_is_kept_for_its_years_and_the_longer_rule_counts() {
    let mut running = Bench::new();
    assert!(
        matches!(asks(&mut running, Act::Expire, APPROVER, ""), Err(Rejection::WrongState { .. })),
        "it is not over"
    );
    let mut early = over(7 * 366 - 1);
    assert!(matches!(asks(&mut early, Act::Expire, APPROVER, ""), Err(Rejection::Kept { .. })));
    assert_eq!(due(&early.case, 0), due(&early.case, YEARS), "the rule that the plan was made under stays");
    assert!(due(&early.case, 10) > due(&early.case, YEARS));
    assert!(asks(&mut over(7 * 366), Act::Expire, APPROVER, "").is_ok());
}

#[test]
fn one_person_asks_and_another_one_confirms_the_same() {
    let mut bench = over(3000);
    assert!(matches!(asks(&mut bench, Act::Expire, LEAVES, "one"), Err(Rejection::Duty { role: "leaver", .. })));
    assert!(matches!(asks(&mut bench, Act::Expire, APPROVER, "one").unwrap()[..], [Event::RetentionAsked { .. }]));
    assert!(matches!(asks(&mut bench, Act::Expire, APPROVER, "one"), Err(Rejection::Duty { .. })), "alone");
    let other = asks(&mut bench, Act::Expire, EXECUTOR, "another list").unwrap();
    assert!(matches!(other[..], [Event::RetentionAsked { .. }]), "what would go is not what was asked for");
    bench.now = bench.now.checked_add(SignedDuration::from_hours(24 * 8)).unwrap();
    let late = asks(&mut bench, Act::Expire, APPROVER, "another list").unwrap();
    assert!(matches!(late[..], [Event::RetentionAsked { .. }]), "nobody remembers what was asked a week ago");
    let done = asks(&mut bench, Act::Expire, EXECUTOR, "another list").unwrap();
    let [Event::Expired { asked_by, by, .. }] = &done[..] else { panic!("{done:?}") };
    assert_eq!((asked_by, by), (&person(APPROVER), &person(EXECUTOR)));
    assert!(bench.case.expired_at.is_some());
    assert!(
        matches!(asks(&mut bench, Act::Expire, APPROVER, ""), Err(Rejection::Expired(_))),
        "nothing happens any more"
    );
    let owed = wanted(&bench.case, &Live::default(), bench.now);
    assert!(owed.reads.is_empty() && owed.next_at.is_none(), "nobody is watched who was erased");
}

#[test]
fn a_legal_hold_keeps_a_case_until_two_people_end_it() {
    let mut bench = over(3000);
    let hold = |by: PersonId| Command::Hold { by, why: "a dispute".to_owned() };
    assert_eq!(asks(&mut bench, Act::EndHold, APPROVER, ""), Err(Rejection::NoHold));
    for event in decide(&bench.case, hold(person(APPROVER)), bench.now).unwrap() {
        bench.add(event);
    }
    asks(&mut bench, Act::EndHold, APPROVER, "").unwrap();
    for event in decide(&bench.case, hold(person(EXECUTOR)), bench.now).unwrap() {
        bench.add(event);
    }
    assert!(bench.case.asked().is_none(), "whoever asked did not know of the second hold");
    assert_eq!(asks(&mut bench, Act::Expire, APPROVER, "").unwrap_err().code(), "L218");
    asks(&mut bench, Act::EndHold, APPROVER, "").unwrap();
    assert!(bench.case.on_hold(), "one person alone ends nothing");
    assert!(matches!(asks(&mut bench, Act::EndHold, APPROVER, ""), Err(Rejection::Duty { .. })));
    assert!(matches!(asks(&mut bench, Act::EndHold, EXECUTOR, "").unwrap()[..], [Event::HoldEnded { .. }]));
    assert!(!bench.case.on_hold());
    // That the hold ended is no yes to the expiry.
    assert!(matches!(asks(&mut bench, Act::Expire, EXECUTOR, "").unwrap()[..], [Event::RetentionAsked { .. }]));
}
