//! Every operation of SCIM that is used of a directory, with its class and source (`facts/identity-providers.md` A4; RFC 7644).
//! `{id}` is what is named in it.

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

const fn change(name: &'static str, verb: Verb, path: &'static str) -> Change {
    Change {
        name,
        verb,
        family: Family::Provider,
        path,
        class: Known::Documented,
        bears_secret: false,
        bucket: Bucket::Provider,
        encoding: Encoding::Scim,
    }
}

/// What the server can do.
pub(super) const CONFIG: Read = read("directory.config", "/ServiceProviderConfig");
/// Accounts: all of them, or those that a filter finds.
pub(super) const USERS: Read = read("directory.users", "/Users");
/// An account by its id: the authoritative read.
pub(super) const USER: Read = read("directory.user", "/Users/{id}");
/// Groups: all of them.
pub(super) const GROUPS: Read = read("directory.groups", "/Groups");
/// A group by its id, with its members.
pub(super) const GROUP: Read = read("directory.group", "/Groups/{id}");

/// Takes one member out of a group.
pub(super) const LEAVE_GROUP: Change = change("directory.group.leave", Verb::Patch, "/Groups/{id}");
/// A token, from the address that the configuration names. Nothing changes by it but that there is one.
pub(super) const TOKEN: Change =
    Change { bears_secret: true, encoding: Encoding::Form, ..change("directory.token", Verb::Post, "{token-address}") };

/// Everything that is read.
const READS: [&Read; 5] = [&CONFIG, &USERS, &USER, &GROUPS, &GROUP];

/// Everything that is sent and changes something. There is no call here that ends an account or a group.
const CHANGES: [&Change; 2] = [&TOKEN, &LEAVE_GROUP];

/// What this connector can do.
pub fn capabilities() -> Vec<Capability> {
    READS.into_iter().map(Capability::from).chain(CHANGES.into_iter().map(Capability::from)).collect()
}
