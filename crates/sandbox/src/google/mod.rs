//! Google's Directory, Reports and Cloud Identity interfaces and its token endpoint, as far as one SAML application needs them
//! (facts/identity-providers.md A3), below `/google`.
//!
//! Nobody is provisioned. Who is let in by SAML is decided for organizational units and for groups, in the admin console alone: no
//! interface shows or sets it, and so none does here. What a person decides there is said to `POST /_sandbox/workspace`.

mod directory;
mod identity;
mod operations;
mod reports;
mod shapes;
mod token;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::operations::Operation;
use crate::wire::{Answer, Call, Reply};
use crate::world::{Workspace, World};

pub(crate) use token::private_key;

/// The paths of its addresses.
pub(crate) const PREFIX: &str = "/google";
pub(crate) const IDENTITY: &str = "/google/identity";
pub(crate) const TOKEN: &str = "/google/token";

/// An error document of the Directory and Reports interfaces.
fn failure(status: u16, message: &str, domain: &str, reason: &str, word: &str) -> Reply {
    let errors = json!([{"message": message, "domain": domain, "reason": reason}]);
    Reply::json(status, &json!({"error": {"code": status, "message": message, "errors": errors, "status": word}}))
}

/// Nothing of this key; the message names the place of the key in the path.
fn missing(what: &str) -> Reply {
    failure(404, &format!("Resource Not Found: {what}"), "global", "notFound", "NOT_FOUND")
}

fn invalid(what: &str) -> Reply {
    failure(400, &format!("Invalid Input: {what}"), "global", "invalid", "INVALID_ARGUMENT")
}

fn forbidden(message: &str) -> Reply {
    failure(403, message, "global", "forbidden", "PERMISSION_DENIED")
}

/// What a fault answers here instead of the vendor's envelope. A limit has no time at which it ends.
pub(crate) fn fault(status: u16) -> Reply {
    match status {
        429 => failure(429, "Rate Limit Exceeded", "usageLimits", "rateLimitExceeded", "RESOURCE_EXHAUSTED"),
        404 => failure(404, "Not Found", "global", "notFound", "NOT_FOUND"),
        _ => failure(500, "Internal error encountered.", "global", "backendError", "INTERNAL"),
    }
}

/// Answers a call.
pub(crate) fn answer(world: &mut World, call: &Call, now: Timestamp) -> Answer {
    if call.path == TOKEN {
        return token::give(&world.workspace, call, now);
    }
    let segments: Vec<String> = call.segments().into_iter().skip(1).collect();
    let (known, named) = operations::find(&call.method, &segments)
        .ok_or_else(|| failure(404, "Not Found", "global", "notFound", "NOT_FOUND"))?;
    let grant = token::grant(call, now).ok_or_else(|| {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
                       authentication credential.";
        failure(401, message, "global", "authError", "UNAUTHENTICATED")
    })?;
    let allowed = known.scopes.iter().any(|scope| grant.scopes.iter().any(|given| given == scope));
    if !allowed {
        let message = "Request had insufficient authentication scopes.";
        return Err(failure(403, message, "global", "insufficientPermissions", "PERMISSION_DENIED"));
    }
    // The service account itself is nobody in the workspace: it acts for an administrator, or may nothing.
    if !world.workspace.user(&grant.subject).is_some_and(|user| user.admin && !user.suspended) {
        return Err(forbidden("Not Authorized to access this resource/api"));
    }
    let parameters = crate::wire::pairs(&call.query);
    let unknown = parameters
        .iter()
        .find(|(name, _)| !known.query.contains(&name.as_str()) && !operations::STANDARD.contains(&name.as_str()));
    if let Some((name, _)) = unknown {
        let message = format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter.");
        return Err(failure(400, &message, "global", "badRequest", "INVALID_ARGUMENT"));
    }
    let first = named.first().copied().unwrap_or_default();
    let second = named.get(1).copied().unwrap_or_default();
    let workspace = &*world.workspace;
    match known.operation {
        Operation::UserGet => directory::user(workspace, first),
        Operation::UserList => directory::users(workspace, call),
        Operation::UserUpdate => directory::update(world, call, first, now),
        Operation::UserSignOut => directory::sign_out(world, first, now),
        Operation::TokenList => directory::tokens(workspace, first),
        Operation::TokenDelete => directory::delete_token(world, first, second),
        Operation::PasswordList => directory::passwords(workspace, first),
        Operation::PasswordDelete => directory::delete_password(world, first, second),
        Operation::GroupGet => directory::group(workspace, first),
        Operation::GroupList => directory::groups(workspace, call),
        Operation::MemberList => directory::members(workspace, call, first),
        Operation::MemberGet => directory::member(workspace, first, second),
        Operation::MemberInsert => directory::insert_member(world, call, first),
        Operation::MemberDelete => directory::delete_member(world, first, second),
        Operation::HasMember => directory::has_member(workspace, first, second),
        Operation::Activities => reports::activities(world, call, first, second, now),
        Operation::GroupLookup => identity::lookup(workspace, call),
        Operation::GroupRead => identity::group(workspace, first),
        Operation::TransitiveGroups => identity::transitive_groups(world, call, first),
        Operation::TransitiveMembership => identity::transitive_membership(world, call, first),
    }
}

/// How a list is cut into pages.
struct Pages {
    /// The parameter that says how many, and how many without it.
    size: &'static str,
    usual: usize,
    /// More than these are not given, however many are asked for.
    most: usize,
}

/// One page and the token of the next one. A token names nothing that a caller could make.
fn page(call: &Call, pages: &Pages, all: Vec<Value>) -> Result<(Vec<Value>, Option<String>), Reply> {
    let size = match call.param(pages.size) {
        None => pages.usual,
        Some(text) => text.parse().ok().filter(|size| *size > 0).ok_or_else(|| invalid(pages.size))?,
    };
    let start = match call.param("pageToken") {
        None => 0,
        Some(token) => token
            .strip_prefix("Ci0K")
            .and_then(|token| usize::from_str_radix(token, 16).ok())
            .filter(|token| token % PAGE_FACTOR == 0)
            .map(|token| token / PAGE_FACTOR)
            .ok_or_else(|| invalid("pageToken"))?,
    };
    let end = start + size.min(pages.most);
    let next = (end < all.len()).then(|| format!("Ci0K{:08x}", end * PAGE_FACTOR));
    Ok((all.into_iter().skip(start).take(end - start).collect(), next))
}

/// Makes the tokens of pages odd to look at.
const PAGE_FACTOR: usize = 7919;

/// A list in its envelope. One with nothing in it is left out, as Google does; so is the token where there is no next page.
fn listed(kind: &str, name: &str, (list, next): (Vec<Value>, Option<String>)) -> Reply {
    let mut body = json!({"kind": kind, "etag": shapes::etag(&list)});
    if let Some(body) = body.as_object_mut() {
        if !list.is_empty() {
            body.insert(name.to_owned(), Value::Array(list));
        }
        if let Some(next) = next {
            body.insert("nextPageToken".to_owned(), json!(next));
        }
    }
    Reply::json(200, &body)
}

/// Whether a customer of this name is meant: its id, or the word for one's own.
fn is_own(workspace: &Workspace, customer: &str) -> bool {
    customer == "my_customer" || customer == workspace.customer
}
