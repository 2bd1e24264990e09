//! Which operations serve a kind of thing, and the names of its writable fields.

use leaver_core::source::Kind;

use super::operations as op;
use crate::operation::{Change, Read};

/// How the things of a kind are read and written. What is `None` is not known, and cannot be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Routes {
    /// All of them in a project.
    pub(crate) list: Option<&'static Read>,
    /// One by id; without it one is looked for in the list.
    pub(crate) item: Option<&'static Read>,
    /// The list is an object from id to thing.
    pub(crate) map: bool,
    /// Fields of a thing in the list that may be very long and that no [`item`](super::item::item) is made from.
    pub(crate) unread: &'static [&'static str],
    /// The list is one thing.
    pub(crate) single: bool,
    /// Making one from a definition.
    pub(crate) create: Option<&'static Change>,
    /// Changing single fields of one.
    pub(crate) update: Option<&'static Change>,
    /// Deleting one by id.
    pub(crate) delete: Option<&'static Change>,
    /// The field that carries the id in the body of a delete whose path has none.
    pub(crate) delete_field: Option<&'static str>,
    /// The writable field with its title.
    pub(crate) title: Option<&'static str>,
    /// Whether `description` is writable.
    pub(crate) description: bool,
    /// The writable field with the list of its recipients (`facts/mixpanel.md` 5.2).
    pub(crate) recipients: Option<&'static str>,
    /// The field and the value that switch it off.
    pub(crate) off: Option<(&'static str, bool)>,
    /// Its word in the sharing calls; exact, a wrong one answers 404 (4.4).
    pub(crate) shared_as: Option<&'static str>,
}

const NONE: Routes = Routes {
    list: None,
    item: None,
    map: false,
    unread: &[],
    single: false,
    create: None,
    update: None,
    delete: None,
    delete_field: None,
    title: None,
    description: false,
    recipients: None,
    off: None,
    shared_as: None,
};

/// A kind that is listed, read by id and deleted.
const fn plain(list: &'static Read, item: &'static Read, delete: &'static Change) -> Routes {
    Routes { list: Some(list), item: Some(item), delete: Some(delete), ..NONE }
}

/// The routes of a kind.
pub(crate) const fn routes(kind: Kind) -> Routes {
    match kind {
        Kind::Board => Routes {
            update: Some(&op::UPDATE_BOARD),
            title: Some("title"),
            description: true,
            shared_as: Some("dashboards"),
            ..plain(&op::BOARDS, &op::BOARD, &op::DELETE_BOARD)
        },
        Kind::Report => Routes {
            create: Some(&op::CREATE_REPORT),
            update: Some(&op::UPDATE_REPORT),
            title: Some("name"),
            description: true,
            shared_as: Some("bookmarks"),
            ..plain(&op::REPORTS, &op::REPORT, &op::DELETE_REPORT)
        },
        Kind::Cohort => Routes {
            create: Some(&op::CREATE_COHORT),
            update: Some(&op::UPDATE_COHORT),
            title: Some("name"),
            description: true,
            shared_as: Some("cohorts"),
            ..plain(&op::COHORTS, &op::COHORT, &op::DELETE_COHORT)
        },
        Kind::CustomEvent => Routes {
            list: Some(&op::CUSTOM_EVENTS),
            create: Some(&op::CREATE_CUSTOM_EVENT),
            delete: Some(&op::DELETE_CUSTOM_EVENT),
            delete_field: Some("customEventId"),
            shared_as: Some("custom-events"),
            ..NONE
        },
        Kind::CustomProperty => Routes {
            list: Some(&op::CUSTOM_PROPERTIES),
            create: Some(&op::CREATE_CUSTOM_PROPERTY),
            delete: Some(&op::DELETE_CUSTOM_PROPERTY),
            shared_as: Some("custom-properties"),
            ..NONE
        },
        Kind::Metric => Routes {
            map: true,
            update: Some(&op::UPDATE_METRIC),
            title: Some("name"),
            description: true,
            shared_as: Some("metric"),
            ..plain(&op::METRICS, &op::METRIC, &op::DELETE_METRIC)
        },
        Kind::Behavior => Routes {
            map: true,
            shared_as: Some("behavior"),
            ..plain(&op::BEHAVIORS, &op::BEHAVIOR, &op::DELETE_BEHAVIOR)
        },
        Kind::Annotation => Routes {
            update: Some(&op::UPDATE_ANNOTATION),
            description: true,
            ..plain(&op::ANNOTATIONS, &op::ANNOTATION, &op::DELETE_ANNOTATION)
        },
        Kind::Alert => Routes {
            update: Some(&op::UPDATE_ALERT),
            recipients: Some("subscriptions"),
            ..plain(&op::ALERTS, &op::ALERT, &op::DELETE_ALERT)
        },
        Kind::Subscription => Routes {
            update: Some(&op::UPDATE_SUBSCRIPTION),
            recipients: Some("recipients"),
            off: Some(("paused", true)),
            ..plain(&op::SUBSCRIPTIONS, &op::SUBSCRIPTION, &op::DELETE_SUBSCRIPTION)
        },
        Kind::Webhook => Routes {
            list: Some(&op::WEBHOOKS),
            update: Some(&op::UPDATE_WEBHOOK),
            delete: Some(&op::DELETE_WEBHOOK),
            off: Some(("is_enabled", false)),
            ..NONE
        },
        Kind::Flag => Routes { shared_as: Some("feature-flags"), ..plain(&op::FLAGS, &op::FLAG, &op::DELETE_FLAG) },
        Kind::Experiment => Routes {
            update: Some(&op::UPDATE_EXPERIMENT),
            title: Some("name"),
            description: true,
            shared_as: Some("experiments"),
            ..plain(&op::EXPERIMENTS, &op::EXPERIMENT, &op::DELETE_EXPERIMENT)
        },
        Kind::Automation => plain(&op::AUTOMATIONS, &op::AUTOMATION, &op::DELETE_AUTOMATION),
        // No list is known, and no delete.
        Kind::CohortSync => Routes { item: Some(&op::COHORT_SYNC), ..NONE },
        Kind::Pipeline => plain(&op::PIPELINES, &op::PIPELINE, &op::DELETE_PIPELINE),
        Kind::WarehouseSource => plain(&op::WAREHOUSE_SOURCES, &op::WAREHOUSE_SOURCE, &op::DELETE_WAREHOUSE_SOURCE),
        Kind::WarehouseImport => plain(&op::WAREHOUSE_IMPORTS, &op::WAREHOUSE_IMPORT, &op::DELETE_WAREHOUSE_IMPORT),
        Kind::Schema => plain(&op::SCHEMAS, &op::SCHEMA, &op::DELETE_SCHEMA),
        // A data view holds the access of many people; nothing in the product asks for deleting one.
        // Every member of the project is in it; who sees a data view is told by `/me`.
        Kind::DataView => Routes {
            list: Some(&op::DATA_VIEWS),
            item: Some(&op::DATA_VIEW),
            unread: &["member_list", "unified_member_list"],
            ..NONE
        },
        Kind::DeletionRequest => Routes {
            list: Some(&op::DELETION_REQUESTS),
            delete: Some(&op::DELETE_DELETION_REQUEST),
            delete_field: Some("id"),
            ..NONE
        },
        Kind::SchemaSettings => Routes {
            list: Some(&op::SCHEMA_SETTINGS),
            single: true,
            update: Some(&op::UPDATE_SCHEMA_SETTINGS),
            recipients: Some("notification_emails"),
            ..NONE
        },
        Kind::Canvas => plain(&op::CANVASES, &op::CANVAS, &op::DELETE_CANVAS),
    }
}
