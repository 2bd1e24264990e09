//! Outward changes as data: what a connector is asked to send, and how a send can end.

use serde::{Deserialize, Serialize};

use crate::ids::ProjectId;
use crate::reading::{Failure, Maker};
use crate::source::Kind;

/// One outward change, ready to be sent: everything that had to be read first has been read.
///
/// It lives in memory only, because it may hold addresses; the journal keeps the effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Replace the recipients of a board subscription (`recipients`), an alert (`subscriptions`) or the
    /// schema-enforcement settings (`notification_emails`) by the list just read minus one person (5.2).
    SetRecipients {
        /// The project.
        project: ProjectId,
        /// Subscription, alert or schema settings.
        kind: Kind,
        /// The object.
        id: String,
        /// The whole new value of the field, made by taking elements out of the one just read.
        rest: serde_json::Value,
    },
    /// Delete one item by id.
    Delete {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The object.
        id: String,
    },
    /// Switch a notification webhook off (`is_enabled: false`).
    Disable {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The object.
        id: String,
    },
    /// Copy a board with its reports; the copy belongs to whoever asks for it (4.6).
    DuplicateBoard {
        /// The project.
        project: ProjectId,
        /// The board to copy.
        id: String,
        /// The title of the copy; carries the marker.
        title: String,
        /// The description of the copy; carries the marker too, because the vendor may ignore the title.
        description: String,
        /// Ask with the successor's own login, not with ours.
        as_successor: bool,
    },
    /// Create a report, a cohort, a custom event or a custom property from a definition that was read.
    Create {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The body, made from the definition.
        body: serde_json::Value,
    },
    /// Share an item with its whole project (4.4: the only write shape known).
    ShareWithProject {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The object.
        id: String,
        /// Whether the project may edit it.
        can_edit: bool,
    },
    /// Set the title and description of a board, or the name and description of another item; `None` leaves it.
    Describe {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The object.
        id: String,
        /// The new title.
        title: Option<String>,
        /// The new description.
        description: Option<String>,
    },
    /// Make somebody the owner of a saved metric; only `owned_by` is sent (4.5).
    SetMetricOwner {
        /// The project.
        project: ProjectId,
        /// The metric.
        id: String,
        /// The new owner.
        owner: Maker,
    },
    /// Replace the contacts of a lexicon schema entry through the documented Schemas API.
    SetSchemaContacts {
        /// The project.
        project: ProjectId,
        /// The entry: `entityType/name`.
        id: String,
        /// The entry as read, with its contacts changed.
        body: serde_json::Value,
    },
    /// Create a service account with a grant in each project; the secret is shown once (3).
    CreateServiceAccount {
        /// Its name; carries the marker.
        username: String,
        /// Its role, in the vendor's spelling.
        role: String,
        /// The grants.
        projects: Vec<(ProjectId, String)>,
    },
    /// Give a service account a grant in each of these projects.
    AddServiceAccount {
        /// The service account.
        id: u64,
        /// The grants.
        projects: Vec<(ProjectId, String)>,
    },
    /// Take a service account out of these projects.
    RemoveServiceAccount {
        /// The service account.
        id: u64,
        /// The projects.
        projects: Vec<ProjectId>,
    },
    /// Delete a service account from the organization; refused at once everywhere (3).
    DeleteServiceAccount {
        /// The service account.
        id: u64,
    },
    /// Deactivate a person by SCIM; reaches only claimed domains (2.3).
    Deactivate {
        /// The SCIM id.
        id: String,
    },
    /// Delete a person by SCIM; may take their content along (2.3).
    DeleteByScim {
        /// The SCIM id.
        id: String,
    },
    /// Take an account out of a group of the identity provider (`facts/identity-providers.md` A.1).
    LeaveGroup {
        /// The provider's id of the account.
        account: String,
        /// The provider's id of the group.
        group: String,
    },
    /// Take the application from an account at the identity provider, without a mail to them.
    Unassign {
        /// The provider's id of the account.
        account: String,
        /// The provider's id of the assignment, where it has one apart from the account's.
        assignment: Option<String>,
    },
    /// End every session and refresh token of an account at the identity provider. Sessions inside web applications go on.
    EndSessions {
        /// The provider's id of the account.
        account: String,
    },
    /// Have the identity provider's job look at one account now. It makes the account anew where something still gives the application
    /// (`facts/identity-providers.md` 0.8).
    SyncNow {
        /// The provider's id of the account.
        account: String,
        /// The provider's id of the job.
        job: String,
        /// The rule by which the job looks at accounts.
        rule: String,
    },
}

impl Write {
    /// Whether it is sent to the identity provider.
    pub fn is_at_provider(&self) -> bool {
        matches!(
            self,
            Self::LeaveGroup { .. } | Self::Unassign { .. } | Self::EndSessions { .. } | Self::SyncNow { .. }
        )
    }
}

/// How a send ended, by what the caller may do next (architecture §3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The vendor said that it is done. This proves nothing; the read after it does.
    Done {
        /// The id of what was created.
        created: Option<String>,
    },
    /// Nothing changed outside: nothing was sent, 429, or a 4xx other than 408 and 409.
    Failed(Failure),
    /// Nobody knows: read first, act again only if the claim is still broken.
    Unknown(Failure),
}
