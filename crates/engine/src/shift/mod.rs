//! A shift: the due cases of one organization at work together. One answer serves all of them; an effect is sent as soon as its
//! claim allows it, whatever else is still under way.
//!
//! Only network calls run side by side. Whatever they bring comes back to one place, which alone changes cases.

mod looks;
mod sends;

use std::collections::BTreeSet;

use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{FuturesUnordered, StreamExt as _};
use leaver_core::case::Case;
use leaver_core::decide::{Rejection, tick};
use leaver_core::event::{CaseState, Event};
use leaver_core::ids::EffectKey;
use leaver_core::judge::{Names, Readings};
use leaver_core::observe::observed;
use leaver_core::reading::Failure;
use leaver_core::ready::{missing, ready};
use leaver_core::source::What;
use leaver_core::wanted::{Live, Owed, wanted};
use leaver_core::write::Outcome;
use leaver_store::{AppendError, Lease};

use self::looks::{Look, Looks};
use self::sends::{Preparing, Sent};
use crate::engine::Engine;
use crate::error::Error;
use crate::file::{Beside, File};
use crate::organization::Organization;
use crate::ports::Progress;

/// A case is looked at again after this share of what is under way has come: each look at a large case costs time too.
const SHARE: usize = 64;

/// A case at work.
pub(crate) struct Active {
    pub(crate) lease: Lease,
    pub(crate) file: File,
    pub(crate) names: Names,
    pub(crate) live: Live,
}

/// The work of one organization, from the first duty until none is left that can be done now.
pub(crate) struct Shift<'a> {
    engine: &'a Engine,
    org: &'a Organization,
    progress: &'a dyn Progress,
    actives: Vec<Active>,
    running: FuturesUnordered<BoxFuture<'a, Done>>,
    looks: Looks,
    /// The latest answer of each source that some case still waits for.
    readings: Readings,
    preparing: Vec<Preparing>,
    /// Ended, and not journalled yet.
    sent: Vec<Sent>,
    sending: usize,
    /// Effects that gave way to another case at the same object.
    rested: BTreeSet<(usize, EffectKey)>,
    /// Whether anything changed since one of them gave way.
    stirred: bool,
    unanswered: BTreeSet<What>,
}

/// What came back from the network.
enum Done {
    /// An answer; its raw form may not be durable yet.
    Looked(Box<Look>),
    /// These answers are durable, or could not be made so.
    Stored(Vec<Look>, Result<(), Failure>),
    /// An outward change ended.
    Sent(Box<Sent>),
}

/// How a shift ended.
pub(crate) struct Ended {
    pub(crate) actives: Vec<Active>,
    /// Sources that the vendor did not answer for, as last read.
    pub(crate) unanswered: BTreeSet<What>,
}

impl<'a> Shift<'a> {
    pub(crate) fn new(
        engine: &'a Engine,
        org: &'a Organization,
        actives: Vec<Active>,
        unanswered: BTreeSet<What>,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            engine,
            org,
            progress,
            actives,
            running: FuturesUnordered::new(),
            looks: Looks::default(),
            readings: Readings::new(),
            preparing: Vec::new(),
            sent: Vec::new(),
            sending: 0,
            rested: BTreeSet::new(),
            stirred: false,
            unanswered,
        }
    }

    /// Works until nothing is under way and nothing more can be done now.
    ///
    /// # Errors
    /// The store's. What was sent before is waited for and journalled as far as that still goes.
    pub(crate) async fn run(mut self) -> Result<Ended, Error> {
        loop {
            let outstanding = match self.turn().await {
                Ok(outstanding) => outstanding,
                Err(error) => {
                    self.wind_up().await;
                    return Err(error);
                }
            };
            if self.running.is_empty() {
                if self.rested.is_empty() || !self.stirred {
                    return Ok(Ended { actives: self.actives, unanswered: self.unanswered });
                }
                // The other case may be done with the object by now.
                self.rested.clear();
                self.stirred = false;
                continue;
            }
            let enough = (outstanding / SHARE).max(1);
            let mut come = 0;
            while come < enough
                && let Some(done) = self.running.next().await
            {
                come += self.take(done);
            }
            while let Some(Some(done)) = self.running.next().now_or_never() {
                self.take(done);
            }
        }
    }

    /// Takes in what came back; returns how much of it a case may be waiting for.
    fn take(&mut self, done: Done) -> usize {
        match done {
            Done::Looked(look) => {
                self.looks.came.push(*look);
                self.store_looks();
                0
            }
            Done::Stored(looks, stored) => {
                let count = looks.len();
                self.looks.storing = false;
                self.deliver(looks, &stored);
                self.store_looks();
                count
            }
            Done::Sent(sent) => {
                self.sending -= 1;
                self.sent.push(*sent);
                1
            }
        }
    }

    /// After an error: an outward change that is dropped half-way would lose its outcome.
    async fn wind_up(&mut self) {
        while self.sending > 0 {
            let Some(done) = self.running.next().await else { break };
            self.take(done);
        }
        for at in 0..self.actives.len() {
            if let Err(error) = self.journal_sent(at).await {
                tracing::warn!(error = %error, "an outcome could not be journalled; a read will tell it");
            }
        }
    }

    /// Looks at every case, then asks for what they lack; returns how much is outstanding.
    async fn turn(&mut self) -> Result<usize, Error> {
        let mut lacking: Vec<Vec<What>> = Vec::with_capacity(self.actives.len());
        let mut waited_for = BTreeSet::new();
        // No read that is asked for during this turn is sent before its end: all of the turn's effects can share it.
        let mark = self.looks.mark();
        for at in 0..self.actives.len() {
            while self.step(at, mark).await? {
                self.stirred = true;
            }
            let owed = self.owed(at)?;
            lacking.push(missing(self.case(at)?, &owed, &self.readings));
            waited_for.extend(owed.reads);
        }
        self.readings.retain(|what, _| waited_for.contains(what));
        let lacks = lacking.iter().map(Vec::len).sum::<usize>();
        // The most urgent of each case comes first.
        let longest = lacking.iter().map(Vec::len).max().unwrap_or(0);
        for place in 0..longest {
            for what in lacking.iter().filter_map(|of| of.get(place)) {
                self.look_along(what);
            }
        }
        Ok(lacks + self.preparing.len() + self.sending)
    }

    fn active(&mut self, at: usize) -> Result<&mut Active, Error> {
        self.actives.get_mut(at).ok_or_else(|| no_place(at))
    }

    fn case(&self, at: usize) -> Result<&Case, Error> {
        self.actives.get(at).map(|active| &active.file.case).ok_or_else(|| no_place(at))
    }

    /// One step of one case; returns whether it changed. Effects that begin now read what was not asked for before `mark`.
    async fn step(&mut self, at: usize, mark: u64) -> Result<bool, Error> {
        let before = self.case(at)?.version;
        match self.step_once(at, mark).await {
            // A person's command came in between: take it in and go on.
            Err(Error::Append(AppendError::VersionConflict { .. } | AppendError::FactConflict { .. })) => {
                self.reload(at).await?;
                Ok(true)
            }
            done => done.and(Ok(self.case(at)?.version != before)),
        }
    }

    /// Takes in what somebody else wrote. What was about to be sent is decided anew.
    async fn reload(&mut self, at: usize) -> Result<(), Error> {
        self.forget_prepared(at);
        let engine = self.engine;
        self.active(at)?.file.reload(&*engine.store).await
    }

    async fn step_once(&mut self, at: usize, mark: u64) -> Result<(), Error> {
        self.journal_sent(at).await?;
        let owed = self.owed(at)?;
        if !owed.orphans.is_empty() {
            return self.give_up(at, &owed).await;
        }
        self.judge(at, &owed).await?;
        let owed = self.owed(at)?;
        self.tick(at, &owed).await?;
        let owed = self.owed(at)?;
        self.prepare(at, owed.effects, mark).await
    }

    fn owed(&mut self, at: usize) -> Result<Owed, Error> {
        let now = self.engine.clock.now();
        let Active { file, live, .. } = self.active(at)?;
        Ok(wanted(&file.case, live, now))
    }

    /// The process that sent these is gone: nobody knows how they ended. A read will tell.
    async fn give_up(&mut self, at: usize, owed: &Owed) -> Result<(), Error> {
        let engine = self.engine;
        let ended = |key: &EffectKey| Event::Ended {
            effect: key.clone(),
            outcome: Outcome::Unknown(Failure::Network),
            sent_at: None,
            captures: Vec::new(),
        };
        let events = owed.orphans.iter().map(ended).collect();
        self.active(at)?.file.write(&*engine.store, events, Beside::default(), engine.clock.now()).await
    }

    /// Judges what can be judged with the answers that are here.
    async fn judge(&mut self, at: usize, owed: &Owed) -> Result<(), Error> {
        let engine = self.engine;
        let part = ready(self.case(at)?, owed, &self.readings);
        if part == Owed::default() {
            return Ok(());
        }
        let mine = self.readings.iter().filter(|(what, _)| part.reads.contains(*what));
        let mine: Readings = mine.map(|(what, reading)| (what.clone(), reading.clone())).collect();
        // A person's command in between is taken in; what was read is still what was read.
        loop {
            let now = engine.clock.now();
            let Active { file, names, .. } = self.active(at)?;
            let events = observed(&file.case, &mine, &part, names, now);
            match file.write(&*engine.store, events, Beside::default(), now).await {
                Err(Error::Append(AppendError::VersionConflict { .. })) => self.reload(at).await?,
                // Two people let it expire while it was read: nothing is wanted of it any more.
                Err(Error::Rejected(Rejection::Expired(_))) => return Ok(()),
                written => return written,
            }
        }
    }

    /// What time and the observations at hand change in the case's state.
    async fn tick(&mut self, at: usize, owed: &Owed) -> Result<(), Error> {
        let (engine, org, progress) = (self.engine, self.org, self.progress);
        let now = engine.clock.now();
        let Active { file, live, .. } = self.active(at)?;
        let events = tick(&file.case, owed, live, now);
        let (events, beside) = engine.within_cap(&file.case, events, now).await?;
        for event in &events {
            if let Event::Moved { to, why } = event {
                progress.says(&format!("{}: {why}", to.word()));
            }
        }
        let removed = events.iter().any(|event| matches!(event, Event::Moved { to: CaseState::Removed, .. }));
        file.write(&*engine.store, events, beside, now).await?;
        if removed {
            engine.keep_shown(&org.name, crate::worker::shown_by(&file.case)).await?;
        }
        Ok(())
    }
}

fn no_place(at: usize) -> Error {
    Error::NoCase(format!("number {at} of this shift"))
}
