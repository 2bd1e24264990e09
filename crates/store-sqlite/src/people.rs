//! People and titles: what can be erased.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use leaver_core::ids::{Address, CaseId, PersonId, VendorOrg};
use leaver_store::{Label, People, PersonError, PersonRecord, StoreError};
use sqlx::SqliteConnection;

use crate::SqliteStore;
use crate::error::during;
use crate::value::Place;

#[async_trait]
impl People for SqliteStore {
    async fn put_person(&self, record: PersonRecord) -> Result<(), PersonError> {
        self.writer.write(move |conn| Box::pin(async move { put_person(conn, &record).await })).await
    }

    async fn person(&self, id: &PersonId) -> Result<Option<PersonRecord>, StoreError> {
        let mut reader = self.readers.begin().await.map_err(during("person"))?;
        person(&mut reader, id.as_str()).await
    }

    async fn person_by_address(&self, address: &Address) -> Result<Option<PersonRecord>, StoreError> {
        let address = address.as_str();
        let mut reader = self.readers.begin().await.map_err(during("person_by_address"))?;
        let id = sqlx::query_scalar!("SELECT person_id FROM person_addresses WHERE address = ?1", address)
            .fetch_optional(&mut *reader)
            .await
            .map_err(during("person_by_address"))?;
        match id {
            Some(id) => person(&mut reader, &id).await,
            None => Ok(None),
        }
    }

    async fn person_by_vendor_id(&self, org: VendorOrg, id: &str) -> Result<Option<PersonRecord>, StoreError> {
        let org = org.0.cast_signed();
        let mut reader = self.readers.begin().await.map_err(during("person_by_vendor_id"))?;
        let id = sqlx::query_scalar!(
            "SELECT person_id FROM person_vendor_ids WHERE vendor_org = ?1 AND vendor_id = ?2",
            org,
            id
        )
        .fetch_optional(&mut *reader)
        .await
        .map_err(during("person_by_vendor_id"))?;
        match id {
            Some(id) => person(&mut reader, &id).await,
            None => Ok(None),
        }
    }

    async fn erase_statements(&self, case: &CaseId) -> Result<u64, StoreError> {
        let case = case.clone();
        self.writer
            .erase(move |conn| {
                Box::pin(async move {
                    let case = case.as_str();
                    sqlx::query!("DELETE FROM words WHERE case_id = ?1", case)
                        .execute(conn)
                        .await
                        .map(|erased| erased.rows_affected())
                        .map_err(during("erase_statements"))
                })
            })
            .await
    }

    async fn erase_person(&self, id: &PersonId, at: Timestamp) -> Result<bool, StoreError> {
        let person = id.clone();
        let erased =
            self.writer.erase(move |conn| Box::pin(async move { erase_person(conn, &person, at).await })).await?;
        // After a crash between the two the same call destroys it.
        self.vault.destroy(id)?;
        Ok(erased)
    }

    async fn put_labels(&self, org: VendorOrg, labels: Vec<Label>) -> Result<(), StoreError> {
        self.writer
            .write(move |conn| {
                Box::pin(async move {
                    for label in &labels {
                        put_label(conn, org, label).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn labels(&self, org: VendorOrg, objects: &[String]) -> Result<BTreeMap<String, String>, StoreError> {
        let org = org.0.cast_signed();
        let objects = list("labels", objects)?;
        let labels = sqlx::query!(
            "SELECT object, title FROM labels
             WHERE vendor_org = ?1 AND object IN (SELECT value FROM json_each(?2))",
            org,
            objects
        )
        .fetch_all(&self.readers)
        .await
        .map_err(during("labels"))?;
        Ok(labels.into_iter().map(|label| (label.object, label.title)).collect())
    }

    async fn erase_labels(&self, org: VendorOrg, objects: &[String]) -> Result<u64, StoreError> {
        let org = org.0.cast_signed();
        let objects = list("erase_labels", objects)?;
        self.writer
            .erase(move |conn| {
                Box::pin(async move {
                    let erased = sqlx::query!(
                        "DELETE FROM labels WHERE vendor_org = ?1 AND object IN (SELECT value FROM json_each(?2))",
                        org,
                        objects
                    )
                    .execute(conn)
                    .await
                    .map_err(during("erase_labels"))?;
                    Ok(erased.rows_affected())
                })
            })
            .await
    }
}

/// A list as `SQLite` takes it: a JSON array.
fn list(operation: &'static str, objects: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(objects).map_err(|error| StoreError::Failed { operation, source: Box::new(error) })
}

/// Adds to what is known of a person, inside a transaction.
pub(crate) async fn put_person(conn: &mut SqliteConnection, record: &PersonRecord) -> Result<(), PersonError> {
    let id = record.id.as_str();
    let erased = sqlx::query_scalar!("SELECT erased_at FROM people WHERE person_id = ?1", id)
        .fetch_optional(&mut *conn)
        .await
        .map_err(during("put_person"))?
        .flatten();
    if erased.is_some() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO people (person_id, name) VALUES (?1, ?2)
         ON CONFLICT (person_id) DO UPDATE SET name = coalesce(excluded.name, name)",
        id,
        record.name
    )
    .execute(&mut *conn)
    .await
    .map_err(during("put_person"))?;
    for address in &record.addresses {
        let address = address.as_str();
        // The update changes nothing and makes RETURNING speak of whoever has the address now.
        let holder = sqlx::query_scalar!(
            "INSERT INTO person_addresses (address, person_id) VALUES (?1, ?2)
             ON CONFLICT (address) DO UPDATE SET address = excluded.address
             RETURNING person_id",
            address,
            id
        )
        .fetch_one(&mut *conn)
        .await
        .map_err(during("put_person"))?;
        owned(&record.id, holder)?;
    }
    for (org, vendor_id) in &record.vendor_ids {
        let org = org.0.cast_signed();
        let holder = sqlx::query_scalar!(
            "INSERT INTO person_vendor_ids (vendor_org, vendor_id, person_id) VALUES (?1, ?2, ?3)
             ON CONFLICT (vendor_org, vendor_id) DO UPDATE SET vendor_id = excluded.vendor_id
             RETURNING person_id",
            org,
            vendor_id,
            id
        )
        .fetch_one(&mut *conn)
        .await
        .map_err(during("put_person"))?;
        owned(&record.id, holder)?;
    }
    Ok(())
}

/// Refuses what belongs to somebody else.
fn owned(person: &PersonId, holder: String) -> Result<(), PersonError> {
    if holder == person.as_str() {
        Ok(())
    } else {
        Err(PersonError::Taken { person: person.clone(), holder: PersonId::new(holder) })
    }
}

/// Sets a title, inside a transaction.
pub(crate) async fn put_label(conn: &mut SqliteConnection, org: VendorOrg, label: &Label) -> Result<(), StoreError> {
    let org = org.0.cast_signed();
    sqlx::query!(
        "INSERT INTO labels (vendor_org, object, title) VALUES (?1, ?2, ?3)
         ON CONFLICT (vendor_org, object) DO UPDATE SET title = excluded.title",
        org,
        label.object,
        label.title
    )
    .execute(conn)
    .await
    .map_err(during("put_label"))?;
    Ok(())
}

/// The whole record, read at one moment if `conn` is in a transaction.
async fn person(conn: &mut SqliteConnection, id: &str) -> Result<Option<PersonRecord>, StoreError> {
    let Some(name) = sqlx::query_scalar!("SELECT name FROM people WHERE person_id = ?1 AND erased_at IS NULL", id)
        .fetch_optional(&mut *conn)
        .await
        .map_err(during("person"))?
    else {
        return Ok(None);
    };
    let addresses =
        sqlx::query_scalar!("SELECT address FROM person_addresses WHERE person_id = ?1 ORDER BY address", id)
            .fetch_all(&mut *conn)
            .await
            .map_err(during("person"))?;
    let vendor_ids = sqlx::query!(
        r#"SELECT vendor_org AS "vendor_org!", vendor_id FROM person_vendor_ids
        WHERE person_id = ?1 ORDER BY vendor_org, vendor_id"#,
        id
    )
    .fetch_all(&mut *conn)
    .await
    .map_err(during("person"))?;
    let place = Place { table: "person_addresses", row: id };
    Ok(Some(PersonRecord {
        id: PersonId::new(id),
        addresses: addresses
            .iter()
            // The parser's error would name the address.
            .map(|address| Address::parse(address).map_err(|_| place.broken("address", "this is not an address")))
            .collect::<Result<_, _>>()?,
        vendor_ids: vendor_ids
            .into_iter()
            .map(|row| (VendorOrg(row.vendor_org.cast_unsigned()), row.vendor_id))
            .collect(),
        name,
    }))
}

async fn erase_person(conn: &mut SqliteConnection, id: &PersonId, at: Timestamp) -> Result<bool, StoreError> {
    let id = id.as_str();
    let at = at.as_millisecond();
    let erased = sqlx::query!(
        "UPDATE people SET name = NULL, erased_at = ?1 WHERE person_id = ?2 AND erased_at IS NULL",
        at,
        id
    )
    .execute(&mut *conn)
    .await
    .map_err(during("erase_person"))?;
    sqlx::query!("DELETE FROM person_addresses WHERE person_id = ?1", id)
        .execute(&mut *conn)
        .await
        .map_err(during("erase_person"))?;
    sqlx::query!("DELETE FROM words WHERE case_id IN (SELECT case_id FROM cases WHERE person_id = ?1)", id)
        .execute(&mut *conn)
        .await
        .map_err(during("erase_person"))?;
    sqlx::query!("DELETE FROM person_vendor_ids WHERE person_id = ?1", id)
        .execute(&mut *conn)
        .await
        .map_err(during("erase_person"))?;
    Ok(erased.rows_affected() == 1)
}
