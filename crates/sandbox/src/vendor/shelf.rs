//! What all content has in common: who sees it, reading, making, changing, deleting.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::Desk;
use super::projects::Scope;
use crate::shapes::overlay;
use crate::wire::{Reply, missing};
use crate::world::{Caller, Item, Key, Kind, Reach, World, is_shareable};

/// Fields that no request can set: identity, authorship and time.
const FIXED: [&str; 24] = [
    "id",
    "project_id",
    "customEventId",
    "customPropertyId",
    "connector_id",
    "creator",
    "creator_id",
    "creator_name",
    "creator_email",
    "created",
    "created_at",
    "created_by",
    "created_by_user_id",
    "user",
    "user_id",
    "modified",
    "modified_at",
    "last_modified_by_id",
    "last_modified_by_name",
    "last_modified_by_email",
    "requesting_user",
    "initialized_by",
    "is_shared_with_project",
    "content_type",
];

/// The values of a body without the fields nobody may set.
pub(super) fn settable(body: Map<String, Value>) -> Map<String, Value> {
    body.into_iter().filter(|(key, _)| !FIXED.contains(&key.as_str())).collect()
}

/// Whether the caller sees the item; a report is also seen by whoever sees its board.
pub(super) fn visible(world: &World, caller: &Caller, project: u64, kind: Kind, item: &Item) -> bool {
    if world.sees(caller, project, item) {
        return true;
    }
    kind == Kind::Report
        && item
            .number("dashboard_id")
            .and_then(|board| world.item(project, Kind::Board, &Key::Number(board)))
            .is_some_and(|board| world.sees(caller, project, board))
}

/// Everything of a kind that the caller sees, in the order of ids.
pub(super) fn listed<'d>(desk: &'d Desk<'_>, scope: &Scope, kind: Kind) -> Vec<(&'d Key, &'d Item)> {
    desk.world
        .items(scope.project, kind)
        .filter(|(_, item)| visible(desk.world, &desk.caller, scope.project, kind, item))
        .collect()
}

/// The objects of a listing.
pub(super) fn objects<'d>(items: &[(&'d Key, &'d Item)]) -> Vec<&'d Map<String, Value>> {
    items.iter().map(|(_, item)| &item.fields).collect()
}

/// The item with that id if the caller sees it, else 404.
pub(super) fn find<'d>(desk: &'d Desk<'_>, scope: &Scope, kind: Kind, id: &str) -> Result<(Key, &'d Item), Reply> {
    let key = Key::parse(id);
    desk.world
        .item(scope.project, kind, &key)
        .filter(|item| visible(desk.world, &desk.caller, scope.project, kind, item))
        .map(|item| (key, item))
        .ok_or_else(|| missing(kind.name()))
}

/// Who sees what a service account makes: only itself, for the kinds that can be shared (facts/mixpanel.md 4.2).
pub(super) fn reach_of_new(kind: Kind) -> Reach {
    if is_shareable(kind) { Reach::Nobody } else { Reach::Project }
}

/// Makes an item for the caller.
pub(super) fn create(desk: &mut Desk<'_>, scope: &Scope, kind: Kind, values: Map<String, Value>) -> Key {
    let who = desk.caller.who.clone();
    let at = desk.stamp();
    let reach = reach_of_new(kind);
    let key = desk.world.make(scope.project, kind, &who, &at, reach, values);
    if let Some(view) = scope.view {
        desk.world.edit(scope.project, kind, &key, |item| {
            if item.fields.contains_key("workspace_id") {
                item.set("workspace_id", json!(view));
            }
        });
    }
    key
}

/// Lays values over an item and notes the editor, where the kind notes one.
pub(super) fn amend(desk: &mut Desk<'_>, scope: &Scope, kind: Kind, key: &Key, values: Map<String, Value>) {
    let who = desk.caller.who.clone();
    let at = desk.stamp();
    desk.world.edit(scope.project, kind, key, |item| {
        overlay(&mut item.fields, values);
        for (field, value) in [
            ("modified", json!(at)),
            ("modified_at", json!(at)),
            ("last_edited", json!(at)),
            ("last_modified_by_id", json!(who.id)),
            ("last_modified_by_name", json!(who.name)),
            ("last_modified_by_email", json!(who.email)),
        ] {
            if item.fields.contains_key(field) {
                item.set(field, value);
            }
        }
    });
}

/// The object of an item as it is now, in the success envelope.
pub(super) fn shown(desk: &Desk<'_>, scope: &Scope, kind: Kind, key: &Key, status: u16) -> Reply {
    desk.world
        .item(scope.project, kind, key)
        .map_or_else(|| missing(kind.name()), |item| Reply::results_with(status, &item.fields))
}

/// An object without some of its fields, written without copying it.
pub(super) struct Without<'a>(pub(super) &'a Map<String, Value>, pub(super) &'static [&'static str]);

impl Serialize for Without<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0 {
            if !self.1.contains(&key.as_str()) {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}
