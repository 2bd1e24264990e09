//! Things that keep sending, and what else the leaver left behind.

use serde_json::{Value, json};

use crate::client::{Site, having};

#[tokio::test]
async fn a_subscription_loses_one_recipient() {
    let site = Site::ordinary().await;
    let path = format!("{}/dashboard-reports/email-digests", site.project(0));
    let digests = site.list(&path).await;
    let leaver = site.people().leaver.to_lowercase();
    let mails_leaver = |digest: &Value| digest["recipients"].to_string().to_lowercase().contains(&leaver);
    let digest = digests
        .iter()
        .find(|digest| mails_leaver(digest) && !digest["recipients"].to_string().contains(&leaver))
        .expect("one writes the address with capitals");
    let rest: Vec<Value> = digest["recipients"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one.as_str().is_some_and(|one| one.to_lowercase() != leaver))
        .cloned()
        .collect();
    assert_eq!(rest.len(), 2);
    let one = format!("{path}/{}", digest["id"]);
    assert_eq!(site.call("PATCH", &one, &json!({"schedule_timezone": "x"})).await.status, 400);
    let after = site.call("PATCH", &one, &json!({"recipients": rest})).await.results();
    assert_eq!(after["recipients"], json!(rest));
}

#[tokio::test]
async fn the_quiet_projects_are_quiet() {
    let site = Site::ordinary().await;
    let senders =
        ["alert", "digest", "webhook", "agent_flow", "integration", "connector", "pipeline", "warehouse_import"];
    let state = site.state().await;
    let digests = state["projects"][2]["content"]["digest"].as_array().expect("a list").clone();
    assert_eq!(digests.len(), 1);
    assert_eq!(digests[0]["fields"]["recipients"], json!([site.people().leaver]));
    for kind in senders {
        assert!(state["projects"][3]["content"][kind].is_null(), "{kind} in the fourth project");
        assert!(kind == "digest" || state["projects"][2]["content"][kind].is_null(), "{kind} in the third");
        assert!(!state["projects"][0]["content"][kind].is_null(), "{kind} in the first");
    }
    let path = format!("{}/dashboard-reports/email-digests", site.project(3));
    assert_eq!(site.get(&path).await.results(), json!([]));
}

#[tokio::test]
async fn alerts_are_the_callers_own_unless_asked() {
    let site = Site::ordinary().await;
    let path = format!("{}/alerts/custom/", site.project(0));
    assert_eq!(site.get(&path).await.results(), json!([]));
    let alerts = site.list(&format!("{path}?skip_user_filter=true")).await;
    let alert = having(&alerts, "name", "Revenue below plan");
    let one = format!("{path}{}/", alert["id"]);
    let rest = json!({"subscriptions": [alert["subscriptions"][0]]});
    let after = site.call("PATCH", &one, &rest).await.results();
    assert_eq!(after["subscriptions"].as_array().map(Vec::len), Some(1));
    assert_eq!(site.call("PATCH", &one, &json!({"subscriptions": ["a@b.example"]})).await.status, 400);
}

#[tokio::test]
async fn webhooks_metrics_and_automations() {
    let site = Site::ordinary().await;
    let hooks = format!("{}/webhooks/", site.project(0));
    let hook = having(&site.list(&hooks).await, "name", "Agency alerts");
    let one = format!("{hooks}{}/", hook["id"].as_str().expect("text"));
    assert_eq!(site.get(&one).await.status, 405, "no single read");
    let off = site.call("PATCH", &one, &json!({"is_enabled": false})).await.results();
    assert_eq!(off["is_enabled"], false);
    let metrics = site.get(&format!("{}/metrics", site.project(0))).await.results();
    let owned = metrics
        .as_object()
        .expect("a map")
        .values()
        .find(|metric| metric["owned_by"]["email"] == site.people().leaver.as_str())
        .expect("exists")
        .clone();
    let one = format!("{}/metrics/{}", site.project(0), owned["id"].as_str().expect("text"));
    let new = json!({"owned_by": {"id": 1, "email": site.people().successor, "name": "Amina"}});
    let after = site.call("PATCH", &one, &new).await.results();
    assert_eq!(after["owned_by"]["email"], site.people().successor.as_str());
    assert_eq!(after["created_by"]["email"], site.people().leaver.as_str(), "the creator never changes");
    let formula = metrics.as_object().expect("a map").values().find(|one| one["type"] == "formula").expect("exists");
    let one = format!("{}/metrics/{}", site.project(0), formula["id"].as_str().expect("text"));
    assert_eq!(site.call("DELETE", &one, &Value::Null).await.status, 501);
    let bulk = format!("{}/metrics/bulk-delete", site.project(0));
    assert_eq!(site.call("POST", &bulk, &json!({"metric_ids": [formula["id"]]})).await.status, 200);
    let flows = site.list(&format!("{}/agent-flows", site.project(0))).await;
    assert!(flows[0]["graph"].to_string().contains(&site.people().leaver));
}

#[tokio::test]
async fn what_the_leaver_left_in_other_places() {
    let site = Site::ordinary().await;
    let project = site.project(0);
    for path in [
        "custom_properties/",
        "behaviors",
        "canvases",
        "playlists",
        "connectors",
        "integrations/outgoing",
        "warehouse-sources/sources",
        "data-definitions/properties/",
        "data-definitions/events/deletion-requests/",
    ] {
        assert!(!site.list(&format!("{project}/{path}")).await.is_empty(), "{path}");
    }
    let settings = site.get(&format!("{project}/data-definitions/schema/")).await.results();
    assert!(settings["notification_emails"].to_string().contains(&site.people().leaver));
    let quiet = site
        .call("PATCH", &format!("{project}/data-definitions/schema/"), &json!({"notification_emails": []}))
        .await
        .results();
    assert_eq!(quiet["notification_emails"], json!([]));
    let organization = format!("/organizations/{}", site.organization());
    for name in ["org-request-access-settings", "org-session-settings", "twofactor", "spark-settings"] {
        let settings = site.get(&format!("{organization}/{name}")).await.results();
        assert!(settings["settings"].is_object(), "{name}");
    }
    let projects = site.list(&format!("{organization}/projects/")).await;
    assert!(projects.len() == 4 && projects[0]["api_secret"].is_string());
}
