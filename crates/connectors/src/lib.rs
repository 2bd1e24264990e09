//! Real clients of the vendors, behind ports.
//!
//! A connector turns a [`leaver_core::source::Source`] into a [`leaver_core::reading::Reading`], and a
//! [`leaver_core::write::Write`] into an [`leaver_core::write::Outcome`]. It states what the vendor showed; what that
//! means is the judge's business in `leaver-core`.
//!
//! What it deliberately is not:
//!
//! * No retries. A send that ended in doubt is read back by the engine, never sent again here.
//! * No decisions: no rule about claims, people or deadlines; a write is sent as it was given.
//! * No knowledge of the sandbox: the twin and this crate are written from the same facts, not from each other.
//! * No clock but the one that is passed in; the only waiting is for a vendor's pace ([`http::Pace`]).
//!
//! # Guarantees
//!
//! * Reading sends `GET` only: the type of a readable operation has no method ([`Read`]). A token that a read needs is fetched by the one
//!   `POST` that gives it. A canary's sign-in ([`saml`]) posts a login form, and delivers nothing of what it is given.
//! * Nothing outward can be sent without a journalled intent: an [`Actor`] comes only from [`Vendor::acting`].
//! * A call whose shape nobody knows cannot be written down as something to send: [`Unwritable`] has no way to a client.
//! * Every answer is stored before it is parsed; when it cannot be stored, the reading is a failure and the write unknown.
//! * No redirect is followed but those of a canary's sign-in, no error page is taken for data, HTTP 200 with `status: "error"` is an error.
//! * A write is `Failed` only if nothing was sent, or the vendor answered 429 or a 4xx other than 408 and 409.
//!
//! # How to add
//!
//! * An operation of Mixpanel: one constant in `mixpanel/operations.rs` with its class and source, one line in the route
//!   table of its kind (`mixpanel/routes.rs`), its fields in `mixpanel/item.rs`, one test.
//! * A vendor: a module beside [`mixpanel`] that builds [`http::Client`] and implements [`Reader`] and [`Vendor`]. Pacing,
//!   capture, redaction, the egress guard and the meaning of HTTP statuses come with the client.
//! * A provider whose own directory speaks SCIM 2.0: nothing; [`directory`] reads any of them.

mod client_credentials;
mod clock;
pub mod directory;
pub mod entra;
mod fill;
pub mod google;
pub mod http;
mod joined;
mod json;
pub mod jwt;
mod met;
pub mod mixpanel;
pub mod okta;
mod operation;
mod ports;
pub mod saml;
mod scim;
mod token;
mod walk;

pub use clock::Clock;
pub use joined::Joined;
pub use operation::{Bucket, Capability, Change, Class, Encoding, Family, Known, Read, Unwritable, Verb};
pub use ports::{Actor, Reader, Vendor, Written};
