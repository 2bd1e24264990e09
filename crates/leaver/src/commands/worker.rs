//! The worker: does what is due, once or for as long as it lives.

use jiff::SignedDuration;
use leaver_core::event::CaseState;
use leaver_engine::Error as EngineError;
use leaver_store::CaseFilter;

use crate::cli::Worker;
use crate::commands::cases::awaits_person;
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::wiring::App;

/// `--once` waits for what comes due so soon after its own work, and for nothing else.
const SETTLES: SignedDuration = SignedDuration::from_secs(6);

pub(crate) async fn run(app: &App, worker: &Worker, printer: Printer) -> Result<Exit, Failure> {
    let Some(_lock) = app.become_worker().await? else {
        return Err(Failure::not_done("L309", "another worker holds this database")
            .hint("one worker is enough: 'leaver status --watch CASE' follows what it does"));
    };
    // A page that closes at once helps nobody: then its secrets wait in their files.
    let pages = !worker.once || printer.is_watched();
    if pages {
        app.open_pages(printer).await?;
    }
    let mut patience = 20;
    loop {
        let pass = {
            let bar = printer.bar();
            app.engine.work("worker", &bar).await?
        };
        if pages {
            app.tell_pages(printer);
        }
        let now = app.engine.clock.now();
        if worker.once
            && let Some(next) = pass.next_at.filter(|at| at.duration_since(now) <= SETTLES)
            && patience > 0
        {
            // What was just done is proved before this process ends: a new secret is known to nobody else.
            patience -= 1;
            app.engine.clock.wait_until(next).await;
            continue;
        }
        if worker.once {
            let rows = app.engine.store.cases(&CaseFilter::default()).await.map_err(EngineError::from)?;
            let waits = [CaseState::WaitingApproval, CaseState::WaitingPerson, CaseState::Held].map(CaseState::word);
            let perhaps = [CaseState::Running, CaseState::Reopened, CaseState::Removed].map(CaseState::word);
            let mut waiting = Vec::new();
            for row in &rows {
                let state = row.state.as_str();
                // A case that goes on by itself may still wait for somebody's word.
                if waits.contains(&state)
                    || perhaps.contains(&state) && awaits_person(&app.engine.case(&row.case).await?, now)
                {
                    waiting.push(row.case.as_str());
                }
            }
            if printer.json {
                printer.document(
                    &serde_json::json!({ "cases": pass.cases, "waiting": waiting, "next_at": pass.next_at }),
                )?;
            } else {
                let next = pass.next_at.map_or_else(String::new, |at| {
                    format!("; the next look is due at {}", at.strftime("%Y-%m-%d %H:%M UTC"))
                });
                let looked = pass.cases.len();
                printer.say(&format!("cases looked at: {looked}; waiting for a person: {}{next}", waiting.len()));
                for case in &waiting {
                    printer.say(&format!("  leaver status {case}"));
                }
            }
            app.close_pages(printer).await;
            if !pass.unanswered.is_empty() {
                let count = pass.unanswered.len();
                printer
                    .say(&format!("the vendor did not answer for {count} sources; what they would show stays unknown"));
                return Ok(Exit::Unavailable);
            }
            return Ok(if waiting.is_empty() { Exit::Done } else { Exit::Waiting });
        }
        tokio::select! {
            due = app.engine.rest() => due?,
            stop = tokio::signal::ctrl_c() => {
                stop.map_err(|error| Failure::not_done("L308", "the signal cannot be waited for").because(&error))?;
                return Ok(Exit::Done);
            }
        }
    }
}
