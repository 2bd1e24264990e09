//! The documented Service Accounts API (facts/mixpanel.md 3; service-accounts.openapi.yaml).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::organization::{project_roles, role_field};
use super::projects::Scope;
use super::{Desk, required_text};
use crate::wire::{Answer, Reply, forbidden, ids_of, loose_id, missing, wrong_method};
use crate::world::{Role, ServiceAccount, World};

pub(super) fn organization(desk: &mut Desk<'_>, rest: &[&str]) -> Answer {
    if !desk.caller.role.manages_people() {
        return Err(forbidden("only owners and admins can manage service accounts"));
    }
    match (desk.call.method.as_str(), rest) {
        ("GET", []) => Ok(list(desk.world)),
        ("POST", []) => create(desk),
        ("POST", ["add-to-project"]) => add_to_project(desk),
        ("POST", ["remove-from-project"]) => remove_from_project(desk),
        ("GET", [id]) => {
            let account = find(desk.world, id)?;
            // The documented schema of this one read has no envelope (facts/mixpanel.md 1.4).
            Ok(Reply::json(200, &desk.world.public_account(account)))
        }
        ("DELETE", [id]) => delete(desk, id),
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

fn list(world: &World) -> Reply {
    let accounts: Vec<Value> = world.service_accounts.values().map(|account| world.public_account(account)).collect();
    Reply::results(&accounts)
}

fn find<'w>(world: &'w World, id: &str) -> Result<&'w ServiceAccount, Reply> {
    id.parse().ok().and_then(|id: u64| world.service_accounts.get(&id)).ok_or_else(|| missing("service account"))
}

fn create(desk: &mut Desk<'_>) -> Answer {
    let body = desk.call.object()?;
    let name = required_text(&body, "username")?;
    let role = role_field(&body)?;
    if role.in_organization() > desk.caller.role {
        return Err(forbidden("you can only assign roles at or below your own"));
    }
    let expires = expires(&body)?;
    let projects: BTreeMap<u64, Role> = project_roles(desk.world, body.get("projects"))?.into_iter().collect();
    let id = desk.world.fresh_id();
    let account = ServiceAccount {
        id,
        username: format!("{}.{}.mp-service-account", slug(&name), desk.world.fresh_tag()),
        secret: desk.world.fresh_secret(),
        role,
        user: desk.world.fresh_id(),
        creator: desk.caller.who.clone(),
        created: desk.now,
        expires,
        last_used: None,
        projects,
    };
    let mut object = desk.world.public_account(&account);
    if let Some(map) = object.as_object_mut() {
        map.insert("token".to_owned(), json!(account.secret));
    }
    desk.world.put_service_account(account);
    Ok(Reply::results_with(201, &object).did("service_account", "create", id))
}

/// The name part of a user name: lower case, everything odd a dash.
fn slug(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter.to_ascii_lowercase() } else { '-' })
        .collect()
}

/// `expires` must be exactly `YYYY-MM-DDTHH:MM:SSZ`; unset is never (facts/mixpanel.md 3).
fn expires(body: &Map<String, Value>) -> Result<Option<Timestamp>, Reply> {
    let raw = match body.get("expires") {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_str().unwrap_or_default(),
    };
    let shaped = raw.len() == 20
        && raw.chars().enumerate().all(|(at, letter)| match at {
            4 | 7 => letter == '-',
            10 => letter == 'T',
            13 | 16 => letter == ':',
            19 => letter == 'Z',
            _ => letter.is_ascii_digit(),
        });
    shaped
        .then(|| raw.parse().ok())
        .flatten()
        .map(Some)
        .ok_or_else(|| Reply::error(400, "expires: must be formatted as YYYY-MM-DDTHH:MM:SSZ"))
}

fn delete(desk: &mut Desk<'_>, id: &str) -> Answer {
    let id = find(desk.world, id)?.id;
    Arc::make_mut(&mut desk.world.service_accounts).remove(&id);
    for team in Arc::make_mut(&mut desk.world.teams).values_mut() {
        team.service_accounts.remove(&id);
    }
    Ok(Reply::done().did("service_account", "delete", id))
}

fn add_to_project(desk: &mut Desk<'_>) -> Answer {
    let body = desk.call.object()?;
    if !body.contains_key("projects") || !body.contains_key("service_account_ids") {
        return Err(Reply::error(400, "projects and service_account_ids are required"));
    }
    let projects = project_roles(desk.world, body.get("projects"))?;
    let accounts = known_accounts(desk.world, body.get("service_account_ids"))?;
    for id in &accounts {
        if let Some(account) = Arc::make_mut(&mut desk.world.service_accounts).get_mut(id) {
            account.projects.extend(projects.iter().copied());
        }
    }
    Ok(Reply::done().did("service_account", "add_to_project", joined(&accounts)))
}

fn remove_from_project(desk: &mut Desk<'_>) -> Answer {
    let body = desk.call.object()?;
    let projects =
        body.get("projects").and_then(Value::as_array).ok_or_else(|| Reply::error(400, "projects is required"))?;
    let mut gone = Vec::new();
    for project in projects {
        let id = loose_id(project.get("id")).ok_or_else(|| Reply::error(400, "projects: id is required"))?;
        if desk.world.project(id).is_none() {
            return Err(missing("project"));
        }
        for account in known_accounts(desk.world, project.get("service_account_ids"))? {
            gone.push((id, account));
        }
    }
    for (project, account) in &gone {
        if let Some(account) = Arc::make_mut(&mut desk.world.service_accounts).get_mut(account) {
            account.projects.remove(project);
        }
    }
    let accounts: Vec<u64> = gone.iter().map(|(_, account)| *account).collect();
    Ok(Reply::done().did("service_account", "remove_from_project", joined(&accounts)))
}

fn known_accounts(world: &World, list: Option<&Value>) -> Result<Vec<u64>, Reply> {
    let ids = ids_of(list);
    if ids.is_empty() {
        return Err(Reply::error(400, "service_account_ids: a list of ids is required"));
    }
    if ids.iter().any(|id| !world.service_accounts.contains_key(id)) {
        return Err(missing("service account"));
    }
    Ok(ids)
}

fn joined(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

/// `GET /projects/{id}/service-accounts`: individual and team grants, told apart by `target_type`.
pub(super) fn of_project(desk: &Desk<'_>, scope: &Scope) -> Answer {
    if desk.call.method != "GET" {
        return Err(wrong_method());
    }
    let world = &*desk.world;
    let mut entries = Vec::new();
    for account in world.service_accounts.values() {
        let team = world
            .teams
            .values()
            .filter(|team| team.service_accounts.contains(&account.id))
            .find_map(|team| team.projects.get(&scope.project));
        let grants = [(account.projects.get(&scope.project), "individual"), (team, "team")];
        for (role, target) in grants {
            let Some(role) = role else { continue };
            let mut entry = world.public_account(account);
            if let Some(map) = entry.as_object_mut() {
                map.insert("hasSensitiveAccess".to_owned(), json!(false));
                map.insert("role".to_owned(), json!(role));
                map.insert("role_order".to_owned(), json!(role.order()));
                map.insert("target_type".to_owned(), json!(target));
                map.insert("email".to_owned(), json!(account.who().email));
            }
            entries.push(entry);
        }
    }
    Ok(Reply::results(&entries))
}
