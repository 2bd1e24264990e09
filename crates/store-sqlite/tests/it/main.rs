//! The conformance suite on a database file, and what only `SQLite` can get wrong.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod conformance;
mod crash;
mod erase;
mod group;
mod harness;
mod lock;
mod open;
