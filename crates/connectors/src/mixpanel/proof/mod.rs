//! Whatever the answer, reading it piece by piece, from memory or from a file, gives what reading it as a tree gives: rows,
//! cursors and failures.

mod texts;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use leaver_core::ids::VendorOrg;
use leaver_core::reading::{Failure, Me, Roster};
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::strategy::Union;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use self::texts::{about_us, answers, anything, layouts, object, text};
use super::pages::{Layout, Page, results};
use super::roster::Found;
use super::{me, pages};
use crate::http::{Answer, Content, Document, Onward, classify};

const ORG: VendorOrg = VendorOrg(7);

fn answer(body: &str) -> Answer {
    let content_type = Some("application/json".to_owned());
    Answer {
        status: 200,
        content_type,
        wait: None,
        next: None,
        etag: None,
        onward: Onward::default(),
        body: body.as_bytes().to_vec().into(),
    }
}

/// The same answer in memory and in a file.
fn both(answer: Answer) -> [Answer; 2] {
    let mut file = tempfile::tempfile().unwrap();
    let bytes = answer.body.clone().whole().unwrap();
    file.write_all(&bytes).unwrap();
    let filed = Answer { body: Content::Filed { file: Arc::new(file), len: bytes.len() }, ..answer.clone() };
    [answer, filed]
}

/// What was reached, and how often.
#[derive(Default)]
struct Reached(Mutex<BTreeMap<String, u32>>);

impl Reached {
    fn note(&self, what: impl Into<String>) {
        *self.0.lock().unwrap().entry(what.into()).or_default() += 1;
    }

    fn at_least(self, times: u32, wanted: &[&str]) {
        let reached = self.0.into_inner().unwrap();
        for what in wanted {
            assert!(reached.get(*what).is_some_and(|count| *count >= times), "{what} was hardly reached: {reached:?}");
        }
    }
}

fn run<S: Strategy>(cases: u32, input: &S, mut test: impl FnMut(S::Value)) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let test = Mutex::new(&mut test);
    runner
        .run(input, |value| {
            (test.lock().unwrap_or_else(std::sync::PoisonError::into_inner))(value);
            Ok(())
        })
        .unwrap();
}

/// The tree of an answer, as `classify::read` makes it.
fn tree(runtime: &tokio::runtime::Runtime, body: &str) -> Result<Value, Failure> {
    runtime.block_on(classify::read(Ok(answer(body))))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn roster_by_tree(answer: Value) -> (Result<Roster, Failure>, Option<String>) {
    let next = [answer.get("pagination"), answer.get("results").and_then(|results| results.get("pagination"))];
    let next = next.into_iter().flatten().find_map(pages::cursor_in);
    let mut found = Found::default();
    found.tree(answer);
    (found.roster(None), next)
}

#[test]
fn rosters() {
    let runtime = runtime();
    let reached = Reached::default();
    run(6_000, &answers(), |(name, body)| {
        let expected = tree(&runtime, &body).map(roster_by_tree);
        match &expected {
            Err(Failure::Refused { .. }) => reached.note("an error inside 200"),
            Err(_) => reached.note("no json"),
            Ok((Err(Failure::Incomplete(_)), _)) => reached.note("incomplete"),
            Ok((Err(_), _)) => reached.note("nobody"),
            Ok((Ok(roster), next)) => {
                reached.note(name);
                reached.note(if roster.members.len() > 2 { "several people" } else { "few people" });
                reached.note(if roster.shows_grants { "grants" } else { "no grants" });
                reached.note(if next.is_some() { "a next page" } else { "no next page" });
            }
        }
        for (small, answer) in
            [0, 60, usize::MAX].into_iter().flat_map(|small| both(answer(&body)).map(|one| (small, one)))
        {
            let document = runtime.block_on(classify::document(Ok(answer)));
            let read = document.map(|document| {
                let mut found = Found::with_small(small);
                let next = found.page(document).unwrap();
                (found.roster(None), next)
            });
            assert_eq!(read, expected, "{small}: {body}");
        }
    });
    reached.at_least(
        20,
        &[
            "objects",
            "by address",
            "by id",
            "texts",
            "id to address",
            "wrapped",
            "by team",
            "by project",
            "projects listed",
            "nested",
            "anything",
            "an error inside 200",
            "incomplete",
            "nobody",
            "several people",
            "grants",
            "no grants",
            "a next page",
        ],
    );
}

#[test]
fn pages_are_put_together_alike() {
    let runtime = runtime();
    let reached = Reached::default();
    run(600, &(layouts(), layouts()), |((_, first), (_, second))| {
        let (mut whole, mut pieces) = (Found::default(), Found::with_small(0));
        for json in [first, second] {
            let body = json.written("");
            let Ok(value) = tree(&runtime, &body) else { return };
            whole.tree(value);
            pieces.page(runtime.block_on(classify::document(Ok(answer(&body)))).unwrap()).unwrap();
        }
        let roster = whole.roster(None);
        reached.note(if roster.is_ok() { "people" } else { "a failure" });
        assert_eq!(pieces.roster(None), roster);
    });
    reached.at_least(20, &["people"]);
}

/// The elements of a list in a tree, as lists were read before there were documents.
fn elements(results: Value, map: bool) -> Result<Vec<Value>, Failure> {
    let no_list = || Failure::Malformed("there is no list where one was due".to_owned());
    match results {
        Value::Array(elements) => Ok(elements),
        Value::Object(mut fields) => {
            let inner = ["results", "items", "data"].iter().find(|key| {
                let value = fields.get(**key);
                value.is_some_and(|value| value.is_array() || (**key == "results" && value.is_object()))
            });
            match inner {
                Some(key) => elements(fields.remove(*key).unwrap_or_default(), map),
                None if map => fields
                    .into_iter()
                    .map(|(key, mut value)| {
                        let no_object = || Failure::Malformed("an element of the map is no object".to_owned());
                        let fields = value.as_object_mut().ok_or_else(no_object)?;
                        fields.entry("id").or_insert(Value::String(key));
                        Ok(value)
                    })
                    .collect(),
                None => Err(no_list()),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(no_list()),
    }
}

#[test]
fn lists() {
    let runtime = runtime();
    let reached = Reached::default();
    run(6_000, &(answers(), any::<bool>()), |((_, body), map)| {
        let Ok(value) = tree(&runtime, &body) else {
            assert!(runtime.block_on(classify::document(Ok(answer(&body)))).is_err(), "{body}");
            return;
        };
        let next = [value.get("pagination"), value.get("results").and_then(|results| results.get("pagination"))];
        let next = next.into_iter().flatten().find_map(pages::cursor_in);
        let expected = elements(results(value), map);
        // Not everything can be kept: what is no object is noticed.
        let keep = |mut value: Value| {
            value.as_object_mut()?.shift_remove("odd");
            Some(value)
        };
        let expected = expected.map(|elements| {
            let readable = elements.iter().all(Value::is_object);
            (elements.into_iter().filter_map(keep).collect::<Vec<_>>(), readable, next)
        });
        match &expected {
            Ok((items, readable, next)) => {
                reached.note(if items.is_empty() {
                    "an empty list"
                } else if map {
                    "a list or a map"
                } else {
                    "a list"
                });
                reached.note(if *readable { "readable" } else { "not readable" });
                reached.note(if next.is_some() { "a next page" } else { "no next page" });
            }
            Err(failure) => reached.note(failure.to_string()),
        }
        for answer in both(answer(&body)) {
            let document = runtime.block_on(classify::document(Ok(answer))).unwrap();
            let layout = Layout { map, unread: &["odd"] };
            let read = Page::of(document, layout, keep).map(|page| (page.items, page.readable, page.next));
            assert_eq!(read, expected, "{body}");
        }
    });
    let unlike = "the answer could not be read: there is no list where one was due";
    let no_object = "the answer could not be read: an element of the map is no object";
    reached.at_least(
        20,
        &["a list", "a list or a map", "an empty list", "not readable", "a next page", unlike, no_object],
    );
}

#[test]
fn about_ourselves() {
    let runtime = runtime();
    let reached = Reached::default();
    let input = Union::new([about_us().boxed(), about_us().boxed(), anything().boxed()]);
    run(4_000, &(input, select(vec!["", " "]), any::<bool>()), |(json, space, enveloped)| {
        let json = if enveloped { object(vec![("results", json), ("status", text("ok"))]) } else { json };
        let body = json.written(space);
        let Ok(value) = tree(&runtime, &body) else { return };
        let expected: Result<Me, Failure> = me::me(ORG, &results(value), None);
        match &expected {
            Ok(me) => {
                reached.note(if me.view_members.is_empty() { "no members" } else { "members" });
                reached.note(if me.view_members.iter().any(|member| member.restricted) {
                    "restricted"
                } else {
                    "open"
                });
            }
            Err(failure) => reached.note(failure.to_string()),
        }
        for answer in both(answer(&body)) {
            let document = runtime.block_on(classify::document(Ok(answer))).unwrap();
            assert_eq!(me::read(ORG, document, None), expected, "{body}");
        }
    });
    let nobody = "the answer could not be read: the answer about ourselves names nobody";
    let no_object = "the answer could not be read: the answer about ourselves is no object";
    reached.at_least(20, &["members", "no members", "restricted", "open", nobody, no_object]);
}

#[test]
fn failures() {
    let runtime = runtime();
    let reached = Reached::default();
    // What a byte may become: broken syntax, broken texts, numbers out of range.
    let garbage = select(vec![
        "",
        "}",
        "]",
        ",",
        "\"",
        ":",
        "\\",
        "\\ud800",
        "1e999",
        "nul",
        "\u{0}",
        "<",
        "{\"status\":\"error\"}",
        "\u{fe0f}",
    ]);
    let status = select(vec![200_u16, 200, 200, 201, 403, 404, 429, 500, 301]);
    let media = select(vec!["application/json", "application/json", "text/html"]);
    run(
        6_000,
        &(answers(), any::<u16>(), garbage, any::<bool>(), status, media),
        |(body, at, garbage, cut, status, media)| {
            let mut bytes = body.1.into_bytes();
            let at = usize::from(at) % (bytes.len() + 1);
            if cut {
                bytes.truncate(at);
            }
            // Also in the middle of a letter.
            bytes.splice(at..at, garbage.bytes());
            let answer = || {
                let body = bytes.clone().into();
                Answer {
                    status,
                    content_type: Some(media.to_owned()),
                    wait: None,
                    next: None,
                    etag: None,
                    onward: Onward::default(),
                    body,
                }
            };
            let expected = runtime.block_on(classify::read(Ok(answer())));
            reached.note(match &expected {
                Ok(_) => "data".to_owned(),
                Err(Failure::Malformed(why)) => why.chars().take_while(|letter| *letter != '(').collect(),
                Err(failure) => format!("{failure}"),
            });
            for (answer, place) in both(answer()).into_iter().zip([true, false]) {
                let document = runtime.block_on(classify::document(Ok(answer)));
                let read = document.and_then(|document: Document| document.value(document.whole()));
                // A reader of files looks one byte ahead, and counts it.
                let said = |read: &Result<Value, Failure>| match read {
                    Err(Failure::Malformed(why)) if !place => Err(why.split(" (line").next().map(str::to_owned)),
                    read => Ok(read.clone()),
                };
                assert_eq!(said(&read), said(&expected), "{}", String::from_utf8_lossy(&bytes));
            }
        },
    );
    reached.at_least(
        20,
        &[
            "data",
            "it ends too early ",
            "it is not json ",
            "a web page came instead of data",
            "the vendor answered with an error (200)",
            "the vendor failed (500)",
            "the credential may not see this (403)",
        ],
    );
}

/// Nested lists deeper than a tree may be are refused alike.
#[test]
fn too_many_levels() {
    let runtime = runtime();
    for depth in [120, 127, 128, 129, 5_000] {
        let body = "[".repeat(depth) + &"]".repeat(depth);
        let expected = tree(&runtime, &body).map(drop);
        for answer in both(answer(&body)) {
            let read = runtime.block_on(classify::document(Ok(answer))).map(drop);
            assert_eq!(read, expected, "{depth}");
        }
    }
}

/// A long list is forgotten while it is read, and still whole in what was made of it.
#[test]
fn a_long_list_shrinks_while_it_is_read() {
    let runtime = runtime();
    let rows: Vec<String> =
        (0..40_000).map(|id| format!("{{\"id\":{id},\"email\":\"person{id}@acme.example\"}}")).collect();
    let body = format!("{{\"results\":[{}],\"status\":\"ok\"}}", rows.join(", "));
    let mut document = runtime.block_on(async { Document::of(answer(&body)) }).unwrap();
    let mut elements = document.elements(document.results().unwrap());
    let mut count = 0_u64;
    let mut held = Vec::new();
    while let Some(element) = elements.next(&document) {
        assert_eq!(document.value(element).unwrap().get("id").and_then(Value::as_u64), Some(count));
        count += 1;
        document.forget(elements.done());
        held.push(document.held());
    }
    assert_eq!(count, 40_000);
    assert!(held.iter().zip(held.iter().skip(1)).all(|(before, after)| after <= before));
    assert!(held.last().is_some_and(|last| *last < 600 * 1024), "{:?} of {}", held.last(), body.len());
}
