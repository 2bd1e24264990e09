//! Things of a project: paths, and layouts of lists and items.

use leaver_core::ids::Address;
use leaver_core::reading::{Failure, GrantKind, Item, Recipient, Snapshot};
use leaver_core::source::{Kind, What};
use serde_json::{Value, json};

use crate::support::{Bench, PROJECT};

/// Serves this list for a kind and reads it; the path with its query, and the items.
pub(crate) async fn listed(kind: Kind, results: Value) -> (String, Vec<Item>) {
    let bench = Bench::new().await;
    let answer = json!({"status": "ok", "results": results});
    bench.answers_all(wiremock::ResponseTemplate::new(200).set_body_json(answer)).await;
    let items = bench.items(What::List(PROJECT, kind)).await;
    let (_, path, _) = bench.sent().await;
    (path.trim_start_matches("/api/app/projects/3").to_owned(), items)
}

/// A plan's hash must not depend on the order in which the vendor happens to answer.
#[tokio::test]
async fn the_same_things_in_another_order_are_the_same_list() {
    let forward = json!([{"id": 9, "name": "a"}, {"id": 10, "name": "b"}, {"id": 2, "name": "c"}]);
    let backward = json!([{"id": 2, "name": "c"}, {"id": 10, "name": "b"}, {"id": 9, "name": "a"}]);
    let (_, one) = listed(Kind::Cohort, forward).await;
    let (_, other) = listed(Kind::Cohort, backward).await;
    assert_eq!(one.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["2", "9", "10"]);
    assert_eq!(one, other);
}

#[tokio::test]
async fn each_list_has_its_own_path_and_layout() {
    let one = json!([{"id": 1}]);
    let cases = [
        (Kind::Board, "/dashboards", one.clone(), "1"),
        (Kind::Report, "/bookmarks?v=2", json!({"results": [{"id": 1}]}), "1"),
        (Kind::Cohort, "/cohorts", one.clone(), "1"),
        (Kind::CustomEvent, "/data-definitions/events/?custom_event=true", json!([{"customEventId": 5, "id": 9}]), "5"),
        (Kind::CustomProperty, "/custom_properties/", json!([{"customPropertyId": 6}]), "6"),
        (Kind::Metric, "/metrics", json!({"m-1": {"name": "M"}}), "m-1"),
        (Kind::Behavior, "/behaviors", json!({"7": {"id": 7}}), "7"),
        (Kind::Annotation, "/annotations", one.clone(), "1"),
        (Kind::Alert, "/alerts/custom/?skip_user_filter=true", one.clone(), "1"),
        (Kind::Subscription, "/dashboard-reports/email-digests", one.clone(), "1"),
        (Kind::Webhook, "/webhooks/", json!([{"id": "w-1"}]), "w-1"),
        (Kind::Automation, "/agent-flows", one.clone(), "1"),
        (Kind::Pipeline, "/connectors", json!([{"connector_id": "c-1"}]), "c-1"),
        (Kind::WarehouseSource, "/warehouse-sources/sources", one.clone(), "1"),
        (Kind::WarehouseImport, "/warehouse-sources/imports", one.clone(), "1"),
        (
            Kind::Schema,
            "/schemas",
            json!([{"entityType": "event", "name": "Buy/now", "schemaJson": {}}]),
            "event/Buy/now",
        ),
        (Kind::DataView, "/workspaces", one.clone(), "1"),
        (Kind::DeletionRequest, "/data-definitions/events/deletion-requests/", one.clone(), "1"),
        (Kind::SchemaSettings, "/data-definitions/schema/", json!({"notification_emails": []}), "settings"),
        (Kind::Canvas, "/canvases", json!([{"metric_tree_id": "t-1"}]), "t-1"),
    ];
    for (kind, path, results, id) in cases {
        let (asked, items) = listed(kind, results).await;
        assert_eq!(asked, path, "{kind}");
        assert_eq!(items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), [id], "{kind}");
        assert!(items[0].raw.is_null(), "lists do not hold whole objects");
    }
    let bench = Bench::new().await;
    assert!(matches!(bench.failure(What::List(PROJECT, Kind::CohortSync)).await, Failure::NotConfigured(_)));
    let (_, empty) = listed(Kind::Metric, json!({})).await;
    assert!(empty.is_empty());
}

#[tokio::test]
async fn an_object_is_kept_whole_and_its_numbers_stay_numbers() {
    let bench = Bench::new().await;
    let digest = json!({"id": 9_007_199_254_740_993_u64, "recipients": [], "recur": 7, "unknown": {"x": 1.5}, "layout_version": "2.0.0"});
    bench.gives("/api/app/projects/3/dashboard-reports/email-digests/5", json!({"results": digest})).await;
    let item = bench.one(What::Object(PROJECT, Kind::Subscription, "5".to_owned())).await;
    assert_eq!(item.id, "9007199254740993", "beyond the precision of a float");
    assert_eq!(item.raw, digest);

    // Un-enveloped (1.4), by a path that differs from the list's.
    bench.gives("/api/app/projects/3/bookmarks/8", json!({"id": 8, "name": "R"})).await;
    assert_eq!(bench.one(What::Object(PROJECT, Kind::Report, "8".to_owned())).await.title, "R");
    let requests = bench.requests().await;
    assert_eq!(requests[1].url.query(), Some("v=2"));

    bench
        .gives(
            "/api/app/projects/3/schemas/event/Buy%2Fnow",
            json!({"description": "d", "metadata": {"com.mixpanel": {"contacts": ["A@x.example"]}}}),
        )
        .await;
    let schema = bench.one(What::Object(PROJECT, Kind::Schema, "event/Buy/now".to_owned())).await;
    assert_eq!((schema.id.as_str(), schema.description.as_deref()), ("event/Buy/now", Some("d")));
    assert_eq!(schema.owners[0].address.as_ref().unwrap().as_str(), "a@x.example");
    assert!(schema.raw.get("name").is_none(), "as it came");
}

#[tokio::test]
async fn kinds_without_a_read_by_id_are_found_in_their_list() {
    let bench = Bench::new().await;
    bench
        .gives(
            "/api/app/projects/3/webhooks/",
            json!({"results": [{"id": "w-1", "url": "https://Hooks.Agency.example/secret/path"}]}),
        )
        .await;
    let item = bench.one(What::Object(PROJECT, Kind::Webhook, "w-1".to_owned())).await;
    assert_eq!(item.recipients, [Recipient::Host("hooks.agency.example".to_owned())]);
    let missing = bench.failure(What::Object(PROJECT, Kind::Webhook, "w-2".to_owned())).await;
    assert!(matches!(missing, Failure::NotConfigured(_)), "a list that does not show it is no proof of absence");
}

#[tokio::test]
async fn service_accounts_enveloped_and_not() {
    let bench = Bench::new().await;
    let account = json!({"id": 77, "username": "a.x.mp-service-account", "creator": 11, "creator_email": "L@a.example", "user": 900,
        "created": "2024", "last_used": "2026", "expires": null});
    bench.gives("/api/app/organizations/7/service-accounts", json!({"status": "ok", "results": [account]})).await;
    bench.gives("/api/app/organizations/7/service-accounts/77", account.clone()).await;
    bench.gives("/api/app/organizations/7/service-accounts/78", json!({"status": "ok", "results": account})).await;
    for item in [
        bench.items(What::ServiceAccounts).await.remove(0),
        bench.one(What::ServiceAccount(77)).await,
        bench.one(What::ServiceAccount(78)).await,
    ] {
        assert_eq!((item.id.as_str(), item.title.as_str()), ("77", "a.x.mp-service-account"));
        let maker = item.maker.unwrap();
        assert_eq!(
            (maker.id.as_deref(), maker.address.as_ref().map(Address::as_str)),
            (Some("11"), Some("l@a.example"))
        );
        assert_eq!((item.created.as_deref(), item.last_used.as_deref()), (Some("2024"), Some("2026")));
    }
    let not_found = wiremock::ResponseTemplate::new(404).set_body_json(json!({"status": "error", "error": "gone"}));
    bench.answers("GET", "/api/app/organizations/7/service-accounts/79", not_found).await;
    assert_eq!(bench.read(What::ServiceAccount(79)).await.result, Ok(Snapshot::Absent));

    let members = json!({"results": [{"id": 77, "username": "a", "role": "analyst", "target_type": "team", "user": 5},
        {"id": 78, "username": "b", "role": "admin", "target_type": "individual"}, {"id": 79, "username": "c"}]});
    bench.gives("/api/app/projects/3/service-accounts", members).await;
    let kinds: Vec<_> = bench
        .items(What::ProjectServiceAccounts(PROJECT))
        .await
        .into_iter()
        .map(|item| (item.maker, item.projects[0].kind, item.projects[0].project, item.role))
        .collect();
    assert_eq!(
        kinds,
        [
            (None, GrantKind::Team, Some(PROJECT), Some("analyst".to_owned())),
            (None, GrantKind::Individual, Some(PROJECT), Some("admin".to_owned())),
            (None, GrantKind::Unknown, Some(PROJECT), None),
        ]
    );
}

#[tokio::test]
async fn shares_linked_boards_report_data_teams_and_projects() {
    let bench = Bench::new().await;
    bench
        .gives(
            "/api/app/projects/3/shared-entities/dashboards/9",
            json!({"results": {"id": 9, "userShares": [{"id": 11, "email": "L@a.example"}], "teamShares": [{"id": 2}],
                "projectShares": [{"id": 4, "canEdit": true}, {"id": 3, "canEdit": false}]}}),
        )
        .await;
    let Ok(Snapshot::Shares(shares)) = bench.read(What::Shares(PROJECT, Kind::Board, "9".to_owned())).await.result
    else {
        panic!("no shares");
    };
    assert_eq!(shares.people[0].address.as_ref().unwrap().as_str(), "l@a.example");
    assert_eq!((shares.teams, shares.project, shares.project_can_edit), (vec!["2".to_owned()], true, false));
    bench.gives("/api/app/projects/3/shared-entities/cohorts/9", json!({"results": {"id": 9}})).await;
    let nothing = bench.failure(What::Shares(PROJECT, Kind::Cohort, "9".to_owned())).await;
    assert!(matches!(nothing, Failure::Malformed(_)), "no list is not the same as an empty list");
    assert!(matches!(
        bench.failure(What::Shares(PROJECT, Kind::Alert, "9".to_owned())).await,
        Failure::NotConfigured(_)
    ));

    let linked = What::LinkedBoards(PROJECT, "8".to_owned());
    bench.gives("/api/app/projects/3/bookmarks/8/linked-dashboard-ids", json!({"results": [9, 10]})).await;
    assert_eq!(bench.failure(linked.clone()).await, Failure::NotFound, "one of the two calls is not enough");
    let all = json!({"results": {"dashboard_ids": [{"id": 7, "title": "Own"}, "10"]}});
    bench.gives("/api/app/projects/3/dashboards/bookmarks/8/dashboard-ids", all).await;
    let boards = bench.items(linked).await;
    assert_eq!(boards.iter().map(|board| board.id.as_str()).collect::<Vec<_>>(), ["9", "10", "7"]);

    let legacy = What::LegacyPipelines(PROJECT);
    bench
        .gives(
            "/api/2.0/nessie/pipeline/jobs",
            json!({"3": [{"name": "events-daily-gcs-raw", "Dispatcher": "sync", "sync_enabled": "false"}]}),
        )
        .await;
    let jobs = bench.items(legacy.clone()).await;
    assert_eq!((jobs[0].id.as_str(), jobs[0].paused, &jobs[0].maker), ("events-daily-gcs-raw", Some(true), &None));
    assert_eq!(bench.requests().await.last().unwrap().url.query(), Some("project_id=3"));
    for (answer, shown) in [(json!({}), Some(0)), (json!({"4": []}), None), (json!([]), None)] {
        let bench = Bench::new().await;
        bench.gives("/api/2.0/nessie/pipeline/jobs", answer.clone()).await;
        let read = bench.read(legacy.clone()).await.result.ok();
        assert_eq!(read.and_then(|read| read.items().map(<[_]>::len)), shown, "{answer}");
    }

    bench.gives("/api/query/insights", json!({"series": {"a": 1}})).await;
    let data = bench.read(What::ReportData(PROJECT, "8".to_owned())).await;
    assert_eq!(data.result, Ok(Snapshot::Data));
    let requests = bench.requests().await;
    assert_eq!(requests.last().unwrap().url.query(), Some("project_id=3&bookmark_id=8"));

    bench.gives("/organizations/7/projects/", json!({"results": [{"id": 3, "name": "Web", "api_secret": "x"}]})).await;
    let projects = bench.items(What::Projects).await;
    assert_eq!((projects[0].id.as_str(), projects[0].title.as_str(), projects[0].raw.is_null()), ("3", "Web", true));
}
