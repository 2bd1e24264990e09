//! Every test of this crate, in one binary. Nothing here sleeps, and no test needs a network beyond this machine.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod audit;
mod captures;
mod contracts;
mod directory;
mod egress;
mod entra;
mod failures;
mod fields;
mod google;
mod items;
mod jwt;
mod me;
mod okta;
mod okta_client;
mod operations;
mod outcomes;
mod pacing;
mod paging;
mod roster;
mod roster_property;
mod saml;
mod scim;
mod support;
mod teams;
mod writes;
