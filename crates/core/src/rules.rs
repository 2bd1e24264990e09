//! The rules under which an organization's cases run, as its journal knows them (`facts/evidence.md` A.2, S3): each change of the
//! configuration is an entry of the log, and what would weaken a guard holds only once two people agreed to it.
//!
//! The rules of an organization are a file of the journal like a case: [`Event`]s, folded into a [`Standing`]. Until the second person
//! agreed, the stricter rule stays in force, whatever the configuration says.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::decide::Rejection;
use crate::ids::{CaseId, Digest, OrgName, PersonId, VendorOrg};
use crate::plan::Policy;

/// What in the configuration guards. Domains and thresholds are part of every plan, and whoever approves it sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// What the organization lays down for its cases.
    pub policy: Policy,
    /// The outside witnesses and their public keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub witnesses: BTreeMap<String, String>,
    /// For so many years a pack that is stored outside is locked; `None` where none is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_years: Option<u32>,
    /// The repository that gets every checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Repository>,
    /// The SHA-256 of the roots of the time-stamping authority; `None` where none is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_stamp_roots: Option<Digest>,
}

/// A branch of a git repository that somebody else keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Its address, as git takes it. Never a secret.
    pub remote: String,
    /// The branch.
    pub branch: String,
}

/// One guard that would be weaker than it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weakening {
    /// The rule, as the configuration spells it.
    pub rule: String,
    /// What is in force.
    pub is: String,
    /// What the configuration asks for.
    pub asked: String,
}

/// One entry of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// The configuration is another one than the entry before it saw.
    Configured {
        /// The organization.
        org: OrgName,
        /// The SHA-256 of the whole file.
        file: Digest,
        /// The rules in force from here on.
        rules: Box<Rules>,
        /// What the configuration weakens and does not get alone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        held_back: Vec<Weakening>,
        /// Who ran the command that found it, where somebody is said to have; a file does not tell who wrote it.
        by: Option<PersonId>,
    },
    /// One person agrees to what the configuration weakens.
    WeakerAsked {
        /// The organization.
        org: OrgName,
        /// The rules that would hold.
        rules: Box<Rules>,
        /// Who.
        by: PersonId,
    },
    /// A second person agreed to the same.
    WeakerAgreed {
        /// The organization.
        org: OrgName,
        /// The rules in force from here on.
        rules: Box<Rules>,
        /// Who asked first.
        asked_by: PersonId,
        /// Who asked second.
        by: PersonId,
    },
}

impl Event {
    /// The word under which the store files it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Configured { .. } => "configured",
            Self::WeakerAsked { .. } => "weaker-asked",
            Self::WeakerAgreed { .. } => "weaker-agreed",
        }
    }
}

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What is in force in an organization, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The rules.
    pub rules: Rules,
    /// The configuration that was seen last.
    pub file: Digest,
    /// Since when.
    pub since: Timestamp,
    /// What one person agreed to, and nobody else yet.
    pub asked: Option<Asked>,
}

/// What one person agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The rules that would hold.
    pub rules: Rules,
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// So long the second person may take.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24 * 7);

/// The name of an organization's file of rules in the journal: by the vendor's number, because another name in the configuration makes no
/// other organization.
pub fn file_of(org: VendorOrg) -> CaseId {
    CaseId::new(format!("rules_{}", org.0))
}

impl Standing {
    /// Folds the file; `None` while nothing was laid down.
    pub fn fold(events: &[Stamped]) -> Option<Self> {
        let mut standing: Option<Self> = None;
        for Stamped { at, event } in events {
            match (event, &mut standing) {
                (Event::Configured { file, rules, .. }, standing) => {
                    let same = standing.take().filter(|before| before.rules == **rules);
                    let (since, asked) = same.map_or((*at, None), |before| (before.since, before.asked));
                    *standing = Some(Self { rules: (**rules).clone(), file: file.clone(), since, asked });
                }
                (Event::WeakerAsked { rules, by, .. }, Some(standing)) => {
                    standing.asked = Some(Asked { rules: (**rules).clone(), by: by.clone(), at: *at });
                }
                (Event::WeakerAgreed { rules, .. }, Some(standing)) => {
                    standing.rules = (**rules).clone();
                    standing.since = *at;
                    standing.asked = None;
                }
                (Event::WeakerAsked { .. } | Event::WeakerAgreed { .. }, None) => {}
            }
        }
        standing
    }
}

impl Rules {
    /// What of `asked` holds at once where these rules are in force: everything but what weakens a guard, which stays as it is.
    pub fn guard(&self, asked: &Self) -> (Self, Vec<Weakening>) {
        let mut held = asked.clone();
        let mut weaker = Vec::new();
        let mut note = |rule: &str, is: String, asked: String| {
            weaker.push(Weakening { rule: rule.to_owned(), is, asked });
        };
        let (is, asks, keeps) = (&self.policy, &asked.policy, &mut held.policy);
        let mut at_most = |rule, is: u32, asks: u32, keeps: &mut u32| {
            if asks > is {
                note(rule, is.to_string(), asks.to_string());
                *keeps = is;
            }
        };
        at_most("policy.cap_floor", is.cap_floor, asks.cap_floor, &mut keeps.cap_floor);
        at_most("policy.cap_percent", is.cap_percent, asks.cap_percent, &mut keeps.cap_percent);
        at_most("policy.approval_days", is.approval_days, asks.approval_days, &mut keeps.approval_days);
        let mut at_least = |rule, is: u32, asks: u32, keeps: &mut u32| {
            if asks < is {
                note(rule, is.to_string(), asks.to_string());
                *keeps = is;
            }
        };
        at_least("policy.settle_seconds", is.settle_seconds, asks.settle_seconds, &mut keeps.settle_seconds);
        at_least("policy.retention_years", is.retention_years, asks.retention_years, &mut keeps.retention_years);
        at_least("witness.quorum", is.witness_quorum, asks.witness_quorum, &mut keeps.witness_quorum);
        if asks.two_person && !is.two_person {
            note("policy.two_person", "false".to_owned(), "true".to_owned());
            keeps.two_person = false;
        }
        if is.witness_quorum > 0 {
            // Whoever may name another witness could sign for all of them.
            for (name, key) in &asked.witnesses {
                if self.witnesses.get(name) != Some(key) {
                    let known = self.witnesses.get(name).map_or("no such witness", String::as_str);
                    note(&format!("witness.outside.{name}"), known.to_owned(), key.clone());
                }
            }
            held.witnesses.retain(|name, key| self.witnesses.get(name) == Some(key));
        }
        if let Some(is) = self.storage_years.filter(|is| asked.storage_years.is_none_or(|asks| asks < *is)) {
            let asks = asked.storage_years.map_or_else(|| "nothing is stored".to_owned(), |years| years.to_string());
            note("storage.years", is.to_string(), asks);
            held.storage_years = Some(is);
        }
        if let Some(is) = self.repository.as_ref().filter(|is| asked.repository.as_ref() != Some(*is)) {
            let says = |repository: &Repository| format!("{} in {}", repository.branch, repository.remote);
            note("anchor.git", says(is), asked.repository.as_ref().map_or_else(|| "none".to_owned(), says));
            held.repository = Some(is.clone());
        }
        if let Some(is) = self.time_stamp_roots.as_ref().filter(|is| asked.time_stamp_roots.as_ref() != Some(*is)) {
            let asks = asked.time_stamp_roots.as_ref().map_or_else(|| "none".to_owned(), Digest::to_string);
            note("time_stamp.roots", is.to_string(), asks);
            held.time_stamp_roots = Some(is.clone());
        }
        (held, weaker)
    }
}

/// What a command that found this configuration writes down; nothing where the last entry saw the same.
pub fn lay_down(
    standing: Option<&Standing>,
    org: &OrgName,
    file: &Digest,
    asked: &Rules,
    by: Option<PersonId>,
) -> Option<Event> {
    let (rules, held_back) = match standing {
        None => (asked.clone(), Vec::new()),
        Some(standing) => standing.rules.guard(asked),
    };
    let news = standing.is_none_or(|standing| standing.file != *file || standing.rules != rules);
    news.then(|| Event::Configured { org: org.clone(), file: file.clone(), rules: Box::new(rules), held_back, by })
}

/// A person agrees to what the configuration weakens, or is the second one who does.
///
/// # Errors
/// [`Rejection::NothingWeaker`], or [`Rejection::OneAlone`].
pub fn agree(
    standing: &Standing,
    org: &OrgName,
    asked: &Rules,
    by: PersonId,
    now: Timestamp,
) -> Result<Event, Rejection> {
    if standing.rules.guard(asked).1.is_empty() {
        return Err(Rejection::NothingWeaker);
    }
    let (org, rules) = (org.clone(), Box::new(asked.clone()));
    let first =
        standing.asked.as_ref().filter(|first| first.rules == *asked && now.duration_since(first.at) <= PATIENCE);
    match first {
        None => Ok(Event::WeakerAsked { org, rules, by }),
        Some(first) if first.by == by => Err(Rejection::OneAlone),
        Some(first) => Ok(Event::WeakerAgreed { org, rules, asked_by: first.by.clone(), by }),
    }
}
