//! People's decisions. Each command goes through the one rule book, `leaver_core::decide`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use leaver_core::claim::Choice;
use leaver_core::decide::Command as Decision;
use leaver_core::event::Identity;
use leaver_core::ids::{ClaimKey, Digest, OrgName};
use leaver_core::method::Urgency;
use leaver_evidence::archive;

use crate::cli::{Approve, Attest, Decide, OfCase, Release, WithWhy};
use crate::commands::cases;
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::wiring::App;

/// Keeps a file as evidence and returns its digest.
pub(crate) fn keep(app: &App, path: &Path) -> Result<Digest, Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::usage("L011", format!("the file {shown} cannot be read")).because(&error))?;
    keep_bytes(app, &bytes)
        .map_err(|error| Failure::not_done("L306", format!("the file {shown} cannot be kept")).because(&error))
}

/// Keeps bytes as evidence, durably and under their digest.
pub(crate) fn keep_bytes(app: &App, bytes: &[u8]) -> std::io::Result<Digest> {
    let folder = app.config.path(&app.config.evidence).join("attachments");
    let mut draft = archive::Draft::begin(&folder)?;
    draft.write_all(bytes)?;
    draft.keep()?;
    let digest = Digest::of(bytes);
    // What nobody names goes by its age ('retention tidy'), by the engine's clock.
    let now = u64::try_from(app.engine.clock.now().as_second()).unwrap_or_default();
    let now = std::time::UNIX_EPOCH + std::time::Duration::from_secs(now);
    std::fs::File::options().append(true).open(folder.join(digest.to_string()))?.set_modified(now)?;
    Ok(digest)
}

pub(crate) fn keep_all(app: &App, paths: &[PathBuf]) -> Result<Vec<Digest>, Failure> {
    paths.iter().map(|path| keep(app, path)).collect()
}

pub(crate) async fn approve(
    app: &App,
    approve: &Approve,
    acting: Option<&str>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let (by, _) = app.acting(acting)?.clone();
    let id = app.engine.find(&approve.case).await?;
    let case = app.engine.case(&id).await?;
    let hash = case.plan_event().cloned().ok_or_else(|| Failure::not_done("L201", "the case has no plan yet"))?;
    let plan = match approve.plan.as_deref().filter(|named| !hash.is_meant_by(named)) {
        None => hash,
        Some(named) => Digest::parse(named).map_err(|_| {
            let problem = format!("the plan of the case is {}, not {named}", hash.short());
            Failure::not_done("L202", problem).hint("look at the plan again: leaver status CASE")
        })?,
    };
    let originals = keep_all(app, &approve.attach)?;
    // In an emergency one person's yes is enough to start; a second one ratifies.
    let alone =
        case.request.urgency == Urgency::Emergency && (by == case.request.requester || by == case.request.executor);
    let command = if alone {
        Decision::Authorise { plan, by, identity: Identity::Declared }
    } else {
        Decision::Approve { plan, by, identity: Identity::Declared, originals }
    };
    finish(app, &approve.case, command, printer).await
}

pub(crate) async fn reject(
    app: &App,
    reject: &WithWhy,
    acting: Option<&str>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let (by, _) = app.acting(acting)?.clone();
    finish(app, &reject.case, Decision::Reject { by, why: reject.why.clone() }, printer).await
}

pub(crate) async fn ratify(app: &App, of: &OfCase, acting: Option<&str>, printer: Printer) -> Result<Exit, Failure> {
    let (by, _) = app.acting(acting)?.clone();
    finish(app, &of.case, Decision::Ratify { by, identity: Identity::Declared }, printer).await
}

pub(crate) async fn cancel(
    app: &App,
    cancel: &WithWhy,
    acting: Option<&str>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let (by, _) = app.acting(acting)?.clone();
    finish(app, &cancel.case, Decision::Cancel { by, why: cancel.why.clone() }, printer).await
}

pub(crate) async fn decide(
    app: &App,
    decide: &Decide,
    acting: Option<&str>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let (by, _) = app.acting(acting)?.clone();
    let choice = Choice::parse(&decide.choose).ok_or_else(|| {
        Failure::usage("L012", format!("'{}' is no choice", decide.choose))
            .hint("'leaver status CASE' shows what each claim offers")
    })?;
    let command = Decision::Decide {
        claim: ClaimKey::new(decide.claim.clone()),
        choice,
        why: decide.why.clone(),
        until: decide.until,
        by,
    };
    finish(app, &decide.case, command, printer).await
}

pub(crate) async fn attest(
    app: &App,
    attest: &Attest,
    acting: Option<&str>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let (by, _) = app.acting(acting)?.clone();
    if attest.file.is_none() && attest.note.trim().is_empty() {
        return Err(
            Failure::usage("L013", "an attestation needs a file or a note").hint("give --file F or --note TEXT")
        );
    }
    let file = attest.file.as_deref().map(|path| keep(app, path)).transpose()?;
    let command = Decision::Attest { claim: ClaimKey::new(attest.claim.clone()), file, note: attest.note.clone(), by };
    finish(app, &attest.case, command, printer).await
}

pub(crate) async fn release(
    app: &App,
    release: &Release,
    acting: Option<&str>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let (by, _) = app.acting(acting)?.clone();
    let org = OrgName::new(release.org.clone());
    let released = app.engine.release_organization(&org, &by, &release.why).await?;
    for case in &released {
        printer.say(&format!("released {}", case.id));
    }
    if printer.json {
        let cases: Vec<&str> = released.iter().map(|case| case.id.as_str()).collect();
        printer.document(&serde_json::json!({ "released": cases }))?;
    }
    Ok(Exit::Done)
}

/// What a word about one claim is taken as.
fn noted(command: &Decision) -> Option<String> {
    if let Decision::Attest { claim, .. } = command {
        Some(format!("noted: {claim} is attested"))
    } else if let Decision::Decide { claim, choice, .. } = command {
        Some(format!("noted: {claim} is decided, {}", choice.word()))
    } else {
        None
    }
}

async fn finish(app: &App, case: &str, command: Decision, printer: Printer) -> Result<Exit, Failure> {
    let id = app.engine.find(case).await?;
    let noted = noted(&command);
    let case = app.engine.command(&id, command).await?;
    app.engine.store.wake(&id, app.engine.clock.now()).await.map_err(leaver_engine::Error::from)?;
    cases::show_brief(app, &case, printer).await?;
    if let Some(noted) = noted {
        printer.say(&format!("{noted}; the worker counts it in its next pass, 'leaver verify {id}' at once"));
    }
    Ok(cases::exit_of(&case, app.engine.clock.now()))
}
