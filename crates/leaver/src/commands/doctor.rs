//! Checks every credential, permission and capability, by reads alone.

use leaver_core::planner::{first_reads, project_reads};
use leaver_core::reading::{Failure as Unread, OrgRole, Snapshot};
use leaver_core::source::What;
use leaver_engine::Organization;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::wiring::App;

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    org: String,
    #[serde(rename = "check")]
    of: String,
    result: &'static str,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

pub(crate) async fn run(app: &App, printer: Printer) -> Result<Exit, Failure> {
    let mut checks = Vec::new();
    if app.engine.organizations.is_empty() {
        return Err(
            Failure::usage("L002", "the configuration has no organization").hint("add a section [organizations.NAME]")
        );
    }
    for org in app.engine.organizations.values() {
        examine(org, &mut checks).await;
    }
    let worst = |result: &str| checks.iter().any(|check| check.result == result);
    let exit = if worst("unavailable") {
        Exit::Unavailable
    } else if worst("missing") {
        Exit::NotDone
    } else {
        Exit::Done
    };
    if printer.json {
        printer.document(&checks)?;
    } else {
        for check in &checks {
            let sign = match check.result {
                "good" => "✓",
                "missing" => "✗",
                "unavailable" => "?",
                _ => "-",
            };
            printer.data(&format!("{sign} {}: {}: {}", check.org, check.of, check.says));
            if let Some(mend) = &check.mend {
                printer.data(&format!("    {mend}"));
            }
        }
    }
    Ok(exit)
}

async fn examine(org: &Organization, checks: &mut Vec<Check>) {
    let name = org.name.to_string();
    let mut add = |check: &str, result: &'static str, says: String, mend: Option<String>| {
        checks.push(Check { org: name.clone(), of: check.to_owned(), result, says, mend });
    };
    let mut me = None;
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
            (_, Ok(_)) => add(&what.to_string(), "good", "can be read".to_owned(), None),
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
                    (_, Unread::Unauthorized) => Some(
                        "the user name or the secret is wrong, or the account is deleted or expired: make a new one in Organization Settings > Service Accounts",
                    ),
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
    for (project, seen) in &me.projects {
        if seen.role.is_none() {
            add(
                &format!("project {project} ({})", seen.name),
                "missing",
                "our credential has no role: its content and senders are unseen".to_owned(),
                Some("Project Settings > Service Accounts > Add, project role Owner".to_owned()),
            );
        }
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
