//! Sealed packs: made by the binary, checked by it and by a shell with stock tools, and bent in every way that pays.
#![expect(clippy::unwrap_used, reason = "tests say no by panicking")]

use assert_cmd::Command;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use leaver_evidence::canonical::{digest, leaf_hash};
use leaver_evidence::log::{Note, Policy, Proof, Purpose, SigningKey, Tree, sign};
use leaver_evidence::pack::NAMESPACE;
use leaver_evidence::sshsig;
use serde_json::Value;
use sqlx::Connection as _;

use crate::world::{Ran, World, binary, ran};

/// A pack with everything that its maker has.
struct Made {
    folder: tempfile::TempDir,
    pack: PathBuf,
    trust: PathBuf,
    log: SigningKey,
    signer: SigningKey,
}

impl Made {
    /// The pack of the demo.
    fn by_demo() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let demo = ran(binary().current_dir(folder.path()).args(["demo", "--json", "--dir", "demo"])).document(0);
        let path = |key: &str| PathBuf::from(demo[key].as_str().unwrap());
        let key = |name: &str| {
            let text = std::fs::read_to_string(folder.path().join("demo/log").join(name)).unwrap();
            SigningKey::parse(text.trim()).unwrap()
        };
        Self { pack: path("pack"), trust: path("trust"), log: key("log.key"), signer: key("pack.key"), folder }
    }

    /// A copy of the pack to bend.
    fn copy(&self, name: &str) -> Bent<'_> {
        let to = self.folder.path().join(name);
        let copied = Command::new("cp").arg("-r").args([&self.pack, &to]).output().unwrap();
        assert!(copied.status.success());
        Bent { made: self, pack: to }
    }
}

/// What both verifiers say.
pub(crate) fn judged(pack: &Path, trust: &Path) -> (Option<String>, Option<String>, Ran) {
    let native = ran(binary().args(["evidence", "verify"]).arg(pack).arg("--trust").arg(trust));
    let first = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("FAIL "))?;
        let code = line.split_once(" [").and_then(|(_, rest)| rest.split_once(']')).map_or("", |(code, _)| code);
        let number = line.split(' ').nth(1).unwrap();
        Some(if code.is_empty() { number.to_owned() } else { format!("{number} {code}") })
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../evidence/src/pack/VERIFY.sh");
    let shell = ran(Command::new("bash").arg(script).arg(pack).arg(trust));
    assert_eq!(native.code == 0, first(&native.stdout).is_none(), "{}", native.told());
    assert_eq!(shell.code == 0, first(&shell.stdout).is_none(), "{}", shell.told());
    let found = first(&native.stdout);
    if let Some(code) = found.as_ref().and_then(|found| found.split(' ').nth(1)) {
        assert!(native.stderr.contains(&format!("error[{code}]")), "{}", native.told());
    }
    (found, first(&shell.stdout), native)
}

/// A pack that is being bent.
struct Bent<'a> {
    made: &'a Made,
    pack: PathBuf,
}

impl Bent<'_> {
    fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.pack.join(name)).unwrap()).into_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.pack.join(name), text).unwrap();
    }

    fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "no '{from}' in {name}");
        self.write(name, &text.replace(from, to));
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.pack.join(name)).unwrap();
    }

    /// Some piece of evidence.
    fn evidence(&self) -> String {
        let manifest = self.read("manifest-sha256.txt");
        manifest
            .lines()
            .find_map(|line| line.get(66..).filter(|name| name.starts_with("data/evidence/")))
            .unwrap()
            .to_owned()
    }

    /// Both manifests made anew over what is there.
    fn manifests(&self) {
        let list = |names: BTreeMap<String, Vec<u8>>| -> String {
            lines(names.into_iter().map(|(name, bytes)| format!("{}  {name}", digest(&bytes))))
        };
        let mut payload = BTreeMap::new();
        collect(&self.pack, "data", &mut payload);
        self.write("manifest-sha256.txt", &list(payload));
        let tags = ["README.txt", "VERIFY.sh", "bag-info.txt", "bagit.txt", "manifest-sha256.txt"];
        let tags = tags.map(|name| (name.to_owned(), std::fs::read(self.pack.join(name)).unwrap())).into();
        self.write("tagmanifest-sha256.txt", &list(tags));
    }

    fn signed_by(&self, key: &SigningKey) {
        let signature = sshsig::sign(key, NAMESPACE, self.read("manifest-sha256.txt").as_bytes());
        self.write("seal/manifest-sha256.txt.sig", &signature);
    }

    /// Everything that somebody with every key of the installation can do: manifests, signature, a log of the bent events with a
    /// seal of the bent manifest. `events` says whether the proofs of the events are made anew, too.
    fn resealed(&self, events: bool) {
        self.manifests();
        self.signed_by(&self.made.signer);
        let mut seal: Value = serde_json::from_str(&self.read("seal/sealed.json")).unwrap();
        seal["manifest_sha256"] = digest(self.read("manifest-sha256.txt").as_bytes()).into();
        let seal = seal.to_string();
        self.write("seal/sealed.json", &seal);
        let mut tree = Tree::new();
        let history = self.read("data/events.jsonl");
        tree.extend(history.lines().map(|line| leaf_hash(line.as_bytes())));
        tree.push(leaf_hash(seal.as_bytes()));
        let checkpoint = sign(&tree, &[], &self.made.log).unwrap();
        self.write("seal/checkpoint", &checkpoint.to_string());
        let last = tree.size() - 1;
        let proof = |index| Proof::of(&tree, index, checkpoint.clone()).unwrap();
        self.write("seal/sealed.tlog-proof", &proof(last).to_string());
        if events {
            self.write("seal/events.tlog-proofs", &lines((0..last).map(|index| proof(index).line())));
        }
    }
}

/// A text of these lines.
fn lines(each: impl Iterator<Item = String>) -> String {
    each.fold(String::new(), |text, line| text + &line + "\n")
}

fn collect(folder: &Path, name: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder.join(name)).unwrap().flatten() {
        let below = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            collect(folder, &below, found);
        } else {
            found.insert(below, std::fs::read(entry.path()).unwrap());
        }
    }
}

/// One way to bend a pack, and the first check that finds it: by `leaver`, by `VERIFY.sh`. `None`: nothing does.
struct Attack {
    name: &'static str,
    bend: fn(&Bent<'_>),
    native: Option<&'static str>,
    shell: Option<&'static str>,
}

const fn attack(
    name: &'static str,
    bend: fn(&Bent<'_>),
    native: Option<&'static str>,
    shell: Option<&'static str>,
) -> Attack {
    Attack { name, bend, native, shell }
}

/// The tampering matrix (facts, evidence B.3), and bad input.
const ATTACKS: &[Attack] = &[
    attack("nothing", |_| {}, None, None),
    attack("a file edited", |pack| pack.replace("data/report.txt", "remove", "REMOVE"), Some("1 L405"), Some("1")),
    attack(
        "a file cut",
        |pack| {
            let text = pack.read("data/events.jsonl");
            pack.write("data/events.jsonl", text.get(..text.len() / 2).unwrap());
        },
        Some("1 L405"),
        Some("1"),
    ),
    attack("a file taken out", |pack| pack.remove("data/case.json"), Some("1 L404"), Some("1")),
    attack("a file added", |pack| pack.write("data/evidence/more", "{}"), Some("2 L406"), Some("2")),
    attack("a file added to the seal", |pack| pack.write("seal/more", ""), Some("2 L406"), Some("2")),
    attack("the script edited", |pack| pack.write("VERIFY.sh", "echo PASS\n"), Some("3 L405"), Some("3")),
    attack("no pack", |pack| pack.remove("bagit.txt"), Some("0 L401"), Some("0")),
    attack("an older bag", |pack| pack.replace("bagit.txt", "1.0", "0.97"), Some("0 L401"), Some("0")),
    attack("other line ends", |pack| pack.replace("manifest-sha256.txt", "\n", "\r\n"), Some("0 L402"), Some("0")),
    attack("one space", |pack| pack.replace("manifest-sha256.txt", "  ", " "), Some("0 L402"), Some("0")),
    attack(
        "a byte order mark",
        |pack| pack.write("manifest-sha256.txt", &format!("\u{feff}{}", pack.read("manifest-sha256.txt"))),
        Some("0 L402"),
        Some("0"),
    ),
    attack(
        "a cut manifest",
        |pack| {
            let text = pack.read("manifest-sha256.txt");
            pack.write("manifest-sha256.txt", text.get(..text.len() - 20).unwrap());
        },
        Some("0 L402"),
        Some("0"),
    ),
    attack(
        "a path out of the pack",
        |pack| pack.replace("manifest-sha256.txt", "data/report.txt", "data/../../report.txt"),
        Some("0 L403"),
        Some("0"),
    ),
    attack(
        "a path from the root",
        |pack| pack.replace("manifest-sha256.txt", "data/report.txt", "/etc/hostname"),
        Some("0 L403"),
        Some("0"),
    ),
    attack(
        "a link",
        |pack| {
            pack.remove("data/report.txt");
            std::os::unix::fs::symlink("/etc/hostname", pack.pack.join("data/report.txt")).unwrap();
        },
        Some("0 L403"),
        Some("0"),
    ),
    attack(
        "edited, manifests made anew",
        |pack| {
            pack.replace("data/report.txt", "remove", "REMOVE");
            pack.manifests();
        },
        Some("5 L407"),
        Some("5"),
    ),
    attack(
        "... and signed by a stranger",
        |pack| {
            pack.replace("data/report.txt", "remove", "REMOVE");
            pack.manifests();
            pack.signed_by(&SigningKey::new("stranger", Purpose::Log, &[3; 32]).unwrap());
        },
        Some("5 L407"),
        Some("5"),
    ),
    attack(
        "... and signed with the real key",
        |pack| {
            pack.replace("data/report.txt", "remove", "REMOVE");
            pack.manifests();
            pack.signed_by(&pack.made.signer);
        },
        Some("8b L411"),
        Some("8b"),
    ),
    attack("no signature", |pack| pack.remove("seal/manifest-sha256.txt.sig"), Some("5 L404"), Some("2")),
    attack(
        "the log's size changed",
        |pack| {
            let text = pack.read("seal/checkpoint");
            let size = text.lines().nth(1).unwrap().to_owned();
            pack.write("seal/checkpoint", &text.replacen(&format!("\n{size}\n"), &format!("\n{size}1\n"), 1));
        },
        Some("6 L408"),
        Some("6"),
    ),
    attack(
        "a log of a stranger",
        |pack| {
            let text = pack.read("seal/checkpoint");
            let body = text.split("\n\n").next().unwrap().to_owned() + "\n";
            let name = pack.made.log.public().name().to_owned();
            let stranger = SigningKey::new(&name, Purpose::Log, &[3; 32]).unwrap();
            pack.write("seal/checkpoint", &Note::new(body.clone(), stranger.sign(&body, 0)).to_string());
        },
        Some("6 L408"),
        Some("6"),
    ),
    attack("the seal edited", |pack| pack.replace("seal/sealed.json", "sealed", "Sealed"), Some("8 L410"), Some("8")),
    attack(
        "the seal's place edited",
        |pack| {
            let index = pack.read("seal/sealed.tlog-proof").lines().nth(1).unwrap().to_owned();
            pack.replace("seal/sealed.tlog-proof", &index, "index 0");
        },
        Some("8 L410"),
        Some("8"),
    ),
    attack(
        "an event left out, everything sealed anew but its proofs",
        |pack| {
            let text = pack.read("data/events.jsonl");
            let noted = text.lines().position(|line| line.contains("\"event\":\"noted\"")).expect("a note");
            let rest = lines(text.lines().enumerate().filter(|(at, _)| *at != noted).map(|(_, line)| line.to_owned()));
            pack.write("data/events.jsonl", &rest);
            pack.resealed(false);
        },
        Some("8c L410"),
        // What was said in it is left over.
        Some("12b"),
    ),
    attack(
        "an approval edited, everything sealed anew",
        |pack| {
            pack.replace("data/approvals/1/approval.json", "declared", "passkey");
            pack.resealed(true);
        },
        Some("9 L412"),
        Some("9"),
    ),
    attack(
        "a plan edited, everything sealed anew",
        |pack| {
            pack.replace("data/events.jsonl", "\\\"two_person\\\":false", "\\\"two_person\\\":true");
            pack.resealed(true);
        },
        Some("9 L412"),
        Some("9"),
    ),
    attack(
        "an act without an approval, everything sealed anew",
        |pack| {
            let text = pack.read("data/events.jsonl");
            let kept = text.lines().filter(|line| !line.contains("\"event\":\"approved\"")).map(str::to_owned);
            let rest = lines(kept);
            pack.write("data/events.jsonl", &rest);
            pack.remove("data/approvals/1/approval.json");
            pack.resealed(true);
        },
        Some("9 L412"),
        Some("9"),
    ),
    attack(
        "the executor as approver, everything sealed anew",
        |pack| {
            let case: Value = serde_json::from_str(&pack.read("data/case.json")).unwrap();
            let approval = pack.read("data/approvals/1/approval.json");
            let approver = case["approvers"][0].as_str().unwrap();
            let forged = approval.replace(approver, case["executor"].as_str().unwrap());
            pack.replace("data/events.jsonl", &approval, &forged);
            pack.write("data/approvals/1/approval.json", &forged);
            pack.resealed(true);
        },
        Some("10 L413"),
        Some("10"),
    ),
    attack(
        "another executor in the summary, everything sealed anew",
        |pack| {
            pack.replace("data/case.json", "\"executor\": \"person_", "\"executor\": \"person_x");
            pack.resealed(true);
        },
        Some("10 L413"),
        Some("10"),
    ),
    attack(
        "evidence made up, everything sealed anew",
        |pack| {
            pack.write(&format!("data/evidence/{}", digest(b"made up")), "made up");
            pack.resealed(true);
        },
        Some("12 L414"),
        Some("12"),
    ),
    attack(
        "evidence taken out, everything sealed anew",
        |pack| {
            pack.remove(&pack.evidence());
            pack.resealed(true);
        },
        Some("12 L414"),
        Some("12"),
    ),
    attack(
        "evidence exchanged, everything sealed anew",
        |pack| {
            pack.write(&pack.evidence(), "exchanged");
            pack.resealed(true);
        },
        Some("12 L414"),
        Some("12"),
    ),
    attack(
        "a reason edited, everything sealed anew",
        |pack| {
            pack.replace("data/words.jsonl", "\"text\":\"", "\"text\":\"not ");
            pack.resealed(true);
        },
        Some("12b L414"),
        Some("12b"),
    ),
    attack(
        "a reason made up, everything sealed anew",
        |pack| {
            let words = pack.read("data/words.jsonl");
            let made_up = format!("{{\"salt\":\"{}\",\"text\":\"made up\"}}\n", "00".repeat(32));
            pack.write("data/words.jsonl", &(words + &made_up));
            pack.resealed(true);
        },
        Some("12b L414"),
        Some("12b"),
    ),
    attack(
        "a reason made up on a last line that does not end, everything sealed anew",
        |pack| {
            let words = pack.read("data/words.jsonl");
            let made_up = format!("{{\"salt\":\"{}\",\"text\":\"made up\"}}", "00".repeat(32));
            pack.write("data/words.jsonl", &(words + &made_up));
            pack.resealed(true);
        },
        Some("12b L414"),
        Some("12b"),
    ),
    attack(
        "what people said taken out, everything sealed anew",
        |pack| {
            pack.remove("data/words.jsonl");
            pack.resealed(true);
        },
        Some("12b L404"),
        Some("12b"),
    ),
    // What no pack can show by itself: report and verifier say so.
    attack(
        "the report edited by somebody with every key",
        |pack| {
            pack.replace("data/report.txt", "remove", "REMOVE");
            pack.resealed(true);
        },
        None,
        None,
    ),
];

#[test]
fn the_pack_of_the_demo_verifies_and_every_bent_one_is_found_out() {
    let made = Made::by_demo();
    for (number, attack) in ATTACKS.iter().enumerate() {
        let bent = made.copy(&format!("bent-{number}"));
        (attack.bend)(&bent);
        let (native, shell, told) = judged(&bent.pack, &made.trust);
        assert_eq!(native.as_deref(), attack.native, "{}: {}", attack.name, told.told());
        assert_eq!(shell.as_deref(), attack.shell, "{} by VERIFY.sh", attack.name);
        if native.is_none() {
            assert!(told.stdout.contains("no outside witness: an administrator could have rewritten this"));
            assert!(told.stdout.contains("no time stamp"));
        }
    }
    a_witness_finds_out_whoever_has_every_key(&made);
}

/// The same forgery that nothing finds by itself, with a witness in the policy.
fn a_witness_finds_out_whoever_has_every_key(made: &Made) {
    let witness = SigningKey::new("witness.example/audit", Purpose::Witness, &[5; 32]).unwrap();
    let trust = made.folder.path().join("trust-with-witness");
    std::fs::create_dir(&trust).unwrap();
    std::fs::copy(made.trust.join("allowed_signers"), trust.join("allowed_signers")).unwrap();
    let policy = Policy::new(made.log.public(), BTreeMap::from([("audit".to_owned(), witness.public())]), 1);
    std::fs::write(trust.join("policy"), policy.to_string()).unwrap();
    let cosign = |pack: &Bent<'_>| {
        let mut note = Note::parse(pack.read("seal/checkpoint").as_bytes()).unwrap();
        let (before, line) = (note.to_string(), witness.sign(note.text(), 1_795_000_000));
        note.add(line);
        pack.write("seal/checkpoint", &note.to_string());
        pack.write("seal/sealed.tlog-proof", &pack.read("seal/sealed.tlog-proof").replace(&before, &note.to_string()));
    };
    let seen = made.copy("seen");
    let (native, shell, _) = judged(&seen.pack, &trust);
    assert_eq!((native.as_deref(), shell.as_deref()), (Some("7 L409"), Some("7")), "nobody signed yet");
    cosign(&seen);
    let (native, shell, told) = judged(&seen.pack, &trust);
    assert_eq!((native, shell), (None, None), "{}", told.told());
    assert!(told.stdout.contains("seen by audit at 2026-11-18T"), "{}", told.told());
    seen.replace("data/report.txt", "remove", "REMOVE");
    seen.resealed(true);
    let (native, shell, _) = judged(&seen.pack, &trust);
    assert_eq!((native.as_deref(), shell.as_deref()), (Some("7 L409"), Some("7")));
}

#[test]
fn a_pack_is_made_whole_or_not_at_all() {
    let world = World::new();
    let case = world.opened();
    world.write("in-the-way", "a file");
    for (place, code) in [("in-the-way", "L420"), ("in-the-way/pack", "L421")] {
        let refused = world.run(&["evidence", "export", &case, "-o", place]);
        assert_eq!(refused.code, 1, "{}", refused.told());
        assert!(refused.stderr.contains(code), "{}", refused.told());
    }
    let some =
        std::fs::read_dir(world.path("evidence")).unwrap().flatten().find(|entry| entry.path().is_dir()).unwrap();
    let hidden = world.path("hidden");
    std::fs::rename(some.path(), &hidden).unwrap();
    let refused = world.run(&["evidence", "export", &case, "-o", "pack"]);
    assert!(refused.stderr.contains("L425"), "{}", refused.told());
    std::fs::remove_dir_all(some.path()).unwrap_or_default();
    std::fs::rename(&hidden, some.path()).unwrap();
    let left: Vec<_> = std::fs::read_dir(world.folder())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name.contains("pack"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "nothing half-written is left");

    let made = world.run(&["evidence", "export", &case, "-o", "pack"]);
    assert_eq!(made.code, 0, "{}", made.told());
    assert!(made.stderr.contains("no outside witness"), "{}", made.told());
    let again = world.run(&["evidence", "export", &case, "-o", "pack"]);
    assert!(again.stderr.contains("L420"), "{}", again.told());
    assert_eq!(world.run(&["evidence", "export", &case, "-o", "second", "--json"]).document(0)["case"], case.as_str());
    assert_eq!(world.run(&["evidence", "trust", "-o", "trust"]).code, 0);
    for pack in ["pack", "second"] {
        let (native, shell, told) = judged(&world.path(pack), &world.path("trust"));
        assert_eq!((native, shell), (None, None), "{}", told.told());
    }
    let seal = |pack: &str| -> Value {
        serde_json::from_slice(&std::fs::read(world.path(pack).join("seal/sealed.json")).unwrap()).unwrap()
    };
    assert_eq!(seal("pack")["supersedes"], Value::Null);
    assert_eq!(seal("second")["supersedes"], seal("pack")["manifest_sha256"]);
    let mode = |name: &str| std::fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("pack"), mode("pack/data/case.json"), mode("log/log.key"), mode("log/pack.key")),
        (0o700, 0o600, 0o600, 0o600)
    );
    // A case that is over is sealed as it is.
    assert_eq!(world.run(&["cancel", &case, "--why", "no need"]).code, 0);
    assert_eq!(world.run(&["evidence", "export", &case, "-o", "third"]).code, 0);
}

#[test]
fn the_log_is_signed_only_where_it_goes_on() {
    let world = World::new();
    let case = world.opened();
    let backup = database(&world);
    assert_eq!(world.run(&["evidence", "export", &case, "-o", "pack"]).code, 0);
    let current = database(&world);

    // A backup that is older than the last signature: what happens on it is another history.
    put_back(&world, &backup);
    let refused = world.run(&["evidence", "export", &case, "-o", "forked"]);
    assert_eq!(refused.code, 1, "{}", refused.told());
    assert!(refused.stderr.contains("L423"), "{}", refused.told());
    assert!(!world.path("forked").exists());

    // A row that is not what was hashed.
    put_back(&world, &current);
    world.wait(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path("leaver.db"));
        let mut database = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let change = "DROP TRIGGER events_never_change; \
            UPDATE events SET bytes = CAST(replace(CAST(bytes AS TEXT), 'project-completion', 'contract-termination') AS BLOB) WHERE version = 1";
        sqlx::raw_sql(change).execute(&mut database).await.unwrap();
        database.close().await.unwrap();
    });
    let refused = world.run(&["evidence", "export", &case, "-o", "changed"]);
    assert!(refused.stderr.contains("L424"), "{}", refused.told());

    put_back(&world, &current);
    assert_eq!(world.run(&["evidence", "export", &case, "-o", "good"]).code, 0);
    std::fs::set_permissions(world.path("log/log.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = world.run(&["evidence", "export", &case, "-o", "open"]);
    assert!(open.stderr.contains("L422") && open.stderr.contains("chmod 600"), "{}", open.told());
    std::fs::remove_file(world.path("log/log.key")).unwrap();
    let lost = world.run(&["evidence", "trust", "-o", "trust"]);
    assert!(lost.stderr.contains("L422") && lost.stderr.contains("lost"), "{}", lost.told());
}

#[test]
fn a_pack_is_checked_against_trust_alone() {
    let (one, other) = (World::new(), World::new());
    let case = one.opened();
    assert_eq!(one.run(&["evidence", "export", &case, "-o", "pack"]).code, 0);
    assert_eq!(other.run(&["evidence", "trust", "-o", "trust"]).code, 0);
    let (native, shell, told) = judged(&one.path("pack"), &other.path("trust"));
    assert_eq!((native.as_deref(), shell.as_deref()), (Some("5 L407"), Some("5")), "{}", told.told());
    let pack = one.path("pack");
    let wrong = ran(binary().args(["evidence", "verify"]).arg(&pack).arg("--trust").arg(&pack));
    assert_eq!(wrong.code, 2, "{}", wrong.told());
    assert!(wrong.stderr.contains("L416"), "{}", wrong.told());
    let trust = other.path("trust");
    let none = ran(binary().args(["--json", "evidence", "verify"]).arg(&trust).arg("--trust").arg(&trust));
    assert_eq!(none.document(1)["first_broken"]["code"], "L401");
}

/// The files of the database; no process has it open.
pub(crate) fn database(world: &World) -> BTreeMap<&'static str, Vec<u8>> {
    let files = ["leaver.db", "leaver.db-wal"];
    files.into_iter().filter_map(|name| Some((name, std::fs::read(world.path(name)).ok()?))).collect()
}

pub(crate) fn put_back(world: &World, files: &BTreeMap<&'static str, Vec<u8>>) {
    for name in ["leaver.db", "leaver.db-wal", "leaver.db-shm"] {
        std::fs::remove_file(world.path(name)).unwrap_or_default();
    }
    for (name, bytes) in files {
        std::fs::write(world.path(name), bytes).unwrap();
    }
}
