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
}

impl<'a> Account<'a> {
    /// The account of this id; what it says of itself, where it is there.
    pub(super) fn new(id: &'a str, fields: Option<&Map<String, Value>>) -> Self {
        Self { id, place: fields.and_then(scim::location) }
    }

    /// Whether this member is the account. Some servers, such as Canaille, name members by another word than the id, and tell where the
    /// account stands.
    pub(super) fn is(&self, member: &Member) -> bool {
        // Ids that differ in the case of letters alone may be one to the server.
        member.id.eq_ignore_ascii_case(self.id)
            || member.place.as_ref().is_some_and(|place| {
                Some(place) == self.place.as_ref() || place.eq_ignore_ascii_case(&format!("Users/{}", self.id))
            })
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
            let (direct, nested) = self.is_in(&account, &id, trail).await?;
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
        let shown = found.map(|found| name(&found.fields));
        Ok(shown.is_some_and(|shown| self.groups.iter().any(|named| named == id || same(named, &shown))))
    }

    /// Whether the account is in the group itself, and whether it is in a group within it.
    async fn is_in(&self, account: &Account<'_>, group: &str, trail: &mut Trail) -> Result<(bool, bool), Failure> {
        let (mut direct, mut nested) = (false, false);
        let mut seen = BTreeSet::from([group.to_owned()]);
        let mut waiting = vec![group.to_owned()];
        while let Some(id) = waiting.pop() {
            let found = self.service.find(&self.client, &op::GROUP, &id, trail).await?;
            let found =
                found.ok_or_else(|| Failure::Incomplete(format!("the group {id} is listed and cannot be read")))?;
            let members = scim::members(&found.fields)
                .ok_or_else(|| Failure::Malformed(format!("a member of the group {id} cannot be told from others")))?;
            for member in members {
                if member.is_group {
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
