//! The "Users & Teams" page, where a person deletes a member by hand (facts/mixpanel.md 2.2). Who the person is, the
//! page asks: there is no login.

mod html;

use jiff::Timestamp;

use crate::control::deeds;
use crate::twin::{Target, Twin, View};
use crate::wire::{Answer, Call, Reply, missing, wrong_method};
use crate::world::World;

pub(crate) use html::login;

pub(crate) fn answer(world: &mut World, call: &Call) -> Answer {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", []) => Ok(Reply::redirect(302, "/settings/org")),
        ("GET", ["settings", "org"]) => Ok(Reply::html(
            200,
            html::users_and_teams(
                world,
                &html::View {
                    tab: &call.param("tab").unwrap_or_default(),
                    acting: &call.param("as").unwrap_or_default(),
                    search: &call.param("q").unwrap_or_default(),
                    notice: "",
                },
            ),
        )),
        ("GET", ["settings", "org", "users", id]) => {
            let member = world.member_by_target(id).cloned().ok_or_else(|| missing("person"))?;
            Ok(Reply::html(200, html::person(world, &member)))
        }
        ("POST", ["settings", "org", "users", "delete"]) => delete(world, call),
        (_, ["settings", "org"] | ["settings", "org", "users", _]) => Err(wrong_method()),
        _ => Err(Reply::html(404, html::not_found())),
    }
}

/// Organization Settings > Audit Log and its export, which owners and admins see (facts/mixpanel.md 6.1); `None` for every other page.
///
/// `GET /settings/org/audit-log?as=..` shows the view, `../audit-log/export?as=..&format=csv|ndjson` downloads it; `from`, `until`,
/// `user` and `event` narrow it. Making and downloading an export are events themselves, after what the file holds.
pub(crate) fn audit_log(twin: &mut Twin, call: &Call) -> Option<Reply> {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let format = match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["settings", "org", "audit-log"]) => None,
        ("GET", ["settings", "org", "audit-log", "export"]) => Some(call.param("format").unwrap_or_default()),
        _ => return None,
    };
    let actor = match twin.world.acting(&call.param("as").unwrap_or_default()) {
        Ok(actor) if actor.role.manages_people() => actor,
        Ok(_) => return Some(Reply::error(403, "only owners and admins see the audit log")),
        Err(refused) => return Some(Reply::error(refused.status, refused.why)),
    };
    let time = |name: &str| call.param(name).map(|text| text.parse::<Timestamp>());
    let (Ok(from), Ok(until)) = (time("from").transpose(), time("until").transpose()) else {
        return Some(Reply::error(400, "from and until: a time such as 2026-06-01T00:00:00Z"));
    };
    let view = View { from, until, user: call.param("user"), event: call.param("event") };
    let Some(format) = format else {
        return Some(Reply::html(200, html::audit_log(&twin.audit, &view)));
    };
    let Some(file) = twin.audit.export(&twin.world, &view, &format) else {
        return Some(Reply::error(400, "format: csv or ndjson"));
    };
    let now = twin.clock.now();
    for event in ["audit_log_export.created", "audit_log_export.downloaded"] {
        twin.audit.note(now, event, &actor.who, None, Target::default());
    }
    let content_type = if format == "csv" { "text/csv; charset=utf-8" } else { "application/x-ndjson" };
    let name = format!("attachment; filename=\"audit-log.{format}\"");
    let reply = Reply { content_type, body: file, ..Reply::html(200, String::new()) };
    Some(reply.header("content-disposition", name))
}

/// The Delete button above the table: everybody ticked, or nobody if one of them may not be removed.
fn delete(world: &mut World, call: &Call) -> Answer {
    let form = call.form();
    let acting = form.iter().find_map(|(key, value)| (key == "as").then_some(value.as_str())).unwrap_or_default();
    let ticked: Vec<&str> = form.iter().filter(|(key, _)| key == "user").map(|(_, value)| value.as_str()).collect();
    let answer = |world: &World, status: u16, notice: &str| {
        let view = html::View { tab: "users", acting, search: "", notice };
        Reply::html(status, html::users_and_teams(world, &view))
    };
    if ticked.is_empty() {
        return Err(answer(world, 400, "Tick at least one person first."));
    }
    let mut after = world.clone();
    let mut gone = Vec::new();
    for target in &ticked {
        match deeds::delete_member(&mut after, acting, target) {
            Ok(id) => gone.push(id.to_string()),
            Err(refused) => return Err(answer(world, refused.status, refused.why)),
        }
    }
    *world = after;
    let notice =
        if gone.len() == 1 { "1 user was deleted.".to_owned() } else { format!("{} users were deleted.", gone.len()) };
    Ok(answer(world, 200, &notice).did("member", "delete", gone.join(",")))
}
