//! What is sent to create something: made from a definition that was read, without what belongs to the original alone.

use serde_json::{Value, json};

use crate::source::Kind;

/// What says which cohort it is, who made it and how it is used, and not what it selects (`facts/mixpanel.md` 4.5).
const COHORT_IDENTITY: &[&str] = &[
    "id",
    "name",
    "description",
    "count",
    "created",
    "created_by",
    "last_edited",
    "last_queried",
    "modified",
    "referenced_by",
    "referenced_directly_by",
    "active_integrations",
    "verified",
    "is_visible",
    "is_locked",
    "project_id",
    "permissions",
    "creator_id",
    "creator_name",
    "creator_email",
    "is_shared_with_project",
    "last_modified_by_id",
    "last_modified_by_name",
    "last_modified_by_email",
];

/// The same for a report.
const REPORT_IDENTITY: &[&str] = &[
    "id",
    "project_id",
    "workspace_id",
    "name",
    "description",
    "creator_id",
    "creator_name",
    "creator_email",
    "created",
    "modified",
    "last_modified_by_id",
    "last_modified_by_name",
    "last_modified_by_email",
    "unique_view_count",
    "total_view_count",
    "metadata",
    "is_default",
    "is_visibility_restricted",
    "is_modification_restricted",
    "deleted",
    "generation_type",
    "original_type",
    "include_in_dashboard",
    "dashboard_id",
];

/// The body that creates an equal item: only the fields that define it, never ids, makers or dates.
pub(super) fn body_of(kind: Kind, raw: &Value, title: &str, description: &str) -> Option<Value> {
    let fields = raw.as_object()?;
    let identity: &[&str] = if kind == Kind::Cohort {
        COHORT_IDENTITY
    } else if kind == Kind::Report {
        REPORT_IDENTITY
    } else {
        return None;
    };
    let mut body = serde_json::Map::new();
    body.insert("name".to_owned(), json!(title));
    body.insert("description".to_owned(), json!(description));
    for (field, value) in fields {
        if !identity.contains(&field.as_str()) && !field.starts_with("can_") && !body.contains_key(field) {
            body.insert(field.clone(), value.clone());
        }
    }
    (body.len() > 2).then_some(Value::Object(body))
}

/// The contacts of a lexicon entry, wherever the documented schema puts them.
pub(super) fn contacts_in(body: &mut Value) -> Option<&mut Vec<Value>> {
    for (name, inner) in body.as_object_mut()? {
        if name == "contacts" && inner.is_array() {
            return inner.as_array_mut();
        }
        if let Some(found) = contacts_in(inner) {
            return Some(found);
        }
    }
    None
}
