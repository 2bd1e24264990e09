//! Access must be gone 24 hours after the work ended, and an emergency waits for nobody (PRACTICE-1, invariant 4).

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::world::World;

fn time(document: &Value, key: &str) -> Timestamp {
    document[key].as_str().unwrap_or_else(|| panic!("no {key} in {document}")).parse().expect("a time")
}

/// The sandbox's own now, as its clock says it.
fn now(world: &World) -> Timestamp {
    let requests = world.requests();
    requests.last().expect("something was asked")["at"].as_str().expect("a time").parse().expect("a time")
}

#[test]
fn the_24_hours_count_from_the_end_of_the_work_not_from_the_request() {
    let world = World::new();
    world.run(&["members", "export", "--org", "sandbox"]);
    let ended = now(&world).checked_sub(SignedDuration::from_hours(30)).unwrap();
    let known = now(&world).checked_sub(SignedDuration::from_hours(2)).unwrap();
    let (ended_text, known_text) = (ended.to_string(), known.to_string());
    let remove = ["remove", world.leaver(), "--org", "sandbox", "--reason", "project-completion", "--ticket", "OPS-7"];
    let times = ["--ended", &ended_text, "--known", &known_text, "--yes"];
    let opened = world.run(&[&remove[..], &times].concat());
    assert_eq!(opened.code, 3, "{}", opened.told());
    assert!(opened.stdout.contains("past since 6 h"), "a deadline that is past is said: {}", opened.stdout);
    let cases = world.run(&["status", "--json"]).document(0);
    let case = world.run(&["status", cases[0]["case"].as_str().unwrap(), "--json"]).document(0);
    assert_eq!(time(&case, "deadline"), ended.checked_add(SignedDuration::from_hours(24)).unwrap());
}

/// Two weeks' notice: the end is known long before it comes, and the day after the end counts.
#[test]
fn a_planned_removal_is_due_a_day_after_its_date_however_early_it_was_known() {
    let world = World::new();
    world.run(&["members", "export", "--org", "sandbox"]);
    let known = now(&world);
    let date = known.checked_add(SignedDuration::from_hours(14 * 24)).unwrap();
    let (known_text, date_text) = (known.to_string(), date.to_string());
    let remove = ["remove", world.leaver(), "--org", "sandbox", "--reason", "project-completion", "--ticket", "OPS-7"];
    let times = ["--urgency", "planned", "--at", &date_text, "--known", &known_text, "--yes", "--json"];
    let case = world.run(&[&remove[..], &times].concat()).document(3);
    assert_eq!(time(&case, "deadline"), date.checked_add(SignedDuration::from_hours(24)).unwrap());
}

#[test]
fn a_plan_says_that_its_reason_is_assumed() {
    let world = World::new();
    let planned = world.run(&["plan", world.leaver(), "--org", "sandbox"]);
    assert!(planned.stdout.contains("because of project-completion (assumed"), "{}", planned.stdout);
    assert!(planned.stdout.contains("with the same words, --reason REASON and --ticket"), "{}", planned.stdout);
    world.pass(61);
    let planned = world.run(&["plan", world.leaver(), "--org", "sandbox", "--reason", "merger"]);
    assert!(!planned.stdout.contains("assumed"), "{}", planned.stdout);
}

#[test]
fn in_an_emergency_one_person_starts_and_a_second_one_ratifies_within_a_day() {
    let world = World::new();
    let remove = ["remove", world.leaver(), "--org", "sandbox", "--reason", "security-incident", "--ticket", "SEC-1"];
    let opened = world.run(&[&remove[..], &["--executor", "requester", "--yes", "--json"]].concat());
    let document = opened.document(3);
    assert_eq!(document["urgency"], "emergency");
    let case = document["case"].as_str().unwrap();
    let shown = world.run(&["status", case]);
    assert!(shown.stdout.contains(&format!("leaver ratify {case} --as PERSON")), "{}", shown.stdout);
    assert!(shown.stdout.contains("looks at what was done and says, until 20"), "{}", shown.stdout);
    // A day later nobody has ratified it.
    world.pass(25 * 60 * 60);
    let shown = world.run(&["status", case]);
    assert!(shown.stdout.contains("at once: the time for it was over at 20"), "{}", shown.stdout);
    assert_eq!(world.run(&["worker", "--once"]).code, 3);
    world.run(&["ratify", case, "--as", "approver"]);
    let shown = world.run(&["status", case]);
    assert!(!shown.stdout.contains("leaver ratify"), "{}", shown.stdout);
}
