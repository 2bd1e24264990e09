//! How long a case is kept, and how it ends (RECORD-6; `facts/evidence.md` A.6): two people, after the period, never under a legal hold. The
//! entries of the log stay for ever; what goes is everything that names somebody.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::decide::Rejection;
use crate::event::{CaseState, Event};
use crate::ids::{Digest, PersonId};
use crate::statement::Statement;

/// What needs two people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Everything that names somebody in the case goes for good.
    Expire,
    /// A legal hold ends.
    EndHold,
}

impl Act {
    /// The words in messages.
    pub fn says(self) -> &'static str {
        match self {
            Self::Expire => "expire",
            Self::EndHold => "end the legal hold of",
        }
    }
}

/// What one person asked for, until a second one asks for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub by: PersonId,
    /// For what.
    pub act: Act,
    /// What was to go, by the digest of its list.
    pub list: Digest,
    /// When.
    pub at: Timestamp,
}

/// What people said about how long a case is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Keeping {
    /// Whether a legal hold is on it.
    pub(crate) on_hold: bool,
    /// What one person asked for that needs two.
    pub(crate) asked: Option<Asked>,
    /// Until when what was stored outside cannot be deleted.
    pub(crate) locked_until: Option<Timestamp>,
}

/// So long the second person may take.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Since when nothing happens in the case any more but the watch; `None` while something does.
pub fn over_since(case: &Case) -> Option<Timestamp> {
    (case.state.is_over() || case.state == CaseState::Closed).then_some(case.state_since)
}

/// When the case may expire: so many years after it was over, and never before what was stored outside may be deleted. The longer of the rule it was planned under and the rule of today counts.
pub fn due(case: &Case, years: u32) -> Option<Timestamp> {
    let planned = case.plan.as_ref().map_or(0, |(plan, _)| plan.policy.retention_years);
    let days = i64::from(planned.max(years)).checked_mul(366)?;
    let kept = over_since(case)?.checked_add(SignedDuration::from_hours(days.checked_mul(24)?)).ok()?;
    // A tombstone for what still lies outside, locked, would be none.
    Some(case.locked_until().map_or(kept, |locked| kept.max(locked)))
}

/// A person asks, or confirms what another one asked for.
///
/// # Errors
/// The rule that refuses it.
pub(crate) fn decide(
    case: &Case,
    act: Act,
    by: PersonId,
    why: Statement,
    list: Digest,
    years: u32,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    match act {
        Act::EndHold if !case.on_hold() => {
            return Err(Rejection::NoHold);
        }
        Act::Expire if case.on_hold() => return Err(Rejection::OnHold),
        Act::Expire => match due(case, years) {
            None => {
                return Err(Rejection::WrongState { state: case.state, wanted: "only a case that is over expires" });
            }
            Some(until) if now < until => return Err(Rejection::Kept { until }),
            Some(_) => {}
        },
        Act::EndHold => {}
    }
    let asked =
        case.asked().filter(|asked| asked.act == act && asked.list == list && now.duration_since(asked.at) <= PATIENCE);
    let Some(asked) = asked else { return Ok(vec![Event::RetentionAsked { act, by, why, list }]) };
    if asked.by == by {
        return Err(Rejection::Duty { role: "person who asked for it", act: "confirm it, and nobody else has, for" });
    }
    let asked_by = asked.by.clone();
    Ok(vec![match act {
        Act::EndHold => Event::HoldEnded { asked_by, by, why },
        Act::Expire => Event::Expired { case: case.id.clone(), asked_by, by, why, list },
    }])
}
