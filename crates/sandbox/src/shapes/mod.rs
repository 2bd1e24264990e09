//! The field inventories of facts/mixpanel.md 4.5: a fresh object of each kind, as a single read answers it.
//! Both the seed and the creating endpoints start from here and lay their own values over it.

mod analysis;
mod governance;
mod layout;
mod senders;

use serde_json::{Map, Value, json};

pub(crate) use layout::{lay_out, layout_reports, report_card, without_reports};

use crate::world::{Key, Kind, Who};

/// Where, when and by whom something is made.
#[derive(Debug, Clone)]
pub(crate) struct Birth<'a> {
    pub(crate) key: &'a Key,
    pub(crate) project: u64,
    pub(crate) project_name: &'a str,
    /// The project's "All Project Data" view.
    pub(crate) view: u64,
    pub(crate) who: &'a Who,
    /// The time of creation, RFC 3339 UTC without fraction.
    pub(crate) at: &'a str,
}

/// A fresh object.
pub(crate) fn blank(kind: Kind, birth: &Birth<'_>) -> Map<String, Value> {
    let value = match kind {
        Kind::Board => analysis::board(birth),
        Kind::Report => analysis::report(birth),
        Kind::Cohort => analysis::cohort(birth),
        Kind::CustomEvent => analysis::custom_event(birth),
        Kind::CustomProperty => analysis::custom_property(birth),
        Kind::Metric => analysis::metric(birth),
        Kind::Behavior => analysis::behavior(birth),
        Kind::Annotation => analysis::annotation(birth),
        Kind::AnnotationTag => analysis::annotation_tag(birth),
        Kind::Canvas => analysis::canvas(birth),
        Kind::Playlist | Kind::HeatMap => analysis::recording(birth),
        Kind::Alert => senders::alert(birth),
        Kind::Digest => senders::digest(birth),
        Kind::Webhook => senders::webhook(birth),
        Kind::AgentFlow => senders::agent_flow(birth),
        Kind::Integration => senders::integration(birth),
        Kind::Connector => senders::connector(birth),
        Kind::Pipeline => senders::pipeline(birth),
        Kind::WarehouseSource => senders::warehouse_source(birth),
        Kind::WarehouseImport => senders::warehouse_import(birth),
        Kind::Flag => governance::flag(birth),
        Kind::Experiment => governance::experiment(birth),
        Kind::LookupTable => governance::lookup_table(birth),
        Kind::DropFilter => governance::drop_filter(birth),
        Kind::CustomRole => governance::custom_role(birth),
        Kind::Theme => governance::theme(birth),
        Kind::DeletionRequest => governance::deletion_request(birth),
        Kind::Schema => governance::schema(birth),
        Kind::EventDefinition => governance::event_definition(birth),
        Kind::PropertyDefinition => governance::property_definition(birth),
        Kind::SchemaEnforcement => governance::schema_enforcement(birth),
    };
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// `{id, name, email}` of a creator.
pub(crate) fn person(who: &Who) -> Value {
    json!({"id": who.id, "name": who.name, "email": who.email})
}

/// `{id, first_name, last_name}` of a creator.
pub(crate) fn names(who: &Who) -> Value {
    let (first, last) = who.names();
    json!({"id": who.id, "first_name": first, "last_name": last})
}

/// Lays values over an object; keys keep their place.
pub(crate) fn overlay(fields: &mut Map<String, Value>, values: Map<String, Value>) {
    for (key, value) in values {
        fields.insert(key, value);
    }
}
