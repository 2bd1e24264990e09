//! Credentials: creating, using, deleting.

use serde_json::{Value, json};

use crate::client::{Site, basic, having};

fn base(site: &Site) -> String {
    format!("/api/app/organizations/{}/service-accounts", site.organization())
}

#[tokio::test]
async fn a_new_credential_works_at_once_and_dies_with_its_deletion() {
    let site = Site::ordinary().await;
    let body = json!({"username": "export replacement", "role": "analyst", "expires": "2027-01-01T00:00:00Z",
        "projects": [{"id": site.project_id(0), "role": "analyst"}]});
    let made = site.call("POST", &base(&site), &body).await;
    assert_eq!(made.status, 201);
    let account = made.json()["results"].clone();
    let name = account["username"].as_str().expect("text");
    assert!(name.starts_with("export-replacement.") && name.ends_with(".mp-service-account"));
    let login = basic(name, account["token"].as_str().expect("shown once"));
    let me = site.call_as(&login, "GET", "/api/app/me", &Value::Null).await.results();
    assert_eq!(me["user_id"], account["user"]);
    assert_eq!(me["projects"].as_object().map(serde_json::Map::len), Some(1));
    let one = format!("{}/{}", base(&site), account["id"]);
    let read = site.get(&one).await.json();
    assert!(read["last_used"].is_string() && read["token"].is_null() && read["status"].is_null());
    assert_eq!(site.call_as(&login, "GET", &base(&site), &Value::Null).await.status, 403);
    assert_eq!(site.call("DELETE", &one, &Value::Null).await.json(), json!({"status": "ok"}));
    assert_eq!(site.call_as(&login, "GET", "/api/app/me", &Value::Null).await.status, 401);
    assert_eq!(site.get(&one).await.status, 404);
}

#[tokio::test]
async fn a_credential_expires_on_the_clock() {
    let site = Site::ordinary().await;
    let body = json!({"username": "short", "expires": "2026-11-02T10:00:00Z"});
    let account = site.call("POST", &base(&site), &body).await.json()["results"].clone();
    let login = basic(account["username"].as_str().expect("text"), account["token"].as_str().expect("text"));
    assert_eq!(site.call_as(&login, "GET", "/api/app/me", &Value::Null).await.status, 200);
    let clock = site.control("POST", "clock", &json!({"advance": 3600})).await.json();
    assert_eq!(clock, json!({"now": "2026-11-02T10:00:00Z"}));
    let late = site.call_as(&login, "GET", "/api/app/me", &Value::Null).await;
    assert_eq!((late.status, late.json()["status"].clone()), (401, json!("error")));
}

#[tokio::test]
async fn expiry_has_one_form() {
    let site = Site::ordinary().await;
    for wrong in [
        "2027-01-01",
        "2027-01-01T00:00:00",
        "2027-01-01T00:00:00.000Z",
        "2027-01-01T00:00:00+00:00",
        "2027-13-01T00:00:00Z",
    ] {
        let body = json!({"username": "x", "expires": wrong});
        assert_eq!(site.call("POST", &base(&site), &body).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn both_forms_of_basic_are_accepted() {
    let site = Site::ordinary().await;
    let login = &site.sandbox.description().mixpanel.service_account;
    let plain = format!("Basic {}:{}", login.username, login.secret);
    assert_eq!(site.call_as(&plain, "GET", "/api/app/me", &Value::Null).await.status, 200);
    let wrong = format!("Basic {}:nonsense", login.username);
    let answer = site.call_as(&wrong, "GET", "/api/app/me", &Value::Null).await;
    assert_eq!((answer.status, answer.json()["status"].clone()), (401, json!("error")));
}

#[tokio::test]
async fn grants_to_projects_come_and_go() {
    let site = Site::ordinary().await;
    let accounts = site.list(&base(&site)).await;
    let old =
        accounts.iter().find(|one| one["creator_email"] == site.people().leaver).expect("the leaver made one").clone();
    let of_second = format!("{}/service-accounts", site.project(1));
    assert!(!site.list(&of_second).await.iter().any(|one| one["id"] == old["id"]));
    let add = json!({"projects": [{"id": site.project_id(1), "role": "consumer"}], "service_account_ids": [old["id"]]});
    assert_eq!(site.call("POST", &format!("{}/add-to-project", base(&site)), &add).await.status, 200);
    let entry = having(&site.list(&of_second).await, "username", old["username"].as_str().expect("text"));
    assert_eq!((&entry["role"], &entry["target_type"]), (&json!("consumer"), &json!("individual")));
    let remove = json!({"projects": [{"id": site.project_id(1), "service_account_ids": [old["id"]]}]});
    assert_eq!(site.call("POST", &format!("{}/remove-from-project", base(&site)), &remove).await.status, 200);
    assert!(!site.list(&of_second).await.iter().any(|one| one["id"] == old["id"]));
}

#[tokio::test]
async fn callers_of_the_old_credential_can_still_call() {
    let site = Site::ordinary().await;
    let leaver = site.people().leaver.clone();
    let old = || async {
        let accounts = site.list(&base(&site)).await;
        accounts.into_iter().find(|one| one["creator_email"] == leaver).expect("exists")
    };
    let before = old().await;
    assert_eq!(before["last_used"], "2026-11-01T03:00:00Z", "30 hours before the start");
    let use_it = json!({"as": leaver, "does": "use-service-account", "target": before["id"]});
    assert_eq!(site.deed(&use_it).await, 200);
    assert_eq!(old().await["last_used"], "2026-11-02T09:00:00Z");
    assert_eq!(site.call("DELETE", &format!("{}/{}", base(&site), before["id"]), &Value::Null).await.status, 200);
    assert_eq!(site.deed(&use_it).await, 404);
}

#[tokio::test]
async fn variants_of_our_own_credential() {
    let site = Site::variant("credential-made-by-leaver").await;
    let name = &site.sandbox.description().mixpanel.service_account.username;
    let ours = having(&site.list(&base(&site)).await, "username", name);
    assert_eq!(ours["creator_email"], site.people().leaver.as_str());
    let site = Site::variant("project-without-role").await;
    assert_eq!(site.get(&format!("{}/dashboards", site.project(1))).await.status, 403);
    assert_eq!(site.get(&format!("{}/dashboards", site.project(0))).await.status, 200);
    let site = Site::variant("admin-service-account").await;
    let digests = format!("{}/dashboard-reports/email-digests", site.project(2));
    let id = site.list(&digests).await[0]["id"].clone();
    let change = site.call("PATCH", &format!("{digests}/{id}"), &json!({"paused": true})).await;
    assert_eq!(change.status, 403, "only a project owner or the creator");
}

#[tokio::test]
async fn a_variant_shows_the_documented_fields_only() {
    let site = Site::variant("service-accounts-without-creator-email").await;
    let leaver = site.member(&site.people().leaver).await["id"].clone();
    let accounts = site.list(&base(&site)).await;
    let old = accounts.iter().find(|one| one["creator"] == leaver).expect("the leaver made one");
    let single = site.get(&format!("{}/{}", base(&site), old["id"])).await.json();
    let of_project = site.list(&format!("{}/service-accounts", site.project(0))).await;
    for shown in accounts.iter().chain(&of_project).chain([&single]) {
        assert!(shown["creator"].is_u64());
        assert!(shown.get("creator_email").is_none() && shown.get("creator_name").is_none(), "{shown}");
    }
    let truth = site.state().await["service_accounts"].to_string();
    assert!(truth.contains(&site.people().leaver), "the state tells");
}
