//! `leaver audit import`: what a person sees, and every file that is refused.

use serde_json::{Value, json};

use crate::told;
use crate::world::World;

/// The code of the error that this file gives.
fn refused(world: &World, name: &str, file: &[u8]) -> String {
    std::fs::write(world.path(name), file).expect("the folder takes files");
    let ran = world.refused(&["audit", "import", name, "--org", "sandbox", "--json"]);
    let document = ran.document(2);
    let error = &document["error"];
    assert!(error["hint"].is_string(), "{document}");
    error["code"].as_str().expect("a code").to_owned()
}

#[test]
fn a_file_that_is_no_export_is_refused_by_its_own_code() {
    let world = World::new();
    for (code, name, file) in [
        ("L601", "empty.csv", b"".as_slice()),
        ("L602", "packed.zip", b"PK\x03\x04"),
        ("L603", "utf16.csv", b"\xff\xfet\x00"),
        ("L603", "latin.csv", b"time,action,user\n1780000000,board.created,J\xf6rg\n"),
        ("L604", "page.html", b"<html>"),
        ("L605", "other.csv", b"name,total\na,1\n"),
        ("L606", "other.ndjson", b"{}\n"),
        ("L607", "theirs.ndjson", b"{\"time\":1780000000,\"action\":\"a.b\",\"org_id\":1}\n"),
    ] {
        assert_eq!(refused(&world, name, file), code, "{name}");
    }
    let kept = std::fs::read_dir(world.path("evidence/attachments")).map(Iterator::count).unwrap_or(0);
    assert_eq!(kept, 0, "nothing is half-written");
    let missing = world.refused(&["audit", "import", "nowhere.csv", "--org", "sandbox"]);
    assert_eq!((missing.code, missing.stderr.contains("error[L011]")), (2, true), "{}", missing.told());
    let nobody = world.refused(&["audit", "import", "other.csv", "--org", "elsewhere"]);
    assert!(nobody.stderr.contains("error[L002]"), "{}", nobody.told());
}

#[test]
fn a_wrong_encoding_is_told_with_line_and_column() {
    let world = World::new();
    let file = b"time,action,user\n1780000000,board.created,jo@agency.example\n1780000000,board.created,J\xf6rg\n";
    std::fs::write(world.path("latin.csv"), file).expect("the folder takes files");
    let ran = world.run(&["audit", "import", "latin.csv", "--org", "sandbox"]);
    told!(world, ran, @r"
    exit 2
    -- stderr
    error[L603]: the file cannot be imported as an audit log
      because: line 3, column 3 (user) is not UTF-8
      hint: import the file as the vendor gave it: a spreadsheet that opened and saved it may have changed it
    ");
}

#[test]
fn what_the_log_shows_of_a_case_is_told_to_people_and_to_programs() {
    let world = World::new();
    let case = world.running();
    let (owner, leaver) = (world.owner().to_owned(), world.leaver().to_owned());
    world.control("person", &json!({"as": owner, "does": "delete-member", "target": leaver}));
    let line = |event: &str, actor: &str, target: &str, day: u32| {
        json!({"time": format!("2999-01-0{day}T10:00:00Z"), "action": event, "user": actor, "target_email": target})
            .to_string()
    };
    let mut lines = vec![
        line("session.logged_in", &leaver, "", 1),
        line("event_export.downloaded", &leaver, "", 2),
        line("organization.user_removed", &owner, &leaver, 3),
        "{\"time\":".to_owned(),
        line("organization.user_removed", &owner, "somebody@else.example", 4),
        line("board.created", &leaver, "", 5),
        line("moon.landed", &owner, "", 6),
    ];
    world.write("log.ndjson", &lines.join("\n"));
    let ran = world.run(&["audit", "import", "log.ndjson", "--org", "sandbox", "--json"]);
    let report = ran.document(1);
    assert_eq!(report["import"]["rows"], 6);
    assert_eq!(report["unread"][0]["line"], 4);
    assert_eq!(report["events"], json!({"logins": 1, "actions": 1, "changes": 2, "exports": 1, "unknown": 1}));
    assert_eq!(report["unknown_events"], json!(["moon.landed"]));
    assert_eq!(report["removals_without_case"][0]["whom"], "somebody@else.example");
    assert_eq!(report["matched"], json!([case]));
    assert_eq!(report["people"][0]["address"], Value::String(leaver));
    assert_eq!(report["people"][0]["returns"][0]["event"], "board.created");
    let kept = world.path("evidence/attachments").join(report["import"]["file"].as_str().expect("a digest"));
    assert_eq!(std::fs::read(kept).expect("it is kept"), lines.join("\n").into_bytes());
    // For people, in words.
    lines.truncate(3);
    world.write("log.ndjson", &lines.join("\n"));
    let ran = world.run(&["audit", "import", "log.ndjson", "--org", "sandbox"]);
    for words in [
        "3 events of sandbox",
        "1 logins, 0 actions, 1 changes, 1 exports",
        "took out: 1 event_export.downloaded",
        &case,
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.told());
    }
}
