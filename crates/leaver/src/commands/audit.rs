//! The vendor's audit log (RECORD-5, RECORD-7). A person exports it; this keeps the original, and says what it shows.

use std::fs::File;
use std::path::Path;

use leaver_core::ids::{OrgName, PersonId};
use leaver_engine::AuditReport;

use crate::cli::{Audit, AuditCommand};
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::render;
use crate::wiring::App;

pub(crate) async fn run(app: &App, audit: &Audit, acting: Option<&str>, printer: Printer) -> Result<Exit, Failure> {
    let AuditCommand::Import { file, org } = &audit.what;
    let (by, _) = app.acting(acting)?.clone();
    let report = import(app, file, org, &by).await?;
    if printer.json {
        printer.document(&report)?;
    } else {
        printer.data(&render::audit(&report));
    }
    Ok(if report.has_exceptions() { Exit::NotDone } else { Exit::Done })
}

/// Imports one file; its original goes where the other files are that people attach.
pub(crate) async fn import(app: &App, file: &Path, org: &str, by: &PersonId) -> Result<AuditReport, Failure> {
    let unread = |error: &std::io::Error| {
        Failure::usage("L011", format!("the file {} cannot be read", file.display())).because(error)
    };
    let opened = File::open(file).map_err(|error| unread(&error))?;
    let archive = app.config.path(&app.config.evidence).join("attachments");
    Ok(app.engine.import_audit(&OrgName::new(org), by, opened, &archive).await?)
}
