//! Boards, reports, cohorts and what reports are made of (facts/mixpanel.md 4.5).

use serde_json::{Value, json};

use super::{Birth, lay_out, names, person};

pub(super) fn board(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    json!({
        "id": key,
        "title": "Untitled",
        "description": null,
        "is_private": true,
        "is_restricted": false,
        "creator": who.name,
        "creator_id": who.id,
        "creator_name": who.name,
        "creator_email": who.email,
        "created": at,
        "modified": at,
        "is_favorited": false,
        "pinned_date": null,
        "layout_version": "2.0.0",
        "unique_view_count": 0,
        "total_view_count": 0,
        "last_modified_by_id": who.id,
        "last_modified_by_name": who.name,
        "last_modified_by_email": who.email,
        "filters": [],
        "breakdowns": [],
        "time_filter": null,
        "generation_type": null,
        "parent_dashboard_id": null,
        "child_dashboards": [],
        "ancestors": [],
        "layout": lay_out(&[]),
        "num_active_public_links": 0,
        "template_type": null,
        "is_shared_with_project": false,
        "can_view": true,
        "can_share": true,
        "can_pin": true,
        "can_update_basic": true,
        "can_update_restricted": true,
        "can_update_visibility": true,
        "is_superadmin": false,
        "allow_staff_override": false,
    })
}

pub(super) fn report(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    json!({
        "id": key,
        "project_id": birth.project,
        "workspace_id": birth.view,
        "name": "Untitled",
        "type": "insights",
        "description": null,
        "icon": null,
        "params": {"sections": {"show": [], "filter": [], "group": [], "cohorts": []},
            "displayOptions": {"chartType": "line"}},
        "dashboard_id": null,
        "include_in_dashboard": true,
        "is_default": false,
        "creator_id": who.id,
        "creator_name": who.name,
        "creator_email": who.email,
        "created": at,
        "modified": at,
        "last_modified_by_id": who.id,
        "last_modified_by_name": who.name,
        "last_modified_by_email": who.email,
        "metadata": {},
        "is_visibility_restricted": false,
        "is_modification_restricted": false,
        "can_view": true,
        "can_share": true,
        "can_update_basic": true,
        "generation_type": null,
        "original_type": "insights",
        "unique_view_count": 0,
        "total_view_count": 0,
    })
}

pub(super) fn cohort(birth: &Birth<'_>) -> Value {
    json!({
        "id": birth.key,
        "name": "Untitled",
        "description": null,
        "count": 0,
        "is_visible": true,
        "is_locked": false,
        "data_group_id": null,
        "created": birth.at,
        "last_edited": birth.at,
        "created_by": person(birth.who),
        "groups": [],
        "referenced_by": [],
        "referenced_directly_by": [],
        "active_integrations": [],
        "verified": false,
        "last_queried": null,
    })
}

pub(super) fn custom_event(birth: &Birth<'_>) -> Value {
    json!({
        "id": birth.key,
        "customEventId": birth.key,
        "name": "Untitled",
        "alternatives": [],
        "project_id": birth.project,
        "user_id": birth.who.id,
        "is_visibility_restricted": true,
        "is_modification_restricted": false,
        "created": birth.at,
        "modified": birth.at,
    })
}

pub(super) fn custom_property(birth: &Birth<'_>) -> Value {
    json!({
        "customPropertyId": birth.key,
        "name": "Untitled",
        "description": "",
        "resourceType": "events",
        "dataGroupId": null,
        "displayFormula": "",
        "composedProperties": {},
        "propertyType": "string",
        "user": birth.who.id,
        "created": birth.at,
        "modified": birth.at,
        "is_locked": false,
        "is_visible": true,
        "referenced_by": [],
        "referenced_directly_by": [],
    })
}

pub(super) fn metric(birth: &Birth<'_>) -> Value {
    json!({
        "id": birth.key,
        "name": "Untitled",
        "type": "metric",
        "description": "",
        "definition": {},
        "verified": false,
        "contacts": [],
        "owned_by": person(birth.who),
        "created_by": person(birth.who),
        "last_verified_by": null,
        "created": birth.at,
        "modified": birth.at,
        "is_locked": false,
        "is_visible": true,
        "can_view": true,
        "can_update_basic": true,
    })
}

pub(super) fn behavior(birth: &Birth<'_>) -> Value {
    json!({
        "id": birth.key,
        "name": "Untitled",
        "type": "behavior",
        "description": "",
        "definition": {},
        "created": birth.at,
        "modified": birth.at,
        "created_by": person(birth.who),
    })
}

/// Exactly the documented keys: the specification allows no others.
pub(super) fn annotation(birth: &Birth<'_>) -> Value {
    json!({
        "id": birth.key,
        "date": birth.at.replace('T', " ").trim_end_matches('Z'),
        "description": "",
        "user": names(birth.who),
        "tags": [],
    })
}

pub(super) fn annotation_tag(birth: &Birth<'_>) -> Value {
    json!({"id": birth.key, "name": "", "project_id": birth.project, "has_annotations": false})
}

pub(super) fn canvas(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    json!({
        "id": key,
        "name": "Untitled",
        "description": null,
        "nodes": [],
        "creator_id": who.id,
        "creator_name": who.name,
        "creator_email": who.email,
        "created": at,
        "modified": at,
    })
}

/// Playlists and heat maps name only the last editor.
pub(super) fn recording(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    json!({
        "id": key,
        "name": "Untitled",
        "description": null,
        "created": at,
        "modified": at,
        "last_modified_by_id": who.id,
        "last_modified_by_name": who.name,
        "last_modified_by_email": who.email,
    })
}
