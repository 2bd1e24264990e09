//! The ordinary collections: list, read, create, change, delete by id (facts/mixpanel.md 4.3).

use serde_json::{Map, Value};

use super::projects::Scope;
use super::{Desk, shelf};
use crate::wire::{Answer, Reply, missing, wrong_method};
use crate::world::{Kind, Role};

/// How a list is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `results` is a list.
    List,
    /// `results` maps id to object.
    Map,
}

/// An ordinary collection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    path: &'static [&'static str],
    pub(super) kind: Kind,
    shape: Shape,
    /// The verb that changes one: `PATCH` or `PUT`; `None` is none.
    change: Option<&'static str>,
    /// A text that a creation must carry; `None` is no creation.
    create: Option<&'static str>,
    deletes: bool,
    /// The least project role that may write.
    writer: Role,
    /// Body key of `POST bulk-delete`, if there is one.
    bulk: Option<&'static str>,
}

const PLAIN: Family = Family {
    path: &[],
    kind: Kind::Canvas,
    shape: Shape::List,
    change: Some("PATCH"),
    create: Some("name"),
    deletes: true,
    writer: Role::Analyst,
    bulk: None,
};

const FAMILIES: [Family; 12] = [
    Family { path: &["custom_properties"], kind: Kind::CustomProperty, change: Some("PUT"), ..PLAIN },
    Family { path: &["behaviors"], kind: Kind::Behavior, ..PLAIN },
    Family { path: &["webhooks"], kind: Kind::Webhook, writer: Role::Admin, create: Some("url"), ..PLAIN },
    Family { path: &["canvases"], kind: Kind::Canvas, ..PLAIN },
    Family { path: &["playlists"], kind: Kind::Playlist, change: Some("PUT"), ..PLAIN },
    Family { path: &["heat-maps"], kind: Kind::HeatMap, change: Some("PUT"), ..PLAIN },
    Family { path: &["agent-flows"], kind: Kind::AgentFlow, ..PLAIN },
    Family {
        path: &["connectors"],
        kind: Kind::Connector,
        change: None,
        create: Some("label"),
        writer: Role::Admin,
        ..PLAIN
    },
    Family { path: &["themes"], kind: Kind::Theme, shape: Shape::Map, ..PLAIN },
    Family { path: &["custom-roles"], kind: Kind::CustomRole, change: Some("PUT"), writer: Role::Owner, ..PLAIN },
    Family {
        path: &["warehouse-sources", "sources"],
        kind: Kind::WarehouseSource,
        create: Some("source_name"),
        writer: Role::Admin,
        ..PLAIN
    },
    Family { path: &["metrics"], kind: Kind::Metric, shape: Shape::Map, bulk: Some("metric_ids"), ..PLAIN },
];

/// The family that a path belongs to, and the rest of the path.
pub(super) fn of<'p, 's>(rest: &'p [&'s str]) -> Option<(&'static Family, &'p [&'s str])> {
    FAMILIES.iter().find_map(|family| rest.strip_prefix(family.path).map(|deeper| (family, deeper)))
}

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, family: &'static Family, rest: &[&str]) -> Answer {
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => Ok(list(desk, scope, family)),
        ("POST", []) => create(desk, scope, family),
        ("POST", ["bulk-delete"]) => bulk_delete(desk, scope, family),
        // A single webhook has no read of its own (facts/mixpanel.md 4.3).
        ("GET", [_]) if family.kind == Kind::Webhook => Err(wrong_method()),
        ("GET", [id]) => {
            let (_, item) = shelf::find(desk, scope, family.kind, id)?;
            Ok(Reply::results(&item.fields))
        }
        ("DELETE", [id]) => delete(desk, scope, family, id),
        (verb, [id]) if family.change == Some(verb) => change(desk, scope, family, id),
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

fn list(desk: &Desk<'_>, scope: &Scope, family: &Family) -> Reply {
    let items = shelf::listed(desk, scope, family.kind);
    match family.shape {
        Shape::List => Reply::results(&shelf::objects(&items)),
        Shape::Map => {
            let map: Map<String, Value> =
                items.iter().map(|(key, item)| (key.to_string(), Value::Object(item.fields.clone()))).collect();
            Reply::results(&map)
        }
    }
}

fn may_write(scope: &Scope, family: &Family) -> Result<(), Reply> {
    if scope.role >= family.writer {
        Ok(())
    } else {
        Err(crate::wire::forbidden("your project role does not allow this"))
    }
}

fn create(desk: &mut Desk<'_>, scope: &Scope, family: &Family) -> Answer {
    let required = family.create.ok_or_else(wrong_method)?;
    may_write(scope, family)?;
    let mut body = desk.call.object()?;
    super::required_text(&body, required)?;
    if family.kind == Kind::Webhook {
        // Credentials of a webhook are kept by the vendor and never shown.
        body.remove("username");
        body.remove("password");
    }
    let key = shelf::create(desk, scope, family.kind, shelf::settable(body));
    Ok(shelf::shown(desk, scope, family.kind, &key, 200).did(family.kind.name(), "create", key))
}

fn change(desk: &mut Desk<'_>, scope: &Scope, family: &Family, id: &str) -> Answer {
    let (key, _) = shelf::find(desk, scope, family.kind, id)?;
    may_write(scope, family)?;
    let mut body = desk.call.object()?;
    if family.kind == Kind::Webhook {
        body.remove("username");
        body.remove("password");
    }
    if body.is_empty() {
        return Err(Reply::error(400, "nothing to change"));
    }
    shelf::amend(desk, scope, family.kind, &key, shelf::settable(body));
    Ok(shelf::shown(desk, scope, family.kind, &key, 200).did(family.kind.name(), "update", key))
}

fn delete(desk: &mut Desk<'_>, scope: &Scope, family: &Family, id: &str) -> Answer {
    let (key, _) = shelf::find(desk, scope, family.kind, id)?;
    if !family.deletes {
        return Err(wrong_method());
    }
    may_write(scope, family)?;
    desk.world.take(scope.project, family.kind, &key);
    Ok(Reply::done().did(family.kind.name(), "delete", key))
}

fn bulk_delete(desk: &mut Desk<'_>, scope: &Scope, family: &Family) -> Answer {
    let field = family.bulk.ok_or_else(|| missing("page"))?;
    remove_many(desk, scope, family.kind, field)
}

/// `POST bulk-delete {field: [ids]}`: all or none.
pub(super) fn remove_many(desk: &mut Desk<'_>, scope: &Scope, kind: Kind, field: &str) -> Answer {
    scope.may_write()?;
    let body = desk.call.object()?;
    let ids: Vec<String> = body
        .get(field)
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(crate::world::Key::of).map(|key| key.to_string()).collect())
        .unwrap_or_default();
    if ids.is_empty() {
        return Err(Reply::error(400, &format!("{field}: a list of ids is required")));
    }
    for id in &ids {
        shelf::find(desk, scope, kind, id)?;
    }
    for id in &ids {
        desk.world.take(scope.project, kind, &crate::world::Key::parse(id));
    }
    Ok(Reply::done().did(kind.name(), "delete", ids.join(",")))
}
