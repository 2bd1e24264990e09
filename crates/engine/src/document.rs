//! A case as a JSON document: the one shape that `plan`, `remove`, `status`, `verify` and `demo` print (architecture §7).

use std::collections::BTreeMap;

use jiff::Timestamp;
use leaver_core::case::Case;
use leaver_core::claim::{Claim, ClaimKind, Remedy, State};
use leaver_core::method::MethodEffect;
use leaver_core::plan::{Blocker, Finding, Plan, ScopeLine};
use leaver_core::wanted::{next_recheck, recheck_due_since, wait};
use serde::Serialize;

/// A case.
#[derive(Debug, Clone, Serialize)]
pub struct CaseDocument {
    /// Its id; `null` for a plan without a case.
    pub case: Option<String>,
    /// Its state.
    pub state: String,
    /// Why it is in this state.
    pub why: String,
    /// The hash of its plan.
    pub plan: Option<String>,
    /// Whether it is a rehearsal: evidence of nothing.
    pub rehearsal: bool,
    /// The organization.
    pub org: String,
    /// The method.
    pub method: String,
    /// The reason.
    pub reason: String,
    /// The urgency.
    pub urgency: String,
    /// When access must be gone.
    pub deadline: Timestamp,
    /// When every path was seen closed.
    pub removed_at: Option<Timestamp>,
    /// Until when a second person must have ratified an emergency; `None` when nothing waits for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratify_by: Option<Timestamp>,
    /// When the next recheck is due.
    pub next_recheck: Option<Timestamp>,
    /// Since when a recheck is due and was not made; `None` when none is overdue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recheck_due_since: Option<Timestamp>,
    /// What the method does and does not do (METHOD-4).
    pub method_effects: &'static [MethodEffect],
    /// Every line of the runbook.
    pub scope: Vec<ScopeLine>,
    /// The claims.
    pub claims: Vec<ClaimDocument>,
    /// The choices that the approval covers.
    pub choices: BTreeMap<String, String>,
    /// Why the plan cannot run.
    pub blockers: Vec<Blocker>,
    /// What a person should know.
    pub findings: Vec<Finding>,
    /// How many intents were found without an outcome and settled.
    pub recovered: u32,
}

/// A claim.
#[derive(Debug, Clone, Serialize)]
pub struct ClaimDocument {
    /// Its key.
    pub key: String,
    /// Its kind.
    pub kind: ClaimKind,
    /// The runbook lines that it proves.
    pub runbook: Vec<String>,
    /// Whether it holds.
    pub state: &'static str,
    /// Why, in words.
    pub why: String,
    /// What it waits for.
    pub waits_for: Option<&'static str>,
    /// Who or what makes it true.
    pub remedy: &'static str,
    /// What proves it.
    pub proved_by: Option<&'static str>,
    /// The accepted risk.
    pub accepted: Option<AcceptedDocument>,
    /// The rung of the reading ladder.
    pub rung: Option<&'static str>,
    /// The claims that must hold first.
    pub needs: Vec<String>,
    /// How many instances break it.
    pub instances: usize,
    /// The raw answers behind it.
    pub evidence: Vec<String>,
    /// When it was last seen.
    pub seen_at: Option<Timestamp>,
    /// The choices of a person.
    pub options: Vec<&'static str>,
    /// Whether making it true cannot be undone.
    pub cannot_be_undone: bool,
}

/// A risk that a named person accepted.
#[derive(Debug, Clone, Serialize)]
pub struct AcceptedDocument {
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// The document of a case.
pub fn document(case: &Case, now: Timestamp) -> CaseDocument {
    let plan = case.plan.as_ref();
    let removed = case.removed_at;
    CaseDocument {
        case: Some(case.id.to_string()),
        state: case.state.word().to_owned(),
        why: case.why(),
        plan: plan.map(|(_, hash)| hash.to_string()),
        rehearsal: case.request.rehearsal,
        org: case.request.org.to_string(),
        method: case.request.method.word().to_owned(),
        reason: case.request.reason.slug().to_owned(),
        urgency: case.request.urgency.word().to_owned(),
        deadline: case.request.deadline,
        removed_at: removed,
        ratify_by: case.ratify_by(),
        next_recheck: removed.and_then(|_| next_recheck(case, now)),
        recheck_due_since: recheck_due_since(case, now),
        method_effects: case.request.method.effects(),
        scope: plan.map(|(plan, _)| plan.scope.clone()).unwrap_or_default(),
        claims: plan
            .map(|(plan, _)| plan.claims.iter().map(|claim| of_claim(case, plan, claim, now)).collect())
            .unwrap_or_default(),
        choices: plan
            .map(|(plan, _)| {
                plan.choices.iter().map(|(key, choice)| (key.to_string(), choice.word().to_owned())).collect()
            })
            .unwrap_or_default(),
        blockers: plan.map(|(plan, _)| plan.blockers.clone()).unwrap_or_default(),
        findings: plan.map(|(plan, _)| plan.findings.clone()).unwrap_or_default(),
        recovered: case.recovered,
    }
}

fn of_claim(case: &Case, plan: &Plan, claim: &Claim, now: Timestamp) -> ClaimDocument {
    let seen = case.observation(&claim.key).map(|seen| &seen.observation);
    let why = match case.skipped(&claim.key) {
        Some(skip) if skip.person && seen.is_none_or(|seen| seen.state != State::Holds) => skip.why.clone(),
        _ => seen.map_or_else(|| "not looked at yet".to_owned(), |seen| seen.why.clone()),
    };
    let why = match case.last_failure(&claim.key) {
        Some(failure) if seen.is_some_and(|seen| seen.state == State::Broken) => format!("{why}; last try: {failure}"),
        _ => why,
    };
    let mut options: Vec<&'static str> = claim.options.iter().map(|choice| choice.word()).collect();
    if !options.contains(&"accept-risk") && !matches!(claim.remedy, Remedy::None) {
        options.push("accept-risk");
    }
    ClaimDocument {
        key: claim.key.to_string(),
        kind: claim.kind,
        runbook: claim.runbook.clone(),
        state: seen.map_or(State::Unknown, |seen| seen.state).word(),
        why,
        waits_for: wait(case, plan, claim, now).map(leaver_core::wanted::Wait::word),
        remedy: claim.remedy.word(),
        proved_by: seen.and_then(|seen| seen.proof).map(leaver_core::claim::Proof::word),
        accepted: case.accepted(&claim.key, now).map(|decision| AcceptedDocument {
            by: decision.by.to_string(),
            why: decision.why.to_string(),
            until: decision.until,
        }),
        rung: seen.and_then(|seen| seen.rung).map(leaver_core::claim::Rung::word),
        needs: claim.needs.iter().map(ToString::to_string).collect(),
        instances: seen.map_or(0, |seen| seen.instances.len()),
        evidence: seen.map(|seen| seen.captures.iter().map(ToString::to_string).collect()).unwrap_or_default(),
        seen_at: seen.map(|seen| seen.seen_at),
        options,
        cannot_be_undone: claim.final_act,
    }
}
