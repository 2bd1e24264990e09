//! How long cases are kept, and how they end (RECORD-6): a dry run first, then two people; a signed entry of the log is what stays.

use std::collections::BTreeSet;

use leaver_core::decide::Command as Decision;
use leaver_core::ids::OrgName;
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
        RetentionCommand::EndHold { case, why } => asked(app, case, Act::EndHold, why, acting, printer).await,
        RetentionCommand::Expire { case, why } => {
            let id = app.engine.find(case).await?;
            let holding = app.engine.holding(&id).await?;
            if holding.case.expired_at.is_some() {
                return sweep(app, &holding, printer).await;
            }
            asked(app, case, Act::Expire, why, acting, printer).await
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
        let until = holding.due.map(|due| due.strftime("%Y-%m-%d").to_string());
        documents.push(json!({
            "case": case.id, "collaborator": leaver, "is": state, "over_since": holding.over_since, "kept_until": holding.due,
            "files": holding.files.len(), "statements": holding.statements, "name_goes": holding.person,
            "asked": asked.map(|asked| json!({"by": asked.by, "act": asked.act, "at": asked.at})), "list": holding.list,
        }));
        if !printer.json {
            let until = until.map_or_else(|| "while it runs".to_owned(), |until| format!("until {until}"));
            let name = if holding.person { ", the collaborator's name" } else { "" };
            printer.data(&format!("{}  {leaver}: {state}, kept {until}", case.id));
            printer.data(&format!(
                "    would go: {} raw answers and files, {} statements, titles{name}; stays: {} entries of the log",
                holding.files.len(),
                holding.statements,
                case.version,
            ));
            if let Some(asked) = asked {
                let by = app.address(&asked.by).await?;
                printer.data(&format!(
                    "    {by} asked to {} it on {}; somebody else confirms",
                    asked.act.says(),
                    asked.at.strftime("%Y-%m-%d")
                ));
            }
        }
    }
    if printer.json {
        printer.document(&documents)?;
    }
    Ok(Exit::Done)
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
        printer.data(&format!(
            "asked; nothing went yet. {} raw answers and files and {} statements would go.",
            holding.files.len(),
            holding.statements
        ));
        printer
            .say(&format!("somebody else confirms within 7 days: leaver retention {verb} {id} --why TEXT --as PERSON"));
    }
    Ok(Exit::Waiting)
}

/// Removes what an expired case held. What a crash left is removed by the same command.
async fn sweep(app: &App, holding: &Holding, printer: Printer) -> Result<Exit, Failure> {
    let case = &holding.case;
    let folder = app.config.path(&app.config.evidence);
    let unusable = |error: std::io::Error| {
        Failure::not_done("L306", format!("what the case held in {} is not all gone", folder.display()))
            .because(&error)
            .hint("repeat the command: it goes on where it stopped")
    };
    let store = CaptureStore::open(&folder).map_err(unusable)?;
    let mut files = 0;
    for name in &holding.files {
        let attached = folder.join("attachments").join(name);
        let removed = match std::fs::remove_file(&attached) {
            Ok(()) => true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(unusable(error)),
        };
        files += usize::from(store.remove(name).map_err(unusable)? || removed);
    }
    let stored = leaver_engine::Error::from;
    let mut titles: BTreeSet<String> = case.plan.iter().flat_map(|(plan, _)| render::objects(case, plan)).collect();
    for other in app.engine.holdings(None).await? {
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
    let person = holding.person && app.engine.store.erase_person(&case.request.leaver, now).await.map_err(stored)?;
    // What is left is an entry of the log that somebody signed.
    let log = LogFolder::beside(&app.database)?;
    let signed = log.sign(&*app.engine.store, &app.config.witness).await?;
    if printer.json {
        printer.document(&json!({
            "case": case.id, "expired_at": case.expired_at, "files": files, "titles": titles, "statements": statements, "person": person,
            "log_size": signed.tree.size(),
        }))?;
    } else {
        let name = if person { ", the collaborator's name and key" } else { "" };
        printer.data(&format!(
            "expired: {files} raw answers and files, {titles} titles, {statements} statements{name} are gone; the entries of the log stay, \
             signed at size {}",
            signed.tree.size(),
        ));
        printer.say("copies go by their own rules: backups of the database and of the evidence folder, and packs that were handed out");
    }
    Ok(Exit::Done)
}
