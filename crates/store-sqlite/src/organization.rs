//! What is known of organizations besides their cases.

use async_trait::async_trait;
use jiff::Timestamp;
use leaver_core::ids::{CaseId, OrgName, PersonId};
use leaver_store::{FactError, OrgFact, Organizations, PutFact, Removal, StoreError};
use sqlx::SqliteConnection;

use crate::SqliteStore;
use crate::error::during;
use crate::value::{Place, signed};

#[async_trait]
impl Organizations for SqliteStore {
    async fn removals_since(&self, org: &OrgName, since: Timestamp) -> Result<Vec<Removal>, StoreError> {
        let name = org.as_str();
        let since = since.as_millisecond();
        let removals = sqlx::query!(
            "SELECT removal_id, person_id, case_id, at FROM removals
             WHERE org = ?1 AND at >= ?2 ORDER BY at, removal_id",
            name,
            since
        )
        .fetch_all(&self.readers)
        .await
        .map_err(during("removals_since"))?;
        removals
            .into_iter()
            .map(|removal| {
                let place = Place { table: "removals", row: &removal.case_id };
                Ok(Removal {
                    org: org.clone(),
                    at: place.time("at", removal.at)?,
                    person: PersonId::new(removal.person_id),
                    case: CaseId::new(removal.case_id),
                })
            })
            .collect()
    }

    async fn org_fact(&self, org: &OrgName, key: &str) -> Result<Option<OrgFact>, StoreError> {
        let name = org.as_str();
        let found = sqlx::query!("SELECT value, version, at FROM org_facts WHERE org = ?1 AND key = ?2", name, key)
            .fetch_optional(&self.readers)
            .await
            .map_err(during("org_fact"))?;
        let row = format!("{org}/{key}");
        let place = Place { table: "org_facts", row: &row };
        found
            .map(|found| {
                Ok(OrgFact {
                    value: found.value,
                    version: place.count("version", found.version)?,
                    at: place.time("at", found.at)?,
                })
            })
            .transpose()
    }

    async fn put_org_fact(&self, fact: PutFact) -> Result<u64, FactError> {
        self.writer.write(move |conn| Box::pin(async move { put_fact(conn, &fact).await })).await
    }
}

/// Writes a fact inside a transaction and returns its new version.
pub(crate) async fn put_fact(conn: &mut SqliteConnection, fact: &PutFact) -> Result<u64, FactError> {
    let org = fact.org.as_str();
    let row = format!("{org}/{}", fact.key);
    let place = Place { table: "org_facts", row: &row };
    let found = sqlx::query_scalar!("SELECT version FROM org_facts WHERE org = ?1 AND key = ?2", org, fact.key)
        .fetch_optional(&mut *conn)
        .await
        .map_err(during("put_org_fact"))?;
    let actual = found.map(|version| place.count("version", version)).transpose()?.unwrap_or(0);
    if actual != fact.expected {
        return Err(FactError::Conflict { org: fact.org.clone(), key: fact.key.clone(), actual });
    }
    let next = actual.saturating_add(1);
    let version = signed("put_org_fact", next)?;
    let at = fact.at.as_millisecond();
    sqlx::query!(
        "INSERT INTO org_facts (org, key, value, version, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (org, key) DO UPDATE SET value = excluded.value, version = excluded.version, at = excluded.at",
        org,
        fact.key,
        fact.value,
        version,
        at
    )
    .execute(conn)
    .await
    .map_err(during("put_org_fact"))?;
    Ok(next)
}
