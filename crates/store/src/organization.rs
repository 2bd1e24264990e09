//! What is known of an organization besides its cases: removals, holds and learned facts.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use leaver_core::ids::{CaseId, OrgName, PersonId};
use serde::{Deserialize, Serialize};

use crate::error::{FactError, StoreError};

/// Somebody was removed from an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The organization.
    pub org: OrgName,
    /// Who was removed.
    pub person: PersonId,
    /// By which case.
    pub case: CaseId,
    /// When.
    pub at: Timestamp,
}

/// A fact of an organization that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutFact {
    /// The organization.
    pub org: OrgName,
    /// The fact, such as `control-members`.
    pub key: String,
    /// The version that the caller had read; 0 if there was none.
    pub expected: u64,
    /// The value: JSON by custom, any bytes by right. Never a name, address or title.
    pub value: Vec<u8>,
    /// When it was learned.
    pub at: Timestamp,
}

/// A fact of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgFact {
    /// The value.
    pub value: Vec<u8>,
    /// How often it was written, from 1.
    pub version: u64,
    /// When it was last learned.
    pub at: Timestamp,
}

/// Everything in an organization waits, or waited, for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRecord {
    /// Since when.
    pub since: Timestamp,
    /// Why, one kebab-case word such as `removal-cap`.
    pub reason: String,
    /// Who put it on; `None` if the cap did.
    pub by: Option<PersonId>,
    /// Who released it; `None` while it stands.
    pub released_by: Option<PersonId>,
    /// When it was released.
    pub released_at: Option<Timestamp>,
}

impl HoldRecord {
    /// The hold that the cap of removals puts on.
    pub fn removal_cap(since: Timestamp) -> Self {
        Self { since, reason: "removal-cap".to_owned(), by: None, released_by: None, released_at: None }
    }

    /// The fact that keeps it, to be written in the transaction of the case that caused it.
    ///
    /// # Errors
    /// Never in practice: a record can be written as JSON.
    pub fn put(&self, org: &OrgName, expected: u64, at: Timestamp) -> Result<PutFact, serde_json::Error> {
        let value = serde_json::to_vec(self)?;
        Ok(PutFact { org: org.clone(), key: HOLD.to_owned(), expected, value, at })
    }

    /// Whether the organization is still on hold.
    pub fn stands(&self) -> bool {
        self.released_by.is_none()
    }
}

/// The last hold of an organization, and the version to expect when it is written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedHold {
    /// The hold; `None` if there never was one.
    pub record: Option<HoldRecord>,
    /// The version; 0 if there never was one.
    pub version: u64,
}

/// The key of the fact that keeps a [`HoldRecord`].
const HOLD: &str = "hold";

/// What is known of organizations.
#[async_trait]
pub trait Organizations: fmt::Debug + Send + Sync {
    /// The removals of this organization at or after this moment, oldest first.
    async fn removals_since(&self, org: &OrgName, since: Timestamp) -> Result<Vec<Removal>, StoreError>;

    /// A fact; `None` if it was never written.
    async fn org_fact(&self, org: &OrgName, key: &str) -> Result<Option<OrgFact>, StoreError>;

    /// Writes a fact and returns its new version.
    ///
    /// # Errors
    /// [`FactError::Conflict`] when the version is not the expected one.
    async fn put_org_fact(&self, fact: PutFact) -> Result<u64, FactError>;

    /// The last hold of the organization.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when the stored record cannot be read.
    async fn org_hold(&self, org: &OrgName) -> Result<VersionedHold, StoreError> {
        let Some(fact) = self.org_fact(org, HOLD).await? else {
            return Ok(VersionedHold { record: None, version: 0 });
        };
        let record = serde_json::from_slice(&fact.value).map_err(|error| StoreError::Broken {
            table: "org_facts",
            column: "value",
            row: format!("{org}/{HOLD}"),
            source: Box::new(error),
        })?;
        Ok(VersionedHold { record: Some(record), version: fact.version })
    }

    /// Puts a hold on the organization, or releases it, and returns the new version.
    ///
    /// # Errors
    /// [`FactError::Conflict`] when somebody else wrote it since `expected` was read.
    async fn set_org_hold(
        &self,
        org: &OrgName,
        hold: &HoldRecord,
        expected: u64,
        at: Timestamp,
    ) -> Result<u64, FactError> {
        let value = serde_json::to_vec(hold)
            .map_err(|error| StoreError::Failed { operation: "set_org_hold", source: Box::new(error) })?;
        self.put_org_fact(PutFact { org: org.clone(), key: HOLD.to_owned(), expected, value, at }).await
    }
}
