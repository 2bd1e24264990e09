//! A bench for single judgements: the furnished world, its case, and readings that a test may spoil one by one.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use leaver_core::case::Case;
use leaver_core::claim::{Claim, ClaimKind, Observation, Predicate, Remedy, State};
use leaver_core::effect::{Act, Effect};
use leaver_core::event::{Event, Stamped};
use leaver_core::ids::{ClaimKey, Digest, EffectKey, ProjectId};
use leaver_core::judge::{Names, Readings, judge, reads_now};
use leaver_core::observe::read_event;
use leaver_core::plan::Plan;
use leaver_core::reading::{Failure, Reading, Roster, Snapshot};
use leaver_core::source::{Kind, What};
use leaver_core::write::{Outcome, Write};

use crate::stage::{Wish, add, after, draft, furnished, read_into, request};
use crate::world::World;

/// The project that holds something of everything.
pub(crate) const FULL: ProjectId = ProjectId(3);
/// The project that holds hardly anything.
pub(crate) const QUIET: ProjectId = ProjectId(4);

/// Every way in which a read can fail.
pub(crate) fn failures() -> Vec<Failure> {
    vec![
        Failure::Unauthorized,
        Failure::Forbidden,
        Failure::NotFound,
        Failure::Limited { after_seconds: 9 },
        Failure::Server { status: 503 },
        Failure::Refused { status: 200 },
        Failure::Html,
        Failure::Redirected { status: 302 },
        Failure::TimedOut,
        Failure::Network,
        Failure::Malformed("no JSON".to_owned()),
        Failure::Incomplete("page 2 is missing".to_owned()),
        Failure::NotConfigured("no credential".to_owned()),
    ]
}

/// A case at one moment, and what was read of the world at that moment.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    pub world: World,
    pub case: Case,
    pub history: Vec<Stamped>,
    pub names: Names,
    pub readings: Readings,
    pub now: Timestamp,
    sent: u32,
}

impl Bench {
    /// The furnished world and its case, an hour after the plan.
    pub(crate) fn new() -> Self {
        Self::of(furnished())
    }

    /// This world and its case, an hour after the plan.
    pub(crate) fn of(world: World) -> Self {
        Self::planned(world, &Wish::new(request()))
    }

    /// This world and the case of this wish, an hour after the plan.
    pub(crate) fn planned(world: World, wish: &Wish) -> Self {
        let drafted = draft(&world, wish).unwrap();
        let now = after(SignedDuration::from_hours(1));
        let readings = Readings::new();
        Self { world, case: drafted.case, history: drafted.history, names: drafted.names, readings, now, sent: 0 }
    }

    pub(crate) fn plan(&self) -> Plan {
        self.case.plan.clone().unwrap().0
    }

    /// The id of the first thing of that title.
    pub(crate) fn id(&self, kind: Kind, title: &str) -> String {
        let mut things = self.world.projects[&FULL].of(kind);
        things.find(|(_, thing)| thing.title == title).unwrap().0.clone()
    }

    /// The service accounts that the leaver made.
    pub(crate) fn robots(&self) -> Vec<u64> {
        let robots = self.world.robots.iter();
        robots.filter(|(_, robot)| robot.maker == crate::world::leaver()).map(|(id, _)| *id).collect()
    }

    /// The claim of the plan that says this, else one made for the test.
    pub(crate) fn claim(&self, says: &Predicate, reads: &[What]) -> Claim {
        self.plan().claims.into_iter().find(|claim| claim.says == *says).unwrap_or_else(|| Claim {
            key: ClaimKey::from("made.for.a.test"),
            runbook: Vec::new(),
            kind: ClaimKind::Access,
            says: says.clone(),
            reads: reads.to_vec(),
            needs: Vec::new(),
            also_affects: Vec::new(),
            remedy: Remedy::None,
            options: Vec::new(),
            final_act: false,
        })
    }

    /// Reads truthfully everything that the claim names, and one list that is not empty beside each list.
    pub(crate) fn look(&mut self, claim: &Claim) {
        self.readings.clear();
        let mut wanted = reads_now(claim, &self.case);
        wanted.insert(What::Me);
        let projects: Vec<ProjectId> = wanted.iter().filter_map(What::project).collect();
        wanted.extend(projects.into_iter().map(|project| What::List(project, Kind::Board)));
        read_into(&self.world, wanted, self.now, &mut self.readings);
    }

    /// Judges with the readings at hand.
    pub(crate) fn judge(&self, claim: &Claim) -> Observation {
        judge(claim, &self.plan(), &self.case, &self.readings, &self.names, self.now)
    }

    /// Reads truthfully and judges.
    pub(crate) fn verdict(&mut self, says: &Predicate, reads: &[What]) -> Observation {
        let claim = self.claim(says, reads);
        self.look(&claim);
        self.judge(&claim)
    }

    /// Changes one reading.
    pub(crate) fn alter(&mut self, what: &What, change: impl FnOnce(&mut Reading)) {
        change(Arc::make_mut(self.readings.get_mut(what).unwrap()));
    }

    /// Changes the member list that was read.
    pub(crate) fn alter_roster(&mut self, what: &What, change: impl FnOnce(&mut Roster)) {
        self.alter(what, |reading| {
            let Ok(Snapshot::Roster(roster)) = &mut reading.result else { panic!("{what} is no member list") };
            change(roster);
        });
    }

    /// The event of a reading at hand.
    pub(crate) fn event_of(&self, what: &What) -> Event {
        read_event(&self.case, &self.readings[what], &self.readings, &self.names, self.now)
    }

    /// Takes one event in.
    pub(crate) fn add(&mut self, event: Event) {
        add(&mut self.case, &mut self.history, event, self.now);
    }

    /// Journals an outward action for a claim, with this outcome, and lets it settle.
    pub(crate) fn acted(&mut self, claim: &str, act: Act, outcome: Outcome, definition: Option<Digest>) {
        self.acted_just_now(claim, act, outcome, definition);
        self.now = self.now.checked_add(SignedDuration::from_secs(10)).unwrap();
    }

    /// Journals an outward action for a claim, with this outcome.
    pub(crate) fn acted_just_now(&mut self, claim: &str, act: Act, outcome: Outcome, definition: Option<Digest>) {
        self.sent += 1;
        let key = EffectKey::new(format!("{claim}#test/{}", self.sent));
        let effect = Effect { key: key.clone(), claim: ClaimKey::from(claim), act, attempt: self.sent };
        let plan = self.case.plan_event().unwrap().clone();
        self.add(Event::Intended { effect, plan, definition, marked: None });
        self.add(Event::Ended { effect: key, outcome, sent_at: Some(self.now), captures: Vec::new() });
    }

    /// Carries a change out in the world.
    pub(crate) fn apply(&mut self, write: &Write) -> Option<String> {
        self.world.apply(write, self.now).unwrap().created
    }
}

/// An act that touches this source and nothing that a test leans on.
pub(crate) fn touching(what: &What) -> Option<Act> {
    let none = || "none".to_owned();
    match what {
        What::Roster | What::ScimUsers => Some(Act::Deactivate),
        What::ServiceAccounts => Some(Act::DeleteServiceAccount { id: 1 }),
        What::ServiceAccount(id) => Some(Act::DeleteServiceAccount { id: *id }),
        What::List(project, kind) => Some(Act::Describe { project: *project, kind: *kind, id: none() }),
        What::Object(project, kind, id) => Some(Act::Describe { project: *project, kind: *kind, id: id.clone() }),
        What::Shares(project, kind, id) => Some(Act::ShareCopy { project: *project, kind: *kind, id: id.clone() }),
        _ => None,
    }
}

/// Asserts a state and shows why it is another one.
#[track_caller]
pub(crate) fn expect(seen: &Observation, state: State, when: &str) {
    assert_eq!(seen.state, state, "{when}: {}", seen.why);
}
