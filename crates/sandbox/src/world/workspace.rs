//! A Google Workspace beside the vendor: accounts, organizational units, groups, and for whom the SAML application is on
//! (facts/identity-providers.md A3).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// An account.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WorkspaceUser {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) first: String,
    pub(crate) last: String,
    /// What membership queries look at.
    pub(crate) department: String,
    /// The path of its organizational unit.
    pub(crate) unit: String,
    pub(crate) admin: bool,
    pub(crate) suspended: bool,
    pub(crate) created: Timestamp,
    pub(crate) last_login: Option<Timestamp>,
    /// When it was signed out everywhere.
    pub(crate) signed_out: Option<Timestamp>,
    /// Third-party applications with a token of the account: client id and name.
    pub(crate) tokens: BTreeMap<String, String>,
    /// Application-specific passwords: code and name.
    pub(crate) passwords: BTreeMap<u64, String>,
}

/// The query that fills a dynamic group: whoever is of the department and not left out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MembershipQuery {
    pub(crate) department: String,
    /// Addresses.
    pub(crate) excluded: BTreeSet<String>,
    /// `UP_TO_DATE`, `UPDATING_MEMBERSHIPS` or `INVALID_QUERY`.
    pub(crate) status: String,
}

impl MembershipQuery {
    /// In the words of the interface, the Common Expression Language.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("user.organizations.exists(org, org.department=='{}')", self.department);
        for address in &self.excluded {
            text.push_str(&left_out(address));
        }
        text
    }

    fn fits(&self, user: &WorkspaceUser) -> bool {
        user.department == self.department && !self.excluded.contains(&user.email)
    }
}

fn left_out(address: &str) -> String {
    format!(" && !user.emails.exists(email, email.address=='{address}')")
}

/// A group.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WorkspaceGroup {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    /// A dynamic group has one, and nobody else decides who is in it.
    pub(crate) query: Option<MembershipQuery>,
    /// The accounts that are in it themselves.
    pub(crate) members: BTreeSet<String>,
    /// The groups that are in it.
    pub(crate) inner: BTreeSet<String>,
    /// The application is on for everybody in it, whatever their organizational units say. No interface shows it.
    pub(crate) on: bool,
    pub(crate) created: Timestamp,
}

/// Somebody tried to sign in to an application by SAML.
#[derive(Debug, Clone)]
pub(crate) struct SamlLogin {
    pub(crate) at: Timestamp,
    pub(crate) user: String,
    pub(crate) email: String,
    pub(crate) unit: String,
    pub(crate) application: String,
    pub(crate) success: bool,
}

/// Why a change of a group's members is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemberRefusal {
    NoGroup,
    NoMember,
    Duplicate,
    Cycle,
    /// A query decides who is in it.
    Dynamic,
}

/// The whole workspace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Workspace {
    /// Where everything of it is served, without a trailing slash.
    pub(crate) base: String,
    pub(crate) customer: String,
    /// The address of the service account, and for whom it may act: an administrator.
    pub(crate) service_account: String,
    pub(crate) subject: String,
    /// The scopes that domain-wide delegation gives the service account.
    pub(crate) delegated: BTreeSet<String>,
    /// The name of the SAML application.
    pub(crate) application: String,
    /// Whether the application is on, by the path of the unit; `None` inherits. No interface shows it.
    pub(crate) units: BTreeMap<String, Option<bool>>,
    pub(crate) users: BTreeMap<String, WorkspaceUser>,
    pub(crate) groups: BTreeMap<String, WorkspaceGroup>,
    /// Oldest first.
    pub(crate) logins: Vec<SamlLogin>,
    pub(crate) next: u64,
}

impl Workspace {
    /// The next id of an account: 21 digits.
    pub(crate) fn fresh_user(&mut self) -> String {
        self.next += 1;
        format!("1{:020}", 4_217_300_000_000_000_000_u64 + self.next * 104_729 * 7919)
    }

    /// The next id of a group.
    pub(crate) fn fresh_group(&mut self) -> String {
        self.next += 1;
        format!("0{:014x}", 0x2a_91c0_0000_u64 + self.next * 104_729)
    }

    /// An account by id, primary address or alias.
    pub(crate) fn user(&self, key: &str) -> Option<&WorkspaceUser> {
        let mut users = self.users.values();
        let by_alias = || {
            let has = |user: &&WorkspaceUser| user.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(key));
            self.users.values().find(has)
        };
        self.users.get(key).or_else(|| users.find(|user| user.email.eq_ignore_ascii_case(key))).or_else(by_alias)
    }

    /// A group by id or address.
    pub(crate) fn group(&self, key: &str) -> Option<&WorkspaceGroup> {
        self.groups.get(key).or_else(|| self.groups.values().find(|group| group.email.eq_ignore_ascii_case(key)))
    }

    /// The id of the account or group of this key.
    pub(crate) fn entity(&self, key: &str) -> Option<String> {
        let user = self.user(key).map(|user| user.id.clone());
        user.or_else(|| self.group(key).map(|group| group.id.clone()))
    }

    /// The groups that an account or group is in itself.
    pub(crate) fn groups_of<'w>(&'w self, entity: &'w str) -> impl Iterator<Item = &'w WorkspaceGroup> {
        self.groups.values().filter(move |group| group.members.contains(entity) || group.inner.contains(entity))
    }

    /// The ids of all groups that an account or group is in, itself or through groups in groups.
    pub(crate) fn all_groups_of(&self, entity: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut ahead = vec![entity.to_owned()];
        while let Some(one) = ahead.pop() {
            for group in self.groups_of(&one) {
                if found.insert(group.id.clone()) {
                    ahead.push(group.id.clone());
                }
            }
        }
        found
    }

    /// Every account and group in a group, itself or through groups in it.
    pub(crate) fn all_members_of(&self, group: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut ahead = vec![group.to_owned()];
        while let Some(group) = ahead.pop().and_then(|id| self.groups.get(&id)) {
            found.extend(group.members.iter().cloned());
            ahead.extend(group.inner.iter().filter(|inner| found.insert((*inner).clone())).cloned());
        }
        found
    }

    /// Whether the application is on in an organizational unit: by itself, or by the nearest unit above that says so.
    pub(crate) fn is_unit_on(&self, path: &str) -> bool {
        let mut path = path;
        loop {
            if let Some(on) = self.units.get(path).copied().flatten() {
                return on;
            }
            path = match path.rsplit_once('/') {
                Some(("", "")) | None => return false,
                Some(("", _)) => "/",
                Some((above, _)) => above,
            };
        }
    }

    /// Whether an account gets into the application.
    pub(crate) fn is_on(&self, id: &str) -> bool {
        let Some(user) = self.users.get(id).filter(|user| !user.suspended) else { return false };
        let by_group = || {
            let groups = self.all_groups_of(id);
            groups.iter().any(|group| self.groups.get(group).is_some_and(|group| group.on))
        };
        self.is_unit_on(&user.unit) || by_group()
    }

    /// Fills every dynamic group anew.
    pub(crate) fn apply_queries(&mut self) {
        for group in self.groups.values_mut() {
            let Some(query) = &group.query else { continue };
            // Until a query is worked out, and where it cannot be, the members stay who they were.
            if query.status == "UP_TO_DATE" {
                group.members =
                    self.users.values().filter(|user| query.fits(user)).map(|user| user.id.clone()).collect();
            }
        }
    }

    /// Takes an account or a group out of a group.
    pub(crate) fn leave(&mut self, group: &str, member: &str) -> Result<(), MemberRefusal> {
        let group = self.group(group).map(|group| group.id.clone()).ok_or(MemberRefusal::NoGroup)?;
        let member = self.entity(member).ok_or(MemberRefusal::NoMember)?;
        let group = self.groups.get_mut(&group).ok_or(MemberRefusal::NoGroup)?;
        if !group.members.contains(&member) && !group.inner.contains(&member) {
            return Err(MemberRefusal::NoMember);
        }
        if group.query.is_some() {
            return Err(MemberRefusal::Dynamic);
        }
        group.members.remove(&member);
        group.inner.remove(&member);
        Ok(())
    }

    /// Puts an account or a group into a group.
    pub(crate) fn join(&mut self, group: &str, member: &str) -> Result<(), MemberRefusal> {
        let id = self.group(group).map(|group| group.id.clone()).ok_or(MemberRefusal::NoGroup)?;
        let member = self.entity(member).ok_or(MemberRefusal::NoMember)?;
        let is_group = self.groups.contains_key(&member);
        if is_group && (member == id || self.all_members_of(&member).contains(&id)) {
            return Err(MemberRefusal::Cycle);
        }
        let group = self.groups.get_mut(&id).ok_or(MemberRefusal::NoGroup)?;
        if group.query.is_some() {
            return Err(MemberRefusal::Dynamic);
        }
        let into = if is_group { &mut group.inner } else { &mut group.members };
        if into.insert(member) { Ok(()) } else { Err(MemberRefusal::Duplicate) }
    }

    /// Nobody of this id any more.
    pub(crate) fn forget(&mut self, id: &str) {
        self.users.remove(id);
        for group in self.groups.values_mut() {
            group.members.remove(id);
        }
    }

    /// The truth, for `GET /_sandbox/state`.
    pub(crate) fn truth(&self) -> Value {
        json!({
            "application": self.application,
            "units": self.units,
            "users": self.users.values().collect::<Vec<_>>(),
            "groups": self.groups.values().collect::<Vec<_>>(),
            "on_application": self.users.keys().filter(|user| self.is_on(user)).collect::<Vec<_>>(),
        })
    }
}
