//! Cloud Identity, which alone shows the queries of dynamic groups, and groups in groups.

use serde_json::{Value, json};

use super::{Pages, page, shapes};
use crate::wire::{Answer, Call, Reply};
use crate::world::{Workspace, World};

const RELATIONS: Pages = Pages { size: "pageSize", usual: 200, most: 1000 };

/// Its errors have no list of reasons.
fn failure(status: u16, message: &str, word: &str) -> Reply {
    Reply::json(status, &json!({"error": {"code": status, "message": message, "status": word}}))
}

/// Whoever asks for a group that is not there reads the same as who may not see it.
fn missing(code: u16, what: &str) -> Reply {
    let message = format!("Error({code}): Permission denied for resource {what} (or it may not exist).");
    failure(403, &message, "PERMISSION_DENIED")
}

fn invalid(message: &str) -> Reply {
    failure(400, message, "INVALID_ARGUMENT")
}

pub(super) fn lookup(workspace: &Workspace, call: &Call) -> Answer {
    let key = call.param("groupKey.id").ok_or_else(|| invalid("Request contains an invalid argument."))?;
    let is_own = |group: &&crate::world::WorkspaceGroup| group.email.eq_ignore_ascii_case(&key);
    let group = workspace.groups.values().find(is_own).ok_or_else(|| missing(2017, &key))?;
    Ok(Reply::json(200, &json!({"name": format!("groups/{}", group.id)})))
}

pub(super) fn group(workspace: &Workspace, id: &str) -> Answer {
    let group = workspace.groups.get(id).ok_or_else(|| missing(2028, &format!("groups/{id}")))?;
    Ok(Reply::json(200, &shapes::identity_group(workspace, group)))
}

/// The address that a query in the Common Expression Language names, and whether it names a label too.
fn member_of(query: &str) -> Option<(String, bool)> {
    let mut member = None;
    let mut label = false;
    for term in query.split("&&").map(str::trim) {
        if let Some(value) = term.strip_prefix("member_key_id") {
            let value = value.trim_start().strip_prefix("==")?.trim();
            member = Some(value.trim_matches(['\'', '"']).to_owned());
        } else if let Some(name) = term.strip_suffix(" in labels") {
            label |= name.trim_matches(['\'', '"']) == "cloudidentity.googleapis.com/groups.discussion_forum";
        } else {
            return None;
        }
    }
    member.map(|member| (member, label))
}

/// Only some editions have it.
fn is_enterprise(world: &World) -> Result<(), Reply> {
    let why = "Error(4013): Insufficient permissions to retrieve memberships.";
    if world.variants.workspace_enterprise { Ok(()) } else { Err(failure(403, why, "PERMISSION_DENIED")) }
}

/// Every group that somebody is in, itself or through other groups.
pub(super) fn transitive_groups(world: &World, call: &Call, parent: &str) -> Answer {
    if parent != "-" {
        return Err(invalid("Error(4001): The parent of this search is groups/-."));
    }
    let query = call.param("query").unwrap_or_default();
    let Some((member, true)) = member_of(&query) else {
        return Err(invalid("Error(4003): The query must name a member and a label."));
    };
    is_enterprise(world)?;
    let workspace = &*world.workspace;
    let entity = workspace.entity(&member).ok_or_else(|| missing(4013, &member))?;
    let all = workspace.all_groups_of(&entity);
    let relations: Vec<Value> = workspace
        .groups
        .values()
        .filter(|group| all.contains(&group.id))
        .map(|group| {
            let direct = group.members.contains(&entity) || group.inner.contains(&entity);
            let indirect = group.inner.iter().any(|inner| all.contains(inner));
            shapes::relation(group, direct, indirect)
        })
        .collect();
    let (relations, next) = page(call, &RELATIONS, relations)?;
    let mut body = serde_json::Map::new();
    if !relations.is_empty() {
        body.insert("memberships".to_owned(), Value::Array(relations));
    }
    if let Some(next) = next {
        body.insert("nextPageToken".to_owned(), json!(next));
    }
    Ok(Reply::json(200, &body))
}

/// Whether somebody is in a group, itself or through other groups.
pub(super) fn transitive_membership(world: &World, call: &Call, id: &str) -> Answer {
    let query = call.param("query").unwrap_or_default();
    let (member, _) = member_of(&query).ok_or_else(|| invalid("Error(4003): The query must name a member."))?;
    is_enterprise(world)?;
    let workspace = &*world.workspace;
    let group = workspace.groups.get(id).ok_or_else(|| missing(2028, &format!("groups/{id}")))?;
    let entity = workspace.entity(&member).ok_or_else(|| missing(4013, &member))?;
    let has = workspace.all_members_of(&group.id).contains(&entity);
    // What is false is left out.
    Ok(Reply::json(200, &if has { json!({"hasMembership": true}) } else { json!({}) }))
}
