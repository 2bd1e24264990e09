//! What the engine sees of a vendor: somebody who reads, and somebody who acts.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use leaver_core::effect::Intent;
use leaver_core::ids::{Address, CredentialName, Digest, PersonId};
use leaver_core::planner::Focus;
use leaver_core::reading::{Failure, Reading};
use leaver_core::source::Source;
use leaver_core::write::{Outcome, Write};
use secrecy::SecretString;

use crate::http::Trail;

/// Reads one source, completely. Sends reads only.
#[async_trait]
pub trait Reader: Send + Sync + fmt::Debug {
    /// Reads the source to the vendor's own end mark. A failure is part of the reading.
    async fn read(&self, source: &Source) -> Reading;

    /// Reads as [`read`](Self::read) does, except that the raw answers may be lost in a power cut until
    /// [`settle`](Self::settle) has returned. For many reads whose answers become durable together. With a focus, a list of people
    /// holds whole only those who matter.
    async fn look(&self, source: &Source, focus: Option<&Focus>) -> Reading {
        let mut reading = self.read(source).await;
        if let (Some(focus), Ok(snapshot)) = (focus, &mut reading.result) {
            focus.apply(snapshot);
        }
        reading
    }

    /// Makes the raw answers of all earlier looks durable.
    ///
    /// # Errors
    /// They could not be stored: then none of those readings may be used.
    async fn settle(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Sends outward changes. It exists only beside a journalled intent; see [`Vendor::acting`].
#[async_trait]
pub trait Actor: Send + Sync {
    /// Sends the change once. Never retries.
    async fn act(&self, write: &Write) -> Written;
}

/// A vendor: read freely, act only with an intent in the journal (architecture, invariants 1 and 11).
pub trait Vendor: Reader {
    /// A client that may send the change which the intent names. An [`Intent`] comes from a folded journal alone
    /// ([`leaver_core::case::Case::intent`]): whoever has none cannot act.
    fn acting<'a>(&'a self, intent: &'a Intent) -> Box<dyn Actor + 'a>;

    /// Keeps a further credential in memory, so that it can be proved by a read. `false`: it was not kept.
    fn remember(&self, name: &CredentialName, username: &str, secret: &SecretString) -> bool;

    /// Keeps a person's addresses in memory: a source names a person by id, because the journal holds no address, and a provider is
    /// asked by address.
    fn meet(&self, person: &PersonId, addresses: &[Address]) {
        let _ = (person, addresses);
    }
}

/// How one send ended, and what came with it.
#[derive(Debug)]
pub struct Written {
    /// What the caller may do next.
    pub outcome: Outcome,
    /// The secret of a service account that was created; shown once, never stored, cannot be printed.
    pub secret: Option<SecretString>,
    /// The user name of a service account that was created: the vendor adds a suffix to the one that was asked for.
    pub username: Option<String>,
    /// Digests of the raw answers, in the order in which they came.
    pub captures: Vec<Digest>,
    /// When the request was handed to the network; when nothing was sent, when that was known.
    pub sent_at: Timestamp,
    /// When the answer had arrived, or was given up.
    pub ended_at: Timestamp,
}

impl Written {
    /// A send that left this trail and ended so; no secret came with it.
    pub(crate) fn after(trail: Trail, outcome: Outcome, now: Timestamp) -> Self {
        Self {
            outcome,
            secret: None,
            username: None,
            captures: trail.captures,
            sent_at: trail.sent_at.unwrap_or(now),
            ended_at: trail.ended_at.unwrap_or(now),
        }
    }
}
