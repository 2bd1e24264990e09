//! Effects: outward actions as the journal keeps them, by vendor id, without a single address.

use serde::{Deserialize, Serialize};

use crate::ids::{ClaimKey, Digest, EffectKey, ProjectId};
use crate::source::{Kind, What};

/// One outward action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Claim, instance, attempt: the same key is the same action.
    pub key: EffectKey,
    /// The claim that asks for it.
    pub claim: ClaimKey,
    /// What is done.
    pub act: Act,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// What is done, by vendor id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Act {
    /// Take the leaver out of the recipients; delete the sender when nobody is left.
    TakeOut {
        /// The project.
        project: ProjectId,
        /// Subscription, alert or settings.
        kind: Kind,
        /// The sender.
        id: String,
    },
    /// Switch a webhook off.
    Disable {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The webhook.
        id: String,
    },
    /// Delete a service account.
    DeleteServiceAccount {
        /// The service account.
        id: u64,
    },
    /// Create the replacement of a service account under a marked name.
    CreateServiceAccount {
        /// The old one.
        replaces: u64,
    },
    /// Copy an item of the leaver under a marked name.
    Copy {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The source.
        id: String,
    },
    /// Delete a half-made copy by id.
    DropCopy {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The copy.
        id: String,
    },
    /// Give the copy its title, where the vendor ignored it.
    NameCopy {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The copy.
        id: String,
    },
    /// Share a copy with its project.
    ShareCopy {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The copy.
        id: String,
    },
    /// Make the successor the owner of a saved metric.
    SetMetricOwner {
        /// The project.
        project: ProjectId,
        /// The metric.
        id: String,
    },
    /// Make the successor the contact of a lexicon entry.
    SetSchemaContacts {
        /// The project.
        project: ProjectId,
        /// The entry.
        id: String,
    },
    /// Name the new owner in a description.
    Describe {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The item.
        id: String,
    },
    /// Delete an obsolete item, as decided by name.
    Drop {
        /// The project.
        project: ProjectId,
        /// Its kind.
        kind: Kind,
        /// The item.
        id: String,
    },
    /// Deactivate the SCIM record.
    Deactivate,
    /// Delete the person by SCIM, on a decision of its own.
    DeleteMember,
    /// Take the account out of a group of the identity provider.
    LeaveGroup {
        /// The provider's id of the account.
        account: String,
        /// The provider's id of the group.
        group: String,
    },
    /// Take the application from the account at the identity provider.
    Unassign {
        /// The provider's id of the account.
        account: String,
    },
    /// End every session of the account at the identity provider.
    EndSessions {
        /// The provider's id of the account.
        account: String,
    },
    /// Have the identity provider's job look at the account now.
    SyncNow {
        /// The provider's id of the account.
        account: String,
        /// The provider's id of the job.
        job: String,
    },
}

/// How an effect may be repeated after an unknown outcome (architecture §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// By id: read after the settle time; if still broken, send again.
    Absolute,
    /// Find the marker after the settle time: none, send again; one, adopt or delete it; several, ask a person.
    MarkedCreation,
    /// Never adopted, because its secret is lost: delete by id, create under the next marker.
    SecretCreation,
}

impl Act {
    /// How it may be repeated.
    pub fn class(&self) -> Class {
        match self {
            Self::Copy { .. } => Class::MarkedCreation,
            Self::CreateServiceAccount { .. } => Class::SecretCreation,
            Self::TakeOut { .. }
            | Self::Disable { .. }
            | Self::DeleteServiceAccount { .. }
            | Self::DropCopy { .. }
            | Self::NameCopy { .. }
            | Self::ShareCopy { .. }
            | Self::SetMetricOwner { .. }
            | Self::SetSchemaContacts { .. }
            | Self::Describe { .. }
            | Self::Drop { .. }
            | Self::Deactivate
            | Self::DeleteMember
            | Self::LeaveGroup { .. }
            | Self::Unassign { .. }
            | Self::EndSessions { .. }
            | Self::SyncNow { .. } => Class::Absolute,
        }
    }

    /// The word for reports and counts.
    pub fn word(&self) -> &'static str {
        match self {
            Self::TakeOut { .. } => "take-out",
            Self::Disable { .. } => "disable",
            Self::DeleteServiceAccount { .. } => "delete-service-account",
            Self::CreateServiceAccount { .. } => "create-service-account",
            Self::Copy { .. } => "copy",
            Self::DropCopy { .. } => "drop-copy",
            Self::NameCopy { .. } => "name-copy",
            Self::ShareCopy { .. } => "share-copy",
            Self::SetMetricOwner { .. } => "set-metric-owner",
            Self::SetSchemaContacts { .. } => "set-schema-contacts",
            Self::Describe { .. } => "describe",
            Self::Drop { .. } => "drop",
            Self::Deactivate => "deactivate",
            Self::DeleteMember => "delete-member",
            Self::LeaveGroup { .. } => "leave-group",
            Self::Unassign { .. } => "unassign",
            Self::EndSessions { .. } => "end-sessions",
            Self::SyncNow { .. } => "sync-now",
        }
    }

    /// The instance of the claim that it deals with, as the judge names it.
    pub fn instance(&self) -> String {
        match self {
            Self::TakeOut { id, .. }
            | Self::Disable { id, .. }
            | Self::SetMetricOwner { id, .. }
            | Self::SetSchemaContacts { id, .. }
            | Self::Describe { id, .. }
            | Self::Drop { id, .. } => id.clone(),
            Self::Copy { id, .. } => format!("missing:{id}"),
            Self::DropCopy { id, .. } => format!("differs:{id}"),
            Self::NameCopy { id, .. } => format!("unnamed:{id}"),
            Self::ShareCopy { id, .. } => format!("unshared:{id}"),
            Self::DeleteServiceAccount { id } => id.to_string(),
            Self::CreateServiceAccount { replaces } => replaces.to_string(),
            Self::LeaveGroup { group, .. } => group.clone(),
            Self::SyncNow { job, .. } => job.clone(),
            Self::Unassign { account } | Self::EndSessions { account } => account.clone(),
            Self::Deactivate | Self::DeleteMember => String::new(),
        }
    }

    /// For a deletion: what answers 404 once it is done.
    pub fn deletes(&self) -> Option<What> {
        match self {
            Self::DropCopy { project, kind, id } | Self::Drop { project, kind, id } => {
                Some(What::Object(*project, *kind, id.clone()))
            }
            Self::DeleteServiceAccount { id } => Some(What::ServiceAccount(*id)),
            Self::TakeOut { .. }
            | Self::Disable { .. }
            | Self::SetMetricOwner { .. }
            | Self::SetSchemaContacts { .. }
            | Self::Describe { .. }
            | Self::Copy { .. }
            | Self::NameCopy { .. }
            | Self::ShareCopy { .. }
            | Self::CreateServiceAccount { .. }
            | Self::Deactivate
            | Self::DeleteMember
            | Self::LeaveGroup { .. }
            | Self::Unassign { .. }
            | Self::EndSessions { .. }
            | Self::SyncNow { .. } => None,
        }
    }

    /// The one vendor object that it changes. Two effects with one target never overlap, across cases too.
    pub fn target(&self, person: &str) -> String {
        match self {
            Self::TakeOut { project, kind, id }
            | Self::Disable { project, kind, id }
            | Self::DropCopy { project, kind, id }
            | Self::NameCopy { project, kind, id }
            | Self::ShareCopy { project, kind, id }
            | Self::Describe { project, kind, id }
            | Self::Drop { project, kind, id } => What::Object(*project, *kind, id.clone()).to_string(),
            Self::Copy { project, kind, id } => format!("copy-of/{}", What::Object(*project, *kind, id.clone())),
            Self::SetMetricOwner { project, id } => What::Object(*project, Kind::Metric, id.clone()).to_string(),
            Self::SetSchemaContacts { project, id } => What::Object(*project, Kind::Schema, id.clone()).to_string(),
            Self::DeleteServiceAccount { id } => What::ServiceAccount(*id).to_string(),
            Self::CreateServiceAccount { replaces } => format!("replacement-of/{}", What::ServiceAccount(*replaces)),
            Self::Deactivate | Self::DeleteMember => format!("scim-user/{person}"),
            // What leaves a group leaves the application with it: one change of an account at a time.
            Self::LeaveGroup { account, .. } | Self::Unassign { account } | Self::SyncNow { account, .. } => {
                What::Ways(account.clone()).to_string()
            }
            Self::EndSessions { account } => format!("provider/sessions-of/{account}"),
        }
    }

    /// What is read right before it is sent, so that nothing acts on an old picture.
    pub fn reads_before(&self) -> Vec<What> {
        match self {
            Self::TakeOut { project, kind, id }
            | Self::DropCopy { project, kind, id }
            | Self::Describe { project, kind, id }
            | Self::Drop { project, kind, id } => vec![What::Object(*project, *kind, id.clone())],
            // The list shows the source's title.
            Self::NameCopy { project, kind, id } => {
                vec![What::Object(*project, *kind, id.clone()), What::List(*project, *kind)]
            }
            // There is no call for a single webhook (4.3).
            Self::Disable { project, kind, .. } => vec![What::List(*project, *kind)],
            Self::Copy { project, kind, id } => vec![
                What::Object(*project, *kind, id.clone()),
                What::List(*project, *kind),
                What::List(*project, Kind::Report),
            ],
            Self::ShareCopy { project, kind, id } => vec![What::Shares(*project, *kind, id.clone())],
            Self::SetMetricOwner { project, id } => vec![What::Object(*project, Kind::Metric, id.clone())],
            Self::SetSchemaContacts { project, id } => vec![What::Object(*project, Kind::Schema, id.clone())],
            Self::DeleteServiceAccount { id } => vec![What::Me, What::ServiceAccount(*id)],
            Self::CreateServiceAccount { replaces } => vec![What::ServiceAccounts, What::ServiceAccount(*replaces)],
            Self::Deactivate | Self::DeleteMember => vec![What::Me, What::ScimUsers],
            Self::LeaveGroup { account, .. } | Self::Unassign { account } | Self::SyncNow { account, .. } => {
                vec![What::Ways(account.clone())]
            }
            Self::EndSessions { account } => {
                vec![What::Ways(account.clone()), What::ProviderLog(account.clone())]
            }
        }
    }

    /// The sources that it may have changed: what was read of them before its end proves nothing afterwards.
    pub fn touches(&self) -> Vec<What> {
        match self {
            Self::TakeOut { project, kind, id }
            | Self::DropCopy { project, kind, id }
            | Self::NameCopy { project, kind, id }
            | Self::Describe { project, kind, id }
            | Self::Drop { project, kind, id } => {
                vec![What::List(*project, *kind), What::Object(*project, *kind, id.clone())]
            }
            Self::Disable { project, kind, .. } => vec![What::List(*project, *kind)],
            Self::Copy { project, kind, .. } => vec![What::List(*project, *kind), What::List(*project, Kind::Report)],
            Self::ShareCopy { project, kind, id } => {
                vec![What::Shares(*project, *kind, id.clone()), What::Object(*project, *kind, id.clone())]
            }
            Self::SetMetricOwner { project, id } => {
                vec![What::List(*project, Kind::Metric), What::Object(*project, Kind::Metric, id.clone())]
            }
            Self::SetSchemaContacts { project, id } => {
                vec![What::List(*project, Kind::Schema), What::Object(*project, Kind::Schema, id.clone())]
            }
            Self::DeleteServiceAccount { id } => vec![What::ServiceAccounts, What::ServiceAccount(*id)],
            Self::CreateServiceAccount { .. } => vec![What::ServiceAccounts],
            Self::Deactivate => vec![What::ScimUsers, What::Roster],
            Self::DeleteMember => vec![What::ScimUsers, What::Roster, What::Teams],
            // A provider that provisions takes the account away on the other side as well.
            Self::LeaveGroup { account, .. } | Self::Unassign { account } => vec![What::Ways(account.clone())],
            Self::EndSessions { account } => vec![What::ProviderLog(account.clone())],
            // What it does, it does at the vendor.
            Self::SyncNow { account, .. } => {
                vec![What::Ways(account.clone()), What::ProviderLog(account.clone()), What::ScimUsers, What::Roster]
            }
        }
    }
}

/// Leave to act once: only a folded journal that shows the intent durably, and no outcome yet, gives one
/// ([`crate::case::Case::intent`]). A connector cannot be made to act without it (invariants 1 and 11).
#[derive(Debug)]
pub struct Intent {
    effect: EffectKey,
    plan: Digest,
}

impl Intent {
    pub(crate) fn new(effect: EffectKey, plan: Digest) -> Self {
        Self { effect, plan }
    }

    /// The effect that is allowed.
    pub fn effect(&self) -> &EffectKey {
        &self.effect
    }

    /// The approved plan, or the recorded emergency authorisation, that allows it.
    pub fn plan(&self) -> &Digest {
        &self.plan
    }
}
