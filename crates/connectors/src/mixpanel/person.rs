//! People as the vendor's answers name them.

use leaver_core::reading::Maker;
use serde_json::{Map, Value};

pub(crate) use crate::json::{address, first, flag, named, text};

/// A person as an object names them: `id`, `email`, `name` or `first_name` and `last_name`.
pub(crate) fn object(object: &Map<String, Value>) -> Option<Maker> {
    let maker = Maker {
        id: first(object, &["id", "user_id", "userId"]),
        address: first(object, &["email", "user_email", "userEmail"]).and_then(|text| address(&text)),
        name: first(object, &["name", "user_name", "display_name", "displayName"]).or_else(|| full_name(object)),
    };
    (maker != Maker::default()).then_some(maker)
}

/// A person however a field names them: an object, an id, an address, or a name.
pub(crate) fn any(value: &Value) -> Option<Maker> {
    match value {
        Value::Object(fields) => object(fields),
        Value::Number(number) => Some(Maker { id: Some(number.to_string()), ..Maker::default() }),
        Value::String(text) => {
            let text = text.trim();
            if let Some(address) = address(text) {
                return Some(Maker { address: Some(address), ..Maker::default() });
            }
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            (!text.is_empty()).then(|| Maker {
                id: digits.then(|| text.to_owned()),
                name: (!digits).then(|| text.to_owned()),
                ..Maker::default()
            })
        }
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    }
}

fn full_name(object: &Map<String, Value>) -> Option<String> {
    let parts: Vec<String> = ["first_name", "last_name"].iter().filter_map(|key| text(object.get(*key)?)).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Whoever made the thing, from the fields in which the kinds name their maker (`facts/mixpanel.md` 4.3, 4.5).
pub(crate) fn maker(thing: &Map<String, Value>) -> Option<Maker> {
    let flat = Maker {
        id: first(thing, &["creator_id", "created_by_user_id"]),
        address: first(thing, &["creator_email"]).and_then(|text| address(&text)),
        name: first(thing, &["creator_name"]),
    };
    let mut found = (flat != Maker::default()).then_some(flat);
    // Each of these names the same person again, or the only one; what an earlier one left open is filled in.
    for key in ["creator", "created_by", "requesting_user"] {
        if let Some(other) = thing.get(key).and_then(any) {
            found = Some(merge(found, other));
        }
    }
    // The user of a thing is its maker only where no maker is named.
    found.or_else(|| ["user", "user_id"].iter().find_map(|key| any(thing.get(*key)?)))
}

/// Whoever changed the thing last (`last_modified_by_*`; `facts/mixpanel.md` 4.3, 4.5).
pub(crate) fn editor(thing: &Map<String, Value>) -> Option<Maker> {
    let flat = Maker {
        id: first(thing, &["last_modified_by_id"]),
        address: first(thing, &["last_modified_by_email"]).and_then(|text| address(&text)),
        name: first(thing, &["last_modified_by_name"]),
    };
    let flat = (flat != Maker::default()).then_some(flat);
    match thing.get("last_modified_by").and_then(any) {
        Some(other) => Some(merge(flat, other)),
        None => flat,
    }
}

fn merge(found: Option<Maker>, other: Maker) -> Maker {
    match found {
        None => other,
        Some(found) => Maker {
            id: found.id.or(other.id),
            address: found.address.or(other.address),
            name: found.name.or(other.name),
        },
    }
}
