//! `/me`: who we are (`facts/mixpanel.md` 2.5).

use std::collections::BTreeMap;
use std::fmt;

use leaver_core::ids::{ProjectId, VendorOrg};
use leaver_core::reading::{Failure, Me, OrgRole, ProjectSeen, ViewMember};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::item::role_word;
use super::pages::results;
use super::person::{address, first, flag, text};
use super::stream;
use crate::http::Answer;
use crate::http::classify::{says_error, tree};

/// Reads the answer of `/me`, as far as it concerns this organization. The members of data views can be many: they are
/// read one by one.
///
/// # Errors
/// The answer is no object, or names nobody.
pub(crate) fn read(organization: VendorOrg, answer: &Answer) -> Result<Me, Failure> {
    match stream::enveloped(&answer.body, Results) {
        Ok((around, Some(_))) if says_error(&around, true) => Err(Failure::Refused { status: answer.status }),
        Ok((_, Some((fields, views)))) => of(organization, &fields, views),
        Ok((_, None)) | Err(_) => me(organization, &results(tree(answer)?)),
    }
}

/// Reads the results of `/me`.
///
/// # Errors
/// As [`read`].
pub(crate) fn me(organization: VendorOrg, results: &Value) -> Result<Me, Failure> {
    let fields =
        results.as_object().ok_or_else(|| Failure::Malformed("the answer about ourselves is no object".to_owned()))?;
    of(organization, fields, views(fields.get("workspaces")))
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
    let mut view_members =
        Vec::with_capacity(views.iter().filter(|view| ours(view)).map(|view| view.members.len()).sum());
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
            *member = ViewMember { project, view: id, restricted, ..std::mem::replace(member, nobody()) };
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

fn nobody() -> ViewMember {
    ViewMember { project: ProjectId(0), view: 0, restricted: false, id: None, address: None, invited: false }
}

fn views(value: Option<&Value>) -> Vec<View> {
    by_id(value)
        .into_iter()
        .filter_map(|(id, fields)| {
            let listed = fields.get("member_list").and_then(Value::as_array).into_iter().flatten();
            View::of(&id, fields, listed.filter_map(member).collect())
        })
        .collect()
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
            };
            Some((project, seen))
        })
        .collect()
}

/// A person in a data view; which one is filled in by the view.
fn member(listed: &Value) -> Option<ViewMember> {
    let fields = listed.as_object()?;
    let id = first(fields, &["id", "user_id"]);
    let address = first(fields, &["email", "user_email"]).and_then(|text| address(&text));
    if id.is_none() && address.is_none() {
        return None;
    }
    Some(ViewMember { id, address, invited: fields.get("invited").and_then(flag) == Some(true), ..nobody() })
}

/// The results of `/me`: the data views apart, everything else as it came.
struct Results;

impl<'de> DeserializeSeed<'de> for Results {
    type Value = (Map<String, Value>, Vec<View>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Results {
    type Value = (Map<String, Value>, Vec<View>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        let mut views = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "workspaces" {
                views = map.next_value_seed(Views)?;
            } else {
                fields.insert(key, map.next_value()?);
            }
        }
        Ok((fields, views))
    }
}

/// The data views: a map from id to object, or a list of objects with ids.
struct Views;

impl<'de> DeserializeSeed<'de> for Views {
    type Value = Vec<View>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Views {
    type Value = Vec<View>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("data views")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut views = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let (fields, members) = map.next_value_seed(OneView)?;
            views.extend(View::of(&first(&fields, &["id"]).unwrap_or(key), &fields, members));
        }
        Ok(views)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut views = Vec::new();
        while let Some((fields, members)) = seq.next_element_seed(OneView)? {
            views.extend(first(&fields, &["id"]).and_then(|id| View::of(&id, &fields, members)));
        }
        Ok(views)
    }
}

/// One data view: its members apart, everything else as it came.
struct OneView;

impl<'de> DeserializeSeed<'de> for OneView {
    type Value = (Map<String, Value>, Vec<ViewMember>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneView {
    type Value = (Map<String, Value>, Vec<ViewMember>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a data view")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "member_list" {
                members.clear();
                map.next_value_seed(stream::Each(|listed: Value| members.extend(member(&listed))))?;
                members.shrink_to_fit();
            } else {
                fields.insert(key, map.next_value()?);
            }
        }
        Ok((fields, members))
    }
}
