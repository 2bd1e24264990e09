//! How the provider writes its things down.

use serde_json::{Value, json};

use crate::vendor::stamp;
use crate::world::{Account, App, Group, Happened, Provider, Rule};

pub(super) fn user(account: &Account) -> Value {
    let at = stamp(account.created);
    json!({
        "id": account.id,
        "status": account.status,
        "created": at,
        "activated": at,
        "statusChanged": at,
        "lastLogin": at,
        "lastUpdated": at,
        "passwordChanged": at,
        "profile": {
            "login": account.login,
            "email": account.email,
            "firstName": account.first,
            "lastName": account.last,
            "department": account.department,
        },
        "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
    })
}

pub(super) fn group(group: &Group) -> Value {
    let at = stamp(group.created);
    json!({
        "id": group.id,
        "created": at,
        "lastUpdated": at,
        "lastMembershipUpdated": at,
        "objectClass": ["okta:user_group"],
        "type": group.kind,
        "profile": {"name": group.name, "description": ""},
    })
}

pub(super) fn rule(rule: &Rule) -> Value {
    let at = stamp(rule.created);
    json!({
        "id": rule.id,
        "type": "group_rule",
        "name": rule.name,
        "status": if rule.active { "ACTIVE" } else { "INACTIVE" },
        "created": at,
        "lastUpdated": at,
        "conditions": {
            "people": {"users": {"exclude": rule.exclude}, "groups": {"exclude": []}},
            "expression": {
                "type": "urn:okta:expression:1.0",
                "value": format!("user.department==\"{}\"", rule.department),
            },
        },
        "actions": {"assignUserToGroups": {"groupIds": rule.groups}},
    })
}

pub(super) fn app(app: &App) -> Value {
    let at = stamp(app.created);
    json!({
        "id": app.id,
        "name": "mixpanel",
        "label": app.label,
        "status": "ACTIVE",
        "created": at,
        "lastUpdated": at,
        "signOnMode": "SAML_2_0",
        "accessibility": {"selfService": app.self_service},
        "features": ["PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "REACTIVATE_USERS", "GROUP_PUSH"],
        "settings": {},
        "credentials": {},
        "visibility": {},
    })
}

/// An account on an application.
pub(super) fn app_user(provider: &Provider, account: &Account, direct: bool) -> Value {
    let at = stamp(account.created);
    let pushed = provider.provisioned.get(&account.id);
    let mut user = json!({
        "id": account.id,
        "created": at,
        "lastUpdated": at,
        "statusChanged": at,
        "scope": if direct { "USER" } else { "GROUP" },
        "status": if pushed.is_some() { "PROVISIONED" } else { "ACTIVE" },
        "syncState": if pushed.is_some() { "SYNCHRONIZED" } else { "DISABLED" },
        "credentials": {"userName": account.login},
        "profile": {},
    });
    if let (Some(id), Some(map)) = (pushed, user.as_object_mut()) {
        map.insert("externalId".to_owned(), json!(id.to_string()));
    }
    user
}

/// An event of the system log.
pub(super) fn event(provider: &Provider, number: usize, one: &Happened) -> Value {
    let who = |id: &str| {
        let account = provider.accounts.get(id);
        json!({
            "id": id,
            "type": "User",
            "alternateId": account.map_or("unknown", |account| account.login.as_str()),
            "displayName": account.map_or_else(String::new, |account| format!("{} {}", account.first, account.last)),
        })
    };
    let system = || json!({"id": "system", "type": "SystemPrincipal", "alternateId": "system@okta.com", "displayName": "Okta System"});
    let label = provider.apps.get(&one.app).map_or("", |app| app.label.as_str());
    json!({
        "uuid": format!("{number:08x}-0000-4000-8000-000000000000"),
        "published": one.at.to_string(),
        "eventType": one.event,
        "version": "0",
        "severity": if one.success { "INFO" } else { "WARN" },
        "displayMessage": one.event,
        "actor": one.actor.as_deref().map_or_else(system, who),
        "outcome": {"result": if one.success { "SUCCESS" } else { "FAILURE" }},
        "target": [
            who(&one.account),
            {"id": one.app, "type": "AppInstance", "alternateId": label, "displayName": label},
        ],
        "transaction": {"type": "WEB", "id": format!("tx{number:08x}"), "detail": {}},
    })
}

/// A group that is kept as a team of the application.
pub(super) fn mapping(app: &App, group: &Group) -> Value {
    let at = stamp(group.created);
    json!({
        "id": format!("gPo{}", group.id.get(3..).unwrap_or_default()),
        "created": at,
        "lastUpdated": at,
        "lastPush": at,
        "sourceGroupId": group.id,
        "targetGroupId": format!("00gt{}", group.id.get(4..).unwrap_or_default()),
        "status": "ACTIVE",
        "_links": {"app": {"href": format!("/api/v1/apps/{}", app.id)}, "sourceGroup": {"href": format!("/api/v1/groups/{}", group.id)}},
    })
}

/// A group on an application.
pub(super) fn app_group(on: &Group, embed: bool) -> Value {
    let mut assignment = json!({
        "id": on.id,
        "lastUpdated": stamp(on.created),
        "priority": 0,
        "profile": {},
    });
    if embed && let Some(map) = assignment.as_object_mut() {
        map.insert("_embedded".to_owned(), json!({"group": group(on)}));
    }
    assignment
}
