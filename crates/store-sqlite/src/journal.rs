//! The journal: the cases with their events.

use async_trait::async_trait;
use leaver_core::ids::{CaseId, Digest, OrgName, PersonId, VendorOrg};
use leaver_store::{
    Append, AppendError, Appended, CaseFilter, CaseRow, ChangeMark, Journal, LoadedCase, LogEntry, SealedWords,
    StoreError, StoredEvent,
};

use crate::SqliteStore;
use crate::append;
use crate::error::during;
use crate::value::{Place, signed};

/// How many ids `find_case` gives to choose from.
const CHOICES: i64 = 16;

#[async_trait]
impl Journal for SqliteStore {
    async fn append(&self, step: Append) -> Result<Appended, AppendError> {
        // The key is on disk before what it seals.
        let words = self.vault.seal(&step.row.person, &step.words)?;
        self.writer.write(move |conn| Box::pin(async move { append::write(conn, step, words).await })).await
    }

    async fn load_since(&self, case: &CaseId, version: u64) -> Result<Option<LoadedCase>, StoreError> {
        let after = signed("load_since", version)?;
        let key = case.as_str();
        // One transaction: row and events of the same moment.
        let mut reader = self.readers.begin().await.map_err(during("load_since"))?;
        let Some(record) = sqlx::query_as!(
            CaseRecord,
            "SELECT case_id, org, vendor_org, person_id, state, version, next_at, opened_at, updated_at
             FROM cases WHERE case_id = ?1",
            key
        )
        .fetch_optional(&mut *reader)
        .await
        .map_err(during("load_since"))?
        else {
            return Ok(None);
        };
        let events = sqlx::query_as!(
            EventRecord,
            "SELECT seq, case_id, version, at, kind, bytes, leaf FROM events
             WHERE case_id = ?1 AND version > ?2 ORDER BY version",
            key,
            after
        )
        .fetch_all(&mut *reader)
        .await
        .map_err(during("load_since"))?;
        let words = sqlx::query!("SELECT commitment, sealed FROM words WHERE case_id = ?1", key)
            .fetch_all(&mut *reader)
            .await
            .map_err(during("load_since"))?;
        let place = Place { table: "words", row: key };
        let sealed: Vec<SealedWords> = words
            .into_iter()
            .map(|row| {
                let commitment =
                    Digest::from_slice(&row.commitment).map_err(|error| place.broken("commitment", error))?;
                Ok(SealedWords { commitment, bytes: row.sealed })
            })
            .collect::<Result<_, StoreError>>()?;
        let (row, version) = record.read()?;
        let opened = self.vault.open(&row.person, &sealed)?;
        Ok(Some(LoadedCase {
            row,
            version,
            words: opened.words,
            lost_words: opened.lost,
            events: events.into_iter().map(|event| event.read().map(|entry| entry.event)).collect::<Result<_, _>>()?,
        }))
    }

    async fn cases(&self, filter: &CaseFilter) -> Result<Vec<CaseRow>, StoreError> {
        let org = filter.org.as_ref().map(OrgName::as_str);
        let state = filter.state.as_deref();
        let person = filter.person.as_ref().map(PersonId::as_str);
        let records = sqlx::query_as!(
            CaseRecord,
            "SELECT case_id, org, vendor_org, person_id, state, version, next_at, opened_at, updated_at
             FROM cases
             WHERE (?1 IS NULL OR org = ?1) AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR person_id = ?3)
               AND (state <> 'rules' OR ?2 = 'rules')
             ORDER BY case_id",
            org,
            state,
            person
        )
        .fetch_all(&self.readers)
        .await
        .map_err(during("cases"))?;
        records.into_iter().map(|record| record.read().map(|(row, _)| row)).collect()
    }

    async fn find_case(&self, prefix: &str) -> Result<Vec<CaseId>, StoreError> {
        let ids = sqlx::query_scalar!(
            "SELECT case_id FROM cases WHERE case_id >= ?1 AND substr(case_id, 1, length(?1)) = ?1 AND state <> 'rules'
             ORDER BY case_id LIMIT ?2",
            prefix,
            CHOICES
        )
        .fetch_all(&self.readers)
        .await
        .map_err(during("find_case"))?;
        Ok(ids.into_iter().map(CaseId::new).collect())
    }

    async fn log_from(&self, seq: u64, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        let from = signed("log_from", seq)?;
        let records = sqlx::query_as!(
            EventRecord,
            "SELECT seq, case_id, version, at, kind, bytes, leaf FROM events WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
            from,
            limit
        )
        .fetch_all(&self.readers)
        .await
        .map_err(during("log_from"))?;
        records.into_iter().map(EventRecord::read).collect()
    }

    async fn latest_seq(&self) -> Result<Option<u64>, StoreError> {
        let seq = sqlx::query_scalar!(r#"SELECT max(seq) AS "seq: i64" FROM events"#)
            .fetch_one(&self.readers)
            .await
            .map_err(during("latest_seq"))?;
        let place = Place { table: "events", row: "the last" };
        seq.map(|seq| place.count("seq", seq)).transpose()
    }

    async fn change_mark(&self) -> Result<ChangeMark, StoreError> {
        // The number belongs to the connection that asks, and counts the commits of all others: so it is always the same one,
        // and not the writer.
        let mut watcher = self.watcher.lock().await;
        let number: i64 =
            sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *watcher).await.map_err(during("change_mark"))?;
        Ok(ChangeMark::new(number.cast_unsigned()))
    }
}

/// A row of `cases`.
struct CaseRecord {
    case_id: String,
    org: String,
    vendor_org: i64,
    person_id: String,
    state: String,
    version: i64,
    next_at: Option<i64>,
    opened_at: i64,
    updated_at: i64,
}

impl CaseRecord {
    /// The read model and the version.
    fn read(self) -> Result<(CaseRow, u64), StoreError> {
        let place = Place { table: "cases", row: &self.case_id };
        let version = place.count("version", self.version)?;
        let next_at = self.next_at.map(|at| place.time("next_at", at)).transpose()?;
        let opened_at = place.time("opened_at", self.opened_at)?;
        let updated_at = place.time("updated_at", self.updated_at)?;
        let row = CaseRow {
            case: CaseId::new(self.case_id),
            org: OrgName::new(self.org),
            vendor_org: VendorOrg(self.vendor_org.cast_unsigned()),
            person: PersonId::new(self.person_id),
            state: self.state,
            next_at,
            opened_at,
            updated_at,
        };
        Ok((row, version))
    }
}

/// A row of `events`.
struct EventRecord {
    seq: i64,
    case_id: String,
    version: i64,
    at: i64,
    kind: String,
    bytes: Vec<u8>,
    leaf: Vec<u8>,
}

impl EventRecord {
    /// The event and its case.
    fn read(self) -> Result<LogEntry, StoreError> {
        let row = format!("seq {}", self.seq);
        let place = Place { table: "events", row: &row };
        let leaf = <[u8; 32]>::try_from(self.leaf.as_slice()).map_err(|error| place.broken("leaf", error))?;
        Ok(LogEntry {
            case: CaseId::new(self.case_id),
            event: StoredEvent {
                seq: place.count("seq", self.seq)?,
                version: place.count("version", self.version)?,
                at: place.time("at", self.at)?,
                kind: self.kind,
                bytes: self.bytes,
                leaf,
            },
        })
    }
}
