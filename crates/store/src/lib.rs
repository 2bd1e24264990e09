//! What `leaver` asks of a database: the journal, the work that is owed, the people and the facts about organizations.
//!
//! The traits stand here and the databases in `leaver-store-*`; upper layers hold an `Arc<dyn Store>` and never name a
//! database. What this crate is deliberately *not*: a place for decisions. It keeps bytes, versions and times, and knows
//! nothing of claims, plans or approvals.
//!
//! What every store guarantees:
//!
//! * [`Journal::append`] is one transaction with an expected version. What it acknowledged is durable; what it refused
//!   changed nothing. After [`StoreError::Unavailable`] the outcome is unknown: load the case again before repeating.
//! * Events are never changed or deleted, come back byte for byte, and are numbered across the whole database from 0
//!   without gaps.
//! * [`Work`] gives a case to one worker at a time, and refuses what a worker writes after its case went to another.
//! * Names, addresses and titles live in [`People`] alone and can be erased. What people say in their own words lies beside the journal under
//!   the key of the person whom the case is about ([`Vault`]), and goes with it.
//!
//! Times are kept to the millisecond; anything finer is cut off.
//!
//! To add a database: implement the four traits in a new `leaver-store-*` crate, number its migrations like those of
//! `leaver-store-sqlite`, and make [`conformance`](self) pass (feature `conformance`).
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod journal;
mod organization;
mod people;
mod vault;
mod work;

pub use self::error::{AppendError, BoxError, FactError, LeaseError, PersonError, StoreError};
pub use self::journal::{
    Append, Appended, CaseFilter, CaseRow, ChangeMark, Journal, LoadedCase, LogEntry, NewEvent, OpenIntent, RULES,
    StoredEvent,
};
pub use self::organization::{HoldRecord, OrgFact, Organizations, PutFact, Removal, VersionedHold};
pub use self::people::{Label, People, PersonRecord};
pub use self::vault::{Opened, SealedWords, Vault};
pub use self::work::{Fence, Lease, Work};

/// Everything that `leaver` asks of one database.
pub trait Store: Journal + Work + People + Organizations {}

impl<T: Journal + Work + People + Organizations + ?Sized> Store for T {}
