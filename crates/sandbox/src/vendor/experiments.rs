//! The documented Experiments API (experiments.openapi.yaml).

use serde_json::{Map, Value, json};

use super::boards::refuse_unknown;
use super::projects::Scope;
use super::{Desk, flags, required_text, shelf};
use crate::wire::{Answer, Reply, missing, wrong_method};
use crate::world::{Item, Key, Kind};

const KNOWN: [&str; 14] = [
    "name",
    "description",
    "hypothesis",
    "status",
    "settings",
    "variants",
    "metrics",
    "start_date",
    "end_date",
    "exposures_cache",
    "results_cache",
    "tags",
    "global_access_type",
    "content_type",
];

const COPIED: [&str; 7] = ["name", "description", "hypothesis", "settings", "variants", "metrics", "tags"];

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => {
            let experiments: Vec<Map<String, Value>> = shelf::listed(desk, scope, Kind::Experiment)
                .into_iter()
                .filter(|(_, experiment)| experiment.get("deleted").is_null())
                .map(|(key, experiment)| object(desk, scope, key, experiment))
                .collect();
            Ok(Reply::results(&experiments))
        }
        ("POST", []) => create(desk, scope),
        ("GET", [id]) => {
            let (key, experiment) = shelf::find(desk, scope, Kind::Experiment, id)?;
            Ok(Reply::results(&object(desk, scope, &key, experiment)))
        }
        ("PATCH", [id]) => {
            let mut body = desk.call.object()?;
            refuse_unknown(&body, &KNOWN)?;
            body.remove("global_access_type");
            if body.is_empty() {
                return Err(Reply::error(400, "nothing to change"));
            }
            amend(desk, scope, id, "update", shelf::settable(body))
        }
        ("DELETE", [id]) => remove(desk, scope, id, "delete"),
        ("POST", [id, "archive"]) => remove(desk, scope, id, "archive"),
        ("DELETE", [id, "archive"]) => amend(desk, scope, id, "restore", values([("deleted", Value::Null)])),
        ("PUT", [id, "launch"]) => {
            let at = json!(desk.stamp());
            amend(desk, scope, id, "update", values([("status", json!("active")), ("start_date", at)]))
        }
        ("PUT", [id, "force_conclude"]) => {
            let body = desk.call.object()?;
            let end = body.get("end_date").cloned().unwrap_or_else(|| json!(desk.stamp()));
            amend(desk, scope, id, "update", values([("status", json!("concluded")), ("end_date", end)]))
        }
        ("PATCH", [id, "decide"]) => {
            let success = desk
                .call
                .object()?
                .get("success")
                .and_then(Value::as_bool)
                .ok_or_else(|| Reply::error(400, "success: this field is required"))?;
            let status = if success { "success" } else { "fail" };
            amend(desk, scope, id, "update", values([("status", json!(status))]))
        }
        ("POST", [id, "duplicate"]) => duplicate(desk, scope, id),
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

fn values<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The experiment with its flag, if one points at it.
fn object(desk: &Desk<'_>, scope: &Scope, key: &Key, experiment: &Item) -> Map<String, Value> {
    let mut object = experiment.fields.clone();
    object.insert("feature_flag".to_owned(), flags::linked(desk, scope, key));
    object
}

fn shown(desk: &Desk<'_>, scope: &Scope, key: &Key, status: u16) -> Reply {
    desk.world.item(scope.project, Kind::Experiment, key).map_or_else(
        || missing("experiment"),
        |experiment| Reply::results_with(status, &object(desk, scope, key, experiment)),
    )
}

fn create(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let mut body = desk.call.object()?;
    required_text(&body, "name")?;
    refuse_unknown(&body, &KNOWN)?;
    body.remove("global_access_type");
    let key = shelf::create(desk, scope, Kind::Experiment, shelf::settable(body));
    Ok(shown(desk, scope, &key, 201).did("experiment", "create", key))
}

fn amend(desk: &mut Desk<'_>, scope: &Scope, id: &str, op: &'static str, values: Map<String, Value>) -> Answer {
    let (key, _) = shelf::find(desk, scope, Kind::Experiment, id)?;
    scope.may_write()?;
    shelf::amend(desk, scope, Kind::Experiment, &key, values);
    Ok(shown(desk, scope, &key, 200).did("experiment", op, key))
}

/// Deleting and archiving are soft: the experiment leaves the list but still reads by id, with `deleted` set.
fn remove(desk: &mut Desk<'_>, scope: &Scope, id: &str, op: &'static str) -> Answer {
    let at = json!(desk.stamp());
    amend(desk, scope, id, op, values([("deleted", at)]))?;
    let (key, _) = shelf::find(desk, scope, Kind::Experiment, id)?;
    if op == "delete" {
        desk.world.take(scope.project, Kind::Experiment, &key);
    }
    Ok(Reply::results(&json!({"id": key})).did("experiment", op, key))
}

fn duplicate(desk: &mut Desk<'_>, scope: &Scope, id: &str) -> Answer {
    scope.may_write()?;
    let (source, experiment) = shelf::find(desk, scope, Kind::Experiment, id)?;
    let mut values: Map<String, Value> =
        COPIED.iter().map(|field| ((*field).to_owned(), experiment.get(field).clone())).collect();
    if let Some(name) = desk.call.object()?.get("name").filter(|name| name.is_string()) {
        values.insert("name".to_owned(), name.clone());
    }
    let key = shelf::create(desk, scope, Kind::Experiment, values);
    Ok(shown(desk, scope, &key, 200).did("experiment", "duplicate", key).copied_from(source))
}
