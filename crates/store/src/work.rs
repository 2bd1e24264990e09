//! Which case is owed work, and who does it.

use std::fmt;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use leaver_core::ids::CaseId;

use crate::error::{LeaseError, StoreError};

/// How often a case was handed out. A worker proves with it that nobody took the case over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A case in the hands of one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The case.
    pub case: CaseId,
    /// What the worker's appends carry.
    pub fence: Fence,
    /// When others may take the case.
    pub until: Timestamp,
}

/// The work that is owed, derived from the cases: nothing is queued, so nothing can be lost from a queue.
///
/// A case is due when its `next_at` or a [`wake`](Self::wake) has come.
#[async_trait]
pub trait Work: fmt::Debug + Send + Sync {
    /// Takes up to `limit` due cases that nobody holds, longest due first, and advances the fence of each.
    ///
    /// A lease that ended at or before `now` counts for nothing. `worker` is a name for people who look into the database.
    async fn claim_due(
        &self,
        now: Timestamp,
        worker: &str,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Lease>, StoreError>;

    /// Holds the case until a later moment. An expired lease can be extended as long as nobody else took the case.
    ///
    /// # Errors
    /// [`LeaseError::Lost`] when the case was released or taken over.
    async fn extend(&self, lease: &Lease, until: Timestamp) -> Result<Lease, LeaseError>;

    /// Gives the case back, to be due at `next_at`.
    ///
    /// `next_at` counts only while the case is still at `version`, the last that the worker saw. Otherwise somebody decided
    /// something meanwhile, and the `next_at` of that append stands. A wake that came after the claim stands too.
    ///
    /// # Errors
    /// [`LeaseError::Lost`] when the case was released or taken over.
    async fn release(&self, lease: &Lease, version: u64, next_at: Option<Timestamp>) -> Result<(), LeaseError>;

    /// Makes the case due at `at`, or earlier if it already is. Survives appends and the release of a lease that was claimed before,
    /// and is used up by the release of a lease that was claimed after. `false` if there is no such case.
    async fn wake(&self, case: &CaseId, at: Timestamp) -> Result<bool, StoreError>;

    /// When [`claim_due`](Self::claim_due) finds something next if nothing changes: a case that is held counts from the end of its
    /// lease. May lie in the past; `None` when nothing is owed.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Ends every lease at once and advances those fences, so that appends and releases of the earlier holders are refused. Only for
    /// the one who knows that the holders are dead. Returns how many leases there were.
    async fn take_over(&self) -> Result<u64, StoreError>;
}
