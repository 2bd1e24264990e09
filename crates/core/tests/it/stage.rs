//! One organization with something of everything, one request, and the way from there to a case: inventory, plan, first events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use leaver_core::case::Case;
use leaver_core::claim::Choice;
use leaver_core::decide::{Command, decide, tick};
use leaver_core::event::{CaseState, Event, Identity, Stamped};
use leaver_core::ids::{Address, CaseId, ClaimKey, Digest, OrgName, PersonId};
use leaver_core::judge::{Names, Readings};
use leaver_core::method::{Method, Reason, Urgency};
use leaver_core::observe::observed;
use leaver_core::plan::{Plan, Policy, Request};
use leaver_core::planner::{self, Input, Planned, Refusal};
use leaver_core::reading::{GrantKind, Maker, Snapshot};
use leaver_core::source::{Kind, What};
use leaver_core::statement::Statement;
use leaver_core::wanted::{Live, Owed, wanted};

use crate::answers::ORGANIZATION;
use crate::world::{LEAVER, LEAVER_ID, OWN_USERNAME, Thing, World, address, colleague, leaver, successor};

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// The people of a case.
pub(crate) const REQUESTER: &str = "person_requester";
/// Does the guided clicks.
pub(crate) const EXECUTOR: &str = "person_executor";
/// Says yes.
pub(crate) const APPROVER: &str = "person_approver";
/// Releases and ratifies.
pub(crate) const SECOND: &str = "person_second";
/// Goes.
pub(crate) const LEAVES: &str = "person_leaver";

/// So long after the start.
pub(crate) fn after(by: SignedDuration) -> Timestamp {
    START.checked_add(by).unwrap()
}

/// A person's id.
pub(crate) fn person(text: &str) -> PersonId {
    PersonId::from(text)
}

/// A standard request to delete, due in a day.
pub(crate) fn request() -> Request {
    Request {
        case: CaseId::from("case_0190d5e0a7c07000800000000000beef"),
        org: OrgName::from("acme"),
        vendor_org: ORGANIZATION,
        rehearsal: true,
        leaver: person(LEAVES),
        reason: Reason::ProjectCompletion,
        method: Method::Delete,
        projects: Vec::new(),
        teams: Vec::new(),
        role: None,
        urgency: Urgency::Standard,
        ticket: Statement::said("IT-4711"),
        why: None,
        sow: None,
        originals: Vec::new(),
        members: Some(leaver_core::ids::Digest::of(b"the member list")),
        requester: person(REQUESTER),
        executor: person(EXECUTOR),
        successor: person("person_successor"),
        approver: None,
        not_before: None,
        ended: None,
        known: None,
        deadline: after(SignedDuration::from_hours(24)),
        at: START,
    }
}

/// The rules of the organization.
pub(crate) fn policy() -> Policy {
    Policy {
        own_domains: vec!["acme.example".to_owned()],
        claimed_domains: vec!["agency.example".to_owned()],
        ..Policy::default()
    }
}

/// The names of the case, before the plan knows the control members.
pub(crate) fn names() -> Names {
    Names {
        leaver: vec![address(LEAVER)],
        successor: Some(successor()),
        control: Vec::new(),
        executor: Some(address("erik.ek@acme.example")),
        own_username: Some(OWN_USERNAME.to_owned()),
        leaving: Vec::new(),
    }
}

fn by(maker: Maker, title: &str) -> Thing {
    Thing::by(maker, title)
}

/// Project 3 holds something of everything that a plan deals with; project 4 holds hardly anything.
pub(crate) fn furnished() -> World {
    let mut world = World::new();
    world.grant(3, GrantKind::Individual);
    world.project(3).restricted_view.extend([address(LEAVER), address("olga.berg@acme.example")]);
    let growth = world.put(3, Kind::Board, Thing { shared: true, public_links: 1, ..by(leaver(), "Growth") });
    world.put(3, Kind::Board, by(leaver(), "Scratch"));
    let others = Thing { people: vec![leaver(), colleague()], ..by(colleague(), "Sales") };
    world.put(3, Kind::Board, others);
    world.put(3, Kind::Report, Thing { part_of: Some(growth), ..by(leaver(), "Funnel") });
    world.put(3, Kind::Cohort, Thing { shared: true, ..by(leaver(), "Power users") });
    world.put(3, Kind::Cohort, by(leaver(), "Old test"));
    world.put(3, Kind::Subscription, by(colleague(), "Weekly").to(&["olga.berg@acme.example", LEAVER]));
    world.put(3, Kind::Subscription, by(leaver(), "Mine").to(&[LEAVER]));
    world.put(3, Kind::Subscription, by(colleague(), "Daily").to(&["olga.berg@acme.example"]));
    world.put(3, Kind::Alert, by(colleague(), "Drop").to(&["Mara.Lind@agency.example", "otto.dahl@acme.example"]));
    world.put(3, Kind::Alert, by(colleague(), "Rise").to(&["otto.dahl@acme.example"]));
    world.put(3, Kind::Webhook, Thing { host: Some("hooks.agency.example".to_owned()), ..by(leaver(), "Agency hook") });
    world.put(3, Kind::Webhook, Thing { host: Some("hooks.acme.example".to_owned()), ..by(colleague(), "Own hook") });
    world.put(3, Kind::Automation, by(colleague(), "Digest").to(&[LEAVER]));
    world.put(3, Kind::SchemaSettings, by(colleague(), "settings").to(&["olga.berg@acme.example", LEAVER]));
    world.put(3, Kind::Metric, Thing { owners: vec![leaver()], ..by(colleague(), "Activation") });
    world.put(3, Kind::Schema, Thing { owners: vec![leaver()], ..by(colleague(), "signup") });
    world.robot(3, leaver(), Some(after(-SignedDuration::from_hours(30))));
    world.robot(3, leaver(), None);
    world.robot(3, colleague(), None);
    world.put(4, Kind::Board, by(colleague(), "Quiet"));
    world.team("70", &[LEAVER_ID, "10", "11"], 4);
    world.team("71", &["12", "13"], 3);
    world
}

/// What an inventory reads, in its three passes and the single items that claims name.
pub(crate) fn inventory(world: &World, at: Timestamp) -> Readings {
    let mut readings = Readings::new();
    read_into(world, planner::first_reads(world.scim.is_some()), at, &mut readings);
    if let Some(Snapshot::Me(me)) = readings.get(&What::Me).and_then(|reading| reading.result.as_ref().ok()) {
        let wanted = planner::project_reads(me);
        read_into(world, wanted, at, &mut readings);
    }
    read_into(world, planner::share_reads(&readings), at, &mut readings);
    if world.provider.is_some() {
        read_into(world, [What::ProviderAccounts(person(LEAVES))], at, &mut readings);
        read_into(world, planner::provider_reads(&readings, &person(LEAVES)), at, &mut readings);
    }
    readings
}

/// Reads each of these truthfully.
pub(crate) fn read_into(world: &World, wanted: impl IntoIterator<Item = What>, at: Timestamp, readings: &mut Readings) {
    for what in wanted {
        let reading = world.read(&what, at);
        readings.insert(what, Arc::new(reading));
    }
}

/// What a plan is made from, with everything that can be varied.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub request: Request,
    pub policy: Policy,
    pub names: Names,
    pub operator: Option<Address>,
    pub witnesses: Vec<(PersonId, Address)>,
    pub choices: BTreeMap<ClaimKey, Choice>,
}

impl Wish {
    pub(crate) fn new(request: Request) -> Self {
        let witnesses = vec![(person(EXECUTOR), address("erik.ek@acme.example"))];
        Self { request, policy: policy(), names: names(), operator: None, witnesses, choices: BTreeMap::new() }
    }

    /// The plan of these readings.
    pub(crate) fn plan(&self, readings: &Readings) -> Result<Planned, Refusal> {
        planner::plan(&Input {
            request: &self.request,
            policy: &self.policy,
            names: &self.names,
            witnesses: &self.witnesses,
            operator: self.operator.as_ref(),
            readings,
            choices: &self.choices,
            shown: &BTreeSet::new(),
            credential: "reader",
            now: self.request.at,
        })
    }
}

/// A case that waits for an approval.
#[derive(Debug, Clone)]
pub(crate) struct Drafted {
    pub case: Case,
    pub history: Vec<Stamped>,
    pub names: Names,
}

/// The first events of a case: opened, planned, read, observed, waiting.
pub(crate) fn draft(world: &World, wish: &Wish) -> Result<Drafted, Refusal> {
    let at = wish.request.at;
    let mut readings = inventory(world, at);
    let Planned { plan, control, .. } = wish.plan(&readings)?;
    let unread = plan.claims.iter().filter(|claim| claim.is_probed_in_plan()).flat_map(|claim| claim.reads.clone());
    let unread: Vec<What> = unread.filter(|what| !readings.contains_key(what)).collect();
    read_into(world, unread, at, &mut readings);
    let control = control.into_iter().map(|(_, id, address)| (id, address)).collect();
    let names = Names { control, ..wish.names.clone() };
    Ok(opened(wish.request.clone(), &plan, &readings, names))
}

/// The first events of a case with this plan.
pub(crate) fn opened(request: Request, plan: &Plan, readings: &Readings, names: Names) -> Drafted {
    let at = request.at;
    let first = Stamped { at, event: Event::Opened { request: Box::new(request) } };
    let mut case = Case::open(&first).unwrap();
    let mut history = vec![first];
    let bytes = plan.to_bytes().unwrap();
    let hash = Digest::of(&bytes);
    let planned = Event::Planned { number: 1, hash, plan: String::from_utf8(bytes).unwrap() };
    add(&mut case, &mut history, planned, at);
    let probed = plan.claims.iter().filter(|claim| claim.is_probed_in_plan());
    let owed = Owed {
        reads: readings.keys().cloned().collect(),
        probes: probed.map(|claim| claim.key.clone()).collect(),
        ..Owed::default()
    };
    for event in observed(&case, readings, &owed, &names, at) {
        add(&mut case, &mut history, event, at);
    }
    let waiting = Event::Moved { to: CaseState::WaitingApproval, why: "the plan waits for an approver".to_owned() };
    add(&mut case, &mut history, waiting, at);
    Drafted { case, history, names }
}

/// The approver says yes.
pub(crate) fn approve(drafted: &mut Drafted) {
    let plan = drafted.case.plan_event().unwrap().clone();
    let command = Command::Approve { plan, by: person(APPROVER), identity: Identity::Passkey, originals: Vec::new() };
    let at = drafted.case.last_at;
    for event in decide(&drafted.case, command, at).unwrap() {
        add(&mut drafted.case, &mut drafted.history, event, at);
    }
}

/// Appends one event and takes it in.
pub(crate) fn add(case: &mut Case, history: &mut Vec<Stamped>, event: Event, at: Timestamp) {
    let stamped = Stamped { at, event };
    case.evolve(&stamped);
    history.push(stamped);
}

/// Reads what is owed, truthfully, and takes it in; then lets time and state be looked at.
pub(crate) fn look(drafted: &mut Drafted, world: &World, at: Timestamp) {
    let owed = wanted(&drafted.case, &Live::default(), at);
    let mut readings = Readings::new();
    read_into(world, owed.reads.clone(), at, &mut readings);
    for event in observed(&drafted.case, &readings, &owed, &drafted.names, at) {
        add(&mut drafted.case, &mut drafted.history, event, at);
    }
    let owed = wanted(&drafted.case, &Live::default(), at);
    for event in tick(&drafted.case, &owed, &Live::default(), at) {
        add(&mut drafted.case, &mut drafted.history, event, at);
    }
}
