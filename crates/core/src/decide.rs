//! Commands of people and the passing of time, turned into events or a refusal.

use jiff::Timestamp;

use crate::case::Case;
use crate::claim::{Attestation, Choice, ClaimKind, Decision, Remedy, State};
use crate::event::{CaseState, Event, Identity};
use crate::ids::{ClaimKey, Digest, PersonId};
use crate::method::Urgency;
use crate::plan::{Plan, Request, keys};
use crate::reading::Failure;
use crate::retention;
use crate::source::Kind;
use crate::statement::Statement;
use crate::wanted::{Live, Owed, RECHECKS, is_in_force, settled, waits_for_person};

/// Why a command is refused. Each has a code with a page in `docs/errors`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The command does not fit the case's state.
    #[error("the case is {}: {wanted}", state.word())]
    WrongState {
        /// Its state.
        state: CaseState,
        /// What the command needs.
        wanted: &'static str,
    },
    /// The plan has a blocker.
    #[error("{why}")]
    Blocked {
        /// The blocker's code.
        code: String,
        /// The blocker.
        why: String,
    },
    /// The plan named is not the plan of the case.
    #[error("the plan of the case is {}, not {}", is.short(), named.short())]
    OtherPlan {
        /// The plan of the case.
        is: Digest,
        /// The plan that the command names.
        named: Digest,
    },
    /// This person may not do that here (AUTH-5).
    #[error("the {role} may not {act} this case")]
    Duty {
        /// The person's part in the case.
        role: &'static str,
        /// What they wanted to do.
        act: &'static str,
    },
    /// There is no such claim.
    #[error("the plan has no claim '{0}'")]
    NoClaim(ClaimKey),
    /// The claim does not offer that choice.
    #[error("'{choice}' is not a choice of {claim}; it offers {offers}")]
    NoOption {
        /// The claim.
        claim: ClaimKey,
        /// The choice.
        choice: &'static str,
        /// What it offers.
        offers: String,
    },
    /// A read can show it, so a word is not taken.
    #[error("{claim} can be read here, so a person's word is not taken for it: {why}")]
    Readable {
        /// The claim.
        claim: ClaimKey,
        /// What the read says.
        why: String,
    },
    /// A word about a path of access, or about the approval's original, needs something that others can look at.
    #[error("{0} needs a file that shows it")]
    NoFile(ClaimKey),
    /// A read failed for a moment, and that is no gap for a word to fill.
    #[error("{claim} can be read again when the vendor answers, so a person's word is not taken for it: {failure}")]
    Passing {
        /// The claim.
        claim: ClaimKey,
        /// How the last read failed.
        failure: Failure,
    },
    /// What may take content along is decided once nothing is left to lose.
    #[error("{claim} may take content along, and is decided once these hold: {}", open.iter().map(ClaimKey::as_str).collect::<Vec<_>>().join(", "))]
    TooEarly {
        /// The claim.
        claim: ClaimKey,
        /// What it needs and what does not hold yet.
        open: Vec<ClaimKey>,
    },
    /// The case is not old enough to expire.
    #[error("the case is kept until {}", until.strftime("%Y-%m-%d"))]
    Kept {
        /// Until when.
        until: Timestamp,
    },
    /// A legal hold is on the case.
    #[error("a legal hold is on the case: it does not expire")]
    OnHold,
    /// There is no legal hold to end.
    #[error("no legal hold is on the case")]
    NoHold,
    /// Everything that named somebody in the case is gone.
    #[error("the case expired on {}: its entries stay, and nothing happens in it any more", .0.strftime("%Y-%m-%d"))]
    Expired(Timestamp),
    /// An accepted risk needs an end.
    #[error("an accepted risk needs a date until which it is accepted")]
    NoExpiry,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::WrongState { .. } => "L201",
            Self::Blocked { code, .. } => code,
            Self::OtherPlan { .. } => "L202",
            Self::Duty { .. } => "L203",
            Self::NoClaim(_) => "L204",
            Self::NoOption { .. } => "L205",
            Self::Readable { .. } => "L206",
            Self::NoExpiry => "L207",
            Self::NoFile(_) => "L214",
            Self::Passing { .. } => "L215",
            Self::TooEarly { .. } => "L216",
            Self::Kept { .. } => "L217",
            Self::OnHold | Self::NoHold => "L218",
            Self::Expired(_) => "L219",
        }
    }
}

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

/// What time and the observations at hand change in the case's state.
pub fn tick(case: &Case, owed: &Owed, live: &Live, now: Timestamp) -> Vec<Event> {
    let Some((plan, hash)) = &case.plan else { return Vec::new() };
    let busy = !owed.reads.is_empty()
        || !owed.probes.is_empty()
        || !owed.effects.is_empty()
        || !owed.orphans.is_empty()
        || !live.in_flight.is_empty();
    match case.state {
        CaseState::Draft if case.plan.is_some() => {
            vec![moved(CaseState::WaitingApproval, "the plan waits for an approver")]
        }
        CaseState::Scheduled if case.request.not_before.is_none_or(|at| at <= now) => {
            vec![moved(CaseState::Running, "its time has come")]
        }
        CaseState::Running | CaseState::WaitingPerson | CaseState::Reopened if live.held.is_some() => {
            let why = live.held.as_deref().unwrap_or_default();
            vec![moved(CaseState::Held, format!("the organization is held ({why}): a second person must release it"))]
        }
        CaseState::Running | CaseState::WaitingPerson | CaseState::Reopened => {
            if let Some(broken) = changed_although_kept(plan, case, now) {
                return vec![moved(CaseState::Held, format!("{broken} changed although it should not"))];
            }
            if !is_in_force(case, plan, now) {
                return vec![moved(
                    CaseState::WaitingApproval,
                    format!("the approval of plan {} has run out", hash.short()),
                )];
            }
            if busy {
                return Vec::new();
            }
            let gates: Vec<_> = plan.claims.iter().filter(|claim| claim.kind.gates_removed()).collect();
            let run = case.run_since.unwrap_or(case.request.at);
            let seen_since = |key: &ClaimKey| {
                case.accepted(key, now).is_some()
                    || case.observation(key).is_some_and(|seen| {
                        seen.observation.seen_at > run || seen.observation.proof == Some(crate::claim::Proof::Attested)
                    })
            };
            if gates.iter().all(|claim| settled(case, &claim.key, now) && seen_since(&claim.key)) {
                let mut events = Vec::new();
                if case.note_at().is_none() {
                    let note = format!("access revoked {} per {}", now.strftime("%Y-%m-%d"), case.request.ticket);
                    events.push(Event::Noted { text: Statement::said(note) });
                }
                events.push(moved(CaseState::Removed, summary(case, now)));
                return events;
            }
            let awaited = plan.claims.iter().any(|claim| waits_for_person(case, plan, claim, now));
            match (awaited, case.state) {
                (true, CaseState::Running | CaseState::Reopened) => {
                    vec![moved(CaseState::WaitingPerson, "a person has something to do")]
                }
                (false, CaseState::WaitingPerson) => vec![moved(CaseState::Running, "nobody is awaited any more")],
                _ => Vec::new(),
            }
        }
        CaseState::Removed | CaseState::Closed => {
            if let Some(key) = plan
                .claims
                .iter()
                .filter(|claim| claim.kind.gates_removed())
                .find(|claim| {
                    case.accepted(&claim.key, now).is_none()
                        && case.observation(&claim.key).is_some_and(|seen| seen.observation.state == State::Broken)
                })
                .map(|claim| claim.key.clone())
            {
                return vec![moved(CaseState::Reopened, format!("{key} is broken again"))];
            }
            if case.state == CaseState::Removed && !busy && may_close(plan, case, now) {
                return vec![moved(CaseState::Closed, summary(case, now))];
            }
            Vec::new()
        }
        CaseState::Draft
        | CaseState::WaitingApproval
        | CaseState::Scheduled
        | CaseState::Held
        | CaseState::Cancelled
        | CaseState::Rejected => Vec::new(),
    }
}

/// Beyond the cap of removals in 24 hours a case that would start now is held until a second person releases it (AUTH-6).
/// `others` is how many other people's cases of the organization started within 24 hours.
pub fn over_cap(case: &Case, events: &[Event], others: usize) -> Option<Event> {
    let (plan, _) = case.plan.as_ref()?;
    let cap = plan.policy.cap(plan.members);
    (starts(case, events) && others >= cap).then(|| {
        moved(
            CaseState::Held,
            format!("{others} removals started within 24 hours, and the cap is {cap}: a second person must release it"),
        )
    })
}

/// Whether these events let the case run for the first time.
pub fn starts(case: &Case, events: &[Event]) -> bool {
    matches!(case.state, CaseState::WaitingApproval | CaseState::Scheduled)
        && events.iter().any(|event| matches!(event, Event::Moved { to: CaseState::Running, .. }))
}

/// The first claim that says that something stays, and it did not; nobody accepted that, and nobody has released the case since.
fn changed_although_kept(plan: &Plan, case: &Case, now: Timestamp) -> Option<ClaimKey> {
    let kept = plan.claims.iter().filter(|claim| claim.kind == ClaimKind::Kept);
    kept.filter(|claim| case.accepted(&claim.key, now).is_none())
        .find(|claim| {
            case.observation(&claim.key).is_some_and(|seen| {
                seen.observation.state == State::Broken && !case.is_released(&claim.key, &seen.observation.instances)
            })
        })
        .map(|claim| claim.key.clone())
}

/// Whether everything that closing needs has come: all rechecks of every path and sender, every record, the second person of an emergency.
fn may_close(plan: &Plan, case: &Case, now: Timestamp) -> bool {
    let Some(removed) = case.removed_at else { return false };
    let last_recheck = RECHECKS.last().and_then(|after| removed.checked_add(*after).ok());
    if last_recheck.is_none_or(|at| now < at) || !case.rechecked(plan) {
        return false;
    }
    if case.effects().values().any(crate::case::EffectFact::is_open) {
        return false;
    }
    if case.approval().is_none_or(|approval| approval.emergency && case.ratified().is_none()) {
        return false;
    }
    plan.claims.iter().all(|claim| settled(case, &claim.key, now))
}

/// How the paths were closed, in one sentence (VERIFY-7).
pub fn summary(case: &Case, now: Timestamp) -> String {
    let paths = case.paths(now);
    let seen = format!("{} of {} paths and senders seen closed", paths.read, paths.all());
    let also = |count: usize, how: &str| if count > 0 { format!(", {count} {how}") } else { String::new() };
    format!("{seen}{}{}", also(paths.attested, "attested"), also(paths.accepted, "accepted by name"))
}

/// The kinds that settle by a list, used by the planner to know what to read.
pub fn list_kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| *kind != Kind::CohortSync)
}
