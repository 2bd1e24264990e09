//! `POST /_sandbox/person {as, does, target, ..}`: what a person does by hand, under the page's role rules.
//!
//! | does | target | more fields |
//! |---|---|---|
//! | `delete-member` | address or user id | |
//! | `set-role` | address or user id | `role`; with `project` a project role, else an organization role |
//! | `leave-project` | address or user id | `project` |
//! | `leave-team` | address or user id | `team` |
//! | `leave-data-view` | address or user id | `data_view` |
//! | `revoke-invitation` | address | |
//! | `disable-public-link` | board id | |
//! | `pause-automation` | automation id | |
//! | `unshare` | board id, or `kind/id` with a kind of the state document | `address` of the person to take off |
//! | `invite` | address | `role` (default `member`), `name`; the person accepts at once, gets a new user id and what an invitation had waiting. With `pending: true` the invitation waits; then `project` with `project_role` (default `consumer`) says where |
//! | `log-in` | address or user id | tries to log in; who is no active member is refused, and the audit log shows either |
//! | `export-events` | project id | downloads the events of the project, which only the audit log shows |
//! | `use-service-account` | service account id | anybody may, member or not: whoever holds the secret calls |

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::vendor::stamp;
use crate::wire::{Reply, loose_id, text};
use crate::world::{Invitation, Item, Key, Kind, Member, OrgRole, Refused, Role, Who, World};

/// Whether the deed was done; a refusal is an answer too.
pub(super) fn does(world: &mut World, body: &Map<String, Value>, now: Timestamp) -> Result<Reply, Reply> {
    let field = |name: &str| -> Result<String, Reply> {
        let value = body.get(name);
        value
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| value.and_then(Value::as_u64).map(|number| number.to_string()))
            .ok_or_else(|| Reply::error(400, &format!("{name}: this field is required")))
    };
    let who = field("as")?;
    let deed = field("does")?;
    let target = field("target")?;
    let done = match deed.as_str() {
        "use-service-account" => use_service_account(world, &target, now),
        // Whether it succeeds is the audit log's to tell.
        "log-in" => Ok(()),
        "export-events" => export_events(world, &who, &target),
        "delete-member" => delete_member(world, &who, &target).map(drop),
        "set-role" => set_role(world, &who, &target, body),
        "leave-project" => leave_project(world, &who, &target, body),
        "leave-team" => leave_team(world, &who, &target, body),
        "leave-data-view" => leave_data_view(world, &who, &target, body),
        "revoke-invitation" => revoke_invitation(world, &who, &target),
        "disable-public-link" => disable_public_link(world, &who, &target),
        "pause-automation" => pause_automation(world, &who, &target, now),
        "unshare" => unshare(world, &who, &target, body),
        "invite" => invite(world, &who, &target, body, now),
        _ => return Err(Reply::error(400, "does: not known")),
    };
    done.map(|()| Reply::done()).map_err(|Refused { status, why }| Reply::error(status, why))
}

fn refuse<T>(status: u16, why: &'static str) -> Result<T, Refused> {
    Err(Refused { status, why })
}

fn person(world: &World, target: &str) -> Result<Arc<Member>, Refused> {
    world
        .member_by_target(target)
        .cloned()
        .ok_or(Refused { status: 404, why: "nobody with this address or id is a member" })
}

/// Takes somebody out of the organization, as the page's Delete button does; answers the user id.
pub(crate) fn delete_member(world: &mut World, who: &str, target: &str) -> Result<u64, Refused> {
    let actor = world.acting(who)?;
    let target = person(world, target)?;
    world.may_remove(&actor, &target)?;
    world.drop_member(target.who.id);
    Ok(target.who.id)
}

fn set_role(world: &mut World, who: &str, target: &str, body: &Map<String, Value>) -> Result<(), Refused> {
    let actor = world.acting(who)?;
    let target = person(world, target)?;
    let role = text(body, "role").unwrap_or_default();
    if let Some(project) = loose_id(body.get("project")) {
        world.may_manage_project(&actor, project)?;
        let Some(role) = Role::parse(role) else {
            return refuse(400, "role: not a project role");
        };
        if world.project_role(&actor, project).is_none_or(|own| role > own) {
            return refuse(403, "you can only assign roles at or below your own");
        }
        world.edit_member(target.who.id, |member| {
            member.projects.insert(project, role);
        });
        return Ok(());
    }
    let Some(role) = OrgRole::parse(role) else {
        return refuse(400, "role: not an organization role");
    };
    world.may_set_role(&actor, &target, role)?;
    world.set_role(target.who.id, role);
    Ok(())
}

/// Ends the individual grant, and the team grants too if the actor manages the organization.
fn leave_project(world: &mut World, who: &str, target: &str, body: &Map<String, Value>) -> Result<(), Refused> {
    let actor = world.acting(who)?;
    let target = person(world, target)?;
    let Some(project) = loose_id(body.get("project")).filter(|id| world.project(*id).is_some()) else {
        return refuse(404, "project: not known");
    };
    if actor.who.id != target.who.id {
        world.may_manage_project(&actor, project)?;
    }
    let id = target.who.id;
    let teams: Vec<u64> = world
        .teams
        .values()
        .filter(|team| team.members.contains(&id) && team.projects.contains_key(&project))
        .map(|team| team.id)
        .collect();
    if !teams.is_empty() && !actor.role.manages_people() {
        return refuse(403, "access comes through a team: only organization owners and admins can end it");
    }
    if teams.is_empty() && !target.projects.contains_key(&project) {
        return refuse(409, "there is no individual or team grant; an all-users grant cannot be ended for one person");
    }
    world.edit_member(id, |member| {
        member.projects.remove(&project);
    });
    for team in teams {
        if let Some(team) = Arc::make_mut(&mut world.teams).get_mut(&team) {
            team.members.remove(&id);
        }
    }
    Ok(())
}

fn leave_team(world: &mut World, who: &str, target: &str, body: &Map<String, Value>) -> Result<(), Refused> {
    let actor = world.acting(who)?;
    let target = person(world, target)?;
    if !actor.role.manages_people() {
        return refuse(403, "only owners and admins can change teams");
    }
    let Some(id) = loose_id(body.get("team")).filter(|id| world.teams.contains_key(id)) else {
        return refuse(404, "team: not known");
    };
    let left = Arc::make_mut(&mut world.teams).get_mut(&id).is_some_and(|team| team.members.remove(&target.who.id));
    if left { Ok(()) } else { refuse(409, "this person is not in the team") }
}

fn leave_data_view(world: &mut World, who: &str, target: &str, body: &Map<String, Value>) -> Result<(), Refused> {
    let actor = world.acting(who)?;
    let target = person(world, target)?;
    let Some(view) = loose_id(body.get("data_view")).and_then(|id| world.views.get(&id)) else {
        return refuse(404, "data_view: not known");
    };
    let (view, project) = (view.id, view.project);
    world.may_manage_project(&actor, project)?;
    if let Some(view) = Arc::make_mut(&mut world.views).get_mut(&view) {
        view.members.remove(&target.who.id);
    }
    Ok(())
}

fn revoke_invitation(world: &mut World, who: &str, target: &str) -> Result<(), Refused> {
    let actor = world.acting(who)?;
    if !actor.role.manages_people() {
        return refuse(403, "only owners and admins can revoke invitations");
    }
    let invitations = Arc::make_mut(&mut world.invitations);
    let before = invitations.len();
    invitations.retain(|one| !one.email.eq_ignore_ascii_case(target));
    if invitations.len() == before {
        return refuse(404, "no pending invitation for this address");
    }
    Ok(())
}

/// The project and kind of an item by its id; a board unless the target says `kind/id`.
fn locate(world: &World, target: &str, default: Kind) -> Result<(u64, Kind, Key), Refused> {
    let (kind, id) = target.split_once('/').unwrap_or((default.name(), target));
    let key = Key::parse(id);
    world
        .content
        .iter()
        .find(|((_, held), shelf)| held.name() == kind && shelf.contains_key(&key))
        .map(|((project, held), _)| (*project, *held, key.clone()))
        .ok_or(Refused { status: 404, why: "no such thing" })
}

fn managing(world: &World, who: &str, project: u64, item: Option<&Item>) -> Result<Arc<Member>, Refused> {
    let actor = world.acting(who)?;
    if item.is_none_or(|item| item.creator != actor.who.id) {
        world.may_manage_project(&actor, project)?;
    }
    Ok(actor)
}

fn disable_public_link(world: &mut World, who: &str, target: &str) -> Result<(), Refused> {
    let (project, kind, key) = locate(world, target, Kind::Board)?;
    let links = world.item(project, kind, &key).and_then(|board| board.number("num_active_public_links"));
    managing(world, who, project, world.item(project, kind, &key))?;
    if links.unwrap_or(0) == 0 {
        return refuse(409, "the board has no public link");
    }
    world.edit(project, kind, &key, |board| {
        board.set("num_active_public_links", json!(0));
    });
    Ok(())
}

fn pause_automation(world: &mut World, who: &str, target: &str, now: Timestamp) -> Result<(), Refused> {
    let (project, kind, key) = locate(world, target, Kind::AgentFlow)?;
    if kind != Kind::AgentFlow {
        return refuse(404, "no such automation");
    }
    managing(world, who, project, world.item(project, kind, &key))?;
    world.edit(project, kind, &key, |flow| {
        flow.set("status", json!("paused"));
        flow.set("modified", json!(stamp(now)));
    });
    Ok(())
}

fn unshare(world: &mut World, who: &str, target: &str, body: &Map<String, Value>) -> Result<(), Refused> {
    let (project, kind, key) = locate(world, target, Kind::Board)?;
    managing(world, who, project, world.item(project, kind, &key))?;
    let address = text(body, "address").unwrap_or_default().to_lowercase();
    let mut taken = false;
    world.edit(project, kind, &key, |item| {
        let before = item.shares.users.len();
        item.shares.users.retain(|(held, _)| held.email.to_lowercase() != address);
        taken = item.shares.users.len() != before;
    });
    if taken { Ok(()) } else { refuse(409, "it is not shared with this address") }
}

fn invite(
    world: &mut World,
    who: &str,
    target: &str,
    body: &Map<String, Value>,
    now: Timestamp,
) -> Result<(), Refused> {
    let actor = world.acting(who)?;
    if !actor.role.manages_people() {
        return refuse(403, "only owners and admins can invite people");
    }
    let Some(role) = OrgRole::parse(text(body, "role").unwrap_or("member")) else {
        return refuse(400, "role: not an organization role");
    };
    if role > actor.role {
        return refuse(403, "you can only assign roles at or below your own");
    }
    if !target.contains('@') {
        return refuse(400, "target: must be an address");
    }
    if world.member_by_address(target).is_some() {
        return refuse(409, "this person is a member already");
    }
    if body.get("pending").and_then(Value::as_bool) == Some(true) {
        let mut projects = BTreeMap::new();
        if let Some(project) = loose_id(body.get("project")) {
            if world.project(project).is_none() {
                return refuse(404, "project: not known");
            }
            let Some(role) = Role::parse(text(body, "project_role").unwrap_or("consumer")) else {
                return refuse(400, "project_role: not a project role");
            };
            projects.insert(project, role);
        }
        let invitation = Invitation {
            id: world.fresh_id(),
            email: target.to_owned(),
            invited_by: actor.who.id,
            invited_by_email: actor.who.email.clone(),
            role,
            projects,
            sent: stamp(now),
        };
        world.invite(invitation);
        return Ok(());
    }
    let mut projects = BTreeMap::new();
    Arc::make_mut(&mut world.invitations).retain_mut(|one| {
        let theirs = one.email.eq_ignore_ascii_case(target);
        if theirs {
            projects.append(&mut one.projects);
        }
        !theirs
    });
    let id = world.fresh_id();
    world.put_member(Member {
        who: Who { id, name: text(body, "name").unwrap_or(target).to_owned(), email: target.to_owned() },
        role,
        joined: now,
        active: true,
        projects,
    });
    Ok(())
}

fn export_events(world: &World, who: &str, project: &str) -> Result<(), Refused> {
    let actor = world.acting(who)?;
    match project.parse().ok().and_then(|project| world.project_role(&actor, project)) {
        Some(_) => Ok(()),
        None => refuse(403, "you have no access to this project"),
    }
}

fn use_service_account(world: &mut World, target: &str, now: Timestamp) -> Result<(), Refused> {
    let id = target.parse().unwrap_or_default();
    match Arc::make_mut(&mut world.service_accounts).get_mut(&id) {
        Some(account) if account.expires.is_none_or(|expires| now < expires) => {
            account.last_used = Some(now);
            Ok(())
        }
        Some(_) => refuse(403, "the service account has expired"),
        None => refuse(404, "no such service account"),
    }
}
