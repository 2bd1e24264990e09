//! Google Workspace: groups by which somebody is in, by a query or through another group; whose word a 404 is, what a 403 is about, pages,
//! assertions and tokens, what the audit logs tell, and how a change can end.

mod people;
mod ways;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use leaver_connectors::google::{Config, Google};
use leaver_connectors::{Reader as _, Vendor as _, Written};
use leaver_core::ids::{Address, CredentialName, PersonId};
use leaver_core::provider::{LogEvent, ProviderAccount, Ways};
use leaver_core::reading::{Failure, Snapshot};
use leaver_core::source::What;
use leaver_core::write::Write;
use leaver_evidence::captures::CaptureSink;
use serde_json::{Value, json};
use url::Url;
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::jwt::{pem, verified};
use crate::support::{Still, memory, source};

const APP: &str = "Mixpanel";
const USER: &str = "100000000000000000001";
const OTHER: &str = "100000000000000000002";
const ADDRESS: &str = "m.lind@agency.example";
const USERS: &str = "/admin/directory/v1/users";
const GROUPS: &str = "/admin/directory/v1/groups";
const EVERYBODYS: &str = "/admin/reports/v1/activity/users/all/applications/saml";
const OWN: &str = "/admin/reports/v1/activity/users/100000000000000000001/applications/saml";
const ADMIN: &str = "/admin/reports/v1/activity/users/all/applications/admin";
/// 180 days before the clock of every test.
const SINCE: &str = "2025-09-02T12:00:00.000Z";

struct Bench {
    server: MockServer,
    google: Google,
}

fn config(base: &str) -> Config {
    Config {
        base_url: Url::parse(base).unwrap(),
        identity_url: Url::parse(base).unwrap(),
        token_url: Url::parse(base).unwrap().join("/token").unwrap(),
        customer: "C0mixer".to_owned(),
        application: APP.to_owned(),
        groups: ["own", "nested", "query", "without"].map(|name| format!("{name}@acme.example")).to_vec(),
        service_account: "leaver@project.iam.example".to_owned(),
        subject: "admin@acme.example".to_owned(),
        private_key: pem(),
        credential: CredentialName::from("main/google"),
        rehearsal: true,
        concurrency: 6,
        timeout: Duration::from_secs(20),
    }
}

fn leaver() -> PersonId {
    PersonId::from("person_leaver")
}

fn user(id: &str, address: &str) -> Value {
    json!({"kind": "admin#directory#user", "id": id, "primaryEmail": address, "suspended": false, "archived": false,
        "creationTime": "2025-12-01T09:00:00.000Z", "emails": [{"address": address, "primary": true}], "isGuestUser": false})
}

fn group(id: &str, address: &str) -> Value {
    json!({"kind": "admin#directory#group", "id": id, "email": address, "name": id, "directMembersCount": "1"})
}

fn groups(all: &[Value]) -> Value {
    json!({"kind": "admin#directory#groups", "groups": all})
}

fn users(all: &[Value]) -> Value {
    json!({"kind": "admin#directory#users", "users": all})
}

fn activities(all: &[Value]) -> Value {
    json!({"kind": "admin#reports#activities", "items": all})
}

/// What somebody did, or was done to them, on the first of March.
fn activity(actor: &str, minute: u8, name: &str, parameters: &[(&str, &str)]) -> Value {
    let parameters: Vec<Value> = parameters.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({"kind": "admin#reports#activity", "id": {"time": format!("2026-03-01T11:{minute:02}:00.000Z")},
        "actor": {"profileId": actor, "email": "whoever@acme.example"}, "events": [{"name": name, "parameters": parameters}]})
}

fn let_in(actor: &str, minute: u8, application: &str) -> Value {
    activity(actor, minute, "login_success", &[("application_name", application)])
}

fn merged(mut base: Value, more: Value) -> Value {
    let (Some(base_fields), Value::Object(more)) = (base.as_object_mut(), more) else { panic!("no objects") };
    base_fields.extend(more);
    base
}

fn refusal(status: u16, reason: &str) -> ResponseTemplate {
    let error =
        json!({"error": {"code": status, "message": reason, "errors": [{"domain": "global", "reason": reason}]}});
    ResponseTemplate::new(status).set_body_json(error)
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn html(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw("<html>not here</html>", "text/html")
}

impl Bench {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let server = MockServer::start().await;
        let mut config = config(&server.uri());
        change(&mut config);
        let google = Google::new(config, Arc::new(Still), memory() as Arc<dyn CaptureSink>).unwrap();
        google.meet(&leaver(), &[Address::parse(ADDRESS).unwrap()]);
        let token = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "token-1"});
        let asked = Mock::given(method("POST")).and(path("/token"));
        asked.respond_with(ok(&token)).with_priority(5).mount(&server).await;
        Self { server, google }
    }

    /// A directory in which the leaver is in three of four groups that have the application, each in its own way.
    async fn furnished() -> Self {
        Self::furnished_with(|_| {}).await
    }

    async fn furnished_with(change: impl FnOnce(&mut Config)) -> Self {
        let bench = Self::with(change).await;
        bench.gives(&format!("{USERS}/{USER}"), user(USER, ADDRESS)).await;
        for (name, member, metadata) in [
            ("own", true, Value::Null),
            ("nested", true, Value::Null),
            ("query", true, json!({"queries": [{"resourceType": "USER", "query": "true"}]})),
            ("without", false, Value::Null),
        ] {
            let (id, address) = (format!("g-{name}"), format!("{name}@acme.example"));
            for key in [id.clone(), address.replace('@', "%40")] {
                bench.gives(&format!("{GROUPS}/{key}"), group(&id, &address)).await;
            }
            bench.gives(&format!("{GROUPS}/{id}/hasMember/{USER}"), json!({"isMember": member})).await;
            let asked =
                Mock::given(method("GET")).and(path("/v1/groups:lookup")).and(query_param("groupKey.id", &address));
            let called = ok(&json!({"name": format!("groups/ci-{name}")}));
            asked.respond_with(called).with_priority(5).mount(&bench.server).await;
            let filled = json!({"name": format!("groups/ci-{name}"), "groupKey": {"id": address}, "dynamicGroupMetadata": metadata,
                "labels": {"cloudidentity.googleapis.com/groups.discussion_forum": ""}});
            bench.gives(&format!("/v1/groups/ci-{name}"), filled).await;
        }
        let own = groups(&["own", "query", "elsewhere"].map(|name| group(&format!("g-{name}"), "x@acme.example")));
        let asked = Mock::given(method("GET")).and(path(GROUPS)).and(query_param("userKey", USER));
        asked.respond_with(ok(&own)).with_priority(5).mount(&bench.server).await;
        let all = [let_in(USER, 1, APP), let_in(OTHER, 2, APP), let_in(OTHER, 3, APP), let_in("3", 4, "Wiki")];
        bench.gives(EVERYBODYS, activities(&all)).await;
        bench
    }

    async fn gives(&self, at: &str, body: Value) {
        self.answers(at, ok(&body)).await;
    }

    /// Only whoever comes with the token is answered.
    async fn answers(&self, at: &str, answer: ResponseTemplate) {
        let asked = Mock::given(method("GET")).and(path(at)).and(header("authorization", "Bearer token-1"));
        asked.respond_with(answer).with_priority(5).mount(&self.server).await;
    }

    /// From here on this path answers so.
    async fn turns(&self, at: &str, answer: ResponseTemplate) {
        Mock::given(method("GET")).and(path(at)).respond_with(answer).with_priority(1).mount(&self.server).await;
    }

    async fn read(&self, what: What) -> Result<Snapshot, Failure> {
        let reading = self.google.read(&source(what)).await;
        assert_eq!(reading.to_the_end, reading.result.is_ok());
        reading.result
    }

    async fn ways(&self) -> Result<Ways, Failure> {
        self.read(What::Ways(USER.to_owned())).await.map(|snapshot| snapshot.ways().unwrap().clone())
    }

    async fn accounts(&self) -> Result<Vec<ProviderAccount>, Failure> {
        let read = self.read(What::ProviderAccounts(leaver())).await;
        read.map(|snapshot| snapshot.accounts().unwrap().to_vec())
    }

    async fn log(&self) -> Result<Vec<(String, LogEvent)>, Failure> {
        let read = self.read(What::ProviderLog(USER.to_owned())).await?;
        let told = read.log().unwrap().iter();
        Ok(told.map(|entry| (entry.at.strftime("%H:%M").to_string(), entry.event)).collect())
    }

    async fn act(&self, write: &Write) -> Written {
        self.google.acting(&leaver_testkit::intent()).act(write).await
    }

    async fn asked(&self, at: &str) -> Vec<Request> {
        let all = self.server.received_requests().await.unwrap();
        all.into_iter().filter(|one| one.url.path() == at).collect()
    }

    /// The claims of every assertion, in the order in which they came.
    async fn assertions(&self) -> Vec<Value> {
        let asked = self.asked("/token").await;
        let form = |one: &Request| url::form_urlencoded::parse(&one.body).into_owned().collect::<Vec<_>>();
        asked
            .iter()
            .map(|one| {
                let form = form(one);
                assert_eq!(
                    form[0],
                    ("grant_type".to_owned(), "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned())
                );
                assert_eq!((form.len(), form[1].0.as_str()), (2, "assertion"));
                let (header, claims) = verified(&form[1].1).unwrap();
                assert_eq!(header["alg"], "RS256");
                claims
            })
            .collect()
    }
}
