//! `/me`, and the data view of a project.

use leaver_core::ids::ProjectId;
use leaver_core::reading::{Failure, OrgRole, Snapshot};
use leaver_core::source::{Kind, What};
use serde_json::json;

use crate::support::{Bench, PROJECT};

#[tokio::test]
async fn says_who_we_are_and_what_we_see() {
    let bench = Bench::new().await;
    bench
        .gives(
            "/api/app/me",
            json!({"status": "ok", "results": {
                "user_id": 900, "user_email": "sa@x.mp-service-account", "unknown": true,
                "organizations": {
                    "7": {"id": 7, "name": "Acme", "role": "admin", "permissions": ["delete_members", "add_user"]},
                    "8": {"id": 8, "name": "Other", "role": "owner"},
                },
                "projects": {
                    "3": {"id": 3, "name": "Web", "organization_id": 7, "owner_id": 21, "role": {"id": 1, "name": "analyst"}},
                    "4": {"id": 4, "name": "App", "organization_id": "7", "role": null},
                    "9": {"id": 9, "name": "Foreign", "organization_id": 8, "role": {"id": 1, "name": "owner"}},
                },
                "workspaces": {
                    "30": {"id": 30, "project_id": 3, "is_default": true, "is_global": false},
                    "31": {"id": 31, "project_id": 3, "is_default": false, "is_global": true},
                    "32": {"id": 32, "project_id": 3, "is_restricted": true, "member_list": [
                        {"id": 11, "name": "L", "email": "Leaver@Agency.example", "invited": true},
                        {"name": "nobody"},
                    ]},
                    "41": {"id": 41, "project_id": 4}, "40": {"id": 40, "project_id": 4},
                    "90": {"id": 90, "project_id": 9, "member_list": [{"id": 1, "email": "x@y.example"}]},
                },
            }}),
        )
        .await;
    let me = bench.me().await;
    assert_eq!(me.user_id.as_deref(), Some("900"));
    assert_eq!(me.role, Some(OrgRole::Admin));
    assert_eq!(me.permissions, ["delete_members", "add_user"]);
    assert!(me.sees_organization);
    assert_eq!(
        me.projects.keys().copied().collect::<Vec<_>>(),
        [ProjectId(3), ProjectId(4)],
        "foreign ones are left out"
    );
    let web = &me.projects[&PROJECT];
    assert_eq!((web.name.as_str(), web.role.as_deref(), web.data_view), ("Web", Some("analyst"), Some(31)));
    let app = &me.projects[&ProjectId(4)];
    assert_eq!((app.role.as_deref(), app.data_view), (None, Some(40)));
    assert_eq!((web.owner.as_deref(), app.owner.as_deref()), (Some("21"), None));
    assert_eq!(me.view_members.len(), 1);
    let member = &me.view_members[0];
    assert_eq!((member.project, member.view, member.restricted, member.invited), (PROJECT, 32, true, true));
    assert_eq!(member.address.as_ref().unwrap().as_str(), "leaver@agency.example");
    assert_eq!(bench.requests().await[0].url.query(), None, "with the members of data views");
}

#[tokio::test]
async fn an_organization_that_is_not_named_is_not_ours() {
    let bench = Bench::new().await;
    bench.gives("/api/app/me", json!({"results": {"user_id": 1, "organizations": {}, "projects": {}}})).await;
    let me = bench.me().await;
    assert_eq!((me.sees_organization, me.role), (false, None));

    let bench = Bench::new().await;
    bench.gives("/api/app/me", json!({"results": {}})).await;
    assert!(matches!(bench.failure(What::Me).await, Failure::Malformed(_)), "nobody is named");
}

#[tokio::test]
async fn the_data_view_is_asked_for_once() {
    let bench = Bench::new().await;
    bench
        .gives(
            "/api/app/me",
            json!({"results": {
                "user_id": 1,
                "projects": {"3": {"id": 3, "organization_id": 7}, "4": {"id": 4, "organization_id": 7}},
                "workspaces": {"31": {"id": 31, "project_id": 3, "is_global": true}},
            }}),
        )
        .await;
    bench.gives("/api/app/projects/3/workspaces/31/feature-flags", json!({"results": [{"id": "f1"}]})).await;
    bench.gives("/api/app/workspaces/31/experiments", json!({"results": [{"id": "e1", "status": "draft"}]})).await;
    let first = bench.read(What::List(PROJECT, Kind::Flag)).await;
    assert_eq!(first.captures.len(), 2, "the answer about ourselves is evidence too");
    assert_eq!(bench.read(What::List(PROJECT, Kind::Flag)).await.captures.len(), 1);
    assert_eq!(bench.items(What::List(PROJECT, Kind::Experiment)).await[0].id, "e1");
    let asked = bench.requests().await.iter().filter(|request| request.url.path() == "/api/app/me").count();
    assert_eq!(asked, 1);
    let none = bench.failure(What::List(ProjectId(4), Kind::Flag)).await;
    assert!(matches!(none, Failure::NotConfigured(_)), "a project without a visible data view");
}

#[tokio::test]
async fn nothing_is_gone_because_a_data_view_was_replaced() {
    let bench = Bench::new().await;
    let me = |view: u64| {
        json!({"results": {"user_id": 1, "projects": {"3": {"id": 3, "organization_id": 7}},
            "workspaces": {view.to_string(): {"id": view, "project_id": 3, "is_global": true}}}})
    };
    let once = wiremock::Mock::given(wiremock::matchers::path("/api/app/me"));
    let first = wiremock::ResponseTemplate::new(200).set_body_json(me(31));
    once.respond_with(first).up_to_n_times(1).mount(&bench.server).await;
    bench.gives("/api/app/me", me(32)).await;
    bench.gives("/api/app/workspaces/32/experiments/e-1", json!({"results": {"id": "e-1"}})).await;
    let gone = wiremock::ResponseTemplate::new(404).set_body_json(json!({"status": "error"}));
    bench.answers_all(gone).await;
    let item = bench.one(What::Object(PROJECT, Kind::Experiment, "e-1".to_owned())).await;
    assert_eq!(item.id, "e-1");
    let absent = bench.read(What::Object(PROJECT, Kind::Experiment, "e-2".to_owned())).await;
    assert_eq!(absent.result, Ok(Snapshot::Absent));
}
