//! What a pack holds: the payload of one case, file by file.

use std::collections::{BTreeMap, BTreeSet};

use leaver_core::event::{Event, Identity};
use leaver_core::ids::PersonId;
use leaver_engine::{Record, document};
use leaver_evidence::canonical::{digest, hex};
use leaver_evidence::captures::CaptureStore;
use leaver_evidence::pack::{Draft, NO_TIME_STAMP, NO_WITNESS, WriteError, named_by};
use serde_json::{Value, json};

use crate::commands::cases::words;
use crate::commands::members::cell;
use crate::failure::Failure;
use crate::render;
use crate::wiring::App;

use super::controls;
use super::report::page;
use super::sheets::sheets;

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        let mut failure = Self::not_done(error.code(), format!("the pack cannot be written: {error}"));
        if let Some(source) = std::error::Error::source(&error) {
            failure.causes.push(source.to_string());
        }
        match error {
            WriteError::Exists(_) => failure.hint("nothing is overwritten: give another folder"),
            WriteError::Name(_) | WriteError::Disk { .. } => failure.hint("nothing of it is left; repeat the command"),
        }
    }
}

/// Who said yes to a plan, and how we know who it was.
pub(super) fn approval(event: &Event) -> Option<(&PersonId, Identity)> {
    if let Event::Approved { by, identity, .. }
    | Event::Authorised { by, identity, .. }
    | Event::Ratified { by, identity, .. } = event
    {
        Some((by, *identity))
    } else {
        None
    }
}

/// Fills a draft with everything about a case.
pub(crate) async fn fill(app: &App, record: &Record, draft: &mut Draft) -> Result<(), Failure> {
    let mut events = Vec::new();
    for stored in &record.stored {
        events.extend_from_slice(&stored.bytes);
        events.push(b'\n');
    }
    draft.add("data/events.jsonl", &events)?;
    let mut words = String::new();
    for opening in &record.words {
        let line = json!({
            "commitment": opening.commitment(), "salt": hex(&opening.salt), "text": opening.text,
        });
        words.push_str(&line.to_string());
        words.push('\n');
    }
    draft.add("data/words.jsonl", words.as_bytes())?;
    let approvals = record.events.iter().zip(&record.stored).filter(|(stamped, _)| approval(&stamped.event).is_some());
    for (number, (_, stored)) in approvals.enumerate() {
        draft.add(&format!("data/approvals/{}/approval.json", number + 1), &stored.bytes)?;
    }
    let case = case(app, record).await?;
    draft.add("data/case.json", pretty(&case)?.as_bytes())?;
    let limits = limits(app);
    draft.add("data/report.txt", report(app, record, &limits).await?.as_bytes())?;
    if let Some(page) = page(app, &record.case, limits).await? {
        draft.add("data/report.html", page.html()?.as_bytes())?;
        #[cfg(feature = "pdf")]
        draft.add("data/report.pdf", &page.pdf(record.case.last_at)?)?;
    }
    let store = captures(app)?;
    for (name, page) in sheets(app, record, &store).await? {
        draft.add(name, page.as_bytes())?;
    }
    draft.add(
        "data/controls.csv",
        &controls::table(record, app.config.witness.quorum).map_err(|error| uncsv(&error))?,
    )?;
    evidence(app, record, draft)
}

fn uncsv(error: &csv::Error) -> Failure {
    Failure::not_done("L308", "a list of the pack cannot be written as CSV").because(error)
}

fn pretty(value: &Value) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| Failure::not_done("L304", "the case cannot be written as JSON").because(&error))
}

/// The case in short, with the people behind the ids.
async fn case(app: &App, record: &Record) -> Result<Value, Failure> {
    let request = &record.case.request;
    let approvers: Vec<&PersonId> =
        record.events.iter().filter_map(|stamped| approval(&stamped.event)).map(|(by, _)| by).collect();
    let mut ids: BTreeSet<&PersonId> =
        BTreeSet::from([&request.leaver, &request.requester, &request.executor, &request.successor]);
    ids.extend(&approvers);
    let mut people = BTreeMap::new();
    for id in ids {
        if let Some(person) = app.engine.store.person(id).await.map_err(leaver_engine::Error::from)? {
            people.insert(id, json!({ "addresses": person.addresses, "name": person.name }));
        }
    }
    let approved = record.events.iter().find(|stamped| approval(&stamped.event).is_some());
    Ok(json!({
        "case": request.case, "state": record.case.state, "rehearsal": request.rehearsal,
        "organization": { "name": request.org, "id": request.vendor_org },
        "leaver": request.leaver, "requester": request.requester, "executor": request.executor,
        "successor": request.successor, "approvers": approvers,
        "ticket": request.ticket.text(), "reason": request.reason.slug(), "method": request.method.word(),
        "urgency": request.urgency.word(),
        "times": {
            "effective": request.ended, "known": request.known, "opened": request.at,
            "approved": approved.map(|stamped| stamped.at), "removed": record.case.removed_at,
            "deadline": request.deadline,
        },
        "people": people,
        "document": document(&record.case, record.case.last_at),
    }))
}

/// What the pack of a case cannot show.
fn limits(app: &App) -> Vec<String> {
    let witness = match app.config.witness.quorum {
        0 => NO_WITNESS.to_owned(),
        asked => format!("{asked} outside witnesses are asked for; seal/checkpoint shows who signed"),
    };
    let time = match &app.config.time_stamp {
        None => NO_TIME_STAMP.to_owned(),
        Some(authority) => {
            format!(
                "seal/manifest-sha256.txt.tsr is the time stamp of {}; the other times are those of our own clock",
                authority.url
            )
        }
    };
    vec![time, witness, controls::DECLARED.to_owned()]
}

/// The case for people to read, and what the pack cannot show.
async fn report(app: &App, record: &Record, limits: &[String]) -> Result<String, Failure> {
    let case = &record.case;
    let at = case.last_at;
    let mut text = String::new();
    if let Some((plan, _)) = &case.plan {
        let shown = render::case(case, plan, &document(case, at), &words(app, case).await?, at);
        text.push_str(&anstream::adapter::strip_str(&shown).to_string());
    }
    text.push_str("\n\nwhat this pack cannot show\n");
    for line in limits {
        text.push_str("  ");
        text.push_str(line);
        text.push('\n');
    }
    Ok(text)
}

fn captures(app: &App) -> Result<CaptureStore, Failure> {
    let folder = app.config.path(&app.config.evidence);
    CaptureStore::open(&folder).map_err(|error| {
        Failure::not_done("L306", format!("the evidence folder {} cannot be used", folder.display())).because(&error)
    })
}

/// Raw answers and originals, each under its digest, and a list that says what each is.
fn evidence(app: &App, record: &Record, draft: &mut Draft) -> Result<(), Failure> {
    let folder = app.config.path(&app.config.evidence);
    let store = captures(app)?;
    let mut named = BTreeSet::new();
    for (stored, number) in record.stored.iter().zip(1..) {
        let event: Value = serde_json::from_slice(&stored.bytes).map_err(|error| {
            Failure::not_done("L304", format!("event {number} of the case cannot be read")).because(&error)
        })?;
        named.extend(named_by(&event));
    }
    let mut list = csv::Writer::from_writer(Vec::new());
    let head = [
        "file",
        "kind",
        "method",
        "url",
        "credential",
        "sent_at",
        "ended_at",
        "vendor_date",
        "status",
        "content_type",
        "bytes",
        "whole",
        "redacted",
    ];
    list.write_record(head).map_err(|error| uncsv(&error))?;
    for name in named {
        let (kind, bytes) = match store.get(&name) {
            Ok(Some(capture)) => {
                (Some(capture.meta().clone()), capture.to_bytes().map_err(|error| lost(&name, &error))?)
            }
            Ok(None) => {
                (None, std::fs::read(folder.join("attachments").join(&name)).map_err(|error| lost(&name, &error))?)
            }
            Err(error) => return Err(lost(&name, &error)),
        };
        if digest(&bytes) != name {
            return Err(lost(&name, &std::io::Error::other("it was changed on the disk")));
        }
        draft.add(&format!("data/evidence/{name}"), &bytes)?;
        let row = row(&name, kind.as_ref(), bytes.len());
        list.write_record(row).map_err(|error| uncsv(&error))?;
    }
    let list = list.into_inner().map_err(|error| uncsv(&csv::Error::from(error.into_error())))?;
    draft.add("data/evidence.csv", &list)?;
    Ok(())
}

fn lost(name: &str, error: &std::io::Error) -> Failure {
    Failure::not_done("L425", format!("evidence {name} of the case is missing or damaged")).because(error).hint(
        "a pack without it would prove less than the history says: put it back from a copy of the evidence folder",
    )
}

fn row(name: &str, meta: Option<&leaver_evidence::captures::Meta>, bytes: usize) -> Vec<String> {
    let Some(meta) = meta else {
        let mut row = vec![name.to_owned(), "original".to_owned()];
        row.extend(std::iter::repeat_n(String::new(), 8));
        row.extend([bytes.to_string(), "true".to_owned(), String::new()]);
        return row;
    };
    vec![
        name.to_owned(),
        "answer".to_owned(),
        cell(&meta.method),
        cell(&meta.url),
        cell(&meta.credential),
        meta.sent_at.to_string(),
        meta.ended_at.to_string(),
        cell(meta.vendor_date.as_deref().unwrap_or("")),
        meta.status.to_string(),
        cell(meta.content_type.as_deref().unwrap_or("")),
        bytes.to_string(),
        meta.whole.to_string(),
        meta.redacted.as_ref().map_or_else(String::new, |redacted| cell(&redacted.fields.join(" "))),
    ]
}
