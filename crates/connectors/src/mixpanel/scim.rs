//! SCIM users and groups (RFC 7644): all pages, and what a person or a group looks like there (`facts/mixpanel.md` 2.3).

use std::collections::HashSet;
use std::hash::BuildHasher as _;

use leaver_core::ids::Address;
use leaver_core::planner::Focus;
use leaver_core::reading::{Failure, Member, Roster, Team};
use serde_json::{Map, Value, json};

use super::Mixpanel;
use super::operations as op;
use super::pages::Found;
use super::people::People;
use super::person::{address, first, flag, text};
use super::teams;
use crate::fill::Fill;
use crate::http::Trail;
use crate::operation::Read;

/// How many resources are asked for at once; the server may send fewer.
const PAGE: &str = "100";

impl Mixpanel {
    /// Everybody that SCIM shows, those who matter whole.
    pub(super) async fn scim_users(&self, focus: Option<&Focus>, trail: &mut Trail) -> Result<Roster, Failure> {
        let mut people: People = People::default();
        let take = |id: &str, fields: Map<String, Value>| {
            for member in person(id, &fields)? {
                people.add_first(member);
            }
            Ok(())
        };
        self.scim_list(&op::SCIM_USERS, trail, take).await?;
        let list = people.roster(focus);
        // SCIM shows neither roles nor grants.
        Ok(Roster { members: list.members, others: list.others, ..Roster::default() })
    }

    /// Every group that SCIM shows, whole, with its members. A server may leave the members out of the list; such a group
    /// is read by its id.
    pub(super) async fn scim_groups(&self, trail: &mut Trail) -> Result<Vec<Team>, Failure> {
        let mut groups = Vec::new();
        let take = |id: &str, fields: Map<String, Value>| {
            groups.push((id.to_owned(), fields));
            Ok(())
        };
        self.scim_list(&op::SCIM_GROUPS, trail, take).await?;
        let mut teams = Vec::with_capacity(groups.len());
        for (id, mut fields) in groups {
            if !fields.contains_key("members") {
                let fill = Fill { id: Some(&id), ..Fill::default() };
                let Found::Value(Value::Object(whole)) = self.find(&op::SCIM_GROUP, fill, trail).await? else {
                    return Err(Failure::Incomplete(format!("the group {id} cannot be read by itself")));
                };
                fields = whole;
            }
            teams.push(teams::group(id, &fields));
        }
        Ok(teams)
    }

    /// All resources of a SCIM list, page after page. The vendor's count, the elements and their ids must agree.
    async fn scim_list(
        &self,
        read: &Read,
        trail: &mut Trail,
        mut take: impl FnMut(&str, Map<String, Value>) -> Result<(), Failure> + Send,
    ) -> Result<(), Failure> {
        let mut total: Option<u64> = None;
        // A clash of two ids makes the reading incomplete, never complete; the next one has another key.
        let mut ids = HashSet::new();
        let hasher = ids.hasher().clone();
        loop {
            let have = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            let start = (have + 1).to_string();
            let page = [("startIndex", start.as_str()), ("count", PAGE)];
            let mut page = match self.answer(read, Fill::default(), &page, trail).await {
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
                return Err(Failure::Incomplete("the number of resources changed while they were read".to_owned()));
            }
            total = Some(said);
            // RFC 7644, 3.4.2: with no results the element may be missing.
            let resources = match page.get_mut("Resources").map(Value::take) {
                Some(Value::Array(resources)) => resources,
                Some(_) | None => Vec::new(),
            };
            let came = resources.len();
            for resource in resources {
                let nameless = || Failure::Malformed("an element of the list has no id".to_owned());
                let Value::Object(fields) = resource else { return Err(nameless()) };
                let id = first(&fields, &["id"]).ok_or_else(nameless)?;
                take(&id, fields)?;
                if !ids.insert(hasher.hash_one(&id)) {
                    return Err(Failure::Incomplete("one element came twice: the pages moved".to_owned()));
                }
            }
            let have = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            if have == said {
                return Ok(());
            }
            if have > said || came == 0 {
                return Err(Failure::Incomplete(format!("{have} of {said} came")));
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
