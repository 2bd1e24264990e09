//! From what `SQLite` says to what the caller can do.

use leaver_store::{BoxError, StoreError};

/// What a failure means for the caller, before it has become somebody's [`StoreError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Try again later.
    Retry,
    /// Make room.
    MakeRoom,
    /// A person has to look.
    Look,
}

/// Sorts an error of the database's client.
pub(crate) fn remedy(error: &sqlx::Error) -> Remedy {
    if let Some(code) = primary_code(error) {
        return match code {
            // BUSY, LOCKED, NOMEM, INTERRUPT, IOERR, CANTOPEN, PROTOCOL
            5 | 6 | 7 | 9 | 10 | 14 | 15 => Remedy::Retry,
            13 => Remedy::MakeRoom,
            _ => Remedy::Look,
        };
    }
    if matches!(
        error,
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed
    ) {
        Remedy::Retry
    } else {
        Remedy::Look
    }
}

/// The primary result code of `SQLite`, if the error came from there (<https://www.sqlite.org/rescode.html>).
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Turns an error of the database's client into the caller's.
pub(crate) fn store_error(remedy: Remedy, operation: &'static str, source: BoxError) -> StoreError {
    match remedy {
        Remedy::Retry => StoreError::Unavailable(source),
        Remedy::MakeRoom => StoreError::Full(source),
        Remedy::Look => StoreError::Failed { operation, source },
    }
}

/// For `map_err`: what failed while doing this.
pub(crate) fn during(operation: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| store_error(remedy(&error), operation, Box::new(error))
}
