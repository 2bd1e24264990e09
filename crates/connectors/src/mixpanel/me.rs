//! `/me`: who we are (`facts/mixpanel.md` 2.5).

use std::collections::BTreeMap;

use leaver_core::ids::{ProjectId, VendorOrg};
use leaver_core::reading::{Failure, Me, OrgRole, ProjectSeen, ViewMember};
use serde_json::{Map, Value};

use super::item::role_word;
use super::person::{address, first, flag, text};

/// Reads the results of `/me`, as far as they concern this organization.
///
/// # Errors
/// The answer is no object, or names nobody.
pub(crate) fn me(organization: VendorOrg, results: &Value) -> Result<Me, Failure> {
    let fields =
        results.as_object().ok_or_else(|| Failure::Malformed("the answer about ourselves is no object".to_owned()))?;
    let user_id = first(fields, &["user_id", "id"]);
    let address = first(fields, &["user_email", "email"]);
    if user_id.is_none() && address.is_none() {
        return Err(Failure::Malformed("the answer about ourselves names nobody".to_owned()));
    }
    let own = by_id(fields.get("organizations"))
        .into_iter()
        .find(|(id, _)| *id == organization.to_string())
        .map(|(_, organization)| organization);
    let views = views(fields.get("workspaces"));
    let projects = projects(organization, fields.get("projects"), &views);
    let view_members = views.iter().filter(|view| projects.contains_key(&view.project)).flat_map(members).collect();
    Ok(Me {
        user_id,
        address,
        role: own.and_then(|own| own.get("role")).and_then(role_word).and_then(|word| OrgRole::parse(&word)),
        permissions: own
            .and_then(|own| own.get("permissions"))
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(text)
            .collect(),
        sees_organization: own.is_some(),
        projects,
        view_members,
    })
}

/// A map from id to object, or a list of objects with ids.
fn by_id(value: Option<&Value>) -> Vec<(String, &Map<String, Value>)> {
    match value {
        Some(Value::Object(map)) => map
            .iter()
            .filter_map(|(key, value)| {
                let fields = value.as_object()?;
                Some((first(fields, &["id"]).unwrap_or_else(|| key.clone()), fields))
            })
            .collect(),
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|fields| Some((first(fields, &["id"])?, fields)))
            .collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => Vec::new(),
    }
}

struct View<'a> {
    id: u64,
    project: ProjectId,
    /// Lower is better: all project data, the default, any other (1.6).
    rank: u8,
    restricted: bool,
    members: &'a [Value],
}

fn views(value: Option<&Value>) -> Vec<View<'_>> {
    by_id(value)
        .into_iter()
        .filter_map(|(id, fields)| {
            let is = |key| fields.get(key).and_then(flag) == Some(true);
            Some(View {
                id: id.parse().ok()?,
                project: ProjectId(first(fields, &["project_id"])?.parse().ok()?),
                rank: if is("is_global") {
                    0
                } else if is("is_default") {
                    1
                } else {
                    2
                },
                restricted: is("is_restricted"),
                members: fields.get("member_list").and_then(Value::as_array).map_or(&[], Vec::as_slice),
            })
        })
        .collect()
}

fn projects(organization: VendorOrg, value: Option<&Value>, views: &[View<'_>]) -> BTreeMap<ProjectId, ProjectSeen> {
    by_id(value)
        .into_iter()
        .filter(|(_, fields)| {
            let owner = first(fields, &["organization_id", "organization"]);
            owner.is_some_and(|owner| owner == organization.to_string())
        })
        .filter_map(|(id, fields)| {
            let project = ProjectId(id.parse().ok()?);
            let mut own: Vec<&View<'_>> = views.iter().filter(|view| view.project == project).collect();
            // "First" must not depend on the order of a map.
            own.sort_by_key(|view| (view.rank, view.id));
            let seen = ProjectSeen {
                name: first(fields, &["name"]).unwrap_or_default(),
                role: fields.get("role").and_then(role_word),
                data_view: own.first().map(|view| view.id),
            };
            Some((project, seen))
        })
        .collect()
}

fn members<'a>(view: &'a View<'_>) -> impl Iterator<Item = ViewMember> + 'a {
    view.members.iter().filter_map(|member| {
        let fields = member.as_object()?;
        let id = first(fields, &["id", "user_id"]);
        let address = first(fields, &["email", "user_email"]).and_then(|text| address(&text));
        if id.is_none() && address.is_none() {
            return None;
        }
        Some(ViewMember {
            project: view.project,
            view: view.id,
            restricted: view.restricted,
            id,
            address,
            invited: fields.get("invited").and_then(flag) == Some(true),
        })
    })
}
