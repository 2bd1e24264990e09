//! `P/data-definitions/..`: the dictionary, custom events in it, lookup tables, drop filters, event deletion requests
//! and the schema-enforcement settings (facts/mixpanel.md 4.3).

use serde_json::{Map, Value, json};

use super::projects::Scope;
use super::{Desk, shelf};
use crate::wire::{Answer, Reply, ids_of, loose_id, missing, text, wrong_method};
use crate::world::{Key, Kind};

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    match rest {
        ["events"] => events(desk, scope),
        ["properties"] => properties(desk, scope),
        ["events", "drop-filters"] => by_body_id(desk, scope, Kind::DropFilter, "id"),
        ["events", "deletion-requests"] => by_body_id(desk, scope, Kind::DeletionRequest, "id"),
        ["lookup-tables"] => by_body_id(desk, scope, Kind::LookupTable, "data-group-ids"),
        ["schema"] => enforcement(desk, scope),
        _ => Err(missing("page")),
    }
}

/// Event definitions; with `?custom_event=true` the custom events.
fn events(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    let method = desk.call.method.clone();
    match method.as_str() {
        "GET" if desk.call.param("custom_event").as_deref() == Some("true") => {
            let events = shelf::listed(desk, scope, Kind::CustomEvent);
            Ok(Reply::results(&shelf::objects(&events)))
        }
        "GET" => {
            let events = shelf::listed(desk, scope, Kind::EventDefinition);
            Ok(Reply::results(&shelf::objects(&events)))
        }
        "PATCH" | "DELETE" => {
            let body = desk.call.object()?;
            match loose_id(body.get("customEventId")) {
                Some(id) => custom_event(desk, scope, id, body),
                None => named(desk, scope, Kind::EventDefinition, body),
            }
        }
        _ => Err(wrong_method()),
    }
}

fn custom_event(desk: &mut Desk<'_>, scope: &Scope, id: u64, body: Map<String, Value>) -> Answer {
    scope.may_write()?;
    let (key, _) = shelf::find(desk, scope, Kind::CustomEvent, &id.to_string())?;
    if desk.call.method == "DELETE" {
        desk.world.take(scope.project, Kind::CustomEvent, &key);
        return Ok(Reply::done().did("custom_event", "delete", key));
    }
    shelf::amend(desk, scope, Kind::CustomEvent, &key, shelf::settable(body));
    Ok(shelf::shown(desk, scope, Kind::CustomEvent, &key, 200).did("custom_event", "update", key))
}

fn properties(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    let method = desk.call.method.clone();
    match method.as_str() {
        "GET" => {
            let properties = shelf::listed(desk, scope, Kind::PropertyDefinition);
            Ok(Reply::results(&shelf::objects(&properties)))
        }
        "PATCH" => {
            let body = desk.call.object()?;
            named(desk, scope, Kind::PropertyDefinition, body)
        }
        _ => Err(wrong_method()),
    }
}

/// Changes or deletes the definition that the body names.
fn named(desk: &mut Desk<'_>, scope: &Scope, kind: Kind, body: Map<String, Value>) -> Answer {
    scope.may_write()?;
    let name = super::required_text(&body, "name")?;
    let key = desk
        .world
        .items(scope.project, kind)
        .find(|(_, item)| item.get("name").as_str() == Some(&name))
        .map(|(key, _)| key.clone())
        .ok_or_else(|| missing("definition"))?;
    if desk.call.method == "DELETE" {
        desk.world.take(scope.project, kind, &key);
        return Ok(Reply::done().did(kind.name(), "delete", name));
    }
    shelf::amend(desk, scope, kind, &key, shelf::settable(body));
    Ok(shelf::shown(desk, scope, kind, &key, 200).did(kind.name(), "update", name))
}

/// Collections whose PATCH and DELETE name their object in the body.
fn by_body_id(desk: &mut Desk<'_>, scope: &Scope, kind: Kind, field: &'static str) -> Answer {
    let method = desk.call.method.clone();
    if method == "GET" {
        let items = shelf::listed(desk, scope, kind);
        return Ok(Reply::results(&shelf::objects(&items)));
    }
    scope.may_administer()?;
    let body = desk.call.object()?;
    match method.as_str() {
        "POST" => {
            let key = shelf::create(desk, scope, kind, shelf::settable(body));
            Ok(shelf::shown(desk, scope, kind, &key, 200).did(kind.name(), "create", key))
        }
        "PATCH" if kind != Kind::DeletionRequest => {
            let id = loose_id(body.get("id")).or_else(|| loose_id(body.get("data-group-id")));
            let key = present(desk, scope, kind, id)?;
            shelf::amend(desk, scope, kind, &key, shelf::settable(body));
            Ok(shelf::shown(desk, scope, kind, &key, 200).did(kind.name(), "update", key))
        }
        "DELETE" => {
            let id = loose_id(body.get(field)).or_else(|| ids_of(body.get(field)).first().copied());
            let key = present(desk, scope, kind, id)?;
            desk.world.take(scope.project, kind, &key);
            Ok(Reply::done().did(kind.name(), "delete", key))
        }
        _ => Err(wrong_method()),
    }
}

fn present(desk: &Desk<'_>, scope: &Scope, kind: Kind, id: Option<u64>) -> Result<Key, Reply> {
    let id = id.ok_or_else(|| Reply::error(400, "id is required"))?;
    shelf::find(desk, scope, kind, &id.to_string()).map(|(key, _)| key)
}

/// `P/data-definitions/schema/`: one object with the addresses that hear of violations.
fn enforcement(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    let present = desk.world.items(scope.project, Kind::SchemaEnforcement).next().map(|(key, _)| key.clone());
    let method = desk.call.method.clone();
    if method == "GET" {
        return match present {
            Some(key) => Ok(shelf::shown(desk, scope, Kind::SchemaEnforcement, &key, 200)),
            None => Ok(Reply::results(&json!({}))),
        };
    }
    scope.may_administer()?;
    let body = desk.call.object()?;
    match (method.as_str(), present) {
        ("POST", None) => {
            let key = shelf::create(desk, scope, Kind::SchemaEnforcement, shelf::settable(body));
            Ok(shelf::shown(desk, scope, Kind::SchemaEnforcement, &key, 200).did("schema_enforcement", "create", key))
        }
        ("PATCH" | "PUT", Some(key)) => {
            if body.get("notification_emails").is_some_and(|list| !list.is_array()) {
                return Err(Reply::error(400, "notification_emails: must be a list"));
            }
            let mut values = shelf::settable(body);
            let who = crate::shapes::person(&desk.caller.who);
            values.insert("last_modified_by".to_owned(), who);
            values.insert("last_modified".to_owned(), json!(desk.stamp()));
            shelf::amend(desk, scope, Kind::SchemaEnforcement, &key, values);
            Ok(shelf::shown(desk, scope, Kind::SchemaEnforcement, &key, 200).did("schema_enforcement", "update", key))
        }
        ("DELETE", Some(key)) => {
            desk.world.take(scope.project, Kind::SchemaEnforcement, &key);
            Ok(Reply::done().did("schema_enforcement", "delete", key))
        }
        ("POST", Some(_)) => Err(Reply::error(409, "schema enforcement is already initialized")),
        ("PATCH" | "PUT" | "DELETE", None) => Err(missing("schema enforcement")),
        _ => Err(wrong_method()),
    }
}

/// Whether a value is a list of texts.
pub(super) fn is_list_of_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(Value::is_string))
}

/// The name of an entry.
pub(super) fn entry_name(entry: &Map<String, Value>) -> Option<&str> {
    text(entry, "name")
}
