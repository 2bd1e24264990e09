//! Okta: pages to the last link, whose word a 404 is, what a wrong answer makes of a reading, and how a change can end.

use std::sync::Arc;
use std::time::Duration;

use leaver_connectors::okta::{Access, Config, Okta};
use leaver_connectors::{Reader as _, Vendor as _, Written};
use leaver_core::ids::{Address, CredentialName, PersonId};
use leaver_core::provider::{GroupKind, LogEvent, ProviderAccount, Ways};
use leaver_core::reading::{Failure, Snapshot};
use leaver_core::source::What;
use leaver_core::write::{Outcome, Write};
use leaver_evidence::captures::CaptureSink;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;
use wiremock::matchers::{header, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Still, memory, source};

const APP: &str = "0oamixpanel";
const USER: &str = "00uleaver";

struct Bench {
    server: MockServer,
    okta: Okta,
}

fn config(base: &str) -> Config {
    Config {
        base_url: Url::parse(base).unwrap(),
        application: APP.to_owned(),
        credential: CredentialName::from("main/okta"),
        access: Access::Token(SecretString::from("00token")),
        rehearsal: true,
        concurrency: 6,
        timeout: Duration::from_secs(20),
    }
}

fn leaver() -> PersonId {
    PersonId::from("person_leaver")
}

fn user(id: &str, login: &str) -> Value {
    json!({"id": id, "status": "ACTIVE", "profile": {"login": login, "email": "m.lind@agency.example"}})
}

fn gone() -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({"errorCode": "E0000007", "errorSummary": "Not found"}))
}

impl Bench {
    async fn new() -> Self {
        let server = MockServer::start().await;
        let okta = Okta::new(config(&server.uri()), Arc::new(Still), memory() as Arc<dyn CaptureSink>).unwrap();
        okta.meet(&leaver(), &[Address::parse("m.lind@agency.example").unwrap()]);
        Self { server, okta }
    }

    /// An organization in which the leaver has the application by a group and by themselves.
    async fn furnished() -> Self {
        let bench = Self::new().await;
        let group = |id: &str, kind: &str| json!({"id": id, "type": kind, "profile": {"name": id}});
        bench.gives(&format!("/api/v1/users/{USER}"), user(USER, "m.lind@agency.example")).await;
        let app = json!({"id": APP, "label": "Mixpanel", "accessibility": {"selfService": true}, "features": ["PUSH_NEW_USERS"]});
        bench.gives(&format!("/api/v1/apps/{APP}"), app.clone()).await;
        let mine = json!([group("00geveryone", "BUILT_IN"), group("00gown", "OKTA_GROUP")]);
        bench.gives(&format!("/api/v1/users/{USER}/groups"), mine).await;
        let on = json!([
            {"id": "00gown", "_embedded": {"group": group("00gown", "OKTA_GROUP")}},
            {"id": "00gad"},
        ]);
        bench.gives(&format!("/api/v1/apps/{APP}/groups"), on).await;
        bench.gives("/api/v1/groups/00gad", group("00gad", "APP_GROUP")).await;
        bench.gives("/api/v1/groups/00gown/apps", json!([app, {"id": "0oawiki", "label": "Wiki"}])).await;
        let rule = json!({
            "id": "0pr1", "name": "contractors", "status": "INVALID",
            "conditions": {"people": {"users": {"exclude": ["00uother"]}}},
            "actions": {"assignUserToGroups": {"groupIds": ["00gown"]}},
        });
        bench.gives("/api/v1/groups/rules", json!([rule])).await;
        let assigned = json!({"id": USER, "scope": "USER", "status": "PROVISIONED", "externalId": "42"});
        bench.gives(&format!("/api/v1/apps/{APP}/users/{USER}"), assigned.clone()).await;
        let users = json!([assigned, {"id": "00uother", "scope": "GROUP", "status": "ACTIVE"}]);
        bench.gives(&format!("/api/v1/apps/{APP}/users"), users).await;
        bench
    }

    async fn gives(&self, at: &str, body: Value) {
        self.answers(at, ResponseTemplate::new(200).set_body_json(body)).await;
    }

    /// Only whoever comes with the token in Okta's own scheme is answered.
    async fn answers(&self, at: &str, answer: ResponseTemplate) {
        let asked = Mock::given(method("GET")).and(path(at)).and(header("authorization", "SSWS 00token"));
        asked.respond_with(answer).with_priority(5).mount(&self.server).await;
    }

    /// From here on this path answers so.
    async fn turns(&self, at: &str, answer: ResponseTemplate) {
        Mock::given(method("GET")).and(path(at)).respond_with(answer).with_priority(1).mount(&self.server).await;
    }

    async fn read(&self, what: What) -> Result<Snapshot, Failure> {
        let reading = self.okta.read(&source(what)).await;
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
        self.okta.acting(&leaver_testkit::intent()).act(write).await
    }
}

#[tokio::test]
async fn everything_that_gives_the_application_is_read() {
    let bench = Bench::furnished().await;
    let ways = bench.ways().await.unwrap();
    assert_eq!(ways.account.as_ref().unwrap().id, USER);
    assert_eq!((ways.self_service, ways.features.as_slice()), (Some(true), ["PUSH_NEW_USERS".to_owned()].as_slice()));
    let assignment = ways.assignment.as_ref().unwrap();
    assert!(assignment.direct && assignment.live);
    let [own, imported] = ways.groups.as_slice() else { panic!("{:?}", ways.groups) };
    assert_eq!((own.kind, own.member), (GroupKind::Own, true));
    let also: Vec<&str> = own.also.iter().flatten().map(|other| other.id.as_str()).collect();
    assert_eq!(also, ["0oawiki"], "ours is not among the others");
    assert_eq!((imported.kind, imported.member, &imported.also), (GroupKind::Imported, false, &None));
    let [rule] = ways.rules.as_slice() else { panic!("{:?}", ways.rules) };
    assert!(rule.active, "one that cannot be evaluated counts as if it could");
    assert!(rule.excluded.contains("00uother") && !rule.excluded.contains(USER));
    assert_eq!(ways.others, 1);
}

/// That a group is kept as a team bears on no way: where it is not shown, everything else still is.
#[tokio::test]
async fn what_is_pushed_as_a_team_is_shown_where_it_can_be_seen() {
    let at = format!("/api/v1/apps/{APP}/group-push/mappings");
    let pushed = json!([{"id": "gPo1", "sourceGroupId": "00gown", "targetGroupId": "00gt1", "status": "ERROR"}]);
    for (answer, state) in [
        (ResponseTemplate::new(200).set_body_json(pushed), Some("ERROR")),
        (ResponseTemplate::new(200).set_body_json(json!([])), None),
        (ResponseTemplate::new(403), None),
        (gone(), None),
    ] {
        let bench = Bench::furnished().await;
        bench.turns(&at, answer).await;
        let ways = bench.ways().await.unwrap();
        let of = |id: &str| ways.groups.iter().find(|group| group.id == id).unwrap().pushed.as_deref();
        assert_eq!((of("00gown"), of("00gad")), (state, None));
    }
    let bench = Bench::furnished().await;
    bench.turns(&at, ResponseTemplate::new(500)).await;
    assert_eq!(bench.ways().await, Err(Failure::Server { status: 500 }));
}

#[tokio::test]
async fn an_answer_that_cannot_be_whole_is_none() {
    let app_groups = format!("/api/v1/apps/{APP}/groups");
    let groups = format!("/api/v1/users/{USER}/groups");
    let cases = [
        (groups.as_str(), json!([]), "the one that has everybody"),
        (groups.as_str(), json!([{"id": "00gown", "type": "OKTA_GROUP"}]), "the one that has everybody"),
        (app_groups.as_str(), json!([]), "no group is listed on the application"),
        ("/api/v1/groups/00gown/apps", json!([]), "came without ours"),
        (app_groups.as_str(), json!({"status": "error"}), "answered with an error"),
        (app_groups.as_str(), json!({"anything": 1}), "there is no list"),
        (app_groups.as_str(), json!([{"name": "nameless"}]), "has no id"),
        (
            "/api/v1/groups/rules",
            json!([{"name": "nameless", "actions": {"assignUserToGroups": {"groupIds": []}}}]),
            "has no id",
        ),
        ("/api/v1/groups/rules", json!([{"id": "0pr1", "status": "ACTIVE"}]), "without the groups that it fills"),
    ];
    for (at, body, why) in cases {
        let bench = Bench::furnished().await;
        bench.turns(at, ResponseTemplate::new(200).set_body_json(body)).await;
        let failure = bench.ways().await.unwrap_err();
        assert!(failure.to_string().contains(why), "{at}: {failure}");
    }
    // What else a group gives may be hidden from us: then nobody knows, and nobody is taken out by us.
    let bench = Bench::furnished().await;
    bench
        .turns("/api/v1/groups/00gown/apps", ResponseTemplate::new(403).set_body_json(json!({"errorCode": "E0000006"})))
        .await;
    assert_eq!(bench.ways().await.unwrap().groups[0].also, None);
}

#[tokio::test]
async fn only_the_providers_own_404_says_that_something_is_gone() {
    let bench = Bench::furnished().await;
    bench.turns(&format!("/api/v1/apps/{APP}/users/{USER}"), gone()).await;
    assert_eq!(bench.ways().await.unwrap().assignment, None);
    for stranger in [
        ResponseTemplate::new(404),
        ResponseTemplate::new(404).set_body_json(json!({"errorCode": "E0000022"})),
        ResponseTemplate::new(404).set_body_raw("<html>not here</html>", "text/html"),
    ] {
        let bench = Bench::furnished().await;
        bench.turns(&format!("/api/v1/apps/{APP}/users/{USER}"), stranger).await;
        assert_eq!(bench.ways().await.unwrap_err(), Failure::NotFound);
    }
    // An account that has the application is there, whether we may see it or not.
    let bench = Bench::furnished().await;
    bench.turns(&format!("/api/v1/users/{USER}"), gone()).await;
    let failure = bench.ways().await.unwrap_err();
    assert!(failure.to_string().contains("cannot see it"), "{failure}");
    bench.turns(&format!("/api/v1/apps/{APP}/users/{USER}"), gone()).await;
    assert_eq!(bench.ways().await.unwrap().account, None);

    let bench = Bench::new().await;
    bench.answers("/api/v1/groups/rules/0pr1", gone()).await;
    bench.answers(&format!("/api/v1/apps/{APP}/groups/00g1"), gone()).await;
    assert_eq!(bench.read(What::ProviderRule("0pr1".to_owned())).await.unwrap(), Snapshot::Absent);
    assert_eq!(bench.read(What::GroupGives("00g1".to_owned())).await.unwrap(), Snapshot::Gives(false));
}

#[tokio::test]
async fn pages_are_followed_by_their_links_and_nowhere_else() {
    let bench = Bench::furnished().await;
    let at = format!("/api/v1/apps/{APP}/groups");
    let link = |to: &str| format!("<{}{at}?limit=200>; rel=\"self\", <{to}>; rel=\"next\"", bench.server.uri());
    let next = format!("{}{at}?after=opaque&limit=200", bench.server.uri());
    let first = ResponseTemplate::new(200).set_body_json(json!([{"id": "00gad"}])).insert_header("link", link(&next));
    let asked = Mock::given(method("GET")).and(path(&at)).and(query_param_is_missing("after"));
    asked.respond_with(first).with_priority(1).mount(&bench.server).await;
    let second = ResponseTemplate::new(200)
        .set_body_json(json!([{"id": "00gown", "_embedded": {"group": {"id": "00gown", "type": "OKTA_GROUP"}}}]));
    let asked = Mock::given(method("GET")).and(path(&at)).and(query_param("after", "opaque"));
    asked.respond_with(second).with_priority(1).mount(&bench.server).await;
    assert_eq!(bench.ways().await.unwrap().groups.len(), 2);

    for elsewhere in ["http://127.0.0.2:9/api/v1/apps/x/groups?after=1", "https://evil.example/api", &next] {
        let bench = Bench::furnished().await;
        let page = ResponseTemplate::new(200)
            .set_body_json(json!([{"id": "00gad"}]))
            .insert_header("link", format!("<{elsewhere}>; rel=\"next\""));
        bench.turns(&at, page).await;
        let failure = bench.ways().await.unwrap_err();
        assert!(matches!(failure, Failure::Incomplete(_)), "{elsewhere}: {failure}");
    }
}

#[tokio::test]
async fn whom_a_search_finds_is_read_by_id_and_a_search_that_finds_nobody_is_not_believed() {
    let bench = Bench::new().await;
    let on_app = format!("/api/v1/apps/{APP}/users");
    let by_login = "/api/v1/users/m.lind%40agency.example";
    bench.gives(&on_app, json!([])).await;
    bench.answers(by_login, gone()).await;
    bench.gives("/api/v1/users", json!([{"id": USER}, {"id": "00ustale"}])).await;
    bench.gives(&format!("/api/v1/users/{USER}"), user(USER, "mara@acme.example")).await;
    let moved = json!({"id": "00ustale", "status": "ACTIVE", "profile": {"login": "x@acme.example", "email": "x@acme.example"}});
    bench.gives("/api/v1/users/00ustale", moved).await;
    let found = bench.accounts().await.unwrap();
    let ids: Vec<&str> = found.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids, [USER], "the index answers late: the other has another address now");

    // The application may know somebody by another name than the provider does.
    let bench = Bench::new().await;
    bench.answers(by_login, gone()).await;
    bench.gives("/api/v1/users", json!([])).await;
    let named = |id: &str, name: &str| json!({"id": id, "credentials": {"userName": name}});
    let listed = json!([named("00uhidden", "M.Lind@Agency.example"), named("00ulike", "m.lind@agency.example.org")]);
    bench.gives(&on_app, listed).await;
    let other = json!({"id": "00uhidden", "status": "ACTIVE", "profile": {"login": "j.doe@acme.example", "secondEmail": "m.lind@agency.example"}});
    bench.gives("/api/v1/users/00uhidden", other.clone()).await;
    let found = bench.accounts().await.unwrap();
    assert_eq!(found.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ["00uhidden"]);
    assert!(found[0].addresses.iter().any(|address| address.as_str() == "m.lind@agency.example"));

    // A second address shows nothing: whoever has the account may write there what they like.
    let bench = Bench::new().await;
    bench.answers(by_login, gone()).await;
    bench.gives(&on_app, json!([])).await;
    bench.gives("/api/v1/users", json!([{"id": "00uhidden"}])).await;
    bench.gives("/api/v1/users/00uhidden", other).await;
    assert_eq!(bench.accounts().await.unwrap_or_default(), []);

    let bench = Bench::new().await;
    bench.gives(&on_app, json!([])).await;
    bench.answers(by_login, gone()).await;
    bench.gives("/api/v1/users", json!([])).await;
    let failure = bench.accounts().await.unwrap_err();
    assert!(failure.to_string().contains("finds nobody at all"), "{failure}");

    let bench = Bench::new().await;
    bench.gives(by_login, json!({"id": USER, "status": "ACTIVE", "profile": {}})).await;
    assert!(matches!(bench.accounts().await.unwrap_err(), Failure::Malformed(_)), "an account without its login");

    let stranger = What::ProviderAccounts(PersonId::from("person_erased"));
    assert!(matches!(bench.read(stranger).await.unwrap_err(), Failure::NotConfigured(_)));
}

#[tokio::test]
async fn a_change_is_sent_once_and_ends_by_what_is_known() {
    let leave = Write::LeaveGroup { account: USER.to_owned(), group: "00gown".to_owned() };
    let unassign = Write::Unassign { account: USER.to_owned(), assignment: None };
    let refused = json!({"errorCode": "E0000046", "errorSummary": "Deactivate application for user forbidden."});
    let cases = [
        (ResponseTemplate::new(204), Outcome::Done { created: None }),
        (ResponseTemplate::new(403).set_body_json(&refused), Outcome::Failed(Failure::Refused { status: 403 })),
        (
            ResponseTemplate::new(403).set_body_json(json!({"errorCode": "E0000006"})),
            Outcome::Failed(Failure::Forbidden),
        ),
        (ResponseTemplate::new(500), Outcome::Unknown(Failure::Server { status: 500 })),
    ];
    for (answer, outcome) in cases {
        let bench = Bench::new().await;
        Mock::given(method("DELETE")).respond_with(answer).mount(&bench.server).await;
        assert_eq!(bench.act(&unassign).await.outcome, outcome);
        assert_eq!(bench.act(&leave).await.outcome, outcome);
        let sent = bench.server.received_requests().await.unwrap();
        let sent: Vec<String> = sent
            .iter()
            .map(|one| format!("{} {}?{}", one.method, one.url.path(), one.url.query().unwrap_or("-")))
            .collect();
        assert_eq!(
            sent,
            [
                format!("DELETE /api/v1/apps/{APP}/users/{USER}?sendEmail=false"),
                format!("DELETE /api/v1/groups/00gown/users/{USER}?-"),
            ]
        );
    }
    let bench = Bench::new().await;
    let other = bench.act(&Write::Deactivate { id: USER.to_owned() }).await;
    assert!(matches!(other.outcome, Outcome::Failed(Failure::NotConfigured(_))));
    for id in ["", ".", ".."] {
        let bad = Write::LeaveGroup { account: id.to_owned(), group: "00gown".to_owned() };
        assert!(matches!(bench.act(&bad).await.outcome, Outcome::Failed(Failure::NotConfigured(_))), "'{id}'");
    }
    assert_eq!(bench.server.received_requests().await.unwrap().len(), 0, "nothing was sent");
}

#[tokio::test]
async fn the_limits_of_the_provider_are_kept() {
    let limited = |limit: &str, left: &str, status: u16| {
        ResponseTemplate::new(status)
            .set_body_json(json!({"errorCode": "E0000047"}))
            .insert_header("date", "Sun, 01 Mar 2026 12:00:00 GMT")
            .insert_header("x-rate-limit-limit", limit)
            .insert_header("x-rate-limit-remaining", left)
            .insert_header("x-rate-limit-reset", "1772366445")
    };
    let bench = Bench::new().await;
    bench.answers("/api/v1/groups/rules/0pr1", limited("600", "0", 429)).await;
    let rule = || What::ProviderRule("0pr1".to_owned());
    assert_eq!(bench.read(rule()).await.unwrap_err(), Failure::Limited { after_seconds: 45 });
    // The wait is longer than anybody's patience: the next one is not even sent.
    assert!(matches!(bench.read(rule()).await.unwrap_err(), Failure::Limited { .. }));
    assert_eq!(bench.server.received_requests().await.unwrap().len(), 1);
}

#[test]
fn only_okta_is_called_outside_of_a_rehearsal() {
    let made = |base: &str, rehearsal: bool| {
        let config = Config { rehearsal, ..config(base) };
        Okta::new(config, Arc::new(Still), memory() as Arc<dyn CaptureSink>)
    };
    for own in ["https://acme.okta.com", "https://acme.oktapreview.com", "https://acme.okta-emea.com"] {
        assert!(made(own, false).is_ok(), "{own}");
        assert!(made(own, true).is_err(), "a rehearsal never reaches {own}");
    }
    for other in ["https://okta.com.evil.example", "https://evilokta.com", "http://acme.okta.com", "http://127.0.0.1:9"]
    {
        assert!(made(other, false).is_err(), "{other}");
    }
    assert!(made("http://127.0.0.1:9", true).is_ok());
}

#[tokio::test]
async fn the_log_tells_of_our_application_alone_and_is_asked_for_an_end() {
    let bench = Bench::new().await;
    let event = |kind: &str, result: &str, app: &str, minute: u8| {
        json!({
            "eventType": kind, "published": format!("2026-03-01T11:{minute:02}:00.000Z"), "outcome": {"result": result},
            "target": [{"id": "0ua1", "type": "AppUser"}, {"id": app, "type": "AppInstance"}],
        })
    };
    let by_actor = json!([
        event("user.authentication.sso", "SUCCESS", APP, 1),
        event("user.authentication.sso", "FAILURE", APP, 2),
        event("user.authentication.sso", "SUCCESS", "0oaother", 3),
        event("app.generic.unauth_app_access_attempt", "FAILURE", APP, 4),
        event("user.authentication.sso", "CHALLENGE", APP, 9),
        {"eventType": "user.session.start", "published": "2026-03-01T11:05:00Z", "target": null},
    ]);
    let by_target = json!([
        event("application.provision.user.push", "SUCCESS", APP, 6),
        event("application.provision.user.push", "FAILURE", APP, 7),
        event("application.provision.user.deactivate", "SUCCESS", APP, 8),
        {"eventType": "user.session.clear", "published": "2026-03-01T11:10:00Z", "outcome": {"result": "SUCCESS"}, "target": [{"id": USER, "type": "User"}]},
        event("user.authentication.sso", "SUCCESS", APP, 1),
    ]);
    for (party, body) in [("actor", by_actor), ("target", by_target)] {
        let asked = Mock::given(method("GET")).and(path("/api/v1/logs"));
        let asked = asked.and(query_param("filter", format!("{party}.id eq \"{USER}\"")));
        // A question without an end is one that is never answered whole.
        let asked =
            asked.and(query_param("until", "2026-03-01T12:00:00Z")).and(query_param("since", "2026-01-15T12:00:00Z"));
        asked.respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&bench.server).await;
    }
    let log = || What::ProviderLog(USER.to_owned());
    let told = bench.read(log()).await.unwrap();
    let told: Vec<(String, LogEvent)> =
        told.log().unwrap().iter().map(|entry| (entry.at.strftime("%H:%M").to_string(), entry.event)).collect();
    let expected = [
        ("11:01", LogEvent::SignedIn),
        ("11:02", LogEvent::Refused),
        ("11:04", LogEvent::Refused),
        ("11:06", LogEvent::Provisioned),
        ("11:08", LogEvent::Deprovisioned),
        ("11:10", LogEvent::SessionsEnded),
    ];
    assert_eq!(told, expected.map(|(at, event)| (at.to_owned(), event)));

    for broken in [
        json!([{"published": "2026-03-01T11:00:00Z"}]),
        json!([event("user.authentication.sso", "SUCCESS", APP, 99)]),
        json!([event("user.authentication.sso", "", APP, 1)]),
        json!([event("user.authentication.sso", "MAYBE", APP, 1)]),
    ] {
        let bench = Bench::new().await;
        bench.gives("/api/v1/logs", broken.clone()).await;
        let read = bench.read(log()).await;
        assert!(matches!(read, Err(Failure::Malformed(_))), "{broken}: {read:?}");
    }
}
