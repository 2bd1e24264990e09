//! What an import of the audit log found.

use std::fmt::Write as _;

use comfy_table::{ColumnConstraint, Width};
use jiff::Timestamp;
use leaver_engine::{AuditReport, PersonReport};

use super::list::table;

/// So many lines of one kind are shown to people; the document has all.
const SHOWN: usize = 20;

/// The report for people.
pub(crate) fn audit(report: &AuditReport) -> String {
    let mut text = String::new();
    let mut put = |line: &str| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{line}");
    };
    let import = &report.import;
    put(&format!(
        "{} events of {} from {} to {}, {}",
        import.rows,
        report.org,
        time(import.from),
        time(import.until),
        import.format.word()
    ));
    let again = if report.known { "imported before; " } else { "" };
    put(&format!("{again}original kept, sha256 {}", import.file));
    let kinds = ["logins", "actions", "changes", "exports", "unknown"];
    let counts: Vec<String> =
        kinds.iter().map(|kind| format!("{} {kind}", report.events.get(kind).copied().unwrap_or(0))).collect();
    put(&counts.join(", "));
    if !report.unknown_events.is_empty() {
        put(&format!("events that nobody knew when leaver was made: {}", few(&report.unknown_events)));
    }
    if import.one_actor {
        put("one person did everything in this file: it may have been filtered, and says nothing about others");
    }
    people(report, &mut put);
    section(
        &mut put,
        "lines that could not be read",
        import.unread,
        report.unread.iter().map(|one| format!("line {}: {}", one.line, one.why)),
    );
    section(
        &mut put,
        "REMOVED WITHOUT A CASE",
        report.removals_without_case.len() as u64 + report.removals_not_compared,
        report.removals_without_case.iter().map(|one| {
            let not_by = one.not_by.as_ref().map(|case| format!("; {case} did not run then")).unwrap_or_default();
            format!("{}: {} by {}{not_by}", time(one.at), named(&one.whom), named(&one.by))
        }),
    );
    let plain = |put: &mut dyn FnMut(&str), head: &str, cases: &[String]| {
        section(put, head, cases.len() as u64, cases.iter().cloned());
    };
    plain(&mut put, "CASES WITHOUT A REMOVAL IN THE LOG", &report.cases_without_event);
    plain(&mut put, "cases of a time that no imported file covers yet", &report.cases_not_covered);
    plain(&mut put, "removals that the log confirms", &report.matched);
    plain(&mut put, "cases that a worker looks at again because of this", &report.broken);
    section(
        &mut put,
        "GAPS between imported files: export these times too, each beginning before the last one ends",
        report.gaps.len() as u64,
        report.gaps.iter().map(|gap| format!("{} to {}", time(gap.from), time(gap.until))),
    );
    text.trim_end().to_owned()
}

fn people(report: &AuditReport, put: &mut impl FnMut(&str)) {
    if report.people.is_empty() {
        put("nothing about the people of our cases");
        return;
    }
    let mut rows = table(&["person", "logins", "actions", "changes", "exports", "last seen", "removed"]);
    let longest = report.people.iter().map(|person| person.address.len()).max().and_then(|len| u16::try_from(len).ok());
    if let (Some(longest), Some(column)) = (longest, rows.column_mut(0)) {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(longest.saturating_add(2))));
    }
    for person in &report.people {
        let made = |kind: &str| person.made.get(kind).copied().unwrap_or(0).to_string();
        let at = |when: Option<Timestamp>| when.map_or_else(|| "-".to_owned(), time);
        rows.add_row(vec![
            person.address.clone(),
            made("logins"),
            made("actions"),
            made("changes"),
            made("exports"),
            at(person.last_at),
            at(person.removed_at),
        ]);
    }
    put(&rows.to_string());
    for person in &report.people {
        exports(person, put);
        if !person.returns.is_empty() {
            let head = format!("INSIDE AFTER THE REMOVAL: {}", person.address);
            let lines = person.returns.iter().map(|one| format!("{}: {}", time(one.at), one.event));
            section(put, &head, person.returns.len() as u64, lines);
        }
        if let Some(at) = person.invited_again_at {
            put(&format!("INVITED AGAIN: {} on {}", person.address, time(at)));
        }
    }
}

/// What left the vendor is named one by one.
fn exports(person: &PersonReport, put: &mut impl FnMut(&str)) {
    use leaver_core::audit::Category;
    let taken = person.by_them.iter().filter(|(event, _)| Category::of(event) == Category::Export);
    let taken: Vec<String> = taken.map(|(event, count)| format!("{count} {event}")).collect();
    if !taken.is_empty() {
        put(&format!("{} took out: {}", person.address, few(&taken)));
    }
}

fn section(put: &mut (impl FnMut(&str) + ?Sized), head: &str, count: u64, lines: impl Iterator<Item = String>) {
    if count == 0 {
        return;
    }
    put(&format!("{head}: {count}"));
    let mut shown = 0;
    for line in lines.take(SHOWN) {
        put(&format!("  {line}"));
        shown += 1;
    }
    if count > shown {
        put(&format!("  and {} more; --json shows them", count - shown));
    }
}

fn few(list: &[String]) -> String {
    let more = if list.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", list.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", "))
}

fn named(text: &str) -> &str {
    if text.is_empty() { "nobody named" } else { text }
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}
