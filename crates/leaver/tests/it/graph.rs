//! The picture of `plan --graph`.

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
    for way in ["membership", "messages", "service accounts", "public links", "individual grant", "Executive weekly"] {
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

/// How many elements of a kind have no content.
fn lone(svg: &str, tag: &str) -> usize {
    let tags = svg.split('<').filter(|part| part.starts_with(&format!("{tag} ")));
    tags.filter(|part| part.split_once('>').is_some_and(|(tag, _)| tag.ends_with('/'))).count()
}
