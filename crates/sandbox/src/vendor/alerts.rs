//! Custom alerts. The list is filtered to the caller unless `skip_user_filter=true` (facts/mixpanel.md 4.2, 4.3).

use serde_json::{Value, json};

use super::projects::Scope;
use super::{Desk, families, required_text, shelf};
use crate::wire::{Answer, Reply, missing, wrong_method};
use crate::world::{Item, Kind};

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => Ok(list(desk, scope)),
        ("POST", []) => create(desk, scope),
        ("POST", ["bulk-delete"]) => families::remove_many(desk, scope, Kind::Alert, "alert_ids"),
        ("GET", ["alert-count"]) => {
            let count = shelf::listed(desk, scope, Kind::Alert).len();
            Ok(Reply::results(&json!({"anomaly_alerts_count": count, "alert_limit": 50})))
        }
        ("GET", [id]) => {
            let (_, alert) = shelf::find(desk, scope, Kind::Alert, id)?;
            Ok(Reply::results(&alert.fields))
        }
        ("GET", [id, "history"]) => {
            shelf::find(desk, scope, Kind::Alert, id)?;
            Ok(Reply::json(
                200,
                &json!({
                    "status": "ok",
                    "results": [],
                    "pagination": {"page_size": 20, "next_cursor": null, "previous_cursor": null},
                }),
            ))
        }
        ("PATCH", [id]) => change(desk, scope, id),
        ("DELETE", [id]) => {
            let (key, _) = shelf::find(desk, scope, Kind::Alert, id)?;
            scope.may_write()?;
            desk.world.take(scope.project, Kind::Alert, &key);
            Ok(Reply::done().did("alert", "delete", key))
        }
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

fn list(desk: &Desk<'_>, scope: &Scope) -> Reply {
    let everybody = desk.call.param("skip_user_filter").as_deref() == Some("true");
    let report: Option<u64> = desk.call.param("bookmark_id").and_then(|id| id.parse().ok());
    let of_report = |alert: &Item| alert.get("bookmark").get("id").and_then(Value::as_u64);
    let alerts: Vec<_> = shelf::listed(desk, scope, Kind::Alert)
        .into_iter()
        .filter(|(_, alert)| everybody || alert.creator == desk.caller.who.id)
        .filter(|(_, alert)| report.is_none() || of_report(alert) == report)
        .map(|(_, alert)| &alert.fields)
        .collect();
    Reply::results(&alerts)
}

fn create(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let body = desk.call.object()?;
    required_text(&body, "name")?;
    let key = shelf::create(desk, scope, Kind::Alert, shelf::settable(body));
    Ok(shelf::shown(desk, scope, Kind::Alert, &key, 200).did("alert", "create", key))
}

fn change(desk: &mut Desk<'_>, scope: &Scope, id: &str) -> Answer {
    let (key, _) = shelf::find(desk, scope, Kind::Alert, id)?;
    scope.may_write()?;
    let body = desk.call.object()?;
    if body.is_empty() {
        return Err(Reply::error(400, "nothing to change"));
    }
    if let Some(subscriptions) = body.get("subscriptions") {
        let shaped = subscriptions.as_array().is_some_and(|list| {
            list.iter().all(|one| one.get("type").is_some_and(Value::is_string) && one.get("value").is_some())
        });
        if !shaped {
            return Err(Reply::error(400, "subscriptions: must be a list of {type, value}"));
        }
    }
    shelf::amend(desk, scope, Kind::Alert, &key, shelf::settable(body));
    Ok(shelf::shown(desk, scope, Kind::Alert, &key, 200).did("alert", "update", key))
}
