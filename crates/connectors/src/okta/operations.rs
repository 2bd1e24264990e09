//! Every operation of Okta's Management API that is used, with its class and source (`facts/identity-providers.md` A.1).
//! `{entity}` is the application, or the group that is left; `{id}` is what is named in it.

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

const fn delete(name: &'static str, path: &'static str) -> Change {
    Change {
        name,
        verb: Verb::Delete,
        family: Family::Provider,
        path,
        class: Known::Documented,
        bears_secret: false,
        bucket: Bucket::Provider,
        encoding: Encoding::Json,
    }
}

/// An account by its id or login: the authoritative read.
pub(super) const USER: Read = read("okta.user", "/api/v1/users/{id}");
/// Accounts by an expression; eventually consistent, so that whoever is found is read by id.
pub(super) const USERS: Read = read("okta.users.search", "/api/v1/users");
/// The groups of an account.
pub(super) const USER_GROUPS: Read = read("okta.user.groups", "/api/v1/users/{id}/groups");
/// The application.
pub(super) const APP: Read = read("okta.app", "/api/v1/apps/{entity}");
/// The accounts on the application.
pub(super) const APP_USERS: Read = read("okta.app.users", "/api/v1/apps/{entity}/users");
/// One account on the application; 404: not assigned.
pub(super) const APP_USER: Read = read("okta.app.user", "/api/v1/apps/{entity}/users/{id}");
/// The groups on the application; the least `limit` is 20.
pub(super) const APP_GROUPS: Read = read("okta.app.groups", "/api/v1/apps/{entity}/groups");
/// One group on the application; 404: not assigned.
pub(super) const APP_GROUP: Read = read("okta.app.group", "/api/v1/apps/{entity}/groups/{id}");
/// The groups that are kept as teams of the application.
pub(super) const PUSHES: Read = read("okta.app.group-push", "/api/v1/apps/{entity}/group-push/mappings");
/// One group.
pub(super) const GROUP: Read = read("okta.group", "/api/v1/groups/{id}");
/// The applications that a group gives.
pub(super) const GROUP_APPS: Read = read("okta.group.apps", "/api/v1/groups/{id}/apps");
/// The rules that fill groups.
pub(super) const RULES: Read = read("okta.rules", "/api/v1/groups/rules");
/// One rule.
pub(super) const RULE: Read = read("okta.rule", "/api/v1/groups/rules/{id}");
/// The system log, between two times: a list with an end, and not one that is followed.
pub(super) const LOG: Read = read("okta.log", "/api/v1/logs");
/// A token for a service application. Nothing changes by it but that there is one.
pub(super) const TOKEN: Change = Change {
    verb: Verb::Post,
    bears_secret: true,
    encoding: Encoding::Form,
    ..delete("okta.token", "/oauth2/v1/token")
};
/// Takes an account out of a group. Okta leaves the account out of the rule that put it there.
pub(super) const LEAVE_GROUP: Change = delete("okta.group.leave", "/api/v1/groups/{entity}/users/{id}");
/// Takes the application from an account, without a mail to them; what the application's profile held of them is lost.
pub(super) const UNASSIGN: Change = delete("okta.app.unassign", "/api/v1/apps/{entity}/users/{id}?sendEmail=false");

/// Ends every session and refresh token of an account. Devices that it trusts stay trusted; sessions inside web applications go on.
pub(super) const END_SESSIONS: Change =
    delete("okta.sessions.end", "/api/v1/users/{id}/sessions?oauthTokens=true&forgetDevices=false");

/// Everything that is read.
const READS: [&Read; 14] = [
    &USER,
    &USERS,
    &USER_GROUPS,
    &APP,
    &APP_USERS,
    &APP_USER,
    &APP_GROUPS,
    &APP_GROUP,
    &PUSHES,
    &GROUP,
    &GROUP_APPS,
    &RULES,
    &RULE,
    &LOG,
];

/// Everything that changes something. There is no call here that ends an account or takes a group off an application.
const CHANGES: [&Change; 4] = [&TOKEN, &LEAVE_GROUP, &UNASSIGN, &END_SESSIONS];

/// What this connector can do.
pub fn capabilities() -> Vec<Capability> {
    READS.into_iter().map(Capability::from).chain(CHANGES.into_iter().map(Capability::from)).collect()
}
