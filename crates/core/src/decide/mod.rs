//! Commands of people, turned into events or a refusal; and what time changes (`tick`).

mod rejection;
mod tick;

use jiff::Timestamp;

use crate::case::Case;
use crate::claim::{Attestation, Choice, ClaimKind, Decision, Remedy, State};
use crate::event::{CaseState, Event, Identity};
use crate::ids::{ClaimKey, Digest, PersonId};
use crate::method::Urgency;
use crate::plan::{Plan, Request, keys};
use crate::retention;
use crate::statement::Statement;
use crate::wanted::settled;

pub use self::rejection::Rejection;
pub use self::tick::{over_cap, starts, summary, tick};

/// What a person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Say yes to the plan.
    Approve {
        /// The plan that the person saw.
        plan: Digest,
        /// Who.
        by: PersonId,
        /// How we know.
        identity: Identity,
        /// Originals attached.
        originals: Vec<Digest>,
    },
    /// Say yes alone, in an emergency.
    Authorise {
        /// The plan that the person saw.
        plan: Digest,
        /// Who.
        by: PersonId,
        /// How we know.
        identity: Identity,
    },
    /// Say yes after an emergency.
    Ratify {
        /// Who.
        by: PersonId,
        /// How we know.
        identity: Identity,
    },
    /// Say no.
    Reject {
        /// Who.
        by: PersonId,
        /// Why.
        why: String,
    },
    /// Take it back.
    Cancel {
        /// Who.
        by: PersonId,
        /// Why.
        why: String,
    },
    /// Choose among a claim's options.
    Decide {
        /// The claim.
        claim: ClaimKey,
        /// The choice.
        choice: Choice,
        /// Why.
        why: String,
        /// Until when.
        until: Option<Timestamp>,
        /// Who.
        by: PersonId,
    },
    /// Let a held case go on.
    Release {
        /// Who.
        by: PersonId,
        /// Why.
        why: String,
    },
    /// Put a legal hold on the case.
    Hold {
        /// Who.
        by: PersonId,
        /// Why.
        why: String,
    },
    /// Ask for, or confirm, what needs two people.
    Retain {
        /// What.
        act: retention::Act,
        /// Who.
        by: PersonId,
        /// Why.
        why: String,
        /// What is to go, by the digest of its list.
        list: Digest,
        /// The organization's rule of today, in years.
        years: u32,
    },
    /// Give one's word.
    Attest {
        /// The claim.
        claim: ClaimKey,
        /// The file.
        file: Option<Digest>,
        /// The note.
        note: String,
        /// Who.
        by: PersonId,
    },
}

/// Decides one command. The same command twice gives no second event where the first still stands.
///
/// # Errors
/// The rule that refuses it.
pub fn decide(case: &Case, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    if let Some(at) = case.expired_at {
        return Err(Rejection::Expired(at));
    }
    match command {
        Command::Hold { by, why } => {
            not_leaver(&case.request, &by, "put a legal hold on")?;
            Ok(vec![Event::HoldPut { by, why: Statement::said(why) }])
        }
        Command::Retain { act, by, why, list, years } => {
            not_leaver(&case.request, &by, act.says())?;
            retention::decide(case, act, by, Statement::said(why), list, years, now)
        }
        Command::Approve { plan, by, identity, originals } => {
            let (current, hash) = planned(case)?;
            waiting(case)?;
            same_plan(hash, &plan)?;
            unblocked(current)?;
            not_leaver(&case.request, &by, "approve")?;
            if by == case.request.requester {
                return Err(Rejection::Duty { role: "requester", act: "approve" });
            }
            if by == case.request.executor {
                return Err(Rejection::Duty { role: "executor", act: "approve" });
            }
            Ok(vec![Event::Approved { plan, by, identity, originals }, start(case, now)])
        }
        Command::Authorise { plan, by, identity } => {
            let (current, hash) = planned(case)?;
            waiting(case)?;
            same_plan(hash, &plan)?;
            unblocked(current)?;
            not_leaver(&case.request, &by, "authorise")?;
            if case.request.urgency != Urgency::Emergency {
                return Err(Rejection::Duty { role: "requester", act: "authorise alone, because it is no emergency," });
            }
            Ok(vec![Event::Authorised { plan, by, identity }, start(case, now)])
        }
        Command::Ratify { by, identity } => {
            let (_, hash) = planned(case)?;
            let approval = case.approval().filter(|approval| approval.emergency).ok_or(Rejection::WrongState {
                state: case.state,
                wanted: "only an emergency that one person authorised is ratified",
            })?;
            if case.state.is_over() {
                return Err(Rejection::WrongState { state: case.state, wanted: "there is nothing left to ratify" });
            }
            not_leaver(&case.request, &by, "ratify")?;
            if by == approval.by {
                return Err(Rejection::Duty { role: "authoriser", act: "ratify" });
            }
            if case.ratified().is_some() {
                return Ok(Vec::new());
            }
            Ok(vec![Event::Ratified { plan: hash.clone(), by, identity }])
        }
        // Whoever will not ratify an emergency stops it: what was done so far has to be looked at by people.
        Command::Reject { by, why } if case.is_alone() && !case.state.is_over() => {
            not_leaver(&case.request, &by, "refuse to ratify")?;
            if case.approval().is_some_and(|approval| approval.by == by) {
                return Err(Rejection::Duty { role: "authoriser", act: "refuse to ratify" });
            }
            let held = moved(CaseState::Held, "the emergency was not ratified".to_owned());
            Ok(vec![Event::Rejected { by, why: Statement::said(why) }, held])
        }
        Command::Reject { by, why } => {
            waiting(case)?;
            not_leaver(&case.request, &by, "reject")?;
            let rejected = moved(CaseState::Rejected, "the plan was refused".to_owned());
            Ok(vec![Event::Rejected { by, why: Statement::said(why) }, rejected])
        }
        Command::Cancel { by, why } => {
            not_leaver(&case.request, &by, "cancel")?;
            if case.state.is_over() || case.state == CaseState::Closed {
                return Err(Rejection::WrongState { state: case.state, wanted: "there is nothing left to cancel" });
            }
            let cancelled = moved(CaseState::Cancelled, "the case was taken back".to_owned());
            Ok(vec![Event::Cancelled { by, why: Statement::said(why) }, cancelled])
        }
        Command::Decide { claim, choice, why, until, by } => {
            choose(case, claim, choice, Statement::said(why), until, by, now)
        }
        Command::Release { by, why } => {
            if case.state != CaseState::Held {
                return Err(Rejection::WrongState { state: case.state, wanted: "only a held case is released" });
            }
            not_leaver(&case.request, &by, "release")?;
            let approver = case.approval().map(|approval| &approval.by);
            if by == case.request.requester || approver == Some(&by) {
                return Err(Rejection::Duty { role: "requester or approver", act: "release" });
            }
            // A case that was approved for later does not begin because it was released.
            Ok(vec![Event::Released { by, why: Statement::said(why) }, start(case, now)])
        }
        Command::Attest { claim, file, note, by } => attest(case, claim, file, Statement::said(note), by, now),
    }
}

fn choose(
    case: &Case,
    key: ClaimKey,
    choice: Choice,
    why: Statement,
    until: Option<Timestamp>,
    by: PersonId,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    let (plan, _) = planned(case)?;
    if case.state.is_over() {
        return Err(Rejection::WrongState { state: case.state, wanted: "decisions need a case that is not over" });
    }
    not_leaver(&case.request, &by, "decide in")?;
    let claim = plan.claim(&key).ok_or_else(|| Rejection::NoClaim(key.clone()))?;
    if choice == Choice::AcceptRisk {
        if by == case.request.requester || by == case.request.executor {
            return Err(Rejection::Duty { role: "requester or executor", act: "accept a risk in" });
        }
    } else if !claim.options.contains(&choice) {
        let offers = claim.options.iter().map(|choice| choice.word()).collect::<Vec<_>>().join(", ");
        let offers =
            if claim.options.contains(&Choice::AcceptRisk) { offers } else { format!("{offers}, accept-risk") };
        let offers = offers.trim_start_matches(", ").to_owned();
        return Err(Rejection::NoOption { claim: key, choice: choice.word(), offers });
    }
    // Deleting by SCIM is confirmed by itself: by somebody who neither asked nor clicks, after the transfer holds (METHOD-1).
    if choice == Choice::DeleteByScim {
        if by == case.request.requester || by == case.request.executor {
            return Err(Rejection::Duty { role: "requester or executor", act: "decide to delete by SCIM in" });
        }
        let open: Vec<ClaimKey> = claim.needs.iter().filter(|need| !settled(case, need, now)).cloned().collect();
        if !open.is_empty() {
            return Err(Rejection::TooEarly { claim: key, open });
        }
    }
    if crate::judge::keeps(choice) && until.is_none_or(|until| until <= now) {
        return Err(Rejection::NoExpiry);
    }
    let stands = case.decision(&key).is_some_and(|before| {
        // A decision made again after a return, or after something new was skipped for a person, is a new one.
        let answers = case.skipped(&key).is_none() && !(case.returned && Some(before.at) < case.returned_at);
        before.choice == choice && before.by == by && before.why == why && before.until == until && answers
    });
    if stands {
        return Ok(Vec::new());
    }
    Ok(vec![Event::Decided { claim: key, decision: Decision { choice, by, why, until, at: now } }])
}

fn attest(
    case: &Case,
    key: ClaimKey,
    file: Option<Digest>,
    note: Statement,
    by: PersonId,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    let (plan, _) = planned(case)?;
    // What was sent and never answered is told by a person in a case that is over, too: lists that shrank may never be believed again.
    let open = case.effects().values().any(|fact| fact.effect.claim == key && fact.is_open());
    if (case.state.is_over() && !open) || matches!(case.state, CaseState::Draft | CaseState::WaitingApproval) {
        return Err(Rejection::WrongState { state: case.state, wanted: "a word is taken once the case runs" });
    }
    not_leaver(&case.request, &by, "attest in")?;
    let claim = plan.claim(&key).ok_or_else(|| Rejection::NoClaim(key.clone()))?;
    if case.attestation(&key).is_some_and(|before| before.by == by && before.file == file && before.note == note) {
        return Ok(Vec::new());
    }
    let seen = case.observation(&key).map(|seen| &seen.observation);
    // In place of a hard read no word is taken: only where the last read ended in "unknown", and not because of a bad moment.
    match (&claim.remedy, seen) {
        (_, Some(seen)) if seen.state == State::Broken => {
            return Err(Rejection::Readable { claim: key, why: seen.why.clone() });
        }
        (Remedy::Attested(_), _) => {}
        (_, Some(seen)) if seen.state == State::Holds => {
            return Err(Rejection::Readable { claim: key, why: seen.why.clone() });
        }
        (_, None) => return Err(Rejection::Readable { claim: key, why: "it was not read yet".to_owned() }),
        (_, Some(_)) => {
            let failed = claim.reads.iter().filter_map(|what| case.failure(what));
            if let Some(failure) = failed.clone().find(|failure| failure.passes_after().is_some()) {
                return Err(Rejection::Passing { claim: key, failure: failure.clone() });
            }
        }
    }
    let shown = key == keys::original() && case.has_original();
    if file.is_none() && !shown && (claim.kind == ClaimKind::Access || key == keys::original()) {
        return Err(Rejection::NoFile(key));
    }
    Ok(vec![Event::Attested { claim: key, attestation: Attestation { by, file, note, at: now } }])
}

fn planned(case: &Case) -> Result<(&Plan, &Digest), Rejection> {
    case.plan
        .as_ref()
        .map(|(plan, hash)| (plan, hash))
        .ok_or(Rejection::WrongState { state: case.state, wanted: "it has no plan yet" })
}

fn waiting(case: &Case) -> Result<(), Rejection> {
    if case.state == CaseState::WaitingApproval {
        Ok(())
    } else {
        Err(Rejection::WrongState { state: case.state, wanted: "it does not wait for an approval" })
    }
}

fn same_plan(is: &Digest, named: &Digest) -> Result<(), Rejection> {
    if is == named { Ok(()) } else { Err(Rejection::OtherPlan { is: is.clone(), named: named.clone() }) }
}

fn unblocked(plan: &Plan) -> Result<(), Rejection> {
    match plan.blockers.first() {
        None => Ok(()),
        Some(blocker) => Err(Rejection::Blocked { code: blocker.code.clone(), why: blocker.why.clone() }),
    }
}

fn not_leaver(request: &Request, by: &PersonId, act: &'static str) -> Result<(), Rejection> {
    if *by == request.leaver { Err(Rejection::Duty { role: "leaver", act }) } else { Ok(()) }
}

fn moved(to: CaseState, why: impl Into<String>) -> Event {
    Event::Moved { to, why: why.into() }
}

fn start(case: &Case, now: Timestamp) -> Event {
    match case.request.not_before {
        Some(at) if at > now && case.request.urgency != Urgency::Emergency => {
            moved(CaseState::Scheduled, format!("approved, starts at {at}"))
        }
        _ => moved(CaseState::Running, "approved"),
    }
}
