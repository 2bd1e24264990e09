//! Sinks without a disk, for tests and benchmarks.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use crate::captures::{Capture, CaptureSink};
use crate::redact::RedactionKey;

/// Keeps captures in memory; for tests.
#[derive(Debug)]
pub struct MemorySink {
    key: RedactionKey,
    kept: Mutex<BTreeMap<String, Capture>>,
}

impl MemorySink {
    /// An empty sink.
    pub fn new(key: RedactionKey) -> Self {
        Self { key, kept: Mutex::new(BTreeMap::new()) }
    }

    /// The capture of this digest.
    pub fn get(&self, digest: &str) -> Option<Capture> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    /// Every capture, in the order of the digests.
    pub fn all(&self) -> Vec<Capture> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl CaptureSink for MemorySink {
    fn put(&self, capture: &Capture) -> io::Result<String> {
        let digest = capture.digest()?;
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(digest.clone(), capture.clone());
        Ok(digest)
    }

    fn key(&self) -> &RedactionKey {
        &self.key
    }
}

/// Computes digests and keeps nothing; for benchmarks.
#[derive(Debug)]
pub struct NullSink {
    key: RedactionKey,
}

impl NullSink {
    /// A sink that keeps nothing.
    pub fn new(key: RedactionKey) -> Self {
        Self { key }
    }
}

impl CaptureSink for NullSink {
    fn put(&self, capture: &Capture) -> io::Result<String> {
        capture.digest()
    }

    fn key(&self) -> &RedactionKey {
        &self.key
    }
}
