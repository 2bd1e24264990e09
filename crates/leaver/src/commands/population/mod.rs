//! The population of a period (evidence A.2, P1 to P4): every case that the log knows of, what others know and we do not, a sample that
//! anybody can draw again, and where each list comes from.

mod facts;
mod register;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use leaver_core::audit::{Import, Reconciliation, gaps};
use leaver_core::case::Case;
use leaver_core::ids::{Address, CaseId, OrgName, VendorOrg};
use leaver_core::population::{Compared, Ours, compare, sample};
use leaver_core::reading::{Reading, Roster, Snapshot};
use leaver_core::rules::file_of;
use leaver_core::source::What;
use leaver_engine::Organization;
use serde_json::json;

use crate::cli::{Population, PopulationCommand};
use crate::commands::members::cell;
use crate::commands::provenance;
use crate::commands::tracker::{Row, csv, row};
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::wiring::App;

use self::register::Register;

/// The entries of the log that lie in the period, without a gap, and how many there are of each kind.
pub(super) struct Range {
    /// The first.
    first: u64,
    /// The first after them.
    next: u64,
    /// How many of this organization's cases, by kind.
    kinds: BTreeMap<String, u64>,
    /// How many belong to other organizations.
    others: u64,
    /// The root of the log's tree before `next`, RFC 6962.
    root: String,
    /// The organization's cases that they belong to.
    cases: BTreeSet<CaseId>,
}

/// What somebody has to look at.
struct Exception {
    kind: &'static str,
    whom: String,
    case: Option<CaseId>,
    at: Option<Timestamp>,
    says: String,
}

pub(crate) async fn run(
    app: &App,
    population: &Population,
    acting: Option<&str>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let PopulationCommand::Export { org, from, until, register, sample: drawn, seed, output } = &population.what;
    let (by, _) = app.acting(acting)?.clone();
    if from >= until {
        return Err(Failure::usage("L027", format!("the period from {from} until {until} is empty")));
    }
    if output.symlink_metadata().is_ok() {
        return Err(Failure::not_done("L420", format!("{} is there already", output.display()))
            .hint("nothing is overwritten: give another folder"));
    }
    let org = app.engine.organization(&OrgName::new(org.clone()))?;
    let register = register.as_deref().map(Register::read).transpose()?;
    let began = app.engine.clock.now();
    let cases = app.engine.cases_of(&org.name).await?;
    let range = range(app, org.vendor_org, &cases, *from, *until).await?;
    let reading = org.vendor.read(&org.source(What::Roster)).await;
    let roster = whole(&reading);
    let archive = app.config.path(&app.config.evidence).join("attachments");
    let (imports, audited) = app.engine.audited(&org.name, &archive).await?;
    let compared = match &register {
        None => None,
        Some(register) => Some(against(app, register, &cases, &range, roster).await?),
    };
    let look = Look {
        org,
        reading: &reading,
        roster,
        imports: &imports,
        audited: &audited,
        from: *from,
        until: *until,
        now: began,
    };
    let exceptions = exceptions(app, &look, register.as_ref(), compared.as_ref(), &cases).await?;
    let rows = rows(app, &cases, &range.cases).await?;
    let sampled = drawn.map(|count| {
        let ids: Vec<CaseId> = range.cases.iter().cloned().collect();
        sample(seed.as_deref().unwrap_or_default(), &ids, count)
    });
    let mut files: BTreeMap<&str, Vec<u8>> = BTreeMap::from([
        ("population.csv", csv(&rows)?.into_bytes()),
        ("exceptions.csv", table(&exceptions).map_err(|error| uncsv(&error))?),
    ]);
    if let Some(sampled) = &sampled {
        let chosen: BTreeSet<&CaseId> = sampled.iter().collect();
        let rows: Vec<Row> = self::rows(app, &cases, &chosen.into_iter().cloned().collect()).await?;
        files.insert("sample.csv", csv(&rows)?.into_bytes());
    }
    let facts =
        facts::of(app, &look, &range, register.as_ref(), &files, facts::Made { by: &by, began, drawn: *drawn, seed })
            .await?;
    let facts = serde_json::to_string_pretty(&facts)
        .map_err(|error| Failure::not_done("L304", "the facts cannot be written as JSON").because(&error))?;
    files.insert("facts.json", (facts + "\n").into_bytes());
    keep(output, &files)?;
    let matched = compared.as_ref().map(|compared| compared.matched.len());
    if printer.json {
        printer.document(&json!({
            "folder": std::path::absolute(output).unwrap_or_else(|_| output.clone()), "cases": rows.len(),
            "log": { "first": range.first, "next": range.next, "root": range.root }, "matched": matched,
            "exceptions": exceptions.len(), "sample": sampled,
        }))?;
    } else {
        printer.data(&format!(
            "{}: {} from {from} until {until}, entries {} to {} of the log, without a gap",
            org.name,
            counted(rows.len(), "case"),
            range.first,
            range.next,
        ));
        if let Some(matched) = matched {
            printer.data(&format!("{} of the register matched by a case", counted(matched, "line")));
        }
        if register.is_none() {
            printer.data("no register was compared: --register FILE names one");
        }
        if let Some(sampled) = sampled.as_ref().filter(|sampled| Some(sampled.len()) < *drawn) {
            printer.data(&format!("the sample has {}: there are no more", counted(sampled.len(), "case")));
        }
        printer.data(&format!("{} that somebody has to look at", counted(exceptions.len(), "exception")));
        for exception in &exceptions {
            printer.data(&format!("  {}: {}", exception.kind, format!("{} {}", exception.whom, exception.says).trim()));
        }
        printer.data(&format!(
            "written to {}: {}",
            output.display(),
            files.keys().copied().collect::<Vec<_>>().join(", ")
        ));
    }
    Ok(if exceptions.is_empty() { Exit::Done } else { Exit::NotDone })
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What the lists are made from.
pub(super) struct Look<'a> {
    org: &'a Organization,
    reading: &'a Reading,
    roster: Option<&'a Roster>,
    imports: &'a [Import],
    audited: &'a Reconciliation,
    from: Timestamp,
    until: Timestamp,
    now: Timestamp,
}

/// The member list, where it came to its end.
fn whole(reading: &Reading) -> Option<&Roster> {
    reading.result.as_ref().ok().and_then(Snapshot::roster).filter(|_| reading.to_the_end)
}

/// The entries of the log between two times. Their numbers have no gap, or nothing is exported.
async fn range(app: &App, org: VendorOrg, cases: &[Case], from: Timestamp, until: Timestamp) -> Result<Range, Failure> {
    let ours: BTreeSet<&CaseId> = cases.iter().map(|case| &case.id).collect();
    // The rules of the organization are no case and belong to it.
    let rules = file_of(org);
    let mut within = Vec::new();
    let tree = provenance::walk(app, |entry| within.push((entry.event.at, entry.event.kind, entry.case))).await?;
    let first = within.iter().position(|(at, ..)| *at >= from).unwrap_or(within.len());
    let last = within.iter().rposition(|(at, ..)| *at < until).map_or(first, |last| first.max(last + 1));
    let mut range = Range {
        first: first as u64,
        next: last as u64,
        kinds: BTreeMap::new(),
        others: 0,
        root: String::new(),
        cases: BTreeSet::new(),
    };
    for (_, kind, case) in within.into_iter().take(last).skip(first) {
        if ours.contains(&case) {
            *range.kinds.entry(kind).or_default() += 1;
            range.cases.insert(case);
        } else if case == rules {
            *range.kinds.entry(kind).or_default() += 1;
        } else {
            range.others += 1;
        }
    }
    range.root = tree.root_at(range.next).map(|root| leaver_evidence::canonical::hex(&root)).unwrap_or_default();
    Ok(range)
}

/// The register beside our cases and the member list.
async fn against(
    app: &App,
    register: &Register,
    cases: &[Case],
    range: &Range,
    roster: Option<&Roster>,
) -> Result<Compared, Failure> {
    let mut ours = Vec::with_capacity(cases.len());
    for case in cases {
        let person = app.engine.store.person(&case.request.leaver).await.map_err(leaver_engine::Error::from)?;
        ours.push(Ours {
            case: case.id.clone(),
            addresses: person.map(|person| person.addresses).unwrap_or_default(),
            opened: case.request.at,
            removed: case.removed_at,
            over: case.state.is_over(),
            in_period: range.cases.contains(&case.id),
        });
    }
    let is_listed = |address: &Address| roster.is_some_and(|roster| roster.lists(address));
    Ok(compare(&register.ended, &ours, is_listed))
}

/// Whatever one side knows and the other does not, and what could not be compared.
async fn exceptions(
    app: &App,
    look: &Look<'_>,
    register: Option<&Register>,
    compared: Option<&Compared>,
    cases: &[Case],
) -> Result<Vec<Exception>, Failure> {
    let mut found = Vec::new();
    let leaver = async |id: &CaseId| -> Result<String, Failure> {
        match cases.iter().find(|case| case.id == *id) {
            Some(case) => app.address(&case.request.leaver).await,
            None => Ok(String::new()),
        }
    };
    if let (Some(register), Some(compared)) = (register, compared) {
        let of = |line: &u64| register.ended.iter().find(|ended| ended.line == *line);
        let mut tell = |line: u64, case: Option<&CaseId>, kind: &'static str, says: &str| {
            found.extend(of(&line).map(|ended| Exception {
                kind,
                whom: ended.address.to_string(),
                case: case.cloned(),
                at: ended.at,
                says: format!("line {line} of the register: {says}"),
            }));
        };
        let expired = cases.iter().any(|case| case.expired_at.is_some());
        let none = if expired { "no case removed the person, or it expired" } else { "no case removed the person" };
        compared.without_case.iter().for_each(|line| tell(*line, None, "ended-without-case", none));
        for (line, case) in &compared.not_removed {
            tell(*line, Some(case), "ended-not-removed", "the case has not removed the person yet");
        }
        for (line, case) in &compared.late {
            tell(*line, Some(case), "removed-late", "the person was removed more than 24 hours after the end");
        }
        for (line, case) in &compared.early {
            let says = "the person was removed before that end: an earlier engagement, or an end that was moved";
            tell(*line, Some(case), "removed-early", says);
        }
        for line in &compared.still_listed {
            tell(*line, None, "still-listed", "the member list shows the person");
        }
        // Whoever was erased cannot be found in a register.
        let named = |id: &&CaseId| cases.iter().any(|case| case.id == **id && case.expired_at.is_none());
        for case in compared.without_register.iter().filter(named) {
            found.push(Exception {
                kind: "case-without-register",
                whom: leaver(case).await?,
                case: Some(case.clone()),
                at: None,
                says: "the register does not know that the engagement ended".to_owned(),
            });
        }
    }
    let (from, until) = (look.from, look.until);
    for stray in look.audited.without_case.iter().filter(|stray| stray.removal.at >= from && stray.removal.at < until) {
        found.push(Exception {
            kind: "removal-without-case",
            whom: stray.removal.whom.clone(),
            case: stray.not_by.clone(),
            at: Some(stray.removal.at),
            says: format!("the vendor's log shows a removal by {} that no case explains", stray.removal.by),
        });
    }
    for (kind, list, says) in [
        ("case-without-event", &look.audited.without_event, "the vendor's log of that time shows no removal"),
        ("case-not-covered", &look.audited.not_covered, "no archived log covers the time of the removal"),
    ] {
        for id in list {
            let removed = cases.iter().find(|case| case.id == *id).and_then(|case| case.removed_at);
            if removed.is_some_and(|at| at >= from && at < until) {
                let whom = leaver(id).await?;
                found.push(Exception { kind, whom, case: Some(id.clone()), at: removed, says: says.to_owned() });
            }
        }
    }
    if look.roster.is_none() {
        let why = look
            .reading
            .result
            .as_ref()
            .err()
            .map_or_else(|| "it did not come to its end".to_owned(), ToString::to_string);
        let says = format!("the member list cannot be compared: {why}");
        found.push(Exception { kind: "no-member-list", whom: String::new(), case: None, at: None, says });
    }
    found.extend(uncompared(look));
    Ok(found)
}

/// What of the period could not be compared with the vendor's log, or is not over yet.
fn uncompared(look: &Look<'_>) -> Vec<Exception> {
    let mut found = Vec::new();
    let mut tell = |kind: &'static str, at: Option<Timestamp>, says: String| {
        found.push(Exception { kind, whom: String::new(), case: None, at, says });
    };
    let end = look.until.min(look.now);
    if look.until > look.now {
        tell(
            "period-not-over",
            Some(look.now),
            "the period ends later than now: what happens until then is in no list".to_owned(),
        );
    }
    let whole: Vec<&Import> = look.imports.iter().filter(|import| !import.one_actor).collect();
    let reach = whole.iter().map(|import| import.from).min().zip(whole.iter().map(|import| import.until).max());
    match reach {
        None => tell("no-audit-log", None, "no export of the vendor's audit log of everybody is archived".to_owned()),
        Some((from, until)) => {
            // Nothing may have happened for a day.
            let near = SignedDuration::from_hours(24);
            if from.duration_since(look.from) > near || end.duration_since(until) > near {
                tell("log-not-covered", None, format!("the archived log reaches from {from} until {until} only"));
            }
            for gap in gaps(look.imports).into_iter().filter(|gap| gap.until > look.from && gap.from < end) {
                tell(
                    "log-not-covered",
                    Some(gap.from),
                    format!("nothing is archived between {} and {}", gap.from, gap.until),
                );
            }
        }
    }
    for import in look.imports.iter().filter(|import| import.unread > 0) {
        let says = format!("{} lines of the archived file {} could not be read", import.unread, import.file.short());
        tell("log-unread", Some(import.from), says);
    }
    found
}

/// The rows of these cases, as the tracker has them, in the order in which they were opened.
async fn rows(app: &App, cases: &[Case], which: &BTreeSet<CaseId>) -> Result<Vec<Row>, Failure> {
    let now = app.engine.clock.now();
    let mut chosen: Vec<&Case> = cases.iter().filter(|case| which.contains(&case.id)).collect();
    chosen.sort_by(|one, other| (one.request.at, &one.id).cmp(&(other.request.at, &other.id)));
    let mut rows = Vec::with_capacity(chosen.len());
    for case in chosen {
        rows.push(row(app, case, now).await?);
    }
    Ok(rows)
}

fn table(exceptions: &[Exception]) -> Result<Vec<u8>, csv::Error> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["exception", "whom", "case", "at", "says"])?;
    for one in exceptions {
        csv.write_record([
            one.kind.to_owned(),
            cell(&one.whom),
            one.case.as_ref().map_or_else(String::new, ToString::to_string),
            one.at.map_or_else(String::new, |at| at.to_string()),
            cell(&one.says),
        ])?;
    }
    csv.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

fn uncsv(error: &csv::Error) -> Failure {
    Failure::not_done("L308", "a list cannot be written as CSV").because(error)
}

/// Writes the folder, whole or not at all.
fn keep(place: &Path, files: &BTreeMap<&str, Vec<u8>>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::not_done("L421", format!("{} cannot be written", place.display())).because(&error)
    };
    let mut draft = place.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let write = || {
        std::fs::create_dir(&draft)?;
        for (name, bytes) in files {
            leaver_evidence::files::replace(&draft.join(name), bytes)?;
        }
        std::fs::rename(&draft, place)
    };
    write().map_err(|error| {
        // What is left of it helps nobody; that it cannot be removed is no second error.
        drop(std::fs::remove_dir_all(&draft));
        failed(error)
    })
}
