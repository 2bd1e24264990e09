//! Evidence: the raw answers of the vendors, kept so that somebody else can check what `leaver` says.
//!
//! * [`captures`] stores one answer per file, named by the hash of the file, durable before the call returns, or, for
//!   many at once, when they are settled together.
//! * [`archive`] keeps files that people bring, byte for byte and however large, under the hash of their bytes.
//! * [`redact`] takes secrets out before anything is stored, and leaves a keyed hash of what was there.
//! * [`canonical`] writes JSON in one way only, and hashes a log leaf as RFC 6962 says.
//!
//! What it deliberately is not: it knows nothing of cases, claims or vendors (no edge to any other crate of the
//! workspace), so that an auditor can build and read it alone. It has no network and no clock: times are arguments.
//! It does not decide what counts as evidence; it keeps what it is given.
//!
//! The next thing to add is the log: RFC 6962 tree, checkpoints, packs and their verification, as state machines
//! without input or output beside these modules, on top of [`canonical::leaf_hash`].
//!
//! # Guarantees
//!
//! * A digest that `put` returned, or that was staged before a `settle` returned, names a file that survives a power cut:
//!   data, name and folder are synced. A file that was torn by one before that is found out by its name, and replaced.
//! * The same capture gives the same digest and one file. What is read back is checked against its name.
//! * The body comes back byte for byte, except in a redacted capture, which says so and names every redacted field.
//! * Of a capture that bears a secret the original bytes are never written anywhere.

pub mod archive;
pub mod canonical;
pub mod captures;
pub mod redact;
mod sinks;
