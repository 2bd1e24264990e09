//! The organization as it truly is. Every collection is shared by reference counting, so that a copy of the whole
//! world before each change (for the fault `stale`) costs a few pointers.

mod content;
mod make;
mod members;
mod provider;
mod roles;
mod rules;
mod service_accounts;
mod tenant;
mod workspace;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub(crate) use content::{Draft, Item, Key, Kind, Reach, Shares};
pub(crate) use make::{is_shareable, tell_reach};
pub(crate) use members::{DataView, GrantKind, Invitation, Member, Project, Team, Who};
pub(crate) use provider::{Account, App, Group, GroupType, Happened, NOT_FOUND, No, Provider, Rule};
pub(crate) use roles::{OrgRole, Role};
pub(crate) use rules::Refused;
pub(crate) use service_accounts::{Caller, ServiceAccount};
pub(crate) use tenant::{Circle, Given, Membership, Provisioning, SignIn, Tenant, User};
pub(crate) use workspace::{MemberRefusal, MembershipQuery, SamlLogin, Workspace, WorkspaceGroup, WorkspaceUser};

use crate::variants::Variants;
use crate::wire::{Call, Effect};

/// Content of one project and one kind, by id.
pub(crate) type Shelf = BTreeMap<Key, Arc<Item>>;

/// The whole organization. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) organization: u64,
    pub(crate) organization_name: String,
    pub(crate) variants: Arc<Variants>,
    /// Domains whose people SCIM may change, lower case.
    pub(crate) claimed: Arc<Vec<String>>,
    pub(crate) scim_token: Arc<str>,
    pub(crate) members: Arc<BTreeMap<u64, Arc<Member>>>,
    /// Lower-case address to user id, for the members present.
    pub(crate) addresses: Arc<BTreeMap<String, u64>>,
    pub(crate) teams: Arc<BTreeMap<u64, Team>>,
    pub(crate) invitations: Arc<Vec<Invitation>>,
    pub(crate) service_accounts: Arc<BTreeMap<u64, ServiceAccount>>,
    pub(crate) projects: Arc<BTreeMap<u64, Project>>,
    pub(crate) views: Arc<BTreeMap<u64, DataView>>,
    pub(crate) content: Arc<BTreeMap<(u64, Kind), Arc<Shelf>>>,
    /// Organization settings by singleton name (facts/mixpanel.md 2.4).
    pub(crate) settings: Arc<Map<String, Value>>,
    /// The identity provider beside it.
    pub(crate) provider: Arc<Provider>,
    /// Another one beside it, with whom somebody may have the application as well.
    pub(crate) tenant: Arc<Tenant>,
    /// And a third one, that provisions nobody: people get in by signing in.
    pub(crate) workspace: Arc<Workspace>,
    /// What the provider changed here by SCIM and the vendor's audit log has not noted yet.
    pub(crate) pushed: Vec<(Call, Effect)>,
    pub(crate) next_id: u64,
}

impl World {
    /// An organization without people, projects or content.
    pub(crate) fn empty(seed: u64, variants: Variants) -> Self {
        Self {
            seed,
            organization: 700_000 + seed % 90_000,
            organization_name: "Brightwater".to_owned(),
            variants: Arc::new(variants),
            claimed: Arc::default(),
            scim_token: Arc::from(""),
            members: Arc::default(),
            addresses: Arc::default(),
            teams: Arc::default(),
            invitations: Arc::default(),
            service_accounts: Arc::default(),
            projects: Arc::default(),
            views: Arc::default(),
            content: Arc::default(),
            settings: Arc::default(),
            provider: Arc::default(),
            tenant: Arc::default(),
            workspace: Arc::default(),
            pushed: Vec::new(),
            next_id: 61_000_000 + (seed % 1_000) * 1_000,
        }
    }

    /// The next numeric id of anything.
    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The next random-looking identifier in UUID version 4 form, the same for the same seed and history.
    pub(crate) fn fresh_uuid(&mut self) -> String {
        let mut bytes = self.digest("uuid");
        for (at, byte) in bytes.iter_mut().enumerate() {
            match at {
                6 => *byte = 0x40 | (*byte & 0x0f),
                8 => *byte = 0x80 | (*byte & 0x3f),
                _ => {}
            }
        }
        bytes.iter().take(16).enumerate().fold(String::with_capacity(36), |mut text, (at, byte)| {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// A secret of 32 letters and digits.
    pub(crate) fn fresh_secret(&mut self) -> String {
        self.digest("secret")
            .iter()
            .map(|byte| {
                let alphabet = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
                let index = usize::from(*byte) % alphabet.len();
                alphabet.get(index).copied().map_or('x', char::from)
            })
            .collect()
    }

    /// Six letters and digits, as in service account user names (facts/mixpanel.md 1.2).
    pub(crate) fn fresh_tag(&mut self) -> String {
        self.digest("tag").iter().take(3).fold(String::new(), |tag, byte| format!("{tag}{byte:02x}"))
    }

    fn digest(&mut self, purpose: &str) -> [u8; 32] {
        let id = self.fresh_id();
        Sha256::digest(format!("{purpose}/{}/{id}", self.seed)).into()
    }

    /// The project, if it exists.
    pub(crate) fn project(&self, id: u64) -> Option<&Project> {
        self.projects.get(&id)
    }

    /// The view "All Project Data" of a project.
    pub(crate) fn global_view(&self, project: u64) -> Option<&DataView> {
        self.views.values().find(|view| view.project == project && view.is_global)
    }

    /// The truth as one document, for `GET /_sandbox/state`.
    pub(crate) fn truth(&self, now: Timestamp) -> Value {
        let members: Vec<Value> = self.members.values().map(|member| self.member_truth(member)).collect();
        let projects: Vec<Value> = self
            .projects
            .values()
            .map(|project| {
                let content: Map<String, Value> = self
                    .content
                    .iter()
                    .filter(|((owner, _), _)| *owner == project.id)
                    .map(|((_, kind), shelf)| {
                        let items: Vec<Value> = shelf.iter().map(|(key, item)| item.truth(key)).collect();
                        (kind.name().to_owned(), Value::Array(items))
                    })
                    .collect();
                let views: Vec<&DataView> = self.views.values().filter(|view| view.project == project.id).collect();
                json!({
                    "id": project.id,
                    "name": project.name,
                    "default_role": project.default_role,
                    "data_views": views,
                    "content": content,
                })
            })
            .collect();
        let accounts: Vec<Value> = self.service_accounts.values().map(ServiceAccount::truth).collect();
        json!({
            "now": now.to_string(),
            "organization": {"id": self.organization, "name": self.organization_name},
            "claimed_domains": *self.claimed,
            "members": members,
            "teams": self.teams.values().collect::<Vec<_>>(),
            "invitations": *self.invitations,
            "service_accounts": accounts,
            "settings": *self.settings,
            "projects": projects,
            "okta": self.provider.truth(),
            "entra": self.tenant.truth(),
            "google": self.workspace.truth(),
        })
    }
}
