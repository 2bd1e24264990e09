//! The Directory interface.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Pages, failure, invalid, is_own, listed, missing, page, shapes};
use crate::wire::{Answer, Call, Reply};
use crate::world::{MemberRefusal, Workspace, WorkspaceGroup, WorkspaceUser, World};

const USERS: Pages = Pages { size: "maxResults", usual: 100, most: 500 };
const GROUPS: Pages = Pages { size: "maxResults", usual: 200, most: 200 };

fn of_user<'w>(workspace: &'w Workspace, key: &str) -> Result<&'w WorkspaceUser, Reply> {
    workspace.user(key).ok_or_else(|| missing("userKey"))
}

fn of_group<'w>(workspace: &'w Workspace, key: &str) -> Result<&'w WorkspaceGroup, Reply> {
    workspace.group(key).ok_or_else(|| missing("groupKey"))
}

/// Done, and nothing to say about it.
fn done(kind: &'static str, op: &'static str, id: &str) -> Reply {
    let mut reply = Reply::json(204, &Value::Null).did(kind, op, id);
    reply.body = Vec::new();
    reply
}

pub(super) fn user(workspace: &Workspace, key: &str) -> Answer {
    of_user(workspace, key).map(|user| Reply::json(200, &shapes::user(workspace, user)))
}

/// Whoever fits every clause of `query`: `field:value` and `field=value`, and a star at the end for whatever begins so.
pub(super) fn users(workspace: &Workspace, call: &Call) -> Answer {
    let domain = call.param("domain").map(|domain| format!("@{}", domain.to_lowercase()));
    match call.param("customer") {
        Some(customer) if is_own(workspace, &customer) => {}
        None if domain.is_some() => {}
        Some(_) => return Err(missing("customer")),
        None => {
            let message = "Bad Request: either the customer or the domain parameter must be provided";
            return Err(failure(400, message, "global", "badRequest", "INVALID_ARGUMENT"));
        }
    }
    let clauses: Option<Vec<Clause>> =
        call.param("query").unwrap_or_default().split_whitespace().map(Clause::parse).collect();
    let clauses = clauses.ok_or_else(|| invalid("query"))?;
    let fits = |user: &&WorkspaceUser| {
        domain.as_ref().is_none_or(|domain| user.email.to_lowercase().ends_with(domain))
            && clauses.iter().all(|clause| clause.fits(user))
    };
    // Whoever was deleted is not kept here.
    let users = if call.param("showDeleted").as_deref() == Some("true") {
        Vec::new()
    } else {
        workspace.users.values().filter(fits).map(|user| shapes::user(workspace, user)).collect()
    };
    Ok(listed("admin#directory#users", "users", page(call, &USERS, users)?))
}

struct Clause {
    field: String,
    value: String,
    /// It is enough that it begins so.
    begins: bool,
}

impl Clause {
    fn parse(text: &str) -> Option<Self> {
        let (field, value) = text.split_once([':', '='])?;
        if !["email", "isSuspended", "orgUnitPath"].contains(&field) {
            return None;
        }
        let value = value.trim_matches(['\'', '"']);
        let (value, begins) = value.strip_suffix('*').map_or((value, false), |value| (value, true));
        (!value.is_empty()).then(|| Self { field: field.to_owned(), value: value.to_lowercase(), begins })
    }

    fn fits(&self, user: &WorkspaceUser) -> bool {
        let is = |text: &str| {
            let text = text.to_lowercase();
            if self.begins { text.starts_with(&self.value) } else { text == self.value }
        };
        match self.field.as_str() {
            "email" => is(&user.email) || user.aliases.iter().any(|alias| is(alias)),
            "isSuspended" => is(if user.suspended { "true" } else { "false" }),
            _ => is(&user.unit),
        }
    }
}

/// `PUT`, which leaves alone whatever is not named.
pub(super) fn update(world: &mut World, call: &Call, key: &str, now: Timestamp) -> Answer {
    let body = call.object().map_err(|_| failure(400, "Parse Error", "global", "parseError", "INVALID_ARGUMENT"))?;
    let id = of_user(&world.workspace, key)?.id.clone();
    let workspace = Arc::make_mut(&mut world.workspace);
    for (name, value) in &body {
        let Some(user) = workspace.users.get_mut(&id) else { return Err(missing("userKey")) };
        match (name.as_str(), value) {
            ("suspended", Value::Bool(suspended)) => {
                user.suspended = *suspended;
                // Whoever is suspended is signed out everywhere.
                if *suspended {
                    user.signed_out = Some(now);
                }
            }
            ("orgUnitPath", Value::String(unit)) if workspace.units.contains_key(unit) => user.unit.clone_from(unit),
            ("orgUnitPath", _) => return Err(invalid("INVALID_OU_ID")),
            // Everything else of an account stays as it is in this twin.
            _ => return Err(invalid(name)),
        }
    }
    user(workspace, &id).map(|reply| reply.did("workspace-user", "update", id))
}

pub(super) fn sign_out(world: &mut World, key: &str, now: Timestamp) -> Answer {
    let id = of_user(&world.workspace, key)?.id.clone();
    if let Some(user) = Arc::make_mut(&mut world.workspace).users.get_mut(&id) {
        user.signed_out = Some(now);
    }
    Ok(done("workspace-sessions", "end", &id))
}

pub(super) fn tokens(workspace: &Workspace, key: &str) -> Answer {
    let user = of_user(workspace, key)?;
    let tokens = user.tokens.iter().map(|(client, name)| shapes::token(user, client, name)).collect();
    Ok(listed("admin#directory#tokenList", "items", (tokens, None)))
}

pub(super) fn delete_token(world: &mut World, key: &str, client: &str) -> Answer {
    let id = of_user(&world.workspace, key)?.id.clone();
    let user = Arc::make_mut(&mut world.workspace).users.get_mut(&id);
    user.and_then(|user| user.tokens.remove(client)).ok_or_else(|| missing("clientId"))?;
    Ok(done("workspace-token", "delete", client))
}

pub(super) fn passwords(workspace: &Workspace, key: &str) -> Answer {
    let user = of_user(workspace, key)?;
    let passwords = user.passwords.iter().map(|(code, name)| shapes::password(user, *code, name)).collect();
    Ok(listed("admin#directory#aspList", "items", (passwords, None)))
}

pub(super) fn delete_password(world: &mut World, key: &str, code: &str) -> Answer {
    let id = of_user(&world.workspace, key)?.id.clone();
    let number: u64 = code.parse().map_err(|_| invalid("codeId"))?;
    let user = Arc::make_mut(&mut world.workspace).users.get_mut(&id);
    user.and_then(|user| user.passwords.remove(&number)).ok_or_else(|| missing("codeId"))?;
    Ok(done("workspace-password", "delete", code))
}

pub(super) fn group(workspace: &Workspace, key: &str) -> Answer {
    of_group(workspace, key).map(|group| Reply::json(200, &shapes::group(group)))
}

/// Every group of the customer or of a domain, or those that an account or a group is in itself.
pub(super) fn groups(workspace: &Workspace, call: &Call) -> Answer {
    if call.param("query").is_some() {
        // What a search finds is not this twin's.
        return Err(invalid("query"));
    }
    let (member, customer, domain) = (call.param("userKey"), call.param("customer"), call.param("domain"));
    let shown: Vec<Value> = match (member, customer, domain) {
        (Some(_), Some(_), _) | (None, None, None) => {
            return Err(failure(400, "Bad Request", "global", "badRequest", "INVALID_ARGUMENT"));
        }
        (Some(member), None, _) => {
            let entity = workspace.entity(&member).ok_or_else(|| missing("userKey"))?;
            workspace.groups_of(&entity).map(shapes::group).collect()
        }
        (None, Some(customer), _) => {
            if !is_own(workspace, &customer) {
                return Err(missing("customer"));
            }
            workspace.groups.values().map(shapes::group).collect()
        }
        (None, None, Some(domain)) => {
            let end = format!("@{}", domain.to_lowercase());
            workspace.groups.values().filter(|group| group.email.ends_with(&end)).map(shapes::group).collect()
        }
    };
    Ok(listed("admin#directory#groups", "groups", page(call, &GROUPS, shown)?))
}

pub(super) fn members(workspace: &Workspace, call: &Call, key: &str) -> Answer {
    let group = of_group(workspace, key)?;
    // Everybody here is a plain member.
    let wanted = call.param("roles").is_none_or(|roles| roles.split(',').any(|role| role == "MEMBER"));
    let ids: Vec<String> = if call.param("includeDerivedMembership").as_deref() == Some("true") {
        workspace.all_members_of(&group.id).into_iter().collect()
    } else {
        group.members.iter().chain(&group.inner).cloned().collect()
    };
    let shown = ids.iter().filter(|_| wanted).filter_map(|id| shapes::member(workspace, id)).collect();
    Ok(listed("admin#directory#members", "members", page(call, &GROUPS, shown)?))
}

pub(super) fn member(workspace: &Workspace, key: &str, member: &str) -> Answer {
    let group = of_group(workspace, key)?;
    let id = workspace.entity(member).filter(|id| group.members.contains(id) || group.inner.contains(id));
    let shown = id.and_then(|id| shapes::member(workspace, &id)).ok_or_else(|| missing("memberKey"))?;
    Ok(Reply::json(200, &shown))
}

/// Whether an account is in a group, or in a group in it.
pub(super) fn has_member(workspace: &Workspace, key: &str, member: &str) -> Answer {
    let group = of_group(workspace, key)?;
    // Whoever is not of the workspace is no answer but an error.
    let entity = workspace.entity(member).ok_or_else(|| invalid("memberKey"))?;
    let is_member = workspace.all_members_of(&group.id).contains(&entity);
    Ok(Reply::json(200, &json!({"isMember": is_member})))
}

fn refused(why: MemberRefusal) -> Reply {
    match why {
        MemberRefusal::NoGroup => missing("groupKey"),
        MemberRefusal::NoMember => missing("memberKey"),
        MemberRefusal::Duplicate => failure(409, "Member already exists.", "global", "duplicate", "ALREADY_EXISTS"),
        MemberRefusal::Cycle => {
            failure(400, "Cyclic memberships not allowed.", "global", "cyclicMembershipsNotAllowed", "INVALID_ARGUMENT")
        }
        // No public source shows this answer: 400, and nothing done.
        MemberRefusal::Dynamic => {
            let message = "Memberships of a dynamic group cannot be changed.";
            failure(400, message, "global", "failedPrecondition", "FAILED_PRECONDITION")
        }
    }
}

pub(super) fn insert_member(world: &mut World, call: &Call, key: &str) -> Answer {
    let body = call.object().map_err(|_| failure(400, "Parse Error", "global", "parseError", "INVALID_ARGUMENT"))?;
    let named = body.get("email").or_else(|| body.get("id")).and_then(Value::as_str);
    let named = named
        .ok_or_else(|| failure(400, "Missing required field: memberKey", "global", "required", "INVALID_ARGUMENT"))?;
    let workspace = Arc::make_mut(&mut world.workspace);
    workspace.join(key, named).map_err(refused)?;
    let id = workspace.entity(named).unwrap_or_default();
    let shown = shapes::member(workspace, &id).ok_or_else(|| missing("memberKey"))?;
    Ok(Reply::json(200, &shown).did("workspace-group", "join", key))
}

pub(super) fn delete_member(world: &mut World, key: &str, member: &str) -> Answer {
    Arc::make_mut(&mut world.workspace).leave(key, member).map_err(refused)?;
    Ok(done("workspace-group", "leave", key))
}
