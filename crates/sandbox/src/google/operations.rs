//! The calls that the twin knows, out of the discovery documents of revision 20261104, 20260929 and 20261019
//! (facts/identity-providers.md A3): where they are, what they may be asked, and which scopes they need.

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    UserGet,
    UserList,
    UserUpdate,
    UserSignOut,
    GroupGet,
    GroupList,
    MemberList,
    MemberGet,
    MemberInsert,
    MemberDelete,
    HasMember,
    TokenList,
    TokenDelete,
    PasswordList,
    PasswordDelete,
    Activities,
    GroupLookup,
    GroupRead,
    TransitiveGroups,
    TransitiveMembership,
}

/// Where a call is, and what it takes.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) operation: Operation,
    method: &'static str,
    /// `{}` stands for whatever is named there.
    path: &'static str,
    /// The query parameters of its own.
    pub(super) query: &'static [&'static str],
    /// One of these is enough; without what stands before them in full.
    pub(super) scopes: &'static [&'static str],
}

/// What every call takes. A mask of fields is none of the twin's: it would have to cut answers as Google does.
pub(super) const STANDARD: [&str; 4] = ["alt", "prettyPrint", "quotaUser", "$.xgafv"];

/// What scopes begin with.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/";

const USER: &[&str] = &["admin.directory.user", "admin.directory.user.readonly"];
const SECURITY: &[&str] = &["admin.directory.user.security"];
const GROUP: &[&str] = &["admin.directory.group", "admin.directory.group.readonly"];
const MEMBER: &[&str] = &[
    "admin.directory.group",
    "admin.directory.group.member",
    "admin.directory.group.member.readonly",
    "admin.directory.group.readonly",
];
const MEMBER_WRITE: &[&str] = &["admin.directory.group", "admin.directory.group.member"];
const IDENTITY: &[&str] = &["cloud-identity.groups", "cloud-identity.groups.readonly"];

const fn known(
    operation: Operation,
    method: &'static str,
    path: &'static str,
    query: &'static [&'static str],
    scopes: &'static [&'static str],
) -> Known {
    Known { operation, method, path, query, scopes }
}

const ALL: &[Known] = &[
    known(
        Operation::UserGet,
        "GET",
        "admin/directory/v1/users/{}",
        &["customFieldMask", "projection", "viewType"],
        USER,
    ),
    known(
        Operation::UserList,
        "GET",
        "admin/directory/v1/users",
        &[
            "customFieldMask",
            "customer",
            "domain",
            "event",
            "maxResults",
            "orderBy",
            "pageToken",
            "projection",
            "query",
            "showDeleted",
            "sortOrder",
            "viewType",
        ],
        USER,
    ),
    known(Operation::UserUpdate, "PUT", "admin/directory/v1/users/{}", &[], &["admin.directory.user"]),
    known(Operation::UserSignOut, "POST", "admin/directory/v1/users/{}/signOut", &[], SECURITY),
    known(Operation::TokenList, "GET", "admin/directory/v1/users/{}/tokens", &[], SECURITY),
    known(Operation::TokenDelete, "DELETE", "admin/directory/v1/users/{}/tokens/{}", &[], SECURITY),
    known(Operation::PasswordList, "GET", "admin/directory/v1/users/{}/asps", &[], SECURITY),
    known(Operation::PasswordDelete, "DELETE", "admin/directory/v1/users/{}/asps/{}", &[], SECURITY),
    known(Operation::GroupGet, "GET", "admin/directory/v1/groups/{}", &[], GROUP),
    known(
        Operation::GroupList,
        "GET",
        "admin/directory/v1/groups",
        &["customer", "domain", "maxResults", "orderBy", "pageToken", "query", "sortOrder", "userKey"],
        GROUP,
    ),
    known(
        Operation::MemberList,
        "GET",
        "admin/directory/v1/groups/{}/members",
        &["includeDerivedMembership", "maxResults", "pageToken", "roles"],
        MEMBER,
    ),
    known(Operation::MemberInsert, "POST", "admin/directory/v1/groups/{}/members", &[], MEMBER_WRITE),
    known(Operation::MemberGet, "GET", "admin/directory/v1/groups/{}/members/{}", &[], MEMBER),
    known(Operation::MemberDelete, "DELETE", "admin/directory/v1/groups/{}/members/{}", &[], MEMBER_WRITE),
    known(Operation::HasMember, "GET", "admin/directory/v1/groups/{}/hasMember/{}", &[], MEMBER),
    known(
        Operation::Activities,
        "GET",
        "admin/reports/v1/activity/users/{}/applications/{}",
        &["customerId", "endTime", "eventName", "filters", "maxResults", "orgUnitID", "pageToken", "startTime"],
        &["admin.reports.audit.readonly"],
    ),
    known(Operation::GroupLookup, "GET", "identity/v1/groups:lookup", &["groupKey.id", "groupKey.namespace"], IDENTITY),
    known(Operation::GroupRead, "GET", "identity/v1/groups/{}", &[], IDENTITY),
    known(
        Operation::TransitiveGroups,
        "GET",
        "identity/v1/groups/{}/memberships:searchTransitiveGroups",
        &["pageSize", "pageToken", "query"],
        IDENTITY,
    ),
    known(
        Operation::TransitiveMembership,
        "GET",
        "identity/v1/groups/{}/memberships:checkTransitiveMembership",
        &["query"],
        IDENTITY,
    ),
];

/// The call of this method and path, and what its path names.
pub(super) fn find<'p>(method: &str, parts: &'p [String]) -> Option<(&'static Known, Vec<&'p str>)> {
    ALL.iter().filter(|known| known.method == method).find_map(|known| {
        let wanted: Vec<&str> = known.path.split('/').collect();
        if wanted.len() != parts.len() {
            return None;
        }
        let mut named = Vec::new();
        for (wanted, part) in wanted.into_iter().zip(parts) {
            // What stands behind a colon is what is to be done, and no part of a name.
            if wanted == "{}" && !part.contains(':') {
                named.push(part.as_str());
            } else if wanted != part {
                return None;
            }
        }
        Some((known, named))
    })
}
