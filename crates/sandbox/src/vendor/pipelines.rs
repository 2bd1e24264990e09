//! The legacy pipelines, `/api/2.0/nessie/pipeline/..` (data-pipelines.openapi.yaml; facts/mixpanel.md 5.3).

use serde_json::{Map, Value, json};

use super::Desk;
use super::projects::{Scope, scope};
use crate::wire::{Answer, Reply, missing, wrong_method};
use crate::world::{Key, Kind};

pub(super) fn route(desk: &mut Desk<'_>, verb: &str) -> Answer {
    let method = desk.call.method.clone();
    let form = desk.call.form();
    let field = |name: &str| {
        desk.call.param(name).or_else(|| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
    };
    let project = field("project_id").ok_or_else(|| Reply::error(400, "project_id is required"))?;
    let scope = scope(desk, &project)?;
    scope.may_administer()?;
    let name = field("name");
    match (method.as_str(), verb) {
        ("GET", "jobs") => Ok(jobs(desk, &scope)),
        ("GET", "status") => {
            let key = existing(desk, &scope, name)?;
            let job = json!({"project_id": scope.project, "name": key, "state": "succeeded"});
            Ok(Reply::json(200, &json!({"canceled": [], "retried": [], "succeeded": [job]})))
        }
        ("GET", "timeline") => Ok(Reply::json(200, &json!({"day_syncs": []}))),
        ("POST", "pause") => switch(desk, &scope, name, "false"),
        ("POST", "resume") => switch(desk, &scope, name, "true"),
        ("POST", "cancel") => {
            let key = existing(desk, &scope, name)?;
            desk.world.take(scope.project, Kind::Pipeline, &key);
            Ok(Reply::done().did("pipeline", "delete", key))
        }
        ("POST", "edit") => {
            let key = existing(desk, &scope, name)?;
            Ok(Reply::done().did("pipeline", "update", key))
        }
        ("POST", "create") => {
            let kind = field("type").ok_or_else(|| Reply::error(400, "type is required"))?;
            let name = format!("events-daily-{kind}-{}", desk.world.fresh_tag());
            let (who, at) = (desk.caller.who.clone(), desk.stamp());
            desk.world.make_named(scope.project, Kind::Pipeline, &name, &who, &at, Map::new());
            Ok(Reply::json(200, &json!({"pipeline_names": [name]})).did("pipeline", "create", name))
        }
        (_, "jobs" | "status" | "timeline" | "pause" | "resume" | "cancel" | "edit" | "create") => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

/// A map from project id to its jobs.
fn jobs(desk: &Desk<'_>, scope: &Scope) -> Reply {
    let jobs: Vec<&Map<String, Value>> =
        desk.world.items(scope.project, Kind::Pipeline).map(|(_, job)| &job.fields).collect();
    Reply::json(200, &json!({scope.project.to_string(): jobs}))
}

fn existing(desk: &Desk<'_>, scope: &Scope, name: Option<String>) -> Result<Key, Reply> {
    let name = name.ok_or_else(|| Reply::error(400, "name is required"))?;
    let key = Key::Text(name);
    desk.world.item(scope.project, Kind::Pipeline, &key).map(|_| key.clone()).ok_or_else(|| missing("pipeline"))
}

fn switch(desk: &mut Desk<'_>, scope: &Scope, name: Option<String>, on: &str) -> Answer {
    let key = existing(desk, scope, name)?;
    desk.world.edit(scope.project, Kind::Pipeline, &key, |job| {
        job.set("sync_enabled", json!(on));
    });
    Ok(Reply::done().did("pipeline", "update", key))
}
