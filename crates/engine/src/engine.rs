//! The engine: an inventory becomes a case, people's commands and the worker move it on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use leaver_core::case::Case;
use leaver_core::claim::Choice;
use leaver_core::decide::{Command, Rejection, decide, over_cap, starts};
use leaver_core::event::{CaseState, Event, Stamped};
use leaver_core::ids::{Address, CaseId, ClaimKey, CredentialName, Digest, OrgName, PersonId};
use leaver_core::judge::{Names, Readings, reads_now};
use leaver_core::method::Urgency;
use leaver_core::observe::observed;
use leaver_core::plan::{Plan, Request};
use leaver_core::planner::{self, Planned, Refusal};
use leaver_core::reading::{Maker, OrgRole, Snapshot};
use leaver_core::source::What;
use leaver_core::wanted::Owed;
use leaver_store::{AppendError, CaseFilter, HoldRecord, PersonRecord, PutFact, Store};
use tokio::sync::Mutex;

use crate::error::Error;
use crate::file::{Beside, File, fold};
use crate::organization::Organization;
use crate::ports::{Clock, Ids, Progress};

/// How often an inventory reads again what failed for a moment.
const RETRIES: u32 = 3;

/// The longest pause before that, in seconds; limits by the minute are the longest that the vendor documents for what is read here.
const LONGEST_PAUSE: u64 = 90;

/// So far back a removal explains why somebody is gone.
const LATELY: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The fact whose version counts the starts of an organization's cases.
const STARTS: &str = "starts";

/// How many reads of one organization are under way at once, besides what the vendor's client allows.
const READS_AT_ONCE: usize = 16;

/// The engine of one process.
#[derive(Debug)]
pub struct Engine {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub ids: Arc<dyn Ids>,
    /// The organizations under management.
    pub organizations: BTreeMap<OrgName, Organization>,
    /// The credentials whose secret is in memory.
    pub(crate) remembered: Mutex<BTreeSet<CredentialName>>,
}

/// What somebody asks for, before anything was read.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The request; its leaver's person is filled in by the engine.
    pub request: Request,
    /// The leaver's address.
    pub leaver: Address,
    /// The person who asks, where their address is known.
    pub operator: Option<Address>,
    /// Choices that differ from the defaults.
    pub choices: BTreeMap<ClaimKey, Choice>,
}

/// A case that was planned, and whether it is in the database yet.
#[derive(Debug)]
pub struct Drafted {
    /// The case with its plan and first observations.
    pub case: Case,
    events: Vec<Event>,
    beside: Beside,
    names: Names,
    at: Timestamp,
}

impl Drafted {
    /// The names that the plan was judged with.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// The titles of the objects that the plan mentions.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.beside.labels
    }
}

impl Engine {
    /// An engine that remembers no secret.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        organizations: BTreeMap<OrgName, Organization>,
    ) -> Self {
        Self { store, clock, ids, organizations, remembered: Mutex::default() }
    }

    /// The organization of that name.
    ///
    /// # Errors
    /// [`Error::NoOrganization`].
    pub fn organization(&self, name: &OrgName) -> Result<&Organization, Error> {
        self.organizations.get(name).ok_or_else(|| Error::NoOrganization(name.to_string()))
    }

    /// The person with that address: the known one, or a new id that is stored with the first case that needs it.
    ///
    /// # Errors
    /// The store's.
    pub async fn person(&self, address: &Address) -> Result<PersonId, Error> {
        if let Some(known) = self.store.person_by_address(address).await? {
            return Ok(known.id);
        }
        Ok(PersonId::new(format!("person_{}", self.ids.next(self.clock.now()))))
    }

    /// The case that this text names: a whole id, or the beginning of exactly one.
    ///
    /// # Errors
    /// [`Error::NoCase`] or [`Error::ManyCases`].
    pub async fn find(&self, text: &str) -> Result<CaseId, Error> {
        let found = self.store.find_case(text).await?;
        if let Some(exact) = found.iter().find(|case| case.as_str() == text) {
            return Ok(exact.clone());
        }
        match found.as_slice() {
            [] => Err(Error::NoCase(text.to_owned())),
            [one] => Ok(one.clone()),
            _ => Err(Error::ManyCases(text.to_owned())),
        }
    }

    /// The case as it stands.
    ///
    /// # Errors
    /// [`Error::NoCase`]; the store's.
    pub async fn case(&self, id: &CaseId) -> Result<Case, Error> {
        let loaded = self.store.load(id).await?.ok_or_else(|| Error::NoCase(id.to_string()))?;
        fold(&loaded)
    }

    /// The cases of one person in one organization that are not over.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_cases(&self, org: &OrgName, person: &PersonId) -> Result<Vec<CaseId>, Error> {
        let filter = CaseFilter { org: Some(org.clone()), state: None, person: Some(person.clone()) };
        let over = [CaseState::Cancelled, CaseState::Rejected, CaseState::Closed].map(CaseState::word);
        let rows = self.store.cases(&filter).await?;
        Ok(rows.into_iter().filter(|row| !over.contains(&row.state.as_str())).map(|row| row.case).collect())
    }

    /// Reads the inventory and makes the plan. Sends reads only, and writes nothing to the database.
    ///
    /// # Errors
    /// [`Error::Refused`] when no plan can be made.
    pub async fn draft(&self, mut wish: Wish, progress: &dyn Progress) -> Result<Drafted, Error> {
        let org = self.organization(&wish.request.org)?;
        let hurry = wish.request.urgency == Urgency::Emergency;
        wish.request.leaver = self.person(&wish.leaver).await?;
        let successor = self.store.person(&wish.request.successor).await?;
        let executor = self.store.person(&wish.request.executor).await?;
        let mut names = Names {
            executor: executor.and_then(|person| person.addresses.into_iter().next()),
            leaver: vec![wish.leaver.clone()],
            successor: successor.map(|person| maker(&person, org)),
            control: Vec::new(),
            own_username: Some(org.username.clone()),
            leaving: self.leaving(org, &wish.request.leaver).await?,
        };
        // One member list after the other: each may be of a hundred thousand people, and a dozen of them matter; whom one list shows to
        // matter is looked for in the next.
        let (lists, mut rest): (Vec<What>, Vec<What>) = planner::first_reads(org.scim)
            .into_iter()
            .partition(|what| matches!(what, What::Roster | What::ScimUsers | What::Me));
        if org.provider {
            org.vendor.meet(&wish.request.leaver, &names.leaver);
            rest.push(What::ProviderAccounts(wish.request.leaver.clone()));
        }
        let mut readings = Readings::new();
        for list in lists {
            let focus = planner::Focus::of(&names, &org.witnesses, &readings);
            readings.extend(self.inventory(org, hurry, BTreeSet::from([list]), Some(&focus), progress).await?);
        }
        readings.extend(self.inventory(org, hurry, rest.into_iter().collect(), None, progress).await?);
        let ways = planner::provider_reads(&readings, &wish.request.leaver);
        readings.extend(self.inventory(org, hurry, ways, None, progress).await?);
        planner::name_teams(&mut wish.request, &readings)?;
        if let Some(Ok(Snapshot::Me(me))) = readings.get(&What::Me).map(|reading| &reading.result) {
            let wanted: BTreeSet<What> = planner::project_reads(me).into_iter().collect();
            progress.says("reading the content of every project");
            let more = self.inventory(org, hurry, wanted, None, progress).await?;
            readings.extend(more);
            let mut details = planner::share_reads(&readings);
            details.extend(planner::linked_reads(&readings, &names));
            if !details.is_empty() {
                progress.says("reading share lists, and where reports stand");
                let more = self.inventory(org, hurry, details, None, progress).await?;
                readings.extend(more);
            }
        }
        if let (Some(successor), Some(Ok(Snapshot::Roster(roster)))) =
            (&mut names.successor, readings.get(&What::Roster).map(|reading| &reading.result))
            && let Some(member) = successor.address.as_ref().and_then(|address| roster.by_address(address))
        {
            successor.id.clone_from(&member.id);
        }
        let now = self.clock.now();
        let witnesses = self.witnesses(org, &readings).await?;
        let shown = self.shown(&org.name).await?;
        let Planned { plan, control, labels } = planner::plan(&planner::Input {
            request: &wish.request,
            policy: &org.policy,
            names: &names,
            witnesses: &witnesses,
            operator: wish.operator.as_ref(),
            readings: &readings,
            choices: &wish.choices,
            shown: &shown.into_keys().collect(),
            credential: org.credential.as_str(),
            now,
        })?;
        let unread = plan.claims.iter().filter(|claim| claim.is_probed_in_plan()).flat_map(|claim| &claim.reads);
        let unread: BTreeSet<What> = unread.filter(|what| !readings.contains_key(what)).cloned().collect();
        if !unread.is_empty() {
            progress.says("probing the claims that name single items");
            let more = self.inventory(org, hurry, unread, None, progress).await?;
            readings.extend(more);
        }
        names.control = control.iter().map(|(_, id, address)| (id.clone(), address.clone())).collect();
        let people = people_met(&wish, &plan, &control, &names, org);
        assemble(wish.request, &plan, &readings, &names, Beside { people, labels, ..Beside::default() }, now)
    }

    /// Reads for a plan. What fails for a moment is read again, because a plan that is thinner than the world would be approved
    /// as if it were whole; an emergency waits for nothing, and its plan says what was not seen.
    async fn inventory(
        &self,
        org: &Organization,
        hurry: bool,
        wanted: BTreeSet<What>,
        focus: Option<&planner::Focus>,
        progress: &dyn Progress,
    ) -> Result<Readings, Error> {
        let mut readings = self.read_with(org, wanted, focus, progress).await;
        for _ in 0..RETRIES {
            let passing: BTreeMap<What, u64> = readings
                .iter()
                .filter_map(|(what, reading)| Some((what.clone(), reading.result.as_ref().err()?.passes_after()?)))
                .collect();
            if passing.is_empty() || hurry {
                return Ok(readings);
            }
            let pause = passing.values().max().copied().unwrap_or(1).min(LONGEST_PAUSE);
            let now = self.clock.now();
            let until = now.checked_add(SignedDuration::from_secs(i64::try_from(pause).unwrap_or(1))).unwrap_or(now);
            progress.says(&format!("{} reads were not answered well; trying again in {pause} s", passing.len()));
            while self.clock.now() < until {
                self.clock.wait_until(until).await;
            }
            readings.extend(self.read_with(org, passing.into_keys().collect(), focus, progress).await);
        }
        let still = readings.iter().find_map(|(what, reading)| {
            let failure = reading.result.as_ref().err()?;
            failure.passes_after().map(|_| (what.to_string(), failure.clone()))
        });
        match still {
            Some((what, failure)) => Err(Refusal::Unread { what, failure }.into()),
            None => Ok(readings),
        }
    }

    /// The configured witnesses, and the owners on the member list whom the database knows already.
    async fn witnesses(&self, org: &Organization, readings: &Readings) -> Result<Vec<(PersonId, Address)>, Error> {
        let mut witnesses = org.witnesses.clone();
        let Some(Ok(Snapshot::Roster(roster))) = readings.get(&What::Roster).map(|reading| &reading.result) else {
            return Ok(witnesses);
        };
        for owner in roster.members.iter().filter(|member| member.role == Some(OrgRole::Owner)) {
            if !witnesses.iter().any(|(_, address)| *address == owner.address)
                && let Some(known) = self.store.person_by_address(&owner.address).await?
            {
                witnesses.push((known.id, owner.address.clone()));
            }
        }
        Ok(witnesses)
    }

    /// Puts a drafted case into the database.
    ///
    /// # Errors
    /// [`Error::OpenCase`] when the person has one already; the store's.
    pub async fn open(&self, drafted: Drafted) -> Result<Case, Error> {
        let request = &drafted.case.request;
        if let Some(open) = self.open_cases(&request.org, &request.leaver).await?.into_iter().next() {
            return Err(Error::OpenCase(open));
        }
        let file = File::create(&*self.store, drafted.events, drafted.beside, drafted.at).await?;
        Ok(file.case)
    }

    /// Carries out a person's command. Somebody else's step in between is taken in and the command decided again.
    ///
    /// # Errors
    /// [`Error::Rejected`] by the rule that refuses it.
    pub async fn command(&self, id: &CaseId, command: Command) -> Result<Case, Error> {
        loop {
            let now = self.clock.now();
            let mut file = File::load(&*self.store, id, None).await?;
            let events = decide(&file.case, command.clone(), now)?;
            let (events, beside) = self.within_cap(&file.case, events, now).await?;
            match file.write(&*self.store, events, beside, now).await {
                Ok(()) => return Ok(file.case),
                // Somebody else's step, or somebody else's start in this organization, came in between.
                Err(Error::Append(AppendError::VersionConflict { .. } | AppendError::FactConflict { .. })) => {}
                Err(other) => return Err(other),
            }
        }
    }

    /// Lets a second person release an organization and every case in it that is held.
    ///
    /// # Errors
    /// [`Error::NothingHeld`]; [`Error::Rejected`] by the rule that refuses it: then nothing at all is released.
    pub async fn release_organization(&self, name: &OrgName, by: &PersonId, why: &str) -> Result<Vec<Case>, Error> {
        self.organization(name)?;
        let filter =
            CaseFilter { org: Some(name.clone()), state: Some(CaseState::Held.word().to_owned()), person: None };
        let held = self.store.cases(&filter).await?;
        let hold = self.store.org_hold(name).await?;
        let stands = hold.record.clone().filter(HoldRecord::stands);
        if held.is_empty() && stands.is_none() {
            return Err(Error::NothingHeld(name.to_string()));
        }
        let command = Command::Release { by: by.clone(), why: why.to_owned() };
        for row in &held {
            decide(&self.case(&row.case).await?, command.clone(), self.clock.now())?;
        }
        if let Some(record) = stands {
            let now = self.clock.now();
            let record = HoldRecord { released_by: Some(by.clone()), released_at: Some(now), ..record };
            self.store.set_org_hold(name, &record, hold.version, now).await.map_err(AppendError::from)?;
        }
        let mut released = Vec::with_capacity(held.len());
        for row in held {
            let case = self.command(&row.case, command.clone()).await?;
            self.store.wake(&row.case, self.clock.now()).await?;
            released.push(case);
        }
        Ok(released)
    }

    /// The events, and the hold of the whole organization when a case would start beyond the cap (AUTH-6). Two starts at once see
    /// each other: each is written with the count that it saw.
    pub(crate) async fn within_cap(
        &self,
        case: &Case,
        mut events: Vec<Event>,
        now: Timestamp,
    ) -> Result<(Vec<Event>, Beside), Error> {
        if !starts(case, &events) {
            return Ok((events, Beside::default()));
        }
        let org = &case.request.org;
        let seen = self.store.org_fact(org, STARTS).await?.map_or(0, |fact| fact.version);
        let since = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now);
        let removals = self.store.removals_since(org, since).await?;
        let others: BTreeSet<&PersonId> =
            removals.iter().map(|removal| &removal.person).filter(|person| **person != case.request.leaver).collect();
        let fact = |key: &str, expected, value: Vec<u8>| PutFact {
            org: org.clone(),
            key: key.to_owned(),
            expected,
            value,
            at: now,
        };
        let mut beside = Beside { facts: vec![fact(STARTS, seen, b"{}".to_vec())], ..Beside::default() };
        if let Some(held) = over_cap(case, &events, others.len()) {
            events.push(held);
            let hold = self.store.org_hold(org).await?;
            if hold.record.as_ref().is_none_or(|record| !record.stands()) {
                beside.facts.push(HoldRecord::removal_cap(now).put(org, hold.version, now)?);
            }
        }
        Ok((events, beside))
    }

    /// Probes every claim of a case now, by reads alone, and journals what was seen.
    ///
    /// # Errors
    /// [`Error::NoCase`]; the store's. A vendor's failure makes claims unknown.
    pub async fn verify(&self, id: &CaseId, progress: &dyn Progress) -> Result<Case, Error> {
        let case = self.case(id).await?;
        if let Some(at) = case.expired_at {
            return Err(Rejection::Expired(at).into());
        }
        let Some((plan, _)) = &case.plan else { return Ok(case) };
        let org = self.organization(&case.request.org)?;
        let wanted: BTreeSet<What> = plan.claims.iter().flat_map(|claim| reads_now(claim, &case)).collect();
        let probes = plan.claims.iter().map(|claim| claim.key.clone()).collect();
        let owed = Owed { reads: wanted.clone(), probes, ..Owed::default() };
        let names = self.names(&case).await?;
        let readings = self.read(org, wanted, progress).await;
        loop {
            let now = self.clock.now();
            let mut file = File::load(&*self.store, id, None).await?;
            let events = observed(&file.case, &readings, &owed, &names, now);
            match file.write(&*self.store, events, Beside::default(), now).await {
                Ok(()) => return Ok(file.case),
                Err(Error::Append(AppendError::VersionConflict { .. })) => {}
                Err(other) => return Err(other),
            }
        }
    }

    /// Names and addresses of a case, joined from where they can be erased.
    ///
    /// # Errors
    /// The store's.
    pub async fn names(&self, case: &Case) -> Result<Names, Error> {
        let org = self.organization(&case.request.org)?;
        let leaver = self.store.person(&case.request.leaver).await?.map(|person| person.addresses).unwrap_or_default();
        org.vendor.meet(&case.request.leaver, &leaver);
        let successor = self.store.person(&case.request.successor).await?.map(|person| maker(&person, org));
        let mut control = Vec::new();
        if let Some((plan, _)) = &case.plan {
            for account in &plan.control {
                if let Some(person) = self.store.person(&account.person).await? {
                    control.extend(
                        person.addresses.into_iter().map(|address| (account.vendor_id.clone(), address)).take(1),
                    );
                }
            }
        }
        let executor = self.store.person(&case.request.executor).await?;
        let executor = executor.and_then(|person| person.addresses.into_iter().next());
        let leaving = self.leaving(org, &case.request.leaver).await?;
        Ok(Names { leaver, successor, control, executor, own_username: Some(org.username.clone()), leaving })
    }

    /// Everybody else whom cases of this organization were allowed to remove lately.
    async fn leaving(&self, org: &Organization, but: &PersonId) -> Result<Vec<(Option<String>, Address)>, Error> {
        let now = self.clock.now();
        let since = now.checked_sub(LATELY).unwrap_or(now);
        let removals = self.store.removals_since(&org.name, since).await?;
        let people: BTreeSet<PersonId> =
            removals.into_iter().map(|removal| removal.person).filter(|person| person != but).collect();
        let mut leaving = Vec::new();
        for id in people {
            if let Some(person) = self.store.person(&id).await? {
                let vendor_id =
                    person.vendor_ids.iter().find(|(of, _)| *of == org.vendor_org).map(|(_, id)| id.clone());
                leaving.extend(person.addresses.into_iter().map(|address| (vendor_id.clone(), address)));
            }
        }
        Ok(leaving)
    }

    /// Reads sources side by side. A failure is part of a reading.
    pub(crate) async fn read(&self, org: &Organization, wanted: BTreeSet<What>, progress: &dyn Progress) -> Readings {
        self.read_with(org, wanted, None, progress).await
    }

    /// Reads sources side by side, and keeps of lists of people those who matter.
    async fn read_with(
        &self,
        org: &Organization,
        wanted: BTreeSet<What>,
        focus: Option<&planner::Focus>,
        progress: &dyn Progress,
    ) -> Readings {
        let of = wanted.len();
        let mut readings = Readings::new();
        let mut running = futures::stream::iter(wanted)
            .map(|what| async move { org.vendor.look(&org.source(what), focus).await })
            .buffer_unordered(READS_AT_ONCE);
        while let Some(reading) = running.next().await {
            readings.insert(reading.source.what.clone(), Arc::new(reading));
            progress.read(readings.len(), of);
        }
        // Nothing is judged or journalled before the raw answers behind it are durable.
        if let Err(failure) = org.vendor.settle().await {
            for reading in readings.values_mut() {
                let reading = Arc::make_mut(reading);
                reading.result = Err(failure.clone());
                reading.to_the_end = false;
            }
        }
        readings
    }
}

/// A known person as the vendor knows them.
fn maker(person: &PersonRecord, org: &Organization) -> Maker {
    Maker {
        id: person.vendor_ids.iter().find(|(of, _)| *of == org.vendor_org).map(|(_, id)| id.clone()),
        address: person.addresses.first().cloned(),
        name: person.name.clone(),
    }
}

/// The people that a plan met, to be stored beside its events.
fn people_met(
    wish: &Wish,
    plan: &Plan,
    control: &[(Option<PersonId>, Option<String>, Address)],
    names: &Names,
    org: &Organization,
) -> Vec<PersonRecord> {
    let record = |id: PersonId, address: &Address, vendor_id: Option<&String>| PersonRecord {
        id,
        addresses: vec![address.clone()],
        vendor_ids: vendor_id.map(|id| (org.vendor_org, id.clone())).into_iter().collect(),
        name: None,
    };
    let mut people = vec![record(wish.request.leaver.clone(), &wish.leaver, plan.subject.vendor_id.as_ref())];
    for (account, (person, id, address)) in plan.control.iter().zip(control) {
        people.push(record(person.clone().unwrap_or_else(|| account.person.clone()), address, id.as_ref()));
    }
    if let Some(successor) = &names.successor
        && let Some(address) = &successor.address
    {
        people.push(record(wish.request.successor.clone(), address, successor.id.as_ref()));
    }
    people
}

/// The first events of a case: opened, read, planned, observed.
fn assemble(
    request: Request,
    plan: &Plan,
    readings: &Readings,
    names: &Names,
    beside: Beside,
    at: Timestamp,
) -> Result<Drafted, Error> {
    let bytes = plan.to_bytes()?;
    let hash = Digest::of(&bytes);
    let mut events = vec![Event::Opened { request: Box::new(request) }];
    let stamp = |event: &Event| Stamped { at, event: event.clone() };
    let mut case =
        events.first().and_then(|opened| Case::open(&stamp(opened))).ok_or_else(|| Error::NoCase("new".to_owned()))?;
    let text = String::from_utf8(bytes).unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into_owned());
    let planned = Event::Planned { number: 1, hash, plan: text };
    case.evolve(&stamp(&planned));
    events.push(planned);
    let owed = Owed {
        reads: readings.keys().cloned().collect(),
        probes: plan.claims.iter().filter(|claim| claim.is_probed_in_plan()).map(|claim| claim.key.clone()).collect(),
        ..Owed::default()
    };
    let mut observations = observed(&case, readings, &owed, names, at);
    for event in &observations {
        case.evolve(&stamp(event));
    }
    // There may be ten thousand: they stay where they are.
    observations.reserve_exact(events.len() + 1);
    observations.splice(0..0, events);
    let mut events = observations;
    let waiting = Event::Moved { to: CaseState::WaitingApproval, why: "the plan waits for an approver".to_owned() };
    case.evolve(&stamp(&waiting));
    events.push(waiting);
    Ok(Drafted { case, events, beside, names: names.clone(), at })
}
