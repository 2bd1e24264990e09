//! What a case owes to the world right now: derived from its state alone, so that a crash can only repeat, never lose.

mod acts;
mod waits;
mod when;

pub use self::waits::{Wait, needs_hold, settled, wait, waits_for_person};
pub use self::when::{RECHECKS, due, next_recheck, recheck_due_since};

use self::acts::{acts_for, effects_for, follow_up};
use self::when::{add, just_after, later, retry_at};
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::case::Case;
use crate::effect::Effect;
use crate::event::CaseState;
use crate::ids::{ClaimKey, CredentialName, EffectKey, ProjectId};
use crate::judge::reads_now;
use crate::plan::Plan;
use crate::source::{Kind, What};
use crate::write::Outcome;

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

/// Derives what is owed.
pub fn wanted(case: &Case, live: &Live, now: Timestamp) -> Owed {
    let mut owed = Owed::default();
    let Some((plan, _)) = case.plan.as_ref().filter(|_| case.expired_at.is_none()) else { return owed };
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
            owed.effects.extend(follow_up(case, plan, claim, now));
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
