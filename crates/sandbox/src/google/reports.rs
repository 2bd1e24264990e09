//! The Reports interface: the log of logins by SAML, and of what administrators did the ends of sessions.

use jiff::Timestamp;
use serde_json::Value;

use super::{Pages, failure, is_own, listed, page, shapes};
use crate::wire::{Answer, Call, Reply};
use crate::world::{SamlLogin, Workspace, World};

const ACTIVITIES: Pages = Pages { size: "maxResults", usual: 1000, most: 1000 };

fn bad(message: &str) -> Reply {
    failure(400, message, "global", "invalid", "INVALID_ARGUMENT")
}

/// One condition on a parameter of an event.
struct Condition {
    name: String,
    value: String,
    equal: bool,
}

fn conditions(text: &str) -> Option<Vec<Condition>> {
    text.split(',')
        .map(|one| {
            let (name, value, equal) = match one.split_once("==") {
                Some((name, value)) => (name, value, true),
                None => one.split_once("<>").map(|(name, value)| (name, value, false))?,
            };
            let value = value.trim_matches('"').to_owned();
            Some(Condition { name: name.trim().to_owned(), value, equal })
        })
        .collect()
}

/// Newest first: what fits, of one account or of all.
pub(super) fn activities(world: &World, call: &Call, user: &str, application: &str, now: Timestamp) -> Answer {
    let workspace = &*world.workspace;
    if !matches!(application, "saml" | "admin") {
        // The twin keeps no third log, and says so instead of showing an empty one.
        return Err(bad("Invalid value for: applicationName"));
    }
    if call.param("customerId").is_some_and(|customer| !is_own(workspace, &customer)) {
        return Err(failure(403, "Access denied.", "global", "forbidden", "PERMISSION_DENIED"));
    }
    if call.param("orgUnitID").is_some() {
        return Err(bad("Invalid value for: orgUnitID"));
    }
    let time = |name: &str| match call.param(name) {
        None => Ok(None),
        Some(text) => text.parse::<Timestamp>().map(Some).map_err(|_| bad(&format!("Invalid value for: {name}"))),
    };
    let (start, end) = (time("startTime")?, time("endTime")?);
    if start.is_some_and(|start| start > now || end.is_some_and(|end| start > end)) {
        return Err(bad("Start time must be before end time and the current time."));
    }
    if application == "admin" {
        return sign_outs(workspace, call, user, |at| {
            start.is_none_or(|start| at >= start) && end.is_none_or(|end| at <= end)
        });
    }
    let actor = match user {
        "all" => None,
        key => {
            let of_log = || workspace.logins.iter().find(|one| one.user == key).map(|one| one.user.clone());
            let id = workspace.user(key).map(|user| user.id.clone()).or_else(of_log);
            Some(id.ok_or_else(|| bad("Invalid value for: userKey"))?)
        }
    };
    let event = call.param("eventName");
    if event.as_deref().is_some_and(|event| event != "login_success" && event != "login_failure") {
        return Err(bad("Invalid value for: eventName"));
    }
    let filters = match call.param("filters") {
        None => Vec::new(),
        Some(text) => conditions(&text).ok_or_else(|| bad("Invalid value for: filters"))?,
    };
    let unnamed = world.variants.workspace_failures_unnamed;
    let fits = |one: &SamlLogin| {
        let parameters = shapes::parameters(one, unnamed);
        let holds = |condition: &Condition| {
            let value = parameters.iter().find(|(name, _)| *name == condition.name).map(|(_, value)| value);
            // An event without the parameter is none that either says something about.
            value.is_some_and(|value| (*value == condition.value) == condition.equal)
        };
        actor.as_ref().is_none_or(|actor| *actor == one.user)
            && start.is_none_or(|start| one.at >= start)
            && end.is_none_or(|end| one.at <= end)
            && event.as_deref().is_none_or(|event| event == shapes::event_name(one))
            && filters.iter().all(holds)
    };
    let all = workspace.logins.iter().enumerate().rev().filter(|(_, one)| fits(one));
    let shown: Vec<Value> = all.map(|(number, one)| shapes::activity(workspace, number, one, unnamed)).collect();
    Ok(listed("admin#reports#activities", "items", page(call, &ACTIVITIES, shown)?))
}

/// The administrator's own log: each account that was signed out everywhere, the last time.
fn sign_outs(workspace: &Workspace, call: &Call, user: &str, within: impl Fn(Timestamp) -> bool) -> Answer {
    if call.param("eventName").is_some_and(|event| event != shapes::SIGNED_OUT) {
        return Err(bad("Invalid value for: eventName"));
    }
    let filters = match call.param("filters") {
        None => Vec::new(),
        Some(text) => conditions(&text).ok_or_else(|| bad("Invalid value for: filters"))?,
    };
    let fits = |email: &str| {
        filters.iter().all(|one| one.name == "USER_EMAIL" && (one.value.eq_ignore_ascii_case(email)) == one.equal)
    };
    let mut ended: Vec<(Timestamp, &str)> = workspace
        .users
        .values()
        .filter_map(|one| Some((one.signed_out?, one.email.as_str())))
        .filter(|(at, email)| within(*at) && fits(email) && (user == "all" || user == workspace.subject))
        .collect();
    ended.sort_by(|one, other| other.cmp(one));
    let shown = ended.into_iter().map(|(at, email)| shapes::signed_out(workspace, at, email)).collect();
    Ok(listed("admin#reports#activities", "items", page(call, &ACTIVITIES, shown)?))
}
