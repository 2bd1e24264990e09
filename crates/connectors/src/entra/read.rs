//! From a source to its reading.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leaver_core::ids::{Address, PersonId};
use leaver_core::provider::{Application, Assignment, Group, GroupKind, Job, ProviderAccount, Rule, Ways};
use leaver_core::reading::{Failure, Reading, Snapshot};
use leaver_core::source::{Source, What};
use serde_json::Value;

use super::membership::left_out;
use super::{Entra, operations as op};
use crate::fill::Fill;
use crate::http::Trail;

/// Reads a source to its end. A failure is part of the reading.
pub(super) async fn read(entra: &Entra, source: &Source) -> Reading {
    let mut trail = Trail::default();
    let result = Box::pin(entra.snapshot(&source.what, &mut trail)).await;
    trail.reading(source, result, entra.client.now())
}

impl Entra {
    async fn snapshot(&self, what: &What, trail: &mut Trail) -> Result<Snapshot, Failure> {
        match what {
            What::ProviderAccounts(person) => self.accounts(person, trail).await.map(Snapshot::Accounts),
            What::Ways(account) => self.ways(account, trail).await.map(|ways| Snapshot::Ways(Box::new(ways))),
            What::GroupGives(group) => self.gives(group, trail).await.map(Snapshot::Gives),
            What::ProviderRule(group) => match self.find(&op::GROUP, by_id(group), trail).await? {
                Some(found) => Ok(rule(&found)?.map_or(Snapshot::Absent, |rule| Snapshot::Rule(Box::new(rule)))),
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

    /// The application itself; without it nothing that is read of it means anything.
    pub(super) async fn application(&self, trail: &mut Trail) -> Result<Value, Failure> {
        self.find(&op::APP, self.of_app(), trail).await?.ok_or(Failure::NotFound)
    }

    fn of_app(&self) -> Fill<'_> {
        Fill { entity: Some(&self.application), ..Fill::default() }
    }

    /// Every account that bears one of the person's addresses: as its principal name, which is asked by itself, or as any of its mail
    /// addresses, which only a search finds. Whom the search finds is read again by id, because it answers late.
    async fn accounts(&self, person: &PersonId, trail: &mut Trail) -> Result<Vec<ProviderAccount>, Failure> {
        let addresses = self.met.addresses(person)?;
        let mut found: BTreeMap<String, ProviderAccount> = BTreeMap::new();
        for address in &addresses {
            if let Some(user) = self.find(&op::USER, by_id(address.as_str()), trail).await? {
                let account = account(&user)?;
                found.insert(account.id.clone(), account);
            }
            let one = quoted(address.as_str());
            let aliased = quoted(&format!("smtp:{address}"));
            for filter in [
                format!("mail eq {one}"),
                format!("otherMails/any(one:one eq {one})"),
                format!("proxyAddresses/any(one:one eq {aliased})"),
            ] {
                for listed in self.list(&op::USERS, Fill::default(), &[("$filter", &filter)], trail).await? {
                    let id = text(&listed, "id").ok_or_else(nameless)?;
                    if !found.contains_key(&id)
                        && let Some(user) = self.find(&op::USER, by_id(&id), trail).await?
                    {
                        found.insert(id.clone(), account(&user)?);
                    }
                }
            }
        }
        found.retain(|_, account| account.addresses.iter().any(|address| addresses.contains(address)));
        if found.is_empty() && self.first_page(&op::USERS, &[("$top", "1")], trail).await?.is_empty() {
            // A directory that shows nobody at all shows nobody here either.
            return Err(Failure::Incomplete("the directory shows nobody at all".to_owned()));
        }
        Ok(found.into_values().collect())
    }

    async fn ways(&self, id: &str, trail: &mut Trail) -> Result<Ways, Failure> {
        let account = match self.find(&op::USER, by_id(id), trail).await? {
            Some(user) => Some(account(&user)?),
            None => None,
        };
        let application = self.application(trail).await?;
        let anyone = application.get("appRoleAssignmentRequired").and_then(Value::as_bool).map(|required| !required);
        let given = self.list(&op::ASSIGNED, self.of_app(), &[], trail).await?;
        let given = given.iter().map(Given::of).collect::<Result<Vec<_>, _>>()?;
        let mut is_in = BTreeSet::new();
        let mut by_account = BTreeSet::new();
        if account.is_some() {
            for one in self.list(&op::MEMBER_OF, by_id(id), &[], trail).await? {
                is_in.insert(text(&one, "id").ok_or_else(nameless)?);
            }
            for one in self.list(&op::USER_GIVEN, by_id(id), &[], trail).await? {
                let given = Given::of(&one)?;
                if given.resource == self.application {
                    by_account.insert(given.principal);
                }
            }
        }
        if let Some(hidden) = by_account.iter().find(|principal| given.iter().all(|one| one.principal != **principal)) {
            return Err(Failure::Incomplete(format!(
                "the account has the application by {hidden}, and the application's own list does not show it"
            )));
        }
        let mut groups = Vec::new();
        let mut rules = Vec::new();
        let of_groups: BTreeSet<&String> =
            given.iter().filter(|one| one.kind == "Group").map(|one| &one.principal).collect();
        for group in of_groups {
            let member = is_in.contains(group);
            // The account's own list of what it has tells the same from the other side.
            if account.is_some() && member != by_account.contains(group) {
                return Err(Failure::Incomplete(format!(
                    "whether the account is in the group {group} is told both ways by two lists"
                )));
            }
            let shown = self.find(&op::GROUP, by_id(group), trail).await?.ok_or_else(|| {
                Failure::Incomplete(format!("the group {group} has the application and cannot be read"))
            })?;
            rules.extend(rule(&shown)?);
            let kind = kind(&shown);
            let also = if member && kind == GroupKind::Own { self.also(group, &shown, trail).await? } else { None };
            let name = text(&shown, "displayName").unwrap_or_default();
            groups.push(Group { id: group.clone(), name, kind, member, also, pushed: None });
        }
        let mut own = given.iter().filter(|one| one.principal == id);
        let assignment = own.next().map(|one| Assignment {
            id: Some(one.id.clone()),
            direct: true,
            status: "assigned".to_owned(),
            live: true,
        });
        if account.is_some() && assignment.is_some() != by_account.contains(id) {
            return Err(Failure::Incomplete(
                "whether the application is given to the account is told both ways by two lists".to_owned(),
            ));
        }
        let others = given.iter().filter(|one| one.principal != id).count();
        let jobs = self.jobs(trail).await?;
        // No interface of Graph shows whether people may ask for an application.
        let (self_service, features) = (None, Vec::new());
        Ok(Ways { account, self_service, anyone, features, assignment, groups, rules, jobs, others })
    }

    async fn gives(&self, group: &str, trail: &mut Trail) -> Result<bool, Failure> {
        let shown = self.list(&op::ASSIGNED, self.of_app(), &[], trail).await?;
        let shown = shown.iter().map(Given::of).collect::<Result<Vec<_>, _>>()?;
        if shown.iter().any(|one| one.principal == group) {
            return Ok(true);
        }
        // The group's own list, for as long as there is the group.
        if self.find(&op::GROUP, by_id(group), trail).await?.is_none() {
            return Ok(false);
        }
        let listed = self.list(&op::GROUP_GIVES, by_id(group), &[], trail).await?;
        let given = listed.iter().map(Given::of).collect::<Result<Vec<_>, _>>()?;
        Ok(given.iter().any(|one| one.resource == self.application))
    }

    /// What else a group gives: applications, licences, roles of the directory, and what belongs to a group of Microsoft 365.
    /// `None`: we may not see it.
    async fn also(&self, id: &str, group: &Value, trail: &mut Trail) -> Result<Option<Vec<Application>>, Failure> {
        let listed = match self.list(&op::GROUP_GIVES, by_id(id), &[], trail).await {
            Ok(listed) => listed,
            Err(Failure::Forbidden) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let mut also = BTreeSet::new();
        let mut ours = false;
        for one in &listed {
            let given = Given::of(one)?;
            if given.resource == self.application {
                ours = true;
            } else {
                let name = text(one, "resourceDisplayName").unwrap_or_default();
                also.insert(Application { id: given.resource, name });
            }
        }
        // It has our application: a list without that one is not the whole list.
        if !ours {
            return Err(Failure::Incomplete(format!("the applications of the group {id} came without ours")));
        }
        for licence in group.get("assignedLicenses").and_then(Value::as_array).into_iter().flatten() {
            let sku = text(licence, "skuId").ok_or_else(nameless)?;
            also.insert(Application { id: format!("licence-{sku}"), name: format!("the licence {sku}") });
        }
        if group.get("isAssignableToRole").and_then(Value::as_bool) == Some(true) {
            also.insert(Application { id: "roles".to_owned(), name: "the group's roles in the directory".to_owned() });
        }
        if is_of_type(group, "Unified") {
            let name = "the group's mailbox, files and team in Microsoft 365".to_owned();
            also.insert(Application { id: "microsoft-365".to_owned(), name });
        }
        Ok(Some(also.into_iter().collect()))
    }

    /// What provisions the application.
    async fn jobs(&self, trail: &mut Trail) -> Result<Vec<Job>, Failure> {
        let listed = match self.list(&op::JOBS, self.of_app(), &[], trail).await {
            // A job that nobody shows us is one of which nothing is known.
            Err(Failure::Forbidden) => return Ok(vec![unseen()]),
            listed => listed?,
        };
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let settings = match self.list(&op::SETTINGS, self.of_app(), &[], trail).await {
            Ok(settings) => Some(settings),
            // They are nowhere but under beta, which may end.
            Err(Failure::Forbidden | Failure::NotFound) => None,
            Err(failure) => return Err(failure),
        };
        let set = |name: &str| {
            let settings = settings.as_ref()?;
            let found =
                settings.iter().find(|one| text(one, "key").is_some_and(|key| key.eq_ignore_ascii_case(name)))?;
            // Only what is written there counts: one that is left out or kept back may be on, as `SyncAll` usually is.
            match text(found, "value")?.to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            }
        };
        let mut jobs = Vec::with_capacity(listed.len());
        for one in &listed {
            let mut job = job(one, set("SyncAll"), set("SkipOutOfScopeDeletions"))?;
            job.on_demand = self.rule_of(&job.id, trail).await?;
            jobs.push(job);
        }
        Ok(jobs)
    }

    /// The rule by which a job looks at accounts; `None` where it has none that we may see.
    async fn rule_of(&self, job: &str, trail: &mut Trail) -> Result<Option<String>, Failure> {
        let fill = Fill { entity: Some(&self.application), id: Some(job), ..Fill::default() };
        match self.document(&op::SCHEMA, fill, trail).await {
            Ok(schema) => Ok(user_rule(&schema)),
            // Nobody has to show it: then the next cycle does what could have been asked for.
            Err(Failure::Forbidden | Failure::NotFound) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// The rule that maps users, by its id.
pub(super) fn user_rule(schema: &Value) -> Option<String> {
    let is_user = |mapping: &Value| {
        text(mapping, "sourceObjectName").is_some_and(|name| name.eq_ignore_ascii_case("User"))
            && mapping.get("enabled").and_then(Value::as_bool) != Some(false)
    };
    let rules = schema.get("synchronizationRules").and_then(Value::as_array)?;
    let of_users = |rule: &&Value| {
        rule.get("objectMappings").and_then(Value::as_array).is_some_and(|mappings| mappings.iter().any(is_user))
    };
    rules.iter().find(of_users).and_then(|rule| text(rule, "id"))
}

/// One thing that gives somebody an application.
struct Given {
    id: String,
    principal: String,
    kind: String,
    resource: String,
}

impl Given {
    fn of(value: &Value) -> Result<Self, Failure> {
        let of = |name: &str| {
            text(value, name).ok_or_else(|| Failure::Malformed(format!("an assignment came without its {name}")))
        };
        Ok(Self {
            id: of("id")?,
            principal: of("principalId")?,
            kind: of("principalType")?,
            resource: of("resourceId")?,
        })
    }
}

fn by_id(id: &str) -> Fill<'_> {
    Fill { id: Some(id), ..Fill::default() }
}

/// A text in one of Graph's expressions.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn nameless() -> Failure {
    Failure::Malformed("an element of the list has no id".to_owned())
}

/// The text of a field; one that is empty is none.
pub(super) fn text(value: &Value, field: &str) -> Option<String> {
    value.get(field)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn is_of_type(group: &Value, kind: &str) -> bool {
    let types = group.get("groupTypes").and_then(Value::as_array);
    types.into_iter().flatten().any(|one| one.as_str() == Some(kind))
}

pub(super) fn account(user: &Value) -> Result<ProviderAccount, Failure> {
    let id = text(user, "id").ok_or_else(nameless)?;
    let enabled = user.get("accountEnabled").and_then(Value::as_bool);
    let enabled =
        enabled.ok_or_else(|| Failure::Malformed("an account came without saying whether it is enabled".to_owned()))?;
    let name = text(user, "userPrincipalName")
        .ok_or_else(|| Failure::Malformed("an account came without its principal name".to_owned()))?;
    let guest = text(user, "userType").is_some_and(|kind| kind == "Guest") || name.contains("#EXT#");
    let mut addresses: Vec<Address> = Vec::new();
    let texts = |field: &str| {
        let list = user.get(field).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>()
    };
    // `SMTP:` the address that mail is sent from, `smtp:` one at which it arrives.
    let aliases = texts("proxyAddresses").into_iter().filter_map(|alias| {
        let (kind, address) = alias.split_once(':')?;
        kind.eq_ignore_ascii_case("smtp").then_some(address)
    });
    let named = [Some(name.as_str()), user.get("mail").and_then(Value::as_str)].into_iter().flatten();
    let all = named.chain(texts("otherMails")).chain(aliases);
    for address in all.filter(|address| !address.contains("#EXT#")).filter_map(|text| Address::parse(text).ok()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let status = if enabled { "enabled" } else { "disabled" };
    let sessions_from = text(user, "signInSessionsValidFromDateTime").and_then(|at| at.parse().ok());
    Ok(ProviderAccount { id, addresses, status: status.to_owned(), live: enabled, guest, sessions_from })
}

pub(super) fn kind(group: &Value) -> GroupKind {
    let is = |field: &str| group.get(field).and_then(Value::as_bool);
    if is_of_type(group, "DynamicMembership") {
        GroupKind::ByRule
    } else if is("onPremisesSyncEnabled") == Some(true)
        || (is("mailEnabled") == Some(true) && !is_of_type(group, "Unified"))
    {
        // Another directory's, or the mail system's: Graph does not take anybody out of it.
        GroupKind::Imported
    } else {
        GroupKind::Own
    }
}

/// The rule of a dynamic group; `None` for a group without one.
pub(super) fn rule(group: &Value) -> Result<Option<Rule>, Failure> {
    if !is_of_type(group, "DynamicMembership") {
        return Ok(None);
    }
    let id = text(group, "id").ok_or_else(nameless)?;
    let says = text(group, "membershipRule")
        .ok_or_else(|| Failure::Malformed("a dynamic group came without its rule".to_owned()))?;
    Ok(Some(Rule {
        name: text(group, "displayName").unwrap_or_default(),
        // One whose state nobody can tell counts as if it worked.
        active: text(group, "membershipRuleProcessingState").as_deref() != Some("Paused"),
        groups: BTreeSet::from([id.clone()]),
        excluded: left_out(&says),
        id,
    }))
}

/// What stands for the jobs where our client may not read them.
fn unseen() -> Job {
    Job {
        id: "unseen".to_owned(),
        status: "not shown to us".to_owned(),
        works: false,
        last_success: None,
        everyone: None,
        keeps_unassigned: None,
        on_demand: None,
    }
}

fn job(value: &Value, everyone: Option<bool>, keeps: Option<bool>) -> Result<Job, Failure> {
    let status = value.get("status");
    let of = |field: &str| status.and_then(|status| text(status, field));
    let run = |field: &str| status.and_then(|status| status.get(field)).filter(|run| !run.is_null());
    // Its beginning: what changed while it ran it may have passed already.
    let began = |run: &Value| -> Option<Timestamp> { text(run, "timeBegan").and_then(|at| at.parse().ok()) };
    // A run that the vendor refused single people in went to its end for everybody else.
    let last = run("lastExecution").filter(|run| {
        text(run, "state").is_some_and(|state| matches!(state.as_str(), "Succeeded" | "EntryLevelErrors"))
    });
    let last_run = [last, run("lastSuccessfulExecution")].into_iter().flatten().filter_map(began).max();
    let code = of("code").ok_or_else(|| Failure::Malformed("a job came without its state".to_owned()))?;
    Ok(Job {
        id: text(value, "id").ok_or_else(nameless)?,
        works: code == "Active",
        status: code,
        last_success: last_run,
        everyone,
        keeps_unassigned: keeps,
        on_demand: None,
    })
}
