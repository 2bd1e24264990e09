//! `doctor`: what the credential may do and see, what no interface can do, and what nobody has looked after.

use serde_json::Value;

use crate::told;
use crate::world::World;

#[test]
fn every_operation_is_listed_with_how_well_it_is_known() {
    let world = World::new();
    let operations = world.run(&["doctor", "--json"]).document(0)["operations"].clone();
    let operations = operations.as_array().unwrap();
    let class = |name: &str| {
        let one = operations.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}"));
        (one["class"].as_str().unwrap().to_owned(), one["instead"].clone())
    };
    assert_eq!(class("service-accounts").0, "documented");
    assert_eq!(class("roster").0, "vendor-client");
    let (unknown, instead) = class("delete-users");
    assert_eq!(unknown, "shape-unknown");
    assert!(instead.as_str().unwrap().contains("Users & Teams"), "{instead}");
    let text = world.run(&["doctor"]).stdout;
    assert!(
        text.contains("never sent; a person does it: Organization Settings > Users & Teams")
            && text.contains("delete-users"),
        "{text}"
    );
}

#[test]
fn a_project_without_our_role_is_told_with_the_clicks_that_grant_it() {
    let world = World::with("roster-list,project-without-role");
    let doctor = world.run(&["doctor", "--json"]).document(1);
    let missing: Vec<&Value> =
        doctor["checks"].as_array().unwrap().iter().filter(|check| check["result"] == "missing").collect();
    let [project] = missing.as_slice() else { panic!("{missing:#?}") };
    assert!(project["check"].as_str().unwrap().starts_with("project "), "{project}");
    let mend = project["mend"].as_str().unwrap();
    assert!(mend.contains("project role Owner") && mend.contains("Project Settings > Service Accounts"), "{mend}");
    assert_eq!(world.acted(), Vec::<Value>::new());
}

#[test]
fn a_refused_credential_may_be_of_another_region() {
    let world = World::new();
    world.write("secrets/wrong", "not-the-secret");
    let config = world.config_with("secret = { file = \"secrets/sandbox\" }", "secret = { file = \"secrets/wrong\" }");
    let told = world.refused(&["doctor", "--config", config, "--json"]);
    let document = told.document(1);
    let checks = document["checks"].as_array().unwrap();
    let of_the_vendor = |check: &&Value| !check["check"].as_str().unwrap().contains("provider");
    let at_the_vendor: Vec<&Value> =
        checks.iter().filter(of_the_vendor).filter(|check| check["check"] != "ways into the application").collect();
    let [check] = at_the_vendor.as_slice() else { panic!("{document:#}") };
    assert_eq!(check["says"], "the vendor does not accept it (401)");
    // A rehearsal asks nobody else: its address is not the vendor's.
    assert!(check["mend"].as_str().unwrap().contains("the region may be wrong too (not tried"), "{check}");
    let told = world.refused(&["plan", world.leaver(), "--org", "sandbox", "--config", config]);
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L109]: /me could not be read: the vendor does not accept the credential (401)
      hint: the service account is wrong, deleted or expired, or 'region' is wrong: 'leaver doctor' asks the other regions
    "#);
}

#[test]
fn rechecks_that_nobody_made_are_told() {
    let world = World::new();
    let case = world.running();
    let state = || world.run(&["status", &case, "--json"]).document(0)["state"].as_str().unwrap().to_owned();
    world.click_everything(&case);
    for _ in 0..20 {
        if state() == "removed" {
            break;
        }
        world.pass(61);
        world.run(&["worker", "--once"]);
    }
    assert_eq!(state(), "removed");
    // A word is still awaited: the exit code says so, although every path is closed.
    assert_eq!(world.run(&["worker", "--once"]).code, 3);
    assert_eq!(world.run(&["doctor"]).code, 0, "nothing is late yet");
    // Two days without a worker.
    world.pass(2 * 24 * 60 * 60);
    let doctor = world.run(&["doctor", "--json"]).document(1);
    let late: Vec<&Value> =
        doctor["checks"].as_array().unwrap().iter().filter(|check| check["check"] == format!("case {case}")).collect();
    let [late] = late.as_slice() else { panic!("{doctor:#}") };
    assert!(late["says"].as_str().unwrap().starts_with("recheck due since 20"), "{late}");
    let shown = world.run(&["status", &case]);
    assert!(shown.stdout.contains("OVERDUE   recheck due since 20"), "{}", shown.stdout);
    assert!(world.run(&["status"]).stdout.contains("nothing ran"));
    world.run(&["worker", "--once"]);
    assert!(!world.run(&["status", &case]).stdout.contains("OVERDUE"));
}

#[test]
fn the_identity_provider_is_looked_at_by_reads_alone() {
    let world = World::new();
    let doctor = world.run(&["doctor", "--json"]).document(0);
    let of = |name: &str| {
        let checks = doctor["checks"].as_array().unwrap();
        checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("{doctor:#}")).clone()
    };
    assert_eq!(of("accounts at the identity provider")["result"], "good");
    let ways = of("ways into the application");
    assert_eq!(ways["result"], "good");
    let says = ways["says"].as_str().unwrap();
    assert!(says.contains("4 groups give it") && says.contains("1 rule fills them"), "{says}");
    assert!(doctor["operations"].as_array().unwrap().iter().any(|one| one["name"] == "okta.group.leave"));
    assert_eq!(world.acted(), Vec::<Value>::new());

    world.write("secrets/wrong", "00not-the-token");
    let config = world.config_with("secrets/sandbox-okta", "secrets/wrong");
    let doctor = world.run(&["doctor", "--config", config, "--json"]).document(1);
    let refused =
        doctor["checks"].as_array().unwrap().iter().find(|check| check["check"] == "accounts at the identity provider");
    assert_eq!(refused.unwrap()["result"], "missing", "{doctor:#}");
}
