//! What must be true of every history and every change, checked from the events and the world alone. [`crate::sabotage`] shows that
//! each check can fail.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use leaver_core::case::Case;
use leaver_core::claim::{Choice, ClaimKind, Decision, Predicate, Proof, State};
use leaver_core::effect::Act;
use leaver_core::event::{CaseState, Event, Stamped};
use leaver_core::ids::{ClaimKey, Digest, EffectKey, PersonId};
use leaver_core::plan::{Plan, Request};
use leaver_core::source::Kind;
use leaver_core::write::{Outcome, Write};

use crate::world::{LEAVER, OWN_ID, Thing, World, leaver, ourselves};

/// One outward change that reached the vendor.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    /// The effect that it carried out.
    pub effect: EffectKey,
    /// When.
    pub at: Timestamp,
    /// The number of events before it.
    pub after_events: usize,
}

/// Everything that is wrong with this history and the changes that were sent beside it.
pub(crate) fn of_history(history: &[Stamped], sent: &[Sent]) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(Event::Opened { request }) = history.first().map(|first| &first.event) else {
        return vec!["the history does not begin with an opening".to_owned()];
    };
    let mut told = Told::new(request);
    let mut keys = BTreeSet::new();
    for (number, stamped) in history.iter().enumerate() {
        for one in sent.iter().filter(|one| one.after_events == number) {
            told.sent(one, &mut wrong);
        }
        told.take(stamped, &mut wrong);
    }
    for one in sent {
        if !keys.insert(&one.effect) {
            wrong.push(format!("{} was sent twice", one.effect));
        }
        if one.after_events >= history.len() {
            told.sent(one, &mut wrong);
        }
    }
    wrong
}

/// The intents that have no settled outcome.
pub(crate) fn open_intents(history: &[Stamped]) -> Vec<String> {
    let mut open = BTreeSet::new();
    for stamped in history {
        match &stamped.event {
            Event::Intended { effect, .. } => {
                open.insert(effect.key.to_string());
            }
            Event::Ended { effect, outcome: Outcome::Done { .. } | Outcome::Failed(_), .. } => {
                open.remove(effect.as_str());
            }
            _ => {}
        }
    }
    open.into_iter().map(|key| format!("{key} has no outcome")).collect()
}

/// What a reader of the events knows, without the core.
struct Told<'a> {
    request: &'a Request,
    plan: Option<(Plan, Digest)>,
    state: CaseState,
    approved: Option<(Digest, Timestamp)>,
    removed: bool,
    intents: BTreeMap<EffectKey, (Digest, u32, bool)>,
    seen: BTreeMap<ClaimKey, State>,
    decisions: BTreeMap<ClaimKey, Decision>,
}

impl<'a> Told<'a> {
    fn new(request: &'a Request) -> Self {
        Self {
            request,
            plan: None,
            state: CaseState::Draft,
            approved: None,
            removed: false,
            intents: BTreeMap::new(),
            seen: BTreeMap::new(),
            decisions: BTreeMap::new(),
        }
    }

    fn sent(&self, one: &Sent, wrong: &mut Vec<String>) {
        let key = &one.effect;
        match self.intents.get(key) {
            None => wrong.push(format!("{key} was sent without an intent")),
            Some((_, ends, _)) if *ends > 0 => wrong.push(format!("{key} was sent after its outcome")),
            Some((plan, ..)) => {
                if self.approved.as_ref().is_none_or(|(approved, _)| approved != plan) {
                    wrong.push(format!("{key} was sent without an approval of its plan"));
                }
            }
        }
        let week = SignedDuration::from_hours(7 * 24) + SignedDuration::from_secs(60);
        let start = self.approved.as_ref().map(|(_, at)| self.request.not_before.map_or(*at, |begin| begin.max(*at)));
        if !self.removed && start.is_some_and(|start| one.at.duration_since(start) > week) {
            wrong.push(format!("{key} was sent on an approval that had run out"));
        }
        if !self.state.acts() {
            wrong.push(format!("{key} was sent while the case was {}", self.state.word()));
        }
    }

    fn may(&self, by: &PersonId, what: &str, wrong: &mut Vec<String>) {
        if *by == self.request.leaver {
            wrong.push(format!("the leaver {what}"));
        }
    }

    fn take(&mut self, stamped: &Stamped, wrong: &mut Vec<String>) {
        match &stamped.event {
            Event::Planned { hash, plan, .. } => {
                if Digest::of(plan.as_bytes()) != *hash {
                    wrong.push("the hash of a plan is not that of its bytes".to_owned());
                }
                self.plan = serde_json::from_str(plan).ok().map(|plan| (plan, hash.clone()));
                self.approved = None;
                self.seen.clear();
            }
            Event::Approved { plan, by, .. } => {
                self.may(by, "approved", wrong);
                if *by == self.request.requester || *by == self.request.executor {
                    wrong.push("the requester or executor approved".to_owned());
                }
                self.approved = Some((plan.clone(), stamped.at));
            }
            Event::Authorised { plan, by, .. } => {
                self.may(by, "authorised", wrong);
                self.approved = Some((plan.clone(), stamped.at));
            }
            Event::Ratified { by, .. } => self.may(by, "ratified", wrong),
            Event::Rejected { by, .. } | Event::Cancelled { by, .. } | Event::Released { by, .. } => {
                self.may(by, "decided", wrong);
            }
            Event::Decided { claim, decision } => {
                self.may(&decision.by, "decided", wrong);
                self.decisions.insert(claim.clone(), decision.clone());
            }
            Event::Attested { attestation, .. } => self.may(&attestation.by, "attested", wrong),
            Event::Intended { effect, plan, .. } => {
                if effect.act == Act::DeleteMember {
                    self.deletes_by_scim(&effect.claim, stamped.at, wrong);
                }
                let reason = (plan.clone(), 0, false);
                if self.intents.insert(effect.key.clone(), reason).is_some() {
                    wrong.push(format!("{} was intended twice", effect.key));
                }
            }
            Event::Ended { effect, outcome, .. } => self.end(effect, outcome, wrong),
            Event::Observed { claim, observation } => {
                self.seen.insert(claim.clone(), observation.state);
                if observation.state == State::Holds && observation.proof.is_none() {
                    wrong.push(format!("{claim} holds without a proof"));
                }
            }
            Event::Moved { to, .. } => {
                if matches!(to, CaseState::Removed | CaseState::Closed) {
                    self.closes(*to, stamped.at, wrong);
                }
                self.state = *to;
                self.removed |= *to == CaseState::Removed;
                if *to == CaseState::WaitingApproval {
                    self.approved = None;
                }
            }
            Event::Opened { .. }
            | Event::Read { .. }
            | Event::Skipped { .. }
            | Event::Extended { .. }
            | Event::Sealed { .. }
            | Event::Witnessed { .. }
            | Event::Imported { .. }
            | Event::Stored { .. }
            | Event::HoldPut { .. }
            | Event::RetentionAsked { .. }
            | Event::HoldEnded { .. }
            | Event::Expired { .. }
            | Event::Noted { .. } => {}
        }
    }

    /// Only on a decision by somebody who neither asked nor clicks, after every copy and hand-over holds or was waived by name.
    fn deletes_by_scim(&self, claim: &ClaimKey, at: Timestamp, wrong: &mut Vec<String>) {
        let decided = self.decisions.get(claim).filter(|decision| decision.choice == Choice::DeleteByScim);
        if decided.is_none_or(|one| one.by == self.request.requester || one.by == self.request.executor) {
            wrong.push("deleted by SCIM without a decision of its own".to_owned());
        }
        let Some((plan, _)) = &self.plan else { return };
        for transfer in plan.claims.iter().filter(|claim| claim.kind == ClaimKind::Transfer) {
            if self.seen.get(&transfer.key) != Some(&State::Holds) && !self.waived(&transfer.key, at) {
                wrong.push(format!("deleted by SCIM while {} does not hold", transfer.key));
            }
        }
    }

    fn waived(&self, key: &ClaimKey, at: Timestamp) -> bool {
        self.decisions.get(key).is_some_and(|decision| {
            let waives = [Choice::AcceptRisk, Choice::Keep, Choice::Leave, Choice::Delete].contains(&decision.choice);
            waives && decision.until.is_none_or(|until| until > at)
        })
    }

    fn end(&mut self, effect: &EffectKey, outcome: &Outcome, wrong: &mut Vec<String>) {
        let Some((_, ends, unknown)) = self.intents.get_mut(effect) else {
            wrong.push(format!("{effect} ended and was never intended"));
            return;
        };
        if *ends > 0 && !*unknown {
            wrong.push(format!("{effect} ended twice"));
        }
        *ends += 1;
        *unknown = matches!(outcome, Outcome::Unknown(_));
    }

    fn closes(&self, to: CaseState, at: Timestamp, wrong: &mut Vec<String>) {
        let Some((plan, _)) = &self.plan else { return wrong.push("a case without a plan came to its end".to_owned()) };
        let gates = |kind: ClaimKind| kind.gates_removed() || to == CaseState::Closed;
        for claim in plan.claims.iter().filter(|claim| gates(claim.kind)) {
            let holds = self.seen.get(&claim.key) == Some(&State::Holds);
            if !holds && !self.waived(&claim.key, at) {
                let state = self.seen.get(&claim.key);
                wrong.push(format!("{} while {} is {state:?}", to.word(), claim.key));
            }
        }
    }
}

/// Claims of these keys that are said to be seen to hold, and do not.
pub(crate) fn false_holds(world: &World, case: &Case, probed: &BTreeSet<ClaimKey>) -> Vec<String> {
    let Some((plan, _)) = &case.plan else { return Vec::new() };
    let said = plan.claims.iter().filter(|claim| probed.contains(&claim.key)).filter(|claim| {
        let seen = case.observation(&claim.key).map(|seen| &seen.observation);
        seen.is_some_and(|seen| seen.state == State::Holds && seen.proof == Some(Proof::Read))
    });
    said.filter(|claim| world.truth(&claim.says) == Some(false))
        .map(|claim| format!("{} is said to hold, and does not", claim.key))
        .collect()
}

/// Things that were made more than once for this plan.
pub(crate) fn duplicates(world: &World, plan: &Plan) -> Vec<String> {
    let mut wrong = Vec::new();
    for claim in &plan.claims {
        let count = match &claim.says {
            Predicate::Copied { project, kind, id } => world.copies(*project, *kind, id).count(),
            Predicate::Replaced { service_account } => world.replacements(*service_account).count(),
            _ => 0,
        };
        if count > 1 {
            wrong.push(format!("{} was made {count} times", claim.key));
        }
    }
    wrong
}

/// What a change did that it must not: the world before it and after it, and the plan that it serves.
pub(crate) fn unlawful(before: &World, after: &World, write: &Write, plan: &Plan) -> Vec<String> {
    let mut wrong = Vec::new();
    let by_scim = matches!(write, Write::DeleteByScim { .. });
    let others = |world: &World| -> BTreeMap<String, leaver_core::reading::Member> {
        let stays = |member: &leaver_core::reading::Member| !by_scim || member.address.as_str() != LEAVER;
        world.members.iter().filter(|(_, member)| stays(member)).map(|(id, one)| (id.clone(), one.clone())).collect()
    };
    if others(before) != others(after) {
        wrong.push(format!("{write:?} changed the members"));
    }
    for (id, active) in before.scim.iter().flatten() {
        let now = after.scim.as_ref().and_then(|list| list.get(id));
        let theirs = before.members.get(id).is_some_and(|member| member.address.as_str() == LEAVER);
        if now != Some(active) && !theirs {
            wrong.push(format!("{write:?} changed the SCIM record of {id}"));
        }
    }
    for (id, robot) in &before.robots {
        let theirs = robot.maker == leaver() || robot.maker == ourselves();
        if after.robots.get(id) != Some(robot) && (!theirs || id.to_string() == OWN_ID) {
            wrong.push(format!("{write:?} changed service account {id}"));
        }
    }
    let dropped = |kind: Kind, id: &str| {
        plan.claims.iter().any(
            |claim| matches!(&claim.says, Predicate::Dropped { kind: of, id: one, .. } if *of == kind && one == id),
        )
    };
    for (project, of) in &before.projects {
        for (kind, things) in &of.things {
            for (id, was) in things {
                let fine = match after.thing(*project, *kind, id) {
                    None => {
                        (by_scim && was.maker == leaver() && !was.shared)
                            || was.maker == ourselves()
                            || dropped(*kind, id)
                            || is_mine(was)
                            || {
                                *kind == Kind::Report
                                    && was.part_of.as_deref().is_some_and(|board| dropped(Kind::Board, board))
                            }
                    }
                    Some(is) => {
                        is == was
                            || was.maker == ourselves()
                            || without_leaver(*kind, was) == *is
                            || is_handed_over(was, is)
                    }
                };
                if !fine {
                    wrong.push(format!("{write:?} changed {kind} {id} beyond the leaver's own entry"));
                }
            }
        }
    }
    wrong
}

/// Whether it sends to the leaver alone.
fn is_mine(thing: &Thing) -> bool {
    let theirs = thing.recipients.iter().all(|text| text.eq_ignore_ascii_case(LEAVER));
    theirs && !thing.recipients.is_empty() && thing.channels == 0
}

/// The same thing without the leaver's own entry.
fn without_leaver(kind: Kind, thing: &Thing) -> Thing {
    let mut rest = thing.clone();
    rest.recipients.retain(|text| !text.eq_ignore_ascii_case(LEAVER));
    let theirs = thing.host.as_deref().is_some_and(|host| host.ends_with("agency.example"));
    rest.off |= kind == Kind::Webhook && theirs;
    rest
}

/// Whether only the owner or contact changed from the leaver to the successor, or the description names the new owner.
fn is_handed_over(was: &Thing, is: &Thing) -> bool {
    let others = |thing: &Thing| -> Vec<_> {
        let addresses = thing.owners.iter().filter_map(|owner| owner.address.clone());
        addresses.filter(|one| one.as_str() != LEAVER && one.as_str() != crate::world::SUCCESSOR).collect()
    };
    let rest = Thing { owners: was.owners.clone(), description: was.description.clone(), ..is.clone() };
    rest == *was && others(was) == others(is)
}
