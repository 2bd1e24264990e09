//! Cases for people: tables and sentences, with names and titles joined from where they can be erased.

mod audit;
mod claims;
mod graph;
mod guides;
mod list;
mod notes;
mod places;
mod sentences;
mod tasks;
mod words;

use jiff::Timestamp;
use leaver_core::case::Case;
use leaver_core::event::CaseState;
use leaver_core::plan::Plan;
use leaver_core::wanted::recheck_due_since;
use leaver_engine::CaseDocument;
use owo_colors::OwoColorize as _;

pub(crate) use self::audit::audit;
pub(crate) use self::graph::{graph, graph_data};
pub(crate) use self::list::{Row, list};
pub(crate) use self::places::{objects, places};
pub(crate) use self::sentences::sentence;
pub(crate) use self::tasks::{is_unratified, ratify_by};
pub(crate) use self::words::Words;
use self::words::line;

/// What a case is about and how it stands.
fn heading(case: &Case, plan: &Plan, document: &CaseDocument, words: &Words, now: Timestamp) -> String {
    let mut text = String::new();
    let heading = match &document.case {
        Some(id) => format!("case {id}"),
        None => "plan (nothing is opened)".to_owned(),
    };
    line(&mut text, &format!("{}", heading.bold()));
    if document.rehearsal {
        line(&mut text, "  REHEARSAL: this organization is not at the vendor; this is evidence of nothing");
    }
    line(&mut text, &format!("  remove    {} from organization {}", words.leaver, document.org));
    line(
        &mut text,
        &format!(
            "  method    {}, because of {}{}, {}",
            document.method,
            document.reason,
            if words.reason_assumed { " (assumed: --reason says otherwise)" } else { "" },
            document.urgency,
        ),
    );
    line(&mut text, &format!("  deadline  access gone by {}", deadline(case, now)));
    if plan.policy.two_person {
        line(&mut text, "  policy    two-person: here the requester may execute as well");
    }
    if document.case.is_some() {
        line(&mut text, &format!("  state     {}: {}", document.state, document.why));
    }
    if let Some(at) = case.expired_at {
        line(
            &mut text,
            &format!(
                "  expired   on {}: what named somebody is gone, the entries of the log stay",
                at.strftime("%Y-%m-%d")
            ),
        );
    }
    if let Some(since) = recheck_due_since(case, now) {
        line(
            &mut text,
            &format!(
                "  OVERDUE   recheck due since {}, and nothing ran: start 'leaver worker'",
                since.strftime("%Y-%m-%d %H:%M UTC")
            ),
        );
    }
    if let Some(hash) = &document.plan {
        line(&mut text, &format!("  plan      {hash}"));
    }
    line(&mut text, &format!("  account   {}", account(plan)));
    line(&mut text, &format!("  read as   {} (what this credential cannot see is listed below)", plan.credential));
    for blocker in &document.blockers {
        line(&mut text, &format!("  {} {}", format!("BLOCKED [{}]", blocker.code).red().bold(), blocker.why));
    }
    text
}

/// Until when access must be gone, and whether that can still be kept (PRACTICE-1).
fn deadline(case: &Case, now: Timestamp) -> String {
    let deadline = case.request.deadline;
    let stands = if let Some(removed) = case.removed_at {
        if removed <= deadline { ", kept".to_owned() } else { ", missed".to_owned() }
    } else if now >= deadline {
        let late = now.duration_since(deadline).as_hours();
        format!(", past since {late} h: the deletion waits for no copy any more")
    } else if let Some(start) = case.request.not_before.filter(|start| *start >= deadline) {
        format!(", before it starts at {}", start.strftime("%Y-%m-%d %H:%M UTC"))
    } else {
        String::new()
    };
    format!("{}{stands}", deadline.strftime("%Y-%m-%d %H:%M UTC"))
}

/// How a case stands and what waits for a person: the answer to a person's decision.
pub(crate) fn brief(case: &Case, plan: &Plan, document: &CaseDocument, words: &Words, now: Timestamp) -> String {
    let mut text = heading(case, plan, document, words, now);
    let count = |state: &str| document.claims.iter().filter(|claim| claim.state == state).count();
    line(
        &mut text,
        &format!(
            "  claims    {} hold, {} broken, {} unknown ('leaver status {}' shows each)",
            count("holds"),
            count("broken"),
            count("unknown"),
            case.id
        ),
    );
    text.push_str(&tasks::tasks(case, plan, document, words, now));
    text.trim_end().to_owned()
}

/// A case with everything that the approver needs.
pub(crate) fn case(case: &Case, plan: &Plan, document: &CaseDocument, words: &Words, now: Timestamp) -> String {
    let mut text = heading(case, plan, document, words, now);
    line(&mut text, "");
    text.push_str(&claims::claims(case, plan, document, words));
    if case.state == CaseState::WaitingApproval {
        text.push_str(&notes::method(document));
    }
    text.push_str(&notes::findings(document, words));
    text.push_str(&notes::scope(document));
    text.push_str(&tasks::tasks(case, plan, document, words, now));
    text.trim_end().to_owned()
}

fn account(plan: &Plan) -> String {
    let id = plan
        .subject
        .vendor_id
        .as_deref()
        .map_or_else(|| "no id is shown, the address alone pins it".to_owned(), |id| format!("id {id}"));
    let role = plan.subject.role.map_or_else(|| "role unknown".to_owned(), |role| format!("role {}", role.word()));
    let grants = plan
        .subject
        .grants
        .as_ref()
        .map_or_else(|| "grants unknown".to_owned(), |grants| format!("{} grants", grants.len()));
    let teams = plan.subject.teams.as_ref().map_or_else(
        || "teams unknown".to_owned(),
        |teams| match teams.len() {
            1 => "1 team".to_owned(),
            more => format!("{more} teams"),
        },
    );
    format!("{id}, {role}, {grants}, {teams}")
}
