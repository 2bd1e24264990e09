//! The population of a period: complete by the log, compared in every direction, drawn by a seed, and with where it comes from.

use std::collections::BTreeMap;

use leaver_core::ids::Digest;
use serde_json::{Value, json};

use crate::world::{Ran, World};

const PERIOD: [&str; 4] = ["--from", "2020-01-01T00:00:00Z", "--until", "2100-01-01T00:00:00Z"];

fn exported(world: &World, folder: &str, more: &[&str]) -> Ran {
    let mut arguments = vec!["population", "export", "--org", "sandbox", "-o", folder, "--json"];
    arguments.extend(PERIOD);
    arguments.extend(more);
    world.run(&arguments)
}

fn exported_until(world: &World, until: &str) -> Ran {
    world.run(&["population", "export", "--org", "sandbox", "--from", "2027-01-01", "--until", until, "-o", "lists"])
}

/// The rows of a list, by column.
fn list(world: &World, file: &str) -> Vec<BTreeMap<String, String>> {
    let bytes = std::fs::read(world.path(file)).expect("a list");
    csv::Reader::from_reader(bytes.as_slice()).deserialize().map(|row| row.expect("a row")).collect()
}

fn kinds(world: &World, folder: &str) -> Vec<String> {
    list(world, &format!("{folder}/exceptions.csv")).into_iter().map(|row| row["exception"].clone()).collect()
}

#[test]
fn whatever_one_side_knows_and_the_other_does_not_is_an_exception() {
    let world = World::new();
    let (leaver, lookalike) = (world.leaver().to_owned(), world.lookalike().to_owned());
    let case = world.running();
    world.click_everything(&case);
    world.pass(60);
    world.run(&["worker", "--once"]);
    // Somebody else is removed by hand, and their end stands in the register like that of somebody who still is a member.
    let executor = world.executor().to_owned();
    let stranger = world.successor().to_owned();
    world.control("person", &json!({"as": executor, "does": "delete-member", "target": stranger}));
    world.write(
        "ended.csv",
        &format!("\u{feff}Name,Email,Ended\nA,{leaver},2026-11-20\nB,{lookalike},\nC,{stranger},2026-11-21\n"),
    );

    let early = exported(&world, "early", &["--register", "ended.csv"]);
    assert_eq!(early.code, 1, "{}", early.told());
    let register = ["ended-without-case", "ended-without-case", "removed-late", "still-listed"];
    let before = ["case-not-covered", "period-not-over", "no-audit-log"];
    assert_eq!(kinds(&world, "early"), [register.as_slice(), &before].concat());

    world.write("log.ndjson", &world.exported_log());
    let imported = world.run(&["audit", "import", "log.ndjson", "--org", "sandbox", "--as", "executor"]);
    assert_eq!(imported.code, 1, "{}", imported.told());
    let late = exported(&world, "late", &["--register", "ended.csv"]).document(1);
    let after = ["removal-without-case", "period-not-over", "log-not-covered"];
    assert_eq!(kinds(&world, "late"), [register.as_slice(), &after].concat(), "the log does not reach back to 2020");
    assert_eq!((&late["matched"], &late["cases"]), (&json!(1), &json!(1)));
    let stray = &list(&world, "late/exceptions.csv")[4];
    assert!(stray["says"].contains(&executor), "{stray:?}");

    world.write("ended.csv", "address\n");
    exported(&world, "empty", &["--register", "ended.csv"]);
    assert!(kinds(&world, "empty").contains(&"case-without-register".to_owned()), "nobody told of that end");
}

#[test]
fn the_lists_say_where_they_come_from_and_the_log_says_that_they_are_whole() {
    let world = World::new();
    let case = world.opened();
    assert_eq!(world.run(&["cancel", &case, "--why", "a mistake"]).code, 0);
    let again = world.opened();
    let told = exported(&world, "lists", &["--sample", "1", "--seed", "autumn"]).document(1);
    let rows = list(&world, "lists/population.csv");
    assert_eq!(rows.iter().map(|row| row["case"].as_str()).collect::<Vec<_>>(), [case.as_str(), &again]);
    assert_eq!(rows[0]["state"], "cancelled", "what was taken back belongs to the population");

    let read = |name: &str| std::fs::read(world.path("lists").join(name)).expect("a file");
    let facts: Value = serde_json::from_slice(&read("facts.json")).expect("facts");
    for name in ["population.csv", "exceptions.csv", "sample.csv"] {
        assert_eq!(facts["files"][name], Digest::of(&read(name)).to_string(), "{name}");
    }
    assert_eq!((&facts["log"]["first"], &facts["population"]["opened"]), (&json!(0), &json!(2)));
    let entries: u64 = facts["log"]["entries"]["of_this_organization"]
        .as_object()
        .expect("kinds")
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(facts["log"]["next"], json!(entries), "every entry is counted");
    let list = &facts["member_list"];
    assert_eq!(list["last_page_reached"], true);
    let request = &list["requests"][0];
    assert_eq!(request["method"], "GET");
    assert!(request["url"].as_str().is_some_and(|url| url.ends_with("/users/")), "{request}");
    let kept = world.path("evidence").join(request["sha256"].as_str().expect("a digest"));
    assert!(kept.is_file() || walk(&world, request["sha256"].as_str().expect("a digest")), "the raw answer is kept");

    // The same seed draws the same cases, with nothing but sha256 and sort.
    let mut drawn: Vec<(String, &str)> =
        [case.as_str(), &again].map(|case| (Digest::of(format!("autumn{case}").as_bytes()).to_string(), case)).to_vec();
    drawn.sort();
    assert_eq!(told["sample"], json!([drawn[0].1]));
    let before = world.requests().len();
    let refused = exported(&world, "lists", &[]);
    assert!(refused.stderr.contains("L420"), "{}", refused.told());
    assert_eq!(world.requests().len(), before, "nothing was asked for nothing");
}

/// Whether the evidence folder holds this file somewhere.
fn walk(world: &World, digest: &str) -> bool {
    let mut rest = vec![world.path("evidence")];
    while let Some(folder) = rest.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                rest.push(entry.path());
            } else if entry.file_name().to_string_lossy().contains(digest) {
                return true;
            }
        }
    }
    false
}

#[test]
fn a_register_with_a_broken_line_compares_nothing() {
    let world = World::new();
    for (register, said) in [
        ("name\nA\n", "no column is called 'address'"),
        ("address,ended\nnobody,2026-11-20\n", "line 2"),
        ("address,ended\na@agency.example,soon\n", "'soon' is neither a date nor a time"),
    ] {
        world.write("ended.csv", register);
        let refused = exported(&world, "lists", &["--register", "ended.csv"]);
        assert_eq!(refused.code, 2, "{}", refused.told());
        assert!(refused.stderr.contains("L026") && refused.stderr.contains(said), "{}", refused.told());
        assert!(!world.path("lists").exists());
    }
    let said = exported_until(&world, "tomorrow");
    assert!(said.code == 2 && said.stderr.contains("a time is written 2027-01-31T17:00:00Z"), "{}", said.told());
    // A plain day is its beginning.
    let period = ["--from", "2027-01-01", "--until", "2027-01-01T00:00:00Z", "-o", "lists"];
    let refused = world.run(&[["population", "export", "--org", "sandbox"].as_slice(), &period].concat());
    assert!(refused.code == 2 && refused.stderr.contains("L027"), "{}", refused.told());
}
