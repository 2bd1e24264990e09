//! Each write has exactly the shape that the facts name.

use leaver_core::ids::{Address, ProjectId};
use leaver_core::reading::{Failure, Maker};
use leaver_core::source::Kind;
use leaver_core::write::{Outcome, Write};
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{Bench, PROJECT};

/// Sends the write to a server that is content with everything; the request, with its body as JSON.
async fn sent(write: &Write) -> (String, String, Value) {
    let bench = Bench::new().await;
    bench
        .gives(
            "/api/app/me",
            json!({"results": {"user_id": 1, "projects": {"3": {"id": 3, "organization_id": 7}},
                "workspaces": {"31": {"id": 31, "project_id": 3, "is_global": true}}}}),
        )
        .await;
    let answer = json!({"status": "ok", "results": {"id": 99, "token": "t", "username": "u"}});
    bench.answers_all(ResponseTemplate::new(200).set_body_json(answer)).await;
    let written = bench.act(write).await;
    assert!(matches!(written.outcome, Outcome::Done { .. }), "{write:?}: {written:?}");
    let requests = bench.requests().await;
    let request = requests.last().unwrap();
    let body = if request.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&request.body).unwrap_or_else(|_| String::from_utf8_lossy(&request.body).into())
    };
    (request.method.to_string(), request.url.path().to_owned(), body)
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[tokio::test]
async fn shapes() {
    let p = "/api/app/projects/3";
    let o = "/api/app/organizations/7/service-accounts";
    let recipients = |kind, id: &str, rest| Write::SetRecipients { project: PROJECT, kind, id: text(id), rest };
    let delete = |kind, id: &str| Write::Delete { project: PROJECT, kind, id: text(id) };
    let describe = |kind, title: Option<&str>, description: Option<&str>| Write::Describe {
        project: PROJECT,
        kind,
        id: text("9"),
        title: title.map(text),
        description: description.map(text),
    };
    let create = |kind, body| Write::Create { project: PROJECT, kind, body };
    let share = |kind, id: &str| Write::ShareWithProject { project: PROJECT, kind, id: text(id), can_edit: true };
    let cases = [
        (
            recipients(Kind::Subscription, "5", json!(["b@x.example"])),
            ("PATCH", format!("{p}/dashboard-reports/email-digests/5"), json!({"recipients": ["b@x.example"]})),
        ),
        (
            recipients(Kind::Alert, "6", json!([{"type": "email", "value": "b@x.example", "extra": 1.5}])),
            (
                "PATCH",
                format!("{p}/alerts/custom/6/"),
                json!({"subscriptions": [{"type": "email", "value": "b@x.example", "extra": 1.5}]}),
            ),
        ),
        (
            recipients(Kind::SchemaSettings, "settings", json!([])),
            ("PATCH", format!("{p}/data-definitions/schema/"), json!({"notification_emails": []})),
        ),
        (delete(Kind::Subscription, "5"), ("DELETE", format!("{p}/dashboard-reports/email-digests/5"), Value::Null)),
        (delete(Kind::Alert, "6"), ("DELETE", format!("{p}/alerts/custom/6/"), Value::Null)),
        (delete(Kind::Board, "9"), ("DELETE", format!("{p}/dashboards/9"), Value::Null)),
        (
            delete(Kind::CustomEvent, "12"),
            ("DELETE", format!("{p}/data-definitions/events/"), json!({"customEventId": 12})),
        ),
        (delete(Kind::CustomProperty, "4"), ("DELETE", format!("{p}/custom_properties/4/"), Value::Null)),
        (delete(Kind::Webhook, "u-1"), ("DELETE", format!("{p}/webhooks/u-1/"), Value::Null)),
        (delete(Kind::Flag, "f-1"), ("DELETE", format!("{p}/workspaces/31/feature-flags/f-1"), Value::Null)),
        (delete(Kind::Experiment, "e-1"), ("DELETE", text("/api/app/workspaces/31/experiments/e-1"), Value::Null)),
        (
            delete(Kind::Schema, "event/Sign up/now"),
            ("DELETE", format!("{p}/schemas/event/Sign%20up%2Fnow"), Value::Null),
        ),
        (
            delete(Kind::DeletionRequest, "8"),
            ("DELETE", format!("{p}/data-definitions/events/deletion-requests/"), json!({"id": 8})),
        ),
        (
            Write::Disable { project: PROJECT, kind: Kind::Webhook, id: text("u-1") },
            ("PATCH", format!("{p}/webhooks/u-1/"), json!({"is_enabled": false})),
        ),
        (
            Write::Disable { project: PROJECT, kind: Kind::Subscription, id: text("5") },
            ("PATCH", format!("{p}/dashboard-reports/email-digests/5"), json!({"paused": true})),
        ),
        (
            Write::DuplicateBoard {
                project: PROJECT,
                id: text("9"),
                title: text("T"),
                description: text("D"),
                as_successor: false,
            },
            ("POST", format!("{p}/dashboards"), json!({"duplicate": 9, "title": "T", "description": "D"})),
        ),
        (
            create(Kind::Report, json!({"name": "R", "params": {"a": 1.50}})),
            ("POST", format!("{p}/bookmarks"), json!({"name": "R", "params": {"a": 1.50}})),
        ),
        (create(Kind::Cohort, json!({"name": "C"})), ("POST", format!("{p}/cohorts"), json!({"name": "C"}))),
        (
            create(Kind::CustomProperty, json!({"name": "C"})),
            ("POST", format!("{p}/custom_properties/"), json!({"name": "C"})),
        ),
        (
            create(Kind::CustomEvent, json!({"name": "A & B", "alternatives": [{"event": "x"}], "n": 2, "gone": null})),
            (
                "POST",
                format!("{p}/custom_events/"),
                json!("name=A+%26+B&alternatives=%5B%7B%22event%22%3A%22x%22%7D%5D&n=2"),
            ),
        ),
        (
            share(Kind::Board, "9"),
            (
                "POST",
                format!("{p}/shared-entities/dashboards/9/upsert"),
                json!({"id": 9, "projectShares": [{"id": 3, "canEdit": true}]}),
            ),
        ),
        (
            share(Kind::Metric, "u-1"),
            (
                "POST",
                format!("{p}/shared-entities/metric/u-1/upsert"),
                json!({"id": "u-1", "projectShares": [{"id": 3, "canEdit": true}]}),
            ),
        ),
        (describe(Kind::Board, Some("T"), None), ("PATCH", format!("{p}/dashboards/9"), json!({"title": "T"}))),
        (
            describe(Kind::Report, Some("T"), Some("D")),
            ("PATCH", format!("{p}/bookmarks/9"), json!({"name": "T", "description": "D"})),
        ),
        (
            describe(Kind::Annotation, None, Some("D")),
            ("PATCH", format!("{p}/annotations/9"), json!({"description": "D"})),
        ),
        (
            Write::SetMetricOwner {
                project: PROJECT,
                id: text("m-1"),
                owner: Maker {
                    id: Some(text("21")),
                    address: Address::parse("New@x.example").ok(),
                    name: Some(text("New")),
                },
            },
            (
                "PATCH",
                format!("{p}/metrics/m-1"),
                json!({"owned_by": {"id": 21, "email": "new@x.example", "name": "New"}}),
            ),
        ),
        (
            Write::SetSchemaContacts {
                project: PROJECT,
                id: text("event/Buy"),
                body: json!({"entityType": "event", "name": "Buy", "schemaJson": {"metadata": {"com.mixpanel": {"contacts": ["n@x.example"]}}}}),
            },
            (
                "POST",
                format!("{p}/schemas/event/Buy"),
                json!({"metadata": {"com.mixpanel": {"contacts": ["n@x.example"]}}}),
            ),
        ),
        (
            Write::CreateServiceAccount {
                username: text("r"),
                role: text("consumer"),
                projects: vec![(PROJECT, text("analyst"))],
            },
            ("POST", text(o), json!({"username": "r", "role": "consumer", "projects": [{"id": 3, "role": "analyst"}]})),
        ),
        (
            Write::AddServiceAccount { id: 77, projects: vec![(PROJECT, text("admin"))] },
            (
                "POST",
                format!("{o}/add-to-project"),
                json!({"projects": [{"id": 3, "role": "admin"}], "service_account_ids": [77]}),
            ),
        ),
        (
            Write::RemoveServiceAccount { id: 77, projects: vec![PROJECT, ProjectId(4)] },
            (
                "POST",
                format!("{o}/remove-from-project"),
                json!({"projects": [{"id": 3, "service_account_ids": [77]}, {"id": 4, "service_account_ids": [77]}]}),
            ),
        ),
        (Write::DeleteServiceAccount { id: 77 }, ("DELETE", format!("{o}/77"), Value::Null)),
    ];
    for (write, (method, path, body)) in cases {
        assert_eq!(sent(&write).await, (text(method), path, body), "{write:?}");
    }
}

#[tokio::test]
async fn what_has_no_known_shape_is_not_sent() {
    let bench = Bench::new().await;
    bench.answers_all(ResponseTemplate::new(200).set_body_json(json!({"status": "ok"}))).await;
    let mut writes = Vec::new();
    for kind in [Kind::CohortSync, Kind::DataView, Kind::SchemaSettings] {
        writes.push(Write::Delete { project: PROJECT, kind, id: text("1") });
    }
    for kind in [Kind::Automation, Kind::Board, Kind::Webhook] {
        writes.push(Write::SetRecipients { project: PROJECT, kind, id: text("1"), rest: json!([]) });
    }
    writes.push(Write::SetRecipients {
        project: PROJECT,
        kind: Kind::Subscription,
        id: text("1"),
        rest: json!("a@b.example"),
    });
    for kind in [Kind::Pipeline, Kind::Automation, Kind::Alert] {
        writes.push(Write::Disable { project: PROJECT, kind, id: text("1") });
    }
    writes.push(Write::Create { project: PROJECT, kind: Kind::Pipeline, body: json!({}) });
    writes.push(Write::Create { project: PROJECT, kind: Kind::Report, body: json!([]) });
    writes.push(Write::ShareWithProject { project: PROJECT, kind: Kind::Alert, id: text("1"), can_edit: false });
    for (title, description) in [(Some(text("T")), None), (None, None)] {
        writes.push(Write::Describe { project: PROJECT, kind: Kind::Annotation, id: text("1"), title, description });
    }
    writes.push(Write::Describe {
        project: PROJECT,
        kind: Kind::Flag,
        id: text("1"),
        title: Some(text("T")),
        description: None,
    });
    writes.push(Write::SetMetricOwner { project: PROJECT, id: text("1"), owner: Maker::default() });
    writes.push(Write::SetSchemaContacts { project: PROJECT, id: text("no-slash"), body: json!({}) });
    for write in writes {
        let outcome = bench.act(&write).await.outcome;
        assert!(matches!(outcome, Outcome::Failed(Failure::NotConfigured(_))), "{write:?}: {outcome:?}");
    }
    assert!(bench.requests().await.is_empty());
}

#[tokio::test]
async fn a_copy_belongs_to_the_successor_where_their_bearer_is_configured() {
    let bench = Bench::with(|config| config.successor_bearer = Some(SecretString::from("of-the-successor"))).await;
    bench.answers_all(ResponseTemplate::new(200).set_body_json(json!({"results": {"id": 10}}))).await;
    let copy = Write::DuplicateBoard {
        project: PROJECT,
        id: text("9"),
        title: text("T"),
        description: text("D"),
        as_successor: true,
    };
    assert_eq!(bench.act(&copy).await.outcome, Outcome::Done { created: Some(text("10")) });
    bench.act(&Write::Delete { project: PROJECT, kind: Kind::Board, id: text("10") }).await;
    let requests = bench.requests().await;
    assert_eq!(requests[0].headers["authorization"], "Bearer of-the-successor");
    assert!(requests[1].headers["authorization"].to_str().unwrap().starts_with("Basic "), "and nothing else does");
    // The approver of another plan did not agree to that.
    let Write::DuplicateBoard { project, id, title, description, .. } = copy else { panic!("it is a copy") };
    bench.act(&Write::DuplicateBoard { project, id, title, description, as_successor: false }).await;
    let requests = bench.requests().await;
    assert!(requests[2].headers["authorization"].to_str().unwrap().starts_with("Basic "));
}

#[tokio::test]
async fn a_copy_as_the_successor_is_not_sent_with_our_own_login() {
    let bench = Bench::new().await;
    let (id, title, description) = (text("9"), text("T"), text("D"));
    let copy = Write::DuplicateBoard { project: PROJECT, id, title, description, as_successor: true };
    let outcome = bench.act(&copy).await.outcome;
    assert!(matches!(outcome, Outcome::Failed(Failure::NotConfigured(_))), "{outcome:?}");
    assert!(bench.requests().await.is_empty());
}
