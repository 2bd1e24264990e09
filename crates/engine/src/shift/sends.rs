//! Effects of a shift: the target is read, the intent journalled, the change sent once, the outcome journalled.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::FutureExt as _;
use jiff::Timestamp;
use leaver_connectors::Written;
use leaver_core::case::Skip;
use leaver_core::effect::{Act, Effect, Intent};
use leaver_core::event::Event;
use leaver_core::ids::{CaseId, CredentialName, Digest, EffectKey};
use leaver_core::judge::Readings;
use leaver_core::prepare::{Prepared, prepare, reads_before};
use leaver_core::reading::Reading;
use leaver_core::source::What;
use leaver_core::write::Write;
use leaver_store::AppendError;

use super::{Active, Done, Shift};
use crate::error::Error;
use crate::file::Beside;
use crate::organization::Organization;

/// An effect whose target is being read right before it.
pub(super) struct Preparing {
    /// The place of its case in the shift.
    at: usize,
    effect: Effect,
    reads: BTreeSet<What>,
    /// Only reads with this number or a later one were asked for after the effect was decided.
    mark: u64,
    readings: Readings,
}

impl Preparing {
    pub(super) fn take(&mut self, number: u64, what: &What, reading: &Arc<Reading>) {
        if number >= self.mark && self.reads.contains(what) {
            self.readings.insert(what.clone(), Arc::clone(reading));
        }
    }

    fn is_ready(&self) -> bool {
        self.reads.iter().all(|what| self.readings.contains_key(what))
    }
}

/// An outward change that ended.
pub(super) struct Sent {
    at: usize,
    effect: Effect,
    written: Written,
    /// The new credential, if its secret was handed over and is known to this process.
    remembered: Option<CredentialName>,
}

/// A change that may be sent as soon as its intent is durable.
struct Ready {
    effect: Effect,
    write: Box<Write>,
    definition: Option<Digest>,
    marked: Option<String>,
}

impl Shift<'_> {
    /// Nothing that was about to be sent is sent.
    pub(super) fn forget_prepared(&mut self, at: usize) {
        self.preparing.retain(|preparing| preparing.at != at);
    }

    /// Reads the targets of effects that are owed now, and sends those whose targets were read.
    pub(super) async fn prepare(&mut self, at: usize, effects: Vec<Effect>, mark: u64) -> Result<(), Error> {
        let case = &self.active(at)?.file.case;
        // The case may have been stopped while the targets were read.
        if !case.state.acts() || case.approval().is_none() {
            self.forget_prepared(at);
            return Ok(());
        }
        let known = self.preparing.iter().filter(|preparing| preparing.at == at);
        let known: BTreeSet<EffectKey> = known.map(|preparing| preparing.effect.key.clone()).collect();
        for effect in effects {
            if known.contains(&effect.key) || self.rested.contains(&(at, effect.key.clone())) {
                continue;
            }
            let reads = reads_before(&effect, &self.active(at)?.file.case);
            for what in &reads {
                self.look_since(what, mark);
            }
            self.preparing.push(Preparing { at, effect, reads, mark, readings: Readings::new() });
        }
        let (come, rest) =
            std::mem::take(&mut self.preparing).into_iter().partition(|one| one.at == at && one.is_ready());
        self.preparing = rest;
        let mut sends = Vec::new();
        for Preparing { effect, readings, .. } in come {
            sends.extend(self.prepared(at, effect, &readings).await?);
        }
        self.intend(at, sends).await
    }

    async fn prepared(&mut self, at: usize, effect: Effect, readings: &Readings) -> Result<Option<Ready>, Error> {
        let engine = self.engine;
        let now = engine.clock.now();
        let Active { file, names, .. } = self.active(at)?;
        let Some((plan, _)) = file.case.plan.clone() else { return Ok(None) };
        match prepare(&effect, &plan, &file.case, readings, names, now) {
            Prepared::Send { write, definition, marked } => Ok(Some(Ready { effect, write, definition, marked })),
            Prepared::Skip { why, person, until } => {
                self.skip(at, effect, Skip { why, person, until }, now).await?;
                Ok(None)
            }
            Prepared::Wait(failure) => {
                let why = format!("could not be read before acting: {failure}");
                self.skip(at, effect, Skip { why, person: false, until: None }, now).await?;
                Ok(None)
            }
        }
    }

    async fn skip(&mut self, at: usize, effect: Effect, skip: Skip, now: Timestamp) -> Result<(), Error> {
        let engine = self.engine;
        let file = &mut self.active(at)?.file;
        let instance = effect.act.instance();
        // What waits for a person waits in silence; anything else is tried again after the next look.
        if skip.person && file.case.skips(&effect.claim).any(|(of, before)| of == instance && *before == skip) {
            self.rested.insert((at, effect.key));
            return Ok(());
        }
        let Skip { why, person, until } = skip;
        let event = Event::Skipped { claim: effect.claim, instance, why, person, until };
        file.write(&*engine.store, vec![event], Beside::default(), now).await
    }

    /// Journals intents, all in one step where no other case is at one of the objects, and sends what they allow.
    async fn intend(&mut self, at: usize, sends: Vec<Ready>) -> Result<(), Error> {
        match self.journal_intents(at, &sends).await {
            Err(Error::Append(AppendError::TargetBusy { .. })) if sends.len() > 1 => {
                for one in sends {
                    Box::pin(self.intend(at, vec![one])).await?;
                }
                Ok(())
            }
            // Another case is at this object: it is tried again when something has changed.
            Err(Error::Append(AppendError::TargetBusy { .. })) => {
                self.stirred = false;
                self.rested.extend(sends.into_iter().map(|one| (at, one.effect.key)));
                Ok(())
            }
            Err(other) => Err(other),
            Ok(()) => {
                for one in sends {
                    self.send(at, one)?;
                }
                Ok(())
            }
        }
    }

    async fn journal_intents(&mut self, at: usize, sends: &[Ready]) -> Result<(), Error> {
        let engine = self.engine;
        let now = engine.clock.now();
        let Active { file, live, .. } = self.active(at)?;
        let Some(plan) = file.case.plan.as_ref().map(|(_, hash)| hash.clone()) else { return Ok(()) };
        let leaver = file.case.request.leaver.clone();
        let open = sends.iter().map(|one| (one.effect.key.clone(), one.effect.act.target(leaver.as_str()))).collect();
        let intended = |one: &Ready| Event::Intended {
            effect: one.effect.clone(),
            plan: plan.clone(),
            definition: one.definition.clone(),
            marked: one.marked.clone(),
        };
        let events = sends.iter().map(intended).collect();
        file.write(&*engine.store, events, Beside { open, ..Beside::default() }, now).await?;
        live.in_flight.extend(sends.iter().map(|one| one.effect.key.clone()));
        Ok(())
    }

    fn send(&mut self, at: usize, one: Ready) -> Result<(), Error> {
        let (org, progress) = (self.org, self.progress);
        let Ready { effect, write, .. } = one;
        let case = &self.active(at)?.file.case;
        let id = case.id.clone();
        let Some(intent) = case.intent(&effect.key) else { return Ok(()) };
        progress.says(&format!("{} {}", effect.act.word(), effect.claim));
        self.sending += 1;
        self.running.push(send(org, at, id, effect, write, intent).boxed());
        Ok(())
    }

    /// What was sent was sent, whatever a person decided meanwhile: the outcome is journalled in any case.
    pub(super) async fn journal_sent(&mut self, at: usize) -> Result<(), Error> {
        let (mine, rest): (Vec<Sent>, Vec<Sent>) =
            std::mem::take(&mut self.sent).into_iter().partition(|sent| sent.at == at);
        self.sent = rest;
        if mine.is_empty() {
            return Ok(());
        }
        let engine = self.engine;
        let live = &mut self.active(at)?.live;
        let mut events = Vec::with_capacity(mine.len());
        for Sent { effect, written, remembered, .. } in mine {
            if let Some(credential) = remembered {
                live.remembered.insert(credential.clone());
                engine.remembered.lock().await.insert(credential);
            }
            live.in_flight.remove(&effect.key);
            events.push(Event::Ended {
                effect: effect.key,
                outcome: written.outcome,
                sent_at: Some(written.sent_at),
                captures: written.captures,
            });
        }
        loop {
            let file = &mut self.active(at)?.file;
            match file.write(&*engine.store, events.clone(), Beside::default(), engine.clock.now()).await {
                Err(Error::Append(AppendError::VersionConflict { .. })) => self.reload(at).await?,
                written => return written,
            }
        }
    }
}

async fn send(org: &Organization, at: usize, case: CaseId, effect: Effect, write: Box<Write>, intent: Intent) -> Done {
    let written = org.vendor.acting(&intent).act(&write).await;
    let remembered = hand_over(org, &case, &effect, &write, &written).await;
    Done::Sent(Box::new(Sent { at, effect, written, remembered }))
}

/// Hands a new secret over before anything else can happen to it. If that fails the secret counts as lost, and the service account
/// is deleted and made anew.
async fn hand_over(
    org: &Organization,
    case: &CaseId,
    effect: &Effect,
    write: &Write,
    sent: &Written,
) -> Option<CredentialName> {
    let (Write::CreateServiceAccount { .. }, Some(secret), Some(username)) = (write, &sent.secret, &sent.username)
    else {
        return None;
    };
    let Act::CreateServiceAccount { replaces } = effect.act else { return None };
    if let Err(error) = org.sink.hand_over(case, username, secret).await {
        tracing::warn!(case = %case, error = %error, "the secret of a new service account could not be handed over");
        return None;
    }
    let name = leaver_core::case::replacement_credential(case, replaces, effect.attempt);
    org.vendor.remember(&name, username, secret).then_some(name)
}
