//! `/me`: who we are (`facts/mixpanel.md` 2.5).

use std::collections::BTreeMap;

use leaver_core::ids::{ProjectId, VendorOrg};
use leaver_core::planner::Focus;
use leaver_core::reading::{Failure, Me, OrgRole, ProjectSeen, ViewMember};
use serde_json::{Map, Value};

use super::item::role_word;
use super::person::{address, first, flag, text};
use crate::http::{Document, Shape, Span};

/// Reads the answer of `/me`, as far as it concerns this organization, and those who matter. The members of the data views can be many: they are
/// read one by one, and forgotten.
///
/// # Errors
/// As [`me`].
pub(crate) fn read(organization: VendorOrg, mut document: Document, focus: Option<&Focus>) -> Result<Me, Failure> {
    let results = document.results()?;
    if document.shape(results) != Shape::Object || document.repeats(results)? {
        return me(organization, &document.value(results)?, focus);
    }
    let mut fields = Map::new();
    let mut views = Vec::new();
    let mut entries = document.entries(results);
    while let Some((key, value)) = entries.next(&document)? {
        if key == "workspaces" {
            views = views_in(&mut document, value, focus)?;
        } else {
            fields.insert(key, document.value(value)?);
        }
        document.forget(entries.done());
    }
    of(organization, &fields, views)
}

/// Reads the results of `/me`.
///
/// # Errors
/// The answer is no object, or names nobody.
pub(crate) fn me(organization: VendorOrg, results: &Value, focus: Option<&Focus>) -> Result<Me, Failure> {
    let fields =
        results.as_object().ok_or_else(|| Failure::Malformed("the answer about ourselves is no object".to_owned()))?;
    of(organization, fields, views(fields.get("workspaces"), focus))
}

fn of(organization: VendorOrg, fields: &Map<String, Value>, views: Vec<View>) -> Result<Me, Failure> {
    let user_id = first(fields, &["user_id", "id"]);
    let address = first(fields, &["user_email", "email"]);
    if user_id.is_none() && address.is_none() {
        return Err(Failure::Malformed("the answer about ourselves names nobody".to_owned()));
    }
    let own = by_id(fields.get("organizations"))
        .into_iter()
        .find(|(id, _)| *id == organization.to_string())
        .map(|(_, organization)| organization);
    let projects = projects(organization, fields.get("projects"), &views);
    let ours = |view: &View| projects.contains_key(&view.project);
    let count = views.iter().filter(|view| ours(view)).map(|view| view.members.len()).sum();
    let mut view_members = Vec::with_capacity(count);
    for view in views.into_iter().filter(ours) {
        view_members.extend(view.members);
    }
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

struct View {
    id: u64,
    project: ProjectId,
    /// Lower is better: all project data, the default, any other (1.6).
    rank: u8,
    members: Vec<ViewMember>,
}

impl View {
    /// A data view with these fields, and the members that were read beside them.
    fn of(id: &str, fields: &Map<String, Value>, mut members: Vec<ViewMember>) -> Option<Self> {
        let is = |key| fields.get(key).and_then(flag) == Some(true);
        let id = id.parse().ok()?;
        let project = ProjectId(first(fields, &["project_id"])?.parse().ok()?);
        let restricted = is("is_restricted");
        for member in &mut members {
            member.project = project;
            member.view = id;
            member.restricted = restricted;
        }
        let rank = if is("is_global") {
            0
        } else if is("is_default") {
            1
        } else {
            2
        };
        Some(Self { id, project, rank, members })
    }
}

fn views(value: Option<&Value>, focus: Option<&Focus>) -> Vec<View> {
    by_id(value)
        .into_iter()
        .filter_map(|(id, fields)| {
            let listed = fields.get("member_list").and_then(Value::as_array).into_iter().flatten();
            View::of(&id, fields, listed.filter_map(|listed| member(listed, focus)).collect())
        })
        .collect()
}

/// The data views of an answer: a map from id to object, or a list of objects with ids.
fn views_in(document: &mut Document, span: Span, focus: Option<&Focus>) -> Result<Vec<View>, Failure> {
    if document.repeats(span)? {
        return Ok(views(Some(&document.value(span)?), focus));
    }
    let mut found = Vec::new();
    let mut entries = document.entries(span);
    while let Some((key, value)) = entries.next(document)? {
        if let Some((fields, members)) = view_in(document, value, focus)? {
            found.extend(View::of(&first(&fields, &["id"]).unwrap_or(key), &fields, members));
        }
        document.forget(entries.done());
    }
    let mut elements = document.elements(span);
    while let Some(element) = elements.next(document) {
        if let Some((fields, members)) = view_in(document, element, focus)? {
            found.extend(first(&fields, &["id"]).and_then(|id| View::of(&id, &fields, members)));
        }
        document.forget(elements.done());
    }
    Ok(found)
}

/// The fields of a data view without its members, and its members.
type Split = (Map<String, Value>, Vec<ViewMember>);

/// One data view. `None`: it is no object.
fn view_in(document: &mut Document, span: Span, focus: Option<&Focus>) -> Result<Option<Split>, Failure> {
    if document.shape(span) != Shape::Object {
        return Ok(None);
    }
    let mut fields = Map::new();
    let mut members = Vec::new();
    let mut entries = document.entries(span);
    while let Some((key, value)) = entries.next(document)? {
        if key == "member_list" {
            // A name that stands twice counts where it stands last.
            members.clear();
            let mut elements = document.elements(value);
            while let Some(element) = elements.next(document) {
                members.extend(member(&document.value(element)?, focus));
                document.forget(elements.done());
            }
            members.shrink_to_fit();
        } else {
            fields.insert(key, document.value(value)?);
        }
    }
    Ok(Some((fields, members)))
}

fn projects(organization: VendorOrg, value: Option<&Value>, views: &[View]) -> BTreeMap<ProjectId, ProjectSeen> {
    by_id(value)
        .into_iter()
        .filter(|(_, fields)| {
            let owner = first(fields, &["organization_id", "organization"]);
            owner.is_some_and(|owner| owner == organization.to_string())
        })
        .filter_map(|(id, fields)| {
            let project = ProjectId(id.parse().ok()?);
            let mut own: Vec<&View> = views.iter().filter(|view| view.project == project).collect();
            // "First" must not depend on the order of a map.
            own.sort_by_key(|view| (view.rank, view.id));
            let seen = ProjectSeen {
                name: first(fields, &["name"]).unwrap_or_default(),
                role: fields.get("role").and_then(role_word),
                data_view: own.first().map(|view| view.id),
                owner: first(fields, &["owner_id"]),
            };
            Some((project, seen))
        })
        .collect()
}

/// A person in a data view who matters; which view is filled in by [`View::of`].
fn member(listed: &Value, focus: Option<&Focus>) -> Option<ViewMember> {
    let fields = listed.as_object()?;
    let id = first(fields, &["id", "user_id"]);
    let address = first(fields, &["email", "user_email"]).and_then(|text| address(&text));
    if (id.is_none() && address.is_none()) || focus.is_some_and(|focus| !focus.sees(address.as_ref())) {
        return None;
    }
    Some(ViewMember {
        project: ProjectId(0),
        view: 0,
        restricted: false,
        id,
        address,
        invited: fields.get("invited").and_then(flag) == Some(true),
    })
}
