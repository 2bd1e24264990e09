//! Identifiers that a test can know before they are made.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

/// Numbers, in the form of a UUID without dashes.
#[derive(Debug, Default)]
pub struct Counted(AtomicU64);

impl leaver_engine::Ids for Counted {
    fn next(&self, _: Timestamp) -> String {
        format!("{:032x}", self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}
