//! Who may do what in a case, and when: every rule of `decide` about people, states, plan hashes and repeats.

use jiff::{SignedDuration, Timestamp};
use leaver_core::case::Case;
use leaver_core::claim::{Choice, State};
use leaver_core::decide::{Command, Rejection, decide, tick};
use leaver_core::event::{CaseState, Event, Identity};
use leaver_core::ids::{ClaimKey, Digest};
use leaver_core::method::Urgency;
use leaver_core::plan::{Blocker, Plan, Request, keys};
use leaver_core::wanted::{Live, wanted};

use crate::stage::{
    APPROVER, Drafted, EXECUTOR, LEAVES, REQUESTER, SECOND, START, Wish, add, after, draft, furnished, inventory, look,
    opened, person, request,
};

fn drafted(request: Request) -> Drafted {
    draft(&furnished(), &Wish::new(request)).unwrap()
}

fn urgent(urgency: Urgency) -> Drafted {
    drafted(Request { urgency, ..request() })
}

fn approve(case: &Case, by: &str) -> Command {
    let plan = case.plan_event().unwrap().clone();
    Command::Approve { plan, by: person(by), identity: Identity::Passkey, originals: Vec::new() }
}

fn authorise(case: &Case, by: &str) -> Command {
    let plan = case.plan_event().unwrap().clone();
    Command::Authorise { plan, by: person(by), identity: Identity::Passkey }
}

fn ratify(by: &str) -> Command {
    Command::Ratify { by: person(by), identity: Identity::Passkey }
}

fn release(by: &str) -> Command {
    Command::Release { by: person(by), why: "looked at it".to_owned() }
}

fn choose(claim: &ClaimKey, choice: Choice, by: &str, until: Option<Timestamp>) -> Command {
    Command::Decide { claim: claim.clone(), choice, why: "because".to_owned(), until, by: person(by) }
}

fn attest(claim: &str, by: &str) -> Command {
    Command::Attest { claim: claim.into(), file: None, note: "I looked".to_owned(), by: person(by) }
}

/// Carries a command out, as the shell does.
fn carry_out(drafted: &mut Drafted, command: Command, at: Timestamp) -> Result<usize, Rejection> {
    let events = decide(&drafted.case, command, at)?;
    let count = events.len();
    for event in events {
        add(&mut drafted.case, &mut drafted.history, event, at);
    }
    Ok(count)
}

fn move_to(drafted: &mut Drafted, to: CaseState) {
    let at = drafted.case.last_at;
    add(&mut drafted.case, &mut drafted.history, Event::Moved { to, why: "for the test".to_owned() }, at);
}

fn running(urgency: Urgency) -> Drafted {
    let mut drafted = urgent(urgency);
    let command = approve(&drafted.case, APPROVER);
    carry_out(&mut drafted, command, START).unwrap();
    assert_eq!(drafted.case.state, CaseState::Running);
    drafted
}

#[track_caller]
fn duty(answer: &Result<Vec<Event>, Rejection>, part: &str) {
    match answer {
        Err(Rejection::Duty { role, .. }) => assert!(role.contains(part), "{role} instead of {part}"),
        other => panic!("{part} is not refused: {other:?}"),
    }
    assert_eq!(answer.as_ref().unwrap_err().code(), "L203");
}

#[test]
fn the_approver_is_neither_requester_nor_executor_nor_leaver() {
    let Drafted { case, .. } = urgent(Urgency::Standard);
    duty(&decide(&case, approve(&case, REQUESTER), START), "requester");
    duty(&decide(&case, approve(&case, EXECUTOR), START), "executor");
    duty(&decide(&case, approve(&case, LEAVES), START), "leaver");
    let events = decide(&case, approve(&case, APPROVER), START).unwrap();
    assert!(matches!(&events[0], Event::Approved { by, .. } if *by == person(APPROVER)));
    assert!(matches!(events[1], Event::Moved { to: CaseState::Running, .. }));
}

#[test]
fn the_leaver_does_nothing_in_their_own_case() {
    let mut held = running(Urgency::Standard);
    move_to(&mut held, CaseState::Held);
    let waiting = urgent(Urgency::Emergency);
    let mut alone = urgent(Urgency::Emergency);
    let command = authorise(&alone.case, REQUESTER);
    carry_out(&mut alone, command, START).unwrap();
    let key = keys::service_accounts();
    let why = || "no".to_owned();
    let tries = [
        (&waiting.case, approve(&waiting.case, LEAVES)),
        (&waiting.case, authorise(&waiting.case, LEAVES)),
        (&waiting.case, Command::Reject { by: person(LEAVES), why: why() }),
        (&waiting.case, Command::Cancel { by: person(LEAVES), why: why() }),
        (&alone.case, ratify(LEAVES)),
        (&held.case, release(LEAVES)),
        (&held.case, choose(&key, Choice::Proceed, LEAVES, None)),
        (&held.case, choose(&key, Choice::AcceptRisk, LEAVES, Some(after(SignedDuration::from_hours(9))))),
        (&held.case, attest("invitations.gone", LEAVES)),
    ];
    for (case, command) in tries {
        duty(&decide(case, command, START), "leaver");
    }
}

#[test]
fn one_person_alone_authorises_an_emergency_and_nothing_else() {
    for urgency in [Urgency::Immediate, Urgency::Standard, Urgency::Planned] {
        let Drafted { case, .. } = urgent(urgency);
        duty(&decide(&case, authorise(&case, APPROVER), START), "requester");
    }
    for by in [REQUESTER, EXECUTOR, APPROVER] {
        let Drafted { case, .. } = urgent(Urgency::Emergency);
        let events = decide(&case, authorise(&case, by), START).unwrap();
        assert!(matches!(events[0], Event::Authorised { .. }), "{by} may authorise an emergency");
    }
}

#[test]
fn an_emergency_is_ratified_by_somebody_else_and_once() {
    let mut alone = urgent(Urgency::Emergency);
    assert!(
        matches!(decide(&alone.case, ratify(SECOND), START), Err(Rejection::WrongState { .. })),
        "nothing to ratify"
    );
    let command = authorise(&alone.case, REQUESTER);
    carry_out(&mut alone, command, START).unwrap();
    duty(&decide(&alone.case, ratify(REQUESTER), START), "authoriser");
    assert_eq!(carry_out(&mut alone, ratify(SECOND), START), Ok(1));
    assert_eq!(carry_out(&mut alone, ratify(SECOND), START), Ok(0), "ratified is ratified");
    let usual = running(Urgency::Emergency);
    assert!(
        matches!(decide(&usual.case, ratify(SECOND), START), Err(Rejection::WrongState { .. })),
        "approved as usual"
    );
}

#[test]
fn on_one_persons_word_only_paths_and_senders_are_closed() {
    let mut alone = urgent(Urgency::Emergency);
    let command = authorise(&alone.case, REQUESTER);
    carry_out(&mut alone, command, START).unwrap();
    let soon = after(SignedDuration::from_secs(5));
    look(&mut alone, &furnished(), soon);
    let acts = |drafted: &Drafted| {
        let owed = wanted(&drafted.case, &Live::default(), soon);
        let (plan, _) = drafted.case.plan.as_ref().unwrap();
        let kinds = owed.effects.iter().map(|effect| plan.claim(&effect.claim).unwrap().kind.gates_removed());
        kinds.collect::<Vec<bool>>()
    };
    let before = acts(&alone);
    assert!(!before.is_empty() && before.iter().all(|gates| *gates), "only paths and senders: {before:?}");
    carry_out(&mut alone, ratify(SECOND), soon).unwrap();
    assert!(acts(&alone).iter().any(|gates| !gates), "copies are made once a second person has said yes");
}

#[test]
fn a_held_case_is_released_by_somebody_who_neither_asked_nor_approved() {
    let mut held = running(Urgency::Standard);
    assert!(matches!(decide(&held.case, release(SECOND), START), Err(Rejection::WrongState { .. })), "nothing is held");
    move_to(&mut held, CaseState::Held);
    duty(&decide(&held.case, release(REQUESTER), START), "requester");
    duty(&decide(&held.case, release(APPROVER), START), "approver");
    assert_eq!(carry_out(&mut held, release(SECOND), START), Ok(2));
    assert_eq!(held.case.state, CaseState::Running);
}

/// Held because of the cap, and planned for next week: letting it go on does not let it start now.
#[test]
fn a_released_case_still_waits_for_its_time() {
    let not_before = after(SignedDuration::from_hours(7 * 24));
    let mut held = drafted(Request { urgency: Urgency::Planned, not_before: Some(not_before), ..request() });
    let command = approve(&held.case, APPROVER);
    carry_out(&mut held, command, START).unwrap();
    assert_eq!(held.case.state, CaseState::Scheduled);
    move_to(&mut held, CaseState::Held);
    carry_out(&mut held, release(SECOND), START).unwrap();
    let owed = wanted(&held.case, &Live::default(), START);
    for event in tick(&held.case, &owed, &Live::default(), START) {
        add(&mut held.case, &mut held.history, event, START);
    }
    assert_eq!(held.case.state, CaseState::Scheduled, "it was to start a week from now");
}

#[test]
fn a_risk_is_accepted_by_somebody_else_and_until_a_date() {
    let mut drafted = running(Urgency::Standard);
    let key = keys::service_accounts();
    let end = after(SignedDuration::from_hours(24));
    let later = Some(end);
    duty(&decide(&drafted.case, choose(&key, Choice::AcceptRisk, REQUESTER, later), START), "requester or executor");
    duty(&decide(&drafted.case, choose(&key, Choice::AcceptRisk, EXECUTOR, later), START), "requester or executor");
    for until in [None, Some(START), Some(after(-SignedDuration::from_secs(1)))] {
        let answer = decide(&drafted.case, choose(&key, Choice::AcceptRisk, APPROVER, until), START);
        assert_eq!(answer, Err(Rejection::NoExpiry));
    }
    let (plan, _) = drafted.case.plan.clone().unwrap();
    let replaced = plan.claims.iter().find(|claim| claim.options.contains(&Choice::Keep)).unwrap().key.clone();
    let answer = decide(&drafted.case, choose(&replaced, Choice::Keep, APPROVER, None), START);
    assert_eq!(answer, Err(Rejection::NoExpiry), "to keep what should go is a risk too");
    assert_eq!(carry_out(&mut drafted, choose(&key, Choice::AcceptRisk, APPROVER, later), START), Ok(1));
    assert!(drafted.case.accepted(&key, START).is_some());
    assert!(drafted.case.accepted(&key, end).is_none(), "it has run out at its date");
}

#[test]
fn only_the_choices_of_a_claim_are_taken() {
    let Drafted { case, .. } = running(Urgency::Standard);
    let answer = decide(&case, choose(&keys::service_accounts(), Choice::Rotate, APPROVER, None), START);
    assert!(
        matches!(&answer, Err(Rejection::NoOption { offers, .. }) if offers.contains("callers-moved")),
        "{answer:?}"
    );
    let nowhere = ClaimKey::from("no.such.claim");
    assert_eq!(
        decide(&case, choose(&nowhere, Choice::Proceed, APPROVER, None), START),
        Err(Rejection::NoClaim(nowhere.clone()))
    );
    assert_eq!(decide(&case, attest("no.such.claim", APPROVER), START), Err(Rejection::NoClaim(nowhere)));
    let (plan, _) = case.plan.as_ref().unwrap();
    let later = Some(after(SignedDuration::from_hours(24)));
    for claim in &plan.claims {
        let answer = decide(&case, choose(&claim.key, Choice::AcceptRisk, APPROVER, later), START);
        assert!(answer.is_ok(), "any claim may be accepted by name: {}", claim.key);
    }
}

#[test]
fn a_word_is_refused_where_a_read_decides() {
    let Drafted { case, .. } = running(Urgency::Standard);
    let (plan, _) = case.plan.as_ref().unwrap();
    for claim in &plan.claims {
        let answer = decide(&case, attest(claim.key.as_str(), APPROVER), START);
        match case.observation(&claim.key).map(|seen| seen.observation.state) {
            _ if claim.remedy.word() == "attested" => assert!(answer.is_ok(), "{}", claim.key),
            Some(State::Unknown) => assert!(answer.is_ok(), "{}: {answer:?}", claim.key),
            _ => assert!(matches!(answer, Err(Rejection::Readable { .. })), "{}: {answer:?}", claim.key),
        }
    }
    let waiting = urgent(Urgency::Standard);
    let answer = decide(&waiting.case, attest("invitations.gone", APPROVER), START);
    assert!(matches!(answer, Err(Rejection::WrongState { .. })), "no word before the case runs");
}

#[test]
fn the_same_command_twice_gives_no_second_event() {
    let mut drafted = running(Urgency::Standard);
    let later = Some(after(SignedDuration::from_hours(24)));
    let key = keys::service_accounts();
    for (command, first) in [
        (choose(&key, Choice::CallersMoved, EXECUTOR, None), 1),
        (choose(&keys::member_gone(), Choice::AcceptRisk, APPROVER, later), 1),
        (attest("invitations.gone", EXECUTOR), 1),
    ] {
        assert_eq!(carry_out(&mut drafted, command.clone(), START), Ok(first), "{command:?}");
        assert_eq!(carry_out(&mut drafted, command.clone(), START), Ok(0), "{command:?} again");
    }
    let other = Command::Attest {
        claim: "invitations.gone".into(),
        file: None,
        note: "again".to_owned(),
        by: person(EXECUTOR),
    };
    assert_eq!(carry_out(&mut drafted, other, START), Ok(1), "another note is another word");
    let again = approve(&drafted.case, APPROVER);
    assert!(
        matches!(carry_out(&mut drafted, again, START), Err(Rejection::WrongState { .. })),
        "an approval is used once"
    );
    assert_eq!(drafted.history.iter().filter(|one| matches!(one.event, Event::Approved { .. })).count(), 1);
}

#[test]
fn an_approval_names_the_plan_of_the_case() {
    let Drafted { case, .. } = urgent(Urgency::Emergency);
    let other = Digest::of(b"another plan");
    let by = person(APPROVER);
    let approve =
        Command::Approve { plan: other.clone(), by: by.clone(), identity: Identity::Declared, originals: Vec::new() };
    let authorise = Command::Authorise { plan: other, by, identity: Identity::Declared };
    for command in [approve, authorise] {
        let answer = decide(&case, command, START);
        assert!(matches!(answer, Err(Rejection::OtherPlan { .. })), "{answer:?}");
    }
}

#[test]
fn a_new_plan_takes_the_old_approval_away() {
    let mut drafted = running(Urgency::Standard);
    assert!(drafted.case.approval().is_some());
    let (plan, _) = drafted.case.plan.clone().unwrap();
    let bytes = Plan { members: 99, ..plan }.to_bytes().unwrap();
    let planned = Event::Planned { number: 2, hash: Digest::of(&bytes), plan: String::from_utf8(bytes).unwrap() };
    add(&mut drafted.case, &mut drafted.history, planned, START);
    assert!(drafted.case.approval().is_none());
    assert!(wanted(&drafted.case, &Live::default(), START).effects.is_empty(), "nothing is sent without one");
}

#[test]
fn a_blocked_plan_is_not_approved() {
    let world = furnished();
    let wish = Wish::new(Request { urgency: Urgency::Emergency, ..request() });
    let readings = inventory(&world, START);
    let mut plan = wish.plan(&readings).unwrap().plan;
    plan.blockers.push(Blocker { code: "L105".to_owned(), why: "too few owners would remain".to_owned() });
    let Drafted { case, .. } = opened(wish.request.clone(), &plan, &readings, wish.names);
    for command in [approve(&case, APPROVER), authorise(&case, APPROVER)] {
        let answer = decide(&case, command, START);
        assert_eq!(answer.as_ref().unwrap_err().code(), "L105");
        assert!(matches!(answer, Err(Rejection::Blocked { .. })));
    }
}

#[test]
fn a_case_is_rejected_or_cancelled_by_anybody_else_and_then_it_is_over() {
    let why = || "not now".to_owned();
    let mut rejected = urgent(Urgency::Standard);
    carry_out(&mut rejected, Command::Reject { by: person(APPROVER), why: why() }, START).unwrap();
    let mut cancelled = running(Urgency::Standard);
    let reject = Command::Reject { by: person(APPROVER), why: why() };
    assert!(matches!(decide(&cancelled.case, reject, START), Err(Rejection::WrongState { .. })), "it runs already");
    carry_out(&mut cancelled, Command::Cancel { by: person(REQUESTER), why: why() }, START).unwrap();
    for over in [&rejected.case, &cancelled.case] {
        assert!(over.state.is_over());
        let later = Some(after(SignedDuration::from_hours(24)));
        for command in [
            approve(over, APPROVER),
            Command::Reject { by: person(APPROVER), why: why() },
            Command::Cancel { by: person(APPROVER), why: why() },
            release(SECOND),
            choose(&keys::member_gone(), Choice::AcceptRisk, APPROVER, later),
            attest("invitations.gone", EXECUTOR),
        ] {
            let answer = decide(over, command.clone(), START);
            assert!(matches!(answer, Err(Rejection::WrongState { .. })), "{command:?}: {answer:?}");
        }
        let owed = wanted(over, &Live::default(), START);
        assert!(
            owed.effects.is_empty() && owed.probes.is_empty() && owed.next_at.is_none(),
            "nothing is owed any more"
        );
    }
    let mut closed = running(Urgency::Standard);
    move_to(&mut closed, CaseState::Closed);
    let cancel = Command::Cancel { by: person(REQUESTER), why: why() };
    assert!(
        matches!(decide(&closed.case, cancel, START), Err(Rejection::WrongState { .. })),
        "closed is not taken back"
    );
}
