//! The project grants of a person, in the layouts in which they may come.

use leaver_core::ids::ProjectId;
use leaver_core::reading::{Grant, GrantKind};
use serde_json::{Map, Value};

use super::fields::plain;
use crate::mixpanel::item::{grant_kind, role_word};
use crate::mixpanel::person::{first, named, text};

/// Fields that hold grants, compared in their plain form. In the first ones an `id` is the project's.
const KEYS: [&str; 14] = [
    "projects",
    "projectids",
    "projectroles",
    "projectaccess",
    "byproject",
    "projectgrants",
    "projectassignments",
    "projectmemberships",
    "projectpermissions",
    "grants",
    "assignments",
    "memberships",
    "access",
    "accessgrants",
];

/// How many of [`KEYS`] list projects themselves.
const OF_PROJECTS: usize = 5;

/// Whether the field holds grants.
pub(super) fn is_key(key: &str) -> bool {
    KEYS.contains(&&*plain(key))
}

/// The grants of an object about a person or a team. `None`: it does not speak of grants; an empty list: it says there are none.
pub(in crate::mixpanel) fn of(fields: &Map<String, Value>) -> Option<Vec<Grant>> {
    let mut all: Option<Vec<Grant>> = None;
    for (key, value) in fields {
        let Some(place) = KEYS.iter().position(|name| *name == plain(key)) else {
            continue;
        };
        if let Some(found) = many(value, place < OF_PROJECTS) {
            all.get_or_insert_default().extend(found);
        }
    }
    all
}

/// A list of grants that stands directly under an address.
pub(super) fn read(value: &Value) -> Option<Vec<Grant>> {
    many(value, false)
}

fn many(value: &Value, of_projects: bool) -> Option<Vec<Grant>> {
    match value {
        Value::Array(elements) => Some(
            elements
                .iter()
                .flat_map(|element| match element.as_object() {
                    Some(fields) => object(fields, None, of_projects),
                    None => text(element).map(|id| bare(project(&id), None)).into_iter().collect(),
                })
                .collect(),
        ),
        Value::Object(fields) if is_grant(fields) => Some(object(fields, None, of_projects)),
        Value::Object(map) => {
            Some(map.iter().flat_map(|(key, value)| under(project(key), value, of_projects)).collect())
        }
        // A count says that there are grants, and not which.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// What stands under a project in a map: a role, one grant, or several.
fn under(project: Option<ProjectId>, value: &Value, of_projects: bool) -> Vec<Grant> {
    match value {
        Value::Object(fields) => object(fields, project, of_projects),
        Value::Array(elements) => elements.iter().flat_map(|element| under(project, element, false)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            vec![bare(project, text(value))]
        }
    }
}

/// A map from project to grant has no such fields.
fn is_grant(fields: &Map<String, Value>) -> bool {
    ["role", "roleName", "role_name", "project_id", "projectId", "type", "kind"]
        .iter()
        .any(|key| fields.contains_key(*key))
}

fn bare(project: Option<ProjectId>, role: Option<String>) -> Grant {
    Grant { kind: GrantKind::Unknown, project, role, team: None }
}

/// One object: one grant, or a project with the grants in it.
fn object(fields: &Map<String, Value>, around: Option<ProjectId>, of_projects: bool) -> Vec<Grant> {
    let stated = first(fields, &["project_id", "projectId"]);
    let stated = stated.or_else(|| named(fields.get("project")?, &["id"]));
    let own = stated.or_else(|| of_projects.then(|| first(fields, &["id"])).flatten());
    let project = own.as_deref().and_then(project).or(around);
    for key in ["grants", "access", "sources", "via"] {
        if let Some(Value::Array(inner)) = fields.get(key) {
            let role = role(fields);
            return inner
                .iter()
                .flat_map(|element| match element.as_object() {
                    Some(fields) => object(fields, project, false),
                    None => text(element)
                        .map(|word| Grant { kind: grant_kind(&word), ..bare(project, role.clone()) })
                        .into_iter()
                        .collect(),
                })
                .collect();
        }
    }
    let team = ["team", "team_name", "teamName", "group", "team_id", "teamId"]
        .iter()
        .find_map(|key| named(fields.get(*key)?, &["name", "id"]));
    let words =
        ["kind", "type", "target_type", "targetType", "source", "via", "grant_type", "grantType", "through", "origin"];
    let kind = words
        .iter()
        .filter_map(|key| text(fields.get(*key)?))
        .map(|word| grant_kind(&word))
        .find(|kind| *kind != GrantKind::Unknown)
        .unwrap_or(if team.is_some() { GrantKind::Team } else { GrantKind::Unknown });
    vec![Grant { kind, project, role: role(fields), team }]
}

fn role(fields: &Map<String, Value>) -> Option<String> {
    ["role", "roleName", "role_name", "project_role", "projectRole"].iter().find_map(|key| role_word(fields.get(*key)?))
}

fn project(id: &str) -> Option<ProjectId> {
    id.parse().ok().map(ProjectId)
}
