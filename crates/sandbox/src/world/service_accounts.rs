//! Service accounts: secrets, grants, and who calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{OrgRole, Role, Who, World};

/// A service account (facts/mixpanel.md 3).
#[derive(Debug, Clone)]
pub(crate) struct ServiceAccount {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) secret: String,
    pub(crate) role: Role,
    /// The shadow user that owns what the account makes.
    pub(crate) user: u64,
    /// The person or account that made it; stays after that person has left.
    pub(crate) creator: Who,
    pub(crate) created: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) last_used: Option<Timestamp>,
    pub(crate) projects: BTreeMap<u64, Role>,
}

impl ServiceAccount {
    /// The name, id and address under which its creations appear.
    pub(crate) fn who(&self) -> Who {
        Who { id: self.user, name: self.username.clone(), email: format!("{}@service-accounts.example", self.username) }
    }

    /// The public object; a field without value is left out, because the specification knows no null here.
    fn public(&self) -> Value {
        let mut object = json!({
            "id": self.id,
            "username": self.username,
            "creator": self.creator.id,
            "creator_email": self.creator.email,
            "creator_name": self.creator.name,
            "created": self.created.to_string(),
            "user": self.user,
        });
        if let Some(map) = object.as_object_mut() {
            if let Some(at) = self.last_used {
                map.insert("last_used".to_owned(), json!(at.to_string()));
            }
            if let Some(at) = self.expires {
                map.insert("expires".to_owned(), json!(at.to_string()));
            }
        }
        object
    }

    pub(super) fn truth(&self) -> Value {
        let mut object = self.public();
        if let Some(map) = object.as_object_mut() {
            map.insert("role".to_owned(), json!(self.role));
            map.insert("projects".to_owned(), json!(self.projects));
        }
        object
    }
}

/// The service account behind a call.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) id: u64,
    pub(crate) who: Who,
    pub(crate) role: OrgRole,
    pub(crate) created: Timestamp,
    /// Individual and team grants, the stronger one per project.
    pub(crate) projects: BTreeMap<u64, Role>,
}

impl World {
    /// The account with that name and secret, if it is alive; its `last_used` moves.
    pub(crate) fn authenticate(&mut self, username: &str, secret: &str, now: Timestamp) -> Option<Caller> {
        let account = self.service_accounts.values().find(|account| {
            account.username == username
                && account.secret == secret
                && account.expires.is_none_or(|expires| now < expires)
        })?;
        let mut projects = account.projects.clone();
        for team in self.teams.values().filter(|team| team.service_accounts.contains(&account.id)) {
            for (project, role) in &team.projects {
                let held = projects.entry(*project).or_insert(*role);
                *held = (*held).max(*role);
            }
        }
        let caller = Caller {
            id: account.id,
            who: account.who(),
            role: account.role.in_organization(),
            created: account.created,
            projects,
        };
        let id = account.id;
        if let Some(account) = Arc::make_mut(&mut self.service_accounts).get_mut(&id) {
            account.last_used = Some(now);
        }
        Some(caller)
    }

    /// An account as the interfaces show it.
    pub(crate) fn public_account(&self, account: &ServiceAccount) -> Value {
        let mut object = account.public();
        if self.variants.service_accounts_as_documented
            && let Some(map) = object.as_object_mut()
        {
            map.shift_remove("creator_email");
            map.shift_remove("creator_name");
        }
        object
    }

    /// Adds an account; the caller keeps the secret.
    pub(crate) fn put_service_account(&mut self, account: ServiceAccount) {
        Arc::make_mut(&mut self.service_accounts).insert(account.id, account);
    }
}
