//! The worker: takes what is due and does what is owed, until nothing is. Recovery is this same path.
//!
//! All due cases of one organization are at work together, so that one read answers the claims of all of them ([`crate::shift`]).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use leaver_core::case::Case;
use leaver_core::claim::{Rung, State};
use leaver_core::ids::{CaseId, OrgName};
use leaver_core::plan::keys;
use leaver_core::source::What;
use leaver_core::wanted::Live;
use leaver_store::HoldRecord;

use crate::drill::Shown;
use crate::engine::Engine;
use crate::error::Error;
use crate::file::File;
use crate::ports::Progress;
use crate::shift::{Active, Shift};

/// How long a worker may hold a case before others may take it.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// How long a case rests whose owed work could not go on.
const STUCK: SignedDuration = SignedDuration::from_secs(1);

/// What stores keep of a time.
const TICK: SignedDuration = SignedDuration::from_millis(1);

/// How often a resting worker looks whether another process made something due: a read of one row.
const GLANCE: SignedDuration = SignedDuration::from_millis(50);

/// How many cases one worker takes at a time.
const BATCH: u32 = 256;

/// What one pass of the worker did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pass {
    /// The cases that were looked at.
    pub cases: BTreeSet<CaseId>,
    /// Sources that the vendor did not answer for, as last read.
    pub unanswered: BTreeSet<What>,
    /// When something is due next.
    pub next_at: Option<Timestamp>,
}

impl Engine {
    /// Does everything that is due now, and returns when nothing is.
    ///
    /// # Errors
    /// The store's; a vendor's failure is never an error here.
    pub async fn work(&self, worker: &str, progress: &dyn Progress) -> Result<Pass, Error> {
        let mut pass = Pass::default();
        let mut unanswered: BTreeMap<OrgName, BTreeSet<What>> = BTreeMap::new();
        loop {
            let leases = self.store.claim_due(self.clock.now(), worker, LEASE, BATCH).await?;
            if leases.is_empty() {
                pass.next_at = self.store.next_due().await?;
                pass.unanswered = unanswered.into_values().flatten().collect();
                return Ok(pass);
            }
            let mut by_org: BTreeMap<OrgName, Vec<Active>> = BTreeMap::new();
            for lease in leases {
                pass.cases.insert(lease.case.clone());
                let file = File::load(&*self.store, &lease.case, Some(lease.fence)).await?;
                let names = self.names(&file.case).await?;
                let live = self.live().await;
                by_org.entry(file.case.request.org.clone()).or_default().push(Active { lease, file, names, live });
            }
            // One organization's slow vendor keeps nobody else waiting.
            let shifts = by_org.into_iter().map(|(org, actives)| {
                let before = unanswered.remove(&org).unwrap_or_default();
                self.shift(org, actives, before, progress)
            });
            for ended in futures::future::join_all(shifts).await {
                let (org, still) = ended?;
                unanswered.insert(org, still);
            }
        }
    }

    /// Waits until something is due, whoever made it so: a time that has come, or another process's command.
    ///
    /// # Errors
    /// The store's.
    pub async fn rest(&self) -> Result<(), Error> {
        loop {
            let (due, now) = (self.store.next_due().await?, self.clock.now());
            if due.is_some_and(|at| at <= now) {
                return Ok(());
            }
            let glance = now.checked_add(GLANCE).unwrap_or(now);
            self.clock.wait_until(due.map_or(glance, |at| at.min(glance))).await;
        }
    }

    /// The cases of one organization at work together; returns the sources that did not answer.
    async fn shift(
        &self,
        org: OrgName,
        mut actives: Vec<Active>,
        unanswered: BTreeSet<What>,
        progress: &dyn Progress,
    ) -> Result<(OrgName, BTreeSet<What>), Error> {
        let org = self.organization(&org)?;
        let hold = self.store.org_hold(&org.name).await?.record.filter(HoldRecord::stands);
        for active in &mut actives {
            active.live.held = hold.as_ref().map(|hold| hold.reason.clone());
        }
        let ended = Box::pin(Shift::new(self, org, actives, unanswered, progress).run()).await?;
        for active in ended.actives {
            self.release(active).await?;
        }
        Ok((org.name.clone(), ended.unanswered))
    }

    async fn live(&self) -> Live {
        Live { remembered: self.remembered.lock().await.clone(), ..Live::default() }
    }

    async fn release(&self, active: Active) -> Result<(), Error> {
        let now = self.clock.now();
        let next_at = crate::file::next_at(&active.file.case, &active.live, now).map(|at| rests_until(at, now));
        match self.store.release(&active.lease, active.file.case.version, next_at).await {
            // Somebody else holds the case now: what is owed is theirs to see.
            Ok(()) | Err(leaver_store::LeaseError::Lost { .. }) => Ok(()),
            Err(leaver_store::LeaseError::Store(error)) => Err(error.into()),
        }
    }
}

/// When a case is looked at again whose shift has ended.
fn rests_until(next: Timestamp, now: Timestamp) -> Timestamp {
    let after = |pause: SignedDuration| now.checked_add(pause).unwrap_or(now);
    // The shift ended because nothing moved: what is still owed now waits for something that this process cannot see.
    if next <= now {
        return after(STUCK);
    }
    // Stores keep milliseconds: what is due within this one would be due again at once, before its time, again and again.
    next.max(after(TICK))
}

/// The read that has shown the account before and its absence now: proved in this organization from here on.
pub(crate) fn shown_by(case: &Case) -> BTreeMap<Rung, Shown> {
    let seen = case.observation(&keys::member_gone()).filter(|seen| seen.observation.state == State::Holds);
    let Some((seen, rung)) = seen.and_then(|seen| Some((seen, seen.observation.rung?))) else { return BTreeMap::new() };
    // It was broken before, on the member list or wherever the plan found the account.
    let was_seen = !case.suspects(&keys::member_gone()).is_empty() && rung.source().is_some();
    was_seen
        .then_some((rung, Shown { present_at: case.request.at, absent_at: seen.observation.seen_at }))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::rests_until;

    /// So many nanoseconds after a whole second.
    fn at(nanoseconds: i32) -> Timestamp {
        Timestamp::new(1_793_610_000, nanoseconds).expect("a time")
    }

    #[test]
    fn what_is_due_later_is_never_stored_as_due_now() {
        // In the same millisecond, in the next one, at once, and overdue: (next, now).
        for (next, now) in [(851_793_032, 851_200_000), (852_000_001, 851_999_999), (5, 5), (1, 9)] {
            let (next, now) = (at(next), at(now));
            let stored = rests_until(next, now).as_millisecond();
            assert!(stored > now.as_millisecond(), "{next} at {now} is stored as {stored}");
        }
        assert_eq!(rests_until(at(900_000_000), at(0)), at(900_000_000), "what is later stays as it is");
    }
}
