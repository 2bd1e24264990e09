//! A disk that is full: one clear error, nothing half-written, and the same command works once there is room.
//!
//! What stands for the disk is the kernel's limit on the size of a file (`setrlimit(2)`, `RLIMIT_FSIZE`): a write really fails, after the
//! first part of it was written.

use assert_cmd::Command;
use std::path::{Path, PathBuf};

use crate::world::{Ran, World, binary, ran};

/// So many KiB fit into one file: the journal of a small case does, an export of a few MiB does not.
const ROOM: u32 = 4_096;

/// Runs the binary where no file can grow beyond the room.
fn without_room(world: &World, arguments: &[&str]) -> Ran {
    let limit = format!("trap '' XFSZ; ulimit -f {ROOM}; exec \"$0\" \"$@\"");
    let mut command = Command::new("bash");
    command.current_dir(world.folder()).args(["-c", &limit]).arg(binary().get_program()).args(arguments);
    ran(&mut command)
}

/// Every file below a folder, without the database's own.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.to_string_lossy().contains("leaver.db") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// More of it than there is room for.
fn large() -> String {
    "x".repeat(usize::try_from(ROOM).expect("a number") * 1_024 + 100_000)
}

#[test]
fn an_import_that_finds_no_room_leaves_nothing_and_can_be_repeated() {
    let world = World::new();
    world.running();
    let log = world.exported_log();
    let padding = format!(
        "{{\"time\":1780000000,\"action\":\"board.created\",\"user\":\"jo@agency.example\",\"note\":\"{}\"}}\n",
        "y".repeat(1 << 20)
    );
    world.write("log.ndjson", &(log + &padding.repeat(5)));
    let import = ["audit", "import", "log.ndjson", "--org", "sandbox"];
    let before = files(world.folder());
    let told = without_room(&world, &import);
    assert_eq!(told.code, 1, "{}", told.told());
    assert!(told.stderr.contains("error[L306]"), "{}", told.told());
    assert_eq!(files(world.folder()), before, "something was left");
    let again = world.run(&import);
    assert!(again.stdout.contains("imported") || again.code != 1, "{}", again.told());
    assert_eq!(files(world.folder()).len(), before.len() + 1, "the archived file is there");
}

#[test]
fn a_file_that_is_handed_in_without_room_is_not_taken() {
    let world = World::new();
    let case = world.running();
    world.write("large.png", &large());
    let word = ["attest", &case, "mentions.reviewed", "--note", "seen", "--file", "large.png", "--as", "executor"];
    let before = files(world.folder());
    let told = without_room(&world, &word);
    assert_eq!(told.code, 1, "{}", told.told());
    assert!(told.stderr.contains("error[L306]"), "{}", told.told());
    assert_eq!(files(world.folder()), before, "something was left");
    let claim = |world: &World| {
        let document = world.run(&["status", &case, "--json"]).json();
        let claims = document["claims"].as_array().expect("claims").clone();
        claims.into_iter().find(|claim| claim["key"] == "mentions.reviewed").expect("the claim")["state"].clone()
    };
    assert_eq!(claim(&world), "unknown", "a word without its file is none");
    let given = world.run(&word);
    assert!([0, 3].contains(&given.code), "{}", given.told());
    assert_eq!(files(world.folder()).len(), before.len() + 1);
}

#[test]
fn a_pack_that_finds_no_room_is_not_there_and_is_not_in_the_history() {
    let world = World::new();
    let case = world.running();
    world.write("large.png", &large());
    let word = ["attest", &case, "mentions.reviewed", "--note", "seen", "--file", "large.png", "--as", "executor"];
    world.run(&word);
    let before = files(world.folder());
    let told = without_room(&world, &["evidence", "export", &case, "-o", "pack"]);
    assert_eq!(told.code, 1, "{}", told.told());
    assert!(told.stderr.contains("error[L421]") || told.stderr.contains("error[L303]"), "{}", told.told());
    assert_eq!(files(world.folder()), before, "something was left");
    assert!(!world.path("pack").exists());
    let sealed = world.run(&["evidence", "export", &case, "-o", "pack"]);
    assert_eq!(sealed.code, 0, "{}", sealed.told());
    let events = std::fs::read_to_string(world.path("pack/data/events.jsonl")).expect("the events");
    assert!(!events.contains("\"sealed\""), "the pack that was not written was never sealed");
}
