//! What people and groups look like (RFC 7643, 4).

use leaver_core::ids::Address;
use leaver_core::reading::{self, Failure, Maker, Team};
use serde_json::{Map, Value};

use crate::json::{address, first, flag, text};

/// An attribute. Their names do not mind the case (RFC 7643, 2.1).
pub(crate) fn attribute<'v>(fields: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    let otherwise = || fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    fields.get(name).or_else(otherwise)
}

/// Whether it says that it is active, in every spelling. `None`: it does not say.
pub(crate) fn active(fields: &Map<String, Value>) -> Option<bool> {
    attribute(fields, "active").and_then(flag)
}

/// The user name and every mail address, as they are written.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// The user name, which need not be an address.
    pub(crate) user_name: Option<String>,
    /// The mail addresses.
    pub(crate) emails: Vec<String>,
    /// Whether every one of them could be read: else there may be one that nobody sees.
    pub(crate) whole: bool,
}

impl Names {
    /// What a person is known by.
    pub(crate) fn of(fields: &Map<String, Value>) -> Self {
        let mut names =
            Self { user_name: attribute(fields, "userName").and_then(text), whole: true, ..Self::default() };
        let list = match attribute(fields, "emails") {
            None | Some(Value::Null) => return names,
            Some(Value::Array(list)) => list.as_slice(),
            Some(_) => &[Value::Null],
        };
        for one in list {
            let value = one.as_object().map_or(Some(one), |email| attribute(email, "value"));
            match value {
                // One without a value holds nothing.
                None | Some(Value::Null) if one.is_object() => {}
                Some(Value::String(written)) => names.emails.push(written.clone()),
                None | Some(_) => names.whole = false,
            }
        }
        names
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.user_name.iter().chain(&self.emails).map(String::as_str)
    }

    /// Every address among them, once.
    pub(crate) fn addresses(&self, read: impl Fn(&str) -> Option<Address>) -> Vec<Address> {
        let mut addresses: Vec<Address> = Vec::new();
        for found in self.all().filter_map(read) {
            if !addresses.contains(&found) {
                addresses.push(found);
            }
        }
        addresses
    }
}

/// One row for each address of the person: a name and a mail address may differ, and either may be the leaver's.
///
/// # Errors
/// There is no address by which the person could be told.
pub(crate) fn person(id: &str, fields: &Map<String, Value>) -> Result<Vec<reading::Member>, Failure> {
    let addresses = Names::of(fields).addresses(address);
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
    let member = |address: Address| reading::Member {
        id: Some(id.to_owned()),
        address,
        name: name.clone(),
        role: None,
        grants: None,
        active: active(fields),
        last_seen: None,
        created: fields.get("meta").and_then(|meta| meta.get("created")).and_then(text),
    };
    Ok(addresses.into_iter().map(member).collect())
}

/// Somebody or something in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// The id.
    pub(crate) id: String,
    /// The text that it is shown by.
    pub(crate) display: Option<String>,
    /// Where it stands, such as `Users/2819c223`: the end of its `$ref`.
    pub(crate) place: Option<String>,
    /// Whether it is a group itself.
    pub(crate) is_group: bool,
    /// Whether it says that it is a person.
    pub(crate) is_user: bool,
}

/// The last two parts of an address, such as `Users/2819c223`: servers write the same address whole and relative.
fn place(address: &str) -> Option<String> {
    let mut parts = address.trim_end_matches('/').rsplit('/');
    let (id, kind) = (parts.next()?, parts.next()?);
    Some(format!("{kind}/{id}"))
}

/// Whether an address is one of this kind of resource.
fn stands_in(address: &str, kind: &str) -> bool {
    place(address).is_some_and(|place| place.split('/').next().is_some_and(|of| of.eq_ignore_ascii_case(kind)))
}

/// Where a resource stands, by its own word (RFC 7643, 3.1).
pub(crate) fn location(fields: &Map<String, Value>) -> Option<String> {
    let meta = attribute(fields, "meta")?.as_object()?;
    place(attribute(meta, "location")?.as_str()?)
}

/// The members of a group; one without members may leave the attribute out (RFC 7643, 2.5). `None`: one of them cannot be told.
pub(crate) fn members(fields: &Map<String, Value>) -> Option<Vec<Member>> {
    let member = |value: &Value| {
        let fields = value.as_object()?;
        let says = |name: &str| attribute(fields, name).and_then(Value::as_str).unwrap_or_default();
        Some(Member {
            id: attribute(fields, "value").and_then(text)?,
            display: attribute(fields, "display").and_then(text),
            place: place(says("$ref")),
            is_group: says("type").eq_ignore_ascii_case("group") || stands_in(says("$ref"), "Groups"),
            is_user: says("type").eq_ignore_ascii_case("user") || stands_in(says("$ref"), "Users"),
        })
    };
    match attribute(fields, "members") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(members) => members.as_array().and_then(|list| list.iter().map(member).collect()),
    }
}

/// A group as a team; it does not say what the team gives (`facts/mixpanel.md` 2.3).
pub(crate) fn team(id: String, fields: &Map<String, Value>) -> Team {
    let maker = |member: Member| Maker {
        id: Some(member.id),
        address: member.display.as_deref().and_then(address),
        name: None,
    };
    let members = members(fields).map(|all| all.into_iter().map(maker).collect());
    Team { id, name: first(fields, &["displayName"]).unwrap_or_default(), members, grants: None }
}
