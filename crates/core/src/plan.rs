//! The plan: the ordered claims of a case and its scope; immutable, numbered, hashed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::claim::{Choice, Claim};
use crate::ids::{CaseId, ClaimKey, Digest, OrgName, PersonId, ProjectId, VendorOrg};
use crate::method::{Method, Reason, Urgency};
use crate::provider::ByHand;
use crate::reading::{Grant, OrgRole};
use crate::source::Kind;
use crate::statement::Statement;

/// What was asked for: the start of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The case.
    pub case: CaseId,
    /// The organization in the configuration.
    pub org: OrgName,
    /// Its number at the vendor.
    pub vendor_org: VendorOrg,
    /// Whether the organization's base URL is not the vendor's: marked everywhere, for good.
    pub rehearsal: bool,
    /// The leaver.
    pub leaver: PersonId,
    /// Why.
    pub reason: Reason,
    /// By which method.
    pub method: Method,
    /// The projects to leave, for [`Method::Reduce`].
    pub projects: Vec<ProjectId>,
    /// The teams to leave, for [`Method::Reduce`]: by id where teams can be read, else as they were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// The organization role to lower to, for [`Method::Reduce`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<OrgRole>,
    /// How fast.
    pub urgency: Urgency,
    /// The ticket.
    pub ticket: Statement,
    /// Free words of the requester.
    pub why: Option<Statement>,
    /// The statement of work or contract.
    pub sow: Option<Statement>,
    /// The approval's originals, by digest (AUTH-1).
    pub originals: Vec<Digest>,
    /// The member list as CSV when the case was opened, by digest (STATE-4); `None` where no list could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Digest>,
    /// Who asks.
    pub requester: PersonId,
    /// Who starts the run and does the guided clicks.
    pub executor: PersonId,
    /// Who needs the boards.
    pub successor: PersonId,
    /// The organization's usual approver.
    pub approver: Option<PersonId>,
    /// Not before this time.
    pub not_before: Option<Timestamp>,
    /// When the work ended.
    pub ended: Option<Timestamp>,
    /// When the organization came to know.
    pub known: Option<Timestamp>,
    /// When access must be gone (PRACTICE-1).
    pub deadline: Timestamp,
    /// When the case was opened.
    pub at: Timestamp,
}

/// The part of a request that the approval binds: no ticket, no times, no case id, so that the plan shown before a case
/// is opened has the same hash as the plan of the case, as long as the world is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The organization in the configuration.
    pub org: OrgName,
    /// Its number at the vendor.
    pub vendor_org: VendorOrg,
    /// Whether the organization's base URL is not the vendor's.
    pub rehearsal: bool,
    /// The leaver.
    pub leaver: PersonId,
    /// Why.
    pub reason: Reason,
    /// By which method.
    pub method: Method,
    /// The projects to leave, for [`Method::Reduce`].
    pub projects: Vec<ProjectId>,
    /// The teams to leave, for [`Method::Reduce`]: by id where teams can be read, else as they were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// The organization role to lower to, for [`Method::Reduce`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<OrgRole>,
    /// How fast.
    pub urgency: Urgency,
    /// Who does the guided clicks.
    pub executor: PersonId,
    /// Who needs the boards.
    pub successor: PersonId,
}

impl From<&Request> for Terms {
    fn from(request: &Request) -> Self {
        Self {
            org: request.org.clone(),
            vendor_org: request.vendor_org,
            rehearsal: request.rehearsal,
            leaver: request.leaver.clone(),
            reason: request.reason,
            method: request.method,
            projects: request.projects.clone(),
            teams: request.teams.clone(),
            role: request.role,
            urgency: request.urgency,
            executor: request.executor.clone(),
            successor: request.successor.clone(),
        }
    }
}

/// What an organization lays down for its cases. Part of the plan, so that the approver approves it too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// The organization's own mail domains: every other recipient is outside (STATE-7).
    pub own_domains: Vec<String>,
    /// The domains that SCIM reaches (2.3).
    pub claimed_domains: Vec<String>,
    /// The requester may execute as well; every report says so.
    pub two_person: bool,
    /// How long after an outcome a read may still show the old picture.
    pub settle_seconds: u32,
    /// At least this many removals in 24 hours need no release (AUTH-6).
    pub cap_floor: u32,
    /// And this share of the members, in percent.
    pub cap_percent: u32,
    /// An approval is good for this long.
    pub approval_days: u32,
    /// Views from which a board counts as much used (XFER-1).
    pub views_that_matter: u64,
    /// A service account used within this many days is rotated rather than deleted, unless decided otherwise.
    pub recent_use_days: u32,
    /// Copies of boards are made with the successor's own login, and belong to the successor (XFER-1). Nobody lays it down: it says
    /// whether such a login is configured, so that an approval is of the one or the other.
    pub copies_as_successor: bool,
    /// The identity provider that people look after themselves, because nothing here reads it. As above: the configuration says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_by_hand: Option<ByHand>,
    /// Whether accounts that exist for nothing else sign in to show whom the provider refuses. As above.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub canary: bool,
    /// What the leaver changed within this many days is listed as work that may be unfinished (AUTH-4).
    pub recent_edit_days: u32,
    /// A case is kept for so many years after it is over (RECORD-6).
    pub retention_years: u32,
    /// For so many days the vendor keeps its audit log: 90 on Free and Growth, 730 on Enterprise (`facts/mixpanel.md` 6.1).
    pub audit_log_days: u32,
    /// So many outside witnesses must sign the sealed evidence before a case is closed; 0 asks for none.
    #[serde(skip_serializing_if = "is_zero")]
    pub witness_quorum: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            own_domains: Vec::new(),
            claimed_domains: Vec::new(),
            two_person: false,
            settle_seconds: 2,
            cap_floor: 3,
            cap_percent: 5,
            approval_days: 7,
            views_that_matter: 100,
            recent_use_days: 30,
            copies_as_successor: false,
            provider_by_hand: None,
            canary: false,
            recent_edit_days: 30,
            retention_years: 7,
            audit_log_days: 90,
            witness_quorum: 0,
        }
    }
}

impl Policy {
    /// The settle time.
    pub fn settle(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.settle_seconds))
    }

    /// How many removals within 24 hours an organization of this size allows without a release.
    pub fn cap(&self, members: usize) -> usize {
        let share = members.saturating_mul(usize::try_from(self.cap_percent).unwrap_or(0)) / 100;
        share.max(usize::try_from(self.cap_floor).unwrap_or(0))
    }
}

/// The account that the plan is about, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The person.
    pub person: PersonId,
    /// The vendor's id; `None` where no read shows one and the address alone pins.
    pub vendor_id: Option<String>,
    /// The id of the SCIM record, which may be another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scim_id: Option<String>,
    /// The account at the identity provider, where one bears the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The organization role, where shown.
    pub role: Option<OrgRole>,
    /// The project grants, where shown; `None` is unknown, never none (AUTH-3).
    pub grants: Option<Vec<Grant>>,
    /// The teams that list the person, where teams are shown; `None` is unknown, never none (AUTH-3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<Membership>>,
}

/// A team that the leaver is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The team's id.
    pub team: String,
    /// What it gives, where shown; `None` is unknown, never none.
    pub grants: Option<Vec<Grant>>,
    /// A few of the others in it, by vendor id or by the digest of the address: as long as one of them is still shown there, the
    /// answer shows who is in the team.
    pub beside: Vec<String>,
}

/// A line of the runbook, as this case treats it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeLine {
    /// The runbook id.
    pub id: String,
    /// How it is treated.
    #[serde(rename = "as")]
    pub treated: Treated,
    /// Why, in words.
    pub why: String,
    /// What says so: the claims, a reading, or a declaration.
    pub source: String,
}

/// How a case treats a line of the runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treated {
    /// One or more claims prove it.
    Claim,
    /// It has no object here; the reason and who or what says so stand beside it.
    DoesNotApply,
    /// Nothing can show it.
    NotObservable,
    /// A later version builds it.
    NotInThisVersion,
}

/// Why a plan cannot run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// The error code with a page in `docs/errors`.
    pub code: String,
    /// What and what to do, in words.
    pub why: String,
}

/// Something that a person should know before saying yes. Ids only; titles are joined when shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The kind of finding.
    pub kind: FindingKind,
    /// The runbook line that asks for it.
    pub runbook: String,
    /// The object, as a reference that labels are kept under.
    pub object: Option<String>,
    /// What it means, in words without names.
    pub says: String,
}

/// The kinds of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// An account that looks like the leaver's (STATE-1, BEYOND-1).
    LookAlike,
    /// Work that should be finished or handed over (AUTH-4).
    PendingWork,
    /// Something that the leaver changed lately: it may be unfinished (AUTH-4).
    RecentEdit,
    /// Something of the leaver that others use (XFER-7, PRACTICE-7).
    Dependency,
    /// Something that the leaver made (STATE-5).
    Made,
    /// An address outside the organization's own domains that gets mail (STATE-7).
    OutsideRecipient,
    /// Something that our credential could not see.
    NotSeen,
    /// Something that the leaver holds for the organization (BEYOND-9).
    Holds,
    /// A secret that the leaver's role could read (STATE-6).
    Secret,
    /// A grant (AUTH-3).
    Grant,
    /// A weakness of the organization that the case does not mend.
    Weakness,
}

/// The ordered claims of a case and its scope. Its hash is the digest of its stored bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What was asked for.
    pub terms: Terms,
    /// The account, pinned.
    pub subject: Account,
    /// The control members whose presence shows that a member list is complete.
    pub control: Vec<Account>,
    /// How many members there were.
    pub members: usize,
    /// The organization's policy.
    pub policy: Policy,
    /// The organization's own domains, again, for the judge.
    pub own_domains: Vec<String>,
    /// "As visible to" this credential.
    pub credential: String,
    /// The claims, in the order in which a person reads them.
    pub claims: Vec<Claim>,
    /// Every line of the runbook.
    pub scope: Vec<ScopeLine>,
    /// The content decisions and other choices that the approval covers.
    pub choices: BTreeMap<ClaimKey, Choice>,
    /// Why it cannot run.
    pub blockers: Vec<Blocker>,
    /// What a person should know.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// The exact bytes that are stored, hashed and approved.
    ///
    /// # Errors
    /// Never in practice: every part of a plan can be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// The claim with this key.
    pub fn claim(&self, key: &ClaimKey) -> Option<&Claim> {
        self.claims.iter().find(|claim| claim.key == *key)
    }
}

/// The keys of claims: stable, and made of vendor ids only.
pub mod keys {
    use super::{ClaimKey, Kind, ProjectId};
    use crate::provider::Way;

    /// The leaver is not a member.
    pub fn member_gone() -> ClaimKey {
        ClaimKey::from("member.gone")
    }

    /// The leaver's role is the lowest.
    pub fn role_lowest() -> ClaimKey {
        ClaimKey::from("member.role-lowest")
    }

    /// The leaver's role is at most the named one.
    pub fn role_lowered() -> ClaimKey {
        ClaimKey::from("member.role-lowered")
    }

    /// The leaver's role is not below what stays.
    pub fn role_stays() -> ClaimKey {
        ClaimKey::from("member.role-stays")
    }

    /// The teams that stay.
    pub fn teams_kept() -> ClaimKey {
        ClaimKey::from("member.teams-kept")
    }

    /// The leaver has no grant.
    pub fn grants_gone() -> ClaimKey {
        ClaimKey::from("member.grants-gone")
    }

    /// The grants that stay.
    pub fn grants_kept() -> ClaimKey {
        ClaimKey::from("member.grants-kept")
    }

    /// The leaver is in no team.
    pub fn teams_gone() -> ClaimKey {
        ClaimKey::from("member.teams-gone")
    }

    /// The leaver is in no data view.
    pub fn data_views() -> ClaimKey {
        ClaimKey::from("member.data-views-gone")
    }

    /// The SCIM record is inactive.
    pub fn scim() -> ClaimKey {
        ClaimKey::from("member.scim-inactive")
    }

    /// The SCIM record is gone.
    pub fn scim_gone() -> ClaimKey {
        ClaimKey::from("member.scim-gone")
    }

    /// No service account of the leaver is left.
    pub fn service_accounts() -> ClaimKey {
        ClaimKey::from("service-accounts.gone")
    }

    /// A service account has a replacement.
    pub fn replaced(id: u64) -> ClaimKey {
        ClaimKey::new(format!("service-account.replaced:{id}"))
    }

    /// Nothing of a kind in a project sends.
    pub fn sends(project: ProjectId, kind: Kind) -> ClaimKey {
        ClaimKey::new(format!("sender.{kind}:project={project}"))
    }

    /// A board has no public link.
    pub fn public_link(project: ProjectId, board: &str) -> ClaimKey {
        ClaimKey::new(format!("public-link.gone:project={project}:board={board}"))
    }

    /// An item is not shared with the leaver by name.
    pub fn unshared(project: ProjectId, kind: Kind, id: &str) -> ClaimKey {
        ClaimKey::new(format!("share.gone:project={project}:{kind}={id}"))
    }

    /// An item has a copy.
    pub fn copied(project: ProjectId, kind: Kind, id: &str) -> ClaimKey {
        ClaimKey::new(format!("copied:project={project}:{kind}={id}"))
    }

    /// An item has the successor as owner or contact.
    pub fn owned(project: ProjectId, kind: Kind, id: &str) -> ClaimKey {
        ClaimKey::new(format!("owned:project={project}:{kind}={id}"))
    }

    /// An item's description names the new owner.
    pub fn described(project: ProjectId, kind: Kind, id: &str) -> ClaimKey {
        ClaimKey::new(format!("described:project={project}:{kind}={id}"))
    }

    /// Every recipient list that was changed is what it was, minus the leaver.
    pub fn kept_recipients() -> ClaimKey {
        ClaimKey::from("kept.recipients")
    }

    /// The leaver's role is still what the approver saw.
    pub fn kept_role() -> ClaimKey {
        ClaimKey::from("kept.role")
    }

    /// A way of the identity provider into the application is closed.
    pub fn way(way: &Way) -> ClaimKey {
        match way {
            Way::Group(id) => ClaimKey::new(format!("sso.group:{id}")),
            Way::Rule(id) => ClaimKey::new(format!("sso.rule:{id}")),
            Way::Direct => ClaimKey::from("sso.direct"),
            Way::SelfService => ClaimKey::from("sso.self-service"),
            Way::Anyone => ClaimKey::from("sso.anyone"),
            Way::Job(id) => ClaimKey::new(format!("sso.job:{id}")),
            Way::Any => ClaimKey::from("sso.no-way-in"),
        }
    }

    /// Somebody closed the ways at a provider that is not read here.
    pub fn provider_ways() -> ClaimKey {
        ClaimKey::from("sso.ways-declared")
    }

    /// Somebody saw that it refuses the leaver.
    pub fn provider_refuses() -> ClaimKey {
        ClaimKey::from("sso.refusal-declared")
    }

    /// Nothing makes the account anew by itself.
    pub fn ways_back() -> ClaimKey {
        ClaimKey::from("sso.ways-back")
    }

    /// The sessions at the provider are ended.
    pub fn sessions_ended() -> ClaimKey {
        ClaimKey::from("sso.sessions")
    }

    /// Signing in fails.
    pub fn login_fails() -> ClaimKey {
        ClaimKey::from("sso.login-fails")
    }

    /// Whatever provisions has looked at the account since.
    pub fn synced() -> ClaimKey {
        ClaimKey::from("sso.synced")
    }

    /// Whoever is not given the application is refused.
    pub fn outsider_refused() -> ClaimKey {
        ClaimKey::from("sso.outsider-refused")
    }

    /// The provider does not make the account anew.
    pub fn not_recreated() -> ClaimKey {
        ClaimKey::from("sso.not-recreated")
    }

    /// Nobody else than the approver said yes to it.
    pub fn approval() -> ClaimKey {
        ClaimKey::from("authority.approval")
    }

    /// The approval's original.
    pub fn original() -> ClaimKey {
        ClaimKey::from("authority.original")
    }

    /// An item is dropped.
    pub fn dropped(project: ProjectId, kind: Kind, id: &str) -> ClaimKey {
        ClaimKey::new(format!("dropped:project={project}:{kind}={id}"))
    }
}
