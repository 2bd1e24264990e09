//! What a connector brings back from one read. A reading states facts; only the judge draws conclusions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{Address, Digest, ProjectId};
use crate::provider::{CanarySignIns, LogEntry, ProviderAccount, Rule, Ways};
use crate::source::{Kind, Source};

/// One read of one source, with everything that the judgement of a claim may lean on.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What was read, and as whom.
    pub source: Source,
    /// When the first byte of the first request left us.
    pub sent_at: Timestamp,
    /// When the last byte of the last answer had arrived.
    pub ended_at: Timestamp,
    /// What the vendor showed, or why nothing can be said.
    pub result: Result<Snapshot, Failure>,
    /// Whether every page up to the vendor's own end mark was read.
    pub to_the_end: bool,
    /// Digests of the raw answers, in the order in which they came.
    pub captures: Vec<Digest>,
}

/// Why a read shows nothing. None of these ever makes a claim hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// 401: the credential is not valid.
    #[error("the vendor does not accept the credential (401)")]
    Unauthorized,
    /// 403: a valid credential without the right to see this.
    #[error("the credential may not see this (403)")]
    Forbidden,
    /// 404 on a list or a path: not available on this plan, or a wrong id. For an item read by id see [`Snapshot::Absent`].
    #[error("the vendor does not know this address (404)")]
    NotFound,
    /// 429: too many requests; not before this many seconds.
    #[error("the vendor limits the rate (429), try again in {after_seconds} s")]
    Limited {
        /// From `Retry-After` or the `RateLimit` headers; 1 when neither was sent.
        after_seconds: u64,
    },
    /// 5xx.
    #[error("the vendor failed ({status})")]
    Server {
        /// The HTTP status.
        status: u16,
    },
    /// HTTP 200 with `status: "error"`, or a 4xx not named above (`facts/mixpanel.md` 1.4).
    #[error("the vendor answered with an error ({status})")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// A web page where JSON was due: a login page, a proxy.
    #[error("a web page came instead of data")]
    Html,
    /// A redirect where none is followed.
    #[error("the vendor redirected ({status})")]
    Redirected {
        /// The HTTP status.
        status: u16,
    },
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The connection failed or was cut.
    #[error("the connection failed")]
    Network,
    /// The answer was not of a shape that can be read.
    #[error("the answer could not be read: {0}")]
    Malformed(String),
    /// Pages are missing, or the vendor's own count disagrees with what came.
    #[error("the answer is not complete: {0}")]
    Incomplete(String),
    /// The configuration gives no credential or no route for this source.
    #[error("not configured: {0}")]
    NotConfigured(String),
}

impl Failure {
    /// After how many seconds it is worth trying again; `None` for what does not pass by itself.
    pub fn passes_after(&self) -> Option<u64> {
        match self {
            Self::Limited { after_seconds } => Some((*after_seconds).max(1)),
            // HTTP 200 with an error inside says nothing about how long it lasts.
            Self::Server { .. }
            | Self::TimedOut
            | Self::Network
            | Self::Incomplete(_)
            | Self::Refused { status: 200 } => Some(2),
            Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::Refused { .. }
            | Self::Html
            | Self::Redirected { .. }
            | Self::Malformed(_)
            | Self::NotConfigured(_) => None,
        }
    }
}

/// What one read showed.
#[derive(Debug, Clone, PartialEq)]
pub enum Snapshot {
    /// `/me`.
    Me(Me),
    /// The roster or the SCIM list.
    Roster(Roster),
    /// A list of items.
    Items(Vec<Item>),
    /// One item by id.
    One(Box<Item>),
    /// The vendor says that no such item exists (404 on an id).
    Absent,
    /// The share list of one item.
    Shares(Shares),
    /// The teams.
    Teams(Teams),
    /// Data kept as evidence and not looked into.
    Data,
    /// A credential was accepted (`true`) or answered 401 (`false`).
    Accepted(bool),
    /// The accounts at the identity provider.
    Accounts(Vec<ProviderAccount>),
    /// The ways of one account into the application.
    Ways(Box<Ways>),
    /// Whether a group gives the application.
    Gives(bool),
    /// One rule of the identity provider.
    Rule(Box<Rule>),
    /// The identity provider's log of one account.
    Log(Vec<LogEntry>),
    /// How signing in ended for the canaries.
    SignIns(CanarySignIns),
}

impl Snapshot {
    /// The list of items.
    pub fn items(&self) -> Option<&[Item]> {
        if let Self::Items(items) = self { Some(items) } else { None }
    }

    /// The member list.
    pub fn roster(&self) -> Option<&Roster> {
        if let Self::Roster(roster) = self { Some(roster) } else { None }
    }

    /// Who we are.
    pub fn me(&self) -> Option<&Me> {
        if let Self::Me(me) = self { Some(me) } else { None }
    }

    /// One item by id: `Some(None)` when the vendor says that there is none.
    pub fn one(&self) -> Option<Option<&Item>> {
        if let Self::One(item) = self {
            return Some(Some(item));
        }
        matches!(self, Self::Absent).then_some(None)
    }

    /// The share list.
    pub fn shares(&self) -> Option<&Shares> {
        if let Self::Shares(shares) = self { Some(shares) } else { None }
    }

    /// The teams.
    pub fn teams(&self) -> Option<&Teams> {
        if let Self::Teams(teams) = self { Some(teams) } else { None }
    }

    /// The accounts at the identity provider.
    pub fn accounts(&self) -> Option<&[ProviderAccount]> {
        if let Self::Accounts(accounts) = self { Some(accounts) } else { None }
    }

    /// The ways of one account into the application.
    pub fn ways(&self) -> Option<&Ways> {
        if let Self::Ways(ways) = self { Some(ways) } else { None }
    }

    /// Whether a group gives the application.
    pub fn gives(&self) -> Option<bool> {
        if let Self::Gives(gives) = self { Some(*gives) } else { None }
    }

    /// One rule: `Some(None)` when the provider says that there is none.
    pub fn rule(&self) -> Option<Option<&Rule>> {
        if let Self::Rule(rule) = self {
            return Some(Some(rule));
        }
        matches!(self, Self::Absent).then_some(None)
    }

    /// The identity provider's log of one account.
    pub fn log(&self) -> Option<&[LogEntry]> {
        if let Self::Log(entries) = self { Some(entries) } else { None }
    }

    /// How signing in ended for the canaries.
    pub fn sign_ins(&self) -> Option<&CanarySignIns> {
        if let Self::SignIns(ended) = self { Some(ended) } else { None }
    }

    /// Whether a credential was accepted.
    pub fn accepted(&self) -> Option<bool> {
        if let Self::Accepted(accepted) = self { Some(*accepted) } else { None }
    }
}

/// Who we are for the vendor, and what we may see (`facts/mixpanel.md` 2.5).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Me {
    /// The vendor's id of the account behind our credential.
    pub user_id: Option<String>,
    /// Its address; service accounts have one too.
    pub address: Option<String>,
    /// Our role in the organization; `None` when we are not in it.
    pub role: Option<OrgRole>,
    /// The permission strings in the organization, such as `delete_members`.
    pub permissions: Vec<String>,
    /// Whether the organization was named at all in the answer.
    pub sees_organization: bool,
    /// The projects of the organization that we see, by id.
    pub projects: BTreeMap<ProjectId, ProjectSeen>,
    /// The members of the data views that we see: data view id to members.
    pub view_members: Vec<ViewMember>,
}

/// One project as `/me` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProjectSeen {
    /// Its name.
    pub name: String,
    /// Our role in it; `None` when we have none and its content stays unseen.
    pub role: Option<String>,
    /// The data view to use: all project data, else the default one, else the first (1.6).
    pub data_view: Option<u64>,
    /// The vendor's id of the person who owns it, where shown (`owner_id`; 2.5).
    pub owner: Option<String>,
}

/// A person in a data view that we see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewMember {
    /// The project of the data view.
    pub project: ProjectId,
    /// The data view.
    pub view: u64,
    /// Whether the view is restricted: then membership is a grant of its own (BEYOND-3).
    pub restricted: bool,
    /// The person's vendor id.
    pub id: Option<String>,
    /// The person's address.
    pub address: Option<Address>,
    /// Invited and not yet joined.
    pub invited: bool,
}

/// The roles of an organization, lowest first: `facts/mixpanel.md` 2.1. There is no role "None".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrgRole {
    /// The lowest: no organization permission.
    Member,
    /// Billing only.
    BillingAdmin,
    /// May manage people whose role is below their own.
    Admin,
    /// May do everything; at least one must exist.
    Owner,
}

impl OrgRole {
    /// Reads the vendor's spelling without regard to case, spaces, hyphens and underscores.
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
        match plain.as_str() {
            "owner" => Some(Self::Owner),
            "admin" => Some(Self::Admin),
            "billingadmin" | "billing" => Some(Self::BillingAdmin),
            "member" | "none" => Some(Self::Member),
            _ => None,
        }
    }

    /// The vendor's word, for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Admin => "Admin",
            Self::BillingAdmin => "Billing Admin",
            Self::Member => "Member",
        }
    }
}

/// The member list, however the vendor laid it out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roster {
    /// Every person found, in the order of their addresses.
    pub members: Vec<Member>,
    /// Whether the answer shows organization roles at all.
    pub shows_roles: bool,
    /// Whether the answer shows project grants at all. If not, grants are unknown, never none (AUTH-3).
    pub shows_grants: bool,
    /// The kinds of grant that occur anywhere in the answer. A kind that no member has is one that this layout may not
    /// be able to show: its absence from one person says nothing (`facts/mixpanel.md` 2.1, 2.4).
    pub grant_kinds: BTreeSet<GrantKind>,
    /// Everybody else on the list, where it was read with a [`Focus`](crate::planner::Focus).
    pub others: Others,
}

/// Members of whom nothing is kept but that they are listed: eight bytes of the digest of each address, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Others {
    addresses: Vec<u64>,
}

impl Others {
    /// Somebody else is listed. The order is made later, by [`Roster::in_order`].
    pub fn add(&mut self, address: &Address) {
        self.addresses.push(Self::of(address));
    }

    /// The others of the same list, read before.
    pub fn extend(&mut self, more: Self) {
        self.addresses.extend(more.addresses);
    }

    fn of(address: &Address) -> u64 {
        let digest = Digest::of(address.as_str().as_bytes());
        digest.bytes().first_chunk().copied().map(u64::from_be_bytes).unwrap_or_default()
    }
}

impl Roster {
    /// How many people are listed.
    pub fn len(&self) -> usize {
        self.members.len() + self.others.addresses.len()
    }

    /// Whether nobody is listed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether somebody with this address is listed.
    pub fn lists(&self, address: &Address) -> bool {
        self.others.addresses.binary_search(&Others::of(address)).is_ok() || self.by_address(address).is_some()
    }

    /// Takes in what this person shows about the whole list.
    pub fn notice(&mut self, member: &Member) {
        self.shows_roles |= member.role.is_some();
        self.shows_grants |= member.grants.is_some();
        self.grant_kinds.extend(member.grants.iter().flatten().map(|grant| grant.kind));
    }

    /// Puts the people in the order of their addresses.
    pub fn in_order(&mut self) {
        self.members.sort_unstable_by(|one, other| one.address.cmp(&other.address));
        self.members.shrink_to_fit();
        self.others.addresses.sort_unstable();
    }

    /// The member with this address.
    pub fn by_address(&self, address: &Address) -> Option<&Member> {
        self.members.iter().find(|member| member.address == *address)
    }

    /// The member with this vendor id.
    pub fn by_id(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.id.as_deref() == Some(id))
    }
}

/// One person on the member list. What the vendor does not show is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The vendor's id.
    pub id: Option<String>,
    /// The address in lower case.
    pub address: Address,
    /// The display name.
    pub name: Option<String>,
    /// The role in the organization.
    pub role: Option<OrgRole>,
    /// The project grants.
    pub grants: Option<Vec<Grant>>,
    /// `false`: deactivated by SCIM and still listed.
    pub active: Option<bool>,
    /// Last activity, where shown (no documented field; `facts/mixpanel.md` 9.4).
    pub last_seen: Option<String>,
    /// Date of creation, where shown.
    pub created: Option<String>,
}

/// One way in which a person has access to a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// Through what.
    pub kind: GrantKind,
    /// To which project; `None` when the vendor does not say.
    pub project: Option<ProjectId>,
    /// With which project role.
    pub role: Option<String>,
    /// The team, where the grant comes through one.
    pub team: Option<String>,
}

/// The kinds of grant that must be told apart (REMOVE-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantKind {
    /// Given to the person.
    Individual,
    /// Given to a team that the person is in.
    Team,
    /// Given to everybody in the organization; cannot be taken from one person.
    AllUsers,
    /// Comes with the organization role; cannot be taken from one person.
    OrganizationRole,
    /// Shown without its kind.
    Unknown,
}

impl GrantKind {
    /// The word in reasons and documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Team => "team",
            Self::AllUsers => "all-users",
            Self::OrganizationRole => "organization-role",
            Self::Unknown => "unknown",
        }
    }
}

/// A person as vendor objects name their maker. A few people make the thousands of things of a list, so the things share them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Maker {
    /// The vendor's id.
    pub id: Option<String>,
    /// The address in lower case.
    pub address: Option<Address>,
    /// The display name.
    pub name: Option<String>,
}

impl Maker {
    /// Whether this names the person with that vendor id or that address. Either is enough: an account may have been made anew under
    /// the same address, and an address may have changed under the same id.
    pub fn is(&self, id: Option<&str>, address: &Address) -> bool {
        (id.is_some() && self.id.as_deref() == id) || self.address.as_ref() == Some(address)
    }
}

/// Where something sends to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// A mail address, as the vendor spells it and in lower case.
    Mail(Address),
    /// A text in a place for addresses that is not one.
    Other(String),
    /// A Slack channel or person.
    Slack(String),
    /// A URL; only its host is kept.
    Host(String),
}

/// One thing in a project, reduced to what claims and plans need; the raw answer is in the capture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Item {
    /// The vendor's id, as text.
    pub id: String,
    /// Its title or name. Never in a key or an event.
    pub title: String,
    /// Who made it.
    pub maker: Option<Arc<Maker>>,
    /// Its settable owner (`owned_by` of a saved metric alone) or contacts (lexicon): the only two true owner fields (XFER-6).
    pub owners: Vec<Maker>,
    /// Whom it sends to.
    pub recipients: Vec<Recipient>,
    /// `true`: only its maker sees it.
    pub private: Option<bool>,
    /// Whether it is shared with the whole project.
    pub shared: Option<bool>,
    /// Pinned in its project.
    pub pinned: bool,
    /// Views, where counted.
    pub views: Option<u64>,
    /// Public links that work without login (REMOVE-9).
    pub public_links: Option<u64>,
    /// The board that a report was saved on (`dashboard_id`).
    pub part_of: Option<String>,
    /// The digest of what makes it what it is, for comparing a copy with its source: for a report the canonical JSON
    /// of `type` and `params`; for a cohort that of its definition; for a board that of its filters, breakdowns and
    /// time filter. Ids, makers, titles and dates are left out, in lists and in single items alike. `None` when the answer does not show it.
    pub definition: Option<Digest>,
    /// What it uses, by id; for a cohort also the live integrations that it feeds ([`Kind::CohortSync`]).
    pub uses: Vec<(Kind, String)>,
    /// Live integrations that it feeds; such a cohort is never deleted (XFER-3).
    pub feeds: usize,
    /// Paused, archived or switched off.
    pub paused: Option<bool>,
    /// The vendor's own word for its state, such as `draft` or `active`.
    pub status: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// When it was made, as the vendor writes it.
    pub created: Option<String>,
    /// When it was last changed.
    pub modified: Option<String>,
    /// Who changed it last, where shown.
    pub editor: Option<Arc<Maker>>,
    /// When it was last used (service accounts).
    pub last_used: Option<String>,
    /// Its role, where it has one (service accounts).
    pub role: Option<String>,
    /// The projects it has a grant in, where shown (service accounts).
    pub projects: Vec<Grant>,
    /// The whole object, for items read by id; `Null` in lists.
    pub raw: serde_json::Value,
}

/// The share list of one item (`facts/mixpanel.md` 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shares {
    /// People by vendor id and, where shown, address.
    pub people: Vec<Maker>,
    /// Teams by id.
    pub teams: Vec<String>,
    /// Whether it is shared with its whole project.
    pub project: bool,
    /// Whether the project may edit.
    pub project_can_edit: bool,
}

/// The teams of the organization (`facts/mixpanel.md` 2.4), or the SCIM groups that stand in for them (2.3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Teams {
    /// Every team that is shown.
    pub teams: Vec<Team>,
    /// Whether they are SCIM groups: then people are named by their SCIM ids.
    pub by_scim: bool,
}

impl Teams {
    /// The team with this id.
    pub fn by_id(&self, id: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.id == id)
    }
}

/// One team, however the vendor laid it out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Team {
    /// The vendor's id.
    pub id: String,
    /// Its name. Never in a key or an event.
    pub name: String,
    /// Who is in it; `None` where the answer does not show that.
    pub members: Option<Vec<Maker>>,
    /// What it gives; `None` where the answer does not show that: unknown, never none (AUTH-3).
    pub grants: Option<Vec<Grant>>,
}
