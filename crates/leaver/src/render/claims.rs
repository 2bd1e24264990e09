//! The claims, in the order of what a person wants to know first.

use leaver_core::case::Case;
use leaver_core::claim::{Choice, Claim, Predicate, Remedy};
use leaver_core::event::CaseState;
use leaver_core::plan::Plan;
use leaver_engine::{CaseDocument, ClaimDocument};
use owo_colors::OwoColorize as _;

use super::places::places;
use super::sentences::{sentence, terms_of_copy};
use super::words::{Words, line};

/// The sign of a claim's state; understandable without colour.
fn sign(claim: &Claim, shown: &ClaimDocument) -> &'static str {
    match (shown.state, &shown.accepted) {
        ("holds", _) => "✓",
        (_, Some(_)) => "!",
        // Our own records come true with the work; that they are not there yet is no fault.
        _ if matches!(claim.says, Predicate::Recorded { .. } | Predicate::NotRecreated { .. }) => "·",
        ("broken", None) => "✗",
        _ => "?",
    }
}

/// The claims, in the order of what a person wants to know first: what leaver does, what people do, what holds already.
pub(super) fn claims(case: &Case, plan: &Plan, document: &CaseDocument, words: &Words) -> String {
    let mut text = String::new();
    let mut section = |head: &str, is: &dyn Fn(&Claim, &ClaimDocument) -> bool| {
        let rows: Vec<_> = plan.claims.iter().zip(&document.claims).filter(|(claim, shown)| is(claim, shown)).collect();
        if rows.is_empty() {
            return;
        }
        line(&mut text, &format!("{}", head.bold()));
        for (claim, shown) in rows {
            let undo = if shown.cannot_be_undone && shown.state != "holds" { "; cannot be undone" } else { "" };
            let proof = shown.proved_by.map_or_else(String::new, |proof| {
                shown.rung.map_or_else(|| format!(" [{proof}]"), |rung| format!(" [{proof}: {rung}]"))
            });
            line(&mut text, &format!("  {} {}", sign(claim, shown), sentence(claim, words)));
            line(&mut text, &format!("      {}{undo}{proof}", shown.why));
            if shown.state != "holds" {
                if case.state == CaseState::WaitingApproval && !names_one(claim) {
                    for place in places(case, plan, claim, words) {
                        line(&mut text, &format!("      found: {place}"));
                    }
                }
                if let Some(terms) = terms_of_copy(claim, words) {
                    line(&mut text, &format!("      {terms}"));
                }
            }
            for affected in &claim.also_affects {
                let named = words.titled(affected).map(|title| format!("{} loses {title} as well", words.leaver));
                line(&mut text, &format!("      also affects: {}", named.as_deref().unwrap_or(affected)));
            }
            let decided = case.choice(plan, &claim.key) == Some(Choice::Proceed);
            if claim.remedy == Remedy::Automatic && !claim.also_affects.is_empty() && !decided && shown.state != "holds"
            {
                line(&mut text, "      waits for a decision of its own, after the approval: proceed, or accept-risk");
            }
            line(&mut text, &format!("      {}", format!("{}  {}", shown.key, shown.runbook.join(" ")).dimmed()));
        }
        line(&mut text, "");
    };
    let open = |shown: &ClaimDocument| shown.state != "holds" && shown.accepted.is_none();
    let by_us = |claim: &Claim| matches!(claim.remedy, Remedy::Automatic | Remedy::None);
    section("by leaver", &|claim, shown| open(shown) && by_us(claim));
    section("by a person, read back by leaver", &|claim, shown| {
        open(shown) && matches!(claim.remedy, Remedy::Guided(_))
    });
    section("by a person's word, because nothing can be read", &|claim, shown| {
        open(shown) && matches!(claim.remedy, Remedy::Attested(_))
    });
    section("accepted by name, still broken", &|_, shown| shown.state != "holds" && shown.accepted.is_some());
    section("holds", &|_, shown| shown.state == "holds");
    text
}

/// Whether the sentence itself names the one thing that the claim is about.
fn names_one(claim: &Claim) -> bool {
    matches!(
        claim.says,
        Predicate::Copied { .. }
            | Predicate::Described { .. }
            | Predicate::Dropped { .. }
            | Predicate::OwnedBySuccessor { .. }
            | Predicate::ContactsSuccessor { .. }
            | Predicate::Replaced { .. }
    )
}
