//! The pages' HTML.

use std::fmt::Write as _;

use crate::twin::{AuditLog, View as AuditView};
use crate::world::{GrantKind, Member, World};

/// People shown at most; the search finds the others.
const SHOWN: usize = 200;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f9;color:#1b1d2b}\
header{background:#2f1c6a;color:#fff;padding:14px 32px}main{max-width:1000px;margin:24px auto;background:#fff;\
border:1px solid #dfe1ea;border-radius:10px;padding:24px 32px}nav a{display:inline-block;margin-right:20px;\
padding:6px 0;color:#5a5d72;text-decoration:none}nav a.on{color:#4f2fd0;border-bottom:2px solid #4f2fd0}\
table{width:100%;border-collapse:collapse;margin-top:12px}th{text-align:left;color:#5a5d72;font-weight:500}\
td,th{padding:8px 6px;border-bottom:1px solid #ecedf3}button{background:#c8323c;color:#fff;border:0;\
border-radius:6px;padding:8px 16px;font:inherit;cursor:pointer}select,input[type=search]{font:inherit;padding:6px}\
.notice{background:#fff4d6;border-radius:6px;padding:8px 12px}.bar{display:flex;gap:16px;align-items:center;\
margin:16px 0}a{color:#4f2fd0}";

/// What the page shows.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) tab: &'a str,
    pub(super) acting: &'a str,
    pub(super) search: &'a str,
    pub(super) notice: &'a str,
}

/// Text that is safe between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Adds formatted text; writing to a text cannot fail.
macro_rules! put {
    ($out:expr, $($piece:tt)*) => { let _ = write!($out, $($piece)*); };
}

fn frame(title: &str, main: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><header>Sandbox: a local twin, not the real vendor</header>\
         <main>{main}</main></body></html>",
        title = escape(title)
    )
}

/// A login page, as an expired session gets it.
pub(crate) fn login() -> String {
    frame("Log in", "<h1>Log in</h1><form><input type=\"email\" placeholder=\"Work email\"></form>")
}

pub(super) fn not_found() -> String {
    frame("Not found", "<h1>Not found</h1><p><a href=\"/settings/org\">Users &amp; Teams</a></p>")
}

/// The tabs Users, Invited Users and Teams.
pub(super) fn users_and_teams(world: &World, view: &View<'_>) -> String {
    let mut main = format!("<h1>Users &amp; Teams</h1><p>{}</p><nav>", escape(&world.organization_name));
    let tab = if view.tab.is_empty() { "users" } else { view.tab };
    for (name, title) in [("users", "Users"), ("invited", "Invited Users"), ("teams", "Teams")] {
        let on = if name == tab { " class=\"on\"" } else { "" };
        put!(main, "<a{on} href=\"/settings/org?tab={name}\">{title}</a>");
    }
    let mut managers = world.members.values().filter(|member| member.active && member.role.manages_people());
    let acting = if view.acting.is_empty() { managers.next().map_or("", |one| &one.who.email) } else { view.acting };
    put!(main, "<a href=\"/settings/org/audit-log?as={}\">Audit Log</a></nav>", escape(acting));
    if !view.notice.is_empty() {
        put!(main, "<p class=\"notice\" role=\"status\">{}</p>", escape(view.notice));
    }
    match tab {
        "invited" => invited(world, &mut main),
        "teams" => teams(world, &mut main),
        _ => users(world, view, &mut main),
    }
    frame("Users & Teams", &main)
}

/// The newest lines of the audit log.
pub(super) fn audit_log(log: &AuditLog, view: &AuditView) -> String {
    let mut main = "<h1>Audit Log</h1><p>Export: add /export and format=csv or format=ndjson to the address.</p><table><thead><tr><th>Date and Time</th><th>User</th><th>Action</th><th>Project or Org</th>\
         </tr></thead><tbody>"
        .to_owned();
    for entry in log.entries.iter().rev().filter(|entry| view.shows(entry)).take(SHOWN) {
        let place = entry.project.map_or_else(|| "Organization".to_owned(), |project| project.to_string());
        put!(
            main,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{place}</td></tr>",
            entry.at.strftime("%Y-%m-%d %H:%M:%S"),
            escape(&entry.actor.email),
            escape(&entry.event)
        );
    }
    main.push_str("</tbody></table>");
    frame("Audit Log", &main)
}

fn users(world: &World, view: &View<'_>, main: &mut String) {
    put!(
        main,
        "<form class=\"bar\" method=\"get\" action=\"/settings/org\"><input type=\"search\" name=\"q\" value=\"{}\" \
         placeholder=\"Search\"></form><form method=\"post\" action=\"/settings/org/users/delete\">\
         <div class=\"bar\"><label>You are <select name=\"as\">",
        escape(view.search)
    );
    for member in world.members.values().filter(|member| member.active && member.role.manages_people()).take(SHOWN) {
        let address = escape(&member.who.email);
        let selected = if member.who.email.eq_ignore_ascii_case(view.acting) { " selected" } else { "" };
        put!(main, "<option value=\"{address}\"{selected}>{address} ({})</option>", member.role.name());
    }
    main.push_str(
        "</select></label><button type=\"submit\">Delete</button></div><table><thead><tr><th></th><th>Name</th>\
         <th>Email</th><th>Organization role</th></tr></thead><tbody>",
    );
    let needle = view.search.to_lowercase();
    let found = world.members.values().filter(|member| member.active).filter(|member| {
        needle.is_empty()
            || member.who.email.to_lowercase().contains(&needle)
            || member.who.name.to_lowercase().contains(&needle)
    });
    for member in found.take(SHOWN) {
        let (id, name, email) = (member.who.id, escape(&member.who.name), escape(&member.who.email));
        put!(
            main,
            "<tr><td><input type=\"checkbox\" name=\"user\" value=\"{id}\" aria-label=\"Select {email}\"></td>\
             <td><a href=\"/settings/org/users/{id}\">{name}</a></td><td>{email}</td><td>{}</td></tr>",
            member.role.name()
        );
    }
    main.push_str("</tbody></table></form>");
    if world.members.len() > SHOWN {
        put!(main, "<p>{} people; at most {SHOWN} are shown, use the search.</p>", world.members.len());
    }
}

fn invited(world: &World, main: &mut String) {
    main.push_str("<table><thead><tr><th>Email</th><th>Role</th><th>Invited by</th><th>Sent</th></tr></thead><tbody>");
    for one in world.invitations.iter() {
        put!(
            main,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&one.email),
            one.role.name(),
            escape(&one.invited_by_email),
            escape(&one.sent)
        );
    }
    main.push_str("</tbody></table>");
}

fn teams(world: &World, main: &mut String) {
    main.push_str("<table><thead><tr><th>Team</th><th>Members</th><th>Projects</th></tr></thead><tbody>");
    for team in world.teams.values() {
        let projects: Vec<String> = team
            .projects
            .iter()
            .filter_map(|(id, role)| Some(format!("{} ({})", world.project(*id)?.name, role.name())))
            .collect();
        put!(
            main,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&team.name),
            team.members.len(),
            escape(&projects.join(", "))
        );
    }
    main.push_str("</tbody></table>");
}

/// One person: organization role, and every way into every project.
pub(super) fn person(world: &World, member: &Member) -> String {
    let mut main = format!(
        "<p><a href=\"/settings/org\">Users &amp; Teams</a></p><h1>{}</h1><p>{}</p>\
         <p>Organization role: <b>{}</b></p><table><thead><tr><th>Project</th><th>Role</th><th>Grant</th></tr>\
         </thead><tbody>",
        escape(&member.who.name),
        escape(&member.who.email),
        member.role.name()
    );
    for grant in world.grants(member) {
        let project = world.project(grant.project).map_or("", |project| project.name.as_str());
        let kind = match grant.kind {
            GrantKind::Individual => "Individual Grant".to_owned(),
            GrantKind::Team => {
                let team = grant.team.and_then(|team| world.teams.get(&team));
                format!("Team Grant ({})", team.map_or("", |team| team.name.as_str()))
            }
            GrantKind::AllUsers => "All Users Grant".to_owned(),
            GrantKind::OrganizationRole => "Organization Role".to_owned(),
        };
        put!(main, "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", escape(project), grant.role.name(), escape(&kind));
    }
    main.push_str("</tbody></table>");
    frame(&member.who.name, &main)
}
