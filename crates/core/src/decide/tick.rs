//! What the passing of time and the observations at hand change in a case: its state, and nothing outside.

use jiff::Timestamp;

use super::moved;
use crate::case::Case;
use crate::claim::{ClaimKind, State};
use crate::event::{CaseState, Event};
use crate::ids::ClaimKey;
use crate::plan::Plan;
use crate::statement::Statement;
use crate::wanted::{Live, Owed, RECHECKS, is_in_force, settled, waits_for_person};

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
                        // Only a word about this very claim needs no read; what leans on a word about another one was read beside it.
                        seen.observation.seen_at > run || case.attestation(key).is_some()
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
