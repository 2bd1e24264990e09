//! Boards, reports, cohorts, definitions and everything that sends.

use serde_json::{Value, json};

use crate::client::{Site, basic, having};

/// The authorization of a second owner credential with a role in every project.
async fn second_credential(site: &Site) -> String {
    let projects: Vec<Value> = (0..4)
        .map(|index| json!({"id": site.project_id(index), "role": "owner"}))
        .collect();
    let path = format!(
        "/api/app/organizations/{}/service-accounts",
        site.organization()
    );
    let body = json!({"username": "second", "role": "owner", "projects": projects});
    let made = site.call("POST", &path, &body).await.json()["results"].clone();
    basic(
        made["username"].as_str().expect("text"),
        made["token"].as_str().expect("text"),
    )
}

async fn board(site: &Site, title: &str) -> Value {
    having(
        &site.list(&format!("{}/dashboards", site.project(0))).await,
        "title",
        title,
    )
}

#[tokio::test]
async fn a_copy_is_whole_ours_and_private_until_shared() {
    let site = Site::ordinary().await;
    let boards = format!("{}/dashboards", site.project(0));
    let source = board(&site, "Spring campaign overview").await;
    let body = json!({"duplicate": source["id"], "title": "Kept: spring", "description": "marker"});
    let copy = site.call("POST", &boards, &body).await.results();
    assert_eq!(
        (&copy["title"], &copy["description"]),
        (&json!("Kept: spring"), &json!("marker"))
    );
    assert_ne!(copy["creator_id"], source["creator_id"]);
    let log = site.requests().await;
    let effect = &log.last().expect("logged")["effect"];
    assert_eq!(effect["op"], "duplicate");
    assert_eq!(effect["from"], source["id"].to_string());

    let contents = |board: Value| {
        let cards = board["contents"]["report"]
            .as_object()
            .expect("a map")
            .clone();
        let names: Vec<String> = cards
            .values()
            .map(|card| card["name"].to_string())
            .collect();
        (cards.keys().cloned().collect::<Vec<_>>(), names)
    };
    let (old, old_names) = contents(
        site.get(&format!("{boards}/{}", source["id"]))
            .await
            .results(),
    );
    let (new, new_names) = contents(
        site.get(&format!("{boards}/{}", copy["id"]))
            .await
            .results(),
    );
    assert_eq!(old_names, new_names);
    assert!(
        new.len() == 4 && new.iter().all(|id| !old.contains(id)),
        "new ids"
    );

    let second = second_credential(&site).await;
    let read = format!("{boards}/{}", copy["id"]);
    assert_eq!(
        site.call_as(&second, "GET", &read, &Value::Null)
            .await
            .status,
        404
    );
    let share = format!(
        "{}/shared-entities/dashboards/{}",
        site.project(0),
        copy["id"]
    );
    let body =
        json!({"id": copy["id"], "projectShares": [{"id": site.project_id(0), "canEdit": true}]});
    let shared = site
        .call("POST", &format!("{share}/upsert"), &body)
        .await
        .results();
    assert_eq!(shared["projectShares"][0]["canEdit"], true);
    assert_eq!(
        site.call_as(&second, "GET", &read, &Value::Null)
            .await
            .results()["is_shared_with_project"],
        true
    );
    let report = format!("{}/bookmarks/{}?v=2", site.project(0), new[0]);
    assert_eq!(
        site.call_as(&second, "GET", &report, &Value::Null)
            .await
            .status,
        200
    );
    let body = json!({"id": copy["id"], "projectShares": [site.project_id(0)]});
    assert_eq!(
        site.call("POST", &format!("{share}/delete"), &body)
            .await
            .status,
        200
    );
    assert_eq!(
        site.call_as(&second, "GET", &read, &Value::Null)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn variants_of_copying() {
    let site = Site::variant("duplicate-ignores-title,copy-stops-halfway").await;
    let boards = format!("{}/dashboards", site.project(0));
    let source = board(&site, "Spring campaign overview").await;
    let body = json!({"duplicate": source["id"], "title": "Other", "description": "marker"});
    let copy = site.call("POST", &boards, &body).await.results();
    assert_eq!(copy["title"], source["title"]);
    assert_eq!(copy["description"], source["description"]);
    let read = site
        .get(&format!("{boards}/{}", copy["id"]))
        .await
        .results();
    assert_eq!(
        read["contents"]["report"]
            .as_object()
            .map(serde_json::Map::len),
        Some(2),
        "of four"
    );
}

#[tokio::test]
async fn deleting_a_board_kills_linked_copies() {
    let site = Site::ordinary().await;
    let boards = format!("{}/dashboards", site.project(0));
    let spring = board(&site, "Spring campaign overview").await;
    let weekly = board(&site, "Executive weekly").await;
    let reports = site
        .get(&format!("{}/bookmarks?v=2", site.project(0)))
        .await
        .results();
    let reports = reports["results"].as_array().expect("nested").clone();
    let linked = having(&reports, "name", "Clicks by channel");
    let ids = site
        .get(&format!(
            "{}/bookmarks/{}/linked-dashboard-ids",
            site.project(0),
            linked["id"]
        ))
        .await;
    assert_eq!(ids.results(), json!([weekly["id"]]));
    let all = site
        .get(&format!(
            "{}/dashboards/bookmarks/{}/dashboard-ids",
            site.project(0),
            linked["id"]
        ))
        .await;
    assert_eq!(all.results().as_array().map(Vec::len), Some(2));
    assert_eq!(
        site.call(
            "DELETE",
            &format!("{boards}/{}", spring["id"]),
            &Value::Null
        )
        .await
        .status,
        200
    );
    let weekly = site
        .get(&format!("{boards}/{}", weekly["id"]))
        .await
        .results();
    assert_eq!(
        weekly["contents"]["report"]
            .as_object()
            .map(serde_json::Map::len),
        Some(2)
    );
    assert_eq!(
        site.get(&format!("{}/bookmarks/{}", site.project(0), linked["id"]))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_board_takes_known_keys_only() {
    let site = Site::ordinary().await;
    let path = format!(
        "{}/dashboards/{}",
        site.project(0),
        board(&site, "Executive weekly").await["id"]
    );
    let refused = site
        .call(
            "PATCH",
            &path,
            &json!({"description": "x", "creator_id": 1}),
        )
        .await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("creator_id"));
    let done = site
        .call("PATCH", &path, &json!({"description": "Owner: Amina"}))
        .await
        .results();
    assert_eq!(done["description"], "Owner: Amina");
}

#[tokio::test]
async fn a_hidden_cohort_is_referred_to_but_not_listed() {
    let site = Site::ordinary().await;
    let state = site.state().await;
    let cohorts = state["projects"][0]["content"]["cohort"]
        .as_array()
        .expect("a list")
        .clone();
    let hidden = cohorts
        .iter()
        .find(|item| item["reach"] == "nobody")
        .expect("one is sealed")
        .clone();
    assert_eq!(
        hidden["fields"]["created_by"]["email"],
        site.people().leaver.as_str()
    );
    let listed = site.get(&format!("{}/cohorts", site.project(0))).await;
    assert!(!listed.text.contains(&format!("\"id\":{},", hidden["id"])));
    assert_eq!(
        site.get(&format!("{}/cohorts/{}", site.project(0), hidden["id"]))
            .await
            .status,
        404
    );
    let reports = site
        .get(&format!("{}/bookmarks?v=2", site.project(0)))
        .await
        .results();
    let user = having(
        reports["results"].as_array().expect("a list"),
        "name",
        "Leads by source",
    );
    assert_eq!(user["params"]["sections"]["cohorts"][0]["id"], hidden["id"]);
    assert_eq!(hidden["fields"]["referenced_by"], json!([user["id"]]));
}

#[tokio::test]
async fn a_cohort_name_is_taken_once() {
    let site = Site::ordinary().await;
    let path = format!("{}/cohorts", site.project(0));
    let body = json!({"name": "Newsletter audience (kept)", "groups": []});
    assert_eq!(site.call("POST", &path, &body).await.status, 200);
    assert_eq!(site.call("POST", &path, &body).await.status, 409);
    let fed = having(&site.list(&path).await, "name", "Newsletter audience");
    assert_eq!(fed["active_integrations"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn custom_events_are_form_encoded_and_bare() {
    let site = Site::ordinary().await;
    let path = format!("{}/custom_events/", site.project(0));
    assert_eq!(
        site.call("POST", &path, &json!({"name": "x"})).await.status,
        400
    );
    let headers = [
        ("authorization", site.authorization.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let body = b"name=Kept+lead&alternatives=%5B%7B%22event%22%3A%22Signed+Up%22%7D%5D";
    let made = site
        .raw("POST", &path, &headers, body)
        .await
        .expect("an answer")
        .json();
    assert_eq!(
        made["custom_event"]["alternatives"][0]["event"],
        "Signed Up"
    );
    assert!(made["status"].is_null(), "no envelope");
    let listed = site
        .list(&format!(
            "{}/data-definitions/events/?custom_event=true",
            site.project(0)
        ))
        .await;
    having(&listed, "name", "Kept lead");
    let gone = json!({"customEventId": made["custom_event"]["id"]});
    let events = format!("{}/data-definitions/events/", site.project(0));
    assert_eq!(site.call("DELETE", &events, &gone).await.status, 200);
}

#[tokio::test]
async fn a_subscription_loses_one_recipient() {
    let site = Site::ordinary().await;
    let path = format!("{}/dashboard-reports/email-digests", site.project(0));
    let digests = site.list(&path).await;
    let leaver = site.people().leaver.to_lowercase();
    let mails_leaver = |digest: &Value| {
        digest["recipients"]
            .to_string()
            .to_lowercase()
            .contains(&leaver)
    };
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
    assert_eq!(
        site.call("PATCH", &one, &json!({"schedule_timezone": "x"}))
            .await
            .status,
        400
    );
    let after = site
        .call("PATCH", &one, &json!({"recipients": rest}))
        .await
        .results();
    assert_eq!(after["recipients"], json!(rest));
}

#[tokio::test]
async fn the_quiet_projects_are_quiet() {
    let site = Site::ordinary().await;
    let senders = [
        "alert",
        "digest",
        "webhook",
        "agent_flow",
        "integration",
        "connector",
        "pipeline",
        "warehouse_import",
    ];
    let state = site.state().await;
    let digests = state["projects"][2]["content"]["digest"]
        .as_array()
        .expect("a list")
        .clone();
    assert_eq!(digests.len(), 1);
    assert_eq!(
        digests[0]["fields"]["recipients"],
        json!([site.people().leaver])
    );
    for kind in senders {
        assert!(
            state["projects"][3]["content"][kind].is_null(),
            "{kind} in the fourth project"
        );
        assert!(
            kind == "digest" || state["projects"][2]["content"][kind].is_null(),
            "{kind} in the third"
        );
        assert!(
            !state["projects"][0]["content"][kind].is_null(),
            "{kind} in the first"
        );
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
    assert_eq!(
        site.call("PATCH", &one, &json!({"subscriptions": ["a@b.example"]}))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn webhooks_metrics_and_automations() {
    let site = Site::ordinary().await;
    let hooks = format!("{}/webhooks/", site.project(0));
    let hook = having(&site.list(&hooks).await, "name", "Agency alerts");
    let one = format!("{hooks}{}/", hook["id"].as_str().expect("text"));
    assert_eq!(site.get(&one).await.status, 405, "no single read");
    let off = site
        .call("PATCH", &one, &json!({"is_enabled": false}))
        .await
        .results();
    assert_eq!(off["is_enabled"], false);
    let metrics = site
        .get(&format!("{}/metrics", site.project(0)))
        .await
        .results();
    let owned = metrics
        .as_object()
        .expect("a map")
        .values()
        .find(|metric| metric["owned_by"]["email"] == site.people().leaver.as_str())
        .expect("exists")
        .clone();
    let one = format!(
        "{}/metrics/{}",
        site.project(0),
        owned["id"].as_str().expect("text")
    );
    let new = json!({"owned_by": {"id": 1, "email": site.people().successor, "name": "Amina"}});
    let after = site.call("PATCH", &one, &new).await.results();
    assert_eq!(after["owned_by"]["email"], site.people().successor.as_str());
    assert_eq!(
        after["created_by"]["email"],
        site.people().leaver.as_str(),
        "the creator never changes"
    );
    let formula = metrics
        .as_object()
        .expect("a map")
        .values()
        .find(|one| one["type"] == "formula")
        .expect("exists");
    let one = format!(
        "{}/metrics/{}",
        site.project(0),
        formula["id"].as_str().expect("text")
    );
    assert_eq!(site.call("DELETE", &one, &Value::Null).await.status, 501);
    let bulk = format!("{}/metrics/bulk-delete", site.project(0));
    assert_eq!(
        site.call("POST", &bulk, &json!({"metric_ids": [formula["id"]]}))
            .await
            .status,
        200
    );
    let flows = site.list(&format!("{}/agent-flows", site.project(0))).await;
    assert!(
        flows[0]["graph"]
            .to_string()
            .contains(&site.people().leaver)
    );
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
        assert!(
            !site.list(&format!("{project}/{path}")).await.is_empty(),
            "{path}"
        );
    }
    let settings = site
        .get(&format!("{project}/data-definitions/schema/"))
        .await
        .results();
    assert!(
        settings["notification_emails"]
            .to_string()
            .contains(&site.people().leaver)
    );
    let quiet = site
        .call(
            "PATCH",
            &format!("{project}/data-definitions/schema/"),
            &json!({"notification_emails": []}),
        )
        .await
        .results();
    assert_eq!(quiet["notification_emails"], json!([]));
    let organization = format!("/organizations/{}", site.organization());
    for name in [
        "org-request-access-settings",
        "org-session-settings",
        "twofactor",
        "spark-settings",
    ] {
        let settings = site.get(&format!("{organization}/{name}")).await.results();
        assert!(settings["settings"].is_object(), "{name}");
    }
    let projects = site.list(&format!("{organization}/projects/")).await;
    assert!(projects.len() == 4 && projects[0]["api_secret"].is_string());
}

#[tokio::test]
async fn share_lists_take_exact_words_and_numbers() {
    let site = Site::ordinary().await;
    let weekly = board(&site, "Executive weekly").await;
    let base = format!("{}/shared-entities", site.project(0));
    assert_eq!(
        site.get(&format!("{base}/dashboard/{}", weekly["id"]))
            .await
            .status,
        404
    );
    let path = format!("{base}/dashboards/{}", weekly["id"]);
    let shares = site.get(&path).await.results();
    let leaver = having(
        shares["userShares"].as_array().expect("a list"),
        "email",
        &site.people().leaver,
    );
    let as_text = json!({"id": weekly["id"].to_string(), "userShares": [leaver["id"]]});
    assert_eq!(
        site.call("POST", &format!("{path}/delete"), &as_text)
            .await
            .status,
        400
    );
    let good = json!({"id": weekly["id"], "userShares": [leaver["id"]]});
    for acted in [true, false] {
        let after = site
            .call("POST", &format!("{path}/delete"), &good)
            .await
            .results();
        assert!(!after.to_string().contains(&site.people().leaver));
        assert_eq!(
            site.requests().await.last().expect("logged")["acted"],
            acted,
            "idempotent"
        );
    }
}
