//! The picture of `plan --graph`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::World;

#[test]
fn the_graph_shows_every_way_in_with_its_state_and_is_well_formed() {
    let world = World::new();
    let plan = ["plan", world.leaver(), "--org", "sandbox"];
    let planned = world.run(&[&plan[..], &["--graph", "ways.svg"]].concat());
    assert_eq!(planned.code, 0, "{}", planned.told());
    let svg = std::fs::read_to_string(world.path("ways.svg")).unwrap();
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
    // What is opened is closed again: no title of the vendor's got out of its place.
    for tag in ["svg", "g", "text", "title", "path", "style"] {
        assert_eq!(
            svg.matches(&format!("<{tag}")).count(),
            svg.matches(&format!("</{tag}>")).count() + lone(&svg, tag),
            "{tag}"
        );
    }
    assert!(svg.contains(world.leaver()));
    for way in [
        "membership",
        "messages",
        "service accounts",
        "public links",
        "individual grant",
        "Executive weekly",
        "identity provider",
        "Contractors get analytics",
    ] {
        assert!(svg.contains(way), "no {way} in the picture");
    }
    for state in ["open: the claim is broken", "closed: the claim holds", "unknown: nobody could see"] {
        assert!(svg.contains(state), "no legend for {state}");
    }
    assert!(svg.contains("prefers-color-scheme:dark"));
    world.pass(61);
    let refused = world.run(&[&plan[..], &["--graph", "no/such/folder.svg"]].concat());
    assert_eq!(refused.code, 2, "{}", refused.told());
    assert!(refused.stderr.contains("error[L023]: the picture cannot be written to no/such/folder.svg"));
}

#[test]
fn the_graph_as_data_leads_from_the_person_to_every_project() {
    let world = World::new();
    let planned = world.run(&["plan", world.leaver(), "--org", "sandbox", "--graph", "ways.json"]);
    assert_eq!(planned.code, 0, "{}", planned.told());
    let graph: Value = serde_json::from_str(&std::fs::read_to_string(world.path("ways.json")).unwrap()).unwrap();
    let nodes = graph["nodes"].as_array().unwrap();
    let edges = graph["edges"].as_array().unwrap();
    let ids: BTreeSet<&str> = nodes.iter().map(|node| node["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), nodes.len(), "an id names one node");
    assert!(
        edges
            .iter()
            .all(|edge| ids.contains(edge["from"].as_str().unwrap()) && ids.contains(edge["to"].as_str().unwrap()))
    );
    // Whatever stands there is reached from the person.
    let mut reached = BTreeSet::from(["person"]);
    loop {
        let next = edges.iter().filter(|edge| reached.contains(edge["from"].as_str().unwrap()));
        let more: BTreeSet<&str> = next.map(|edge| edge["to"].as_str().unwrap()).collect();
        if more.is_subset(&reached) {
            break;
        }
        reached.extend(more);
    }
    assert_eq!(reached, ids);
    let of = |kind: &str| nodes.iter().filter(|node| node["kind"] == kind).count();
    assert!(of("way") > 20 && of("project") > 1 && of("channel") > 3 && of("person") == 1);
    let states = ["open", "closed", "unknown", "stays"];
    for node in nodes {
        let is_way = node["kind"] == "way" || node["kind"] == "channel";
        assert_eq!(is_way, states.iter().any(|state| node["state"] == *state), "{node}");
    }
    assert!(nodes.iter().any(|node| node["title"] == "individual grant" && node["state"] == "open"));
}

/// How many elements of a kind have no content.
fn lone(svg: &str, tag: &str) -> usize {
    let tags = svg.split('<').filter(|part| part.starts_with(&format!("{tag} ")));
    tags.filter(|part| part.split_once('>').is_some_and(|(tag, _)| tag.ends_with('/'))).count()
}
