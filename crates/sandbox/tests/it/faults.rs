//! Each fault, the request log and the limits.

use serde_json::{Value, json};

use crate::client::Site;

/// The first digest of the third project, which mails the leaver alone.
async fn digest(site: &Site) -> String {
    let path = format!("{}/dashboard-reports/email-digests", site.project(2));
    let digests = site.list(&path).await;
    format!("{path}/{}", digests[0]["id"])
}

/// Whether that digest is paused in truth.
async fn paused(site: &Site) -> bool {
    site.state().await["projects"][2]["content"]["digest"][0]["fields"]["paused"] == true
}

#[tokio::test]
async fn before_and_after_differ_in_the_truth() {
    for (fault, status, acts) in [
        ("429", 429, false),
        ("404", 404, false),
        ("500-before", 500, false),
        ("500-after", 500, true),
        ("200-error", 200, false),
        ("html", 200, false),
        ("slow", 200, true),
    ] {
        let options = leaver_sandbox::Options { slow: std::time::Duration::from_millis(1), ..Default::default() };
        let site = Site::new(options).await;
        let one = digest(&site).await;
        site.fault(fault, "PATCH", &site.project(2)).await;
        let answer = site.call("PATCH", &one, &json!({"paused": true})).await;
        assert_eq!(answer.status, status, "{fault}");
        assert_eq!(paused(&site).await, acts, "{fault}");
        assert_eq!(site.requests().await.last().expect("logged")["acted"], acts, "{fault}");
        match fault {
            "429" => assert_eq!(answer.header("retry-after"), Some("1")),
            "200-error" | "404" => assert_eq!(answer.json()["status"], "error"),
            "html" => assert!(answer.text.starts_with("<!doctype html>")),
            _ => {}
        }
        let again = site.call("PATCH", &one, &json!({"paused": true})).await;
        assert_eq!(again.status, 200, "{fault} hits once");
    }
}

#[tokio::test]
async fn a_cut_connection_has_acted() {
    let site = Site::ordinary().await;
    let one = digest(&site).await;
    site.fault("drop-after", "PATCH", &one).await;
    let headers = [("authorization", site.authorization.as_str()), ("content-type", "application/json")];
    let answer = site.raw("PATCH", &one, &headers, br#"{"paused": true}"#).await;
    assert!(answer.is_none(), "not a byte came back");
    assert!(paused(&site).await);
    let log = site.requests().await;
    let last = log.last().expect("logged");
    assert_eq!((&last["status"], &last["acted"]), (&json!(0), &json!(true)));
}

#[tokio::test]
async fn empty_keeps_the_envelope() {
    let site = Site::ordinary().await;
    let organization = site.organization();
    for (path, expected) in [
        (format!("/organizations/{organization}/users/"), json!({"status": "ok", "results": {}})),
        (format!("{}/dashboards", site.project(0)), json!({"status": "ok", "results": []})),
        (format!("{}/bookmarks?v=2", site.project(0)), json!({"status": "ok", "results": {"results": []}})),
        (format!("{}/metrics", site.project(0)), json!({"status": "ok", "results": {}})),
        (format!("{}/annotations/tags", site.project(0)), json!([])),
    ] {
        site.fault("empty", "GET", path.split('?').next().expect("a path")).await;
        assert_eq!(site.get(&path).await.json(), expected, "{path}");
        assert_ne!(site.get(&path).await.json(), expected, "{path} once");
    }
    site.fault("empty", "GET", "/api/app/scim").await;
    let users = site.scim("GET", "/Users", &Value::Null).await.json();
    assert_eq!((&users["totalResults"], &users["Resources"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn a_missing_page_is_silent() {
    let site = Site::ordinary().await;
    let path = format!("{}/bookmarks?v=2", site.project(0));
    let whole = site.get(&path).await.results()["results"].as_array().map_or(0, Vec::len);
    site.fault("missing-page", "GET", &site.project(0)).await;
    let part = site.get(&path).await.results()["results"].as_array().map_or(0, Vec::len);
    assert_eq!(part, whole - whole.div_ceil(3));
    site.fault("missing-page", "GET", "/api/app/scim").await;
    let users = site.scim("GET", "/Users", &Value::Null).await.json();
    assert_eq!(users["totalResults"], 24);
    assert_eq!(users["Resources"].as_array().map(Vec::len), Some(16));
}

#[tokio::test]
async fn stale_shows_the_world_before_the_last_change() {
    let site = Site::ordinary().await;
    let people = site.people().clone();
    let roster = format!("/organizations/{}/users/", site.organization());
    let gone = json!({"as": people.owner, "does": "delete-member", "target": people.leaver});
    assert_eq!(site.deed(&gone).await, 200);
    site.fault("stale", "GET", &roster).await;
    assert!(site.get(&roster).await.text.contains(&people.leaver));
    assert!(!site.get(&roster).await.text.contains(&people.leaver));
    assert!(site.member(&people.leaver).await.is_null(), "the state ignores faults");
}

#[tokio::test]
async fn nth_times_and_clearing() {
    let site = Site::ordinary().await;
    let install = |nth: u64, times: u64| json!({"fault": "500-before", "match": {"method": "GET", "path": "/api/app/me"}, "nth": nth, "times": times});
    let statuses = || async {
        let mut all = Vec::new();
        for _ in 0..5 {
            all.push(site.get("/api/app/me").await.status);
        }
        all
    };
    site.control("POST", "faults", &install(2, 2)).await;
    assert_eq!(statuses().await, [200, 500, 500, 200, 200]);
    site.control("POST", "faults", &install(3, 0)).await;
    assert_eq!(statuses().await, [200, 200, 500, 500, 500]);
    site.control("POST", "faults", &json!({"fault": null})).await;
    assert_eq!(statuses().await, [200; 5]);
    assert_eq!(site.control("POST", "faults", &json!({"fault": "gremlin"})).await.status, 400);
}

#[tokio::test]
async fn the_log_counts_vendor_requests_only() {
    let site = Site::ordinary().await;
    site.state().await;
    site.control("POST", "clock", &json!({"advance": "1h"})).await;
    assert!(site.requests().await.is_empty());
    site.get("/api/app/me?include_workspace_users=false").await;
    let log = site.requests().await;
    let expected = json!({
        "seq": 1, "at": "2026-11-02T10:00:00Z", "via": "api", "method": "GET", "path": "/api/app/me",
        "query": "include_workspace_users=false", "status": 200, "acted": false,
        "body_sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "effect": null,
    });
    assert_eq!(log, [expected]);
}

#[tokio::test]
async fn a_refused_write_leaves_no_trace() {
    let site = Site::ordinary().await;
    let before = site.state().await["projects"].clone();
    let path = format!("{}/cohorts/bulk-update", site.project(0));
    let cohorts = site.list(&format!("{}/cohorts", site.project(0))).await;
    let body = json!({"cohorts": [{"id": cohorts[0]["id"], "description": "x"}, {"id": 1, "description": "y"}]});
    assert_eq!(site.call("POST", &path, &body).await.status, 404);
    assert_eq!(site.state().await["projects"], before);
}

#[tokio::test]
async fn limits_follow_the_clock() {
    let site = Site::ordinary().await;
    let path = format!("/api/query/cohorts/list?project_id={}", site.project_id(0));
    for _ in 0..60 {
        assert_eq!(site.call("POST", &path, &Value::Null).await.status, 200);
    }
    let limited = site.call("POST", &path, &Value::Null).await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("3600")));
    assert!(limited.header("ratelimit-policy").is_some_and(|policy| policy.contains("q=60;w=3600")));
    site.control("POST", "clock", &json!({"advance": 3600})).await;
    assert_eq!(site.call("POST", &path, &Value::Null).await.status, 200);
    let schemas = format!("{}/schemas", site.project(0));
    for _ in 0..5 {
        assert_eq!(site.get(&schemas).await.status, 200);
    }
    assert_eq!(site.get(&schemas).await.status, 429);
    let site = Site::new(leaver_sandbox::Options { app_limit_per_minute: Some(1), ..Default::default() }).await;
    assert_eq!(site.get("/api/app/me").await.status, 200);
    assert_eq!(site.get("/api/app/me").await.status, 429);
}
