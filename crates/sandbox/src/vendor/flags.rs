//! The documented Feature Flags Management API (feature-flags-management.openapi.yaml) and the archive and duplicate
//! verbs beside it. Without a data view in the path: 400 (facts/mixpanel.md 1.6).

use serde_json::{Map, Value, json};

use super::boards::refuse_unknown;
use super::projects::Scope;
use super::{Desk, required_text, shelf};
use crate::wire::{Answer, Reply, missing, wrong_method};
use crate::world::{Item, Key, Kind};

const KNOWN: [&str; 14] = [
    "name",
    "key",
    "description",
    "tags",
    "experiment_id",
    "status",
    "context",
    "data_group_id",
    "serving_method",
    "ruleset",
    "workspace_id",
    "is_experiment_active",
    "hash_salt",
    "reset_hash_salt",
];

/// An error as this API writes it: with `type` beside `error`.
fn typed(status: u16, kind: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"status": "error", "type": kind, "error": message}))
}

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    if scope.view.is_none() {
        return Err(typed(400, "validation_error", "Workspace is required"));
    }
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => Ok(list(desk, scope)),
        ("POST", []) => create(desk, scope),
        ("GET", [id]) => {
            let (_, flag) = shelf::find(desk, scope, Kind::Flag, id)?;
            Ok(Reply::results(&flag.fields))
        }
        ("PUT", [id]) => replace(desk, scope, id),
        ("DELETE", [id]) => {
            let (key, flag) = shelf::find(desk, scope, Kind::Flag, id)?;
            scope.may_write()?;
            let last = json!({"id": flag.get("id")});
            desk.world.take(scope.project, Kind::Flag, &key);
            Ok(Reply::results(&last).did("flag", "delete", key))
        }
        ("POST" | "DELETE", [id, "archive"]) => archive(desk, scope, id),
        ("POST", [id, "duplicate"]) => duplicate(desk, scope, id),
        ("GET", [id, "history"]) => {
            shelf::find(desk, scope, Kind::Flag, id)?;
            Ok(Reply::results(&json!([])))
        }
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

fn list(desk: &Desk<'_>, scope: &Scope) -> Reply {
    let archived = desk.call.param("include_archived").as_deref() == Some("true");
    let flags: Vec<&Map<String, Value>> = shelf::listed(desk, scope, Kind::Flag)
        .into_iter()
        .filter(|(_, flag)| archived || flag.get("status").as_str() != Some("archived"))
        .map(|(_, flag)| &flag.fields)
        .collect();
    Reply::results(&flags)
}

/// The whole body is needed for creation and for PUT.
fn whole(desk: &Desk<'_>) -> Result<Map<String, Value>, Reply> {
    let body = desk.call.object()?;
    refuse_unknown(&body, &KNOWN)?;
    for field in ["name", "key", "context", "serving_method"] {
        required_text(&body, field)?;
    }
    if !body.get("tags").is_some_and(Value::is_array) || !body.get("ruleset").is_some_and(Value::is_object) {
        return Err(typed(400, "validation_error", "tags and ruleset are required"));
    }
    if let Some(status) = body.get("status").and_then(Value::as_str)
        && !["enabled", "disabled", "archived"].contains(&status)
    {
        return Err(typed(400, "validation_error", "status is not known"));
    }
    Ok(body)
}

fn create(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let body = whole(desk)?;
    let taken = desk.world.items(scope.project, Kind::Flag).any(|(_, flag)| Some(flag.get("key")) == body.get("key"));
    if taken {
        return Err(typed(400, "validation_error", "a feature flag with this key already exists"));
    }
    let key = shelf::create(desk, scope, Kind::Flag, shelf::settable(body));
    Ok(shelf::shown(desk, scope, Kind::Flag, &key, 200).did("flag", "create", key))
}

fn replace(desk: &mut Desk<'_>, scope: &Scope, id: &str) -> Answer {
    scope.may_write()?;
    let (key, _) = shelf::find(desk, scope, Kind::Flag, id)?;
    let body = whole(desk)?;
    shelf::amend(desk, scope, Kind::Flag, &key, shelf::settable(body));
    Ok(shelf::shown(desk, scope, Kind::Flag, &key, 200).did("flag", "update", key))
}

fn archive(desk: &mut Desk<'_>, scope: &Scope, id: &str) -> Answer {
    scope.may_write()?;
    let (key, _) = shelf::find(desk, scope, Kind::Flag, id)?;
    let (status, deleted, op) = if desk.call.method == "POST" {
        ("archived", json!(desk.stamp()), "archive")
    } else {
        ("disabled", Value::Null, "restore")
    };
    let mut values = Map::new();
    values.insert("status".to_owned(), json!(status));
    values.insert("deleted".to_owned(), deleted);
    shelf::amend(desk, scope, Kind::Flag, &key, values);
    Ok(shelf::shown(desk, scope, Kind::Flag, &key, 200).did("flag", op, key))
}

fn duplicate(desk: &mut Desk<'_>, scope: &Scope, id: &str) -> Answer {
    scope.may_write()?;
    let (source, flag) = shelf::find(desk, scope, Kind::Flag, id)?;
    let mut values = copied(flag);
    let suffix = desk.world.fresh_tag();
    for (field, joint) in [("name", " copy "), ("key", "-copy-")] {
        let text = values.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        values.insert(field.to_owned(), json!(format!("{text}{joint}{suffix}")));
    }
    values.insert("status".to_owned(), json!("disabled"));
    let key = shelf::create(desk, scope, Kind::Flag, values);
    Ok(shelf::shown(desk, scope, Kind::Flag, &key, 200).did("flag", "duplicate", key).copied_from(source))
}

fn copied(flag: &Item) -> Map<String, Value> {
    KNOWN.iter().filter_map(|field| Some(((*field).to_owned(), flag.fields.get(*field)?.clone()))).collect()
}

/// The flag's key in the world, for experiments that point at it.
pub(super) fn linked(desk: &Desk<'_>, scope: &Scope, experiment: &Key) -> Value {
    desk.world
        .items(scope.project, Kind::Flag)
        .find(|(_, flag)| *flag.get("experiment_id") == json!(experiment))
        .map_or(Value::Null, |(_, flag)| json!({"id": flag.get("id"), "key": flag.get("key")}))
}
