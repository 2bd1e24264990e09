//! SCIM users (RFC 7644): all pages, and what a person looks like there (`facts/mixpanel.md` 2.3).

use std::collections::{BTreeMap, BTreeSet};

use leaver_core::ids::Address;
use leaver_core::reading::{Failure, Member, Roster};
use serde_json::{Map, Value, json};

use super::Mixpanel;
use super::address::Fill;
use super::operations as op;
use super::person::{address, first, flag, text};
use crate::http::Trail;

/// How many people are asked for at once; the server may send fewer.
const PAGE: &str = "100";

impl Mixpanel {
    /// Everybody that SCIM shows. The vendor's count, the elements and their ids must agree.
    pub(super) async fn scim_users(&self, trail: &mut Trail) -> Result<Roster, Failure> {
        let mut total: Option<u64> = None;
        let mut ids = BTreeSet::new();
        let mut members = BTreeMap::new();
        loop {
            let have = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            let start = (have + 1).to_string();
            let page = [("startIndex", start.as_str()), ("count", PAGE)];
            let page = match self.answer(&op::SCIM_USERS, Fill::default(), &page, trail).await {
                Ok(page) => page,
                Err(failure @ Failure::Limited { .. }) => return Err(failure),
                Err(failure) if have > 0 => {
                    return Err(Failure::Incomplete(format!("the page from {start} did not come: {failure}")));
                }
                Err(failure) => return Err(failure),
            };
            let said = page
                .get("totalResults")
                .and_then(text)
                .and_then(|total| total.parse::<u64>().ok())
                .ok_or_else(|| Failure::Malformed("the list has no totalResults".to_owned()))?;
            if total.is_some_and(|total| total != said) {
                return Err(Failure::Incomplete("the number of people changed while they were read".to_owned()));
            }
            total = Some(said);
            // RFC 7644, 3.4.2: with no results the element may be missing.
            let resources = page.get("Resources").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            for resource in resources {
                let fields = resource.as_object();
                let id = fields.and_then(|fields| first(fields, &["id"]));
                let (Some(fields), Some(id)) = (fields, id) else {
                    return Err(Failure::Malformed("a person in the list has no id".to_owned()));
                };
                let new = person(&id, fields)?;
                if !ids.insert(id) {
                    return Err(Failure::Incomplete("one person came twice: the pages moved".to_owned()));
                }
                for member in new {
                    members.entry(member.address.clone()).or_insert(member);
                }
            }
            let have = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            if have == said {
                return Ok(Roster {
                    members: members.into_values().collect(),
                    shows_roles: false,
                    shows_grants: false,
                });
            }
            if have > said || resources.is_empty() {
                return Err(Failure::Incomplete(format!("{have} of {said} people came")));
            }
        }
    }
}

/// One row for each address of the person: a name and a mail address may differ, and either may be the leaver's.
fn person(id: &str, fields: &Map<String, Value>) -> Result<Vec<Member>, Failure> {
    let mut addresses: Vec<Address> = Vec::new();
    let emails = fields.get("emails").and_then(Value::as_array).into_iter().flatten();
    let spelled = fields.get("userName").into_iter().chain(emails.filter_map(|email| email.get("value")));
    for found in spelled.filter_map(text).filter_map(|text| address(&text)) {
        if !addresses.contains(&found) {
            addresses.push(found);
        }
    }
    if addresses.is_empty() {
        return Err(Failure::Incomplete(format!("the person {id} is shown without an address")));
    }
    let name = fields.get("name");
    let part = |key: &str| name.and_then(|name| name.get(key)).and_then(text);
    let name = first(fields, &["displayName"]).or_else(|| part("formatted")).or_else(|| {
        match (part("givenName"), part("familyName")) {
            (Some(given), Some(family)) => Some(format!("{given} {family}")),
            (given, family) => given.or(family),
        }
    });
    let member = |address: Address| Member {
        id: Some(id.to_owned()),
        address,
        name: name.clone(),
        role: None,
        grants: None,
        active: fields.get("active").and_then(flag),
        last_seen: None,
        created: fields.get("meta").and_then(|meta| meta.get("created")).and_then(text),
    };
    Ok(addresses.into_iter().map(member).collect())
}

/// `PATCH` that deactivates (RFC 7644, 3.5.2.3).
pub(crate) fn deactivation() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": false }],
    })
}
