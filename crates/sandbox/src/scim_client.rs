//! SCIM calls to the vendor, as an identity provider sends them.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

use crate::wire::{Call, Reply, Via};
use crate::world::World;

/// One call. What it changed is noted, for the vendor's own log.
pub(crate) fn send(
    world: &mut World,
    now: Timestamp,
    method: &str,
    path: &str,
    query: &str,
    body: Option<&Value>,
) -> Reply {
    let call = Call {
        via: Via::Api,
        method: method.to_owned(),
        path: format!("/api/app/scim/v2{path}"),
        query: query.to_owned(),
        authorization: Some(format!("Bearer {}", world.scim_token)),
        content_type: Some("application/scim+json".to_owned()),
        body: body.map(Value::to_string).unwrap_or_default().into_bytes(),
    };
    let reply = match crate::scim::answer(world, &call, now) {
        Ok(reply) | Err(reply) => reply,
    };
    if let Some(effect) = &reply.effect {
        world.pushed.push((call, (**effect).clone()));
    }
    reply
}

/// The record of a user name: its id, and whether it is active.
pub(crate) fn find(world: &mut World, now: Timestamp, name: &str) -> Option<(String, bool)> {
    let filter = encoded(&format!("userName eq \"{name}\""));
    let found = body(&send(world, now, "GET", "/Users", &format!("filter={filter}"), None));
    let id = found.pointer("/Resources/0/id").and_then(Value::as_str)?.to_owned();
    Some((id, found.pointer("/Resources/0/active").and_then(Value::as_bool).unwrap_or(false)))
}

/// The document of a reply.
pub(crate) fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
