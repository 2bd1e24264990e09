//! `/Users`: everybody in the organization, active or not.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{equality, failure, page, scim, truth};
use crate::vendor::stamp;
use crate::wire::{Answer, Call, Reply, text};
use crate::world::{Member, OrgRole, Reach, Who, World};

pub(super) fn route(world: &mut World, call: &Call, now: Timestamp, rest: &[&str]) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", []) => list(world, call),
        ("POST", []) => create(world, call, now),
        ("GET", [id]) => {
            let member = find(world, id)?;
            if shown(world, &member) {
                Ok(scim(200, &resource(&member)))
            } else {
                Err(failure(404, None, "user not found"))
            }
        }
        ("PATCH", [id]) => {
            let active = patched(call)?;
            set_active(world, id, active)
        }
        ("PUT", [id]) => {
            let body = body(call)?;
            let active = body.get("active").and_then(truth);
            set_active(world, id, active)
        }
        ("DELETE", [id]) => delete(world, id),
        (_, [] | [_]) => Err(failure(405, None, "method not allowed")),
        _ => Err(failure(404, None, "no such endpoint")),
    }
}

fn resource(member: &Member) -> Value {
    let (given, family) = member.who.names();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": member.who.id.to_string(),
        "userName": member.who.email,
        "displayName": member.who.name,
        "name": {"givenName": given, "familyName": family, "formatted": member.who.name},
        "emails": [{"value": member.who.email, "type": "work", "primary": true}],
        "active": member.active,
        "meta": {"resourceType": "User", "created": stamp(member.joined)},
    })
}

fn find(world: &World, id: &str) -> Result<Arc<Member>, Reply> {
    id.parse()
        .ok()
        .and_then(|id: u64| world.members.get(&id))
        .cloned()
        .ok_or_else(|| failure(404, None, "user not found"))
}

/// Whether the address has a claimed domain.
fn claimed(world: &World, address: &str) -> bool {
    world.claimed.contains(&address.rsplit('@').next().unwrap_or_default().to_lowercase())
}

/// Whether the person can be read at all: everybody, except in the variant that shows people of claimed domains only.
fn shown(world: &World, member: &Member) -> bool {
    !world.variants.scim_claimed_domains_only || claimed(world, &member.who.email)
}

/// Only people of claimed domains can be changed.
fn reached(world: &World, address: &str) -> Result<(), Reply> {
    if claimed(world, address) {
        Ok(())
    } else {
        Err(failure(403, None, "the address is not in a claimed domain of this organization"))
    }
}

fn list(world: &World, call: &Call) -> Answer {
    let filter = match call.param("filter") {
        None => None,
        Some(raw) => Some(
            equality(&raw)
                .filter(|(attribute, _)| attribute == "username")
                .ok_or_else(|| failure(400, Some("invalidFilter"), "only userName eq is supported"))?,
        ),
    };
    let mut found: Vec<&Arc<Member>> = match filter {
        Some((_, address)) => world.member_by_address(&address).into_iter().collect(),
        None => world.members.values().collect(),
    };
    found.retain(|member| shown(world, member));
    Ok(page(call, &found, |one| resource(one)))
}

fn body(call: &Call) -> Result<Map<String, Value>, Reply> {
    call.object().map_err(|_| failure(400, Some("invalidSyntax"), "the body is not a JSON object"))
}

/// The `active` that a PATCH asks for, in either form of RFC 7644 3.5.2; `None` if it asks for something else.
fn patched(call: &Call) -> Result<Option<bool>, Reply> {
    let body = body(call)?;
    let operations = body
        .get("Operations")
        .and_then(Value::as_array)
        .ok_or_else(|| failure(400, Some("invalidSyntax"), "Operations is required"))?;
    let mut active = None;
    for operation in operations {
        let Some(value) = operation.get("value") else {
            continue;
        };
        let path = operation.get("path").and_then(Value::as_str).unwrap_or_default();
        let wanted = if path.eq_ignore_ascii_case("active") { Some(value) } else { value.get("active") };
        if let Some(wanted) = wanted {
            active =
                Some(truth(wanted).ok_or_else(|| failure(400, Some("invalidValue"), "active must be true or false"))?);
        }
    }
    Ok(active)
}

fn set_active(world: &mut World, id: &str, active: Option<bool>) -> Answer {
    let member = find(world, id)?;
    reached(world, &member.who.email)?;
    let Some(active) = active else {
        return Ok(scim(200, &resource(&member)));
    };
    if !active && member.active && member.role == OrgRole::Owner && world.owners() <= 1 {
        return Err(failure(409, None, "an organization must have at least one owner"));
    }
    let changed = member.active != active;
    world.edit_member(member.who.id, |member| member.active = active);
    let reply = scim(200, &resource(&*find(world, id)?));
    let op = if active { "reactivate" } else { "deactivate" };
    Ok(if changed { reply.did("member", op, id) } else { reply })
}

/// Deletes the person and, as one third party says of the vendor, "their data": everything private they made. Content
/// that others see stays (facts/mixpanel.md 2.3, "treat as potentially content-destroying").
fn delete(world: &mut World, id: &str) -> Answer {
    let member = find(world, id)?;
    reached(world, &member.who.email)?;
    if member.active && member.role == OrgRole::Owner && world.owners() <= 1 {
        return Err(failure(409, None, "an organization must have at least one owner"));
    }
    let leaver = member.who.id;
    world.drop_member(leaver);
    for shelf in Arc::make_mut(&mut world.content).values_mut() {
        let private = shelf.values().any(|item| item.creator == leaver && is_private(item));
        if private {
            Arc::make_mut(shelf).retain(|_, item| item.creator != leaver || !is_private(item));
        }
    }
    let mut reply = scim(204, &Value::Null).did("member", "delete", id);
    reply.body = Vec::new();
    Ok(reply)
}

fn is_private(item: &crate::world::Item) -> bool {
    item.reach != Reach::Project && item.shares.projects.is_empty()
}

/// New people become Member; an account that exists cannot be made again.
fn create(world: &mut World, call: &Call, now: Timestamp) -> Answer {
    let body = body(call)?;
    let address = text(&body, "userName")
        .filter(|address| address.contains('@'))
        .ok_or_else(|| failure(400, Some("invalidValue"), "userName must be an address"))?;
    reached(world, address)?;
    if world.member_by_address(address).is_some() {
        return Err(failure(409, Some("uniqueness"), "a user with this address exists"));
    }
    let id = world.fresh_id();
    let name = text(&body, "displayName").unwrap_or(address).to_owned();
    let member = Member {
        who: Who { id, name, email: address.to_owned() },
        role: OrgRole::Member,
        joined: now,
        active: true,
        projects: BTreeMap::new(),
    };
    let reply = scim(201, &resource(&member)).did("member", "create", id);
    world.put_member(member);
    Ok(reply)
}
