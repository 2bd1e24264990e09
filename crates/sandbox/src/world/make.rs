//! Making things: a blank object of the kind, values over it, onto the shelf.

use serde_json::{Map, Value, json};

use super::{Draft, Key, Kind, Reach, Who, World};
use crate::shapes::{Birth, blank, overlay};

impl World {
    /// Makes an item under a fresh id.
    pub(crate) fn make(
        &mut self,
        project: u64,
        kind: Kind,
        who: &Who,
        at: &str,
        reach: Reach,
        values: Map<String, Value>,
    ) -> Key {
        let key = if kind.has_uuid() { Key::Text(self.fresh_uuid()) } else { Key::Number(self.fresh_id()) };
        let birth = Birth {
            key: &key,
            project,
            project_name: self.project(project).map_or("", |project| project.name.as_str()),
            view: self.global_view(project).map_or(0, |view| view.id),
            who,
            at,
        };
        let mut fields = blank(kind, &birth);
        overlay(&mut fields, values);
        tell_reach(&mut fields, kind, reach);
        if reach == Reach::Project && is_shareable(kind) {
            // Shared with the project, so that its share list says so and can be taken back.
            let key = self.put(project, Draft { kind, key, creator: who.id, reach: Reach::Owners, fields });
            self.edit(project, kind, &key, |item| {
                item.shares.projects.push((project, true));
            });
            return key;
        }
        self.put(project, Draft { kind, key, creator: who.id, reach, fields })
    }

    /// Makes an item whose key is its name: schema entries and legacy pipelines.
    pub(crate) fn make_named(
        &mut self,
        project: u64,
        kind: Kind,
        name: &str,
        who: &Who,
        at: &str,
        values: Map<String, Value>,
    ) -> Key {
        let key = Key::Text(name.to_owned());
        let birth = Birth { key: &key, project, project_name: "", view: 0, who, at };
        let mut fields = blank(kind, &birth);
        overlay(&mut fields, values);
        self.put(project, Draft { kind, key, creator: who.id, reach: Reach::Project, fields })
    }
}

/// Kinds with a share list (facts/mixpanel.md 4.4).
pub(crate) fn is_shareable(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Board
            | Kind::Report
            | Kind::Cohort
            | Kind::CustomEvent
            | Kind::CustomProperty
            | Kind::Metric
            | Kind::Behavior
            | Kind::Flag
            | Kind::Experiment
    )
}

/// Sets the fields that say who sees an item, where the kind has such fields.
#[expect(clippy::wildcard_enum_match_arm, reason = "a kind without such fields is the ordinary case")]
pub(crate) fn tell_reach(fields: &mut Map<String, Value>, kind: Kind, reach: Reach) {
    let open = reach == Reach::Project;
    match kind {
        Kind::Board => {
            fields.insert("is_private".to_owned(), json!(!open));
            fields.insert("is_shared_with_project".to_owned(), json!(open));
        }
        Kind::Flag | Kind::Experiment => {
            fields.insert("is_shared_with_project".to_owned(), json!(open));
        }
        Kind::Report | Kind::CustomEvent => {
            fields.insert("is_visibility_restricted".to_owned(), json!(!open));
        }
        _ => {}
    }
}
