//! Teams of the organization. The list is read by the vendor's provider, its layout is open; of the writes only
//! `add-teams {teams:[name]}` has a known body (facts/mixpanel.md 2.4), the others answer 400.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::Desk;
use crate::wire::{Answer, Reply, missing, wrong_method};
use crate::world::Team;

pub(super) fn route(desk: &mut Desk<'_>, rest: &[&str]) -> Answer {
    match (desk.call.method.as_str(), rest) {
        ("GET", ["teams"]) => Ok(list(desk)),
        ("POST", ["add-teams"]) => add(desk),
        ("POST", ["delete-teams"] | ["teams", _, "update"]) => Err(Reply::error(400, "invalid request body")),
        (_, ["teams", _, "update"] | ["teams" | "add-teams" | "delete-teams"]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

fn list(desk: &Desk<'_>) -> Reply {
    let world = &*desk.world;
    let teams: Vec<Value> = world
        .teams
        .values()
        .map(|team| {
            let members: Vec<Value> = team
                .members
                .iter()
                .filter_map(|id| world.members.get(id))
                .filter(|member| member.active)
                .map(|member| json!({"id": member.who.id, "email": member.who.email, "name": member.who.name}))
                .collect();
            let projects: Vec<Value> = team.projects.iter().map(|(id, role)| json!({"id": id, "role": role})).collect();
            json!({
                "id": team.id,
                "name": team.name,
                "members": members,
                "projects": projects,
                "service_accounts": team.service_accounts,
            })
        })
        .collect();
    Reply::results(&teams)
}

fn add(desk: &mut Desk<'_>) -> Answer {
    let body = desk.call.object()?;
    let names: Vec<&str> = body
        .get("teams")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(first) = names.first().copied() else {
        return Err(Reply::error(400, "teams: a list of names is required"));
    };
    if names.iter().any(|name| desk.world.teams.values().any(|team| team.name == **name)) {
        return Err(Reply::error(409, "a team with this name already exists"));
    }
    for name in &names {
        let id = desk.world.fresh_id();
        let team = Team {
            id,
            name: (*name).to_owned(),
            members: BTreeSet::new(),
            service_accounts: BTreeSet::new(),
            projects: BTreeMap::new(),
        };
        Arc::make_mut(&mut desk.world.teams).insert(id, team);
    }
    Ok(Reply::done().did("team", "create", first))
}
