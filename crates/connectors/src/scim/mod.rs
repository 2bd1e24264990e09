//! SCIM 2.0 (RFC 7643, 7644): the one client for whatever speaks it (`facts/identity-providers.md` A4).
//!
//! Nothing is assumed of a server that it does not announce: no filter, no versions. Lists are read to the last page, and the server's
//! count, the elements and their ids must agree. Only an error document of SCIM says that something is not there.

mod body;
mod list;
mod resource;
mod service;

pub(crate) use body::{deactivated, deactivation, without_member};
pub(crate) use resource::{Member, Names, active, attribute, location, members, person, team};
pub(crate) use service::{Access, Service, equals};
#[cfg(feature = "fuzzing")]
pub(crate) use {
    list::page,
    service::{Announced, is_absence},
};
