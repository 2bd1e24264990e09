//! The layout of a board: rows of cells, each cell a report.

use serde_json::{Map, Value, json};

use crate::world::Item;

/// The layout that shows these reports, two in a row.
pub(crate) fn lay_out(reports: &[u64]) -> Value {
    let mut rows = Map::new();
    let mut order = Vec::new();
    for (index, pair) in reports.chunks(2).enumerate() {
        let id = format!("row-{}", index + 1);
        let width = if pair.len() == 2 { 6 } else { 12 };
        let cells: Vec<Value> = pair
            .iter()
            .map(|report| {
                json!({"id": format!("cell-{report}"), "width": width, "content_type": "report", "content_id": report})
            })
            .collect();
        rows.insert(id.clone(), json!({"height": 336, "cells": cells}));
        order.push(id);
    }
    json!({"version": 2, "order": order, "rows": rows})
}

/// The reports that a board's layout shows, in the order of its rows.
pub(crate) fn layout_reports(board: &Item) -> Vec<u64> {
    let layout = board.get("layout");
    let Some(order) = layout.get("order").and_then(Value::as_array) else {
        return Vec::new();
    };
    order
        .iter()
        .filter_map(Value::as_str)
        .filter_map(|row| layout.get("rows")?.get(row)?.get("cells")?.as_array())
        .flatten()
        .filter_map(|cell| cell.get("content_id")?.as_u64())
        .collect()
}

/// The layout of a board without some reports.
pub(crate) fn without_reports(board: &Item, gone: &[u64]) -> Value {
    let left: Vec<u64> = layout_reports(board).into_iter().filter(|report| !gone.contains(report)).collect();
    lay_out(&left)
}

/// A report as the `contents` of its board show it.
pub(crate) fn report_card(report: &Item) -> Value {
    json!({
        "id": report.get("id"),
        "name": report.get("name"),
        "type": report.get("type"),
        "description": report.get("description"),
        "params": report.get("params"),
        "dashboard_id": report.get("dashboard_id"),
        "creator_id": report.get("creator_id"),
    })
}
