//! What the journal of a case shows, asked without reading it again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Approval, Case, EffectFact, Seen, Skip};
use crate::audit::{Log, Span};
use crate::claim::{Attestation, Choice, Claim, Decision, Predicate, Proof, Record, State};
use crate::effect::{Act, Intent};
use crate::ids::{ClaimKey, Digest, EffectKey, PersonId, ProjectId};
use crate::method::Method;
use crate::plan::Plan;
use crate::reading::Failure;
use crate::retention::Asked;
use crate::source::{Kind, What};
use crate::write::Outcome;

/// How many access paths and senders a case has, by what stands behind each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paths {
    /// Seen closed by an independent read.
    pub read: usize,
    /// Closed by a named person's word.
    pub attested: usize,
    /// Open, and accepted by name.
    pub accepted: usize,
    /// Open, or not known.
    pub open: usize,
}

impl Paths {
    /// All of them.
    pub fn all(self) -> usize {
        self.read + self.attested + self.accepted + self.open
    }
}

static NOTHING: BTreeSet<String> = BTreeSet::new();

impl Case {
    /// Whether the case runs on one person's word: an emergency that nobody has ratified.
    pub fn is_alone(&self) -> bool {
        self.approval().is_some_and(|approval| approval.emergency) && self.ratified.is_none()
    }

    /// Whether an original of the approval was attached (AUTH-1).
    pub fn has_original(&self) -> bool {
        self.original
    }

    /// Whether a legal hold is on the case.
    pub fn on_hold(&self) -> bool {
        self.keeping.on_hold
    }

    /// Until when what was stored outside cannot be deleted.
    pub fn locked_until(&self) -> Option<Timestamp> {
        self.keeping.locked_until
    }

    /// What one person asked for that needs two.
    pub fn asked(&self) -> Option<&Asked> {
        self.keeping.asked.as_ref()
    }

    /// Why the case is in its state, and what the person said who brought it there.
    pub fn why(&self) -> String {
        match &self.state_words {
            Some(words) => format!("{}: {words}", self.state_why),
            None => self.state_why.clone(),
        }
    }

    /// Whether somebody refused to ratify the emergency.
    pub fn is_refused(&self) -> bool {
        self.refused
    }

    /// Until when a second person must have ratified an emergency (invariant 4).
    pub fn ratify_by(&self) -> Option<Timestamp> {
        let approval = self.approval().filter(|_| self.is_alone())?;
        approval.at.checked_add(jiff::SignedDuration::from_hours(24)).ok()
    }

    /// The approval in force, of the latest plan.
    pub fn approval(&self) -> Option<&Approval> {
        let (_, hash) = self.plan.as_ref()?;
        self.approval.as_ref().filter(|approval| approval.plan == *hash)
    }

    /// Who ratified an emergency.
    pub fn ratified(&self) -> Option<&(PersonId, Timestamp)> {
        self.ratified.as_ref()
    }

    /// The latest plan's digest.
    pub fn plan_event(&self) -> Option<&Digest> {
        self.plan.as_ref().map(|(_, hash)| hash)
    }

    /// What the imported files of the vendor's audit log say about the leaver; `None` while none was imported.
    pub fn audit_log(&self) -> Option<&Log> {
        self.log.as_ref()
    }

    /// Access paths and senders, by what stands behind each (VERIFY-7).
    pub fn paths(&self, now: Timestamp) -> Paths {
        let mut paths = Paths::default();
        let claims = self.plan.iter().flat_map(|(plan, _)| &plan.claims);
        for claim in claims.filter(|claim| claim.kind.gates_removed()) {
            let seen = self.observation(&claim.key).map(|seen| &seen.observation);
            match seen.filter(|seen| seen.state == State::Holds).and_then(|seen| seen.proof) {
                Some(Proof::Attested) => paths.attested += 1,
                Some(Proof::Read) => paths.read += 1,
                Some(Proof::Record) | None if self.accepted(&claim.key, now).is_some() => paths.accepted += 1,
                Some(Proof::Record) | None => paths.open += 1,
            }
        }
        paths
    }

    /// Why the audit log of the removal is not on record; `None` when it is.
    pub fn log_missing(&self) -> Option<&'static str> {
        let (Some(started), Some(removed)) = (self.started_at, self.removed_at) else {
            return Some("it is exported when access is gone");
        };
        let whole = || self.log.iter().flat_map(|log| &log.whole);
        let span = Span {
            began: self.reopened_at.unwrap_or(started),
            account: self.account_back_at.unwrap_or(started),
            removed,
            shown: whole().filter_map(|whole| whole.signs.removed_at).max(),
            inside: self.log.as_ref().and_then(|log| log.signs.inside_at),
        };
        let deletes = self.request.method == Method::Delete;
        let mut missing = Some("no export of the whole audit log was imported");
        for whole in whole() {
            // One that is whole is enough.
            missing = Some(whole.lacks(span, deletes)?);
        }
        missing
    }

    /// Whether a seal made since the removal was signed by enough outside witnesses.
    pub fn is_witnessed(&self) -> bool {
        self.removed_at.is_some_and(|removed| self.witnessed.is_some_and(|sealed| sealed >= removed))
    }

    /// When the note was taken.
    pub fn note_at(&self) -> Option<Timestamp> {
        self.note_at
    }

    /// The decision on a claim: a person's, else the plan's choice is asked by [`Case::choice`].
    pub fn decision(&self, key: &ClaimKey) -> Option<&Decision> {
        self.decisions.get(key)
    }

    /// What was chosen for a claim: by a person since, or in the approved plan.
    pub fn choice(&self, plan: &Plan, key: &ClaimKey) -> Option<Choice> {
        self.decisions.get(key).map(|decision| decision.choice).or_else(|| plan.choices.get(key).copied())
    }

    /// Whether a named person accepted that the claim stays broken, and the acceptance has not run out.
    pub fn accepted(&self, key: &ClaimKey, now: Timestamp) -> Option<&Decision> {
        self.decisions
            .get(key)
            .filter(|decision| crate::judge::waives(decision.choice) && decision.until.is_none_or(|until| until > now))
    }

    /// A named person's word on a claim.
    pub fn attestation(&self, key: &ClaimKey) -> Option<&Attestation> {
        self.attestations.get(key)
    }

    /// What the last probe saw.
    pub fn observation(&self, key: &ClaimKey) -> Option<&Seen> {
        self.observations.get(key)
    }

    /// Whether this instance stood in the plan when it was approved, or a person said yes to it since.
    pub fn is_approved(&self, key: &ClaimKey, instance: &str) -> bool {
        self.approved_instances.get(key).is_some_and(|known| known.contains(instance))
    }

    /// Whether a person let the case go on although this had changed.
    pub fn is_released(&self, key: &ClaimKey, instances: &[String]) -> bool {
        self.released.get(key).is_some_and(|known| instances.iter().all(|instance| known.contains(instance)))
    }

    /// Every instance that ever broke the claim.
    pub fn suspects(&self, key: &ClaimKey) -> &BTreeSet<String> {
        self.suspects.get(key).unwrap_or(&NOTHING)
    }

    /// Every id that a source ever showed.
    pub fn seen(&self, what: &What) -> &BTreeSet<String> {
        self.seen.get(what).unwrap_or(&NOTHING)
    }

    /// How many items a source last showed.
    pub fn count(&self, what: &What) -> Option<usize> {
        self.counts.get(what).copied()
    }

    /// The ids that a source should still show: all that it ever showed, minus what effects of ours took away.
    pub fn expected(&self, what: &What) -> BTreeSet<String> {
        let gone = self.deleted(what);
        self.seen(what).iter().filter(|id| !gone.contains(*id)).cloned().collect()
    }

    /// What should stand on a list and did not when it was last read; everything ever seen there when it came empty. It is
    /// believed to be gone only by its own id.
    pub fn missing(&self, what: &What) -> BTreeSet<String> {
        match self.shown.get(what) {
            None => BTreeSet::new(),
            Some(shown) if shown.is_empty() => self.seen(what).clone(),
            Some(shown) => self.expected(what).into_iter().filter(|id| !shown.contains(id)).collect(),
        }
    }

    /// What effects of ours may have taken away from a list.
    fn deleted(&self, list: &What) -> BTreeSet<String> {
        self.deleted_where(list, |fact| !matches!(fact.outcome, Some(Outcome::Failed(_))))
    }

    /// What effects of ours are known to have taken away: until then it is there, and nothing takes its place.
    pub(super) fn surely_deleted(&self, list: &What) -> BTreeSet<String> {
        self.deleted_where(list, |fact| matches!(fact.outcome, Some(Outcome::Done { .. })))
    }

    fn deleted_where(&self, list: &What, counts: impl Fn(&EffectFact) -> bool) -> BTreeSet<String> {
        self.effects
            .values()
            .filter(|fact| counts(fact))
            .filter_map(|fact| match (&fact.effect.act, list) {
                (
                    Act::TakeOut { project, kind, id }
                    | Act::DropCopy { project, kind, id }
                    | Act::Drop { project, kind, id },
                    What::List(of, listed),
                ) if project == of && kind == listed => Some(id.clone()),
                (Act::DeleteServiceAccount { id }, What::ServiceAccounts) => Some(id.to_string()),
                _ => None,
            })
            .collect()
    }

    /// The time after which a read of this source is good: the last outcome that touched it, plus the settle time.
    pub fn settled(&self, what: &What) -> Option<Timestamp> {
        Some(self.settle_after(*self.touched.get(what)?))
    }

    fn settle_after(&self, at: Timestamp) -> Timestamp {
        let settle = self.plan.as_ref().map_or_else(jiff::SignedDuration::default, |(plan, _)| plan.policy.settle());
        at.checked_add(settle).unwrap_or(at)
    }

    /// The projects whose content could be read.
    pub fn projects(&self) -> BTreeSet<ProjectId> {
        self.counts.keys().filter(|what| matches!(what, What::List(..))).filter_map(What::project).collect()
    }

    /// When a source was last read.
    pub fn read_at(&self, what: &What) -> Option<Timestamp> {
        self.reads.get(what).copied()
    }

    /// The recipient lists that were changed and that no read has confirmed yet, each with the digest of what it should be. The
    /// latest change of each counts.
    pub fn unconfirmed(&self) -> impl Iterator<Item = (ProjectId, Kind, &str, &Digest)> {
        let mut latest: BTreeMap<(ProjectId, Kind, &str), (Timestamp, &Digest)> = BTreeMap::new();
        for fact in self.effects.values() {
            if let Some((project, kind, id, rest)) = fact.unconfirmed()
                && latest.get(&(project, kind, id)).is_none_or(|(before, _)| *before <= fact.intended_at)
            {
                latest.insert((project, kind, id), (fact.intended_at, rest));
            }
        }
        latest.into_iter().map(|((project, kind, id), (_, rest))| (project, kind, id, rest))
    }

    /// How many recipient lists were changed.
    pub fn changed_lists(&self) -> usize {
        let done = self.effects.values().filter(|fact| matches!(fact.outcome, Some(Outcome::Done { .. })));
        done.filter(|fact| matches!(fact.effect.act, Act::TakeOut { .. }) && fact.definition.is_some()).count()
    }

    /// Whether nothing else may touch the vendor object of this effect yet: its outcome is not known, or it is a change of a list
    /// that was not read back. Then a change that somebody else makes could be taken for ours.
    pub fn keeps_busy(&self, key: &EffectKey) -> bool {
        self.effects
            .get(key)
            .is_some_and(|fact| fact.is_open() || (fact.unconfirmed().is_some() && !self.state.is_over()))
    }

    /// The outward actions, by key.
    pub fn effects(&self) -> &BTreeMap<EffectKey, EffectFact> {
        &self.effects
    }

    /// Leave to act: only for an intent that the journal shows and that has no outcome yet.
    pub fn intent(&self, key: &EffectKey) -> Option<Intent> {
        let approval = self.approval()?;
        self.effects
            .get(key)
            .filter(|fact| fact.outcome.is_none())
            .map(|fact| Intent::new(fact.effect.key.clone(), approval.plan.clone()))
    }

    /// Why the remedy of a claim was not sent; the one for which a person must look stands first.
    pub fn skipped(&self, key: &ClaimKey) -> Option<&Skip> {
        let skips = || self.skips(key).map(|(_, skip)| skip);
        skips().find(|skip| skip.person).or_else(|| skips().next())
    }

    /// Every instance of a claim whose remedy was not sent, and why.
    pub fn skips(&self, key: &ClaimKey) -> impl Iterator<Item = (&str, &Skip)> {
        self.skipped.get(key).into_iter().flatten().map(|(instance, skip)| (instance.as_str(), skip))
    }

    /// Why the last read of a source showed nothing; `None` when it did.
    pub fn failure(&self, what: &What) -> Option<&Failure> {
        self.failures.get(what)
    }

    /// When the remedy of a claim was last not sent.
    pub fn skipped_at(&self, key: &ClaimKey) -> Option<Timestamp> {
        self.skipped_at.get(key).copied()
    }

    /// How the last try to make a claim true failed; `None` when the last one did not.
    pub fn last_failure(&self, key: &ClaimKey) -> Option<&Failure> {
        let own = self.effects.values().filter(|fact| fact.effect.claim == *key && fact.ended_at.is_some());
        match &own.max_by_key(|fact| fact.ended_at)?.outcome {
            Some(Outcome::Failed(failure)) => Some(failure),
            _ => None,
        }
    }

    /// When the last effect of a claim, wherever it acted, has settled: what was seen of the claim before says nothing.
    pub fn acted_until(&self, key: &ClaimKey) -> Option<Timestamp> {
        let own = self.effects.values().filter(|fact| fact.effect.claim == *key);
        let ended = own
            .filter(|fact| !matches!(fact.outcome, Some(Outcome::Failed(_))))
            .filter_map(|fact| fact.ended_at)
            .max()?;
        Some(self.settle_after(ended))
    }

    /// Whether the journal shows a record now; `None` for those that stand in the plan, which change with it alone.
    pub fn shows(&self, record: Record) -> Option<bool> {
        match record {
            Record::Inventory | Record::Dependencies | Record::Members => None,
            Record::Approval => Some(self.approval().is_some() && !self.is_alone()),
            Record::Note => Some(self.note_at.is_some()),
            Record::Request => Some(true),
            Record::Witnessed => Some(self.is_witnessed()),
            Record::AuditLog => Some(self.log_missing().is_none()),
            // Who asked, for which ticket and why stands in every request.
            Record::Tracker => Some(self.removed_at.is_some() && self.approval().is_some()),
            Record::Rechecks => Some(self.plan.as_ref().is_some_and(|(plan, _)| self.rechecked(plan))),
        }
    }

    /// Whether the journal grew in a way that changes a claim about our own records or a person's word. What held once does not hold
    /// for good: a removal that came back asks for its records anew.
    pub fn record_changed(&self, claim: &Claim, seen: &Seen) -> bool {
        let holds = seen.observation.state == State::Holds;
        if let (Predicate::Recorded { record: Record::AuditLog }, Some(missing)) = (&claim.says, self.log_missing()) {
            return holds || !seen.observation.why.starts_with(missing);
        }
        if let Predicate::Recorded { record } = claim.says {
            return self.shows(record).is_some_and(|shown| shown != holds);
        }
        !holds && self.attestations.contains_key(&claim.key)
    }

    /// Whether every path and sender of the plan was read at or after the last recheck time.
    pub fn rechecked(&self, plan: &Plan) -> bool {
        let last = self.removed_at.and_then(|at| at.checked_add(*crate::wanted::RECHECKS.last()?).ok());
        let Some(last) = last else { return false };
        plan.claims.iter().filter(|claim| claim.kind.gates_removed() && !claim.reads.is_empty()).all(|claim| {
            let probed = crate::judge::reads_now(claim, self).iter().map(|what| self.read_at(what)).min().flatten();
            probed.is_some_and(|at| at >= last)
        })
    }
}
