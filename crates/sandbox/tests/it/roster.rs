//! The roster in its four layouts, and its refusals.

use serde_json::{Value, json};

use crate::client::Site;

async fn roster(site: &Site) -> Value {
    site.get(&format!("/organizations/{}/users/", site.organization())).await.results()
}

#[tokio::test]
async fn every_layout_names_everybody() {
    for name in ["roster-list", "roster-map-by-address", "roster-map-by-id", "roster-bare"] {
        let site = Site::variant(name).await;
        let text = roster(&site).await.to_string();
        let state = site.state().await;
        for member in state["members"].as_array().expect("a list") {
            let address = member["email"].as_str().expect("text");
            assert!(text.contains(&format!("\"{address}\"")), "{name}: {address}");
        }
        assert_eq!(state["members"].as_array().map(Vec::len), Some(24));
    }
}

#[tokio::test]
async fn layouts_differ_in_what_they_tell() {
    let list = roster(&Site::variant("roster-list").await).await;
    assert!(list[0]["projects"][0]["target_type"].is_string());
    let site = Site::variant("roster-map-by-address").await;
    assert_eq!(roster(&site).await[&site.people().leaver]["role"], "member");
    let by_id = roster(&Site::variant("roster-map-by-id").await).await;
    let first = by_id.as_object().and_then(|map| map.values().next()).expect("somebody").clone();
    assert!(first["email"].is_string() && first["projects"].is_null());
    let bare = roster(&Site::variant("roster-bare").await).await;
    assert!(bare[0].as_str().is_some_and(|address| address.contains('@')));
}

#[tokio::test]
async fn the_seed_chooses_the_layout() {
    let kinds = [Value::is_array, Value::is_object, Value::is_object, Value::is_array];
    for (seed, is) in kinds.iter().enumerate() {
        let seed = u64::try_from(seed).expect("small");
        let site = Site::new(leaver_sandbox::Options { seed, ..leaver_sandbox::Options::default() }).await;
        assert!(is(&roster(&site).await), "seed {seed}");
    }
}

#[tokio::test]
async fn the_roster_can_refuse_while_the_truth_stands() {
    let site = Site::variant("roster-403").await;
    let answer = site.get(&format!("/organizations/{}/users/", site.organization())).await;
    assert_eq!((answer.status, answer.json()["status"].as_str()), (403, Some("error")));
    assert!(!site.member(&site.people().leaver).await.is_null());
    let site = Site::variant("roster-html").await;
    let answer = site.get(&format!("/organizations/{}/users/", site.organization())).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
}

#[tokio::test]
async fn the_slash_less_form_redirects_every_method() {
    let site = Site::ordinary().await;
    let path = format!("/organizations/{}/users", site.organization());
    let answer = site.get(&path).await;
    assert_eq!((answer.status, answer.header("location")), (301, Some(format!("{path}/").as_str())));
    let hooks = format!("{}/webhooks", site.project(0));
    assert_eq!(site.call("POST", &hooks, &json!({"name": "x", "url": "https://x.example"})).await.status, 301);
    assert_eq!(site.get(&format!("{}/dashboards", site.project(0))).await.status, 200);
}

#[tokio::test]
async fn people_are_added_by_number_and_never_deleted_by_rpc() {
    let site = Site::ordinary().await;
    let base = format!("/organizations/{}", site.organization());
    let add = |id: Value| json!({"projects": [{"id": id, "users": [{"email": "x@y.example", "role": "analyst"}]}]});
    let text = site.call("POST", &format!("{base}/add-users-to-projects/"), &add(json!("1"))).await;
    assert_eq!(text.status, 500);
    let good = site.call("POST", &format!("{base}/add-users-to-projects/"), &add(json!(site.project_id(0)))).await;
    assert_eq!(good.status, 200);
    assert!(site.state().await["invitations"].to_string().contains("x@y.example"));
    let body = json!({"users": [site.people().leaver]});
    assert_eq!(site.call("POST", &format!("{base}/delete-users/"), &body).await.status, 400);
    assert!(!site.member(&site.people().leaver).await.is_null());
}

#[tokio::test]
async fn me_tells_rights_and_on_wish_people() {
    let site = Site::ordinary().await;
    let me = site.get("/api/app/me").await.results();
    let organization = &me["organizations"][site.organization().to_string()];
    assert_eq!(organization["role"], "owner");
    assert!(organization["permissions"].to_string().contains("delete_members"));
    assert_eq!(me["projects"].as_object().map(serde_json::Map::len), Some(4));
    assert!(me["workspaces"].to_string().contains(&site.people().leaver));
    let first = &me["projects"][site.project_id(0).to_string()];
    assert_eq!(first["owner_id"], site.member(&site.people().owner).await["id"]);
    let small = site.get("/api/app/me?include_workspace_users=false").await.results();
    assert!(!small.to_string().contains(&site.people().leaver));
}

#[tokio::test]
async fn teams_and_views_show_the_leaver() {
    let site = Site::ordinary().await;
    let teams = site.list(&format!("/organizations/{}/teams", site.organization())).await;
    let agency = crate::client::having(&teams, "name", "Agency");
    assert!(agency["members"].to_string().contains(&site.people().leaver));
    let views = site.list(&format!("{}/workspaces/public", site.project(0))).await;
    let partners = crate::client::having(&views, "name", "Campaign partners");
    assert_eq!(partners["is_restricted"], true);
    assert!(partners["member_list"].to_string().contains(&site.people().leaver));
}

/// Who is listed as invited, as (data view, address).
fn invited(me: &Value) -> Vec<(String, String)> {
    let views = me["workspaces"].as_object().expect("a map");
    let entries = |view: &Value| view["member_list"].as_array().expect("a list").clone();
    let waiting = views.values().flat_map(|view| {
        let name = view["name"].as_str().expect("text").to_owned();
        let waiting = entries(view).into_iter().filter(|entry| entry["invited"] == true);
        waiting.map(move |entry| (name.clone(), entry["email"].as_str().expect("text").to_owned())).collect::<Vec<_>>()
    });
    waiting.collect()
}

#[tokio::test]
async fn an_invitation_to_a_project_waits_in_its_member_lists() {
    let site = Site::ordinary().await;
    let people = site.people().clone();
    let all = |address: &str| ("All Project Data".to_owned(), address.to_owned());
    let aalto = all("s.aalto@northlight-studio.example");
    let me = site.get("/api/app/me").await.results();
    assert_eq!(
        invited(&me),
        std::slice::from_ref(&aalto),
        "not the one to the organization alone, and not in the restricted view"
    );
    let delete = json!({"as": people.owner, "does": "delete-member", "target": people.leaver});
    assert_eq!(site.deed(&delete).await, 200);
    let deed = json!({"as": people.owner, "does": "invite", "target": people.leaver, "pending": true,
        "project": site.project_id(1), "project_role": "analyst"});
    assert_eq!(site.deed(&deed).await, 200);
    assert!(site.member(&people.leaver).await.is_null(), "not a member yet");
    let me = site.get("/api/app/me").await.results();
    assert_eq!(invited(&me), [aalto.clone(), all(&people.leaver)]);
    let views = site.list(&format!("{}/workspaces", site.project(1))).await;
    assert!(views[0]["member_list"].to_string().contains(&people.leaver), "there too");
    let accept = json!({"as": people.owner, "does": "invite", "target": people.leaver});
    assert_eq!(site.deed(&accept).await, 200);
    let grants = site.member(&people.leaver).await["grants"].clone();
    assert_eq!((&grants[0]["kind"], &grants[0]["role"]), (&json!("individual"), &json!("analyst")), "what was waiting");
    assert_eq!(invited(&site.get("/api/app/me").await.results()), [aalto]);
}
