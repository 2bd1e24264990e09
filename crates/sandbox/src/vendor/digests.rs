//! Board subscriptions, called email digests. Only a project owner or the creator may change one
//! (facts/mixpanel.md 2.1, 5.2).

use serde_json::{Map, Value, json};

use super::boards::refuse_unknown;
use super::definitions::is_list_of_texts;
use super::projects::Scope;
use super::{Desk, shelf};
use crate::wire::{Answer, Reply, forbidden, loose_id, missing, wrong_method};
use crate::world::{Item, Key, Kind, Role};

/// Writable by PATCH; `schedule_timezone` only by creation (facts/mixpanel.md 4.5).
const CHANGEABLE: [&str; 11] = [
    "dashboard_id",
    "deleted",
    "monthly_week_ordinal",
    "name",
    "paused",
    "recipients",
    "recur",
    "slack_subscriptions",
    "start_date",
    "tag",
    "timezone",
];

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => {
            let digests = shelf::listed(desk, scope, Kind::Digest);
            Ok(Reply::results(&shelf::objects(&digests)))
        }
        ("POST", []) => create(desk, scope),
        ("GET", [id]) => {
            let (_, digest) = shelf::find(desk, scope, Kind::Digest, id)?;
            Ok(Reply::results(&digest.fields))
        }
        ("PATCH", [id]) => change(desk, scope, id),
        ("DELETE", [id]) => {
            let (key, digest) = shelf::find(desk, scope, Kind::Digest, id)?;
            may_edit(desk, scope, digest)?;
            desk.world.take(scope.project, Kind::Digest, &key);
            Ok(Reply::done().did("digest", "delete", key))
        }
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

fn may_edit(desk: &Desk<'_>, scope: &Scope, digest: &Item) -> Result<(), Reply> {
    if scope.role == Role::Owner || digest.creator == desk.caller.who.id {
        Ok(())
    } else {
        Err(forbidden("only a project owner or the creator can edit a subscription"))
    }
}

fn checked(body: &Map<String, Value>) -> Result<(), Reply> {
    if body.get("recipients").is_some_and(|list| !is_list_of_texts(list)) {
        return Err(Reply::error(400, "recipients: must be a list of addresses"));
    }
    if body.get("paused").is_some_and(|paused| !paused.is_boolean()) {
        return Err(Reply::error(400, "paused: must be true or false"));
    }
    Ok(())
}

fn create(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let body = desk.call.object()?;
    checked(&body)?;
    let id =
        loose_id(body.get("dashboard_id")).ok_or_else(|| Reply::error(400, "dashboard_id: this field is required"))?;
    let (_, board) = shelf::find(desk, scope, Kind::Board, &id.to_string())?;
    let mut values = shelf::settable(body);
    values.insert("dashboard_title".to_owned(), board.get("title").clone());
    values.insert("dashboard_creator_email".to_owned(), board.get("creator_email").clone());
    let key = shelf::create(desk, scope, Kind::Digest, values);
    Ok(shelf::shown(desk, scope, Kind::Digest, &key, 200).did("digest", "create", key))
}

fn change(desk: &mut Desk<'_>, scope: &Scope, id: &str) -> Answer {
    let (key, digest) = shelf::find(desk, scope, Kind::Digest, id)?;
    may_edit(desk, scope, digest)?;
    let body = desk.call.object()?;
    refuse_unknown(&body, &CHANGEABLE)?;
    checked(&body)?;
    if body.is_empty() {
        return Err(Reply::error(400, "nothing to change"));
    }
    if body.get("deleted").is_some_and(|deleted| *deleted == json!(true)) {
        desk.world.take(scope.project, Kind::Digest, &key);
        return Ok(Reply::done().did("digest", "delete", key));
    }
    shelf::amend(desk, scope, Kind::Digest, &key, body);
    sync_status(desk, scope, &key);
    Ok(shelf::shown(desk, scope, Kind::Digest, &key, 200).did("digest", "update", key))
}

/// `status` follows `paused`.
fn sync_status(desk: &mut Desk<'_>, scope: &Scope, key: &Key) {
    desk.world.edit(scope.project, Kind::Digest, key, |digest| {
        let paused = digest.get("paused").as_bool() == Some(true);
        digest.set("status", json!(if paused { "paused" } else { "active" }));
    });
}
