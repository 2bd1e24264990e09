//! What a thing is made of: the digest of its definition, and what it uses.
//!
//! A report uses cohorts, custom events and custom properties, a board uses reports. No public source types a
//! definition, so it is searched for the names that ids have in it.

use std::collections::BTreeSet;

use leaver_core::ids::Digest;
use leaver_core::source::Kind;
use leaver_evidence::canonical;
use serde_json::{Map, Value};

use super::person::{named, text};

/// The field names that hold ids, compared in lower case without `_` and `-`.
const REFERENCES: [(&str, Kind); 16] = [
    ("cohortid", Kind::Cohort),
    ("cohortids", Kind::Cohort),
    ("customeventid", Kind::CustomEvent),
    ("customeventids", Kind::CustomEvent),
    ("custompropertyid", Kind::CustomProperty),
    ("custompropertyids", Kind::CustomProperty),
    ("metricid", Kind::Metric),
    ("metricids", Kind::Metric),
    ("behaviorid", Kind::Behavior),
    ("behaviorids", Kind::Behavior),
    ("bookmarkid", Kind::Report),
    ("bookmarkids", Kind::Report),
    ("reportid", Kind::Report),
    ("reportids", Kind::Report),
    ("dashboardid", Kind::Board),
    ("dashboardids", Kind::Board),
];

/// The words for a kind where a definition names the kind and the id side by side.
const WORDS: [(&str, Kind); 7] = [
    ("cohort", Kind::Cohort),
    ("customevent", Kind::CustomEvent),
    ("customproperty", Kind::CustomProperty),
    ("metric", Kind::Metric),
    ("behavior", Kind::Behavior),
    ("report", Kind::Report),
    ("bookmark", Kind::Report),
];

/// The kinds that a thing of this kind may use, and the fields in which it says so.
fn places(kind: Kind) -> (&'static [Kind], &'static [&'static str]) {
    match kind {
        Kind::Board => (&[Kind::Report], &["layout", "contents"]),
        Kind::Report => {
            (&[Kind::Cohort, Kind::CustomEvent, Kind::CustomProperty, Kind::Metric, Kind::Behavior], &["params"])
        }
        Kind::Cohort => {
            (&[Kind::Cohort, Kind::CustomEvent, Kind::CustomProperty], &["groups", "definition", "filters", "params"])
        }
        Kind::CustomEvent => (&[Kind::CustomProperty], &["alternatives"]),
        Kind::Metric | Kind::Behavior => {
            (&[Kind::Cohort, Kind::CustomEvent, Kind::CustomProperty, Kind::Metric], &["definition"])
        }
        Kind::CustomProperty
        | Kind::Annotation
        | Kind::Alert
        | Kind::Subscription
        | Kind::Webhook
        | Kind::Flag
        | Kind::Experiment
        | Kind::Automation
        | Kind::CohortSync
        | Kind::Pipeline
        | Kind::WarehouseSource
        | Kind::WarehouseImport
        | Kind::Schema
        | Kind::DataView
        | Kind::DeletionRequest
        | Kind::SchemaSettings
        | Kind::Canvas => (&[], &[]),
    }
}

/// What the thing uses, each once, in a stable order.
pub(crate) fn uses(kind: Kind, thing: &Map<String, Value>) -> Vec<(Kind, String)> {
    let mut found = BTreeSet::new();
    if kind == Kind::Alert {
        let report = thing.get("bookmark").or_else(|| thing.get("bookmark_id"));
        found.extend(report.and_then(|report| named(report, &["id"])).map(|id| (Kind::Report, id)));
    } else if kind == Kind::Subscription {
        found.extend(thing.get("dashboard_id").and_then(text).map(|id| (Kind::Board, id)));
    } else if kind == Kind::CohortSync {
        let cohorts = thing.get("cohorts").and_then(Value::as_array).into_iter().flatten();
        let ids = cohorts.filter_map(|cohort| named(cohort, &["cohort_id", "id"]));
        found.extend(ids.map(|id| (Kind::Cohort, id)));
    } else {
        let (kinds, fields) = places(kind);
        for value in fields.iter().filter_map(|field| thing.get(*field)) {
            search(value, &mut found);
        }
        found.retain(|(kind, _)| kinds.contains(kind));
    }
    if kind == Kind::Cohort {
        let syncs = thing.get("active_integrations").and_then(Value::as_array).into_iter().flatten();
        found.extend(syncs.filter_map(|sync| named(sync, &["id"])).map(|id| (Kind::CohortSync, id)));
    }
    found.into_iter().collect()
}

/// The digest of what makes the thing what it is; the same in a list and alone, and the same for a faithful copy.
/// `None`: the answer does not show it.
pub(crate) fn digest(kind: Kind, thing: &Map<String, Value>) -> Option<Digest> {
    let keys = parts(kind);
    let shown = if matches!(kind, Kind::Board | Kind::Cohort) {
        keys.iter().any(|key| thing.contains_key(*key))
    } else {
        keys.first().is_some_and(|key| thing.get(*key).is_some_and(|value| !value.is_null()))
    };
    if !shown {
        return None;
    }
    let definition: Map<String, Value> = keys
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), unpacked(thing.get(*key)?))))
        .filter(|(_, value)| !value.is_null())
        .collect();
    Some(Digest::of(canonical::of(&definition).ok()?.as_bytes()))
}

/// The fields of a definition. The first one must be there for it to be shown; of a board or a cohort, any one.
fn parts(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Board => &["filters", "breakdowns", "time_filter"],
        Kind::Report => &["params", "type"],
        Kind::Cohort => &["definition", "groups", "filters", "params"],
        Kind::CustomEvent => &["alternatives"],
        Kind::CustomProperty => &["displayFormula", "composedProperties"],
        Kind::Metric | Kind::Behavior => &["definition", "type"],
        Kind::Annotation
        | Kind::Alert
        | Kind::Subscription
        | Kind::Webhook
        | Kind::Flag
        | Kind::Experiment
        | Kind::Automation
        | Kind::CohortSync
        | Kind::Pipeline
        | Kind::WarehouseSource
        | Kind::WarehouseImport
        | Kind::Schema
        | Kind::DataView
        | Kind::DeletionRequest
        | Kind::SchemaSettings
        | Kind::Canvas => &[],
    }
}

/// A definition may come as a JSON text; the copy may come as the object.
fn unpacked(value: &Value) -> Value {
    match value.as_str().map(serde_json::from_str::<Value>) {
        Some(Ok(inner @ (Value::Object(_) | Value::Array(_)))) => inner,
        Some(_) | None => value.clone(),
    }
}

fn search(value: &Value, found: &mut BTreeSet<(Kind, String)>) {
    match value {
        Value::Object(fields) => {
            side_by_side(fields, found);
            for (key, field) in fields {
                let plain = plain(key);
                if let Some((_, kind)) = REFERENCES.iter().find(|(name, _)| *name == plain) {
                    take(field, *kind, found);
                } else if let Some(kind) = word(plain.trim_end_matches('s')) {
                    below(field, kind, found);
                }
                search(field, found);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                search(element, found);
            }
        }
        Value::String(text) => {
            // A custom event or property stands in a definition as `$custom_event:17`.
            if let Some((name, id)) = text.strip_prefix('$').and_then(|text| text.split_once(':'))
                && let Some(kind) = word(&plain(name))
                && !id.is_empty()
            {
                found.insert((kind, id.to_owned()));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `{"type": "report", "id": 5}`, `{"content_type": "report", "content_id": 5}`, `{"resourceType": "cohort", "value": 5}`.
fn side_by_side(fields: &Map<String, Value>, found: &mut BTreeSet<(Kind, String)>) {
    let kind = ["content_type", "contentType", "resourceType", "resource_type", "type"]
        .iter()
        .find_map(|key| word(&plain(fields.get(*key)?.as_str()?)));
    if let Some(kind) = kind {
        let id = ["content_id", "contentId", "id", "value"].iter().find_map(|key| text(fields.get(*key)?));
        found.extend(id.map(|id| (kind, id)));
    }
}

/// One id, one object with an id, or a list of them.
fn take(value: &Value, kind: Kind, found: &mut BTreeSet<(Kind, String)>) {
    if let Some(elements) = value.as_array() {
        for element in elements {
            take(element, kind, found);
        }
    } else {
        found.extend(named(value, &["id"]).map(|id| (kind, id)));
    }
}

/// Under the word for a kind: one object with an id, a list of ids or objects, or a map from id to object.
fn below(value: &Value, kind: Kind, found: &mut BTreeSet<(Kind, String)>) {
    match value {
        Value::Object(fields) if fields.contains_key("id") => take(value, kind, found),
        Value::Object(map) => {
            let ids = map.iter().filter(|(key, value)| value.is_object() && is_number(key));
            found.extend(ids.map(|(key, _)| (kind, key.clone())));
        }
        Value::Array(elements) => {
            for element in elements.iter().filter(|element| element.is_object() || element.is_number()) {
                take(element, kind, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn word(plain: &str) -> Option<Kind> {
    WORDS.iter().find(|(word, _)| *word == plain).map(|(_, kind)| *kind)
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
