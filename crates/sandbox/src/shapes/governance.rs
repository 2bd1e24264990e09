//! Flags, experiments and the data dictionary (facts/mixpanel.md 4.3 and 4.5, and the published specifications).

use serde_json::{Value, json};

use super::{Birth, person};

/// Exactly documented keys: the specification allows no others.
pub(super) fn flag(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    json!({
        "can_update_basic": true,
        "is_superadmin": false,
        "allow_staff_override": false,
        "can_view": true,
        "can_share": true,
        "can_pin": true,
        "is_shared_with_project": false,
        "name": "Untitled",
        "key": "untitled",
        "description": null,
        "tags": [],
        "experiment_id": null,
        "status": "disabled",
        "context": "distinct_id",
        "data_group_id": null,
        "serving_method": "client",
        "ruleset": {
            "variants": [
                {"key": "off", "value": false, "is_control": true, "split": 0.5},
                {"key": "on", "value": true, "is_control": false, "split": 0.5},
            ],
            "rollout": [{
                "cohort_definition": null,
                "runtime_evaluation_definition": null,
                "rollout_percentage": 1.0,
                "variant_splits": {"off": 0.5, "on": 0.5},
            }],
        },
        "workspace_id": birth.view,
        "hash_salt": null,
        "id": key,
        "project_id": birth.project,
        "content_type": "feature-flags",
        "created": at,
        "creator_id": who.id,
        "creator_name": who.name,
        "creator_email": who.email,
        "modified": at,
        "last_modified_by_id": who.id,
        "last_modified_by_name": who.name,
        "last_modified_by_email": who.email,
        "is_favorited": false,
        "pinned_date": null,
        "enabled_at": null,
        "deleted": null,
        "content_environments_id": null,
        "project_name": birth.project_name,
    })
}

/// Exactly documented keys: the specification allows no others.
pub(super) fn experiment(birth: &Birth<'_>) -> Value {
    let Birth { key, who, at, .. } = birth;
    json!({
        "id": key,
        "name": "Untitled",
        "content_type": "experiments",
        "description": null,
        "created": at,
        "creator_id": who.id,
        "creator_name": who.name,
        "creator_email": who.email,
        "modified": at,
        "deleted": null,
        "is_favorited": false,
        "pinned_date": null,
        "tags": [],
        "last_modified_by_id": who.id,
        "last_modified_by_name": who.name,
        "last_modified_by_email": who.email,
        "can_view": true,
        "can_update_basic": true,
        "can_update_restricted": true,
        "can_update_visibility": true,
        "is_superadmin": false,
        "allow_staff_override": false,
        "can_share": true,
        "is_shared_with_project": false,
        "hypothesis": null,
        "status": "draft",
        "variants": [],
        "metrics": [],
        "settings": {},
        "exposures_cache": {},
        "results_cache": {},
        "start_date": null,
        "end_date": null,
        "feature_flag": null,
    })
}

pub(super) fn lookup_table(birth: &Birth<'_>) -> Value {
    json!({"id": birth.key, "data-group-id": birth.key, "name": "Untitled", "created": birth.at})
}

pub(super) fn drop_filter(birth: &Birth<'_>) -> Value {
    json!({"id": birth.key, "eventName": "", "filters": [], "active": true, "created": birth.at})
}

pub(super) fn custom_role(birth: &Birth<'_>) -> Value {
    json!({
        "id": birth.key,
        "name": "Untitled",
        "description": "",
        "permissions": [],
        "created_by_user_id": birth.who.id,
        "created": birth.at,
    })
}

pub(super) fn theme(birth: &Birth<'_>) -> Value {
    json!({"id": birth.key, "name": "Untitled", "colors": []})
}

pub(super) fn deletion_request(birth: &Birth<'_>) -> Value {
    json!({
        "id": birth.key,
        "display_name": "",
        "event_name": "",
        "from_date": null,
        "to_date": null,
        "filters": {},
        "status": "Submitted",
        "deleted_events_count": 0,
        "created": birth.at,
        "requesting_user": person(birth.who),
    })
}

/// An entry of the documented Schemas API.
pub(super) fn schema(birth: &Birth<'_>) -> Value {
    json!({"entityType": "event", "name": birth.key, "schemaJson": {}})
}

pub(super) fn event_definition(birth: &Birth<'_>) -> Value {
    json!({
        "id": birth.key,
        "name": "",
        "displayName": null,
        "description": "",
        "tags": [],
        "contacts": [],
        "teamContacts": [],
        "hidden": false,
        "dropped": false,
        "verified": false,
        "customEventId": null,
    })
}

pub(super) fn property_definition(birth: &Birth<'_>) -> Value {
    json!({
        "id": birth.key,
        "name": "",
        "resourceType": "Event",
        "description": "",
        "contacts": [],
        "teamContacts": [],
        "hidden": false,
        "dropped": false,
        "sensitive": false,
    })
}

pub(super) fn schema_enforcement(birth: &Birth<'_>) -> Value {
    json!({
        "id": birth.key,
        "state": "off",
        "rule_event": "Warn and Accept",
        "notification_emails": [],
        "last_modified_by": person(birth.who),
        "initialized_by": person(birth.who),
        "last_modified": birth.at,
    })
}
