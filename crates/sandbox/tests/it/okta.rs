//! The twin of Okta (facts/identity-providers.md A1), and what follows from it at the vendor.

use serde_json::{Value, json};

use crate::client::{Answer, Site};

/// A call with the token of the twin.
async fn okta(site: &Site, method: &str, path: &str) -> Answer {
    let token = format!("SSWS {}", site.sandbox.description().okta.token);
    site.call_as(&token, method, &format!("/okta/api/v1{path}"), &Value::Null).await
}

async fn happens(site: &Site, deed: Value) -> Value {
    let answer = site.control("POST", "provider", &deed).await;
    assert_eq!(answer.status, 200, "{deed}: {}", answer.text);
    answer.json()
}

/// The leaver is deleted at the vendor.
async fn gone(site: &Site) {
    let people = site.people();
    assert_eq!(site.deed(&json!({"as": people.owner, "does": "delete-member", "target": people.leaver})).await, 200);
    assert!(!is_inside(site).await);
}

/// A world whose leaver is of a claimed domain, with exactly these ways; and the leaver's id.
async fn with_ways(kinds: &[&str]) -> (Site, String) {
    let site = Site::variant("claimed-domain-includes-leaver").await;
    let leaver = site.people().leaver.clone();
    happens(&site, json!({"does": "ways", "account": leaver, "kinds": kinds})).await;
    let found = okta(&site, "GET", &format!("/users/{}", leaver.replace('@', "%40"))).await.json();
    (site, found["id"].as_str().expect("an id").to_owned())
}

async fn is_inside(site: &Site) -> bool {
    site.member(&site.people().leaver).await["active"] == true
}

fn app(site: &Site) -> String {
    site.sandbox.description().okta.application_id.clone()
}

#[tokio::test]
async fn errors_have_their_document_and_their_code() {
    let site = Site::ordinary().await;
    let code = |answer: &Answer| (answer.status, answer.json()["errorCode"].as_str().expect("a code").to_owned());
    let wrong = site.call_as("SSWS no", "GET", "/okta/api/v1/users", &Value::Null).await;
    assert_eq!(code(&wrong), (401, "E0000011".to_owned()));
    assert_eq!(code(&okta(&site, "GET", "/users/nobody").await), (404, "E0000007".to_owned()));
    let few = okta(&site, "GET", &format!("/apps/{}/groups?limit=5", app(&site))).await;
    assert_eq!(code(&few), (400, "E0000001".to_owned()), "20 is the least");
    assert_eq!(code(&okta(&site, "DELETE", "/users/nobody").await), (405, "E0000022".to_owned()));
}

#[tokio::test]
async fn lists_come_in_pages_with_a_link_to_the_next() {
    let site = Site::ordinary().await;
    let path = format!("/apps/{}/users?limit=3", app(&site));
    let first = okta(&site, "GET", &path).await;
    let links: Vec<&str> =
        first.headers.iter().filter(|(name, _)| name == "link").map(|(_, value)| value.as_str()).collect();
    assert_eq!(links.len(), 2, "{links:?}");
    let next = links.iter().find(|link| link.contains("rel=\"next\"")).expect("a next page");
    let at = next.split(['<', '>']).nth(1).expect("a target");
    let at = at.split("/okta/api/v1").nth(1).expect("below the address");
    let second = okta(&site, "GET", at).await.json();
    assert_eq!(first.json().as_array().map(Vec::len), Some(3));
    assert_ne!(first.json()[0]["id"], second[0]["id"]);
}

#[tokio::test]
async fn an_assignment_is_not_given_up_while_a_group_grants_it() {
    let (site, leaver) = with_ways(&["direct", "rule"]).await;
    let assignment = format!("/apps/{}/users/{leaver}", app(&site));
    let refused = okta(&site, "DELETE", &assignment).await;
    assert_eq!((refused.status, refused.json()["errorCode"].clone()), (403, json!("E0000046")));
    let state = site.state().await;
    let rule = &state["okta"]["rules"][0];
    let group = rule["groups"][0].as_str().expect("a group");
    assert_eq!(okta(&site, "DELETE", &format!("/groups/{group}/users/{leaver}")).await.status, 204);
    let after = okta(&site, "GET", &format!("/groups/rules/{}", rule["id"].as_str().expect("id"))).await.json();
    assert_eq!(after["conditions"]["people"]["users"]["exclude"], json!([leaver]), "the rule leaves the account out");
    assert!(is_inside(&site).await, "the assignment is still there");
    assert_eq!(okta(&site, "DELETE", &format!("{assignment}?sendEmail=false")).await.status, 204);
    assert_eq!(okta(&site, "GET", &assignment).await.status, 404);
    assert!(!is_inside(&site).await, "the provider deactivated the account at the vendor");
}

#[tokio::test]
async fn a_way_that_is_open_brings_the_account_back() {
    for kind in ["direct", "group", "rule", "imported", "everyone", "wide"] {
        for deed in [json!({"does": "edit-profile", "department": "Contractors"}), json!({"does": "log-in"})] {
            let (site, leaver) = with_ways(&[kind]).await;
            gone(&site).await;
            let mut deed = deed;
            deed["account"] = json!(leaver);
            happens(&site, deed.clone()).await;
            assert!(is_inside(&site).await, "{kind} {deed}");
        }
    }
}

#[tokio::test]
async fn who_has_no_way_stays_out_and_the_log_says_so() {
    let (site, leaver) = with_ways(&[]).await;
    gone(&site).await;
    let signed_in = happens(&site, json!({"does": "log-in", "account": leaver})).await;
    assert_eq!(signed_in["signed_in"], false);
    assert!(!is_inside(&site).await);
    let log = okta(&site, "GET", &format!("/logs?filter=actor.id%20eq%20%22{leaver}%22&limit=1000")).await.json();
    let [event] = log.as_array().expect("a list").as_slice() else { panic!("{log}") };
    assert_eq!(event["eventType"], "app.generic.unauth_app_access_attempt");
    assert_eq!(event["outcome"]["result"], "FAILURE");
}
