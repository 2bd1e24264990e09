//! An Okta organization beside the vendor: accounts, groups, rules, and who has which application (facts/identity-providers.md A1).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// So many accounts can be left out of one rule.
const MOST_EXCLUDED: usize = 100;

/// An account.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) login: String,
    pub(crate) email: String,
    pub(crate) first: String,
    pub(crate) last: String,
    /// What rules look at.
    pub(crate) department: String,
    /// `ACTIVE`, `SUSPENDED` or `DEPROVISIONED`.
    pub(crate) status: String,
    pub(crate) created: Timestamp,
}

impl Account {
    pub(crate) fn is_live(&self) -> bool {
        self.status != "DEPROVISIONED"
    }
}

/// Who decides who is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum GroupType {
    #[serde(rename = "OKTA_GROUP")]
    Own,
    #[serde(rename = "APP_GROUP")]
    Imported,
    #[serde(rename = "BUILT_IN")]
    Everyone,
}

/// A group; everybody is in the one of everybody.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: GroupType,
    pub(crate) members: BTreeSet<String>,
    /// The applications that it gives.
    pub(crate) apps: BTreeSet<String>,
    /// Whether it is kept as a team of the application. The twin shows that it is, and pushes nothing.
    pub(crate) pushed: bool,
    pub(crate) created: Timestamp,
}

/// A rule: whoever is of the department is put into the groups, unless left out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) department: String,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) exclude: BTreeSet<String>,
    pub(crate) created: Timestamp,
}

impl Rule {
    fn fits(&self, account: &Account) -> bool {
        self.active && account.is_live() && account.department == self.department && !self.exclude.contains(&account.id)
    }
}

/// An application.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) self_service: bool,
    pub(crate) created: Timestamp,
}

/// One event of the system log.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    pub(crate) at: Timestamp,
    /// In the provider's own catalog of names.
    pub(crate) event: &'static str,
    pub(crate) success: bool,
    /// Who did it; `None`: the provider itself, or an administrator.
    pub(crate) actor: Option<String>,
    pub(crate) account: String,
    pub(crate) app: String,
}

/// The whole organization.
#[derive(Debug, Clone, Default)]
pub(crate) struct Provider {
    /// Where it is served, without a trailing slash.
    pub(crate) base: String,
    pub(crate) token: String,
    /// The id of the Mixpanel application.
    pub(crate) mixpanel: String,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) rules: BTreeMap<String, Rule>,
    pub(crate) apps: BTreeMap<String, App>,
    /// Whom the directory puts into the imported groups.
    pub(crate) directory: BTreeSet<String>,
    /// Application and account, given to the account itself.
    pub(crate) direct: BTreeSet<(String, String)>,
    /// What happened, oldest first.
    pub(crate) log: Vec<Happened>,
    /// The vendor's id of each account that was provisioned.
    pub(crate) provisioned: BTreeMap<String, u64>,
    pub(crate) next: u64,
}

/// Why a change is refused: status, code, words, as the provider says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct No(pub(crate) u16, pub(crate) &'static str, pub(crate) &'static str);

/// Nothing of that id.
pub(crate) const NOT_FOUND: No = No(404, "E0000007", "Not found: Resource not found");

impl Provider {
    /// Notes an event about an account and the Mixpanel application.
    pub(crate) fn note(&mut self, at: Timestamp, event: &'static str, success: bool, account: &str, by_account: bool) {
        let (account, app) = (account.to_owned(), self.mixpanel.clone());
        let actor = by_account.then(|| account.clone());
        self.log.push(Happened { at, event, success, actor, account, app });
    }

    /// The next id of a kind, such as `00u` for accounts.
    pub(crate) fn fresh(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}{:017x}", 0x1f3a_9c00_0000_u64 + self.next * 7919)
    }

    /// An account by id or login.
    pub(crate) fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.get(name).or_else(|| self.accounts.values().find(|one| one.login.eq_ignore_ascii_case(name)))
    }

    /// The groups that an account is in.
    pub(crate) fn groups_of<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a Group> {
        self.groups.values().filter(move |group| group.members.contains(account))
    }

    /// Whether the account has an application, and by itself (`true`) or through a group.
    pub(crate) fn has(&self, app: &str, account: &str) -> Option<bool> {
        if !self.accounts.get(account)?.is_live() {
            return None;
        }
        if self.direct.contains(&(app.to_owned(), account.to_owned())) {
            return Some(true);
        }
        self.groups_of(account).any(|group| group.apps.contains(app)).then_some(false)
    }

    /// Everybody who has the Mixpanel application, by id.
    pub(crate) fn on_mixpanel(&self) -> BTreeSet<String> {
        self.users_of(&self.mixpanel).into_iter().map(|(account, _)| account.id.clone()).collect()
    }

    /// Everybody who has an application.
    pub(crate) fn users_of(&self, app: &str) -> Vec<(&Account, bool)> {
        self.accounts.values().filter_map(|account| Some((account, self.has(app, &account.id)?))).collect()
    }

    /// Puts everybody where the rules want them; whom a rule no longer fits leaves, and is not left out by that.
    pub(crate) fn apply_rules(&mut self, account: &str) {
        let Some(who) = self.accounts.get(account).cloned() else { return };
        let filled: BTreeSet<String> =
            self.rules.values().filter(|rule| rule.active).flat_map(|rule| rule.groups.iter().cloned()).collect();
        for id in filled {
            let wanted = self.rules.values().any(|rule| rule.groups.contains(&id) && rule.fits(&who));
            let left_out = self.rules.values().any(|rule| rule.groups.contains(&id) && rule.exclude.contains(account));
            let Some(group) = self.groups.get_mut(&id) else { continue };
            if wanted {
                group.members.insert(account.to_owned());
            } else if !left_out {
                group.members.remove(account);
            }
        }
    }

    /// Takes an account out of a group of the provider's own. A rule that put it there leaves it out from now on, if there is room on
    /// its list; else it is back at the next evaluation.
    pub(crate) fn leave(&mut self, group: &str, account: &str) -> Result<(), No> {
        let found = self.groups.get(group).ok_or(NOT_FOUND)?;
        if !self.accounts.contains_key(account) || !found.members.contains(account) {
            return Err(NOT_FOUND);
        }
        match found.kind {
            GroupType::Own => {}
            // No public source shows these two answers: 403, and nothing done.
            GroupType::Imported => {
                return Err(No(
                    403,
                    "E0000023",
                    "Operation failed because user profile is mastered under another system",
                ));
            }
            GroupType::Everyone => {
                return Err(No(403, "E0000006", "You do not have permission to perform the requested action"));
            }
        }
        let who = self.accounts.get(account).cloned();
        for rule in self.rules.values_mut().filter(|rule| rule.groups.contains(group)) {
            if who.as_ref().is_some_and(|who| rule.fits(who)) && rule.exclude.len() < MOST_EXCLUDED {
                rule.exclude.insert(account.to_owned());
            }
        }
        if let Some(group) = self.groups.get_mut(group) {
            group.members.remove(account);
        }
        // At the cap nothing was left out, and the rule puts the account back.
        let back =
            who.is_some_and(|who| self.rules.values().any(|rule| rule.groups.contains(group) && rule.fits(&who)));
        if back && let Some(group) = self.groups.get_mut(group) {
            group.members.insert(account.to_owned());
        }
        Ok(())
    }

    /// Takes an application from an account; refused while a group gives it.
    pub(crate) fn unassign(&mut self, app: &str, account: &str) -> Result<(), No> {
        if !self.apps.contains_key(app) || self.has(app, account).is_none() {
            return Err(NOT_FOUND);
        }
        if self.groups_of(account).any(|group| group.apps.contains(app)) {
            return Err(No(403, "E0000046", "Deactivate application for user forbidden."));
        }
        self.direct.remove(&(app.to_owned(), account.to_owned()));
        Ok(())
    }

    /// The truth, for `GET /_sandbox/state`.
    pub(crate) fn truth(&self) -> Value {
        let on: Vec<Value> = self
            .users_of(&self.mixpanel)
            .into_iter()
            .map(|(account, direct)| json!({"id": account.id, "login": account.login, "direct": direct}))
            .collect();
        json!({
            "application": self.mixpanel,
            "accounts": self.accounts.values().collect::<Vec<_>>(),
            "groups": self.groups.values().collect::<Vec<_>>(),
            "rules": self.rules.values().collect::<Vec<_>>(),
            "applications": self.apps.values().collect::<Vec<_>>(),
            "on_application": on,
        })
    }
}
