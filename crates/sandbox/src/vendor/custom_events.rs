//! Creating custom events: form encoding with JSON-encoded lists, answered without an envelope; JSON gets 400
//! (facts/mixpanel.md 1.4). Listing and deleting them is in [`super::definitions`].

use serde_json::{Map, Value};

use super::projects::Scope;
use super::{Desk, shelf};
use crate::wire::{Answer, Reply, missing, wrong_method};
use crate::world::{Item, Kind};

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => {
            let events = shelf::listed(desk, scope, Kind::CustomEvent);
            Ok(Reply::json(200, &shelf::objects(&events)))
        }
        ("GET", [id]) => {
            let (_, event) = shelf::find(desk, scope, Kind::CustomEvent, id)?;
            Ok(bare(event))
        }
        ("POST", []) => create(desk, scope),
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

/// The entity at the root.
fn bare(event: &Item) -> Reply {
    Reply::json(200, &event.fields)
}

fn create(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let form_encoded =
        desk.call.content_type.as_deref().is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !form_encoded {
        return Err(Reply::error(400, "request must be form encoded"));
    }
    let mut values = Map::new();
    for (field, raw) in desk.call.form() {
        let value = match field.as_str() {
            "alternatives" => serde_json::from_str::<Value>(&raw)
                .ok()
                .filter(Value::is_array)
                .ok_or_else(|| Reply::error(400, "alternatives: must be a JSON list"))?,
            _ => Value::String(raw),
        };
        values.insert(field, value);
    }
    super::required_text(&values, "name")?;
    let key = shelf::create(desk, scope, Kind::CustomEvent, shelf::settable(values));
    let reply = desk.world.item(scope.project, Kind::CustomEvent, &key).map_or_else(|| missing("custom event"), bare);
    Ok(reply.did("custom_event", "create", key))
}
