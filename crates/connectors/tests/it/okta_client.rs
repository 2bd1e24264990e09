//! Okta asked by a service application: a signed assertion, a token for each purpose, and a token that was taken back.

use std::sync::Arc;
use std::time::Duration;

use leaver_connectors::okta::{Access, Config, Okta};
use leaver_connectors::{Reader as _, Vendor as _};
use leaver_core::ids::CredentialName;
use leaver_core::reading::{Failure, Snapshot};
use leaver_core::source::What;
use leaver_core::write::{Outcome, Write};
use leaver_evidence::captures::CaptureSink;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::jwt::{pem, verified};
use crate::support::{Still, memory, source};

fn okta(server: &MockServer, key: SecretString) -> Result<Okta, leaver_connectors::okta::ConfigError> {
    let config = Config {
        base_url: Url::parse(&server.uri()).unwrap(),
        application: "0oamixpanel".to_owned(),
        credential: CredentialName::from("main/okta"),
        access: Access::Client { id: "0oaclient".to_owned(), key, key_id: Some("k1".to_owned()) },
        rehearsal: true,
        concurrency: 6,
        timeout: Duration::from_secs(20),
    };
    Okta::new(config, Arc::new(Still), memory() as Arc<dyn CaptureSink>)
}

async fn gives_token(server: &MockServer, scope: &str, token: &str, times: u64) {
    let given = json!({"token_type": "Bearer", "expires_in": 3600, "access_token": token, "scope": scope});
    let scope = form_urlencoded::byte_serialize(scope.as_bytes()).collect::<String>().replace('+', "%20");
    Mock::given(method("POST"))
        .and(path("/oauth2/v1/token"))
        .and(body_string_contains(format!("scope={scope}&")))
        .respond_with(ResponseTemplate::new(200).set_body_json(given))
        .expect(times)
        .mount(server)
        .await;
}

const READS: &str = "okta.users.read okta.groups.read okta.apps.read okta.logs.read";

async fn assertions(server: &MockServer) -> Vec<(Value, Value)> {
    let sent = server.received_requests().await.unwrap();
    sent.iter()
        .filter(|one| one.url.path() == "/oauth2/v1/token")
        .map(|one| {
            let form: Vec<(String, String)> = form_urlencoded::parse(&one.body).into_owned().collect();
            let field = |name: &str| form.iter().find(|(key, _)| key == name).unwrap().1.clone();
            assert_eq!(field("grant_type"), "client_credentials");
            assert_eq!(field("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
            verified(&field("client_assertion")).unwrap()
        })
        .collect()
}

#[tokio::test]
async fn what_reads_can_change_nothing_and_each_change_has_a_token_of_its_own() {
    let server = MockServer::start().await;
    gives_token(&server, READS, "reads", 1).await;
    gives_token(&server, "okta.groups.manage", "groups", 1).await;
    gives_token(&server, "okta.apps.manage", "apps", 1).await;
    gives_token(&server, "okta.users.manage", "users", 1).await;
    Mock::given(method("GET"))
        .and(path("/api/v1/groups/rules/0pr1"))
        .and(header("authorization", "Bearer reads"))
        .respond_with(ResponseTemplate::new(404).set_body_json(json!({"errorCode": "E0000007"})))
        .expect(2)
        .mount(&server)
        .await;
    for (at, token) in [
        ("/api/v1/groups/00g1/users/00u1", "groups"),
        ("/api/v1/apps/0oamixpanel/users/00u1", "apps"),
        ("/api/v1/users/00u1/sessions", "users"),
    ] {
        Mock::given(method("DELETE"))
            .and(path(at))
            .and(header("authorization", format!("Bearer {token}")))
            .respond_with(ResponseTemplate::new(204))
            .expect(1)
            .mount(&server)
            .await;
    }
    let okta = okta(&server, pem()).unwrap();
    for _ in 0..2 {
        let reading = okta.read(&source(What::ProviderRule("0pr1".to_owned()))).await;
        assert_eq!(reading.result, Ok(Snapshot::Absent));
    }
    let account = || "00u1".to_owned();
    for write in [
        Write::LeaveGroup { account: account(), group: "00g1".to_owned() },
        Write::Unassign { account: account(), assignment: None },
        Write::EndSessions { account: account() },
    ] {
        let written = okta.acting(&leaver_testkit::intent()).act(&write).await;
        assert_eq!(written.outcome, Outcome::Done { created: None }, "{write:?}");
    }
    let all = assertions(&server).await;
    for (head, claims) in &all {
        assert_eq!((head["alg"].as_str(), head["kid"].as_str()), (Some("RS256"), Some("k1")));
        assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("0oaclient"), Some("0oaclient")));
        assert_eq!(claims["aud"], json!(format!("{}/oauth2/v1/token", server.uri())));
        let lives = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert!((1..=3600).contains(&lives), "{claims}");
    }
    let ids: std::collections::BTreeSet<String> = all.iter().map(|(_, claims)| claims["jti"].to_string()).collect();
    assert_eq!(ids.len(), 4, "each is used once");
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_asked_for_again_and_one_that_is_refused_is_told() {
    let server = MockServer::start().await;
    gives_token(&server, READS, "reads", 2).await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(401).set_body_json(json!({"errorCode": "E0000011"})))
        .mount(&server)
        .await;
    let asked = okta(&server, pem()).unwrap();
    for _ in 0..2 {
        let reading = asked.read(&source(What::ProviderRule("0pr1".to_owned()))).await;
        assert_eq!(reading.result, Err(Failure::Unauthorized));
    }
    let refusing = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/oauth2/v1/token"))
        .respond_with(ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_scope"})))
        .mount(&refusing)
        .await;
    let refused = okta(&refusing, pem()).unwrap();
    let reading = refused.read(&source(What::ProviderRule("0pr1".to_owned()))).await;
    assert_eq!(reading.result, Err(Failure::Unauthorized));
    let leave = Write::LeaveGroup { account: "00u1".to_owned(), group: "00g1".to_owned() };
    let written = refused.acting(&leaver_testkit::intent()).act(&leave).await;
    assert_eq!(
        written.outcome,
        Outcome::Failed(Failure::Unauthorized),
        "nothing was sent but the question for a token"
    );
    assert!(okta(&server, SecretString::from("no key")).is_err());
}
