//! What was closed, as events of the Open Cybersecurity Schema Framework 1.8.0 (facts/evidence.md C.1).
//!
//! Only what was there and is gone makes an event, and only what holds: with status success where an independent read proved it, with
//! another status where a named person's word stands for it. What is broken or unknown has not happened.

use leaver_core::case::Case;
use leaver_core::claim::{Claim, Observation, Predicate, Proof, State};
use leaver_core::plan::Plan;
use leaver_core::provider::Way;
use serde_json::{Value, json};

use crate::commands::cases::words;
use crate::failure::Failure;
use crate::render::{self, Words};
use crate::wiring::App;

/// The version of the schema.
const VERSION: &str = "1.8.0";

/// The category of every event of ours.
const IAM: u32 = 3;

/// A class of the schema with one of its activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    /// The class within its category.
    class: u32,
    name: &'static str,
    activity: u32,
    does: &'static str,
}

const fn kind(class: u32, name: &'static str, activity: u32, does: &'static str) -> Kind {
    Kind { class, name, activity, does }
}

const ACCOUNT: u32 = 1;
const ENTITY: u32 = 4;
const ACCESS: u32 = 5;
const GROUP: u32 = 6;

const ACCOUNT_DELETED: Kind = kind(ACCOUNT, "Account Change", 6, "Delete");
const ACCOUNT_DISABLED: Kind = kind(ACCOUNT, "Account Change", 5, "Disable");
const ENTITY_UPDATED: Kind = kind(ENTITY, "Entity Management", 3, "Update");
const ENTITY_DELETED: Kind = kind(ENTITY, "Entity Management", 4, "Delete");
const ENTITY_CREATED: Kind = kind(ENTITY, "Entity Management", 1, "Create");
const PRIVILEGES_REVOKED: Kind = kind(ACCESS, "User Access Management", 2, "Revoke Privileges");
const LEFT_GROUP: Kind = kind(GROUP, "Group Management", 4, "Remove User");

/// The one table from claims to classes, with the kind of thing that an entity is. The next version of the schema replaces 3001 and
/// 3005 by another class: it is changed here.
fn mapped(says: &Predicate) -> Option<(Kind, String)> {
    let of = |kind: Kind| Some((kind, String::new()));
    match says {
        Predicate::NotMember | Predicate::ScimGone => of(ACCOUNT_DELETED),
        Predicate::ScimInactive => of(ACCOUNT_DISABLED),
        Predicate::RoleAtMost { .. }
        | Predicate::NoProjectGrant
        | Predicate::NoGrantIn { .. }
        | Predicate::NoDataView
        | Predicate::NotShared { .. }
        | Predicate::NoWayIn { way: Way::Direct, .. } => of(PRIVILEGES_REVOKED),
        Predicate::NoTeam | Predicate::NotInTeams { .. } | Predicate::NoWayIn { way: Way::Group(_), .. } => {
            of(LEFT_GROUP)
        }
        Predicate::NoServiceAccountBy => Some((ENTITY_DELETED, "service account".to_owned())),
        Predicate::Replaced { .. } => Some((ENTITY_CREATED, "service account".to_owned())),
        Predicate::Dropped { kind, .. } => Some((ENTITY_DELETED, kind.to_string())),
        Predicate::NothingSends { kind, .. } | Predicate::Copied { kind, .. } | Predicate::Described { kind, .. } => {
            Some((ENTITY_UPDATED, kind.to_string()))
        }
        Predicate::NoPublicLink { .. } => Some((ENTITY_UPDATED, "board".to_owned())),
        Predicate::OwnedBySuccessor { .. } => Some((ENTITY_UPDATED, "metric".to_owned())),
        Predicate::ContactsSuccessor { .. } => Some((ENTITY_UPDATED, "lexicon entry".to_owned())),
        // What stayed as it was, what we know of ourselves, and what a person says of something that no interface shows.
        Predicate::RoleNotBelow { .. }
        | Predicate::GrantsAsBefore { .. }
        | Predicate::TeamsAsBefore { .. }
        | Predicate::RecipientsKept
        | Predicate::RoleKept
        | Predicate::MembersKept { .. }
        | Predicate::NoInvitation
        | Predicate::NoWayIn { .. }
        | Predicate::LoginFails { .. }
        | Predicate::OutsiderRefused
        | Predicate::Synced { .. }
        | Predicate::SessionsEnded { .. }
        | Predicate::NotRecreated { .. }
        | Predicate::Exported { .. }
        | Predicate::MayRemove
        | Predicate::ExecutorMayRemove
        | Predicate::Recorded { .. }
        | Predicate::Declared { .. } => None,
    }
}

/// The events of a case, in the order of time.
pub(super) async fn events(app: &App, case: &Case) -> Result<Vec<Value>, Failure> {
    let Some((plan, _)) = &case.plan else { return Ok(Vec::new()) };
    let words = words(app, case).await?;
    let people = People {
        leaver: app.address(&case.request.leaver).await?,
        executor: app.address(&case.request.executor).await?,
    };
    let mut events: Vec<(i64, Value)> = plan
        .claims
        .iter()
        .filter_map(|claim| {
            let mapped = mapped(&claim.says)?;
            let seen = &case.observation(&claim.key).filter(|seen| seen.observation.state == State::Holds)?.observation;
            // It was there once: what was never broken was never closed.
            let was_there = !case.suspects(&claim.key).is_empty();
            was_there.then(|| (seen.seen_at.as_millisecond(), event(case, plan, claim, mapped, seen, &people, &words)))
        })
        .collect();
    events.sort_by_key(|(at, _)| *at);
    Ok(events.into_iter().map(|(_, event)| event).collect())
}

struct People {
    leaver: String,
    executor: String,
}

fn event(
    case: &Case,
    plan: &Plan,
    claim: &Claim,
    (kind, thing): (Kind, String),
    seen: &Observation,
    people: &People,
    words: &Words,
) -> Value {
    let class = IAM * 1000 + kind.class;
    let (status_id, status, code) = match seen.proof {
        Some(Proof::Read) => (1, "Success", "seen by an independent read"),
        Some(Proof::Attested) => (99, "Attested", "a named person's word; nothing can be read"),
        Some(Proof::Record) | None => (0, "Unknown", "no proof of the vendor's is on record"),
    };
    let organization = json!({ "name": case.request.org, "uid": case.request.vendor_org.to_string() });
    let mut leaver = json!({
        "name": people.leaver, "email_addr": people.leaver, "type_id": 1, "type": "User", "org": organization,
    });
    if let (Some(id), Some(fields)) = (&plan.subject.vendor_id, leaver.as_object_mut()) {
        fields.insert("uid".to_owned(), json!(id));
    }
    let instances: Vec<&String> = case.suspects(&claim.key).iter().collect();
    let mut event = json!({
        "category_uid": IAM, "category_name": "Identity & Access Management",
        "class_uid": class, "class_name": kind.name,
        "activity_id": kind.activity, "activity_name": kind.does,
        "type_uid": class * 100 + kind.activity, "type_name": format!("{}: {}", kind.name, kind.does),
        "severity_id": 1, "severity": "Informational",
        "time": seen.seen_at.as_millisecond(),
        "message": render::sentence(claim, words),
        "status_id": status_id, "status": status, "status_detail": seen.why, "status_code": code,
        "metadata": {
            "version": VERSION,
            // Who did it belongs to this profile, and an event says which profiles it is of.
            "profiles": ["host"],
            "product": { "name": "leaver", "vendor_name": "leaver", "version": env!("CARGO_PKG_VERSION") },
            "uid": format!("{}/{}", case.id, claim.key),
            "correlation_uid": case.id,
        },
        "actor": { "user": { "name": people.executor, "email_addr": people.executor, "type_id": 1, "type": "User" } },
        // What the schema has no place for.
        "unmapped": {
            "ticket": case.request.ticket.text(), "runbook": claim.runbook, "rehearsal": case.request.rehearsal,
            "plan_sha256": case.plan_event(), "evidence_sha256": seen.captures,
        },
    });
    let Some(fields) = event.as_object_mut() else { return event };
    match kind.class {
        ENTITY => {
            let entity = json!({ "name": render::sentence(claim, words), "type": thing, "uid": claim.key });
            fields.insert("entity".to_owned(), entity);
        }
        GROUP => {
            fields.insert("user".to_owned(), leaver);
            let name = instances.iter().map(|team| words.team(team)).collect::<Vec<_>>().join(", ");
            let uid = instances.iter().map(|team| team.as_str()).collect::<Vec<_>>().join(" ");
            fields.insert("group".to_owned(), json!({ "name": name, "uid": uid }));
        }
        ACCESS => {
            fields.insert("user".to_owned(), leaver);
            fields.insert("privileges".to_owned(), json!(instances));
        }
        _ => {
            fields.insert("user".to_owned(), leaver);
        }
    }
    event
}
