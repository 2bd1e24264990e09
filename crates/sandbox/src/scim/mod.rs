//! SCIM 2.0 provisioning (facts/mixpanel.md 2.3): reads everybody, changes only people of claimed domains.

mod groups;
mod users;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{Answer, Call, Reply};
use crate::world::World;

/// Page size without `count`, and the largest one.
const PAGE: usize = 100;

pub(crate) fn answer(world: &mut World, call: &Call, now: Timestamp) -> Answer {
    if world.variants.no_scim {
        return Err(failure(403, None, "SCIM is available on the Enterprise plan"));
    }
    let token = call.authorization.as_deref().and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    if token != Some(&*world.scim_token) {
        return Err(failure(401, None, "invalid SCIM token"));
    }
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().skip(4).map(String::as_str).collect();
    match parts.as_slice() {
        ["ServiceProviderConfig"] => Ok(scim(200, &provider())),
        ["Users", rest @ ..] => users::route(world, call, now, rest),
        ["Groups", rest @ ..] => groups::route(world, call, rest),
        _ => Err(failure(404, None, "no such endpoint")),
    }
}

/// A SCIM document.
fn scim(status: u16, body: &Value) -> Reply {
    Reply { content_type: "application/scim+json", ..Reply::json(status, body) }
}

/// A SCIM error; the status is a text there (RFC 7644, 3.12).
fn failure(status: u16, kind: Option<&str>, detail: &str) -> Reply {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.to_string(),
        "detail": detail,
    });
    if let (Some(kind), Some(map)) = (kind, body.as_object_mut()) {
        map.insert("scimType".to_owned(), json!(kind));
    }
    scim(status, &body)
}

fn provider() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": PAGE},
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": false},
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "SCIM token",
            "description": "The token of Organization Settings, Access Security, SCIM",
        }],
    })
}

/// One page of resources; `startIndex` counts from 1. Only those that are shown are written out.
fn page<T>(call: &Call, found: &[T], write: impl Fn(&T) -> Value) -> Reply {
    let number = |name: &str| call.param(name).and_then(|raw| raw.parse::<usize>().ok());
    let start = number("startIndex").unwrap_or(1).max(1);
    let count = number("count").unwrap_or(PAGE).min(PAGE);
    let shown: Vec<Value> = found.iter().skip(start - 1).take(count).map(write).collect();
    scim(
        200,
        &json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": found.len(),
            "startIndex": start,
            "itemsPerPage": shown.len(),
            "Resources": shown,
        }),
    )
}

/// `attribute eq "value"`, the only filter there is.
fn equality(filter: &str) -> Option<(String, String)> {
    let (attribute, rest) = filter.trim().split_once(' ')?;
    let (operator, value) = rest.trim().split_once(' ')?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    operator.eq_ignore_ascii_case("eq").then(|| (attribute.to_ascii_lowercase(), value.to_owned()))
}

/// A truth value as the identity providers send it: true, "True" or "false".
fn truth(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| match value.as_str()?.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    })
}
