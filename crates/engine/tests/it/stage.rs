//! The harness: one twin, one clock, one database, one engine, and the people of the story.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use leaver_connectors::entra::{self, Entra};
use leaver_connectors::google::{self, Google};
use leaver_connectors::mixpanel::{Config, Deactivation, Mixpanel, Region, Scim};
use leaver_connectors::okta::{self, Okta};
use leaver_connectors::{Joined, Vendor};
use leaver_core::case::Case;
use leaver_core::claim::Choice;
use leaver_core::decide::Command;
use leaver_core::event::{CaseState, Identity};
use leaver_core::ids::{Address, CaseId, ClaimKey, CredentialName, OrgName, PersonId, ProjectId, VendorOrg};
use leaver_core::method::{Method, Reason, Urgency};
use leaver_core::plan::{Policy, Request, keys};
use leaver_core::source::Kind;
use leaver_core::write::Outcome;
use leaver_engine::{Clock as _, Engine, Error, Ids as _, Organization, Silent, Wish};
use leaver_evidence::captures::{CaptureSink, NullSink};
use leaver_evidence::redact::RedactionKey;
use leaver_sandbox::{ClockMode, Description, Options, Sandbox, Variants, start};
use leaver_store::{PersonRecord, Store};
use leaver_store_sqlite::SqliteStore;
use leaver_testkit::{Counted, Follower, Kept, SimulatedClock};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::robot::Robot;

/// The organization of every test.
pub(crate) const ORG: &str = "sandbox";

/// A case that comes to no end in so many rounds is a defect.
const ROUNDS: usize = 400;

/// So long a person is awaited, and the robot has nothing to do: then the case rests.
const PATIENCE: SignedDuration = SignedDuration::from_mins(6);

/// The control interface of a twin.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    client: reqwest::Client,
    base: String,
}

impl Control {
    fn new(base: &str) -> Self {
        // One for all worlds of a test: making one is not cheap.
        static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
        let client = CLIENT.get_or_init(|| reqwest::Client::builder().no_proxy().build().unwrap()).clone();
        Self { client, base: base.to_owned() }
    }

    async fn get(&self, what: &str) -> Value {
        let answer = self.client.get(format!("{}/_sandbox/{what}", self.base)).send().await.unwrap();
        answer.json().await.unwrap()
    }

    async fn post(&self, what: &str, body: &Value) -> bool {
        let sent = self.client.post(format!("{}/_sandbox/{what}", self.base)).json(body).send().await.unwrap();
        sent.status().is_success()
    }

    /// The truth.
    pub(crate) async fn state(&self) -> Value {
        self.get("state").await
    }

    /// Every vendor request so far.
    pub(crate) async fn requests(&self) -> Vec<Value> {
        self.get("requests").await["requests"].as_array().unwrap().clone()
    }

    /// The faults that were installed, with how often each has hit.
    pub(crate) async fn faults(&self) -> Vec<Value> {
        self.get("faults").await["faults"].as_array().unwrap().clone()
    }

    /// The audit log as a person exports it from the page.
    pub(crate) async fn export(&self, who: &str, format: &str, more: &str) -> Vec<u8> {
        let url = format!("{}/settings/org/audit-log/export?as={who}&format={format}{more}", self.base);
        let answer = self.client.get(url).send().await.unwrap().error_for_status().unwrap();
        answer.bytes().await.unwrap().to_vec()
    }

    /// What a person does by hand; whether the page allowed it.
    pub(crate) async fn person(&self, deed: &Value) -> bool {
        self.post("person", deed).await
    }

    /// What happens at the identity provider, by its administrators or by itself; the answer.
    pub(crate) async fn provider(&self, provider: Provider, deed: &Value) -> Value {
        let at = match provider {
            Provider::Okta => "provider",
            Provider::Entra => "tenant",
            Provider::Google => "workspace",
        };
        let sent = self.client.post(format!("{}/_sandbox/{at}", self.base)).json(deed).send().await.unwrap();
        assert!(sent.status().is_success(), "{deed}");
        sent.json().await.unwrap()
    }

    /// Installs a fault.
    pub(crate) async fn fault(&self, fault: &str, method: &str, path: &str, nth: u64, times: u64) {
        let body = json!({"fault": fault, "match": {"method": method, "path": path}, "nth": nth, "times": times});
        assert!(self.post("faults", &body).await, "the twin knows no fault {fault}");
    }

    /// Takes every fault away.
    pub(crate) async fn heal(&self) {
        assert!(self.post("faults", &json!({"fault": null})).await);
    }
}

/// The twin's clock, and the pace at which the vendor is asked, stand where the simulated clock stands.
#[derive(Debug)]
struct Together {
    control: Control,
    vendor: Mutex<Option<Arc<Mixpanel>>>,
}

#[async_trait]
impl Follower for Together {
    async fn pass(&self, seconds: u32) {
        assert!(self.control.post("clock", &json!({"advance": seconds})).await);
        if let Some(vendor) = &*self.vendor.lock().unwrap() {
            vendor.pace().pass(Duration::from_secs(u64::from(seconds)));
        }
    }
}

/// An identity provider that has a twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Okta,
    Entra,
    Google,
}

/// What a stage is made of.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) options: Options,
    /// Whether SCIM is configured.
    pub(crate) scim: bool,
    /// The identity provider that is configured.
    pub(crate) provider: Option<Provider>,
    /// The longest wait for one answer.
    pub(crate) timeout: Duration,
    pub(crate) method: Method,
    pub(crate) urgency: Urgency,
    /// The organization's rules; its domains are filled in.
    pub(crate) policy: Policy,
    /// Other choices that differ from the defaults.
    pub(crate) choose: Vec<(ClaimKey, Choice)>,
    /// Titles of boards that are chosen to be dropped.
    pub(crate) drop: Vec<&'static str>,
    /// Whether people decide to delete by SCIM where it reaches.
    pub(crate) by_scim: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            options: Options { members: 14, content: 1, slow: Duration::from_millis(5), ..Options::default() },
            scim: true,
            provider: None,
            timeout: Duration::from_secs(20),
            method: Method::Delete,
            urgency: Urgency::Standard,
            policy: Policy::default(),
            choose: Vec::new(),
            drop: Vec::new(),
            by_scim: false,
        }
    }
}

impl Setup {
    /// How far a removal must be played until everything was done that there is to do: a deletion by SCIM comes after `removed`.
    pub(crate) fn end(&self) -> CaseState {
        if self.by_scim { CaseState::Closed } else { CaseState::Removed }
    }

    /// The usual stage in an organization with these deviations.
    pub(crate) fn variant(names: &str) -> Self {
        let mut setup = Self::default();
        setup.options.variant = Variants::parse(names).unwrap();
        setup
    }
}

/// What stands between the engine and the world: nothing, or something that breaks it.
pub(crate) trait Between: Send + Sync + std::fmt::Debug {
    /// The store that the engine sees.
    fn store(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        store
    }

    /// The vendor that the engine sees.
    fn vendor(&self, vendor: Arc<dyn Vendor>) -> Arc<dyn Vendor> {
        vendor
    }
}

/// Nothing stands between.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Between for Nothing {}

/// Where a case came to rest.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    pub(crate) case: Case,
    /// Whether it is where the test wanted it; otherwise it waits.
    pub(crate) arrived: bool,
}

/// A twin with an engine in front of it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) control: Control,
    pub(crate) clock: Arc<SimulatedClock>,
    pub(crate) engine: Engine,
    pub(crate) robot: Robot,
    pub(crate) setup: Setup,
    pub(crate) sink: Arc<Kept>,
    choices: BTreeMap<ClaimKey, Choice>,
    database: PathBuf,
    ids: Arc<Counted>,
    together: Arc<Together>,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn new(setup: Setup) -> Self {
        Self::with(setup, &Nothing).await
    }

    pub(crate) async fn with(setup: Setup, between: &dyn Between) -> Self {
        let sandbox = start(setup.options.clone()).await.unwrap();
        let control = Control::new(&sandbox.description().control.base_url);
        let ClockMode::Frozen(begin) = setup.options.clock else { panic!("tests run on a frozen clock") };
        let together = Arc::new(Together { control: control.clone(), vendor: Mutex::default() });
        let clock = Arc::new(SimulatedClock::new(begin, Some(Arc::clone(&together) as _)));
        let folder = folder();
        let database = folder.path().join("leaver.db");
        let archive = database.with_file_name("attachments");
        let robot = Robot::new(control.clone(), sandbox.description(), archive, &setup);
        let ids = Arc::new(Counted::default());
        let sink = Arc::new(Kept::default());
        let (engine, vendor) =
            build(&setup, sandbox.description(), &database, Arc::clone(&clock), &ids, &sink, between).await;
        *together.vendor.lock().unwrap() = Some(vendor);
        let mut choices = dropped(&control.state().await, &setup.drop);
        choices.extend(setup.choose.iter().cloned());
        Self { sandbox, control, clock, engine, robot, setup, sink, choices, database, ids, together, _folder: folder }
    }

    /// The process was killed, and another one begins: an empty memory on the same database.
    pub(crate) async fn restart(&mut self, between: &dyn Between) {
        let description = self.sandbox.description();
        let (engine, vendor) =
            build(&self.setup, description, &self.database, Arc::clone(&self.clock), &self.ids, &self.sink, between)
                .await;
        self.engine = engine;
        *self.together.vendor.lock().unwrap() = Some(vendor);
        self.engine.store.take_over().await.unwrap();
    }

    /// Where files that people bring are kept.
    pub(crate) fn archive(&self) -> PathBuf {
        self.database.with_file_name("attachments")
    }

    pub(crate) fn description(&self) -> &Description {
        self.sandbox.description()
    }

    /// Somebody else changes something in a project through the vendor's own interface, with our credential.
    pub(crate) async fn edit(&self, project: u64, path: &str, body: &Value) {
        let login = &self.description().mixpanel.service_account;
        let url = format!("{}/api/app/projects/{project}/{path}", self.description().mixpanel.base_url);
        let sent =
            self.control.client.patch(url).basic_auth(&login.username, Some(&login.secret)).json(body).send().await;
        assert!(sent.unwrap().status().is_success());
    }

    /// The wish to remove this person.
    pub(crate) fn wish(&self, leaver: &str) -> Wish {
        let now = self.clock.time();
        let org = self.engine.organization(&OrgName::from(ORG)).unwrap();
        Wish {
            request: Request {
                case: CaseId::new(format!("case_{}", self.ids.next(now))),
                org: OrgName::from(ORG),
                vendor_org: org.vendor_org,
                rehearsal: true,
                leaver: PersonId::from("person_unknown"),
                reason: Reason::ProjectCompletion,
                method: self.setup.method,
                projects: Vec::new(),
                teams: Vec::new(),
                role: None,
                urgency: self.setup.urgency,
                ticket: leaver_core::statement::Statement::said("TEST-1"),
                why: None,
                sow: None,
                originals: Vec::new(),
                members: Some(leaver_core::ids::Digest::of(b"the member list")),
                requester: person("requester"),
                executor: person("executor"),
                successor: person("successor"),
                approver: Some(person("approver")),
                not_before: None,
                ended: None,
                known: None,
                deadline: now.checked_add(SignedDuration::from_hours(24)).unwrap(),
                at: now,
            },
            leaver: Address::parse(leaver).unwrap(),
            operator: Some(Address::parse(&self.description().people.requester).unwrap()),
            choices: self.choices.clone(),
        }
    }

    /// Plans the removal of the story's leaver and opens the case.
    pub(crate) async fn open(&self) -> Result<Case, Error> {
        self.open_for(&self.description().people.leaver.clone()).await
    }

    /// Plans the removal of this person and opens the case.
    pub(crate) async fn open_for(&self, leaver: &str) -> Result<Case, Error> {
        let drafted = Box::pin(self.engine.draft(self.wish(leaver), &Silent)).await?;
        self.engine.open(drafted).await
    }

    /// The approver says yes.
    pub(crate) async fn approve(&self, case: &Case) -> Result<Case, Error> {
        let plan = case.plan_event().unwrap().clone();
        let by = person("approver");
        let yes = Command::Approve { plan, by, identity: Identity::Declared, originals: Vec::new() };
        self.engine.command(&case.id, yes).await
    }

    /// Opens, approves and plays until the case is in this state, or waits for somebody who does not come.
    pub(crate) async fn remove(&self, until: CaseState) -> Rest {
        let case = self.open().await.unwrap();
        self.approve(&case).await.unwrap();
        self.play(&case.id, until).await
    }

    /// Lets the worker work, the robot click and the time pass.
    pub(crate) async fn play(&self, id: &CaseId, until: CaseState) -> Rest {
        let mut busy = self.clock.time();
        for _ in 0..ROUNDS {
            Box::pin(self.engine.work("test", &Silent)).await.unwrap();
            let case = self.engine.case(id).await.unwrap();
            if case.state == until || case.state.is_over() || case.state == CaseState::Closed {
                let case = self.lull(case).await;
                return Rest { arrived: case.state == until, case };
            }
            let acted = self.robot.help(&self.engine, &case).await;
            if acted || case.state != CaseState::WaitingPerson {
                busy = self.clock.time();
            } else if self.clock.time().duration_since(busy) > PATIENCE {
                return Rest { case, arrived: false };
            }
            match self.engine.store.next_due().await.unwrap() {
                Some(at) if at > self.clock.time() => self.clock.wait_until(at).await,
                None if !acted => return Rest { case, arrived: false },
                Some(_) | None => {}
            }
            if acted || case.state != CaseState::WaitingPerson {
                busy = self.clock.time();
            }
        }
        let case = self.engine.case(id).await.unwrap();
        panic!("the case came to no end: it is {} ({})\n{}", case.state.word(), case.state_why, shown(&case));
    }
}

/// So far the clock is looked ahead for work that is not done yet.
const LULL: SignedDuration = SignedDuration::from_mins(5);

impl Stage {
    /// What is under way beside the last claim comes to its end too.
    async fn lull(&self, mut case: Case) -> Case {
        for _ in 0..20 {
            match self.engine.store.next_due().await.unwrap() {
                Some(at) if at.duration_since(self.clock.time()) < LULL => self.clock.wait_until(at).await,
                Some(_) | None => break,
            }
            Box::pin(self.engine.work("test", &Silent)).await.unwrap();
            case = self.engine.case(&case.id).await.unwrap();
        }
        case
    }
}

/// The claims of a case that do not hold, for messages of failing tests.
pub(crate) fn shown(case: &Case) -> String {
    let Some((plan, _)) = &case.plan else { return "no plan".to_owned() };
    let open = plan.claims.iter().filter_map(|claim| {
        let seen = case.observation(&claim.key)?;
        let state = seen.observation.state;
        (state != leaver_core::claim::State::Holds).then(|| {
            format!(
                "  {} {}: {} {:?} skipped: {:?}",
                claim.key,
                state.word(),
                seen.observation.why,
                seen.observation.instances,
                case.skipped(&claim.key).map(|skip| (&skip.why, skip.until))
            )
        })
    });
    let unfinished = case.effects().iter().filter(|(_, fact)| !matches!(fact.outcome, Some(Outcome::Done { .. })));
    let unfinished = unfinished.map(|(key, fact)| {
        format!("  effect {key}: intended {}, {:?}, ended {:?}", fact.intended_at, fact.outcome, fact.ended_at)
    });
    open.chain(unfinished).collect::<Vec<_>>().join("\n")
}

/// A person of the configuration.
pub(crate) fn person(role: &str) -> PersonId {
    PersonId::new(format!("person_{role}"))
}

/// The choice to drop these boards.
fn dropped(state: &Value, titles: &[&str]) -> BTreeMap<ClaimKey, Choice> {
    let mut choices = BTreeMap::new();
    for project in state["projects"].as_array().unwrap() {
        for board in project["content"]["board"].as_array().into_iter().flatten() {
            if titles.iter().any(|title| board["fields"]["title"] == *title) {
                let project = ProjectId(project["id"].as_u64().unwrap());
                choices.insert(keys::copied(project, Kind::Board, &board["id"].to_string()), Choice::Drop);
            }
        }
    }
    choices
}

/// A folder that is gone afterwards; in memory where the system has such a place, because syncing a disk proves nothing here.
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()) } else { tempfile::tempdir() }
        .unwrap()
}

fn at_provider(
    provider: Provider,
    setup: &Setup,
    description: &Description,
    clock: Arc<SimulatedClock>,
) -> Arc<dyn Vendor> {
    let sink = Arc::new(NullSink::new(RedactionKey::new([7; 32])));
    let credential = CredentialName::new(format!("{ORG}/provider"));
    match provider {
        Provider::Okta => {
            let config = okta::Config {
                base_url: Url::parse(&description.okta.base_url).unwrap(),
                application: description.okta.application_id.clone(),
                credential,
                access: okta::Access::Token(SecretString::from(description.okta.token.clone())),
                rehearsal: true,
                concurrency: Config::CONCURRENCY,
                timeout: setup.timeout,
            };
            Arc::new(Okta::new(config, clock as _, sink).unwrap())
        }
        Provider::Google => {
            let google = &description.google;
            let config = google::Config {
                base_url: Url::parse(&google.base_url).unwrap(),
                identity_url: Url::parse(&google.identity_url).unwrap(),
                token_url: Url::parse(&google.token_url).unwrap(),
                customer: google.customer.clone(),
                application: google.application.clone(),
                groups: google.groups.clone(),
                service_account: google.service_account.clone(),
                subject: google.subject.clone(),
                private_key: SecretString::from(google.private_key.clone()),
                credential,
                rehearsal: true,
                concurrency: Config::CONCURRENCY,
                timeout: setup.timeout,
            };
            Arc::new(Google::new(config, clock as _, sink).unwrap())
        }
        Provider::Entra => {
            let config = entra::Config {
                base_url: Url::parse(&description.entra.base_url).unwrap(),
                login_url: Url::parse(&description.entra.login_url).unwrap(),
                tenant: description.entra.tenant.clone(),
                application: description.entra.application_id.clone(),
                client_id: description.entra.client_id.clone(),
                client_secret: SecretString::from(description.entra.client_secret.clone()),
                credential,
                rehearsal: true,
                concurrency: Config::CONCURRENCY,
                timeout: setup.timeout,
            };
            Arc::new(Entra::new(config, clock as _, sink).unwrap())
        }
    }
}

async fn build(
    setup: &Setup,
    description: &Description,
    database: &std::path::Path,
    clock: Arc<SimulatedClock>,
    ids: &Arc<Counted>,
    sink: &Arc<Kept>,
    between: &dyn Between,
) -> (Engine, Arc<Mixpanel>) {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(database).await.unwrap());
    let people = &description.people;
    let mut known = BTreeMap::new();
    for (role, address) in [
        ("requester", &people.requester),
        ("approver", &people.approver),
        ("executor", &people.executor),
        ("successor", &people.successor),
        ("owner", &people.owner),
    ] {
        let address = Address::parse(address).unwrap();
        let record =
            PersonRecord { id: person(role), addresses: vec![address.clone()], vendor_ids: Vec::new(), name: None };
        store.put_person(record).await.unwrap();
        known.insert(role, (person(role), address));
    }
    let credential = CredentialName::new(format!("{ORG}/service-account"));
    let base_url = Url::parse(&description.mixpanel.base_url).unwrap();
    let scim = setup.scim.then(|| Scim {
        base_url: Some(Url::parse(&description.mixpanel.scim.base_url).unwrap()),
        token: SecretString::from(description.mixpanel.scim.token.clone()),
        deactivation: Deactivation::Patch,
    });
    let config = Config {
        organization: VendorOrg(description.mixpanel.organization_id),
        credential: credential.clone(),
        region: Region::Us,
        base_url: Some(base_url),
        username: description.mixpanel.service_account.username.clone(),
        secret: SecretString::from(description.mixpanel.service_account.secret.clone()),
        scim,
        successor_bearer: None,
        rehearsal: true,
        concurrency: Config::CONCURRENCY,
        timeout: setup.timeout,
    };
    let captures: Arc<dyn CaptureSink> = Arc::new(NullSink::new(RedactionKey::new([7; 32])));
    let now: Arc<dyn leaver_connectors::Clock> = Arc::clone(&clock) as _;
    let mixpanel = Arc::new(Mixpanel::new(config, now, captures).unwrap());
    let mut vendor: Arc<dyn Vendor> = Arc::clone(&mixpanel) as _;
    if let Some(provider) = setup.provider {
        vendor = Arc::new(Joined::new(vendor, at_provider(provider, setup, description, Arc::clone(&clock))));
    }
    let own = Address::parse(&people.owner).unwrap().domain().to_owned();
    let mut claimed = vec![own.clone()];
    if setup.options.variant.claimed_domain_includes_leaver {
        claimed.push(Address::parse(&people.leaver).unwrap().domain().to_owned());
    }
    let organization = Organization {
        name: OrgName::from(ORG),
        vendor_org: VendorOrg(description.mixpanel.organization_id),
        rehearsal: true,
        credential,
        username: description.mixpanel.service_account.username.clone(),
        scim: setup.scim,
        provider: setup.provider.is_some(),
        policy: Policy { own_domains: vec![own], claimed_domains: claimed, ..setup.policy.clone() },
        witnesses: ["requester", "approver", "executor", "successor"]
            .into_iter()
            .map(|role| known[role].clone())
            .collect(),
        vendor: between.vendor(vendor),
        sink: Arc::clone(sink) as _,
    };
    let organizations = BTreeMap::from([(OrgName::from(ORG), organization)]);
    (Engine::new(between.store(store), clock, Arc::clone(ids) as _, organizations), mixpanel)
}
