//! Okta's Management API as far as one application needs it (facts/identity-providers.md A1), below `/okta`.
//!
//! The application is provisioned: whoever comes onto it is pushed to the vendor by SCIM, whoever leaves it is deactivated there
//! ([`push`]). So a path that is left open really brings the account back.

mod push;
mod shapes;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{Answer, Call, Reply};
use crate::world::{Happened, No, Provider, World};

pub(crate) use push::edited;

/// The path of its address.
pub(crate) const PREFIX: &str = "/okta";

/// An error document; every 4xx and 5xx has one.
fn failure(status: u16, code: &str, summary: &str) -> Reply {
    let body = json!({
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": format!("oae{code}"),
        "errorCauses": [],
    });
    Reply::json(status, &body)
}

impl From<No> for Reply {
    fn from(No(status, code, summary): No) -> Self {
        failure(status, code, summary)
    }
}

fn missing() -> Reply {
    crate::world::NOT_FOUND.into()
}

/// What a fault answers here instead of the vendor's envelope.
pub(crate) fn fault(status: u16) -> Reply {
    match status {
        429 => {
            let reply = failure(429, "E0000047", "API call exceeded rate limit due to too many requests.");
            // A limit on concurrency: the suggested time is long past, and the caller comes again soon.
            let headers = [("x-rate-limit-limit", "0"), ("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "1")];
            headers.into_iter().fold(reply, |reply, (name, value)| reply.header(name, value.to_owned()))
        }
        404 => missing(),
        _ => failure(500, "E0000009", "Internal Server Error"),
    }
}

/// Answers a call.
pub(crate) fn answer(world: &mut World, call: &Call, now: Timestamp) -> Answer {
    let token = call.authorization.as_deref().and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("ssws").then_some(token.trim())
    });
    if token != Some(world.provider.token.as_str()) {
        return Err(failure(401, "E0000011", "Invalid token provided"));
    }
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    let provider = &*world.provider;
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["api", "v1", "users"]) => search(provider, call),
        ("GET", ["api", "v1", "users", name]) => {
            provider.account(name).map(|account| Reply::json(200, &shapes::user(account))).ok_or_else(missing)
        }
        ("GET", ["api", "v1", "users", id, "groups"]) => {
            let account = provider.account(id).ok_or_else(missing)?;
            let groups: Vec<Value> = provider.groups_of(&account.id).map(shapes::group).collect();
            page(provider, call, &groups, 200)
        }
        ("GET", ["api", "v1", "apps", app]) => {
            provider.apps.get(*app).map(|app| Reply::json(200, &shapes::app(app))).ok_or_else(missing)
        }
        ("GET", ["api", "v1", "apps", app, "users"]) => {
            provider.apps.get(*app).ok_or_else(missing)?;
            let wanted = call.param("q").map(|text| text.to_lowercase());
            let begins = |account: &crate::world::Account| {
                let names = [&account.login, &account.email, &account.first, &account.last];
                wanted.as_ref().is_none_or(|wanted| names.iter().any(|name| name.to_lowercase().starts_with(wanted)))
            };
            let mut users = provider.users_of(app);
            users.retain(|(account, _)| begins(account));
            let users = users.into_iter().map(|(account, direct)| shapes::app_user(provider, account, direct));
            page(provider, call, &users.collect::<Vec<_>>(), 50)
        }
        ("GET", ["api", "v1", "apps", app, "users", id]) => {
            let account = provider.accounts.get(*id).ok_or_else(missing)?;
            let direct = provider.has(app, id).ok_or_else(missing)?;
            Ok(Reply::json(200, &shapes::app_user(provider, account, direct)))
        }
        ("GET", ["api", "v1", "apps", app, "groups"]) => {
            provider.apps.get(*app).ok_or_else(missing)?;
            if limit(call, 20)? < 20 {
                return Err(failure(400, "E0000001", "Api validation failed: limit"));
            }
            let embed = call.param("expand").as_deref() == Some("group");
            let on = provider.groups.values().filter(|group| group.apps.contains(*app));
            page(provider, call, &on.map(|group| shapes::app_group(group, embed)).collect::<Vec<_>>(), 20)
        }
        ("GET", ["api", "v1", "apps", app, "group-push", "mappings"]) => {
            let app = provider.apps.get(*app).ok_or_else(missing)?;
            let wanted = call.param("sourceGroupId");
            let pushed = provider.groups.values().filter(|group| group.pushed && group.apps.contains(&app.id));
            let pushed = pushed.filter(|group| wanted.as_ref().is_none_or(|wanted| *wanted == group.id));
            page(provider, call, &pushed.map(|group| shapes::mapping(app, group)).collect::<Vec<_>>(), 100)
        }
        ("GET", ["api", "v1", "apps", app, "groups", id]) => {
            let group = provider.groups.get(*id).filter(|group| group.apps.contains(*app));
            group.map(|group| Reply::json(200, &shapes::app_group(group, false))).ok_or_else(missing)
        }
        ("GET", ["api", "v1", "groups", "rules"]) => {
            page(provider, call, &provider.rules.values().map(shapes::rule).collect::<Vec<_>>(), 50)
        }
        ("GET", ["api", "v1", "groups", "rules", id]) => {
            provider.rules.get(*id).map(|rule| Reply::json(200, &shapes::rule(rule))).ok_or_else(missing)
        }
        ("GET", ["api", "v1", "groups", id]) => {
            provider.groups.get(*id).map(|group| Reply::json(200, &shapes::group(group))).ok_or_else(missing)
        }
        ("GET", ["api", "v1", "groups", id, "apps"]) => {
            let group = provider.groups.get(*id).ok_or_else(missing)?;
            let apps = group.apps.iter().filter_map(|app| provider.apps.get(app)).map(shapes::app);
            page(provider, call, &apps.collect::<Vec<_>>(), 20)
        }
        ("GET", ["api", "v1", "logs"]) => log(provider, call),
        ("DELETE", ["api", "v1", "groups", group, "users", id]) => {
            let account = provider.account(id).ok_or_else(missing)?.id.clone();
            change(world, now, |provider| provider.leave(group, &account))?;
            Ok(done("provider-group", "leave", group))
        }
        ("DELETE", ["api", "v1", "users", id, "sessions"]) => {
            let account = provider.accounts.get(*id).ok_or_else(missing)?.id.clone();
            Arc::make_mut(&mut world.provider).note(now, "user.session.clear", true, &account, false);
            Ok(done("provider-sessions", "end", id))
        }
        ("DELETE", ["api", "v1", "apps", app, "users", id]) => {
            if call.param("sendEmail").is_some_and(|value| value != "true" && value != "false") {
                return Err(failure(400, "E0000001", "Api validation failed: sendEmail"));
            }
            let account = provider.accounts.get(*id).ok_or_else(missing)?.id.clone();
            change(world, now, |provider| provider.unassign(app, &account))?;
            Ok(done("provider-assignment", "remove", id))
        }
        (_, ["api", "v1", "users" | "apps" | "groups", ..]) if call.method != "GET" => {
            Err(failure(405, "E0000022", "The endpoint does not support the provided HTTP method"))
        }
        _ => Err(missing()),
    }
}

/// Changes the organization, then tells the vendor what follows.
pub(crate) fn change(
    world: &mut World,
    now: Timestamp,
    change: impl FnOnce(&mut Provider) -> Result<(), No>,
) -> Result<(), No> {
    let before = world.provider.on_mixpanel();
    change(Arc::make_mut(&mut world.provider))?;
    push::settle(world, now, &before);
    Ok(())
}

fn done(kind: &'static str, op: &'static str, id: &str) -> Reply {
    let mut reply = Reply::json(204, &Value::Null).did(kind, op, id);
    reply.body = Vec::new();
    reply
}

/// `search`: equalities of profile fields joined by `or`, and `status eq`.
fn search(provider: &Provider, call: &Call) -> Answer {
    let wanted: Option<Vec<(String, String)>> = match call.param("search") {
        None => None,
        Some(text) => {
            let terms = text.split(" or ").map(|term| {
                let (field, value) = term.trim().split_once(" eq ")?;
                Some((field.trim().to_owned(), value.trim().strip_prefix('"')?.strip_suffix('"')?.to_owned()))
            });
            let terms: Option<Vec<_>> = terms.collect();
            Some(terms.ok_or_else(|| failure(400, "E0000031", "Invalid search criteria."))?)
        }
    };
    let fits = |account: &&crate::world::Account| match &wanted {
        // The plain list leaves out whoever is deactivated.
        None => account.is_live(),
        Some(terms) => terms.iter().any(|(field, value)| match field.as_str() {
            "profile.login" => account.login.eq_ignore_ascii_case(value),
            "profile.email" => account.email.eq_ignore_ascii_case(value),
            "status" => account.status == *value,
            _ => false,
        }),
    };
    let found: Vec<Value> = provider.accounts.values().filter(fits).map(shapes::user).collect();
    page(provider, call, &found, 200)
}

/// The system log between two times, by who did it or whom it was done to.
fn log(provider: &Provider, call: &Call) -> Answer {
    let invalid = |what: &str| failure(400, "E0000001", &format!("Api validation failed: {what}"));
    let time = |name: &str| match call.param(name) {
        None => Ok(None),
        Some(text) => text.parse::<Timestamp>().map(Some).map_err(|_| invalid(name)),
    };
    let (since, until) = (time("since")?, time("until")?);
    let wanted = match call.param("filter") {
        None => None,
        Some(text) => {
            let (party, id) = text.split_once(" eq ").ok_or_else(|| invalid("filter"))?;
            Some((party.trim().to_owned(), id.trim().trim_matches('"').to_owned()))
        }
    };
    let fits = |one: &Happened| {
        since.is_none_or(|since| one.at >= since)
            && until.is_none_or(|until| one.at <= until)
            && wanted.as_ref().is_none_or(|(party, id)| match party.as_str() {
                "actor.id" => one.actor.as_ref() == Some(id),
                "target.id" => one.account == *id || one.app == *id,
                _ => false,
            })
    };
    let events = provider.log.iter().enumerate().filter(|(_, one)| fits(one));
    let events: Vec<Value> = events.map(|(number, one)| shapes::event(provider, number, one)).collect();
    page(provider, call, &events, 100)
}

fn limit(call: &Call, default: usize) -> Result<usize, Reply> {
    match call.param("limit") {
        None => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=1000).contains(limit))
            .ok_or_else(|| failure(400, "E0000001", "Api validation failed: limit")),
    }
}

/// One page, with the address of the next one in `Link`; `after` is opaque to the caller.
fn page(provider: &Provider, call: &Call, all: &[Value], default: usize) -> Answer {
    let limit = limit(call, default)?;
    let start: usize = match call.param("after") {
        None => 0,
        Some(text) => text
            .strip_prefix("after")
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| failure(400, "E0000001", "Api validation failed: after"))?,
    };
    let shown: Vec<Value> = all.iter().skip(start).take(limit).cloned().collect();
    let path = call.path.strip_prefix(PREFIX).unwrap_or(&call.path);
    let kept = call.query.split('&').filter(|part| !part.is_empty() && !part.starts_with("after="));
    let next = kept.collect::<Vec<_>>().join("&");
    let own = format!("{}{path}", provider.base);
    let reply = Reply::json(200, &shown);
    let reply = reply.header("link", format!("<{own}?{}>; rel=\"self\"", call.query));
    if start + limit >= all.len() {
        return Ok(reply);
    }
    let join = if next.is_empty() { "" } else { "&" };
    Ok(reply.header("link", format!("<{own}?{next}{join}after=after{}>; rel=\"next\"", start + limit)))
}
