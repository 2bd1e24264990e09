//! One whole case, driven as the worker drives it, with every step checked: reads, intents, sends, outcomes, crashes, time.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use leaver_core::audit::{Format, Import, Signs};
use leaver_core::case::{Case, Skip, replacement_credential};
use leaver_core::claim::State;
use leaver_core::decide::{Command, decide, tick};
use leaver_core::effect::{Act, Class, Effect};
use leaver_core::event::{CaseState, Event, Stamped};
use leaver_core::ids::Digest;
use leaver_core::judge::{Names, Readings, reads_now};
use leaver_core::observe::{imported, observed};
use leaver_core::plan::Plan;
use leaver_core::prepare::{Prepared, prepare, reads_before};
use leaver_core::reading::Failure;
use leaver_core::ready::{missing, ready};
use leaver_core::source::What;
use leaver_core::statement::SALT;
use leaver_core::wanted::{Live, Owed, waits_for_person, wanted};
use leaver_core::write::{Outcome, Write};

use crate::dice::Dice;
use crate::invariants::{self, Sent};
use crate::mishaps::{self, Weather};
use crate::stage::{Drafted, EXECUTOR, add, after, person};
use crate::world::{Applied, LEAVER, World, address};

/// How often one look at the case may lead to another before it counts as going in circles.
const ROUNDS: usize = 400;

/// A case at work.
#[derive(Debug)]
pub(crate) struct Run {
    pub world: World,
    pub case: Case,
    pub history: Vec<Stamped>,
    pub now: Timestamp,
    pub dice: Dice,
    /// One read or send in so many goes wrong; none for zero.
    pub one_in: usize,
    /// What was reached, for the reachability test.
    pub marks: BTreeSet<String>,
    /// What went wrong, in words.
    pub wrong: Vec<String>,
    pub sent: Vec<Sent>,
    /// How often somebody helped.
    pub turns: usize,
    names: Names,
    live: Live,
    /// Answers that came and that some claim still waits for.
    at_hand: Readings,
    old: Option<(World, Timestamp)>,
}

impl Run {
    /// A case that waits for an approval.
    pub(crate) fn new(world: World, drafted: Drafted, dice: Dice, one_in: usize) -> Self {
        let Drafted { case, history, names } = drafted;
        let mut run = Self {
            world,
            now: case.last_at,
            case,
            history,
            dice,
            one_in,
            marks: BTreeSet::new(),
            wrong: Vec::new(),
            sent: Vec::new(),
            turns: 0,
            names,
            live: Live::default(),
            at_hand: Readings::new(),
            old: None,
        };
        run.mark(format!("state {}", CaseState::Draft.word()));
        run.mark(format!("state {}", run.case.state.word()));
        run
    }

    pub(crate) fn plan(&self) -> Plan {
        self.case.plan.clone().unwrap().0
    }

    pub(crate) fn mark(&mut self, what: impl Into<String>) {
        self.marks.insert(what.into());
    }

    /// A moment passes.
    pub(crate) fn pass(&mut self, by: SignedDuration) {
        self.now = self.now.checked_add(by).unwrap();
    }

    /// Somebody exports the vendor's whole audit log and imports it.
    pub(crate) fn exports_the_log(&mut self) {
        let inside = self.world.members.values().any(|member| member.address == address(LEAVER));
        let import = Import {
            file: Digest::of(self.now.to_string().as_bytes()),
            format: Format::Ndjson,
            bytes: 1,
            by: person(EXECUTOR),
            at: self.now,
            from: after(SignedDuration::from_hours(-24 * 90)),
            until: self.now,
            rows: 2,
            unread: 0,
            one_actor: false,
        };
        let signs = Signs { removed_at: (!inside).then_some(self.now), inside_at: inside.then_some(self.now) };
        self.write(imported(&self.case, &import, signs, &self.names, self.now));
    }

    fn write(&mut self, events: Vec<Event>) {
        for event in events {
            self.note(&event);
            add(&mut self.case, &mut self.history, event, self.now);
        }
    }

    /// What an event shows that the generator reached.
    fn note(&mut self, event: &Event) {
        match event {
            Event::Moved { to, why } => {
                let from = self.case.state;
                if matches!(to, CaseState::Reopened | CaseState::WaitingApproval) {
                    self.mark(format!("{} after {}", to.word(), from.word()));
                }
                if *to == CaseState::Closed {
                    for word in ["attested", "accepted by name"].into_iter().filter(|word| why.contains(*word)) {
                        self.mark(format!("closed, {word}"));
                    }
                }
                self.mark(format!("state {}", to.word()));
            }
            Event::Ended { effect, outcome, .. } => {
                let unknown = self
                    .case
                    .effects()
                    .get(effect)
                    .is_some_and(|fact| matches!(fact.outcome, Some(Outcome::Unknown(_))));
                let how = match outcome {
                    Outcome::Done { created: Some(_) } => "adopted",
                    Outcome::Done { created: None } => "found done",
                    Outcome::Failed(_) => "found not done",
                    Outcome::Unknown(_) => "unknown",
                };
                let class = self.case.effects().get(effect).map(|fact| fact.effect.act.class());
                if let Some(class) = class.filter(|_| unknown || how == "unknown") {
                    self.mark(format!("{class:?} {how}"));
                }
            }
            Event::Released { .. } | Event::Ratified { .. } | Event::Extended { .. } => self.mark(event.word()),
            Event::Skipped { person, .. } => self.mark(if *person { "skipped for a person" } else { "skipped" }),
            _ => {}
        }
    }

    /// A person's command, as the shell carries it out.
    pub(crate) fn command(&mut self, command: Command) {
        self.pass(SignedDuration::from_millis(20));
        match decide(&self.case, command, self.now) {
            Ok(events) => self.write(events),
            Err(rejection) => {
                let word = format!("{rejection:?}");
                let word = word.split(['(', ' ', '{']).next().unwrap_or_default().to_owned();
                self.mark(format!("refused {word}"));
            }
        }
    }

    /// Something happens in the world that is not of our making.
    pub(crate) fn happens(&mut self, what: impl FnOnce(&mut World)) {
        self.old = None;
        // What was read before this is true of before this, and the checks look at the world as it is.
        self.at_hand.clear();
        self.pass(SignedDuration::from_millis(20));
        what(&mut self.world);
    }

    /// The process dies, and another one goes on with the journal alone.
    pub(crate) fn crash(&mut self) {
        self.live = Live::default();
        self.at_hand.clear();
        self.world.secrets.clear();
        self.mark("crash");
    }

    fn read(&mut self, wanted: BTreeSet<What>) -> Readings {
        let mut readings = Readings::new();
        for what in wanted {
            self.pass(SignedDuration::from_millis(5));
            let old = self.old.as_ref().filter(|(_, until)| self.now <= *until).map(|(world, _)| world);
            let weather = Weather { case: &self.case, old, one_in: self.one_in };
            let reading = mishaps::answer(&self.world, &what, self.now, &weather, &mut self.dice);
            readings.insert(what, Arc::new(reading));
        }
        readings
    }

    /// Works until nothing is owed now.
    pub(crate) fn settle(&mut self) {
        for _ in 0..ROUNDS {
            if !self.work() {
                return self.rest();
            }
        }
        self.wrong.push(format!("goes in circles while {}: {:?}", self.case.state.word(), self.owed()));
    }

    /// Probes every claim now, by reads alone, as `verify` does.
    pub(crate) fn verify(&mut self) {
        self.pass(SignedDuration::from_millis(20));
        let claims = self.plan().claims;
        let reads: BTreeSet<What> = claims.iter().flat_map(|claim| reads_now(claim, &self.case)).collect();
        let probes = claims.into_iter().map(|claim| claim.key).collect();
        let owed = Owed { reads, probes, ..Owed::default() };
        let readings = self.read(owed.reads.clone());
        let events = observed(&self.case, &readings, &owed, &self.names, self.now);
        self.write(events);
        let lies = invariants::false_holds(&self.world, &self.case, &owed.probes);
        self.wrong.extend(lies);
        self.mark("verified");
    }

    pub(crate) fn owed(&self) -> Owed {
        wanted(&self.case, &self.live, self.now)
    }

    /// Looks at the case once, as the worker does; returns whether anything changed.
    pub(crate) fn work(&mut self) -> bool {
        self.pass(SignedDuration::from_millis(20));
        let before = self.case.version;
        let owed = self.owed();
        if !owed.orphans.is_empty() {
            let ended = |key: &_| Event::Ended {
                effect: Clone::clone(key),
                outcome: Outcome::Unknown(Failure::Network),
                sent_at: None,
                captures: Vec::new(),
            };
            self.write(owed.orphans.iter().map(ended).collect());
            return true;
        }
        let asked = self.answers_come(&owed);
        let part = ready(&self.case, &owed, &self.at_hand);
        if !part.reads.is_empty() || !part.probes.is_empty() {
            if part.probes.len() < owed.probes.len() {
                self.mark("some claims judged before the others' answers came");
            }
            let mine: Readings =
                self.at_hand.clone().into_iter().filter(|(what, _)| part.reads.contains(what)).collect();
            let events = observed(&self.case, &mine, &part, &self.names, self.now);
            self.write(events);
            let lies = invariants::false_holds(&self.world, &self.case, &part.probes);
            self.wrong.extend(lies);
        }
        let owed = self.owed();
        let events = tick(&self.case, &owed, &self.live, self.now);
        self.write(events);
        let owed = self.owed();
        let waits = !missing(&self.case, &owed, &self.at_hand).is_empty();
        // Effects do not wait for the other claims' answers, but may.
        if !owed.effects.is_empty() && (!waits || self.dice.once_in(2)) {
            if waits {
                self.mark("an effect sent while other claims' answers were awaited");
            }
            self.act(owed.effects);
        }
        let owed = self.owed();
        self.at_hand.retain(|what, _| owed.reads.contains(what));
        asked || self.case.version != before
    }

    /// Some of the answers that the case lacks come; all of them unless the dice say otherwise. Returns whether any was lacking.
    fn answers_come(&mut self, owed: &Owed) -> bool {
        let lacking = missing(&self.case, owed, &self.at_hand);
        let come = lacking.len() - if lacking.len() > 1 { self.dice.below(lacking.len()) } else { 0 };
        let come = lacking.iter().take(come).cloned().collect();
        let readings = self.read(come);
        self.at_hand.extend(readings);
        !lacking.is_empty()
    }

    /// Sends the effects of one look side by side: every intent first, then every send.
    fn act(&mut self, effects: Vec<Effect>) {
        let mut ready: Vec<(Effect, Write)> = Vec::new();
        for effect in effects {
            let wanted = reads_before(&effect, &self.case);
            let readings = self.read(wanted);
            let (plan, hash) = self.case.plan.clone().unwrap();
            let (why, person, until) = match prepare(&effect, &plan, &self.case, &readings, &self.names, self.now) {
                Prepared::Send { write, definition, marked } => {
                    self.live.in_flight.insert(effect.key.clone());
                    self.write(vec![Event::Intended { effect: effect.clone(), plan: hash, definition, marked }]);
                    if self.case.intent(&effect.key).is_some() {
                        ready.push((effect, *write));
                    }
                    continue;
                }
                Prepared::Skip { why, person, until } => (why, person, until),
                Prepared::Wait(failure) => (format!("could not be read before acting: {failure}"), false, None),
            };
            let (instance, skip) = (effect.act.instance(), Skip { why, person, until });
            if !(person && self.case.skips(&effect.claim).any(|(of, before)| of == instance && *before == skip)) {
                let Skip { why, person, until } = skip;
                self.write(vec![Event::Skipped { claim: effect.claim, instance, why, person, until }]);
            }
        }
        if ready.len() > 1 {
            self.mark("two sends side by side");
        }
        for (effect, write) in ready {
            if !self.send(&effect, &write) {
                return self.crash();
            }
        }
    }

    /// Sends one change; returns whether the process lived to journal how it ended.
    fn send(&mut self, effect: &Effect, write: &Write) -> bool {
        self.pass(SignedDuration::from_millis(20));
        // Nothing, refused, lost on the way there, lost on the way back, killed before, killed after.
        // A creation is hit more often: there are few of them, and the most to get wrong.
        let absolute = effect.act.class() == Class::Absolute;
        let one_in = if absolute || self.one_in == 0 { self.one_in } else { (self.one_in / 3).max(2) };
        let fate = if self.dice.once_in(one_in) { 1 + self.dice.below(5) } else { 0 };
        if fate == 4 {
            return false;
        }
        self.sent.push(Sent { effect: effect.key.clone(), at: self.now, after_events: self.history.len() });
        self.mark(format!("act {}", effect.act.word()));
        let arrives = matches!(fate, 0 | 3 | 5);
        let created = if arrives { self.arrive(effect, write) } else { None };
        let outcome = match (fate, created) {
            (1, _) => Outcome::Failed(Failure::Limited { after_seconds: 3 }),
            (0, Some(Applied { created })) => Outcome::Done { created },
            (0, None) => Outcome::Failed(Failure::NotFound),
            (5, _) => return false,
            _ => Outcome::Unknown(Failure::TimedOut),
        };
        if let (Outcome::Done { created: Some(id) }, Act::CreateServiceAccount { replaces }) = (&outcome, &effect.act) {
            let credential = replacement_credential(&self.case.id, *replaces, effect.attempt);
            self.world.secrets.insert(credential.clone(), id.parse().unwrap());
            self.live.remembered.insert(credential);
        }
        self.live.in_flight.remove(&effect.key);
        let sent_at = Some(self.now);
        self.write(vec![Event::Ended { effect: effect.key.clone(), outcome, sent_at, captures: Vec::new() }]);
        true
    }

    fn arrive(&mut self, effect: &Effect, write: &Write) -> Option<Applied> {
        let before = self.world.clone();
        let created = self.world.apply(write, self.now);
        let wrong = invariants::unlawful(&before, &self.world, write, &self.plan());
        self.wrong.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", effect.key)));
        if self.one_in > 0 && self.old.is_none() {
            // For a moment the vendor may still show what was.
            self.old = Some((before, self.now.checked_add(SignedDuration::from_secs(2)).unwrap()));
        } else {
            self.old = self.old.take().filter(|(_, until)| *until > self.now);
        }
        created
    }

    /// Whether a person has something to do before anything goes on.
    pub(crate) fn awaits_person(&self) -> bool {
        let plan = self.plan();
        let alone = self.case.approval().is_some_and(|approval| approval.emergency) && self.case.ratified().is_none();
        alone
            || matches!(self.case.state, CaseState::WaitingApproval | CaseState::Held)
            || plan.claims.iter().any(|claim| waits_for_person(&self.case, &plan, claim, self.now))
    }

    /// At rest the case waits for a time or a person, or is over.
    fn rest(&mut self) {
        let owed = self.owed();
        let spins = owed.next_at.is_some_and(|at| at <= self.now)
            || !owed.reads.is_empty()
            || !owed.probes.is_empty()
            || !owed.effects.is_empty()
            || !owed.orphans.is_empty();
        let over = self.case.state.is_over() || self.case.state == CaseState::Closed;
        if spins && !over {
            self.wrong.push(format!("owes something now and does nothing while {}: {owed:?}", self.case.state.word()));
        }
        if owed.next_at.is_none() && !self.awaits_person() && !over {
            let unsettled = self.plan().claims.into_iter().filter(|claim| {
                self.case.observation(&claim.key).is_none_or(|seen| seen.observation.state != State::Holds)
            });
            let unsettled: Vec<String> = unsettled.map(|claim| claim.key.to_string()).collect();
            self.wrong.push(format!(
                "stuck while {}: nobody and nothing is awaited for {unsettled:?}",
                self.case.state.word()
            ));
        }
    }

    /// Checks the whole history: who did what, what was sent, and that a replay gives the same case.
    pub(crate) fn audit(&mut self) {
        self.wrong.extend(invariants::of_history(&self.history, &self.sent));
        let back: Vec<Stamped> = self.history.iter().map(written_and_read).collect();
        if back != self.history {
            self.wrong.push("an event does not come back as it was written".to_owned());
        }
        if Case::fold(&back).as_ref() != Some(&self.case) {
            self.wrong.push("the folded history is another case".to_owned());
        }
    }
}

/// The event as the journal gives it back, with what was said.
fn written_and_read(stamped: &Stamped) -> Stamped {
    let mut sealed = stamped.clone();
    let openings: Vec<_> = sealed.event.words().into_iter().map(|said| said.seal([7; SALT]).unwrap()).collect();
    let mut back: Stamped = serde_json::from_slice(&serde_json::to_vec(&sealed).unwrap()).unwrap();
    for (said, opening) in back.event.words().into_iter().zip(openings) {
        assert!(said.open(opening));
    }
    back
}
