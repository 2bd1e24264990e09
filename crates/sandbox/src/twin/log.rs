//! The request log: every vendor and page request, never the control interface.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::wire::{Call, Effect, Via};

/// One request, as `GET /_sandbox/requests` shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    seq: u64,
    at: String,
    via: Via,
    method: String,
    path: String,
    query: String,
    /// The status sent; 0 if the connection was cut instead.
    status: u16,
    acted: bool,
    body_sha256: String,
    effect: Option<Effect>,
}

/// All requests so far.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
}

impl Log {
    pub(crate) fn note(&mut self, call: &Call, at: Timestamp, status: u16, effect: Option<Effect>) {
        self.entries.push(Entry {
            seq: u64::try_from(self.entries.len()).unwrap_or(u64::MAX).saturating_add(1),
            at: at.to_string(),
            via: call.via,
            method: call.method.clone(),
            path: call.path.clone(),
            query: call.query.clone(),
            status,
            acted: effect.is_some(),
            body_sha256: hex(&Sha256::digest(&call.body)),
            effect,
        });
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
