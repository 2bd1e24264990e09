//! The vendor's own audit log, as files show it that a person exported (RECORD-5, RECORD-7; `facts/mixpanel.md` 6).
//!
//! No interface reads the log, so that what stands here comes from files: [`Tally`] takes their lines one by one and keeps little of
//! each, [`Import`] is what the journal keeps, [`reconcile`] compares the log with our cases in both directions. What the log says
//! about membership is judged where everything is judged, as the last rung but one of the reading ladder.

mod category;
mod reconcile;
mod tally;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
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

/// The vendor's clock and ours may differ by so much.
pub(crate) const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// When a removal began and ended, and what all files together say of the account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// When the machine was allowed to act, for the last time after something was open again.
    pub(crate) began: Timestamp,
    /// When it was first allowed, or when the account itself was back: its removal is later.
    pub(crate) account: Timestamp,
    /// When every path was seen closed.
    pub(crate) removed: Timestamp,
    /// The last removal of the account in a file of everybody.
    pub(crate) shown: Option<Timestamp>,
    /// The last sign of the account inside, in whatever file.
    pub(crate) inside: Option<Timestamp>,
}

impl Whole {
    /// Why this file is not the log of a removal; `None` when it is.
    pub(crate) fn lacks(&self, span: Span, deletes: bool) -> Option<&'static str> {
        let later = |at: Timestamp| at.checked_add(SKEW).unwrap_or(at);
        let earlier = |at: Timestamp| at.checked_sub(SKEW).unwrap_or(at);
        if self.at < span.removed {
            return Some("no export of the whole audit log was imported since the removal");
        }
        if self.from > later(span.began) {
            return Some("the export that was imported begins after the removal began");
        }
        if deletes {
            let shown = span.shown >= Some(earlier(span.account)) && span.shown > span.inside;
            return (!shown).then_some("the audit log that was imported does not show the account's removal");
        }
        // Grants that were taken away left an event. What is done when something else is open again may leave none: a recipient of a
        // subscription, for one (`facts/mixpanel.md` 6.2).
        (self.until < earlier(span.account)).then_some("the export that was imported ends before the removal began")
    }
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
    /// The time of its first event.
    pub from: Timestamp,
    /// The time of its last event.
    pub until: Timestamp,
    /// What it says about the leaver.
    pub signs: Signs,
}

/// What all imported files together say about the leaver of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// About the leaver.
    pub signs: Signs,
    /// How far the files reach.
    pub until: Timestamp,
    /// The files that [show everybody](Import::shows_everybody), each with what it says by itself.
    pub whole: Vec<Whole>,
    /// The files, the latest import last.
    pub files: Vec<Digest>,
    /// When each was imported last.
    pub imported: BTreeMap<Digest, Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + minutes * 60).unwrap_or_default()
    }

    /// Where nobody is deleted the log shows no removal, and only an export of afterwards can be whole.
    #[test]
    fn without_a_deletion_an_export_counts_that_reaches_from_before_the_run_into_it_and_was_made_since() {
        let file =
            |from, until, made| Whole { at: at(made), from: at(from), until: at(until), signs: Signs::default() };
        let span = Span { began: at(100), account: at(100), removed: at(200), shown: None, inside: None };
        let lacks = |whole: Whole| whole.lacks(span, false).is_some();
        assert!(!lacks(file(0, 150, 201)));
        assert!(lacks(file(0, 150, 199)), "made before the end");
        assert!(lacks(file(0, 90, 201)), "ends before the beginning");
        assert!(lacks(file(106, 150, 201)), "begins after it");
        assert!(!lacks(file(104, 150, 201)), "clocks differ a little");
        assert!(file(0, 150, 201).lacks(span, true).is_some(), "no removal is in it");
        let again = Span { began: at(160), account: at(160), ..span };
        assert!(file(0, 150, 201).lacks(again, false).is_some(), "ends before the second beginning");
        assert!(file(150, 170, 201).lacks(again, false).is_none(), "the first one is of another export");
        let other = Span { began: at(160), shown: Some(at(120)), ..span };
        assert!(file(0, 150, 201).lacks(other, true).is_none(), "something else was open again, and left no event");
    }
}
