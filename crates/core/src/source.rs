//! What can be read, and as whom: the unit of reading, pacing and grouping.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{CredentialName, PersonId, ProjectId, VendorOrg};

/// One thing that one credential can read from one vendor tenant. Probes that name the same source share one read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The vendor's organization.
    pub tenant: VendorOrg,
    /// Which of our credentials reads; what a list shows depends on it (`facts/mixpanel.md` 4.2).
    pub credential: CredentialName,
    /// What is read.
    pub what: What,
}

/// The readable things of a Mixpanel organization (`facts/mixpanel.md` 2 to 5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// `/me`: who we are, our role and permissions, the projects we see, the members of data views (2.5).
    Me,
    /// The organization's member list (2.4).
    Roster,
    /// SCIM `GET /Users`, to the last page (2.3).
    ScimUsers,
    /// The organization's teams (2.4); where that call refuses and SCIM is there, its groups (2.3).
    Teams,
    /// The organization's projects, with secrets redacted (2.4).
    Projects,
    /// Every service account of the organization (3).
    ServiceAccounts,
    /// One service account by id; 404 after deletion (3).
    ServiceAccount(u64),
    /// The service accounts of one project, with the kind of their grant (3).
    ProjectServiceAccounts(ProjectId),
    /// Every item of one kind in one project (4.3).
    List(ProjectId, Kind),
    /// One item by id (4.3).
    Object(ProjectId, Kind, String),
    /// The share list of one item (4.4).
    Shares(ProjectId, Kind, String),
    /// The boards that show a report, its own board among them (4.3, `linked-dashboard-ids` and `dashboard-ids`).
    LinkedBoards(ProjectId, String),
    /// The jobs of the legacy pipelines of one project; they have names and no makers (5.3).
    LegacyPipelines(ProjectId),
    /// The data of one report through the Query API, within its 60 an hour (1.3, XFER-2).
    ReportData(ProjectId, String),
    /// Whether the credential of this name is accepted by `/me` (8).
    Accepts(CredentialName),
    /// The accounts at the identity provider that bear one of this person's addresses
    /// (`facts/identity-providers.md` A.1).
    ProviderAccounts(PersonId),
    /// Everything at the provider that gives this account of the provider the application.
    Ways(String),
    /// Whether this group of the provider gives the application, by its id.
    GroupGives(String),
    /// One rule of the provider, by its id.
    ProviderRule(String),
    /// What the provider's log tells of this account and the application, as far back as a case looks.
    ProviderLog(String),
    /// How signing in to the application ends for the organization's two canaries: one that is given it, and one that is not
    /// (`facts/identity-providers.md` A6, rung 3).
    CanarySignIns,
}

impl What {
    /// The project it belongs to; `None` for the organization's own lists.
    pub fn project(&self) -> Option<ProjectId> {
        match self {
            Self::Me
            | Self::Roster
            | Self::ScimUsers
            | Self::Teams
            | Self::Projects
            | Self::ServiceAccounts
            | Self::ServiceAccount(_)
            | Self::Accepts(_)
            | Self::ProviderAccounts(_)
            | Self::Ways(_)
            | Self::GroupGives(_)
            | Self::ProviderRule(_)
            | Self::ProviderLog(_)
            | Self::CanarySignIns => None,
            Self::ProjectServiceAccounts(project)
            | Self::List(project, _)
            | Self::Object(project, ..)
            | Self::Shares(project, ..)
            | Self::LinkedBoards(project, _)
            | Self::LegacyPipelines(project)
            | Self::ReportData(project, _) => Some(*project),
        }
    }

    /// Whether it is read at the identity provider.
    pub fn is_at_provider(&self) -> bool {
        matches!(
            self,
            Self::ProviderAccounts(_)
                | Self::Ways(_)
                | Self::GroupGives(_)
                | Self::ProviderRule(_)
                | Self::ProviderLog(_)
        )
    }

    /// The project whose list of items it is.
    pub fn list_of(&self) -> Option<ProjectId> {
        if let Self::List(project, _) = self { Some(*project) } else { None }
    }
}

impl What {
    /// Whether the journal keeps the ids that it shows, because its completeness is judged by them.
    pub fn is_tracked(&self) -> bool {
        match self {
            Self::ServiceAccounts | Self::Teams => true,
            // A board is compared with its copy by its reports.
            Self::List(_, kind) => kind.sends() || *kind == Kind::Report,
            Self::Me
            | Self::Roster
            | Self::ScimUsers
            | Self::Projects
            | Self::ServiceAccount(_)
            | Self::ProjectServiceAccounts(_)
            | Self::Object(..)
            | Self::Shares(..)
            | Self::LinkedBoards(..)
            | Self::LegacyPipelines(_)
            | Self::ReportData(..)
            | Self::Accepts(_)
            | Self::ProviderAccounts(_)
            | Self::Ways(_)
            | Self::GroupGives(_)
            | Self::ProviderRule(_)
            | Self::ProviderLog(_)
            | Self::CanarySignIns => false,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => f.write_str("me"),
            Self::Roster => f.write_str("roster"),
            Self::ScimUsers => f.write_str("scim-users"),
            Self::Teams => f.write_str("teams"),
            Self::Projects => f.write_str("projects"),
            Self::ServiceAccounts => f.write_str("service-accounts"),
            Self::ServiceAccount(id) => write!(f, "service-account/{id}"),
            Self::ProjectServiceAccounts(project) => write!(f, "project/{project}/service-accounts"),
            Self::List(project, kind) => write!(f, "project/{project}/{kind}"),
            Self::Object(project, kind, id) => write!(f, "project/{project}/{kind}/{id}"),
            Self::Shares(project, kind, id) => write!(f, "project/{project}/{kind}/{id}/shares"),
            Self::LinkedBoards(project, id) => write!(f, "project/{project}/report/{id}/boards"),
            Self::LegacyPipelines(project) => write!(f, "project/{project}/legacy-pipelines"),
            Self::ReportData(project, id) => write!(f, "project/{project}/report/{id}/data"),
            Self::Accepts(name) => write!(f, "credential/{name}"),
            Self::ProviderAccounts(person) => write!(f, "provider/accounts-of/{person}"),
            Self::Ways(account) => write!(f, "provider/account/{account}"),
            Self::GroupGives(group) => write!(f, "provider/group/{group}"),
            Self::ProviderRule(rule) => write!(f, "provider/rule/{rule}"),
            Self::ProviderLog(account) => write!(f, "provider/log/{account}"),
            Self::CanarySignIns => f.write_str("provider/canary-sign-ins"),
        }
    }
}

/// A kind of thing that lives in a project (`facts/mixpanel.md` 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A board (the vendor's `dashboard`).
    Board,
    /// A report (the vendor's `bookmark`).
    Report,
    /// A cohort.
    Cohort,
    /// A custom event.
    CustomEvent,
    /// A custom property.
    CustomProperty,
    /// A saved metric or formula: the only content with a settable owner (4.1).
    Metric,
    /// A saved behavior.
    Behavior,
    /// An annotation.
    Annotation,
    /// A custom alert.
    Alert,
    /// A board subscription (the vendor's `email_digest`).
    Subscription,
    /// A notification webhook.
    Webhook,
    /// A feature flag.
    Flag,
    /// An experiment.
    Experiment,
    /// An agentic automation (`agent_flow`).
    Automation,
    /// A cohort sync (outgoing integration).
    CohortSync,
    /// A data pipeline (`connector`).
    Pipeline,
    /// A warehouse source.
    WarehouseSource,
    /// A warehouse import.
    WarehouseImport,
    /// A lexicon schema entry with its contacts (documented Schemas API).
    Schema,
    /// A data view (`workspace`).
    DataView,
    /// A request to delete events, with the person who asked (BEYOND-6).
    DeletionRequest,
    /// The project's schema-enforcement settings: one item, with addresses that get mail.
    SchemaSettings,
    /// A metric tree (`canvas`).
    Canvas,
}

impl Kind {
    /// The kinds that have a list of their own to be read.
    pub fn listed() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kind| *kind != Self::CohortSync)
    }

    /// Every kind, in the order in which an inventory shows them.
    pub const ALL: [Self; 23] = [
        Self::Board,
        Self::Report,
        Self::Cohort,
        Self::CustomEvent,
        Self::CustomProperty,
        Self::Metric,
        Self::Behavior,
        Self::Annotation,
        Self::Alert,
        Self::Subscription,
        Self::Webhook,
        Self::Flag,
        Self::Experiment,
        Self::Automation,
        Self::CohortSync,
        Self::Pipeline,
        Self::WarehouseSource,
        Self::WarehouseImport,
        Self::Schema,
        Self::DataView,
        Self::DeletionRequest,
        Self::SchemaSettings,
        Self::Canvas,
    ];

    /// Whether things of this kind send something to somebody (STATE-7).
    pub fn sends(self) -> bool {
        matches!(self, Self::Subscription | Self::Alert | Self::Webhook | Self::Automation | Self::SchemaSettings)
    }

    /// The word for it in keys, tables and files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Report => "report",
            Self::Cohort => "cohort",
            Self::CustomEvent => "custom-event",
            Self::CustomProperty => "custom-property",
            Self::Metric => "metric",
            Self::Behavior => "behavior",
            Self::Annotation => "annotation",
            Self::Alert => "alert",
            Self::Subscription => "subscription",
            Self::Webhook => "webhook",
            Self::Flag => "flag",
            Self::Experiment => "experiment",
            Self::Automation => "automation",
            Self::CohortSync => "cohort-sync",
            Self::Pipeline => "pipeline",
            Self::WarehouseSource => "warehouse-source",
            Self::WarehouseImport => "warehouse-import",
            Self::Schema => "schema",
            Self::DataView => "data-view",
            Self::DeletionRequest => "deletion-request",
            Self::SchemaSettings => "schema-settings",
            Self::Canvas => "metric-tree",
        }
    }

    /// The word for several of them, for people.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Board => "boards",
            Self::Report => "reports",
            Self::Cohort => "cohorts",
            Self::CustomEvent => "custom events",
            Self::CustomProperty => "custom properties",
            Self::Metric => "saved metrics",
            Self::Behavior => "saved behaviors",
            Self::Annotation => "annotations",
            Self::Alert => "alerts",
            Self::Subscription => "board subscriptions",
            Self::Webhook => "webhooks",
            Self::Flag => "feature flags",
            Self::Experiment => "experiments",
            Self::Automation => "automations",
            Self::CohortSync => "cohort syncs",
            Self::Pipeline => "pipelines",
            Self::WarehouseSource => "warehouse sources",
            Self::WarehouseImport => "warehouse imports",
            Self::Schema => "lexicon entries",
            Self::DataView => "data views",
            Self::DeletionRequest => "deletion requests",
            Self::SchemaSettings => "schema-enforcement notices",
            Self::Canvas => "metric trees",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
