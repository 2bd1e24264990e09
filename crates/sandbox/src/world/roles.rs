//! Organization and project roles (facts/mixpanel.md 2.1).

use serde::{Deserialize, Serialize};

/// A role in the organization; there is no role "none", `Member` is the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrgRole {
    Member,
    BillingAdmin,
    Admin,
    Owner,
}

impl OrgRole {
    /// The role of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "owner" => Some(Self::Owner),
            "admin" => Some(Self::Admin),
            "billing_admin" => Some(Self::BillingAdmin),
            "member" => Some(Self::Member),
            _ => None,
        }
    }

    /// The name as interfaces write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::BillingAdmin => "billing_admin",
            Self::Member => "member",
        }
    }

    /// May add, remove and re-role people and manage service accounts.
    pub(crate) fn manages_people(self) -> bool {
        self >= Self::Admin
    }
}

/// A role in a project, and the role literal of service accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Consumer,
    Analyst,
    Admin,
    Owner,
}

impl Role {
    /// The role of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "owner" => Some(Self::Owner),
            "admin" => Some(Self::Admin),
            "analyst" => Some(Self::Analyst),
            "consumer" => Some(Self::Consumer),
            _ => None,
        }
    }

    /// The name as interfaces write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Analyst => "analyst",
            Self::Consumer => "consumer",
        }
    }

    /// The `role_order` of the service-account list, a number without documented meaning.
    pub(crate) fn order(self) -> u8 {
        match self {
            Self::Owner => 1,
            Self::Admin => 2,
            Self::Analyst => 3,
            Self::Consumer => 4,
        }
    }

    /// What the role is worth in the organization when a service account bears it.
    pub(crate) fn in_organization(self) -> OrgRole {
        match self {
            Self::Owner => OrgRole::Owner,
            Self::Admin => OrgRole::Admin,
            Self::Analyst | Self::Consumer => OrgRole::Member,
        }
    }
}
