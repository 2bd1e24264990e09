//! `POST /_sandbox/workspace {does, ..}`: what happens in the Google Workspace, by people in its admin console or by itself.
//!
//! | does | fields | what happens |
//! |---|---|---|
//! | `ways` | `account`, `kinds` | the account has exactly these ways into the application: of `unit` (on for the organizational unit above its own, which inherits), `group`, `nested` (a group in a group in a group that is on), `dynamic`; it is in a group that is not on each time, which gives nothing |
//! | `log-in` | `account`, `application` | a login by SAML to the application, or to another of this name, which lets anybody in; where it succeeds the vendor makes an account just in time, for claimed domains |
//! | `set-unit` | `unit` or `account`, `on` | the application is on or off for the unit, or for that of the account; `null` inherits |
//! | `move` | `account`, `unit` | the account goes into this organizational unit |
//! | `turn-group-on`, `take-group-off` | `group` | the application is on for the group, or no more |
//! | `leave-group` | `group`, `account` | it is taken out of the group, and of every group in it; refused where one of them is dynamic and has it |
//! | `join-group` | `group`, `account` | it is put into the group |
//! | `leave-out` | `account`, `rule` | the query of this dynamic group leaves the account out |
//! | `edit-rule` | `group`, `department` | the query of this dynamic group asks for another department |
//! | `set-rule-status` | `group`, `status` | `UP_TO_DATE`, `UPDATING_MEMBERSHIPS` or `INVALID_QUERY`: but for the first, members stay as they are |
//! | `edit-profile` | `account`, `department` | the queries of dynamic groups are worked out anew |
//! | `suspend`, `restore` | `account` | the account cannot sign in, or can again |
//! | `copy-account` | `account` | another account with the same address as an alias |
//! | `recycle-address` | `account` | the account is deleted, and another person gets a new one with its address |
//! | `delegate` | `scopes` | domain-wide delegation has these scopes alone, without `https://www.googleapis.com/auth/` |
//!
//! An account is named by id, address or alias, a group by id or address.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::provider::just_in_time;
use crate::wire::{Reply, text};
use crate::world::{MemberRefusal, SamlLogin, Workspace, WorkspaceUser, World};

/// The department of contractors, and one that nobody is of.
const CONTRACTORS: &str = "Contractors";
const NOBODY: &str = "Interns";

pub(super) fn does(world: &mut World, body: &Map<String, Value>, now: Timestamp) -> Result<Reply, Reply> {
    let field = |name: &str| {
        text(body, name).map(str::to_owned).ok_or_else(|| Reply::error(400, &format!("{name}: this field is required")))
    };
    let texts = |name: &str| -> BTreeSet<String> {
        let list = body.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let deed = field("does")?;
    let account = match text(body, "account") {
        Some(name) => world.workspace.user(name).map(|user| user.id.clone()).ok_or_else(missing)?,
        None => String::new(),
    };
    let group = match text(body, "group").or_else(|| text(body, "rule")) {
        Some(name) => world.workspace.group(name).map(|group| group.id.clone()).ok_or_else(no_group)?,
        None => String::new(),
    };
    if deed == "log-in" {
        return Ok(log_in(world, &account, text(body, "application"), now));
    }
    let workspace = Arc::make_mut(&mut world.workspace);
    match deed.as_str() {
        "ways" => ways(workspace, &account, &texts("kinds")),
        "set-unit" => {
            let unit = match text(body, "unit") {
                Some(unit) => unit.to_owned(),
                None => of(workspace, &account)?.unit.clone(),
            };
            let on = body.get("on").and_then(Value::as_bool);
            *workspace.units.get_mut(&unit).ok_or_else(no_unit)? = on;
        }
        "move" => {
            let unit = field("unit")?;
            if !workspace.units.contains_key(&unit) {
                return Err(no_unit());
            }
            of(workspace, &account)?.unit = unit;
        }
        "turn-group-on" | "take-group-off" => {
            workspace.groups.get_mut(&group).ok_or_else(no_group)?.on = deed == "turn-group-on";
        }
        "leave-group" => leave_group(workspace, &group, &account)?,
        "join-group" => workspace.join(&group, &account).map_err(refused)?,
        "leave-out" => {
            let address = of(workspace, &account)?.email.clone();
            query(workspace, &group)?.excluded.insert(address);
            workspace.apply_queries();
        }
        "edit-rule" => {
            query(workspace, &group)?.department = field("department")?;
            workspace.apply_queries();
        }
        "set-rule-status" => {
            query(workspace, &group)?.status = field("status")?;
            workspace.apply_queries();
        }
        "edit-profile" => {
            of(workspace, &account)?.department = field("department")?;
            workspace.apply_queries();
        }
        "suspend" | "restore" => of(workspace, &account)?.suspended = deed == "suspend",
        "copy-account" => {
            let id = workspace.fresh_user();
            let mut copy = of(workspace, &account)?.clone();
            copy.id.clone_from(&id);
            // Google keeps addresses apart; that two bear one is what a merger of domains leaves behind.
            copy.aliases.push(copy.email.clone());
            copy.email = format!("second.{}", copy.email);
            workspace.users.insert(id, copy);
        }
        "recycle-address" => {
            let id = workspace.fresh_user();
            let old = of(workspace, &account)?.clone();
            workspace.forget(&account);
            let (first, last) = ("Robin".to_owned(), "Newcomer".to_owned());
            let (department, unit) = ("Product".to_owned(), "/".to_owned());
            let new = WorkspaceUser {
                id: id.clone(),
                aliases: Vec::new(),
                first,
                last,
                department,
                unit,
                admin: false,
                suspended: false,
                created: now,
                last_login: None,
                signed_out: None,
                tokens: BTreeMap::new(),
                passwords: BTreeMap::new(),
                ..old
            };
            workspace.users.insert(id, new);
            workspace.apply_queries();
        }
        "delegate" => workspace.delegated = texts("scopes"),
        _ => return Err(Reply::error(400, "does: not known")),
    }
    Ok(Reply::done())
}

fn missing() -> Reply {
    Reply::error(404, "no such account in the workspace")
}

fn no_group() -> Reply {
    Reply::error(404, "no such group in the workspace")
}

fn no_unit() -> Reply {
    Reply::error(404, "no such organizational unit in the workspace")
}

fn refused(why: MemberRefusal) -> Reply {
    match why {
        MemberRefusal::NoGroup => no_group(),
        MemberRefusal::NoMember => Reply::error(404, "no such member of the group"),
        MemberRefusal::Duplicate => Reply::error(409, "it is in the group already"),
        MemberRefusal::Cycle => Reply::error(400, "the group is in that one"),
        MemberRefusal::Dynamic => Reply::error(400, "a query decides who is in this group, and nobody else"),
    }
}

fn of<'w>(workspace: &'w mut Workspace, account: &str) -> Result<&'w mut WorkspaceUser, Reply> {
    workspace.users.get_mut(account).ok_or_else(missing)
}

fn query<'w>(workspace: &'w mut Workspace, group: &str) -> Result<&'w mut crate::world::MembershipQuery, Reply> {
    let group = workspace.groups.get_mut(group).ok_or_else(no_group)?;
    group.query.as_mut().ok_or_else(|| Reply::error(400, "the group is not dynamic"))
}

/// Takes an account out of a group and of every group in it, as a person does who goes after "member through".
fn leave_group(workspace: &mut Workspace, group: &str, account: &str) -> Result<(), Reply> {
    let mut among = workspace.all_members_of(group);
    if !among.contains(account) {
        return Err(refused(MemberRefusal::NoMember));
    }
    among.insert(group.to_owned());
    among.retain(|id| workspace.groups.get(id).is_some_and(|group| group.members.contains(account)));
    for id in among {
        workspace.leave(&id, account).map_err(refused)?;
    }
    Ok(())
}

/// Gives the account exactly these ways. This is how things are, not something that happens.
fn ways(workspace: &mut Workspace, account: &str, kinds: &BTreeSet<String>) {
    let wants = |kind: &str| kinds.contains(kind);
    let Some(user) = workspace.users.get_mut(account) else { return };
    user.suspended = false;
    user.department = if wants("dynamic") { CONTRACTORS.to_owned() } else { "Elsewhere".to_owned() };
    let (own, address) = (user.unit.clone(), user.email.clone());
    // Its own unit says nothing; what it inherits comes from the one above.
    let above = own.rsplit_once('/').map(|(above, _)| above.to_owned()).filter(|above| !above.is_empty());
    if let Some(above) = above {
        workspace.units.insert(own, None);
        workspace.units.insert(above, wants("unit").then_some(true));
    } else {
        workspace.units.insert(own, Some(wants("unit")));
    }
    let inner: BTreeSet<String> = workspace.groups.values().flat_map(|group| group.inner.iter().cloned()).collect();
    for group in workspace.groups.values_mut() {
        let member = match &mut group.query {
            Some(query) => {
                query.excluded.remove(&address);
                // Without this way the query is not one that a changed profile would fit.
                query.department = if wants("dynamic") { CONTRACTORS.to_owned() } else { NOBODY.to_owned() };
                "UP_TO_DATE".clone_into(&mut query.status);
                continue;
            }
            None if inner.contains(&group.id) => group.inner.is_empty() && wants("nested"),
            // A group with others in it has accounts through them alone.
            None if !group.inner.is_empty() => false,
            None if group.on => wants("group"),
            None => group.members.contains(account),
        };
        if member {
            group.members.insert(account.to_owned());
        } else {
            group.members.remove(account);
        }
    }
    workspace.apply_queries();
}

/// Signs in by SAML.
fn log_in(world: &mut World, account: &str, application: Option<&str>, now: Timestamp) -> Reply {
    let workspace = Arc::make_mut(&mut world.workspace);
    let Some(user) = workspace.users.get(account).cloned() else { return missing() };
    let other = application.filter(|name| *name != workspace.application).map(str::to_owned);
    let success = if other.is_some() { !user.suspended } else { workspace.is_on(account) };
    let ours = other.is_none();
    workspace.logins.push(SamlLogin {
        at: now,
        user: user.id.clone(),
        email: user.email.clone(),
        unit: user.unit.clone(),
        application: other.unwrap_or_else(|| workspace.application.clone()),
        success,
    });
    if !user.suspended
        && let Some(user) = workspace.users.get_mut(account)
    {
        user.last_login = Some(now);
    }
    if !success || !ours {
        return Reply::json(200, &json!({"status": "ok", "signed_in": false}));
    }
    just_in_time(world, &user.email, &format!("{} {}", user.first, user.last), now)
}
