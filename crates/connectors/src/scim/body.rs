//! What is sent (RFC 7644, 3.5).

use serde_json::{Map, Value, json};

use super::service::quoted;

/// The body of a `PATCH` with one operation.
fn patch(operation: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] })
}

/// `PATCH` that deactivates (RFC 7644, 3.5.2.3).
pub(crate) fn deactivation() -> Value {
    patch(&json!({ "op": "replace", "path": "active", "value": false }))
}

/// The resource as it was read, with `active: false`: `PUT` replaces the whole of it (RFC 7644, 3.5.1).
pub(crate) fn deactivated(mut resource: Map<String, Value>) -> Value {
    resource.insert("active".to_owned(), Value::Bool(false));
    // Read-only for a client (RFC 7643, 3.1).
    resource.remove("meta");
    Value::Object(resource)
}

/// `PATCH` that takes one member out of a group, and nobody else (RFC 7644, 3.5.2.2).
pub(crate) fn without_member(id: &str) -> Value {
    patch(&json!({ "op": "remove", "path": format!("members[value eq {}]", quoted(id)) }))
}
