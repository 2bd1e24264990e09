//! One step of a case, inside the writer's transaction.

use jiff::Timestamp;
use leaver_core::ids::{CaseId, EffectKey};
use leaver_store::{Append, AppendError, Appended, CaseRow, Fence, NewEvent, OpenIntent, SealedWords, StoreError};
use sqlx::SqliteConnection;

use crate::error::during;
use crate::organization::put_fact;
use crate::people::{put_label, put_person};
use crate::value::{Place, length, signed};

/// Writes the step, or nothing: an error undoes what came before it.
pub(crate) async fn write(
    conn: &mut SqliteConnection,
    append: Append,
    words: Vec<SealedWords>,
) -> Result<Appended, AppendError> {
    let Append { row, expected, fence, events, words: _, close, open, removed_at, people, labels, facts } = append;
    let version = expected.saturating_add(length(events.len()));
    admit(conn, &row, expected, fence).await?;
    write_row(conn, &row, expected, version).await?;
    let first = write_events(conn, &row.case, expected, &events).await?;
    for sealed in &words {
        write_words(conn, &row.case, sealed).await?;
    }
    for effect in &close {
        close_effect(conn, &row.case, effect).await?;
    }
    for intent in &open {
        open_effect(conn, &row, intent).await?;
    }
    if let Some(at) = removed_at {
        write_removal(conn, &row, at).await?;
    }
    for record in &people {
        put_person(conn, record).await?;
    }
    for label in &labels {
        put_label(conn, row.vendor_org, label).await?;
    }
    for fact in &facts {
        put_fact(conn, fact).await?;
    }
    Ok(Appended { version, seqs: first..first.saturating_add(length(events.len())) })
}

/// Compares what the caller believes about the case with what it is.
async fn admit(
    conn: &mut SqliteConnection,
    row: &CaseRow,
    expected: u64,
    fence: Option<Fence>,
) -> Result<(), AppendError> {
    let key = row.case.as_str();
    let found =
        sqlx::query!("SELECT version, fence, org, vendor_org, person_id, opened_at FROM cases WHERE case_id = ?1", key)
            .fetch_optional(conn)
            .await
            .map_err(during("append"))?;
    let place = Place { table: "cases", row: key };
    let (actual, held) = match &found {
        Some(found) => (place.count("version", found.version)?, Some(Fence(place.count("fence", found.fence)?))),
        None => (0, None),
    };
    if fence.is_some() && fence != held {
        return Err(AppendError::FenceLost { case: row.case.clone() });
    }
    // A case of version 0 is a row without events: it is there, and still expected as 0.
    if actual != expected {
        return Err(AppendError::VersionConflict { case: row.case.clone(), expected, actual });
    }
    let moved = found.is_some_and(|found| {
        found.org != row.org.as_str()
            || found.vendor_org != row.vendor_org.0.cast_signed()
            || found.person_id != row.person.as_str()
            || found.opened_at != row.opened_at.as_millisecond()
    });
    if moved {
        return Err(StoreError::Failed {
            operation: "append",
            source: "the organization, the person and the opening of a case never change".into(),
        }
        .into());
    }
    Ok(())
}

/// Writes the read model.
async fn write_row(conn: &mut SqliteConnection, row: &CaseRow, expected: u64, version: u64) -> Result<(), StoreError> {
    let key = row.case.as_str();
    let org = row.org.as_str();
    let vendor_org = row.vendor_org.0.cast_signed();
    let person = row.person.as_str();
    let expected = signed("append", expected)?;
    let version = signed("append", version)?;
    let next_at = row.next_at.map(Timestamp::as_millisecond);
    let opened_at = row.opened_at.as_millisecond();
    let updated_at = row.updated_at.as_millisecond();
    let written = sqlx::query!(
        "INSERT INTO cases (case_id, org, vendor_org, person_id, state, version, next_at, opened_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (case_id) DO UPDATE SET
             state = excluded.state, version = excluded.version, next_at = excluded.next_at,
             updated_at = excluded.updated_at
         WHERE version = ?10",
        key,
        org,
        vendor_org,
        person,
        row.state,
        version,
        next_at,
        opened_at,
        updated_at,
        expected
    )
    .execute(conn)
    .await
    .map_err(during("append"))?;
    if written.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Failed {
            operation: "append",
            source: "the row of the case changed inside the transaction".into(),
        })
    }
}

/// Writes the events and returns the sequence number of the first, or the next one if there are none.
async fn write_events(
    conn: &mut SqliteConnection,
    case: &CaseId,
    expected: u64,
    events: &[NewEvent],
) -> Result<u64, StoreError> {
    let first = sqlx::query_scalar!(r#"SELECT coalesce(max(seq) + 1, 0) AS "seq!: i64" FROM events"#)
        .fetch_one(&mut *conn)
        .await
        .map_err(during("append"))?;
    let key = case.as_str();
    let versions = signed("append", expected)?.saturating_add(1)..;
    for ((seq, version), event) in (first..).zip(versions).zip(events) {
        let at = event.at.as_millisecond();
        let bytes = event.bytes.as_slice();
        let leaf = event.leaf.as_slice();
        sqlx::query!(
            "INSERT INTO events (seq, case_id, version, at, kind, bytes, leaf) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            seq,
            key,
            version,
            at,
            event.kind,
            bytes,
            leaf
        )
        .execute(&mut *conn)
        .await
        .map_err(during("append"))?;
    }
    let place = Place { table: "events", row: "the next" };
    place.count("seq", first)
}

/// Keeps what an event holds a commitment of.
async fn write_words(conn: &mut SqliteConnection, case: &CaseId, sealed: &SealedWords) -> Result<(), StoreError> {
    let case = case.as_str();
    let commitment = sealed.commitment.bytes().as_slice();
    sqlx::query!("INSERT INTO words (case_id, commitment, sealed) VALUES (?1, ?2, ?3)", case, commitment, sealed.bytes)
        .execute(conn)
        .await
        .map_err(during("append"))?;
    Ok(())
}

/// Frees the targets of an effect that has its outcome.
async fn close_effect(conn: &mut SqliteConnection, case: &CaseId, effect: &EffectKey) -> Result<(), StoreError> {
    let case = case.as_str();
    let effect = effect.as_str();
    sqlx::query!("DELETE FROM open_intents WHERE case_id = ?1 AND effect = ?2", case, effect)
        .execute(conn)
        .await
        .map_err(during("append"))?;
    Ok(())
}

/// Takes a target for an effect, unless another effect has it.
async fn open_effect(conn: &mut SqliteConnection, row: &CaseRow, intent: &OpenIntent) -> Result<(), AppendError> {
    let vendor_org = row.vendor_org.0.cast_signed();
    let case = row.case.as_str();
    let effect = intent.effect.as_str();
    // The update changes nothing and makes RETURNING speak of whoever has the target now.
    let holder = sqlx::query!(
        "INSERT INTO open_intents (vendor_org, target, case_id, effect) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (vendor_org, target) DO UPDATE SET target = excluded.target
         RETURNING case_id, effect",
        vendor_org,
        intent.target,
        case,
        effect
    )
    .fetch_one(conn)
    .await
    .map_err(during("append"))?;
    if holder.case_id == case && holder.effect == effect {
        Ok(())
    } else {
        Err(AppendError::TargetBusy { target: intent.target.clone(), by_case: CaseId::new(holder.case_id) })
    }
}

/// Counts a removal towards the cap.
async fn write_removal(conn: &mut SqliteConnection, row: &CaseRow, at: Timestamp) -> Result<(), StoreError> {
    let org = row.org.as_str();
    let person = row.person.as_str();
    let case = row.case.as_str();
    let at = at.as_millisecond();
    sqlx::query!("INSERT INTO removals (org, person_id, case_id, at) VALUES (?1, ?2, ?3, ?4)", org, person, case, at)
        .execute(conn)
        .await
        .map_err(during("append"))?;
    Ok(())
}
