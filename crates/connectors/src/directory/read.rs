//! From a source to its reading.

use std::collections::{BTreeMap, BTreeSet};

use leaver_core::ids::{Address, PersonId};
use leaver_core::provider::{ProviderAccount, Ways};
use leaver_core::reading::{Failure, Reading, Snapshot};
use leaver_core::source::{Source, What};
use serde_json::{Map, Value};

use super::{Directory, operations as op};
use crate::http::Trail;
use crate::scim::{self, Names};

/// Reads a source to its end. A failure is part of the reading.
pub(super) async fn read(directory: &Directory, source: &Source) -> Reading {
    let mut trail = Trail::default();
    let result = Box::pin(directory.snapshot(&source.what, &mut trail)).await;
    trail.reading(source, result, directory.client.now())
}

impl Directory {
    async fn snapshot(&self, what: &What, trail: &mut Trail) -> Result<Snapshot, Failure> {
        match what {
            What::ProviderAccounts(person) => self.accounts(person, trail).await.map(Snapshot::Accounts),
            What::Ways(account) => self.ways(account, trail).await.map(|ways| Snapshot::Ways(Box::new(ways))),
            What::GroupGives(group) => self.gives(group, trail).await.map(Snapshot::Gives),
            // SCIM has no rules, and no log.
            What::ProviderRule(_) => Ok(Snapshot::Absent),
            What::ProviderLog(_) => Err(Failure::NotFound),
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

    /// Every account that bears one of the person's addresses, as its user name or as any of its mail addresses.
    async fn accounts(&self, person: &PersonId, trail: &mut Trail) -> Result<Vec<ProviderAccount>, Failure> {
        let addresses = self.met.addresses(person)?;
        if self.service.announced(&self.client, &op::CONFIG, trail).await.filter
            && let Some(found) = self.filtered(&addresses, trail).await?
        {
            return Ok(found);
        }
        let mut found = Vec::new();
        let mut listed = 0_usize;
        let take = |id: &str, fields: Map<String, Value>| {
            listed += 1;
            let account = account(id, &fields)?;
            if bears(&account, &addresses) {
                found.push(account);
            }
            Ok(())
        };
        self.service.list(&self.client, &op::USERS, &[], trail, take).await?;
        if listed == 0 {
            // A directory that shows nobody at all shows nobody here either.
            return Err(Failure::Incomplete("the directory shows nobody at all".to_owned()));
        }
        found.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(found)
    }

    /// Whom a filter finds, each read again by id. `None`: it found nobody, or has not shown that it finds everybody.
    ///
    /// Filters are often wrong about the case of letters and about mail addresses (RFC 7643, 4.1, wants neither to mind the case). Each
    /// is asked in capitals: whoever it finds though they are written otherwise shows that it works. One that shows nobody like that is
    /// no proof of anything, and the whole list is read instead.
    async fn filtered(
        &self,
        addresses: &[Address],
        trail: &mut Trail,
    ) -> Result<Option<Vec<ProviderAccount>>, Failure> {
        let mut ids = BTreeSet::new();
        for address in addresses {
            let asked = address.as_str().to_uppercase();
            for attribute in ["userName", "emails.value"] {
                let filter = scim::equals(attribute, &asked);
                let mut works = false;
                let take = |id: &str, fields: Map<String, Value>| {
                    let names = Names::of(&fields);
                    let written: Vec<&str> = if attribute == "userName" {
                        names.user_name.as_deref().into_iter().collect()
                    } else {
                        names.emails.iter().map(String::as_str).collect()
                    };
                    works |= written.iter().any(|text| *text != asked && text.to_uppercase() == asked);
                    ids.insert(id.to_owned());
                    Ok(())
                };
                match self.service.list(&self.client, &op::USERS, &[("filter", &filter)], trail, take).await {
                    Ok(()) if works => {}
                    // The list without a filter would end the same way.
                    Err(
                        failure @ (Failure::Unauthorized
                        | Failure::Limited { .. }
                        | Failure::TimedOut
                        | Failure::Network
                        | Failure::NotConfigured(_)),
                    ) => return Err(failure),
                    // It shows nothing, or it was announced and does not work.
                    Ok(())
                    | Err(
                        Failure::Forbidden
                        | Failure::NotFound
                        | Failure::Server { .. }
                        | Failure::Refused { .. }
                        | Failure::Html
                        | Failure::Redirected { .. }
                        | Failure::Malformed(_)
                        | Failure::Incomplete(_),
                    ) => return Ok(None),
                }
            }
        }
        let mut found = BTreeMap::new();
        for id in ids {
            // A search may answer late: the id may be gone by now, or somebody else's.
            if let Some(whole) = self.service.find(&self.client, &op::USER, &id, trail).await? {
                let account = account(&id, &whole.fields)?;
                if bears(&account, addresses) {
                    found.insert(id, account);
                }
            }
        }
        Ok((!found.is_empty()).then(|| found.into_values().collect()))
    }

    async fn ways(&self, id: &str, trail: &mut Trail) -> Result<Ways, Failure> {
        let found = self.service.find(&self.client, &op::USER, id, trail).await?;
        let (_, listed) = self.service.page(&self.client, &op::USERS, &[], 1, trail).await?;
        let others = listed.iter().filter(|(other, _)| other != id).count();
        let groups = self.giving(id, found.as_ref().map(|found| &found.fields), trail).await?;
        let account = found.map(|found| account(id, &found.fields)).transpose()?;
        Ok(Ways {
            account,
            // SCIM shows no application: neither who may ask for it, nor who may sign in without it.
            self_service: None,
            anyone: None,
            features: Vec::new(),
            assignment: None,
            groups,
            rules: Vec::new(),
            jobs: Vec::new(),
            others,
        })
    }
}

/// Whether the account bears one of these addresses.
fn bears(account: &ProviderAccount, addresses: &[Address]) -> bool {
    account.addresses.iter().any(|address| addresses.contains(address))
}

/// An account of the directory. One that does not say whether it is active counts as one that is.
pub(super) fn account(id: &str, fields: &Map<String, Value>) -> Result<ProviderAccount, Failure> {
    let names = Names::of(fields);
    if !names.whole {
        return Err(Failure::Malformed(format!("the mail addresses of the account {id} cannot be read")));
    }
    let active = scim::active(fields);
    let status = match active {
        Some(true) => "active",
        Some(false) => "inactive",
        None => "active not said",
    };
    Ok(ProviderAccount {
        id: id.to_owned(),
        addresses: names.addresses(|text| Address::parse(text).ok()),
        status: status.to_owned(),
        live: active != Some(false),
        guest: false,
        sessions_from: None,
    })
}
