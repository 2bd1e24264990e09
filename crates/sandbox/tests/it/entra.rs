//! The twin of Entra (facts/identity-providers.md A2), and what follows from it at the vendor.

use serde_json::{Value, json};

use crate::client::{Answer, Site};

/// So long until the next cycle of the job has run.
const CYCLE: i64 = 41 * 60;

/// A token of the twin's login.
async fn token(site: &Site, secret: &str) -> Answer {
    let entra = &site.sandbox.description().entra;
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={secret}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default",
        entra.client_id
    );
    site.form(&format!("/entra/login/{}/oauth2/v2.0/token", entra.tenant), &form).await
}

/// A call of Graph with a fresh token.
async fn graph(site: &Site, method: &str, path: &str) -> Answer {
    let secret = site.sandbox.description().entra.client_secret.clone();
    let token = token(site, &secret).await.json();
    let bearer = format!("Bearer {}", token["access_token"].as_str().expect("a token"));
    site.call_as(&bearer, method, &format!("/entra/graph/v1.0{path}"), &Value::Null).await
}

async fn happens(site: &Site, deed: Value) -> Value {
    let answer = site.control("POST", "tenant", &deed).await;
    assert_eq!(answer.status, 200, "{deed}: {}", answer.text);
    answer.json()
}

async fn later(site: &Site, seconds: i64) {
    assert_eq!(site.control("POST", "clock", &json!({"advance": seconds})).await.status, 200);
}

/// A world whose leaver is of a claimed domain and has exactly these ways, and none at the other provider; and the leaver's id.
async fn with_ways(kinds: &[&str]) -> (Site, String) {
    let site = Site::variant("claimed-domain-includes-leaver").await;
    let leaver = site.people().leaver.clone();
    let none = json!({"does": "ways", "account": leaver, "kinds": []});
    assert_eq!(site.control("POST", "provider", &none).await.status, 200);
    happens(&site, json!({"does": "ways", "account": leaver, "kinds": kinds})).await;
    let found = graph(&site, "GET", &format!("/users/{}", leaver.replace('@', "%40"))).await.json();
    (site, found["id"].as_str().expect("an id").to_owned())
}

async fn is_inside(site: &Site) -> bool {
    site.member(&site.people().leaver).await["active"] == true
}

/// The leaver is deleted at the vendor.
async fn gone(site: &Site) {
    let people = site.people();
    assert_eq!(site.deed(&json!({"as": people.owner, "does": "delete-member", "target": people.leaver})).await, 200);
    assert!(!is_inside(site).await);
}

fn app(site: &Site) -> String {
    site.sandbox.description().entra.application_id.clone()
}

#[tokio::test]
async fn tokens_are_given_to_the_client_alone_and_end() {
    let site = Site::ordinary().await;
    let refused = token(&site, "wrong").await;
    assert_eq!((refused.status, refused.json()["error"].clone()), (401, json!("invalid_client")));
    let without = site.call_as("Bearer no", "GET", "/entra/graph/v1.0/users", &Value::Null).await;
    assert_eq!((without.status, without.json()["error"]["code"].clone()), (401, json!("InvalidAuthenticationToken")));
    let secret = site.sandbox.description().entra.client_secret.clone();
    let given = token(&site, &secret).await.json();
    let bearer = format!("Bearer {}", given["access_token"].as_str().expect("a token"));
    let path = "/entra/graph/v1.0/users?$top=1";
    assert_eq!(site.call_as(&bearer, "GET", path, &Value::Null).await.status, 200);
    later(&site, given["expires_in"].as_i64().expect("seconds") + 1).await;
    assert_eq!(site.call_as(&bearer, "GET", path, &Value::Null).await.status, 401);
}

#[tokio::test]
async fn lists_come_in_pages_with_the_address_of_the_next() {
    let site = Site::ordinary().await;
    let first = graph(&site, "GET", "/users?$top=3").await.json();
    let next = first["@odata.nextLink"].as_str().expect("a next page");
    let at = next.split("/entra/graph/v1.0").nth(1).expect("below the address");
    let second = graph(&site, "GET", at).await.json();
    assert_eq!(first["value"].as_array().map(Vec::len), Some(3));
    assert_ne!(first["value"][0]["id"], second["value"][0]["id"]);
}

#[tokio::test]
async fn a_word_that_is_left_out_deletes_the_account_itself() {
    let (site, leaver) = with_ways(&["group"]).await;
    let of = graph(&site, "GET", &format!("/users/{leaver}/memberOf")).await.json();
    let given = graph(&site, "GET", &format!("/servicePrincipals/{}/appRoleAssignedTo", app(&site))).await.json();
    let on: Vec<&Value> = given["value"].as_array().expect("a list").iter().map(|one| &one["principalId"]).collect();
    let group = of["value"].as_array().expect("a list").iter().find(|group| on.contains(&&group["id"]));
    let group = group.expect("a group with the application")["id"].as_str().expect("an id").to_owned();
    let member = format!("/groups/{group}/members/{leaver}");
    assert_eq!(graph(&site, "DELETE", &format!("{member}/$ref")).await.status, 204);
    assert_eq!(graph(&site, "GET", &format!("/users/{leaver}")).await.status, 200);
    assert_eq!(graph(&site, "DELETE", &member).await.status, 204);
    assert_eq!(graph(&site, "GET", &format!("/users/{leaver}")).await.status, 404);
}

#[tokio::test]
async fn nobody_is_taken_out_of_a_group_that_a_rule_or_another_directory_fills() {
    for kind in ["dynamic", "synced"] {
        let (site, leaver) = with_ways(&[kind]).await;
        let state = site.state().await;
        let groups = state["entra"]["groups"].as_array().expect("groups");
        let group = groups.iter().find(|group| group["membership"]["kind"] == kind).expect("a group of this kind");
        let path = format!("/groups/{}/members/{leaver}/$ref", group["id"].as_str().expect("an id"));
        let refused = graph(&site, "DELETE", &path).await;
        assert_eq!((refused.status, refused.json()["error"]["code"].clone()), (400, json!("Request_BadRequest")));
    }
}

#[tokio::test]
async fn a_way_that_is_open_brings_the_account_back_within_a_cycle() {
    for kind in ["direct", "group", "dynamic", "synced", "everyone-job", "wide"] {
        let (site, leaver) = with_ways(&[kind]).await;
        gone(&site).await;
        happens(&site, json!({"does": "edit-profile", "account": leaver, "department": "Contractors"})).await;
        assert!(!is_inside(&site).await, "{kind}: not before the cycle");
        later(&site, CYCLE).await;
        assert!(is_inside(&site).await, "{kind}");
    }
    // Without an assignment anybody signs in, and the vendor makes the account just in time.
    let (site, leaver) = with_ways(&["anyone"]).await;
    gone(&site).await;
    happens(&site, json!({"does": "log-in", "account": leaver})).await;
    assert!(is_inside(&site).await);
}

#[tokio::test]
async fn a_group_inside_a_group_gives_nothing() {
    let (site, leaver) = with_ways(&[]).await;
    let of = graph(&site, "GET", &format!("/users/{leaver}/memberOf")).await.json();
    assert_eq!(of["value"].as_array().map(Vec::len), Some(1), "it is in the inner group: {of}");
    gone(&site).await;
    happens(&site, json!({"does": "edit-profile", "account": leaver, "department": "Contractors"})).await;
    later(&site, CYCLE).await;
    let signed_in = happens(&site, json!({"does": "log-in", "account": leaver})).await;
    assert_eq!(signed_in["signed_in"], false);
    assert!(!is_inside(&site).await);
    let filter = format!("userId%20eq%20'{leaver}'");
    let log = graph(&site, "GET", &format!("/auditLogs/signIns?$filter={filter}")).await.json();
    assert_eq!(log["value"][0]["status"]["errorCode"], 50_105, "{log}");
}

#[tokio::test]
async fn a_job_takes_the_account_in_its_cycle_and_none_where_it_stands() {
    for (deed, inside) in [
        (json!({"does": "restart"}), false),
        (json!({"does": "set-job", "code": "Quarantine"}), true),
        (json!({"does": "set-job", "code": "Paused"}), true),
        (json!({"does": "keep-unassigned"}), true),
    ] {
        let (site, leaver) = with_ways(&["direct"]).await;
        happens(&site, deed.clone()).await;
        let given = graph(&site, "GET", &format!("/users/{leaver}/appRoleAssignments")).await.json();
        let path = format!(
            "/servicePrincipals/{}/appRoleAssignedTo/{}",
            app(&site),
            given["value"][0]["id"].as_str().expect("an id")
        );
        assert_eq!(graph(&site, "DELETE", &path).await.status, 204);
        assert!(is_inside(&site).await, "not before the cycle");
        later(&site, CYCLE).await;
        assert_eq!(is_inside(&site).await, inside, "{deed}");
    }
}
