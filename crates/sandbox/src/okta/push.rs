//! Provisioning: what follows at the vendor from a change at the provider, by real SCIM calls (facts/identity-providers.md C2).

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::scim_client::{body, find, send};
use crate::world::World;

/// After a change at the provider: whoever came onto the application is pushed, whoever left it is deactivated at the vendor.
pub(super) fn settle(world: &mut World, now: Timestamp, before: &BTreeSet<String>) {
    let after = world.provider.on_mixpanel();
    for account in after.difference(before) {
        provision(world, now, account);
    }
    for account in before.difference(&after) {
        deactivate(world, now, account);
    }
}

/// The profile was edited: whoever is on the application is pushed again, and made anew if the vendor has lost them.
pub(crate) fn edited(world: &mut World, now: Timestamp, account: &str) {
    let mixpanel = world.provider.mixpanel.clone();
    if world.provider.has(&mixpanel, account).is_some() {
        provision(world, now, account);
    }
}

fn provision(world: &mut World, now: Timestamp, account: &str) {
    let Some(who) = world.provider.accounts.get(account).cloned() else { return };
    let found = find(world, now, &who.login);
    let was_active = found.as_ref().map(|(_, active)| *active);
    let found = found.map(|(id, _)| id);
    let event = match was_active {
        None => "application.provision.user.push",
        Some(false) => "application.provision.user.reactivate",
        Some(true) => "application.provision.user.push_profile",
    };
    let id = if let Some(id) = found {
        let active = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "value": {"active": true}}],
        });
        send(world, now, "PATCH", &format!("/Users/{id}"), "", Some(&active));
        Some(id)
    } else {
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": who.login,
            "name": {"givenName": who.first, "familyName": who.last},
            "emails": [{"primary": true, "value": who.email, "type": "work"}],
            "displayName": format!("{} {}", who.first, who.last),
            "locale": "en-US",
            "externalId": who.id,
            "groups": [],
            "active": true,
        });
        let made = send(world, now, "POST", "/Users", "", Some(&user));
        (made.status == 201).then(|| body(&made).get("id").and_then(Value::as_str).map(str::to_owned)).flatten()
    };
    let provider = Arc::make_mut(&mut world.provider);
    provider.note(now, event, id.is_some(), account, false);
    // The vendor takes only people of claimed domains; whoever it refuses stays unprovisioned.
    if let Some(id) = id.and_then(|id| id.parse().ok()) {
        provider.provisioned.insert(account.to_owned(), id);
    }
}

fn deactivate(world: &mut World, now: Timestamp, account: &str) {
    let Some(id) = Arc::make_mut(&mut world.provider).provisioned.remove(account) else { return };
    let inactive = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "value": {"active": false}}],
    });
    let sent = send(world, now, "PATCH", &format!("/Users/{id}"), "", Some(&inactive));
    let done = sent.status < 300;
    Arc::make_mut(&mut world.provider).note(now, "application.provision.user.deactivate", done, account, false);
}
