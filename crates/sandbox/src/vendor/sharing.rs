//! `P/shared-entities/{type}/{id}`: share lists (facts/mixpanel.md 4.4). The write shapes of user and team shares are
//! not public; the twin takes them by analogy with project shares.

use serde_json::{Map, Value, json};

use super::projects::Scope;
use super::{Desk, shelf};
use crate::wire::{Answer, Reply, forbidden, ids_of, loose_id, missing, wrong_method};
use crate::world::{Item, Key, Kind, Reach, Role, Shares, tell_reach};

/// The exact words for entity types; any other answers 404.
fn kind_of(entity: &str) -> Option<Kind> {
    match entity {
        "cohorts" => Some(Kind::Cohort),
        "custom-events" => Some(Kind::CustomEvent),
        "custom-properties" => Some(Kind::CustomProperty),
        "dashboards" => Some(Kind::Board),
        "metric" => Some(Kind::Metric),
        "behavior" => Some(Kind::Behavior),
        "feature-flags" => Some(Kind::Flag),
        "bookmarks" => Some(Kind::Report),
        "experiments" => Some(Kind::Experiment),
        _ => None,
    }
}

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, entity: &str, id: &str, rest: &[&str]) -> Answer {
    let kind = kind_of(entity).ok_or_else(|| missing("page"))?;
    let (key, item) = shelf::find(desk, scope, kind, id)?;
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => Ok(shown(desk, &key, item)),
        ("POST", ["upsert"]) => {
            may_share(desk, scope, item)?;
            let change = upsert(desk, &key)?;
            apply(desk, scope, kind, &key, change)
        }
        ("POST", ["delete"]) => {
            may_share(desk, scope, item)?;
            let change = removal(desk, &key)?;
            apply(desk, scope, kind, &key, change)
        }
        (_, [] | ["upsert" | "delete"]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

fn may_share(desk: &Desk<'_>, scope: &Scope, item: &Item) -> Result<(), Reply> {
    if item.creator == desk.caller.who.id || scope.role >= Role::Admin {
        Ok(())
    } else {
        Err(forbidden("you cannot share this"))
    }
}

fn shown(desk: &Desk<'_>, key: &Key, item: &Item) -> Reply {
    let shares = &item.shares;
    let users: Vec<Value> = shares
        .users
        .iter()
        .map(|(who, edit)| json!({"id": who.id, "name": who.name, "email": who.email, "canEdit": edit}))
        .collect();
    let teams: Vec<Value> = shares
        .teams
        .iter()
        .map(|(id, edit)| {
            let name = desk.world.teams.get(id).map(|team| team.name.clone());
            json!({"id": id, "name": name, "canEdit": edit})
        })
        .collect();
    let projects: Vec<Value> = shares
        .projects
        .iter()
        .map(|(id, edit)| {
            let name = desk.world.project(*id).map(|project| project.name.clone());
            json!({"id": id, "name": name, "canEdit": edit})
        })
        .collect();
    Reply::results(&json!({
        "id": key,
        "userShares": users,
        "teamShares": teams,
        "projectShares": projects,
        "isPrivate": shares.projects.is_empty(),
    }))
}

type Change = Box<dyn FnOnce(&mut Shares)>;

/// The body, whose `id` must be the object's: numbers as numbers, UUIDs as text.
fn body_for(desk: &Desk<'_>, key: &Key) -> Result<Map<String, Value>, Reply> {
    let body = desk.call.object()?;
    if body.get("id") == Some(&json!(key)) {
        Ok(body)
    } else {
        Err(Reply::error(400, "id: must be the id of the entity"))
    }
}

fn upsert(desk: &Desk<'_>, key: &Key) -> Result<Change, Reply> {
    let body = body_for(desk, key)?;
    let pairs = |field: &str| -> Result<Vec<(u64, bool)>, Reply> {
        let Some(list) = body.get(field) else {
            return Ok(Vec::new());
        };
        let bad = || Reply::error(400, &format!("{field}: must be a list of {{id, canEdit}}"));
        list.as_array()
            .ok_or_else(bad)?
            .iter()
            .map(|one| {
                let id = loose_id(one.get("id")).ok_or_else(bad)?;
                Ok((id, one.get("canEdit").and_then(Value::as_bool).unwrap_or(false)))
            })
            .collect()
    };
    let (users, teams, projects) = (pairs("userShares")?, pairs("teamShares")?, pairs("projectShares")?);
    if users.is_empty() && teams.is_empty() && projects.is_empty() {
        return Err(Reply::error(400, "nothing to share with"));
    }
    if projects.iter().any(|(id, _)| desk.world.project(*id).is_none()) {
        return Err(missing("project"));
    }
    if teams.iter().any(|(id, _)| !desk.world.teams.contains_key(id)) {
        return Err(missing("team"));
    }
    let users = users
        .into_iter()
        .map(|(id, edit)| {
            let member = desk.world.members.get(&id).ok_or_else(|| missing("user"))?;
            Ok((member.who.clone(), edit))
        })
        .collect::<Result<Vec<_>, Reply>>()?;
    Ok(Box::new(move |shares: &mut Shares| {
        for (who, edit) in users {
            shares.users.retain(|(held, _)| held.id != who.id);
            shares.users.push((who, edit));
        }
        for (id, edit) in teams {
            shares.teams.retain(|(held, _)| *held != id);
            shares.teams.push((id, edit));
        }
        for (id, edit) in projects {
            shares.projects.retain(|(held, _)| *held != id);
            shares.projects.push((id, edit));
        }
    }))
}

/// `delete` takes bare ids, unlike `upsert`.
fn removal(desk: &Desk<'_>, key: &Key) -> Result<Change, Reply> {
    let body = body_for(desk, key)?;
    let fields = ["userShares", "teamShares", "projectShares"];
    let bare = fields
        .iter()
        .filter_map(|field| body.get(*field))
        .all(|list| list.as_array().is_some_and(|list| list.iter().all(Value::is_u64)));
    if !bare || !fields.iter().any(|field| body.contains_key(*field)) {
        return Err(Reply::error(400, "shares to delete must be lists of ids"));
    }
    let users = ids_of(body.get("userShares"));
    let teams = ids_of(body.get("teamShares"));
    let projects = ids_of(body.get("projectShares"));
    Ok(Box::new(move |shares: &mut Shares| {
        shares.users.retain(|(who, _)| !users.contains(&who.id));
        shares.teams.retain(|(id, _)| !teams.contains(id));
        shares.projects.retain(|(id, _)| !projects.contains(id));
    }))
}

/// Changes the list; both calls are idempotent, and one that changes nothing is no act.
fn apply(desk: &mut Desk<'_>, scope: &Scope, kind: Kind, key: &Key, change: Change) -> Answer {
    let mut changed = false;
    desk.world.edit(scope.project, kind, key, |item| {
        let before = item.shares.clone();
        change(&mut item.shares);
        changed = item.shares != before;
        let shared = item.shares.projects.iter().any(|(id, _)| *id == scope.project);
        let before = before.projects.iter().any(|(id, _)| *id == scope.project);
        if shared != before {
            tell_reach(&mut item.fields, kind, if shared { Reach::Project } else { item.reach });
        }
    });
    let item = desk.world.item(scope.project, kind, key).ok_or_else(|| missing(kind.name()))?;
    let reply = shown(desk, key, item);
    Ok(if changed { reply.did("share", "update", format!("{}/{key}", kind.name())) } else { reply })
}
