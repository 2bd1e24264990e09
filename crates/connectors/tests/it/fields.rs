//! The fields of things.

use leaver_core::ids::Address;
use leaver_core::reading::{Item, Recipient};
use leaver_core::source::Kind;
use serde_json::{Value, json};

use crate::items::listed;

async fn only(kind: Kind, thing: Value) -> Item {
    let (_, mut items) = listed(kind, json!([thing])).await;
    assert_eq!(items.len(), 1);
    items.remove(0)
}

fn mail(text: &str) -> Recipient {
    Recipient::Mail(Address::parse(text).unwrap())
}

#[tokio::test]
async fn makers_in_every_spelling() {
    let flat = json!({"id": 1, "creator_id": 11, "creator_email": "L@A.example", "creator_name": "L", "creator": "L"});
    let nested = json!({"id": 1, "created_by": {"id": "11", "name": "L", "email": "l@a.example"}});
    let cases = [
        (Kind::Board, flat, (Some("11"), Some("l@a.example"), Some("L"))),
        (Kind::Cohort, nested, (Some("11"), Some("l@a.example"), Some("L"))),
        (
            Kind::Alert,
            json!({"id": 1, "creator": {"id": 11, "first_name": "L", "last_name": "Eaver", "email": "l@a.example"}}),
            (Some("11"), Some("l@a.example"), Some("L Eaver")),
        ),
        (Kind::Annotation, json!({"id": 1, "user": {"id": 11, "first_name": "L"}}), (Some("11"), None, Some("L"))),
        (Kind::CustomProperty, json!({"id": 1, "user": 11}), (Some("11"), None, None)),
        (Kind::CustomEvent, json!({"id": 1, "user_id": 11}), (Some("11"), None, None)),
        (
            Kind::DeletionRequest,
            json!({"id": 1, "requesting_user": {"id": 11, "email": "l@a.example"}}),
            (Some("11"), Some("l@a.example"), None),
        ),
        (Kind::Board, json!({"id": 1, "creator": "l@a.example"}), (None, Some("l@a.example"), None)),
        (Kind::Automation, json!({"id": 1, "creator_id": 11, "user_id": 12}), (Some("11"), None, None)),
    ];
    for (kind, thing, (id, address, name)) in cases {
        let maker = only(kind, thing).await.maker.unwrap();
        assert_eq!(maker.id.as_deref(), id, "{kind}");
        assert_eq!(maker.address.as_ref().map(Address::as_str), address, "{kind}");
        assert_eq!(maker.name.as_deref(), name, "{kind}");
    }
    assert_eq!(only(Kind::Board, json!({"id": 1, "creator_id": null, "creator": ""})).await.maker, None);
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
    assert_eq!(item.recipients, [mail("b@x.example"), mail("l@a.example"), Recipient::Slack("#x".to_owned())]);
    assert_eq!((item.paused, item.status.as_deref()), (Some(true), Some("paused")));

    let (_, settings) = listed(Kind::SchemaSettings, json!({"notification_emails": ["l@a.example"]})).await;
    assert_eq!(settings[0].recipients, [mail("l@a.example")]);
}

#[tokio::test]
async fn the_other_fields() {
    let board = json!({"id": 9, "title": "B", "is_private": true, "is_shared_with_project": "false", "pinned_date": "2026-01-01",
        "total_view_count": "12", "num_active_public_links": 2, "description": "d", "created": "c", "modified": "m",
        "contents": {"report": {"8": {"name": "R"}}, "text": {"70": {}}},
        "layout": {"rows": [{"cells": [{"content_type": "report", "content_id": 5}, {"content_type": "text", "content_id": 6}]}]}});
    let item = only(Kind::Board, board).await;
    assert_eq!((item.private, item.shared, item.pinned), (Some(true), Some(false), true));
    assert_eq!((item.views, item.public_links), (Some(12), Some(2)));
    assert_eq!(item.uses, [(Kind::Report, "5".to_owned()), (Kind::Report, "8".to_owned())]);
    assert_eq!(
        (item.description.as_deref(), item.created.as_deref(), item.modified.as_deref()),
        (Some("d"), Some("c"), Some("m"))
    );
    let plain = only(Kind::Board, json!({"id": 9})).await;
    assert_eq!(
        (plain.private, plain.shared, plain.pinned, plain.views, plain.public_links),
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
    assert_eq!((item.part_of.as_deref(), item.private), (Some("9"), Some(true)));

    let mut copy = report.clone();
    copy["id"] = json!(80);
    copy["name"] = json!("copy");
    copy["params"] = json!(report["params"].to_string());
    assert_eq!(only(Kind::Report, copy.clone()).await.definition, item.definition);
    copy["params"] = json!({"sections": []});
    assert_ne!(only(Kind::Report, copy).await.definition, item.definition);
    assert!(item.definition.is_some());
    assert_eq!(only(Kind::Report, json!({"id": 8, "type": "insights"})).await.definition, None, "not shown");

    let cohort = json!({"id": 4, "name": "C", "active_integrations": [1, 2], "created_by": {"id": 1}});
    let item = only(Kind::Cohort, cohort).await;
    assert_eq!(item.feeds, 2);
    assert_eq!(item.uses, ["1", "2"].map(|id| (Kind::CohortSync, id.to_owned())), "and which they are");
    let metric = json!({"id": 1, "owned_by": {"id": 5, "email": "o@x.example"}, "created_by": {"id": 6},
        "contacts": ["leaver@agency.example", {"id": 7}]});
    let item = only(Kind::Metric, metric).await;
    assert_eq!(item.owners.len(), 1, "a contact of a metric is no owner");
    assert_eq!(item.owners[0].id.as_deref(), Some("5"));
    assert_eq!(item.maker.unwrap().id.as_deref(), Some("6"));
    let unowned = json!({"id": 1, "owned_by": null, "contacts": ["leaver@agency.example"]});
    assert_eq!(only(Kind::Metric, unowned).await.owners, []);
    assert_eq!(only(Kind::Webhook, json!({"id": 1, "is_enabled": false})).await.paused, Some(true));
    assert_eq!(only(Kind::Subscription, json!({"id": 1, "paused": false})).await.paused, Some(false));
}

#[tokio::test]
async fn whoever_changed_it_last_in_every_spelling() {
    let flat = json!({"id": 1, "last_modified_by_id": 11, "last_modified_by_name": "L", "last_modified_by_email": "L@a.example", "modified": "2026-11-20"});
    let nested = json!({"id": 1, "last_modified_by": {"id": "11", "name": "L", "email": "l@a.example"}, "last_modified": "2026-11-20"});
    for (kind, thing) in [(Kind::Board, flat), (Kind::Report, nested)] {
        let item = only(kind, thing).await;
        let editor = item.editor.unwrap_or_else(|| panic!("{kind} shows nobody"));
        let address = editor.address.as_ref().map(Address::as_str);
        assert_eq!(
            (editor.id.as_deref(), address, editor.name.as_deref()),
            (Some("11"), Some("l@a.example"), Some("L"))
        );
        assert_eq!(item.modified.as_deref(), Some("2026-11-20"));
    }
    assert_eq!(only(Kind::Cohort, json!({"id": 1, "last_edited": "2026-11-20"})).await.editor, None, "not shown");
}
