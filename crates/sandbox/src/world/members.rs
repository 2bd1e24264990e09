//! People, teams, invitations, projects and data views.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{OrgRole, Role, World};

/// Whoever is named as the creator of something: a person or the shadow user of a service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Who {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) email: String,
}

impl Who {
    /// First and last name, split at the first space.
    pub(crate) fn names(&self) -> (&str, &str) {
        self.name.split_once(' ').unwrap_or((self.name.as_str(), ""))
    }
}

/// A person in the organization.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) who: Who,
    pub(crate) role: OrgRole,
    pub(crate) joined: Timestamp,
    /// `false` after a SCIM deactivation; grants are kept for a later reactivation.
    pub(crate) active: bool,
    /// Individual project grants.
    pub(crate) projects: BTreeMap<u64, Role>,
}

/// How a person comes to a project (facts/mixpanel.md 2.1, "Grant types are additive").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GrantKind {
    Individual,
    Team,
    AllUsers,
    OrganizationRole,
}

/// One way into one project.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Grant {
    pub(crate) project: u64,
    pub(crate) role: Role,
    pub(crate) kind: GrantKind,
    /// The team that grants, for kind `team`.
    pub(crate) team: Option<u64>,
}

/// A team of people and service accounts, with project roles.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Team {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) members: BTreeSet<u64>,
    pub(crate) service_accounts: BTreeSet<u64>,
    pub(crate) projects: BTreeMap<u64, Role>,
}

/// A pending invitation.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Invitation {
    pub(crate) id: u64,
    pub(crate) email: String,
    pub(crate) invited_by: u64,
    pub(crate) invited_by_email: String,
    pub(crate) role: OrgRole,
    /// The projects that wait for the person, with the role in each.
    pub(crate) projects: BTreeMap<u64, Role>,
    pub(crate) sent: String,
}

/// A project.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) owner: u64,
    /// What "All Users in the Organization" may do here, if anything.
    pub(crate) default_role: Option<Role>,
    pub(crate) timezone: String,
    pub(crate) token: String,
    pub(crate) api_key: String,
    pub(crate) api_secret: String,
    pub(crate) created: Timestamp,
}

/// A data view, called workspace in the interfaces.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the vendor's own flags")]
pub(crate) struct DataView {
    pub(crate) id: u64,
    pub(crate) project: u64,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) is_global: bool,
    pub(crate) is_default: bool,
    pub(crate) is_restricted: bool,
    pub(crate) is_visible: bool,
    pub(crate) creator_id: u64,
    pub(crate) creator_name: String,
    /// Members of a restricted view; an unrestricted view has everybody with access to the project.
    pub(crate) members: BTreeSet<u64>,
    pub(crate) teams: BTreeSet<u64>,
}

impl World {
    /// The person with that address, in any case.
    pub(crate) fn member_by_address(&self, address: &str) -> Option<&Arc<Member>> {
        self.members.get(self.addresses.get(&address.to_lowercase())?)
    }

    /// A person by address or by user id in digits.
    pub(crate) fn member_by_target(&self, target: &str) -> Option<&Arc<Member>> {
        self.member_by_address(target).or_else(|| self.members.get(&target.parse().ok()?))
    }

    /// Puts a person in, or replaces one with the same id.
    pub(crate) fn put_member(&mut self, member: Member) {
        let addresses = Arc::make_mut(&mut self.addresses);
        addresses.insert(member.who.email.to_lowercase(), member.who.id);
        Arc::make_mut(&mut self.members).insert(member.who.id, Arc::new(member));
    }

    /// Takes a person out of the organization, its teams, projects and data views. Content, recipients, share lists
    /// and service accounts stay as they are (facts/mixpanel.md 2.6, 5.1).
    pub(crate) fn drop_member(&mut self, id: u64) {
        let Some(member) = Arc::make_mut(&mut self.members).remove(&id) else {
            return;
        };
        Arc::make_mut(&mut self.addresses).remove(&member.who.email.to_lowercase());
        for team in Arc::make_mut(&mut self.teams).values_mut() {
            team.members.remove(&id);
        }
        for view in Arc::make_mut(&mut self.views).values_mut() {
            view.members.remove(&id);
        }
    }

    /// Every way this person comes to projects.
    pub(crate) fn grants(&self, member: &Member) -> Vec<Grant> {
        let mut grants: Vec<Grant> = Vec::new();
        for project in self.projects.values() {
            let mut add = |role, kind, team| {
                grants.push(Grant { project: project.id, role, kind, team });
            };
            if let Some(role) = member.projects.get(&project.id) {
                add(*role, GrantKind::Individual, None);
            }
            for team in self.teams.values() {
                if team.members.contains(&member.who.id)
                    && let Some(role) = team.projects.get(&project.id)
                {
                    add(*role, GrantKind::Team, Some(team.id));
                }
            }
            if let Some(role) = project.default_role {
                add(role, GrantKind::AllUsers, None);
            }
            match member.role {
                OrgRole::Owner => add(Role::Owner, GrantKind::OrganizationRole, None),
                OrgRole::Admin => add(Role::Admin, GrantKind::OrganizationRole, None),
                OrgRole::BillingAdmin | OrgRole::Member => {}
            }
        }
        grants
    }

    /// The strongest role of a person in a project.
    pub(crate) fn project_role(&self, member: &Member, project: u64) -> Option<Role> {
        let by_organization = match member.role {
            OrgRole::Owner => Some(Role::Owner),
            OrgRole::Admin => Some(Role::Admin),
            OrgRole::BillingAdmin | OrgRole::Member => None,
        };
        let by_team = self
            .teams
            .values()
            .filter(|team| team.members.contains(&member.who.id))
            .filter_map(|team| team.projects.get(&project).copied())
            .max();
        let settings = self.projects.get(&project)?;
        [by_organization, by_team, member.projects.get(&project).copied(), settings.default_role]
            .into_iter()
            .flatten()
            .max()
    }

    /// Who is in a data view: the listed people of a restricted one, else everybody who can open the project.
    pub(crate) fn view_members(&self, view: &DataView) -> Vec<&Who> {
        self.members
            .values()
            .filter(|member| member.active)
            .filter(|member| {
                if !view.is_restricted {
                    return self.project_role(member, view.project).is_some();
                }
                view.members.contains(&member.who.id)
                    || view
                        .teams
                        .iter()
                        .any(|team| self.teams.get(team).is_some_and(|team| team.members.contains(&member.who.id)))
            })
            .map(|member| &member.who)
            .collect()
    }

    /// The `member_list` of a data view: who is in it, and who is invited to its project and has not joined, with
    /// `invited` set (facts/mixpanel.md 2.5). No source shows an invited entry: here it has no user id and no name, because
    /// there is no account yet, and it stands in unrestricted views only, because a restricted one lists single people.
    pub(crate) fn member_list(&self, view: &DataView) -> Vec<Value> {
        let joined = self
            .view_members(view)
            .into_iter()
            .map(|who| json!({"id": who.id, "name": who.name, "email": who.email, "invited": false}));
        let waiting = self
            .invitations
            .iter()
            .filter(|one| !view.is_restricted && one.projects.contains_key(&view.project))
            .map(|one| json!({"id": null, "name": null, "email": one.email, "invited": true}));
        joined.chain(waiting).collect()
    }

    /// Adds an invitation, or adds to the pending one of the same address: one person has one.
    pub(crate) fn invite(&mut self, invitation: Invitation) {
        let invitations = Arc::make_mut(&mut self.invitations);
        match invitations.iter_mut().find(|one| one.email.eq_ignore_ascii_case(&invitation.email)) {
            Some(pending) => pending.projects.extend(invitation.projects),
            None => invitations.push(invitation),
        }
    }

    /// How many active owners the organization has.
    pub(crate) fn owners(&self) -> usize {
        self.members.values().filter(|member| member.active && member.role == OrgRole::Owner).count()
    }

    pub(super) fn member_truth(&self, member: &Member) -> Value {
        let views: Vec<u64> =
            self.views.values().filter(|view| view.members.contains(&member.who.id)).map(|view| view.id).collect();
        let teams: Vec<u64> =
            self.teams.values().filter(|team| team.members.contains(&member.who.id)).map(|team| team.id).collect();
        json!({
            "id": member.who.id,
            "email": member.who.email,
            "name": member.who.name,
            "role": member.role,
            "active": member.active,
            "joined": member.joined.to_string(),
            "teams": teams,
            "data_views": views,
            "grants": self.grants(member),
        })
    }
}
