//! Talking HTTP to a vendor, once for all vendors.
//!
//! [`Target`] decides whether an address may be called at all, [`Pace`] when, [`Client`] sends and stores the raw answer,
//! [`classify`] says what the answer means for a read or for a write. Nothing here knows any vendor.

pub mod classify;
mod client;
mod content;
mod document;
mod egress;
pub(crate) mod limits;
mod pace;

#[cfg(feature = "fuzzing")]
pub(crate) use client::next_page;
pub use client::{Answer, Auth, Body, Call, Client, Lost, Setup, Trail};
pub use content::Content;
pub(crate) use document::{Document, Shape, Span};
pub use egress::{EgressError, Target};
pub use pace::{Lane, Pace, Permit};
