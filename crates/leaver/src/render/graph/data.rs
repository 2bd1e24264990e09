//! The access graph as data: nodes with what was seen of them, and edges from the person to the projects.

use serde_json::{Value, json};

use super::{Picture, Seen};

/// The document: `nodes` (`person`, `channel`, `way`, `project`) and `edges` between their ids.
pub(super) fn document(picture: &Picture) -> Value {
    let mut nodes = vec![node("person", "person", &picture.leaver, &picture.account, None)];
    let mut edges = Vec::new();
    for (number, channel) in picture.channels.iter().enumerate() {
        let of = format!("channel:{number}");
        nodes.push(node(&of, "channel", channel.title, &channel.under, Some(channel.seen())));
        edges.push(edge("person", &of));
        for (place, way) in channel.ways.iter().enumerate() {
            let id = format!("way:{number}.{place}");
            nodes.push(node(&id, "way", &way.title, &way.under, Some(way.seen)));
            edges.push(edge(&of, &id));
            edges.extend(way.projects.iter().map(|project| edge(&id, &format!("project:{project}"))));
        }
    }
    for (project, name) in &picture.projects {
        nodes.push(node(&format!("project:{project}"), "project", name, &format!("id {project}"), None));
    }
    json!({ "title": picture.head, "about": picture.under, "not_seen": picture.foot, "nodes": nodes, "edges": edges })
}

fn node(id: &str, kind: &str, title: &str, says: &str, seen: Option<Seen>) -> Value {
    json!({ "id": id, "kind": kind, "title": title, "says": says, "state": seen.map(Seen::word) })
}

fn edge(from: &str, to: &str) -> Value {
    json!({ "from": from, "to": to })
}
