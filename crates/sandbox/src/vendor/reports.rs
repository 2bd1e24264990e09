//! Reports, called bookmarks. Version 2 nests the list as `results.results` (facts/mixpanel.md 1.4).

use serde_json::{Map, Value, json};

use super::projects::Scope;
use super::{Desk, boards, required_text, shelf};
use crate::shapes::{lay_out, layout_reports};
use crate::wire::{Answer, Reply, ids_of, loose_id, missing, wrong_method};
use crate::world::{Key, Kind};

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => Ok(list(desk, scope)),
        ("POST", []) => create(desk, scope),
        ("POST", ["bulk-delete"]) => {
            let body = desk.call.object()?;
            let ids = ids_of(body.get("bookmark_ids"));
            remove(desk, scope, &ids)
        }
        ("POST", ["bulk-update"]) => bulk_update(desk, scope),
        ("GET", [id]) => {
            let (_, report) = shelf::find(desk, scope, Kind::Report, id)?;
            Ok(Reply::results(&report.fields))
        }
        ("PATCH", [id]) => {
            scope.may_write()?;
            let body = desk.call.object()?;
            change(desk, scope, id, body)
        }
        ("DELETE", [id]) => {
            let id = id.parse().map_err(|_| missing("report"))?;
            remove(desk, scope, &[id])
        }
        ("GET", [id, "linked-dashboard-ids"]) => linked(desk, scope, id),
        ("GET", [id, "history"]) => history(desk, scope, id),
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

fn list(desk: &Desk<'_>, scope: &Scope) -> Reply {
    let reports = shelf::listed(desk, scope, Kind::Report);
    let objects = shelf::objects(&reports);
    if desk.call.param("v").as_deref() == Some("2") {
        #[derive(serde::Serialize)]
        struct Nested<'a> {
            results: Vec<&'a Map<String, Value>>,
        }
        Reply::results(&Nested { results: objects })
    } else {
        Reply::results(&objects)
    }
}

fn create(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let body = desk.call.object()?;
    required_text(&body, "name")?;
    required_text(&body, "type")?;
    let home = loose_id(body.get("dashboard_id"));
    if let Some(board) = home {
        shelf::find(desk, scope, Kind::Board, &board.to_string())?;
    }
    let key = shelf::create(desk, scope, Kind::Report, shelf::settable(body));
    if let (Some(board), Key::Number(id)) = (home, &key) {
        desk.world.edit(scope.project, Kind::Board, &Key::Number(board), |board| {
            let mut shown = layout_reports(board);
            shown.push(*id);
            board.set("layout", lay_out(&shown));
        });
    }
    Ok(shelf::shown(desk, scope, Kind::Report, &key, 200).did("report", "create", key))
}

fn change(desk: &mut Desk<'_>, scope: &Scope, id: &str, body: Map<String, Value>) -> Answer {
    let (key, _) = shelf::find(desk, scope, Kind::Report, id)?;
    if body.get("deleted").is_some_and(|deleted| *deleted != json!(false) && !deleted.is_null()) {
        let id = id.parse().map_err(|_| missing("report"))?;
        return remove(desk, scope, &[id]);
    }
    if body.is_empty() {
        return Err(Reply::error(400, "nothing to change"));
    }
    shelf::amend(desk, scope, Kind::Report, &key, shelf::settable(body));
    Ok(shelf::shown(desk, scope, Kind::Report, &key, 200).did("report", "update", key))
}

fn bulk_update(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let body = desk.call.object()?;
    let changes: Vec<Map<String, Value>> = body
        .get("bookmarks")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_object).cloned().collect())
        .unwrap_or_default();
    let ids: Vec<u64> = changes.iter().filter_map(|change| loose_id(change.get("id"))).collect();
    if ids.is_empty() || ids.len() != changes.len() {
        return Err(Reply::error(400, "bookmarks: a list of objects with id is required"));
    }
    for id in &ids {
        shelf::find(desk, scope, Kind::Report, &id.to_string())?;
    }
    for (id, change) in ids.iter().zip(changes) {
        shelf::amend(desk, scope, Kind::Report, &Key::Number(*id), shelf::settable(change));
    }
    let all = ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    Ok(Reply::done().did("report", "update", all))
}

fn remove(desk: &mut Desk<'_>, scope: &Scope, ids: &[u64]) -> Answer {
    scope.may_write()?;
    if ids.is_empty() {
        return Err(Reply::error(400, "bookmark_ids: a list of ids is required"));
    }
    for id in ids {
        shelf::find(desk, scope, Kind::Report, &id.to_string())?;
    }
    boards::forget_reports(desk, scope, ids);
    let all = ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    Ok(Reply::done().did("report", "delete", all))
}

/// Boards that show a linked copy of the report: all that show it but its home.
fn linked(desk: &Desk<'_>, scope: &Scope, id: &str) -> Answer {
    let (_, report) = shelf::find(desk, scope, Kind::Report, id)?;
    let home = report.number("dashboard_id");
    let report = report.number("id").unwrap_or_default();
    let boards: Vec<u64> =
        desk.world.boards_of_report(scope.project, report).into_iter().filter(|board| Some(*board) != home).collect();
    Ok(Reply::results(&boards))
}

/// `P/dashboards/bookmarks/{id}/dashboard-ids`: all boards that show the report.
pub(super) fn boards_of(desk: &Desk<'_>, scope: &Scope, id: &str) -> Answer {
    let (_, report) = shelf::find(desk, scope, Kind::Report, id)?;
    let report = report.number("id").unwrap_or_default();
    Ok(Reply::results(&desk.world.boards_of_report(scope.project, report)))
}

/// The cursor-paged history, with the creation as its only entry (facts/mixpanel.md 1.5).
fn history(desk: &Desk<'_>, scope: &Scope, id: &str) -> Answer {
    let (_, report) = shelf::find(desk, scope, Kind::Report, id)?;
    let entries = json!([{
        "action": "created",
        "timestamp": report.get("created"),
        "user_id": report.get("creator_id"),
        "user_email": report.get("creator_email"),
    }]);
    Ok(Reply::json(
        200,
        &json!({
            "status": "ok",
            "results": entries,
            "pagination": {"page_size": 100, "next_cursor": null, "previous_cursor": null},
        }),
    ))
}
