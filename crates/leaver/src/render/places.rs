//! Where a person finds what breaks a claim: each instance with its project, by title where one is known.

use std::collections::BTreeSet;

use leaver_core::case::Case;
use leaver_core::claim::{Claim, Predicate};
use leaver_core::ids::ProjectId;
use leaver_core::plan::Plan;
use leaver_core::provider::Way;
use leaver_core::reading::{Grant, GrantKind};
use leaver_core::source::{Kind, What};

use super::words::{Words, plain};

/// The exact places, one a line; none when nothing is known to break the claim.
pub(crate) fn places(case: &Case, plan: &Plan, claim: &Claim, words: &Words) -> Vec<String> {
    let instances = case.observation(&claim.key).map(|seen| seen.observation.instances.as_slice()).unwrap_or_default();
    let in_project = |project: ProjectId, kind: Kind, id: &str| {
        format!("{} (id {id}) in {} (id {project})", words.item(project, kind, id), words.project(project))
    };
    match &claim.says {
        Predicate::NothingSends { project, kind } if *kind == Kind::SchemaSettings => {
            if instances.is_empty() {
                Vec::new()
            } else {
                vec![format!("{} (id {project})", words.project(*project))]
            }
        }
        Predicate::NothingSends { project, kind } => {
            instances.iter().map(|id| in_project(*project, *kind, id)).collect()
        }
        Predicate::NoProjectGrant | Predicate::NoGrantIn { .. } => {
            instances.iter().map(|instance| grant(plan, instance, words)).collect()
        }
        Predicate::NoTeam => teams(plan, instances).map(|id| team(plan, id, words)).collect(),
        Predicate::NotInTeams { teams: named } => {
            let open = |id: &&String| instances.is_empty() || instances.contains(id);
            named.iter().filter(open).map(|id| team(plan, id, words)).collect()
        }
        Predicate::TeamsAsBefore { .. } => instances.iter().map(|id| words.team(id)).collect(),
        Predicate::NoDataView | Predicate::NoInvitation => {
            instances.iter().map(|view| data_view(plan, view, words)).collect()
        }
        Predicate::NoPublicLink { project, board } => vec![in_project(*project, Kind::Board, board)],
        Predicate::NoWayIn { way, .. } => match way {
            Way::Group(id) => vec![format!("the group {} (id {id})", words.title(&What::GroupGives(id.clone())))],
            Way::Rule(id) => vec![format!("the rule {} (id {id})", words.title(&What::ProviderRule(id.clone())))],
            Way::Job(id) => vec![format!("the provisioning job {id}")],
            Way::Any => instances.iter().map(|way| open_way(way, words)).collect(),
            Way::Direct | Way::SelfService | Way::Anyone => Vec::new(),
        },
        Predicate::RecipientsKept => {
            instances.iter().map(|object| words.titled(object).unwrap_or_else(|| object.clone())).collect()
        }
        Predicate::NoServiceAccountBy => instances.iter().map(|id| service_account(id, words)).collect(),
        Predicate::Replaced { service_account: old } => vec![service_account(&old.to_string(), words)],
        Predicate::NotShared { project, kind, id }
        | Predicate::Copied { project, kind, id }
        | Predicate::Described { project, kind, id }
        | Predicate::Dropped { project, kind, id } => vec![in_project(*project, *kind, id)],
        Predicate::OwnedBySuccessor { project, id } => vec![in_project(*project, Kind::Metric, id)],
        Predicate::ContactsSuccessor { project, id } => vec![in_project(*project, Kind::Schema, id)],
        Predicate::MembersKept { .. } => instances
            .iter()
            .map(|id| {
                words
                    .titled(&format!("member/{id}"))
                    .map_or_else(|| format!("account {id}"), |who| who.replace('"', ""))
            })
            .collect(),
        Predicate::NotMember
        | Predicate::RoleAtMost { .. }
        | Predicate::RoleNotBelow { .. }
        | Predicate::RoleKept
        | Predicate::ScimInactive
        | Predicate::ScimGone => plan
            .subject
            .vendor_id
            .iter()
            .filter(|_| !instances.is_empty())
            .map(|id| format!("{} (account id {id})", words.leaver))
            .collect(),
        Predicate::GrantsAsBefore { .. } => instances
            .iter()
            .map(|id| id.parse().map_or_else(|_| id.clone(), |id| words.project(ProjectId(id))))
            .collect(),
        Predicate::LoginFails { .. }
        | Predicate::OutsiderRefused
        | Predicate::Synced { .. }
        | Predicate::SessionsEnded { .. }
        | Predicate::NotRecreated { .. }
        | Predicate::Exported { .. }
        | Predicate::MayRemove
        | Predicate::ExecutorMayRemove
        | Predicate::Recorded { .. }
        | Predicate::Declared { .. } => Vec::new(),
    }
}

/// What is open at the provider, as the judge names it.
fn open_way(way: &str, words: &Words) -> String {
    match way.split_once(':') {
        Some(("group", id)) => format!("the group {} (id {id})", words.title(&What::GroupGives(id.to_owned()))),
        Some(("rule", id)) => format!("the rule {} (id {id})", words.title(&What::ProviderRule(id.to_owned()))),
        Some(("job", id)) => format!("the provisioning job {id}, which provisions everybody"),
        Some(("assignment", status)) => format!("the assignment to the application ({status})"),
        None if way == "anyone" => "the application, which asks for no assignment".to_owned(),
        _ => format!("the account {way}"),
    }
}

fn service_account(id: &str, words: &Words) -> String {
    let title = id.parse().ok().and_then(|number| words.titled(&What::ServiceAccount(number).to_string()));
    title.map_or_else(|| format!("service account {id}"), |title| format!("service account {title} (id {id})"))
}

/// The teams that break a claim; where none could be seen, those that the plan knows.
fn teams<'a>(plan: &'a Plan, instances: &'a [String]) -> impl Iterator<Item = &'a str> {
    let known = plan.subject.teams.iter().flatten().filter(|_| instances.is_empty());
    instances.iter().map(String::as_str).chain(known.map(|pinned| pinned.team.as_str()))
}

/// A team with what it gives.
fn team(plan: &Plan, id: &str, words: &Words) -> String {
    let pinned = plan.subject.teams.iter().flatten().find(|pinned| pinned.team == id);
    let projects: Vec<String> = pinned
        .and_then(|pinned| pinned.grants.as_ref())
        .into_iter()
        .flatten()
        .filter_map(|grant| Some(words.project(grant.project?)))
        .collect();
    let gives = if projects.is_empty() { String::new() } else { format!(", which gives {}", projects.join(", ")) };
    format!("{} (id {id}){gives}: Organization Settings > Users & Teams > Teams", words.team(id))
}

/// What `kind:project` of the judge means, and the screen on which it is taken away (REMOVE-4).
fn grant(plan: &Plan, instance: &str, words: &Words) -> String {
    let (kind, project) = instance.split_once(':').unwrap_or((instance, ""));
    let project = project.parse().ok().map(ProjectId);
    let known: Option<&Grant> =
        plan.subject.grants.iter().flatten().find(|grant| grant.kind.word() == kind && grant.project == project);
    let role =
        known.and_then(|grant| grant.role.as_deref()).map_or_else(String::new, |role| format!(" as {}", plain(role)));
    let to = project.map_or_else(
        || "a project that the vendor does not name".to_owned(),
        |id| format!("{} (id {id})", words.project(id)),
    );
    let team = known.and_then(|grant| grant.team.as_deref()).map_or_else(
        || "the team that gives it".to_owned(),
        // A list names a team by its name or by its id.
        |team| {
            format!("team {}", words.titled(&format!("team/{team}")).unwrap_or_else(|| format!("\"{}\"", plain(team))))
        },
    );
    let kinds = [GrantKind::Individual, GrantKind::Team, GrantKind::AllUsers, GrantKind::OrganizationRole];
    match kinds.into_iter().find(|of| of.word() == kind) {
        Some(GrantKind::Individual) => {
            format!("{to}{role}, given to the person: Project Settings > Project Users, tick the person, Delete")
        }
        Some(GrantKind::Team) => {
            format!(
                "{to}{role}, through {team}: Organization Settings > Users & Teams > Teams, take the person out of it"
            )
        }
        Some(GrantKind::AllUsers) => format!(
            "{to}{role}, given to everybody: cannot be taken from one person; set the project's default role for all users to none, or delete the person"
        ),
        Some(GrantKind::OrganizationRole) => {
            format!("{to}{role}, with the organization role: lower the role in Users & Teams, or delete the person")
        }
        Some(GrantKind::Unknown) | None => format!(
            "{to}{role}, through something that the vendor does not show: look in Project Settings > Project Users, then in Users & Teams > Teams"
        ),
    }
}

/// A data view; the read names its number alone, so that its project is known only by the title that was kept.
fn data_view(plan: &Plan, view: &str, words: &Words) -> String {
    projects(plan)
        .into_iter()
        .find_map(|project| {
            let title = words.titled(&What::Object(project, Kind::DataView, view.to_owned()).to_string())?;
            Some(format!("data view {title} (id {view}) in {} (id {project})", words.project(project)))
        })
        .unwrap_or_else(|| format!("data view {view}: Project Settings > Data Views"))
}

/// Every project that a plan mentions.
fn projects(plan: &Plan) -> BTreeSet<ProjectId> {
    let granted = plan.subject.grants.iter().flatten().filter_map(|grant| grant.project);
    plan.claims.iter().flat_map(|claim| &claim.reads).filter_map(What::project).chain(granted).collect()
}

/// Everything that a case mentions and whose title is worth looking up.
pub(crate) fn objects(case: &Case, plan: &Plan) -> Vec<String> {
    let mut objects: BTreeSet<String> = plan.findings.iter().filter_map(|finding| finding.object.clone()).collect();
    objects.extend(projects(plan).iter().map(|project| format!("project/{project}")));
    objects.extend(plan.subject.teams.iter().flatten().map(|pinned| format!("team/{}", pinned.team)));
    for claim in &plan.claims {
        objects.extend(claim.reads.iter().map(ToString::to_string));
        let instances =
            case.observation(&claim.key).map(|seen| seen.observation.instances.as_slice()).unwrap_or_default();
        let of = |project: ProjectId, kind: Kind, id: &str| What::Object(project, kind, id.to_owned()).to_string();
        match &claim.says {
            Predicate::Copied { project, kind, id }
            | Predicate::Described { project, kind, id }
            | Predicate::Dropped { project, kind, id }
            | Predicate::NotShared { project, kind, id } => {
                objects.insert(of(*project, *kind, id));
            }
            Predicate::NoPublicLink { project, board } => {
                objects.insert(of(*project, Kind::Board, board));
            }
            Predicate::OwnedBySuccessor { project, id } => {
                objects.insert(of(*project, Kind::Metric, id));
            }
            Predicate::ContactsSuccessor { project, id } => {
                objects.insert(of(*project, Kind::Schema, id));
            }
            Predicate::Exported { project, id } => {
                objects.insert(of(*project, Kind::Report, id));
            }
            Predicate::RecipientsKept => objects.extend(instances.iter().cloned()),
            Predicate::NothingSends { project, kind } => {
                objects.extend(instances.iter().map(|id| of(*project, *kind, id)));
            }
            Predicate::NotInTeams { teams } | Predicate::TeamsAsBefore { teams } => {
                objects.extend(teams.iter().map(|id| format!("team/{id}")));
            }
            Predicate::NoTeam => objects.extend(instances.iter().map(|id| format!("team/{id}"))),
            Predicate::NoDataView | Predicate::NoInvitation => {
                let all = projects(plan);
                objects.extend(
                    instances.iter().flat_map(|id| all.iter().map(move |project| of(*project, Kind::DataView, id))),
                );
            }
            Predicate::Replaced { service_account } => {
                objects.insert(What::ServiceAccount(*service_account).to_string());
            }
            Predicate::NoServiceAccountBy => objects.extend(
                instances.iter().filter_map(|id| id.parse().ok()).map(|id| What::ServiceAccount(id).to_string()),
            ),
            Predicate::NoGrantIn { projects } => {
                objects.extend(projects.iter().map(|project| format!("project/{project}")));
            }
            Predicate::NoWayIn { way, .. } => {
                objects.extend(claim.also_affects.iter().filter(|other| other.starts_with("provider/")).cloned());
                match way {
                    Way::Group(id) => {
                        objects.insert(What::GroupGives(id.clone()).to_string());
                    }
                    Way::Rule(id) => {
                        objects.insert(What::ProviderRule(id.clone()).to_string());
                    }
                    Way::Any => objects.extend(instances.iter().filter_map(|way| {
                        let (kind, id) = way.split_once(':')?;
                        Some(match kind {
                            "group" => What::GroupGives(id.to_owned()).to_string(),
                            "rule" => What::ProviderRule(id.to_owned()).to_string(),
                            _ => return None,
                        })
                    })),
                    Way::Direct | Way::SelfService | Way::Anyone | Way::Job(_) => {}
                }
            }
            Predicate::MembersKept { ids } => objects.extend(ids.iter().map(|id| format!("member/{id}"))),
            Predicate::NotMember
            | Predicate::RoleAtMost { .. }
            | Predicate::RoleNotBelow { .. }
            | Predicate::GrantsAsBefore { .. }
            | Predicate::RoleKept
            | Predicate::LoginFails { .. }
            | Predicate::OutsiderRefused
            | Predicate::Synced { .. }
            | Predicate::SessionsEnded { .. }
            | Predicate::NotRecreated { .. }
            | Predicate::NoProjectGrant
            | Predicate::ScimInactive
            | Predicate::ScimGone
            | Predicate::MayRemove
            | Predicate::ExecutorMayRemove
            | Predicate::Recorded { .. }
            | Predicate::Declared { .. } => {}
        }
    }
    objects.into_iter().collect()
}
