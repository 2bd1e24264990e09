//! Owed work: claims, leases, wakes.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use leaver_core::ids::CaseId;
use leaver_store::{Fence, Lease, LeaseError, StoreError, Work};
use sqlx::SqliteConnection;

use crate::SqliteStore;
use crate::error::during;
use crate::value::{Place, signed};

#[async_trait]
impl Work for SqliteStore {
    async fn claim_due(
        &self,
        now: Timestamp,
        worker: &str,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<Lease>, StoreError> {
        let worker = worker.to_owned();
        let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        self.writer.write(move |conn| Box::pin(async move { claim(conn, now, &worker, until, limit).await })).await
    }

    async fn extend(&self, lease: &Lease, until: Timestamp) -> Result<Lease, LeaseError> {
        let lease = Lease { until, ..lease.clone() };
        self.writer.write(move |conn| Box::pin(async move { extend(conn, lease).await })).await
    }

    async fn release(&self, lease: &Lease, version: u64, next_at: Option<Timestamp>) -> Result<(), LeaseError> {
        let lease = lease.clone();
        self.writer.write(move |conn| Box::pin(async move { release(conn, lease, version, next_at).await })).await
    }

    async fn wake(&self, case: &CaseId, at: Timestamp) -> Result<bool, StoreError> {
        let case = case.clone();
        self.writer.write(move |conn| Box::pin(async move { wake(conn, &case, at).await })).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let due = sqlx::query_scalar!(
            r#"SELECT min(at) AS "at: i64" FROM (
                SELECT min(due_at) AS at FROM cases WHERE due_at IS NOT NULL AND lease_until IS NULL
                UNION ALL
                SELECT min(max(due_at, lease_until)) AS at FROM cases WHERE lease_until IS NOT NULL
            )"#
        )
        .fetch_one(&self.readers)
        .await
        .map_err(during("next_due"))?;
        let place = Place { table: "cases", row: "the next due" };
        due.map(|at| place.time("due_at", at)).transpose()
    }

    async fn take_over(&self) -> Result<u64, StoreError> {
        self.writer
            .write(|conn| {
                Box::pin(async move {
                    // A claimed wake stays: the case is due again for it.
                    let ended = sqlx::query!(
                        "UPDATE cases SET fence = fence + 1, lease_until = NULL, lease_worker = NULL
                         WHERE lease_until IS NOT NULL"
                    )
                    .execute(conn)
                    .await
                    .map_err(during("take_over"))?;
                    Ok(ended.rows_affected())
                })
            })
            .await
    }
}

async fn claim(
    conn: &mut SqliteConnection,
    now: Timestamp,
    worker: &str,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Lease>, StoreError> {
    let now = now.as_millisecond();
    let lease_until = until.as_millisecond();
    // Only a wake that has come is used up; one for later stands. `due_at` is the same before and after.
    let mut claimed = sqlx::query!(
        r#"UPDATE cases SET
            fence = fence + 1,
            lease_until = ?1,
            lease_worker = ?2,
            claimed_wake_at = CASE WHEN wake_at <= ?3 THEN min(wake_at, coalesce(claimed_wake_at, wake_at))
                              ELSE claimed_wake_at END,
            wake_at = CASE WHEN wake_at <= ?3 THEN NULL ELSE wake_at END
        WHERE case_id IN (
            SELECT case_id FROM cases
            WHERE due_at <= ?3 AND (lease_until IS NULL OR lease_until <= ?3)
            ORDER BY due_at, case_id LIMIT ?4
        )
        RETURNING case_id AS "case_id!: String", fence AS "fence!: i64", due_at AS "due_at!: i64""#,
        lease_until,
        worker,
        now,
        limit
    )
    .fetch_all(conn)
    .await
    .map_err(during("claim_due"))?;
    // RETURNING has no order.
    claimed.sort_by(|a, b| (a.due_at, &a.case_id).cmp(&(b.due_at, &b.case_id)));
    claimed
        .into_iter()
        .map(|claimed| {
            let place = Place { table: "cases", row: &claimed.case_id };
            Ok(Lease {
                fence: Fence(place.count("fence", claimed.fence)?),
                until: place.time("lease_until", lease_until)?,
                case: CaseId::new(claimed.case_id),
            })
        })
        .collect()
}

async fn extend(conn: &mut SqliteConnection, lease: Lease) -> Result<Lease, LeaseError> {
    let case = lease.case.as_str();
    let fence = signed("extend", lease.fence.0)?;
    let until = lease.until.as_millisecond();
    let held = sqlx::query!(
        "UPDATE cases SET lease_until = ?1 WHERE case_id = ?2 AND fence = ?3 AND lease_until IS NOT NULL",
        until,
        case,
        fence
    )
    .execute(conn)
    .await
    .map_err(during("extend"))?;
    if held.rows_affected() == 1 { Ok(lease) } else { Err(LeaseError::Lost { case: lease.case }) }
}

async fn release(
    conn: &mut SqliteConnection,
    lease: Lease,
    version: u64,
    next_at: Option<Timestamp>,
) -> Result<(), LeaseError> {
    let case = lease.case.as_str();
    let fence = signed("release", lease.fence.0)?;
    let version = signed("release", version)?;
    let next_at = next_at.map(Timestamp::as_millisecond);
    let held = sqlx::query!(
        "UPDATE cases SET
            lease_until = NULL,
            lease_worker = NULL,
            claimed_wake_at = NULL,
            next_at = CASE WHEN version = ?1 THEN ?2 ELSE next_at END
         WHERE case_id = ?3 AND fence = ?4 AND lease_until IS NOT NULL",
        version,
        next_at,
        case,
        fence
    )
    .execute(conn)
    .await
    .map_err(during("release"))?;
    if held.rows_affected() == 1 { Ok(()) } else { Err(LeaseError::Lost { case: lease.case }) }
}

async fn wake(conn: &mut SqliteConnection, case: &CaseId, at: Timestamp) -> Result<bool, StoreError> {
    let case = case.as_str();
    let at = at.as_millisecond();
    let woken = sqlx::query!("UPDATE cases SET wake_at = min(coalesce(wake_at, ?1), ?1) WHERE case_id = ?2", at, case)
        .execute(conn)
        .await
        .map_err(during("wake"))?;
    Ok(woken.rows_affected() == 1)
}
