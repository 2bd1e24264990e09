//! `/Groups`: a group is the team of the same name (facts/mixpanel.md 2.3).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{equality, failure, page, scim};
use crate::wire::{Answer, Call, Reply, ids_of, loose_id, text};
use crate::world::{Team, World};

pub(super) fn route(world: &mut World, call: &Call, rest: &[&str]) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", []) => list(world, call),
        ("POST", []) => create(world, call),
        ("GET", [id]) => Ok(scim(200, &resource(world, find(world, id)?))),
        ("PUT", [id]) => replace(world, call, id),
        ("PATCH", [id]) => patch(world, call, id),
        ("DELETE", [id]) => {
            let id = find(world, id)?.id;
            Arc::make_mut(&mut world.teams).remove(&id);
            let mut reply = scim(204, &Value::Null).did("team", "delete", id);
            reply.body = Vec::new();
            Ok(reply)
        }
        (_, [] | [_]) => Err(failure(405, None, "method not allowed")),
        _ => Err(failure(404, None, "no such endpoint")),
    }
}

fn resource(world: &World, team: &Team) -> Value {
    let members: Vec<Value> = team
        .members
        .iter()
        .filter_map(|id| world.members.get(id))
        .map(|member| json!({"value": member.who.id.to_string(), "display": member.who.email}))
        .collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "id": team.id.to_string(),
        "displayName": team.name,
        "members": members,
        "meta": {"resourceType": "Group"},
    })
}

fn find<'w>(world: &'w World, id: &str) -> Result<&'w Team, Reply> {
    id.parse().ok().and_then(|id: u64| world.teams.get(&id)).ok_or_else(|| failure(404, None, "group not found"))
}

fn list(world: &World, call: &Call) -> Answer {
    let name = match call.param("filter") {
        None => None,
        Some(raw) => Some(
            equality(&raw)
                .filter(|(attribute, _)| attribute == "displayname")
                .map(|(_, name)| name)
                .ok_or_else(|| failure(400, Some("invalidFilter"), "only displayName eq is supported"))?,
        ),
    };
    let found: Vec<&Team> = world
        .teams
        .values()
        .filter(|team| name.as_ref().is_none_or(|name| team.name.eq_ignore_ascii_case(name)))
        .collect();
    Ok(page(call, &found, |team| resource(world, team)))
}

fn body(call: &Call) -> Result<Map<String, Value>, Reply> {
    call.object().map_err(|_| failure(400, Some("invalidSyntax"), "the body is not a JSON object"))
}

/// The user ids in a list of `{value}`.
fn values(list: Option<&Value>) -> BTreeSet<u64> {
    list.and_then(Value::as_array)
        .map(|list| list.iter().filter_map(|one| loose_id(one.get("value"))).collect())
        .unwrap_or_default()
}

fn create(world: &mut World, call: &Call) -> Answer {
    let body = body(call)?;
    let name =
        text(&body, "displayName").ok_or_else(|| failure(400, Some("invalidValue"), "displayName is required"))?;
    if world.teams.values().any(|team| team.name == name) {
        return Err(failure(409, Some("uniqueness"), "a group with this name exists"));
    }
    let id = world.fresh_id();
    let team = Team {
        id,
        name: name.to_owned(),
        members: values(body.get("members")),
        service_accounts: BTreeSet::new(),
        projects: BTreeMap::new(),
    };
    Arc::make_mut(&mut world.teams).insert(id, team);
    Ok(scim(201, &resource(world, find(world, &id.to_string())?)).did("team", "create", id))
}

fn replace(world: &mut World, call: &Call, id: &str) -> Answer {
    let team = find(world, id)?.id;
    let body = body(call)?;
    if let Some(team) = Arc::make_mut(&mut world.teams).get_mut(&team) {
        team.members = values(body.get("members"));
        if let Some(name) = text(&body, "displayName") {
            name.clone_into(&mut team.name);
        }
    }
    Ok(scim(200, &resource(world, find(world, id)?)).did("team", "update", id))
}

/// Adds or removes members, by list or by `members[value eq "1"]`.
fn patch(world: &mut World, call: &Call, id: &str) -> Answer {
    let team = find(world, id)?.id;
    let body = body(call)?;
    let operations = body
        .get("Operations")
        .and_then(Value::as_array)
        .ok_or_else(|| failure(400, Some("invalidSyntax"), "Operations is required"))?;
    let Some(team) = Arc::make_mut(&mut world.teams).get_mut(&team) else {
        return Err(failure(404, None, "group not found"));
    };
    for operation in operations {
        let op = operation.get("op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let path = operation.get("path").and_then(Value::as_str).unwrap_or_default();
        let mut people = values(operation.get("value"));
        people.extend(ids_of(operation.get("value")));
        if let Some(one) = path.strip_prefix("members[value eq \"").and_then(|rest| rest.strip_suffix("\"]")) {
            people.extend(one.parse::<u64>().ok());
        }
        match op.as_str() {
            "add" => team.members.extend(people),
            "remove" => team.members.retain(|member| !people.contains(member)),
            "replace" if path == "members" => team.members = people,
            _ => {
                return Err(failure(400, Some("invalidValue"), "op must be add, remove or replace of members"));
            }
        }
    }
    Ok(scim(200, &resource(world, find(world, id)?)).did("team", "update", id))
}
