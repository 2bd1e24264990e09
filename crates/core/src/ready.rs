//! Answers come one by one. What can be judged with those that are here, and what must still be asked for.

use std::collections::BTreeSet;

use crate::case::Case;
use crate::claim::{Claim, Remedy};
use crate::ids::{ClaimKey, EffectKey};
use crate::judge::{Readings, reads_now};
use crate::plan::Plan;
use crate::reading::Reading;
use crate::source::What;
use crate::wanted::Owed;

/// The part of what is owed that can be judged with these readings: every source of each claim is among them, read after
/// everything that touched it, and at least one of them is new to the case. It names no effects.
pub fn ready(case: &Case, owed: &Owed, readings: &Readings) -> Owed {
    let Some((plan, _)) = &case.plan else { return Owed::default() };
    let desk = Desk { case, plan, owed, readings };
    let mut part = Owed::default();
    let mut late: BTreeSet<&ClaimKey> = BTreeSet::new();
    for key in &owed.unsettled {
        let needs = desk.needs_of_outcome(key);
        if desk.is_here(&needs) {
            part.unsettled.push(key.clone());
            part.reads.extend(needs);
        } else if let Some(fact) = case.effects().get(key) {
            // Its claim is judged in the same pass as the outcome: one tells the other.
            late.insert(&fact.effect.claim);
        }
    }
    for claim in desk.probed().filter(|claim| !late.contains(&claim.key)) {
        let needs = desk.needs_of_claim(claim);
        if desk.is_here(&needs) {
            part.probes.insert(claim.key.clone());
            part.reads.extend(needs);
        }
    }
    part
}

/// What must still be read, the most urgent first: what other claims wait for, then what the machine may act on, then the rest.
pub fn missing(case: &Case, owed: &Owed, readings: &Readings) -> Vec<What> {
    let Some((plan, _)) = &case.plan else { return Vec::new() };
    let desk = Desk { case, plan, owed, readings };
    let waited_for: BTreeSet<&ClaimKey> = plan.claims.iter().flat_map(|claim| &claim.needs).collect();
    let mut ranked: Vec<(u8, What)> = Vec::new();
    for key in &owed.unsettled {
        ranked.extend(desk.lacks(desk.needs_of_outcome(key)).map(|what| (0, what)));
    }
    for claim in desk.probed() {
        let rank = if waited_for.contains(&claim.key) {
            0
        } else if claim.remedy == Remedy::Automatic {
            1
        } else {
            2
        };
        ranked.extend(desk.lacks(desk.needs_of_claim(claim)).map(|what| (rank, what)));
    }
    ranked.sort();
    let mut seen = BTreeSet::new();
    ranked.into_iter().map(|(_, what)| what).filter(|what| seen.insert(what.clone())).collect()
}

struct Desk<'a> {
    case: &'a Case,
    plan: &'a Plan,
    owed: &'a Owed,
    readings: &'a Readings,
}

impl<'a> Desk<'a> {
    fn probed(&self) -> impl Iterator<Item = &'a Claim> {
        let owed = self.owed;
        self.plan.claims.iter().filter(|claim| owed.probes.contains(&claim.key))
    }

    /// What the claim is judged by. An empty list is believed only beside another list of its project, so that all of a project's
    /// lists that are owed are waited for together.
    fn needs_of_claim(&self, claim: &Claim) -> BTreeSet<What> {
        let mut needs = reads_now(claim, self.case);
        let projects: BTreeSet<_> = needs.iter().filter_map(What::list_of).collect();
        let beside = self.owed.reads.iter().filter(|what| what.list_of().is_some_and(|of| projects.contains(&of)));
        needs.extend(beside.cloned());
        needs
    }

    fn needs_of_outcome(&self, key: &EffectKey) -> BTreeSet<What> {
        let Some(fact) = self.case.effects().get(key) else { return BTreeSet::new() };
        let claim = self.plan.claim(&fact.effect.claim);
        let mut needs = claim.map(|claim| self.needs_of_claim(claim)).unwrap_or_default();
        needs.extend(fact.effect.act.touches());
        needs.insert(What::Me);
        needs
    }

    /// The reading of a source, unless something touched the source since or the case knows a later one.
    fn at_hand(&self, what: &What) -> Option<&Reading> {
        let reading = self.readings.get(what)?;
        let settled = self.case.settled(what).is_none_or(|settled| reading.sent_at > settled);
        let latest = self.case.read_at(what).is_none_or(|last| reading.sent_at >= last);
        (settled && latest).then_some(reading)
    }

    fn is_new(&self, what: &What) -> bool {
        self.at_hand(what).is_some_and(|reading| self.case.read_at(what).is_none_or(|last| reading.sent_at > last))
    }

    fn is_here(&self, needs: &BTreeSet<What>) -> bool {
        needs.is_empty()
            || needs.iter().all(|what| self.at_hand(what).is_some()) && needs.iter().any(|what| self.is_new(what))
    }

    /// What of it must be asked for; all of it if the case knows everything that is here.
    fn lacks(&self, needs: BTreeSet<What>) -> impl Iterator<Item = What> {
        let again = !self.is_here(&needs) && needs.iter().all(|what| self.at_hand(what).is_some());
        needs.into_iter().filter(move |what| again || self.at_hand(what).is_none())
    }
}
