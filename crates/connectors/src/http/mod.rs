//! Talking HTTP to a vendor, once for all vendors.
//!
//! [`Target`] decides whether an address may be called at all, `Hops` whether a sign-in may go on there, [`Pace`] when, [`Client`] sends and
//! stores the raw answer, [`classify`] says what the answer means for a read or for a write. Nothing here knows any vendor.

mod auth;
mod body;
pub mod classify;
mod client;
mod content;
mod document;
mod egress;
pub(crate) mod limits;
mod pace;

pub use auth::Auth;
pub use body::Body;
#[cfg(feature = "fuzzing")]
pub(crate) use client::next_page;
pub use client::{Answer, Call, Client, Lost, Onward, Setup, Trail};
pub use content::Content;
pub(crate) use document::{Document, Shape, Span};
pub use egress::{EgressError, Target};
pub(crate) use egress::{Hops, is_here, is_of};
pub use pace::{Lane, Pace, Permit};
