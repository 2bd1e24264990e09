//! Where each list comes from (P4): system, tenant, account, every request with its raw answer, times, counts, hashes, program, person.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leaver_core::ids::{Digest, PersonId};
use leaver_core::reading::Roster;
use serde_json::{Value, json};

use super::register::Register;
use super::{Look, Range};
use crate::commands::provenance;
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
        "organization": provenance::organization(look.org),
        "period": { "from": look.from, "until": look.until },
        "made": provenance::made(app, Some(made.by), made.began).await?,
        "log": {
            "first": range.first, "next": range.next, "root_before_next": range.root, "gaps": 0,
            "entries": { "of_this_organization": range.kinds, "of_others": range.others },
        },
        "population": { "cases": range.cases.len(), "opened": range.kinds.get("opened").copied().unwrap_or(0) },
        "member_list": provenance::read(app, look.org, look.reading, look.roster.map(Roster::len))?,
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
