//! People's commands: who may, what is taken, and what the exit code says.

use leaver_store_sqlite::WorkerLock;

use crate::told;
use crate::world::World;

#[test]
fn neither_requester_nor_executor_nor_leaver_approves() {
    let world = World::new();
    let own = format!("{}\n[people.leaver]\naddress = \"{}\"\n", world.config(), world.leaver());
    world.write("leaver.toml", &own);
    let case = world.opened();
    let told = world.refused(&["approve", &case]);
    told!(world, told, @"");
    let told = world.refused(&["approve", &case, "--as", "executor"]);
    told!(world, told, @"");
    let told = world.refused(&["approve", &case, "--as", "leaver"]);
    told!(world, told, @"");
    let told = world.refused(&["approve", &case, "--as", "nobody"]);
    told!(world, told, @"");
    let state = world.run(&["status", &case, "--json"]).document(0);
    assert_eq!(state["state"], "waiting-approval");
    let approved = world.run(&["approve", &case, "--as", "approver", "--json"]);
    assert_eq!(approved.json()["state"], "running", "{}", approved.told());
}

#[test]
fn an_approval_binds_the_plan_that_was_seen() {
    let world = World::new();
    let case = world.opened();
    let told = world.refused(&["approve", &case, "--as", "approver", "--plan", &"0".repeat(64)]);
    told!(world, told, @"");
    let hash = world.run(&["status", &case, "--json"]).document(0)["plan"].as_str().unwrap().to_owned();
    let short = &hash[..12];
    let approved = world.run(&["approve", &case, "--as", "approver", "--plan", short, "--json"]);
    assert_eq!(approved.json()["state"], "running", "{}", approved.told());
    let told = world.refused(&["approve", &case, "--as", "approver"]);
    told!(world, told, @"");
}

#[test]
fn cases_are_found_by_their_beginning() {
    let world = World::new();
    let case = world.opened();
    assert_eq!(world.run(&["status", &case[..20], "--json"]).document(0)["case"], case.as_str());
    let told = world.refused(&["status", "case_ffff"]);
    told!(world, told, @"");
    let told = world.refused(&["remove", world.leaver(), "--org", "sandbox", "--ticket", "OPS-8", "--yes"]);
    told!(world, told, @"");
    let cancelled = world.run(&["cancel", &case, "--why", "asked too early", "--json"]);
    assert_eq!(cancelled.document(0)["state"], "cancelled");
    world.opened();
    let told = world.refused(&["status", "case_"]);
    told!(world, told, @"");
}

#[test]
fn what_a_read_can_show_needs_the_read() {
    let world = World::new();
    let case = world.opened();
    let told = world.refused(&["attest", &case, "invitations.gone", "--note", "none is left"]);
    told!(world, told, @"");
    let case = world.run(&["approve", &case, "--as", "approver", "--json"]).json()["case"].as_str().unwrap().to_owned();
    world.run(&["worker", "--once"]);
    let told = world.refused(&["attest", &case, "member.gone", "--note", "gone", "--as", "executor"]);
    told!(world, told, @"");
    let told = world.refused(&["attest", &case, "member.gon", "--note", "gone", "--as", "executor"]);
    told!(world, told, @"");
    let told = world.refused(&["attest", &case, "invitations.gone", "--as", "executor"]);
    told!(world, told, @"");
    let attested =
        world.run(&["attest", &case, "invitations.gone", "--note", "none is left", "--as", "executor", "--json"]);
    assert_eq!(attested.code, 3, "{}", attested.told());
    let ran = world.run(&["worker", "--once"]);
    assert_eq!(ran.code, 3, "{}", ran.told());
    let document = world.run(&["status", &case, "--json"]).document(0);
    let claim = document["claims"].as_array().unwrap().iter().find(|claim| claim["key"] == "invitations.gone").unwrap();
    assert_eq!((&claim["state"], &claim["proved_by"]), (&"holds".into(), &"attested".into()));
}

#[test]
fn a_decision_takes_what_the_claim_offers() {
    let world = World::new();
    let case = world.running();
    let decide = ["decide", &case, "member.gone", "--why", "because", "--choose"];
    let told = world.refused(&[&decide[..], &["burn"]].concat());
    told!(world, told, @"");
    let told = world.refused(&[&decide[..], &["rotate"]].concat());
    told!(world, told, @"");
    let told = world.refused(&[&decide[..], &["accept-risk"]].concat());
    told!(world, told, @"");
    let told = world.refused(&[&decide[..], &["accept-risk", "--as", "approver"]].concat());
    told!(world, told, @"");
    let told = world.refused(&["release", "sandbox", "--why", "checked", "--as", "approver"]);
    told!(world, told, @"");
}

#[test]
fn one_worker_a_database() {
    let world = World::new();
    world.opened();
    let lock = WorkerLock::acquire(&world.path("leaver.db")).unwrap();
    let told = world.refused(&["worker", "--once"]);
    told!(world, told, @"");
    drop(lock);
    // The case still waits for its approver.
    let ran = world.run(&["worker", "--once"]);
    assert_eq!(ran.code, 3, "{}", ran.told());
}

#[test]
fn remove_insists_on_the_plan_that_was_seen() {
    let world = World::new();
    let planned = || {
        let document = world.run(&["plan", world.leaver(), "--org", "sandbox", "--json"]).document(0);
        document["plan"].as_str().unwrap().to_owned()
    };
    let hash = planned();
    assert_eq!(planned(), hash, "the same world gives the same plan");
    let remove = ["remove", world.leaver(), "--org", "sandbox", "--ticket", "OPS-7", "--yes", "--json", "--plan"];
    let other = world.refused(&[&remove[..], &["ffffffffffffffff"]].concat());
    assert_eq!(other.document(1)["error"]["code"], "L202");
    let short = world.refused(&[&remove[..], &[&hash[..11]]].concat());
    assert_eq!(short.document(1)["error"]["code"], "L202");
    let opened = world.run(&[&remove[..], &[hash.as_str()]].concat()).document(3);
    assert_eq!(opened["plan"], hash.as_str());
    assert_eq!(opened["state"], "waiting-approval");
}

#[test]
fn a_rejected_case_is_over() {
    let world = World::new();
    let case = world.opened();
    let rejected = world.run(&["reject", &case, "--why", "still needed", "--as", "approver", "--json"]);
    assert_eq!(rejected.document(0)["state"], "rejected");
    let told = world.refused(&["approve", &case, "--as", "approver"]);
    told!(world, told, @"");
}

#[test]
fn a_decision_is_answered_with_what_is_left_to_do() {
    let world = World::new();
    let case = world.opened();
    let ran = world.run(&["approve", &case, "--as", "approver"]);
    assert!(ran.stdout.contains("next: a worker carries it out: 'leaver worker --once'"), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("leaver attest {case} invitations.gone --note")), "{}", ran.stdout);
    let listed = world.run(&["status"]);
    assert!(listed.stdout.contains(&case), "the id can be copied: {}", listed.stdout);
}
