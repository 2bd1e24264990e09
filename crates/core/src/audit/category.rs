//! What kind of thing an event is, by the object that its name begins with.

/// The kinds that a review asks for (RECORD-5: logins, actions, changes, exports).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Signing in and out, and how.
    Login,
    /// Work with content and data.
    Action,
    /// A change of who may do what, or of settings.
    Change,
    /// Data that left the vendor.
    Export,
    /// An event that the vendor's catalog did not have when this was written: kept and counted.
    Unknown,
}

impl Category {
    /// All, in the order of a review.
    pub const ALL: [Self; 5] = [Self::Login, Self::Action, Self::Change, Self::Export, Self::Unknown];

    /// The word in documents, for several.
    pub fn word(self) -> &'static str {
        match self {
            Self::Login => "logins",
            Self::Action => "actions",
            Self::Change => "changes",
            Self::Export => "exports",
            Self::Unknown => "unknown",
        }
    }

    /// The kind of an event. New verbs of a known object fall in with the others; a new object is unknown
    /// (`facts/mixpanel.md` 6.2).
    pub fn of(event: &str) -> Self {
        let Some((object, verb)) = event.split_once('.') else { return Self::Unknown };
        match (object, verb) {
            ("board", "exported") | ("bookmark", "screenshot_downloaded") => Self::Export,
            ("user", verb) if verb.starts_with("twofactor") => Self::Login,
            ("session", _) => Self::Login,
            ("audit_log_export" | "event_export" | "profile_export" | "raw_event_export" | "user_data_export", _) => {
                Self::Export
            }
            (
                "billing_info"
                | "custom_role"
                | "invitation"
                | "organization"
                | "organization_access_security"
                | "organization_setting"
                | "organization_spark_setting"
                | "project"
                | "service_account"
                | "team"
                | "user"
                | "workspace",
                _,
            ) => Self::Change,
            (
                "agent_flow"
                | "alert"
                | "board"
                | "board_subscription"
                | "bookmark"
                | "cohort"
                | "cohort_sync"
                | "data_pipeline"
                | "event_definition"
                | "event_deletion"
                | "experiment"
                | "feature_flag"
                | "profile"
                | "property_definition"
                | "user_data_deletion"
                | "warehouse_source"
                | "warehouse_source_sync",
                _,
            ) => Self::Action,
            _ => Self::Unknown,
        }
    }
}
