//! The vendor's audit log: what people and service accounts did, in the vendor's own event names (facts/mixpanel.md 6.2).
//!
//! No public source shows the columns of an export, how many events one removal makes, or whom the log names for a service
//! account (facts/mixpanel.md 6.1, X.9). The twin writes one event for each thing that changed, names the service account, and
//! has two layouts of columns, by the parity of its seed, so that nobody can lean on one of them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::wire::{Call, Effect, Via};
use crate::world::{Who, World};

/// How far back the log of a new world reaches, in days: the retention of the smaller plans (facts/mixpanel.md 6.1).
const RETENTION_DAYS: i64 = 90;

/// So many people have log-ins in the history of a new world.
const REGULARS: usize = 60;

/// One line of the log.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) event: String,
    pub(crate) actor: Who,
    pub(crate) project: Option<u64>,
    pub(crate) target: Target,
}

/// What an event is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    pub(crate) id: String,
    /// Set when it is a person.
    pub(crate) email: Option<String>,
}

impl Target {
    pub(crate) fn person(who: &Who) -> Self {
        Self { id: who.id.to_string(), email: Some(who.email.clone()) }
    }

    pub(crate) fn thing(id: &(impl ToString + ?Sized)) -> Self {
        Self { id: id.to_string(), email: None }
    }
}

/// Which lines an export holds: the view that the person has set (facts/mixpanel.md 6.1).
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    /// The address of the person who acted.
    pub(crate) user: Option<String>,
    pub(crate) event: Option<String>,
}

impl View {
    pub(crate) fn shows(&self, entry: &Entry) -> bool {
        self.from.is_none_or(|from| entry.at >= from)
            && self.until.is_none_or(|until| entry.at <= until)
            && self.user.as_ref().is_none_or(|user| entry.actor.email.eq_ignore_ascii_case(user))
            && self.event.as_ref().is_none_or(|event| entry.event == *event)
    }
}

/// The log, oldest first.
#[derive(Debug, Default)]
pub(crate) struct AuditLog {
    pub(crate) entries: Vec<Entry>,
}

impl AuditLog {
    /// The history of a new world: log-ins of some people, and what was made lately.
    pub(crate) fn of(world: &World, now: Timestamp) -> Self {
        let mut log = Self::default();
        let ago = |hours: i64| now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(now);
        let since = ago(RETENTION_DAYS * 24);
        for (index, member) in world.members.values().take(REGULARS).enumerate() {
            let step = 24 * (2 + i64::try_from(index % 5).unwrap_or(0));
            let mut hours = 5 + i64::try_from(index).unwrap_or(0);
            while hours < RETENTION_DAYS * 24 {
                let at = ago(hours);
                if at >= member.joined {
                    log.note(at, "session.logged_in", &member.who, None, Target::person(&member.who));
                }
                hours += step;
            }
            let place = world.projects.keys().next().filter(|_| index.is_multiple_of(7) && ago(30) >= member.joined);
            if let Some(project) = place {
                log.note(ago(30), "event_export.downloaded", &member.who, Some(*project), Target::thing(project));
            }
        }
        for ((project, kind), shelf) in world.content.iter() {
            for (key, item) in shelf.iter() {
                let created = item.get("created").as_str().and_then(|text| text.parse::<Timestamp>().ok());
                let Some(maker) = world.members.get(&item.creator) else { continue };
                if let (Some(at), Some(event)) = (created.filter(|at| *at >= since), event_of(kind.name(), "create")) {
                    log.note(at, &event, &maker.who, Some(*project), Target::thing(key));
                }
            }
        }
        log.entries.sort_by_key(|entry| entry.at);
        log
    }

    pub(crate) fn note(&mut self, at: Timestamp, event: &str, actor: &Who, project: Option<u64>, target: Target) {
        self.entries.push(Entry { at, event: event.to_owned(), actor: actor.clone(), project, target });
    }

    /// What a request to a vendor interface or the page changed.
    pub(crate) fn note_effect(&mut self, before: &World, after: &World, call: &Call, effect: &Effect, now: Timestamp) {
        let Some(event) = event_of(effect.kind, effect.op) else { return };
        let actor = actor(before, call);
        let project = project(before, call);
        for id in effect.id.split(',') {
            let person = (effect.kind == "member").then(|| who(before, id).or_else(|| who(after, id))).flatten();
            let target = person.map_or_else(|| Target::thing(id), |who| Target::person(&who));
            self.note(now, &event, &actor, project, target);
        }
    }

    /// What a person did by hand, said to the control interface.
    pub(crate) fn note_deed(&mut self, before: &World, after: &World, deed: &Map<String, Value>, now: Timestamp) {
        let field = |name: &str| match deed.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let target = field("target");
        let somebody = |name: &str| who(before, name).or_else(|| who(after, name)).unwrap_or_else(|| stranger(name));
        let actor = somebody(&field("as"));
        let project = field("project").parse().ok();
        let person = Target::person(&somebody(&target));
        let thing = Target::thing(target.rsplit('/').next().unwrap_or_default());
        let mut note = |event: &str, actor: &Who, target: Target| self.note(now, event, actor, project, target);
        match field("does").as_str() {
            "delete-member" => note("organization.user_removed", &actor, person),
            "set-role" => note("user.role_changed", &actor, person),
            "leave-project" => note("project.user_removed", &actor, person),
            "leave-team" => note("team.user_removed", &actor, person),
            "leave-data-view" => note("workspace.user_removed", &actor, person),
            "disable-public-link" => note("board.public_access_updated", &actor, thing),
            "pause-automation" => note("agent_flow.paused", &actor, thing),
            "unshare" => note("board.unshared", &actor, thing),
            "log-in" if after.member_by_target(&target).is_some_and(|member| member.active) => {
                note("session.logged_in", &somebody(&target), person);
            }
            "log-in" => note("session.login_failed", &somebody(&target), person),
            "export-events" => note("event_export.downloaded", &actor, Target::thing(&target)),
            "invite" if deed.get("pending").and_then(Value::as_bool) == Some(true) => {
                note("invitation.sent", &actor, person);
            }
            "invite" => {
                note("invitation.sent", &actor, person.clone());
                note("invitation.accepted", &somebody(&target), person.clone());
                note("organization.user_added", &actor, person);
            }
            // A revoked invitation is not in the vendor's catalog, and the use of a credential is no event.
            _ => {}
        }
    }

    /// The lines of a view as a file of that format; `None` for a format that the vendor does not offer.
    pub(crate) fn export(&self, world: &World, view: &View, format: &str) -> Option<Vec<u8>> {
        let layout = if world.seed.is_multiple_of(2) { Layout::Raw } else { Layout::Page };
        let shown = self.entries.iter().enumerate().filter(|(_, entry)| view.shows(entry));
        match format {
            "csv" => {
                let mut out = layout.head().join(",").into_bytes();
                out.extend_from_slice(b"\r\n");
                for (index, entry) in shown {
                    let cells: Vec<String> =
                        layout.cells(world, index, entry).iter().map(|cell| quoted(cell)).collect();
                    out.extend_from_slice(cells.join(",").as_bytes());
                    out.extend_from_slice(b"\r\n");
                }
                Some(out)
            }
            "ndjson" => {
                let mut out = Vec::new();
                for (index, entry) in shown {
                    out.extend_from_slice(layout.object(world, index, entry).to_string().as_bytes());
                    out.push(b'\n');
                }
                Some(out)
            }
            _ => None,
        }
    }
}

/// How the columns of an export are called.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// As a raw record would have them.
    Raw,
    /// As the page heads them: date and time, user, action, IP, project or organization (facts/mixpanel.md 6.1).
    Page,
}

impl Layout {
    fn head(self) -> &'static [&'static str] {
        match self {
            Self::Raw => &[
                "event_id",
                "timestamp",
                "event_type",
                "actor_id",
                "actor_email",
                "ip_address",
                "organization_id",
                "project_id",
                "target_id",
                "target_email",
            ],
            Self::Page => &["Date and Time", "User", "Action", "IP", "Project", "Details"],
        }
    }

    fn cells(self, world: &World, index: usize, entry: &Entry) -> Vec<String> {
        let project = entry.project.map(|id| id.to_string()).unwrap_or_default();
        match self {
            Self::Raw => vec![
                index.to_string(),
                entry.at.to_string(),
                entry.event.clone(),
                entry.actor.id.to_string(),
                entry.actor.email.clone(),
                address(entry.actor.id),
                world.organization.to_string(),
                project,
                entry.target.id.clone(),
                entry.target.email.clone().unwrap_or_default(),
            ],
            Self::Page => {
                let mut details = json!({"user_id": entry.actor.id, "target": {"id": entry.target.id}});
                if let (Some(email), Some(target)) =
                    (&entry.target.email, details.get_mut("target").and_then(Value::as_object_mut))
                {
                    target.insert("email".to_owned(), json!(email));
                }
                vec![
                    entry.at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
                    entry.actor.email.clone(),
                    entry.event.clone(),
                    address(entry.actor.id),
                    project,
                    details.to_string(),
                ]
            }
        }
    }

    fn object(self, world: &World, index: usize, entry: &Entry) -> Value {
        match self {
            Self::Raw => json!({
                "event_id": index,
                "timestamp": entry.at.to_string(),
                "event_type": entry.event,
                "actor": {"id": entry.actor.id, "email": entry.actor.email, "name": entry.actor.name},
                "ip_address": address(entry.actor.id),
                "organization_id": world.organization,
                "project_id": entry.project,
                "target": {"id": entry.target.id, "email": entry.target.email},
            }),
            Self::Page => json!({
                "time": entry.at.as_second(),
                "user": entry.actor.email,
                "action": entry.event,
                "ip": address(entry.actor.id),
                "details": {"user_id": entry.actor.id, "target_id": entry.target.id, "target_email": entry.target.email},
            }),
        }
    }
}

/// An address of the documentation ranges, always the same for one person.
fn address(id: u64) -> String {
    format!("203.0.113.{}", id % 254 + 1)
}

/// A cell of a CSV file (RFC 4180).
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

fn stranger(address: &str) -> Who {
    Who { id: 0, name: address.to_owned(), email: address.to_owned() }
}

/// Whoever has that address or id: a member.
fn who(world: &World, text: &str) -> Option<Who> {
    world.member_by_target(text).map(|member| member.who.clone())
}

/// Who sent a request: the service account behind it, the person on the page, or the identity provider.
fn actor(world: &World, call: &Call) -> Who {
    if call.via == Via::Page {
        let named = call.form().into_iter().find_map(|(key, value)| (key == "as").then_some(value)).unwrap_or_default();
        return who(world, &named).unwrap_or_else(|| stranger(&named));
    }
    let name = call.authorization.as_deref().and_then(crate::vendor::username);
    let account = name.and_then(|name| world.service_accounts.values().find(|account| account.username == name));
    account.map_or_else(|| stranger("SCIM"), crate::world::ServiceAccount::who)
}

/// The project of a request, by its path.
fn project(world: &World, call: &Call) -> Option<u64> {
    let segments = call.segments();
    let mut parts = segments.iter().map(String::as_str);
    let (place, id) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("api"), Some("app"), Some(place), Some(id)) => (place, id.parse::<u64>().ok()?),
        _ => return None,
    };
    match place {
        "projects" => Some(id),
        "workspaces" => world.views.get(&id).map(|view| view.project),
        _ => None,
    }
}

/// The event in the vendor's catalog; `None` for what is not in it, such as webhooks, annotations, and changes of a board
/// subscription (facts/mixpanel.md 6.2, "Not in the catalog").
fn event_of(kind: &str, op: &str) -> Option<String> {
    const CHANGES: &[&str] = &["created", "updated", "deleted"];
    const LIFE: &[&str] =
        &["created", "updated", "deleted", "duplicated", "archived", "restored", "launched", "concluded", "decided"];
    let objects: BTreeMap<&str, (&str, &[&str])> = BTreeMap::from([
        ("board", ("board", &["created", "updated", "deleted", "duplicated"][..])),
        ("report", ("bookmark", CHANGES)),
        ("cohort", ("cohort", CHANGES)),
        ("alert", ("alert", CHANGES)),
        ("digest", ("board_subscription", &["created", "deleted"][..])),
        ("agent_flow", ("agent_flow", CHANGES)),
        ("custom_role", ("custom_role", CHANGES)),
        ("connector", ("data_pipeline", CHANGES)),
        ("pipeline", ("data_pipeline", CHANGES)),
        ("warehouse_source", ("warehouse_source", CHANGES)),
        ("warehouse_import", ("warehouse_source_sync", CHANGES)),
        ("integration", ("cohort_sync", &["created", "updated"][..])),
        ("event_definition", ("event_definition", CHANGES)),
        ("property_definition", ("property_definition", CHANGES)),
        ("event_deletion_request", ("event_deletion", &["created"][..])),
        ("team", ("team", CHANGES)),
        ("flag", ("feature_flag", &["created", "updated", "deleted", "duplicated", "archived", "restored"][..])),
        ("experiment", ("experiment", LIFE)),
    ]);
    match (kind, op) {
        ("member", "create") => return Some("organization.user_added".to_owned()),
        ("member", "delete") => return Some("organization.user_removed".to_owned()),
        ("member", "add_to_project") => return Some("project.user_added".to_owned()),
        ("share", _) => return Some("board.shared".to_owned()),
        ("service_account", "add_to_project") => return Some("service_account.added_to_project".to_owned()),
        ("service_account", "remove_from_project") => return Some("service_account.removed_from_project".to_owned()),
        ("service_account", "create") => return Some("service_account.created".to_owned()),
        ("service_account", "delete") => return Some("service_account.deleted".to_owned()),
        _ => {}
    }
    let (object, verbs) = objects.get(kind)?;
    let verb = if op.ends_with('e') { format!("{op}d") } else { format!("{op}ed") };
    verbs.contains(&verb.as_str()).then(|| format!("{object}.{verb}"))
}

#[cfg(test)]
mod tests {
    use super::event_of;

    #[test]
    fn what_the_catalog_does_not_have_is_not_logged() {
        for (kind, op) in
            [("webhook", "create"), ("digest", "update"), ("annotation", "create"), ("member", "deactivate")]
        {
            assert_eq!(event_of(kind, op), None, "{kind} {op}");
        }
        assert_eq!(event_of("experiment", "archive").as_deref(), Some("experiment.archived"));
        assert_eq!(event_of("digest", "delete").as_deref(), Some("board_subscription.deleted"));
    }
}
