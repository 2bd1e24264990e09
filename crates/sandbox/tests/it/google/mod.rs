//! The twin of Google Workspace (facts/identity-providers.md A3), and what follows from it at the vendor.

mod logins;
mod token;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::client::{Answer, Site};

const SCOPES: &str = "admin.directory.user admin.directory.user.security admin.directory.group.readonly \
                      admin.directory.group.member admin.reports.audit.readonly cloud-identity.groups.readonly";

fn scopes(short: &str) -> String {
    let full = short.split(' ').map(|scope| format!("https://www.googleapis.com/auth/{scope}"));
    full.collect::<Vec<_>>().join(" ")
}

/// The claims of a good assertion, with these changes.
async fn claims(site: &Site, changes: Value) -> Value {
    let google = &site.sandbox.description().google;
    let now: Timestamp = site.state().await["now"].as_str().expect("a time").parse().expect("a time");
    let mut claims = json!({
        "iss": google.service_account,
        "sub": google.subject,
        "aud": google.token_url,
        "scope": scopes(SCOPES),
        "iat": now.as_second(),
        "exp": now.as_second() + 3600,
    });
    for (name, value) in changes.as_object().expect("an object") {
        match value.as_i64().filter(|_| name == "iat" || name == "exp") {
            Some(seconds) => claims[name] = json!(now.as_second() + seconds),
            None => claims[name] = value.clone(),
        }
    }
    claims
}

/// An assertion with these claims, signed with the key of the description.
fn assertion(site: &Site, header: &Value, claims: &Value) -> String {
    let pem = &site.sandbox.description().google.private_key;
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(text).expect("base64")).expect("a key");
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let content = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), content.as_bytes(), &mut signature).expect("signs");
    format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn exchange(site: &Site, assertion: &str) -> Answer {
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    site.form("/google/token", &format!("{grant}&assertion={assertion}")).await
}

/// What the token endpoint says to a good assertion with these changes.
async fn token(site: &Site, changes: Value) -> Answer {
    let claims = claims(site, changes).await;
    exchange(site, &assertion(site, &json!({"alg": "RS256", "typ": "JWT"}), &claims)).await
}

async fn bearer(site: &Site, changes: Value) -> String {
    let given = token(site, changes).await;
    assert_eq!(given.status, 200, "{}", given.text);
    format!("Bearer {}", given.json()["access_token"].as_str().expect("a token"))
}

/// A call below `/google` with a fresh token.
async fn google(site: &Site, method: &str, path: &str) -> Answer {
    with_body(site, method, path, &Value::Null).await
}

async fn with_body(site: &Site, method: &str, path: &str, body: &Value) -> Answer {
    let bearer = bearer(site, json!({})).await;
    site.call_as(&bearer, method, &format!("/google{path}"), body).await
}

async fn directory(site: &Site, method: &str, path: &str) -> Answer {
    google(site, method, &format!("/admin/directory/v1{path}")).await
}

async fn log(site: &Site, query: &str) -> Vec<Value> {
    let path = format!("/admin/reports/v1/activity/users/all/applications/saml{query}");
    let answer = google(site, "GET", &path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json().get("items").and_then(Value::as_array).cloned().unwrap_or_default()
}

async fn deed(site: &Site, deed: &Value) -> Answer {
    site.control("POST", "workspace", deed).await
}

async fn happens(site: &Site, what: Value) -> Value {
    let answer = deed(site, &what).await;
    assert_eq!(answer.status, 200, "{what}: {}", answer.text);
    answer.json()
}

/// A world whose leaver is of a claimed domain and has exactly these ways, and none at the other providers; and the leaver's id.
async fn with_ways(variants: &str, kinds: &[&str]) -> (Site, String) {
    let site = Site::variant(&format!("claimed-domain-includes-leaver,{variants}")).await;
    let leaver = site.people().leaver.clone();
    let none = json!({"does": "ways", "account": leaver, "kinds": []});
    for other in ["provider", "tenant"] {
        assert_eq!(site.control("POST", other, &none).await.status, 200);
    }
    happens(&site, json!({"does": "ways", "account": leaver, "kinds": kinds})).await;
    let id = site.sandbox.description().google.account_id.clone();
    (site, id)
}

/// The group of this local part, as the state has it.
async fn group(site: &Site, local: &str) -> Value {
    let state = site.state().await;
    let groups = state["google"]["groups"].as_array().expect("groups");
    let begins = format!("{local}@");
    groups
        .iter()
        .find(|group| group["email"].as_str().is_some_and(|email| email.starts_with(&begins)))
        .expect(local)
        .clone()
}

async fn group_id(site: &Site, local: &str) -> String {
    group(site, local).await["id"].as_str().expect("an id").to_owned()
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

fn error(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

fn reason(answer: &Answer) -> (u16, Value) {
    let body = answer.json();
    assert_eq!(body["error"]["code"], answer.status, "{body}");
    (answer.status, body["error"]["errors"][0]["reason"].clone())
}

#[tokio::test]
async fn an_account_is_found_by_id_address_and_alias_and_by_search() {
    let (site, id) = with_ways("", &[]).await;
    let leaver = site.people().leaver.clone();
    let found = directory(&site, "GET", &format!("/users/{id}?projection=full")).await.json();
    assert_eq!(
        (found["primaryEmail"].clone(), found["orgUnitPath"].clone()),
        (json!(leaver), json!("/Contractors/Agency"))
    );
    let alias = found["aliases"][0].as_str().expect("an alias");
    for key in [leaver.as_str(), alias] {
        assert_eq!(directory(&site, "GET", &format!("/users/{key}")).await.json()["id"], json!(id), "{key}");
        let search = format!("/users?customer=my_customer&query=email%3A{key}");
        let users = directory(&site, "GET", &search).await.json();
        assert_eq!(users["users"].as_array().map(Vec::len), Some(1), "{key}");
        assert_eq!(users["users"][0]["id"], json!(id));
    }
    let nobody =
        directory(&site, "GET", "/users?customer=my_customer&query=email%3Anobody@nowhere.example").await.json();
    assert_eq!((nobody["kind"].clone(), nobody.get("users")), (json!("admin#directory#users"), None), "no list at all");
    assert_eq!(reason(&directory(&site, "GET", "/users/nobody@nowhere.example").await), (404, json!("notFound")));
    assert_eq!(
        reason(&directory(&site, "GET", "/users?query=email%3Ax").await),
        (400, json!("badRequest")),
        "whose users?"
    );
    let strange = directory(&site, "GET", &format!("/users/{id}?select=id")).await;
    assert_eq!(reason(&strange), (400, json!("badRequest")), "a parameter that the call does not take");
}

#[tokio::test]
async fn lists_come_in_pages_with_a_token_for_the_next() {
    let site = Site::ordinary().await;
    let path = "/users?customer=my_customer&maxResults=3";
    let first = directory(&site, "GET", path).await.json();
    let token = first["nextPageToken"].as_str().expect("a next page");
    let second = directory(&site, "GET", &format!("{path}&pageToken={token}")).await.json();
    assert_eq!(first["users"].as_array().map(Vec::len), Some(3));
    assert_ne!(first["users"][0]["id"], second["users"][0]["id"]);
    assert_eq!(reason(&directory(&site, "GET", &format!("{path}&pageToken=3")).await), (400, json!("invalid")));
    // A page that was cut short names no next one, and one with nothing in it has no list.
    site.fault("missing-page", "GET", "/google/admin/directory/v1/users").await;
    assert_eq!(directory(&site, "GET", path).await.json().get("nextPageToken"), None);
    site.fault("empty", "GET", "/google/admin/directory/v1/users").await;
    assert_eq!(directory(&site, "GET", path).await.json().get("users"), None);
}

#[tokio::test]
async fn faults_answer_as_google_does() {
    let site = Site::ordinary().await;
    for (fault, status, word) in
        [("429", 429, "rateLimitExceeded"), ("500-before", 500, "backendError"), ("404", 404, "notFound")]
    {
        site.fault(fault, "GET", "/google/admin/directory/v1/users").await;
        let answer = directory(&site, "GET", "/users?customer=my_customer").await;
        assert_eq!(reason(&answer), (status, json!(word)));
        assert_eq!(answer.header("retry-after"), None, "nobody says when the limit ends");
    }
}

#[tokio::test]
async fn groups_are_listed_as_far_as_the_account_is_in_them_itself_and_members_count_through_groups() {
    let (site, id) = with_ways("", &["nested"]).await;
    let of = directory(&site, "GET", &format!("/groups?userKey={id}")).await.json();
    let mut names: Vec<&str> =
        of["groups"].as_array().expect("groups").iter().filter_map(|one| one["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Agency", "Everybody"]);
    let partners = group(&site, "partners").await["email"].as_str().expect("an address").to_owned();
    let has = directory(&site, "GET", &format!("/groups/{partners}/hasMember/{id}")).await.json();
    assert_eq!(has, json!({"isMember": true}));
    let members = directory(&site, "GET", &format!("/groups/{partners}/members")).await.json();
    assert_eq!(members["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(members["members"][0]["type"], "GROUP");
    let all =
        directory(&site, "GET", &format!("/groups/{partners}/members?includeDerivedMembership=true")).await.json();
    assert!(all["members"].as_array().expect("members").iter().any(|one| one["id"] == json!(id)));
    let not_itself = directory(&site, "GET", &format!("/groups/{partners}/members/{id}")).await;
    assert_eq!(reason(&not_itself), (404, json!("notFound")));
    let stranger = directory(&site, "GET", &format!("/groups/{partners}/hasMember/x@nowhere.example")).await;
    assert_eq!(reason(&stranger), (400, json!("invalid")), "whoever is not of the workspace is no answer");
    let both = directory(&site, "GET", &format!("/groups?customer=my_customer&userKey={id}")).await;
    assert_eq!(reason(&both), (400, json!("badRequest")));
}

#[tokio::test]
async fn a_member_is_put_in_and_taken_out_but_never_of_a_dynamic_group() {
    let (site, id) = with_ways("", &["group", "dynamic"]).await;
    for (local, status) in [("analytics", 204), ("contractors", 400)] {
        let path = format!("/groups/{}/members/{id}", group_id(&site, local).await);
        let answer = directory(&site, "DELETE", &path).await;
        assert_eq!((answer.status, answer.text.is_empty()), (status, status == 204), "{local}: {}", answer.text);
        assert_eq!(directory(&site, "GET", &path).await.status, if status == 204 { 404 } else { 200 });
    }
    let members = format!("/admin/directory/v1/groups/{}/members", group_id(&site, "analytics").await);
    let body = json!({"email": site.people().leaver, "role": "MEMBER"});
    assert_eq!(with_body(&site, "POST", &members, &body).await.json()["id"], json!(id));
    assert_eq!(reason(&with_body(&site, "POST", &members, &body).await), (409, json!("duplicate")));
    let outer = group(&site, "partners").await["email"].clone();
    let inner = format!("/admin/directory/v1/groups/{}/members", group_id(&site, "agency").await);
    let cycle = with_body(&site, "POST", &inner, &json!({"email": outer})).await;
    assert_eq!(reason(&cycle), (400, json!("cyclicMembershipsNotAllowed")));
}

#[tokio::test]
async fn cloud_identity_shows_queries_and_tells_nobody_what_is_not_there() {
    let (site, id) = with_ways("", &["dynamic"]).await;
    let address = group(&site, "contractors").await["email"].as_str().expect("an address").to_owned();
    let found = google(&site, "GET", &format!("/identity/v1/groups:lookup?groupKey.id={address}")).await.json();
    let name = found["name"].as_str().expect("a name");
    assert_eq!(name, format!("groups/{}", group_id(&site, "contractors").await), "the same id as in the directory");
    let shown = google(&site, "GET", &format!("/identity/v1/{name}")).await.json();
    assert_eq!(shown["dynamicGroupMetadata"]["status"]["status"], "UP_TO_DATE");
    let query = shown["dynamicGroupMetadata"]["queries"][0]["query"].as_str().expect("a query");
    assert_eq!(query, "user.organizations.exists(org, org.department=='Contractors')");
    assert!(shown["labels"].get("cloudidentity.googleapis.com/groups.dynamic").is_some());
    let plain =
        google(&site, "GET", &format!("/identity/v1/groups/{}", group_id(&site, "analytics").await)).await.json();
    assert_eq!(plain.get("dynamicGroupMetadata"), None);
    let nothing = google(&site, "GET", "/identity/v1/groups:lookup?groupKey.id=no@nowhere.example").await;
    assert_eq!((nothing.status, nothing.json()["error"]["status"].clone()), (403, json!("PERMISSION_DENIED")));
    // A query that is being worked out, or cannot be, leaves the members who they were.
    for status in ["UPDATING_MEMBERSHIPS", "INVALID_QUERY"] {
        happens(&site, json!({"does": "set-rule-status", "group": address, "status": status})).await;
        happens(&site, json!({"does": "leave-out", "account": id, "rule": address})).await;
        let shown = google(&site, "GET", &format!("/identity/v1/{name}")).await.json();
        assert_eq!(shown["dynamicGroupMetadata"]["status"]["status"], status);
        let has = directory(&site, "GET", &format!("/groups/{address}/hasMember/{id}")).await.json();
        assert_eq!(has["isMember"], true);
    }
    happens(&site, json!({"does": "set-rule-status", "group": address, "status": "UP_TO_DATE"})).await;
    let has = directory(&site, "GET", &format!("/groups/{address}/hasMember/{id}")).await.json();
    assert_eq!(has["isMember"], false);
}

#[tokio::test]
async fn groups_in_groups_are_searched_in_some_editions_alone() {
    for (variant, status) in [("", 403), ("workspace-enterprise", 200)] {
        let (site, _) = with_ways(variant, &["nested"]).await;
        let leaver = site.people().leaver.clone();
        let label = "'cloudidentity.googleapis.com/groups.discussion_forum'%20in%20labels";
        let path = "/identity/v1/groups/-/memberships:searchTransitiveGroups?query=";
        let answer = google(&site, "GET", &format!("{path}member_key_id%20==%20'{leaver}'%20%26%26%20{label}")).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        if status == 200 {
            let answer = answer.json();
            let found = answer["memberships"].as_array().expect("a list");
            let kind =
                |name: &str| found.iter().find(|one| one["displayName"] == name).map(|one| one["relationType"].clone());
            assert_eq!(kind("Agency"), Some(json!("DIRECT")));
            assert_eq!(kind("Partners"), Some(json!("INDIRECT")));
            assert_eq!(kind("Analytics"), None);
        }
        let unlabelled = google(&site, "GET", &format!("{path}member_key_id%20==%20'{leaver}'")).await;
        assert_eq!(unlabelled.status, 400, "a query must name a label: {}", unlabelled.text);
    }
}

#[tokio::test]
async fn an_account_is_suspended_signed_out_and_loses_its_tokens_by_the_interface() {
    let (site, id) = with_ways("", &["unit"]).await;
    let user = format!("/admin/directory/v1/users/{id}");
    for list in ["tokens", "asps"] {
        let shown = google(&site, "GET", &format!("{user}/{list}")).await.json();
        for one in shown["items"].as_array().expect("a list") {
            let name = one.get("clientId").and_then(Value::as_str).map(str::to_owned);
            let name = name.unwrap_or_else(|| one["codeId"].to_string());
            assert_eq!(google(&site, "DELETE", &format!("{user}/{list}/{name}")).await.status, 204);
        }
        assert_eq!(google(&site, "GET", &format!("{user}/{list}")).await.json().get("items"), None);
    }
    let out = google(&site, "POST", &format!("{user}/signOut")).await;
    assert_eq!((out.status, out.text.as_str()), (204, ""));
    let suspended = with_body(&site, "PUT", &user, &json!({"suspended": true})).await.json();
    assert_eq!((suspended["suspended"].clone(), suspended["suspensionReason"].clone()), (json!(true), json!("ADMIN")));
    assert_eq!(happens(&site, json!({"does": "log-in", "account": id})).await["signed_in"], false);
    let requests = site.requests().await;
    let acted = |op: &str| requests.iter().any(|one| one["effect"]["op"] == op && one["acted"] == true);
    assert!(acted("delete") && acted("end") && acted("update"), "the request log tells what was changed");
}

#[tokio::test]
async fn two_accounts_may_bear_an_address_and_an_address_may_go_to_somebody_else() {
    let (site, id) = with_ways("", &["group"]).await;
    let leaver = site.people().leaver.clone();
    happens(&site, json!({"does": "copy-account", "account": id})).await;
    let search = format!("/users?customer=my_customer&query=email%3A{leaver}");
    let users = directory(&site, "GET", &search).await.json();
    assert_eq!(users["users"].as_array().map(Vec::len), Some(2));
    happens(&site, json!({"does": "recycle-address", "account": id})).await;
    assert_eq!(reason(&directory(&site, "GET", &format!("/users/{id}")).await), (404, json!("notFound")));
    let new = directory(&site, "GET", &format!("/users/{leaver}")).await.json();
    assert_ne!(new["id"], json!(id));
    assert_eq!(new["name"]["fullName"], "Robin Newcomer");
}
