//! What can go wrong in the shell, by what a person does about it.

use leaver_connectors::mixpanel::audit::Refused;
use leaver_core::decide::Rejection;
use leaver_core::planner::Refusal;
use leaver_store::{AppendError, StoreError};

/// A failure of a command or of the worker.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule of the case refuses the command.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// No plan can be made.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
    /// A step could not be written.
    #[error("the step could not be written")]
    Append(#[source] AppendError),
    /// There is no such case.
    #[error("there is no case '{0}'")]
    NoCase(String),
    /// Several cases begin with that text.
    #[error("several cases begin with '{0}'")]
    ManyCases(String),
    /// There is no such organization in the configuration.
    #[error("the configuration has no organization '{0}'")]
    NoOrganization(String),
    /// Nothing in the organization is held.
    #[error("nothing in organization '{0}' is held")]
    NothingHeld(String),
    /// The leaver has an open case already.
    #[error("there is an open case for this person already: {0}")]
    OpenCase(leaver_core::ids::CaseId),
    /// The stored history of a case cannot be read.
    #[error("the history of case {case} cannot be read at event {version}")]
    BadHistory {
        /// The case.
        case: leaver_core::ids::CaseId,
        /// The event.
        version: u64,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// What people said in a case cannot be read, because the key of the person whom it is about is lost.
    #[error("{words} statements in case {case} cannot be read: the key of the person whom it is about is lost")]
    LostKey {
        /// The case.
        case: leaver_core::ids::CaseId,
        /// How many.
        words: usize,
    },
    /// The file is no export of the vendor's audit log that can be read.
    #[error("the file cannot be imported as an audit log")]
    AuditFile(#[source] Refused),
    /// A file cannot be kept as evidence.
    #[error("the file cannot be kept")]
    Archive(#[source] std::io::Error),
    /// An event or plan cannot be written as JSON.
    #[error("an event cannot be written")]
    Encode(#[from] serde_json::Error),
    /// The clock stands before the last event.
    #[error("the clock stands at {now}, before the last event of the case at {last}")]
    ClockBackwards {
        /// Now.
        now: jiff::Timestamp,
        /// The last event.
        last: jiff::Timestamp,
    },
}

impl Error {
    /// The stable code, with a page in `docs/errors`.
    pub fn code(&self) -> &str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::AuditFile(refused) => match refused {
                Refused::Empty => "L601",
                Refused::Packed(_) => "L602",
                Refused::Encoding(_) | Refused::NotUtf8 { .. } => "L603",
                Refused::Format(_) => "L604",
                Refused::Columns { .. } => "L605",
                Refused::NoEvent { .. } => "L606",
                Refused::OtherOrganization { .. } => "L607",
                Refused::Read(_) => "L011",
                Refused::Copy(_) => "L306",
            },
            Self::Archive(error) if error.kind() == std::io::ErrorKind::StorageFull => "L303",
            Self::Archive(_) => "L306",
            Self::Store(StoreError::Full(_)) | Self::Append(AppendError::Store(StoreError::Full(_))) => "L303",
            Self::Store(_) | Self::Append(AppendError::Store(_)) => "L301",
            Self::Append(_) => "L302",
            Self::NoCase(_) => "L208",
            Self::ManyCases(_) => "L209",
            Self::NoOrganization(_) => "L002",
            Self::OpenCase(_) => "L210",
            Self::NothingHeld(_) => "L212",
            Self::BadHistory { .. } | Self::Encode(_) => "L304",
            Self::ClockBackwards { .. } => "L305",
            Self::LostKey { .. } => "L310",
        }
    }
}

impl From<AppendError> for Error {
    fn from(error: AppendError) -> Self {
        if let AppendError::Store(error) = error { Self::Store(error) } else { Self::Append(error) }
    }
}
