//! The member list in layouts that somebody might send.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use leaver_core::ids::ProjectId;
use leaver_core::reading::{Failure, Grant, GrantKind, Member, OrgRole, Roster};
use leaver_core::source::What;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{Bench, PROJECT};

const USERS: &str = "/organizations/7/users/";

async fn read(body: Value) -> Result<Roster, Failure> {
    let bench = Bench::new().await;
    bench.gives(USERS, body).await;
    bench.roster(What::Roster).await
}

fn addresses(roster: &Roster) -> Vec<&str> {
    roster.members.iter().map(|member| member.address.as_str()).collect()
}

fn short(member: &Member) -> (&str, Option<&str>, Option<OrgRole>) {
    (member.address.as_str(), member.id.as_deref(), member.role)
}

fn grant(kind: GrantKind, project: u64, role: Option<&str>, team: Option<&str>) -> Grant {
    Grant { kind, project: Some(ProjectId(project)), role: role.map(str::to_owned), team: team.map(str::to_owned) }
}

/// The same two people in each layout, as far as the layout can say it.
#[tokio::test]
async fn two_people_in_many_layouts() {
    let full = [
        ("ann@acme.example", Some("1"), Some(OrgRole::Owner)),
        ("lee@agency.example", Some("2"), Some(OrgRole::BillingAdmin)),
    ];
    let ids = full.map(|(address, id, _)| (address, id, None));
    let roles = full.map(|(address, _, role)| (address, None, role));
    let bare = full.map(|(address, ..)| (address, None, None));
    let cases = [
        (
            "objects",
            full,
            json!({"status": "ok", "results": [
            {"id": 1, "email": "Ann@Acme.example", "role": "owner"}, {"id": "2", "email": "lee@agency.example", "role": "Billing Admin"}]}),
        ),
        (
            "by address",
            full,
            json!({"results": {
            "Ann@acme.example": {"user_id": 1, "org_role": "OWNER"}, "lee@agency.example": {"user_id": 2, "organization_role": "billing_admin"}}}),
        ),
        (
            "by id",
            full,
            json!({"results": {"users": {
            "1": {"username": "ann@acme.example", "role": {"id": 9, "name": "Owner"}}, "2": {"username": "lee@agency.example", "role": {"name": "Billing-Admin"}}}}}),
        ),
        ("plain texts", bare, json!(["ann@acme.example", "LEE@agency.example"])),
        ("id to address", ids, json!({"results": {"1": "ann@acme.example", "2": "lee@agency.example"}})),
        ("address to role", roles, json!({"ann@acme.example": "owner", "lee@agency.example": "billing admin"})),
        (
            "wrapped",
            full,
            json!({"members": [
            {"membership": 70, "id": 500, "user": {"id": 1, "email": "ann@acme.example"}, "role": "owner"},
            {"membership": 71, "id": 501, "user": {"id": 2, "email": "lee@agency.example"}, "role": {"name": "billingadmin"}}]}),
        ),
        (
            "attributes",
            full,
            json!({"data": [
            {"type": "user", "id": "1", "attributes": {"email": "ann@acme.example", "orgRole": "owner", "id": 1}},
            {"type": "user", "id": "2", "attributes": {"email": "lee@agency.example", "orgRole": "billing", "id": 2}}]}),
        ),
        (
            "deep",
            full,
            json!({"results": {"organization": {"people": {"active": [{"pk": 1, "mail": "ann@acme.example", "roleName": "owner"}],
            "others": [[{"pk": 2, "mail": "lee@agency.example", "roleName": "billingAdmin"}]]}}}}),
        ),
        (
            "below teams",
            ids,
            json!({"teams": {"A": {"id": 77, "members": [{"id": 1, "email": "ann@acme.example", "role": "admin"}]},
            "B": {"id": 78, "members": [{"id": 2, "email": "lee@agency.example", "role": "owner"}, {"id": 1, "email": "ann@acme.example"}]}}}),
        ),
    ];
    for (layout, expected, body) in cases {
        let roster = read(body).await.unwrap_or_else(|failure| panic!("{layout}: {failure}"));
        let found: Vec<_> = roster.members.iter().map(short).collect();
        assert_eq!(found, expected, "{layout}");
        assert_eq!(roster.shows_roles, expected[0].2.is_some(), "{layout}");
        assert!(!roster.shows_grants && roster.grant_kinds.is_empty(), "{layout}");
    }
}

#[tokio::test]
async fn grants_are_told_apart_and_never_made_up() {
    let person = |key: &str, value: Value| json!([{"email": "a@x.example", key: value}]);
    let cases = [
        (json!([{"email": "a@x.example"}]), None),
        (person("projects", json!(null)), None),
        (person("projects", json!(4)), None),
        (person("projects", json!([])), Some(vec![])),
        (
            person("projects", json!([3, "4"])),
            Some(vec![grant(GrantKind::Unknown, 3, None, None), grant(GrantKind::Unknown, 4, None, None)]),
        ),
        (
            person(
                "projects",
                json!([{"id": 3, "role": "analyst", "type": "individual"}, {"project_id": 4, "role": {"name": "admin"}, "team": {"name": "T"}}]),
            ),
            Some(vec![
                grant(GrantKind::Individual, 3, Some("analyst"), None),
                grant(GrantKind::Team, 4, Some("admin"), Some("T")),
            ]),
        ),
        (
            person("project_roles", json!({"3": "analyst", "4": {"role": "admin", "source": "all_users"}})),
            Some(vec![
                grant(GrantKind::AllUsers, 4, Some("admin"), None),
                grant(GrantKind::Unknown, 3, Some("analyst"), None),
            ]),
        ),
        (
            person(
                "grants",
                json!([{"id": 900, "project": {"id": 3}, "target_type": "organization", "role": "consumer"}]),
            ),
            Some(vec![grant(GrantKind::OrganizationRole, 3, Some("consumer"), None)]),
        ),
        (
            person(
                "projects",
                json!([{"id": 3, "type": "PROJECT", "role": "analyst", "sources": ["individual", "team"]}]),
            ),
            Some(vec![
                grant(GrantKind::Individual, 3, Some("analyst"), None),
                grant(GrantKind::Team, 3, Some("analyst"), None),
            ]),
        ),
        (
            json!({"projects": [{"id": 3, "users": [{"id": 1, "email": "a@x.example", "role": "owner"}]}, {"id": 4, "users": ["b@x.example"]}]}),
            Some(vec![grant(GrantKind::Unknown, 3, Some("owner"), None)]),
        ),
    ];
    for (body, grants) in cases {
        let roster = read(body.clone()).await.unwrap();
        let ann = &roster.members[0];
        assert_eq!(ann.grants, grants, "{body}");
        assert_eq!(roster.shows_grants, grants.is_some(), "{body}");
        let kinds: BTreeSet<_> = grants.iter().flatten().map(|grant| grant.kind).collect();
        assert_eq!(roster.grant_kinds, kinds, "{body}");
        assert_eq!(ann.role, None, "a role in a project is none in the organization: {body}");
    }
}

#[tokio::test]
async fn what_only_looks_like_a_person_is_none() {
    let hostile = json!({
        "status": "ok",
        "message": "leaver@agency.example",
        "requested_by": "leaver@agency.example",
        "support_email": "leaver@agency.example",
        "results": [
            {"id": 1, "email": "ann@acme.example", "name": "leaver@agency.example", "invited_by": "leaver@agency.example",
             "createdBy": {"id": 2, "email": "leaver@agency.example"}, "note": "leaver@agency.example",
             "bio": "write to leaver@agency.example", "url": "https://leaver@agency.example/x",
             "projects": [{"id": 3, "owner": "leaver@agency.example"}]},
            {"id": 4, "text": "contact leaver@agency.example please"},
            {"id": 5, "text": "mailto:leaver@agency.example"},
            {"id": 6, "text": "<leaver@agency.example>"},
            {"id": 7, "text": "leaver@agency.example,ann@acme.example"},
            {"id": 8, "text": "leaver@@agency.example"},
            "@", "a@b", "leaver@", "@agency.example", "leaver@agency..example", 17, null, true, [], {},
        ],
    });
    let roster = read(hostile).await.unwrap();
    assert_eq!(addresses(&roster), ["ann@acme.example"]);
    let ann = &roster.members[0];
    assert_eq!((ann.id.as_deref(), ann.name.as_deref()), (Some("1"), None));
}

#[tokio::test]
async fn a_person_found_twice_is_one_and_the_organization_knows_best() {
    let roster = read(json!({"results": {
        "teams": [{"id": 70, "members": [{"id": 900, "email": "ANN@acme.example", "role": "consumer", "last_login": "2026"}]}],
        "users": [{"id": 1, "email": "ann@acme.example", "role": "admin", "projects": [3]}],
        "projects": {"3": {"users": {"ann@acme.example": "analyst"}}},
    }}))
    .await
    .unwrap();
    assert_eq!(roster.members.len(), 1);
    let ann = &roster.members[0];
    assert_eq!(
        (ann.id.as_deref(), ann.role, ann.last_seen.as_deref()),
        (Some("1"), Some(OrgRole::Admin), Some("2026"))
    );
    let grants = ann.grants.clone().unwrap();
    assert_eq!(grants, [grant(GrantKind::Unknown, 3, None, None), grant(GrantKind::Unknown, 3, Some("analyst"), None)]);
}

#[tokio::test]
async fn the_other_columns_where_they_are_shown() {
    let roster = read(json!([
        {"email": "a@x.example", "first_name": "A", "last_name": "B", "is_active": "False", "last_seen": "2026-01-02", "date_joined": "2020-01-01"},
        {"email": "b@x.example", "status": "deactivated"}, {"email": "c@x.example", "status": "strange"}, {"email": "d@x.example", "role": "superuser"},
    ]))
    .await
    .unwrap();
    let a = &roster.members[0];
    assert_eq!((a.name.as_deref(), a.active), (Some("A B"), Some(false)));
    assert_eq!((a.last_seen.as_deref(), a.created.as_deref()), (Some("2026-01-02"), Some("2020-01-01")));
    assert_eq!((roster.members[1].active, roster.members[2].active), (Some(false), None));
    assert_eq!((roster.members[3].role, roster.shows_roles), (None, false), "a word that nobody knows is no role");
}

#[tokio::test]
async fn a_list_that_is_not_whole_is_a_failure() {
    let some = json!(["a@x.example", "b@x.example"]);
    for around in [
        json!({"results": some, "total": 3}),
        json!({"results": {"users": some, "total_count": "7"}}),
        json!({"results": some, "pagination": {"total": 3}}),
        json!({"results": some, "has_more": true}),
        json!({"results": some, "next": "https://mixpanel.com/next"}),
    ] {
        assert!(matches!(read(around.clone()).await, Err(Failure::Incomplete(_))), "{around}");
    }
    assert_eq!(
        read(json!({"results": some, "total": 2, "next": null, "has_more": false})).await.unwrap().members.len(),
        2
    );
    for nobody in [json!({"results": []}), json!({}), json!([]), json!({"results": {"users": {"1": {"name": "x"}}}})] {
        assert!(matches!(read(nobody).await, Err(Failure::Malformed(_))), "an organization has an owner");
    }
}

#[tokio::test]
async fn pages_are_followed() {
    let bench = Bench::new().await;
    let second = json!({"results": [{"email": "b@x.example"}], "pagination": {"next_cursor": null}});
    wiremock::Mock::given(wiremock::matchers::query_param("cursor", "c2"))
        .respond_with(ResponseTemplate::new(200).set_body_json(second))
        .mount(&bench.server)
        .await;
    bench.gives(USERS, json!({"results": [{"email": "a@x.example"}], "pagination": {"next_cursor": "c2"}})).await;
    let reading = bench.read(What::Roster).await;
    assert!(reading.to_the_end);
    assert_eq!(reading.captures.len(), 2);
    let Ok(leaver_core::reading::Snapshot::Roster(roster)) = reading.result else {
        panic!("no roster");
    };
    assert_eq!(addresses(&roster), ["a@x.example", "b@x.example"]);
}

#[tokio::test]
async fn a_refusal_is_no_empty_list() {
    for (answer, failure) in [
        (ResponseTemplate::new(403).set_body_json(json!({"status": "error"})), Failure::Forbidden),
        (ResponseTemplate::new(200).set_body_raw("<html>a@x.example</html>", "text/html"), Failure::Html),
        (
            ResponseTemplate::new(200).set_body_json(json!({"status": "error", "error": "a@x.example"})),
            Failure::Refused { status: 200 },
        ),
    ] {
        let bench = Bench::new().await;
        bench.answers_all(answer).await;
        assert_eq!(bench.failure(What::Roster).await, failure);
    }
}

#[tokio::test]
async fn a_large_organization_is_read() {
    let mut body = "{\"status\":\"ok\",\"results\":[".to_owned();
    for n in 0..30_000 {
        let comma = if n == 0 { "" } else { "," };
        write!(
            body,
            "{comma}{{\"id\":{n},\"email\":\"person{n}@example.com\",\"name\":\"Person {n}\",\"role\":\"member\",\
             \"projects\":[{{\"id\":{PROJECT},\"role\":\"analyst\"}}]}}"
        )
        .unwrap();
    }
    body.push_str("]}");
    let whole = |roster: Roster| {
        assert_eq!(roster.members.len(), 30_000);
        let ordered = roster.members.iter().zip(roster.members.iter().skip(1)).all(|(a, b)| a.address < b.address);
        assert!(ordered, "each once, in the order of the addresses");
        roster
    };
    let read = async |body: String| {
        let bench = Bench::new().await;
        bench.answers("GET", USERS, ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
        bench.roster(What::Roster).await
    };
    let roster = whole(read(body.clone()).await.unwrap());
    assert!(roster.shows_roles && roster.shows_grants);
    let cut = body[..body.len() - 20].to_owned();
    assert!(matches!(read(cut).await, Err(Failure::Malformed(why)) if why.starts_with("it ends too early")));
    let late = format!("{}, \"status\": \"error\"}}", &body[..body.len() - 1]);
    assert_eq!(read(late).await, Err(Failure::Refused { status: 200 }), "the word may stand behind the people");

    // Maps of people, and a list deeper in the answer, beside what counts it.
    let entries = |key: &dyn Fn(u32) -> String, value: &dyn Fn(u32) -> String| {
        (0..30_000).map(|n| format!("\"{}\":{}", key(n), value(n))).collect::<Vec<_>>().join(",")
    };
    let address = |n: u32| format!("person{n}@example.com");
    let granted = |n: u32| format!("{{\"id\":{n},\"role\":\"member\",\"projects\":{{\"3\":\"analyst\"}}}}");
    let named = |n: u32| format!("{{\"email\":\"{}\",\"role\":\"member\"}}", address(n));
    let by_address = entries(&address, &granted);
    let by_id = entries(&|n| n.to_string(), &named);
    let bare = (0..30_000).map(|n| format!("\"{}\"", address(n))).collect::<Vec<_>>().join(",");
    let layouts = [
        (format!("{{\"results\":{{{by_address}}},\"status\":\"ok\"}}"), (true, true, true)),
        (format!("{{\"status\":\"ok\",\"results\":{{\"users\":{{{by_id}}},\"total\":30000}}}}"), (true, true, false)),
        (format!("[{bare}]"), (false, false, false)),
    ];
    for (body, (ids, roles, grants)) in layouts {
        let roster = whole(read(body).await.unwrap());
        assert!(roster.members.iter().all(|member| member.id.is_some() == ids));
        assert_eq!((roster.shows_roles, roster.shows_grants), (roles, grants));
    }
    let short = format!("{{\"results\":{{\"users\":{{{by_id}}},\"total\":30001}}}}");
    assert!(matches!(read(short).await, Err(Failure::Incomplete(_))));
}
