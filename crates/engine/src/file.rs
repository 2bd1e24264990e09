//! A case in memory, and the one way in which it changes: append, then evolve.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leaver_core::case::Case;
use leaver_core::decide::{Rejection, starts};
use leaver_core::event::{CaseState, Event, Stamped};
use leaver_core::ids::{CaseId, Digest, EffectKey};
use leaver_core::statement::Opening;
use leaver_core::wanted::{Live, wanted};
use leaver_evidence::canonical::leaf_hash;
use leaver_store::{Append, CaseRow, Fence, Label, LoadedCase, NewEvent, OpenIntent, PersonRecord, PutFact, Store};

use crate::error::Error;

/// Folds a stored history.
///
/// # Errors
/// [`Error::BadHistory`] when an event cannot be read, [`Error::NoCase`] when there is none.
pub fn fold(loaded: &LoadedCase) -> Result<Case, Error> {
    Case::fold(&history(loaded)?).ok_or_else(|| Error::NoCase(loaded.row.case.to_string()))
}

/// Reads a stored history, with what people said as far as it can be read.
pub(crate) fn history(loaded: &LoadedCase) -> Result<Vec<Stamped>, Error> {
    let mut events = Vec::with_capacity(loaded.events.len());
    let openings: BTreeMap<Digest, &Opening> =
        loaded.words.iter().map(|opening| (opening.commitment(), opening)).collect();
    for stored in &loaded.events {
        let mut event: Stamped = serde_json::from_slice(&stored.bytes).map_err(|source| Error::BadHistory {
            case: loaded.row.case.clone(),
            version: stored.version,
            source,
        })?;
        for words in event.event.words() {
            if let Some(opening) = words.commitment().and_then(|commitment| openings.get(commitment)) {
                words.open((*opening).clone());
            } else if loaded.lost_words > 0 {
                // What was erased is not kept at all.
                words.lose();
            }
        }
        events.push(event);
    }
    Ok(events)
}

/// Everything that one step writes besides its events.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// People met.
    pub people: Vec<PersonRecord>,
    /// Titles of objects.
    pub labels: BTreeMap<String, String>,
    /// Vendor objects that an effect is about to touch.
    pub open: Vec<(EffectKey, String)>,
    /// Facts of the organization that change together with the case.
    pub facts: Vec<PutFact>,
}

/// A case that this process may change.
#[derive(Debug)]
pub(crate) struct File {
    /// The case.
    pub case: Case,
    /// The lease's fence, for a worker.
    pub fence: Option<Fence>,
}

impl File {
    /// Opens the file of a stored case.
    ///
    /// # Errors
    /// See [`fold`] and the store.
    pub(crate) async fn load(store: &dyn Store, case: &CaseId, fence: Option<Fence>) -> Result<Self, Error> {
        let loaded = store.load(case).await?.ok_or_else(|| Error::NoCase(case.to_string()))?;
        Ok(Self { case: fold(&loaded)?, fence })
    }

    /// Writes a step in one transaction, then takes it in.
    ///
    /// # Errors
    /// [`Error::ClockBackwards`] before anything is written; see [`leaver_store::AppendError`] for the rest.
    pub(crate) async fn write(
        &mut self,
        store: &dyn Store,
        events: Vec<Event>,
        beside: Beside,
        now: Timestamp,
    ) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        // What came too late for a case that expired meanwhile would name somebody again.
        if let Some(at) = self.case.expired_at {
            return Err(Rejection::Expired(at).into());
        }
        if now < self.case.last_at {
            return Err(Error::ClockBackwards { now, last: self.case.last_at });
        }
        let starts = starts(&self.case, &events);
        let (stamped, words) = stamped(events, now);
        let mut next = self.case.clone();
        for event in &stamped {
            next.evolve(event);
        }
        let known = next.effects().keys();
        let close = known.filter(|key| self.case.keeps_busy(key) && !next.keeps_busy(key)).cloned().collect();
        let step = Step {
            expected: self.case.version,
            fence: self.fence,
            events: &stamped,
            words,
            beside,
            close,
            starts,
            now,
        };
        append(store, &next, step).await?;
        self.case = next;
        Ok(())
    }

    /// Takes in what others wrote meanwhile.
    ///
    /// # Errors
    /// See [`File::load`].
    pub(crate) async fn reload(&mut self, store: &dyn Store) -> Result<(), Error> {
        self.case = Self::load(store, &self.case.id, self.fence).await?.case;
        Ok(())
    }

    /// Writes a new case.
    ///
    /// # Errors
    /// See [`File::write`].
    pub(crate) async fn create(
        store: &dyn Store,
        events: Vec<Event>,
        beside: Beside,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let (stamped, words) = stamped(events, now);
        let case = Case::fold(&stamped).ok_or_else(|| Error::NoCase("new".to_owned()))?;
        let (close, starts) = (Vec::new(), false);
        let step = Step { expected: 0, fence: None, events: &stamped, words, beside, close, starts, now };
        append(store, &case, step).await?;
        Ok(Self { case, fence: None })
    }
}

/// The events with their time, fit for the journal: what somebody says in their own words is bound to a salt and stands apart.
fn stamped(events: Vec<Event>, at: Timestamp) -> (Vec<Stamped>, Vec<Opening>) {
    let mut words = Vec::new();
    let seal = |mut event: Event| {
        words.extend(event.words().into_iter().filter_map(|said| said.seal(rand::random())));
        Stamped { at, event }
    };
    let stamped = events.into_iter().map(seal).collect();
    (stamped, words)
}

/// One step of a case, ready to be stored.
struct Step<'a> {
    expected: u64,
    fence: Option<Fence>,
    events: &'a [Stamped],
    /// What the events hold commitments of.
    words: Vec<Opening>,
    beside: Beside,
    /// Effects whose vendor object is free again.
    close: Vec<EffectKey>,
    /// Whether the case runs from here on: the cap counts it.
    starts: bool,
    now: Timestamp,
}

async fn append(store: &dyn Store, case: &Case, step: Step<'_>) -> Result<(), Error> {
    let Step { expected, fence, events, words, beside, close, starts, now } = step;
    let mut encoded = Vec::with_capacity(events.len());
    for event in events {
        let bytes = serde_json::to_vec(event)?;
        encoded.push(NewEvent { at: event.at, kind: event.event.word().to_owned(), leaf: leaf_hash(&bytes), bytes });
    }
    let row = CaseRow {
        case: case.id.clone(),
        org: case.request.org.clone(),
        vendor_org: case.request.vendor_org,
        person: case.request.leaver.clone(),
        state: case.state.word().to_owned(),
        // As somebody sees it who remembers nothing: if this process dies, what it was about to do is due at once. While it lives its
        // lease keeps others away, and its release says when the case is really due.
        next_at: next_at(case, &Live::default(), now),
        opened_at: case.request.at,
        updated_at: now,
    };
    let mut append = Append::new(row, expected);
    append.fence = fence;
    append.events = encoded;
    append.words = words;
    append.close = close;
    append.open = beside.open.into_iter().map(|(effect, target)| OpenIntent { effect, target }).collect();
    append.removed_at = starts.then_some(now);
    append.people = beside.people;
    append.labels = beside.labels.into_iter().map(|(object, title)| Label { object, title }).collect();
    append.facts = beside.facts;
    store.append(append).await?;
    Ok(())
}

/// When the worker must look at the case again.
pub(crate) fn next_at(case: &Case, live: &Live, now: Timestamp) -> Option<Timestamp> {
    if case.expired_at.is_some() {
        return None;
    }
    if case.state.is_over() && !case.effects().values().any(leaver_core::case::EffectFact::is_open) {
        return None;
    }
    if matches!(case.state, CaseState::WaitingApproval | CaseState::Held) && case.effects().is_empty() {
        return None;
    }
    let owed = wanted(case, live, now);
    let something_now = !owed.reads.is_empty()
        || !owed.probes.is_empty()
        || !owed.effects.is_empty()
        || !owed.orphans.is_empty()
        || !leaver_core::decide::tick(case, &owed, live, now).is_empty();
    if something_now { Some(now) } else { owed.next_at }
}
