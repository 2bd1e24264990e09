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

use crate::support::{Bench, PROJECT, Still, act, config, raw, source};

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
    let capture = bench.sink.get(reading.captures[0].to_string().as_str()).unwrap();
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

    let capture = store.get(written.captures[0].to_string().as_str()).unwrap().unwrap();
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

/// A list of people of more than two megabytes.
fn crowd() -> Vec<u8> {
    let people = (0..20_000).map(|id| {
        json!({"id": id, "email": format!("person{id}@acme.example"), "role": if id % 5_000 == 0 { "owner" } else { "member" },
               "projects": {"3": {"role": "analyst"}}, "date_joined": "2024-01-01"})
    });
    serde_json::to_vec(&json!({"status": "ok", "results": {"users": people.collect::<Vec<_>>()}})).unwrap()
}

fn store(dir: &Path) -> Arc<CaptureStore> {
    Arc::new(CaptureStore::open(dir).unwrap())
}

fn reading_to(base: &str, store: &Arc<CaptureStore>) -> Mixpanel {
    Mixpanel::new(config(base), Arc::new(Still), Arc::clone(store) as Arc<dyn CaptureSink>).unwrap()
}

fn count(dir: &Path) -> usize {
    let mut files = 0;
    scan(dir, &mut |_| files += 1);
    files
}

#[tokio::test]
async fn a_large_answer_is_kept_on_disk_and_read_from_there_as_from_memory() {
    let bench = Bench::new().await;
    bench.answers_all(ResponseTemplate::new(200).set_body_raw(crowd(), "application/json")).await;
    let from_memory = bench.read(What::Roster).await;
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let from_disk = reading_to(&bench.server.uri(), &store).read(&source(What::Roster)).await;
    // The raw answers bear the server's own second; everything that was read from them is the same.
    assert!(from_disk.result == from_memory.result && from_disk.to_the_end == from_memory.to_the_end);
    let Ok(leaver_core::reading::Snapshot::Roster(roster)) = from_disk.result else { panic!("{from_disk:?}") };
    assert_eq!(roster.len(), 20_000);
    let capture = store.get(from_disk.captures[0].to_string().as_str()).unwrap().unwrap();
    assert!(capture.meta().whole);
    assert_eq!(capture.body(), crowd());
    assert_eq!(count(dir.path()), 2, "one capture and the key");
}

/// What is kept of a list with a focus is what a focus keeps of the whole list.
#[tokio::test]
async fn people_who_do_not_matter_are_only_listed() {
    let bench = Bench::new().await;
    bench.answers_all(ResponseTemplate::new(200).set_body_raw(crowd(), "application/json")).await;
    let leaver = leaver_core::ids::Address::parse("person77@acme.example").unwrap();
    let names = leaver_core::judge::Names { leaver: vec![leaver.clone()], ..leaver_core::judge::Names::default() };
    let focus = leaver_core::planner::Focus::of(&names, &[], &leaver_core::judge::Readings::new());
    let mut whole = bench.read(What::Roster).await.result.unwrap();
    let focused = bench.mixpanel.look(&source(What::Roster), Some(&focus)).await.result.unwrap();
    focus.apply(&mut whole);
    assert_eq!(focused, whole);
    let leaver_core::reading::Snapshot::Roster(roster) = focused else { panic!("it is a list") };
    assert_eq!(roster.len(), 20_000);
    assert!(roster.by_address(&leaver).is_some());
    assert!(roster.members.len() < 2_000, "{}", roster.members.len());
    assert!(roster.shows_roles && roster.shows_grants);
    let owners = roster.members.iter().filter(|member| member.role == Some(leaver_core::reading::OrgRole::Owner));
    assert_eq!(owners.count(), 4);
}

#[tokio::test]
async fn a_large_answer_that_is_cut_is_no_reading_and_is_marked_as_cut() {
    let whole = crowd();
    let cut = &whole[..1_500_000];
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", whole.len());
    let server = raw([head.as_bytes(), cut].concat().leak());
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let reading = reading_to(&format!("http://{server}"), &store).read(&source(What::Roster)).await;
    assert_eq!(reading.result, Err(Failure::Network));
    let capture = store.get(reading.captures[0].to_string().as_str()).unwrap().unwrap();
    assert!(!capture.meta().whole);
    assert_eq!(capture.body(), cut);
    assert_eq!(count(dir.path()), 2, "nothing unnamed is left");
}

#[tokio::test]
async fn a_large_answer_that_bears_a_secret_stays_in_memory() {
    let bench = Bench::new().await;
    let projects: Vec<_> = (0..20_000)
        .map(|id| json!({"id": id, "name": "a project with a long name, to fill a page", "token": CANARY}))
        .collect();
    bench.answers_all(ResponseTemplate::new(200).set_body_json(json!({"results": projects}))).await;
    let sink = Arc::new(NoSpool(RedactionKey::new([1; 32])));
    let mixpanel = Mixpanel::new(config(&bench.server.uri()), Arc::new(Still), sink).unwrap();
    let reading = mixpanel.read(&source(What::Projects)).await;
    assert!(reading.result.is_ok(), "{reading:?}");
}

/// A sink that must not be asked for a file.
#[derive(Debug)]
struct NoSpool(RedactionKey);

impl CaptureSink for NoSpool {
    fn put(&self, capture: &Capture) -> io::Result<String> {
        assert!(capture.meta().redacted.is_some());
        capture.digest()
    }

    fn spool(&self) -> io::Result<Option<std::fs::File>> {
        panic!("a secret would reach the disk")
    }

    fn key(&self) -> &RedactionKey {
        &self.0
    }
}

#[tokio::test]
async fn a_large_answer_for_which_there_is_no_room_is_no_reading() {
    let bench = Bench::new().await;
    bench.answers_all(ResponseTemplate::new(200).set_body_raw(crowd(), "application/json")).await;
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let mixpanel = reading_to(&bench.server.uri(), &store);
    dir.close().unwrap();
    let reading = mixpanel.read(&source(What::Roster)).await;
    assert!(matches!(reading.result, Err(Failure::Incomplete(_))), "{reading:?}");
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
