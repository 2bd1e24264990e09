//! When the next request may leave: how many at once, and not before the time that the vendor named.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use leaver_core::reading::Failure;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::operation::Bucket;

/// What shares a limit: a bucket, and the project where the vendor counts by project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// The bucket.
    pub bucket: Bucket,
    /// The vendor's number of the project; `None` where the limit is not by project.
    pub project: Option<u64>,
}

/// The pace of one organization. It holds requests back; it never sends one again.
#[derive(Debug)]
pub struct Pace {
    permits: Arc<Semaphore>,
    lanes: Mutex<BTreeMap<Lane, State>>,
    patience: Duration,
}

#[derive(Debug, Default)]
struct State {
    not_before: Option<Instant>,
    permits: Option<Arc<Semaphore>>,
}

/// The right to have one request under way; given back when it is dropped.
#[derive(Debug)]
pub struct Permit {
    _organization: Option<OwnedSemaphorePermit>,
    _lane: Option<OwnedSemaphorePermit>,
}

impl Pace {
    /// At most `concurrency` requests at once (0 counts as 1); a wait longer than `patience` is reported instead of waited.
    pub fn new(concurrency: usize, patience: Duration) -> Self {
        Self { permits: Arc::new(Semaphore::new(concurrency.max(1))), lanes: Mutex::new(BTreeMap::new()), patience }
    }

    /// The vendor asks for no request on this lane before `wait` has passed. The later of two such times counts.
    pub fn hold(&self, lane: Lane, wait: Duration) {
        let until = Instant::now() + wait;
        self.with(lane, |state| {
            state.not_before = state.not_before.max(Some(until));
        });
    }

    /// So much time has passed for the vendor without passing here: on a simulated clock. What is held is held that much less.
    pub fn pass(&self, time: Duration) {
        for state in self.lanes.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            state.not_before = state.not_before.and_then(|until| until.checked_sub(time));
        }
    }

    /// How long the lane is still held.
    pub fn held(&self, lane: Lane) -> Duration {
        self.with(lane, |state| state.not_before)
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// Waits until a request may leave.
    ///
    /// # Errors
    /// [`Failure::Limited`] when the wait would be longer than the patience; then nothing was sent.
    pub async fn enter(&self, lane: Lane) -> Result<Permit, Failure> {
        loop {
            self.wait(lane).await?;
            let own = self.with(lane, |state| {
                let most = most_at_once(lane.bucket)?;
                Some(Arc::clone(state.permits.get_or_insert_with(|| Arc::new(Semaphore::new(most)))))
            });
            // The semaphores are never closed.
            let lane_permit = match own {
                Some(own) => own.acquire_owned().await.ok(),
                None => None,
            };
            let organization = Arc::clone(&self.permits).acquire_owned().await.ok();
            // Somebody may have been told to wait while we stood in line.
            if self.held(lane).is_zero() {
                return Ok(Permit { _organization: organization, _lane: lane_permit });
            }
        }
    }

    async fn wait(&self, lane: Lane) -> Result<(), Failure> {
        loop {
            let held = self.held(lane);
            if held.is_zero() {
                return Ok(());
            }
            if held > self.patience {
                return Err(Failure::Limited {
                    after_seconds: held.as_secs().saturating_add(u64::from(held.subsec_nanos() > 0)),
                });
            }
            sleep_until(Instant::now() + held).await;
        }
    }

    fn with<T>(&self, lane: Lane, f: impl FnOnce(&mut State) -> T) -> T {
        f(self.lanes.lock().unwrap_or_else(PoisonError::into_inner).entry(lane).or_default())
    }
}

/// The published limits on requests at once (`facts/mixpanel.md` 1.3).
fn most_at_once(bucket: Bucket) -> Option<usize> {
    match bucket {
        Bucket::Query => Some(5),
        Bucket::Schemas => Some(1),
        Bucket::App | Bucket::Scim | Bucket::Data | Bucket::Provider | Bucket::ProviderReports => None,
    }
}
