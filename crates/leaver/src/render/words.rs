//! Names and titles, joined from where they can be erased.

use std::collections::BTreeMap;

use leaver_core::ids::ProjectId;
use leaver_core::provider::ByHand;
use leaver_core::source::{Kind, What};

use crate::config::Brand;

/// Titles and names for what a case mentions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    /// The leaver's address.
    pub(crate) leaver: String,
    /// The successor's address.
    pub(crate) successor: String,
    /// The user name of our own service account.
    pub(crate) own_account: String,
    /// Whose the identity provider is.
    pub(crate) brand: Brand,
    /// The identity provider that people look after themselves.
    pub(crate) by_hand: Option<ByHand>,
    /// Whether boards are copied with the successor's own login.
    pub(crate) copies_as_successor: bool,
    /// Whether nobody named the reason, and the usual one was taken.
    pub(crate) reason_assumed: bool,
    /// Titles, by object.
    pub(crate) titles: BTreeMap<String, String>,
}

impl Words {
    /// A thing by its title, else by its reference.
    pub(crate) fn title(&self, what: &What) -> String {
        let object = what.to_string();
        self.titled(&object).unwrap_or(object)
    }

    /// The title kept under a reference.
    pub(crate) fn titled(&self, object: &str) -> Option<String> {
        let title = self.titles.get(object).filter(|title| !title.is_empty())?;
        Some(format!("\"{}\"", plain(title)))
    }

    /// A project by its name, else by its number.
    pub(crate) fn project(&self, id: ProjectId) -> String {
        self.titles
            .get(&format!("project/{id}"))
            .filter(|name| !name.is_empty())
            .map_or_else(|| format!("project {id}"), |name| format!("project {}", plain(name)))
    }

    /// A team by its name, else by its number.
    pub(crate) fn team(&self, id: &str) -> String {
        self.titled(&format!("team/{id}")).map_or_else(|| format!("team {id}"), |name| format!("team {name}"))
    }

    /// A thing of a project by kind and title.
    pub(crate) fn item(&self, project: ProjectId, kind: Kind, id: &str) -> String {
        format!("{kind} {}", self.title(&What::Object(project, kind, id.to_owned())))
    }
}

/// What the vendor wrote, without anything that a terminal would obey.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Adds a line.
pub(super) fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
