//! Microsoft Graph and its login as far as one application needs them (facts/identity-providers.md A2), below `/entra`.
//!
//! A job provisions whoever has the application, in cycles of forty minutes on the twin's clock ([`cycle`]). So a path that is left
//! open really brings the account back, and not at once.

pub(crate) mod cycle;
mod filter;
mod shapes;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use self::filter::Filter;
use crate::wire::{Answer, Call, Reply};
use crate::world::{Membership, Tenant, World};

/// The paths of Graph and of its login.
pub(crate) const GRAPH: &str = "/entra/graph";
pub(crate) const LOGIN: &str = "/entra/login";

/// So long a token lives, in seconds.
const TOKEN_LIVES: i64 = 3599;

/// An error document; every 4xx and 5xx has one.
fn failure(status: u16, code: &str, message: &str) -> Reply {
    let error = json!({
        "code": code,
        "message": message,
        "innerError": {
            "date": "2026-01-01T00:00:00",
            "request-id": "6a1f4d2e-0000-4000-8000-000000000000",
            "client-request-id": "6a1f4d2e-0000-4000-8000-000000000000",
        },
    });
    Reply::json(status, &json!({"error": error}))
}

fn missing() -> Reply {
    failure(
        404,
        "Request_ResourceNotFound",
        "Resource does not exist or one of its queried reference-property objects are not present.",
    )
}

fn bad(message: &str) -> Reply {
    failure(400, "Request_BadRequest", message)
}

/// What a fault answers here instead of the vendor's envelope.
pub(crate) fn fault(status: u16) -> Reply {
    match status {
        429 => failure(429, "TooManyRequests", "Too many requests.").header("retry-after", "1".to_owned()),
        404 => missing(),
        _ => failure(500, "InternalServerError", "An internal server error occurred."),
    }
}

/// Answers a call.
pub(crate) fn answer(world: &mut World, call: &Call, now: Timestamp) -> Answer {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    if let ["login", tenant, "oauth2", "v2.0", "token"] = parts.as_slice() {
        return token(&world.tenant, tenant, call, now);
    }
    if !is_authorized(&world.tenant, call, now) {
        return Err(failure(401, "InvalidAuthenticationToken", "Access token is empty or has expired."));
    }
    let tenant = &*world.tenant;
    // Read under beta alone; v1.0 only takes them.
    if let ["graph", "beta", "servicePrincipals", id, "synchronization", "secrets"] = parts.as_slice() {
        return if *id == tenant.mixpanel && call.method == "GET" {
            page(tenant, call, shapes::settings(tenant))
        } else {
            Err(missing())
        };
    }
    let ["graph", "v1.0", parts @ ..] = parts.as_slice() else { return Err(missing()) };
    let select = call.param("$select");
    let select = select.as_deref();
    let of_app = |id: &str| if id == tenant.mixpanel { Ok(()) } else { Err(missing()) };
    match (call.method.as_str(), parts) {
        ("GET", ["users"]) => {
            let filter = Filter::of(call).map_err(|why| bad(&why))?;
            let all = tenant.users.values().map(shapes::user).filter(|user| filter.fits(user));
            page(tenant, call, all.map(|user| shapes::selected(&user, select, shapes::USER)).collect())
        }
        ("GET", ["users", name]) => {
            let user = tenant.user(name).ok_or_else(missing)?;
            Ok(Reply::json(200, &shapes::selected(&shapes::user(user), select, shapes::USER)))
        }
        ("GET", ["users", id, "memberOf"]) => {
            let user = tenant.user(id).ok_or_else(missing)?;
            let groups = tenant.groups_of(&user.id).map(|group| {
                let mut shown = shapes::selected(&shapes::group(group), select, shapes::GROUP);
                if let Some(shown) = shown.as_object_mut() {
                    shown.insert("@odata.type".to_owned(), json!("#microsoft.graph.group"));
                }
                shown
            });
            page(tenant, call, groups.collect())
        }
        ("GET", ["users", id, "appRoleAssignments"]) => {
            let user = tenant.user(id).ok_or_else(missing)?;
            // Also what the groups give that the account is in itself.
            let groups: Vec<&str> = tenant.groups_of(&user.id).map(|group| group.id.as_str()).collect();
            let own =
                tenant.given.iter().filter(|one| one.principal == user.id || groups.contains(&one.principal.as_str()));
            let filter = Filter::of(call).map_err(|why| bad(&why))?;
            page(tenant, call, own.map(|one| shapes::given(tenant, one)).filter(|one| filter.fits(one)).collect())
        }
        ("GET", ["groups", id]) => {
            let group = tenant.groups.get(*id).ok_or_else(missing)?;
            Ok(Reply::json(200, &shapes::selected(&shapes::group(group), select, shapes::GROUP)))
        }
        ("GET", ["groups", id, "appRoleAssignments"]) => {
            tenant.groups.get(*id).ok_or_else(missing)?;
            let given = tenant.given.iter().filter(|one| one.principal == *id);
            page(tenant, call, given.map(|one| shapes::given(tenant, one)).collect())
        }
        ("GET", ["servicePrincipals", id]) => {
            of_app(id)?;
            Ok(Reply::json(200, &shapes::selected(&shapes::app(tenant), select, shapes::APP)))
        }
        ("GET", ["servicePrincipals", id, "appRoleAssignedTo"]) => {
            of_app(id)?;
            let given = tenant.given.iter().filter(|one| one.resource == *id);
            page(tenant, call, given.map(|one| shapes::given(tenant, one)).collect())
        }
        ("GET", ["servicePrincipals", id, "synchronization", "jobs"]) => {
            of_app(id)?;
            page(tenant, call, vec![shapes::job(tenant)])
        }
        ("GET", ["servicePrincipals", id, "synchronization", "jobs", job, "schema"]) => {
            of_app(id)?;
            if *job != tenant.job.id {
                return Err(missing());
            }
            Ok(Reply::json(200, &shapes::schema(tenant)))
        }
        ("POST", ["servicePrincipals", id, "synchronization", "jobs", job, "provisionOnDemand"]) => {
            of_app(id)?;
            if *job != tenant.job.id {
                return Err(missing());
            }
            on_demand(world, call, now)
        }
        ("GET", ["auditLogs", "signIns"]) => {
            let filter = Filter::of(call).map_err(|why| bad(&why))?;
            let all = tenant.sign_ins.iter().enumerate().map(|(number, one)| shapes::sign_in(tenant, number, one));
            page(tenant, call, all.filter(|one| filter.fits(one)).collect())
        }
        ("GET", ["auditLogs", "provisioning"]) => {
            let filter = Filter::of(call).map_err(|why| bad(&why))?;
            let all =
                tenant.provisioned.iter().enumerate().map(|(number, one)| shapes::provisioning(tenant, number, one));
            page(tenant, call, all.filter(|one| filter.fits(one)).collect())
        }
        ("DELETE", ["groups", group, "members", id, "$ref"]) => leave(world, group, id),
        // The same path without `/$ref` is the account itself.
        ("DELETE", ["groups", _, "members", id] | ["users", id]) => {
            let tenant = Arc::make_mut(&mut world.tenant);
            tenant.users.remove(*id).ok_or_else(missing)?;
            tenant.changed.insert((*id).to_owned());
            Ok(done("tenant-user", "delete", id))
        }
        ("DELETE", ["servicePrincipals", app, "appRoleAssignedTo", id]) => {
            of_app(app)?;
            let tenant = Arc::make_mut(&mut world.tenant);
            let at = tenant.given.iter().position(|one| one.id == *id && one.resource == *app).ok_or_else(missing)?;
            let taken = tenant.given.remove(at);
            let whom = tenant.groups.get(&taken.principal).map(|group| group.members.clone());
            tenant.changed.extend(whom.unwrap_or_else(|| [taken.principal].into()));
            Ok(done("tenant-assignment", "remove", id))
        }
        ("POST", ["users", id, "revokeSignInSessions"]) => {
            let tenant = Arc::make_mut(&mut world.tenant);
            let user = tenant.users.get_mut(*id).ok_or_else(missing)?;
            // A guest's sessions belong to another directory.
            if !user.guest {
                user.sessions_from = now;
            }
            Ok(Reply::json(200, &json!({"value": true})).did("tenant-sessions", "end", *id))
        }
        _ => Err(missing()),
    }
}

/// Takes an account out of a group that administrators fill.
fn leave(world: &mut World, group: &str, id: &str) -> Answer {
    let tenant = Arc::make_mut(&mut world.tenant);
    let team = tenant.groups.get_mut(group).ok_or_else(missing)?;
    if !team.members.contains(id) {
        return Err(missing());
    }
    match team.membership {
        Membership::Assigned => {}
        Membership::Dynamic { .. } => {
            return Err(bad("Modification of membership of a dynamic group is not allowed."));
        }
        Membership::Synced => {
            return Err(bad(
                "Unable to update the specified properties for on-premises mastered Directory Sync objects.",
            ));
        }
    }
    team.members.remove(id);
    tenant.changed.insert(id.to_owned());
    Ok(done("tenant-group", "leave", group))
}

/// The job looks at one account at once: whoever is in scope is made or woken, whoever is not any more is disabled.
fn on_demand(world: &mut World, call: &Call, now: Timestamp) -> Answer {
    let asked: Value = serde_json::from_slice(&call.body).map_err(|_| bad("Unable to read JSON request payload."))?;
    let at = |path: &str| asked.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let user = at("/parameters/0/subjects/0/objectId");
    if at("/parameters/0/ruleId") != shapes::rule_id(&world.tenant) {
        return Err(bad("The rule was not found in the schema of the job."));
    }
    if at("/parameters/0/subjects/0/objectTypeName") != "User" || world.tenant.user(&user).is_none() {
        return Err(missing());
    }
    let result = cycle::look_at(world, now, &user);
    Ok(Reply::json(200, &shapes::looked(&world.tenant, &user, result)).did("tenant-job", "on-demand", user))
}

fn done(kind: &'static str, op: &'static str, id: &str) -> Reply {
    let mut reply = Reply::json(204, &Value::Null).did(kind, op, id);
    reply.body = Vec::new();
    reply
}

/// A token for whoever has the client's secret (RFC 6749, 4.4).
fn token(tenant: &Tenant, asked: &str, call: &Call, now: Timestamp) -> Answer {
    let form = call.form();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let refuse = |status: u16, error: &str, description: &str| {
        Err(Reply::json(status, &json!({"error": error, "error_description": description, "error_codes": [7_000_215]})))
    };
    if call.method != "POST" || field("grant_type") != "client_credentials" {
        return refuse(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.");
    }
    if asked != tenant.id {
        return refuse(400, "invalid_request", "AADSTS90002: Tenant not found.");
    }
    if field("client_id") != tenant.client_id {
        return refuse(400, "unauthorized_client", "AADSTS700016: Application was not found in the directory.");
    }
    if field("client_secret") != tenant.client_secret {
        return refuse(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.");
    }
    if !field("scope").ends_with("/.default") {
        return refuse(400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid.");
    }
    let given = json!({
        "token_type": "Bearer",
        "expires_in": TOKEN_LIVES,
        "ext_expires_in": TOKEN_LIVES,
        "access_token": token_of(tenant, now.as_second()),
    });
    Ok(Reply::json(200, &given))
}

/// The token that was given out at this second. It says so itself, so that nothing has to be remembered.
fn token_of(tenant: &Tenant, second: i64) -> String {
    let sealed = Sha256::digest(format!("entra {} {} {second}", tenant.client_id, tenant.client_secret));
    sealed.iter().fold(format!("eyJ0.{second}."), |token, byte| format!("{token}{byte:02x}"))
}

fn is_authorized(tenant: &Tenant, call: &Call, now: Timestamp) -> bool {
    let token = call.authorization.as_deref().and_then(|header| header.strip_prefix("Bearer "));
    let Some(token) = token.filter(|_| !tenant.client_secret.is_empty()) else { return false };
    let second = token.split('.').nth(1).and_then(|second| second.parse::<i64>().ok());
    second.is_some_and(|second| {
        (0..=TOKEN_LIVES).contains(&(now.as_second() - second)) && token == token_of(tenant, second)
    })
}

/// One page, with the address of the next one; `$skiptoken` is opaque to the caller.
fn page(tenant: &Tenant, call: &Call, all: Vec<Value>) -> Answer {
    let number = |name: &str, usual: usize| match call.param(name) {
        None => Ok(usual),
        Some(text) => text.parse::<usize>().map_err(|_| bad(&format!("Invalid value specified for {name}."))),
    };
    let top = number("$top", 100)?;
    if !(1..=1000).contains(&top) {
        return Err(bad("Invalid page size specified."));
    }
    let start = number("$skiptoken", 0)?;
    let path = call.path.strip_prefix(GRAPH).unwrap_or(&call.path);
    let total = all.len();
    let shown: Vec<Value> = all.into_iter().skip(start).take(top).collect();
    let context = format!("{}/v1.0/$metadata#{}", tenant.base, path.rsplit('/').next().unwrap_or_default());
    let mut body = json!({"@odata.context": context, "value": shown});
    if start + top < total
        && let Some(body) = body.as_object_mut()
    {
        let kept = call.query.split('&').filter(|part| !part.is_empty() && !part.contains("skiptoken="));
        let mut query: Vec<String> = kept.map(str::to_owned).collect();
        query.push(format!("$skiptoken={}", start + top));
        body.insert("@odata.nextLink".to_owned(), json!(format!("{}{path}?{}", tenant.base, query.join("&"))));
    }
    Ok(Reply::json(200, &body))
}
