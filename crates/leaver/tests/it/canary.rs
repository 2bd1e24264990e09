//! Where secrets and names never are: no secret in anything that the product writes, no name in the log, in what surrounds the payload
//! of a pack, or in what a pack is checked against.
#![expect(clippy::unwrap_used, reason = "tests say no by panicking")]

use std::path::{Path, PathBuf};

use sqlx::{Connection as _, Row as _};

use crate::world::World;

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// The files of a folder that hold one of these texts, by their names in it.
fn found(folder: &Path, texts: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for path in files(folder) {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.strip_prefix(folder).unwrap().display().to_string();
        found.extend(texts.iter().filter(|text| holds(&bytes, text)).map(|text| format!("{name}: {text}")));
    }
    found.sort();
    found
}

/// The leaver's address and name, and the titles of what the leaver made.
fn names(world: &World) -> Vec<String> {
    let state = world.shown("state");
    let of = |list: &str| state[list].as_array().unwrap().clone();
    let member = of("members").into_iter().find(|member| member["email"] == world.leaver()).unwrap();
    let mut names = vec![world.leaver().to_owned(), member["name"].as_str().unwrap().to_owned()];
    for project in of("projects") {
        for item in project["content"].as_object().unwrap().values().flat_map(|items| items.as_array().unwrap()) {
            let title = item["fields"]["title"].as_str().or(item["fields"]["name"].as_str());
            names
                .extend(title.filter(|title| item["creator_id"] == member["id"] && title.len() > 8).map(str::to_owned));
        }
    }
    assert!(names.len() > 5, "the leaver made something: {names:?}");
    names
}

#[test]
fn secrets_are_nowhere_and_names_only_in_the_payload() {
    let world = World::new();
    let names = names(&world);
    let case = world.running();
    world.click_everything(&case);
    let worked = world.command().env("LEAVER_LOG", "trace").args(["worker", "--once"]).output().unwrap();
    let asked = world.command().env("LEAVER_LOG", "trace").arg("doctor").output().unwrap();
    assert_eq!(world.run(&["evidence", "export", &case, "-o", "pack"]).code, 0);
    assert_eq!(world.run(&["evidence", "trust", "-o", "trust"]).code, 0);
    assert_eq!(world.run(&["tracker", "export", "--format", "ocsf", "-o", "events.ndjson"]).code, 0);

    let mut secrets: Vec<String> = world.secrets().map(str::to_owned).to_vec();
    for handed_over in files(&world.path("handed-over")) {
        let text = std::fs::read_to_string(handed_over).unwrap();
        secrets
            .extend(text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 30).map(str::to_owned));
    }
    assert!(secrets.len() > 2, "a service account was replaced, and its secret handed over");
    let places = found(world.folder(), &secrets);
    let own = |place: &String| ["secrets/", "handed-over/", "sandbox.json"].iter().any(|name| place.starts_with(name));
    assert!(
        secrets.iter().all(|secret| places.iter().any(|place| place.ends_with(secret.as_str()))),
        "they can be found"
    );
    let leaked: Vec<&String> = places.iter().filter(|place| !own(place)).collect();
    assert!(leaked.is_empty(), "{leaked:#?}");
    for said in [&worked.stdout, &worked.stderr, &asked.stdout, &asked.stderr] {
        assert!(!secrets.iter().any(|secret| holds(said, secret)), "a secret was said");
    }
    assert!(worked.stderr.len() + asked.stderr.len() > 10_000, "everything was said that can be");

    let payload = found(&world.path("pack"), &names);
    let people = |place: &String| {
        [
            "data/case.json: ",
            "data/report.txt: ",
            "data/report.html: ",
            "data/report.pdf: ",
            "data/state-before.html: ",
            "data/state-after.html: ",
            "data/words.jsonl: ",
            "data/evidence/",
        ]
        .iter()
        .any(|name| place.starts_with(name))
    };
    assert!(payload.iter().any(|place| place.starts_with("data/case.json: ")), "they can be found: {payload:?}");
    assert!(
        payload.iter().any(|place| place.starts_with("data/words.jsonl: ")),
        "somebody named the leaver: {payload:?}"
    );
    let beside: Vec<&String> = payload.iter().filter(|place| !people(place)).collect();
    assert!(beside.is_empty(), "{beside:#?}");
    for folder in ["log", "trust"] {
        assert_eq!(found(&world.path(folder), &names), Vec::<String>::new());
    }
    let rows = world.wait(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path("leaver.db"));
        let mut database = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let rows = "SELECT bytes FROM events UNION ALL SELECT sealed FROM words";
        sqlx::query(rows).fetch_all(&mut database).await.unwrap()
    });
    assert!(rows.len() > 100, "{} entries", rows.len());
    for row in rows {
        let bytes: Vec<u8> = row.get("bytes");
        let named = names.iter().find(|name| holds(&bytes, name));
        assert_eq!(named, None, "{}", String::from_utf8_lossy(&bytes));
    }
}
