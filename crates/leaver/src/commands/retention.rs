//! How long cases are kept, and how they end (RECORD-6): a dry run first, then two people; a signed entry of the log is what stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use leaver_core::decide::Command as Decision;
use leaver_core::ids::{Digest, OrgName, PersonId};
use leaver_core::retention::Act;
use leaver_engine::Holding;
use leaver_evidence::captures::CaptureStore;
use serde_json::{Value, json};

use crate::cli::{Retention, RetentionCommand};
use crate::failure::{Exit, Failure};
use crate::log::LogFolder;
use crate::printer::Printer;
use crate::render;
use crate::wiring::App;

pub(crate) async fn run(
    app: &App,
    retention: &Retention,
    acting: Option<&str>,
    printer: Printer,
) -> Result<Exit, Failure> {
    match &retention.what {
        RetentionCommand::List { org } => {
            let org = match org {
                Some(org) => Some(app.engine.organization(&OrgName::new(org.clone()))?.name.clone()),
                None => None,
            };
            list(app, &app.engine.holdings(org.as_ref()).await?, printer).await
        }
        RetentionCommand::Hold { case, why } => {
            let (by, _) = app.acting(acting)?.clone();
            let id = app.engine.find(case).await?;
            let case = app.engine.command(&id, Decision::Hold { by, why: why.clone() }).await?;
            tell(printer, &json!({"case": case.id, "hold": true}), "a legal hold is on the case: it does not expire")
        }
        RetentionCommand::Tidy { days, yes } => tidy(app, *days, *yes, printer).await,
        RetentionCommand::EndHold { case, why } => Box::pin(asked(app, case, Act::EndHold, why, acting, printer)).await,
        RetentionCommand::Expire { case, why } => {
            let id = app.engine.find(case).await?;
            let holding = app.engine.holding(&id).await?;
            if holding.case.expired_at.is_some() {
                return sweep(app, &holding, printer).await;
            }
            Box::pin(asked(app, case, Act::Expire, why, acting, printer)).await
        }
    }
}

fn tell(printer: Printer, document: &Value, says: &str) -> Result<Exit, Failure> {
    if printer.json {
        printer.document(document)?;
    } else {
        printer.data(says);
    }
    Ok(Exit::Done)
}

/// Everything that is kept, until when, and what would go: the dry run.
async fn list(app: &App, holdings: &[Holding], printer: Printer) -> Result<Exit, Failure> {
    let now = app.engine.clock.now();
    let mut documents = Vec::with_capacity(holdings.len());
    for holding in holdings {
        let case = &holding.case;
        let leaver = app.address(&case.request.leaver).await?;
        let is_due = holding.due.is_some_and(|due| due <= now);
        let asked = case.asked().filter(|_| case.expired_at.is_none());
        let state = match (case.expired_at, case.on_hold(), is_due) {
            (Some(_), ..) => "expired",
            (None, true, _) => "on-hold",
            (None, false, true) => "due",
            (None, false, false) => "kept",
        };
        let left = still_there(app, holding)?;
        let known = app.engine.store.person(&case.request.leaver).await.map_err(leaver_engine::Error::from)?;
        let named = holding.person && known.is_some();
        documents.push(json!({
            "case": case.id, "collaborator": leaver, "is": state, "over_since": holding.over_since, "kept_until": holding.due,
            "expired_at": case.expired_at, "files": left, "statements": holding.statements, "name_goes": holding.person,
            "asked": asked.map(|asked| json!({"by": asked.by, "act": asked.act, "at": asked.at})), "list": holding.list,
        }));
        if printer.json {
            continue;
        }
        if let Some(at) = case.expired_at {
            printer.data(&format!(
                "{}  {leaver}: expired on {}, {} entries of the log stay",
                case.id,
                day(at),
                case.version
            ));
            if left > 0 || holding.statements > 0 || named {
                let name = if named { ", the collaborator's name" } else { "" };
                printer.data(&format!(
                    "    NOT ALL GONE: {left} files, {} statements{name} are left; repeat 'leaver retention expire {} --why TEXT'",
                    holding.statements, case.id
                ));
            }
            continue;
        }
        let until = match (holding.due, case.on_hold()) {
            (_, true) => "under a legal hold".to_owned(),
            (Some(due), false) => format!("kept until {}", day(due)),
            (None, false) => "not over yet".to_owned(),
        };
        let name = if holding.person { ", the collaborator's name" } else { "" };
        printer.data(&format!("{}  {leaver}: {until}{}", case.id, if state == "due" { ", due" } else { "" }));
        printer.data(&format!(
            "    would go: {left} raw answers and files, {} statements, titles{name}; stays: {} entries of the log",
            holding.statements, case.version,
        ));
        if let Some(asked) = asked {
            let by = app.address(&asked.by).await?;
            printer.data(&format!(
                "    {by} asked to {} it on {}; somebody else confirms",
                asked.act.says(),
                day(asked.at)
            ));
        }
    }
    if holdings.is_empty() && !printer.json {
        printer.say("no case is kept");
    }
    if printer.json {
        printer.document(&documents)?;
    }
    Ok(Exit::Done)
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn captures(app: &App) -> Result<(PathBuf, CaptureStore), Failure> {
    let folder = app.config.path(&app.config.evidence);
    let store = CaptureStore::open(&folder).map_err(|error| unusable(&folder, &error))?;
    Ok((folder, store))
}

fn unusable(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::not_done("L306", format!("the evidence folder {} cannot be used", folder.display()))
        .because(error)
        .hint("repeat the command: it goes on where it stopped")
}

/// How many of the files of a case are on the disk.
fn still_there(app: &App, holding: &Holding) -> Result<usize, Failure> {
    let (folder, store) = captures(app)?;
    let there = |name: &&String| store.has(name) || folder.join("attachments").join(name.as_str()).exists();
    Ok(holding.files.iter().filter(there).count())
}

/// Raw answers and files that no case names: of plans that nobody opened, of lists, of audit logs that concerned nobody. What is younger may
/// belong to a case that is being opened.
async fn tidy(app: &App, days: u32, yes: bool, printer: Printer) -> Result<Exit, Failure> {
    let (folder, store) = captures(app)?;
    let named = app.engine.named_files().await?;
    let age = SignedDuration::from_hours(24 * i64::from(days));
    let now = app.engine.clock.now();
    let mut loose: Vec<String> = Vec::new();
    let mut found = store.list().map_err(|error| unusable(&folder, &error))?;
    if let Ok(entries) = std::fs::read_dir(folder.join("attachments")) {
        for entry in entries.flatten() {
            if let Ok(changed) = entry.metadata().and_then(|entry| entry.modified()) {
                found.push((entry.file_name().to_string_lossy().into_owned(), changed));
            }
        }
    }
    for (name, changed) in found {
        let old = Timestamp::try_from(changed).is_ok_and(|changed| now.duration_since(changed) >= age);
        if old && Digest::parse(&name).is_ok() && !named.contains(&name) {
            loose.push(name);
        }
    }
    if yes {
        for name in &loose {
            remove(&folder, &store, name).map_err(|error| unusable(&folder, &error))?;
        }
    }
    if printer.json {
        printer.document(&json!({ "files": loose.len(), "removed": yes }))?;
    } else if yes {
        printer.data(&format!("{} files that no case names went", loose.len()));
    } else {
        printer.data(&format!("{} files older than {days} days are named by no case; --yes removes them", loose.len()));
    }
    Ok(Exit::Done)
}

/// Removes a raw answer or an attached file; whether there was one.
fn remove(folder: &Path, store: &CaptureStore, name: &str) -> std::io::Result<bool> {
    let attached = match std::fs::remove_file(folder.join("attachments").join(name)) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    Ok(store.remove(name)? || attached)
}

/// The first person asks, the second one confirms, and then it happens.
async fn asked(
    app: &App,
    case: &str,
    act: Act,
    why: &str,
    acting: Option<&str>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let (by, _) = app.acting(acting)?.clone();
    let id = app.engine.find(case).await?;
    let holding = app.engine.holding(&id).await?;
    let decided = app.engine.retain(&holding, act, by, why.to_owned()).await?;
    if decided.expired_at.is_some() {
        return sweep(app, &app.engine.holding(&id).await?, printer).await;
    }
    if act == Act::EndHold && !decided.on_hold() {
        return tell(printer, &json!({"case": id, "hold": false}), "the legal hold ended; two people asked for it");
    }
    let verb = match act {
        Act::Expire => "expire",
        Act::EndHold => "end-hold",
    };
    if printer.json {
        printer.document(&json!({
            "case": id, "asked": act, "files": holding.files.len(), "statements": holding.statements, "list": holding.list,
        }))?;
    } else {
        match act {
            Act::Expire => printer.data(&format!(
                "asked; nothing went yet. {} raw answers and files and {} statements would go.",
                holding.files.len(),
                holding.statements
            )),
            Act::EndHold => printer.data("asked; the legal hold stays until somebody else confirms"),
        }
        printer
            .say(&format!("somebody else confirms within 7 days: leaver retention {verb} {id} --why TEXT --as PERSON"));
    }
    Ok(Exit::Waiting)
}

/// Removes what an expired case held. What a crash left is removed by the same command.
async fn sweep(app: &App, holding: &Holding, printer: Printer) -> Result<Exit, Failure> {
    let case = &holding.case;
    let (folder, store) = captures(app)?;
    let mut files = 0;
    for name in &holding.files {
        files += usize::from(remove(&folder, &store, name).map_err(|error| unusable(&folder, &error))?);
    }
    let stored = leaver_engine::Error::from;
    let mut titles: BTreeSet<String> = case.plan.iter().flat_map(|(plan, _)| render::objects(case, plan)).collect();
    let mut nobody: Vec<PersonId> = Vec::new();
    for other in app.engine.holdings(None).await? {
        // Who was kept for the sake of this case goes with it.
        if other.case.expired_at.is_some() && other.person {
            nobody.push(other.case.request.leaver.clone());
        }
        let kept = other.case.expired_at.is_none() && other.case.request.vendor_org == case.request.vendor_org;
        if let Some((plan, _)) = other.case.plan.as_ref().filter(|_| kept) {
            for title in render::objects(&other.case, plan) {
                titles.remove(&title);
            }
        }
    }
    let titles: Vec<String> = titles.into_iter().collect();
    let titles = app.engine.store.erase_labels(case.request.vendor_org, &titles).await.map_err(stored)?;
    let now = app.engine.clock.now();
    let statements = app.engine.store.erase_statements(&case.id).await.map_err(stored)?;
    let mut person = false;
    for one in nobody {
        person |= app.engine.store.erase_person(&one, now).await.map_err(stored)?;
    }
    // What is left is an entry of the log that somebody signed.
    let log = LogFolder::beside(&app.database)?;
    let signed = log.sign(&*app.engine.store, &app.config).await?;
    if printer.json {
        printer.document(&json!({
            "case": case.id, "expired_at": case.expired_at, "files": files, "titles": titles, "statements": statements, "person": person,
            "log_size": signed.tree.size(),
        }))?;
    } else {
        let name = if person { ", the collaborator's name and key" } else { "" };
        printer.data(&format!(
            "expired on {}: {files} raw answers and files, {titles} titles, {statements} statements{name} went now; the entries of \
             the log stay, signed at size {}",
            case.expired_at.map_or_else(String::new, day),
            signed.tree.size(),
        ));
        printer.say("other copies go by their own rules: backups, packs that were handed out or stored");
        printer.say("what no case names stays: 'leaver retention tidy' removes raw answers of plans and lists");
    }
    Ok(Exit::Done)
}
