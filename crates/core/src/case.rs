//! A case, folded from its events. [`Case::evolve`] is total: every event is accepted in every state, because what happened happened.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::audit::{Import, Log, Signs};
use crate::claim::{Attestation, Choice, Claim, Decision, Observation, Predicate, Proof, Record, State};
use crate::effect::{Act, Effect, Intent};
use crate::event::{CaseState, Event, Identity, Stamped};
use crate::ids::{CaseId, ClaimKey, CredentialName, Digest, EffectKey, PersonId, ProjectId};
use crate::plan::{Plan, Request, keys};
use crate::reading::Failure;
use crate::source::{Kind, What};
use crate::write::Outcome;

/// Why an outward action was not sent when its target was read right before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Why.
    pub why: String,
    /// Whether a person must look first.
    pub person: bool,
    /// When it is tried again even if nobody looked.
    pub until: Option<Timestamp>,
}

impl Skip {
    /// Whether a person must look before it is tried again.
    pub fn awaits_person(&self, now: Timestamp) -> bool {
        self.person && self.until.is_none_or(|until| now < until)
    }
}

/// An outward action and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectFact {
    /// The action.
    pub effect: Effect,
    /// When the intent was journalled.
    pub intended_at: Timestamp,
    /// The definition of the source, read right before a copy.
    pub definition: Option<Digest>,
    /// The name under which something was to be created.
    pub marked: Option<String>,
    /// The outcome; `None` while nobody knows.
    pub outcome: Option<Outcome>,
    /// When the outcome was journalled.
    pub ended_at: Option<Timestamp>,
    /// Whether a read after it has shown that it changed nothing else; only for changes of recipient lists.
    pub read_back: bool,
}

impl EffectFact {
    /// Whether the outcome is not settled: none yet, or unknown and not resolved by a read.
    pub fn is_open(&self) -> bool {
        matches!(self.outcome, None | Some(Outcome::Unknown(_)))
    }

    /// The recipient list that it left behind and that no read has confirmed yet.
    pub fn unconfirmed(&self) -> Option<(ProjectId, Kind, &str, &Digest)> {
        match (&self.effect.act, &self.outcome, &self.definition) {
            (Act::TakeOut { project, kind, id }, Some(Outcome::Done { .. }), Some(rest)) if !self.read_back => {
                Some((*project, *kind, id.as_str(), rest))
            }
            _ => None,
        }
    }
}

/// Somebody's yes to a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The plan.
    pub plan: Digest,
    /// Who.
    pub by: PersonId,
    /// How we know.
    pub identity: Identity,
    /// When.
    pub at: Timestamp,
    /// Whether one person alone authorised an emergency.
    pub emergency: bool,
}

/// What the last probe of a claim saw, and since when it sees the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The observation.
    pub observation: Observation,
    /// Since when.
    pub since: Timestamp,
}

/// A case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// What was asked for.
    pub request: Request,
    /// The latest plan and the digest of its bytes.
    pub plan: Option<(Plan, Digest)>,
    /// The state.
    pub state: CaseState,
    /// Since when.
    pub state_since: Timestamp,
    /// Why it is in this state.
    pub state_why: String,
    /// The number of events.
    pub version: u64,
    /// The time of the last event.
    pub last_at: Timestamp,
    /// When every path was seen closed.
    pub removed_at: Option<Timestamp>,
    /// When the machine was first allowed to act.
    pub run_since: Option<Timestamp>,
    /// When the machine was allowed to act for the very first time.
    pub started_at: Option<Timestamp>,
    /// Whether something came back after the case was closed: then a person decides claim by claim before the machine acts.
    pub returned: bool,
    /// When it came back.
    pub returned_at: Option<Timestamp>,
    /// How many intents were found without an outcome and settled.
    pub recovered: u32,
    /// The manifest of the last pack in which the evidence was sealed.
    pub sealed: Option<Digest>,
    approval: Option<Approval>,
    ratified: Option<(PersonId, Timestamp)>,
    decisions: BTreeMap<ClaimKey, Decision>,
    attestations: BTreeMap<ClaimKey, Attestation>,
    observations: BTreeMap<ClaimKey, Seen>,
    suspects: BTreeMap<ClaimKey, BTreeSet<String>>,
    released: BTreeMap<ClaimKey, BTreeSet<String>>,
    approved_instances: BTreeMap<ClaimKey, BTreeSet<String>>,
    proved: BTreeSet<ClaimKey>,
    effects: BTreeMap<EffectKey, EffectFact>,
    failures: BTreeMap<What, Failure>,
    skipped: BTreeMap<ClaimKey, BTreeMap<String, Skip>>,
    skipped_at: BTreeMap<ClaimKey, Timestamp>,
    reads: BTreeMap<What, Timestamp>,
    touched: BTreeMap<What, Timestamp>,
    seen: BTreeMap<What, BTreeSet<String>>,
    shown: BTreeMap<What, BTreeSet<String>>,
    counts: BTreeMap<What, usize>,
    note_at: Option<Timestamp>,
    log: Option<Log>,
    refused: bool,
    original: bool,
}

static NOTHING: BTreeSet<String> = BTreeSet::new();

impl Case {
    /// The case as its first event opens it; `None` when that is no [`Event::Opened`].
    pub fn open(first: &Stamped) -> Option<Self> {
        let Event::Opened { request } = &first.event else { return None };
        Some(Self {
            id: request.case.clone(),
            request: (**request).clone(),
            plan: None,
            state: CaseState::Draft,
            state_since: first.at,
            state_why: "opened".to_owned(),
            version: 1,
            last_at: first.at,
            removed_at: None,
            run_since: None,
            started_at: None,
            returned: false,
            returned_at: None,
            recovered: 0,
            sealed: None,
            approved_instances: BTreeMap::new(),
            approval: None,
            ratified: None,
            decisions: BTreeMap::new(),
            attestations: BTreeMap::new(),
            observations: BTreeMap::new(),
            suspects: BTreeMap::new(),
            released: BTreeMap::new(),
            proved: BTreeSet::new(),
            effects: BTreeMap::new(),
            failures: BTreeMap::new(),
            skipped: BTreeMap::new(),
            skipped_at: BTreeMap::new(),
            reads: BTreeMap::new(),
            touched: BTreeMap::new(),
            seen: BTreeMap::new(),
            shown: BTreeMap::new(),
            counts: BTreeMap::new(),
            note_at: None,
            log: None,
            refused: false,
            original: !request.originals.is_empty(),
        })
    }

    /// The case as its whole history makes it; `None` for an empty history or one that does not start with an opening.
    pub fn fold<'e>(events: impl IntoIterator<Item = &'e Stamped>) -> Option<Self> {
        let mut events = events.into_iter();
        let mut case = Self::open(events.next()?)?;
        for event in events {
            case.evolve(event);
        }
        Some(case)
    }

    /// Takes one event in.
    pub fn evolve(&mut self, stamped: &Stamped) {
        let at = stamped.at;
        self.version += 1;
        self.last_at = at;
        match &stamped.event {
            Event::Opened { .. } | Event::Cancelled { .. } | Event::Extended { .. } => {}
            Event::Rejected { .. } => self.refused = true,
            // What was seen to have changed until now is released with the case; what changes later holds it again.
            Event::Released { .. } => {
                self.released.clone_from(&self.suspects);
                for fact in self.effects.values_mut() {
                    fact.read_back |= fact.unconfirmed().is_some();
                }
            }
            Event::Read { what, sent_at, failure, to_the_end, count, ids, .. } => {
                self.reads.insert(what.clone(), *sent_at);
                match failure {
                    Some(failure) => self.failures.insert(what.clone(), failure.clone()),
                    None => self.failures.remove(what),
                };
                if failure.is_none() && *to_the_end {
                    if let Some(count) = count {
                        // A member list is measured by the longest one: nobody vanishes two at a time.
                        let longest =
                            matches!(what, What::Roster | What::ScimUsers).then(|| self.counts.get(what)).flatten();
                        self.counts.insert(what.clone(), longest.copied().unwrap_or(0).max(*count));
                    }
                    if let Some(ids) = ids {
                        self.seen.entry(what.clone()).or_default().extend(ids.iter().cloned());
                        self.shown.insert(what.clone(), ids.iter().cloned().collect());
                    }
                }
            }
            Event::Planned { hash, plan, .. } => {
                if let Ok(plan) = serde_json::from_str::<Plan>(plan) {
                    self.plan = Some((plan, hash.clone()));
                    self.approval = None;
                    self.observations.clear();
                }
            }
            Event::Approved { plan, by, identity, originals } => {
                self.original |= !originals.is_empty();
                self.approve(plan, by, *identity, at, false);
            }
            Event::Authorised { plan, by, identity } => self.approve(plan, by, *identity, at, true),
            Event::Ratified { by, .. } => {
                self.ratified = Some((by.clone(), at));
                // What one word alone did not allow is looked at again.
                self.skipped.clear();
                self.refused = false;
            }
            Event::Decided { claim, decision } => {
                self.skipped.remove(claim);
                if matches!(decision.choice, Choice::Proceed | Choice::Delete | Choice::CallersMoved) {
                    let known = self.suspects.get(claim).cloned().unwrap_or_default();
                    self.approved_instances.entry(claim.clone()).or_default().extend(known);
                }
                self.decisions.insert(claim.clone(), decision.clone());
            }
            Event::Attested { claim, attestation } => {
                self.attestations.insert(claim.clone(), attestation.clone());
            }
            Event::Intended { effect, definition, marked, .. } => {
                if let Some(skips) = self.skipped.get_mut(&effect.claim) {
                    skips.remove(&effect.act.instance());
                }
                // What is made anew has to be proved anew.
                if matches!(effect.act, Act::Copy { .. } | Act::CreateServiceAccount { .. }) {
                    self.proved.remove(&effect.claim);
                }
                self.effects.insert(
                    effect.key.clone(),
                    EffectFact {
                        effect: effect.clone(),
                        intended_at: at,
                        definition: definition.clone(),
                        marked: marked.clone(),
                        outcome: None,
                        ended_at: None,
                        read_back: false,
                    },
                );
            }
            Event::Ended { effect, outcome, sent_at, .. } => self.end(effect, outcome, sent_at.is_none(), at),
            Event::Skipped { claim, instance, why, person, until } => {
                let skip = Skip { why: why.clone(), person: *person, until: *until };
                self.skipped.entry(claim.clone()).or_default().insert(instance.clone(), skip);
                self.skipped_at.insert(claim.clone(), at);
            }
            Event::Observed { claim, observation } => self.observe(claim, observation, at),
            Event::Imported { import, signs } => self.import(import, *signs),
            Event::Noted { .. } => self.note_at = Some(at),
            Event::Sealed { manifest_sha256, .. } => self.sealed = Some(manifest_sha256.clone()),
            Event::Moved { to, why } => {
                let before = std::mem::replace(&mut self.state, *to);
                self.returned = *to == CaseState::Reopened && before == CaseState::Closed
                    || self.returned && matches!(to, CaseState::WaitingPerson | CaseState::Running);
                if *to == CaseState::Reopened && before == CaseState::Closed {
                    self.returned_at = Some(at);
                }
                self.state_since = at;
                self.state_why.clone_from(why);
                match to {
                    // Going on after a person's act is no new start: what was read since the start still counts.
                    CaseState::Running if before == CaseState::WaitingPerson => {}
                    CaseState::Running | CaseState::Reopened => {
                        self.run_since = Some(at);
                        self.started_at = self.started_at.or(Some(at));
                    }
                    CaseState::Removed => self.removed_at = Some(at),
                    CaseState::Draft
                    | CaseState::WaitingApproval
                    | CaseState::Scheduled
                    | CaseState::WaitingPerson
                    | CaseState::Held
                    | CaseState::Closed
                    | CaseState::Cancelled
                    | CaseState::Rejected => {}
                }
            }
        }
    }

    fn approve(&mut self, plan: &Digest, by: &PersonId, identity: Identity, at: Timestamp, emergency: bool) {
        self.approval = Some(Approval { plan: plan.clone(), by: by.clone(), identity, at, emergency });
        self.approved_instances.clone_from(&self.suspects);
        self.ratified = None;
    }

    fn import(&mut self, import: &Import, signs: Signs) {
        let log = self.log.get_or_insert_with(|| Log { signs, until: import.until, files: Vec::new() });
        log.signs = log.signs.with(signs);
        log.until = log.until.max(import.until);
        log.files.push(import.file.clone());
    }

    fn end(&mut self, key: &EffectKey, outcome: &Outcome, found: bool, at: Timestamp) {
        let Some(fact) = self.effects.get_mut(key) else { return };
        if found && fact.outcome.is_none() {
            self.recovered += 1;
        }
        // A read has told how an unknown outcome really was: that read came after it, so nothing is touched again.
        let resolved = matches!(fact.outcome, Some(Outcome::Unknown(_)));
        fact.outcome = Some(outcome.clone());
        if resolved {
            return;
        }
        fact.ended_at = Some(at);
        // Whatever the outcome says, only a read after it may judge the claim again; a change by hand counts from here too.
        if !matches!(outcome, Outcome::Failed(_)) {
            for what in fact.effect.act.touches() {
                self.touched.insert(what, at);
            }
        }
    }

    fn observe(&mut self, key: &ClaimKey, observation: &Observation, at: Timestamp) {
        if observation.state == State::Broken {
            self.suspects.entry(key.clone()).or_default().extend(observation.instances.iter().cloned());
            // A read has contradicted the word: it fills no later gap.
            self.attestations.remove(key);
        }
        // A person's word fills a gap; it is no read to lean on later.
        if observation.state == State::Holds && observation.proof == Some(Proof::Read) {
            self.proved.insert(key.clone());
        }
        if *key == keys::kept_recipients() && observation.state != State::Unknown {
            for fact in self.effects.values_mut() {
                let confirmed = fact.unconfirmed().is_some_and(|(project, kind, id, _)| {
                    let object = What::Object(project, kind, id.to_owned()).to_string();
                    !observation.instances.contains(&object)
                });
                fact.read_back |= confirmed && fact.ended_at.is_some_and(|ended| ended < observation.seen_at);
            }
        }
        let since = match self.observations.get(key) {
            Some(before) if before.observation.state == observation.state => before.since,
            _ => at,
        };
        self.observations.insert(key.clone(), Seen { observation: observation.clone(), since });
    }

    // ---- what the journal shows

    /// Whether the case runs on one person's word: an emergency that nobody has ratified.
    pub fn is_alone(&self) -> bool {
        self.approval().is_some_and(|approval| approval.emergency) && self.ratified.is_none()
    }

    /// Whether an original of the approval was attached (AUTH-1).
    pub fn has_original(&self) -> bool {
        self.original
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
    fn surely_deleted(&self, list: &What) -> BTreeSet<String> {
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

    /// Whether the journal grew in a way that changes a claim about our own records or a person's word.
    pub fn record_changed(&self, claim: &Claim, seen: &Seen) -> bool {
        let Predicate::Recorded { record } = &claim.says else {
            return self.attestations.contains_key(&claim.key) && seen.observation.state != State::Holds;
        };
        match record {
            // They stand in the plan, and a new plan is looked at anew.
            Record::Inventory | Record::Dependencies | Record::Members => false,
            Record::Approval => self.approval().is_some() && !self.is_alone(),
            Record::Note => self.note_at.is_some(),
            Record::Request => true,
            Record::Rechecks => self.plan.as_ref().is_some_and(|(plan, _)| self.rechecked(plan)),
        }
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

    // ---- copies and replacements

    fn copy_fact(&self, project: ProjectId, kind: Kind, id: &str) -> Option<&EffectFact> {
        self.effects
            .values()
            .filter(|fact| {
                matches!(&fact.effect.act, Act::Copy { project: p, kind: k, id: i } if *p == project && *k == kind && i == id)
            })
            .max_by_key(|fact| fact.effect.attempt)
    }

    /// The copy of an item, once one was made and not dropped again.
    pub fn copy_of(&self, project: ProjectId, kind: Kind, id: &str) -> Option<&str> {
        let Some(Outcome::Done { created: Some(copy) }) = &self.copy_fact(project, kind, id)?.outcome else {
            return None;
        };
        let list = What::List(project, kind);
        (!self.surely_deleted(&list).contains(copy)).then_some(copy)
    }

    /// Whether another copy of this case is known to be this item.
    pub fn is_known_copy(&self, project: ProjectId, kind: Kind, id: &str) -> bool {
        self.source_of(project, kind, id).is_some()
    }

    /// The source of a copy.
    pub fn source_of(&self, project: ProjectId, kind: Kind, copy: &str) -> Option<&str> {
        self.effects.values().find_map(|fact| match (&fact.effect.act, &fact.outcome) {
            (Act::Copy { project: p, kind: k, id }, Some(Outcome::Done { created: Some(made) }))
                if *p == project && *k == kind && made == copy =>
            {
                Some(id.as_str())
            }
            _ => None,
        })
    }

    /// The definition of the source that was read right before the copy was made.
    pub fn captured_definition(&self, project: ProjectId, kind: Kind, id: &str) -> Option<&Digest> {
        self.copy_fact(project, kind, id)?.definition.as_ref()
    }

    /// Whether the copy was once seen to equal its source: later only its existence is looked at.
    pub fn copy_proved(&self, project: ProjectId, kind: Kind, id: &str) -> bool {
        self.proved.contains(&keys::copied(project, kind, id))
    }

    /// The replacement of a service account, once one was made and not deleted again: its id and the name of its credential.
    pub fn replacement_of(&self, old: u64) -> Option<(u64, CredentialName)> {
        let fact = self
            .effects
            .values()
            .filter(|fact| matches!(fact.effect.act, Act::CreateServiceAccount { replaces } if replaces == old))
            .max_by_key(|fact| fact.effect.attempt)?;
        let Some(Outcome::Done { created: Some(id) }) = &fact.outcome else { return None };
        if self.surely_deleted(&What::ServiceAccounts).contains(id) {
            return None;
        }
        Some((id.parse().ok()?, replacement_credential(&self.id, old, fact.effect.attempt)))
    }

    /// Whether the vendor once accepted the secret of the replacement in force.
    pub fn replacement_proved(&self, old: u64) -> bool {
        self.proved.contains(&keys::replaced(old))
    }

    /// Whether a named person, or the approved plan, keeps this service account for now.
    pub fn keeps_service_account(&self, plan: &Plan, id: &str, now: Timestamp) -> bool {
        let Ok(key) = id.parse().map(keys::replaced) else { return false };
        match self.decision(&key) {
            Some(decision) => decision.choice == Choice::Keep && decision.until.is_none_or(|until| until > now),
            None => plan.choices.get(&key) == Some(&Choice::Keep),
        }
    }
}

/// The name under which the secret of a replacement is kept in memory.
pub fn replacement_credential(case: &CaseId, old: u64, attempt: u32) -> CredentialName {
    CredentialName::new(format!("{case}/replacement-of-{old}/{attempt}"))
}
