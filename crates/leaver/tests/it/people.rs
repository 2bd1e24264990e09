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
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L203]: the requester may not approve this case
      hint: somebody else must: --as PERSON says who acts
    "#);
    let told = world.refused(&["approve", &case, "--as", "executor"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L203]: the executor may not approve this case
      hint: somebody else must: --as PERSON says who acts
    "#);
    let told = world.refused(&["approve", &case, "--as", "leaver"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L203]: the leaver may not approve this case
      hint: somebody else must: --as PERSON says who acts
    "#);
    let told = world.refused(&["approve", &case, "--as", "nobody"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L004]: the configuration has no person 'nobody'
      hint: it has approver, executor, leaver, owner, requester, successor
    "#);
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
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L202]: the plan of the case is [short hash], not [short hash]
      hint: look at the plan again: leaver status CASE
    "#);
    let hash = world.run(&["status", &case, "--json"]).document(0)["plan"].as_str().unwrap().to_owned();
    let short = &hash[..12];
    let approved = world.run(&["approve", &case, "--as", "approver", "--plan", short, "--json"]);
    assert_eq!(approved.json()["state"], "running", "{}", approved.told());
    let told = world.refused(&["approve", &case, "--as", "approver"]);
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L201]: the case is running: it does not wait for an approval
    "#);
}

#[test]
fn cases_are_found_by_their_beginning() {
    let world = World::new();
    let case = world.opened();
    assert_eq!(world.run(&["status", &case[..20], "--json"]).document(0)["case"], case.as_str());
    let told = world.refused(&["status", "case_ffff"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L208]: there is no case 'case_ffff'
      hint: 'leaver status' lists every case
    "#);
    let told = world.refused(&[
        "remove",
        world.leaver(),
        "--org",
        "sandbox",
        "--reason",
        "project-completion",
        "--ticket",
        "OPS-8",
        "--yes",
    ]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L210]: there is an open case for this person already: case_[id]
      hint: 'leaver status case_[id]' shows it, 'leaver cancel case_[id] --why TEXT' takes it back
    "#);
    let cancelled = world.run(&["cancel", &case, "--why", "asked too early", "--json"]);
    assert_eq!(cancelled.document(0)["state"], "cancelled");
    world.opened();
    let told = world.refused(&["status", "case_"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L209]: several cases begin with 'case_'
      hint: 'leaver status' lists every case
    "#);
}

#[test]
fn what_a_read_can_show_needs_the_read() {
    let world = World::new();
    let case = world.opened();
    let told = world.refused(&["attest", &case, "invitations.gone", "--note", "none is left"]);
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L201]: the case is waiting-approval: a word is taken once the case runs
    "#);
    let case = world.run(&["approve", &case, "--as", "approver", "--json"]).json()["case"].as_str().unwrap().to_owned();
    world.run(&["worker", "--once"]);
    let told = world.refused(&["attest", &case, "member.gone", "--note", "gone", "--as", "executor"]);
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L206]: member.gone can be read here, so a person's word is not taken for it: the member list shows the account
      hint: make it true; leaver reads it by itself
    "#);
    let told = world.refused(&["attest", &case, "member.gon", "--note", "gone", "--as", "executor"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L204]: the plan has no claim 'member.gon'
      hint: 'leaver status CASE' shows the key of every claim
    "#);
    let told = world.refused(&["attest", &case, "invitations.gone", "--as", "executor"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L013]: an attestation needs a file or a note
      hint: give --file F or --note TEXT
    "#);
    let told = world.refused(&["attest", &case, "invitations.gone", "--note", "none is left", "--as", "executor"]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L214]: invitations.gone needs a file that shows it
      hint: give --file FILE: a screenshot, a mail, an export
    "#);
    world.write("screen.png", "a picture");
    let word = ["attest", &case, "invitations.gone", "--note", "none is left", "--as", "executor", "--json"];
    let attested = world.run(&[&word[..], &["--file", "screen.png"]].concat());
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
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L012]: 'burn' is no choice
      hint: 'leaver status CASE' shows what each claim offers
    "#);
    let ran = world.refused(&[&decide[..], &["rotate"]].concat());
    assert_eq!(ran.code, 2, "{}", ran.told());
    assert!(
        ran.stderr.starts_with("error[L205]: 'rotate' is not a choice of member.gone; it offers "),
        "{}",
        ran.stderr
    );
    let told = world.refused(&[&decide[..], &["accept-risk"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L203]: the requester or executor may not accept a risk in this case
      hint: somebody else must: --as PERSON says who acts
    "#);
    let told = world.refused(&[&decide[..], &["accept-risk", "--as", "approver"]].concat());
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L207]: an accepted risk needs a date until which it is accepted
      hint: give --until TIME, such as [time]
    "#);
    let told = world.refused(&["release", "sandbox", "--why", "checked", "--as", "approver"]);
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L212]: nothing in organization 'sandbox' is held
      hint: 'leaver status' lists every case with its state
    "#);
}

#[test]
fn one_worker_a_database() {
    let world = World::new();
    world.opened();
    let lock = WorkerLock::acquire(&world.path("leaver.db")).unwrap();
    let told = world.refused(&["worker", "--once"]);
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L309]: another worker holds this database
      hint: one worker is enough: 'leaver status --watch CASE' follows what it does
    "#);
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
        // The vendor allows five reads of the lexicon a minute.
        world.pass(61);
        document["plan"].as_str().unwrap().to_owned()
    };
    let hash = planned();
    assert_eq!(planned(), hash, "the same world gives the same plan");
    let remove = [
        "remove",
        world.leaver(),
        "--org",
        "sandbox",
        "--reason",
        "project-completion",
        "--ticket",
        "OPS-7",
        "--yes",
        "--json",
        "--plan",
    ];
    let other = world.refused(&[&remove[..], &["ffffffffffffffff"]].concat());
    assert_eq!(other.document(1)["error"]["code"], "L202");
    let short = world.refused(&[&remove[..], &[&hash[..11]]].concat());
    assert_eq!(short.document(1)["error"]["code"], "L202");
    world.pass(61);
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
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L201]: the case is rejected: it does not wait for an approval
    "#);
}

#[test]
fn a_decision_is_answered_with_what_is_left_to_do() {
    let world = World::new();
    let case = world.opened();
    let ran = world.run(&["approve", &case, "--as", "approver"]);
    assert!(ran.stdout.contains("next: a worker carries it out: 'leaver worker --once'"), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("leaver attest {case} invitations.gone --file")), "{}", ran.stdout);
    let listed = world.run(&["status"]);
    assert!(listed.stdout.contains(&case), "the id can be copied: {}", listed.stdout);
}
