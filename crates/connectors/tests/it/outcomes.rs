//! How a write ended: `Failed` is a promise that nothing changed.

use std::time::Duration;

use leaver_core::reading::Failure;
use leaver_core::source::Kind;
use leaver_core::write::{Outcome, Write};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{Bench, PROJECT, act, nobody, raw, towards};

fn delete(id: &str) -> Write {
    Write::Delete { project: PROJECT, kind: Kind::Subscription, id: id.to_owned() }
}

#[tokio::test]
async fn statuses_become_outcomes() {
    let error = json!({"status": "error", "error": "no"});
    let cases = [
        (200, json!({"status": "ok"}), Outcome::Done { created: None }),
        (400, error.clone(), Outcome::Failed(Failure::Refused { status: 400 })),
        (401, error.clone(), Outcome::Failed(Failure::Unauthorized)),
        (403, error.clone(), Outcome::Failed(Failure::Forbidden)),
        (404, error.clone(), Outcome::Failed(Failure::NotFound)),
        (405, error.clone(), Outcome::Failed(Failure::Refused { status: 405 })),
        (429, error.clone(), Outcome::Failed(Failure::Limited { after_seconds: 1 })),
        (408, error.clone(), Outcome::Unknown(Failure::Refused { status: 408 })),
        (409, error.clone(), Outcome::Unknown(Failure::Refused { status: 409 })),
        (500, error.clone(), Outcome::Unknown(Failure::Server { status: 500 })),
        (502, error.clone(), Outcome::Unknown(Failure::Server { status: 502 })),
        (301, error.clone(), Outcome::Unknown(Failure::Redirected { status: 301 })),
        (200, error, Outcome::Unknown(Failure::Refused { status: 200 })),
        (200, json!({"error": {"code": 1}}), Outcome::Unknown(Failure::Refused { status: 200 })),
    ];
    for (status, body, outcome) in cases {
        let bench = Bench::new().await;
        let answer = ResponseTemplate::new(status).insert_header("location", "/elsewhere/").set_body_json(&body);
        bench.answers_all(answer).await;
        let written = bench.act(&delete("5")).await;
        assert_eq!(written.outcome, outcome, "{status} {body}");
        assert_eq!(bench.requests().await.len(), 1, "sent once, never again, and no redirect followed");
        assert_eq!(written.captures.len(), 1);
    }
}

#[tokio::test]
async fn a_200_that_cannot_be_read_is_no_success() {
    let cases = [
        ("<html></html>", "text/html", Outcome::Unknown(Failure::Html)),
        ("<html></html>", "application/json", Outcome::Unknown(Failure::Html)),
    ];
    for (body, media, outcome) in cases {
        let bench = Bench::new().await;
        bench.answers_all(ResponseTemplate::new(200).set_body_raw(body, media)).await;
        assert_eq!(bench.act(&delete("5")).await.outcome, outcome);
    }
    for body in ["", "{\"status\":"] {
        let bench = Bench::new().await;
        bench.answers_all(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
        assert!(matches!(bench.act(&delete("5")).await.outcome, Outcome::Unknown(Failure::Malformed(_))));
    }
    let bench = Bench::new().await;
    bench.answers_all(ResponseTemplate::new(204)).await;
    assert_eq!(bench.act(&delete("5")).await.outcome, Outcome::Done { created: None });
}

#[tokio::test]
async fn before_the_first_byte_is_failed_and_after_it_unknown() {
    let (mixpanel, _) = towards(&format!("http://{}", nobody()), Duration::from_secs(20));
    assert_eq!(act(&mixpanel, &delete("5")).await.outcome, Outcome::Failed(Failure::Network), "refused");

    // Whoever answers there does not speak TLS.
    let plain = raw(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let (mixpanel, _) = towards(&format!("https://{plain}"), Duration::from_secs(20));
    assert_eq!(act(&mixpanel, &delete("5")).await.outcome, Outcome::Failed(Failure::Network), "no tls");

    let (mixpanel, _) = towards(&format!("http://{}", raw(b"")), Duration::from_secs(20));
    assert_eq!(act(&mixpanel, &delete("5")).await.outcome, Outcome::Unknown(Failure::Network), "cut after sending");

    let cut =
        raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{\"status\":\"ok\"}");
    let (mixpanel, _) = towards(&format!("http://{cut}"), Duration::from_secs(20));
    assert_eq!(act(&mixpanel, &delete("5")).await.outcome, Outcome::Unknown(Failure::Network), "cut in the answer");

    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (mixpanel, _) = towards(&format!("http://{}", silent.local_addr().unwrap()), Duration::from_millis(200));
    assert_eq!(act(&mixpanel, &delete("5")).await.outcome, Outcome::Unknown(Failure::TimedOut), "silence");
}

#[tokio::test]
async fn an_id_that_would_name_something_else_is_not_sent() {
    let bench = Bench::new().await;
    bench.answers_all(ResponseTemplate::new(200).set_body_json(json!({"status": "ok"}))).await;
    for id in ["", ".", ".."] {
        let outcome = bench.act(&delete(id)).await.outcome;
        assert!(matches!(outcome, Outcome::Failed(Failure::NotConfigured(_))), "'{id}'");
    }
    let without_path = Write::Delete { project: PROJECT, kind: Kind::CustomEvent, id: String::new() };
    assert!(matches!(bench.act(&without_path).await.outcome, Outcome::Failed(_)));
    assert!(bench.requests().await.is_empty());

    bench.act(&delete("a/../../b?x=1#y")).await;
    let (_, path, _) = bench.sent().await;
    assert_eq!(path, "/api/app/projects/3/dashboard-reports/email-digests/a%2F..%2F..%2Fb%3Fx%3D1%23y");
}

#[tokio::test]
async fn what_was_created_without_an_id_is_unknown() {
    let copy = Write::DuplicateBoard {
        project: PROJECT,
        id: "9".to_owned(),
        title: "copy".to_owned(),
        description: "marker".to_owned(),
        as_successor: false,
    };
    let account = Write::CreateServiceAccount {
        username: "replacement".to_owned(),
        role: "consumer".to_owned(),
        projects: Vec::new(),
    };
    for write in [copy, account] {
        let bench = Bench::new().await;
        bench.answers_all(ResponseTemplate::new(200).set_body_json(json!({"status": "ok", "results": {}}))).await;
        let written = bench.act(&write).await;
        assert!(matches!(written.outcome, Outcome::Unknown(Failure::Malformed(_))));
        assert!(written.secret.is_none());
    }
}
