//! SCIM (RFC 7644).

use leaver_connectors::mixpanel::Deactivation;
use leaver_core::reading::{Failure, Roster, Snapshot, Team};
use leaver_core::source::What;
use leaver_core::write::{Outcome, Write};
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, ResponseTemplate};

use crate::support::Bench;

const USERS: &str = "/api/app/scim/v2/Users";

fn user(id: u64, active: &Value) -> Value {
    json!({"id": id.to_string(), "userName": format!("P{id}@Example.com"), "active": active,
           "name": {"givenName": "P", "familyName": id.to_string()}, "meta": {"created": "2024-01-01T00:00:00Z"}})
}

async fn page(bench: &Bench, start: u64, total: u64, users: &[Value]) {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total, "startIndex": start, "itemsPerPage": users.len(), "Resources": users,
    });
    Mock::given(method("GET"))
        .and(path(USERS))
        .and(query_param("startIndex", start.to_string()))
        .respond_with(ResponseTemplate::new(200).set_body_raw(body.to_string(), "application/scim+json"))
        .mount(&bench.server)
        .await;
}

async fn read(bench: &Bench) -> Result<Roster, Failure> {
    bench.roster(What::ScimUsers).await
}

#[tokio::test]
async fn all_pages_and_every_spelling_of_active() {
    let bench = Bench::new().await;
    page(&bench, 1, 5, &[user(1, &json!("True")), user(2, &json!("false"))]).await;
    page(&bench, 3, 5, &[user(3, &json!(true)), user(4, &json!("true"))]).await;
    page(&bench, 5, 5, &[user(5, &Value::Null)]).await;
    let roster = read(&bench).await.unwrap();
    let active: Vec<_> = roster.members.iter().map(|member| member.active).collect();
    assert_eq!(active, [Some(true), Some(false), Some(true), Some(true), None]);
    let first = &roster.members[0];
    assert_eq!((first.address.as_str(), first.id.as_deref()), ("p1@example.com", Some("1")));
    assert_eq!((first.name.as_deref(), first.created.as_deref()), (Some("P 1"), Some("2024-01-01T00:00:00Z")));
    assert!(!roster.shows_roles && !roster.shows_grants);
    let requests = bench.requests().await;
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].headers["authorization"], "Bearer scim-token");
}

#[tokio::test]
async fn counts_that_disagree_are_incomplete() {
    let bench = Bench::new().await;
    page(&bench, 1, 3, &[user(1, &json!(true)), user(2, &json!(true))]).await;
    page(&bench, 3, 3, &[]).await;
    assert!(matches!(read(&bench).await, Err(Failure::Incomplete(_))), "one is missing");

    let bench = Bench::new().await;
    page(&bench, 1, 3, &[user(1, &json!(true)), user(2, &json!(true))]).await;
    page(&bench, 3, 4, &[user(3, &json!(true))]).await;
    assert!(matches!(read(&bench).await, Err(Failure::Incomplete(_))), "the total moved");

    let bench = Bench::new().await;
    page(&bench, 1, 3, &[user(1, &json!(true)), user(2, &json!(true))]).await;
    page(&bench, 3, 3, &[user(2, &json!(true))]).await;
    assert!(matches!(read(&bench).await, Err(Failure::Incomplete(_))), "one came twice");

    let bench = Bench::new().await;
    page(&bench, 1, 1, &[user(1, &json!(true)), user(2, &json!(true))]).await;
    assert!(matches!(read(&bench).await, Err(Failure::Incomplete(_))), "more than there are");
    assert_eq!(bench.requests().await.len(), 1, "noticed at once");

    let bench = Bench::new().await;
    page(&bench, 1, 3, &[user(1, &json!(true))]).await;
    bench.answers("GET", USERS, ResponseTemplate::new(500)).await;
    assert!(matches!(read(&bench).await, Err(Failure::Incomplete(_))), "a page failed");

    let bench = Bench::new().await;
    page(&bench, 1, 1, &[json!({"id": "9", "userName": "robot"})]).await;
    assert!(matches!(read(&bench).await, Err(Failure::Incomplete(_))), "somebody cannot be told");

    let bench = Bench::new().await;
    bench.gives(USERS, json!({"Resources": [user(1, &json!(true))]})).await;
    assert!(matches!(read(&bench).await, Err(Failure::Malformed(_))), "no count at all");
}

#[tokio::test]
async fn a_person_is_found_under_each_of_their_addresses() {
    let bench = Bench::new().await;
    let person = json!({"id": "5", "userName": "x1@corp.example", "active": true,
        "emails": [{"value": "Leaver@Agency.example", "primary": true}, {"value": "x1@corp.example"}]});
    page(&bench, 1, 1, &[person]).await;
    let roster = read(&bench).await.unwrap();
    let found: Vec<_> = roster.members.iter().map(|member| (member.address.as_str(), member.id.as_deref())).collect();
    assert_eq!(found, [("leaver@agency.example", Some("5")), ("x1@corp.example", Some("5"))]);
}

fn ids(team: &Team) -> Vec<&str> {
    team.members.iter().flatten().filter_map(|member| member.id.as_deref()).collect()
}

#[tokio::test]
async fn groups_stand_in_for_teams_that_are_refused() {
    let groups = "/api/app/scim/v2/Groups";
    let group = |id: &str, members: Value| json!({"id": id, "displayName": format!("Team {id}"), "members": members});
    let list = |start: u64, resources: Value| {
        let body = json!({"totalResults": 3, "startIndex": start, "Resources": resources});
        Mock::given(method("GET"))
            .and(path(groups))
            .and(query_param("startIndex", start.to_string()))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
    };
    let bench = Bench::new().await;
    bench.answers("GET", "/organizations/7/teams", ResponseTemplate::new(403)).await;
    list(1, json!([group("1", json!([{"value": "5"}])), group("2", json!([]))])).mount(&bench.server).await;
    list(3, json!([{"id": "3", "displayName": "Team 3"}])).mount(&bench.server).await;
    bench.gives(&format!("{groups}/3"), group("3", json!([{"value": "6"}]))).await;
    let Ok(Snapshot::Teams(list)) = bench.read(What::Teams).await.result else { panic!("no teams") };
    assert!(list.by_scim && list.teams.iter().all(|team| team.grants.is_none()), "a group does not say what it gives");
    let shown: Vec<_> = list.teams.iter().map(|team| (team.name.as_str(), ids(team))).collect();
    let expected = [("Team 1", vec!["5"]), ("Team 2", vec![]), ("Team 3", vec!["6"])];
    assert_eq!(shown, expected, "the last one came without its members and was read by itself");

    let bench = Bench::new().await;
    bench.answers("GET", "/organizations/7/teams", ResponseTemplate::new(500)).await;
    assert_eq!(bench.failure(What::Teams).await, Failure::Server { status: 500 }, "may pass: no other way is taken");
    let bench = Bench::with(|config| config.scim = None).await;
    bench.answers("GET", "/organizations/7/teams", ResponseTemplate::new(403)).await;
    assert_eq!(bench.failure(What::Teams).await, Failure::Forbidden);
}

#[tokio::test]
async fn deactivation_is_one_patch_and_never_a_second_write() {
    let bench = Bench::new().await;
    bench.answers("PATCH", "/api/app/scim/v2/Users/u5", ResponseTemplate::new(501)).await;
    let write = Write::Deactivate { id: "u5".to_owned() };
    assert_eq!(bench.act(&write).await.outcome, Outcome::Unknown(Failure::Server { status: 501 }));

    let bench = Bench::new().await;
    bench.answers("PATCH", "/api/app/scim/v2/Users/u5", ResponseTemplate::new(400)).await;
    assert_eq!(bench.act(&write).await.outcome, Outcome::Failed(Failure::Refused { status: 400 }));
    let (method, _, body) = bench.sent().await;
    assert_eq!(method, "PATCH");
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": false}],
        })
    );
    assert_eq!(bench.requests().await[0].headers["content-type"], "application/scim+json");
}

#[tokio::test]
async fn put_sends_the_person_as_just_read() {
    let bench = Bench::with(|config| {
        if let Some(scim) = &mut config.scim {
            scim.deactivation = Deactivation::Put;
        }
    })
    .await;
    let at = "/api/app/scim/v2/Users/u5";
    bench.gives(at, json!({"id": "u5", "userName": "a@b.example", "active": true, "x": 1, "meta": {}})).await;
    bench.answers("PUT", at, ResponseTemplate::new(200).set_body_json(json!({"id": "u5", "active": false}))).await;
    let written = bench.act(&Write::Deactivate { id: "u5".to_owned() }).await;
    assert_eq!(written.outcome, Outcome::Done { created: None });
    assert_eq!(written.captures.len(), 2);
    let requests = bench.requests().await;
    assert_eq!(
        requests[1].body_json::<Value>().unwrap(),
        json!({"id": "u5", "userName": "a@b.example", "active": false, "x": 1})
    );
}

#[tokio::test]
async fn deletion_answers_204_and_no_token_means_not_configured() {
    let bench = Bench::new().await;
    bench.answers("DELETE", "/api/app/scim/v2/Users/u5", ResponseTemplate::new(204)).await;
    let write = Write::DeleteByScim { id: "u5".to_owned() };
    assert_eq!(bench.act(&write).await.outcome, Outcome::Done { created: None });

    let bench = Bench::with(|config| config.scim = None).await;
    assert!(matches!(bench.act(&write).await.outcome, Outcome::Failed(Failure::NotConfigured(_))));
    assert!(matches!(bench.failure(What::ScimUsers).await, Failure::NotConfigured(_)));
    assert!(bench.requests().await.is_empty());
}
