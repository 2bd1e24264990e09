//! A case, folded from its events. [`Case::evolve`] is total: every event is accepted in every state, because what happened happened.

mod made;
mod questions;

pub use self::questions::Paths;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::audit::{Import, Log, Signs, Whole};
use crate::claim::{Attestation, Choice, Decision, Observation, Proof, State};
use crate::effect::{Act, Effect};
use crate::event::{CaseState, Event, Identity, Stamped};
use crate::ids::{CaseId, ClaimKey, CredentialName, Digest, EffectKey, PersonId, ProjectId};
use crate::plan::{Plan, Request, keys};
use crate::reading::Failure;
use crate::retention::{Asked, Keeping};
use crate::source::{Kind, What};
use crate::statement::Statement;
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
    /// Whether a read told how it ended, because the vendor's own answer did not.
    pub told_by_read: bool,
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
    /// Since when it was never seen broken: the first time at which it held. A read that failed in between takes nothing away.
    pub held_since: Option<Timestamp>,
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
    /// Since when everything that names somebody in it is gone.
    pub expired_at: Option<Timestamp>,
    /// What people said about how long it is kept.
    keeping: Keeping,
    /// Why it is in this state.
    pub state_why: String,
    /// What the person said who brought it there.
    state_words: Option<Statement>,
    /// What somebody said who is about to move it.
    spoken: Option<Statement>,
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
    /// When something was open again for the last time.
    pub reopened_at: Option<Timestamp>,
    /// When the account itself was last seen to be back after its removal.
    pub account_back_at: Option<Timestamp>,
    /// How many intents were found without an outcome and settled.
    pub recovered: u32,
    /// The manifest of the last pack in which the evidence was sealed.
    pub sealed: Option<Digest>,
    /// When that was.
    sealed_at: Option<Timestamp>,
    /// When the last seal was made that enough outside witnesses signed.
    witnessed: Option<Timestamp>,
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
            expired_at: None,
            keeping: Keeping::default(),
            state_words: None,
            spoken: None,
            version: 1,
            last_at: first.at,
            removed_at: None,
            run_since: None,
            started_at: None,
            returned: false,
            returned_at: None,
            reopened_at: None,
            account_back_at: None,
            recovered: 0,
            sealed: None,
            sealed_at: None,
            witnessed: None,
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
            Event::Opened { .. } | Event::Extended { .. } => {}
            Event::Cancelled { why, .. } => self.spoken = Some(why.clone()),
            Event::Rejected { why, .. } => {
                self.refused = true;
                self.spoken = Some(why.clone());
            }
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
                        told_by_read: false,
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
            Event::Observed { claim, observation } => {
                let account = *claim == keys::member_gone() && observation.state == State::Broken;
                if account && self.removed_at.is_some() {
                    self.account_back_at = Some(at);
                }
                self.observe(claim, observation, at);
            }
            Event::Imported { import, signs } => self.import(import, *signs),
            Event::Noted { .. } => self.note_at = Some(at),
            Event::Sealed { manifest_sha256, .. } => {
                self.sealed = Some(manifest_sha256.clone());
                self.sealed_at = Some(at);
            }
            Event::Witnessed { manifest_sha256, .. } => {
                // Of a seal that was superseded meanwhile the witnesses say nothing that counts.
                if self.sealed.as_ref() == Some(manifest_sha256) {
                    self.witnessed = self.sealed_at;
                }
            }
            // Whoever asked for the end of a hold did not know of this one.
            Event::HoldPut { .. } => {
                self.keeping.on_hold = true;
                self.keeping.asked = None;
            }
            Event::RetentionAsked { act, by, list, .. } => {
                self.keeping.asked = Some(Asked { by: by.clone(), act: *act, list: list.clone(), at });
            }
            Event::HoldEnded { .. } => {
                self.keeping.on_hold = false;
                self.keeping.asked = None;
            }
            Event::Stored { locked_until, .. } => {
                self.keeping.locked_until = self.keeping.locked_until.max(Some(*locked_until));
            }
            Event::Expired { .. } => self.expired_at = Some(at),
            Event::Moved { to, why } => {
                let before = std::mem::replace(&mut self.state, *to);
                self.returned = *to == CaseState::Reopened && before == CaseState::Closed
                    || self.returned && matches!(to, CaseState::WaitingPerson | CaseState::Running);
                if *to == CaseState::Reopened && before == CaseState::Closed {
                    self.returned_at = Some(at);
                }
                if *to == CaseState::Reopened {
                    self.reopened_at = Some(at);
                }
                self.state_since = at;
                self.state_why.clone_from(why);
                self.state_words = self.spoken.take();
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
        let log = self.log.get_or_insert_with(|| Log {
            signs,
            until: import.until,
            whole: Vec::new(),
            files: Vec::new(),
            imported: BTreeMap::new(),
        });
        log.signs = log.signs.with(signs);
        log.until = log.until.max(import.until);
        if import.shows_everybody() {
            log.whole.push(Whole { at: import.at, from: import.from, until: import.until, signs });
        }
        log.files.push(import.file.clone());
        log.imported.insert(import.file.clone(), import.at);
    }

    fn end(&mut self, key: &EffectKey, outcome: &Outcome, found: bool, at: Timestamp) {
        let Some(fact) = self.effects.get_mut(key) else { return };
        if found && fact.outcome.is_none() {
            self.recovered += 1;
        }
        // A read has told how an unknown outcome really was: that read came after it, so nothing is touched again.
        let resolved = matches!(fact.outcome, Some(Outcome::Unknown(_)));
        fact.outcome = Some(outcome.clone());
        fact.told_by_read = resolved;
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
        let held = self.observations.get(key).and_then(|before| before.held_since);
        let held_since = match observation.state {
            State::Holds => Some(held.unwrap_or(at)),
            State::Unknown => held,
            State::Broken => None,
        };
        self.observations.insert(key.clone(), Seen { observation: observation.clone(), since, held_since });
    }
}

/// The name under which the secret of a replacement is kept in memory.
pub fn replacement_credential(case: &CaseId, old: u64, attempt: u32) -> CredentialName {
    CredentialName::new(format!("{case}/replacement-of-{old}/{attempt}"))
}
