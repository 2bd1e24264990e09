//! From the configuration to a running engine.

mod provider;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use leaver_connectors::mixpanel::{Config as MixpanelConfig, Deactivation, Mixpanel, Region, Scim};
use leaver_connectors::{Joined, Reader as _, Vendor};
use leaver_core::ids::{Address, CredentialName, OrgName, PersonId, VendorOrg};
use leaver_core::plan::Policy;
use leaver_core::rules::{Rules, Weakening};
use leaver_core::source::{Source, What};
use leaver_engine::{Clock, Engine, Ids, Organization, SecretSink};
use leaver_evidence::captures::{CaptureSink, CaptureStore};
use leaver_store::{People as _, PersonRecord, Store};
use leaver_store_sqlite::{LockError, OpenError, SqliteStore, WorkerLock};
use uuid::Uuid;

use self::provider::Making;
use crate::clock;
use crate::config::{Config, OrganizationConfig, RegionConfig, SinkConfig};
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::sinks;

/// The name of the one credential of an organization.
const CREDENTIAL: &str = "service-account";

/// Identifiers from the time and the machine's randomness.
#[derive(Debug, Clone, Copy, Default)]
struct Random;

impl Ids for Random {
    #[expect(clippy::disallowed_methods, reason = "the one place where randomness comes from the machine")]
    fn next(&self, now: Timestamp) -> String {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let mut random = [0_u8; 10];
        for (to, from) in random.iter_mut().zip(Uuid::new_v4().as_bytes()) {
            *to = *from;
        }
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().simple().to_string()
    }
}

/// Everything a command needs.
#[derive(Debug)]
pub(crate) struct App {
    /// The engine.
    pub(crate) engine: Engine,
    /// The configuration.
    pub(crate) config: Config,
    /// The configured people.
    pub(crate) people: BTreeMap<String, (PersonId, Address)>,
    /// Where the database is.
    pub(crate) database: PathBuf,
    /// Where raw answers go.
    captures: Arc<dyn CaptureSink>,
    /// The one-time pages for secrets.
    pages: Vec<Arc<sinks::Page>>,
    /// What the configuration weakens before two people agreed.
    pub(crate) weaker: BTreeMap<OrgName, Weaker>,
}

/// Rules that would be weaker than what is in force.
#[derive(Debug)]
pub(crate) struct Weaker {
    /// What the configuration says, before it yielded.
    pub(crate) asked: Rules,
    /// What of it does not hold yet.
    pub(crate) rules: Vec<Weakening>,
}

impl App {
    /// Opens the database and builds a client for every organization. Nothing is sent.
    pub(crate) async fn open(config: Config, moves: bool) -> Result<Self, Failure> {
        let database = config.path(&config.database);
        let store = Arc::new(SqliteStore::open(&database).await.map_err(|error| unopened(&error))?);
        let clock: Arc<dyn Clock> = match &config.clock {
            None => Arc::new(clock::Machine),
            Some(source) => Arc::new(clock::Sandbox::ask(&source.source, moves).await.map_err(|error| {
                Failure {
                    exit: Exit::Unavailable,
                    ..Failure::not_done("L008", format!("the clock at {} does not answer", source.source))
                }
                .because(&error)
                .hint("is the sandbox running? 'leaver sandbox' starts one")
            })?),
        };
        let ids = Arc::new(Random);
        let mut people = BTreeMap::new();
        for (name, person) in &config.people {
            let address = Address::parse(&person.address).map_err(|error| Failure::usage("L005", error.to_string()))?;
            let known = store.person_by_address(&address).await.map_err(leaver_engine::Error::from)?;
            let id = known.map_or_else(|| PersonId::new(format!("person_{}", ids.next(clock.now()))), |known| known.id);
            let record = PersonRecord {
                id: id.clone(),
                addresses: vec![address.clone()],
                vendor_ids: Vec::new(),
                name: person.name.clone(),
            };
            store
                .put_person(record)
                .await
                .map_err(|error| Failure::not_done("L301", "a person cannot be stored").because(&error))?;
            people.insert(name.clone(), (id, address));
        }
        let captures: Arc<dyn CaptureSink> =
            Arc::new(CaptureStore::open(config.path(&config.evidence)).map_err(|error| {
                Failure::not_done(
                    "L306",
                    format!("the evidence folder {} cannot be used", config.path(&config.evidence).display()),
                )
                .because(&error)
            })?);
        let mut organizations = BTreeMap::new();
        let mut pages = Vec::new();
        for (name, organization) in &config.organizations {
            let vendor = vendor_of(
                &config,
                name,
                organization,
                region(organization.region),
                Arc::clone(&clock),
                Arc::clone(&captures),
            )?;
            let making = Making {
                config: &config,
                name,
                organization,
                clock: Arc::clone(&clock),
                captures: Arc::clone(&captures),
            };
            let provider = making.provider()?;
            let vendor: Arc<dyn Vendor> = match provider {
                Some(provider) => Arc::new(Joined::new(Arc::new(vendor), provider)),
                None => Arc::new(vendor),
            };
            let vendor = making.with_canaries(vendor)?;
            let sink: Arc<dyn SecretSink> = match &organization.secrets {
                SinkConfig::Page(listen) => {
                    let page = Arc::new(sinks::Page::new(
                        *listen,
                        config.path(Path::new("one-time")).join(sinks::file_name(name)),
                    ));
                    pages.push(Arc::clone(&page));
                    page
                }
                SinkConfig::Folder(folder) => Arc::new(sinks::Folder(config.path(folder))),
                SinkConfig::Command(line) => {
                    Arc::new(sinks::Command { line: line.clone(), patience: sinks::Command::PATIENCE })
                }
                SinkConfig::Age(age) => Arc::new(sinks::Encrypted {
                    recipient: sinks::recipient(&age.recipient)
                        .ok_or_else(|| Failure::usage("L024", format!("organization '{name}' has no age recipient")))?,
                    folder: config.path(&age.folder),
                }),
            };
            organizations.insert(
                OrgName::new(name.clone()),
                organization_of(name, organization, &people, vendor, sink, config.rules(organization).policy),
            );
        }
        let store: Arc<dyn Store> = store;
        let engine = Engine::new(store, clock, ids, organizations);
        let mut app = Self { engine, captures, config, people, database, pages, weaker: BTreeMap::new() };
        app.lay_down().await?;
        Ok(app)
    }

    /// The journal learns what the configuration says, and the configuration yields to what is in force.
    async fn lay_down(&mut self) -> Result<(), Failure> {
        let Some(file) = self.config.digest.clone() else { return Ok(()) };
        let me = self.config.me.as_deref().and_then(|name| self.people.get(name)).map(|(id, _)| id);
        for (name, organization) in &self.config.organizations {
            let org = OrgName::new(name.clone());
            let asked = self.config.rules(organization);
            let weaker = self.engine.lay_down(&org, &file, &asked, me).await?;
            if !weaker.is_empty() {
                self.weaker.insert(org, Weaker { asked, rules: weaker });
            }
        }
        // Those of organizations that the file does not name, too: leaving one out is no way round its rules.
        for standing in self.engine.standings().await?.values() {
            self.config.bind(&standing.rules);
        }
        Ok(())
    }

    /// What the configuration weakens and does not get alone, one line a rule.
    pub(crate) fn tell_weaker(&self, printer: Printer) {
        for (org, weaker) in &self.weaker {
            for rule in &weaker.rules {
                printer.say(&format!(
                    "{org}: {} stays {} until two people agree to {} ('leaver policy accept --org {org}')",
                    rule.rule, rule.is, rule.asked
                ));
            }
        }
    }

    /// Opens a page for every secret that an earlier process left unfetched.
    pub(crate) async fn open_pages(&self, printer: Printer) -> Result<(), Failure> {
        for page in &self.pages {
            page.open_left().await.map_err(|error| {
                Failure::not_done("L025", "the one-time page for a new secret cannot be opened")
                    .because(&error)
                    .hint("the secret waits in its file; check 'secrets' in leaver.toml and what else listens there")
            })?;
        }
        self.tell_pages(printer);
        Ok(())
    }

    /// Tells where new secrets wait.
    pub(crate) fn tell_pages(&self, printer: Printer) {
        for line in self.pages.iter().flat_map(|page| page.news()) {
            printer.say(&line);
        }
    }

    /// Keeps the pages open before this process ends, as long as somebody sits there to fetch what waits.
    pub(crate) async fn close_pages(&self, printer: Printer) {
        let left: usize = self.pages.iter().map(|page| page.left()).sum();
        if left == 0 {
            return;
        }
        if !printer.is_watched() {
            let wait = if left == 1 { "secret waits in its file" } else { "secrets wait in their files" };
            printer.say(&format!("{left} {wait}: 'leaver worker' shows each on a page of its own, once"));
            return;
        }
        self.tell_pages(printer);
        printer.say("the page stays open until it was fetched; Ctrl-C leaves it to the next 'leaver worker'");
        let all = futures::future::join_all(self.pages.iter().map(|page| page.all_fetched()));
        tokio::select! {
            _fetched = all => {}
            _stop = tokio::signal::ctrl_c() => {}
        }
    }

    /// Asks the vendor's other regions whether they know the credential of an organization. Sends reads only.
    pub(crate) async fn region_that_knows(&self, name: &str) -> Option<&'static str> {
        let organization = self.config.organizations.get(name).filter(|found| found.base_url.is_none())?;
        let configured = region(organization.region);
        let credential = CredentialName::new(format!("{name}/{CREDENTIAL}"));
        for other in [Region::Us, Region::Eu, Region::In].into_iter().filter(|other| *other != configured) {
            let vendor = vendor_of(
                &self.config,
                name,
                organization,
                other,
                Arc::clone(&self.engine.clock),
                Arc::clone(&self.captures),
            );
            let Ok(vendor) = vendor else { continue };
            let source = Source { tenant: VendorOrg(organization.id), credential: credential.clone(), what: What::Me };
            if vendor.read(&source).await.result.is_ok() {
                return Some(word(other));
            }
        }
        None
    }

    /// The address of a person whom a case names; their id once it was erased.
    pub(crate) async fn address(&self, id: &PersonId) -> Result<String, Failure> {
        let person = self.engine.store.person(id).await.map_err(leaver_engine::Error::from)?;
        let address = person.and_then(|person| person.addresses.first().map(ToString::to_string));
        Ok(address.unwrap_or_else(|| id.to_string()))
    }

    /// A configured person.
    pub(crate) fn person(&self, name: &str) -> Result<&(PersonId, Address), Failure> {
        self.people.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.people.keys().map(String::as_str).collect();
            Failure::usage("L004", format!("the configuration has no person '{name}'"))
                .hint(format!("it has {}", known.join(", ")))
        })
    }

    /// The person who acts: `--as`, else the configuration's `me`.
    pub(crate) fn acting(&self, name: Option<&str>) -> Result<&(PersonId, Address), Failure> {
        let name = name.or(self.config.me.as_deref()).ok_or_else(|| {
            Failure::usage("L009", "nobody is said to act").hint("give --as PERSON, or set 'me' in leaver.toml")
        })?;
        self.person(name)
    }

    /// The lock of the one worker of this database; whoever gets it knows that earlier workers are dead.
    pub(crate) async fn become_worker(&self) -> Result<Option<WorkerLock>, Failure> {
        match WorkerLock::acquire(&self.database) {
            Ok(lock) => {
                self.engine.store.take_over().await.map_err(leaver_engine::Error::from)?;
                Ok(Some(lock))
            }
            Err(LockError::Held { .. }) => Ok(None),
            Err(error) => Err(Failure::not_done("L307", "the worker's lock cannot be taken").because(&error)),
        }
    }
}

fn unopened(error: &OpenError) -> Failure {
    Failure::not_done("L301", "the database cannot be opened")
        .because(error)
        .hint("check 'database' in leaver.toml, its folder's permissions and the free space")
}

fn region(configured: RegionConfig) -> Region {
    match configured {
        RegionConfig::Us => Region::Us,
        RegionConfig::Eu => Region::Eu,
        RegionConfig::In => Region::In,
    }
}

/// The word of a region in the configuration.
fn word(region: Region) -> &'static str {
    match region {
        Region::Us => "us",
        Region::Eu => "eu",
        Region::In => "in",
    }
}

fn vendor_of(
    config: &Config,
    name: &str,
    organization: &OrganizationConfig,
    region: Region,
    clock: Arc<dyn Clock>,
    captures: Arc<dyn CaptureSink>,
) -> Result<Mixpanel, Failure> {
    let scim = match &organization.scim {
        Some(scim) => Some(Scim {
            base_url: scim.base_url.clone(),
            token: config.secret(&scim.token, &format!("organization '{name}' (scim)"))?,
            deactivation: Deactivation::Patch,
        }),
        None => None,
    };
    let successor_bearer = match &organization.successor_login {
        Some(login) => Some(config.secret(&login.bearer, &format!("organization '{name}' (successor_login)"))?),
        None => None,
    };
    let made = Mixpanel::new(
        MixpanelConfig {
            organization: VendorOrg(organization.id),
            credential: CredentialName::new(format!("{name}/{CREDENTIAL}")),
            region,
            base_url: organization.base_url.clone(),
            username: organization.service_account.username.clone(),
            secret: config.secret(&organization.service_account.secret, &format!("organization '{name}'"))?,
            scim,
            successor_bearer,
            rehearsal: organization.base_url.is_some(),
            concurrency: organization.concurrency.unwrap_or(MixpanelConfig::CONCURRENCY),
            timeout: Duration::from_secs(30),
        },
        Arc::new(AsNow(clock)),
        captures,
    );
    made.map_err(|error| {
        Failure::usage("L010", format!("organization '{name}' cannot be reached as configured")).because(&error)
    })
}

fn organization_of(
    name: &str,
    organization: &OrganizationConfig,
    people: &BTreeMap<String, (PersonId, Address)>,
    vendor: Arc<dyn Vendor>,
    sink: Arc<dyn SecretSink>,
    policy: Policy,
) -> Organization {
    let witnesses = [&organization.requester, &organization.approver, &organization.executor, &organization.successor]
        .into_iter()
        .flatten()
        .filter_map(|person| people.get(person).cloned())
        .collect();
    Organization {
        name: OrgName::new(name),
        vendor_org: VendorOrg(organization.id),
        rehearsal: organization.base_url.is_some(),
        credential: CredentialName::new(format!("{name}/{CREDENTIAL}")),
        username: organization.service_account.username.clone(),
        scim: organization.scim.is_some(),
        provider: organization.connected().is_some(),
        policy,
        witnesses,
        vendor,
        sink,
    }
}

/// The engine's clock as the connectors see it.
#[derive(Debug)]
struct AsNow(Arc<dyn Clock>);

impl leaver_connectors::Clock for AsNow {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
