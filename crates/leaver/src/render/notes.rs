//! What to know before saying yes: what the method does, what was found, what the runbook asks.

use std::collections::BTreeMap;

use leaver_core::plan::{FindingKind, Treated};
use leaver_engine::CaseDocument;
use owo_colors::OwoColorize as _;

use super::words::{Words, line};

/// What the method does and does not do, before somebody says yes to it (METHOD-4).
pub(super) fn method(document: &CaseDocument) -> String {
    use leaver_core::method::Does;

    let mut text = format!("{}\n", format!("what '{}' does and does not do", document.method).bold());
    for effect in document.method_effects {
        let does = match effect.does {
            Does::Yes => "does",
            Does::No => "does not",
            Does::Never => "cannot",
            Does::Unknown => "unknown",
        };
        line(&mut text, &format!("  {does:<9} {}: {}", effect.on, effect.says));
    }
    text.push('\n');
    text
}

pub(super) fn findings(document: &CaseDocument, words: &Words) -> String {
    let titled = |object: Option<&String>| {
        object.map_or_else(String::new, |object| words.titled(object).unwrap_or_else(|| object.clone()))
    };
    let mut made: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    let mut rows = Vec::new();
    for finding in &document.findings {
        let kind = match finding.kind {
            // One line for all that was made or changed alike.
            FindingKind::Made | FindingKind::RecentEdit => {
                made.entry((&finding.says, &finding.runbook)).or_default().push(titled(finding.object.as_ref()));
                continue;
            }
            FindingKind::LookAlike => "look-alike",
            FindingKind::PendingWork => "pending work",
            FindingKind::Dependency => "used by others",
            FindingKind::OutsideRecipient => "outside address",
            FindingKind::NotSeen => "not seen",
            FindingKind::Holds => "held by the leaver",
            FindingKind::Secret => "secret",
            FindingKind::Grant => "grant",
            FindingKind::Weakness => "weakness",
        };
        let object = titled(finding.object.as_ref());
        let gap = if object.is_empty() { "" } else { " " };
        rows.push(format!("  {kind:<18} {object}{gap}{} ({})", finding.says, finding.runbook));
    }
    if made.is_empty() && rows.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", "what to know before saying yes".bold());
    for row in rows {
        line(&mut text, &row);
    }
    for ((says, runbook), titles) in made {
        line(&mut text, &format!("  {says}: {} ({runbook})", titles.join(", ")));
    }
    text
}

pub(super) fn scope(document: &CaseDocument) -> String {
    let count = |treated: Treated| document.scope.iter().filter(|line| line.treated == treated).count();
    format!(
        "\nrunbook: {} lines proved by claims, {} do not apply, {} not observable, {} not in this version (--json lists each with its reason)\n",
        count(Treated::Claim),
        count(Treated::DoesNotApply),
        count(Treated::NotObservable),
        count(Treated::NotInThisVersion),
    )
}
