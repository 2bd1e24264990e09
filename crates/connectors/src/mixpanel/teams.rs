//! Teams of the organization. The layout of the teams is not public (`facts/mixpanel.md` 2.4): any in which people
//! can be told is read, and what cannot be told stays unknown.

use leaver_core::reading::{Grant, GrantKind, Maker, Team};
use serde_json::{Map, Value};

use super::person::{self, first};
use super::roster::grants;

/// Where a team may hold its people.
const PEOPLE: [&str; 7] = ["members", "users", "people", "member_list", "user_list", "member_ids", "user_ids"];

/// One team. `None`: there is nothing in it that tells it from another.
pub(super) fn team(fields: &Map<String, Value>) -> Option<Team> {
    let name = first(fields, &["name", "team_name", "teamName"]);
    let id = first(fields, &["id", "team_id", "teamId"]).or_else(|| name.clone())?;
    let given = |grant: Grant| Grant { kind: GrantKind::Team, team: Some(id.clone()), ..grant };
    Some(Team {
        members: PEOPLE.iter().find_map(|key| fields.get(*key)).and_then(people),
        grants: grants::of(fields).map(|grants| grants.into_iter().map(given).collect()),
        name: name.unwrap_or_default(),
        id,
    })
}

/// Everybody in a list or a map of people; `None` as soon as one of them cannot be told from others.
fn people(value: &Value) -> Option<Vec<Maker>> {
    let told = |maker: Maker| (maker.id.is_some() || maker.address.is_some()).then_some(maker);
    match value {
        Value::Array(list) => list.iter().map(|one| wrapped(one).and_then(told)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, one)| {
                let keyed = person::any(&Value::String(key.clone())).unwrap_or_default();
                let inner = wrapped(one).unwrap_or_default();
                told(Maker {
                    id: inner.id.or(keyed.id),
                    address: inner.address.or(keyed.address),
                    name: inner.name.or(keyed.name),
                })
            })
            .collect(),
        // A count says that there are people, and not who.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// A person, or an object that holds one.
fn wrapped(value: &Value) -> Option<Maker> {
    let inner =
        value.as_object().and_then(|fields| ["user", "member", "person"].iter().find_map(|key| fields.get(*key)));
    person::any(inner.unwrap_or(value))
}
