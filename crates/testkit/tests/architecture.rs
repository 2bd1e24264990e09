//! The edges between the crates are those of `docs/ARCHITECTURE.md`, and no other.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Normal dependencies. A crate that is missing here must not exist.
const EDGES: &[(&str, &[&str])] = &[
    ("leaver-core", &[]),
    ("leaver-evidence", &[]),
    ("leaver-report", &[]),
    ("leaver-sandbox", &[]),
    ("leaver-testkit", &["leaver-core", "leaver-connectors", "leaver-engine"]),
    ("leaver-connectors", &["leaver-core", "leaver-evidence"]),
    ("leaver-store", &["leaver-core"]),
    ("leaver-store-sqlite", &["leaver-core", "leaver-store"]),
    ("leaver-engine", &["leaver-core", "leaver-evidence", "leaver-store", "leaver-connectors"]),
    (
        "leaver",
        &[
            "leaver-core",
            "leaver-evidence",
            "leaver-store",
            "leaver-connectors",
            "leaver-engine",
            "leaver-store-sqlite",
            "leaver-sandbox",
            "leaver-report",
        ],
    ),
    ("leaver-fuzz", &["leaver-core", "leaver-evidence", "leaver-connectors"]),
];

/// The twin must not share a misunderstanding with the connectors: not even in tests of either's own.
const NEVER_IN_TESTS: &[(&str, &str)] =
    &[("leaver-sandbox", "leaver-connectors"), ("leaver-sandbox", "leaver-core"), ("leaver-evidence", "leaver-core")];

fn edges() -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output =
        Command::new(cargo).args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let of_kind = |dev: bool| {
                let all = package["dependencies"].as_array().unwrap().iter();
                all.filter(|dependency| (text(&dependency["kind"]) == "dev") == dev)
                    .map(|dependency| text(&dependency["name"]))
                    .filter(|name| name.starts_with("leaver"))
                    .collect::<BTreeSet<_>>()
            };
            (text(&package["name"]), (of_kind(false), of_kind(true)))
        })
        .collect()
}

#[test]
fn the_crates_depend_on_each_other_as_the_diagram_says() {
    let found = edges();
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        EDGES.iter().map(|(name, to)| (*name, to.iter().copied().collect())).collect();
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), allowed.keys().copied().collect::<Vec<_>>());
    for (name, (normal, _)) in &found {
        for to in normal {
            assert!(allowed[name.as_str()].contains(to.as_str()), "{name} must not depend on {to}");
        }
    }
}

#[test]
fn the_twin_stays_apart_from_what_it_judges() {
    let found = edges();
    for (name, to) in NEVER_IN_TESTS {
        assert!(!found[*name].1.contains(*to), "{name} must not depend on {to}, not even in tests");
    }
    assert!(!found["leaver-connectors"].0.contains("leaver-sandbox"));
}
