//! From a source to its reading.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use leaver_core::ids::{Address, PersonId};
use leaver_core::provider::{
    Application, Assignment, Group, GroupKind, LogEntry, LogEvent, ProviderAccount, Rule, Ways,
};
use leaver_core::reading::{Failure, Reading, Snapshot};
use leaver_core::source::{Source, What};
use serde_json::Value;

use super::{Okta, operations as op};
use crate::fill::Fill;
use crate::http::Trail;

/// Okta's largest page of most lists.
const PAGE: (&str, &str) = ("limit", "200");

/// So far back the log is read: a case looks for thirty days after the removal, and Okta keeps ninety.
const LOOKS_BACK: SignedDuration = SignedDuration::from_hours(45 * 24);

/// Reads a source to its end. A failure is part of the reading.
pub(super) async fn read(okta: &Okta, source: &Source) -> Reading {
    let mut trail = Trail::default();
    let result = Box::pin(okta.snapshot(&source.what, &mut trail)).await;
    trail.reading(source, result, okta.client.now())
}

impl Okta {
    async fn snapshot(&self, what: &What, trail: &mut Trail) -> Result<Snapshot, Failure> {
        match what {
            What::ProviderAccounts(person) => self.accounts(person, trail).await.map(Snapshot::Accounts),
            What::Ways(account) => self.ways(account, trail).await.map(|ways| Snapshot::Ways(Box::new(ways))),
            What::GroupGives(group) => {
                let found = self.find(&op::APP_GROUP, self.on_app(group), trail).await?;
                Ok(Snapshot::Gives(found.is_some()))
            }
            What::ProviderRule(rule) => match self.find(&op::RULE, by_id(rule), trail).await? {
                Some(found) => Ok(Snapshot::Rule(Box::new(self::rule(&found)?))),
                None => Ok(Snapshot::Absent),
            },
            What::ProviderLog(account) => self.log(account, trail).await.map(Snapshot::Log),
            What::Me
            | What::Roster
            | What::ScimUsers
            | What::Teams
            | What::Projects
            | What::ServiceAccounts
            | What::ServiceAccount(_)
            | What::ProjectServiceAccounts(_)
            | What::List(..)
            | What::Object(..)
            | What::Shares(..)
            | What::LinkedBoards(..)
            | What::LegacyPipelines(_)
            | What::ReportData(..)
            | What::Accepts(_)
            | What::CanarySignIns => {
                Err(Failure::NotConfigured(format!("{what} is not read at the identity provider")))
            }
        }
    }

    fn on_app<'a>(&'a self, id: &'a str) -> Fill<'a> {
        Fill { entity: Some(&self.application), id: Some(id), ..Fill::default() }
    }

    /// Every account that bears one of the person's addresses: as a login, which is asked by itself, or as a mail address, which only
    /// a search finds. Whom the search finds is read again by id, because it answers late.
    async fn accounts(&self, person: &PersonId, trail: &mut Trail) -> Result<Vec<ProviderAccount>, Failure> {
        let addresses = self.met.addresses(person)?;
        let mut found: BTreeMap<String, ProviderAccount> = BTreeMap::new();
        for address in &addresses {
            if let Some(user) = self.find(&op::USER, by_id(address.as_str()), trail).await? {
                let account = account(&user)?;
                found.insert(account.id.clone(), account);
            }
            let quoted = quoted(address.as_str());
            let search = ["email", "login"].map(|field| format!("profile.{field} eq {quoted}"));
            let listed =
                self.list(&op::USERS, Fill::default(), &[("search", &search.join(" or ")), PAGE], trail).await?;
            for listed in listed {
                let id = text(&listed, &["id"]).ok_or_else(nameless)?;
                if found.contains_key(&id) {
                    continue;
                }
                if let Some(user) = self.find(&op::USER, by_id(&id), trail).await? {
                    found.insert(id, account(&user)?);
                }
            }
        }
        let app = Fill { entity: Some(&self.application), ..Fill::default() };
        for address in &addresses {
            // The application may know somebody by another name than the provider does.
            for user in self.list(&op::APP_USERS, app, &[("q", address.as_str()), PAGE], trail).await? {
                if app_name(&user).as_ref() != Some(address) {
                    continue;
                }
                let id = text(&user, &["id"]).ok_or_else(nameless)?;
                if !found.contains_key(&id)
                    && let Some(user) = self.find(&op::USER, by_id(&id), trail).await?
                {
                    found.insert(id.clone(), account(&user)?);
                }
                if let Some(account) = found.get_mut(&id).filter(|account| !account.addresses.contains(address)) {
                    account.addresses.push(address.clone());
                }
            }
        }
        found.retain(|_, account| account.addresses.iter().any(|address| addresses.contains(address)));
        if found.is_empty() {
            // A search that finds nobody at all finds nobody here either.
            let anybody = [("search", "status eq \"ACTIVE\""), ("limit", "1")];
            if self.first_page(&op::USERS, Fill::default(), &anybody, trail).await?.is_empty() {
                return Err(Failure::Incomplete("the provider's search finds nobody at all".to_owned()));
            }
        }
        Ok(found.into_values().collect())
    }

    /// Everything that gives this account the application.
    async fn ways(&self, id: &str, trail: &mut Trail) -> Result<Ways, Failure> {
        let app = Fill { entity: Some(&self.application), ..Fill::default() };
        let application = self.find(&op::APP, app, trail).await?;
        let application = application.ok_or_else(|| {
            Failure::NotConfigured("the provider does not know the configured application".to_owned())
        })?;
        let mut account = match self.find(&op::USER, by_id(id), trail).await? {
            Some(user) => Some(self::account(&user)?),
            None => None,
        };
        let on_app = self.find(&op::APP_USER, self.on_app(id), trail).await?;
        let name = on_app.as_ref().and_then(app_name);
        if let Some(account) = &mut account {
            account.addresses.extend(name.filter(|name| !account.addresses.contains(name)));
        } else if on_app.is_some() {
            return Err(Failure::Incomplete("the account has the application, and our token cannot see it".to_owned()));
        }
        let listed = self.list(&op::APP_GROUPS, app, &[PAGE, ("expand", "group")], trail).await?;
        let rules = self.list(&op::RULES, Fill::default(), &[PAGE], trail).await?;
        let rules = rules.iter().map(rule).collect::<Result<Vec<_>, _>>()?;
        let mut mine = BTreeSet::new();
        if let Some(account) = &account {
            let groups = self.list(&op::USER_GROUPS, by_id(id), &[], trail).await?;
            let everyone = groups.iter().any(|group| text(group, &["type"]).as_deref() == Some("BUILT_IN"));
            if account.live && !everyone {
                // Whoever is in the organization is in its group of everybody.
                return Err(Failure::Incomplete(
                    "the account's groups came without the one that has everybody".to_owned(),
                ));
            }
            for group in &groups {
                mine.insert(text(group, &["id"]).ok_or_else(nameless)?);
            }
        }
        let assignment = on_app.as_ref().map(self::assignment);
        let users = self.first_page(&op::APP_USERS, app, &[("limit", "20")], trail).await?;
        let others = users.iter().filter(|user| text(user, &["id"]).as_deref() != Some(id));
        let by_group = users.iter().any(|user| text(user, &["scope"]).as_deref() == Some("GROUP"));
        if listed.is_empty() && (by_group || assignment.as_ref().is_some_and(|assignment| !assignment.direct)) {
            return Err(Failure::Incomplete(
                "no group is listed on the application, and accounts have it through one".to_owned(),
            ));
        }
        let others = others.count();
        let mut groups = Vec::with_capacity(listed.len());
        for entry in &listed {
            let group = text(entry, &["id"]).ok_or_else(nameless)?;
            let member = mine.contains(&group);
            groups.push(self.group(group, member, entry, trail).await?);
        }
        if groups.iter().any(|group| group.member) {
            let pushed = self.pushed(trail).await?;
            for group in &mut groups {
                group.pushed = pushed.get(&group.id).cloned();
            }
        }
        let self_service = application.pointer("/accessibility/selfService").and_then(Value::as_bool);
        let features = application.get("features").and_then(Value::as_array).into_iter().flatten();
        let features = features.filter_map(Value::as_str).map(str::to_owned).collect();
        // Nobody has an application of Okta's that it was not given to, and what is provisioned is provisioned at once.
        let (anyone, jobs) = (Some(false), Vec::new());
        Ok(Ways { account, self_service, anyone, features, assignment, groups, rules, jobs, others })
    }

    /// What the log tells of this account and our application. It is asked once for what the account did and once for what was done to
    /// it, because provisioning is the provider's own act.
    async fn log(&self, account: &str, trail: &mut Trail) -> Result<Vec<LogEntry>, Failure> {
        let now = self.client.now();
        let since = now.checked_sub(LOOKS_BACK).unwrap_or(now).to_string();
        let until = now.to_string();
        let mut entries = BTreeSet::new();
        for party in ["actor", "target"] {
            let filter = format!("{party}.id eq {}", quoted(account));
            let between =
                [("since", since.as_str()), ("until", until.as_str()), ("filter", filter.as_str()), ("limit", "1000")];
            for event in self.list(&op::LOG, Fill::default(), &between, trail).await? {
                entries.extend(entry(&self.application, &event)?);
            }
        }
        Ok(entries.into_iter().collect())
    }

    /// A group on the application, with what else it gives where the account is in it.
    async fn group(&self, id: String, member: bool, entry: &Value, trail: &mut Trail) -> Result<Group, Failure> {
        let embedded = entry.pointer("/_embedded/group").filter(|group| group.get("type").is_some()).cloned();
        let shown = match embedded {
            Some(group) => group,
            None => self.find(&op::GROUP, by_id(&id), trail).await?.ok_or_else(|| {
                Failure::Incomplete(format!("the group {id} is on the application and cannot be read"))
            })?,
        };
        let kind = match text(&shown, &["type"]).as_deref() {
            Some("OKTA_GROUP") => GroupKind::Own,
            Some("BUILT_IN") => GroupKind::Everyone,
            // Another directory's, or of a kind that we do not know: not ours to change.
            _ => GroupKind::Imported,
        };
        let also = if member && kind == GroupKind::Own { self.also(&id, trail).await? } else { None };
        Ok(Group { id, name: text(&shown, &["profile", "name"]).unwrap_or_default(), kind, member, also, pushed: None })
    }

    /// How the pushing of groups into teams of the application goes, by the group. It bears on no way: who may not see it, or has an
    /// organization without it, is shown nothing of it.
    async fn pushed(&self, trail: &mut Trail) -> Result<BTreeMap<String, String>, Failure> {
        let app = Fill { entity: Some(&self.application), ..Fill::default() };
        let listed = match self.list(&op::PUSHES, app, &[PAGE], trail).await {
            Ok(listed) => listed,
            // 401 is how Okta says that a feature is off (E0000015); a token that is not good was refused before.
            Err(Failure::Unauthorized | Failure::Forbidden | Failure::NotFound | Failure::Refused { .. }) => {
                return Ok(BTreeMap::new());
            }
            Err(failure) => return Err(failure),
        };
        let pair = |one: &Value| Some((text(one, &["sourceGroupId"])?, text(one, &["status"])?));
        let mut pushed = BTreeMap::new();
        // Of two teams the one that does not go well is worth telling.
        for (group, state) in listed.iter().filter_map(pair) {
            if state != "ACTIVE" || !pushed.contains_key(&group) {
                pushed.insert(group, state);
            }
        }
        Ok(pushed)
    }

    /// What else a group gives. `None`: we may not see it.
    async fn also(&self, group: &str, trail: &mut Trail) -> Result<Option<Vec<Application>>, Failure> {
        let listed = match self.list(&op::GROUP_APPS, by_id(group), &[PAGE], trail).await {
            Ok(listed) => listed,
            Err(Failure::Forbidden) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let mut also = BTreeSet::new();
        for entry in &listed {
            let id = text(entry, &["id"]).ok_or_else(nameless)?;
            also.insert(Application { id, name: text(entry, &["label"]).unwrap_or_default() });
        }
        // It is on our application: a list without that one is not the whole list.
        if !also.iter().any(|application| application.id == self.application) {
            return Err(Failure::Incomplete(format!("the applications of the group {group} came without ours")));
        }
        Ok(Some(also.into_iter().filter(|application| application.id != self.application).collect()))
    }
}

/// What one event of the log tells; `None`: nothing about our application.
pub(super) fn entry(application: &str, event: &Value) -> Result<Option<LogEntry>, Failure> {
    let kind = text(event, &["eventType"]).ok_or_else(|| Failure::Malformed("an event has no type".to_owned()))?;
    // Targets come in any order, and are told apart by their types.
    let ours = |target: &Value| {
        text(target, &["type"]).as_deref() == Some("AppInstance")
            && text(target, &["id"]).as_deref() == Some(application)
    };
    let cleared = kind == "user.session.clear";
    if !cleared && !event.get("target").and_then(Value::as_array).into_iter().flatten().any(ours) {
        return Ok(None);
    }
    let done = match text(event, &["outcome", "result"]).as_deref() {
        Some("SUCCESS" | "ALLOW") => true,
        Some("FAILURE" | "DENY") => false,
        // Neither let in nor refused: a question was asked, or nobody says.
        Some("CHALLENGE" | "SKIPPED" | "UNKNOWN" | "DEFERRED" | "SCHEDULED" | "ABANDONED" | "RATE_LIMIT") => {
            return Ok(None);
        }
        other => {
            return Err(Failure::Malformed(format!(
                "an event came out as {}",
                other.map_or("nothing", |_| "something unknown")
            )));
        }
    };
    let told = match (kind.as_str(), done) {
        ("user.authentication.sso", true) => LogEvent::SignedIn,
        // A sign-in that failed is told under the same name.
        (
            "user.authentication.sso"
            | "app.generic.unauth_app_access_attempt"
            | "application.policy.sign_on.deny_access",
            _,
        ) => LogEvent::Refused,
        ("user.session.clear", true) => LogEvent::SessionsEnded,
        ("application.provision.user.push" | "application.provision.user.reactivate", true) => LogEvent::Provisioned,
        ("application.provision.user.deactivate" | "application.provision.user.deprovision", true) => {
            LogEvent::Deprovisioned
        }
        _ => return Ok(None),
    };
    let at = text(event, &["published"]).and_then(|at| at.parse().ok());
    let at = at.ok_or_else(|| Failure::Malformed("an event has no time".to_owned()))?;
    Ok(Some(LogEntry { at, event: told }))
}

/// The name by which the application knows an account, where it is an address.
fn app_name(user: &Value) -> Option<Address> {
    Address::parse(&text(user, &["credentials", "userName"])?).ok()
}

/// A text in one of Okta's expressions.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn by_id(id: &str) -> Fill<'_> {
    Fill { id: Some(id), ..Fill::default() }
}

fn nameless() -> Failure {
    Failure::Malformed("an element of the list has no id".to_owned())
}

/// The text at a place; one that is empty is none.
fn text(value: &Value, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(value, |value, key| value.get(key))?;
    found.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn account(user: &Value) -> Result<ProviderAccount, Failure> {
    let id = text(user, &["id"]).ok_or_else(nameless)?;
    let status = text(user, &["status"]).unwrap_or_else(|| "UNKNOWN".to_owned());
    let mut addresses: Vec<Address> = Vec::new();
    // A second address is for whoever it belongs to to set: it shows whose the account is not.
    for field in ["login", "email"] {
        let address = text(user, &["profile", field]).and_then(|text| Address::parse(&text).ok());
        addresses.extend(address.filter(|address| !addresses.contains(address)));
    }
    // Every account has a login: one that is shown without it was not shown.
    if text(user, &["profile", "login"]).is_none() {
        return Err(Failure::Malformed("an account came without its login".to_owned()));
    }
    // Deactivated is the one state that nobody leaves without an administrator's act.
    Ok(ProviderAccount { id, addresses, live: status != "DEPROVISIONED", status, guest: false, sessions_from: None })
}

pub(super) fn assignment(user: &Value) -> Assignment {
    let status = text(user, &["status"]).unwrap_or_else(|| "UNKNOWN".to_owned());
    Assignment {
        id: None,
        // An assignment whose scope is not shown is taken for the account's own: it then has to be seen gone.
        direct: text(user, &["scope"]).as_deref() != Some("GROUP"),
        live: !matches!(status.as_str(), "DEPROVISIONED" | "UNASSIGNED"),
        status,
    }
}

pub(super) fn rule(value: &Value) -> Result<Rule, Failure> {
    let ids = |pointer: &str| -> BTreeSet<String> {
        let list = value.pointer(pointer).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    if value.pointer("/actions/assignUserToGroups/groupIds").and_then(Value::as_array).is_none() {
        return Err(Failure::Malformed("a rule came without the groups that it fills".to_owned()));
    }
    Ok(Rule {
        id: text(value, &["id"]).ok_or_else(nameless)?,
        name: text(value, &["name"]).unwrap_or_default(),
        active: text(value, &["status"]).as_deref() != Some("INACTIVE"),
        groups: ids("/actions/assignUserToGroups/groupIds"),
        excluded: ids("/conditions/people/users/exclude"),
    })
}
