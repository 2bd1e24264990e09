//! Time that passes only when somebody waits for it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

/// Somebody whose clock must stand where ours stands, such as a twin of a vendor.
#[async_trait]
pub trait Follower: fmt::Debug + Send + Sync {
    /// So many whole seconds pass.
    async fn pass(&self, seconds: u32);
}

/// A clock that stands still until somebody waits: then it goes to that time, and its follower with it.
#[derive(Debug)]
pub struct SimulatedClock {
    now: Mutex<Timestamp>,
    follower: Option<Arc<dyn Follower>>,
}

impl SimulatedClock {
    /// A clock at this time, and whoever follows it.
    pub fn new(start: Timestamp, follower: Option<Arc<dyn Follower>>) -> Self {
        Self { now: Mutex::new(start), follower }
    }

    /// The time.
    pub fn time(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the time, without the follower: clocks of machines can be wrong.
    pub fn set(&self, at: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// Lets so many seconds pass, here and for the follower.
    pub async fn pass(&self, seconds: u32) {
        if let Some(follower) = &self.follower {
            follower.pass(seconds).await;
        }
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(*now);
    }
}

impl leaver_connectors::Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.time()
    }
}

#[async_trait]
impl leaver_engine::Clock for SimulatedClock {
    async fn wait_until(&self, at: Timestamp) {
        let left = at.duration_since(self.time());
        // Whole seconds, and never short of the time that was asked for.
        self.pass(u32::try_from(left.as_secs().saturating_add(1)).unwrap_or(1)).await;
    }
}
