//! The member list as CSV, which the vendor itself does not export (`facts/mixpanel.md` 2.2).

use leaver_core::ids::{Digest, OrgName};
use leaver_core::planner::Refusal;
use leaver_core::reading::{Roster, Snapshot};
use leaver_core::source::What;

use crate::cli::{Members, MembersCommand};
use crate::commands::people::keep_bytes;
use crate::commands::provenance;
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::wiring::App;

pub(crate) async fn run(app: &App, members: &Members, acting: Option<&str>, printer: Printer) -> Result<Exit, Failure> {
    let MembersCommand::Export { org, output } = &members.what;
    let began = app.engine.clock.now();
    let org = app.engine.organization(&OrgName::new(org.clone()))?;
    let reading = org.vendor.read(&org.source(What::Roster)).await;
    let roster = match &reading.result {
        Ok(Snapshot::Roster(roster)) if reading.to_the_end => roster,
        Ok(_) => return Err(Failure::not_done("L110", "the member list did not come to its end")),
        Err(failure) => {
            let what = "the member list".to_owned();
            return Err(leaver_engine::Error::from(Refusal::Unread { what, failure: failure.clone() }).into());
        }
    };
    let text = if printer.json { json(roster)? } else { csv(roster)? };
    let Some(path) = output else {
        printer.data(text.trim_end());
        return Ok(Exit::Done);
    };
    let by = provenance::whoever(app, acting)?;
    let facts = serde_json::json!({
        "organization": provenance::organization(org),
        "made": provenance::made(app, by, began).await?,
        "member_list": provenance::read(app, org, &reading, Some(roster.len()))?,
        "rows": roster.members.len(),
    });
    let beside = provenance::keep(path, text.as_bytes(), facts)?;
    printer.say(&format!("wrote {}, and where it comes from in {}", path.display(), beside.display()));
    Ok(Exit::Done)
}

fn csv(roster: &Roster) -> Result<String, Failure> {
    let written = table(roster)
        .map_err(|error| Failure::not_done("L308", "the list cannot be written as CSV").because(&error))?;
    Ok(String::from_utf8_lossy(&written).into_owned())
}

fn json(roster: &Roster) -> Result<String, Failure> {
    let list: Vec<_> = roster
        .members
        .iter()
        .map(|member| {
            serde_json::json!({
                "address": member.address, "id": member.id, "name": member.name,
                "role": member.role.map(leaver_core::reading::OrgRole::word), "active": member.active,
                "grants": member.grants, "last_seen": member.last_seen, "created": member.created,
            })
        })
        .collect();
    serde_json::to_string_pretty(&list)
        .map(|text| text + "\n")
        .map_err(|error| Failure::not_done("L304", "the list cannot be written as JSON").because(&error))
}

/// Keeps the member list as CSV before a case is opened (STATE-4); `None` where no whole list can be read.
pub(crate) async fn keep(app: &App, org: &OrgName) -> Result<Option<Digest>, Failure> {
    let org = app.engine.organization(org)?;
    let reading = org.vendor.read(&org.source(What::Roster)).await;
    let Ok(Snapshot::Roster(roster)) = &reading.result else { return Ok(None) };
    if !reading.to_the_end {
        return Ok(None);
    }
    let written = table(roster)
        .map_err(|error| Failure::not_done("L308", "the list cannot be written as CSV").because(&error))?;
    let kept = keep_bytes(app, &written)
        .map_err(|error| Failure::not_done("L306", "the member list cannot be kept").because(&error))?;
    Ok(Some(kept))
}

fn table(roster: &Roster) -> Result<Vec<u8>, csv::Error> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["address", "id", "name", "role", "active", "grants", "last_seen", "created"])?;
    for member in &roster.members {
        let grants = member.grants.as_ref().map_or_else(|| "unknown".to_owned(), |grants| grants.len().to_string());
        csv.write_record([
            cell(member.address.as_str()),
            cell(member.id.as_deref().unwrap_or("unknown")),
            cell(member.name.as_deref().unwrap_or("")),
            cell(member.role.map_or("unknown", leaver_core::reading::OrgRole::word)),
            cell(member.active.map_or("unknown", |active| if active { "yes" } else { "no" })),
            cell(&grants),
            cell(member.last_seen.as_deref().unwrap_or("unknown")),
            cell(member.created.as_deref().unwrap_or("unknown")),
        ])?;
    }
    csv.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// A cell that no spreadsheet takes for a formula.
pub(crate) fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0']) { format!("'{text}") } else { text.to_owned() }
}
