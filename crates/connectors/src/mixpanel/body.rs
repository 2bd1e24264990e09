//! The request of each write, in the exact shape that the facts name.

use leaver_core::ids::ProjectId;
use leaver_core::reading::Failure;
use leaver_core::source::Kind;
use leaver_core::write::Write;
use serde_json::{Map, Value, json};

use super::routes::{Routes, routes};
use super::{item, operations as op};
use crate::fill::id as id_value;
use crate::operation::Change;
use crate::scim;

/// One request to send.
#[derive(Debug)]
pub(crate) struct Request {
    /// The operation.
    pub(crate) change: &'static Change,
    /// `{project}`
    pub(crate) project: Option<ProjectId>,
    /// `{entity}`
    pub(crate) entity: Option<String>,
    /// `{id}`
    pub(crate) id: Option<String>,
    /// What is sent along.
    pub(crate) body: Option<Value>,
}

impl Request {
    fn of(change: &'static Change) -> Self {
        Self { change, project: None, entity: None, id: None, body: None }
    }

    fn in_project(self, project: ProjectId) -> Self {
        Self { project: Some(project), ..self }
    }

    fn to(self, id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..self }
    }

    fn with(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// The request of a write.
///
/// # Errors
/// No shape is known for it, or what it carries does not fit the shape; then nothing is sent.
pub(crate) fn request(write: &Write) -> Result<Request, Failure> {
    match write {
        Write::SetRecipients { project, kind, id, rest } => {
            set_recipients(*kind, id, rest).map(|r| r.in_project(*project))
        }
        Write::Delete { project, kind, id } => delete(*kind, id).map(|r| r.in_project(*project)),
        Write::Disable { project, kind, id } => {
            let Routes { update: Some(change), off: Some((field, value)), .. } = routes(*kind) else {
                return Err(no_shape("switching off", *kind));
            };
            Ok(Request::of(change).in_project(*project).to(id).with(json!({ field: value })))
        }
        Write::DuplicateBoard { project, id, title, description, as_successor: _ } => {
            Ok(Request::of(&op::CREATE_BOARD)
                .in_project(*project)
                .with(json!({ "duplicate": id_value(id), "title": title, "description": description })))
        }
        Write::Create { project, kind, body } => {
            let change = routes(*kind).create.ok_or_else(|| no_shape("creating", *kind))?;
            if !body.is_object() {
                return Err(Failure::NotConfigured("a definition must be an object".to_owned()));
            }
            Ok(Request::of(change).in_project(*project).with(body.clone()))
        }
        Write::ShareWithProject { project, kind, id, can_edit } => {
            let entity = routes(*kind).shared_as.ok_or_else(|| no_shape("sharing", *kind))?;
            let share = json!({ "id": id_value(id), "projectShares": [{ "id": project.0, "canEdit": can_edit }] });
            Ok(Request {
                entity: Some(entity.to_owned()),
                ..Request::of(&op::SHARE).in_project(*project).to(id).with(share)
            })
        }
        Write::Describe { project, kind, id, title, description } => {
            describe(*kind, id, title.as_deref(), description.as_deref()).map(|r| r.in_project(*project))
        }
        // Never anything else: a malformed `definition` would be accepted and crash the vendor's query builder (4.5).
        Write::SetMetricOwner { project, id, owner } => {
            let mut person = Map::new();
            person.extend(owner.id.as_deref().map(|id| ("id".to_owned(), id_value(id))));
            person.extend(owner.address.as_ref().map(|address| ("email".to_owned(), Value::from(address.as_str()))));
            person.extend(owner.name.as_deref().map(|name| ("name".to_owned(), Value::from(name))));
            if person.is_empty() {
                return Err(Failure::NotConfigured("the new owner has neither id nor address".to_owned()));
            }
            Ok(Request::of(&op::UPDATE_METRIC).in_project(*project).to(id).with(json!({ "owned_by": person })))
        }
        Write::SetSchemaContacts { project, id, body } => {
            // An entry of the list wraps the schema; the operation for one entry takes the schema alone.
            let schema = body.get("schemaJson").unwrap_or(body);
            schema_request(&op::SET_SCHEMA, id).map(|r| r.in_project(*project).with(schema.clone()))
        }
        // `expires` is left out: unset means never (3).
        Write::CreateServiceAccount { username, role, projects } => Ok(Request::of(&op::CREATE_SERVICE_ACCOUNT)
            .with(json!({ "username": username, "role": role, "projects": grants(projects) }))),
        Write::AddServiceAccount { id, projects } => Ok(Request::of(&op::ADD_SERVICE_ACCOUNT)
            .with(json!({ "projects": grants(projects), "service_account_ids": [id] }))),
        Write::RemoveServiceAccount { id, projects } => {
            let projects: Vec<Value> =
                projects.iter().map(|project| json!({ "id": project.0, "service_account_ids": [id] })).collect();
            Ok(Request::of(&op::REMOVE_SERVICE_ACCOUNT).with(json!({ "projects": projects })))
        }
        Write::DeleteServiceAccount { id } => Ok(Request::of(&op::DELETE_SERVICE_ACCOUNT).to(&id.to_string())),
        Write::Deactivate { id } => Ok(Request::of(&op::SCIM_PATCH_USER).to(id).with(scim::deactivation())),
        Write::DeleteByScim { id } => Ok(Request::of(&op::SCIM_DELETE_USER).to(id)),
        Write::LeaveGroup { .. } | Write::Unassign { .. } | Write::EndSessions { .. } | Write::SyncNow { .. } => {
            Err(super::pages::not_here())
        }
    }
}

fn set_recipients(kind: Kind, id: &str, rest: &Value) -> Result<Request, Failure> {
    if !rest.is_array() {
        return Err(Failure::NotConfigured("the recipients must be a list".to_owned()));
    }
    let Routes { update: Some(change), recipients: Some(field), .. } = routes(kind) else {
        return Err(no_shape("changing the recipients of", kind));
    };
    Ok(Request::of(change).to(id).with(json!({ field: rest })))
}

fn delete(kind: Kind, id: &str) -> Result<Request, Failure> {
    let routes = routes(kind);
    let change = routes.delete.ok_or_else(|| no_shape("deleting", kind))?;
    if kind == Kind::Schema {
        return schema_request(change, id);
    }
    match routes.delete_field {
        // The id is in the body: an empty one might be taken for all of them.
        Some(_) if id.is_empty() => Err(Failure::NotConfigured("the id is empty".to_owned())),
        Some(field) => Ok(Request::of(change).with(json!({ field: id_value(id) }))),
        None => Ok(Request::of(change).to(id)),
    }
}

fn schema_request(change: &'static Change, id: &str) -> Result<Request, Failure> {
    let (entity, name) =
        item::schema_parts(id).ok_or_else(|| Failure::NotConfigured("the id is not 'type/name'".to_owned()))?;
    Ok(Request { entity: Some(entity.to_owned()), ..Request::of(change).to(name) })
}

/// Only keys that the vendor takes: an extra one is refused (1.4).
fn describe(kind: Kind, id: &str, title: Option<&str>, description: Option<&str>) -> Result<Request, Failure> {
    let routes = routes(kind);
    let change = routes.update.filter(|_| routes.description);
    let change = change.ok_or_else(|| no_shape("describing", kind))?;
    let mut body = Map::new();
    if let Some(title) = title {
        let key = routes.title.ok_or_else(|| no_shape("naming", kind))?;
        body.insert(key.to_owned(), Value::from(title));
    }
    if let Some(description) = description {
        body.insert("description".to_owned(), Value::from(description));
    }
    if body.is_empty() {
        return Err(Failure::NotConfigured("there is nothing to set".to_owned()));
    }
    Ok(Request::of(change).to(id).with(Value::Object(body)))
}

fn grants(projects: &[(ProjectId, String)]) -> Vec<Value> {
    projects.iter().map(|(project, role)| json!({ "id": project.0, "role": role })).collect()
}

fn no_shape(doing: &str, kind: Kind) -> Failure {
    Failure::NotConfigured(format!("no call for {doing} {} is known", kind.plural()))
}
