//! Content: everything people and service accounts make in a project, in the vendor's own field names.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Caller, Role, Shelf, Who, World};

/// What kind of thing an item is. The order is the order in `/_sandbox/state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Board,
    Report,
    Cohort,
    CustomEvent,
    CustomProperty,
    Metric,
    Behavior,
    Annotation,
    AnnotationTag,
    Alert,
    Digest,
    Webhook,
    Flag,
    Experiment,
    Canvas,
    Playlist,
    HeatMap,
    AgentFlow,
    Integration,
    Connector,
    Pipeline,
    WarehouseSource,
    WarehouseImport,
    LookupTable,
    DropFilter,
    CustomRole,
    Theme,
    DeletionRequest,
    Schema,
    EventDefinition,
    PropertyDefinition,
    SchemaEnforcement,
}

impl Kind {
    /// The name in effects of the request log and in the state document.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Report => "report",
            Self::Cohort => "cohort",
            Self::CustomEvent => "custom_event",
            Self::CustomProperty => "custom_property",
            Self::Metric => "metric",
            Self::Behavior => "behavior",
            Self::Annotation => "annotation",
            Self::AnnotationTag => "annotation_tag",
            Self::Alert => "alert",
            Self::Digest => "digest",
            Self::Webhook => "webhook",
            Self::Flag => "flag",
            Self::Experiment => "experiment",
            Self::Canvas => "canvas",
            Self::Playlist => "playlist",
            Self::HeatMap => "heat_map",
            Self::AgentFlow => "agent_flow",
            Self::Integration => "integration",
            Self::Connector => "connector",
            Self::Pipeline => "pipeline",
            Self::WarehouseSource => "warehouse_source",
            Self::WarehouseImport => "warehouse_import",
            Self::LookupTable => "lookup_table",
            Self::DropFilter => "drop_filter",
            Self::CustomRole => "custom_role",
            Self::Theme => "theme",
            Self::DeletionRequest => "event_deletion_request",
            Self::Schema => "schema",
            Self::EventDefinition => "event_definition",
            Self::PropertyDefinition => "property_definition",
            Self::SchemaEnforcement => "schema_enforcement",
        }
    }

    /// Whether ids of this kind are UUIDs; all others are numbers, except names of schemas and pipelines.
    pub(crate) fn has_uuid(self) -> bool {
        matches!(
            self,
            Self::Webhook
                | Self::Flag
                | Self::Experiment
                | Self::Canvas
                | Self::AgentFlow
                | Self::Metric
                | Self::Behavior
                | Self::Connector
                | Self::CustomRole
                | Self::Theme
                | Self::Playlist
                | Self::HeatMap
        )
    }
}

/// The id of an item: a number, or a text (UUID or name).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub(crate) enum Key {
    Number(u64),
    Text(String),
}

impl Key {
    /// The key a path segment or a JSON text means.
    pub(crate) fn parse(raw: &str) -> Self {
        raw.parse().map_or_else(|_| Self::Text(raw.to_owned()), Self::Number)
    }

    /// The key a JSON value means.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        value.as_u64().map(Self::Number).or_else(|| value.as_str().map(Self::parse))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(out),
            Self::Text(text) => text.fmt(out),
        }
    }
}

/// Who sees an item besides its creator and its share list (facts/mixpanel.md 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reach {
    /// Everybody in the project.
    Project,
    /// Project owners too.
    Owners,
    /// Nobody else, not even project owners; also everything a service account makes, until it is shared.
    Nobody,
}

/// The share list of an item; the flag says whether the grantee may edit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shares {
    pub(crate) users: Vec<(Who, bool)>,
    pub(crate) teams: Vec<(u64, bool)>,
    pub(crate) projects: Vec<(u64, bool)>,
}

/// One thing in a project.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// The user id behind it; stays after that person has left.
    pub(crate) creator: u64,
    pub(crate) reach: Reach,
    pub(crate) shares: Shares,
    /// The object as a single read answers it.
    pub(crate) fields: Map<String, Value>,
}

impl Item {
    /// A field of the object, or null.
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }

    /// The numeric field of that name.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.get(name).as_u64()
    }

    /// Sets a field.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.fields.insert(name.to_owned(), value);
    }

    pub(super) fn truth(&self, key: &Key) -> Value {
        let users: Vec<Value> = self
            .shares
            .users
            .iter()
            .map(|(who, edit)| json!({"id": who.id, "email": who.email, "canEdit": edit}))
            .collect();
        json!({
            "id": key,
            "creator_id": self.creator,
            "reach": self.reach,
            "user_shares": users,
            "team_shares": self.shares.teams.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
            "project_shares": self.shares.projects.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
            "fields": self.fields,
        })
    }
}

/// What is needed to put an item into a project.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) kind: Kind,
    pub(crate) key: Key,
    pub(crate) creator: u64,
    pub(crate) reach: Reach,
    pub(crate) fields: Map<String, Value>,
}

impl World {
    /// The shelf of one kind in one project; absent means nothing was ever made there.
    pub(crate) fn shelf(&self, project: u64, kind: Kind) -> Option<&Shelf> {
        self.content.get(&(project, kind)).map(Arc::as_ref)
    }

    /// All items of a kind, whoever may see them.
    pub(crate) fn items(&self, project: u64, kind: Kind) -> impl Iterator<Item = (&Key, &Item)> {
        self.shelf(project, kind).into_iter().flatten().map(|(key, item)| (key, item.as_ref()))
    }

    /// One item, whoever may see it.
    pub(crate) fn item(&self, project: u64, kind: Kind, key: &Key) -> Option<&Item> {
        self.shelf(project, kind)?.get(key).map(Arc::as_ref)
    }

    /// Puts an item in; returns its key.
    pub(crate) fn put(&mut self, project: u64, draft: Draft) -> Key {
        let Draft { kind, key, creator, reach, fields } = draft;
        let item = Item { creator, reach, shares: Shares::default(), fields };
        let shelf = Arc::make_mut(&mut self.content).entry((project, kind)).or_default();
        Arc::make_mut(shelf).insert(key.clone(), Arc::new(item));
        key
    }

    /// Changes an item in place; `false` if it is not there.
    pub(crate) fn edit(&mut self, project: u64, kind: Kind, key: &Key, change: impl FnOnce(&mut Item)) -> bool {
        let Some(shelf) = Arc::make_mut(&mut self.content).get_mut(&(project, kind)) else {
            return false;
        };
        let Some(item) = Arc::make_mut(shelf).get_mut(key) else {
            return false;
        };
        change(Arc::make_mut(item));
        true
    }

    /// Takes an item out; `false` if it was not there.
    pub(crate) fn take(&mut self, project: u64, kind: Kind, key: &Key) -> bool {
        Arc::make_mut(&mut self.content)
            .get_mut(&(project, kind))
            .is_some_and(|shelf| Arc::make_mut(shelf).remove(key).is_some())
    }

    /// Whether a caller sees an item of a project (facts/mixpanel.md 4.2).
    pub(crate) fn sees(&self, caller: &Caller, project: u64, item: &Item) -> bool {
        let shares = &item.shares;
        item.creator == caller.who.id
            || item.reach == Reach::Project
            || shares.projects.iter().any(|(id, _)| *id == project)
            || shares.users.iter().any(|(who, _)| who.id == caller.who.id)
            || (item.reach == Reach::Owners && caller.projects.get(&project) == Some(&Role::Owner))
            || shares
                .teams
                .iter()
                .any(|(team, _)| self.teams.get(team).is_some_and(|team| team.service_accounts.contains(&caller.id)))
    }

    /// The boards that show a report: those whose layout holds it, its home first.
    pub(crate) fn boards_of_report(&self, project: u64, report: u64) -> Vec<u64> {
        let boards: BTreeSet<u64> = self
            .items(project, Kind::Board)
            .filter(|(_, board)| crate::shapes::layout_reports(board).contains(&report))
            .filter_map(|(key, _)| match key {
                Key::Number(id) => Some(*id),
                Key::Text(_) => None,
            })
            .collect();
        boards.into_iter().collect()
    }
}
