//! Why a person goes, how fast, and by which method; and what each method will and will not do.

use serde::{Deserialize, Serialize};

/// Why the collaborator is removed: one of the eleven reasons of the runbook (REASON-1 to REASON-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the runbook's own words; see Reason::title")]
pub enum Reason {
    ProjectCompletion,
    ContractTermination,
    ScopeChange,
    TeamTransition,
    AccessReview,
    SecurityIncident,
    PolicyViolation,
    Regulatory,
    StaffTurnover,
    RoleChange,
    Merger,
}

impl Reason {
    /// Every reason, in the order of the runbook.
    pub const ALL: [Self; 11] = [
        Self::ProjectCompletion,
        Self::ContractTermination,
        Self::ScopeChange,
        Self::TeamTransition,
        Self::AccessReview,
        Self::SecurityIncident,
        Self::PolicyViolation,
        Self::Regulatory,
        Self::StaffTurnover,
        Self::RoleChange,
        Self::Merger,
    ];

    /// The runbook id, such as `REASON-1`.
    pub fn id(self) -> &'static str {
        match self {
            Self::ProjectCompletion => "REASON-1",
            Self::ContractTermination => "REASON-2",
            Self::ScopeChange => "REASON-3",
            Self::TeamTransition => "REASON-4",
            Self::AccessReview => "REASON-5",
            Self::SecurityIncident => "REASON-6",
            Self::PolicyViolation => "REASON-7",
            Self::Regulatory => "REASON-8",
            Self::StaffTurnover => "REASON-9",
            Self::RoleChange => "REASON-10",
            Self::Merger => "REASON-11",
        }
    }

    /// The slug on the command line.
    pub fn slug(self) -> &'static str {
        match self {
            Self::ProjectCompletion => "project-completion",
            Self::ContractTermination => "contract-termination",
            Self::ScopeChange => "scope-change",
            Self::TeamTransition => "team-transition",
            Self::AccessReview => "access-review",
            Self::SecurityIncident => "security-incident",
            Self::PolicyViolation => "policy-violation",
            Self::Regulatory => "regulatory",
            Self::StaffTurnover => "staff-turnover",
            Self::RoleChange => "role-change",
            Self::Merger => "merger",
        }
    }

    /// The runbook's words.
    pub fn title(self) -> &'static str {
        match self {
            Self::ProjectCompletion => "project completion",
            Self::ContractTermination => "contract termination",
            Self::ScopeChange => "scope change",
            Self::TeamTransition => "transition to another team",
            Self::AccessReview => "access-review finding",
            Self::SecurityIncident => "security incident",
            Self::PolicyViolation => "policy violation",
            Self::Regulatory => "regulatory requirement",
            Self::StaffTurnover => "staff turnover at the collaborator",
            Self::RoleChange => "role change",
            Self::Merger => "merger or acquisition",
        }
    }

    /// Reads a slug or an id, without regard to case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.slug().eq_ignore_ascii_case(text) || reason.id().eq_ignore_ascii_case(text))
    }

    /// The urgency unless the requester says otherwise.
    pub fn usual_urgency(self) -> Urgency {
        match self {
            Self::SecurityIncident | Self::PolicyViolation => Urgency::Emergency,
            Self::ContractTermination => Urgency::Immediate,
            Self::ProjectCompletion
            | Self::ScopeChange
            | Self::TeamTransition
            | Self::AccessReview
            | Self::Regulatory
            | Self::StaffTurnover
            | Self::RoleChange
            | Self::Merger => Urgency::Standard,
        }
    }

    /// The method unless the requester says otherwise (METHOD-3): delete for a permanent departure, revoke on a suspicion
    /// or an audit requirement, reduce where the person stays in another role.
    pub fn usual_method(self) -> Method {
        match self {
            Self::SecurityIncident | Self::PolicyViolation | Self::Regulatory | Self::AccessReview => Method::Revoke,
            Self::ScopeChange | Self::RoleChange | Self::TeamTransition => Method::Reduce,
            Self::ProjectCompletion | Self::ContractTermination | Self::StaffTurnover | Self::Merger => Method::Delete,
        }
    }
}

/// How fast (runbook §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// Remove first on one authoriser, ratify within 24 hours.
    Emergency,
    /// Approved as usual; runs the moment it is; waits for no window and no transfer.
    Immediate,
    /// Within 24 hours.
    Standard,
    /// At a future date.
    Planned,
}

impl Urgency {
    /// Reads the word on the command line.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "emergency" => Some(Self::Emergency),
            "immediate" => Some(Self::Immediate),
            "standard" => Some(Self::Standard),
            "planned" => Some(Self::Planned),
            _ => None,
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Immediate => "immediate",
            Self::Standard => "standard",
            Self::Planned => "planned",
        }
    }
}

/// What is done to the account (METHOD-1, 2, 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The member leaves the organization for good (METHOD-1).
    Delete,
    /// The record stays, every permission goes (METHOD-2).
    Revoke,
    /// Named projects, teams or roles go, the rest stays (METHOD-5).
    Reduce,
}

impl Method {
    /// Reads the word on the command line.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "delete" => Some(Self::Delete),
            "revoke" => Some(Self::Revoke),
            "reduce" => Some(Self::Reduce),
            _ => None,
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Revoke => "revoke",
            Self::Reduce => "reduce",
        }
    }

    /// What the method does and does not do, shown to the approver (METHOD-4; `facts/mixpanel.md` 2.2, 2.6, 5.1, 9.2).
    pub fn effects(self) -> &'static [MethodEffect] {
        match self {
            Self::Delete => DELETE,
            Self::Revoke => REVOKE,
            Self::Reduce => REDUCE,
        }
    }
}

/// One line of what a method does to one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MethodEffect {
    /// The thing: membership, content, mail, service accounts.
    pub on: &'static str,
    /// Whether the method itself changes it.
    pub does: Does,
    /// What happens, in one sentence.
    pub says: &'static str,
}

/// Whether a method changes a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Does {
    /// The method does it.
    Yes,
    /// The method leaves it; other claims of the plan deal with it.
    No,
    /// No method can do it.
    Never,
    /// The vendor does not say.
    Unknown,
}

const fn line(on: &'static str, does: Does, says: &'static str) -> MethodEffect {
    MethodEffect { on, does, says }
}

const CONTENT: MethodEffect = line(
    "boards, reports, cohorts",
    Does::No,
    "they stay and keep showing their creator; no interface transfers ownership, so they are copied",
);
const MAIL: MethodEffect = line(
    "board subscriptions and alerts",
    Does::No,
    "they keep sending to the address of a removed person; each recipient list is edited",
);
const SERVICE_ACCOUNTS: MethodEffect = line(
    "service accounts",
    Does::No,
    "accounts that the person made keep working; each is replaced or kept by a named decision",
);
const SESSIONS: MethodEffect = line(
    "browser sessions, OAuth and MCP grants",
    Does::Unknown,
    "no administrator can list or end them; losing the membership takes the access that they carry",
);
const HISTORY: MethodEffect =
    line("audit log", Does::Never, "the vendor keeps it for 90 days, or 2 years on Enterprise, whatever the method");

const DELETE: &[MethodEffect] = &[
    line("membership", Does::Yes, "the person leaves the organization, every project and every team; cannot be undone"),
    line(
        "deletion by SCIM",
        Does::Unknown,
        "may take the person's content along; only where SCIM reaches, deactivated first, on a decision of its own once every copy holds",
    ),
    line("a return", Does::Never, "only by a new invitation, under a new membership"),
    CONTENT,
    MAIL,
    SERVICE_ACCOUNTS,
    SESSIONS,
    HISTORY,
];
const REVOKE: &[MethodEffect] = &[
    line("membership", Does::No, "the record stays with the lowest role, Member; there is no role None"),
    line("individual and team grants", Does::Yes, "each is taken away and read back; can be given again"),
    line(
        "grants to all users or by organization role",
        Does::Never,
        "they cannot be taken from one person: change the project's default or delete the person",
    ),
    CONTENT,
    MAIL,
    SERVICE_ACCOUNTS,
    SESSIONS,
    HISTORY,
];
const REDUCE: &[MethodEffect] = &[
    line("the named projects", Does::Yes, "the person's grants in them are taken away and read back"),
    line("the named teams", Does::Yes, "the person is taken out of each and loses what only it gives; read back"),
    line("the organization role", Does::Yes, "lowered if a lower one is named, and what came with the higher one goes"),
    line("everything else", Does::No, "stays as it is, and is read back too"),
    CONTENT,
    MAIL,
    SERVICE_ACCOUNTS,
    HISTORY,
];
