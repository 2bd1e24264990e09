//! Where a list comes from (evidence A.2, P4): an auditor takes no list whose system, tenant, account, requests, completeness, times, counts,
//! hashes, program and person are not beside it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use leaver_core::ids::{Digest, PersonId};
use leaver_core::reading::Reading;
use leaver_engine::Organization;
use leaver_evidence::canonical::hex;
use leaver_evidence::captures::CaptureStore;
use leaver_evidence::log::Tree;
use leaver_store::LogEntry;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::wiring::App;

/// So many entries of the log are read at once.
const BATCH: u32 = 1000;

/// Which organization a list is of.
pub(crate) fn organization(org: &Organization) -> Value {
    json!({ "name": org.name, "number": org.vendor_org, "rehearsal": org.rehearsal })
}

/// Who made a list, with what, and when; the end is now.
pub(crate) async fn made(app: &App, by: Option<&PersonId>, began: Timestamp) -> Result<Value, Failure> {
    let by = match by {
        Some(by) => Some(app.address(by).await?),
        None => None,
    };
    Ok(json!({
        "by": by, "program": format!("leaver {}", env!("CARGO_PKG_VERSION")),
        "began": began, "ended": app.engine.clock.now(),
    }))
}

/// Who asks for a list: whoever acts, where somebody is said to. A list can be had without saying who one is.
pub(crate) fn whoever<'a>(app: &'a App, acting: Option<&str>) -> Result<Option<&'a PersonId>, Failure> {
    if acting.is_none() && app.config.me.is_none() {
        return Ok(None);
    }
    app.acting(acting).map(|(id, _)| Some(id))
}

/// A read at the vendor, request by request.
pub(crate) fn read(app: &App, org: &Organization, reading: &Reading, rows: Option<usize>) -> Result<Value, Failure> {
    let folder = app.config.path(&app.config.evidence);
    let unusable = |error: std::io::Error| {
        Failure::not_done("L306", format!("the evidence folder {} cannot be used", folder.display())).because(&error)
    };
    let store = CaptureStore::open(&folder).map_err(unusable)?;
    let mut requests = Vec::new();
    for digest in &reading.captures {
        let Some(capture) = store.get(&digest.to_string()).map_err(unusable)? else { continue };
        let meta = capture.meta();
        requests.push(json!({
            "method": meta.method, "url": meta.url, "status": meta.status, "sent_at": meta.sent_at, "ended_at": meta.ended_at,
            "vendor_date": meta.vendor_date, "sha256": digest,
        }));
    }
    Ok(json!({
        "account": org.username, "credential": org.credential,
        "sent_at": reading.sent_at, "ended_at": reading.ended_at,
        "last_page_reached": reading.to_the_end, "rows": rows,
        "failure": reading.result.as_ref().err().map(ToString::to_string), "requests": requests,
    }))
}

/// Goes through the whole journal in its order. Its numbers have no gap, or nothing is told.
pub(crate) async fn walk(app: &App, mut each: impl FnMut(LogEntry)) -> Result<Tree, Failure> {
    let mut tree = Tree::new();
    let mut next = 0;
    loop {
        let batch = app.engine.store.log_from(next, BATCH).await.map_err(leaver_engine::Error::from)?;
        if batch.is_empty() {
            return Ok(tree);
        }
        for entry in batch {
            if entry.event.seq != next {
                return Err(Failure::not_done("L424", format!("entry {next} of the journal is not in it any more")));
            }
            next += 1;
            tree.push(entry.event.leaf);
            each(entry);
        }
    }
}

/// How far the journal goes and the root of its log, so that a list from it can be made again, and found to have been changed.
pub(crate) async fn journal(app: &App) -> Result<Value, Failure> {
    let tree = walk(app, drop).await?;
    let root = tree.root_at(tree.size()).map(|root| hex(&root));
    Ok(json!({ "first": 0, "next": tree.size(), "root_before_next": root, "gaps": 0 }))
}

/// Writes a list as a new file and its facts, with the hash of the list, beside it. Both or none; nothing is overwritten.
pub(crate) fn keep(path: &Path, list: &[u8], mut facts: Value) -> Result<PathBuf, Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".facts.json");
    let beside = PathBuf::from(beside);
    for path in [path, &beside] {
        if path.symlink_metadata().is_ok() {
            return Err(Failure::not_done("L420", format!("{} is there already", path.display()))
                .hint("nothing is overwritten: give another name"));
        }
    }
    let named = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(facts) = facts.as_object_mut() {
        facts.insert("file".to_owned(), json!({ "name": named, "bytes": list.len(), "sha256": Digest::of(list) }));
    }
    let facts = serde_json::to_string_pretty(&facts)
        .map_err(|error| Failure::not_done("L304", "the facts cannot be written as JSON").because(&error))?;
    let unwritable = |path: &Path, error: std::io::Error| {
        Failure::not_done("L421", format!("{} cannot be written", path.display())).because(&error)
    };
    leaver_evidence::files::replace(path, list).map_err(|error| unwritable(path, error))?;
    leaver_evidence::files::replace(&beside, (facts + "\n").as_bytes()).map_err(|error| {
        // A list without its facts is not what was asked for; that it cannot be removed is no second error.
        drop(std::fs::remove_file(path));
        unwritable(&beside, error)
    })?;
    Ok(beside)
}
