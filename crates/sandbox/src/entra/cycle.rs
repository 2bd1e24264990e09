//! Provisioning: what the job does at the vendor in each cycle, by real SCIM calls (facts/identity-providers.md A2, C3). A cycle looks
//! at those alone for whom something changed since the last one, as the incremental cycles do.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::scim_client::{body, find, send};
use crate::world::{Provisioning, World};

/// Whether a cycle is due.
pub(crate) fn is_due(world: &World, now: Timestamp) -> bool {
    world.tenant.next_run() <= now
}

/// Runs the cycles that are due.
pub(crate) fn catch_up(world: &mut World, now: Timestamp) {
    let at = world.tenant.next_run();
    if at > now {
        return;
    }
    if world.tenant.job.code == "Active" {
        run(world, at);
    }
    Arc::make_mut(&mut world.tenant).ran(now);
}

fn run(world: &mut World, at: Timestamp) {
    Arc::make_mut(&mut world.tenant).job.refused = false;
    let changed: BTreeSet<String> = std::mem::take(&mut Arc::make_mut(&mut world.tenant).changed);
    for user in changed {
        treat(world, at, &user);
    }
}

fn treat(world: &mut World, at: Timestamp, user: &str) {
    if world.tenant.in_scope(user) {
        give(world, at, user);
    } else if world.tenant.managed.contains_key(user) {
        take(world, at, user);
    }
}

/// One account, asked for by itself; the word for what came of it. A disabled account cannot be asked for.
pub(crate) fn look_at(world: &mut World, now: Timestamp, user: &str) -> &'static str {
    if world.tenant.users.get(user).is_none_or(|one| !one.enabled) {
        return "Failure";
    }
    let before = world.tenant.provisioned.len();
    treat(world, now, user);
    match world.tenant.provisioned.get(before..) {
        Some([]) | None => "Skipped",
        Some(did) if did.iter().all(|one| one.done) => "Success",
        Some(_) => "Failure",
    }
}

fn note(world: &mut World, at: Timestamp, user: &str, action: &'static str, done: bool) {
    let user = user.to_owned();
    let tenant = Arc::make_mut(&mut world.tenant);
    tenant.job.refused |= !done;
    tenant.provisioned.push(Provisioning { at, user, action, done });
}

fn patch(active: bool) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "Replace", "path": "active", "value": active}],
    })
}

fn give(world: &mut World, at: Timestamp, user: &str) {
    let Some(who) = world.tenant.users.get(user).cloned() else { return };
    let id = match find(world, at, &who.mail) {
        Some((id, true)) => Some(id),
        Some((id, false)) => {
            let done = send(world, at, "PATCH", &format!("/Users/{id}"), "", Some(&patch(true))).status < 300;
            note(world, at, user, "update", done);
            done.then_some(id)
        }
        None => {
            let made = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "externalId": who.upn,
                "userName": who.mail,
                "active": true,
                "displayName": format!("{} {}", who.first, who.last),
                "emails": [{"primary": true, "type": "work", "value": who.mail}],
                "meta": {"resourceType": "User"},
            });
            let sent = send(world, at, "POST", "/Users", "", Some(&made));
            note(world, at, user, "create", sent.status == 201);
            (sent.status == 201).then(|| body(&sent).get("id").and_then(Value::as_str).map(str::to_owned)).flatten()
        }
    };
    // The vendor takes only people of claimed domains; whoever it refuses stays unprovisioned.
    if let Some(id) = id.and_then(|id| id.parse().ok()) {
        Arc::make_mut(&mut world.tenant).managed.insert(user.to_owned(), id);
    }
}

/// After this the job does not look after the account any more.
fn take(world: &mut World, at: Timestamp, user: &str) {
    if world.tenant.job.keeps {
        return;
    }
    let Some(id) = Arc::make_mut(&mut world.tenant).managed.remove(user) else { return };
    let sent = send(world, at, "PATCH", &format!("/Users/{id}"), "", Some(&patch(false)));
    note(world, at, user, "disable", sent.status < 300);
}
