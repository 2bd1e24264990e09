//! Provisioning.

use serde_json::{Value, json};

use crate::client::Site;

#[tokio::test]
async fn lists_everybody_page_by_page() {
    let site = Site::ordinary().await;
    let first = site.scim("GET", "/Users?startIndex=1&count=20", &Value::Null).await.json();
    assert_eq!((&first["totalResults"], &first["itemsPerPage"]), (&json!(24), &json!(20)));
    let second = site.scim("GET", "/Users?startIndex=21&count=20", &Value::Null).await.json();
    assert_eq!(second["Resources"].as_array().map(Vec::len), Some(4));
    let config = site.scim("GET", "/ServiceProviderConfig", &Value::Null).await.json();
    assert_eq!(config["filter"]["supported"], true);
    let wrong = site.call_as("Bearer no", "GET", "/api/app/scim/v2/Users", &Value::Null).await;
    assert_eq!(wrong.status, 401);
}

async fn find(site: &Site, address: &str) -> Value {
    let filter = format!("/Users?filter=userName%20eq%20%22{address}%22");
    let found = site.scim("GET", &filter, &Value::Null).await.json();
    assert_eq!(found["totalResults"], 1, "{found}");
    found["Resources"][0].clone()
}

#[tokio::test]
async fn changes_only_people_of_claimed_domains() {
    let site = Site::ordinary().await;
    let off = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": false}]});
    let leaver = find(&site, &site.people().leaver.to_uppercase()).await;
    let path = format!("/Users/{}", leaver["id"].as_str().expect("text"));
    let refused = site.scim("PATCH", &path, &off).await;
    assert_eq!((refused.status, refused.json()["status"].clone()), (403, json!("403")));
    assert_eq!(site.scim("DELETE", &path, &Value::Null).await.status, 403);
    let inside = find(&site, &site.people().requester).await;
    let path = format!("/Users/{}", inside["id"].as_str().expect("text"));
    assert_eq!(site.scim("PATCH", &path, &off).await.json()["active"], false);
    assert_eq!(site.scim("PUT", &path, &json!({"active": "True"})).await.json()["active"], true);
}

#[tokio::test]
async fn an_inactive_person_leaves_the_roster_and_stays_in_scim() {
    let site = Site::variant("claimed-domain-includes-leaver").await;
    let leaver = site.people().leaver.clone();
    let id = find(&site, &leaver).await["id"].as_str().expect("text").to_owned();
    let off = json!({"Operations": [{"op": "Replace", "value": {"active": "False"}}]});
    assert_eq!(site.scim("PATCH", &format!("/Users/{id}"), &off).await.status, 200);
    let log = site.requests().await;
    assert_eq!(log.last().expect("logged")["effect"]["op"], "deactivate");
    let roster = site.get(&format!("/organizations/{}/users/", site.organization())).await;
    assert!(!roster.text.contains(&leaver));
    assert_eq!(find(&site, &leaver).await["active"], false);
}

#[tokio::test]
async fn deletion_takes_private_content_along() {
    let site = Site::variant("claimed-domain-includes-leaver").await;
    let id = find(&site, &site.people().leaver).await["id"].as_str().expect("text").to_owned();
    assert_eq!(site.scim("DELETE", &format!("/Users/{id}"), &Value::Null).await.status, 204);
    assert_eq!(site.scim("GET", &format!("/Users/{id}"), &Value::Null).await.status, 404);
    let boards = site.state().await["projects"][0]["content"]["board"].to_string();
    assert!(boards.contains("Spring campaign overview"), "shared content stays");
    assert!(!boards.contains("Draft: pricing page test"), "private content goes");
}

#[tokio::test]
async fn groups_are_teams() {
    let site = Site::ordinary().await;
    let groups = site.scim("GET", "/Groups", &Value::Null).await.json();
    let agency = groups["Resources"]
        .as_array()
        .and_then(|list| list.iter().find(|group| group["displayName"] == "Agency"))
        .expect("exists")
        .clone();
    let path = format!("/Groups/{}", agency["id"].as_str().expect("text"));
    let person = agency["members"][0]["value"].as_str().expect("text");
    let patch = json!({"Operations": [{"op": "remove", "path": format!("members[value eq \"{person}\"]")}]});
    let left = site.scim("PATCH", &path, &patch).await.json();
    assert_eq!(left["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(site.scim("PUT", &path, &json!({"members": []})).await.json()["members"], json!([]));
    assert_eq!(site.scim("DELETE", &path, &Value::Null).await.status, 204);
    assert!(!site.state().await["teams"].to_string().contains("Agency"));
}

#[tokio::test]
async fn new_people_and_the_plan_without_scim() {
    let site = Site::ordinary().await;
    let new = json!({"userName": "new.person@brightwater.example", "displayName": "New Person"});
    assert_eq!(site.scim("POST", "/Users", &new).await.status, 201);
    assert_eq!(site.scim("POST", "/Users", &new).await.status, 409);
    let outside = json!({"userName": "new.person@elsewhere.example"});
    assert_eq!(site.scim("POST", "/Users", &outside).await.status, 403);
    let site = Site::variant("no-scim").await;
    assert_eq!(site.scim("GET", "/Users", &Value::Null).await.status, 403);
}

#[tokio::test]
async fn a_variant_shows_claimed_domains_only() {
    let site = Site::variant("scim-claimed-domains-only").await;
    let users = site.scim("GET", "/Users?count=100", &Value::Null).await.json();
    let listed = users["Resources"].as_array().expect("a list");
    assert_eq!(users["totalResults"], listed.len(), "the count is of those that are shown");
    assert!(listed.len() >= 5, "{}", listed.len());
    let own = |user: &Value| user["userName"].as_str().is_some_and(|name| name.ends_with("@brightwater.example"));
    assert!(listed.iter().all(own));
    let leaver = site.member(&site.people().leaver).await["id"].clone();
    assert!(!leaver.is_null(), "still a member");
    assert_eq!(site.scim("GET", &format!("/Users/{leaver}"), &Value::Null).await.status, 404);
}
