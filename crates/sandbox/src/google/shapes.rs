//! How Google writes its things down, as its discovery documents say.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::world::{SamlLogin, Workspace, WorkspaceGroup, WorkspaceUser};

/// An instant with milliseconds, as everything here has it.
pub(super) fn stamp(at: Timestamp) -> String {
    let text = crate::vendor::stamp(at);
    text.strip_suffix('Z').map_or_else(|| text.clone(), |whole| format!("{whole}.000Z"))
}

/// Another one for whatever has changed.
pub(super) fn etag(thing: &impl Serialize) -> String {
    let sum = Sha256::digest(serde_json::to_vec(thing).unwrap_or_default());
    sum.iter().take(12).fold("\"".to_owned(), |text, byte| format!("{text}{byte:02x}")) + "\""
}

/// A second address that every account and group has from Google, and nobody can change.
fn test_address(address: &str) -> String {
    format!("{address}.test-google-a.com")
}

fn put(map: &mut Map<String, Value>, name: &str, value: Value) {
    map.insert(name.to_owned(), value);
}

fn with_etag(mut map: Map<String, Value>) -> Value {
    let etag = etag(&map);
    put(&mut map, "etag", json!(etag));
    Value::Object(map)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

pub(super) fn user(workspace: &Workspace, user: &WorkspaceUser) -> Value {
    let mut emails = vec![json!({"address": user.email, "primary": true})];
    emails.extend(user.aliases.iter().map(|alias| json!({"address": alias})));
    emails.push(json!({"address": test_address(&user.email)}));
    let mut shown = object(json!({
        "kind": "admin#directory#user",
        "id": user.id,
        "primaryEmail": user.email,
        "name": {
            "givenName": user.first,
            "familyName": user.last,
            "fullName": format!("{} {}", user.first, user.last),
        },
        "isAdmin": user.admin,
        "isDelegatedAdmin": false,
        // Who has never signed in has the beginning of time here.
        "lastLoginTime": stamp(user.last_login.unwrap_or(Timestamp::UNIX_EPOCH)),
        "creationTime": stamp(user.created),
        "agreedToTerms": true,
        "suspended": user.suspended,
        "archived": false,
        "changePasswordAtNextLogin": false,
        "ipWhitelisted": false,
        "emails": emails,
        "organizations": [{"department": user.department, "primary": true, "customType": "", "type": "work"}],
        "nonEditableAliases": [test_address(&user.email)],
        "customerId": workspace.customer,
        "orgUnitPath": user.unit,
        "isMailboxSetup": true,
        "isEnrolledIn2Sv": true,
        "isEnforcedIn2Sv": true,
        "includeInGlobalAddressList": true,
    }));
    if !user.aliases.is_empty() {
        put(&mut shown, "aliases", json!(user.aliases));
    }
    if user.suspended {
        put(&mut shown, "suspensionReason", json!("ADMIN"));
    }
    with_etag(shown)
}

pub(super) fn group(group: &WorkspaceGroup) -> Value {
    with_etag(object(json!({
        "kind": "admin#directory#group",
        "id": group.id,
        "email": group.email,
        "name": group.name,
        "directMembersCount": (group.members.len() + group.inner.len()).to_string(),
        "description": "",
        "adminCreated": true,
        "nonEditableAliases": [test_address(&group.email)],
    })))
}

/// A member of a group: an account or a group.
pub(super) fn member(workspace: &Workspace, id: &str) -> Option<Value> {
    let (email, kind, status) = match (workspace.users.get(id), workspace.groups.get(id)) {
        (Some(user), _) => (&user.email, "USER", if user.suspended { "SUSPENDED" } else { "ACTIVE" }),
        (None, Some(group)) => (&group.email, "GROUP", "ACTIVE"),
        (None, None) => return None,
    };
    Some(with_etag(object(json!({
        "kind": "admin#directory#member",
        "id": id,
        "email": email,
        "role": "MEMBER",
        "type": kind,
        "status": status,
    }))))
}

pub(super) fn token(user: &WorkspaceUser, client: &str, name: &str) -> Value {
    with_etag(object(json!({
        "kind": "admin#directory#token",
        "clientId": client,
        "displayText": name,
        "anonymous": false,
        "nativeApp": false,
        "userKey": user.id,
        "scopes": ["openid", "https://www.googleapis.com/auth/userinfo.email"],
    })))
}

pub(super) fn password(user: &WorkspaceUser, code: u64, name: &str) -> Value {
    with_etag(object(json!({
        "kind": "admin#directory#asp",
        "codeId": code,
        "name": name,
        "creationTime": user.created.as_second().to_string(),
        "lastTimeUsed": "0",
        "userKey": user.id,
    })))
}

/// A group as Cloud Identity has it; a dynamic one says so by a label, and by its query.
pub(super) fn identity_group(workspace: &Workspace, group: &WorkspaceGroup) -> Value {
    let mut labels = object(json!({"cloudidentity.googleapis.com/groups.discussion_forum": ""}));
    if group.query.is_some() {
        put(&mut labels, "cloudidentity.googleapis.com/groups.dynamic", json!(""));
    }
    let mut shown = object(json!({
        "name": format!("groups/{}", group.id),
        "groupKey": {"id": group.email},
        "additionalGroupKeys": [{"id": test_address(&group.email)}],
        "parent": format!("customers/{}", workspace.customer),
        "displayName": group.name,
        "createTime": crate::vendor::stamp(group.created),
        "updateTime": crate::vendor::stamp(group.created),
        "labels": labels,
    }));
    if let Some(query) = &group.query {
        let metadata = json!({
            "queries": [{"resourceType": "USER", "query": query.text()}],
            "status": {"status": query.status, "statusTime": crate::vendor::stamp(group.created)},
        });
        put(&mut shown, "dynamicGroupMetadata", metadata);
    }
    Value::Object(shown)
}

/// A group that somebody is in, itself or through other groups.
pub(super) fn relation(group: &WorkspaceGroup, direct: bool, indirect: bool) -> Value {
    let relation = match (direct, indirect) {
        (true, true) => "DIRECT_AND_INDIRECT",
        (true, false) => "DIRECT",
        (false, _) => "INDIRECT",
    };
    json!({
        "group": format!("groups/{}", group.id),
        "groupKey": {"id": group.email},
        "displayName": group.name,
        "labels": {"cloudidentity.googleapis.com/groups.discussion_forum": ""},
        "relationType": relation,
        "roles": [{"role": "MEMBER"}],
    })
}

/// The parameters of an event of the SAML log.
pub(super) fn parameters(one: &SamlLogin, unnamed: bool) -> Vec<(&'static str, String)> {
    let mut parameters = vec![("orgunit_path", one.unit.clone()), ("initiated_by", "sp".to_owned())];
    if one.success || !unnamed {
        parameters.push(("application_name", one.application.clone()));
    }
    if !one.success {
        parameters.push(("failure_type", "failure_app_not_enabled_for_user".to_owned()));
    }
    // No public source shows the value of a refusal.
    let status = if one.success { "SUCCESS_URI" } else { "RESPONDER_URI" };
    parameters.push(("saml_status_code", status.to_owned()));
    parameters
}

/// The name of an event of the SAML log.
pub(super) fn event_name(one: &SamlLogin) -> &'static str {
    if one.success { "login_success" } else { "login_failure" }
}

pub(super) fn activity(workspace: &Workspace, number: usize, one: &SamlLogin, unnamed: bool) -> Value {
    let parameters = parameters(one, unnamed);
    let parameters: Vec<Value> =
        parameters.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    with_etag(object(json!({
        "kind": "admin#reports#activity",
        "id": {
            "time": stamp(one.at),
            "uniqueQualifier": format!("-{}", 4_100_000_000_000_u64 + u64::try_from(number).unwrap_or_default() * 7919),
            "applicationName": "saml",
            "customerId": workspace.customer,
        },
        "actor": {"callerType": "USER", "email": one.email, "profileId": one.user},
        "ipAddress": "203.0.113.7",
        "events": [{"type": "login", "name": event_name(one), "parameters": parameters}],
    })))
}

/// An administrator reset the sign-in cookies of somebody, as `signOut` does (Reports API, "Admin Audit Activity Events - User Settings").
pub(super) const SIGNED_OUT: &str = "RESET_SIGNIN_COOKIES";

pub(super) fn signed_out(workspace: &Workspace, at: Timestamp, email: &str) -> Value {
    let administrator = workspace.user(&workspace.subject).map(|user| user.id.clone());
    with_etag(object(json!({
        "kind": "admin#reports#activity",
        "id": {
            "time": stamp(at),
            "uniqueQualifier": format!("-{}", 5_200_000_000_000_i64 + at.as_second()),
            "applicationName": "admin",
            "customerId": workspace.customer,
        },
        "actor": {"callerType": "USER", "email": workspace.subject, "profileId": administrator},
        "ipAddress": "203.0.113.7",
        "events": [{
            "type": "USER_SETTINGS",
            "name": SIGNED_OUT,
            "parameters": [{"name": "USER_EMAIL", "value": email}],
        }],
    })))
}
