//! What a person is told to do: the exact place, and what is left to do by hand when the vendor refuses.

use serde_json::json;

use crate::world::World;

#[test]
fn a_revocation_names_every_grant_with_its_screen() {
    let world = World::new();
    let plan = ["plan", world.leaver(), "--org", "sandbox", "--reason", "access-review"];
    let text = world.run(&plan).stdout;
    for place in [
        "given to the person: Project Settings > Project Users",
        "Organization Settings > Users & Teams > Teams, take the person out of it",
        "given to everybody: cannot be taken from one person",
    ] {
        assert!(text.contains(place), "no '{place}' in {text}");
    }
    assert!(text.contains("grant              \"Agency\" the leaver is in this team, which gives project "), "{text}");
    assert!(text.contains("found: team \"Agency\" (id "), "the team by its name: {text}");
    assert!(text.contains("a restricted data view of project "), "{text}");
    assert!(text.contains(", 1 team\n"), "the account's own line: {text}");
    assert!(
        text.contains("found: board \"Campaign results for partners\" (id "),
        "the public board by its title: {text}"
    );
}

#[test]
fn the_approver_reads_whom_a_copy_belongs_to_and_who_sees_it() {
    let world = World::new();
    let plan = ["plan", world.leaver(), "--org", "sandbox"];
    let text = world.run(&plan).stdout;
    assert!(text.contains("the copy belongs to leaver's service account offboarding."), "{text}");
    assert!(text.contains("everybody there sees it and may edit it, also what only its maker saw until now"), "{text}");
    world.write("secrets/successor", "a-bearer");
    let login = "\n[organizations.sandbox.successor_login]\nbearer = { file = \"secrets/successor\" }\n";
    world.write("leaver.toml", &format!("{}{login}", world.config()));
    world.pass(61);
    let text = world.run(&plan).stdout;
    assert!(text.contains(&format!("the copy belongs to {}, with whose login", world.successor())), "{text}");
}

#[test]
fn what_the_vendor_refuses_again_and_again_is_left_to_a_person_with_the_clicks() {
    let world = World::new();
    let case = world.opened();
    let path = "/api/app/projects/";
    world.control("faults", &json!({"fault": "html", "match": {"method": "PATCH", "path": path}, "times": 0}));
    world.run(&["approve", &case, "--as", "approver"]);
    for _ in 0..12 {
        world.run(&["worker", "--once"]);
        world.pass(300);
    }
    let text = world.run(&["status", &case]).stdout;
    assert!(text.contains("Subscribe > View All"), "{text}");
    assert!(text.contains("leaver tried it 5 times; last: "), "{text}");
    assert!(text.contains("found: subscription \"Executive weekly\" (id "), "{text}");
}

#[test]
fn a_reduction_by_team_and_role_names_the_screens_and_what_stays() {
    let world = World::new();
    let raise = json!({"as": world.owner(), "does": "set-role", "target": world.leaver(), "role": "admin"});
    world.control("person", &raise);
    let reduce = ["plan", world.leaver(), "--org", "sandbox", "--reason", "role-change"];
    let text = world.run(&[&reduce[..], &["--team", "Agency", "--role", "billing-admin"]].concat()).stdout;
    for says in [
        &format!("{} is out of team \"Agency\"", world.leaver()),
        &format!("{} has the organization role Billing Admin or a lower one", world.leaver()),
        "the organization role Billing Admin stays",
        "the grants that stay are as they were",
        "Organization Settings > Users & Teams > Teams",
        "leaving this team takes project ",
        "the named teams: the person is taken out of each",
    ] {
        assert!(text.contains(says), "no '{says}' in {text}");
    }
    world.pass(61);
    let unknown = world.run(&[&reduce[..], &["--team", "Agenzy"]].concat());
    assert_eq!(unknown.code, 2, "{}", unknown.told());
    assert!(unknown.stderr.contains("error[L112]: the organization has no team 'Agenzy'"), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("hint: it has Agency ("), "{}", unknown.stderr);
    world.pass(61);
    let above = world.run(&[&reduce[..], &["--role", "admin"]].concat()).stdout;
    assert!(above.contains("BLOCKED [L113]"), "{above}");
}

#[test]
fn recent_edits_are_listed_and_the_sponsor_is_asked() {
    let world = World::new();
    let plan = ["plan", world.leaver(), "--org", "sandbox"];
    let text = world.run(&plan).stdout;
    let edits: Vec<&str> = text.lines().filter(|line| line.contains(" last changed by the leaver on ")).collect();
    let weekly = edits.iter().find(|line| line.contains("\"Executive weekly\""));
    assert!(weekly.is_some_and(|line| line.ends_with("(AUTH-4)")), "somebody else's board, by its title: {edits:#?}");
    assert!(
        text.contains("the sponsor was asked, and unfinished work of the leaver is finished or handed over"),
        "{text}"
    );
    let case = world.running();
    let text = world.run(&["status", &case]).stdout;
    assert!(text.contains("show whoever sponsored the leaver's work the findings under AUTH-4"), "{text}");
    assert!(text.contains(&format!("leaver attest {case} pending-work.asked --note")), "{text}");
}
