//! Rechecks that are overdue because nothing ran.

use jiff::{SignedDuration, Timestamp};
use leaver_core::case::Case;
use leaver_core::event::CaseState;
use leaver_core::judge::reads_now;
use leaver_core::wanted::next_recheck;

/// A worker that runs every minute may be this late without anything being wrong.
const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// Since when a recheck of a removed case is due and was not made; `None` when none is overdue (VERIFY-6).
pub(crate) fn recheck(case: &Case, now: Timestamp) -> Option<Timestamp> {
    if !matches!(case.state, CaseState::Removed | CaseState::Closed) {
        return None;
    }
    let (plan, _) = case.plan.as_ref()?;
    let watched = plan.claims.iter().filter(|claim| claim.kind.gates_removed() && !claim.reads.is_empty());
    watched
        .filter_map(|claim| {
            let read = reads_now(claim, case).iter().map(|what| case.read_at(what)).min().flatten();
            next_recheck(case, read.unwrap_or(case.request.at))
        })
        .filter(|due| now.duration_since(*due) > GRACE)
        .min()
}
