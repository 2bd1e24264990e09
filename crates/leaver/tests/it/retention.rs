//! Keeping and expiry (RECORD-6): a dry run, two people, a signed entry; what names somebody is gone, and every proof still holds.

use std::path::PathBuf;

use crate::world::World;

/// The files of a folder and below that hold a text.
fn holding(folder: PathBuf, text: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), vec![folder]);
    while let Some(folder) = rest.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                rest.push(entry.path());
            } else {
                let bytes = std::fs::read(entry.path()).expect("a file");
                if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                    found.push(entry.path().display().to_string());
                }
            }
        }
    }
    found
}

#[test]
fn two_people_let_a_case_expire_and_its_pack_still_verifies() {
    let world = World::new();
    let leaver = world.leaver().to_owned();
    let case = world.opened();
    let why = format!("{leaver} stays after all");
    assert_eq!(world.run(&["cancel", &case, "--why", &why]).code, 0);
    for command in [["evidence", "export", &case, "-o", "pack"].as_slice(), &["evidence", "trust", "-o", "trust"]] {
        assert_eq!(world.run(command).code, 0);
    }
    let expire = |who: &str| world.run(&["retention", "expire", &case, "--why", "seven years are over", "--as", who]);
    let early = expire("approver");
    assert!(early.code == 1 && early.stderr.contains("L217"), "{}", early.told());

    // Eight years later.
    for _ in 0..8 {
        world.pass(366 * 24 * 3600);
    }
    assert_eq!(world.run(&["retention", "hold", &case, "--why", "a dispute", "--as", "approver"]).code, 0);
    assert!(expire("approver").stderr.contains("L218"));
    for (who, code) in [("approver", 3), ("executor", 0)] {
        let ended = world.run(&["retention", "end-hold", &case, "--why", "settled", "--as", who]);
        assert_eq!(ended.code, code, "{}", ended.told());
    }
    let before = world.run(&["retention", "list", "--json"]).document(0);
    let files = before[0]["files"].as_u64().expect("a number");
    assert!(before[0]["is"] == "due" && files > 100 && before[0]["name_goes"] == true, "{before}");
    assert!(!holding(world.path("evidence"), &leaver).is_empty(), "the raw answers name the leaver");

    let first = expire("approver");
    assert_eq!(first.code, 3, "{}", first.told());
    let alone = expire("approver");
    assert!(alone.code == 2 && alone.stderr.contains("L203"), "{}", alone.told());
    let unchanged = world.run(&["retention", "list", "--json"]).document(0);
    assert_eq!(unchanged[0]["files"], files, "nothing went yet");
    let second = expire("executor");
    assert!(second.code == 0 && second.stdout.contains("signed at size"), "{}", second.told());

    // What 'plan' read before the case was opened is named by no case, and goes by another rule.
    let loose = world.run(&["retention", "tidy", "--days", "1", "--json"]).document(0);
    assert_eq!(loose["removed"], false);
    assert_eq!(holding(world.path("evidence"), &leaver), Vec::<String>::new());
    for place in ["leaver.db", "leaver.db-wal"].map(|name| world.path(name)).into_iter().filter(|place| place.exists())
    {
        let bytes = std::fs::read(&place).expect("the database");
        assert!(!bytes.windows(leaver.len()).any(|part| part == leaver.as_bytes()), "{}", place.display());
    }
    let after = world.run(&["retention", "list", "--json"]).document(0);
    assert_eq!((&after[0]["is"], &after[0]["statements"]), (&"expired".into(), &0.into()), "{after}");
    let again = expire("approver");
    assert_eq!(again.code, 0, "what a crash left is removed by the same command: {}", again.told());
    let refused = world.run(&["evidence", "export", &case, "-o", "late"]);
    assert!(refused.stderr.contains("L219"), "{}", refused.told());
    assert!(world.run(&["status", &case]).stdout.contains("[erased]"), "nobody can say any more why it was taken back");
    // The log goes on from where it was signed, and what was handed out is as good as ever.
    let other = world.run(&["evidence", "verify", "pack", "--trust", "trust"]);
    assert_eq!(other.code, 0, "{}", other.told());
}
