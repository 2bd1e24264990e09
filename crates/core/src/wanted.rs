//! What a case owes to the world right now: derived from its state alone, so that a crash can only repeat, never lose.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::case::{Case, Seen};
use crate::claim::{Choice, Claim, ClaimKind, Predicate, Record, Remedy, State};
use crate::effect::{Act, Effect};
use crate::event::CaseState;
use crate::ids::{ClaimKey, CredentialName, EffectKey, ProjectId};
use crate::judge::reads_now;
use crate::method::Urgency;
use crate::plan::Plan;
use crate::reading::Failure;
use crate::source::{Kind, What};
use crate::write::Outcome;

/// The rechecks of VERIFY-6, counted from the time at which every path was seen closed.
pub const RECHECKS: [SignedDuration; 5] = [
    SignedDuration::from_mins(30),
    SignedDuration::from_mins(60),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(7 * 24),
    SignedDuration::from_hours(30 * 24),
];

/// After so many attempts a person must look.
const ATTEMPTS: u32 = 5;

/// What only the running process knows.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// The credentials whose secret is in memory.
    pub remembered: BTreeSet<CredentialName>,
    /// The effects that this process is sending right now.
    pub in_flight: BTreeSet<EffectKey>,
    /// Why the whole organization is held, while it is: then nothing is sent.
    pub held: Option<String>,
}

/// What is owed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owed {
    /// Sources to read now, and the claims to judge with them.
    pub reads: BTreeSet<What>,
    /// The claims that these reads are for.
    pub probes: BTreeSet<ClaimKey>,
    /// Intents of a process that is gone: their outcome is unknown.
    pub orphans: Vec<EffectKey>,
    /// Unknown outcomes that the reads are to settle.
    pub unsettled: Vec<EffectKey>,
    /// Outward actions to send now.
    pub effects: Vec<Effect>,
    /// When to look again.
    pub next_at: Option<Timestamp>,
}

/// What a claim waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// A person.
    Person,
    /// A time: a recheck, a settle time, the next try.
    Time,
    /// Other claims.
    Needs,
    /// A limit of the vendor.
    Limit,
}

impl Wait {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Time => "time",
            Self::Needs => "needs",
            Self::Limit => "limit",
        }
    }
}

/// Derives what is owed.
pub fn wanted(case: &Case, live: &Live, now: Timestamp) -> Owed {
    let mut owed = Owed::default();
    let Some((plan, _)) = &case.plan else { return owed };
    if case.state == CaseState::Scheduled {
        owed.next_at = case.request.not_before;
        return owed;
    }
    // An intent without an outcome is settled in every state: what was sent may have been done.
    for (key, fact) in case.effects() {
        match &fact.outcome {
            None if !live.in_flight.contains(key) => owed.orphans.push(key.clone()),
            Some(Outcome::Unknown(_)) => {
                let touches = fact.effect.act.touches();
                let reads = reads_to_settle(case, plan, &fact.effect);
                let settled = reads.iter().filter_map(|what| case.settled(what)).max();
                match settled.filter(|settled| *settled >= now) {
                    Some(settled) => later(&mut owed.next_at, just_after(settled)),
                    None if retry_at(case, fact.ended_at, &touches).is_none_or(|at| at <= now) => {
                        owed.reads.extend(reads);
                        owed.probes.extend(plan.claim(&fact.effect.claim).map(|claim| claim.key.clone()));
                        owed.unsettled.push(key.clone());
                    }
                    None => {
                        if let Some(at) = retry_at(case, fact.ended_at, &touches) {
                            later(&mut owed.next_at, at);
                        }
                    }
                }
            }
            Some(Outcome::Done { .. } | Outcome::Failed(_)) | None => {}
        }
    }
    for claim in &plan.claims {
        match due(case, plan, claim, now) {
            Some(at) if at <= now => {
                owed.probes.insert(claim.key.clone());
                owed.reads.extend(reads_now(claim, case));
            }
            Some(at) => later(&mut owed.next_at, at),
            None => {}
        }
        for until in case.skips(&claim.key).filter_map(|(_, skip)| skip.until).filter(|until| *until > now) {
            later(&mut owed.next_at, until);
        }
    }
    if let Some(by) = case.ratify_by().filter(|by| *by > now && case.state.acts()) {
        later(&mut owed.next_at, just_after(by));
    }
    add_siblings(case, &mut owed.reads);
    if let Some(at) = runs_out(case, plan).filter(|_| case.state.acts()) {
        later(&mut owed.next_at, just_after(at));
    }
    if case.state.acts() && live.held.is_none() && is_in_force(case, plan, now) && owed.orphans.is_empty() {
        for claim in &plan.claims {
            if owed.probes.contains(&claim.key) || !acts_for(case, plan, claim, now) {
                continue;
            }
            let effects = effects_for(case, plan, claim, live, now, &mut owed.next_at);
            owed.effects.extend(effects);
        }
    }
    owed
}

/// What tells how an unknown outcome really was: what the act touched, who we are, and what its claim is judged by, because
/// whether an edit arrived is told by the claim.
pub(crate) fn reads_to_settle(case: &Case, plan: &Plan, effect: &Effect) -> BTreeSet<What> {
    let claim = plan.claim(&effect.claim).map(|claim| reads_now(claim, case)).unwrap_or_default();
    effect.act.touches().into_iter().chain(claim).chain([What::Me]).collect()
}

/// When the approval runs out: the policy's days after the start of its phase, unless every path was seen closed by then.
fn runs_out(case: &Case, plan: &Plan) -> Option<Timestamp> {
    let approval = case.approval().filter(|_| case.removed_at.is_none())?;
    let start = case.request.not_before.map_or(approval.at, |at| at.max(approval.at));
    Some(add(start, SignedDuration::from_hours(24 * i64::from(plan.policy.approval_days))))
}

/// Whether somebody said yes to this very plan, and the yes has not run out.
pub fn is_in_force(case: &Case, plan: &Plan, now: Timestamp) -> bool {
    case.approval().is_some() && runs_out(case, plan).is_none_or(|at| now <= at)
}

/// A read that is meant to settle an unknown outcome is tried again at a growing distance.
fn retry_at(case: &Case, since: Option<Timestamp>, touches: &[What]) -> Option<Timestamp> {
    let since = since?;
    let last = touches.iter().map(|what| case.read_at(what)).min().flatten()?;
    (last > since).then(|| spaced(last, since, SignedDuration::from_secs(5), SignedDuration::from_mins(5)))
}

/// An empty list is believed only beside a list that is not empty: read one along.
fn add_siblings(case: &Case, reads: &mut BTreeSet<What>) {
    let mut projects: BTreeMap<ProjectId, BTreeSet<Kind>> = BTreeMap::new();
    for what in reads.iter() {
        if let What::List(project, kind) = what {
            projects.entry(*project).or_default().insert(*kind);
        }
    }
    for (project, kinds) in projects {
        let full = |kind: &Kind| {
            let list = What::List(project, *kind);
            case.count(&list).unwrap_or(0) > 0 && !(list.is_tracked() && case.expected(&list).is_empty())
        };
        if !kinds.iter().any(full) {
            let sibling = Kind::ALL.into_iter().filter(|kind| !kinds.contains(kind)).find(full);
            if let Some(kind) = sibling {
                reads.insert(What::List(project, kind));
            }
        }
    }
}

fn later(next: &mut Option<Timestamp>, at: Timestamp) {
    *next = Some(next.map_or(at, |before| before.min(at)));
}

fn just_after(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(1)).unwrap_or(at)
}

fn add(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

/// The next try at a distance of half the time waited so far, within bounds: close at first, then backing off.
fn spaced(last: Timestamp, since: Timestamp, least: SignedDuration, most: SignedDuration) -> Timestamp {
    let waited = last.duration_since(since);
    add(last, (waited / 2).clamp(least, most))
}

/// When the oldest of the claim's reads was last sent; `None` when one was never read.
fn probed_at(case: &Case, claim: &Claim) -> Option<Timestamp> {
    reads_now(claim, case).iter().map(|what| case.read_at(what)).min().flatten()
}

/// When the claim must be probed next; `None` when nothing asks for it.
pub fn due(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> Option<Timestamp> {
    if case.state.is_over()
        || matches!(case.state, CaseState::Draft | CaseState::WaitingApproval | CaseState::Scheduled)
    {
        return None;
    }
    let seen = case.observation(&claim.key);
    if claim.reads.is_empty() && matches!(claim.says, Predicate::Recorded { .. } | Predicate::Declared { .. }) {
        return record_due(case, claim, seen, now);
    }
    let settled = settled_after(case, claim).map(just_after);
    let Some(last) = probed_at(case, claim) else { return Some(settled.unwrap_or(now).max(now)) };
    let run_since = case.run_since.unwrap_or(case.request.at);
    // What was read at the very moment of the start may have been read before it.
    let begun = just_after(run_since);
    let Some(seen) = seen.filter(|_| last >= begun) else {
        return Some(settled.map_or(begun, |settled| settled.max(begun)));
    };
    if let Some(settled) = settled
        && last < settled
    {
        return Some(settled);
    }
    // A person's word fills the gap at once.
    if seen.observation.state == State::Unknown && case.attestation(&claim.key).is_some_and(|word| word.at >= last) {
        return Some(now.max(just_after(last)));
    }
    if matches!(case.state, CaseState::Removed | CaseState::Closed) {
        let recheck = next_recheck(case, last);
        if claim.kind == ClaimKind::Record || claim.kind == ClaimKind::Notice {
            if let Some(accepted) = case.accepted(&claim.key, now) {
                return accepted.until;
            }
            // Somebody is at work on it, and expects it to be seen.
            let clicks = matches!(claim.remedy, Remedy::Guided(_)) && seen.observation.state == State::Broken;
            if clicks && waits_for_person(case, plan, claim, now) {
                return Some(awaited(last, seen.since));
            }
            return (seen.observation.state != State::Holds).then(|| spaced(last, seen.since, MINUTE, HOUR));
        }
        // What must not change is looked at with each effect; what was exported is exported.
        let once = claim.kind == ClaimKind::Kept || matches!(claim.says, Predicate::Exported { .. });
        if once && seen.observation.state == State::Holds {
            return None;
        }
        if let Some(accepted) = case.accepted(&claim.key, now) {
            // When the acceptance runs out the claim is broken again.
            return [recheck, accepted.until].into_iter().flatten().min();
        }
        if seen.observation.state == State::Holds {
            return recheck;
        }
    }
    match seen.observation.state {
        State::Holds => None,
        State::Unknown => {
            let at = spaced(last, seen.since, SignedDuration::from_secs(5), SignedDuration::from_mins(5));
            Some(allowed_again(case, claim).map_or(at, |allowed| allowed.max(at)))
        }
        State::Broken if case.accepted(&claim.key, now).is_some() => {
            case.accepted(&claim.key, now).and_then(|accepted| accepted.until)
        }
        State::Broken if !needs_hold(case, plan, claim, now) => None,
        // What the claim needed was made true since it was looked at: that alone may have mended it.
        State::Broken if claim.remedy != Remedy::Automatic && needed_since(case, claim).is_some_and(|at| last < at) => {
            needed_since(case, claim)
        }
        State::Broken => match claim.remedy {
            Remedy::Guided(_) if by_machine(case, claim) && !waits_for_person(case, plan, claim, now) => case
                .skipped_at(&claim.key)
                .filter(|at| last <= *at)
                .map(|_| spaced(last, seen.since, SignedDuration::from_secs(5), SignedDuration::from_mins(5))),
            // While a person is awaited: every 15 s for ten minutes, then backing off to 5 minutes.
            Remedy::Guided(_) | Remedy::Attested(_) | Remedy::None => Some(awaited(last, seen.since)),
            Remedy::Automatic if waits_for_person(case, plan, claim, now) => Some(awaited(last, seen.since)),
            // What was found right before acting says that the picture is old, or that none can be had now: look again first.
            Remedy::Automatic if case.skipped_at(&claim.key).is_some_and(|at| last <= at) => {
                Some(spaced(last, seen.since, SignedDuration::from_secs(5), SignedDuration::from_mins(5)))
            }
            Remedy::Automatic => None,
        },
    }
}

/// Since when the last of what the claim needs is seen to hold.
fn needed_since(case: &Case, claim: &Claim) -> Option<Timestamp> {
    let seen = claim.needs.iter().filter_map(|key| case.observation(key));
    seen.filter(|seen| seen.observation.state == State::Holds).map(|seen| seen.observation.seen_at).max()
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// When the vendor, which refused one of the claim's reads for their number, takes the next one; within the hour in any case.
fn allowed_again(case: &Case, claim: &Claim) -> Option<Timestamp> {
    let refused = |what: &What| {
        let Failure::Limited { after_seconds } = case.failure(what)? else { return None };
        let pause = i64::try_from(*after_seconds).map_or(HOUR, |seconds| SignedDuration::from_secs(seconds).min(HOUR));
        Some(add(case.read_at(what)?, pause))
    };
    reads_now(claim, case).iter().filter_map(refused).max()
}

fn awaited(last: Timestamp, since: Timestamp) -> Timestamp {
    let waited = last.duration_since(since);
    let pause = if waited < SignedDuration::from_mins(10) {
        SignedDuration::from_secs(15)
    } else {
        (waited / 20).clamp(SignedDuration::from_secs(15), SignedDuration::from_mins(5))
    };
    add(last, pause)
}

/// Claims about our own records and about a person's word cost no read: they are judged whenever the journal grew.
fn record_due(case: &Case, claim: &Claim, seen: Option<&Seen>, now: Timestamp) -> Option<Timestamp> {
    let settled_now = match seen {
        None => true,
        Some(seen) if seen.observation.state == State::Holds => false,
        Some(seen) => case.record_changed(claim, seen),
    };
    settled_now.then_some(now)
}

/// The first recheck after the last probe.
pub fn next_recheck(case: &Case, last: Timestamp) -> Option<Timestamp> {
    let removed = case.removed_at?;
    RECHECKS.iter().map(|after| add(removed, *after)).find(|at| *at > last)
}

/// A worker that runs every minute may be this late without anything being wrong.
const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// Since when a recheck of a removed case is due and was not made because nothing ran; `None` when none is overdue (VERIFY-6).
pub fn recheck_due_since(case: &Case, now: Timestamp) -> Option<Timestamp> {
    if !matches!(case.state, CaseState::Removed | CaseState::Closed) {
        return None;
    }
    let (plan, _) = case.plan.as_ref()?;
    let watched = plan.claims.iter().filter(|claim| claim.kind.gates_removed() && !claim.reads.is_empty());
    watched
        .filter_map(|claim| next_recheck(case, probed_at(case, claim).unwrap_or(case.request.at)))
        .filter(|due| now.duration_since(*due) > GRACE)
        .min()
}

/// Whether making the claim true may take content of the leaver along, as a deletion by SCIM may (METHOD-1): then every copy is awaited,
/// whatever the deadline says. Access does not depend on it.
fn may_take_content(claim: &Claim) -> bool {
    claim.says == Predicate::ScimGone
}

/// Whether the machine makes the claim true: always, or because a named person decided so.
fn by_machine(case: &Case, claim: &Claim) -> bool {
    let decided = || case.decision(&claim.key).is_some_and(|decision| decision.choice == Choice::DeleteByScim);
    claim.remedy == Remedy::Automatic || (claim.says == Predicate::ScimGone && decided())
}

/// Whether everything that the claim needs is settled. Only deletion waits for the transfer, and only until the deadline (XFER-8).
pub fn needs_hold(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> bool {
    let no_waiting =
        matches!(case.request.urgency, Urgency::Emergency | Urgency::Immediate) || now >= case.request.deadline;
    claim.needs.iter().all(|key| {
        let transfer = plan.claim(key).is_some_and(|needed| needed.kind == ClaimKind::Transfer);
        (transfer && no_waiting && !may_take_content(claim)) || settled(case, key, now)
    })
}

/// Whether a claim holds, or a named person accepted that it does not.
pub fn settled(case: &Case, key: &ClaimKey, now: Timestamp) -> bool {
    case.observation(key).is_some_and(|seen| seen.observation.state == State::Holds)
        || case.accepted(key, now).is_some()
}

/// Whether a person must do or decide something before the machine can go on with this claim.
pub fn waits_for_person(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> bool {
    if settled(case, &claim.key, now) {
        return false;
    }
    if case.skips(&claim.key).any(|(_, skip)| skip.awaits_person(now)) {
        return true;
    }
    // What stays unknown does not pass by itself: a person looks at it, while the machine goes on reading.
    let long = |since: Timestamp| now.duration_since(since) >= SignedDuration::from_mins(10);
    if case.observation(&claim.key).is_some_and(|seen| seen.observation.state == State::Unknown && long(seen.since)) {
        return true;
    }
    match &claim.remedy {
        Remedy::Guided(_) if by_machine(case, claim) => is_stopped(case, plan, claim, now),
        Remedy::Guided(_) | Remedy::Attested(_) => needs_hold(case, plan, claim, now),
        Remedy::Automatic => is_stopped(case, plan, claim, now),
        // What should not have changed is put back, or accepted, by a person; an emergency is ratified by one.
        Remedy::None => {
            is_broken(case, &claim.key)
                && (claim.kind == ClaimKind::Kept
                    || claim.says == Predicate::Recorded { record: Record::Inventory }
                    || claim.says == Predicate::Recorded { record: Record::Members }
                    || (claim.says == Predicate::Recorded { record: Record::Approval } && case.is_alone()))
        }
    }
}

/// Whether the machine does nothing more for the claim before a person has decided.
fn is_stopped(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> bool {
    (!claim.also_affects.is_empty() && case.choice(plan, &claim.key) != Some(Choice::Proceed))
        || attempts(case, &claim.key) >= ATTEMPTS
        || is_only_kept(case, plan, claim, now)
        || (case.returned && case.decision(&claim.key).is_none_or(|decision| Some(decision.at) < case.returned_at))
}

fn is_broken(case: &Case, key: &ClaimKey) -> bool {
    case.observation(key).is_some_and(|seen| seen.observation.state == State::Broken)
}

/// Whether all that is left of a claim is what a named person keeps: then a person accepts that, or lets it go.
fn is_only_kept(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> bool {
    let Some(seen) = case.observation(&claim.key) else { return false };
    claim.says == Predicate::NoServiceAccountBy
        && !seen.observation.instances.is_empty()
        && seen.observation.instances.iter().all(|id| case.keeps_service_account(plan, id, now))
}

/// What a claim waits for, for people and documents.
pub fn wait(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> Option<Wait> {
    if settled(case, &claim.key, now) || case.state.is_over() {
        return None;
    }
    if !needs_hold(case, plan, claim, now) {
        return Some(Wait::Needs);
    }
    let unratified = case.is_alone() && by_machine(case, claim) && !claim.kind.gates_removed();
    if unratified
        || matches!(case.state, CaseState::WaitingApproval | CaseState::Held)
        || waits_for_person(case, plan, claim, now)
    {
        return Some(Wait::Person);
    }
    let limited = reads_now(claim, case).iter().any(|what| matches!(case.failure(what), Some(Failure::Limited { .. })));
    Some(if limited { Wait::Limit } else { Wait::Time })
}

fn attempts(case: &Case, key: &ClaimKey) -> u32 {
    case.effects().values().filter(|fact| fact.effect.claim == *key).map(|fact| fact.effect.attempt).max().unwrap_or(0)
}

fn acts_for(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> bool {
    // On one person's word alone only closing, revoking and deactivating run (invariant 4).
    let alone = case.is_alone();
    by_machine(case, claim)
        && (!alone || claim.kind.gates_removed())
        // A path that opens again re-opens the case first.
        && !(case.state == CaseState::Removed && claim.kind.gates_removed())
        && case.accepted(&claim.key, now).is_none()
        && needs_hold(case, plan, claim, now)
        && !is_stopped(case, plan, claim, now)
        && is_broken(case, &claim.key)
        && looked_after(case, claim)
}

/// Whether the claim was probed after everything that touched its sources had settled: nothing acts on an old picture.
fn looked_after(case: &Case, claim: &Claim) -> bool {
    let since = settled_after(case, claim).max(case.skipped_at(&claim.key));
    probed_at(case, claim).is_some_and(|read| since.is_none_or(|since| read > since))
}

/// When everything that touched the claim's sources, and everything that was done for the claim elsewhere, has settled.
fn settled_after(case: &Case, claim: &Claim) -> Option<Timestamp> {
    let touched = reads_now(claim, case).iter().filter_map(|what| case.settled(what)).max();
    touched.max(case.acted_until(&claim.key))
}

/// The outward actions that would make a broken claim true, one for each instance, none that is still open.
fn effects_for(
    case: &Case,
    plan: &Plan,
    claim: &Claim,
    live: &Live,
    now: Timestamp,
    next_at: &mut Option<Timestamp>,
) -> Vec<Effect> {
    let Some(seen) = case.observation(&claim.key) else { return Vec::new() };
    let mut acts: Vec<(String, Act)> = Vec::new();
    // What waits for a person waits alone: the other instances go on.
    let waits = |instance: &str| {
        case.skips(&claim.key).any(|(of, skip)| (of == instance || of.is_empty()) && skip.awaits_person(now))
    };
    for instance in seen.observation.instances.iter().filter(|instance| !waits(instance)) {
        if let Some(act) = act_for(case, plan, claim, instance, live, now) {
            acts.push((instance.clone(), act));
        }
    }
    acts.into_iter()
        .filter_map(|(instance, act)| {
            let of_this = case.effects().values().filter(|fact| fact.effect.claim == claim.key);
            let same = of_this.filter(|fact| fact.effect.act == act);
            let mut attempt = 1;
            for fact in same {
                if fact.is_open() {
                    return None;
                }
                // A failed send is tried again at a growing distance.
                if let (Some(Outcome::Failed(failure)), Some(ended)) = (&fact.outcome, fact.ended_at) {
                    let pause = if let Failure::Limited { after_seconds } = failure {
                        SignedDuration::from_secs(i64::try_from(*after_seconds).unwrap_or(60))
                    } else {
                        SignedDuration::from_secs(2 << fact.effect.attempt.min(8))
                    };
                    if add(ended, pause) > now {
                        later(next_at, add(ended, pause));
                        return None;
                    }
                }
                attempt = attempt.max(fact.effect.attempt + 1);
            }
            Some(Effect {
                key: EffectKey::new(format!("{}#{instance}/{}/{attempt}", claim.key, act.word())),
                claim: claim.key.clone(),
                act,
                attempt,
            })
        })
        .collect()
}

fn act_for(case: &Case, plan: &Plan, claim: &Claim, instance: &str, live: &Live, now: Timestamp) -> Option<Act> {
    match &claim.says {
        Predicate::NothingSends { project, kind: Kind::Webhook } => {
            Some(Act::Disable { project: *project, kind: Kind::Webhook, id: instance.to_owned() })
        }
        Predicate::NothingSends { project, kind } => {
            Some(Act::TakeOut { project: *project, kind: *kind, id: instance.to_owned() })
        }
        Predicate::NoServiceAccountBy => {
            if case.keeps_service_account(plan, instance, now) {
                return None;
            }
            Some(Act::DeleteServiceAccount { id: instance.parse().ok()? })
        }
        Predicate::Replaced { service_account } => match case.replacement_of(*service_account) {
            None => Some(Act::CreateServiceAccount { replaces: *service_account }),
            // The instance is the old one: its replacement is gone.
            Some(_) if instance == service_account.to_string() => {
                Some(Act::CreateServiceAccount { replaces: *service_account })
            }
            // Its secret is lost, or the vendor refuses it: delete it by id, then create under the next marker.
            Some((id, credential)) if !case.replacement_proved(*service_account) => {
                (!live.remembered.contains(&credential) || instance == id.to_string())
                    .then_some(Act::DeleteServiceAccount { id })
            }
            Some(_) => None,
        },
        Predicate::Copied { project, kind, id } => {
            let (project, kind) = (*project, *kind);
            let (fault, copy) = instance.split_once(':')?;
            let copy = copy.to_owned();
            match fault {
                "missing" => Some(Act::Copy { project, kind, id: id.clone() }),
                "differs" => Some(Act::DropCopy { project, kind, id: copy }),
                "unnamed" => Some(Act::NameCopy { project, kind, id: copy }),
                "unshared" => Some(Act::ShareCopy { project, kind, id: copy }),
                _ => None,
            }
        }
        Predicate::OwnedBySuccessor { project, id } => Some(Act::SetMetricOwner { project: *project, id: id.clone() }),
        Predicate::ContactsSuccessor { project, id } => {
            Some(Act::SetSchemaContacts { project: *project, id: id.clone() })
        }
        Predicate::Described { project, kind, id } => {
            Some(Act::Describe { project: *project, kind: *kind, id: id.clone() })
        }
        Predicate::Dropped { project, kind, id } => Some(Act::Drop { project: *project, kind: *kind, id: id.clone() }),
        Predicate::ScimInactive => Some(Act::Deactivate),
        Predicate::ScimGone => Some(Act::DeleteMember),
        Predicate::NotMember
        | Predicate::RoleAtMost { .. }
        | Predicate::RoleNotBelow { .. }
        | Predicate::NoProjectGrant
        | Predicate::NoGrantIn { .. }
        | Predicate::GrantsAsBefore { .. }
        | Predicate::NoTeam
        | Predicate::NotInTeams { .. }
        | Predicate::TeamsAsBefore { .. }
        | Predicate::NoDataView
        | Predicate::NotShared { .. }
        | Predicate::NoPublicLink { .. }
        | Predicate::RecipientsKept
        | Predicate::RoleKept
        | Predicate::NoInvitation
        | Predicate::MembersKept { .. }
        | Predicate::Exported { .. }
        | Predicate::MayRemove
        | Predicate::ExecutorMayRemove
        | Predicate::Recorded { .. }
        | Predicate::Declared { .. } => None,
    }
}
