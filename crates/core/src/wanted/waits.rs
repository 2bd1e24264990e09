//! What a claim waits for: other claims, a person, a time.

use jiff::{SignedDuration, Timestamp};

use super::acts::{attempts, by_machine};
use crate::case::Case;
use crate::claim::{Choice, Claim, ClaimKind, Guide, Predicate, Record, Remedy, State};
use crate::event::CaseState;
use crate::ids::ClaimKey;
use crate::judge::reads_now;
use crate::method::Urgency;
use crate::plan::Plan;
use crate::reading::Failure;

/// After so many attempts a person must look.
const ATTEMPTS: u32 = 5;

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

/// Whether making the claim true may take content of the leaver along, as a deletion by SCIM may (METHOD-1): then every copy is awaited,
/// whatever the deadline says. Access does not depend on it.
fn may_take_content(claim: &Claim) -> bool {
    claim.says == Predicate::ScimGone
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
        Remedy::Guided(Guide::ArchiveAuditLog) => log_is_ripe(case, plan, now) && is_broken(case, &claim.key),
        Remedy::Guided(_) | Remedy::Attested(_) => needs_hold(case, plan, claim, now),
        Remedy::Automatic => is_stopped(case, plan, claim, now),
        // What should not have changed is put back, or accepted, by a person; an emergency is ratified by one.
        Remedy::None => {
            is_broken(case, &claim.key)
                && (claim.kind == ClaimKind::Kept
                    // What came back, or never went, does not pass by itself; that cycles have to pass does.
                    || (matches!(claim.says, Predicate::NotRecreated { .. })
                        && names_something(case, &claim.key)
                        && needs_hold(case, plan, claim, now))
                    || claim.says == Predicate::Recorded { record: Record::Inventory }
                    || claim.says == Predicate::Recorded { record: Record::Members }
                    || (claim.says == Predicate::Recorded { record: Record::Approval } && case.is_alone()))
        }
    }
}

/// Whether the vendor's log has everything that the case will do: one that is exported earlier would have to be exported again.
fn log_is_ripe(case: &Case, plan: &Plan, now: Timestamp) -> bool {
    let mut read = plan.claims.iter().filter(|claim| !claim.reads.is_empty());
    case.removed_at.is_some() && read.all(|claim| settled(case, &claim.key, now))
}

/// Whether the machine does nothing more for the claim before a person has decided.
pub(super) fn is_stopped(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> bool {
    (!claim.also_affects.is_empty() && case.choice(plan, &claim.key) != Some(Choice::Proceed))
        || attempts(case, &claim.key) >= ATTEMPTS
        || is_only_kept(case, plan, claim, now)
        || (case.returned && case.decision(&claim.key).is_none_or(|decision| Some(decision.at) < case.returned_at))
}

fn names_something(case: &Case, key: &ClaimKey) -> bool {
    case.observation(key).is_some_and(|seen| !seen.observation.instances.is_empty())
}

pub(super) fn is_broken(case: &Case, key: &ClaimKey) -> bool {
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
    let open = || case.effects().values().any(|fact| fact.effect.claim == claim.key && fact.is_open());
    if settled(case, &claim.key, now) || (case.state.is_over() && !open()) {
        return None;
    }
    let too_early = claim.remedy == Remedy::Guided(Guide::ArchiveAuditLog) && !log_is_ripe(case, plan, now);
    if too_early || !needs_hold(case, plan, claim, now) {
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
