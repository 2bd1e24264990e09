//! The outward actions that would make a broken claim true.

use jiff::{SignedDuration, Timestamp};

use super::Live;
use super::waits::{is_broken, is_stopped, needs_hold};
use super::when::{add, later, looked_after};
use crate::case::Case;
use crate::claim::{Choice, Claim, Predicate, Remedy};
use crate::effect::{Act, Effect};
use crate::event::CaseState;
use crate::ids::{ClaimKey, EffectKey};
use crate::plan::Plan;
use crate::provider::Way;
use crate::reading::Failure;
use crate::source::Kind;
use crate::write::Outcome;

/// Whether the machine makes the claim true: always, or because a named person decided so.
pub(super) fn by_machine(case: &Case, claim: &Claim) -> bool {
    let decided = || case.decision(&claim.key).is_some_and(|decision| decision.choice == Choice::DeleteByScim);
    claim.remedy == Remedy::Automatic || (claim.says == Predicate::ScimGone && decided())
}

pub(super) fn attempts(case: &Case, key: &ClaimKey) -> u32 {
    case.effects().values().filter(|fact| fact.effect.claim == *key).map(|fact| fact.effect.attempt).max().unwrap_or(0)
}

pub(super) fn acts_for(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> bool {
    may_act(case, plan, claim, now) && is_broken(case, &claim.key) && looked_after(case, claim)
}

fn may_act(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> bool {
    // On one person's word alone only closing, revoking and deactivating run (invariant 4).
    let alone = case.is_alone();
    by_machine(case, claim)
        && (!alone || claim.kind.gates_removed())
        // A path that opens again re-opens the case first.
        && !(case.state == CaseState::Removed && claim.kind.gates_removed())
        && case.accepted(&claim.key, now).is_none()
        && needs_hold(case, plan, claim, now)
        && !is_stopped(case, plan, claim, now)
}

/// What follows from the vendor's own answer and from no picture of the world: a copy that was just made, under an id that is known, is
/// shared while it settles, so that one wait serves both and one look proves both. A copy that turns out to be bad is deleted all the same.
pub(super) fn follow_up(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> Option<Effect> {
    let Predicate::Copied { project, kind, id } = &claim.says else { return None };
    let (copy, made_at) = case.copy_just_made(*project, *kind, id)?;
    let unseen = case.observation(&claim.key).is_none_or(|seen| seen.observation.seen_at <= made_at);
    let act = Act::ShareCopy { project: *project, kind: *kind, id: copy.to_owned() };
    let first = !case.effects().values().any(|fact| fact.effect.act == act);
    let skipped = case.skipped_at(&claim.key).is_some_and(|at| at >= made_at);
    (unseen && first && !skipped && may_act(case, plan, claim, now))
        .then(|| effect(claim, &format!("unshared:{copy}"), act, 1))
}

fn effect(claim: &Claim, instance: &str, act: Act, attempt: u32) -> Effect {
    let key = EffectKey::new(format!("{}#{instance}/{}/{attempt}", claim.key, act.word()));
    Effect { key, claim: claim.key.clone(), act, attempt }
}

/// The outward actions that would make a broken claim true, one for each instance, none that is still open.
pub(super) fn effects_for(
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
            Some(effect(claim, &instance, act, attempt))
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
        Predicate::NoWayIn { account, way: Way::Group(group) } => {
            Some(Act::LeaveGroup { account: account.clone(), group: group.clone() })
        }
        Predicate::NoWayIn { account, way: Way::Direct } => Some(Act::Unassign { account: account.clone() }),
        Predicate::SessionsEnded { account } => Some(Act::EndSessions { account: account.clone() }),
        Predicate::Synced { account } => Some(Act::SyncNow { account: account.clone(), job: instance.to_owned() }),
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
        | Predicate::NoWayIn { .. }
        | Predicate::LoginFails { .. }
        | Predicate::OutsiderRefused
        | Predicate::NotRecreated { .. }
        | Predicate::MembersKept { .. }
        | Predicate::Exported { .. }
        | Predicate::MayRemove
        | Predicate::ExecutorMayRemove
        | Predicate::Recorded { .. }
        | Predicate::Declared { .. } => None,
    }
}
