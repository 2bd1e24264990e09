//! A drill with a test account in the real organization (PRACTICE-10). A person invites and deletes; leaver only reads.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use leaver_engine::{Drill as Running, Shown};
use serde_json::json;

use crate::cli::{Drill, Terms};
use crate::commands::cases::{Particulars, wish};
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::wiring::App;

/// How often the lists are read.
const EVERY: SignedDuration = SignedDuration::from_secs(15);

pub(crate) async fn run(app: &App, drill: &Drill, acting: Option<&str>, printer: Printer) -> Result<Exit, Failure> {
    let terms = Terms {
        email: drill.account.clone(),
        org: drill.org.clone(),
        reason: Some("access-review".to_owned()),
        method: Some("delete".to_owned()),
        urgency: None,
        successor: None,
        executor: None,
        project: Vec::new(),
        team: Vec::new(),
        role: None,
        choices: None,
    };
    let began = app.engine.clock.now();
    let give_up = began.checked_add(SignedDuration::from_mins(drill.minutes)).unwrap_or(began);
    printer.say(&format!("drill with {}: leaver reads only; you invite and delete", drill.account));
    let Some(mut running) = wait_for_account(app, &terms, acting, give_up, printer).await? else {
        return Err(late("no read has shown the account"));
    };
    for (rung, at) in &running.present {
        printer.say(&format!("  seen by {} after {}", rung.word(), took(began, *at)));
    }
    printer.say("now delete the test account: Organization Settings > Users & Teams, tick it, Delete");
    let seen_at = app.engine.clock.now();
    let mut told = 0;
    while !running.is_done() {
        let now = app.engine.clock.now();
        if now > give_up {
            return Err(late("not every read that showed the account has shown it gone"));
        }
        app.engine.clock.wait_until(now.checked_add(EVERY).unwrap_or(now)).await;
        app.engine.drill_look(&mut running).await?;
        if running.absent.len() > told {
            told = running.absent.len();
            printer.say(&format!("  {told} of {} reads show it gone", running.present.len()));
        }
    }
    report(app, drill, &running, began, seen_at, printer).await
}

async fn wait_for_account(
    app: &App,
    terms: &Terms,
    acting: Option<&str>,
    give_up: jiff::Timestamp,
    printer: Printer,
) -> Result<Option<Running>, Failure> {
    let mut told = false;
    loop {
        let wish = wish(app, terms, Particulars::default(), acting).await?;
        if let Some(running) = app.engine.drill(wish).await? {
            return Ok(Some(running));
        }
        if !told {
            printer.say("invite the test account and let it join: Organization Settings > Users & Teams > Invite");
            told = true;
        }
        let now = app.engine.clock.now();
        if now > give_up {
            return Ok(None);
        }
        app.engine.clock.wait_until(now.checked_add(EVERY).unwrap_or(now)).await;
    }
}

async fn report(
    app: &App,
    drill: &Drill,
    running: &Running,
    began: jiff::Timestamp,
    seen_at: jiff::Timestamp,
    printer: Printer,
) -> Result<Exit, Failure> {
    let org = leaver_core::ids::OrgName::new(drill.org.clone());
    let mut shown = BTreeMap::new();
    let mut rows = Vec::new();
    for (rung, present_at) in &running.present {
        let Some(absent_at) = running.absent.get(rung) else { continue };
        shown.insert(*rung, Shown { present_at: *present_at, absent_at: *absent_at });
        rows.push(json!({
            "read": rung.word(),
            "seen_after_seconds": present_at.duration_since(began).as_secs(),
            "gone_after_seconds": absent_at.duration_since(seen_at).as_secs(),
        }));
        if !printer.json {
            printer.data(&format!(
                "{}: seen after {}, gone after {}; proved in this organization",
                rung.word(),
                took(began, *present_at),
                took(seen_at, *absent_at)
            ));
        }
    }
    app.engine.keep_shown(&org, shown).await?;
    if printer.json {
        printer.document(&json!({ "org": drill.org, "reads": rows }))?;
    }
    Ok(Exit::Done)
}

fn took(from: jiff::Timestamp, to: jiff::Timestamp) -> String {
    format!("{} s", to.duration_since(from).as_secs())
}

fn late(what: &str) -> Failure {
    Failure { exit: Exit::Waiting, ..Failure::not_done("L213", format!("{what} in time")) }
        .hint("run the drill again; --minutes gives it longer")
}
