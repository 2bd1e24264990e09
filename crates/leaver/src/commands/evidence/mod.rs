//! Evidence: sealed packs handed over and checked, and what they are checked against.

mod controls;
mod payload;
mod pictures;
mod report;
mod sheets;
mod storage;

pub(crate) use self::storage::store;

use std::path::Path;

use jiff::Timestamp;
use leaver_core::ids::{CaseId, Digest};
use leaver_engine::Sealed;
use leaver_evidence::log::{Proof, Witnessed};
use leaver_evidence::pack::{self, CheckResult, Draft, NO_TIME_STAMP, NO_WITNESS, Seal, Trust, TrustError};
use serde_json::json;

use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::log::LogFolder;
use crate::printer::Printer;
use crate::wiring::App;

use self::payload::fill;

/// A case that goes on while it is being packed is packed again; one that goes on so often is not at rest.
const ATTEMPTS: usize = 5;

pub(crate) async fn export(app: &App, case: &str, place: &Path, printer: Printer) -> Result<Exit, Failure> {
    let id = app.engine.find(case).await?;
    let Packed { witnessed, stamped_at, checkpoint } = Box::pin(seal(app, &id, place)).await?;
    let waits = witnessed.enough == Some(false);
    if printer.json {
        let by: Vec<&String> = witnessed.by.keys().collect();
        let witness = json!({ "signed": by, "enough": witnessed.enough });
        printer.document(&json!({ "case": id, "pack": place, "witness": witness, "time_stamp": stamped_at, "checkpoint": checkpoint }))?;
    } else {
        printer.say(&format!("sealed {id} in {}", place.display()));
        match stamped_at {
            Some(at) => printer.say(&format!("an outside authority stamped it at {at}")),
            None => printer.say(NO_TIME_STAMP),
        }
        if witnessed.enough.is_none() {
            printer.say(NO_WITNESS);
        } else {
            let by: Vec<&str> = witnessed.by.keys().map(String::as_str).collect();
            let by = if by.is_empty() { "nobody".to_owned() } else { by.join(", ") };
            printer.say(&format!("witnessed by {by}; {} must sign", app.config.witness.quorum));
        }
        if waits {
            printer.say("the pack fails check 7 until enough witnesses signed: export it again when they answer");
        }
        printer.say("put this checkpoint into the ticket and the closing mail: whoever has it later sees whether the log went on from it");
        for line in checkpoint.lines().filter(|line| !line.is_empty()) {
            printer.say(&format!("    {line}"));
        }
        printer.say("check it with its VERIFY.sh or 'leaver evidence verify'; 'leaver evidence trust' writes what it is checked against");
    }
    Ok(if waits { Exit::Waiting } else { Exit::Done })
}

/// A pack in its place, and what others hold of it.
pub(crate) struct Packed {
    /// Which witnesses signed.
    pub(crate) witnessed: Witnessed,
    /// When an authority saw it.
    stamped_at: Option<Timestamp>,
    /// The signed log.
    checkpoint: String,
}

/// Seals a case in a new folder.
pub(crate) async fn seal(app: &App, id: &CaseId, place: &Path) -> Result<Packed, Failure> {
    let log = LogFolder::beside(&app.database)?;
    for _ in 0..ATTEMPTS {
        let record = app.engine.record(id).await?;
        let mut draft = Draft::begin(place)?;
        fill(app, &record, &mut draft).await?;
        let listed = draft.manifest();
        let manifest = Digest::of(listed.as_bytes());
        // Before anything is journalled: what no authority stamped is not sealed.
        let stamp = match app.config.authority()? {
            Some(authority) => Some(authority.stamp(&app.config, listed.as_bytes()).await?),
            None => None,
        };
        let Sealed::Entry(entry) = app.engine.seal(&record, manifest.clone()).await? else { continue };
        let signed = log.sign(&*app.engine.store, &app.config).await?;
        let proof = |seq: u64| {
            Proof::of(&signed.tree, seq, signed.checkpoint.clone())
                .ok_or_else(|| Failure::not_done("L424", format!("entry {seq} of the journal is not in it any more")))
        };
        let events = record.stored.iter().map(|stored| proof(stored.seq)).collect::<Result<_, _>>()?;
        let request = &record.case.request;
        let info = [
            ("Bagging-Date", entry.at.strftime("%Y-%m-%d").to_string()),
            ("External-Identifier", id.to_string()),
            ("Bag-Software-Agent", format!("leaver {}", env!("CARGO_PKG_VERSION"))),
            ("Rehearsal", if request.rehearsal { "yes: evidence of nothing" } else { "no" }.to_owned()),
        ];
        let time_stamp = stamp.as_ref().map(|stamp| stamp.answer.as_slice());
        let seal = Seal { key: &log.pack, entry: &entry.bytes, proof: proof(entry.seq)?, events, time_stamp };
        draft.finish(&info, &seal)?;
        if signed.witnessed.enough == Some(true) {
            // The pack is in its place: whatever happens now, the next export says it again.
            app.engine.witnessed(id, manifest, signed.witnessed.by.keys().cloned().collect()).await?;
        }
        let stamped_at = stamp.map(|stamp| stamp.at);
        return Ok(Packed { witnessed: signed.witnessed, stamped_at, checkpoint: signed.checkpoint.to_string() });
    }
    Err(Failure::not_done("L302", "the case goes on faster than it can be packed")
        .hint("a worker is at it: repeat the command when it has come to rest"))
}

pub(crate) fn trust(config: &Config, place: &Path, printer: Printer) -> Result<Exit, Failure> {
    write_trust(&LogFolder::beside(&config.path(&config.database))?, config, place)?;
    if printer.json {
        printer.document(&json!({ "trust": place }))?;
    } else {
        printer.say(&format!("wrote {}: hand it over once, on another way than the packs", place.display()));
    }
    Ok(Exit::Done)
}

/// Writes the trust folder; nothing is overwritten.
pub(crate) fn write_trust(log: &LogFolder, config: &Config, place: &Path) -> Result<(), Failure> {
    let unwritable = |error: std::io::Error| {
        let failure = Failure::not_done("L421", format!("{} cannot be written", place.display())).because(&error);
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            Failure { code: "L420".to_owned(), ..failure }.hint("nothing is overwritten: give another folder")
        } else {
            failure
        }
    };
    let trust = log.trust(config)?;
    std::fs::create_dir(place).map_err(unwritable)?;
    for (name, text) in trust.files() {
        leaver_evidence::files::replace(&place.join(name), text.as_bytes()).map_err(unwritable)?;
    }
    Ok(())
}

pub(crate) fn verify(folder: &Path, trust: &Path, printer: Printer) -> Result<Exit, Failure> {
    let trust = Trust::read(trust).map_err(|error| {
        let failure = Failure::usage("L416", format!("the trust folder {} cannot be used", trust.display()));
        failure.because(&error).hint(match error {
            TrustError::Read { .. } => "it holds allowed_signers and policy, as 'leaver evidence trust' writes them",
            TrustError::Policy(_) | TrustError::Roots(_) | TrustError::Nobody => "get it anew from whom you trust",
        })
    })?;
    let report = pack::verify(folder, &trust);
    let broken = report.first_broken();
    if printer.json {
        let checks = report.checks.iter().map(|check| {
            let (result, says, code) = match &check.result {
                CheckResult::Pass => ("pass", check.says.to_owned(), None),
                CheckResult::Note(note) => ("note", note.clone(), None),
                CheckResult::Fail(broken) => ("fail", broken.to_string(), Some(broken.code())),
            };
            json!({ "check": check.number, "result": result, "says": says, "code": code })
        });
        let checks: Vec<_> = checks.collect();
        let first = broken
            .map(|(check, broken)| json!({ "check": check.number, "code": broken.code(), "what": broken.to_string() }));
        printer.document(&json!({ "good": broken.is_none(), "first_broken": first, "checks": checks }))?;
    } else {
        for check in &report.checks {
            printer.data(&check.to_string());
        }
    }
    let Some((check, broken)) = broken else { return Ok(Exit::Done) };
    if printer.json {
        return Ok(Exit::NotDone);
    }
    Err(Failure::not_done(broken.code(), format!("the pack fails check {}, {}: {broken}", check.number, check.says))
        .hint("do not rely on it: ask for the pack again, from the journal"))
}
