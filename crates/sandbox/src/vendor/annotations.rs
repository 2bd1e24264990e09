//! The documented Annotations API (annotations.openapi.yaml). The list of tags has no envelope, and neither has a
//! created tag.

use serde_json::{Map, Value, json};

use super::projects::Scope;
use super::{Desk, required_text, shelf};
use crate::wire::{Answer, Reply, ids_of, missing, wrong_method};
use crate::world::{Item, Key, Kind};

pub(super) fn route(desk: &mut Desk<'_>, scope: &Scope, rest: &[&str]) -> Answer {
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => Ok(list(desk, scope)),
        ("POST", []) => create(desk, scope),
        ("GET", ["tags"]) => {
            scope.may_write()?;
            let tags = shelf::listed(desk, scope, Kind::AnnotationTag);
            Ok(Reply::json(200, &shelf::objects(&tags)))
        }
        ("POST", ["tags"]) => create_tag(desk, scope),
        ("GET", [id]) => {
            let (_, annotation) = shelf::find(desk, scope, Kind::Annotation, id)?;
            Ok(Reply::results(&annotation.fields))
        }
        ("PATCH", [id]) => change(desk, scope, id),
        ("DELETE", [id]) => {
            let (key, _) = shelf::find(desk, scope, Kind::Annotation, id)?;
            scope.may_write()?;
            desk.world.take(scope.project, Kind::Annotation, &key);
            Ok(Reply::results(&json!({"id": key})).did("annotation", "delete", key))
        }
        (_, [] | [_]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

fn list(desk: &Desk<'_>, scope: &Scope) -> Reply {
    let from = desk.call.param("fromDate").unwrap_or_default();
    let to = desk.call.param("toDate").unwrap_or_else(|| "9999-12-31".to_owned());
    let within = |annotation: &Item| {
        let day: String = annotation.get("date").as_str().unwrap_or_default().chars().take(10).collect();
        day >= from && day <= to
    };
    let annotations: Vec<&Map<String, Value>> = shelf::listed(desk, scope, Kind::Annotation)
        .into_iter()
        .filter(|(_, annotation)| within(annotation))
        .map(|(_, annotation)| &annotation.fields)
        .collect();
    Reply::results(&annotations)
}

/// The tags with these ids, as annotations show them; marks them as used.
fn tags(desk: &mut Desk<'_>, scope: &Scope, list: Option<&Value>) -> Result<Value, Reply> {
    let mut shown = Vec::new();
    for id in ids_of(list) {
        let (key, tag) = shelf::find(desk, scope, Kind::AnnotationTag, &id.to_string())?;
        shown.push(json!({"id": tag.get("id"), "name": tag.get("name")}));
        desk.world.edit(scope.project, Kind::AnnotationTag, &key, |tag| {
            tag.set("has_annotations", json!(true));
        });
    }
    Ok(Value::Array(shown))
}

fn create(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let body = desk.call.object()?;
    let mut values = Map::new();
    values.insert("date".to_owned(), json!(required_text(&body, "date")?));
    values.insert("description".to_owned(), json!(required_text(&body, "description")?));
    let tags = tags(desk, scope, body.get("tags"))?;
    values.insert("tags".to_owned(), tags);
    let key = shelf::create(desk, scope, Kind::Annotation, values);
    Ok(shelf::shown(desk, scope, Kind::Annotation, &key, 201).did("annotation", "create", key))
}

/// Only description and tags can be changed.
fn change(desk: &mut Desk<'_>, scope: &Scope, id: &str) -> Answer {
    let (key, _): (Key, _) = shelf::find(desk, scope, Kind::Annotation, id)?;
    scope.may_write()?;
    let body = desk.call.object()?;
    let mut values = Map::new();
    if let Some(description) = body.get("description") {
        values.insert("description".to_owned(), description.clone());
    }
    if body.contains_key("tags") {
        let tags = tags(desk, scope, body.get("tags"))?;
        values.insert("tags".to_owned(), tags);
    }
    if values.is_empty() {
        return Err(Reply::error(400, "only description and tags can be changed"));
    }
    shelf::amend(desk, scope, Kind::Annotation, &key, values);
    Ok(shelf::shown(desk, scope, Kind::Annotation, &key, 200).did("annotation", "update", key))
}

fn create_tag(desk: &mut Desk<'_>, scope: &Scope) -> Answer {
    scope.may_write()?;
    let body = desk.call.object()?;
    let mut values = Map::new();
    values.insert("name".to_owned(), json!(required_text(&body, "name")?));
    let key = shelf::create(desk, scope, Kind::AnnotationTag, values);
    let tag = desk.world.item(scope.project, Kind::AnnotationTag, &key).ok_or_else(|| missing("tag"))?;
    Ok(Reply::json(200, &tag.fields).did("annotation_tag", "create", key))
}
