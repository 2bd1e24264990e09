//! The worker: takes what is due and does what is owed, until nothing is. Recovery is this same path.
//!
//! All due cases of one organization go through it in step, so that one read answers the claims of all of them.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use leaver_core::case::{Case, Skip};
use leaver_core::claim::{Rung, State};
use leaver_core::decide::tick;
use leaver_core::effect::Effect;
use leaver_core::event::{CaseState, Event};
use leaver_core::ids::{CaseId, CredentialName, OrgName};
use leaver_core::judge::{Names, Readings};
use leaver_core::observe::observed;
use leaver_core::plan::keys;
use leaver_core::prepare::{Prepared, prepare, reads_before};
use leaver_core::reading::Failure;
use leaver_core::source::What;
use leaver_core::wanted::{Live, Owed, wanted};
use leaver_core::write::{Outcome, Write};
use leaver_store::{AppendError, HoldRecord, Lease};
use tokio::sync::Mutex;

use crate::drill::Shown;
use crate::engine::Engine;
use crate::error::Error;
use crate::file::{Beside, File};
use crate::organization::Organization;
use crate::ports::Progress;

/// How long a worker may hold a case before others may take it.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// How long a case rests whose owed work could not go on.
const STUCK: SignedDuration = SignedDuration::from_secs(1);

/// How many cases one worker takes at a time.
const BATCH: u32 = 256;

/// What one pass of the worker did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pass {
    /// The cases that were looked at.
    pub cases: BTreeSet<CaseId>,
    /// Sources that the vendor did not answer for, as last read.
    pub unanswered: BTreeSet<What>,
    /// When something is due next.
    pub next_at: Option<Timestamp>,
}

/// A case at work.
struct Active {
    lease: Lease,
    file: File,
    names: Names,
    live: Live,
}

impl Engine {
    /// Does everything that is due now, and returns when nothing is.
    ///
    /// # Errors
    /// The store's; a vendor's failure is never an error here.
    pub async fn work(&self, worker: &str, progress: &dyn Progress) -> Result<Pass, Error> {
        let mut pass = Pass::default();
        loop {
            let leases = self.store.claim_due(self.clock.now(), worker, LEASE, BATCH).await?;
            if leases.is_empty() {
                pass.next_at = self.store.next_due().await?;
                return Ok(pass);
            }
            let mut by_org: BTreeMap<OrgName, Vec<Active>> = BTreeMap::new();
            for lease in leases {
                pass.cases.insert(lease.case.clone());
                let file = File::load(&*self.store, &lease.case, Some(lease.fence)).await?;
                let names = self.names(&file.case).await?;
                let live = self.live().await;
                by_org.entry(file.case.request.org.clone()).or_default().push(Active { lease, file, names, live });
            }
            for (org, mut actives) in by_org {
                let org = self.organization(&org)?.clone();
                let hold = self.store.org_hold(&org.name).await?.record.filter(HoldRecord::stands);
                for active in &mut actives {
                    active.live.held = hold.as_ref().map(|hold| hold.reason.clone());
                }
                self.work_together(&org, &mut actives, &mut pass, progress).await?;
                for active in actives {
                    self.release(active).await?;
                }
            }
        }
    }

    async fn live(&self) -> Live {
        Live { remembered: self.remembered.lock().await.clone(), ..Live::default() }
    }

    async fn release(&self, active: Active) -> Result<(), Error> {
        let now = self.clock.now();
        // The rounds ended because nothing moved: what is still owed now waits for something that this process cannot see.
        let pause = now.checked_add(STUCK).unwrap_or(now);
        let next_at = crate::file::next_at(&active.file.case, &active.live, now).map(|at| at.max(pause));
        match self.store.release(&active.lease, active.file.case.version, next_at).await {
            // Somebody else holds the case now: what is owed is theirs to see.
            Ok(()) | Err(leaver_store::LeaseError::Lost { .. }) => Ok(()),
            Err(leaver_store::LeaseError::Store(error)) => Err(error.into()),
        }
    }

    /// Rounds over the cases of one organization: read what any of them owes, judge, act, until none owes anything now.
    async fn work_together(
        &self,
        org: &Organization,
        actives: &mut [Active],
        pass: &mut Pass,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        loop {
            let now = self.clock.now();
            let mut round: Vec<Owed> = Vec::with_capacity(actives.len());
            let mut reads: BTreeSet<What> = BTreeSet::new();
            for active in actives.iter() {
                let owed = wanted(&active.file.case, &active.live, now);
                reads.extend(owed.reads.iter().cloned());
                round.push(owed);
            }
            let readings = if reads.is_empty() { Readings::new() } else { self.read(org, reads, &Quiet).await };
            for (what, reading) in &readings {
                if matches!(reading.result, Err(Failure::Network | Failure::TimedOut | Failure::Server { .. })) {
                    pass.unanswered.insert(what.clone());
                } else {
                    pass.unanswered.remove(what);
                }
            }
            let mut moved = false;
            for (active, owed) in actives.iter_mut().zip(round) {
                match self.step(org, active, owed, &readings, progress).await {
                    Ok(changed) => moved |= changed,
                    // A person's command came in between: take it in and go on.
                    Err(Error::Append(AppendError::VersionConflict { .. } | AppendError::FactConflict { .. })) => {
                        active.file = File::load(&*self.store, &active.lease.case, Some(active.lease.fence)).await?;
                        moved = true;
                    }
                    Err(other) => return Err(other),
                }
            }
            if !moved {
                return Ok(());
            }
        }
    }

    /// One step of one case; returns whether anything changed.
    async fn step(
        &self,
        org: &Organization,
        active: &mut Active,
        owed: Owed,
        readings: &Readings,
        progress: &dyn Progress,
    ) -> Result<bool, Error> {
        let before = active.file.case.version;
        let now = self.clock.now();
        if !owed.orphans.is_empty() {
            // The process that sent these is gone: nobody knows how they ended. A read will tell.
            let events = owed
                .orphans
                .iter()
                .map(|key| Event::Ended {
                    effect: key.clone(),
                    outcome: Outcome::Unknown(Failure::Network),
                    sent_at: None,
                    captures: Vec::new(),
                })
                .collect();
            active.file.write(&*self.store, events, Beside::default(), now).await?;
            return Ok(true);
        }
        if !owed.reads.is_empty() || !owed.probes.is_empty() {
            // A person's command in between is taken in; what was read is still what was read.
            loop {
                let now = self.clock.now();
                let events = observed(&active.file.case, readings, &owed, &active.names, now);
                match active.file.write(&*self.store, events, Beside::default(), now).await {
                    Err(Error::Append(AppendError::VersionConflict { .. })) => active.file.reload(&*self.store).await?,
                    written => break written?,
                }
            }
        } else if !owed.effects.is_empty() {
            self.act(org, active, owed.effects, progress).await?;
        }
        let now = self.clock.now();
        let owed = wanted(&active.file.case, &active.live, now);
        let events = tick(&active.file.case, &owed, &active.live, now);
        let (events, beside) = self.within_cap(&active.file.case, events, now).await?;
        for event in &events {
            if let Event::Moved { to, why } = event {
                progress.says(&format!("{}: {why}", to.word()));
            }
        }
        let removed = events.iter().any(|event| matches!(event, Event::Moved { to: CaseState::Removed, .. }));
        active.file.write(&*self.store, events, beside, now).await?;
        if removed {
            self.keep_shown(&org.name, shown_by(&active.file.case)).await?;
        }
        Ok(active.file.case.version != before)
    }

    /// Sends the effects of one case side by side: read before, intent, send, outcome.
    async fn act(
        &self,
        org: &Organization,
        active: &mut Active,
        effects: Vec<Effect>,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let Active { file, names, live, .. } = active;
        let shared = Mutex::new((file, live));
        let names = &*names;
        let mut running: FuturesUnordered<_> =
            effects.into_iter().map(|effect| self.send(org, &shared, names, effect, progress)).collect();
        // Every send is waited for: one that is dropped half-way would lose its outcome.
        let mut first = Ok(());
        while let Some(done) = running.next().await {
            first = first.and(done);
        }
        first
    }

    async fn send(
        &self,
        org: &Organization,
        shared: &Mutex<(&mut File, &mut Live)>,
        names: &Names,
        effect: Effect,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let reads = reads_before(&effect, &shared.lock().await.0.case);
        let readings = self.read(org, reads, &Quiet).await;
        let (write, intent) = {
            let mut guard = shared.lock().await;
            let (file, live) = &mut *guard;
            let now = self.clock.now();
            let Some((plan, hash)) = file.case.plan.clone() else { return Ok(()) };
            // A command may have stopped the case while the target was read.
            if !file.case.state.acts() || file.case.approval().is_none() {
                return Ok(());
            }
            let (write, definition, marked) = match prepare(&effect, &plan, &file.case, &readings, names, now) {
                Prepared::Send { write, definition, marked } => (write, definition, marked),
                Prepared::Skip { why, person, until } => {
                    return self.skip(file, &effect, Skip { why, person, until }, now).await;
                }
                Prepared::Wait(failure) => {
                    let why = format!("could not be read before acting: {failure}");
                    return self.skip(file, &effect, Skip { why, person: false, until: None }, now).await;
                }
            };
            let target = effect.act.target(file.case.request.leaver.as_str());
            let beside = Beside { open: vec![(effect.key.clone(), target)], ..Beside::default() };
            live.in_flight.insert(effect.key.clone());
            let intended = Event::Intended { effect: effect.clone(), plan: hash, definition, marked };
            let written = file.write(&*self.store, vec![intended], beside, now).await;
            if let Err(error) = written {
                live.in_flight.remove(&effect.key);
                // Another case is at this object: look again later.
                if matches!(error, Error::Append(AppendError::TargetBusy { .. })) {
                    return Ok(());
                }
                // A person's command came in between: nothing was sent; take it in and look again.
                if matches!(error, Error::Append(AppendError::VersionConflict { .. })) {
                    return file.reload(&*self.store).await;
                }
                return Err(error);
            }
            let Some(intent) = file.case.intent(&effect.key) else { return Ok(()) };
            (write, intent)
        };
        progress.says(&format!("{} {}", effect.act.word(), effect.claim));
        let sent = org.vendor.acting(&intent).act(&write).await;
        let remembered = self.hand_over(org, shared, &effect, &write, &sent).await;
        let mut guard = shared.lock().await;
        let (file, live) = &mut *guard;
        if let Some(credential) = remembered {
            live.remembered.insert(credential.clone());
            self.remembered.lock().await.insert(credential);
        }
        live.in_flight.remove(&effect.key);
        let ended = Event::Ended {
            effect: effect.key.clone(),
            outcome: sent.outcome,
            sent_at: Some(sent.sent_at),
            captures: sent.captures,
        };
        // What was sent was sent, whatever a person decided meanwhile: the outcome is journalled in any case.
        loop {
            match file.write(&*self.store, vec![ended.clone()], Beside::default(), self.clock.now()).await {
                Err(Error::Append(AppendError::VersionConflict { .. })) => file.reload(&*self.store).await?,
                written => return written,
            }
        }
    }

    async fn skip(&self, file: &mut File, effect: &Effect, skip: Skip, now: Timestamp) -> Result<(), Error> {
        let instance = effect.act.instance();
        // What waits for a person waits in silence; anything else is tried again after the next look.
        if skip.person && file.case.skips(&effect.claim).any(|(of, before)| of == instance && *before == skip) {
            return Ok(());
        }
        let Skip { why, person, until } = skip;
        let event = Event::Skipped { claim: effect.claim.clone(), instance, why, person, until };
        file.write(&*self.store, vec![event], Beside::default(), now).await
    }

    /// Hands a new secret over before anything else can happen to it. If that fails the secret counts as lost, and the
    /// service account is deleted and made anew.
    async fn hand_over(
        &self,
        org: &Organization,
        shared: &Mutex<(&mut File, &mut Live)>,
        effect: &Effect,
        write: &Write,
        sent: &leaver_connectors::Written,
    ) -> Option<CredentialName> {
        let (Write::CreateServiceAccount { .. }, Some(secret), Some(username)) = (write, &sent.secret, &sent.username)
        else {
            return None;
        };
        let leaver_core::effect::Act::CreateServiceAccount { replaces } = effect.act else { return None };
        let case = shared.lock().await.0.case.id.clone();
        if let Err(error) = org.sink.hand_over(&case, username, secret).await {
            tracing::warn!(case = %case, error = %error, "the secret of a new service account could not be handed over");
            return None;
        }
        let name = leaver_core::case::replacement_credential(&case, replaces, effect.attempt);
        org.vendor.remember(&name, username, secret).then_some(name)
    }
}

/// The read that has shown the account before and its absence now: proved in this organization from here on.
fn shown_by(case: &Case) -> BTreeMap<Rung, Shown> {
    let seen = case.observation(&keys::member_gone()).filter(|seen| seen.observation.state == State::Holds);
    let Some((seen, rung)) = seen.and_then(|seen| Some((seen, seen.observation.rung?))) else { return BTreeMap::new() };
    // It was broken before, on the member list or wherever the plan found the account.
    let was_seen = !case.suspects(&keys::member_gone()).is_empty() && rung != Rung::Attestation;
    was_seen
        .then_some((rung, Shown { present_at: case.request.at, absent_at: seen.observation.seen_at }))
        .into_iter()
        .collect()
}

/// Reads inside the worker show no progress of their own.
struct Quiet;

impl Progress for Quiet {
    fn read(&self, _: usize, _: usize) {}
    fn says(&self, _: &str) {}
}
