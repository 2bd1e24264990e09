//! The case as one page that a customer can be sent (RECORD-4): no script, nothing from elsewhere, every name escaped. With the feature
//! `pdf` the same page is a PDF, too.

use askama::Template;
use jiff::Timestamp;
use leaver_core::case::{Case, Paths};
use leaver_core::claim::{Claim, ClaimKind, Proof, State};
use leaver_core::event::CaseState;
use leaver_core::judge::reads_now;
use leaver_core::method::Does;
use leaver_core::plan::Plan;
use serde::Serialize;

use super::sheets::unseen;
use crate::commands::cases::words;
use crate::failure::Failure;
use crate::render::{self, Words};
use crate::wiring::App;

/// What stands on the page.
#[derive(Template, Serialize)]
#[template(path = "report.html")]
pub(super) struct Page {
    case: String,

    leaver: String,
    organization: String,
    summary: String,
    rehearsal: bool,
    facts: Vec<(&'static str, String)>,
    times: Vec<(&'static str, String)>,
    groups: Vec<Group>,
    method: &'static str,
    method_not: Vec<String>,
    credential: String,
    unseen: Vec<String>,
    limits: Vec<String>,
    plan: String,
}

/// Claims of one kind.
#[derive(Serialize)]
struct Group {
    title: &'static str,
    rows: Vec<Row>,
}

/// A claim.
#[derive(Serialize)]
struct Row {
    says: String,
    why: String,
    /// What named people said of it.
    words: Vec<String>,
    runbook: String,
    /// The first raw answer behind it, and how many more there are.
    evidence: Option<String>,
    more: usize,
    class: &'static str,
    shown: String,
    since: String,
    seen: String,
}

/// The page of a case; `limits` is what its pack cannot show.
pub(super) async fn page(app: &App, case: &Case, limits: Vec<String>) -> Result<Option<Page>, Failure> {
    let Some((plan, hash)) = &case.plan else { return Ok(None) };
    let words = words(app, case).await?;
    let request = &case.request;
    let mut groups = Vec::new();
    for (title, kinds) in [
        ("Access paths and senders", [ClaimKind::Access, ClaimKind::Sender].as_slice()),
        ("What was handed over", &[ClaimKind::Transfer]),
        ("What was to stay as it was", &[ClaimKind::Kept]),
        ("Records and notices", &[ClaimKind::Record, ClaimKind::Notice]),
    ] {
        let mut rows = Vec::new();
        for claim in plan.claims.iter().filter(|claim| kinds.contains(&claim.kind)) {
            rows.push(row(app, case, claim, &words).await?);
        }
        if !rows.is_empty() {
            groups.push(Group { title, rows });
        }
    }
    Ok(Some(Page {
        case: case.id.to_string(),
        leaver: words.leaver.clone(),
        organization: request.org.to_string(),
        summary: summary(case),
        rehearsal: request.rehearsal,
        facts: facts(app, case, plan).await?,
        times: times(case),
        groups,
        method: request.method.word(),
        method_not: request
            .method
            .effects()
            .iter()
            .filter(|effect| effect.does != Does::Yes)
            .map(|effect| format!("{}: {}", effect.on, effect.says))
            .collect(),
        credential: plan.credential.clone(),
        unseen: unseen(plan, &words),
        limits,
        plan: hash.to_string(),
    }))
}

impl Page {
    /// As HTML.
    pub(super) fn html(&self) -> Result<String, Failure> {
        self.render().map_err(|error| unwritten(&error))
    }

    /// As PDF, of the time of the last entry.
    #[cfg(feature = "pdf")]
    pub(super) fn pdf(&self, at: Timestamp) -> Result<Vec<u8>, Failure> {
        let data = serde_json::to_vec(self).map_err(|error| unwritten(&error))?;
        let template = include_str!("../../../templates/report.typ");
        let made = leaver_report::pdf(template, &data, at).map_err(|error| unwritten(&error))?;
        Ok(made.bytes)
    }
}

fn unwritten(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::not_done("L421", "the report of the pack cannot be written").because(error)
}

/// How the case stands, in one sentence.
fn summary(case: &Case) -> String {
    let paths = case.paths(case.last_at);
    let Paths { read, attested, accepted, open } = paths;
    let all = paths.all();
    format!(
        "{}. Of {all} access paths and senders {read} were seen closed by an independent read, {attested} {} attested by a named \
         person, {accepted} {} accepted as open, {open} {} unproved.",
        match case.state {
            CaseState::Closed => "Removed, and every recheck has passed",
            CaseState::Removed => "Removed",
            CaseState::Draft
            | CaseState::WaitingApproval
            | CaseState::Scheduled
            | CaseState::Running
            | CaseState::WaitingPerson
            | CaseState::Held
            | CaseState::Reopened
            | CaseState::Cancelled
            | CaseState::Rejected => case.state.word(),
        },
        are(attested),
        are(accepted),
        are(open),
    )
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

async fn facts(app: &App, case: &Case, plan: &Plan) -> Result<Vec<(&'static str, String)>, Failure> {
    let request = &case.request;
    let account = plan.subject.vendor_id.as_ref();
    let mut facts = vec![
        ("Case", case.id.to_string()),
        ("Organization", format!("{}, number {}", request.org, request.vendor_org)),
        (
            "Account",
            account.map_or_else(|| "no id is shown: the address alone pins it".to_owned(), ToString::to_string),
        ),
        ("Reason", request.reason.title().to_owned()),
        ("Ticket", request.ticket.to_string()),
        ("Method", format!("{}, {}", request.method.word(), request.urgency.word())),
        ("Requester", app.address(&request.requester).await?),
    ];
    match case.approval() {
        None => facts.push(("Approver", "nobody yet".to_owned())),
        Some(approval) => {
            facts.push((
                "Approver",
                format!("{} (identity: {})", app.address(&approval.by).await?, approval.identity.word()),
            ));
        }
    }
    if let Some((by, _)) = case.ratified() {
        facts.push(("Ratified by", app.address(by).await?));
    }
    facts.push(("Executor", app.address(&request.executor).await?));
    facts.push(("Successor", app.address(&request.successor).await?));
    Ok(facts)
}

fn times(case: &Case) -> Vec<(&'static str, String)> {
    let request = &case.request;
    let removed = case.removed_at;
    let stands = case.state.is_removed();
    let verdict = match removed {
        Some(at) if stands && at <= request.deadline => ", met",
        Some(_) if stands => ", missed",
        Some(_) | None => "",
    };
    let closed = match removed {
        None => "not yet".to_owned(),
        Some(at) if stands => time(at),
        Some(at) => format!("{}, and something is open since", time(at)),
    };
    let known = |at: Option<Timestamp>| at.map_or_else(|| "not said".to_owned(), time);
    vec![
        ("Work ended", known(request.ended)),
        ("Known", known(request.known)),
        ("Asked", time(request.at)),
        ("Approved", case.approval().map_or_else(|| "not yet".to_owned(), |approval| time(approval.at))),
        ("Every path seen closed", closed),
        ("Deadline", time(request.deadline) + verdict),
        ("Last entry", time(case.last_at)),
    ]
}

async fn row(app: &App, case: &Case, claim: &Claim, words: &Words) -> Result<Row, Failure> {
    let seen = case.observation(&claim.key);
    let observed = seen.map(|seen| &seen.observation);
    let accepted = case.accepted(&claim.key, case.last_at);
    let (class, shown) = match (observed.map(|seen| (seen.state, seen.proof, seen.rung)), accepted) {
        (Some((State::Holds, Some(Proof::Attested), _)), _) => ("attested", "a named person's word".to_owned()),
        (Some((State::Holds, Some(Proof::Record), _)), _) => ("read", "our record".to_owned()),
        (Some((State::Holds, Some(Proof::Read), rung)), _) => {
            ("read", rung.map_or_else(|| "a read".to_owned(), |rung| format!("a read: {}", rung.word())))
        }
        (Some((State::Holds, None, _)), _) => ("open", "no proof is on record".to_owned()),
        (_, Some(_)) => ("accepted", "accepted as open".to_owned()),
        (Some((State::Broken, ..)), None) => ("open", "does not hold".to_owned()),
        (Some((State::Unknown, ..)) | None, None) => ("open", "unknown".to_owned()),
    };
    let mut said = Vec::new();
    if let Some(word) = case.attestation(&claim.key) {
        let file = word.file.as_ref().map_or_else(String::new, |file| format!(", file {file}"));
        said.push(format!("{} on {}: {}{file}", app.address(&word.by).await?, time(word.at), word.note));
    }
    if let Some(decision) = case.decision(&claim.key) {
        let by = app.address(&decision.by).await?;
        said.push(format!("{by} on {}: {}, {}", time(decision.at), decision.choice.word(), decision.why));
    }
    let captures = observed.map(|seen| seen.captures.as_slice()).unwrap_or_default();
    Ok(Row {
        says: render::sentence(claim, words),
        why: observed.map_or_else(|| "not looked at yet".to_owned(), |seen| seen.why.clone()),
        words: said,
        runbook: claim.runbook.join(" "),
        evidence: captures.first().map(ToString::to_string),
        more: captures.len().saturating_sub(1),
        class,
        shown,
        since: seen.map_or_else(String::new, |seen| time(seen.since)),
        seen: looked_at(case, claim).map_or_else(String::new, time),
    })
}

/// When the oldest read behind the claim was last sent. A read that shows the same as the one before is no observation of its own.
pub(super) fn looked_at(case: &Case, claim: &Claim) -> Option<Timestamp> {
    let reads = reads_now(claim, case);
    let read = reads.iter().map(|what| case.read_at(what)).min().flatten();
    read.or_else(|| case.observation(&claim.key).map(|seen| seen.observation.seen_at))
}

pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
