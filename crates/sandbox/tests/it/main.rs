//! The twin from the outside, through its socket only.
#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests say no by panicking")]

mod audit;
mod client;
mod content;
mod contracts;
mod entra;
mod faults;
mod google;
mod okta;
mod people;
mod roster;
mod scim;
mod senders;
mod service_accounts;
mod world;
