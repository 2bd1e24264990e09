//! Our cases and the vendor's log, compared in both directions (RECORD-7, P2).

use jiff::Timestamp;

use super::{Account, Import, Removal, SKEW};
use crate::case::Case;
use crate::ids::CaseId;
use crate::method::Method;

/// A removal that no case of ours explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// What the log says.
    pub removal: Removal,
    /// A case of the same person that was not running then, if there is one.
    pub not_by: Option<CaseId>,
}

/// The comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Cases whose removal the log shows.
    pub matched: Vec<CaseId>,
    /// Removals in the log without a case.
    pub without_case: Vec<Stray>,
    /// Cases that removed somebody in a time that the archived files cover, and the log shows no removal.
    pub without_event: Vec<CaseId>,
    /// Cases that removed somebody in a time that no archived file covers yet.
    pub not_covered: Vec<CaseId>,
}

/// A time between two archived files of which nothing is archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The last event before it.
    pub from: Timestamp,
    /// The first event after it.
    pub until: Timestamp,
}

/// Compares what a file said with the cases of its organization. `archived` are all files, this one among them.
pub fn reconcile(account: &Account, cases: &[Case], archived: &[Import]) -> Reconciliation {
    let mut found = Reconciliation::default();
    for removal in &account.removals {
        let theirs = || cases.iter().filter(|case| removal.person.as_ref() == Some(&case.request.leaver));
        let by = theirs().find(|case| case.started_at.is_some_and(|started| removal.at >= earlier(started)));
        match by {
            Some(case) if !found.matched.contains(&case.id) => found.matched.push(case.id.clone()),
            Some(_) => {}
            None => {
                let not_by = theirs().next().map(|case| case.id.clone());
                found.without_case.push(Stray { removal: removal.clone(), not_by });
            }
        }
    }
    for case in cases.iter().filter(|case| case.request.method == Method::Delete) {
        let (Some(started), Some(removed)) = (case.started_at, case.removed_at) else { continue };
        let told = case.audit_log().and_then(|log| log.signs.removed_at).is_some_and(|at| at >= earlier(started));
        if told || found.matched.contains(&case.id) {
            continue;
        }
        if covers(archived, started, removed) {
            found.without_event.push(case.id.clone());
        } else {
            found.not_covered.push(case.id.clone());
        }
    }
    found
}

fn earlier(at: Timestamp) -> Timestamp {
    at.checked_sub(SKEW).unwrap_or(at)
}

/// The times between archived files. Only files about everybody count, and a file that begins where another ends, or before, leaves none.
pub fn gaps(archived: &[Import]) -> Vec<Gap> {
    let stretches = stretches(archived);
    stretches.iter().zip(stretches.iter().skip(1)).map(|(one, next)| Gap { from: one.1, until: next.0 }).collect()
}

/// Whether one unbroken stretch of archived files holds this time.
fn covers(archived: &[Import], from: Timestamp, until: Timestamp) -> bool {
    stretches(archived).iter().any(|(begins, ends)| *begins <= from && until <= *ends)
}

/// The stretches that the archived files cover without a gap, oldest first.
fn stretches(archived: &[Import]) -> Vec<(Timestamp, Timestamp)> {
    let mut ranges: Vec<(Timestamp, Timestamp)> =
        archived.iter().filter(|import| !import.one_actor).map(|import| (import.from, import.until)).collect();
    ranges.sort_unstable();
    let mut whole: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (from, until) in ranges {
        match whole.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => whole.push((from, until)),
        }
    }
    whole
}
