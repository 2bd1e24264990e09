//! What the vendor's answers refuse: nothing changed outside, no case opened, and the exit code says whose turn it is.

use crate::told;
use crate::world::World;

fn plan(world: &World, address: &str) -> crate::world::Ran {
    world.refused(&["plan", address, "--org", "sandbox"])
}

#[test]
fn an_unknown_address_with_a_similar_one() {
    let world = World::new();
    let (local, domain) = world.leaver().split_once('@').unwrap();
    let told = plan(&world, &format!("{local}x@{domain}"));
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L101]: nobody in the organization has the address j.lindqvistx@northlight-studio.example
      hint: did you mean j.lindqvist@northlight-studio.example or j.lindqvist@brightwater.example?
    "#);
}

#[test]
fn an_unknown_address_like_nobodys() {
    let world = World::new();
    let told = plan(&world, "zzyzx.quux@unrelated.example");
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L101]: nobody in the organization has the address zzyzx.quux@unrelated.example
      hint: check the address; 'leaver members export --org ORG' lists everybody
    "#);
}

#[test]
fn a_look_alike_is_a_finding_and_is_not_touched() {
    let world = World::new();
    let document = world.run(&["plan", world.leaver(), "--org", "sandbox", "--json"]).document(0);
    let findings = document["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["kind"] == "look-alike"), "{findings:#?}");
    let text = world.run(&["plan", world.leaver(), "--org", "sandbox"]);
    assert!(text.stdout.contains(world.lookalike()), "{}", text.stdout);
}

#[test]
fn ones_own_address() {
    let world = World::new();
    let config = world.config_with("me = \"requester\"\n", "me = \"leaver\"\n");
    let own = format!(
        "{}\n[people.leaver]\naddress = \"{}\"\n",
        std::fs::read_to_string(world.path(config)).unwrap(),
        world.leaver()
    );
    world.write(config, &own);
    let told = world.refused(&["plan", world.leaver(), "--org", "sandbox", "--config", config]);
    told!(world, told, @r#"
    exit 2
    -- stderr
    error[L103]: j.lindqvist@northlight-studio.example is your own address: somebody else must remove you
    "#);
}

#[test]
fn the_last_owner() {
    let world = World::with("roster-list,only-owner");
    let document = world.run(&["plan", world.leaver(), "--org", "sandbox", "--json"]).document(0);
    assert_eq!(document["blockers"][0]["code"], "L105");
    let told = world.refused(&[
        "remove",
        world.leaver(),
        "--org",
        "sandbox",
        "--reason",
        "project-completion",
        "--ticket",
        "OPS-7",
        "--yes",
    ]);
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L105]: the leaver is the only owner. Two routes: the leaver makes a successor owner in Users & Teams, or the vendor's support does; nothing was opened
    "#);
}

#[test]
fn an_admin_credential_may_not_remove_an_admin() {
    let world = World::with("roster-list,admin-service-account");
    let members = world.run(&["members", "export", "--org", "sandbox", "--json"]).document(0);
    let admin = members
        .as_array()
        .unwrap()
        .iter()
        .find(|member| member["role"] == "Admin")
        .and_then(|member| member["address"].as_str())
        .unwrap_or_else(|| panic!("no admin among {members:#}"))
        .to_owned();
    let told = world.refused(&[
        "remove",
        &admin,
        "--org",
        "sandbox",
        "--reason",
        "project-completion",
        "--ticket",
        "OPS-7",
        "--yes",
    ]);
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L107]: the leaver's role Admin is not below ours, Admin; nothing was opened
    "#);
}

#[test]
fn a_wrong_secret() {
    let world = World::new();
    world.write("secrets/wrong", "not-the-secret");
    let config = world.config_with("secret = { file = \"secrets/sandbox\" }", "secret = { file = \"secrets/wrong\" }");
    let told = world.refused(&["plan", world.leaver(), "--org", "sandbox", "--config", config]);
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L109]: /me could not be read: the vendor does not accept the credential (401)
      hint: the service account is wrong, deleted or expired, or 'region' is wrong: 'leaver doctor' asks the other regions
    "#);
    let told = world.refused(&["members", "export", "--org", "sandbox", "--config", config]);
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L109]: the member list could not be read: the vendor does not accept the credential (401)
      hint: the service account is wrong, deleted or expired, or 'region' is wrong: 'leaver doctor' asks the other regions
    "#);
}

#[test]
fn a_wrong_organization_or_region() {
    let world = World::new();
    let number = world.config().lines().find_map(|line| line.strip_prefix("id = ").map(str::to_owned)).unwrap();
    let config = world.config_with(&format!("id = {number}\n"), "id = 4242\n");
    let told = world.refused(&["plan", world.leaver(), "--org", "sandbox", "--config", config]);
    told!(world, told, @r#"
    exit 1
    -- stderr
    error[L108]: the credential does not see organization 4242: is the region right?
      hint: compare 'region' and 'id' of the organization in leaver.toml with the address of your Mixpanel pages
    "#);
}

#[test]
fn a_vendor_that_does_not_answer() {
    let world = World::new();
    let leaver = world.leaver().to_owned();
    let clock = format!("[clock]\nsource = \"{}\"\n", world.base_url());
    world.write("leaver.toml", &world.config().replace(&clock, ""));
    let (folder, _runtime) = world.stop();
    let run = |arguments: &[&str]| crate::world::ran(crate::world::binary().current_dir(folder.path()).args(arguments));
    let planned = run(&["plan", &leaver, "--org", "sandbox"]);
    assert_eq!(planned.code, 4, "{}", planned.told());
    assert!(planned.stderr.contains("error[L110]: me could not be read: the connection failed"), "{}", planned.stderr);
    let removed =
        run(&["remove", &leaver, "--org", "sandbox", "--reason", "project-completion", "--ticket", "OPS-7", "--yes"]);
    assert_eq!(removed.code, 4, "{}", removed.told());
    assert_eq!(run(&["doctor"]).code, 4);
    assert_eq!(run(&["members", "export", "--org", "sandbox"]).code, 4);
    assert_eq!(run(&["status", "--json"]).document(0), serde_json::json!([]));
}
