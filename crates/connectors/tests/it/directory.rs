//! Directories by SCIM: filters that are not believed, every spelling of `active`, groups without members, versions, whose word a 404 is.

use std::sync::Arc;
use std::time::Duration;

use leaver_connectors::directory::{Access, Config, Directory};
use leaver_connectors::{Reader as _, Vendor as _, Written};
use leaver_core::ids::{Address, CredentialName, PersonId};
use leaver_core::provider::{GroupKind, ProviderAccount, Ways};
use leaver_core::reading::{Failure, Snapshot};
use leaver_core::source::What;
use leaver_core::write::{Outcome, Write};
use leaver_evidence::captures::CaptureSink;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;
use wiremock::matchers::{body_json, body_string, header, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Still, memory, source};

const USER: &str = "u-leaver";
const ADDRESS: &str = "m.lind@agency.example";

struct Bench {
    server: MockServer,
    directory: Directory,
}

fn config(base: &str) -> Config {
    Config {
        base_url: Url::parse(&format!("{base}/scim/v2")).unwrap(),
        auth: Access::Token(SecretString::from("token-1")),
        groups: vec!["g-own".to_owned(), "Mixpanel Analysts".to_owned()],
        dedicated: false,
        credential: CredentialName::from("main/directory"),
        rehearsal: true,
        concurrency: 6,
        timeout: Duration::from_secs(20),
    }
}

fn leaver() -> PersonId {
    PersonId::from("person_leaver")
}

fn user(id: &str, name: &str, emails: &[&str]) -> Value {
    let emails: Vec<Value> = emails.iter().map(|email| json!({"value": email})).collect();
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": id, "userName": name, "emails": emails, "active": true})
}

fn group(id: &str, name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id, "type": "User"})).collect();
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": id, "displayName": name, "members": members})
}

fn merged(mut base: Value, more: Value) -> Value {
    let (Some(fields), Value::Object(more)) = (base.as_object_mut(), more) else { panic!("no objects") };
    fields.extend(more);
    base
}

/// The leaver, at an address that is not made of the id.
fn located() -> Value {
    let meta = json!({"meta": {"location": "https://idp.example/scim/v2/Users/mlind"}});
    merged(user(USER, "mlind", &[ADDRESS]), meta)
}

fn list(elements: &[Value]) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": elements.len(),
        "startIndex": 1, "itemsPerPage": elements.len(), "Resources": elements})
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.to_string(), "application/scim+json")
}

fn absent() -> ResponseTemplate {
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404", "detail": "not found"});
    ResponseTemplate::new(404).set_body_json(body)
}

fn announces(filter: bool, etag: bool) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"], "patch": {"supported": true},
        "filter": {"supported": filter, "maxResults": 100}, "etag": {"supported": etag}})
}

impl Bench {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let server = MockServer::start().await;
        let mut config = config(&server.uri());
        change(&mut config);
        let directory = Directory::new(config, Arc::new(Still), memory() as Arc<dyn CaptureSink>).unwrap();
        directory.meet(&leaver(), &[Address::parse(ADDRESS).unwrap()]);
        Self { server, directory }
    }

    /// A directory in which the leaver is in one of the two groups that give the application.
    async fn furnished() -> Self {
        let bench = Self::new().await;
        let mara = merged(user(USER, "mlind", &[ADDRESS]), json!({"groups": [{"value": "g-own"}, {"value": "g-x"}]}));
        let (mara, others) = (mara, ["a", "b"].map(|id| user(id, id, &[])));
        bench.gives(&format!("/Users/{USER}"), &mara).await;
        bench.gives("/Users", &list(&[mara, others[0].clone(), others[1].clone()])).await;
        // Members may be left out of the list, and are told by the group itself.
        let all = [
            json!({"id": "g-own", "displayName": "Tools"}),
            group("g-two", "mixpanel analysts", &[]),
            group("g-x", "Wiki", &[USER]),
        ];
        bench.gives("/Groups", &list(&all)).await;
        bench.gives("/Groups/g-own", &group("g-own", "Tools", &["a", USER])).await;
        bench.gives("/Groups/g-two", &group("g-two", "mixpanel analysts", &[])).await;
        bench.gives("/Groups/g-x", &group("g-x", "Wiki", &[USER])).await;
        bench
    }

    async fn gives(&self, at: &str, body: &Value) {
        self.answers(at, ok(body)).await;
    }

    /// Only whoever comes with the token is answered.
    async fn answers(&self, at: &str, answer: ResponseTemplate) {
        let asked = Mock::given(method("GET")).and(path(format!("/scim/v2{at}")));
        let asked = asked.and(header("authorization", "Bearer token-1")).and(query_param_is_missing("filter"));
        asked.respond_with(answer).with_priority(5).mount(&self.server).await;
    }

    /// From here on this path answers so.
    async fn turns(&self, at: &str, answer: ResponseTemplate) {
        let asked = Mock::given(method("GET")).and(path(format!("/scim/v2{at}"))).and(query_param_is_missing("filter"));
        asked.respond_with(answer).with_priority(1).mount(&self.server).await;
    }

    /// What the filter answers to this attribute, asked in capitals.
    async fn finds(&self, attribute: &str, elements: &[Value]) {
        let filter = format!("{attribute} eq \"{}\"", ADDRESS.to_uppercase());
        let asked = Mock::given(method("GET")).and(path("/scim/v2/Users")).and(query_param("filter", filter));
        asked.respond_with(ok(&list(elements))).with_priority(2).mount(&self.server).await;
    }

    async fn read(&self, what: What) -> Result<Snapshot, Failure> {
        let reading = self.directory.read(&source(what)).await;
        assert_eq!(reading.to_the_end, reading.result.is_ok());
        reading.result
    }

    async fn ways(&self, id: &str) -> Result<Ways, Failure> {
        self.read(What::Ways(id.to_owned())).await.map(|snapshot| snapshot.ways().unwrap().clone())
    }

    async fn accounts(&self) -> Result<Vec<ProviderAccount>, Failure> {
        let read = self.read(What::ProviderAccounts(leaver())).await;
        read.map(|snapshot| snapshot.accounts().unwrap().to_vec())
    }

    async fn act(&self, write: &Write) -> Written {
        self.directory.acting(&leaver_testkit::intent()).act(write).await
    }

    /// Every request, in order: method, path, and whether a filter was asked for.
    async fn sent(&self) -> Vec<String> {
        let shown = |one: &wiremock::Request| {
            let path = one.url.path().trim_start_matches("/scim/v2").to_owned();
            let filter = one.url.query_pairs().find(|(key, _)| key == "filter");
            format!("{} {path}{}", one.method, filter.map(|(_, filter)| format!(" {filter}")).unwrap_or_default())
        };
        self.server.received_requests().await.unwrap().iter().map(shown).collect()
    }
}

fn ids(accounts: &[ProviderAccount]) -> Vec<&str> {
    accounts.iter().map(|account| account.id.as_str()).collect()
}

#[tokio::test]
async fn every_group_that_gives_the_application_is_read_by_its_id() {
    let bench = Bench::furnished().await;
    let ways = bench.ways(USER).await.unwrap();
    let account = ways.account.as_ref().unwrap();
    assert_eq!((account.id.as_str(), account.status.as_str(), account.live), (USER, "active", true));
    let groups: Vec<_> =
        ways.groups.iter().map(|group| (group.id.as_str(), group.kind, group.member, group.also.is_none())).collect();
    assert_eq!(groups, [("g-own", GroupKind::Own, true, true), ("g-two", GroupKind::Own, false, true)]);
    assert_eq!((ways.others, ways.self_service, ways.anyone), (2, None, None));
    assert!(ways.assignment.is_none() && ways.rules.is_empty() && ways.jobs.is_empty() && ways.features.is_empty());

    let gives = |id: &str| What::GroupGives(id.to_owned());
    bench.answers("/Groups/g-gone", absent()).await;
    for (id, expected) in [("g-own", true), ("g-two", true), ("g-gone", false)] {
        assert_eq!(bench.read(gives(id)).await.unwrap(), Snapshot::Gives(expected), "{id}");
    }
    // That the configuration names another one is no word of the provider's.
    let other = bench.read(gives("g-x")).await.unwrap_err();
    assert!(matches!(&other, Failure::Incomplete(why) if why.contains("does not name the group g-x")), "{other}");
    assert_eq!(bench.read(What::ProviderRule("any".to_owned())).await.unwrap(), Snapshot::Absent);
    // A group that comes without its members tells nothing beside an account that does not tell its groups.
    let alone = json!({"id": "g-two", "displayName": "mixpanel analysts"});
    bench.turns("/Groups/g-two", ok(&alone)).await;
    assert!(!bench.ways(USER).await.unwrap().groups[1].member, "the account's own list has it not");
    bench.turns(&format!("/Users/{USER}"), ok(&user(USER, "mlind", &[ADDRESS]))).await;
    let hidden = bench.ways(USER).await.unwrap_err();
    assert!(matches!(&hidden, Failure::Incomplete(why) if why.contains("g-two came without its members")), "{hidden}");
    assert_eq!(bench.read(What::ProviderLog(USER.to_owned())).await.unwrap_err(), Failure::NotFound);
    assert!(matches!(bench.read(What::Roster).await.unwrap_err(), Failure::NotConfigured(_)));

    // Nothing is asked of groups where none gives the application.
    let bench = Bench::with(|config| config.groups.clear()).await;
    bench.gives(&format!("/Users/{USER}"), &user(USER, "mlind", &[ADDRESS])).await;
    bench.gives("/Users", &list(&[user("a", "a", &[])])).await;
    assert!(bench.ways(USER).await.unwrap().groups.is_empty());
    assert_eq!(bench.sent().await, [format!("GET /Users/{USER}"), "GET /Users".to_owned()]);
}

#[tokio::test]
async fn a_group_that_cannot_be_judged_is_no_group_that_the_account_is_not_in() {
    let nested =
        json!({"id": "g-two", "members": [{"value": "g-in", "$ref": "https://idp.example/scim/v2/Groups/g-in"}]});
    let bench = Bench::furnished().await;
    bench.turns("/Groups/g-two", ok(&nested)).await;
    let around = json!({"id": "g-in", "members": [{"value": USER}, {"value": "g-two", "type": "Group"}]});
    bench.gives("/Groups/g-in", &around).await;
    let groups = bench.ways(USER).await.unwrap().groups;
    assert!(groups[1].member && groups[1].kind == GroupKind::Imported, "nobody is taken out of a group within it");

    // A server that names members by another word than the id, and tells where they stand.
    let bench = Bench::furnished().await;
    bench.turns(&format!("/Users/{USER}"), ok(&located())).await;
    let by_name = json!({"id": "g-two", "members": [{"value": "mlind", "$ref": "/scim/v2/Users/mlind"}]});
    bench.turns("/Groups/g-two", ok(&by_name)).await;
    let groups = bench.ways(USER).await.unwrap().groups;
    assert!(groups[1].member && groups[1].kind == GroupKind::Own);

    let all = [group("g-own", "Tools", &[]), group("g-two", "mixpanel analysts", &[])];
    let twice = [all[0].clone(), all[1].clone(), group("g-three", "Mixpanel Analysts", &[])];
    let cases = [
        ("/Groups", ok(&list(&all[..1])), "group 2 of the configuration is not in the directory"),
        ("/Groups", ok(&list(&all[1..])), "group 1 of the configuration is not in the directory"),
        ("/Groups", ok(&list(&twice)), "more than one group bears the name of group 2"),
        ("/Groups", ok(&json!({"totalResults": 5, "Resources": all})), "one element came twice"),
        ("/Groups/g-two", absent(), "is listed and cannot be read"),
        ("/Groups/g-two", ok(&json!({"id": "g-two", "members": 7})), "cannot be told from others"),
        ("/Groups/g-two", ok(&json!({"id": "g-two", "members": [{"display": "Mara"}]})), "cannot be told from others"),
        ("/Groups/g-two", ok(&json!({"id": "g-other"})), "another resource came"),
        ("/Groups/g-two", ok(&nested), "the vendor does not know this address"),
    ];
    for (at, answer, why) in cases {
        let bench = Bench::furnished().await;
        bench.turns(at, answer).await;
        let failure = bench.ways(USER).await.unwrap_err();
        assert!(failure.to_string().contains(why), "{at}: {failure}");
    }
    // The account says that it is in a group that does not say so.
    let bench = Bench::furnished().await;
    let says = merged(user(USER, "mlind", &[ADDRESS]), json!({"groups": [{"value": "g-two", "type": "direct"}]}));
    bench.turns(&format!("/Users/{USER}"), ok(&says)).await;
    let failure = bench.ways(USER).await.unwrap_err();
    assert!(failure.to_string().contains("told both ways"), "{failure}");
}

#[tokio::test]
async fn only_the_directorys_own_404_says_that_an_account_is_gone() {
    // The probe of `leaver doctor` asks for nobody.
    let bench = Bench::furnished().await;
    bench.answers("/Users/nobody", absent()).await;
    let ways = bench.ways("nobody").await.unwrap();
    assert_eq!((ways.account, ways.others, ways.groups.len()), (None, 3, 2));
    assert!(ways.groups.iter().all(|group| !group.member));

    let numbered = json!({"schemas": ["URN:ietf:params:scim:api:messages:2.0:Error"], "status": 404});
    let bench = Bench::furnished().await;
    bench.turns(&format!("/Users/{USER}"), ResponseTemplate::new(404).set_body_json(numbered)).await;
    assert_eq!(bench.ways(USER).await.unwrap().account, None);

    let html = ResponseTemplate::new(404).set_body_raw("<html>not here</html>", "text/html");
    let other = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "403"});
    for (stranger, expected) in [
        (html, Failure::Html),
        (ResponseTemplate::new(404), Failure::NotFound),
        (ResponseTemplate::new(404).set_body_json(json!({"error": "not found"})), Failure::NotFound),
        (ResponseTemplate::new(404).set_body_json(other), Failure::NotFound),
    ] {
        let bench = Bench::furnished().await;
        bench.turns(&format!("/Users/{USER}"), stranger).await;
        assert_eq!(bench.ways(USER).await.unwrap_err(), expected);
    }
    // A server that answers to names as well may show somebody else.
    let bench = Bench::furnished().await;
    bench.turns(&format!("/Users/{USER}"), ok(&user("u-other", USER, &[]))).await;
    assert!(matches!(bench.ways(USER).await.unwrap_err(), Failure::Incomplete(_)));
    // Whoever may not see the list proves nothing by one account.
    let bench = Bench::furnished().await;
    bench.turns("/Users", absent()).await;
    assert_eq!(bench.ways(USER).await.unwrap_err(), Failure::NotFound);
}

#[tokio::test]
async fn every_spelling_of_active_and_none_at_all() {
    for (spelled, live, status) in [
        (json!(true), true, "active"),
        (json!("True"), true, "active"),
        (json!(false), false, "inactive"),
        (json!("false"), false, "inactive"),
        (json!("False"), false, "inactive"),
        (json!("FALSE"), false, "inactive"),
        (Value::Null, true, "active not said"),
        (json!("perhaps"), true, "active not said"),
    ] {
        let bench = Bench::furnished().await;
        let shown = merged(user(USER, "mlind", &[ADDRESS]), json!({"active": spelled}));
        bench.turns(&format!("/Users/{USER}"), ok(&shown)).await;
        let account = bench.ways(USER).await.unwrap().account.unwrap();
        assert_eq!((account.live, account.status.as_str()), (live, status), "{spelled}");
    }
    let bench = Bench::furnished().await;
    let mut silent = user(USER, "mlind", &[ADDRESS]);
    silent.as_object_mut().unwrap().remove("active");
    bench.turns("/Users", ok(&list(&[silent]))).await;
    let found = bench.accounts().await.unwrap();
    assert!(found[0].live && found[0].status == "active not said");
}

#[tokio::test]
async fn without_a_filter_everybody_is_read_to_the_last_page() {
    let page = |start: u64, total: u64, elements: &[Value]| {
        let body = json!({"totalResults": total, "startIndex": start, "Resources": elements});
        let asked = Mock::given(method("GET")).and(path("/scim/v2/Users"));
        asked.and(query_param("startIndex", start.to_string())).respond_with(ok(&body)).with_priority(1)
    };
    let (first, second) =
        (user("u1", "M.Lind@Agency.example", &[]), user("u2", "mara", &["x@y.example", "m.LIND@agency.EXAMPLE"]));
    let near = user("u3", "m.lind@agency.example.org", &[]);
    // A server that announces no filter, one that announces nothing, and one that is somebody else altogether.
    for announced in [
        ok(&announces(false, true)),
        absent(),
        ok(&json!({})),
        ResponseTemplate::new(404).set_body_raw("<html>not here</html>", "text/html"),
    ] {
        let bench = Bench::new().await;
        bench.answers("/ServiceProviderConfig", announced).await;
        page(1, 3, &[first.clone(), near.clone()]).mount(&bench.server).await;
        page(3, 3, std::slice::from_ref(&second)).mount(&bench.server).await;
        assert_eq!(ids(&bench.accounts().await.unwrap()), ["u1", "u2"], "two accounts bear the address");
        bench.accounts().await.unwrap();
        let expected = ["GET /ServiceProviderConfig", "GET /Users", "GET /Users", "GET /Users", "GET /Users"];
        assert_eq!(bench.sent().await, expected, "what is announced is asked once");
        let sent = bench.server.received_requests().await.unwrap();
        let counts = |one: &wiremock::Request| one.url.query_pairs().any(|(key, _)| key == "count");
        assert!(!sent.iter().any(counts), "some servers fail at it");
    }
    let bench = Bench::new().await;
    page(1, 3, &[first, near]).mount(&bench.server).await;
    page(3, 3, &[]).mount(&bench.server).await;
    assert!(bench.accounts().await.unwrap_err().to_string().contains("2 of 3 came"));

    let bench = Bench::new().await;
    bench.gives("/Users", &list(&[])).await;
    assert!(bench.accounts().await.unwrap_err().to_string().contains("shows nobody at all"));

    for hidden in [json!("m.lind"), json!([7]), json!([{"value": {"is": "hidden"}}])] {
        let bench = Bench::new().await;
        bench.gives("/Users", &list(&[merged(user("u9", "mara", &[]), json!({"emails": hidden}))])).await;
        assert!(matches!(bench.accounts().await.unwrap_err(), Failure::Malformed(_)), "{hidden}");
    }
    let stranger = What::ProviderAccounts(PersonId::from("person_erased"));
    assert!(matches!(bench.read(stranger).await.unwrap_err(), Failure::NotConfigured(_)));
}

#[tokio::test]
async fn a_filter_is_believed_only_where_it_shows_that_it_works() {
    let mara = user(USER, ADDRESS, &["M.Lind@agency.example"]);
    let second = user("u-second", "mara2", &[ADDRESS]);
    let by_name = format!("GET /Users userName eq \"{}\"", ADDRESS.to_uppercase());
    let by_mail = format!("GET /Users emails.value eq \"{}\"", ADDRESS.to_uppercase());
    let start = || async {
        let bench = Bench::new().await;
        bench.gives("/ServiceProviderConfig", &announces(true, false)).await;
        for one in [&mara, &second] {
            bench.gives(&format!("/Users/{}", one["id"].as_str().unwrap()), one).await;
        }
        bench.gives("/Users", &list(&[mara.clone(), second.clone(), user("a", "a", &[])])).await;
        bench
    };
    // Both work: nobody else is read.
    let bench = start().await;
    bench.finds("userName", std::slice::from_ref(&mara)).await;
    bench.finds("emails.value", &[mara.clone(), second.clone()]).await;
    assert_eq!(ids(&bench.accounts().await.unwrap()), [USER, "u-second"]);
    let expected = ["GET /ServiceProviderConfig", &by_name, &by_mail, "GET /Users/u-leaver", "GET /Users/u-second"];
    assert_eq!(bench.sent().await, expected);

    // One that minds the case, or knows no mail addresses, finds nobody: the whole list is read.
    let bench = start().await;
    bench.finds("userName", &[]).await;
    assert_eq!(ids(&bench.accounts().await.unwrap()), [USER, "u-second"]);
    assert_eq!(bench.sent().await, ["GET /ServiceProviderConfig", &by_name, "GET /Users"]);
    let bench = start().await;
    bench.finds("userName", std::slice::from_ref(&mara)).await;
    bench.finds("emails.value", &[]).await;
    assert_eq!(ids(&bench.accounts().await.unwrap()), [USER, "u-second"], "the second one is not missed");

    // One that was announced and fails.
    let bench = start().await;
    let asked = Mock::given(method("GET"))
        .and(path("/scim/v2/Users"))
        .and(query_param("filter", by_name.trim_start_matches("GET /Users ")));
    asked.respond_with(ResponseTemplate::new(400)).with_priority(2).mount(&bench.server).await;
    assert_eq!(ids(&bench.accounts().await.unwrap()), [USER, "u-second"]);

    // An id that was given to somebody else since, and one that is gone.
    let bench = start().await;
    bench.turns(&format!("/Users/{USER}"), ok(&user(USER, "j.doe@agency.example", &[]))).await;
    bench.turns("/Users/u-second", absent()).await;
    bench.turns("/Users", ok(&list(&[user(USER, "j.doe@agency.example", &[])]))).await;
    bench.finds("userName", std::slice::from_ref(&mara)).await;
    bench.finds("emails.value", &[mara.clone(), second.clone()]).await;
    assert_eq!(ids(&bench.accounts().await.unwrap()), [""; 0]);
    assert_eq!(bench.sent().await.last().unwrap(), "GET /Users", "nobody is no answer of a filter");

    // What stands in an address stays in it.
    let bench = Bench::new().await;
    bench.directory.meet(&leaver(), &[Address::parse("a\"or\\b@agency.example").unwrap()]);
    bench.gives("/ServiceProviderConfig", &announces(true, false)).await;
    bench.gives("/Users", &list(&[user("a", "a", &[])])).await;
    assert_eq!(bench.accounts().await.unwrap(), []);
    assert_eq!(bench.sent().await[1], r#"GET /Users userName eq "A\"OR\\B@AGENCY.EXAMPLE""#);
}

#[tokio::test]
async fn one_member_is_taken_out_of_one_version_of_a_group() {
    let leave = Write::LeaveGroup { account: USER.to_owned(), group: "g-own".to_owned() };
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "remove", "path": format!("members[value eq \"{USER}\"]")}],
    });
    let patch = |answer: ResponseTemplate| {
        let asked = Mock::given(method("PATCH")).and(path("/scim/v2/Groups/g-own")).and(body_json(&body));
        asked.and(header("content-type", "application/scim+json")).respond_with(answer)
    };
    let versioned = merged(group("g-own", "Tools", &[USER]), json!({"meta": {"version": "W/\"meta-7\""}}));
    let tagged = ok(&versioned).insert_header("etag", "W/\"tag-7\"");
    for (announced, shown, version) in [
        (announces(false, true), tagged.clone(), Some("W/\"tag-7\"")),
        (announces(false, true), ok(&versioned), Some("W/\"meta-7\"")),
        (announces(false, true), ok(&group("g-own", "Tools", &[USER])), None),
        (announces(false, false), tagged, None),
    ] {
        let bench = Bench::new().await;
        bench.gives("/ServiceProviderConfig", &announced).await;
        bench.gives(&format!("/Users/{USER}"), &user(USER, "mlind", &[ADDRESS])).await;
        bench.answers("/Groups/g-own", shown).await;
        patch(ResponseTemplate::new(204)).mount(&bench.server).await;
        assert_eq!(bench.act(&leave).await.outcome, Outcome::Done { created: None });
        let sent = bench.server.received_requests().await.unwrap();
        let changes: Vec<_> = sent.iter().filter(|one| one.method.as_str() == "PATCH").collect();
        let [change] = changes.as_slice() else { panic!("one change: {changes:?}") };
        assert_eq!(change.headers.get("if-match").map(|value| value.to_str().unwrap()), version);
    }
    for (answer, outcome) in [
        (ResponseTemplate::new(412), Outcome::Failed(Failure::Refused { status: 412 })),
        (ResponseTemplate::new(403), Outcome::Failed(Failure::Forbidden)),
        (ResponseTemplate::new(500), Outcome::Unknown(Failure::Server { status: 500 })),
    ] {
        let bench = Bench::new().await;
        bench.gives("/Groups/g-own", &group("g-own", "Tools", &[USER])).await;
        bench.gives(&format!("/Users/{USER}"), &user(USER, "mlind", &[ADDRESS])).await;
        patch(answer).mount(&bench.server).await;
        assert_eq!(bench.act(&leave).await.outcome, outcome);
    }
    // The group names its members by another word than the id.
    let bench = Bench::new().await;
    let by_name = json!({"id": "g-own", "members": [{"value": "other"}, {"value": "mlind", "$ref": "../Users/mlind"}]});
    bench.gives("/Groups/g-own", &by_name).await;
    bench.gives(&format!("/Users/{USER}"), &located()).await;
    Mock::given(method("PATCH")).respond_with(ResponseTemplate::new(204)).mount(&bench.server).await;
    assert_eq!(bench.act(&leave).await.outcome, Outcome::Done { created: None });
    let sent = bench.server.received_requests().await.unwrap();
    let body: Value = sent.last().unwrap().body_json().unwrap();
    assert_eq!(body["Operations"][0]["path"], "members[value eq \"mlind\"]");
    // A word that names two, a group among them, another account's place, and members that are not shown: nothing is sent.
    for members in [
        json!([{"value": USER, "type": "User"}, {"value": USER, "type": "Group"}]),
        json!([{"value": USER}, {"value": USER.to_uppercase()}]),
        json!([{"value": USER, "$ref": "../Users/somebody-else"}]),
        json!([{"value": "other"}]),
        Value::Null,
    ] {
        let bench = Bench::new().await;
        bench.gives("/Groups/g-own", &json!({"id": "g-own", "members": members})).await;
        bench.gives(&format!("/Users/{USER}"), &located()).await;
        let outcome = bench.act(&leave).await.outcome;
        assert!(matches!(outcome, Outcome::Failed(Failure::NotConfigured(_))), "{members}: {outcome:?}");
        assert!(bench.server.received_requests().await.unwrap().iter().all(|one| one.method.as_str() == "GET"));
    }
    // A group that is gone, ids that would reach elsewhere, and changes that a directory does not take: nothing is sent.
    let bench = Bench::new().await;
    bench.gives("/ServiceProviderConfig", &announces(false, true)).await;
    bench.answers("/Groups/g-own", absent()).await;
    assert_eq!(bench.act(&leave).await.outcome, Outcome::Failed(Failure::NotFound));
    for write in [
        Write::LeaveGroup { account: String::new(), group: "g-own".to_owned() },
        Write::LeaveGroup { account: USER.to_owned(), group: "..".to_owned() },
        Write::LeaveGroup { account: USER.to_owned(), group: String::new() },
        Write::Unassign { account: USER.to_owned(), assignment: None },
        Write::EndSessions { account: USER.to_owned() },
        Write::Deactivate { id: USER.to_owned() },
    ] {
        let outcome = bench.act(&write).await.outcome;
        assert!(matches!(outcome, Outcome::Failed(Failure::NotConfigured(_))), "{outcome:?}");
    }
    assert!(bench.sent().await.iter().all(|sent| sent.starts_with("GET ")));
}

#[tokio::test]
async fn a_token_is_fetched_by_basic_and_again_when_it_is_refused() {
    let server = MockServer::start().await;
    let mut config = config(&server.uri());
    config.groups.clear();
    config.auth = Access::Client {
        token_url: Url::parse(&format!("{}/oauth/token/", server.uri())).unwrap(),
        client_id: "leaver:1".to_owned(),
        client_secret: SecretString::from("s3cret&of=client"),
        scope: Some("scim read".to_owned()),
    };
    let directory = Directory::new(config, Arc::new(Still), memory() as Arc<dyn CaptureSink>).unwrap();
    // Each part by itself escaped (RFC 6749, 2.3.1), and the address as it was told.
    let basic = "Basic bGVhdmVyJTNBMTpzM2NyZXQlMjZvZiUzRGNsaWVudA==";
    for number in 1..=2 {
        let token = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": format!("token-{number}")});
        let asked = Mock::given(method("POST")).and(path("/oauth/token/")).and(header("authorization", basic));
        let asked = asked.and(body_string("grant_type=client_credentials&scope=scim%20read"));
        asked.respond_with(ok(&token)).up_to_n_times(1).mount(&server).await;
    }
    let with = |token: &str, at: &str, answer: ResponseTemplate| {
        let asked = Mock::given(method("GET")).and(path(format!("/scim/v2{at}")));
        asked.and(header("authorization", format!("Bearer {token}"))).respond_with(answer)
    };
    let (one, all) = (format!("/Users/{USER}"), list(&[user("a", "a", &[])]));
    with("token-1", &one, ok(&user(USER, ADDRESS, &[]))).up_to_n_times(1).mount(&server).await;
    with("token-1", "/Users", ok(&all)).up_to_n_times(1).mount(&server).await;
    with("token-1", &one, ResponseTemplate::new(401)).mount(&server).await;
    with("token-2", &one, ok(&user(USER, ADDRESS, &[]))).mount(&server).await;
    with("token-2", "/Users", ok(&all)).mount(&server).await;
    let read = || async { directory.read(&source(What::Ways(USER.to_owned()))).await.result };
    assert!(read().await.is_ok());
    assert_eq!(read().await.unwrap_err(), Failure::Unauthorized, "it was taken back");
    assert!(read().await.is_ok(), "the next one brings a new token");
    let tokens = server.received_requests().await.unwrap();
    assert_eq!(tokens.iter().filter(|one| one.url.path() == "/oauth/token/").count(), 2);
}

#[test]
fn a_rehearsal_stays_on_this_machine_and_anything_else_is_encrypted() {
    let made = |base: &str, token: Option<&str>, rehearsal: bool| {
        let auth = match token {
            None => Access::Token(SecretString::from("token-1")),
            Some(token) => Access::Client {
                token_url: Url::parse(token).unwrap(),
                client_id: "leaver".to_owned(),
                client_secret: SecretString::from("s3cret"),
                scope: None,
            },
        };
        let config = Config { rehearsal, auth, ..config(base) };
        Directory::new(config, Arc::new(Still), memory() as Arc<dyn CaptureSink>).is_ok()
    };
    let (real, here) = ("https://idp.example:8443", "http://127.0.0.1:9");
    assert!(made(real, None, false) && made(here, None, true));
    assert!(!made(real, None, true) && !made(here, None, false) && !made("http://idp.example", None, false));
    assert!(
        made(real, Some("https://login.example/token"), false) && made(here, Some("http://127.0.0.1:8/token"), true)
    );
    assert!(!made(real, Some("http://login.example/token"), false), "a secret is not sent in the clear");
    assert!(!made(here, Some("https://login.example/token"), true), "nor from a rehearsal to somebody real");
}
