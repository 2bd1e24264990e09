//! A tenant of Microsoft Entra ID beside the vendor: accounts, groups, who has which application, and the job that provisions
//! (facts/identity-providers.md A2).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

/// How often the job runs.
const CYCLE: SignedDuration = SignedDuration::from_mins(40);

/// An account.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) upn: String,
    pub(crate) mail: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) first: String,
    pub(crate) last: String,
    /// What rules look at.
    pub(crate) department: String,
    pub(crate) enabled: bool,
    pub(crate) guest: bool,
    /// Whatever was given out before is worth nothing.
    pub(crate) sessions_from: Timestamp,
    pub(crate) created: Timestamp,
}

/// Who decides who is in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub(crate) enum Membership {
    /// Administrators.
    Assigned,
    /// A rule: whoever is of the department and not left out.
    Dynamic { department: String, excluded: BTreeSet<String>, on: bool },
    /// A directory on the premises.
    Synced,
}

/// A group.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Circle {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) membership: Membership,
    /// The accounts that are in it themselves.
    pub(crate) members: BTreeSet<String>,
    /// The groups that are in it; they are given nothing by that.
    pub(crate) nested: BTreeSet<String>,
    pub(crate) created: Timestamp,
}

impl Circle {
    /// The rule of a dynamic group.
    pub(crate) fn rule(&self) -> Option<String> {
        let Membership::Dynamic { department, excluded, .. } = &self.membership else { return None };
        let mut rule = format!("(user.department -eq \"{department}\")");
        for id in excluded {
            rule.push_str(&format_rule(id));
        }
        Some(rule)
    }
}

fn format_rule(id: &str) -> String {
    format!(" -and (user.objectId -ne \"{id}\")")
}

/// An application that somebody was given.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Given {
    pub(crate) id: String,
    pub(crate) principal: String,
    pub(crate) resource: String,
    pub(crate) created: Timestamp,
}

/// The job that provisions the application.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Job {
    pub(crate) id: String,
    /// `Active`, `Paused` or `Quarantine`.
    pub(crate) code: String,
    /// Everybody, and not only those who are given the application.
    pub(crate) everyone: bool,
    /// Whoever leaves stays as they are.
    pub(crate) keeps: bool,
    pub(crate) last_run: Timestamp,
    pub(crate) last_success: Option<Timestamp>,
    /// The vendor refused somebody in the last run.
    pub(crate) refused: bool,
    pub(crate) cycle: u64,
}

/// Somebody tried to sign in to the application.
#[derive(Debug, Clone)]
pub(crate) struct SignIn {
    pub(crate) at: Timestamp,
    pub(crate) user: String,
    pub(crate) code: i64,
}

/// The job did something at the vendor.
#[derive(Debug, Clone)]
pub(crate) struct Provisioning {
    pub(crate) at: Timestamp,
    pub(crate) user: String,
    pub(crate) action: &'static str,
    pub(crate) done: bool,
}

/// The whole tenant.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    /// Where Graph is served, without a trailing slash.
    pub(crate) base: String,
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// The service principal of the Mixpanel application, and the application's own id.
    pub(crate) mixpanel: String,
    pub(crate) app_id: String,
    pub(crate) required: bool,
    /// Other applications, with their names.
    pub(crate) others: BTreeMap<String, String>,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) groups: BTreeMap<String, Circle>,
    pub(crate) given: Vec<Given>,
    pub(crate) job: Job,
    /// The vendor's id of each account that the job looks after.
    pub(crate) managed: BTreeMap<String, u64>,
    /// The accounts that something changed for since the last cycle.
    pub(crate) changed: BTreeSet<String>,
    /// Whom the directory on the premises puts into synced groups.
    pub(crate) directory: BTreeSet<String>,
    pub(crate) sign_ins: Vec<SignIn>,
    pub(crate) provisioned: Vec<Provisioning>,
    pub(crate) next: u64,
}

impl Default for Tenant {
    fn default() -> Self {
        Self {
            base: String::new(),
            id: String::new(),
            client_id: String::new(),
            client_secret: String::new(),
            mixpanel: String::new(),
            app_id: String::new(),
            required: true,
            others: BTreeMap::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            given: Vec::new(),
            job: Job {
                id: String::new(),
                code: "Active".to_owned(),
                everyone: false,
                keeps: false,
                last_run: Timestamp::UNIX_EPOCH,
                last_success: None,
                refused: false,
                cycle: 0,
            },
            managed: BTreeMap::new(),
            changed: BTreeSet::new(),
            directory: BTreeSet::new(),
            sign_ins: Vec::new(),
            provisioned: Vec::new(),
            next: 0,
        }
    }
}

impl Tenant {
    /// The next object id.
    pub(crate) fn fresh(&mut self) -> String {
        self.next += 1;
        let number = self.next * 7919;
        format!("{:08x}-5e1f-4a3b-9c7d-{:012x}", 0x3b00_0000_u64 + number, 0x2a_0000_0000_u64 + number * 104_729)
    }

    /// An account by id or principal name.
    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        self.users.get(name).or_else(|| self.users.values().find(|one| one.upn.eq_ignore_ascii_case(name)))
    }

    /// Whether a principal was given an application itself.
    pub(crate) fn is_given(&self, principal: &str, resource: &str) -> bool {
        self.given.iter().any(|one| one.principal == principal && one.resource == resource)
    }

    /// Gives an application.
    pub(crate) fn give(&mut self, principal: &str, resource: &str, created: Timestamp) {
        if !self.is_given(principal, resource) {
            let id = format!("gA{:041}", self.next);
            self.next += 1;
            let (principal, resource) = (principal.to_owned(), resource.to_owned());
            self.given.push(Given { id, principal, resource, created });
        }
    }

    /// Takes an application away from a principal.
    pub(crate) fn take(&mut self, principal: &str, resource: &str) {
        self.given.retain(|one| one.principal != principal || one.resource != resource);
    }

    /// The groups that an account is in itself.
    pub(crate) fn groups_of<'t>(&'t self, user: &'t str) -> impl Iterator<Item = &'t Circle> {
        self.groups.values().filter(move |group| group.members.contains(user))
    }

    /// Whether an account has the Mixpanel application: itself, or as a direct member of a group that has it.
    pub(crate) fn has(&self, user: &str) -> bool {
        self.is_given(user, &self.mixpanel)
            || self.groups_of(user).any(|group| self.is_given(&group.id, &self.mixpanel))
    }

    /// Whether the job looks after an account.
    pub(crate) fn in_scope(&self, user: &str) -> bool {
        self.users.get(user).is_some_and(|one| one.enabled) && (self.job.everyone || self.has(user))
    }

    /// Works every rule out anew.
    pub(crate) fn apply_rules(&mut self) {
        let users: Vec<(String, String)> =
            self.users.values().map(|user| (user.id.clone(), user.department.clone())).collect();
        for group in self.groups.values_mut() {
            let Membership::Dynamic { department, excluded, on: true } = &group.membership else { continue };
            let fits = users.iter().filter(|(id, of)| of == department && !excluded.contains(id));
            let members: BTreeSet<String> = fits.map(|(id, _)| id.clone()).collect();
            self.changed.extend(members.symmetric_difference(&group.members).cloned());
            group.members = members;
        }
    }

    /// Everybody is looked at in the next cycle.
    pub(crate) fn everybody_changed(&mut self) {
        self.changed.extend(self.users.keys().cloned());
    }

    /// The next time at which the job runs.
    pub(crate) fn next_run(&self) -> Timestamp {
        self.job.last_run.checked_add(CYCLE).unwrap_or(self.job.last_run)
    }

    /// The job ran at this time, and at every cycle until now.
    pub(crate) fn ran(&mut self, now: Timestamp) {
        while self.next_run() <= now {
            self.job.last_run = self.next_run();
            self.job.cycle += 1;
        }
        if self.job.code == "Active" && !self.job.refused {
            self.job.last_success = Some(self.job.last_run);
        }
    }

    /// The truth, for `GET /_sandbox/state`.
    pub(crate) fn truth(&self) -> Value {
        json!({
            "application": self.mixpanel,
            "assignment_required": self.required,
            "users": self.users.values().collect::<Vec<_>>(),
            "groups": self.groups.values().collect::<Vec<_>>(),
            "given": self.given,
            "job": self.job,
            "on_application": self.users.keys().filter(|user| self.has(user)).collect::<Vec<_>>(),
        })
    }
}
