//! One door to each reader of a vendor's answer, for the fuzz targets alone (feature `fuzzing`). Each takes the body of an answer and says
//! by panicking when reading it breaks a promise: nothing panics, and reading a piece at a time gives what reading the whole tree gives.

use std::io::sink;

use leaver_core::ids::{ProjectId, VendorOrg};
use leaver_core::source::Kind;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::audit::scan;
use super::{item, me, pages, roster, shares};
use crate::http::{Answer, Document, Onward, limits};

const ORG: VendorOrg = VendorOrg(7);
const PROJECT: ProjectId = ProjectId(3);

fn document(body: &[u8]) -> Option<Document> {
    let content_type = Some("application/json".to_owned());
    Document::of(Answer {
        status: 200,
        content_type,
        wait: None,
        next: None,
        etag: None,
        onward: Onward::default(),
        body: body.to_vec().into(),
    })
    .ok()
}

fn tree(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

/// The member list.
pub fn roster(body: &[u8]) {
    let streamed = document(body).map(|document| {
        let mut found = roster::Found::with_small(0);
        let next = found.page(document);
        next.map(|_| found.roster(None))
    });
    if let (Some(Ok(streamed)), Some(tree)) = (streamed, tree(body)) {
        let mut found = roster::Found::default();
        found.tree(tree);
        assert!(streamed == found.roster(None), "read in pieces it is another list");
    }
}

/// Who we are.
pub fn me(body: &[u8]) {
    let streamed = document(body).map(|document| me::read(ORG, document, None));
    if let (Some(streamed), Some(tree)) = (streamed, tree(body)) {
        let whole = me::me(ORG, &pages::results(tree), None);
        assert!(streamed == whole, "read in pieces it is another account");
    }
}

/// Things of every kind, service accounts, share lists.
pub fn things(body: &[u8]) {
    let Some(thing) = tree(body) else { return };
    for kind in Kind::ALL {
        if let Some(item) = item::item(kind, &thing) {
            assert!(!item.id.is_empty(), "a thing without an id");
        }
    }
    drop(item::service_account(Some(PROJECT), &thing));
    drop(shares::shares(PROJECT, &thing));
}

/// A list, a piece at a time.
pub fn page(body: &[u8]) {
    let Some(document) = document(body) else { return };
    let layout = pages::Layout { map: true, unread: &["raw"] };
    if let Ok(page) = pages::Page::of(document, layout, |thing| item::item(Kind::Board, &thing)) {
        assert!(page.items.iter().all(|item| !item.id.is_empty()), "a thing without an id");
    }
}

/// The audit log, in both formats.
pub fn audit(body: &[u8]) {
    let mut rows = 0;
    if let Ok(scanned) = scan(body, sink(), ORG.0, |_| rows += 1) {
        assert_eq!(scanned.rows, rows, "every event is told once");
    }
}

/// What the headers say about limits: one header a line, name and value.
pub fn limits(text: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().and_then(|name| HeaderName::from_bytes(name).ok());
        let value = parts.next().and_then(|value| HeaderValue::from_bytes(value).ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    for status in [200, 429, 503] {
        let wait = limits::wait(status, &headers, jiff::Timestamp::UNIX_EPOCH);
        assert!(wait.is_none_or(|wait| wait.as_secs() <= 24 * 3600), "{wait:?} is no pause");
    }
}
