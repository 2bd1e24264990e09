//! Answers come one by one. What can be judged with those that are here, and what must still be asked for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::case::Case;
use crate::claim::{Claim, Predicate, Remedy};
use crate::ids::{ClaimKey, EffectKey};
use crate::judge::{Readings, reads_now};
use crate::plan::Plan;
use crate::reading::Reading;
use crate::source::What;
use crate::wanted::{Owed, reads_to_settle};

/// The part of what is owed that can be judged with these readings: every source of each claim is among them, read after
/// everything that touched it, and at least one of them is new to the case. It names no effects.
pub fn ready(case: &Case, owed: &Owed, readings: &Readings) -> Owed {
    let Some((plan, _)) = &case.plan else { return Owed::default() };
    let desk = Desk { case, plan, owed, readings };
    let mut part = Owed::default();
    let mut late: BTreeSet<&ClaimKey> = BTreeSet::new();
    for key in &owed.unsettled {
        let needs = desk.of_outcome(key);
        if desk.is_here(&needs) {
            part.unsettled.push(key.clone());
            part.reads.extend(needs.all());
        } else if let Some(fact) = case.effects().get(key) {
            // Its claim is judged in the same pass as the outcome: one tells the other.
            late.insert(&fact.effect.claim);
        }
    }
    for claim in desk.probed().filter(|claim| !late.contains(&claim.key)) {
        let needs = desk.of_claim(claim);
        if desk.is_here(&needs) {
            part.probes.insert(claim.key.clone());
            part.reads.extend(needs.all());
        }
    }
    part
}

/// What must still be read, the most urgent first: what tells how a change ended, then what begins the longest row of changes and
/// of claims that wait for it, so that the rest is read while that row goes its way.
pub fn missing(case: &Case, owed: &Owed, readings: &Readings) -> Vec<What> {
    let Some((plan, _)) = &case.plan else { return Vec::new() };
    let desk = Desk { case, plan, owed, readings };
    let rows = rows(plan);
    let mut ranked: Vec<(Reverse<usize>, What)> = Vec::new();
    for key in &owed.unsettled {
        ranked.extend(desk.lacks(desk.of_outcome(key)).into_iter().map(|what| (Reverse(usize::MAX), what)));
    }
    for claim in desk.probed() {
        let row = Reverse(rows.get(&claim.key).copied().unwrap_or_default());
        ranked.extend(desk.lacks(desk.of_claim(claim)).into_iter().map(|what| (row, what)));
    }
    ranked.sort();
    let mut seen = BTreeSet::new();
    ranked.into_iter().map(|(_, what)| what).filter(|what| seen.insert(what.clone())).collect()
}

/// How long the row is that begins with each claim: its own changes that follow one another, and the longest row among the claims
/// that need it.
fn rows(plan: &Plan) -> BTreeMap<&ClaimKey, usize> {
    let mut needed_by: BTreeMap<&ClaimKey, Vec<&Claim>> = BTreeMap::new();
    for claim in &plan.claims {
        for key in &claim.needs {
            needed_by.entry(key).or_default().push(claim);
        }
    }
    let mut rows = BTreeMap::new();
    for claim in &plan.claims {
        row(claim, &needed_by, &mut rows);
    }
    rows
}

fn row<'a>(
    claim: &'a Claim,
    needed_by: &BTreeMap<&'a ClaimKey, Vec<&'a Claim>>,
    rows: &mut BTreeMap<&'a ClaimKey, usize>,
) -> usize {
    if let Some(known) = rows.get(&claim.key) {
        return *known;
    }
    // Nothing needs itself; a plan that says so must not hang us.
    rows.insert(&claim.key, 0);
    let after = needed_by.get(&claim.key).into_iter().flatten().map(|next| 1 + row(next, needed_by, rows)).max();
    let own = match (&claim.remedy, &claim.says) {
        // Made, then shared; made, then proved, or deleted and made anew.
        (Remedy::Automatic, Predicate::Copied { .. } | Predicate::Replaced { .. }) => 2,
        (Remedy::Automatic, _) => 1,
        (Remedy::Guided(_) | Remedy::Attested(_) | Remedy::None, _) => 0,
    };
    let length = own + after.unwrap_or(0);
    rows.insert(&claim.key, length);
    length
}

struct Desk<'a> {
    case: &'a Case,
    plan: &'a Plan,
    owed: &'a Owed,
    readings: &'a Readings,
}

/// The sources that one judgement leans on.
struct Needs {
    /// Each read after everything that touched it.
    own: BTreeSet<What>,
    /// Lists of the same projects: an empty list is believed only beside another one, so that all of those that are owed are
    /// waited for. They show that the vendor answers, and may be from before a change.
    beside: BTreeSet<What>,
}

impl Needs {
    fn all(self) -> impl Iterator<Item = What> {
        self.own.into_iter().chain(self.beside)
    }
}

impl<'a> Desk<'a> {
    fn probed(&self) -> impl Iterator<Item = &'a Claim> {
        let owed = self.owed;
        self.plan.claims.iter().filter(|claim| owed.probes.contains(&claim.key))
    }

    fn of_claim(&self, claim: &Claim) -> Needs {
        self.with_lists_beside(reads_now(claim, self.case))
    }

    fn of_outcome(&self, key: &EffectKey) -> Needs {
        let fact = self.case.effects().get(key);
        let own = fact.map(|fact| reads_to_settle(self.case, self.plan, &fact.effect)).unwrap_or_default();
        self.with_lists_beside(own)
    }

    fn with_lists_beside(&self, own: BTreeSet<What>) -> Needs {
        let projects: BTreeSet<_> = own.iter().filter_map(What::list_of).collect();
        let lists = self.owed.reads.iter().filter(|what| what.list_of().is_some_and(|of| projects.contains(&of)));
        let beside = lists.filter(|what| !own.contains(*what)).cloned().collect();
        Needs { own, beside }
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

    fn is_whole(&self, needs: &Needs) -> bool {
        needs.own.iter().all(|what| self.at_hand(what).is_some())
            && needs.beside.iter().all(|what| self.readings.contains_key(what))
    }

    fn is_here(&self, needs: &Needs) -> bool {
        let news = needs.own.iter().chain(&needs.beside).any(|what| self.is_new(what));
        self.is_whole(needs) && (news || needs.own.is_empty())
    }

    /// What of it must be asked for; all of it if the case knows everything that is here.
    fn lacks(&self, needs: Needs) -> Vec<What> {
        let again = self.is_whole(&needs) && !self.is_here(&needs);
        let own = needs.own.into_iter().filter(|what| again || self.at_hand(what).is_none());
        let beside = needs.beside.into_iter().filter(|what| !self.readings.contains_key(what));
        own.chain(beside).collect()
    }
}
