//! A row of the tracker: what the runbook asks for, the five clocks of a removal, and what was proved how.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leaver_core::case::Case;
use leaver_core::claim::{Predicate, State};
use leaver_core::event::Identity;
use leaver_core::ids::ProjectId;
use leaver_core::method::Method;
use leaver_core::plan::{Plan, keys};
use leaver_core::write::Outcome;
use serde::Serialize;

use crate::commands::cases::words;
use crate::commands::members::cell;
use crate::failure::Failure;
use crate::render::Words;
use crate::wiring::App;

/// A case, as a tracker shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    case: String,
    organization: String,
    /// Against a twin: evidence of nothing.
    rehearsal: bool,
    state: &'static str,
    collaborator: String,
    /// When every path was first seen closed; `None` while the case is not removed.
    removal_date: Option<Timestamp>,
    administrator: String,
    requester: String,
    approver: Option<String>,
    /// How we know who approved.
    approver_identity: Option<Identity>,
    ratified_by: Option<String>,
    ticket: String,
    justification: String,
    sow: Option<String>,
    method: &'static str,
    urgency: &'static str,
    /// Those that were seen to be gone; `None` where the vendor shows no grants.
    projects_removed: Option<Vec<String>>,
    /// When the work ended.
    effective: Option<Timestamp>,
    /// When the organization came to know.
    known: Option<Timestamp>,
    opened: Timestamp,
    approved: Option<Timestamp>,
    /// When the vendor last accepted a change that closes a path; what a person clicked has no such time.
    acted: Option<Timestamp>,
    deadline: Timestamp,
    /// Whether the deadline was met; `None` while it can be.
    in_time: Option<bool>,
    paths_proved_by_read: usize,
    paths_attested: usize,
    paths_accepted: usize,
    paths_open: usize,
    /// Whole hours from the end of the work to the removal.
    hours_from_effective: Option<i64>,
}

/// The row of a case.
pub(crate) async fn row(app: &App, case: &Case, now: Timestamp) -> Result<Row, Failure> {
    let request = &case.request;
    let removed = case.removed_at.filter(|_| case.state.is_removed());
    let approval = case.approval();
    let (approver, ratified_by) = (
        match approval {
            Some(approval) => Some(app.address(&approval.by).await?),
            None => None,
        },
        match case.ratified() {
            Some((by, _)) => Some(app.address(by).await?),
            None => None,
        },
    );
    let words = words(app, case).await?;
    let paths = case.paths(now);
    Ok(Row {
        case: case.id.to_string(),
        organization: request.org.to_string(),
        rehearsal: request.rehearsal,
        state: case.state.word(),
        collaborator: app.address(&request.leaver).await?,
        removal_date: removed,
        administrator: app.address(&request.executor).await?,
        requester: app.address(&request.requester).await?,
        approver,
        approver_identity: approval.map(|approval| approval.identity),
        ratified_by,
        ticket: request.ticket.to_string(),
        justification: match &request.why {
            Some(why) => format!("{}: {why}", request.reason.title()),
            None => request.reason.title().to_owned(),
        },
        sow: request.sow.as_ref().map(ToString::to_string),
        method: request.method.word(),
        urgency: request.urgency.word(),
        projects_removed: case.plan.as_ref().and_then(|(plan, _)| projects(case, plan, &words)),
        effective: request.ended,
        known: request.known,
        opened: request.at,
        approved: approval.map(|approval| approval.at),
        acted: acted(case),
        deadline: request.deadline,
        in_time: match removed {
            Some(at) => Some(at <= request.deadline),
            None if case.state.is_over() => None,
            None => (now > request.deadline).then_some(false),
        },
        paths_proved_by_read: paths.read,
        paths_attested: paths.attested,
        paths_accepted: paths.accepted,
        paths_open: paths.open,
        hours_from_effective: removed
            .zip(request.ended)
            .map(|(to, from)| to.duration_since(from).as_secs().div_euclid(3600)),
    })
}

/// When the vendor last said yes to a change that closes an access path or stops a sender.
fn acted(case: &Case) -> Option<Timestamp> {
    let (plan, _) = case.plan.as_ref()?;
    let done = case.effects().values().filter(|fact| matches!(fact.outcome, Some(Outcome::Done { .. })));
    done.filter(|fact| plan.claim(&fact.effect.claim).is_some_and(|claim| claim.kind.gates_removed()))
        .filter_map(|fact| fact.ended_at)
        .max()
}

/// The projects that the leaver had and was seen to have no more.
fn projects(case: &Case, plan: &Plan, words: &Words) -> Option<Vec<String>> {
    let holds = |key| case.observation(key).is_some_and(|seen| seen.observation.state == State::Holds);
    let gone: BTreeSet<ProjectId> = if case.request.method == Method::Reduce {
        let left = plan.claims.iter().filter(|claim| holds(&claim.key));
        left.filter_map(|claim| if let Predicate::NoGrantIn { projects } = &claim.says { Some(projects) } else { None })
            .flatten()
            .copied()
            .collect()
    } else {
        let whole = match case.request.method {
            Method::Delete => holds(&keys::member_gone()),
            Method::Revoke | Method::Reduce => {
                plan.claims.iter().any(|claim| matches!(claim.says, Predicate::NoProjectGrant) && holds(&claim.key))
            }
        };
        if !whole {
            return Some(Vec::new());
        }
        let own = plan.subject.grants.as_ref()?.iter();
        let teams = plan.subject.teams.iter().flatten().filter_map(|team| team.grants.as_ref()).flatten();
        own.chain(teams).filter_map(|grant| grant.project).collect()
    };
    Some(gone.into_iter().map(|project| words.project(project)).collect())
}

/// The rows as CSV; no cell is a formula to a spreadsheet.
pub(crate) fn csv(rows: &[Row]) -> Result<String, Failure> {
    let unwritten = |error: &dyn std::error::Error| {
        Failure::not_done("L308", "the tracker cannot be written as CSV").because(error)
    };
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(HEAD).map_err(|error| unwritten(&error))?;
    for row in rows {
        csv.write_record(cells(row)).map_err(|error| unwritten(&error))?;
    }
    let bytes = csv.into_inner().map_err(|error| unwritten(error.error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

const HEAD: [&str; 29] = [
    "case",
    "organization",
    "rehearsal",
    "state",
    "collaborator",
    "removal_date",
    "administrator",
    "requester",
    "approver",
    "approver_identity",
    "ratified_by",
    "ticket",
    "justification",
    "sow",
    "method",
    "urgency",
    "projects_removed",
    "effective",
    "known",
    "opened",
    "approved",
    "acted",
    "deadline",
    "in_time",
    "paths_proved_by_read",
    "paths_attested",
    "paths_accepted",
    "paths_open",
    "hours_from_effective",
];

fn cells(row: &Row) -> [String; 29] {
    let time = super::time;
    let text = |text: &Option<String>| cell(text.as_deref().unwrap_or(""));
    [
        cell(&row.case),
        cell(&row.organization),
        yes(row.rehearsal).to_owned(),
        row.state.to_owned(),
        cell(&row.collaborator),
        time(row.removal_date),
        cell(&row.administrator),
        cell(&row.requester),
        text(&row.approver),
        row.approver_identity.map_or("", Identity::word).to_owned(),
        text(&row.ratified_by),
        cell(&row.ticket),
        cell(&row.justification),
        text(&row.sow),
        row.method.to_owned(),
        row.urgency.to_owned(),
        row.projects_removed.as_ref().map_or_else(|| "unknown".to_owned(), |list| cell(&list.join("; "))),
        time(row.effective),
        time(row.known),
        time(Some(row.opened)),
        time(row.approved),
        time(row.acted),
        time(Some(row.deadline)),
        row.in_time.map_or("", yes).to_owned(),
        row.paths_proved_by_read.to_string(),
        row.paths_attested.to_string(),
        row.paths_accepted.to_string(),
        row.paths_open.to_string(),
        row.hours_from_effective.map_or_else(String::new, |hours| hours.to_string()),
    ]
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}
