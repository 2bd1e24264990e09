//! One thing of a project, from the fields that its kind has (`facts/mixpanel.md` 3, 4.5).
//!
//! Numbers may come as texts and texts as numbers; unknown fields are left alone. What is absent stays absent.

use std::sync::Arc;

use leaver_core::ids::ProjectId;
use leaver_core::reading::{Grant, GrantKind, Item, Maker};
use leaver_core::source::Kind;
use serde_json::{Map, Value};

use super::person::{self, first, flag, text};
use super::{definition, recipients};

/// The thing, without its whole object. `None`: there is no id in it.
pub(crate) fn item(kind: Kind, thing: &Value) -> Option<Item> {
    let fields = thing.as_object()?;
    let id = if kind == Kind::Schema {
        schema_id(fields)?
    } else if kind == Kind::SchemaSettings {
        SETTINGS.to_owned()
    } else {
        first(fields, ids(kind))?
    };
    Some(Item {
        id,
        title: title(kind, fields).unwrap_or_default(),
        maker: person::maker(fields).map(Arc::new),
        owners: owners(kind, fields),
        recipients: recipients::of(kind, fields),
        private: flagged(fields, &["is_private", "is_visibility_restricted"]),
        shared: flagged(fields, &["is_shared_with_project"]),
        pinned: fields.get("pinned_date").is_some_and(|date| !date.is_null())
            || flagged(fields, &["is_pinned", "pinned"]) == Some(true),
        views: number(fields, &["total_view_count", "unique_view_count"]),
        public_links: number(fields, &["num_active_public_links"]),
        part_of: first(fields, &["dashboard_id"]).filter(|_| kind == Kind::Report),
        definition: definition::digest(kind, fields),
        uses: definition::uses(kind, fields),
        feeds: fields.get("active_integrations").and_then(Value::as_array).map_or(0, Vec::len),
        paused: paused(fields),
        status: fields.get("status").and_then(text),
        description: first(fields, &["description"]).or_else(|| first(schema(fields)?, &["description"])),
        created: first(fields, &["created", "created_at", "date"]),
        modified: first(fields, &["modified", "modified_at", "last_edited", "last_modified"]),
        editor: person::editor(fields).map(Arc::new),
        last_used: None,
        role: None,
        projects: Vec::new(),
        raw: Value::Null,
    })
}

/// The id of the one item of [`Kind::SchemaSettings`].
pub(crate) const SETTINGS: &str = "settings";

/// Where the id of a kind stands.
fn ids(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::CustomEvent => &["customEventId", "custom_event_id", "id"],
        Kind::CustomProperty => &["customPropertyId", "custom_property_id", "id"],
        Kind::Pipeline => &["connector_id", "id"],
        Kind::Canvas => &["metric_tree_id", "id"],
        Kind::Board
        | Kind::Report
        | Kind::Cohort
        | Kind::Metric
        | Kind::Behavior
        | Kind::Annotation
        | Kind::Alert
        | Kind::Subscription
        | Kind::Webhook
        | Kind::Flag
        | Kind::Experiment
        | Kind::Automation
        | Kind::CohortSync
        | Kind::WarehouseSource
        | Kind::WarehouseImport
        | Kind::Schema
        | Kind::DataView
        | Kind::DeletionRequest
        | Kind::SchemaSettings => &["id"],
    }
}

/// `entityType/name`, the key of the documented Schemas API.
fn schema_id(fields: &Map<String, Value>) -> Option<String> {
    Some(format!("{}/{}", first(fields, &["entityType"])?, first(fields, &["name"])?))
}

/// The two parts of such a key; a name may hold a slash.
pub(crate) fn schema_parts(id: &str) -> Option<(&str, &str)> {
    id.split_once('/').filter(|(entity, name)| !entity.is_empty() && !name.is_empty())
}

/// The schema itself, whether it stands in an entry or alone.
fn schema(fields: &Map<String, Value>) -> Option<&Map<String, Value>> {
    fields.get("schemaJson")?.as_object()
}

fn title(kind: Kind, fields: &Map<String, Value>) -> Option<String> {
    match kind {
        Kind::CustomEvent | Kind::CustomProperty => first(fields, &["displayName", "display_name", "name"]),
        Kind::Annotation => first(fields, &["description", "name"]),
        Kind::WarehouseSource => first(fields, &["source_name", "name"]),
        Kind::Pipeline => first(fields, &["label", "name"]),
        Kind::DeletionRequest => first(fields, &["event_name", "name"]),
        Kind::Board
        | Kind::Report
        | Kind::Cohort
        | Kind::Metric
        | Kind::Behavior
        | Kind::Alert
        | Kind::Subscription
        | Kind::Webhook
        | Kind::Flag
        | Kind::Experiment
        | Kind::Automation
        | Kind::CohortSync
        | Kind::WarehouseImport
        | Kind::Schema
        | Kind::DataView
        | Kind::SchemaSettings
        | Kind::Canvas => first(fields, &["title", "name", "label"]),
    }
}

/// Settable owners: `owned_by` of a saved metric and nobody else, since its `contacts` are no owners; the contacts of a
/// lexicon entry, which has no other owner (4.1, 4.5).
fn owners(kind: Kind, fields: &Map<String, Value>) -> Vec<Maker> {
    if kind == Kind::Schema {
        let metadata = schema(fields).unwrap_or(fields).get("metadata");
        let contacts = metadata.and_then(|metadata| metadata.get("com.mixpanel")?.get("contacts"));
        return list(contacts).filter_map(person::any).collect();
    }
    let owned_by = fields.get("owned_by").filter(|_| matches!(kind, Kind::Metric | Kind::Behavior));
    owned_by.and_then(person::any).into_iter().collect()
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn flagged(fields: &Map<String, Value>, keys: &[&str]) -> Option<bool> {
    keys.iter().find_map(|key| flag(fields.get(*key)?))
}

/// A count, whether it came as a number or as a text.
fn number(fields: &Map<String, Value>, keys: &[&str]) -> Option<u64> {
    keys.iter().find_map(|key| text(fields.get(*key)?)?.parse().ok())
}

fn paused(fields: &Map<String, Value>) -> Option<bool> {
    let off = fields
        .get("status")
        .and_then(Value::as_str)
        .filter(|status| ["paused", "archived", "disabled"].iter().any(|word| status.eq_ignore_ascii_case(word)));
    if off.is_some() {
        return Some(true);
    }
    flagged(fields, &["paused"]).or_else(|| flagged(fields, &["is_enabled"]).map(|enabled| !enabled))
}

/// A service account; `project` is where it was listed, if it was listed in one (3).
pub(crate) fn service_account(project: Option<ProjectId>, thing: &Value) -> Option<Item> {
    let fields = thing.as_object()?;
    let role = fields.get("role").and_then(role_word);
    let projects = match project {
        Some(project) => vec![Grant {
            kind: first(fields, &["target_type"]).map_or(GrantKind::Unknown, |word| grant_kind(&word)),
            project: Some(project),
            role: role.clone(),
            team: None,
        }],
        None => list(fields.get("projects")).filter_map(project_grant).collect(),
    };
    Some(Item {
        id: first(fields, &["id"])?,
        title: first(fields, &["username", "name"]).unwrap_or_default(),
        // `user` is the account's own internal person here, not its maker.
        maker: person::maker(&without(fields, "user")).map(Arc::new),
        created: first(fields, &["created"]),
        last_used: first(fields, &["last_used"]),
        role,
        projects,
        ..Item::default()
    })
}

fn without(fields: &Map<String, Value>, key: &str) -> Map<String, Value> {
    let kept = fields.iter().filter(|(name, _)| *name != key);
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn project_grant(value: &Value) -> Option<Grant> {
    let id = person::named(value, &["id", "project_id"])?;
    Some(Grant {
        kind: GrantKind::Unknown,
        project: Some(ProjectId(id.parse().ok()?)),
        role: value.get("role").and_then(role_word),
        team: None,
    })
}

/// A role as a word, or as an object with a name.
pub(crate) fn role_word(value: &Value) -> Option<String> {
    person::named(value, &["name", "role", "label"])
}

/// The words in which a grant says through what it comes (2.1; `target_type` in 3).
pub(crate) fn grant_kind(word: &str) -> GrantKind {
    let plain: String = word.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    match plain.as_str() {
        "individual" | "individualgrant" | "user" | "direct" | "person" | "personal" => GrantKind::Individual,
        "team" | "teamgrant" | "group" | "viateam" => GrantKind::Team,
        "allusers" | "allusersgrant" | "everyone" | "default" | "projectdefault" | "allusersintheorganization" => {
            GrantKind::AllUsers
        }
        "organization" | "org" | "organizationrole" | "orgrole" => GrantKind::OrganizationRole,
        _ => GrantKind::Unknown,
    }
}
