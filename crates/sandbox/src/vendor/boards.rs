//! Boards, called dashboards (facts/mixpanel.md 4.3 and 4.5).

use serde_json::{Map, Value, json};

use super::projects::Scope;
use super::shelf::{self, Without};
use super::{Desk, board_copy, required_text};
use crate::shapes::{lay_out, layout_reports, report_card, without_reports};
use crate::wire::{Answer, Reply, forbidden, ids_of, missing, wrong_method};
use crate::world::{Item, Key, Kind, Reach, Role, tell_reach};

/// The keys a PATCH may carry; any other answers 400 (facts/mixpanel.md 4.5).
const CHANGEABLE: [&str; 9] = [
    "title",
    "description",
    "filters",
    "is_private",
    "is_restricted",
    "card_order",
    "time_filter",
    "global_access_type",
    "layout",
];

/// The keys a creation may carry.
const CREATABLE: [&str; 11] = [
    "title",
    "description",
    "is_private",
    "is_restricted",
    "filters",
    "breakdowns",
    "time_filter",
    "duplicate",
    "rows",
    "target_project_id",
    "target_parent_dashboard_id",
];

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => Ok(list(desk, scope)),
        ("POST", []) => create(desk, scope),
        ("POST", ["bulk-delete"]) => bulk_delete(desk, scope),
        ("GET", [id]) => read(desk, scope, id),
        ("PATCH", [id]) => change(desk, scope, id),
        ("DELETE", [id]) => {
            let key = deletable(desk, scope, id)?;
            delete(desk, scope, &key);
            Ok(Reply::done().did("board", "delete", key))
        }
        ("POST" | "DELETE", [id, mark @ ("favorites" | "pin")]) => mark_board(desk, scope, id, mark),
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

/// All boards the caller sees, or those of `?ids=1,2`; without layout and contents.
fn list(desk: &Desk<'_>, scope: &Scope) -> Reply {
    let wanted: Option<Vec<u64>> = desk
        .call
        .param("ids")
        .map(|ids| ids.trim_matches(['[', ']']).split(',').filter_map(|id| id.trim().parse().ok()).collect());
    let boards: Vec<Without<'_>> = shelf::listed(desk, scope, Kind::Board)
        .into_iter()
        .filter(|(key, _)| wanted.as_ref().is_none_or(|ids| ids.iter().any(|id| **key == Key::Number(*id))))
        .map(|(_, board)| Without(&board.fields, &["layout"]))
        .collect();
    Reply::results(&boards)
}

fn read(desk: &Desk<'_>, scope: &Scope, id: &str) -> Answer {
    let (_, board) = shelf::find(desk, scope, Kind::Board, id)?;
    let mut object = board.fields.clone();
    object.insert("contents".to_owned(), contents(desk, scope, board));
    Ok(Reply::results(&object))
}

/// The reports that the layout shows, by id.
fn contents(desk: &Desk<'_>, scope: &Scope, board: &Item) -> Value {
    let cards: Map<String, Value> = layout_reports(board)
        .into_iter()
        .filter_map(|id| {
            let report = desk.world.item(scope.project, Kind::Report, &Key::Number(id))?;
            Some((id.to_string(), report_card(report)))
        })
        .collect();
    json!({"report": cards})
}

fn create(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let mut body = desk.call.object()?;
    refuse_unknown(&body, &CREATABLE)?;
    if body.get("duplicate").is_some_and(|source| !source.is_null()) {
        return board_copy::duplicate(desk, scope, &body);
    }
    required_text(&body, "title")?;
    body.remove("duplicate");
    body.remove("target_project_id");
    let rows = body.remove("rows");
    let key = shelf::create(desk, scope, Kind::Board, shelf::settable(body));
    if let Some(rows) = rows.as_ref().and_then(Value::as_array) {
        let shown: Vec<u64> = rows.iter().flat_map(|row| ids_of(row.get("reports"))).collect();
        desk.world.edit(scope.project, Kind::Board, &key, |board| {
            board.set("layout", lay_out(&shown));
        });
    }
    Ok(shelf::shown(desk, scope, Kind::Board, &key, 200).did("board", "create", key))
}

pub(super) fn refuse_unknown(body: &Map<String, Value>, known: &[&str]) -> Result<(), Reply> {
    let extra: Vec<&str> = body.keys().map(String::as_str).filter(|key| !known.contains(key)).collect();
    if extra.is_empty() {
        Ok(())
    } else {
        Err(Reply::error(400, &format!("extra keys not permitted: {}", extra.join(", "))))
    }
}

/// Editing what somebody else made needs project Owner or Admin; the creator always may.
fn may_edit(desk: &Desk<'_>, scope: &Scope, item: &Item) -> Result<(), Reply> {
    let restricted = item.get("is_restricted").as_bool() == Some(true);
    if item.creator == desk.caller.who.id || scope.role >= Role::Admin || !restricted {
        scope.may_write()
    } else {
        Err(forbidden("you cannot edit this board"))
    }
}

fn change(desk: &mut Desk<'_>, scope: &Scope, id: &str) -> Answer {
    let (key, board) = shelf::find(desk, scope, Kind::Board, id)?;
    may_edit(desk, scope, board)?;
    let mut body = desk.call.object()?;
    refuse_unknown(&body, &CHANGEABLE)?;
    if body.get("title").is_some_and(|title| title.as_str().is_none_or(str::is_empty)) {
        return Err(Reply::error(400, "title: must be a text"));
    }
    body.remove("card_order");
    let access = body.remove("global_access_type");
    let open = match access.as_ref().and_then(Value::as_str) {
        Some(access) => Some(access != "off"),
        None => body.get("is_private").and_then(Value::as_bool).map(|private| !private),
    };
    shelf::amend(desk, scope, Kind::Board, &key, body);
    if let Some(open) = open {
        desk.world.edit(scope.project, Kind::Board, &key, |board| {
            board.shares.projects.retain(|(project, _)| *project != scope.project);
            if open {
                board.shares.projects.push((scope.project, true));
            }
            tell_reach(&mut board.fields, Kind::Board, if open { Reach::Project } else { Reach::Owners });
        });
    }
    Ok(shelf::shown(desk, scope, Kind::Board, &key, 200).did("board", "update", key))
}

fn deletable(desk: &Desk<'_>, scope: &Scope, id: &str) -> Result<Key, Reply> {
    let (key, board) = shelf::find(desk, scope, Kind::Board, id)?;
    may_edit(desk, scope, board)?;
    Ok(key)
}

/// Deletes a board, the reports saved on it and their linked copies elsewhere (facts/mixpanel.md 2.6).
fn delete(desk: &mut Desk<'_>, scope: &Scope, key: &Key) {
    let Key::Number(board) = *key else { return };
    let gone: Vec<u64> = desk
        .world
        .items(scope.project, Kind::Report)
        .filter(|(_, report)| report.number("dashboard_id") == Some(board))
        .filter_map(|(key, _)| match key {
            Key::Number(id) => Some(*id),
            Key::Text(_) => None,
        })
        .collect();
    desk.world.take(scope.project, Kind::Board, key);
    forget_reports(desk, scope, &gone);
}

/// Takes reports away, also from the layouts of all boards.
pub(super) fn forget_reports(desk: &mut Desk<'_>, scope: &Scope, gone: &[u64]) {
    let touched: Vec<Key> = desk
        .world
        .items(scope.project, Kind::Board)
        .filter(|(_, board)| layout_reports(board).iter().any(|report| gone.contains(report)))
        .map(|(key, _)| key.clone())
        .collect();
    for board in touched {
        desk.world.edit(scope.project, Kind::Board, &board, |board| {
            let left = without_reports(board, gone);
            board.set("layout", left);
        });
    }
    for report in gone {
        desk.world.take(scope.project, Kind::Report, &Key::Number(*report));
    }
}

fn bulk_delete(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    let body = desk.call.object()?;
    let ids = ids_of(body.get("dashboard_ids"));
    if ids.is_empty() {
        return Err(Reply::error(400, "dashboard_ids: a list of ids is required"));
    }
    let keys = ids.iter().map(|id| deletable(desk, scope, &id.to_string())).collect::<Result<Vec<_>, _>>()?;
    for key in &keys {
        delete(desk, scope, key);
    }
    let all = ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    Ok(Reply::done().did("board", "delete", all))
}

fn mark_board(desk: &mut Desk<'_>, scope: &Scope, id: &str, mark: &str) -> Answer {
    let (key, _) = shelf::find(desk, scope, Kind::Board, id)?;
    let on = desk.call.method == "POST";
    let (field, value) = if mark == "pin" {
        scope.may_write()?;
        ("pinned_date", if on { json!(desk.stamp()) } else { Value::Null })
    } else {
        ("is_favorited", json!(on))
    };
    desk.world.edit(scope.project, Kind::Board, &key, |board| {
        board.set(field, value);
    });
    Ok(Reply::done().did("board", "update", key))
}
