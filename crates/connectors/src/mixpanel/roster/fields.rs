//! The names under which the fields of a person may stand.

use std::borrow::Cow;

use leaver_core::ids::{Address, ProjectId};
use leaver_core::reading::{Grant, GrantKind, Member, OrgRole};
use serde_json::{Map, Value};

use super::{Scope, grants};
use crate::mixpanel::item::{grant_kind, role_word};
use crate::mixpanel::person::{address, first, flag, text};

/// Fields that hold the person's own address, best first; compared in their plain form.
const ADDRESSES: [&str; 14] = [
    "email",
    "emailaddress",
    "useremail",
    "mail",
    "primaryemail",
    "loginemail",
    "memberemail",
    "accountemail",
    "upn",
    "userprincipalname",
    "username",
    "login",
    "user",
    "member",
];

/// Fields that tell of a person where the only address is in the name.
const PERSON: [&str; 5] = ["id", "user_id", "userId", "role", "org_role"];

/// Objects that hold the person where the outer one holds their place.
const WRAPPERS: [&str; 8] = ["user", "member", "person", "account", "profile", "attributes", "identity", "principal"];

/// Fields that name somebody else, or talk: never a member.
const OTHERS: [&str; 16] = [
    "creator",
    "inviter",
    "invitor",
    "requester",
    "approver",
    "support",
    "billing",
    "sender",
    "replyto",
    "message",
    "error",
    "note",
    "comment",
    "description",
    "hint",
    "detail",
];

/// Fields that hold a name, which may be any text.
const NAMES: [&str; 8] = ["name", "fullname", "displayname", "firstname", "lastname", "title", "nickname", "bio"];

/// What an object says about a person.
#[derive(Debug, Default)]
pub(super) struct Own {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) role: Option<OrgRole>,
    pub(super) grants: Option<Vec<Grant>>,
    pub(super) active: Option<bool>,
    pub(super) last_seen: Option<String>,
    pub(super) created: Option<String>,
}

impl Own {
    /// Reads the fields of an object about a person. Below a project a role is the role in that project.
    pub(super) fn of(fields: &Map<String, Value>, scope: Scope) -> Self {
        let plain_role = ["role", "roleName", "role_name"].iter().find_map(|key| role_word(fields.get(*key)?));
        let org_role = ["org_role", "orgRole", "organization_role", "organizationRole", "org_role_name"]
            .iter()
            .find_map(|key| role_word(fields.get(*key)?))
            .or_else(|| role_word(fields.get("organization")?.get("role")?));
        let (role, here) = match scope {
            Scope::Organization => (org_role.or(plain_role), None),
            Scope::Project(_) => {
                let kind = ["grant_type", "grantType", "target_type", "targetType", "source", "via", "kind", "type"]
                    .iter()
                    .find_map(|key| text(fields.get(*key)?));
                (org_role, place_grant(scope, plain_role, kind))
            }
            Scope::Team => (org_role, None),
        };
        let mut all = grants::of(fields);
        if let Some(here) = here {
            all.get_or_insert_default().extend(here);
        }
        Self {
            id: first(fields, &["id", "user_id", "userId", "uid", "pk", "member_id", "memberId"]),
            name: first(
                fields,
                &["name", "full_name", "fullName", "display_name", "displayName", "user_name", "userName"],
            )
            .filter(|name| address(name).is_none())
            .or_else(|| full_name(fields)),
            role: role.and_then(|word| OrgRole::parse(&word)),
            grants: all,
            active: active(fields),
            last_seen: first(
                fields,
                &[
                    "last_seen",
                    "lastSeen",
                    "last_active",
                    "lastActive",
                    "last_login",
                    "lastLogin",
                    "last_activity",
                    "lastActivity",
                    "last_accessed",
                ],
            ),
            created: first(
                fields,
                &[
                    "created",
                    "created_at",
                    "createdAt",
                    "date_joined",
                    "dateJoined",
                    "date_joined_iso",
                    "joined_at",
                    "joinedAt",
                    "joined",
                ],
            ),
        }
    }

    pub(super) fn member(self, address: Address) -> Member {
        Member {
            id: self.id,
            address,
            name: self.name,
            role: self.role,
            grants: self.grants,
            active: self.active,
            last_seen: self.last_seen,
            created: self.created,
        }
    }
}

fn full_name(fields: &Map<String, Value>) -> Option<String> {
    let parts: Vec<String> = [["first_name", "firstName"], ["last_name", "lastName"]]
        .iter()
        .filter_map(|keys| first(fields, keys))
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn active(fields: &Map<String, Value>) -> Option<bool> {
    let said = ["active", "is_active", "isActive"].iter().find_map(|key| flag(fields.get(*key)?));
    said.or_else(|| match &*plain(fields.get("status")?.as_str()?) {
        "active" => Some(true),
        "inactive" | "deactivated" | "disabled" | "suspended" => Some(false),
        _ => None,
    })
}

/// Being listed below a project is a grant in it.
pub(super) fn place_grant(scope: Scope, role: Option<String>, kind: Option<String>) -> Option<Vec<Grant>> {
    match scope {
        Scope::Project(project) => Some(vec![Grant {
            kind: kind.map_or(GrantKind::Unknown, |word| grant_kind(&word)),
            project,
            role,
            team: None,
        }]),
        Scope::Organization | Scope::Team => None,
    }
}

/// Whether a field of this name takes part in [`own_address`] or [`project`].
pub(super) fn tells(key: &str) -> bool {
    let plain = plain(key);
    PERSON.contains(&key)
        || matches!(key, "project_id" | "projectId")
        || plain == "name"
        || ADDRESSES.contains(&&*plain)
}

/// Whether a field of this name may hold the person; see [`wrapped`].
pub(super) fn wraps(key: &str) -> bool {
    WRAPPERS.contains(&&*plain(key))
}

/// The address of an object about a person, and the field in which it stands.
pub(super) fn own_address(fields: &Map<String, Value>) -> Option<(&str, Address)> {
    let mut best: Option<(usize, &str, Address)> = None;
    for (key, value) in fields {
        let Some(found) = value.as_str().and_then(address) else {
            continue;
        };
        let plain = plain(key);
        // A name that is an address counts where nothing better is there, and something else tells of a person.
        let rank = ADDRESSES.iter().position(|name| *name == plain).or_else(|| {
            let person = PERSON.iter().any(|key| fields.contains_key(*key));
            (plain == "name" && person).then_some(ADDRESSES.len())
        });
        if let Some(rank) = rank
            && best.as_ref().is_none_or(|(other, ..)| rank < *other)
        {
            best = Some((rank, key, found));
        }
    }
    best.map(|(_, key, address)| (key, address))
}

/// The inner object about a person, with its key and its address.
pub(super) fn wrapped(fields: &Map<String, Value>) -> Option<(&str, &Map<String, Value>, Address)> {
    fields.iter().find_map(|(key, value)| {
        let inner = value.as_object()?;
        if !wraps(key) {
            return None;
        }
        let (_, address) = own_address(inner)?;
        Some((key.as_str(), inner, address))
    })
}

/// The project that an object describes.
pub(super) fn project(fields: &Map<String, Value>, key: Option<&str>) -> Option<ProjectId> {
    let own = first(fields, &["project_id", "projectId", "id"]);
    own.or_else(|| key.map(str::to_owned))?.parse().ok().map(ProjectId)
}

/// What the things under this key are.
pub(super) fn scope(key: &str, around: Scope) -> Scope {
    match &*plain(key) {
        "projects" | "project" | "byproject" | "projectusers" | "projectmembers" => match around {
            Scope::Project(Some(_)) => around,
            Scope::Project(None) | Scope::Organization | Scope::Team => Scope::Project(None),
        },
        "teams" | "team" | "groups" | "group" | "byteam" => Scope::Team,
        _ => around,
    }
}

/// Whether the field names somebody else, such as who invited the person, or is a sentence.
pub(super) fn skipped(key: &str) -> bool {
    let plain = plain(key);
    // `invited_by`, `createdBy`, but not `Kirby`.
    key.ends_with("_by") || key.ends_with("By") || OTHERS.iter().any(|word| plain.starts_with(word))
}

/// Whether the field holds a name.
pub(super) fn is_name(key: &str) -> bool {
    NAMES.contains(&&*plain(key))
}

/// Whether a key of a map looks like an id: a number, or a UUID.
pub(super) fn is_id(key: &str) -> bool {
    let digits = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let uuid = key.len() == 36 && key.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    digits || uuid
}

/// A field name in lower case without `_` and `-`.
pub(super) fn plain(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Cow::Borrowed(name);
    }
    let plain = name.chars().filter(|c| c.is_alphanumeric());
    if name.is_ascii() {
        return plain.map(|c| c.to_ascii_lowercase()).collect();
    }
    plain.flat_map(char::to_lowercase).collect()
}
