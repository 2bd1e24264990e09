//! Every operation of Microsoft Graph that is used, with its class and source (`facts/identity-providers.md` A2).
//! `{entity}` is the application's service principal, or the group that is left; `{id}` is what is named in it.

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

/// The reports have a limit of their own: five requests in ten seconds.
const fn report(name: &'static str, path: &'static str) -> Read {
    Read { bucket: Bucket::ProviderReports, ..read(name, path) }
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
        encoding: Encoding::Json,
    }
}

/// What is read of an account.
macro_rules! of_a_user {
    () => {
        "$select=id,userPrincipalName,mail,otherMails,proxyAddresses,accountEnabled,userType,signInSessionsValidFromDateTime"
    };
}

/// An account by its id or its principal name: the authoritative read.
pub(super) const USER: Read = read("entra.user", concat!("/v1.0/users/{id}?", of_a_user!()));
/// Accounts by an expression; whoever is found is read by id.
pub(super) const USERS: Read = read("entra.users.search", concat!("/v1.0/users?", of_a_user!()));
/// The groups that an account is in itself; membership through another group gives no application.
pub(super) const MEMBER_OF: Read = read("entra.user.groups", "/v1.0/users/{id}/memberOf?$top=999");
/// What an account has, by itself and through the groups that it is in itself.
pub(super) const USER_GIVEN: Read = read("entra.user.assignments", "/v1.0/users/{id}/appRoleAssignments?$top=999");
/// The application.
pub(super) const APP: Read = read(
    "entra.app",
    "/v1.0/servicePrincipals/{entity}?$select=id,appId,displayName,accountEnabled,appRoleAssignmentRequired",
);
/// To whom the application is given: accounts and groups.
pub(super) const ASSIGNED: Read =
    read("entra.app.assigned", "/v1.0/servicePrincipals/{entity}/appRoleAssignedTo?$top=999");
/// One group.
pub(super) const GROUP: Read = read(
    "entra.group",
    "/v1.0/groups/{id}?$select=id,displayName,groupTypes,mailEnabled,securityEnabled,onPremisesSyncEnabled,isAssignableToRole,membershipRule,membershipRuleProcessingState,assignedLicenses",
);
/// The applications that a group gives.
pub(super) const GROUP_GIVES: Read = read("entra.group.assignments", "/v1.0/groups/{id}/appRoleAssignments?$top=999");
/// The jobs that provision the application.
pub(super) const JOBS: Read = read("entra.jobs", "/v1.0/servicePrincipals/{entity}/synchronization/jobs");
/// The settings of those jobs. Graph keeps the credentials among them to itself. Under v1.0 they are written only; the vendor's page about
/// them, "Skip deletion of user accounts that go out of scope", reads them under beta.
pub(super) const SETTINGS: Read = Read {
    bears_secret: true,
    ..read("entra.jobs.settings", "/beta/servicePrincipals/{entity}/synchronization/secrets")
};
/// By which rules a job looks at accounts.
pub(super) const SCHEMA: Read =
    read("entra.job.schema", "/v1.0/servicePrincipals/{entity}/synchronization/jobs/{id}/schema");
/// Who signed in, and who was refused; needs a P1 licence.
pub(super) const SIGN_INS: Read = report("entra.signins", "/v1.0/auditLogs/signIns?$top=1000");
/// What was provisioned.
pub(super) const PROVISIONED: Read = report("entra.provisioning", "/v1.0/auditLogs/provisioning?$top=1000");

/// Takes an account out of a group. `/$ref` is the membership; the same path without it would be the account.
pub(super) const LEAVE_GROUP: Change =
    change("entra.group.leave", Verb::Delete, "/v1.0/groups/{entity}/members/{id}/$ref");
/// Takes the application from an account, by the id of the assignment.
pub(super) const UNASSIGN: Change =
    change("entra.app.unassign", Verb::Delete, "/v1.0/servicePrincipals/{entity}/appRoleAssignedTo/{id}");
/// Ends every session and refresh token of an account, within minutes. Sessions inside web applications go on.
pub(super) const END_SESSIONS: Change =
    change("entra.sessions.end", Verb::Post, "/v1.0/users/{id}/revokeSignInSessions");
/// Has a job look at one account now, at most five times in ten seconds. Where something still gives the application, it makes the account.
pub(super) const SYNC_NOW: Change = Change {
    bucket: Bucket::ProviderReports,
    ..change(
        "entra.job.on-demand",
        Verb::Post,
        "/v1.0/servicePrincipals/{entity}/synchronization/jobs/{id}/provisionOnDemand",
    )
};
/// A token for Graph, from the login host. Nothing changes by it but that there is one.
pub(super) const TOKEN: Change = Change {
    bears_secret: true,
    encoding: Encoding::Form,
    ..change("entra.token", Verb::Post, "/{entity}/oauth2/v2.0/token")
};

/// Everything that is read.
const READS: [&Read; 13] = [
    &USER,
    &USERS,
    &MEMBER_OF,
    &USER_GIVEN,
    &APP,
    &ASSIGNED,
    &GROUP,
    &GROUP_GIVES,
    &JOBS,
    &SETTINGS,
    &SCHEMA,
    &SIGN_INS,
    &PROVISIONED,
];

/// Everything that is sent and changes something. There is no call here that ends an account or a group, takes a group off an
/// application, or starts, stops or restarts a job: those touch more than the one application of the one person.
pub(super) const CHANGES: [&Change; 5] = [&TOKEN, &LEAVE_GROUP, &UNASSIGN, &END_SESSIONS, &SYNC_NOW];

/// What this connector can do.
pub fn capabilities() -> Vec<Capability> {
    READS.into_iter().map(Capability::from).chain(CHANGES.into_iter().map(Capability::from)).collect()
}
