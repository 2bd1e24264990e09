//! What the engine needs from its surroundings besides the store and the vendors.

use std::fmt;
use std::io;

use async_trait::async_trait;
use jiff::Timestamp;
use leaver_core::ids::CaseId;
use secrecy::SecretString;

/// Time, and waiting for it. The real one sleeps; the one of the sandbox moves.
#[async_trait]
pub trait Clock: leaver_connectors::Clock {
    /// Returns when the time has come, or earlier: the caller looks again.
    async fn wait_until(&self, at: Timestamp);
}

/// Where the secret of a new service account is handed over; never a log, never the worker's own output (XFER-5).
#[async_trait]
pub trait SecretSink: Send + Sync + fmt::Debug {
    /// Hands it over durably. The engine forgets nothing before this returns `Ok`.
    ///
    /// # Errors
    /// Whatever kept the secret from being handed over; the service account is then deleted and made anew.
    async fn hand_over(&self, case: &CaseId, username: &str, secret: &SecretString) -> io::Result<()>;
}

/// New identifiers, so that tests can know them.
pub trait Ids: Send + Sync + fmt::Debug {
    /// A text that no other call returns, sorted by time.
    fn next(&self, now: Timestamp) -> String;
}

/// Somebody who watches the work: a progress bar, or nobody.
pub trait Progress: Send + Sync {
    /// So many of so many sources were read.
    fn read(&self, done: usize, of: usize);
    /// Something happened, in words.
    fn says(&self, what: &str);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn read(&self, _: usize, _: usize) {}
    fn says(&self, _: &str) {}
}
