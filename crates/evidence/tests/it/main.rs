//! Every test of this crate, in one binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod canonical;
mod captures;
mod log;
mod note;
mod picture;
mod redact;
mod sshsig;
mod time_stamp;
mod witness;
