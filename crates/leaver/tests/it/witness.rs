//! A running witness against somebody who holds database, log key and the memory of the log (facts, evidence B.4).
#![expect(clippy::unwrap_used, reason = "tests say no by panicking")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use leaver_evidence::canonical::{digest, leaf_hash};
use leaver_evidence::log::{AddCheckpoint, Checkpoint, Note, Proof, SigningKey, Tree, VerifyingKey, sign};
use leaver_store::Journal as _;
use leaver_store_sqlite::SqliteStore;
use serde_json::Value;

use crate::evidence::{database, judged, put_back};
use crate::world::World;

/// A witness that runs until it is dropped.
struct Witness {
    child: Child,
    url: String,
    key: String,
}

impl Witness {
    fn start(dir: &Path, log: &str, listen: &str) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("leaver"))
            .args(["--json", "witness", "--listen", listen, "--log", log, "--dir"])
            .arg(dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| said[key].as_str().unwrap().to_owned();
        Self { child, url: text("url"), key: text("key") }
    }

    fn address(&self) -> &str {
        self.url.trim_start_matches("http://").trim_end_matches('/')
    }

    /// Offers a tree, and returns status and answer.
    fn offer(&self, world: &World, tree: &Tree, old: u64, by: &SigningKey) -> (u16, String) {
        let proof = tree.consistency(old, tree.size()).unwrap_or_default();
        let body = AddCheckpoint { old, proof, checkpoint: sign(tree, &[], by).unwrap() }.to_string();
        self.post(world, body)
    }

    fn post(&self, world: &World, body: String) -> (u16, String) {
        world.wait(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let answer = client.post(format!("{}add-checkpoint", self.url)).body(body).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A world whose log a witness must see; the witness works in `witness`.
fn watched() -> (World, Witness, SigningKey) {
    let world = World::new();
    let key = std::fs::read_to_string(world.path("log/log.key")).unwrap();
    let key = SigningKey::parse(key.trim()).unwrap();
    let witness = Witness::start(&world.path("witness"), &key.public().to_string(), "127.0.0.1:0");
    let section = format!(
        "{}\n[witness]\nquorum = 1\n[witness.outside.audit]\nurl = \"{}\"\nkey = \"{}\"\n",
        world.config(),
        witness.url,
        witness.key
    );
    world.write("leaver.toml", &section);
    (world, witness, key)
}

#[test]
fn a_pack_that_a_witness_saw() {
    let (world, witness, _) = watched();
    let case = world.opened();
    let sealed = world.run(&["evidence", "export", &case, "-o", "pack"]);
    assert_eq!(sealed.code, 0, "{}", sealed.told());
    assert!(sealed.stderr.contains("witnessed by audit"), "{}", sealed.told());
    assert_eq!(world.run(&["evidence", "trust", "-o", "trust"]).code, 0);
    let (native, shell, told) = judged(&world.path("pack"), &world.path("trust"));
    assert_eq!((native, shell), (None, None), "{}", told.told());
    assert!(told.stdout.contains("PASS 7 independent witness"), "{}", told.told());
    let report = std::fs::read_to_string(world.path("pack/data/report.txt")).unwrap();
    assert!(!report.contains("no outside witness"), "{report}");

    // While the witness is away a pack waits for it; when it is back, with what it remembers, the next one is seen.
    let (address, dir) = (witness.address().to_owned(), world.path("witness"));
    let log = std::fs::read_to_string(world.path("trust/policy")).unwrap();
    let log = log.lines().find_map(|line| line.strip_prefix("log ")).unwrap().to_owned();
    drop(witness);
    let waits = world.run(&["evidence", "export", &case, "-o", "waits"]);
    assert_eq!(waits.code, 3, "{}", waits.told());
    let (native, shell, _) = judged(&world.path("waits"), &world.path("trust"));
    assert_eq!((native.as_deref(), shell.as_deref()), (Some("7 L409"), Some("7")));
    let witness = Witness::start(&dir, &log, &address);
    assert_eq!(world.run(&["evidence", "export", &case, "-o", "again"]).code, 0);
    let (native, shell, told) = judged(&world.path("again"), &world.path("trust"));
    assert_eq!((native, shell), (None, None), "{}", told.told());
    let second = world.command().args(["witness", "--log", &log, "--dir"]).arg(&dir).output().unwrap();
    assert!(String::from_utf8_lossy(&second.stderr).contains("L427"), "two of one memory");
    drop(witness);
}

/// How the case stands with its witnesses.
fn claim(world: &World, case: &str) -> String {
    let document = world.run(&["status", case, "--json"]).json();
    let claims = document["claims"].as_array().unwrap();
    let witnessed = claims.iter().find(|claim| claim["key"] == "record.witnessed").unwrap();
    witnessed["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_removal_is_not_on_record_before_a_witness_signed_its_seal() {
    let (world, witness, _) = watched();
    let case = world.running();
    assert_eq!(world.run(&["evidence", "export", &case, "-o", "early"]).code, 0);
    world.click_everything(&case);
    world.pass(60);
    world.run(&["worker", "--once"]);
    let document = world.run(&["status", &case, "--json"]).json();
    assert_eq!(document["state"], "removed");
    assert_eq!(claim(&world, &case), "broken", "what was signed was sealed before the removal");
    let (address, dir) = (witness.address().to_owned(), world.path("witness"));
    assert_eq!(world.run(&["evidence", "trust", "-o", "trust"]).code, 0);
    let policy = std::fs::read_to_string(world.path("trust/policy")).unwrap();
    let log = policy.lines().find_map(|line| line.strip_prefix("log ")).unwrap().to_owned();
    drop(witness);
    assert_eq!(world.run(&["evidence", "export", &case, "-o", "unsigned"]).code, 3);
    world.run(&["worker", "--once"]);
    assert_eq!(claim(&world, &case), "broken", "the witness was away");
    let witness = Witness::start(&dir, &log, &address);
    assert_eq!(world.run(&["evidence", "export", &case, "-o", "signed"]).code, 0);
    world.run(&["worker", "--once"]);
    assert_eq!(claim(&world, &case), "holds");
    drop(witness);
}

/// Who leaves the organization out of a configuration of their own, or names another witness, gets neither a seal that counts nor another trust.
#[test]
fn a_configuration_of_ones_own_is_no_way_round_the_witness() {
    let (world, witness, key) = watched();
    let case = world.opened();
    let own = Witness::start(&world.path("own"), &key.public().to_string(), "127.0.0.1:0");
    let swapped = world.config().replace(&witness.url, &own.url).replace(&witness.key, &own.key);
    world.write("swapped.toml", &swapped);
    let people = world.config();
    let clock = people.find("[clock]").map_or("", |at| people[at..].split("\n\n").next().unwrap());
    let section =
        format!("[witness]\nquorum = 1\n[witness.outside.audit]\nurl = \"{}\"\nkey = \"{}\"\n", own.url, own.key);
    world.write(
        "without.toml",
        &format!("me = \"requester\"\n{clock}\n[people.requester]\naddress = \"a@example.com\"\n{section}"),
    );
    for config in ["swapped.toml", "without.toml"] {
        let pack = format!("pack-{config}");
        let export = world.run(&["--config", config, "evidence", "export", &case, "-o", &pack, "--json"]);
        let told = export.document(3);
        assert_eq!(
            (&told["witness"]["enough"], &told["witness"]["signed"]),
            (&false.into(), &serde_json::json!([])),
            "{config}"
        );
        let trust = format!("trust-{config}");
        assert_eq!(world.run(&["--config", config, "evidence", "trust", "-o", &trust]).code, 0);
        let policy = std::fs::read_to_string(world.path(&trust).join("policy")).unwrap();
        assert!(!policy.contains(&own.key) && !policy.contains("quorum none"), "{config}: {policy}");
    }
}

#[test]
fn whoever_has_every_key_cannot_change_what_was_seen() {
    let (world, witness, key) = watched();
    let case = world.opened();
    let backup = database(&world);
    assert_eq!(world.run(&["evidence", "export", &case, "-o", "pack"]).code, 0);
    let journal = world.wait(async {
        let store = SqliteStore::open(&world.path("leaver.db")).await.unwrap();
        store.log_from(0, u32::MAX).await.unwrap()
    });

    // The administrator puts an older database back and makes the log forget what it signed.
    put_back(&world, &backup);
    std::fs::remove_file(world.path("log/checkpoint")).unwrap();
    let refused = world.run(&["evidence", "export", &case, "-o", "rewritten"]);
    assert_eq!(refused.code, 1, "{}", refused.told());
    assert!(refused.stderr.contains("L423"), "{}", refused.told());
    assert!(!world.path("rewritten").exists() && !world.path("log/checkpoint").exists(), "nothing was signed");

    // With programs of their own: cut, cut and grown, rewritten, another log of the same size.
    let seal = std::fs::read(world.path("pack/seal/sealed.tlog-proof")).unwrap();
    let seen = Checkpoint::parse(Proof::parse(&seal).unwrap().checkpoint.text()).unwrap();
    let mut tree = Tree::new();
    let before_the_seal = journal.iter().filter(|entry| entry.event.seq + 1 < seen.size);
    tree.extend(before_the_seal.map(|entry| leaf_hash(&entry.event.bytes)));
    let (status, answer) = witness.offer(&world, &tree, tree.size(), &key);
    assert_eq!((status, answer.trim()), (409, seen.size.to_string().as_str()), "the seal cut off");
    assert_eq!(witness.offer(&world, &tree, seen.size, &key).0, 400, "cut behind what was seen");
    tree.push(leaf_hash(b"another seal"));
    assert_eq!(tree.size(), seen.size);
    assert_eq!(witness.offer(&world, &tree, seen.size, &key).0, 409, "another log of the same size");
    tree.push(leaf_hash(b"and on"));
    assert_eq!(witness.offer(&world, &tree, seen.size, &key).0, 422, "cut and grown again");
    let stranger = SigningKey::new(key.public().name(), leaver_evidence::log::Purpose::Log, &[4; 32]).unwrap();
    assert_eq!(witness.offer(&world, &tree, seen.size, &stranger).0, 403);
    let other = SigningKey::named_by_itself("leaver-log", leaver_evidence::log::Purpose::Log, &[4; 32]).unwrap();
    assert_eq!(witness.offer(&world, &tree, 0, &other).0, 404);
    assert_eq!(witness.post(&world, "old 0\n".to_owned()).0, 400);

    // It still shows what it saw, signed by both.
    let place = format!("{}{}/checkpoint", witness.url, digest(key.public().name().as_bytes()));
    let shown = world.wait(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(place).send().await.unwrap().text().await.unwrap()
    });
    let note = Note::parse(shown.as_bytes()).unwrap();
    assert_eq!(Checkpoint::signed(&note, &key.public()), Ok(seen));
    assert!(VerifyingKey::parse(&witness.key).unwrap().check(&note).is_ok());
}

#[test]
fn witnesses_are_configured_or_refused() {
    let world = World::new();
    let good = world.config();
    for (wrong, says) in [
        ("[witness]\nquorum = 1\n", "1 witnesses must sign, and 0 are named"),
        (
            "[witness.outside.audit]\nurl = \"http://127.0.0.1:9/\"\nkey = \"x\"\n",
            "the key of witness 'audit' is wrong",
        ),
    ] {
        world.write("leaver.toml", &format!("{good}\n{wrong}"));
        let refused = world.run(&["status"]);
        assert_eq!(refused.code, 2, "{}", refused.told());
        assert!(refused.stderr.contains("L426") && refused.stderr.contains(says), "{}", refused.told());
    }
    let refused = world.run(&["witness", "--dir", "witness", "--log", "no key"]);
    assert_eq!(refused.code, 2, "{}", refused.told());
}
