//! The append-only history of cases, and the read model that goes with it.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use jiff::Timestamp;
use leaver_core::ids::{CaseId, EffectKey, OrgName, PersonId, VendorOrg};
use leaver_core::statement::Opening;

use crate::error::{AppendError, StoreError};
use crate::organization::PutFact;
use crate::people::{Label, PersonRecord};
use crate::work::Fence;

/// What one step of a case writes, all of it or nothing.
#[derive(Debug, Clone)]
pub struct Append {
    /// The case as it is after the step. Its `case` names the case; version 0 opens it.
    pub row: CaseRow,
    /// The version that the caller decided on: the number of events that the case had; 0 for a new case.
    pub expected: u64,
    /// Refuses the step when the case went to another worker. `None` for a person's command, which holds no lease.
    pub fence: Option<Fence>,
    /// What happened, in order. May be empty: then the version stays.
    pub events: Vec<NewEvent>,
    /// What the events hold commitments of, to be kept under the key of the row's person.
    pub words: Vec<Opening>,
    /// Effects that now have their outcome; their targets become free before `open` is looked at. Unknown keys are ignored.
    pub close: Vec<EffectKey>,
    /// Effects that are about to run, with the vendor objects they touch.
    pub open: Vec<OpenIntent>,
    /// When the row's person was removed from the row's organization: counts towards its cap
    /// ([`removals_since`](crate::Organizations::removals_since)).
    pub removed_at: Option<Timestamp>,
    /// People whom the step met or learned more about.
    pub people: Vec<PersonRecord>,
    /// Titles of vendor objects of the row's vendor organization.
    pub labels: Vec<Label>,
    /// Facts of organizations that have to change together with the case, each with its expected version.
    pub facts: Vec<PutFact>,
}

impl Append {
    /// A step that changes only the row.
    pub fn new(row: CaseRow, expected: u64) -> Self {
        Self {
            row,
            expected,
            fence: None,
            events: Vec::new(),
            words: Vec::new(),
            close: Vec::new(),
            open: Vec::new(),
            removed_at: None,
            people: Vec::new(),
            labels: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// The case.
    pub fn case(&self) -> &CaseId {
        &self.row.case
    }
}

/// An event that is about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// When it happened.
    pub at: Timestamp,
    /// What happened, one kebab-case word; for queries only, the bytes decide.
    pub kind: String,
    /// The exact bytes that were hashed. Never a name, address or title.
    pub bytes: Vec<u8>,
    /// The RFC 6962 leaf hash of the bytes. The store keeps it and does not compute it.
    pub leaf: [u8; 32],
}

/// An effect that is about to touch one vendor object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIntent {
    /// The effect. One effect may name several targets.
    pub effect: EffectKey,
    /// The vendor object, such as `member/55`. Within one vendor organization a target has at most one open effect, across all
    /// cases. The same effect of the same case naming it again changes nothing.
    pub target: String,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The version of the case now: the number of its events.
    pub version: u64,
    /// The sequence numbers of the new events; empty when there were none.
    pub seqs: Range<u64>,
}

/// The state of a file that is no case: the rules of an organization. It stands in the journal and in the log, [`Journal::load`] shows it,
/// and no list of cases does unless this very state is asked for.
pub const RULES: &str = "rules";

/// The read model of a case: what lists and the worker need without reading its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    /// The case.
    pub case: CaseId,
    /// Its organization in the configuration. Never changes.
    pub org: OrgName,
    /// Its organization at the vendor. Never changes.
    pub vendor_org: VendorOrg,
    /// The leaver. Never changes.
    pub person: PersonId,
    /// The state, one of the words of `ARCHITECTURE.md`; [`RULES`] in a file that is no case.
    pub state: String,
    /// When something is owed next; `None` when nothing is.
    pub next_at: Option<Timestamp>,
    /// When the case was opened. Never changes.
    pub opened_at: Timestamp,
    /// When the case last changed.
    pub updated_at: Timestamp,
}

/// An event as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number in the whole database, from 0 without gaps: its leaf in the log.
    pub seq: u64,
    /// Its number in the case, from 1.
    pub version: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, for queries.
    pub kind: String,
    /// The exact bytes that were hashed.
    pub bytes: Vec<u8>,
    /// The RFC 6962 leaf hash of the bytes.
    pub leaf: [u8; 32],
}

/// A case with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedCase {
    /// The read model.
    pub row: CaseRow,
    /// The number of its events: what the next append expects.
    pub version: u64,
    /// The events that were asked for, by version.
    pub events: Vec<StoredEvent>,
    /// What all its events hold commitments of, as far as it can be read.
    pub words: Vec<Opening>,
    /// How many of those cannot be read, because their key is lost. What was erased is not among them.
    pub lost_words: usize,
}

/// An event of the log and the case it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The case.
    pub case: CaseId,
    /// The event.
    pub event: StoredEvent,
}

/// Which cases to list: all that match every field that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Cases of this organization.
    pub org: Option<OrgName>,
    /// Cases in this state.
    pub state: Option<String>,
    /// Cases that remove this person.
    pub person: Option<PersonId>,
}

/// A mark of the database's content. Two marks of one open store differ if anybody, in any process, committed in between; a mark
/// says nothing about order, and nothing to another store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChangeMark(u64);

impl ChangeMark {
    /// For stores: wraps whatever number the database has for it.
    pub fn new(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for ChangeMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The histories of all cases.
#[async_trait]
pub trait Journal: fmt::Debug + Send + Sync {
    /// Writes one step in one transaction. Once it returns `Ok`, the step survives a power cut. Dropping the future does not recall
    /// the step: it may still be written.
    ///
    /// The fence is compared first, then the version, then the targets. A case that is waiting to be worked on keeps a
    /// [`wake`](crate::Work::wake) that came meanwhile.
    ///
    /// # Errors
    /// See [`AppendError`]; in every case but [`StoreError::Unavailable`] nothing was written.
    async fn append(&self, append: Append) -> Result<Appended, AppendError>;

    /// The case with all its events; `None` if there is no such case.
    async fn load(&self, case: &CaseId) -> Result<Option<LoadedCase>, StoreError> {
        self.load_since(case, 0).await
    }

    /// The case with the events after this version, read at one moment; `None` if there is no such case.
    async fn load_since(&self, case: &CaseId, version: u64) -> Result<Option<LoadedCase>, StoreError>;

    /// The cases that match, by id.
    async fn cases(&self, filter: &CaseFilter) -> Result<Vec<CaseRow>, StoreError>;

    /// The ids that begin with this text, in order, at most 16: none, the one that was meant, or those to choose from.
    async fn find_case(&self, prefix: &str) -> Result<Vec<CaseId>, StoreError>;

    /// Up to `limit` events of all cases, from this sequence number on.
    async fn log_from(&self, seq: u64, limit: u32) -> Result<Vec<LogEntry>, StoreError>;

    /// The highest sequence number; `None` while there are no events.
    async fn latest_seq(&self) -> Result<Option<u64>, StoreError>;

    /// A mark to notice other processes' commits by: cheap enough to ask every second.
    async fn change_mark(&self) -> Result<ChangeMark, StoreError>;
}
