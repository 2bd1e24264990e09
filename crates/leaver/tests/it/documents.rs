//! What scripts read: JSON documents, CSV, completions, the manual page, and a reader that goes away.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::{World, binary, ran};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// A case has what the contract names, and each of its claims too (architecture §7).
fn is_a_case(document: &Value) {
    for key in ["case", "state", "plan", "scope", "claims", "recovered"] {
        assert!(keys(document).contains(&key), "no '{key}' in {:?}", keys(document));
    }
    let hash = document["plan"].as_str().expect("the hash of the plan");
    assert!(hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{hash}");
    for line in document["scope"].as_array().expect("the scope") {
        assert_eq!(keys(line), ["id", "as", "why", "source"]);
        let treated = line["as"].as_str().expect("a word");
        assert!(["claim", "does-not-apply", "not-observable", "not-in-this-version"].contains(&treated), "{line}");
    }
    let claims = document["claims"].as_array().expect("the claims");
    assert!(claims.len() > 10, "{claims:#?}");
    for claim in claims {
        let contract = [
            "key",
            "kind",
            "runbook",
            "state",
            "waits_for",
            "remedy",
            "proved_by",
            "accepted",
            "rung",
            "needs",
            "instances",
            "evidence",
        ];
        for key in contract {
            assert!(keys(claim).contains(&key), "no '{key}' in {claim}");
        }
        let one_of = |key: &str, words: &[&str]| {
            let said = claim[key].as_str();
            assert!(said.map_or(words.contains(&"null"), |said| words.contains(&said)), "{key} of {claim}");
        };
        one_of("state", &["holds", "broken", "unknown"]);
        one_of("waits_for", &["person", "time", "needs", "limit", "null"]);
        one_of("remedy", &["automatic", "guided", "attested", "none"]);
        one_of("proved_by", &["read", "attested", "record", "receipt", "null"]);
        let proved = claim["state"] != "holds" || claim["proved_by"].is_string();
        assert!(proved, "it holds and nothing proves it: {claim}");
    }
}

#[test]
fn plan_remove_status_and_verify_print_a_case() {
    let world = World::new();
    let planned = world.run(&["plan", world.leaver(), "--org", "sandbox", "--json"]).document(0);
    is_a_case(&planned);
    assert!(planned["case"].is_null());
    let case = world.opened();
    let shown = world.run(&["status", &case, "--json"]).document(0);
    is_a_case(&shown);
    assert_eq!(shown["case"], case.as_str());
    let verified = world.run(&["verify", &case, "--json"]).document(1);
    is_a_case(&verified);
    let list = world.run(&["status", "--json"]).document(0);
    assert_eq!(list[0]["case"], case.as_str());
    assert_eq!(list[0]["state"], "waiting-approval");
}

#[test]
fn a_plan_only_reads() {
    let world = World::new();
    world.run(&["plan", world.leaver(), "--org", "sandbox", "--json"]).document(0);
    let requests = world.requests();
    assert!(requests.len() > 20, "the inventory looks at everything: {}", requests.len());
    for request in &requests {
        assert_eq!((&request["method"], &request["acted"]), (&"GET".into(), &false.into()), "{request}");
    }
}

#[test]
fn doctor_and_verify_only_read() {
    let world = World::new();
    let case = world.opened();
    let doctor = world.run(&["doctor", "--json"]).document(0);
    let checks = doctor["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["result"] == "good"), "{doctor:#}");
    world.run(&["verify", &case, "--json"]).document(1);
    assert_eq!(world.acted(), Vec::<Value>::new());
}

#[test]
fn verify_is_unknown_when_nothing_answers() {
    let world = World::new();
    let case = world.running();
    let clock = format!("[clock]\nsource = \"{}\"\n", world.base_url());
    world.write("leaver.toml", &world.config().replace(&clock, ""));
    let (folder, _runtime) = world.stop();
    let verified = ran(binary().current_dir(folder.path()).args(["verify", &case, "--json"]));
    let document = verified.document(4);
    assert!(document["claims"].as_array().unwrap().iter().any(|claim| claim["state"] == "unknown"));
}

#[test]
fn the_demo_proves_every_claim() {
    let folder = tempfile::tempdir().unwrap();
    let demo = ran(binary().current_dir(folder.path()).args(["demo", "--json", "--dir", "demo"]));
    let document = demo.document(0);
    is_a_case(&document);
    assert_eq!(document["state"], "closed");
    assert!(document["requests"].as_u64().unwrap() > 100);
    for claim in document["claims"].as_array().unwrap() {
        assert_eq!(claim["state"], "holds", "{claim}");
    }
    assert!(folder.path().join("demo/leaver.db").exists());
}

/// A list in a file has beside it where it comes from (evidence A.2, P4); nothing of the two is overwritten, and neither stands alone.
fn comes_from_there(world: &World, export: &[&str], name: &str, check: impl Fn(&Value)) {
    let printed = world.run(export).stdout;
    let to_file = [export, &["-o", name, "--as", "requester"]].concat();
    let written = world.run(&to_file);
    assert_eq!(written.code, 0, "{}", written.told());
    let list = std::fs::read(world.path(name)).expect("the list that was written");
    assert_eq!(String::from_utf8_lossy(&list).trim_end(), printed.trim_end());
    let beside = world.path(&format!("{name}.facts.json"));
    let facts = std::fs::read(beside).expect("the facts beside it");
    let facts: Value = serde_json::from_slice(&facts).expect("facts are JSON");
    let listed =
        std::process::Command::new("sha256sum").arg(world.path(name)).output().expect("sha256sum, of coreutils").stdout;
    let listed = String::from_utf8(listed).expect("sha256sum prints text");
    assert!(listed.starts_with(facts["file"]["sha256"].as_str().expect("a digest")));
    assert!(
        facts["made"]["by"].as_str().expect("who made it").contains('@') && facts["made"]["program"].is_string(),
        "{facts}"
    );
    check(&facts);
    let again = world.refused(&to_file);
    assert!(again.stderr.contains("error[L420]"), "{}", again.told());
    std::fs::remove_file(world.path(name)).expect("the list can go");
    let again = world.refused(&to_file);
    assert!(again.stderr.contains("error[L420]") && !world.path(name).exists(), "{}", again.told());
}

#[test]
fn the_tracker_says_how_far_the_journal_went() {
    let world = World::new();
    world.opened();
    comes_from_there(&world, &["tracker", "export"], "tracker.csv", |facts| {
        assert_eq!((&facts["cases"], &facts["rows"]), (&1.into(), &1.into()));
        assert_eq!(facts["log"]["gaps"], 0);
        assert!(facts["log"]["next"].as_u64().unwrap() > 3);
        assert_eq!(facts["log"]["root_before_next"].as_str().unwrap().len(), 64);
    });
}

#[test]
fn the_member_list_as_csv() {
    let world = World::new();
    let exported = world.run(&["members", "export", "--org", "sandbox"]);
    assert_eq!(exported.code, 0, "{}", exported.told());
    let mut csv = csv::Reader::from_reader(exported.stdout.as_bytes());
    assert_eq!(
        csv.headers().unwrap(),
        &csv::StringRecord::from(vec!["address", "id", "name", "role", "active", "grants", "last_seen", "created"])
    );
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    let list = world.run(&["members", "export", "--org", "sandbox", "--json"]).document(0);
    assert_eq!(rows.len(), list.as_array().unwrap().len());
    let leaver = rows.iter().find(|row| &row[0] == world.leaver()).unwrap();
    assert_eq!(&leaver[3], "Member");
    comes_from_there(&world, &["members", "export", "--org", "sandbox"], "members.csv", |facts| {
        assert_eq!(facts["rows"], rows.len());
        assert_eq!(facts["member_list"]["last_page_reached"], true);
        assert_eq!(facts["organization"]["name"], "sandbox");
        let requests = facts["member_list"]["requests"].as_array().unwrap();
        assert!(!requests.is_empty());
        for request in requests {
            let digest = request["sha256"].as_str().unwrap();
            assert!(world.path("evidence").join(&digest[..2]).join(digest).exists(), "{digest} is not kept");
            assert_eq!(request["method"], "GET");
        }
    });
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
}

#[test]
fn completions_and_manual() {
    for shell in ["bash", "zsh", "fish"] {
        let completions = ran(binary().args(["completions", shell]));
        assert_eq!(completions.code, 0, "{}", completions.told());
        assert!(completions.stdout.contains("leaver") && completions.stdout.contains("from-sandbox"));
    }
    assert_eq!(ran(binary().args(["completions", "tcl"])).code, 2);
    let manual = ran(binary().arg("man"));
    assert_eq!(manual.code, 0, "{}", manual.told());
    assert!(manual.stdout.contains(".TH leaver 1") && manual.stdout.contains("Exit codes"), "{}", manual.stdout);
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let world = World::new();
    let gone = || -> Stdio {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer.into()
    };
    let leaver = world.leaver();
    for arguments in [vec!["man"], vec!["--help"], vec!["plan", leaver, "--org", "sandbox"]] {
        let output = Command::new(assert_cmd::cargo::cargo_bin!("leaver"))
            .current_dir(world.folder())
            .args(&arguments)
            .stdin(Stdio::null())
            .stdout(gone())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn the_member_list_is_kept_as_csv_when_a_case_is_opened() {
    let world = World::new();
    let case = world.opened();
    let document = world.run(&["status", &case, "--json"]).document(0);
    let claim = document["claims"].as_array().unwrap().iter().find(|claim| claim["key"] == "state.members").unwrap();
    assert_eq!((&claim["state"], &claim["proved_by"]), (&"holds".into(), &"record".into()));
    let kept = std::fs::read_dir(world.path("evidence").join("attachments")).unwrap();
    let texts: Vec<String> = kept.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let listed = texts.iter().find(|text| text.starts_with("address,id,name,role")).expect("the list is kept");
    assert!(listed.lines().any(|line| line.starts_with(world.leaver())), "{listed}");
}
