//! Who is let in, what follows at the vendor, and what the log tells of it.

use super::*;

#[tokio::test]
async fn a_way_that_is_open_lets_the_person_in_and_the_vendor_makes_the_account() {
    for kind in ["unit", "group", "nested", "dynamic"] {
        let (site, id) = with_ways("", &[kind]).await;
        gone(&site).await;
        happens(&site, json!({"does": "edit-profile", "account": id, "department": "Elsewhere"})).await;
        assert!(!is_inside(&site).await, "{kind}: nobody is provisioned");
        happens(&site, json!({"does": "ways", "account": id, "kinds": [kind]})).await;
        assert!(!is_inside(&site).await, "{kind}: not before somebody signs in");
        happens(&site, json!({"does": "log-in", "account": id})).await;
        assert!(is_inside(&site).await, "{kind}");
        let events = log(&site, "?eventName=login_success&filters=application_name==Mixpanel").await;
        assert_eq!(events[0]["actor"]["profileId"], json!(id), "{kind}");
    }
}

#[tokio::test]
async fn every_way_is_closed_by_what_a_person_does_in_the_console() {
    let (site, id) = with_ways("", &["unit", "group", "nested", "dynamic"]).await;
    gone(&site).await;
    let contractors = group_id(&site, "contractors").await;
    let refused = deed(&site, &json!({"does": "leave-group", "group": contractors, "account": id})).await;
    assert_eq!(refused.status, 400, "nobody leaves a dynamic group: {}", refused.text);
    let deeds = [
        json!({"does": "set-unit", "account": id, "on": false}),
        json!({"does": "leave-group", "group": group_id(&site, "analytics").await, "account": id}),
        json!({"does": "leave-group", "group": group_id(&site, "partners").await, "account": id}),
    ];
    for what in deeds {
        happens(&site, what).await;
        let state = site.state().await;
        let on = state["google"]["on_application"].as_array().expect("ids");
        assert!(on.contains(&json!(id)), "another way is open");
    }
    happens(&site, json!({"does": "leave-out", "account": id, "rule": contractors})).await;
    let signed_in = happens(&site, json!({"does": "log-in", "account": id})).await;
    assert_eq!(signed_in["signed_in"], false);
    assert!(!is_inside(&site).await);
    // A profile that would fit the query does not bring the account back.
    happens(&site, json!({"does": "edit-profile", "account": id, "department": "Contractors"})).await;
    happens(&site, json!({"does": "log-in", "account": id})).await;
    assert!(!is_inside(&site).await);
}

#[tokio::test]
async fn the_log_tells_whose_logins_to_which_application_failed_and_why() {
    let (site, id) = with_ways("", &[]).await;
    let before = site.state().await["now"].as_str().expect("a time").to_owned();
    happens(&site, json!({"does": "log-in", "account": id})).await;
    happens(&site, json!({"does": "log-in", "account": id, "application": "Partner wiki"})).await;
    let path = format!("?eventName=login_failure&startTime={before}&filters=application_name==Mixpanel");
    let events = log(&site, &path).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let parameter = |name: &str| {
        let parameters = event["events"][0]["parameters"].as_array().expect("a list");
        parameters.iter().find(|one| one["name"] == name).map(|one| one["value"].clone())
    };
    assert_eq!(event["events"][0]["name"], "login_failure");
    assert_eq!(parameter("application_name"), Some(json!("Mixpanel")));
    assert_eq!(parameter("failure_type"), Some(json!("failure_app_not_enabled_for_user")));
    assert_eq!(parameter("orgunit_path"), Some(json!("/Contractors/Agency")));
    assert_eq!(event["actor"]["email"], json!(site.people().leaver));
    // Newest first, of one account, page by page.
    let own = format!("/admin/reports/v1/activity/users/{id}/applications/saml?maxResults=1");
    let first = google(&site, "GET", &own).await.json();
    assert_eq!(first["items"][0]["events"][0]["name"], "login_success", "{first}");
    let token = first["nextPageToken"].as_str().expect("a next page");
    let second = google(&site, "GET", &format!("{own}&pageToken={token}")).await.json();
    assert_eq!(second["items"][0]["events"][0]["name"], "login_failure", "{second}");
    let later = "?startTime=2099-01-01T00:00:00.000Z";
    let refused = google(&site, "GET", &format!("/admin/reports/v1/activity/users/all/applications/saml{later}")).await;
    assert_eq!(refused.status, 400);
    let empty = log(&site, "?eventName=login_failure&filters=application_name==Salesforce").await;
    assert!(empty.is_empty(), "{empty:?}");
}

#[tokio::test]
async fn a_refused_login_may_come_without_the_name_of_the_application() {
    let (site, id) = with_ways("workspace-failures-unnamed", &[]).await;
    happens(&site, json!({"does": "log-in", "account": id})).await;
    assert_eq!(log(&site, "?eventName=login_failure").await.len(), 1);
    assert!(log(&site, "?eventName=login_failure&filters=application_name==Mixpanel").await.is_empty());
}
