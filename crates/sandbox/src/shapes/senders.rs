//! Things that keep sending after somebody has left (facts/mixpanel.md 4.5 and 5).

use serde_json::{Value, json};

use super::{Birth, person};

pub(super) fn alert(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    let (first, last) = who.names();
    json!({
        "id": key,
        "name": "Untitled",
        "bookmark": null,
        "condition": {"keys": [], "type": "absolute", "op": "<", "value": 100},
        "frequency": 86400,
        "paused": false,
        "subscriptions": [],
        "notification_windows": null,
        "creator": {"id": who.id, "first_name": first, "last_name": last, "email": who.email},
        "workspace": {"id": birth.view, "name": "All Project Data"},
        "project": {"id": birth.project, "name": birth.project_name},
        "created": at,
        "modified": at,
        "last_checked": at,
        "last_fired": null,
        "valid": true,
        "results": null,
    })
}

pub(super) fn digest(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    json!({
        "id": key,
        "name": "Untitled",
        "dashboard_id": null,
        "dashboard_title": "",
        "dashboard_creator_email": null,
        "dashboard_foreign_private": false,
        "dashboard_has_owner_with_permissions": true,
        "digest_has_owner_with_permissions": true,
        "has_active_user": true,
        "creator_id": who.id,
        "creator_email": who.email,
        "recipients": [],
        "slack_subscriptions": [],
        "paused": false,
        "recur": 604_800,
        "schedule": "weekly",
        "schedule_timezone": "UTC",
        "timezone": "UTC",
        "start_date": at,
        "monthly_week_ordinal": null,
        "status": "active",
        "confirmed_date": at,
        "created": at,
        "workspace_id": birth.view,
        "workspace_name": "All Project Data",
    })
}

pub(super) fn webhook(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    json!({
        "id": key,
        "name": "Untitled",
        "url": "",
        "is_enabled": true,
        "auth_type": null,
        "created": at,
        "modified": at,
        "creator_id": who.id,
        "creator_name": who.name,
    })
}

pub(super) fn agent_flow(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    json!({
        "id": key,
        "name": "Untitled",
        "description": null,
        "type": "scheduled",
        "frequency": "weekly",
        "graph": {"nodes": [], "edges": []},
        "status": "draft",
        "last_run": null,
        "user_id": who.id,
        "creator_id": who.id,
        "creator_name": who.name,
        "creator_email": who.email,
        "tags": [],
        "created": at,
        "modified": at,
        "deleted": null,
    })
}

pub(super) fn integration(birth: &Birth<'_>) -> Value {
    json!({
        "id": birth.key,
        "integration_id": birth.key,
        "connector_name": "custom-webhook",
        "name": "Untitled",
        "is_enabled": true,
        "created_at": birth.at,
        "modified_at": birth.at,
        "created_by": person(birth.who),
        "cohorts": [],
        "status": {"state": "healthy"},
        "workflow_state": "active",
        "failure_message": null,
    })
}

pub(super) fn connector(birth: &Birth<'_>) -> Value {
    json!({
        "connector_id": birth.key,
        "connector_type": "gcs",
        "label": "Untitled",
        "status": "active",
        "created_at": birth.at,
        "created_by": person(birth.who),
        "failure_message": null,
        "connector_properties": {},
        "category_properties": {},
    })
}

/// A job of the legacy pipelines; it has no creator (facts/mixpanel.md 5.3).
pub(super) fn pipeline(birth: &Birth<'_>) -> Value {
    json!({
        "name": birth.key,
        "Dispatcher": "sync",
        "last_dispatched": format!("{} US/Pacific", birth.at.replace('T', " ").trim_end_matches('Z')),
        "frequency": "daily",
        "sync_enabled": "true",
    })
}

pub(super) fn warehouse_source(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    json!({
        "id": key,
        "source_name": "Untitled",
        "warehouse_type": "bigquery",
        "created": at,
        "creator_id": who.id,
        "creator_name": who.name,
        "creator_email": who.email,
        "params": {},
    })
}

pub(super) fn warehouse_import(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    json!({
        "id": key,
        "import_type": "event_stream",
        "sync_mode": "time_based",
        "created": at,
        "creator_id": who.id,
        "creator_name": who.name,
        "creator_email": who.email,
        "warehouse_source_id": 0,
        "table_params": {},
        "paused": false,
        "run_every": 86_400_000_000_000_u64,
        "last_dispatch": null,
        "is_deleted": false,
        "event_name": null,
        "event_column_name": null,
        "time_column_name": null,
        "user_column_name": null,
        "insert_time_column_name": null,
        "property_mappings": null,
        "group_key": null,
        "group_id_column": null,
        "databricks_params": null,
    })
}
