//! Every call to Mixpanel that this crate knows, with the class of the knowledge (`facts/mixpanel.md` 2 to 5, 8, 10).
//!
//! Paths are in the slash form that the vendor's own client sends: a redirect on the way would turn a write into a
//! read (1.4). `{org}`, `{project}`, `{view}`, `{entity}` and `{id}` are filled in.

use crate::operation::{Bucket, Capability, Change, Encoding, Family, Known, Read, Unwritable, Verb};

const fn read(name: &'static str, class: Known, path: &'static str) -> Read {
    Read { name, family: Family::App, path, class, bears_secret: false, bucket: Bucket::App }
}

const fn change(name: &'static str, class: Known, verb: Verb, path: &'static str) -> Change {
    Change {
        name,
        verb,
        family: Family::App,
        path,
        class,
        bears_secret: false,
        bucket: Bucket::App,
        encoding: Encoding::Json,
    }
}

macro_rules! operations {
    (reads { $($read:ident = $r:expr;)* } changes { $($change:ident = $c:expr;)* } unwritable { $($call:ident = $u:expr;)* }) => {
        $(pub(crate) const $read: Read = $r;)*
        $(pub(crate) const $change: Change = $c;)*
        $(pub(crate) const $call: Unwritable = $u;)*

        /// Everything that can be read.
        pub(crate) const READS: &[&Read] = &[$(&$read),*];
        /// Everything that can be sent.
        pub(crate) const CHANGES: &[&Change] = &[$(&$change),*];
        /// Everything that is known to exist and cannot be sent.
        pub(crate) const UNWRITABLE: &[&Unwritable] = &[$(&$call),*];
    };
}

use Known::{Documented as D, VendorClient as C};
use Verb::{Delete, Patch, Post, Put};

operations! {
    reads {
        // The organization (2.3, 2.4, 2.5, 3).
        ME = read("me", D, "/me");
        ME_SHORT = read("me-short", D, "/me?include_workspace_users=false");
        ROSTER = Read { family: Family::Organization, ..read("roster", C, "/organizations/{org}/users/") };
        TEAMS = Read { family: Family::Organization, ..read("teams", C, "/organizations/{org}/teams") };
        PROJECTS = Read {
            family: Family::Organization, bears_secret: true, ..read("projects", C, "/organizations/{org}/projects/")
        };
        SCIM_USERS = Read { family: Family::Scim, bucket: Bucket::Scim, ..read("scim-users", D, "/Users") };
        SCIM_USER = Read { family: Family::Scim, bucket: Bucket::Scim, ..read("scim-user", D, "/Users/{id}") };
        SCIM_GROUPS = Read { family: Family::Scim, bucket: Bucket::Scim, ..read("scim-groups", D, "/Groups") };
        SCIM_GROUP = Read { family: Family::Scim, bucket: Bucket::Scim, ..read("scim-group", D, "/Groups/{id}") };
        SERVICE_ACCOUNTS = read("service-accounts", D, "/organizations/{org}/service-accounts");
        SERVICE_ACCOUNT = read("service-account", D, "/organizations/{org}/service-accounts/{id}");
        PROJECT_SERVICE_ACCOUNTS = read("project-service-accounts", D, "/projects/{project}/service-accounts");

        // Content (4.3).
        BOARDS = read("boards", C, "/projects/{project}/dashboards");
        BOARD = read("board", C, "/projects/{project}/dashboards/{id}");
        REPORTS = read("reports", C, "/projects/{project}/bookmarks?v=2");
        REPORT = read("report", C, "/projects/{project}/bookmarks/{id}?v=2");
        LINKED_BOARDS = read("linked-boards", C, "/projects/{project}/bookmarks/{id}/linked-dashboard-ids");
        REPORT_BOARDS = read("report-boards", C, "/projects/{project}/dashboards/bookmarks/{id}/dashboard-ids");
        REPORT_DATA = Read {
            family: Family::Query,
            bucket: Bucket::Query,
            ..read("report-data", D, "/insights?project_id={project}&bookmark_id={id}")
        };
        COHORTS = read("cohorts", C, "/projects/{project}/cohorts");
        COHORT = read("cohort", C, "/projects/{project}/cohorts/{id}");
        CUSTOM_EVENTS = read("custom-events", C, "/projects/{project}/data-definitions/events/?custom_event=true");
        CUSTOM_PROPERTIES = read("custom-properties", C, "/projects/{project}/custom_properties/");
        METRICS = read("metrics", C, "/projects/{project}/metrics");
        METRIC = read("metric", C, "/projects/{project}/metrics/{id}");
        BEHAVIORS = read("behaviors", C, "/projects/{project}/behaviors");
        BEHAVIOR = read("behavior", C, "/projects/{project}/behaviors/{id}");
        ANNOTATIONS = read("annotations", D, "/projects/{project}/annotations");
        ANNOTATION = read("annotation", D, "/projects/{project}/annotations/{id}");
        ALERTS = read("alerts", C, "/projects/{project}/alerts/custom/?skip_user_filter=true");
        ALERT = read("alert", C, "/projects/{project}/alerts/custom/{id}/");
        SUBSCRIPTIONS = read("subscriptions", C, "/projects/{project}/dashboard-reports/email-digests");
        SUBSCRIPTION = read("subscription", C, "/projects/{project}/dashboard-reports/email-digests/{id}");
        WEBHOOKS = Read { bears_secret: true, ..read("webhooks", C, "/projects/{project}/webhooks/") };
        FLAGS = read("flags", D, "/projects/{project}/workspaces/{view}/feature-flags");
        FLAG = read("flag", D, "/projects/{project}/workspaces/{view}/feature-flags/{id}");
        EXPERIMENTS = read("experiments", D, "/workspaces/{view}/experiments");
        EXPERIMENT = read("experiment", D, "/workspaces/{view}/experiments/{id}");
        AUTOMATIONS = read("automations", C, "/projects/{project}/agent-flows");
        AUTOMATION = read("automation", C, "/projects/{project}/agent-flows/{id}");
        COHORT_SYNC = read("cohort-sync", C, "/projects/{project}/integrations/outgoing/{id}");
        PIPELINES = read("pipelines", C, "/projects/{project}/connectors");
        PIPELINE = read("pipeline", C, "/projects/{project}/connectors/{id}");
        LEGACY_PIPELINES = Read {
            family: Family::Data,
            bucket: Bucket::Data,
            ..read("legacy-pipelines", D, "/nessie/pipeline/jobs?project_id={project}")
        };
        WAREHOUSE_SOURCES = Read {
            bears_secret: true, ..read("warehouse-sources", C, "/projects/{project}/warehouse-sources/sources")
        };
        WAREHOUSE_SOURCE = Read {
            bears_secret: true, ..read("warehouse-source", C, "/projects/{project}/warehouse-sources/sources/{id}")
        };
        WAREHOUSE_IMPORTS = read("warehouse-imports", D, "/projects/{project}/warehouse-sources/imports");
        WAREHOUSE_IMPORT = read("warehouse-import", D, "/projects/{project}/warehouse-sources/imports/{id}");
        SCHEMAS = Read { bucket: Bucket::Schemas, ..read("schemas", D, "/projects/{project}/schemas") };
        SCHEMA = Read { bucket: Bucket::Schemas, ..read("schema", D, "/projects/{project}/schemas/{entity}/{id}") };
        DATA_VIEWS = read("data-views", C, "/projects/{project}/workspaces");
        DATA_VIEW = read("data-view", C, "/projects/{project}/workspaces/{id}");
        DELETION_REQUESTS = read("deletion-requests", C, "/projects/{project}/data-definitions/events/deletion-requests/");
        SCHEMA_SETTINGS = read("schema-settings", C, "/projects/{project}/data-definitions/schema/");
        CANVASES = read("metric-trees", C, "/projects/{project}/canvases");
        CANVAS = read("metric-tree", C, "/projects/{project}/canvases/{id}");
        SHARES = read("shares", C, "/projects/{project}/shared-entities/{entity}/{id}");
    }
    changes {
        // Service accounts and SCIM (2.3, 3).
        CREATE_SERVICE_ACCOUNT = Change {
            bears_secret: true, ..change("create-service-account", D, Post, "/organizations/{org}/service-accounts")
        };
        DELETE_SERVICE_ACCOUNT = change("delete-service-account", D, Delete, "/organizations/{org}/service-accounts/{id}");
        ADD_SERVICE_ACCOUNT =
            change("add-service-account", D, Post, "/organizations/{org}/service-accounts/add-to-project");
        REMOVE_SERVICE_ACCOUNT =
            change("remove-service-account", D, Post, "/organizations/{org}/service-accounts/remove-from-project");
        SCIM_PATCH_USER = scim(change("scim-patch-user", D, Patch, "/Users/{id}"));
        SCIM_PUT_USER = scim(change("scim-put-user", D, Put, "/Users/{id}"));
        SCIM_DELETE_USER = scim(change("scim-delete-user", D, Delete, "/Users/{id}"));

        // Content (4.3, 4.4, 5.2).
        CREATE_BOARD = change("create-board", C, Post, "/projects/{project}/dashboards");
        UPDATE_BOARD = change("update-board", C, Patch, "/projects/{project}/dashboards/{id}");
        DELETE_BOARD = change("delete-board", C, Delete, "/projects/{project}/dashboards/{id}");
        CREATE_REPORT = change("create-report", C, Post, "/projects/{project}/bookmarks");
        UPDATE_REPORT = change("update-report", C, Patch, "/projects/{project}/bookmarks/{id}");
        DELETE_REPORT = change("delete-report", C, Delete, "/projects/{project}/bookmarks/{id}");
        CREATE_COHORT = change("create-cohort", C, Post, "/projects/{project}/cohorts");
        UPDATE_COHORT = change("update-cohort", C, Patch, "/projects/{project}/cohorts/{id}");
        DELETE_COHORT = change("delete-cohort", C, Delete, "/projects/{project}/cohorts/{id}");
        CREATE_CUSTOM_EVENT = Change {
            encoding: Encoding::Form, ..change("create-custom-event", C, Post, "/projects/{project}/custom_events/")
        };
        DELETE_CUSTOM_EVENT = change("delete-custom-event", C, Delete, "/projects/{project}/data-definitions/events/");
        CREATE_CUSTOM_PROPERTY = change("create-custom-property", C, Post, "/projects/{project}/custom_properties/");
        DELETE_CUSTOM_PROPERTY =
            change("delete-custom-property", C, Delete, "/projects/{project}/custom_properties/{id}/");
        UPDATE_METRIC = change("update-metric", C, Patch, "/projects/{project}/metrics/{id}");
        DELETE_METRIC = change("delete-metric", C, Delete, "/projects/{project}/metrics/{id}");
        DELETE_BEHAVIOR = change("delete-behavior", C, Delete, "/projects/{project}/behaviors/{id}");
        UPDATE_ANNOTATION = change("update-annotation", D, Patch, "/projects/{project}/annotations/{id}");
        DELETE_ANNOTATION = change("delete-annotation", D, Delete, "/projects/{project}/annotations/{id}");
        UPDATE_ALERT = change("update-alert", C, Patch, "/projects/{project}/alerts/custom/{id}/");
        DELETE_ALERT = change("delete-alert", C, Delete, "/projects/{project}/alerts/custom/{id}/");
        UPDATE_SUBSCRIPTION =
            change("update-subscription", C, Patch, "/projects/{project}/dashboard-reports/email-digests/{id}");
        DELETE_SUBSCRIPTION =
            change("delete-subscription", C, Delete, "/projects/{project}/dashboard-reports/email-digests/{id}");
        UPDATE_WEBHOOK = Change {
            bears_secret: true, ..change("update-webhook", C, Patch, "/projects/{project}/webhooks/{id}/")
        };
        DELETE_WEBHOOK = Change {
            bears_secret: true, ..change("delete-webhook", C, Delete, "/projects/{project}/webhooks/{id}/")
        };
        DELETE_FLAG = change("delete-flag", D, Delete, "/projects/{project}/workspaces/{view}/feature-flags/{id}");
        UPDATE_EXPERIMENT = change("update-experiment", D, Patch, "/workspaces/{view}/experiments/{id}");
        DELETE_EXPERIMENT = change("delete-experiment", D, Delete, "/workspaces/{view}/experiments/{id}");
        DELETE_AUTOMATION = change("delete-automation", C, Delete, "/projects/{project}/agent-flows/{id}");
        DELETE_PIPELINE = change("delete-pipeline", C, Delete, "/projects/{project}/connectors/{id}");
        DELETE_WAREHOUSE_SOURCE = Change {
            bears_secret: true,
            ..change("delete-warehouse-source", C, Delete, "/projects/{project}/warehouse-sources/sources/{id}")
        };
        DELETE_WAREHOUSE_IMPORT =
            change("delete-warehouse-import", D, Delete, "/projects/{project}/warehouse-sources/imports/{id}");
        SET_SCHEMA = Change {
            bucket: Bucket::Schemas, ..change("set-schema", D, Post, "/projects/{project}/schemas/{entity}/{id}")
        };
        DELETE_SCHEMA = Change {
            bucket: Bucket::Schemas, ..change("delete-schema", D, Delete, "/projects/{project}/schemas/{entity}/{id}")
        };
        DELETE_DELETION_REQUEST = change(
            "delete-deletion-request", C, Delete, "/projects/{project}/data-definitions/events/deletion-requests/"
        );
        UPDATE_SCHEMA_SETTINGS = change("update-schema-settings", C, Patch, "/projects/{project}/data-definitions/schema/");
        DELETE_CANVAS = change("delete-metric-tree", C, Delete, "/projects/{project}/canvases/{id}");
        SHARE = change("share", C, Post, "/projects/{project}/shared-entities/{entity}/{id}/upsert");
    }
    unwritable {
        DELETE_USERS = Unwritable {
            name: "delete-users",
            method: "POST",
            path: "/organizations/{org}/delete-users/",
            instead: "Organization Settings > Users & Teams: tick the person, Delete",
        };
        UPDATE_TEAM = Unwritable {
            name: "update-team",
            method: "POST",
            path: "/organizations/{org}/teams/{id}/update/",
            instead: "Organization Settings > Users & Teams > Teams",
        };
        DELETE_TEAMS = Unwritable {
            name: "delete-teams",
            method: "POST",
            path: "/organizations/{org}/delete-teams/",
            instead: "Organization Settings > Users & Teams > Teams",
        };
        UNSHARE_PEOPLE = Unwritable {
            name: "unshare-people",
            method: "POST",
            path: "/projects/{project}/shared-entities/{entity}/{id}/delete",
            instead: "the Share dialog of the item",
        };
        UPDATE_AUTOMATION = Unwritable {
            name: "update-automation",
            method: "PATCH",
            path: "/projects/{project}/agent-flows/{id}",
            instead: "the automation's own page: edit the delivery, or pause it",
        };
        DISCONNECT_COHORT_SYNC = Unwritable {
            name: "disconnect-cohort-sync",
            method: "PATCH",
            path: "/projects/{project}/integrations/outgoing/{id}",
            instead: "Data Management > Integrations: disconnect the destination",
        };
        UPDATE_DATA_VIEW = Unwritable {
            name: "update-data-view",
            method: "PATCH",
            path: "/projects/{project}/workspaces/{id}",
            instead: "Project Settings > Data Views: remove the member",
        };
    }
}

const fn scim(change: Change) -> Change {
    Change { family: Family::Scim, bucket: Bucket::Scim, encoding: Encoding::Scim, ..change }
}

/// Every operation, reads first, then changes, then what only a person can do.
pub fn capabilities() -> Vec<Capability> {
    READS
        .iter()
        .map(|read| Capability::from(*read))
        .chain(CHANGES.iter().map(|change| Capability::from(*change)))
        .chain(UNWRITABLE.iter().map(|call| Capability::from(*call)))
        .collect()
}
