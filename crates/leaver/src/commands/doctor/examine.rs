//! The checks of one organization.

use std::collections::BTreeMap;

use leaver_core::ids::ProjectId;
use leaver_core::planner::{first_reads, project_reads};
use leaver_core::reading::{Failure as Unread, Item, Me, OrgRole, Snapshot};
use leaver_core::source::What;
use leaver_engine::Organization;

use super::Check;
use crate::wiring::App;

/// What gives our credential the role that it needs in a project.
const ROLE_CLICKS: &str = "needed: project role Owner; Project Settings > Service Accounts > Add, choose our service account, project role Owner";

pub(super) async fn examine(app: &App, org: &Organization, checks: &mut Vec<Check>) {
    let name = org.name.to_string();
    let mut add = |check: &str, result: &'static str, says: String, mend: Option<String>| {
        checks.push(Check { org: name.clone(), of: check.to_owned(), result, says, mend });
    };
    let mut me = None;
    let mut listed: Vec<Item> = Vec::new();
    for what in first_reads(org.scim) {
        let reading = org.vendor.read(&org.source(what.clone())).await;
        match (&what, reading.result) {
            (What::Me, Ok(Snapshot::Me(seen))) => {
                if !seen.sees_organization {
                    add(
                        "credential",
                        "missing",
                        "it does not see the organization".to_owned(),
                        Some(
                            "compare 'id' and 'region' in leaver.toml with the address of your Mixpanel pages"
                                .to_owned(),
                        ),
                    );
                    return;
                }
                let may = seen.role == Some(OrgRole::Owner)
                    || seen.permissions.iter().any(|permission| permission == "delete_members");
                let role = seen.role.map_or("no role", OrgRole::word);
                let mend = (!may).then(|| {
                    "Organization Settings > Service Accounts: give it the organization role Owner".to_owned()
                });
                add(
                    "credential",
                    if may { "good" } else { "missing" },
                    format!("accepted, organization role {role}"),
                    mend,
                );
                me = Some(seen);
            }
            (What::Roster, Ok(Snapshot::Roster(roster))) => {
                let shows = |yes: bool, what: &str| format!("{} {what}", if yes { "with" } else { "without" });
                add(
                    "member list",
                    "good",
                    format!(
                        "{} members, {}, {}",
                        roster.members.len(),
                        shows(roster.shows_roles, "roles"),
                        shows(roster.shows_grants, "project grants")
                    ),
                    None,
                );
                let owners = roster.members.iter().filter(|member| member.role == Some(OrgRole::Owner)).count();
                if roster.shows_roles && owners < 2 {
                    add(
                        "owners",
                        "missing",
                        format!("{owners} owner"),
                        Some(
                            "make a second owner: if the only one leaves, nobody but the vendor's support can help"
                                .to_owned(),
                        ),
                    );
                }
            }
            (What::ScimUsers, Ok(Snapshot::Roster(roster))) => {
                add("SCIM", "good", format!("{} people", roster.members.len()), Some("if an identity provider owns SCIM here, never make a new SCIM token in Mixpanel: it cuts the provider off".to_owned()));
            }
            (What::Projects, Ok(Snapshot::Items(projects))) => {
                add("projects", "good", format!("{} projects", projects.len()), None);
                listed = projects;
            }
            (_, Ok(_)) => add(&what.to_string(), "good", "can be read".to_owned(), None),
            (What::Me, Err(Unread::Unauthorized)) => {
                let (says, mend) = not_accepted(
                    app.region_that_knows(org.name.as_str()).await,
                    app.config.organizations.get(org.name.as_str()).is_some_and(|known| known.base_url.is_some()),
                );
                add("credential", "missing", says, Some(mend));
                return;
            }
            (_, Err(failure)) => {
                let result =
                    if matches!(failure, Unread::Unauthorized | Unread::Forbidden | Unread::NotFound | Unread::Html) {
                        "missing"
                    } else {
                        "unavailable"
                    };
                let mend = match (&what, &failure) {
                    (What::Roster, _) => {
                        Some("the removal is then proved by SCIM, by data views, or by a named person's word")
                    }
                    (What::ScimUsers, _) => Some(
                        "check the token in Organization Settings > Access Security > SCIM; take the section [organizations.NAME.scim] out where an identity provider owns SCIM",
                    ),
                    (What::Projects, _) => Some("a project in which our credential has no role may stay unnoticed"),
                    _ => None,
                };
                let mend = mend.map(str::to_owned);
                add(&what.to_string(), result, failure.to_string(), mend);
                if what == What::Me {
                    return;
                }
            }
        }
    }
    if !org.scim {
        add(
            "SCIM",
            "off",
            "no token is configured".to_owned(),
            Some(
                "needed only where no identity provider owns SCIM: making a new token in Mixpanel cuts a provider off"
                    .to_owned(),
            ),
        );
    }
    let Some(me) = me else { return };
    for (project, name) in without_role(&me, &listed) {
        add(
            &format!("project {project} ({name})"),
            "missing",
            "our credential has no role: its content and senders are unseen".to_owned(),
            Some(ROLE_CLICKS.to_owned()),
        );
    }
    // One project stands for all: the plan of the organization decides which kinds of content exist.
    let mut kinds = project_reads(&me);
    if let Some(project) = kinds.first().and_then(What::project) {
        kinds.retain(|what| what.project() == Some(project));
    }
    for what in kinds {
        let reading = org.vendor.read(&org.source(what.clone())).await;
        match reading.result {
            Ok(Snapshot::Items(items)) => add(&what.to_string(), "good", format!("{} items", items.len()), None),
            Ok(_) => add(&what.to_string(), "good", "can be read".to_owned(), None),
            Err(failure) => add(&what.to_string(), "off", format!("{failure}; falls back to guided steps"), None),
        }
    }
}

/// The projects of the organization in which our credential has no role. `/me` may leave them out; the organization's own list
/// does not.
fn without_role(me: &Me, listed: &[Item]) -> BTreeMap<ProjectId, String> {
    let seen = me.projects.iter().filter(|(_, seen)| seen.role.is_none()).map(|(id, seen)| (*id, seen.name.clone()));
    let unseen = listed
        .iter()
        .filter_map(|item| Some((ProjectId(item.id.parse().ok()?), item.title.clone())))
        .filter(|(id, _)| !me.projects.contains_key(id));
    seen.chain(unseen).collect()
}

/// What a 401 means: the credential is wrong, or it lives in another region.
fn not_accepted(knows: Option<&str>, rehearsal: bool) -> (String, String) {
    let says = "the vendor does not accept it (401)".to_owned();
    let mend = match (knows, rehearsal) {
        (Some(region), _) => format!("the region is wrong: {region} accepts it; set region = \"{region}\" in leaver.toml"),
        (None, false) => "no other region accepts it either: the user name or the secret is wrong, or the account is deleted or expired; make a new one in Organization Settings > Service Accounts".to_owned(),
        (None, true) => "the user name or the secret is wrong, or the account is deleted or expired; at the vendor the region may be wrong too (not tried, because base_url is set)".to_owned(),
    };
    (says, mend)
}

#[cfg(test)]
mod tests {
    use super::not_accepted;

    #[test]
    fn a_refused_credential_is_told_with_the_region_that_knows_it() {
        let (_, mend) = not_accepted(Some("eu"), false);
        assert_eq!(mend, "the region is wrong: eu accepts it; set region = \"eu\" in leaver.toml");
        let (_, mend) = not_accepted(None, false);
        assert!(mend.starts_with("no other region accepts it either"), "{mend}");
        let (_, mend) = not_accepted(None, true);
        assert!(mend.contains("the region may be wrong too (not tried"), "{mend}");
    }
}
