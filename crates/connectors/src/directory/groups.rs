//! The groups that give the application, and who is in them.

use std::collections::{BTreeMap, BTreeSet};

use leaver_core::provider::{Group, GroupKind};
use leaver_core::reading::Failure;
use serde_json::{Map, Value};

use super::{Directory, operations as op};
use crate::http::Trail;
use crate::json::text;
use crate::scim::{self, Member};

/// One account, as groups may name it.
pub(super) struct Account<'a> {
    id: &'a str,
    place: Option<String>,
    /// Whether it says itself in which groups it is.
    tells_groups: bool,
}

impl<'a> Account<'a> {
    /// The account of this id; what it says of itself, where it is there.
    pub(super) fn new(id: &'a str, fields: Option<&Map<String, Value>>) -> Self {
        let groups = fields.and_then(|fields| scim::attribute(fields, "groups"));
        Self {
            id,
            place: fields.and_then(scim::location), // An account that is not there is in no group.
            tells_groups: fields.is_none() || groups.is_some_and(Value::is_array),
        }
    }

    /// Whether this member is the account. Some servers, such as Canaille, name members by another word than the id, and tell where the
    /// account stands.
    pub(super) fn is(&self, member: &Member) -> bool {
        let at = |place: &String| {
            Some(place) == self.place.as_ref() || place.eq_ignore_ascii_case(&format!("Users/{}", self.id))
        };
        match &member.place {
            // Where a member stands says more than its word, which may be another account's id.
            Some(place) => at(place) || (self.place.is_none() && member.id.eq_ignore_ascii_case(self.id)),
            // Ids that differ in the case of letters alone may be one to the server.
            None => member.id.eq_ignore_ascii_case(self.id),
        }
    }
}

/// So many groups in groups are looked into.
const MOST_NESTED: usize = 200;

impl Directory {
    /// The groups that the configuration names, and whether the account is in each: by the group's own word, read by its id.
    pub(super) async fn giving(
        &self,
        account: &str,
        fields: Option<&Map<String, Value>>,
        trail: &mut Trail,
    ) -> Result<Vec<Group>, Failure> {
        if self.groups.is_empty() {
            return Ok(Vec::new());
        }
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let take = |id: &str, fields: Map<String, Value>| {
            names.insert(id.to_owned(), name(&fields));
            Ok(())
        };
        self.service.list(&self.client, &op::GROUPS, &[], trail, take).await?;
        let said = fields.map(said).unwrap_or_default();
        let account = Account::new(account, fields);
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for (at, named) in self.groups.iter().enumerate() {
            let id = chosen(named, at + 1, &names)?;
            if groups.contains_key(&id) {
                continue;
            }
            let (direct, nested) = self.is_in(&account, &id, &names, trail).await?;
            if !direct && !nested && said.contains(&id) {
                return Err(Failure::Incomplete(format!(
                    "whether the account is in the group {id} is told both ways by the two of them"
                )));
            }
            // Whoever is in it through another group cannot be taken out of it by itself.
            let kind = if nested && !direct { GroupKind::Imported } else { GroupKind::Own };
            let name = names.get(&id).cloned().unwrap_or_default();
            let also = self.dedicated.then(Vec::new);
            groups.insert(id.clone(), Group { id, name, kind, member: direct || nested, also, pushed: None });
        }
        Ok(groups.into_values().collect())
    }

    /// Whether the group gives the application: it is there, and the configuration names it.
    pub(super) async fn gives(&self, id: &str, trail: &mut Trail) -> Result<bool, Failure> {
        let found = self.service.find(&self.client, &op::GROUP, id, trail).await?;
        // A group that is gone gives nothing.
        let Some(found) = found else { return Ok(false) };
        let shown = name(&found.fields);
        if self.groups.iter().any(|named| named == id || same(named, &shown)) {
            return Ok(true);
        }
        // That the configuration does not name it is no word of the provider's.
        Err(Failure::Incomplete(format!(
            "the configuration does not name the group {id} any more, and it is still there"
        )))
    }

    /// Whether the account is in the group itself, and whether it is in a group within it.
    async fn is_in(
        &self,
        account: &Account<'_>,
        group: &str,
        names: &BTreeMap<String, String>,
        trail: &mut Trail,
    ) -> Result<(bool, bool), Failure> {
        let (mut direct, mut nested) = (false, false);
        let mut seen = BTreeSet::from([group.to_owned()]);
        let mut waiting = vec![group.to_owned()];
        while let Some(id) = waiting.pop() {
            let found = self.service.find(&self.client, &op::GROUP, &id, trail).await?;
            let found =
                found.ok_or_else(|| Failure::Incomplete(format!("the group {id} is listed and cannot be read")))?;
            // A server may leave members out (RFC 7643, 2.5): then only the account's own list of groups tells.
            if scim::attribute(&found.fields, "members").is_none_or(Value::is_null) && !account.tells_groups {
                return Err(Failure::Incomplete(format!("the group {id} came without its members")));
            }
            let members = scim::members(&found.fields)
                .ok_or_else(|| Failure::Malformed(format!("a member of the group {id} cannot be told from others")))?;
            for member in members {
                // A member that says nothing of its kind, and bears the id of a group, may be that group.
                let unsaid = member.place.is_none() && !member.is_user && names.contains_key(&member.id);
                if member.is_group || unsaid {
                    if seen.insert(member.id.clone()) {
                        waiting.push(member.id);
                    }
                } else if account.is(&member) {
                    *(if id == group { &mut direct } else { &mut nested }) = true;
                }
            }
            if seen.len() > MOST_NESTED {
                return Err(Failure::Incomplete(format!("more than {MOST_NESTED} groups within the group {group}")));
            }
        }
        Ok((direct, nested))
    }
}

/// The group that the configuration means: by its id, else by its name.
fn chosen(named: &str, position: usize, names: &BTreeMap<String, String>) -> Result<String, Failure> {
    if names.contains_key(named) {
        return Ok(named.to_owned());
    }
    let mut bearing = names.iter().filter(|(_, name)| same(named, name)).map(|(id, _)| id);
    match (bearing.next(), bearing.next()) {
        (Some(id), None) => Ok(id.clone()),
        (Some(_), Some(_)) => Err(Failure::Incomplete(format!(
            "more than one group bears the name of group {position} of the configuration: name it by its id"
        ))),
        (None, _) => Err(Failure::Incomplete(format!("group {position} of the configuration is not in the directory"))),
    }
}

/// Whether two names are one: they do not mind the case (RFC 7643, 4.2).
fn same(one: &str, other: &str) -> bool {
    !one.trim().is_empty() && one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn name(fields: &Map<String, Value>) -> String {
    scim::attribute(fields, "displayName").and_then(text).unwrap_or_default()
}

/// The groups that the account itself says that it is in (RFC 7643, 4.1.2).
pub(super) fn said(fields: &Map<String, Value>) -> BTreeSet<String> {
    let groups = scim::attribute(fields, "groups").and_then(Value::as_array);
    let id = |one: &Value| one.as_object().and_then(|one| scim::attribute(one, "value")).and_then(text);
    groups.into_iter().flatten().filter_map(id).collect()
}
