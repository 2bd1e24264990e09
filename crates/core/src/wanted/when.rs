//! When a claim must be looked at next.

use jiff::{SignedDuration, Timestamp};

use super::acts::by_machine;
use super::waits::{needs_hold, waits_for_person};
use crate::case::{Case, Seen};
use crate::claim::{Claim, ClaimKind, Predicate, Proof, Remedy, Rung, State};
use crate::event::CaseState;
use crate::judge::reads_now;
use crate::plan::Plan;
use crate::provider::TWO_CYCLES;
use crate::reading::Failure;
use crate::source::What;

/// A read that is meant to settle an unknown outcome is tried again at a growing distance.
pub(super) fn retry_at(case: &Case, since: Option<Timestamp>, touches: &[What]) -> Option<Timestamp> {
    let since = since?;
    let last = touches.iter().map(|what| case.read_at(what)).min().flatten()?;
    (last > since).then(|| spaced(last, since, SignedDuration::from_secs(5), SignedDuration::from_mins(5)))
}

/// The next try at a distance of half the time waited so far, within bounds: close at first, then backing off.
fn spaced(last: Timestamp, since: Timestamp, least: SignedDuration, most: SignedDuration) -> Timestamp {
    let waited = last.duration_since(since);
    add(last, (waited / 2).clamp(least, most))
}

/// When the oldest of the claim's reads was last sent; `None` when one was never read.
pub(super) fn probed_at(case: &Case, claim: &Claim) -> Option<Timestamp> {
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
    // A sign-in is no plain read: not before every way is closed, and a wrong password not so often that the provider locks the account.
    if claim.says == Predicate::OutsiderRefused {
        if !needs_hold(case, plan, claim, now) {
            return None;
        }
        if let (Some(last), Some(seen)) = (probed_at(case, claim), seen)
            && seen.observation.state == State::Unknown
        {
            return match case.accepted(&claim.key, now) {
                Some(accepted) => accepted.until,
                None => Some(add(last, SignedDuration::from_mins(30))),
            };
        }
    }
    let settled = settled_after(case, claim).map(just_after);
    let Some(last) = probed_at(case, claim) else { return Some(settled.unwrap_or(now).max(now)) };
    let run_since = case.run_since.unwrap_or(case.request.at);
    // What was read at the very moment of the start may have been read before it.
    let begun = just_after(run_since);
    let Some(seen) = seen.filter(|seen| last >= begun && is_of(case, claim, seen, run_since)) else {
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
    if case.state.is_removed() {
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
            let again = spaced(last, seen.since, MINUTE, HOUR);
            return (seen.observation.state != State::Holds)
                .then(|| cycles_end(case, claim, seen).unwrap_or(again).max(again));
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

/// Whether a verdict by reads was made of this run's reads. Each source of a claim may have been read again for the sake of others, at
/// different moments, and the claim was judged by none of them.
fn is_of(case: &Case, claim: &Claim, seen: &Seen, run_since: Timestamp) -> bool {
    let by_reads = match seen.observation.proof {
        Some(Proof::Read) => seen.observation.rung != Some(Rung::Audit),
        // A word about another claim, which this one leans on beside its own reads.
        Some(Proof::Attested) => case.attestation(&claim.key).is_none(),
        Some(Proof::Record) | None => false,
    };
    !by_reads || seen.observation.seen_at > run_since
}

/// When the cycles have passed for which a claim waits that nothing but time stands against: looking earlier tells nothing new.
fn cycles_end(case: &Case, claim: &Claim, seen: &Seen) -> Option<Timestamp> {
    let waits = matches!(claim.says, Predicate::NotRecreated { .. })
        && seen.observation.state == State::Broken
        && seen.observation.instances.is_empty();
    let held = claim.needs.iter().filter_map(|key| case.observation(key)?.held_since).max()?;
    waits.then(|| just_after(add(held, TWO_CYCLES)))
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
    seen.is_none_or(|seen| case.record_changed(claim, seen)).then_some(now)
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
    if !case.state.is_removed() {
        return None;
    }
    let (plan, _) = case.plan.as_ref()?;
    let watched = plan.claims.iter().filter(|claim| claim.kind.gates_removed() && !claim.reads.is_empty());
    watched
        .filter_map(|claim| next_recheck(case, probed_at(case, claim).unwrap_or(case.request.at)))
        .filter(|due| now.duration_since(*due) > GRACE)
        .min()
}

/// Whether the claim was probed after everything that touched its sources had settled: nothing acts on an old picture.
pub(super) fn looked_after(case: &Case, claim: &Claim) -> bool {
    let since = settled_after(case, claim).max(case.skipped_at(&claim.key));
    probed_at(case, claim).is_some_and(|read| since.is_none_or(|since| read > since))
}

/// When everything that touched the claim's sources, and everything that was done for the claim elsewhere, has settled.
pub(super) fn settled_after(case: &Case, claim: &Claim) -> Option<Timestamp> {
    let touched = reads_now(claim, case).iter().filter_map(|what| case.settled(what)).max();
    touched.max(case.acted_until(&claim.key))
}

pub(super) fn just_after(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(1)).unwrap_or(at)
}

pub(super) fn later(next: &mut Option<Timestamp>, at: Timestamp) {
    *next = Some(next.map_or(at, |before| before.min(at)));
}

pub(super) fn add(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

/// The rechecks of VERIFY-6, counted from the time at which every path was seen closed.
pub const RECHECKS: [SignedDuration; 5] = [
    SignedDuration::from_mins(30),
    SignedDuration::from_mins(60),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(7 * 24),
    SignedDuration::from_hours(30 * 24),
];
