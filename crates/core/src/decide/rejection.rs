//! Why a person's command is refused.

use jiff::Timestamp;

use crate::event::CaseState;
use crate::ids::{ClaimKey, Digest};
use crate::reading::Failure;

/// Why a command is refused. Each has a code with a page in `docs/errors`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The command does not fit the case's state.
    #[error("the case is {}: {wanted}", state.word())]
    WrongState {
        /// Its state.
        state: CaseState,
        /// What the command needs.
        wanted: &'static str,
    },
    /// The plan has a blocker.
    #[error("{why}")]
    Blocked {
        /// The blocker's code.
        code: String,
        /// The blocker.
        why: String,
    },
    /// The plan named is not the plan of the case.
    #[error("the plan of the case is {}, not {}", is.short(), named.short())]
    OtherPlan {
        /// The plan of the case.
        is: Digest,
        /// The plan that the command names.
        named: Digest,
    },
    /// This person may not do that here (AUTH-5).
    #[error("the {role} may not {act} this case")]
    Duty {
        /// The person's part in the case.
        role: &'static str,
        /// What they wanted to do.
        act: &'static str,
    },
    /// There is no such claim.
    #[error("the plan has no claim '{0}'")]
    NoClaim(ClaimKey),
    /// The claim does not offer that choice.
    #[error("'{choice}' is not a choice of {claim}; it offers {offers}")]
    NoOption {
        /// The claim.
        claim: ClaimKey,
        /// The choice.
        choice: &'static str,
        /// What it offers.
        offers: String,
    },
    /// A read can show it, so a word is not taken.
    #[error("{claim} can be read here, so a person's word is not taken for it: {why}")]
    Readable {
        /// The claim.
        claim: ClaimKey,
        /// What the read says.
        why: String,
    },
    /// A word about a path of access, or about the approval's original, needs something that others can look at.
    #[error("{0} needs a file that shows it")]
    NoFile(ClaimKey),
    /// A read failed for a moment, and that is no gap for a word to fill.
    #[error("{claim} can be read again when the vendor answers, so a person's word is not taken for it: {failure}")]
    Passing {
        /// The claim.
        claim: ClaimKey,
        /// How the last read failed.
        failure: Failure,
    },
    /// What may take content along is decided once nothing is left to lose.
    #[error("{claim} may take content along, and is decided once these hold: {}", open.iter().map(ClaimKey::as_str).collect::<Vec<_>>().join(", "))]
    TooEarly {
        /// The claim.
        claim: ClaimKey,
        /// What it needs and what does not hold yet.
        open: Vec<ClaimKey>,
    },
    /// The case is not old enough to expire.
    #[error("the case is kept until {}", until.strftime("%Y-%m-%d"))]
    Kept {
        /// Until when.
        until: Timestamp,
    },
    /// A legal hold is on the case.
    #[error("a legal hold is on the case: it does not expire")]
    OnHold,
    /// There is no legal hold to end.
    #[error("no legal hold is on the case")]
    NoHold,
    /// Everything that named somebody in the case is gone.
    #[error("the case expired on {}: its entries stay, and nothing happens in it any more", .0.strftime("%Y-%m-%d"))]
    Expired(Timestamp),
    /// The configuration weakens nothing that is in force.
    #[error("the configuration weakens no rule that is in force: there is nothing to agree to")]
    NothingWeaker,
    /// One person agreed already, and a second one must.
    #[error("you agreed to this already: a weaker rule needs two people")]
    OneAlone,
    /// An accepted risk needs an end.
    #[error("an accepted risk needs a date until which it is accepted")]
    NoExpiry,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::WrongState { .. } => "L201",
            Self::Blocked { code, .. } => code,
            Self::OtherPlan { .. } => "L202",
            Self::Duty { .. } => "L203",
            Self::NoClaim(_) => "L204",
            Self::NoOption { .. } => "L205",
            Self::Readable { .. } => "L206",
            Self::NoExpiry => "L207",
            Self::NoFile(_) => "L214",
            Self::Passing { .. } => "L215",
            Self::TooEarly { .. } => "L216",
            Self::Kept { .. } => "L217",
            Self::OnHold | Self::NoHold => "L218",
            Self::Expired(_) => "L219",
            Self::NothingWeaker | Self::OneAlone => "L220",
        }
    }
}
