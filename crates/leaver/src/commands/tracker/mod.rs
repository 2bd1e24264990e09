//! The IAM tracker (RECORD-1): one row a case, from the journal; as CSV, JSON, or OCSF events.

mod ocsf;
mod row;

use clap::ValueEnum as _;
use jiff::Timestamp;
use leaver_core::ids::OrgName;
use leaver_store::CaseFilter;

use crate::cli::{Tracker, TrackerCommand, TrackerFormat};
use crate::commands::provenance;
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::wiring::App;

pub(crate) use self::row::{Row, csv, row};

pub(crate) async fn run(app: &App, tracker: &Tracker, acting: Option<&str>, printer: Printer) -> Result<Exit, Failure> {
    let TrackerCommand::Export { format, org, since, until, output } = &tracker.what;
    let now = app.engine.clock.now();
    // One that is not in the configuration is a slip of the hand, and no empty list.
    let asked = org.as_ref().map(|org| app.engine.organization(&OrgName::new(org.clone()))).transpose()?;
    let org = asked.map(|org| org.name.clone());
    let mut rows = app.engine.store.cases(&CaseFilter { org, ..CaseFilter::default() }).await.map_err(stored)?;
    rows.retain(|row| {
        since.is_none_or(|since| row.opened_at >= since) && until.is_none_or(|until| row.opened_at < until)
    });
    rows.sort_by(|one, two| (one.opened_at, &one.case).cmp(&(two.opened_at, &two.case)));
    let format = if printer.json { TrackerFormat::Json } else { *format };
    let mut list: Vec<Row> = Vec::with_capacity(rows.len());
    let mut events = Vec::new();
    let cases = rows.len();
    for case in rows {
        let case = app.engine.case(&case.case).await?;
        if format == TrackerFormat::Ocsf {
            events.extend(ocsf::events(app, &case).await?);
        } else {
            list.push(row::row(app, &case, now).await?);
        }
    }
    let text = match format {
        TrackerFormat::Csv => row::csv(&list)?,
        TrackerFormat::Json => json(&list)? + "\n",
        TrackerFormat::Ocsf => events.iter().fold(String::new(), |text, event| text + &event.to_string() + "\n"),
    };
    let Some(path) = output else {
        printer.data(text.trim_end());
        return Ok(Exit::Done);
    };
    let by = provenance::whoever(app, acting)?;
    let facts = serde_json::json!({
        "organization": asked.map(provenance::organization),
        "opened": { "since": since, "until": until },
        "made": provenance::made(app, by, now).await?,
        "log": provenance::journal(app).await?,
        "format": format.to_possible_value().map(|value| value.get_name().to_owned()),
        "cases": cases, "rows": list.len() + events.len(),
    });
    let beside = provenance::keep(path, text.as_bytes(), facts)?;
    printer.say(&format!("wrote {}, and where it comes from in {}", path.display(), beside.display()));
    Ok(Exit::Done)
}

fn json(list: &[Row]) -> Result<String, Failure> {
    serde_json::to_string_pretty(list)
        .map_err(|error| Failure::not_done("L304", "the tracker cannot be written as JSON").because(&error))
}

fn stored(error: leaver_store::StoreError) -> Failure {
    leaver_engine::Error::from(error).into()
}

/// A time as RFC 3339 in UTC; nothing where there is none.
fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| at.to_string())
}
