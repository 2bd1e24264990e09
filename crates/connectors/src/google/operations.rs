//! Every operation of Google's Directory, Reports and Cloud Identity that is used, with its class and source
//! (`facts/identity-providers.md` A3, and Google's own discovery documents). `{entity}` is a group; `{id}` is an account, or the group
//! itself where it alone is asked for.

use crate::operation::{Bucket, Capability, Change, Encoding, Family, Known, Read, Verb};

const fn read(name: &'static str, path: &'static str) -> Read {
    Read {
        name,
        family: Family::Provider,
        path,
        class: Known::Documented,
        bears_secret: false,
        bucket: Bucket::Provider,
    }
}

/// The reports are counted by themselves.
const fn report(name: &'static str, path: &'static str) -> Read {
    Read { bucket: Bucket::ProviderReports, ..read(name, path) }
}

const fn change(name: &'static str, path: &'static str) -> Change {
    Change {
        name,
        verb: Verb::Post,
        family: Family::Provider,
        path,
        class: Known::Documented,
        bears_secret: false,
        bucket: Bucket::Provider,
        encoding: Encoding::Json,
    }
}

/// A list: Google leaves the field out of a page without elements, and says all the same what the page is of.
#[derive(Debug)]
pub(super) struct List {
    /// How it is read.
    pub(super) read: Read,
    /// The field with the elements.
    pub(super) field: &'static str,
    /// The end of the page's `kind`.
    pub(super) kind: &'static str,
}

const fn activities(read: Read) -> List {
    List { read, field: "items", kind: "activities" }
}

/// An account by its id or one of its addresses.
pub(super) const USER: Read = read("google.user", "/admin/directory/v1/users/{id}?projection=full");
/// Accounts by a query over their addresses, aliases among them; whoever is found is read by id, because a search may be a day and a half
/// behind.
pub(super) const USERS: List =
    List { read: read("google.users.search", "/admin/directory/v1/users"), field: "users", kind: "users" };
/// The groups that an account is in itself.
pub(super) const GROUPS_OF: List = List {
    read: read("google.user.groups", "/admin/directory/v1/groups?maxResults=200"),
    field: "groups",
    kind: "groups",
};
/// A group by its id or one of its addresses.
pub(super) const GROUP: Read = read("google.group", "/admin/directory/v1/groups/{id}");
/// Whether an account is in a group, by itself or through another group.
pub(super) const MEMBER: Read = read("google.group.member", "/admin/directory/v1/groups/{entity}/hasMember/{id}");
/// What Cloud Identity calls a group.
pub(super) const LOOKUP: Read = read("google.group.lookup", "/v1/groups:lookup");
/// A group at Cloud Identity, which alone says whether a query fills it.
pub(super) const FILLED: Read = read("google.group.filled", "/v1/groups/{id}");
/// Who was let in to SAML applications, or not.
pub(super) const SIGN_INS: List =
    activities(report("google.saml", "/admin/reports/v1/activity/users/all/applications/saml?maxResults=1000"));
/// The same of one account.
pub(super) const SIGN_INS_OF: List =
    activities(report("google.saml.user", "/admin/reports/v1/activity/users/{id}/applications/saml?maxResults=1000"));
/// What administrators did.
pub(super) const ADMIN: List =
    activities(report("google.admin", "/admin/reports/v1/activity/users/all/applications/admin?maxResults=1000"));

/// Ends every session of an account on the web and on devices. Sessions inside web applications go on.
pub(super) const END_SESSIONS: Change = change("google.sessions.end", "/admin/directory/v1/users/{id}/signOut");
/// A token, from the host that gives them. Nothing changes by it but that there is one.
pub(super) const TOKEN: Change =
    Change { bears_secret: true, encoding: Encoding::Form, ..change("google.token", "/token") };

/// Everything that is read.
const READS: [&Read; 10] = [
    &USER,
    &USERS.read,
    &GROUPS_OF.read,
    &GROUP,
    &MEMBER,
    &LOOKUP,
    &FILLED,
    &SIGN_INS.read,
    &SIGN_INS_OF.read,
    &ADMIN.read,
];

/// Everything that is sent and changes something. There is no call here that takes anybody out of a group: no interface shows what else the
/// group gives. There is none that ends an account either.
const CHANGES: [&Change; 2] = [&TOKEN, &END_SESSIONS];

/// What this connector can do.
pub fn capabilities() -> Vec<Capability> {
    READS.into_iter().map(Capability::from).chain(CHANGES.into_iter().map(Capability::from)).collect()
}
