//! What the benchmarks build from a sandbox's description: the organization that `leaver init` would configure, and a wish to remove
//! its leaver.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use leaver_connectors::Vendor;
use leaver_connectors::mixpanel::{Config, Deactivation, Mixpanel, Region, Scim};
use leaver_core::ids::{Address, CaseId, CredentialName, OrgName, PersonId, VendorOrg};
use leaver_core::method::{Method, Reason, Urgency};
use leaver_core::plan::{Policy, Request};
use leaver_engine::{Clock, Engine, Organization, Wish};
use leaver_evidence::captures::CaptureSink;
use leaver_sandbox::Description;
use leaver_store::{People as _, PersonRecord};
use leaver_store_sqlite::SqliteStore;
use leaver_testkit::{Counted, Kept};
use secrecy::SecretString;
use url::Url;

/// The name of the organization.
pub(crate) const ORG: &str = "sandbox";

/// The machine's clock.
#[derive(Debug)]
pub(crate) struct Machine;

impl leaver_connectors::Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

#[async_trait]
impl Clock for Machine {
    async fn wait_until(&self, at: Timestamp) {
        let left = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default();
        tokio::time::sleep(left.min(Duration::from_mins(1))).await;
    }
}

/// A person of the configuration.
pub(crate) fn person(role: &str) -> PersonId {
    PersonId::new(format!("person_{role}"))
}

/// The credential that reads.
pub(crate) fn credential() -> CredentialName {
    CredentialName::new(format!("{ORG}/service-account"))
}

/// The client of `leaver`, which keeps its raw answers there.
pub(crate) fn client(twin: &Description, captures: Arc<dyn CaptureSink>) -> Mixpanel {
    let twin = &twin.mixpanel;
    let config = Config {
        organization: VendorOrg(twin.organization_id),
        credential: credential(),
        region: Region::Us,
        base_url: Some(Url::parse(&twin.base_url).unwrap()),
        username: twin.service_account.username.clone(),
        secret: SecretString::from(twin.service_account.secret.clone()),
        scim: Some(Scim {
            base_url: Some(Url::parse(&twin.scim.base_url).unwrap()),
            token: SecretString::from(twin.scim.token.clone()),
            deactivation: Deactivation::Patch,
        }),
        successor_bearer: None,
        rehearsal: true,
        concurrency: Config::CONCURRENCY,
        timeout: Config::TIMEOUT,
    };
    Mixpanel::new(config, Arc::new(Machine), captures).unwrap()
}

/// The engine on this store, with this vendor behind the organization.
pub(crate) async fn engine(
    twin: &Description,
    store: SqliteStore,
    vendor: Arc<dyn Vendor>,
    settle_seconds: u32,
) -> Engine {
    let people = &twin.people;
    let mut witnesses = Vec::new();
    for (role, address) in [
        ("requester", &people.requester),
        ("approver", &people.approver),
        ("executor", &people.executor),
        ("successor", &people.successor),
    ] {
        let address = Address::parse(address).unwrap();
        let addresses = vec![address.clone()];
        let record = PersonRecord { id: person(role), addresses, vendor_ids: Vec::new(), name: None };
        store.put_person(record).await.unwrap();
        witnesses.push((person(role), address));
    }
    let own = Address::parse(&people.owner).unwrap().domain().to_owned();
    let organization = Organization {
        name: OrgName::from(ORG),
        vendor_org: VendorOrg(twin.mixpanel.organization_id),
        rehearsal: true,
        credential: credential(),
        username: twin.mixpanel.service_account.username.clone(),
        scim: true,
        provider: false,
        policy: Policy {
            own_domains: vec![own.clone()],
            claimed_domains: vec![own],
            settle_seconds,
            ..Policy::default()
        },
        witnesses,
        vendor,
        sink: Arc::new(Kept::default()),
    };
    let organizations = BTreeMap::from([(OrgName::from(ORG), organization)]);
    Engine::new(Arc::new(store), Arc::new(Machine), Arc::new(Counted::default()), organizations)
}

/// The wish to delete the leaver of the story.
pub(crate) fn wish(twin: &Description, now: Timestamp) -> Wish {
    Wish {
        request: Request {
            case: CaseId::new(format!("case_{:032x}", 1)),
            org: OrgName::from(ORG),
            vendor_org: VendorOrg(twin.mixpanel.organization_id),
            rehearsal: true,
            leaver: PersonId::from("person_unknown"),
            reason: Reason::ProjectCompletion,
            method: Method::Delete,
            projects: Vec::new(),
            teams: Vec::new(),
            role: None,
            urgency: Urgency::Standard,
            ticket: leaver_core::statement::Statement::said("BENCH-1"),
            why: None,
            sow: None,
            originals: Vec::new(),
            members: None,
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
        leaver: Address::parse(&twin.people.leaver).unwrap(),
        operator: Some(Address::parse(&twin.people.requester).unwrap()),
        choices: BTreeMap::new(),
    }
}
