//! Raw answers are kept before anybody looks into them, and secrets are not.

use std::io;
use std::path::Path;
use std::sync::Arc;

use leaver_connectors::Reader as _;
use leaver_connectors::mixpanel::Mixpanel;
use leaver_core::reading::Failure;
use leaver_core::source::{Kind, What};
use leaver_core::write::{Outcome, Write};
use leaver_evidence::captures::{Capture, CaptureSink, CaptureStore};
use leaver_evidence::redact::RedactionKey;
use secrecy::ExposeSecret as _;
use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Bench, PROJECT, Still, act, config, source};

#[tokio::test]
async fn an_answer_that_cannot_be_parsed_is_kept_byte_for_byte() {
    let bench = Bench::new().await;
    let body = "{\"results\": [1.50, nonsense";
    let answer = ResponseTemplate::new(200)
        .insert_header("date", "Sun, 01 Mar 2026 12:00:01 GMT")
        .set_body_raw(body, "application/json");
    bench.answers_all(answer).await;
    let reading = bench.read(What::List(PROJECT, Kind::Board)).await;
    assert!(matches!(reading.result, Err(Failure::Malformed(_))));
    let capture = bench.sink.get(reading.captures[0].as_str()).unwrap();
    assert_eq!(capture.body(), body.as_bytes());
    let meta = capture.meta();
    assert_eq!((meta.method.as_str(), meta.status), ("GET", 200));
    assert_eq!(meta.url, format!("{}/api/app/projects/3/dashboards", bench.server.uri()));
    assert_eq!(meta.credential, "main");
    assert_eq!(meta.vendor_date.as_deref(), Some("Sun, 01 Mar 2026 12:00:01 GMT"));
    assert!(meta.rehearsal && meta.whole && meta.redacted.is_none());
}

/// A sink on a full disk.
#[derive(Debug)]
struct Full(RedactionKey);

impl CaptureSink for Full {
    fn put(&self, _: &Capture) -> io::Result<String> {
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }

    fn key(&self) -> &RedactionKey {
        &self.0
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_no_reading_and_no_success() {
    let server = MockServer::start().await;
    let ok = ResponseTemplate::new(200).set_body_json(json!({"status": "ok", "results": []}));
    Mock::given(wiremock::matchers::any()).respond_with(ok).mount(&server).await;
    let sink = Arc::new(Full(RedactionKey::new([1; 32])));
    let mixpanel = Mixpanel::new(config(&server.uri()), Arc::new(Still), sink).unwrap();
    let reading = mixpanel.read(&source(What::List(PROJECT, Kind::Board))).await;
    assert!(matches!(reading.result, Err(Failure::Incomplete(_))), "{reading:?}");
    let write = Write::DeleteServiceAccount { id: 5 };
    assert!(matches!(act(&mixpanel, &write).await.outcome, Outcome::Unknown(Failure::Incomplete(_))));
}

const CANARY: &str = "c4n4ry-5f1d";

#[tokio::test]
async fn no_secret_reaches_the_disk_or_a_debug_text() {
    let dir = tempfile::tempdir().unwrap();
    let server = MockServer::start().await;
    let give = async |verb: &str, at: &str, status: u16, body: serde_json::Value| {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&server).await;
    };
    let account = json!({"status": "ok", "results": {
        "id": 77, "username": "replacement.x1.mp-service-account", "token": CANARY,
    }});
    give("POST", "/api/app/organizations/7/service-accounts", 201, account).await;
    let projects = json!({"results": [
        {"id": 3, "name": "Web", "token": CANARY, "api_key": CANARY, "api_secret": CANARY, "nested": [{"secret": CANARY}]},
    ]});
    give("GET", "/organizations/7/projects/", 200, projects).await;
    let warehouse = json!({"results": [
        {"id": 4, "source_name": "lake", "params": {"user": "u", "private_key": CANARY}, "creator_id": 11},
    ]});
    give("GET", "/api/app/projects/3/warehouse-sources/sources", 200, warehouse).await;
    let one = json!({"results": {"id": 4, "source_name": "lake", "params": {"password": CANARY}}});
    give("GET", "/api/app/projects/3/warehouse-sources/sources/4", 200, one).await;
    let webhooks = json!({"results": [{"id": "w1", "name": "hook", "url": "https://a.example/x", "password": CANARY}]});
    give("GET", "/api/app/projects/3/webhooks/", 200, webhooks).await;

    let store = Arc::new(CaptureStore::open(dir.path()).unwrap());
    let mut config = config(&server.uri());
    config.secret = CANARY.into();
    assert!(!format!("{config:?}").contains(CANARY));
    let mixpanel = Mixpanel::new(config, Arc::new(Still), Arc::clone(&store) as Arc<dyn CaptureSink>).unwrap();
    assert!(!format!("{mixpanel:?}").contains(CANARY));

    let write = Write::CreateServiceAccount {
        username: "replacement".to_owned(),
        role: "consumer".to_owned(),
        projects: vec![(PROJECT, "analyst".to_owned())],
    };
    let written = act(&mixpanel, &write).await;
    assert_eq!(written.outcome, Outcome::Done { created: Some("77".to_owned()) });
    assert_eq!(written.username.as_deref(), Some("replacement.x1.mp-service-account"));
    assert_eq!(written.secret.as_ref().unwrap().expose_secret(), CANARY, "shown once, in memory");
    assert!(!format!("{written:?}").contains(CANARY));

    for what in [
        What::Projects,
        What::List(PROJECT, Kind::WarehouseSource),
        What::Object(PROJECT, Kind::WarehouseSource, "4".to_owned()),
        What::Object(PROJECT, Kind::Webhook, "w1".to_owned()),
    ] {
        let reading = mixpanel.read(&source(what)).await;
        assert!(reading.result.is_ok(), "{reading:?}");
        assert!(!format!("{reading:?}").contains(CANARY), "{reading:?}");
    }

    let capture = store.get(written.captures[0].as_str()).unwrap().unwrap();
    let redacted = capture.meta().redacted.as_ref().unwrap();
    assert_eq!(redacted.fields, ["/results/token"]);
    assert_eq!(redacted.hmac_sha256.len(), 64);

    let mut files = 0;
    scan(dir.path(), &mut |bytes| {
        files += 1;
        assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
    });
    assert_eq!(files, 6, "five captures and the key of the installation");
}

fn scan(dir: &Path, seen: &mut dyn FnMut(&[u8])) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            scan(&path, seen);
        } else {
            seen(&std::fs::read(path).unwrap());
        }
    }
}
