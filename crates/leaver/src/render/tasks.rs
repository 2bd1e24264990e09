//! What waits for a person, with the exact places and steps.

use jiff::{SignedDuration, Timestamp};
use leaver_core::case::Case;
use leaver_core::claim::{Claim, Remedy, State};
use leaver_core::event::CaseState;
use leaver_core::plan::Plan;
use leaver_core::wanted::waits_for_person;
use leaver_core::write::Outcome;
use leaver_engine::CaseDocument;
use owo_colors::OwoColorize as _;

use super::guides::{fallback, steps};
use super::places::places;
use super::sentences::sentence;
use super::words::{Words, line};

/// Whether one person authorised an emergency and nobody has ratified it.
pub(crate) fn is_unratified(case: &Case) -> bool {
    case.approval().is_some_and(|approval| approval.emergency) && case.ratified().is_none() && !case.state.is_over()
}

/// Until when a second person must ratify an emergency.
pub(crate) fn ratify_by(case: &Case) -> Option<Timestamp> {
    let approval = case.approval().filter(|_| is_unratified(case))?;
    approval.at.checked_add(SignedDuration::from_hours(24)).ok()
}

/// What to do next, whose turn it is, and how.
pub(super) fn tasks(case: &Case, plan: &Plan, document: &CaseDocument, words: &Words, now: Timestamp) -> String {
    let mut text = String::new();
    if case.state == CaseState::WaitingApproval {
        if document.case.is_none() && !plan.blockers.is_empty() {
            let codes: Vec<&str> = plan.blockers.iter().map(|blocker| blocker.code.as_str()).collect();
            let mend = "is mended; it stands at the top of this plan, and docs/errors/ says what to do";
            line(&mut text, &format!("\nnext: nothing can be opened before {} {mend}", codes.join(", ")));
        } else if let (None, Some(hash)) = (&document.case, &document.plan) {
            let short = hash.get(..12).unwrap_or(hash);
            let reason = if words.reason_assumed { ", --reason REASON" } else { "" };
            line(
                &mut text,
                &format!(
                    "\nnext: 'leaver remove' with the same words{reason} and --ticket TICKET opens the case; --plan {short} insists on this very plan"
                ),
            );
        } else if plan.blockers.is_empty() {
            line(
                &mut text,
                &format!(
                    "\nnext: somebody other than requester, executor and leaver says\n  leaver approve {} --as PERSON",
                    case.id
                ),
            );
        }
        return text;
    }
    if case.state == CaseState::Held {
        line(
            &mut text,
            &format!(
                "\nnext: a second person looks into it and says\n  leaver release {} --why TEXT --as PERSON",
                case.request.org
            ),
        );
        return text;
    }
    if matches!(case.state, CaseState::Running | CaseState::Reopened) {
        line(&mut text, "\nnext: a worker carries it out: 'leaver worker --once', unless 'leaver worker' runs already");
    }
    if let Some(by) = ratify_by(case) {
        let by_when = by.strftime("%Y-%m-%d %H:%M UTC");
        let when = if now > by {
            format!("at once: the time for it was over at {by_when}, and the case cannot be closed without it")
        } else {
            format!("until {by_when}")
        };
        line(
            &mut text,
            &format!(
                "\nnext: a second person looks at what was done and says, {when}\n  leaver ratify {} --as PERSON",
                case.id
            ),
        );
    }
    let waiting: Vec<&Claim> = plan
        .claims
        .iter()
        .filter(|claim| {
            case.state != CaseState::Closed && !case.state.is_over() && waits_for_person(case, plan, claim, now)
        })
        .filter(|claim| case.observation(&claim.key).is_none_or(|seen| seen.observation.state != State::Holds))
        .collect();
    if waiting.is_empty() {
        return text;
    }
    line(&mut text, &format!("\n{}", "waits for a person".bold()));
    for claim in waiting {
        task(&mut text, case, plan, claim, words);
    }
    text
}

fn task(text: &mut String, case: &Case, plan: &Plan, claim: &Claim, words: &Words) {
    line(text, &format!("- {} ({})", sentence(claim, words), claim.key));
    for place in places(case, plan, claim, words) {
        line(text, &format!("    found: {place}"));
    }
    let mut numbered = |steps: &[String]| {
        for (number, step) in steps.iter().enumerate() {
            let step = step.replace("CASE", case.id.as_str()).replace("KEY", claim.key.as_str());
            line(text, &format!("    {}. {step}", number + 1));
        }
    };
    match &claim.remedy {
        Remedy::Guided(guide) | Remedy::Attested(guide) => {
            numbered(&steps(guide, claim, words));
            if let Some(failure) = case.last_failure(&claim.key) {
                line(text, &format!("    leaver tried it {} times; last: {failure}", refusals(case, claim)));
            }
            for (_, skip) in case.skips(&claim.key).filter(|(_, skip)| skip.person) {
                line(text, &format!("    {}", skip.why));
            }
        }
        Remedy::Automatic | Remedy::None => {
            let refused = refusals(case, claim);
            let by_hand = case.last_failure(&claim.key).and_then(|failure| Some((failure, fallback(claim, words)?)));
            if let Some((failure, steps)) = by_hand {
                numbered(&steps);
                line(text, &format!("    leaver tried it {refused} times; last: {failure}"));
            }
            for (instance, skip) in case.skips(&claim.key) {
                let until = skip.until.map(|until| format!(" (else at {until})")).unwrap_or_default();
                let of = if instance.is_empty() { String::new() } else { format!("{instance}: ") };
                line(text, &format!("    {of}{}{until}", skip.why));
            }
            let options: Vec<&str> = claim.options.iter().map(|choice| choice.word()).collect();
            let (first, others) = options.split_first().unwrap_or((&"accept-risk", &[]));
            line(text, &format!("    leaver decide {} {} --choose {first} --why TEXT", case.id, claim.key));
            if !others.is_empty() {
                line(text, &format!("    or --choose {}", others.join(", ")));
            }
        }
    }
}

/// How often the vendor refused what this claim asks for.
fn refusals(case: &Case, claim: &Claim) -> usize {
    let own = case.effects().values().filter(|fact| fact.effect.claim == claim.key);
    own.filter(|fact| matches!(fact.outcome, Some(Outcome::Failed(_)))).count()
}
