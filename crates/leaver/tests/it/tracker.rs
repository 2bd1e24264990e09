//! `leaver tracker export`: one row a removal, and an event for everything that was closed.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::{World, binary, ran};

/// The cells of the one row, by their heading.
fn cell(text: &str, name: &str) -> String {
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let at = csv.headers().expect("a heading").iter().position(|head| head == name).expect("a column");
    let rows: Vec<csv::StringRecord> = csv.records().map(|row| row.expect("a row")).collect();
    let [row] = rows.as_slice() else { panic!("{} rows: {text}", rows.len()) };
    row[at].to_owned()
}

#[test]
fn a_removal_under_way_has_a_row_without_a_date_and_no_event() {
    let world = World::new();
    world.running();
    let csv = world.run(&["tracker", "export"]).stdout;
    assert_eq!(cell(&csv, "collaborator"), world.leaver());
    assert_eq!(cell(&csv, "removal_date"), "");
    assert_eq!(cell(&csv, "projects_removed"), "", "nothing was seen to be gone");
    assert_ne!(cell(&csv, "paths_open"), "0");
    for (name, filled) in
        [("administrator", true), ("requester", true), ("approver", true), ("method", true), ("ratified_by", false)]
    {
        assert_eq!(!cell(&csv, name).is_empty(), filled, "{name}: {csv}");
    }
    let ocsf = world.run(&["tracker", "export", "--format", "ocsf"]).stdout;
    assert!(!ocsf.contains("300106"), "nobody was deleted yet: {ocsf}");
    let none = world.run(&["tracker", "export", "--until", "2020-01-01T00:00:00Z", "--json"]).document(0);
    assert_eq!(none, serde_json::json!([]));
    let nowhere = world.refused(&["tracker", "export", "--org", "nowhere"]);
    assert!(nowhere.stderr.contains("error[L002]"), "{}", nowhere.told());
}

/// A ticket is free text, and a spreadsheet would carry out what looks like a formula.
#[test]
fn no_cell_is_a_formula_and_no_file_is_overwritten() {
    let world = World::new();
    let leaver = world.leaver().to_owned();
    let formula = "=HYPERLINK(\"http://evil.example\")";
    let asked = [
        "remove",
        &leaver,
        "--org",
        "sandbox",
        "--reason",
        "project-completion",
        "--method",
        "delete",
        "--ticket",
        formula,
        "--yes",
    ];
    assert_eq!(world.run(&asked).code, 3);
    let written = world.run(&["tracker", "export", "-o", "tracker.csv"]);
    assert_eq!((written.code, written.stdout.as_str()), (0, ""), "{}", written.told());
    let csv = std::fs::read_to_string(world.path("tracker.csv")).expect("it was written");
    assert_eq!(cell(&csv, "ticket"), format!("'{formula}"));
    let again = world.run(&["tracker", "export", "-o", "tracker.csv"]);
    assert!(again.code == 1 && again.stderr.contains("error[L420]"), "{}", again.told());
    assert_eq!(std::fs::read_to_string(world.path("tracker.csv")).expect("it stands"), csv);
}

#[test]
fn what_the_demo_closed_is_an_event_each_and_says_what_proved_it() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let demo = ran(binary().current_dir(folder.path()).args(["demo", "--json", "--dir", "demo"])).document(0);
    // The clock of the demo went with its sandbox; the journal stays.
    let config = std::fs::read_to_string(folder.path().join("demo/leaver.toml")).expect("the demo wrote it");
    let without = config.lines().filter(|line| *line != "[clock]" && !line.starts_with("source = "));
    let text = without.fold(String::new(), |text, line| text + line + "\n");
    std::fs::write(folder.path().join("demo/after.toml"), text).expect("the folder takes files");
    let export = |format: &str| {
        let arguments = ["--config", "demo/after.toml", "tracker", "export", "--format", format];
        let ran = ran(binary().current_dir(folder.path()).args(arguments));
        assert_eq!(ran.code, 0, "{}", ran.told());
        ran.stdout
    };
    let csv = export("csv");
    assert_eq!(cell(&csv, "state"), "closed");
    assert_eq!(cell(&csv, "paths_open"), "0");
    assert_eq!(cell(&csv, "in_time"), "yes");
    assert!(cell(&csv, "projects_removed").contains("project "), "{csv}");
    let events: Vec<Value> =
        export("ocsf").lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    let types: BTreeSet<u64> = events.iter().map(|event| event["type_uid"].as_u64().expect("a number")).collect();
    for wanted in [300_106, 300_403, 300_404, 300_502] {
        assert!(types.contains(&wanted), "{wanted} is not among {types:?}");
    }
    for event in &events {
        let key = event["metadata"]["uid"].as_str().expect("a text").split_once('/').expect("case and claim").1;
        let claim =
            demo["claims"].as_array().expect("a list").iter().find(|claim| claim["key"] == key).expect("a claim");
        assert_eq!(claim["state"], "holds", "{key}");
        assert_eq!(event["status_id"] == 1, claim["proved_by"] == "read", "{key}: {event}");
        assert_eq!(event["metadata"]["correlation_uid"], demo["case"]);
    }
}
