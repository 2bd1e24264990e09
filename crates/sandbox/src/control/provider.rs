//! `POST /_sandbox/provider {does, ..}`: what happens at the identity provider, by its administrators or by itself.
//!
//! | does | fields | what happens |
//! |---|---|---|
//! | `ways` | `account`, `kinds` | the account has exactly these ways into the application: of `direct`, `group`, `rule`, `imported`, `everyone`, `self-service`, and `wide` for a group that gives another application as well |
//! | `edit-profile` | `account`, `department` | its rules are applied, and whoever is on the application is pushed again |
//! | `import` | `account` | the directory puts it back into the imported group, if it is there in the directory |
//! | `leave-directory` | `account` | it is taken out in the directory, and the import follows |
//! | `leave-out` | `account`, `rule` | the console leaves it out of the rule |
//! | `take-group-off` | `group` | the group gives the application no more |
//! | `end-self-service` | | nobody may ask for the application |
//! | `log-in` | `account` | a login by SAML; where it succeeds the vendor makes an account just in time, for claimed domains |
//! | `set-status` | `account`, `status` | such as `DEPROVISIONED` |
//! | `fill-exclusions` | `rule` | the rule leaves out as many as it can |
//! | `copy-account` | `account` | another account with the same mail address |
//!
//! An account is named by id or login.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::okta;
use crate::wire::{Reply, text};
use crate::world::{GroupType, Member, OrgRole, Provider, Who, World};

pub(super) fn does(world: &mut World, body: &Map<String, Value>, now: Timestamp) -> Result<Reply, Reply> {
    let field = |name: &str| {
        text(body, name).map(str::to_owned).ok_or_else(|| Reply::error(400, &format!("{name}: this field is required")))
    };
    let deed = field("does")?;
    let account = match text(body, "account") {
        Some(name) => world.provider.account(name).map(|account| account.id.clone()).ok_or_else(missing)?,
        None => String::new(),
    };
    let mixpanel = world.provider.mixpanel.clone();
    let alter = |world: &mut World, change: &dyn Fn(&mut Provider)| {
        okta::change(world, now, |provider| {
            change(provider);
            Ok(())
        })
        .map_err(Reply::from)
    };
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
            // This is how things are, not something that happens: nothing is pushed.
            ways(Arc::make_mut(&mut world.provider), &account, &kinds);
        }
        "edit-profile" => {
            let department = field("department")?;
            alter(world, &|provider| {
                if let Some(who) = provider.accounts.get_mut(&account) {
                    who.department.clone_from(&department);
                }
                provider.apply_rules(&account);
            })?;
            okta::edited(world, now, &account);
        }
        "import" => alter(world, &|provider| {
            let in_directory = provider.directory.contains(&account);
            for group in provider.groups.values_mut().filter(|group| group.kind == GroupType::Imported) {
                if in_directory {
                    group.members.insert(account.clone());
                } else {
                    group.members.remove(&account);
                }
            }
        })?,
        "leave-directory" => alter(world, &|provider| {
            provider.directory.remove(&account);
            for group in provider.groups.values_mut().filter(|group| group.kind == GroupType::Imported) {
                group.members.remove(&account);
            }
        })?,
        "leave-out" => {
            let rule = field("rule")?;
            alter(world, &|provider| {
                if let Some(rule) = provider.rules.get_mut(&rule) {
                    rule.exclude.insert(account.clone());
                }
            })?;
        }
        "take-group-off" => {
            let group = field("group")?;
            alter(world, &|provider| {
                if let Some(group) = provider.groups.get_mut(&group) {
                    group.apps.remove(&mixpanel);
                }
            })?;
        }
        "end-self-service" => alter(world, &|provider| {
            if let Some(app) = provider.apps.get_mut(&mixpanel) {
                app.self_service = false;
            }
        })?,
        "set-status" => {
            let status = field("status")?;
            alter(world, &|provider| {
                if let Some(who) = provider.accounts.get_mut(&account) {
                    who.status.clone_from(&status);
                }
            })?;
        }
        "fill-exclusions" => {
            let rule = field("rule")?;
            alter(world, &|provider| {
                if let Some(rule) = provider.rules.get_mut(&rule) {
                    rule.exclude.extend((rule.exclude.len()..100).map(|number| format!("00uformer{number:011}")));
                }
            })?;
        }
        "copy-account" => alter(world, &|provider| {
            let id = provider.fresh("00u");
            if let Some(mut copy) = provider.accounts.get(&account).cloned() {
                copy.id.clone_from(&id);
                copy.login = format!("second.{}", copy.login);
                provider.accounts.insert(id.clone(), copy);
            }
            for group in provider.groups.values_mut().filter(|group| group.kind == GroupType::Everyone) {
                group.members.insert(id.clone());
            }
        })?,
        "log-in" => return Ok(log_in(world, &account, now)),
        _ => return Err(Reply::error(400, "does: not known")),
    }
    Ok(Reply::done())
}

fn missing() -> Reply {
    Reply::error(404, "no such account at the provider")
}

/// Gives the account exactly these ways.
fn ways(provider: &mut Provider, account: &str, kinds: &BTreeSet<String>) {
    let wants = |kind: &str| kinds.contains(kind);
    let mixpanel = provider.mixpanel.clone();
    let pair = (mixpanel.clone(), account.to_owned());
    provider.direct.remove(&pair);
    if wants("direct") {
        provider.direct.insert(pair);
    }
    if wants("imported") {
        provider.directory.insert(account.to_owned());
    } else {
        provider.directory.remove(account);
    }
    if let Some(app) = provider.apps.get_mut(&mixpanel) {
        app.self_service = wants("self-service");
    }
    let filled: BTreeSet<String> = provider.rules.values().flat_map(|rule| rule.groups.iter().cloned()).collect();
    for group in provider.groups.values_mut() {
        let on = group.apps.contains(&mixpanel);
        let wide = group.apps.len() > usize::from(on);
        let member = match group.kind {
            GroupType::Everyone => {
                if wants("everyone") {
                    group.apps.insert(mixpanel.clone());
                } else {
                    group.apps.remove(&mixpanel);
                }
                true
            }
            GroupType::Imported => wants("imported"),
            GroupType::Own if !on => group.members.contains(account),
            GroupType::Own if filled.contains(&group.id) => wants("rule"),
            GroupType::Own if wide => wants("wide"),
            GroupType::Own => wants("group"),
        };
        if member {
            group.members.insert(account.to_owned());
        } else {
            group.members.remove(account);
        }
    }
    let department = provider.rules.values().next().map(|rule| rule.department.clone()).unwrap_or_default();
    if let Some(who) = provider.accounts.get_mut(account) {
        who.department = if wants("rule") { department } else { "Elsewhere".to_owned() };
    }
    for rule in provider.rules.values_mut() {
        rule.exclude.remove(account);
        // Without this way the rule is not one for anybody.
        rule.active = wants("rule");
    }
}

/// Signs in by SAML; the vendor makes whoever comes from a claimed domain a member just in time.
fn log_in(world: &mut World, account: &str, now: Timestamp) -> Reply {
    let mixpanel = world.provider.mixpanel.clone();
    let who = world.provider.accounts.get(account).cloned();
    let Some(who) = who.filter(|who| who.status == "ACTIVE" && world.provider.has(&mixpanel, account).is_some()) else {
        let provider = Arc::make_mut(&mut world.provider);
        provider.note(now, "app.generic.unauth_app_access_attempt", false, account, true);
        return Reply::json(200, &json!({"status": "ok", "signed_in": false}));
    };
    Arc::make_mut(&mut world.provider).note(now, "user.authentication.sso", true, account, true);
    just_in_time(world, &who.email, &format!("{} {}", who.first, who.last), now)
}

/// Somebody comes from an identity provider with a good assertion.
pub(super) fn just_in_time(world: &mut World, address: &str, name: &str, now: Timestamp) -> Reply {
    let domain = address.rsplit('@').next().unwrap_or_default().to_lowercase();
    let known = world.member_by_address(address).map(|member| member.active);
    if known.is_none() && world.claimed.contains(&domain) {
        let id = world.fresh_id();
        world.put_member(Member {
            who: Who { id, name: name.to_owned(), email: address.to_owned() },
            role: OrgRole::Member,
            joined: now,
            active: true,
            projects: BTreeMap::new(),
        });
        return Reply::json(200, &json!({"status": "ok", "signed_in": true, "created": id}));
    }
    Reply::json(200, &json!({"status": "ok", "signed_in": known == Some(true)}))
}
