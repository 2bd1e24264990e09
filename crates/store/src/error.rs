//! What can go wrong, sorted by what the caller can do about it.

use leaver_core::ids::{CaseId, OrgName, PersonId};

/// The cause of an error, of whatever type the database's client has.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A failure that any operation can meet.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database was busy, closed or met an input or output error: try again later.
    ///
    /// After a write the outcome is unknown: read before you repeat it.
    #[error("the database is unavailable")]
    Unavailable(#[source] BoxError),
    /// There is no room left: a person has to make some, then try again. Nothing was written.
    #[error("the disk of the database is full")]
    Full(#[source] BoxError),
    /// A stored row makes no sense. Never retry: a person has to look.
    #[error("the database is inconsistent: table {table}, column {column}, row {row}")]
    Broken {
        /// The table of the row.
        table: &'static str,
        /// The column that could not be understood.
        column: &'static str,
        /// The key of the row.
        row: String,
        /// What is wrong with the value; never the value itself.
        #[source]
        source: BoxError,
    },
    /// The database reported damage or refused a statement that it should accept. Never retry: a person has to look.
    #[error("the database refused {operation}")]
    Failed {
        /// What was being done, such as `append`.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: BoxError,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without a person.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Why [`Journal::append`](crate::Journal::append) wrote nothing.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else wrote first: load the case again and decide again.
    #[error("case {case} is at version {actual}, not at {expected}")]
    VersionConflict {
        /// The case.
        case: CaseId,
        /// The version that the caller had seen.
        expected: u64,
        /// The version that the case has; 0 when there is no such case.
        actual: u64,
    },
    /// Another worker holds the case now: drop it.
    #[error("case {case} was taken over by another worker")]
    FenceLost {
        /// The case.
        case: CaseId,
    },
    /// Another effect on the same vendor object has no outcome yet: wait for it.
    #[error("target {target} has an open effect of case {by_case}")]
    TargetBusy {
        /// The vendor object.
        target: String,
        /// The case whose effect is open; may be the caller's own.
        by_case: CaseId,
    },
    /// A fact of the organization changed meanwhile: read it again and decide again.
    #[error("fact {key} of organization {org} is at version {actual}")]
    FactConflict {
        /// The organization.
        org: OrgName,
        /// The fact.
        key: String,
        /// The version that the fact has; 0 when there is none.
        actual: u64,
    },
    /// An address or vendor id already belongs to somebody else.
    #[error("an address or vendor id of {person} belongs to {holder}")]
    PersonTaken {
        /// Whose record was refused.
        person: PersonId,
        /// Who has the address or vendor id. The address itself is not in the message: messages reach logs.
        holder: PersonId,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a lease could not be extended or released.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// The lease is over, and the case may be another worker's: drop it.
    #[error("the lease on case {case} is lost")]
    Lost {
        /// The case.
        case: CaseId,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a fact of an organization was not written.
#[derive(Debug, thiserror::Error)]
pub enum FactError {
    /// Somebody else wrote first: read it again and decide again.
    #[error("fact {key} of organization {org} is at version {actual}")]
    Conflict {
        /// The organization.
        org: OrgName,
        /// The fact.
        key: String,
        /// The version that the fact has; 0 when there is none.
        actual: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a person's record was not written.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// An address or vendor id already belongs to somebody else.
    #[error("an address or vendor id of {person} belongs to {holder}")]
    Taken {
        /// Whose record was refused.
        person: PersonId,
        /// Who has the address or vendor id.
        holder: PersonId,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<FactError> for AppendError {
    fn from(error: FactError) -> Self {
        match error {
            FactError::Conflict { org, key, actual } => Self::FactConflict { org, key, actual },
            FactError::Store(error) => Self::Store(error),
        }
    }
}

impl From<PersonError> for AppendError {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::Taken { person, holder } => Self::PersonTaken { person, holder },
            PersonError::Store(error) => Self::Store(error),
        }
    }
}
