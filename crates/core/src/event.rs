//! The events of a case: its append-only history, and what the audit is made of.
//!
//! Events hold person ids, vendor ids and digests. Names, addresses and titles live in records that can be erased.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::{Import, Signs};
use crate::claim::{Attestation, Decision, Observation};
use crate::effect::Effect;
use crate::ids::{CaseId, ClaimKey, Digest, EffectKey, PersonId};
use crate::plan::Request;
use crate::reading::Failure;
use crate::retention;
use crate::source::What;
use crate::statement::Statement;
use crate::write::Outcome;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// Somebody asked for a removal.
    Opened {
        /// What was asked for.
        request: Box<Request>,
    },
    /// A source was read.
    Read {
        /// What.
        what: What,
        /// When the read was sent.
        sent_at: Timestamp,
        /// When the last answer had come.
        ended_at: Timestamp,
        /// Why it shows nothing; `None` when it does.
        failure: Option<Failure>,
        /// Whether it came to its end mark.
        to_the_end: bool,
        /// How many items or members it showed.
        count: Option<usize>,
        /// The ids it showed, for the sources whose completeness is judged by them.
        ids: Option<Vec<String>>,
        /// The raw answers.
        captures: Vec<Digest>,
    },
    /// A plan was made.
    Planned {
        /// Its number.
        number: u32,
        /// The digest of its bytes.
        hash: Digest,
        /// The exact bytes, as text: a plan is JSON.
        plan: String,
    },
    /// Somebody approved a plan.
    Approved {
        /// The plan.
        plan: Digest,
        /// Who.
        by: PersonId,
        /// How we know who it was.
        identity: Identity,
        /// The originals attached.
        originals: Vec<Digest>,
    },
    /// One person authorised an emergency; a second one must ratify within 24 hours.
    Authorised {
        /// The plan.
        plan: Digest,
        /// Who.
        by: PersonId,
        /// How we know who it was.
        identity: Identity,
    },
    /// A second person ratified an emergency.
    Ratified {
        /// The plan.
        plan: Digest,
        /// Who.
        by: PersonId,
        /// How we know who it was.
        identity: Identity,
    },
    /// Somebody refused the plan.
    Rejected {
        /// Who.
        by: PersonId,
        /// Why.
        why: Statement,
    },
    /// Somebody took the case back before it ran.
    Cancelled {
        /// Who.
        by: PersonId,
        /// Why.
        why: Statement,
    },
    /// A second person let a held case go on.
    Released {
        /// Who.
        by: PersonId,
        /// Why.
        why: Statement,
    },
    /// Somebody chose among a claim's options.
    Decided {
        /// The claim.
        claim: ClaimKey,
        /// The decision.
        decision: Decision,
    },
    /// Somebody gave their word on a claim.
    Attested {
        /// The claim.
        claim: ClaimKey,
        /// The word.
        attestation: Attestation,
    },
    /// An outward action is about to be sent.
    Intended {
        /// The action.
        effect: Effect,
        /// The approved plan that allows it.
        plan: Digest,
        /// The definition of the source, read right before a copy.
        definition: Option<Digest>,
        /// The name or title under which something is created outside.
        marked: Option<String>,
    },
    /// An outward action came to an end, as far as we know.
    Ended {
        /// The action.
        effect: EffectKey,
        /// How.
        outcome: Outcome,
        /// When it was sent; `None` when nobody knows.
        sent_at: Option<Timestamp>,
        /// The raw answers.
        captures: Vec<Digest>,
    },
    /// An outward action was not needed or not allowed any more when its target was read right before it.
    Skipped {
        /// The claim that asked for it.
        claim: ClaimKey,
        /// The instance of the claim that it was to deal with: the others go on.
        #[serde(default)]
        instance: String,
        /// What was found.
        why: String,
        /// Whether a person must look before it is tried again.
        person: bool,
        /// When it is tried again without a person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// A claim's observation changed.
    Observed {
        /// The claim.
        claim: ClaimKey,
        /// The observation.
        observation: Observation,
    },
    /// An instance inside an approved claim appeared after the approval and is closed with it.
    Extended {
        /// The claim.
        claim: ClaimKey,
        /// The instance.
        instance: String,
    },
    /// Somebody imported a file of the vendor's audit log (RECORD-5).
    Imported {
        /// The file.
        import: Import,
        /// What it says about the leaver.
        signs: Signs,
    },
    /// The note "access revoked DATE per TICKET" (REMOVE-5).
    Noted {
        /// The text.
        text: Statement,
    },
    /// The evidence of the case until here was sealed in a pack. The entry stands alone in the pack, so it names its case.
    Sealed {
        /// The case.
        case: CaseId,
        /// The digest of the pack's manifest, which names every file of its payload.
        manifest_sha256: Digest,
        /// The manifest of the seal that no longer stands; of all seals of a case only the last does.
        supersedes: Option<Digest>,
    },
    /// Enough outside witnesses signed the log with this seal in it.
    Witnessed {
        /// The digest of the sealed pack's manifest.
        manifest_sha256: Digest,
        /// The witnesses, by the names that the configuration gives them.
        witnesses: Vec<String>,
    },
    /// A pack was stored where nobody can delete it before its time, and read back from there.
    Stored {
        /// Where, such as `s3://bucket/key?versionId=...`.
        place: String,
        /// The digest of the pack's manifest.
        manifest_sha256: Digest,
        /// The digest of what was stored.
        sha256: Digest,
        /// How many bytes.
        bytes: u64,
        /// Until when it cannot be deleted.
        locked_until: Timestamp,
    },
    /// Somebody put a legal hold on the case: it does not expire.
    HoldPut {
        /// Who.
        by: PersonId,
        /// Why.
        why: Statement,
    },
    /// One person asks for what needs two.
    RetentionAsked {
        /// For what.
        act: retention::Act,
        /// Who.
        by: PersonId,
        /// Why.
        why: Statement,
        /// What is to go, by the digest of its list.
        list: Digest,
    },
    /// A second person asked for the end of the legal hold.
    HoldEnded {
        /// Who asked first.
        asked_by: PersonId,
        /// Who asked second.
        by: PersonId,
        /// Why.
        why: Statement,
    },
    /// A second person asked for the expiry: what names somebody goes. The entry is all that is left, so it names its case.
    Expired {
        /// The case.
        case: CaseId,
        /// Who asked first.
        asked_by: PersonId,
        /// Who asked second.
        by: PersonId,
        /// Why.
        why: Statement,
        /// What went, by the digest of its list.
        list: Digest,
    },
    /// The case changed its state.
    Moved {
        /// The new state.
        to: CaseState,
        /// Why.
        why: String,
    },
}

impl Event {
    /// The word under which the store files it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Read { .. } => "read",
            Self::Planned { .. } => "planned",
            Self::Approved { .. } => "approved",
            Self::Authorised { .. } => "authorised",
            Self::Ratified { .. } => "ratified",
            Self::Rejected { .. } => "rejected",
            Self::Cancelled { .. } => "cancelled",
            Self::Released { .. } => "released",
            Self::Decided { .. } => "decided",
            Self::Attested { .. } => "attested",
            Self::Intended { .. } => "intended",
            Self::Ended { .. } => "ended",
            Self::Skipped { .. } => "skipped",
            Self::Observed { .. } => "observed",
            Self::Extended { .. } => "extended",
            Self::Imported { .. } => "imported",
            Self::Noted { .. } => "noted",
            Self::Sealed { .. } => "sealed",
            Self::Witnessed { .. } => "witnessed",
            Self::Stored { .. } => "stored",
            Self::HoldPut { .. } => "hold-put",
            Self::RetentionAsked { .. } => "retention-asked",
            Self::HoldEnded { .. } => "hold-ended",
            Self::Expired { .. } => "expired",
            Self::Moved { .. } => "moved",
        }
    }
}

impl Event {
    /// Every place in which somebody speaks in their own words: what must be sealed before the event is written.
    pub fn words(&mut self) -> Vec<&mut Statement> {
        match self {
            Self::Opened { request } => {
                [Some(&mut request.ticket), request.why.as_mut(), request.sow.as_mut()].into_iter().flatten().collect()
            }
            Self::Rejected { why, .. }
            | Self::Cancelled { why, .. }
            | Self::Released { why, .. }
            | Self::HoldPut { why, .. }
            | Self::RetentionAsked { why, .. }
            | Self::HoldEnded { why, .. }
            | Self::Expired { why, .. } => vec![why],
            Self::Decided { decision, .. } => vec![&mut decision.why],
            Self::Attested { attestation, .. } => vec![&mut attestation.note],
            Self::Noted { text } => vec![text],
            Self::Read { .. }
            | Self::Planned { .. }
            | Self::Approved { .. }
            | Self::Authorised { .. }
            | Self::Ratified { .. }
            | Self::Intended { .. }
            | Self::Ended { .. }
            | Self::Skipped { .. }
            | Self::Observed { .. }
            | Self::Extended { .. }
            | Self::Imported { .. }
            | Self::Sealed { .. }
            | Self::Witnessed { .. }
            | Self::Stored { .. }
            | Self::Moved { .. } => Vec::new(),
        }
    }
}

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// How we know who a person is; the weakest stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// They said so, on one machine (`--as PERSON`).
    Declared,
    /// An `OpenID` provider said so.
    OpenId,
    /// A passkey.
    Passkey,
}

impl Identity {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::OpenId => "open-id",
            Self::Passkey => "passkey",
        }
    }
}

/// The states of a case (architecture §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    /// Opened, no plan yet.
    Draft,
    /// The plan waits for an approver.
    WaitingApproval,
    /// Approved, waiting for its time.
    Scheduled,
    /// At work.
    Running,
    /// Nothing left for the machine; a person has something to do.
    WaitingPerson,
    /// Stopped until a person releases it.
    Held,
    /// Every access path and sender was seen closed, attested where nothing can show it, or accepted by name.
    Removed,
    /// Removed, and every recheck has passed.
    Closed,
    /// Something came back.
    Reopened,
    /// Taken back.
    Cancelled,
    /// Refused.
    Rejected,
}

impl CaseState {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::WaitingApproval => "waiting-approval",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::WaitingPerson => "waiting-person",
            Self::Held => "held",
            Self::Removed => "removed",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
        }
    }

    /// Whether the machine may act outside in this state.
    pub fn acts(self) -> bool {
        // What `removed` did not have to wait for, such as copies, goes on after it.
        matches!(self, Self::Running | Self::WaitingPerson | Self::Reopened | Self::Removed)
    }

    /// Whether every access path and sender is settled in this state.
    pub fn is_removed(self) -> bool {
        matches!(self, Self::Removed | Self::Closed)
    }

    /// Whether nothing will ever happen again in this state.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Rejected)
    }
}
