//! Cohorts of the App API. No duplicate verb: read the definition and create anew; a taken name answers 409
//! (facts/mixpanel.md 4.3, 4.5).

use serde_json::{Map, Value};

use super::projects::Scope;
use super::{Desk, families, required_text, shelf};
use crate::wire::{Answer, Reply, loose_id, missing, wrong_method};
use crate::world::{Key, Kind};

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => {
            let cohorts = shelf::listed(desk, scope, Kind::Cohort);
            Ok(Reply::results(&shelf::objects(&cohorts)))
        }
        ("POST", []) => create(desk, scope),
        ("POST", ["bulk-delete"]) => families::remove_many(desk, scope, Kind::Cohort, "cohort_ids"),
        ("POST", ["bulk-update"]) => bulk_update(desk, scope),
        ("GET", [id]) => {
            let (_, cohort) = shelf::find(desk, scope, Kind::Cohort, id)?;
            Ok(Reply::results(&cohort.fields))
        }
        ("PATCH", [id]) => {
            let body = desk.call.object()?;
            let key = change(desk, scope, id, body)?;
            Ok(shelf::shown(desk, scope, Kind::Cohort, &key, 200).did("cohort", "update", key))
        }
        ("DELETE", [id]) => {
            let (key, _) = shelf::find(desk, scope, Kind::Cohort, id)?;
            scope.may_write()?;
            desk.world.take(scope.project, Kind::Cohort, &key);
            Ok(Reply::done().did("cohort", "delete", key))
        }
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

/// Names are taken in the whole project, also by cohorts the caller does not see.
fn taken(desk: &Desk<'_>, scope: &Scope, name: &str, by_other_than: Option<&Key>) -> bool {
    desk.world
        .items(scope.project, Kind::Cohort)
        .any(|(key, cohort)| Some(key) != by_other_than && cohort.get("name").as_str() == Some(name))
}

fn create(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let body = desk.call.object()?;
    let name = required_text(&body, "name")?;
    if taken(desk, scope, &name, None) {
        return Err(Reply::error(409, "a cohort with this name already exists"));
    }
    let key = shelf::create(desk, scope, Kind::Cohort, values(body));
    Ok(shelf::shown(desk, scope, Kind::Cohort, &key, 200).did("cohort", "create", key))
}

/// Settable fields without those the server computes.
fn values(body: Map<String, Value>) -> Map<String, Value> {
    let mut values = shelf::settable(body);
    for computed in ["count", "referenced_by", "referenced_directly_by", "active_integrations", "last_queried"] {
        values.remove(computed);
    }
    values
}

fn change(desk: &mut Desk<'_>, scope: &Scope, id: &str, body: Map<String, Value>) -> Result<Key, Reply> {
    let (key, _) = shelf::find(desk, scope, Kind::Cohort, id)?;
    scope.may_write()?;
    if body.is_empty() {
        return Err(Reply::error(400, "nothing to change"));
    }
    if let Some(name) = body.get("name").and_then(Value::as_str)
        && taken(desk, scope, name, Some(&key))
    {
        return Err(Reply::error(409, "a cohort with this name already exists"));
    }
    shelf::amend(desk, scope, Kind::Cohort, &key, values(body));
    Ok(key)
}

fn bulk_update(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    let body = desk.call.object()?;
    let changes: Vec<Map<String, Value>> = body
        .get("cohorts")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_object).cloned().collect())
        .unwrap_or_default();
    let ids: Vec<u64> = changes.iter().filter_map(|change| loose_id(change.get("id"))).collect();
    if ids.is_empty() || ids.len() != changes.len() {
        return Err(Reply::error(400, "cohorts: a list of objects with id is required"));
    }
    for id in &ids {
        shelf::find(desk, scope, Kind::Cohort, &id.to_string())?;
    }
    for (id, values) in ids.iter().zip(changes) {
        change(desk, scope, &id.to_string(), values)?;
    }
    let all = ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    Ok(Reply::done().did("cohort", "update", all))
}
