//! Deviations from the ordinary organization, by name.

use serde::Serialize;

use crate::options::{RosterLayout, ServiceAccountRole};

/// How the roster refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Refusal {
    /// 403 with the error envelope: "valid credential, not org admin" (facts/mixpanel.md 1.4).
    Forbidden,
    /// 200 with the HTML of a login page.
    Html,
}

/// Deviations from the ordinary organization. `Default` is the ordinary one.
///
/// | name for [`Variants::parse`] | field | effect |
/// |---|---|---|
/// | `roster-list` | `roster_layout` | the roster is a list of objects with role, teams and project grants with kind |
/// | `roster-map-by-address` | `roster_layout` | a map from address to object, with project roles but no grant kinds |
/// | `roster-map-by-id` | `roster_layout` | a map from user id to object, with role but no projects |
/// | `roster-bare` | `roster_layout` | a list of addresses |
/// | `roster-403` | `roster_refuses` | the roster answers 403 |
/// | `roster-html` | `roster_refuses` | the roster answers 200 with a login page |
/// | `only-owner` | `leaver_is_only_owner` | the leaver is the only owner |
/// | `duplicate-ignores-title` | `duplicate_ignores_title` | a board copy keeps title and description of its source |
/// | `copy-stops-halfway` | `copy_stops_halfway` | a board copy has only the first half of the reports |
/// | `claimed-domain-includes-leaver` | `claimed_domain_includes_leaver` | SCIM may change the leaver |
/// | `admin-service-account` | `service_account_role` | our credential is Admin in organization and projects, not Owner |
/// | `project-without-role` | `project_without_role` | our credential has no role in the second project: 403 |
/// | `credential-made-by-leaver` | `credential_made_by_leaver` | the leaver made our service account |
/// | `no-scim` | `no_scim` | the organization is not on Enterprise: SCIM answers 403 |
/// | `service-accounts-without-creator-email` | `service_accounts_as_documented` | service accounts have the documented fields only: `creator` is an id |
/// | `scim-claimed-domains-only` | `scim_claimed_domains_only` | SCIM shows only people on claimed domains |
/// | `workspace-enterprise` | `workspace_enterprise` | the Google Workspace may search for groups in groups |
/// | `workspace-failures-unnamed` | `workspace_failures_unnamed` | Google's log of refused logins does not name the application |
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, set by name")]
pub struct Variants {
    /// Layout of `GET /organizations/{org}/users/`; `None` lets the seed choose (seed modulo 4).
    pub roster_layout: Option<RosterLayout>,
    /// The roster refuses to be read.
    pub roster_refuses: Option<Refusal>,
    /// The leaver is the only owner of the organization; the others are admins.
    pub leaver_is_only_owner: bool,
    /// `POST dashboards {duplicate}` ignores title and description of the request.
    pub duplicate_ignores_title: bool,
    /// `POST dashboards {duplicate}` makes a board without all of its reports, and still answers success.
    pub copy_stops_halfway: bool,
    /// The agency's domain is claimed by the customer, so SCIM reaches the leaver.
    pub claimed_domain_includes_leaver: bool,
    /// Role of the product's own service account, in the organization and in every project.
    pub service_account_role: ServiceAccountRole,
    /// The product's own service account has no role in the second project.
    pub project_without_role: bool,
    /// The product's own service account was made by the leaver.
    pub credential_made_by_leaver: bool,
    /// The plan has no SCIM.
    pub no_scim: bool,
    /// Service accounts are shown with the documented fields only: the maker is `creator`, a user id, without address and
    /// name (facts/mixpanel.md 3).
    pub service_accounts_as_documented: bool,
    /// `GET /Users`, lists and single reads, knows only people on claimed domains, though it is said to list everybody
    /// (facts/mixpanel.md 2.3, X.3).
    pub scim_claimed_domains_only: bool,
    /// The Google Workspace has an edition whose `searchTransitiveGroups` answers; others get 403.
    pub workspace_enterprise: bool,
    /// `login_failure` comes without `application_name`, as administrators report it where the application was never reached.
    pub workspace_failures_unnamed: bool,
}

impl Variants {
    /// The names that [`Variants::parse`] knows.
    pub const NAMES: [&'static str; 18] = [
        "roster-list",
        "roster-map-by-address",
        "roster-map-by-id",
        "roster-bare",
        "roster-403",
        "roster-html",
        "only-owner",
        "duplicate-ignores-title",
        "copy-stops-halfway",
        "claimed-domain-includes-leaver",
        "admin-service-account",
        "project-without-role",
        "credential-made-by-leaver",
        "no-scim",
        "service-accounts-without-creator-email",
        "scim-claimed-domains-only",
        "workspace-enterprise",
        "workspace-failures-unnamed",
    ];

    /// Reads a comma-separated list of the names in the table above; blanks around names and empty parts are fine.
    ///
    /// # Errors
    ///
    /// A message naming the unknown variant and all known ones.
    pub fn parse(names: &str) -> Result<Self, String> {
        let mut variants = Self::default();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "roster-list" => variants.roster_layout = Some(RosterLayout::List),
                "roster-map-by-address" => {
                    variants.roster_layout = Some(RosterLayout::MapByAddress);
                }
                "roster-map-by-id" => variants.roster_layout = Some(RosterLayout::MapById),
                "roster-bare" => variants.roster_layout = Some(RosterLayout::Bare),
                "roster-403" => variants.roster_refuses = Some(Refusal::Forbidden),
                "roster-html" => variants.roster_refuses = Some(Refusal::Html),
                "only-owner" => variants.leaver_is_only_owner = true,
                "duplicate-ignores-title" => variants.duplicate_ignores_title = true,
                "copy-stops-halfway" => variants.copy_stops_halfway = true,
                "claimed-domain-includes-leaver" => variants.claimed_domain_includes_leaver = true,
                "admin-service-account" => {
                    variants.service_account_role = ServiceAccountRole::Admin;
                }
                "project-without-role" => variants.project_without_role = true,
                "credential-made-by-leaver" => variants.credential_made_by_leaver = true,
                "no-scim" => variants.no_scim = true,
                "service-accounts-without-creator-email" => variants.service_accounts_as_documented = true,
                "scim-claimed-domains-only" => variants.scim_claimed_domains_only = true,
                "workspace-enterprise" => variants.workspace_enterprise = true,
                "workspace-failures-unnamed" => variants.workspace_failures_unnamed = true,
                unknown => {
                    return Err(format!("unknown variant \"{unknown}\"; known are {}", Self::NAMES.join(", ")));
                }
            }
        }
        Ok(variants)
    }
}
