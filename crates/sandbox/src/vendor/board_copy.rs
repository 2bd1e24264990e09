//! `POST dashboards {duplicate: <id>}`: a copy that belongs to the caller (facts/mixpanel.md 4.3, 4.6).

use serde_json::{Map, Value, json};

use super::Desk;
use super::projects::Scope;
use super::shelf;
use crate::shapes::{lay_out, layout_reports};
use crate::wire::{Answer, Reply, loose_id};
use crate::world::{Key, Kind};

/// What a copy takes over from its source board.
const COPIED: [&str; 6] = ["description", "filters", "breakdowns", "time_filter", "is_restricted", "layout_version"];

/// What a copy takes over from a source report.
const COPIED_REPORT: [&str; 6] = ["name", "type", "description", "icon", "params", "original_type"];

pub(super) fn duplicate(desk: &mut Desk<'_>, scope: &Scope, body: &Map<String, Value>) -> Answer {
    let source =
        loose_id(body.get("duplicate")).ok_or_else(|| Reply::error(400, "duplicate: must be the id of a board"))?;
    let (key, board) = shelf::find(desk, scope, Kind::Board, &source.to_string())?;
    let target = match loose_id(body.get("target_project_id")) {
        Some(project) => super::projects::scope(desk, &project.to_string())?,
        None => *scope,
    };
    target.may_write()?;

    let mut values: Map<String, Value> =
        COPIED.iter().map(|field| ((*field).to_owned(), board.get(field).clone())).collect();
    values.insert("title".to_owned(), board.get("title").clone());
    if !desk.world.variants.duplicate_ignores_title {
        for field in ["title", "description"] {
            if let Some(value) = body.get(field).filter(|value| !value.is_null()) {
                values.insert(field.to_owned(), value.clone());
            }
        }
    }
    let mut reports = layout_reports(board);
    if desk.world.variants.copy_stops_halfway {
        reports.truncate(reports.len() / 2);
    }
    let sources: Vec<Map<String, Value>> = reports
        .iter()
        .filter_map(|id| desk.world.item(scope.project, Kind::Report, &Key::Number(*id)))
        .map(|report| COPIED_REPORT.iter().map(|field| ((*field).to_owned(), report.get(field).clone())).collect())
        .collect();

    let copy = shelf::create(desk, &target, Kind::Board, values);
    let mut copies = Vec::new();
    for mut report in sources {
        report.insert("dashboard_id".to_owned(), json!(copy));
        if let Key::Number(id) = shelf::create(desk, &target, Kind::Report, report) {
            copies.push(id);
        }
    }
    desk.world.edit(target.project, Kind::Board, &copy, |board| {
        board.set("layout", lay_out(&copies));
    });
    Ok(shelf::shown(desk, &target, Kind::Board, &copy, 200).did("board", "duplicate", copy).copied_from(key))
}
