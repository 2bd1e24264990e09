//! A store and a vendor that can be killed: at a chosen point nothing goes on any more, as when the process dies.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use leaver_connectors::{Actor, Reader, Vendor, Written};
use leaver_core::effect::Intent;
use leaver_core::ids::{Address, CaseId, CredentialName, OrgName, PersonId, VendorOrg};
use leaver_core::reading::Reading;
use leaver_core::source::Source;
use leaver_core::write::Write;
use leaver_store::{
    Append, AppendError, Appended, CaseFilter, CaseRow, ChangeMark, FactError, Journal, Label, Lease, LeaseError,
    LoadedCase, LogEntry, OrgFact, Organizations, People, PersonError, PersonRecord, PutFact, Removal, Store,
    StoreError, Work,
};
use secrecy::SecretString;
use tokio::sync::{RwLock, watch};

use crate::stage::Between;

/// Where a process can die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    BeforeAppend,
    AfterAppend,
    BeforeSend,
    AfterSend,
    BeforeRead,
    AfterRead,
}

/// Counts the points that a process passes, and kills it at one of them.
#[derive(Debug)]
pub(crate) struct Trap {
    at: Option<(Point, u64)>,
    passed: Mutex<BTreeMap<Point, u64>>,
    dead: watch::Sender<bool>,
    /// Requests under way: a killed process cannot call them back.
    under_way: Arc<RwLock<()>>,
}

impl Trap {
    /// A trap at the n-th passing of this point; `None` only counts.
    pub(crate) fn new(at: Option<(Point, u64)>) -> Arc<Self> {
        Arc::new(Self { at, passed: Mutex::default(), dead: watch::Sender::new(false), under_way: Arc::default() })
    }

    /// How often each point was passed.
    pub(crate) fn passed(&self) -> BTreeMap<Point, u64> {
        self.passed.lock().unwrap().clone()
    }

    /// Returns when the process is dead and everything that it had sent has arrived.
    pub(crate) async fn sprung(&self) {
        let mut dead = self.dead.subscribe();
        dead.wait_for(|dead| *dead).await.unwrap();
        drop(self.under_way.write().await);
    }

    async fn pass(&self, point: Point) {
        if !*self.dead.borrow() {
            let mut passed = self.passed.lock().unwrap();
            let count = passed.entry(point).or_default();
            *count += 1;
            if self.at == Some((point, *count)) {
                self.dead.send_replace(true);
            }
        }
        if *self.dead.borrow() {
            pending::<()>().await;
        }
    }
}

/// Both wrappers around one trap.
#[derive(Debug)]
pub(crate) struct Trapped(pub(crate) Arc<Trap>);

impl Between for Trapped {
    fn store(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(TrappedStore { inner: store, trap: Arc::clone(&self.0) })
    }

    fn vendor(&self, vendor: Arc<dyn Vendor>) -> Arc<dyn Vendor> {
        Arc::new(TrappedVendor { inner: vendor, trap: Arc::clone(&self.0) })
    }
}

#[derive(Debug)]
struct TrappedVendor {
    inner: Arc<dyn Vendor>,
    trap: Arc<Trap>,
}

#[async_trait]
impl Reader for TrappedVendor {
    async fn read(&self, source: &Source) -> Reading {
        self.trap.pass(Point::BeforeRead).await;
        // A dead process asks nothing any more, and must not keep what was sent waiting behind its own questions.
        let (inner, source) = (Arc::clone(&self.inner), source.clone());
        let reading = tokio::spawn(async move { inner.read(&source).await }).await.unwrap();
        self.trap.pass(Point::AfterRead).await;
        reading
    }
}

impl Vendor for TrappedVendor {
    fn acting<'a>(&'a self, _: &'a Intent) -> Box<dyn Actor + 'a> {
        Box::new(TrappedActor(self))
    }

    fn remember(&self, name: &CredentialName, username: &str, secret: &SecretString) -> bool {
        self.inner.remember(name, username, secret)
    }
}

struct TrappedActor<'a>(&'a TrappedVendor);

#[async_trait]
impl Actor for TrappedActor<'_> {
    async fn act(&self, write: &Write) -> Written {
        let TrappedVendor { inner, trap } = self.0;
        trap.pass(Point::BeforeSend).await;
        let (inner, write) = (Arc::clone(inner), write.clone());
        let under_way = Arc::clone(&trap.under_way).read_owned().await;
        // What was sent arrives, whoever dies meanwhile.
        let sent = tokio::spawn(async move {
            let written = inner.acting(&leaver_testkit::intent()).act(&write).await;
            drop(under_way);
            written
        });
        let written = sent.await.unwrap();
        trap.pass(Point::AfterSend).await;
        written
    }
}

#[derive(Debug)]
struct TrappedStore {
    inner: Arc<dyn Store>,
    trap: Arc<Trap>,
}

#[async_trait]
impl Journal for TrappedStore {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.trap.pass(Point::BeforeAppend).await;
        let inner = Arc::clone(&self.inner);
        let under_way = Arc::clone(&self.trap.under_way).read_owned().await;
        let written = tokio::spawn(async move {
            let appended = inner.append(append).await;
            drop(under_way);
            appended
        });
        let appended = written.await.unwrap();
        self.trap.pass(Point::AfterAppend).await;
        appended
    }

    async fn load_since(&self, case: &CaseId, version: u64) -> Result<Option<LoadedCase>, StoreError> {
        self.inner.load_since(case, version).await
    }

    async fn cases(&self, filter: &CaseFilter) -> Result<Vec<CaseRow>, StoreError> {
        self.inner.cases(filter).await
    }

    async fn find_case(&self, prefix: &str) -> Result<Vec<CaseId>, StoreError> {
        self.inner.find_case(prefix).await
    }

    async fn log_from(&self, seq: u64, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.inner.log_from(seq, limit).await
    }

    async fn latest_seq(&self) -> Result<Option<u64>, StoreError> {
        self.inner.latest_seq().await
    }

    async fn change_mark(&self) -> Result<ChangeMark, StoreError> {
        self.inner.change_mark().await
    }
}

#[async_trait]
impl Work for TrappedStore {
    async fn claim_due(
        &self,
        now: Timestamp,
        worker: &str,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Lease>, StoreError> {
        self.inner.claim_due(now, worker, lease, limit).await
    }

    async fn extend(&self, lease: &Lease, until: Timestamp) -> Result<Lease, LeaseError> {
        self.inner.extend(lease, until).await
    }

    async fn release(&self, lease: &Lease, version: u64, next_at: Option<Timestamp>) -> Result<(), LeaseError> {
        self.inner.release(lease, version, next_at).await
    }

    async fn wake(&self, case: &CaseId, at: Timestamp) -> Result<bool, StoreError> {
        self.inner.wake(case, at).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.inner.next_due().await
    }

    async fn take_over(&self) -> Result<u64, StoreError> {
        self.inner.take_over().await
    }
}

#[async_trait]
impl People for TrappedStore {
    async fn put_person(&self, record: PersonRecord) -> Result<(), PersonError> {
        self.inner.put_person(record).await
    }

    async fn person(&self, id: &PersonId) -> Result<Option<PersonRecord>, StoreError> {
        self.inner.person(id).await
    }

    async fn person_by_address(&self, address: &Address) -> Result<Option<PersonRecord>, StoreError> {
        self.inner.person_by_address(address).await
    }

    async fn person_by_vendor_id(&self, org: VendorOrg, id: &str) -> Result<Option<PersonRecord>, StoreError> {
        self.inner.person_by_vendor_id(org, id).await
    }

    async fn erase_statements(&self, case: &CaseId) -> Result<u64, StoreError> {
        self.inner.erase_statements(case).await
    }

    async fn erase_person(&self, id: &PersonId, at: Timestamp) -> Result<bool, StoreError> {
        self.inner.erase_person(id, at).await
    }

    async fn put_labels(&self, org: VendorOrg, labels: Vec<Label>) -> Result<(), StoreError> {
        self.inner.put_labels(org, labels).await
    }

    async fn labels(&self, org: VendorOrg, objects: &[String]) -> Result<BTreeMap<String, String>, StoreError> {
        self.inner.labels(org, objects).await
    }

    async fn erase_labels(&self, org: VendorOrg, objects: &[String]) -> Result<u64, StoreError> {
        self.inner.erase_labels(org, objects).await
    }
}

#[async_trait]
impl Organizations for TrappedStore {
    async fn removals_since(&self, org: &OrgName, since: Timestamp) -> Result<Vec<Removal>, StoreError> {
        self.inner.removals_since(org, since).await
    }

    async fn org_fact(&self, org: &OrgName, key: &str) -> Result<Option<OrgFact>, StoreError> {
        self.inner.org_fact(org, key).await
    }

    async fn put_org_fact(&self, fact: PutFact) -> Result<u64, FactError> {
        self.inner.put_org_fact(fact).await
    }
}

/// `count` numbers from 1 to `last`, evenly spread, the first and the last among them.
pub(crate) fn spread(last: u64, count: u64) -> BTreeSet<u64> {
    if last <= count {
        return (1..=last).collect();
    }
    (0..count).map(|at| 1 + at * (last - 1) / (count - 1).max(1)).collect()
}
