//! The vendor's own audit log, as files show it that a person exported (RECORD-5, RECORD-7; `facts/mixpanel.md` 6).
//!
//! No interface reads the log, so that what stands here comes from files: [`Tally`] takes their lines one by one and keeps little of
//! each, [`Import`] is what the journal keeps, [`reconcile`] compares the log with our cases in both directions. What the log says
//! about membership is judged where everything is judged, as the last rung but one of the reading ladder.

mod category;
mod reconcile;
mod tally;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{Digest, PersonId};

pub use category::Category;
pub use reconcile::{Gap, Reconciliation, Stray, gaps, reconcile};
pub use tally::{Account, Activity, Removal, Sign, Tally, Watched};

/// One line of the log.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// When it happened, by the vendor's clock.
    pub at: Timestamp,
    /// The vendor's name of the event, such as `organization.user_removed` (`facts/mixpanel.md` 6.2).
    pub event: &'a str,
    /// Who did it.
    pub actor: Party<'a>,
    /// Whom or what it was done to.
    pub subject: Party<'a>,
    /// Every other address that the line names.
    pub mentions: &'a [&'a str],
}

/// Somebody or something that a line names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Party<'a> {
    /// The vendor's id.
    pub id: Option<&'a str>,
    /// The address, as the file spells it.
    pub address: Option<&'a str>,
}

/// The formats that the vendor offers (`facts/mixpanel.md` 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }
}

/// A file of the log that was imported: what the journal and the organization's facts keep of it. No names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The SHA-256 of the original bytes, under which they are kept.
    pub file: Digest,
    /// Its format.
    pub format: Format,
    /// How many bytes.
    pub bytes: u64,
    /// Who imported it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// The time of its first event.
    pub from: Timestamp,
    /// The time of its last event: what happened later it does not know.
    pub until: Timestamp,
    /// How many events were read.
    pub rows: u64,
    /// How many lines could not be read.
    pub unread: u64,
    /// Whether one person did everything in it: an export that was filtered to somebody says nothing about others.
    pub one_actor: bool,
}

impl Import {
    /// Whether it can show that something did not happen: whole, and not filtered to one person.
    pub fn shows_everybody(&self) -> bool {
        !self.one_actor && self.unread == 0
    }
}

/// What a file says about the membership of one leaver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signs {
    /// The last `organization.user_removed`.
    pub removed_at: Option<Timestamp>,
    /// The last sign that the account was inside: it was added, accepted an invitation, signed in, or did anything.
    pub inside_at: Option<Timestamp>,
}

impl Signs {
    /// Both, the later of each: files may come in any order, and overlap.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { removed_at: self.removed_at.max(other.removed_at), inside_at: self.inside_at.max(other.inside_at) }
    }
}

/// A file that was exported of everybody and read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// When it was imported.
    pub at: Timestamp,
    /// The time of its last event.
    pub until: Timestamp,
}

/// What all imported files together say about the leaver of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// About the leaver.
    pub signs: Signs,
    /// How far the files reach.
    pub until: Timestamp,
    /// The last import of a file that [shows everybody](Import::shows_everybody).
    pub whole: Option<Whole>,
    /// The files, the latest import last.
    pub files: Vec<Digest>,
}
