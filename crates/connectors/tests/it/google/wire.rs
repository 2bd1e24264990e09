//! Pages, assertions and tokens, what a 403 is about, how a change can end, and which hosts are called.

use std::sync::Arc;

use leaver_connectors::google::{Config, ConfigError, Google};
use leaver_core::provider::GroupKind;
use leaver_core::reading::Failure;
use leaver_core::write::{Outcome, Write};
use leaver_evidence::captures::CaptureSink;
use secrecy::SecretString;
use serde_json::json;
use url::Url;
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, ResponseTemplate};

use super::{Bench, EVERYBODYS, GROUPS, USER, USERS, config, group, groups, html, merged, ok, refusal};
use crate::jwt::pem;
use crate::support::{Still, memory};

#[tokio::test]
async fn pages_are_asked_for_by_their_token_to_the_last() {
    let bench = Bench::furnished().await;
    let first = merged(groups(&[group("g-elsewhere", "x@acme.example")]), json!({"nextPageToken": "a+b/c="}));
    let asked = Mock::given(method("GET")).and(path(GROUPS)).and(query_param_is_missing("pageToken"));
    asked.respond_with(ok(&first)).with_priority(1).mount(&bench.server).await;
    let second = merged(groups(&[group("g-own", "own@acme.example")]), json!({"nextPageToken": "d"}));
    // The same question, with the token.
    let asked = Mock::given(method("GET")).and(path(GROUPS)).and(query_param("pageToken", "a+b/c="));
    let asked = asked.and(query_param("userKey", USER)).and(query_param("maxResults", "200"));
    asked.respond_with(ok(&second)).with_priority(1).mount(&bench.server).await;
    let asked = Mock::given(method("GET")).and(path(GROUPS)).and(query_param("pageToken", "d"));
    let last = json!({"kind": "admin#directory#groups", "nextPageToken": ""});
    asked.respond_with(ok(&last)).with_priority(1).mount(&bench.server).await;
    assert_eq!(bench.ways().await.unwrap().groups[0].kind, GroupKind::Own);
    assert_eq!(bench.asked(GROUPS).await.len(), 3);

    for (next, answer, why) in [
        (json!("d"), refusal(503, "backendError"), "page 2 did not come"),
        (json!("d"), html(200), "page 2 did not come"),
        (json!("d"), ok(&json!({})), "page 2 did not come"),
        // For ever the same page.
        (json!("d"), ok(&merged(groups(&[]), json!({"nextPageToken": "d"}))), "points back"),
        (json!(7), ok(&groups(&[])), "no text"),
    ] {
        let bench = Bench::furnished().await;
        let page = merged(groups(&[group("g-own", "own@acme.example")]), json!({"nextPageToken": next}));
        let asked = Mock::given(method("GET")).and(path(GROUPS)).and(query_param_is_missing("pageToken"));
        asked.respond_with(ok(&page)).with_priority(1).mount(&bench.server).await;
        let asked = Mock::given(method("GET")).and(path(GROUPS)).and(query_param("pageToken", "d"));
        asked.respond_with(answer).with_priority(1).mount(&bench.server).await;
        let failure = bench.ways().await.unwrap_err();
        assert!(failure.to_string().contains(why), "{failure}");
    }
}

#[tokio::test]
async fn a_token_is_given_for_a_signed_assertion_and_serves_until_it_is_refused() {
    let bench = Bench::furnished().await;
    bench.ways().await.unwrap();
    bench.ways().await.unwrap();
    let [claims] = bench.assertions().await.try_into().unwrap();
    let scopes = [
        "admin.directory.user.readonly",
        "admin.directory.group.readonly",
        "admin.reports.audit.readonly",
        "cloud-identity.groups.readonly",
    ];
    let scope = scopes.map(|scope| format!("https://www.googleapis.com/auth/{scope}")).join(" ");
    // The clock of every test, and an hour later.
    let expected = json!({"iss": "leaver@project.iam.example", "sub": "admin@acme.example", "scope": scope,
        "aud": format!("{}/token", bench.server.uri()), "iat": 1_772_366_400, "exp": 1_772_370_000});
    assert_eq!(claims, expected);

    // It was taken back: the read fails, and the next one brings a new token.
    let asked = Mock::given(method("GET")).and(path(format!("{USERS}/{USER}")));
    asked.respond_with(refusal(401, "authError")).up_to_n_times(1).with_priority(1).mount(&bench.server).await;
    assert_eq!(bench.ways().await.unwrap_err(), Failure::Unauthorized);
    bench.ways().await.unwrap();
    assert_eq!(bench.assertions().await.len(), 2);

    // Whoever only reads does not ask for the right to sign anybody out.
    let end = Write::EndSessions { account: USER.to_owned() };
    let asked = Mock::given(method("POST")).and(path(format!("{USERS}/{USER}/signOut")));
    asked.respond_with(ResponseTemplate::new(401)).mount(&bench.server).await;
    for _ in 0..2 {
        assert_eq!(bench.act(&end).await.outcome, Outcome::Failed(Failure::Unauthorized));
    }
    let all = bench.assertions().await;
    assert_eq!(all.len(), 4, "one that was refused is not used again");
    assert!(all[2..].iter().all(|one| one["scope"] == "https://www.googleapis.com/auth/admin.directory.user.security"));

    // An account that is not known is refused with 400, a scope that is not delegated with 401, and Google is never asked.
    for (status, error) in [(400, "invalid_grant"), (401, "unauthorized_client")] {
        let bench = Bench::new().await;
        let refused = ResponseTemplate::new(status).set_body_json(json!({"error": error}));
        Mock::given(method("POST")).respond_with(refused).with_priority(1).mount(&bench.server).await;
        assert_eq!(bench.ways().await.unwrap_err(), Failure::Unauthorized);
        assert_eq!(bench.act(&end).await.outcome, Outcome::Failed(Failure::Unauthorized), "nothing was sent");
        assert_eq!(bench.server.received_requests().await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_403_about_the_rate_is_a_limit_and_holds_what_comes_next() {
    for reason in ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"] {
        let bench = Bench::furnished().await;
        bench.turns(&format!("{USERS}/{USER}"), refusal(403, reason)).await;
        assert_eq!(bench.ways().await.unwrap_err(), Failure::Limited { after_seconds: 60 });
        let sent = bench.server.received_requests().await.unwrap().len();
        assert!(matches!(bench.ways().await.unwrap_err(), Failure::Limited { after_seconds: 1..=60 }));
        assert_eq!(
            bench.server.received_requests().await.unwrap().len(),
            sent,
            "nothing is sent before the pause is over"
        );
    }
    let bench = Bench::furnished().await;
    let named = refusal(403, "userRateLimitExceeded").insert_header("retry-after", "120");
    bench.turns(EVERYBODYS, named).await;
    assert_eq!(bench.ways().await.unwrap_err(), Failure::Limited { after_seconds: 120 });
    let bench = Bench::furnished().await;
    bench.turns(EVERYBODYS, refusal(429, "rateLimitExceeded")).await;
    assert_eq!(bench.ways().await.unwrap_err(), Failure::Limited { after_seconds: 1 });
}

#[tokio::test]
async fn a_change_is_sent_once_and_ends_by_what_is_known() {
    let end = Write::EndSessions { account: USER.to_owned() };
    let at = format!("{USERS}/{USER}/signOut");
    for (answer, outcome) in [
        (ResponseTemplate::new(204), Outcome::Done { created: None }),
        (ResponseTemplate::new(200), Outcome::Done { created: None }),
        (ok(&json!({})), Outcome::Done { created: None }),
        (html(200), Outcome::Unknown(Failure::Html)),
        (refusal(403, "forbidden"), Outcome::Failed(Failure::Forbidden)),
        (refusal(403, "quotaExceeded"), Outcome::Failed(Failure::Limited { after_seconds: 60 })),
        (refusal(404, "notFound"), Outcome::Failed(Failure::NotFound)),
        (ResponseTemplate::new(503), Outcome::Unknown(Failure::Server { status: 503 })),
    ] {
        let bench = Bench::new().await;
        Mock::given(method("POST")).and(path(&at)).respond_with(answer).mount(&bench.server).await;
        assert_eq!(bench.act(&end).await.outcome, outcome);
        let [sent] = bench.asked(&at).await.try_into().unwrap();
        assert!(sent.body.is_empty() && sent.headers["content-length"] == "0", "Google takes no body here");
    }
    let bench = Bench::new().await;
    let (account, group) = (USER.to_owned(), "g-own".to_owned());
    for write in [
        Write::LeaveGroup { account: account.clone(), group },
        Write::Unassign { account: account.clone(), assignment: None },
        Write::Deactivate { id: account },
        Write::EndSessions { account: String::new() },
        Write::EndSessions { account: "..".to_owned() },
    ] {
        let outcome = bench.act(&write).await.outcome;
        assert!(matches!(outcome, Outcome::Failed(Failure::NotConfigured(_))), "{outcome:?}");
    }
    assert_eq!(bench.server.received_requests().await.unwrap().len(), 0, "nothing was sent");
    let outside = Write::EndSessions { account: "x/../../groups/y?a=#".to_owned() };
    drop(bench.act(&outside).await);
    let sent = bench.server.received_requests().await.unwrap();
    assert_eq!(sent[1].url.path(), "/admin/directory/v1/users/x%2F..%2F..%2Fgroups%2Fy%3Fa%3D%23/signOut");
}

#[test]
fn only_google_is_called_outside_of_a_rehearsal_and_only_with_a_key() {
    let google =
        ["https://admin.googleapis.com", "https://cloudidentity.googleapis.com", "https://oauth2.googleapis.com/token"];
    let made = |urls: [&str; 3], rehearsal: bool, key: SecretString| {
        let [base_url, identity_url, token_url] = urls.map(|url| Url::parse(url).unwrap());
        let config =
            Config { base_url, identity_url, token_url, rehearsal, private_key: key, ..config("http://127.0.0.1:9") };
        Google::new(config, Arc::new(Still), memory() as Arc<dyn CaptureSink>)
    };
    let connector = made(google, false, pem()).unwrap();
    assert!(!format!("{connector:?}").contains("acme"), "{connector:?}");
    assert!(made(google, true, pem()).is_err(), "a rehearsal never reaches Google");
    for other in [
        "https://admin.googleapis.com.evil.example",
        "http://admin.googleapis.com",
        "http://127.0.0.1:9",
        "https://www.googleapis.com",
    ] {
        for place in 0..3 {
            let mut urls = google;
            urls[place] = other;
            assert!(matches!(made(urls, false, pem()), Err(ConfigError::Egress(_))), "{urls:?}");
        }
    }
    // One host is not the other's.
    assert!(made([google[1], google[0], google[2]], false, pem()).is_err());
    for garbage in ["", "garbage", "-----BEGIN PRIVATE KEY-----\nZ2FyYmFnZQ==\n-----END PRIVATE KEY-----\n"] {
        let refused = made(google, false, SecretString::from(garbage));
        assert!(matches!(refused, Err(ConfigError::PrivateKey(_))), "{refused:?}");
    }
}
