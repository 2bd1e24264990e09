//! Organization calls outside `/api/app` (facts/mixpanel.md 2.4).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Desk, teams};
use crate::options::RosterLayout;
use crate::variants::Refusal;
use crate::wire::{Answer, Reply, forbidden, loose_id, missing, wrong_method};
use crate::world::{GrantKind, Invitation, Member, OrgRole, Role, World};

/// 404 for any organization but ours.
pub(super) fn known(desk: &Desk<'_>, organization: &str) -> Result<(), Reply> {
    if organization.parse() == Ok(desk.world.organization) { Ok(()) } else { Err(missing("organization")) }
}

pub(super) fn route(desk: &mut Desk<'_>, rest: &[&str]) -> Answer {
    if !desk.caller.role.manages_people() {
        return Err(forbidden("you must be an organization admin"));
    }
    match (desk.call.method.as_str(), rest) {
        ("GET", ["users"]) => roster(desk),
        ("POST", ["add-users-to-projects"]) => add_users(desk),
        ("POST", ["delete-users"]) => Err(Reply::error(400, "invalid request body")),
        ("GET", ["projects"]) => Ok(projects(desk)),
        (_, ["teams", ..] | ["add-teams" | "delete-teams"]) => teams::route(desk, rest),
        ("GET", [name]) => {
            let settings = desk.world.settings.get(*name).ok_or_else(|| missing("page"))?;
            Ok(Reply::results(settings))
        }
        (_, ["users" | "projects" | "add-users-to-projects" | "delete-users"]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

/// `GET users/`: the layout is not public, so the world has four (facts/mixpanel.md 0.3). People whom SCIM has
/// deactivated are left out.
fn roster(desk: &Desk<'_>) -> Answer {
    let world = &*desk.world;
    match world.variants.roster_refuses {
        Some(Refusal::Forbidden) => return Err(forbidden("you must be an organization admin")),
        Some(Refusal::Html) => return Ok(Reply::html(200, crate::page::login())),
        None => {}
    }
    let people = world.members.values().filter(|member| member.active);
    Ok(match layout(world) {
        RosterLayout::List => Reply::results(&people.map(|one| listed(world, one)).collect::<Vec<_>>()),
        RosterLayout::MapByAddress => {
            let map: Map<String, Value> = people.map(|one| (one.who.email.clone(), by_address(world, one))).collect();
            Reply::results(&map)
        }
        RosterLayout::MapById => {
            let map: Map<String, Value> = people
                .map(|one| {
                    let entry = json!({"email": one.who.email, "name": one.who.name, "role": one.role});
                    (one.who.id.to_string(), entry)
                })
                .collect();
            Reply::results(&map)
        }
        RosterLayout::Bare => Reply::results(&people.map(|one| one.who.email.as_str()).collect::<Vec<_>>()),
    })
}

fn layout(world: &World) -> RosterLayout {
    world.variants.roster_layout.unwrap_or(match world.seed % 4 {
        0 => RosterLayout::List,
        1 => RosterLayout::MapByAddress,
        2 => RosterLayout::MapById,
        _ => RosterLayout::Bare,
    })
}

fn listed(world: &World, member: &Member) -> Value {
    let projects: Vec<Value> = world
        .grants(member)
        .into_iter()
        .map(|grant| {
            let kind = match grant.kind {
                GrantKind::Individual => "individual",
                GrantKind::Team => "team",
                GrantKind::AllUsers => "all_users",
                GrantKind::OrganizationRole => "organization",
            };
            json!({"id": grant.project, "role": grant.role, "target_type": kind, "team_id": grant.team})
        })
        .collect();
    let teams: Vec<u64> =
        world.teams.values().filter(|team| team.members.contains(&member.who.id)).map(|team| team.id).collect();
    json!({
        "id": member.who.id,
        "email": member.who.email,
        "name": member.who.name,
        "role": member.role,
        "teams": teams,
        "projects": projects,
    })
}

fn by_address(world: &World, member: &Member) -> Value {
    let projects: Map<String, Value> = world
        .projects
        .keys()
        .filter_map(|id| Some((id.to_string(), json!(world.project_role(member, *id)?))))
        .collect();
    json!({"id": member.who.id, "name": member.who.name, "role": member.role, "projects": projects})
}

/// `add-users-to-projects/`: numeric project ids only, text answers 500 (facts/mixpanel.md 2.4). Unknown addresses
/// become pending invitations.
fn add_users(desk: &mut Desk<'_>) -> Answer {
    let body = desk.call.object()?;
    let shape = || Reply::error(400, "projects: a list of {id, users} is required");
    let projects = body.get("projects").and_then(Value::as_array).ok_or_else(shape)?;
    let mut wanted = Vec::new();
    for project in projects {
        let id = project.get("id").ok_or_else(shape)?;
        let id = id.as_u64().ok_or_else(|| Reply::error(500, "internal server error"))?;
        if desk.world.project(id).is_none() {
            return Err(missing("project"));
        }
        for user in project.get("users").and_then(Value::as_array).ok_or_else(shape)? {
            let address = user.get("email").and_then(Value::as_str).ok_or_else(shape)?;
            let role = user.get("role").and_then(Value::as_str).and_then(Role::parse).ok_or_else(shape)?;
            wanted.push((id, address.to_owned(), role));
        }
    }
    let Some((_, first, _)) = wanted.first().cloned() else {
        return Err(shape());
    };
    for (project, address, role) in wanted {
        grant_or_invite(desk, project, &address, role);
    }
    Ok(Reply::done().did("member", "add_to_project", first))
}

fn grant_or_invite(desk: &mut Desk<'_>, project: u64, address: &str, role: Role) {
    if let Some(id) = desk.world.member_by_address(address).map(|member| member.who.id) {
        desk.world.edit_member(id, |member| {
            member.projects.insert(project, role);
        });
        return;
    }
    let invitation = Invitation {
        id: desk.world.fresh_id(),
        email: address.to_owned(),
        invited_by: desk.caller.who.id,
        invited_by_email: desk.caller.who.email.clone(),
        role: OrgRole::Member,
        projects: BTreeMap::from([(project, role)]),
        sent: desk.stamp(),
    };
    desk.world.invite(invitation);
}

/// `projects/`: carries secrets (facts/mixpanel.md 2.4).
fn projects(desk: &Desk<'_>) -> Reply {
    let list: Vec<Value> = desk
        .world
        .projects
        .values()
        .map(|project| {
            json!({
                "id": project.id,
                "name": project.name,
                "token": project.token,
                "api_key": project.api_key,
                "api_secret": project.api_secret,
                "url": format!("/project/{}", project.id),
                "timezone_name": project.timezone,
                "created": super::stamp(project.created),
            })
        })
        .collect();
    Reply::results(&list)
}

/// A role that may be missing, from a body.
pub(super) fn role_field(body: &Map<String, Value>) -> Result<Role, Reply> {
    match body.get("role") {
        None | Some(Value::Null) => Ok(Role::Consumer),
        Some(value) => value
            .as_str()
            .and_then(Role::parse)
            .ok_or_else(|| Reply::error(400, "role: must be one of owner, admin, analyst, consumer")),
    }
}

/// A list of `{id, role}` from a body.
pub(super) fn project_roles(world: &World, list: Option<&Value>) -> Result<Vec<(u64, Role)>, Reply> {
    let entries = match list {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(list) => list.as_array().ok_or_else(|| Reply::error(400, "projects: must be a list"))?,
    };
    entries
        .iter()
        .map(|entry| {
            let id = loose_id(entry.get("id")).ok_or_else(|| Reply::error(400, "projects: id is required"))?;
            if world.project(id).is_none() {
                return Err(missing("project"));
            }
            let role = entry
                .get("role")
                .and_then(Value::as_str)
                .and_then(Role::parse)
                .ok_or_else(|| Reply::error(400, "projects: role is not known"))?;
            Ok((id, role))
        })
        .collect()
}
