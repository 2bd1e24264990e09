//! Checks every credential, permission and capability, by reads alone.

mod examine;
mod provider;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use leaver_connectors::{Capability, Class, directory, entra, google, mixpanel, okta};
use leaver_engine::Error as EngineError;
use leaver_store::CaseFilter;
use serde::Serialize;
use serde_json::json;

use self::examine::examine;
use crate::commands::cases::overdue_recheck;
use crate::config::Brand;
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::wiring::App;

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    org: String,
    #[serde(rename = "check")]
    of: String,
    result: &'static str,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

pub(crate) async fn run(app: &App, printer: Printer) -> Result<Exit, Failure> {
    let mut checks = Vec::new();
    if app.engine.organizations.is_empty() {
        return Err(
            Failure::usage("L002", "the configuration has no organization").hint("add a section [organizations.NAME]")
        );
    }
    for org in app.engine.organizations.values() {
        examine(app, org, &mut checks).await;
        provider::examine(app, org, &mut checks).await;
        provider::canaries(org, &mut checks).await;
    }
    overdue(app, &mut checks).await?;
    let worst = |result: &str| checks.iter().any(|check| check.result == result);
    let exit = if worst("unavailable") {
        Exit::Unavailable
    } else if worst("missing") {
        Exit::NotDone
    } else {
        Exit::Done
    };
    let mut operations = mixpanel::capabilities();
    for brand in [Brand::Okta, Brand::Entra, Brand::Google, Brand::Directory] {
        if app.config.organizations.values().any(|org| org.brand() == Some(brand)) {
            operations.extend(match brand {
                Brand::Okta => okta::capabilities(),
                Brand::Entra => entra::capabilities(),
                Brand::Google => google::capabilities(),
                Brand::Directory => directory::capabilities(),
            });
        }
    }
    if printer.json {
        let listed: Vec<_> = operations
            .iter()
            .map(|one| {
                json!({
                    "name": one.name, "method": one.method, "path": one.path, "class": one.class.to_string(),
                    "changes": one.changes, "bears_secret": one.bears_secret, "instead": one.instead,
                })
            })
            .collect();
        printer.document(&json!({ "checks": checks, "operations": listed }))?;
        return Ok(exit);
    }
    for check in &checks {
        let sign = match check.result {
            "good" => "✓",
            "missing" => "✗",
            "unavailable" => "?",
            _ => "-",
        };
        printer.data(&format!("{sign} {}: {}: {}", check.org, check.of, check.says));
        if let Some(mend) = &check.mend {
            printer.data(&format!("    {mend}"));
        }
    }
    printer.data(&table(&operations));
    Ok(exit)
}

/// Cases whose rechecks nobody made: the watch is only as good as the worker that keeps it (VERIFY-6).
async fn overdue(app: &App, checks: &mut Vec<Check>) -> Result<(), Failure> {
    let now = app.engine.clock.now();
    for row in app.engine.store.cases(&CaseFilter::default()).await.map_err(EngineError::from)? {
        if let Some(since) = overdue_recheck(app, &row, now).await? {
            checks.push(Check {
                org: row.org.to_string(),
                of: format!("case {}", row.case),
                result: "missing",
                says: format!("recheck due since {}, nothing ran", since.strftime("%Y-%m-%d %H:%M UTC")),
                mend: Some("keep 'leaver worker' running, or start 'leaver worker --once' every minute".to_owned()),
            });
        }
    }
    Ok(())
}

/// Every operation that leaver knows of the vendor, by how well it is known.
fn table(operations: &[Capability]) -> String {
    let mut counts: BTreeMap<Class, usize> = BTreeMap::new();
    for one in operations {
        *counts.entry(one.class).or_default() += 1;
    }
    let count = |class: Class| counts.get(&class).copied().unwrap_or(0);
    let mut text = format!(
        "\noperations: {} documented by the vendors, {} used by a client that the vendor publishes, {} of unknown shape\n\
         what only the vendor's client uses may be refused: then a read stays unknown, and a case says which clicks do a change\n",
        count(Class::Documented),
        count(Class::VendorClient),
        count(Class::ShapeUnknown),
    );
    for one in operations {
        let known = match one.class {
            Class::Documented => "documented",
            Class::VendorClient => "vendor's client",
            Class::ShapeUnknown => "shape unknown",
        };
        let _ = write!(text, "\n  {known:<15}  {:<26}  {:<6} {}", one.name, one.method, one.path);
        if let Some(instead) = one.instead {
            let _ = write!(text, "\n                   never sent; a person does it: {instead}");
        }
    }
    text
}
