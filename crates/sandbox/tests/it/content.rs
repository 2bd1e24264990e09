//! Boards, reports, cohorts, custom events and share lists.

use serde_json::{Value, json};

use crate::client::{Site, basic, having};

/// The authorization of a second owner credential with a role in every project.
async fn second_credential(site: &Site) -> String {
    let projects: Vec<Value> = (0..4).map(|index| json!({"id": site.project_id(index), "role": "owner"})).collect();
    let path = format!("/api/app/organizations/{}/service-accounts", site.organization());
    let body = json!({"username": "second", "role": "owner", "projects": projects});
    let made = site.call("POST", &path, &body).await.json()["results"].clone();
    basic(made["username"].as_str().expect("text"), made["token"].as_str().expect("text"))
}

async fn board(site: &Site, title: &str) -> Value {
    having(&site.list(&format!("{}/dashboards", site.project(0))).await, "title", title)
}

#[tokio::test]
async fn a_copy_is_whole_ours_and_private_until_shared() {
    let site = Site::ordinary().await;
    let boards = format!("{}/dashboards", site.project(0));
    let source = board(&site, "Spring campaign overview").await;
    let body = json!({"duplicate": source["id"], "title": "Kept: spring", "description": "marker"});
    let copy = site.call("POST", &boards, &body).await.results();
    assert_eq!((&copy["title"], &copy["description"]), (&json!("Kept: spring"), &json!("marker")));
    assert_ne!(copy["creator_id"], source["creator_id"]);
    let log = site.requests().await;
    let effect = &log.last().expect("logged")["effect"];
    assert_eq!(effect["op"], "duplicate");
    assert_eq!(effect["from"], source["id"].to_string());

    let contents = |board: Value| {
        let cards = board["contents"]["report"].as_object().expect("a map").clone();
        let names: Vec<String> = cards.values().map(|card| card["name"].to_string()).collect();
        (cards.keys().cloned().collect::<Vec<_>>(), names)
    };
    let (old, old_names) = contents(site.get(&format!("{boards}/{}", source["id"])).await.results());
    let (new, new_names) = contents(site.get(&format!("{boards}/{}", copy["id"])).await.results());
    assert_eq!(old_names, new_names);
    assert!(new.len() == 4 && new.iter().all(|id| !old.contains(id)), "new ids");

    let second = second_credential(&site).await;
    let read = format!("{boards}/{}", copy["id"]);
    assert_eq!(site.call_as(&second, "GET", &read, &Value::Null).await.status, 404);
    let share = format!("{}/shared-entities/dashboards/{}", site.project(0), copy["id"]);
    let body = json!({"id": copy["id"], "projectShares": [{"id": site.project_id(0), "canEdit": true}]});
    let shared = site.call("POST", &format!("{share}/upsert"), &body).await.results();
    assert_eq!(shared["projectShares"][0]["canEdit"], true);
    assert_eq!(site.call_as(&second, "GET", &read, &Value::Null).await.results()["is_shared_with_project"], true);
    let report = format!("{}/bookmarks/{}?v=2", site.project(0), new[0]);
    assert_eq!(site.call_as(&second, "GET", &report, &Value::Null).await.status, 200);
    let body = json!({"id": copy["id"], "projectShares": [site.project_id(0)]});
    assert_eq!(site.call("POST", &format!("{share}/delete"), &body).await.status, 200);
    assert_eq!(site.call_as(&second, "GET", &read, &Value::Null).await.status, 404);
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
    let read = site.get(&format!("{boards}/{}", copy["id"])).await.results();
    assert_eq!(read["contents"]["report"].as_object().map(serde_json::Map::len), Some(2), "of four");
}

#[tokio::test]
async fn deleting_a_board_kills_linked_copies() {
    let site = Site::ordinary().await;
    let boards = format!("{}/dashboards", site.project(0));
    let spring = board(&site, "Spring campaign overview").await;
    let weekly = board(&site, "Executive weekly").await;
    let reports = site.get(&format!("{}/bookmarks?v=2", site.project(0))).await.results();
    let reports = reports["results"].as_array().expect("nested").clone();
    let linked = having(&reports, "name", "Clicks by channel");
    let ids = site.get(&format!("{}/bookmarks/{}/linked-dashboard-ids", site.project(0), linked["id"])).await;
    assert_eq!(ids.results(), json!([weekly["id"]]));
    let all = site.get(&format!("{}/dashboards/bookmarks/{}/dashboard-ids", site.project(0), linked["id"])).await;
    assert_eq!(all.results().as_array().map(Vec::len), Some(2));
    assert_eq!(site.call("DELETE", &format!("{boards}/{}", spring["id"]), &Value::Null).await.status, 200);
    let weekly = site.get(&format!("{boards}/{}", weekly["id"])).await.results();
    assert_eq!(weekly["contents"]["report"].as_object().map(serde_json::Map::len), Some(2));
    assert_eq!(site.get(&format!("{}/bookmarks/{}", site.project(0), linked["id"])).await.status, 404);
}

#[tokio::test]
async fn a_board_takes_known_keys_only() {
    let site = Site::ordinary().await;
    let path = format!("{}/dashboards/{}", site.project(0), board(&site, "Executive weekly").await["id"]);
    let refused = site.call("PATCH", &path, &json!({"description": "x", "creator_id": 1})).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("creator_id"));
    let done = site.call("PATCH", &path, &json!({"description": "Owner: Amina"})).await.results();
    assert_eq!(done["description"], "Owner: Amina");
}

#[tokio::test]
async fn a_hidden_cohort_is_referred_to_but_not_listed() {
    let site = Site::ordinary().await;
    let state = site.state().await;
    let cohorts = state["projects"][0]["content"]["cohort"].as_array().expect("a list").clone();
    let hidden = cohorts.iter().find(|item| item["reach"] == "nobody").expect("one is sealed").clone();
    assert_eq!(hidden["fields"]["created_by"]["email"], site.people().leaver.as_str());
    let listed = site.get(&format!("{}/cohorts", site.project(0))).await;
    assert!(!listed.text.contains(&format!("\"id\":{},", hidden["id"])));
    assert_eq!(site.get(&format!("{}/cohorts/{}", site.project(0), hidden["id"])).await.status, 404);
    let reports = site.get(&format!("{}/bookmarks?v=2", site.project(0))).await.results();
    let user = having(reports["results"].as_array().expect("a list"), "name", "Leads by source");
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
    assert_eq!(site.call("POST", &path, &json!({"name": "x"})).await.status, 400);
    let headers =
        [("authorization", site.authorization.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let body = b"name=Kept+lead&alternatives=%5B%7B%22event%22%3A%22Signed+Up%22%7D%5D";
    let made = site.raw("POST", &path, &headers, body).await.expect("an answer").json();
    assert_eq!(made["alternatives"][0]["event"], "Signed Up");
    assert!(made["status"].is_null(), "no envelope");
    let listed = site.list(&format!("{}/data-definitions/events/?custom_event=true", site.project(0))).await;
    having(&listed, "name", "Kept lead");
    let gone = json!({"customEventId": made["id"]});
    let events = format!("{}/data-definitions/events/", site.project(0));
    assert_eq!(site.call("DELETE", &events, &gone).await.status, 200);
}

#[tokio::test]
async fn share_lists_take_exact_words_and_numbers() {
    let site = Site::ordinary().await;
    let weekly = board(&site, "Executive weekly").await;
    let base = format!("{}/shared-entities", site.project(0));
    assert_eq!(site.get(&format!("{base}/dashboard/{}", weekly["id"])).await.status, 404);
    let path = format!("{base}/dashboards/{}", weekly["id"]);
    let shares = site.get(&path).await.results();
    let leaver = having(shares["userShares"].as_array().expect("a list"), "email", &site.people().leaver);
    let as_text = json!({"id": weekly["id"].to_string(), "userShares": [leaver["id"]]});
    assert_eq!(site.call("POST", &format!("{path}/delete"), &as_text).await.status, 400);
    let good = json!({"id": weekly["id"], "userShares": [leaver["id"]]});
    for acted in [true, false] {
        let after = site.call("POST", &format!("{path}/delete"), &good).await.results();
        assert!(!after.to_string().contains(&site.people().leaver));
        assert_eq!(site.requests().await.last().expect("logged")["acted"], acted, "idempotent");
    }
}
