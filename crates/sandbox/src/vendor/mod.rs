//! The vendor's interfaces: the App API, the organization calls beside it, the Query API and the legacy pipelines.
//!
//! Every handler is a function from the world and a call to a reply. To add an endpoint: add a row to
//! [`families`] if it is an ordinary collection, or an arm to the router of its neighbourhood if it is not.

mod access;
mod alerts;
mod annotations;
mod board_copy;
mod boards;
mod cohorts;
mod custom_events;
mod data_views;
mod definitions;
mod digests;
mod experiments;
mod families;
mod flags;
mod integrations;
mod me;
mod metrics;
mod organization;
mod pipelines;
mod projects;
mod query;
mod reports;
mod schemas;
mod service_accounts;
mod sharing;
mod shelf;
mod teams;
mod warehouse;

use jiff::Timestamp;
use serde_json::Value;

use crate::twin::Meters;
use crate::wire::{Answer, Call, Reply, missing};
use crate::world::{Caller, World};

pub(crate) use access::username;
pub(crate) use query::query_project;

/// What a handler works with: the world, the call, and who calls.
pub(crate) struct Desk<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) meters: &'a mut Meters,
    pub(crate) call: &'a Call,
    pub(crate) caller: Caller,
    pub(crate) now: Timestamp,
}

impl Desk<'_> {
    /// The time of the call as interfaces write it.
    pub(crate) fn stamp(&self) -> String {
        stamp(self.now)
    }
}

/// An instant in RFC 3339, UTC, whole seconds.
pub(crate) fn stamp(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// Answers a call to any vendor interface but SCIM and the page.
pub(crate) fn answer(world: &mut World, meters: &mut Meters, call: &Call, now: Timestamp) -> Answer {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    if !call.slash() && wants_slash(&parts) {
        let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
        return Err(Reply::redirect(301, &format!("{}/{query}", call.path)));
    }
    let caller = access::caller(world, call, now)?;
    meters.app_call(caller.id, now)?;
    let mut desk = Desk { world, meters, call, caller, now };
    match parts.as_slice() {
        ["api", "app", "me"] => me::read(&desk),
        ["api", "app", "organizations", organization, "service-accounts", rest @ ..] => {
            organization::known(&desk, organization)?;
            service_accounts::organization(&mut desk, rest)
        }
        ["api", "app", "projects", project, rest @ ..] => projects::route(&mut desk, project, rest),
        ["api", "app", "workspaces", view, rest @ ..] => projects::route_view(&mut desk, view, rest),
        ["api", "app", "custom_events", project] => projects::route(&mut desk, project, &["custom_events"]),
        ["organizations", organization, rest @ ..] => {
            organization::known(&desk, organization)?;
            organization::route(&mut desk, rest)
        }
        ["api", "query", rest @ ..] => query::route(&mut desk, rest),
        ["api", "2.0", "nessie", "pipeline", verb] => pipelines::route(&mut desk, verb),
        _ => Err(missing("page")),
    }
}

/// Routes whose canonical form ends in a slash (facts/mixpanel.md 2.4 and 4.3, "as the Python client sends them").
/// Their slash-less form answers 301 under every method (facts/mixpanel.md 1.4).
fn wants_slash(parts: &[&str]) -> bool {
    matches!(
        parts,
        [
            "api",
            "app",
            "projects" | "workspaces",
            _,
            "custom_properties" | "custom_events" | "webhooks" | "alerts" | "data-definitions",
            ..
        ] | [
            "organizations",
            _,
            "users" | "projects" | "add-users-to-projects" | "delete-users" | "add-teams" | "delete-teams"
        ] | ["organizations", _, "teams", _, "update"]
    )
}

/// A field of a JSON object as text, or 400.
pub(crate) fn required_text(body: &serde_json::Map<String, Value>, key: &str) -> Result<String, Reply> {
    body.get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| Reply::error(400, &format!("{key}: this field is required")))
}
