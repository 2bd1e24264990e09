//! `POST /_sandbox/tenant {does, ..}`: what happens in the tenant of Entra, by its administrators or by itself.
//!
//! | does | fields | what happens |
//! |---|---|---|
//! | `ways` | `account`, `kinds` | the account has exactly these ways into the application: of `direct`, `group`, `dynamic`, `synced`, `anyone`, `everyone-job`, and `wide` for a group that gives another application as well; it is in a group inside another one each time, which gives nothing |
//! | `edit-profile` | `account`, `department` | the rules are worked out anew, and the next cycle looks at the account |
//! | `sync` | `account` | the directory on the premises puts it back into the synced group, if it is there in that directory |
//! | `leave-directory` | `account` | it is taken out there, and the sync follows |
//! | `leave-out` | `account`, `rule` | the rule of this group leaves the account out |
//! | `require-assignment` | | only those who are given the application may sign in |
//! | `narrow-job` | | the job looks after those alone who are given the application |
//! | `set-job` | `code` | `Active`, `Paused` or `Quarantine` |
//! | `keep-unassigned` | | the job leaves whoever is not given the application any more as they are |
//! | `take-group-off` | `group` | the group gives the application no more |
//! | `restart` | | the next cycle looks at everybody |
//! | `log-in` | `account` | a login by SAML; where it succeeds the vendor makes an account just in time, for claimed domains |
//! | `disable` | `account` | the account is disabled |
//! | `make-guest` | `account` | the account is another directory's, and only a guest here |
//! | `copy-account` | `account` | another account with the same mail address as an alias |
//!
//! An account is named by id or principal name.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::provider::just_in_time;
use crate::wire::{Reply, text};
use crate::world::{Membership, SignIn, Tenant, World};

pub(super) fn does(world: &mut World, body: &Map<String, Value>, now: Timestamp) -> Result<Reply, Reply> {
    let field = |name: &str| {
        text(body, name).map(str::to_owned).ok_or_else(|| Reply::error(400, &format!("{name}: this field is required")))
    };
    let deed = field("does")?;
    let account = match text(body, "account") {
        Some(name) => world.tenant.user(name).map(|user| user.id.clone()).ok_or_else(missing)?,
        None => String::new(),
    };
    if deed == "log-in" {
        return Ok(log_in(world, &account, now));
    }
    let tenant = Arc::make_mut(&mut world.tenant);
    match deed.as_str() {
        "ways" => {
            let kinds: BTreeSet<String> = body
                .get("kinds")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            ways(tenant, &account, &kinds, now);
        }
        "edit-profile" => {
            let department = field("department")?;
            if let Some(user) = tenant.users.get_mut(&account) {
                user.department = department;
            }
            tenant.apply_rules();
            tenant.changed.insert(account);
        }
        "sync" => {
            let there = tenant.directory.contains(&account);
            for group in tenant.groups.values_mut().filter(|group| group.membership == Membership::Synced) {
                if there {
                    group.members.insert(account.clone());
                } else {
                    group.members.remove(&account);
                }
            }
            tenant.changed.insert(account);
        }
        "leave-directory" => {
            tenant.directory.remove(&account);
            for group in tenant.groups.values_mut().filter(|group| group.membership == Membership::Synced) {
                group.members.remove(&account);
            }
            tenant.changed.insert(account);
        }
        "leave-out" => {
            let group = field("rule")?;
            let group = tenant.groups.get_mut(&group).ok_or_else(|| Reply::error(404, "no such group"))?;
            let Membership::Dynamic { excluded, .. } = &mut group.membership else {
                return Err(Reply::error(400, "rule: the group has none"));
            };
            excluded.insert(account);
            tenant.apply_rules();
        }
        "take-group-off" => {
            let group = field("group")?;
            let mixpanel = tenant.mixpanel.clone();
            tenant.take(&group, &mixpanel);
            tenant.everybody_changed();
        }
        "require-assignment" => tenant.required = true,
        "narrow-job" => {
            tenant.job.everyone = false;
            tenant.everybody_changed();
        }
        "set-job" => tenant.job.code = field("code")?,
        "keep-unassigned" => tenant.job.keeps = true,
        "restart" => tenant.everybody_changed(),
        "disable" => {
            if let Some(user) = tenant.users.get_mut(&account) {
                user.enabled = false;
            }
            tenant.changed.insert(account);
        }
        "make-guest" => {
            if let Some(user) = tenant.users.get_mut(&account) {
                user.guest = true;
                user.upn = format!("{}#EXT#@tenant.example", user.mail.replace('@', "_"));
            }
        }
        "copy-account" => {
            let id = tenant.fresh();
            if let Some(mut copy) = tenant.users.get(&account).cloned() {
                copy.aliases.push(copy.mail.clone());
                copy.id.clone_from(&id);
                copy.upn = format!("second.{}", copy.upn);
                copy.mail.clone_from(&copy.upn);
                tenant.users.insert(id, copy);
            }
        }
        _ => return Err(Reply::error(400, "does: not known")),
    }
    Ok(Reply::done())
}

fn missing() -> Reply {
    Reply::error(404, "no such account in the tenant")
}

/// Gives the account exactly these ways. This is how things are, not something that happens: the job has seen it all.
fn ways(tenant: &mut Tenant, account: &str, kinds: &BTreeSet<String>, now: Timestamp) {
    let wants = |kind: &str| kinds.contains(kind);
    let mixpanel = tenant.mixpanel.clone();
    tenant.take(account, &mixpanel);
    if wants("direct") {
        tenant.give(account, &mixpanel, now);
    }
    tenant.required = !wants("anyone");
    tenant.job.everyone = wants("everyone-job");
    if wants("synced") {
        tenant.directory.insert(account.to_owned());
    } else {
        tenant.directory.remove(account);
    }
    let given: BTreeSet<String> =
        tenant.given.iter().filter(|one| one.resource == mixpanel).map(|one| one.principal.clone()).collect();
    let wide: BTreeSet<String> =
        tenant.given.iter().filter(|one| one.resource != mixpanel).map(|one| one.principal.clone()).collect();
    let inner: BTreeSet<String> = tenant.groups.values().flat_map(|group| group.nested.iter().cloned()).collect();
    let mut department = None;
    for group in tenant.groups.values_mut() {
        let member = match &mut group.membership {
            Membership::Dynamic { department: of, excluded, on } => {
                excluded.remove(account);
                // Without this way the rule is not one for anybody.
                *on = wants("dynamic");
                department = Some(of.clone());
                wants("dynamic")
            }
            Membership::Synced => wants("synced"),
            Membership::Assigned if inner.contains(&group.id) => true,
            Membership::Assigned if !given.contains(&group.id) => group.members.contains(account),
            Membership::Assigned if wide.contains(&group.id) => wants("wide"),
            Membership::Assigned => wants("group"),
        };
        if member {
            group.members.insert(account.to_owned());
        } else {
            group.members.remove(account);
        }
    }
    if let Some(user) = tenant.users.get_mut(account) {
        user.department = department.filter(|_| wants("dynamic")).unwrap_or_else(|| "Elsewhere".to_owned());
    }
    tenant.changed.clear();
}

/// Signs in by SAML.
fn log_in(world: &mut World, account: &str, now: Timestamp) -> Reply {
    let tenant = Arc::make_mut(&mut world.tenant);
    let Some(user) = tenant.users.get(account).cloned() else { return missing() };
    let code = match (user.enabled, !tenant.required || tenant.has(account)) {
        (false, _) => 50_057,
        (true, false) => 50_105,
        (true, true) => 0,
    };
    tenant.sign_ins.push(SignIn { at: now, user: account.to_owned(), code });
    if code != 0 {
        return Reply::json(200, &json!({"status": "ok", "signed_in": false}));
    }
    just_in_time(world, &user.mail, &format!("{} {}", user.first, user.last), now)
}
