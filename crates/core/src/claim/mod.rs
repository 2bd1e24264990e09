//! Claims: statements about the world that must hold, and what is seen of them.

mod seen;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::seen::{Observation, Proof, Rung, State};

use crate::ids::{ClaimKey, Digest, PersonId, ProjectId};
use crate::provider::Way;
use crate::reading::{Grant, OrgRole};
use crate::source::{Kind, What};
use crate::statement::Statement;

/// A statement that must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its stable key.
    pub key: ClaimKey,
    /// The lines of the runbook that it proves.
    pub runbook: Vec<String>,
    /// What it is needed for, and what happens when it breaks later.
    pub kind: ClaimKind,
    /// The statement.
    pub says: Predicate,
    /// What must be read to judge it. All of it is read in one pass.
    pub reads: Vec<What>,
    /// Claims that must hold first.
    pub needs: Vec<ClaimKey>,
    /// What else the remedy touches, shown to the approver as "also affects". Not empty: the remedy waits for a decision.
    pub also_affects: Vec<String>,
    /// Who or what makes it true.
    pub remedy: Remedy,
    /// The choices of a person, where the remedy waits for one; the first is the default shown in the plan.
    pub options: Vec<Choice>,
    /// Whether making it true cannot be undone.
    pub final_act: bool,
}

impl Claim {
    /// Whether the plan itself probes it. The data of reports counts against the Query API's 60 an hour and waits for the
    /// approval, and so does a sign-in, which is no plain read.
    pub fn is_probed_in_plan(&self) -> bool {
        !matches!(self.says, Predicate::Exported { .. } | Predicate::OutsiderRefused)
    }
}

/// The kinds of claim (architecture §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimKind {
    /// A path by which the leaver has access. Needed for `removed`; watched; re-opens the case.
    Access,
    /// Something that sends to the leaver. Needed for `removed`; watched; re-opens the case.
    Sender,
    /// Something that must not change. Broken: the case is held.
    Kept,
    /// Something that the successor needs. Checked once against the capture, then for existence.
    Transfer,
    /// Something that our own records must show. Needed for `closed`.
    Record,
    /// A message. Needed for `closed`.
    Notice,
}

impl ClaimKind {
    /// Whether the case is not `removed` before this claim is settled.
    pub fn gates_removed(self) -> bool {
        matches!(self, Self::Access | Self::Sender)
    }
}

/// Who or what makes a claim true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by", content = "guide")]
pub enum Remedy {
    /// `leaver` acts through an interface.
    Automatic,
    /// A person follows instructions; `leaver` reads the result.
    Guided(Guide),
    /// A named person says that it is so, because nothing can be read.
    Attested(Guide),
    /// Nothing makes it true but the world itself or our own records.
    None,
}

impl Remedy {
    /// The word in JSON documents.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Guided(_) => "guided",
            Self::Attested(_) => "attested",
            Self::None => "none",
        }
    }
}

/// The screen on which a person does it (`facts/mixpanel.md` 2.2). Rendered with names only when shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guide {
    /// Organization Settings > Users & Teams: tick, Delete.
    DeleteMember,
    /// The same for an account that was deactivated; where it is not shown there, by SCIM on a decision.
    DeleteInactive,
    /// Users & Teams: click the name, set the organization role to the one that the claim leaves.
    LowerRole,
    /// Project Settings > Project Users: tick, Delete.
    LeaveProjects,
    /// Users & Teams > Teams: take the person out of the team.
    LeaveTeams,
    /// Project Settings > Data Views: take the person out.
    LeaveDataViews,
    /// Users & Teams > Invited Users.
    RevokeInvitations,
    /// Project Settings > Public Boards: disable the link.
    DisablePublicLink,
    /// Open the automation and take the address out, or pause it.
    EditAutomations,
    /// Open the share dialogue of the item and take the person out.
    Unshare,
    /// Open the webhook: change its address and password, or switch it off.
    EditWebhooks,
    /// Open the settings page that holds the list of addresses.
    EditNotices,
    /// Decide and record who owns the pipelines, imports and exports.
    OwnPipelines,
    /// Revoke in the customer's own cloud or warehouse.
    RevokeWarehouse,
    /// Reset the project secret, or accept the risk by name.
    RotateProjectSecret,
    /// Ask the sponsor about unfinished work.
    AskSponsor,
    /// Organization Settings > Audit Log: export, import, review.
    ArchiveAuditLog,
    /// Look at the comments and mentions.
    ReviewMentions,
    /// Confirm one's own role in the vendor's screen.
    ConfirmOwnRole,
    /// Vouch for the approval's original, or re-read the ticket.
    VouchApproval,
    /// Find out who is behind each outside address and each address that nobody on the member list has.
    ReviewRecipients,
    /// Find out who holds the secrets of service accounts that others made.
    ReviewServiceAccounts,
    /// Take the person out where the provider imports the group from.
    LeaveImportedGroup,
    /// A group of everybody gives the application: take the group off it, or give the application by another group.
    UnassignEveryone,
    /// Identity provider: only those who are given the application may sign in to it.
    RequireAssignment,
    /// Identity provider: provision only those who are given the application.
    NarrowJob,
    /// Leave the person out of the rule.
    LeaveOutOfRule,
    /// Switch off that people may ask for the application themselves.
    EndSelfService,
    /// Somebody signed in although nothing gives the application: find out how.
    LookAtSignIn,
    /// Look at why the sign-in of the canaries did not end as it should.
    LookAtCanaries,
    /// Look at what still gives the person the application, and at other accounts that bear the address.
    CloseWays,
    /// Close what an identity provider gives that is not read here.
    CloseWaysByHand,
    /// See that this provider refuses the leaver.
    SeeSignInFail,
    /// Look at what makes accounts anew by itself.
    CloseWaysBack,
}

/// One thing that a person may choose for a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Copy it for the successor.
    Copy,
    /// Leave it as it is.
    Leave,
    /// Delete it.
    Drop,
    /// Make a new service account, move the callers, delete the old one.
    Rotate,
    /// Keep it until a date; an accepted risk.
    Keep,
    /// Delete it without a replacement.
    Delete,
    /// Delete the person by SCIM, which may take their content along.
    DeleteByScim,
    /// The callers have moved to the new credential.
    CallersMoved,
    /// Go on, although others are affected.
    Proceed,
    /// Leave the claim broken and say so in every report.
    AcceptRisk,
}

impl Choice {
    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Leave => "leave",
            Self::Drop => "drop",
            Self::Rotate => "rotate",
            Self::Keep => "keep",
            Self::Delete => "delete",
            Self::DeleteByScim => "delete-by-scim",
            Self::CallersMoved => "callers-moved",
            Self::Proceed => "proceed",
            Self::AcceptRisk => "accept-risk",
        }
    }

    /// Reads the word on the command line.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Copy,
            Self::Leave,
            Self::Drop,
            Self::Rotate,
            Self::Keep,
            Self::Delete,
            Self::DeleteByScim,
            Self::CallersMoved,
            Self::Proceed,
            Self::AcceptRisk,
        ]
        .into_iter()
        .find(|choice| choice.word() == text)
    }
}

/// What a claim says. "The leaver" is the account pinned in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "that")]
pub enum Predicate {
    /// The leaver is not a member of the organization.
    NotMember,
    /// The leaver's organization role is this one or a lower one, or there is no such member.
    RoleAtMost {
        /// The highest that may be left.
        role: OrgRole,
    },
    /// The leaver's organization role is this one or a higher one: it is not taken with what else goes (METHOD-5).
    RoleNotBelow {
        /// The lowest that must be left.
        role: OrgRole,
    },
    /// The leaver has no project grant of any kind, or there is no such member.
    NoProjectGrant,
    /// The leaver has no grant in these projects (METHOD-5).
    NoGrantIn {
        /// The projects to leave.
        projects: Vec<ProjectId>,
    },
    /// The leaver's other grants are as they were (METHOD-5).
    GrantsAsBefore {
        /// The grants that stay.
        grants: Vec<Grant>,
    },
    /// The leaver is in none of these teams (METHOD-5).
    NotInTeams {
        /// The teams to leave.
        teams: Vec<String>,
    },
    /// The leaver is still in these teams (METHOD-5).
    TeamsAsBefore {
        /// The teams that stay.
        teams: Vec<String>,
    },
    /// The leaver is in no team, or there is no such member.
    NoTeam,
    /// The leaver is in no restricted data view that we see.
    NoDataView,
    /// The SCIM record is inactive or gone.
    ScimInactive,
    /// The SCIM list does not show the leaver any more, active or not.
    ScimGone,
    /// No service account made by the leaver is left, except those that a named person keeps.
    NoServiceAccountBy,
    /// A replacement for this service account exists and was accepted by the vendor.
    Replaced {
        /// The old service account.
        service_account: u64,
    },
    /// Nothing of this kind in this project sends to the leaver.
    NothingSends {
        /// The project.
        project: ProjectId,
        /// The kind of sender.
        kind: Kind,
    },
    /// The item is not shared with the leaver by name.
    NotShared {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The item.
        id: String,
    },
    /// The board has no public link.
    NoPublicLink {
        /// The project.
        project: ProjectId,
        /// The board.
        board: String,
    },
    /// A copy of the item exists, equals its source, and is shared with the project.
    Copied {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The source item.
        id: String,
    },
    /// The saved metric is owned by the successor.
    OwnedBySuccessor {
        /// The project.
        project: ProjectId,
        /// The metric.
        id: String,
    },
    /// The lexicon entry names the successor and not the leaver.
    ContactsSuccessor {
        /// The project.
        project: ProjectId,
        /// The entry.
        id: String,
    },
    /// The item's description names the new owner.
    Described {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The item.
        id: String,
    },
    /// The item is gone, as decided.
    Dropped {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The item.
        id: String,
    },
    /// This way of the identity provider into the application is closed for the account pinned here (SSO-1).
    NoWayIn {
        /// The provider's id of the account.
        account: String,
        /// The way.
        way: Way,
    },
    /// Nobody gets into the application with the account: nothing gives it, and the provider's log shows no sign-in since (SSO-5).
    LoginFails {
        /// The provider's id of the account.
        account: String,
    },
    /// The provider refuses whoever is not given the application, by a real sign-in of an account that exists for it (SSO-5).
    OutsiderRefused,
    /// The account's sessions and refresh tokens at the provider were ended since the approval (SSO-6).
    SessionsEnded {
        /// The provider's id of the account.
        account: String,
    },
    /// Whatever provisions has looked at the account since nothing gives the application (SSO-4).
    Synced {
        /// The provider's id of the account.
        account: String,
    },
    /// The provider does not make the account anew: nothing gives the application, and two cycles later it is still not a member, and the
    /// log shows that nothing was provisioned (SSO-2).
    NotRecreated {
        /// The provider's id of the account.
        account: String,
    },
    /// Whoever else got what the leaver got still gets it: each list that was changed is what it was, minus the leaver.
    RecipientsKept,
    /// The leaver's organization role is not above the one that the approver saw.
    RoleKept,
    /// No invitation of the leaver is pending.
    NoInvitation,
    /// Members whom the leaver could be taken for are still there.
    MembersKept {
        /// Their vendor ids.
        ids: Vec<String>,
    },
    /// The report's definition and its data were read and are kept (XFER-2).
    Exported {
        /// The project.
        project: ProjectId,
        /// The report.
        id: String,
    },
    /// Our credential may remove members and is above the leaver.
    MayRemove,
    /// The executor's own account may remove members and is above the leaver.
    ExecutorMayRemove,
    /// Our own journal shows it.
    Recorded {
        /// What it shows.
        record: Record,
    },
    /// A named person said so.
    Declared {
        /// About what.
        subject: Subject,
    },
}

/// What our own journal must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// The inventory with its raw answers (STATE-1, 2, 5, 6, 7).
    Inventory,
    /// The member list as CSV (STATE-4).
    Members,
    /// The approval of this very plan by somebody else (AUTH-5).
    Approval,
    /// The note "access revoked DATE per TICKET" (REMOVE-5).
    Note,
    /// The dependency report in the plan (PRACTICE-7).
    Dependencies,
    /// The request with its one reason, its method and its people.
    Request,
    /// Every path and sender was probed again at each recheck time (VERIFY-6).
    Rechecks,
    /// What a row of the IAM tracker says of a removal (RECORD-1).
    Tracker,
    /// A seal made since the removal that enough outside witnesses signed (VERIFY-7).
    Witnessed,
    /// An export of the vendor's whole audit log, made since the removal (RECORD-5).
    AuditLog,
}

/// What a person declares where nothing can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The approval's original (AUTH-1).
    ApprovalOriginal,
    /// Who is behind the outside addresses and lists that senders send to (STATE-7).
    OutsideRecipients,
    /// Who holds the secrets of the service accounts that others made (BEYOND-4).
    OtherServiceAccounts,
    /// Pipelines, imports and exports have an owner (XFER-4).
    Pipelines,
    /// Warehouse credentials are revoked in the customer's cloud (CLEAN-4).
    Warehouse,
    /// The project secret is rotated or the risk accepted (CLEAN-6).
    ProjectSecrets,
    /// No notification mentions the person; the remaining creator names are known (VERIFY-5).
    Mentions,
    /// The sponsor knows of the unfinished work, and it is finished or handed over (AUTH-4).
    PendingWork,
    /// Nothing at an identity provider that is not read here gives the leaver the application (SSO-1).
    ProviderWays,
    /// That provider refuses the leaver: somebody tried with them, or its log says so (SSO-5).
    ProviderRefuses,
    /// No sign-in and no discovery makes the account anew (SSO-3).
    WaysBack,
}

/// A named person's choice among a claim's options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The choice.
    pub choice: Choice,
    /// Who made it.
    pub by: PersonId,
    /// Why.
    pub why: Statement,
    /// Until when it is good; needed for an accepted risk.
    pub until: Option<Timestamp>,
    /// When it was made.
    pub at: Timestamp,
}

/// A named person's word about a claim that no read can show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// Who says so.
    pub by: PersonId,
    /// The file that was attached.
    pub file: Option<Digest>,
    /// The note.
    pub note: Statement,
    /// When.
    pub at: Timestamp,
}
