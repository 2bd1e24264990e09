//! From a source to its reading.

use std::collections::{BTreeMap, BTreeSet};

use leaver_core::ids::{Address, PersonId};
use leaver_core::provider::{Group, GroupKind, ProviderAccount, Ways};
use leaver_core::reading::{Failure, Reading, Snapshot};
use leaver_core::source::{Source, What};
use serde_json::Value;

use super::{Google, operations as op};
use crate::fill::Fill;
use crate::http::Trail;

/// Marks a group that a query fills.
const DYNAMIC: &str = "cloudidentity.googleapis.com/groups.dynamic";

/// Reads a source to its end. A failure is part of the reading.
pub(super) async fn read(google: &Google, source: &Source) -> Reading {
    let mut trail = Trail::default();
    let result = Box::pin(google.snapshot(&source.what, &mut trail)).await;
    trail.reading(source, result, google.client.now())
}

impl Google {
    async fn snapshot(&self, what: &What, trail: &mut Trail) -> Result<Snapshot, Failure> {
        match what {
            What::ProviderAccounts(person) => self.accounts(person, trail).await.map(Snapshot::Accounts),
            What::Ways(account) => self.ways(account, trail).await.map(|ways| Snapshot::Ways(Box::new(ways))),
            What::GroupGives(group) => self.gives(group, trail).await.map(Snapshot::Gives),
            // What fills a group stands with the group itself, and no rule of Google's stands alone.
            What::ProviderRule(_) => Ok(Snapshot::Absent),
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

    /// Every account that bears one of the person's addresses: as its login or an alias, which is asked by itself, or as any other mail
    /// address, which only a search finds. Whom the search finds is read again by id, because it answers late.
    async fn accounts(&self, person: &PersonId, trail: &mut Trail) -> Result<Vec<ProviderAccount>, Failure> {
        let addresses = self.met.addresses(person)?;
        let mut found: BTreeMap<String, ProviderAccount> = BTreeMap::new();
        for address in &addresses {
            if let Some(user) = self.find(&op::USER, by_id(address.as_str()), trail).await? {
                let account = account(&user)?;
                found.insert(account.id.clone(), account);
            }
            let query = format!("email:{}", address.as_str().replace('\'', "\\'"));
            let extra = [("customer", self.customer.as_str()), ("maxResults", "500"), ("query", &query)];
            for listed in self.list(&op::USERS, Fill::default(), &extra, trail).await? {
                let id = text(&listed, "id").ok_or_else(nameless)?;
                if !found.contains_key(&id)
                    && let Some(user) = self.find(&op::USER, by_id(&id), trail).await?
                {
                    found.insert(id.clone(), account(&user)?);
                }
            }
        }
        found.retain(|_, account| account.addresses.iter().any(|address| addresses.contains(address)));
        if found.is_empty() {
            // A directory that shows nobody at all shows nobody here either.
            let extra = [("customer", self.customer.as_str()), ("maxResults", "1")];
            if self.list_until(&op::USERS, Fill::default(), &extra, trail, |all| !all.is_empty()).await?.is_empty() {
                return Err(Failure::Incomplete("the directory shows nobody at all".to_owned()));
            }
        }
        Ok(found.into_values().collect())
    }

    async fn ways(&self, id: &str, trail: &mut Trail) -> Result<Ways, Failure> {
        let account = match self.find(&op::USER, by_id(id), trail).await? {
            Some(user) => Some(account(&user)?),
            None => None,
        };
        let mut is_in = BTreeSet::new();
        if account.is_some() {
            for one in self.list(&op::GROUPS_OF, Fill::default(), &[("userKey", id)], trail).await? {
                is_in.insert(text(&one, "id").ok_or_else(nameless)?);
            }
        }
        let mut groups: Vec<Group> = Vec::new();
        for number in 0..self.groups.len() {
            let shown = self.configured(number, trail).await?;
            let group = text(&shown, "id").ok_or_else(nameless)?;
            // Two addresses may be of one group.
            if groups.iter().any(|one| one.id == group) {
                continue;
            }
            let by_itself = is_in.contains(&group);
            let member = account.is_some() && self.is_member(&group, id, trail).await?;
            if by_itself && !member {
                return Err(Failure::Incomplete(format!(
                    "whether the account is in the group {group} is told both ways by two answers"
                )));
            }
            let kind = if self.is_filled_by_query(&group, &shown, trail).await? {
                GroupKind::ByRule
            } else if member && !by_itself {
                // Through another group, and only there it can be taken out.
                GroupKind::Imported
            } else {
                GroupKind::Own
            };
            let name = text(&shown, "name").unwrap_or_default();
            // No interface shows what else a group gives.
            groups.push(Group { id: group, name, kind, member, also: None, pushed: None });
        }
        let others = self.others(id, trail).await?;
        Ok(Ways {
            account,
            // Nobody can ask for a SAML application: there is nothing to ask with.
            self_service: Some(false),
            // For which organizational units the application is switched on is shown by no interface.
            anyone: None,
            // Google provisions nobody into Mixpanel.
            features: Vec::new(),
            assignment: None,
            groups,
            rules: Vec::new(),
            jobs: Vec::new(),
            others,
        })
    }

    async fn gives(&self, group: &str, trail: &mut Trail) -> Result<bool, Failure> {
        // A group that is gone gives nothing; that it is gone is Google's own word.
        if self.find(&op::GROUP, by_id(group), trail).await?.is_none() {
            return Ok(false);
        }
        for number in 0..self.groups.len() {
            // One that is not found under its address may be this one under another.
            if text(&self.configured(number, trail).await?, "id").as_deref() == Some(group) {
                return Ok(true);
            }
        }
        // That the configuration does not name it is no word of Google's.
        Err(Failure::Incomplete(format!(
            "the configuration does not name the group {group} any more, and it is still there"
        )))
    }

    /// A group that the configuration names. Its address is not told: failures are kept, and addresses must be erasable.
    async fn configured(&self, number: usize, trail: &mut Trail) -> Result<Value, Failure> {
        let missing = || {
            Failure::Incomplete(format!(
                "group {} of the configuration is not there: nobody can be said to be out of it",
                number + 1
            ))
        };
        let address = self.groups.get(number).ok_or_else(missing)?;
        self.find(&op::GROUP, by_id(address), trail).await?.ok_or_else(missing)
    }

    async fn is_member(&self, group: &str, account: &str, trail: &mut Trail) -> Result<bool, Failure> {
        let fill = Fill { entity: Some(group), id: Some(account), ..Fill::default() };
        let said = self.one(&op::MEMBER, fill, &[], trail).await?;
        let member = said.get("isMember").and_then(Value::as_bool);
        member
            .ok_or_else(|| Failure::Malformed("the answer does not say whether the account is in the group".to_owned()))
    }

    /// Whether a query decides who is in the group, by Cloud Identity's word.
    async fn is_filled_by_query(&self, group: &str, shown: &Value, trail: &mut Trail) -> Result<bool, Failure> {
        let address = text(shown, "email")
            .ok_or_else(|| Failure::Malformed(format!("the group {group} came without its address")))?;
        let said = self.one(&op::LOOKUP, Fill::default(), &[("groupKey.id", &address)], trail).await?;
        let name = text(&said, "name");
        let name = name.as_deref().and_then(|name| name.strip_prefix("groups/"));
        let name = name.ok_or_else(|| Failure::Malformed(format!("the group {group} has no name of its own")))?;
        let filled = self.one(&op::FILLED, by_id(name), &[], trail).await?;
        let key = filled.pointer("/groupKey/id").and_then(Value::as_str);
        if !key.is_some_and(|key| key.eq_ignore_ascii_case(&address)) {
            return Err(Failure::Malformed(format!("another group came instead of {group}")));
        }
        // Until Google has worked the query out nobody knows who is in the group, whatever the list of members says.
        let status = filled.pointer("/dynamicGroupMetadata/status/status").and_then(Value::as_str);
        match status {
            Some("UP_TO_DATE") | None => Ok(is_dynamic(&filled)),
            Some(_) => {
                Err(Failure::Incomplete(format!("Google has not worked out who is in the dynamic group {group}")))
            }
        }
    }
}

pub(super) fn by_id(id: &str) -> Fill<'_> {
    Fill { id: Some(id), ..Fill::default() }
}

fn nameless() -> Failure {
    Failure::Malformed("an element of the list has no id".to_owned())
}

/// The text of a field; one that is empty is none.
pub(super) fn text(value: &Value, field: &str) -> Option<String> {
    value.get(field)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn account(user: &Value) -> Result<ProviderAccount, Failure> {
    let id = text(user, "id").ok_or_else(nameless)?;
    let is = |field: &str| user.get(field).and_then(Value::as_bool);
    let suspended = is("suspended")
        .ok_or_else(|| Failure::Malformed("an account came without saying whether it is suspended".to_owned()))?;
    // Editions that archive nobody may not say.
    let archived = is("archived").unwrap_or(false);
    let login = text(user, "primaryEmail")
        .ok_or_else(|| Failure::Malformed("an account came without its address".to_owned()))?;
    let array = |field: &str| user.get(field).and_then(Value::as_array).into_iter().flatten();
    let aliases = array("aliases").chain(array("nonEditableAliases")).filter_map(Value::as_str);
    let mails = array("emails").filter_map(|one| one.get("address")?.as_str());
    let mut addresses: Vec<Address> = Vec::new();
    for address in [login.as_str()].into_iter().chain(aliases).chain(mails).filter_map(|one| Address::parse(one).ok()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let status = match (suspended, archived) {
        (true, _) => "suspended",
        (false, true) => "archived",
        (false, false) => "active",
    };
    Ok(ProviderAccount {
        id,
        addresses,
        status: status.to_owned(),
        live: !suspended && !archived,
        guest: is("isGuestUser") == Some(true),
        // Google says of no account since when its sessions count.
        sessions_from: None,
    })
}

/// Whether a group of Cloud Identity is filled by a query.
pub(super) fn is_dynamic(group: &Value) -> bool {
    let by_query = group.get("dynamicGroupMetadata").is_some_and(|metadata| !metadata.is_null());
    by_query || group.get("labels").is_some_and(|labels| labels.get(DYNAMIC).is_some())
}
