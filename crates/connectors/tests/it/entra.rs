//! Microsoft Entra ID: two lists that must agree, pages to the last link, tokens, whose word a 404 is, and how a change can end.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use leaver_connectors::entra::{Config, Entra};
use leaver_connectors::{Reader as _, Vendor as _, Written};
use leaver_core::ids::{Address, CredentialName, PersonId};
use leaver_core::provider::{GroupKind, LogEvent, ProviderAccount, Ways};
use leaver_core::reading::{Failure, Snapshot};
use leaver_core::source::What;
use leaver_core::write::{Outcome, Write};
use leaver_evidence::captures::CaptureSink;
use proptest::prelude::{Strategy, any, prop};
use proptest::test_runner::{Config as Runs, RngAlgorithm, TestRng, TestRunner};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;
use wiremock::matchers::{body_string_contains, header, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Still, memory, source};

const APP: &str = "sp-mixpanel";
const USER: &str = "user-leaver";
const ADDRESS: &str = "m.lind@agency.example";

struct Bench {
    server: MockServer,
    entra: Entra,
}

fn config(base: &str) -> Config {
    Config {
        base_url: Url::parse(base).unwrap(),
        login_url: Url::parse(base).unwrap(),
        tenant: "tenant-1".to_owned(),
        application: APP.to_owned(),
        client_id: "client-1".to_owned(),
        client_secret: SecretString::from("s3cret&of=client"),
        credential: CredentialName::from("main/entra"),
        rehearsal: true,
        concurrency: 6,
        timeout: Duration::from_secs(20),
    }
}

fn leaver() -> PersonId {
    PersonId::from("person_leaver")
}

fn user(id: &str, name: &str) -> Value {
    json!({"id": id, "userPrincipalName": name, "mail": ADDRESS, "otherMails": [], "accountEnabled": true, "userType": "Member",
        "signInSessionsValidFromDateTime": "2026-02-01T08:00:00Z"})
}

fn list(elements: &[Value]) -> Value {
    json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x", "value": elements})
}

fn given(id: &str, principal: &str, kind: &str, resource: &str) -> Value {
    json!({"id": id, "principalId": principal, "principalType": kind, "resourceId": resource, "resourceDisplayName": resource,
        "appRoleId": "00000000-0000-0000-0000-000000000000"})
}

fn group(id: &str) -> Value {
    json!({"id": id, "displayName": id, "groupTypes": [], "securityEnabled": true, "mailEnabled": false,
        "onPremisesSyncEnabled": null, "isAssignableToRole": null, "membershipRule": null, "assignedLicenses": []})
}

fn merged(mut base: Value, more: Value) -> Value {
    let (Some(base_fields), Value::Object(more)) = (base.as_object_mut(), more) else { panic!("no objects") };
    base_fields.extend(more);
    base
}

fn gone(code: &str) -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({"error": {"code": code, "message": "does not exist"}}))
}

impl Bench {
    async fn new() -> Self {
        let server = MockServer::start().await;
        let entra = Entra::new(config(&server.uri()), Arc::new(Still), memory() as Arc<dyn CaptureSink>).unwrap();
        entra.meet(&leaver(), &[Address::parse(ADDRESS).unwrap()]);
        let token = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "token-1"});
        // The client's own words, each part by itself escaped.
        let asked = Mock::given(method("POST")).and(path("/tenant-1/oauth2/v2.0/token"));
        let asked = asked.and(body_string_contains("grant_type=client_credentials"));
        let asked = asked.and(body_string_contains("client_secret=s3cret%26of%3Dclient"));
        let asked = asked.and(body_string_contains("%2F.default"));
        asked
            .respond_with(ResponseTemplate::new(200).set_body_json(token))
            .with_priority(5)
            .named("token")
            .mount(&server)
            .await;
        Self { server, entra }
    }

    /// A tenant in which the leaver has the application by groups of three kinds and by themselves.
    async fn furnished() -> Self {
        let bench = Self::new().await;
        bench.gives(&format!("/v1.0/users/{USER}"), user(USER, ADDRESS)).await;
        let app = json!({"id": APP, "appId": "app-mixpanel", "displayName": "Mixpanel", "accountEnabled": true, "appRoleAssignmentRequired": false});
        bench.gives(&format!("/v1.0/servicePrincipals/{APP}"), app).await;
        let all = [
            given("a1", "g-own", "Group", APP),
            given("a2", "g-rule", "Group", APP),
            given("a3", "g-synced", "Group", APP),
            given("a4", USER, "User", APP),
            given("a5", "user-other", "User", APP),
        ];
        bench.gives(&format!("/v1.0/servicePrincipals/{APP}/appRoleAssignedTo"), list(&all)).await;
        let mine = [json!({"id": "g-own"}), json!({"id": "g-rule"}), json!({"id": "g-without"})];
        bench.gives(&format!("/v1.0/users/{USER}/memberOf"), list(&mine)).await;
        let has = [
            given("a1", "g-own", "Group", APP),
            given("a2", "g-rule", "Group", APP),
            given("a4", USER, "User", APP),
            given("a9", USER, "User", "sp-other"),
        ];
        bench.gives(&format!("/v1.0/users/{USER}/appRoleAssignments"), list(&has)).await;
        bench
            .gives("/v1.0/groups/g-own", merged(group("g-own"), json!({"assignedLicenses": [{"skuId": "sku-1"}]})))
            .await;
        let rule = json!({"groupTypes": ["DynamicMembership"], "membershipRuleProcessingState": "On",
            "membershipRule": "(user.department -eq \"Agency\") -and (user.objectId -ne \"user-other\")"});
        bench.gives("/v1.0/groups/g-rule", merged(group("g-rule"), rule)).await;
        bench.gives("/v1.0/groups/g-synced", merged(group("g-synced"), json!({"onPremisesSyncEnabled": true}))).await;
        let gives = [given("a1", "g-own", "Group", APP), given("a7", "g-own", "Group", "sp-wiki")];
        bench.gives("/v1.0/groups/g-own/appRoleAssignments", list(&gives)).await;
        let job = json!({"id": "job-1", "schedule": {"state": "Active", "interval": "PT40M"},
            "status": {"code": "Active", "lastSuccessfulExecution": {"timeBegan": "2026-03-01T11:30:00Z", "timeEnded": "2026-03-01T11:31:00Z"}}});
        bench.gives(&format!("/v1.0/servicePrincipals/{APP}/synchronization/jobs"), list(&[job])).await;
        let secrets =
            [json!({"key": "SyncAll", "value": "True"}), json!({"key": "SkipOutOfScopeDeletions", "value": "False"})];
        bench.gives(&format!("/beta/servicePrincipals/{APP}/synchronization/secrets"), list(&secrets)).await;
        bench
    }

    async fn gives(&self, at: &str, body: Value) {
        self.answers(at, ResponseTemplate::new(200).set_body_json(body)).await;
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
        let reading = self.entra.read(&source(what)).await;
        assert_eq!(reading.to_the_end, reading.result.is_ok());
        assert!(!reading.captures.is_empty() || reading.result.is_err(), "every answer is kept");
        reading.result
    }

    async fn ways(&self) -> Result<Ways, Failure> {
        self.read(What::Ways(USER.to_owned())).await.map(|snapshot| snapshot.ways().unwrap().clone())
    }

    async fn accounts(&self) -> Result<Vec<ProviderAccount>, Failure> {
        let read = self.read(What::ProviderAccounts(leaver())).await;
        read.map(|snapshot| snapshot.accounts().unwrap().to_vec())
    }

    async fn act(&self, write: &Write) -> Written {
        self.entra.acting(&leaver_testkit::intent()).act(write).await
    }

    /// What was asked for of Graph itself.
    async fn sent(&self) -> Vec<String> {
        let all = self.server.received_requests().await.unwrap();
        let graph = all.iter().filter(|one| !one.url.path().ends_with("/token"));
        graph.map(|one| format!("{} {}", one.method, one.url.path())).collect()
    }
}

#[tokio::test]
async fn everything_that_gives_the_application_is_read() {
    let bench = Bench::furnished().await;
    let ways = bench.ways().await.unwrap();
    let account = ways.account.as_ref().unwrap();
    assert_eq!((account.id.as_str(), account.sessions_from), (USER, Some("2026-02-01T08:00:00Z".parse().unwrap())));
    assert_eq!((ways.anyone, ways.self_service), (Some(true), None), "no interface shows whether people may ask");
    let assignment = ways.assignment.as_ref().unwrap();
    assert!(assignment.direct && assignment.live && assignment.id.as_deref() == Some("a4"));
    let kinds: Vec<(&str, GroupKind, bool)> =
        ways.groups.iter().map(|group| (group.id.as_str(), group.kind, group.member)).collect();
    let expected = [
        ("g-own", GroupKind::Own, true),
        ("g-rule", GroupKind::ByRule, true),
        ("g-synced", GroupKind::Imported, false),
    ];
    assert_eq!(kinds, expected);
    let also: Vec<&str> = ways.groups[0].also.iter().flatten().map(|other| other.id.as_str()).collect();
    assert_eq!(also, ["licence-sku-1", "sp-wiki"], "a licence goes with the group as well");
    let [rule] = ways.rules.as_slice() else { panic!("{:?}", ways.rules) };
    assert!(rule.active && rule.id == "g-rule" && rule.groups.contains("g-rule"));
    assert!(rule.excluded.contains("user-other") && !rule.excluded.contains(USER));
    let [job] = ways.jobs.as_slice() else { panic!("{:?}", ways.jobs) };
    assert_eq!((job.works, job.everyone, job.keeps_unassigned), (true, Some(true), Some(false)));
    assert_eq!(job.last_success, Some("2026-03-01T11:30:00Z".parse().unwrap()));
    assert_eq!(ways.others, 4);
}

#[tokio::test]
async fn an_answer_that_cannot_be_whole_is_none() {
    let assigned = format!("/v1.0/servicePrincipals/{APP}/appRoleAssignedTo");
    let member_of = format!("/v1.0/users/{USER}/memberOf");
    let has = format!("/v1.0/users/{USER}/appRoleAssignments");
    let jobs = format!("/v1.0/servicePrincipals/{APP}/synchronization/jobs");
    let cases = [
        // The lists tell the same from both sides, or nothing at all.
        (assigned.as_str(), list(&[]), "does not show it"),
        (
            assigned.as_str(),
            list(&[given("a4", USER, "User", APP), given("a1", "g-own", "Group", APP)]),
            "does not show it",
        ),
        (member_of.as_str(), list(&[]), "told both ways"),
        (has.as_str(), list(&[]), "told both ways"),
        (
            has.as_str(),
            list(&[given("a1", "g-own", "Group", APP), given("a2", "g-rule", "Group", APP)]),
            "told both ways",
        ),
        (assigned.as_str(), json!({"error": {"code": "x"}}), "answered with an error"),
        (assigned.as_str(), json!({"anything": 1}), "there is no list"),
        (assigned.as_str(), list(&[json!({"id": "a1"})]), "without its"),
        (member_of.as_str(), list(&[json!({"displayName": "nameless"})]), "has no id"),
        ("/v1.0/groups/g-own/appRoleAssignments", list(&[]), "came without ours"),
        (
            "/v1.0/groups/g-rule",
            merged(group("g-rule"), json!({"groupTypes": ["DynamicMembership"]})),
            "without its rule",
        ),
        (jobs.as_str(), list(&[json!({"id": "job-1"})]), "without its state"),
    ];
    for (at, body, why) in cases {
        let bench = Bench::furnished().await;
        bench.turns(at, ResponseTemplate::new(200).set_body_json(body)).await;
        let failure = bench.ways().await.unwrap_err();
        assert!(failure.to_string().contains(why), "{at}: {failure}");
    }
    let forbidden =
        || ResponseTemplate::new(403).set_body_json(json!({"error": {"code": "Authorization_RequestDenied"}}));
    // What else a group gives may be hidden from us: then nobody knows, and nobody is taken out by us.
    let bench = Bench::furnished().await;
    bench.turns("/v1.0/groups/g-own/appRoleAssignments", forbidden()).await;
    assert_eq!(bench.ways().await.unwrap().groups[0].also, None);
    // Jobs, or their settings, that are hidden from us: something may provision, and nothing says whom.
    let bench = Bench::furnished().await;
    bench.turns(&jobs, forbidden()).await;
    let hidden = bench.ways().await.unwrap().jobs;
    assert!(matches!(hidden.as_slice(), [job] if !job.works && job.everyone.is_none()), "{hidden:?}");
    let bench = Bench::furnished().await;
    bench.turns(&format!("/beta/servicePrincipals/{APP}/synchronization/secrets"), forbidden()).await;
    let job = bench.ways().await.unwrap().jobs.remove(0);
    assert_eq!((job.works, job.everyone, job.keeps_unassigned), (true, None, None));
    // A setting that is left out or kept back is none that is off.
    for settings in [
        list(&[]),
        list(&[json!({"key": "SyncAll", "value": null})]),
        list(&[json!({"key": "SyncAll", "value": "*****"})]),
    ] {
        let bench = Bench::furnished().await;
        bench.turns(&format!("/beta/servicePrincipals/{APP}/synchronization/secrets"), ok(&settings)).await;
        assert_eq!(bench.ways().await.unwrap().jobs[0].everyone, None, "{settings}");
    }
    for (value, everyone) in [("1", true), ("0", false), ("False", false)] {
        let bench = Bench::furnished().await;
        let settings = list(&[json!({"key": "SyncAll", "value": value})]);
        bench.turns(&format!("/beta/servicePrincipals/{APP}/synchronization/secrets"), ok(&settings)).await;
        assert_eq!(bench.ways().await.unwrap().jobs[0].everyone, Some(everyone), "{settings}");
    }
    // A run that single people were refused in went to its end; one that failed did not.
    for (state, ran) in [("EntryLevelErrors", true), ("Failed", false)] {
        let bench = Bench::furnished().await;
        let job = json!({"id": "job-1", "status": {"code": "Active", "lastSuccessfulExecution": null,
            "lastExecution": {"state": state, "timeBegan": "2026-03-01T11:30:00Z", "timeEnded": "2026-03-01T11:31:00Z"}}});
        bench.turns(&jobs, ok(&list(&[job]))).await;
        assert_eq!(bench.ways().await.unwrap().jobs[0].last_success.is_some(), ran, "{state}");
    }
    // No job at all is an answer: nothing is provisioned.
    let bench = Bench::furnished().await;
    bench.turns(&jobs, ResponseTemplate::new(200).set_body_json(list(&[]))).await;
    assert!(bench.ways().await.unwrap().jobs.is_empty());
    for code in ["Quarantine", "Paused", "NotRun"] {
        let bench = Bench::furnished().await;
        let job = list(&[json!({"id": "job-1", "status": {"code": code, "lastSuccessfulExecution": null}})]);
        bench.turns(&jobs, ResponseTemplate::new(200).set_body_json(job)).await;
        let job = bench.ways().await.unwrap().jobs.remove(0);
        assert!(!job.works && job.status == code && job.last_success.is_none());
    }
}

#[tokio::test]
async fn only_graphs_own_404_says_that_something_is_gone() {
    let absent = "Request_ResourceNotFound";
    let bench = Bench::furnished().await;
    bench.turns(&format!("/v1.0/users/{USER}"), gone(absent)).await;
    assert_eq!(bench.ways().await.unwrap().account, None);
    for stranger in [
        ResponseTemplate::new(404),
        gone("Authorization_RequestDenied"),
        ResponseTemplate::new(404).set_body_raw("<html>not here</html>", "text/html"),
    ] {
        let bench = Bench::furnished().await;
        bench.turns(&format!("/v1.0/users/{USER}"), stranger).await;
        assert_eq!(bench.ways().await.unwrap_err(), Failure::NotFound);
    }
    // An application that is not there gives nothing away about anybody.
    let bench = Bench::furnished().await;
    bench.turns(&format!("/v1.0/servicePrincipals/{APP}"), gone(absent)).await;
    assert_eq!(bench.ways().await.unwrap_err(), Failure::NotFound);
    // A group that has the application and cannot be read is a way that nobody can judge.
    let bench = Bench::furnished().await;
    bench.turns("/v1.0/groups/g-synced", gone(absent)).await;
    assert!(matches!(bench.ways().await.unwrap_err(), Failure::Incomplete(_)));

    let bench = Bench::furnished().await;
    bench.answers("/v1.0/groups/g-gone", gone(absent)).await;
    bench.gives("/v1.0/groups/g-other", group("g-other")).await;
    bench.gives("/v1.0/groups/g-other/appRoleAssignments", list(&[given("a1", "g-other", "Group", "sp-wiki")])).await;
    let rule = |id: &str| What::ProviderRule(id.to_owned());
    let gives = |id: &str| What::GroupGives(id.to_owned());
    assert_eq!(bench.read(rule("g-gone")).await.unwrap(), Snapshot::Absent);
    assert_eq!(bench.read(rule("g-other")).await.unwrap(), Snapshot::Absent, "the group has no rule any more");
    assert_eq!(bench.read(gives("g-gone")).await.unwrap(), Snapshot::Gives(false));
    assert_eq!(bench.read(gives("g-other")).await.unwrap(), Snapshot::Gives(false));
    assert_eq!(bench.read(gives("g-own")).await.unwrap(), Snapshot::Gives(true));
}

#[tokio::test]
async fn pages_are_followed_by_their_links_and_nowhere_else() {
    let at = format!("/v1.0/servicePrincipals/{APP}/appRoleAssignedTo");
    let bench = Bench::furnished().await;
    let next = format!("{}{at}?$top=999&$skiptoken=opaque", bench.server.uri());
    let all = [given("a1", "g-own", "Group", APP), given("a2", "g-rule", "Group", APP)];
    let first = merged(list(&all), json!({"@odata.nextLink": next}));
    let asked = Mock::given(method("GET")).and(path(&at)).and(query_param_is_missing("$skiptoken"));
    asked.respond_with(ResponseTemplate::new(200).set_body_json(first)).with_priority(1).mount(&bench.server).await;
    let second = list(&[given("a4", USER, "User", APP)]);
    let asked = Mock::given(method("GET")).and(path(&at)).and(query_param("$skiptoken", "opaque"));
    asked.respond_with(ResponseTemplate::new(200).set_body_json(second)).with_priority(1).mount(&bench.server).await;
    let ways = bench.ways().await.unwrap();
    assert_eq!((ways.groups.len(), ways.assignment.is_some()), (2, true));

    for elsewhere in ["http://127.0.0.2:9/v1.0/x", "https://evil.example/v1.0", &next] {
        let bench = Bench::furnished().await;
        let page = merged(list(&all), json!({"@odata.nextLink": elsewhere}));
        bench.turns(&at, ResponseTemplate::new(200).set_body_json(page)).await;
        let failure = bench.ways().await.unwrap_err();
        assert!(matches!(failure, Failure::Incomplete(_)), "{elsewhere}: {failure}");
    }
}

#[tokio::test]
async fn whom_a_search_finds_is_read_by_id_and_a_search_that_finds_nobody_is_not_believed() {
    let by_name = "/v1.0/users/m.lind%40agency.example";
    let absent = || gone("Request_ResourceNotFound");
    let bench = Bench::new().await;
    bench.answers(by_name, absent()).await;
    bench.gives("/v1.0/users", list(&[json!({"id": USER}), json!({"id": "stale"})])).await;
    bench.gives(&format!("/v1.0/users/{USER}"), user(USER, "m.lind_agency.example#EXT#@acme.example")).await;
    bench.answers("/v1.0/users/stale", absent()).await;
    let found = bench.accounts().await.unwrap();
    let [guest] = found.as_slice() else { panic!("{found:?}") };
    assert!(guest.guest && guest.live && guest.id == USER, "{guest:?}");
    assert!(guest.addresses.iter().all(|address| !address.as_str().contains('#')), "{guest:?}");

    // An account that was renamed bears the old address as an alias, and is found and taken for the leaver's by it.
    let bench = Bench::new().await;
    bench.answers(by_name, absent()).await;
    let alias = format!("proxyAddresses/any(one:one eq 'smtp:{ADDRESS}')");
    let asked = Mock::given(method("GET")).and(path("/v1.0/users")).and(query_param("$filter", &alias));
    let aliased = ResponseTemplate::new(200).set_body_json(list(&[json!({"id": "aliased"}), json!({"id": "other"})]));
    asked.respond_with(aliased).with_priority(1).mount(&bench.server).await;
    bench.gives("/v1.0/users", list(&[])).await;
    let renamed = |id: &str, alias: &str| {
        let aliases = json!({"mail": "j.doe@acme.example", "proxyAddresses": ["SMTP:j.doe@acme.example", alias]});
        merged(user(id, "j.doe@acme.example"), aliases)
    };
    bench.gives("/v1.0/users/aliased", renamed("aliased", &format!("smtp:{ADDRESS}"))).await;
    bench.gives("/v1.0/users/other", renamed("other", &format!("x500:{ADDRESS}"))).await;
    let found = bench.accounts().await.unwrap();
    let [account] = found.as_slice() else { panic!("{found:?}") };
    assert!(
        account.id == "aliased" && account.addresses.iter().any(|address| address.as_str() == ADDRESS),
        "{account:?}"
    );

    let bench = Bench::new().await;
    bench.answers(by_name, absent()).await;
    bench.gives("/v1.0/users", list(&[])).await;
    let failure = bench.accounts().await.unwrap_err();
    assert!(failure.to_string().contains("shows nobody at all"), "{failure}");

    let bench = Bench::new().await;
    bench.gives(by_name, json!({"id": USER, "userPrincipalName": ADDRESS})).await;
    assert!(matches!(bench.accounts().await.unwrap_err(), Failure::Malformed(_)), "it does not say if it is enabled");

    let stranger = What::ProviderAccounts(PersonId::from("person_erased"));
    assert!(matches!(bench.read(stranger).await.unwrap_err(), Failure::NotConfigured(_)));
}

#[tokio::test]
async fn one_token_serves_until_it_is_refused() {
    let bench = Bench::furnished().await;
    bench.ways().await.unwrap();
    bench.ways().await.unwrap();
    let tokens = |all: Vec<wiremock::Request>| all.iter().filter(|one| one.url.path().ends_with("/token")).count();
    assert_eq!(tokens(bench.server.received_requests().await.unwrap()), 1);
    // It was taken back: the read fails, and the next one brings a new token.
    let expired = ResponseTemplate::new(401).set_body_json(json!({"error": {"code": "InvalidAuthenticationToken"}}));
    let asked = Mock::given(method("GET")).and(path(format!("/v1.0/users/{USER}")));
    asked.respond_with(expired).up_to_n_times(1).with_priority(1).mount(&bench.server).await;
    assert_eq!(bench.ways().await.unwrap_err(), Failure::Unauthorized);
    bench.ways().await.unwrap();
    assert_eq!(tokens(bench.server.received_requests().await.unwrap()), 2);

    // A client that the login does not know is refused with 400 or 401, and Graph is never asked.
    for status in [400, 401] {
        let server = MockServer::start().await;
        let entra = Entra::new(config(&server.uri()), Arc::new(Still), memory() as Arc<dyn CaptureSink>).unwrap();
        let refused = ResponseTemplate::new(status).set_body_json(json!({"error": "invalid_client"}));
        Mock::given(method("POST")).respond_with(refused).mount(&server).await;
        let reading = entra.read(&source(What::Ways(USER.to_owned()))).await;
        assert_eq!(reading.result.unwrap_err(), Failure::Unauthorized);
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
        let write = Write::LeaveGroup { account: USER.to_owned(), group: "g-own".to_owned() };
        let written = entra.acting(&leaver_testkit::intent()).act(&write).await;
        assert_eq!(written.outcome, Outcome::Failed(Failure::Unauthorized), "nothing was sent: it is no unknown");
    }
}

#[tokio::test]
async fn a_change_is_sent_once_and_ends_by_what_is_known() {
    let leave = Write::LeaveGroup { account: USER.to_owned(), group: "g-own".to_owned() };
    let unassign = Write::Unassign { account: USER.to_owned(), assignment: Some("a4".to_owned()) };
    let end = Write::EndSessions { account: USER.to_owned() };
    let denied = json!({"error": {"code": "Authorization_RequestDenied"}});
    let cases = [
        (ResponseTemplate::new(204), Outcome::Done { created: None }),
        (ResponseTemplate::new(403).set_body_json(&denied), Outcome::Failed(Failure::Forbidden)),
        (ResponseTemplate::new(500), Outcome::Unknown(Failure::Server { status: 500 })),
    ];
    for (answer, outcome) in cases {
        let bench = Bench::new().await;
        Mock::given(method("DELETE")).respond_with(answer.clone()).mount(&bench.server).await;
        let at = format!("/v1.0/users/{USER}/revokeSignInSessions");
        Mock::given(method("POST")).and(path(at)).respond_with(answer).mount(&bench.server).await;
        for write in [&leave, &unassign, &end] {
            assert_eq!(bench.act(write).await.outcome, outcome);
        }
        let expected = [
            format!("DELETE /v1.0/groups/g-own/members/{USER}/$ref"),
            format!("DELETE /v1.0/servicePrincipals/{APP}/appRoleAssignedTo/a4"),
            format!("POST /v1.0/users/{USER}/revokeSignInSessions"),
        ];
        assert_eq!(bench.sent().await, expected);
    }
    let bench = Bench::new().await;
    let nameless = Write::Unassign { account: USER.to_owned(), assignment: None };
    for write in [Write::Deactivate { id: USER.to_owned() }, nameless] {
        let outcome = bench.act(&write).await.outcome;
        assert!(matches!(outcome, Outcome::Failed(Failure::NotConfigured(_))), "{outcome:?}");
    }
    assert_eq!(bench.server.received_requests().await.unwrap().len(), 0, "nothing was sent");
}

/// What a look at one account may come to: Graph answers 200 also where nobody was looked at, and says so in a text inside.
#[tokio::test]
async fn a_job_looks_at_one_account_by_its_rule_and_a_200_alone_is_no_look() {
    let key = |result: &str| json!({"key": json!({"result": result, "details": {}}).to_string(), "value": "{}"});
    let done = Outcome::Done { created: None };
    let unknown = Outcome::Unknown(Failure::Malformed("the job does not say that it looked at the account".to_owned()));
    let answers = [
        (ok(&key("Success")), done.clone()),
        (ok(&key("Skipped")), done),
        (ok(&key("Failure")), unknown.clone()),
        (ok(&json!({"key": "no json", "value": ""})), unknown.clone()),
        (ok(&json!({})), unknown),
        (
            ResponseTemplate::new(403).set_body_json(json!({"error": {"code": "x"}})),
            Outcome::Failed(Failure::Forbidden),
        ),
        (ResponseTemplate::new(500), Outcome::Unknown(Failure::Server { status: 500 })),
    ];
    let look = Write::SyncNow { account: USER.to_owned(), job: "job-1".to_owned(), rule: "rule-9".to_owned() };
    for (answer, outcome) in answers {
        let bench = Bench::new().await;
        let at = format!("/v1.0/servicePrincipals/{APP}/synchronization/jobs/job-1/provisionOnDemand");
        let asked =
            json!({"parameters": [{"ruleId": "rule-9", "subjects": [{"objectId": USER, "objectTypeName": "User"}]}]});
        let posted = Mock::given(method("POST")).and(path(at)).and(wiremock::matchers::body_json(asked));
        posted.respond_with(answer).expect(1).mount(&bench.server).await;
        assert_eq!(bench.act(&look).await.outcome, outcome);
    }
}

#[tokio::test]
async fn the_rule_of_a_job_is_the_one_that_maps_users_and_a_hidden_schema_is_none() {
    let bench = Bench::furnished().await;
    let [job] = <[_; 1]>::try_from(bench.ways().await.unwrap().jobs).unwrap();
    assert_eq!(job.on_demand, None, "no schema is shown");
    let at = format!("/v1.0/servicePrincipals/{APP}/synchronization/jobs/job-1/schema");
    let rule = |id: &str, object: &str, enabled: bool| json!({"id": id, "objectMappings": [{"sourceObjectName": object, "enabled": enabled}]});
    for (rules, found) in [
        (json!([rule("g", "Group", true), rule("u", "User", true)]), Some("u")),
        (json!([rule("u", "User", false)]), None),
        (json!([]), None),
    ] {
        let bench = Bench::furnished().await;
        bench.turns(&at, ok(&json!({"id": "job-1", "synchronizationRules": rules}))).await;
        assert_eq!(bench.ways().await.unwrap().jobs[0].on_demand.as_deref(), found);
    }
    bench.turns(&at, ResponseTemplate::new(500)).await;
    assert_eq!(bench.ways().await, Err(Failure::Server { status: 500 }), "a server that fails shows nothing at all");
}

/// Ids that try to reach another address, and some that are plain.
fn ids() -> impl Strategy<Value = String> {
    let tricks = vec![
        "",
        ".",
        "..",
        "/",
        "$ref",
        "x/..",
        "../users/x",
        "x/../../users/y",
        "%2e%2e",
        "%2F..",
        "x?y=",
        "x#",
        "x;y",
        "\\..\\",
        "x%00",
        "x/$ref/..",
        "users",
        "7f2d0a51-1111-4222-8333-944455556666",
    ];
    prop::sample::select(tricks).prop_flat_map(|trick| {
        (any::<bool>(), "[a-z0-9/.%$?#-]{0,6}")
            .prop_map(move |(alone, more)| if alone { trick.to_owned() } else { format!("{trick}{more}") })
    })
}

/// Whatever the ids are: a call that deletes is one that takes a member out of a group, or an assignment away, and never one that
/// deletes an account (`DELETE /users/{id}`, or `/groups/{id}/members/{id}` without its `/$ref`).
#[test]
fn no_call_of_graph_can_delete_an_account() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let runs = Runs { cases: 300, failure_persistence: None, ..Runs::default() };
    let mut runner = TestRunner::new_with_rng(runs, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let bench = runtime.block_on(Bench::new());
    runtime.block_on(Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(204)).mount(&bench.server));
    let end = Mock::given(method("POST")).and(wiremock::matchers::path_regex("^/v1.0/"));
    runtime.block_on(
        end.respond_with(ResponseTemplate::new(200).set_body_json(json!({"value": true}))).mount(&bench.server),
    );
    let write = (0..4_u8, ids(), ids()).prop_map(|(kind, account, other)| match kind {
        0 => Write::LeaveGroup { account, group: other },
        1 => Write::Unassign { account, assignment: Some(other) },
        2 => Write::SyncNow { account, job: other, rule: "r1".to_owned() },
        _ => Write::EndSessions { account },
    });
    runner
        .run(&write, |write| {
            runtime.block_on(bench.act(&write));
            Ok(())
        })
        .unwrap();
    let mut shapes = BTreeSet::new();
    for call in runtime.block_on(bench.sent()) {
        let (verb, path) = call.split_once(' ').unwrap();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let shape = match (verb, parts.as_slice()) {
            ("DELETE", ["v1.0", "groups", group, "members", account, "$ref"]) => {
                assert!(!group.is_empty() && !account.is_empty(), "{call}");
                "leaves a group"
            }
            ("DELETE", ["v1.0", "servicePrincipals", APP, "appRoleAssignedTo", assignment]) => {
                assert!(!assignment.is_empty(), "{call}");
                "loses an assignment"
            }
            ("POST", ["v1.0", "users", account, "revokeSignInSessions"]) => {
                assert!(!account.is_empty(), "{call}");
                "ends sessions"
            }
            ("POST", ["v1.0", "servicePrincipals", APP, "synchronization", "jobs", job, "provisionOnDemand"]) => {
                assert!(!job.is_empty(), "{call}");
                "looks at one account"
            }
            _ => panic!("{call} is no call of this connector"),
        };
        shapes.insert(shape);
    }
    assert_eq!(shapes.len(), 4, "every kind of change was reached: {shapes:?}");
}

#[test]
fn only_microsoft_is_called_outside_of_a_rehearsal() {
    let made = |base: &str, login: &str, rehearsal: bool| {
        let (base_url, login_url) = (Url::parse(base).unwrap(), Url::parse(login).unwrap());
        let config = Config { base_url, login_url, rehearsal, ..config("http://127.0.0.1:9") };
        Entra::new(config, Arc::new(Still), memory() as Arc<dyn CaptureSink>)
    };
    let (graph, login) = ("https://graph.microsoft.com", "https://login.microsoftonline.com");
    assert!(made(graph, login, false).is_ok());
    assert!(made("https://graph.microsoft.us", "https://login.microsoftonline.us", false).is_ok());
    assert!(made(graph, login, true).is_err(), "a rehearsal never reaches Microsoft");
    for other in ["https://graph.microsoft.com.evil.example", "http://graph.microsoft.com", "http://127.0.0.1:9"] {
        assert!(made(other, login, false).is_err() && made(graph, other, false).is_err(), "{other}");
    }
}

#[tokio::test]
async fn the_log_tells_who_was_let_in_and_who_was_not() {
    let sign_in = |code: i64, minute: u8| json!({"createdDateTime": format!("2026-03-01T11:{minute:02}:00Z"), "status": {"errorCode": code}});
    let step = |action: &str, status: &str, minute: u8| {
        json!({"activityDateTime": format!("2026-03-01T11:{minute:02}:00Z"), "provisioningAction": action,
            "provisioningStatusInfo": {"status": status}, "modifiedProperties": []})
    };
    let woken = merged(
        step("update", "success", 21),
        json!({"modifiedProperties": [{"displayName": "active", "oldValue": "False", "newValue": "True"}]}),
    );
    let bench = Bench::furnished().await;
    let asked = Mock::given(method("GET")).and(path("/v1.0/auditLogs/signIns"));
    let asked = asked.and(query_param(
        "$filter",
        format!("userId eq '{USER}' and appId eq 'app-mixpanel' and createdDateTime ge 2026-01-30T12:00:00Z"),
    ));
    let sign_ins =
        list(&[sign_in(0, 1), sign_in(50_105, 2), sign_in(50_057, 3), sign_in(53_003, 4), sign_in(50_126, 5)]);
    asked.respond_with(ResponseTemplate::new(200).set_body_json(sign_ins)).mount(&bench.server).await;
    let steps = list(&[
        step("create", "success", 11),
        step("create", "failure", 12),
        step("create", "skipped", 13),
        step("disable", "success", 14),
        step("update", "success", 15),
        step("other", "success", 16),
        woken,
    ]);
    bench.gives("/v1.0/auditLogs/provisioning", steps).await;
    let log = || What::ProviderLog(USER.to_owned());
    let told = bench.read(log()).await.unwrap();
    let told: Vec<(String, LogEvent)> =
        told.log().unwrap().iter().map(|entry| (entry.at.strftime("%d %H:%M").to_string(), entry.event)).collect();
    let expected = [
        ("01 11:01", LogEvent::SignedIn),
        ("01 11:02", LogEvent::Refused),
        ("01 11:03", LogEvent::Refused),
        ("01 11:11", LogEvent::Provisioned),
        ("01 11:14", LogEvent::Deprovisioned),
        ("01 11:21", LogEvent::Provisioned),
    ];
    assert_eq!(
        told,
        expected.map(|(at, event)| (at.to_owned(), event)),
        "neither a wrong password nor conditional access is a refusal"
    );

    for broken in [json!({"status": {"errorCode": 0}}), json!({"createdDateTime": "2026-03-01T11:00:00Z"})] {
        let bench = Bench::furnished().await;
        bench.gives("/v1.0/auditLogs/signIns", list(std::slice::from_ref(&broken))).await;
        bench.gives("/v1.0/auditLogs/provisioning", list(&[])).await;
        let read = bench.read(log()).await;
        assert!(matches!(read, Err(Failure::Malformed(_))), "{broken}: {read:?}");
    }
}

/// Graph's reference documentation, as answers: of each call that it has, our reader takes the answer as it stands there.
/// The file is looked for in `LEAVER_CONTRACTS`, else beside the workspace.
fn golden() -> Option<Vec<Value>> {
    let dir = std::env::var_os("LEAVER_CONTRACTS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts")),
        PathBuf::from,
    );
    let text = std::fs::read(dir.join("graph/graph-v1-golden-answers.json")).ok()?;
    let mut whole: Value = serde_json::from_slice(&text).unwrap();
    Some(whole["mocks"].as_array_mut().unwrap().drain(..).collect())
}

fn without_trailing_commas(text: &str) -> String {
    let mut out = String::new();
    for part in text.split(',') {
        if !out.is_empty() && !part.trim_start().starts_with(['}', ']']) {
            out.push(',');
        }
        out.push_str(part);
    }
    out
}

/// The golden answer of a call; some stand there as the text of a document.
fn golden_answer(all: &[Value], verb: &str, ends: &str) -> Value {
    let fits =
        |one: &&Value| one["request"]["method"] == verb && one["request"]["url"].as_str().unwrap().ends_with(ends);
    let body =
        &all.iter().find(fits).unwrap_or_else(|| panic!("no golden answer for {verb} {ends}"))["response"]["body"];
    let Some(text) = body.as_str() else { return body.clone() };
    // Documentation has commas after last fields.
    serde_json::from_str(&without_trailing_commas(text)).unwrap_or_else(|error| panic!("{ends}: {error}"))
}

#[tokio::test]
async fn graphs_own_examples_are_read_as_they_stand() {
    let Some(all) = golden() else {
        println!("SKIPPED Graph's golden answers: no contracts found, set LEAVER_CONTRACTS");
        return;
    };
    let bench = Bench::furnished().await;
    // What the application lists; the example's application is ours.
    let assigned = golden_answer(&all, "GET", "/servicePrincipals/*/appRoleAssignedTo");
    let example = assigned["value"][0]["resourceId"].as_str().unwrap().to_owned();
    let ours = |answer: Value| serde_json::from_str::<Value>(&answer.to_string().replace(&example, APP)).unwrap();
    let assigned = ours(assigned);
    let principal = assigned["value"][0]["principalId"].as_str().unwrap().to_owned();
    bench.turns(&format!("/v1.0/servicePrincipals/{APP}/appRoleAssignedTo"), ok(&assigned)).await;
    let app = merged(golden_answer(&all, "GET", "/servicePrincipals/*"), json!({"id": APP}));
    bench.turns(&format!("/v1.0/servicePrincipals/{APP}"), ok(&app)).await;
    let jobs = golden_answer(&all, "GET", "/servicePrincipals/*/synchronization/jobs");
    bench.turns(&format!("/v1.0/servicePrincipals/{APP}/synchronization/jobs"), ok(&jobs)).await;
    let of_user = ours(golden_answer(&all, "GET", "/users/*/appRoleAssignments?$filter=resourceId eq *"));
    bench.gives(&format!("/v1.0/users/{principal}/appRoleAssignments"), of_user).await;
    bench.gives(&format!("/v1.0/users/{principal}/memberOf"), list(&[])).await;
    bench.gives(&format!("/v1.0/users/{principal}"), user(&principal, "admin@contoso.example")).await;
    let ways = bench.read(What::Ways(principal.clone())).await.unwrap();
    let ways = ways.ways().unwrap();
    assert_eq!(ways.anyone, Some(false), "appRoleAssignmentRequired is true there");
    assert!(
        ways.assignment
            .as_ref()
            .is_some_and(|given| given.id == assigned["value"][0]["id"].as_str().map(str::to_owned))
    );
    assert_eq!(ways.jobs[0].status, "Paused");
    assert!(!ways.jobs[0].works);

    let group = golden_answer(&all, "GET", "/groups/*");
    bench.gives("/v1.0/groups/g-golden", group).await;
    let rule = bench.read(What::ProviderRule("g-golden".to_owned())).await.unwrap();
    assert_eq!(rule, Snapshot::Absent, "a group of Microsoft 365 has no rule");

    let sign_ins = golden_answer(&all, "GET", "createdDateTime ge * and createdDateTime le *");
    let (last, steps) =
        (list(sign_ins["value"].as_array().unwrap()), golden_answer(&all, "GET", "/auditLogs/provisioning"));
    bench.gives("/v1.0/auditLogs/signIns", last).await;
    bench.gives("/v1.0/auditLogs/provisioning", steps).await;
    let told = bench.read(What::ProviderLog(USER.to_owned())).await.unwrap();
    let events: BTreeSet<LogEvent> = told.log().unwrap().iter().map(|entry| entry.event).collect();
    assert!(events.contains(&LogEvent::SignedIn) && events.contains(&LogEvent::Provisioned), "{events:?}");
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

#[test]
fn graph_documents_every_call_that_changes_something() {
    let Some(all) = golden() else {
        println!("SKIPPED Graph's golden answers: no contracts found, set LEAVER_CONTRACTS");
        return;
    };
    let documented = |verb: &str, path: &str| {
        all.iter().any(|one| {
            let url = one["request"]["url"].as_str().unwrap();
            one["request"]["method"] == verb && url.strip_prefix("https://graph.microsoft.com") == Some(path)
        })
    };
    for one in leaver_connectors::entra::capabilities() {
        let deletes = one.method == "DELETE";
        let path = one.path.replace("{entity}", "*").replace("{id}", "*");
        assert!(!deletes || documented("DELETE", &path), "{} {path}", one.method);
    }
    // It documents the call that we must never make, too: it is the same without its last word.
    assert!(documented("DELETE", "/v1.0/users/*"));
}
