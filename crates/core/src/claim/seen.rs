//! What was seen of a claim: the verdict, what proves it, and how far down the reading ladder it came from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::Digest;
use crate::source::What;

/// How far down the reading ladder the answer came from (issue: roster, SCIM, `/me`, audit event, attestation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// The organization's member list.
    Roster,
    /// The SCIM list of users.
    Scim,
    /// The member lists of data views in `/me`.
    Me,
    /// The identity provider's settings.
    Provider,
    /// The identity provider's log: the person tried, and was refused.
    ProviderLog,
    /// Real sign-ins of two accounts that exist for nothing else: the one that is given the application was let in, the other refused.
    Canary,
    /// An imported audit event.
    Audit,
    /// A named person's word.
    Attestation,
}

impl Rung {
    /// The list that is read on this rung; `None` where a person brings a file or a word.
    pub fn source(self) -> Option<What> {
        match self {
            Self::Roster => Some(What::Roster),
            Self::Scim => Some(What::ScimUsers),
            Self::Me => Some(What::Me),
            Self::Provider | Self::ProviderLog | Self::Canary | Self::Audit | Self::Attestation => None,
        }
    }

    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Roster => "roster",
            Self::Scim => "scim",
            Self::Me => "me",
            Self::Provider => "provider",
            Self::ProviderLog => "provider-log",
            Self::Canary => "canary",
            Self::Audit => "audit",
            Self::Attestation => "attestation",
        }
    }
}

/// Whether a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Seen to be true.
    Holds,
    /// Seen to be false.
    Broken,
    /// Not seen. Never taken for `Holds`.
    Unknown,
}

impl State {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Unknown => "unknown",
        }
    }
}

/// What proves a claim that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// An independent read.
    Read,
    /// A named person's word.
    Attested,
    /// Our own journal.
    Record,
}

impl Proof {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Attested => "attested",
            Self::Record => "record",
        }
    }
}

/// What one probe saw. Made by [`crate::judge::judge`] alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The verdict.
    pub state: State,
    /// Why, in words, without names or addresses.
    pub why: String,
    /// When the oldest read behind it was sent.
    pub seen_at: Timestamp,
    /// What proves it.
    pub proof: Option<Proof>,
    /// Which rung of the reading ladder it came from.
    pub rung: Option<Rung>,
    /// The instances that break the claim, by vendor id.
    pub instances: Vec<String>,
    /// The raw answers behind it.
    pub captures: Vec<Digest>,
}

impl Observation {
    /// Whether anything but the times and the raw answers differs: only then is it an event of its own.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.state == other.state
            && self.why == other.why
            && self.proof == other.proof
            && self.rung == other.rung
            && self.instances == other.instances
    }
}
