//! The documented Warehouse Connectors API (warehouse-connectors.openapi.yaml).

use serde_json::{Map, Value, json};

use super::projects::Scope;
use super::shelf::Without;
use super::{Desk, shelf};
use crate::wire::{Answer, Reply, missing, wrong_method};
use crate::world::{Key, Kind};

/// Sync frequencies in nanoseconds: by API only, hourly, daily, weekly.
const FREQUENCIES: [u64; 4] = [0, 3_600_000_000_000, 86_400_000_000_000, 604_800_000_000_000];

/// What only the read of one import shows.
const DETAILS: [&str; 9] = [
    "event_name",
    "event_column_name",
    "time_column_name",
    "user_column_name",
    "insert_time_column_name",
    "property_mappings",
    "group_key",
    "group_id_column",
    "databricks_params",
];

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => {
            let imports: Vec<Without<'_>> = shelf::listed(desk, scope, Kind::WarehouseImport)
                .into_iter()
                .map(|(_, import)| Without(&import.fields, &DETAILS))
                .collect();
            Ok(Reply::results(&imports))
        }
        ("POST", ["event-stream"]) => create(desk, scope, "event_stream", &["time_column_name"]),
        ("POST", ["people"]) => create(desk, scope, "people", &["user_column_name"]),
        ("POST", ["groups"]) => create(desk, scope, "groups", &["group_key", "group_id_column"]),
        ("POST", ["lookup-table"]) => create(desk, scope, "lookup_table", &["property_key_column_name"]),
        ("GET", [id]) => {
            let (_, import) = shelf::find(desk, scope, Kind::WarehouseImport, id)?;
            Ok(Reply::results(&import.fields))
        }
        ("PATCH", [id]) => change(desk, scope, id),
        ("DELETE", [id]) => delete(desk, scope, id),
        ("PUT", [id, "manual-sync"]) => sync(desk, scope, id),
        ("GET", [id, "history"]) => {
            let (_, import) = shelf::find(desk, scope, Kind::WarehouseImport, id)?;
            let start = import.get("last_dispatch");
            let runs = if start.is_null() {
                json!([])
            } else {
                json!([{"status": "SUCCEEDED", "start_time": start, "end_time": start, "num_events_imported": 1204}])
            };
            Ok(Reply::results(&json!({"runs": runs})))
        }
        (_, [] | [_] | [_, "manual-sync" | "history"]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

fn frequency(body: &Map<String, Value>) -> Result<Option<u64>, Reply> {
    match body.get("run_every") {
        None => Ok(None),
        Some(value) => value
            .as_u64()
            .filter(|nanoseconds| FREQUENCIES.contains(nanoseconds))
            .map(Some)
            .ok_or_else(|| Reply::error(400, "run_every: must be 0, hourly, daily or weekly in nanoseconds")),
    }
}

fn create(desk: &mut Desk<'_>, scope: &Scope, import_type: &str, required: &[&str]) -> Answer {
    scope.may_administer()?;
    let body = desk.call.object()?;
    for field in required.iter().chain(&["import_type", "warehouse_source_id", "table_params", "sync_mode"]) {
        if body.get(*field).is_none_or(Value::is_null) {
            return Err(Reply::error(400, &format!("{field}: this field is required")));
        }
    }
    if body.get("import_type").and_then(Value::as_str) != Some(import_type) {
        return Err(Reply::error(400, "import_type: does not fit the path"));
    }
    frequency(&body)?;
    let key = shelf::create(desk, scope, Kind::WarehouseImport, shelf::settable(body));
    Ok(shelf::shown(desk, scope, Kind::WarehouseImport, &key, 200).did("warehouse_import", "create", key))
}

fn change(desk: &mut Desk<'_>, scope: &Scope, id: &str) -> Answer {
    let (key, _) = shelf::find(desk, scope, Kind::WarehouseImport, id)?;
    scope.may_administer()?;
    let body = desk.call.object()?;
    let paused = body
        .get("paused")
        .and_then(Value::as_bool)
        .ok_or_else(|| Reply::error(400, "paused: this field is required"))?;
    let every = frequency(&body)?.ok_or_else(|| Reply::error(400, "run_every: this field is required"))?;
    let mut values = Map::new();
    values.insert("paused".to_owned(), json!(paused));
    values.insert("run_every".to_owned(), json!(every));
    if let Some(params) = body.get("databricks_params") {
        values.insert("databricks_params".to_owned(), params.clone());
    }
    shelf::amend(desk, scope, Kind::WarehouseImport, &key, values);
    Ok(shelf::shown(desk, scope, Kind::WarehouseImport, &key, 200).did("warehouse_import", "update", key))
}

/// With `delete_data`, an event deletion request by the caller appears.
fn delete(desk: &mut Desk<'_>, scope: &Scope, id: &str) -> Answer {
    let (key, _): (Key, _) = shelf::find(desk, scope, Kind::WarehouseImport, id)?;
    scope.may_administer()?;
    let body = desk.call.object()?;
    if body.get("delete_data").and_then(Value::as_bool) == Some(true) {
        let mut values = Map::new();
        values.insert("display_name".to_owned(), json!(format!("Data of warehouse import {key}")));
        shelf::create(desk, scope, Kind::DeletionRequest, values);
    }
    desk.world.take(scope.project, Kind::WarehouseImport, &key);
    Ok(Reply::done().did("warehouse_import", "delete", key))
}

fn sync(desk: &mut Desk<'_>, scope: &Scope, id: &str) -> Answer {
    let (key, _) = shelf::find(desk, scope, Kind::WarehouseImport, id)?;
    scope.may_administer()?;
    let at = json!(desk.now.as_second());
    let run = desk.world.fresh_uuid();
    desk.world.edit(scope.project, Kind::WarehouseImport, &key, |import| {
        import.set("last_dispatch", at);
    });
    Ok(Reply::results(&json!({"run_id": run})).did("warehouse_import", "update", key))
}
