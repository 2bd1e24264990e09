//! What a case made at the vendor: copies, and replacements of service accounts.

use jiff::Timestamp;

use super::{Case, EffectFact, replacement_credential};
use crate::claim::Choice;
use crate::effect::Act;
use crate::ids::{CredentialName, Digest, ProjectId};
use crate::plan::{Plan, keys};
use crate::source::{Kind, What};
use crate::write::Outcome;

impl Case {
    fn copy_fact(&self, project: ProjectId, kind: Kind, id: &str) -> Option<&EffectFact> {
        self.effects
            .values()
            .filter(|fact| {
                matches!(&fact.effect.act, Act::Copy { project: p, kind: k, id: i } if *p == project && *k == kind && i == id)
            })
            .max_by_key(|fact| fact.effect.attempt)
    }

    /// The copy of an item, once one was made and not dropped again.
    pub fn copy_of(&self, project: ProjectId, kind: Kind, id: &str) -> Option<&str> {
        let Some(Outcome::Done { created: Some(copy) }) = &self.copy_fact(project, kind, id)?.outcome else {
            return None;
        };
        let list = What::List(project, kind);
        (!self.surely_deleted(&list).contains(copy)).then_some(copy)
    }

    /// The copy of an item and when the vendor answered that it was made; `None` before, once it was dropped, and where only a read told
    /// which item it is: that one is compared before anything is done with it.
    pub fn copy_just_made(&self, project: ProjectId, kind: Kind, id: &str) -> Option<(&str, Timestamp)> {
        let fact = self.copy_fact(project, kind, id).filter(|fact| !fact.told_by_read)?;
        Some((self.copy_of(project, kind, id)?, fact.ended_at?))
    }

    /// Whether another copy of this case is known to be this item.
    pub fn is_known_copy(&self, project: ProjectId, kind: Kind, id: &str) -> bool {
        self.source_of(project, kind, id).is_some()
    }

    /// The source of a copy.
    pub fn source_of(&self, project: ProjectId, kind: Kind, copy: &str) -> Option<&str> {
        self.effects.values().find_map(|fact| match (&fact.effect.act, &fact.outcome) {
            (Act::Copy { project: p, kind: k, id }, Some(Outcome::Done { created: Some(made) }))
                if *p == project && *k == kind && made == copy =>
            {
                Some(id.as_str())
            }
            _ => None,
        })
    }

    /// The definition of the source that was read right before the copy was made.
    pub fn captured_definition(&self, project: ProjectId, kind: Kind, id: &str) -> Option<&Digest> {
        self.copy_fact(project, kind, id)?.definition.as_ref()
    }

    /// Whether the copy was once seen to equal its source: later only its existence is looked at.
    pub fn copy_proved(&self, project: ProjectId, kind: Kind, id: &str) -> bool {
        self.proved.contains(&keys::copied(project, kind, id))
    }

    /// The replacement of a service account, once one was made and not deleted again: its id and the name of its credential.
    pub fn replacement_of(&self, old: u64) -> Option<(u64, CredentialName)> {
        let fact = self
            .effects
            .values()
            .filter(|fact| matches!(fact.effect.act, Act::CreateServiceAccount { replaces } if replaces == old))
            .max_by_key(|fact| fact.effect.attempt)?;
        let Some(Outcome::Done { created: Some(id) }) = &fact.outcome else { return None };
        if self.surely_deleted(&What::ServiceAccounts).contains(id) {
            return None;
        }
        Some((id.parse().ok()?, replacement_credential(&self.id, old, fact.effect.attempt)))
    }

    /// Whether the vendor once accepted the secret of the replacement in force.
    pub fn replacement_proved(&self, old: u64) -> bool {
        self.proved.contains(&keys::replaced(old))
    }

    /// Whether a named person, or the approved plan, keeps this service account for now.
    pub fn keeps_service_account(&self, plan: &Plan, id: &str, now: Timestamp) -> bool {
        let Ok(key) = id.parse().map(keys::replaced) else { return false };
        match self.decision(&key) {
            Some(decision) => decision.choice == Choice::Keep && decision.until.is_none_or(|until| until > now),
            None => plan.choices.get(&key) == Some(&Choice::Keep),
        }
    }
}
