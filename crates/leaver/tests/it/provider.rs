//! Identity providers other than the one of the story: Entra, and those that people look after themselves.

use serde_json::{Value, json};

use crate::world::World;

/// The configuration with another twin in the place of that of Okta, as its own comment says how.
fn with_twin(world: &World, after: &str) {
    let config = world.config();
    let (before, okta) = config.split_once("[organizations.sandbox.okta]").expect("init wrote it");
    let (_, section) = okta.split_once(after).expect("init wrote it");
    let lines: Vec<&str> = section.lines().map_while(|line| line.strip_prefix("# ")).collect();
    world.write("leaver.toml", &format!("{before}{}\n", lines.join("\n")));
    let none = json!({"does": "ways", "account": world.leaver(), "kinds": []});
    world.control("provider", &none);
}

fn with_entra(world: &World) {
    with_twin(world, "first sign off each of these lines.\n");
}

/// The configuration with a provider that nothing reads.
fn with_by_hand(world: &World, kind: &str) {
    let config = world.config();
    let (before, _) = config.split_once("[organizations.sandbox.okta]").expect("init wrote it");
    world.write("leaver.toml", &format!("{before}[organizations.sandbox.provider]\nkind = \"{kind}\"\n"));
}

/// What an approved case asks people to do.
fn told_to_people(world: &World) -> (String, String) {
    let case = world.opened();
    assert_eq!(world.run(&["approve", &case, "--as", "approver"]).code, 3);
    let worked = world.run(&["worker", "--once"]);
    assert_eq!(worked.code, 3, "{}", worked.told());
    let status = world.run(&["status", &case]).stdout;
    (case, status)
}

fn checks(world: &World) -> Vec<Value> {
    let doctor = world.run(&["doctor", "--json"]).document(0);
    doctor["checks"].as_array().expect("a list").clone()
}

#[test]
fn the_ways_of_entra_are_planned_in_its_own_words() {
    let world = World::new();
    with_entra(&world);
    let kinds = ["direct", "group", "dynamic", "synced", "anyone", "everyone-job", "wide"];
    world.control("tenant", &json!({"does": "ways", "account": world.leaver(), "kinds": kinds}));
    let planned = world.run(&["plan", world.leaver(), "--org", "sandbox", "--graph", "ways.svg"]);
    assert_eq!(planned.code, 0, "{}", planned.told());
    assert_eq!(world.acted(), Vec::<Value>::new(), "a plan only reads");
    let (_, status) = told_to_people(&world);
    for told in [
        "Entra admin center > Enterprise applications > Mixpanel",
        "\"Assignment required?\" to Yes",
        "Sync only assigned users and groups",
        "(user.objectId -ne \"",
        "Start-ADSyncSyncCycle",
        "All contractors",
        "AD-Analytics",
        "Partner wiki",
    ] {
        assert!(status.contains(told), "no {told} in\n{status}");
    }
    assert!(!planned.stdout.contains("Okta") && !status.contains("Okta"), "{status}");
    let svg = std::fs::read_to_string(world.path("ways.svg")).unwrap();
    assert!(svg.contains("without being given the application") && svg.contains("a provisioning job"));
}

#[test]
fn doctor_looks_at_entra_by_reads_alone_and_says_what_mends_it() {
    let world = World::new();
    with_entra(&world);
    world.control("tenant", &json!({"does": "set-job", "code": "Quarantine"}));
    let ways = |checks: &[Value]| {
        let found = checks.iter().find(|check| check["check"] == "ways into the application");
        found.unwrap_or_else(|| panic!("{checks:#?}")).clone()
    };
    let good = ways(&checks(&world));
    assert_eq!(good["result"], "good");
    let says = good["says"].as_str().unwrap();
    assert!(says.contains("4 groups give it") && says.contains("filled by a rule of its own"), "{says}");
    assert!(says.contains("a job provisions it (quarantine)"), "{says}");
    assert_eq!(world.acted(), Vec::<Value>::new());

    // The id of the application instead of that of the enterprise application.
    let application = world.config().lines().find(|line| line.starts_with("application = ")).unwrap().to_owned();
    let config = world.config_with(&application, "application = \"00000000-0000-0000-0000-000000000001\"");
    let doctor = world.run(&["doctor", "--config", config, "--json"]).document(1);
    let wrong = ways(doctor["checks"].as_array().unwrap());
    assert_eq!(wrong["result"], "missing");
    assert!(wrong["mend"].as_str().unwrap().contains("the Object ID, not the Application ID"), "{wrong}");

    world.write("secrets/wrong", "not-the-secret");
    let config = world.config_with("secrets/sandbox-entra", "secrets/wrong");
    let doctor = world.run(&["doctor", "--config", config, "--json"]).document(1);
    let told = doctor.to_string();
    assert!(told.contains("Certificates & secrets") && !told.contains("not-the-secret"), "{doctor:#}");
}

#[test]
fn the_ways_of_google_are_planned_in_its_own_words_and_nothing_is_changed_there() {
    let world = World::new();
    with_twin(&world, "# And the twin of Google, likewise.\n");
    world.control(
        "workspace",
        &json!({"does": "ways", "account": world.leaver(), "kinds": ["unit", "group", "nested", "dynamic"]}),
    );
    let found = checks(&world);
    let ways = found.iter().find(|check| check["check"] == "ways into the application").unwrap();
    assert_eq!(ways["result"], "good", "{ways}");
    assert!(ways["says"].as_str().unwrap().contains("3 groups give it"), "{ways}");
    let planned = world.run(&["plan", world.leaver(), "--org", "sandbox", "--graph", "ways.svg"]);
    assert_eq!(planned.code, 0, "{}", planned.told());
    assert_eq!(world.acted(), Vec::<Value>::new(), "a plan only reads");
    assert!(planned.stdout.contains("no interface of the identity provider shows"), "{}", planned.stdout);
    let (case, status) = told_to_people(&world);
    for told in [
        "Google Admin console > Apps > Web and mobile apps > Mixpanel > User access",
        "every group that says ON must be in leaver.toml",
        "Edit dynamic group",
        "through another group, or a directory sync",
        "Remove members",
    ] {
        assert!(status.contains(told), "no {told} in\n{status}");
    }
    assert!(!planned.stdout.contains("Okta") && !status.contains("Okta"), "{status}");
    // It is a way in: the auditor must see the screen.
    let attest = |more: [&str; 2]| world.run(&["attest", &case, "sso.anyone", more[0], more[1], "--as", "executor"]);
    let refused = attest(["--note", "it is off"]);
    assert!(refused.code == 2 && refused.stderr.contains("L214"), "{}", refused.told());
    world.write("screen.txt", "Mixpanel: OFF for the unit Agencies");
    assert_eq!(attest(["--file", "screen.txt"]).code, 3);
    assert!(
        world.acted().iter().all(|call| !call["path"].as_str().unwrap().starts_with("/google")),
        "nothing is changed there"
    );
}

#[test]
fn a_provider_that_nothing_reads_is_closed_by_a_person_who_brings_a_file() {
    let world = World::new();
    with_by_hand(&world, "google");
    let read = checks(&world).into_iter().find(|check| check["check"] == "identity provider").unwrap();
    assert_eq!(read["result"], "off");
    let (case, status) = told_to_people(&world);
    assert!(status.contains("Google Admin console > Directory > Groups"), "{status}");
    assert!(!status.contains("Okta admin console"), "{status}");
    let attest = |more: [&str; 2]| {
        let words = ["attest", &case, "sso.ways-declared", more[0], more[1], "--as", "executor"];
        world.run(&words)
    };
    let refused = attest(["--note", "closed"]);
    assert!(refused.code == 2 && refused.stderr.contains("L214"), "a word alone closes no way: {}", refused.told());
    world.write("screen.txt", "Mixpanel: OFF for the unit Agencies");
    assert_eq!(attest(["--file", "screen.txt"]).code, 3);
    assert_eq!(world.run(&["worker", "--once"]).code, 3);
    let claims = world.run(&["status", &case, "--json"]).document(0)["claims"].clone();
    let ways = claims.as_array().unwrap().iter().find(|claim| claim["key"] == "sso.ways-declared").unwrap().clone();
    assert_eq!(ways["state"], "holds", "{ways:#}");
}
