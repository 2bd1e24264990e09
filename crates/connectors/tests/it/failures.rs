//! Reads that show nothing are told apart, and none of them passes for data.

use std::time::Duration;

use leaver_connectors::Reader as _;
use leaver_core::ids::CredentialName;
use leaver_core::reading::{Failure, Snapshot};
use leaver_core::source::{Kind, What};
use secrecy::SecretString;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{Bench, PROJECT, nobody, raw, source, towards};

const DIGESTS: &str = "/api/app/projects/3/dashboard-reports/email-digests";
const DIGEST: &str = "/api/app/projects/3/dashboard-reports/email-digests/5";

fn list() -> What {
    What::List(PROJECT, Kind::Subscription)
}

fn json_status(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"status": "error", "error": "no"}))
}

#[tokio::test]
async fn each_status_has_its_own_failure() {
    let cases = [
        (401, Failure::Unauthorized),
        (403, Failure::Forbidden),
        (404, Failure::NotFound),
        (400, Failure::Refused { status: 400 }),
        (409, Failure::Refused { status: 409 }),
        (500, Failure::Server { status: 500 }),
        (503, Failure::Server { status: 503 }),
        (301, Failure::Redirected { status: 301 }),
        (304, Failure::Redirected { status: 304 }),
    ];
    for (status, failure) in cases {
        let bench = Bench::new().await;
        bench.answers_all(json_status(status)).await;
        assert_eq!(bench.failure(list()).await, failure, "{status}");
    }
}

#[tokio::test]
async fn an_error_inside_200_is_an_error() {
    let bodies = [
        json!({"status": "error", "error": "nope"}),
        json!({"status": "error", "error": {"code": 5, "message": "nope"}}),
        json!({"status": "error"}),
        json!({"status": "ERROR", "results": []}),
        json!({"error": "nope"}),
    ];
    for body in bodies {
        let bench = Bench::new().await;
        bench.gives(DIGESTS, body.clone()).await;
        assert_eq!(bench.failure(list()).await, Failure::Refused { status: 200 }, "{body}");
    }
}

#[tokio::test]
async fn a_web_page_is_not_data_and_its_404_is_not_an_absence() {
    for status in [200, 401, 403, 404] {
        let bench = Bench::new().await;
        let page = ResponseTemplate::new(status).set_body_raw("<html>Log in</html>", "text/html; charset=utf-8");
        bench.answers_all(page).await;
        assert_eq!(bench.failure(list()).await, Failure::Html, "list {status}");
        let object = What::Object(PROJECT, Kind::Subscription, "5".to_owned());
        assert_eq!(bench.failure(object).await, Failure::Html, "object {status}");
        assert_eq!(
            bench.failure(What::Accepts(CredentialName::from("main"))).await,
            Failure::Html,
            "credential {status}"
        );
    }
    // A page that calls itself JSON.
    let bench = Bench::new().await;
    let page = ResponseTemplate::new(200).set_body_raw("  <!doctype html><p>hello", "application/json");
    bench.answers_all(page).await;
    assert_eq!(bench.failure(list()).await, Failure::Html);
}

#[tokio::test]
async fn what_is_no_json_or_no_list_is_malformed() {
    for body in ["", "{", "nonsense", "{\"status\":\"ok\"}", "{\"results\":7}", "{\"results\":[{\"name\":\"no id\"}]}"]
    {
        let bench = Bench::new().await;
        bench.answers("GET", DIGESTS, ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
        assert!(matches!(bench.failure(list()).await, Failure::Malformed(_)), "{body}");
    }
    // Nesting beyond any sense ends in a failure, not in the stack.
    let bench = Bench::new().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    bench.answers("GET", DIGESTS, ResponseTemplate::new(200).set_body_raw(deep, "application/json")).await;
    assert!(matches!(bench.failure(list()).await, Failure::Malformed(_)));
}

#[tokio::test]
async fn a_404_by_id_is_an_absence_and_on_a_list_a_failure() {
    let bench = Bench::new().await;
    bench.answers("GET", DIGESTS, json_status(404)).await;
    bench.answers("GET", DIGEST, json_status(404)).await;
    assert_eq!(bench.failure(list()).await, Failure::NotFound);
    let reading = bench.read(What::Object(PROJECT, Kind::Subscription, "5".to_owned())).await;
    assert_eq!(reading.result, Ok(Snapshot::Absent));
    assert_eq!(reading.captures.len(), 1, "also an absence has evidence");
}

#[tokio::test]
async fn nobody_there_a_cut_connection_and_silence_are_told_apart() {
    let (mixpanel, sink) = towards(&format!("http://{}", nobody()), Duration::from_secs(20));
    assert_eq!(mixpanel.read(&source(list())).await.result, Err(Failure::Network));
    assert!(sink.all().is_empty());

    let cut = raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"results\":[]");
    let (mixpanel, sink) = towards(&format!("http://{cut}"), Duration::from_secs(20));
    let reading = mixpanel.read(&source(list())).await;
    assert_eq!(reading.result, Err(Failure::Network));
    let kept = sink.all();
    assert_eq!(kept.len(), 1, "what came is kept");
    assert!(!kept[0].meta().whole);
    assert_eq!(kept[0].body(), b"{\"results\":[]");

    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (mixpanel, _) = towards(&format!("http://{}", silent.local_addr().unwrap()), Duration::from_millis(200));
    assert_eq!(mixpanel.read(&source(list())).await.result, Err(Failure::TimedOut));
}

#[tokio::test]
async fn a_credential_is_alive_dead_or_neither() {
    let cases = [
        (200, json!({"results": {"user_id": 1}}), Ok(Snapshot::Accepted(true))),
        (401, json!({"status": "error"}), Ok(Snapshot::Accepted(false))),
        (403, json!({"status": "error"}), Err(Failure::Forbidden)),
        (503, json!({}), Err(Failure::Server { status: 503 })),
        (200, json!({"status": "ok"}), Err(Failure::Malformed("the answer about ourselves names nobody".to_owned()))),
        (200, json!({"status": "error"}), Err(Failure::Refused { status: 200 })),
    ];
    for (status, body, expected) in cases {
        let bench = Bench::new().await;
        bench.answers("GET", "/api/app/me", ResponseTemplate::new(status).set_body_json(body)).await;
        let name = CredentialName::from("old");
        let unknown = bench.failure(What::Accepts(name.clone())).await;
        assert!(matches!(unknown, Failure::NotConfigured(_)));
        assert!(bench.requests().await.is_empty(), "an unknown name asks nobody");

        assert!(bench.mixpanel.remember(name.clone(), "old.user", &SecretString::from("old-secret")));
        assert_eq!(bench.read(What::Accepts(name.clone())).await.result, expected, "{status}");
        let requests = bench.requests().await;
        // base64 of `old.user:old-secret`
        assert_eq!(requests[0].headers["authorization"], "Basic b2xkLnVzZXI6b2xkLXNlY3JldA==");
        assert_eq!(requests[0].url.query(), Some("include_workspace_users=false"));
        assert!(bench.mixpanel.forget(&name));
        assert!(!bench.mixpanel.forget(&name));
        assert!(matches!(bench.failure(What::Accepts(name)).await, Failure::NotConfigured(_)));
    }
}

#[tokio::test]
async fn a_reading_as_somebody_else_is_refused() {
    let bench = Bench::new().await;
    let mut other = source(list());
    other.credential = CredentialName::from("second");
    assert!(matches!(bench.mixpanel.read(&other).await.result, Err(Failure::NotConfigured(_))));
    let mut other = source(list());
    other.tenant = leaver_core::ids::VendorOrg(8);
    assert!(matches!(bench.mixpanel.read(&other).await.result, Err(Failure::NotConfigured(_))));
    assert!(bench.requests().await.is_empty());
}
