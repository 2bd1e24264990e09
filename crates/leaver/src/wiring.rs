//! From the configuration to a running engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use leaver_connectors::mixpanel::{Config as MixpanelConfig, Deactivation, Mixpanel, Region, Scim};
use leaver_core::ids::{Address, CredentialName, OrgName, PersonId, VendorOrg};
use leaver_engine::{Clock, Engine, Ids, Organization, SecretSink};
use leaver_evidence::captures::{CaptureSink, CaptureStore};
use leaver_store::{People as _, PersonRecord, Store};
use leaver_store_sqlite::{LockError, OpenError, SqliteStore, WorkerLock};
use uuid::Uuid;

use crate::clock;
use crate::config::{Config, OrganizationConfig, RegionConfig, SinkConfig};
use crate::failure::{Exit, Failure};
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
        for (name, organization) in &config.organizations {
            let made =
                organization_of(&config, name, organization, &people, Arc::clone(&clock), Arc::clone(&captures))?;
            organizations.insert(OrgName::new(name.clone()), made);
        }
        let store: Arc<dyn Store> = store;
        Ok(Self { engine: Engine::new(store, clock, ids, organizations), config, people, database })
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

fn organization_of(
    config: &Config,
    name: &str,
    organization: &OrganizationConfig,
    people: &BTreeMap<String, (PersonId, Address)>,
    clock: Arc<dyn Clock>,
    captures: Arc<dyn CaptureSink>,
) -> Result<Organization, Failure> {
    let credential = CredentialName::new(format!("{name}/{CREDENTIAL}"));
    let rehearsal = organization.base_url.is_some();
    let scim = match &organization.scim {
        Some(scim) => Some(Scim {
            base_url: scim.base_url.clone(),
            token: config.secret(&scim.token, &format!("organization '{name}' (scim)"))?,
            deactivation: Deactivation::Patch,
        }),
        None => None,
    };
    let has_scim = scim.is_some();
    let client = Mixpanel::new(
        MixpanelConfig {
            organization: VendorOrg(organization.id),
            credential: credential.clone(),
            region: match organization.region {
                RegionConfig::Us => Region::Us,
                RegionConfig::Eu => Region::Eu,
                RegionConfig::In => Region::In,
            },
            base_url: organization.base_url.clone(),
            username: organization.service_account.username.clone(),
            secret: config.secret(&organization.service_account.secret, &format!("organization '{name}'"))?,
            scim,
            successor_bearer: None,
            rehearsal,
            concurrency: organization.concurrency.unwrap_or(MixpanelConfig::CONCURRENCY),
            timeout: Duration::from_secs(30),
        },
        Arc::new(AsNow(clock)),
        captures,
    )
    .map_err(|error| {
        Failure::usage("L010", format!("organization '{name}' cannot be reached as configured")).because(&error)
    })?;
    let sink: Arc<dyn SecretSink> = match &organization.secrets {
        SinkConfig::Folder(folder) => Arc::new(sinks::Folder(config.path(folder))),
        SinkConfig::Command(command) => Arc::new(sinks::Command(command.clone())),
    };
    let mut policy = organization.policy.clone();
    policy.own_domains.clone_from(&organization.own_domains);
    policy.claimed_domains.clone_from(&organization.claimed_domains);
    let witnesses = [&organization.requester, &organization.approver, &organization.executor, &organization.successor]
        .into_iter()
        .flatten()
        .filter_map(|person| people.get(person).cloned())
        .collect();
    Ok(Organization {
        name: OrgName::new(name),
        vendor_org: VendorOrg(organization.id),
        rehearsal,
        credential,
        username: organization.service_account.username.clone(),
        scim: has_scim,
        policy,
        witnesses,
        vendor: Arc::new(client),
        sink,
    })
}

/// The engine's clock as the connectors see it.
#[derive(Debug)]
struct AsNow(Arc<dyn Clock>);

impl leaver_connectors::Clock for AsNow {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
