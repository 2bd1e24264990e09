//! The secret of a replaced service account reaches whoever the organization says, and nobody else (XFER-5).

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::world::World;

/// The one file in a folder, which its owner alone can read.
fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    let [file] = files.as_slice() else { panic!("not one file: {files:?}") };
    assert_eq!(file.metadata().expect("its owner may look").permissions().mode() & 0o777, 0o600, "{}", file.display());
    file.clone()
}

fn name_of(file: &Path) -> String {
    file.file_name().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn an_encrypted_file_is_read_by_its_recipient_alone() {
    let world = World::new();
    let key = age::x25519::Identity::generate();
    world.configure(&format!(
        "secrets = {{ age = {{ recipient = \"{}\", folder = \"for-the-agency\" }} }}",
        key.to_public()
    ));
    world.running();
    let file = only_file(&world.path("for-the-agency"));
    let sealed = std::fs::read(&file).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1"), "an age file");
    let secret = String::from_utf8(age::decrypt(&key, &sealed).unwrap()).unwrap();
    let name = name_of(&file);
    let name = name.strip_suffix(".age").unwrap();
    assert_eq!(world.asked_as("/api/app/me", name, &secret), 200, "it is the secret of {name}");
    let stranger = age::x25519::Identity::generate();
    assert!(age::decrypt(&stranger, &sealed).is_err());
}

#[test]
fn a_page_shows_a_secret_once_and_survives_the_process_that_made_it() {
    let world = World::new();
    world.configure("secrets = { page = \"127.0.0.1:0\" }");
    // The process that made the account ends before anybody fetched its secret.
    world.running();
    let ended = world.run(&["worker", "--once"]);
    assert!(ended.stderr.contains("1 secret waits in its file: 'leaver worker' shows"), "{}", ended.told());
    assert!(!ended.stderr.contains("http://"), "no page that is gone at once: {}", ended.stderr);
    let file = only_file(&world.path("one-time/sandbox"));
    let (name, secret) = (name_of(&file), std::fs::read_to_string(&file).unwrap());
    let mut worker = Command::new(assert_cmd::cargo::cargo_bin!("leaver"))
        .current_dir(world.folder())
        .arg("worker")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(worker.stderr.take().unwrap()).lines();
    let url = loop {
        let line = lines.next().expect("it says where the secret waits").unwrap();
        said.push_str(&line);
        if let Some(at) = line.find("http://127.0.0.1:") {
            break line[at..].to_owned();
        }
    };
    assert!(said.contains(&name) && !said.contains(&secret), "{said}");
    world.wait(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let browser = |request: reqwest::RequestBuilder| request.header("accept", "text/html").send();
        // A chat program that looks at the link uses nothing up.
        for _ in 0..2 {
            let looked = browser(client.get(&url)).await.unwrap();
            assert_eq!(
                (looked.status().as_u16(), &looked.headers()["cache-control"]),
                (200, &"no-store".parse().unwrap())
            );
            let page = looked.text().await.unwrap();
            assert!(page.contains("Show it now") && page.contains(&name) && !page.contains(&secret), "{page}");
        }
        assert!(file.exists());
        let other = url.rsplit_once('/').unwrap().0;
        assert_eq!(client.post(format!("{other}/{}", "0".repeat(64))).send().await.unwrap().status().as_u16(), 404);
        let shown = browser(client.post(&url)).await.unwrap();
        assert_eq!((shown.status().as_u16(), &shown.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
        let page = shown.text().await.unwrap();
        assert!(page.contains(&secret), "{page}");
        assert!(!file.exists(), "nothing of it is left on the disk");
        for request in [client.post(&url), client.get(&url)] {
            let again = browser(request).await.unwrap();
            assert_eq!(again.status().as_u16(), 404);
            assert!(!again.text().await.unwrap().contains(&secret));
        }
    });
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert_eq!(world.asked_as("/api/app/me", &name, &secret), 200, "it is the secret of {name}");
}
