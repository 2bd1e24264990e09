//! Data views, called workspaces (facts/mixpanel.md 1.6 and 4.3).

use serde_json::{Map, Value, json};

use super::Desk;
use super::projects::Scope;
use crate::wire::{Answer, Reply, missing, wrong_method};
use crate::world::{DataView, World};

/// A view without its people, as `/me` shows it.
pub(super) fn summary(view: &DataView) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("id".to_owned(), json!(view.id));
    map.insert("name".to_owned(), json!(view.name));
    map.insert("project_id".to_owned(), json!(view.project));
    map.insert("is_default".to_owned(), json!(view.is_default));
    map.insert("is_global".to_owned(), json!(view.is_global));
    map.insert("is_restricted".to_owned(), json!(view.is_restricted));
    map.insert("is_visible".to_owned(), json!(view.is_visible));
    map.insert("description".to_owned(), json!(view.description));
    map.insert("creator_id".to_owned(), json!(view.creator_id));
    map.insert("creator_name".to_owned(), json!(view.creator_name));
    map
}

fn full(world: &World, view: &DataView) -> Value {
    let mut map = summary(view);
    let people = world.member_list(view);
    let teams: Vec<Value> = view
        .teams
        .iter()
        .filter_map(|id| world.teams.get(id))
        .map(|team| json!({"id": team.id, "name": team.name}))
        .collect();
    let unified: Vec<Value> = people.iter().chain(&teams).cloned().collect();
    map.insert("member_list".to_owned(), Value::Array(people));
    map.insert("team_list".to_owned(), Value::Array(teams));
    map.insert("unified_member_list".to_owned(), Value::Array(unified));
    Value::Object(map)
}

/// `P/workspaces`, `P/workspaces/{id}` and `P/workspaces/public`, all with their people; reads only.
pub(super) fn route(desk: &Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    if desk.call.method != "GET" {
        return Err(wrong_method());
    }
    let world = &*desk.world;
    let mut views = world.views.values().filter(|view| view.project == scope.project);
    match rest {
        [] | ["public"] => {
            let list: Vec<Value> = views.map(|view| full(world, view)).collect();
            Ok(Reply::results(&list))
        }
        [id] => {
            let id: u64 = id.parse().map_err(|_| missing("workspace"))?;
            let view = views.find(|view| view.id == id).ok_or_else(|| missing("workspace"))?;
            Ok(Reply::results(&full(world, view)))
        }
        _ => Err(missing("page")),
    }
}
