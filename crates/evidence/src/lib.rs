//! Evidence: the raw answers of the vendors, kept so that somebody else can check what `leaver` says.
//!
//! * [`captures`] stores one answer per file, named by the hash of the file, durable before the call returns, or, for
//!   many at once, when they are settled together.
//! * [`archive`] keeps files that people bring, byte for byte and however large, under the hash of their bytes.
//! * [`redact`] takes secrets out before anything is stored, and leaves a keyed hash of what was there.
//! * [`log`] is the tree over the journal's rows with its proofs (RFC 6962), signed checkpoints and witnesses (C2SP), as state
//!   machines: it reads no file, and refuses to sign what does not go on where the last signature was.
//! * [`sshsig`] signs a file so that `ssh-keygen` can check it.
//! * [`time_stamp`] asks an outside authority for the time, and checks its answer (RFC 3161).
//! * [`pack`] writes a sealed folder that stock tools can check, and checks one.
//! * [`canonical`] writes JSON in one way only, and hashes a log leaf as RFC 6962 says.
//!
//! What it deliberately is not: it knows nothing of cases, claims or vendors (no edge to any other crate of the
//! workspace), so that an auditor can build and read it alone. It has no network and no clock: times are arguments.
//! It does not decide what counts as evidence; it keeps what it is given.
//!
//! To add another signature to checkpoints, such as ML-DSA, add a purpose with its type byte to `log/note.rs`: notes carry any
//! number of lines, and a reader that does not know a type passes over it.
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
pub mod files;
pub mod log;
pub mod pack;
pub mod picture;
pub mod redact;
mod sinks;
pub mod sshsig;
pub mod time_stamp;
