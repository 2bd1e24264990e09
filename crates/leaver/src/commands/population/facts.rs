//! Where each list comes from (P4): system, tenant, account, every request with its raw answer, times, counts, hashes, program, person.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leaver_core::ids::{Digest, PersonId};
use leaver_evidence::captures::CaptureStore;
use serde_json::{Value, json};

use super::register::Register;
use super::{Look, Range, named};
use crate::failure::Failure;
use crate::wiring::App;

/// Who made the lists, and how.
pub(super) struct Made<'a> {
    /// Who.
    pub(super) by: &'a PersonId,
    /// When it began.
    pub(super) began: Timestamp,
    /// How many cases were drawn.
    pub(super) drawn: Option<usize>,
    /// By which seed.
    pub(super) seed: &'a Option<String>,
}

/// The facts of an export.
pub(super) async fn of(
    app: &App,
    look: &Look<'_>,
    range: &Range,
    register: Option<&Register>,
    files: &BTreeMap<&str, Vec<u8>>,
    made: Made<'_>,
) -> Result<Value, Failure> {
    let hashes: BTreeMap<&str, String> =
        files.iter().map(|(name, bytes)| (*name, Digest::of(bytes).to_string())).collect();
    let imports = look.imports.iter().map(|import| {
        json!({ "sha256": import.file, "from": import.from, "until": import.until, "rows": import.rows,
            "unread": import.unread, "of_everybody": !import.one_actor, "imported_at": import.at })
    });
    Ok(json!({
        "organization": { "name": look.org.name, "number": look.org.vendor_org, "rehearsal": look.org.rehearsal },
        "period": { "from": look.from, "until": look.until },
        "made": {
            "by": named(app, made.by).await?, "program": format!("leaver {}", env!("CARGO_PKG_VERSION")),
            "began": made.began, "ended": app.engine.clock.now(),
        },
        "log": {
            "first": range.first, "next": range.next, "root_before_next": range.root, "gaps": 0,
            "entries": { "of_this_organization": range.kinds, "of_others": range.others },
        },
        "population": { "cases": range.cases.len(), "opened": range.kinds.get("opened").copied().unwrap_or(0) },
        "member_list": member_list(app, look)?,
        "audit_log": imports.collect::<Vec<_>>(),
        "register": register.map(|register| json!({
            "file": register.name, "sha256": register.digest, "rows": register.ended.len(),
        })),
        "sample": made.drawn.map(|count| json!({
            "count": count, "seed": made.seed.as_deref().unwrap_or_default(),
            "order": "SHA-256 of the seed followed by the id of the case, ascending; the first 'count'",
        })),
        "files": hashes,
    }))
}

/// The read of the member list, request by request.
fn member_list(app: &App, look: &Look<'_>) -> Result<Value, Failure> {
    let folder = app.config.path(&app.config.evidence);
    let unusable = |error: std::io::Error| {
        Failure::not_done("L306", format!("the evidence folder {} cannot be used", folder.display())).because(&error)
    };
    let store = CaptureStore::open(&folder).map_err(unusable)?;
    let mut requests = Vec::new();
    for digest in &look.reading.captures {
        let Some(capture) = store.get(&digest.to_string()).map_err(unusable)? else { continue };
        let meta = capture.meta();
        requests.push(json!({
            "method": meta.method, "url": meta.url, "status": meta.status, "sent_at": meta.sent_at, "ended_at": meta.ended_at,
            "vendor_date": meta.vendor_date, "sha256": digest,
        }));
    }
    Ok(json!({
        "account": look.org.username, "credential": look.org.credential,
        "sent_at": look.reading.sent_at, "ended_at": look.reading.ended_at,
        "last_page_reached": look.reading.to_the_end, "rows": look.roster.map(leaver_core::reading::Roster::len),
        "failure": look.reading.result.as_ref().err().map(ToString::to_string), "requests": requests,
    }))
}
