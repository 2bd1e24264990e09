//! The documented Lexicon Schemas API (lexicon-schemas.openapi.yaml), limited to 5 requests a minute
//! (facts/mixpanel.md 1.3).

use serde_json::{Map, Value, json};

use super::definitions::entry_name;
use super::projects::Scope;
use super::{Desk, shelf};
use crate::wire::{Answer, Reply, missing, wrong_method};
use crate::world::{Key, Kind};

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    desk.meters.schemas_call(scope.project, desk.now)?;
    if let Some(kind) = rest.first()
        && !["event", "profile"].contains(kind)
    {
        return Err(missing("entity type"));
    }
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => Ok(list(desk, scope, None, None)),
        ("GET", [kind]) => Ok(list(desk, scope, Some(kind), desk.call.param("entity_name").as_deref())),
        ("GET", [kind, name]) => {
            let key = key_of(kind, name);
            let entry = desk.world.item(scope.project, Kind::Schema, &key).ok_or_else(|| missing("schema"))?;
            Ok(Reply::json(200, entry.get("schemaJson")))
        }
        ("POST", []) => upload(desk, scope),
        ("POST", [kind, name]) => {
            scope.may_write()?;
            let schema = desk.call.object()?;
            checked(&schema)?;
            put(desk, scope, kind, name, Value::Object(schema));
            Ok(Reply::done().did("schema", "update", key_of(kind, name)))
        }
        ("DELETE", _) if rest.len() <= 2 => delete(desk, scope, rest),
        (_, [] | [_] | [_, _]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

/// Entries are kept under type and name.
fn key_of(kind: &str, name: &str) -> Key {
    Key::Text(format!("{kind}/{name}"))
}

fn list(desk: &Desk<'_>, scope: &Scope, kind: Option<&str>, name: Option<&str>) -> Reply {
    let matches = |field: &Value, wanted: Option<&str>| wanted.is_none() || field.as_str() == wanted;
    let entries: Vec<&Map<String, Value>> = shelf::listed(desk, scope, Kind::Schema)
        .into_iter()
        .filter(|(_, entry)| matches(entry.get("entityType"), kind) && matches(entry.get("name"), name))
        .map(|(_, entry)| &entry.fields)
        .collect();
    Reply::results(&entries)
}

/// Contacts must be lists of texts.
fn checked(schema: &Map<String, Value>) -> Result<(), Reply> {
    let metadata = schema.get("metadata").and_then(|metadata| metadata.get("com.mixpanel"));
    for field in ["contacts", "teamContacts"] {
        if metadata
            .and_then(|metadata| metadata.get(field))
            .is_some_and(|list| !super::definitions::is_list_of_texts(list))
        {
            return Err(Reply::error(400, &format!("{field}: must be a list of texts")));
        }
    }
    Ok(())
}

fn put(desk: &mut Desk<'_>, scope: &Scope, kind: &str, name: &str, schema: Value) {
    let who = desk.caller.who.clone();
    let at = desk.stamp();
    let mut values = Map::new();
    values.insert("entityType".to_owned(), json!(kind));
    values.insert("name".to_owned(), json!(name));
    values.insert("schemaJson".to_owned(), schema);
    let key = key_of(kind, name).to_string();
    desk.world.make_named(scope.project, Kind::Schema, &key, &who, &at, values);
}

fn upload(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let body = desk.call.object()?;
    let bad = || Reply::error(400, "entries: a list of {entityType, name, schemaJson} is required");
    let entries: Vec<Map<String, Value>> = body
        .get("entries")
        .and_then(Value::as_array)
        .ok_or_else(bad)?
        .iter()
        .map(|entry| entry.as_object().cloned().ok_or_else(bad))
        .collect::<Result<_, _>>()?;
    for entry in &entries {
        let schema = entry.get("schemaJson").and_then(Value::as_object).ok_or_else(bad)?;
        checked(schema)?;
        entry_name(entry).ok_or_else(bad)?;
        let kind = entry.get("entityType").and_then(Value::as_str);
        kind.filter(|kind| ["event", "profile"].contains(kind)).ok_or_else(bad)?;
    }
    let deleted =
        if body.get("truncate").and_then(Value::as_bool) == Some(true) { clear(desk, scope, None, None) } else { 0 };
    for entry in &entries {
        let kind = entry.get("entityType").and_then(Value::as_str).unwrap_or_default();
        let schema = entry.get("schemaJson").cloned().unwrap_or_default();
        put(desk, scope, kind, entry_name(entry).unwrap_or_default(), schema);
    }
    Ok(Reply::results(&json!({"added": entries.len(), "deleted": deleted})).did("schema", "update", "entries"))
}

fn clear(desk: &mut Desk<'_>, scope: &Scope, kind: Option<&str>, name: Option<&str>) -> usize {
    let gone: Vec<Key> = desk
        .world
        .items(scope.project, Kind::Schema)
        .filter(|(_, entry)| kind.is_none() || entry.get("entityType").as_str() == kind)
        .filter(|(_, entry)| name.is_none() || entry.get("name").as_str() == name)
        .map(|(key, _)| key.clone())
        .collect();
    for key in &gone {
        desk.world.take(scope.project, Kind::Schema, key);
    }
    gone.len()
}

fn delete(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    scope.may_write()?;
    let query = desk.call.param("entity_name");
    let kind = rest.first().copied();
    let name = rest.get(1).copied().or(query.as_deref());
    let count = clear(desk, scope, kind, name);
    let reply = Reply::results(&json!({"delete_count": count}));
    let id = [kind, name].into_iter().flatten().collect::<Vec<_>>().join("/");
    Ok(if count > 0 { reply.did("schema", "delete", id) } else { reply })
}
