//! A pack counts as stored when its bytes and its lock were read back: whatever else a service answers, nothing is journalled.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::any;

use crate::world::World;

/// A service that takes everything, and what it shows of it.
#[derive(Default)]
struct Shelf {
    kept: Option<Bytes>,
    /// The lock that it says is on it: mode and end.
    lock: Option<(&'static str, &'static str)>,
    /// Whether it gives back what it got.
    honest: bool,
}

async fn answer(State(shelf): State<Arc<Mutex<Shelf>>>, method: axum::http::Method, body: Bytes) -> impl IntoResponse {
    let mut shelf = shelf.lock().expect("nobody panicked");
    let mut headers =
        HeaderMap::from_iter([("x-amz-version-id".parse().expect("a name"), HeaderValue::from_static("v1"))]);
    if method == "PUT" {
        shelf.kept = Some(body);
        return (StatusCode::OK, headers, Bytes::new());
    }
    if let Some((mode, until)) = shelf.lock {
        headers.insert("x-amz-object-lock-mode", HeaderValue::from_static(mode));
        headers.insert("x-amz-object-lock-retain-until-date", HeaderValue::from_static(until));
    }
    let kept = shelf.kept.clone().filter(|_| shelf.honest).unwrap_or_else(|| Bytes::from_static(b"something else"));
    (StatusCode::OK, headers, kept)
}

#[test]
fn a_yes_is_not_believed() {
    let world = World::new();
    let case = world.opened();
    assert_eq!(world.run(&["cancel", &case, "--why", "enough for a pack"]).code, 0);
    assert_eq!(world.run(&["evidence", "export", &case, "-o", "pack"]).code, 0);
    let nowhere = world.run(&["evidence", "store", &case, "--pack", "pack"]);
    assert!(nowhere.code == 2 && nowhere.stderr.contains("L429"), "{}", nowhere.told());

    let shelf = Arc::new(Mutex::new(Shelf::default()));
    let listener = world.wait(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let service = Router::new().route("/{*path}", any(answer)).with_state(Arc::clone(&shelf));
    world.spawn(async move { axum::serve(listener, service).await });
    world.write("secrets/bucket", "a secret key");
    let storage = format!(
        "[storage]\nendpoint = \"{endpoint}\"\nregion = \"here\"\nbucket = \"packs\"\naccess_key = \"k\"\nsecret = {{ file = \"secrets/bucket\" }}\n"
    );
    world.write("leaver.toml", &(world.config() + "\n" + &storage));
    let locked_until = || {
        let held = world.run(&["retention", "list", "--json"]).document(0);
        held[0]["kept_until"].as_str().expect("a time").to_owned()
    };
    let before = locked_until();
    for (lock, honest, said) in [
        (None, true, "it is not locked"),
        (Some(("GOVERNANCE", "2199-01-01T00:00:00Z")), true, "locked by GOVERNANCE"),
        (Some(("COMPLIANCE", "2030-01-01T00:00:00Z")), true, "it is locked until 2030-01-01"),
        (Some(("COMPLIANCE", "for ever")), true, "nothing says until when"),
        (Some(("COMPLIANCE", "2199-01-01T00:00:00Z")), false, "what came back are other 14 bytes"),
    ] {
        *shelf.lock().expect("nobody panicked") = Shelf { kept: None, lock, honest };
        let refused = world.run(&["evidence", "store", &case, "--pack", "pack"]);
        assert!(
            refused.code == 1 && refused.stderr.contains("L428") && refused.stderr.contains(said),
            "{}",
            refused.told()
        );
        assert!(
            !refused.stderr.contains("a secret key") && !refused.stderr.contains("X-Amz-Signature"),
            "{}",
            refused.told()
        );
        assert_eq!(locked_until(), before, "nothing is journalled");
        assert!(!world.path("pack.tar").exists(), "nothing is left");
    }
    *shelf.lock().expect("nobody panicked") =
        Shelf { kept: None, lock: Some(("COMPLIANCE", "2199-01-01T00:00:00Z")), honest: true };
    // As a shell completes it; and a pack that was changed is not locked away for years.
    let report = world.path("pack/data/report.txt");
    let text = std::fs::read(&report).expect("the report");
    std::fs::write(&report, "changed").expect("the temporary folder takes files");
    let changed = world.run(&["evidence", "store", &case, "--pack", "pack/"]);
    assert!(changed.code == 1 && changed.stderr.contains("check 1"), "{}", changed.told());
    std::fs::write(&report, text).expect("the temporary folder takes files");
    let stored = world.run(&["evidence", "store", &case, "--pack", "pack/"]);
    assert!(stored.code == 0 && stored.stdout.contains("?versionId=v1"), "{}", stored.told());
    assert!(locked_until().starts_with("2199-01-01"), "the case is kept as long as its pack");
}
