//! Numbers and times between Rust and `SQLite`, whose integers are signed and whose times are ours.

use jiff::Timestamp;
use leaver_store::{BoxError, StoreError};

/// Where a value was read: what an error names if the value makes no sense.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) row: &'a str,
}

impl Place<'_> {
    /// A stored time.
    pub(crate) fn time(self, column: &'static str, value: i64) -> Result<Timestamp, StoreError> {
        Timestamp::from_millisecond(value).map_err(|error| self.broken(column, error))
    }

    /// A stored count, number or version.
    pub(crate) fn count(self, column: &'static str, value: i64) -> Result<u64, StoreError> {
        u64::try_from(value).map_err(|error| self.broken(column, error))
    }

    /// The error for a value that makes no sense.
    pub(crate) fn broken(self, column: &'static str, source: impl Into<BoxError>) -> StoreError {
        StoreError::Broken { table: self.table, column, row: self.row.to_owned(), source: source.into() }
    }
}

/// A count, number or version for `SQLite`.
pub(crate) fn signed(operation: &'static str, value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|error| StoreError::Failed { operation, source: Box::new(error) })
}

/// A count that came from the database itself, such as of affected rows or of the length of a list.
pub(crate) fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
