//! Things of a project: paths, layouts of lists, and fields.

use leaver_core::ids::Address;
use leaver_core::reading::{Failure, GrantKind, Item, Recipient, Snapshot};
use leaver_core::source::{Kind, What};
use serde_json::{Value, json};

use crate::support::{Bench, PROJECT};

/// Serves this list for a kind and reads it; the path with its query, and the items.
async fn listed(kind: Kind, results: Value) -> (String, Vec<Item>) {
    let bench = Bench::new().await;
    let answer = json!({"status": "ok", "results": results});
    bench
        .answers_all(wiremock::ResponseTemplate::new(200).set_body_json(answer))
        .await;
    let items = bench.items(What::List(PROJECT, kind)).await;
    let (_, path, _) = bench.sent().await;
    (
        path.trim_start_matches("/api/app/projects/3").to_owned(),
        items,
    )
}

async fn only(kind: Kind, thing: Value) -> Item {
    let (_, mut items) = listed(kind, json!([thing])).await;
    assert_eq!(items.len(), 1);
    items.remove(0)
}

fn mail(text: &str) -> Recipient {
    Recipient::Mail(Address::parse(text).unwrap())
}

#[tokio::test]
async fn each_list_has_its_own_path_and_layout() {
    let one = json!([{"id": 1}]);
    let cases = [
        (Kind::Board, "/dashboards", one.clone(), "1"),
        (
            Kind::Report,
            "/bookmarks?v=2",
            json!({"results": [{"id": 1}]}),
            "1",
        ),
        (Kind::Cohort, "/cohorts", one.clone(), "1"),
        (
            Kind::CustomEvent,
            "/data-definitions/events/?custom_event=true",
            json!([{"customEventId": 5, "id": 9}]),
            "5",
        ),
        (
            Kind::CustomProperty,
            "/custom_properties/",
            json!([{"customPropertyId": 6}]),
            "6",
        ),
        (
            Kind::Metric,
            "/metrics",
            json!({"m-1": {"name": "M"}}),
            "m-1",
        ),
        (Kind::Behavior, "/behaviors", json!({"7": {"id": 7}}), "7"),
        (Kind::Annotation, "/annotations", one.clone(), "1"),
        (
            Kind::Alert,
            "/alerts/custom/?skip_user_filter=true",
            one.clone(),
            "1",
        ),
        (
            Kind::Subscription,
            "/dashboard-reports/email-digests",
            one.clone(),
            "1",
        ),
        (Kind::Webhook, "/webhooks/", json!([{"id": "w-1"}]), "w-1"),
        (Kind::Automation, "/agent-flows", one.clone(), "1"),
        (
            Kind::Pipeline,
            "/connectors",
            json!([{"connector_id": "c-1"}]),
            "c-1",
        ),
        (
            Kind::WarehouseSource,
            "/warehouse-sources/sources",
            one.clone(),
            "1",
        ),
        (
            Kind::WarehouseImport,
            "/warehouse-sources/imports",
            one.clone(),
            "1",
        ),
        (
            Kind::Schema,
            "/schemas",
            json!([{"entityType": "event", "name": "Buy/now", "schemaJson": {}}]),
            "event/Buy/now",
        ),
        (Kind::DataView, "/workspaces", one.clone(), "1"),
        (
            Kind::DeletionRequest,
            "/data-definitions/events/deletion-requests/",
            one.clone(),
            "1",
        ),
        (
            Kind::SchemaSettings,
            "/data-definitions/schema/",
            json!({"notification_emails": []}),
            "settings",
        ),
        (
            Kind::Canvas,
            "/canvases",
            json!([{"metric_tree_id": "t-1"}]),
            "t-1",
        ),
    ];
    for (kind, path, results, id) in cases {
        let (asked, items) = listed(kind, results).await;
        assert_eq!(asked, path, "{kind}");
        assert_eq!(
            items
                .iter()
                .map(|item| item.id.as_str())
                .collect::<Vec<_>>(),
            [id],
            "{kind}"
        );
        assert!(items[0].raw.is_null(), "lists do not hold whole objects");
    }
    let bench = Bench::new().await;
    assert!(matches!(
        bench.failure(What::List(PROJECT, Kind::CohortSync)).await,
        Failure::NotConfigured(_)
    ));
    let (_, empty) = listed(Kind::Metric, json!({})).await;
    assert!(empty.is_empty());
}

#[tokio::test]
async fn an_object_is_kept_whole_and_its_numbers_stay_numbers() {
    let bench = Bench::new().await;
    let digest = json!({"id": 9_007_199_254_740_993_u64, "recipients": [], "recur": 7, "unknown": {"x": 1.5}, "layout_version": "2.0.0"});
    bench
        .gives(
            "/api/app/projects/3/dashboard-reports/email-digests/5",
            json!({"results": digest}),
        )
        .await;
    let item = bench
        .one(What::Object(PROJECT, Kind::Subscription, "5".to_owned()))
        .await;
    assert_eq!(
        item.id, "9007199254740993",
        "beyond the precision of a float"
    );
    assert_eq!(item.raw, digest);

    // Un-enveloped (1.4), by a path that differs from the list's.
    bench
        .gives(
            "/api/app/projects/3/bookmarks/8",
            json!({"id": 8, "name": "R"}),
        )
        .await;
    assert_eq!(
        bench
            .one(What::Object(PROJECT, Kind::Report, "8".to_owned()))
            .await
            .title,
        "R"
    );
    let requests = bench.requests().await;
    assert_eq!(requests[1].url.query(), Some("v=2"));

    bench.gives("/api/app/projects/3/schemas/event/Buy%2Fnow", json!({"description": "d", "metadata": {"com.mixpanel": {"contacts": ["A@x.example"]}}})).await;
    let schema = bench
        .one(What::Object(
            PROJECT,
            Kind::Schema,
            "event/Buy/now".to_owned(),
        ))
        .await;
    assert_eq!(
        (schema.id.as_str(), schema.description.as_deref()),
        ("event/Buy/now", Some("d"))
    );
    assert_eq!(
        schema.owners[0].address.as_ref().unwrap().as_str(),
        "a@x.example"
    );
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
    let item = bench
        .one(What::Object(PROJECT, Kind::Webhook, "w-1".to_owned()))
        .await;
    assert_eq!(
        item.recipients,
        [Recipient::Host("hooks.agency.example".to_owned())]
    );
    let missing = bench
        .failure(What::Object(PROJECT, Kind::Webhook, "w-2".to_owned()))
        .await;
    assert!(
        matches!(missing, Failure::NotConfigured(_)),
        "a list that does not show it is no proof of absence"
    );
}

#[tokio::test]
async fn makers_in_every_spelling() {
    let flat = json!({"id": 1, "creator_id": 11, "creator_email": "L@A.example", "creator_name": "L", "creator": "L"});
    let nested = json!({"id": 1, "created_by": {"id": "11", "name": "L", "email": "l@a.example"}});
    let cases = [
        (
            Kind::Board,
            flat,
            (Some("11"), Some("l@a.example"), Some("L")),
        ),
        (
            Kind::Cohort,
            nested,
            (Some("11"), Some("l@a.example"), Some("L")),
        ),
        (
            Kind::Alert,
            json!({"id": 1, "creator": {"id": 11, "first_name": "L", "last_name": "Eaver", "email": "l@a.example"}}),
            (Some("11"), Some("l@a.example"), Some("L Eaver")),
        ),
        (
            Kind::Annotation,
            json!({"id": 1, "user": {"id": 11, "first_name": "L"}}),
            (Some("11"), None, Some("L")),
        ),
        (
            Kind::CustomProperty,
            json!({"id": 1, "user": 11}),
            (Some("11"), None, None),
        ),
        (
            Kind::CustomEvent,
            json!({"id": 1, "user_id": 11}),
            (Some("11"), None, None),
        ),
        (
            Kind::DeletionRequest,
            json!({"id": 1, "requesting_user": {"id": 11, "email": "l@a.example"}}),
            (Some("11"), Some("l@a.example"), None),
        ),
        (
            Kind::Board,
            json!({"id": 1, "creator": "l@a.example"}),
            (None, Some("l@a.example"), None),
        ),
        (
            Kind::Automation,
            json!({"id": 1, "creator_id": 11, "user_id": 12}),
            (Some("11"), None, None),
        ),
    ];
    for (kind, thing, (id, address, name)) in cases {
        let maker = only(kind, thing).await.maker.unwrap();
        assert_eq!(maker.id.as_deref(), id, "{kind}");
        assert_eq!(
            maker.address.as_ref().map(Address::as_str),
            address,
            "{kind}"
        );
        assert_eq!(maker.name.as_deref(), name, "{kind}");
    }
    assert_eq!(
        only(
            Kind::Board,
            json!({"id": 1, "creator_id": null, "creator": ""})
        )
        .await
        .maker,
        None
    );
}

#[tokio::test]
async fn recipients_wherever_they_stand() {
    let digest = json!({"id": 1, "recipients": ["B@X.example", "not an address", "a@x.example"],
        "slack_subscriptions": [{"channel_name": "#ops", "id": "C1"}, "#web"], "dashboard_id": 9});
    let item = only(Kind::Subscription, digest).await;
    assert_eq!(
        item.recipients,
        [
            mail("a@x.example"),
            mail("b@x.example"),
            Recipient::Other("not an address".to_owned()),
            Recipient::Slack("#ops".to_owned()),
            Recipient::Slack("#web".to_owned()),
        ]
    );
    assert_eq!(item.uses, [(Kind::Board, "9".to_owned())]);

    let alert = json!({"id": 1, "bookmark": {"id": 8}, "subscriptions": [
        {"type": "email", "value": "A@x.example"}, {"type": "slack", "value": "#alerts"},
        {"type": "email", "value": "nobody"}, {"deep": {"to": ["c@x.example"]}}, "d@x.example",
        {"type": "webhook", "value": "https://hooks.x.example/1"},
    ]});
    let item = only(Kind::Alert, alert).await;
    assert_eq!(
        item.recipients,
        [
            mail("a@x.example"),
            mail("c@x.example"),
            mail("d@x.example"),
            Recipient::Other("nobody".to_owned()),
            Recipient::Slack("#alerts".to_owned()),
            Recipient::Host("hooks.x.example".to_owned()),
        ]
    );
    assert_eq!(item.uses, [(Kind::Report, "8".to_owned())]);

    let flow = json!({"id": 1, "status": "paused", "graph": {"nodes": [{"prompt": "Mail l@a.example, then <b@x.example>."}, {"slackChannel": "#x"}]}});
    let item = only(Kind::Automation, flow).await;
    assert_eq!(
        item.recipients,
        [
            mail("b@x.example"),
            mail("l@a.example"),
            Recipient::Slack("#x".to_owned())
        ]
    );
    assert_eq!(
        (item.paused, item.status.as_deref()),
        (Some(true), Some("paused"))
    );

    let (_, settings) = listed(
        Kind::SchemaSettings,
        json!({"notification_emails": ["l@a.example"]}),
    )
    .await;
    assert_eq!(settings[0].recipients, [mail("l@a.example")]);
}

#[tokio::test]
async fn the_other_fields() {
    let board = json!({"id": 9, "title": "B", "is_private": true, "is_shared_with_project": "false", "pinned_date": "2026-01-01",
        "total_view_count": "12", "num_active_public_links": 2, "description": "d", "created": "c", "modified": "m",
        "contents": {"report": {"8": {"name": "R"}}, "text": {"70": {}}},
        "layout": {"rows": [{"cells": [{"content_type": "report", "content_id": 5}, {"content_type": "text", "content_id": 6}]}]}});
    let item = only(Kind::Board, board).await;
    assert_eq!(
        (item.private, item.shared, item.pinned),
        (Some(true), Some(false), true)
    );
    assert_eq!((item.views, item.public_links), (Some(12), Some(2)));
    assert_eq!(
        item.uses,
        [
            (Kind::Report, "5".to_owned()),
            (Kind::Report, "8".to_owned())
        ]
    );
    assert_eq!(
        (
            item.description.as_deref(),
            item.created.as_deref(),
            item.modified.as_deref()
        ),
        (Some("d"), Some("c"), Some("m"))
    );
    let plain = only(Kind::Board, json!({"id": 9})).await;
    assert_eq!(
        (
            plain.private,
            plain.shared,
            plain.pinned,
            plain.views,
            plain.public_links
        ),
        (None, None, false, None, None)
    );

    let report = json!({"id": 8, "dashboard_id": 9, "type": "insights", "is_visibility_restricted": true, "params": {
        "sections": [{"cohort_id": 4}, {"cohorts": [{"id": 5}]}, {"resourceType": "cohort", "value": 6},
            {"event": "$custom_event:12"}, {"customPropertyId": "7"}, {"dashboard_id": 9}]}});
    let item = only(Kind::Report, report.clone()).await;
    assert_eq!(
        item.uses,
        [
            (Kind::Cohort, "4"),
            (Kind::Cohort, "5"),
            (Kind::Cohort, "6"),
            (Kind::CustomEvent, "12"),
            (Kind::CustomProperty, "7")
        ]
        .map(|(kind, id)| (kind, id.to_owned()))
    );
    assert_eq!(
        (item.part_of.as_deref(), item.private),
        (Some("9"), Some(true))
    );

    let mut copy = report.clone();
    copy["id"] = json!(80);
    copy["name"] = json!("copy");
    copy["params"] = json!(report["params"].to_string());
    assert_eq!(
        only(Kind::Report, copy.clone()).await.definition,
        item.definition
    );
    copy["params"] = json!({"sections": []});
    assert_ne!(only(Kind::Report, copy).await.definition, item.definition);
    assert!(item.definition.is_some());
    assert_eq!(
        only(Kind::Report, json!({"id": 8, "type": "insights"}))
            .await
            .definition,
        None,
        "not shown"
    );

    let cohort =
        json!({"id": 4, "name": "C", "active_integrations": [1, 2], "created_by": {"id": 1}});
    assert_eq!(only(Kind::Cohort, cohort).await.feeds, 2);
    let metric =
        json!({"id": 1, "owned_by": {"id": 5, "email": "o@x.example"}, "created_by": {"id": 6}});
    let item = only(Kind::Metric, metric).await;
    assert_eq!(item.owners[0].id.as_deref(), Some("5"));
    assert_eq!(item.maker.unwrap().id.as_deref(), Some("6"));
    assert_eq!(
        only(Kind::Webhook, json!({"id": 1, "is_enabled": false}))
            .await
            .paused,
        Some(true)
    );
    assert_eq!(
        only(Kind::Subscription, json!({"id": 1, "paused": false}))
            .await
            .paused,
        Some(false)
    );
}

#[tokio::test]
async fn service_accounts_enveloped_and_not() {
    let bench = Bench::new().await;
    let account = json!({"id": 77, "username": "a.x.mp-service-account", "creator": 11, "creator_email": "L@a.example", "user": 900,
        "created": "2024", "last_used": "2026", "expires": null});
    bench
        .gives(
            "/api/app/organizations/7/service-accounts",
            json!({"status": "ok", "results": [account]}),
        )
        .await;
    bench
        .gives(
            "/api/app/organizations/7/service-accounts/77",
            account.clone(),
        )
        .await;
    bench
        .gives(
            "/api/app/organizations/7/service-accounts/78",
            json!({"status": "ok", "results": account}),
        )
        .await;
    for item in [
        bench.items(What::ServiceAccounts).await.remove(0),
        bench.one(What::ServiceAccount(77)).await,
        bench.one(What::ServiceAccount(78)).await,
    ] {
        assert_eq!(
            (item.id.as_str(), item.title.as_str()),
            ("77", "a.x.mp-service-account")
        );
        let maker = item.maker.unwrap();
        assert_eq!(
            (
                maker.id.as_deref(),
                maker.address.as_ref().map(Address::as_str)
            ),
            (Some("11"), Some("l@a.example"))
        );
        assert_eq!(
            (item.created.as_deref(), item.last_used.as_deref()),
            (Some("2024"), Some("2026"))
        );
    }
    let not_found = wiremock::ResponseTemplate::new(404)
        .set_body_json(json!({"status": "error", "error": "gone"}));
    bench
        .answers(
            "GET",
            "/api/app/organizations/7/service-accounts/79",
            not_found,
        )
        .await;
    assert_eq!(
        bench.read(What::ServiceAccount(79)).await.result,
        Ok(Snapshot::Absent)
    );

    let members = json!({"results": [{"id": 77, "username": "a", "role": "analyst", "target_type": "team", "user": 5},
        {"id": 78, "username": "b", "role": "admin", "target_type": "individual"}, {"id": 79, "username": "c"}]});
    bench
        .gives("/api/app/projects/3/service-accounts", members)
        .await;
    let kinds: Vec<_> = bench
        .items(What::ProjectServiceAccounts(PROJECT))
        .await
        .into_iter()
        .map(|item| {
            (
                item.maker,
                item.projects[0].kind,
                item.projects[0].project,
                item.role,
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            (
                None,
                GrantKind::Team,
                Some(PROJECT),
                Some("analyst".to_owned())
            ),
            (
                None,
                GrantKind::Individual,
                Some(PROJECT),
                Some("admin".to_owned())
            ),
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
    let Ok(Snapshot::Shares(shares)) = bench
        .read(What::Shares(PROJECT, Kind::Board, "9".to_owned()))
        .await
        .result
    else {
        panic!("no shares");
    };
    assert_eq!(
        shares.people[0].address.as_ref().unwrap().as_str(),
        "l@a.example"
    );
    assert_eq!(
        (shares.teams, shares.project, shares.project_can_edit),
        (vec!["2".to_owned()], true, false)
    );
    bench
        .gives(
            "/api/app/projects/3/shared-entities/cohorts/9",
            json!({"results": {"id": 9}}),
        )
        .await;
    let nothing = bench
        .failure(What::Shares(PROJECT, Kind::Cohort, "9".to_owned()))
        .await;
    assert!(
        matches!(nothing, Failure::Malformed(_)),
        "no list is not the same as an empty list"
    );
    assert!(matches!(
        bench
            .failure(What::Shares(PROJECT, Kind::Alert, "9".to_owned()))
            .await,
        Failure::NotConfigured(_)
    ));

    bench
        .gives(
            "/api/app/projects/3/bookmarks/8/linked-dashboard-ids",
            json!({"results": [9, 10]}),
        )
        .await;
    let boards = bench
        .items(What::LinkedBoards(PROJECT, "8".to_owned()))
        .await;
    assert_eq!(
        boards
            .iter()
            .map(|board| board.id.as_str())
            .collect::<Vec<_>>(),
        ["9", "10"]
    );

    bench
        .gives("/api/query/insights", json!({"series": {"a": 1}}))
        .await;
    let data = bench.read(What::ReportData(PROJECT, "8".to_owned())).await;
    assert_eq!(data.result, Ok(Snapshot::Data));
    let requests = bench.requests().await;
    assert_eq!(
        requests.last().unwrap().url.query(),
        Some("project_id=3&bookmark_id=8")
    );

    bench
        .gives(
            "/organizations/7/teams",
            json!({"results": [{"id": 2, "name": "Agency", "members": ["l@a.example"]}]}),
        )
        .await;
    let teams = bench.items(What::Teams).await;
    assert_eq!(
        (teams[0].title.as_str(), &teams[0].raw["members"][0]),
        ("Agency", &json!("l@a.example"))
    );
    bench
        .gives(
            "/organizations/7/projects/",
            json!({"results": [{"id": 3, "name": "Web", "api_secret": "x"}]}),
        )
        .await;
    let projects = bench.items(What::Projects).await;
    assert_eq!(
        (
            projects[0].id.as_str(),
            projects[0].title.as_str(),
            projects[0].raw.is_null()
        ),
        ("3", "Web", true)
    );
}
