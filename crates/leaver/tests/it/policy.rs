//! A change of the configuration is on record, and one that weakens a guard holds only once two people agreed.

use crate::world::World;

/// The rules in force, as `policy show` tells them.
fn in_force(world: &World) -> serde_json::Value {
    world.run(&["policy", "show", "--json"]).document(0)[0].clone()
}

#[test]
fn a_higher_cap_needs_two_people_and_a_lower_one_needs_nobody() {
    let world = World::new();
    assert_eq!(in_force(&world)["in_force"]["policy"]["cap_floor"], 3);
    let raise = |floor: u32| {
        let config = world.config();
        let section =
            config.lines().find(|line| line.starts_with("[organizations.")).expect("an organization").to_owned();
        let name = section.trim_matches(['[', ']']).to_owned();
        let without = config.split("\n# policy of the test").next().expect("the beginning").to_owned();
        world.write("leaver.toml", &format!("{without}\n# policy of the test\n[{name}.policy]\ncap_floor = {floor}\n"));
    };
    raise(50);
    let told = world.run(&["status"]);
    assert!(told.stderr.contains("policy.cap_floor stays 3 until two people agree to 50"), "{}", told.stderr);
    assert_eq!(in_force(&world)["in_force"]["policy"]["cap_floor"], 3);
    let org = in_force(&world)["org"].as_str().expect("a name").to_owned();
    let accept = |who: &str| world.run(&["policy", "accept", "--org", &org, "--as", who]);
    assert_eq!(accept("requester").code, 3);
    let alone = accept("requester");
    assert!(alone.code == 3 && alone.stderr.contains("L220"), "{}", alone.told());
    assert_eq!(in_force(&world)["in_force"]["policy"]["cap_floor"], 3, "one word changes nothing");
    assert_eq!(accept("approver").code, 0);
    let shown = in_force(&world);
    assert_eq!(shown["in_force"]["policy"]["cap_floor"], 50);
    assert_eq!(shown["waiting"].as_array().map(Vec::len), Some(0), "{shown}");
    let last = shown["changes"].as_array().and_then(|changes| changes.last()).expect("a change");
    assert!(last["what"].as_str().is_some_and(|what| what.contains("policy.cap_floor 3 to 50")), "{last}");
    assert_eq!(last["by"].as_array().map(Vec::len), Some(2), "{last}");
    assert!(accept("executor").stderr.contains("L220"), "there is nothing left to agree to");
    let renamed = world.config().replace("[organizations.sandbox", "[organizations.another").replace("= 50", "= 90");
    world.write("renamed.toml", &renamed);
    let shown = world.run(&["--config", "renamed.toml", "policy", "show", "--json"]).document(0)[0].clone();
    assert_eq!(
        (&shown["org"], &shown["in_force"]["policy"]["cap_floor"]),
        (&"another".into(), &50.into()),
        "another name is no way round"
    );

    raise(1);
    assert_eq!(in_force(&world)["in_force"]["policy"]["cap_floor"], 1, "a stricter rule holds at once");
    // The entries are in the log like those of cases, and no list of cases shows them.
    assert_eq!(world.cases(), 0);
    let case = world.opened();
    assert_eq!(world.cases(), 1);
    for command in [["evidence", "export", &case, "-o", "pack"].as_slice(), &["evidence", "trust", "-o", "trust"]] {
        assert_eq!(world.run(command).code, 0);
    }
    let verified = world.run(&["evidence", "verify", "pack", "--trust", "trust"]);
    assert_eq!(verified.code, 0, "{}", verified.told());
}
