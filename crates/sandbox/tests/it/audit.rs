//! The audit log: who did what in the vendor's event names, exported by a person.

use std::collections::BTreeSet;
use std::path::PathBuf;

use leaver_sandbox::Options;
use serde_json::{Value, json};

use crate::client::{Answer, Site};

/// A world whose exports have the raw columns.
async fn site() -> Site {
    Site::new(Options { seed: 2, ..Options::default() }).await
}

async fn export(site: &Site, who: &str, more: &str) -> Answer {
    let target = format!("/settings/org/audit-log/export?as={who}{more}");
    site.raw("GET", &target, &[], &[]).await.expect("an answer")
}

async fn lines(site: &Site) -> Vec<Value> {
    let answer = export(site, &site.people().owner, "&format=ndjson").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The events about a person, as the raw layout of an even seed shows them.
fn about(lines: &[Value], address: &str) -> Vec<String> {
    let theirs = lines.iter().filter(|line| line["target"]["email"] == address);
    theirs.map(|line| line["event_type"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_removal_is_logged_with_the_person_who_clicked() {
    let site = site().await;
    let people = site.people().clone();
    let deed = json!({"as": people.executor, "does": "delete-member", "target": people.leaver});
    assert_eq!(site.deed(&deed).await, 200);
    assert_eq!(site.deed(&json!({"as": people.owner, "does": "log-in", "target": people.leaver})).await, 200);
    assert_eq!(site.deed(&json!({"as": people.owner, "does": "invite", "target": people.leaver})).await, 200);
    assert_eq!(site.deed(&json!({"as": people.owner, "does": "log-in", "target": people.leaver})).await, 200);
    let lines = lines(&site).await;
    let removal = lines.iter().find(|line| line["event_type"] == "organization.user_removed").expect("a removal");
    assert_eq!(removal["actor"]["email"], people.executor);
    let told = about(&lines, &people.leaver);
    let from = told.iter().position(|event| event == "organization.user_removed").expect("it is about the leaver");
    assert_eq!(
        told[from..],
        [
            "organization.user_removed",
            "session.login_failed",
            "invitation.sent",
            "invitation.accepted",
            "organization.user_added",
            "session.logged_in"
        ]
    );
}

#[tokio::test]
async fn a_refused_deed_is_no_event() {
    let site = site().await;
    let people = site.people().clone();
    let before = lines(&site).await.len();
    let deed = json!({"as": people.requester, "does": "delete-member", "target": people.leaver});
    assert_eq!(site.deed(&deed).await, 403);
    // The export that was made before is two events itself.
    assert_eq!(lines(&site).await.len(), before + 2);
}

#[tokio::test]
async fn an_interface_call_is_logged_with_its_service_account() {
    let site = site().await;
    let made = site.call("POST", &format!("{}/cohorts", site.project(0)), &json!({"name": "Buyers"})).await;
    assert!(made.status < 300, "{}", made.text);
    let lines = lines(&site).await;
    let last = lines.iter().rfind(|line| line["event_type"] == "cohort.created").expect("the cohort");
    assert_eq!(last["project_id"], site.project_id(0));
    assert!(last["actor"]["email"].as_str().is_some_and(|text| text.contains("mp-service-account")), "{last}");
}

#[tokio::test]
async fn only_owners_and_admins_export_and_only_what_the_view_shows() {
    let site = site().await;
    let people = site.people().clone();
    assert_eq!(export(&site, &people.requester, "&format=csv").await.status, 403);
    assert_eq!(export(&site, &people.owner, "&format=xml").await.status, 400);
    let all = export(&site, &people.approver, "&format=csv").await;
    assert_eq!(all.status, 200);
    assert!(all.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")));
    let theirs = export(&site, &people.owner, &format!("&format=csv&user={}", people.leaver)).await;
    let rows: Vec<&str> = theirs.text.lines().skip(1).collect();
    assert!(!rows.is_empty() && rows.len() < all.text.lines().count() - 1, "{} rows", rows.len());
    assert!(rows.iter().all(|row| row.contains(&people.leaver)));
    let future = export(&site, &people.owner, "&format=csv&from=2999-01-01T00:00:00Z").await;
    assert_eq!(future.text.lines().count(), 1, "the heading alone");
}

#[tokio::test]
async fn the_page_shows_the_newest_first() {
    let site = site().await;
    let target = format!("/settings/org/audit-log?as={}", site.people().owner);
    let page = site.raw("GET", &target, &[], &[]).await.expect("an answer");
    assert_eq!(page.status, 200);
    assert!(page.text.contains("session.logged_in"), "{}", page.text);
}

#[tokio::test]
async fn an_odd_world_heads_its_columns_as_the_page_does() {
    let site = Site::ordinary().await;
    let file = export(&site, &site.people().owner, "&format=csv").await.text;
    assert!(file.starts_with("Date and Time,User,Action,IP,Project,Details\r\n"), "{file}");
}

/// The vendor's own list of events; where it is not at hand the check is skipped, and says so.
#[tokio::test]
async fn contracts_every_event_is_in_the_catalog() {
    let folder = std::env::var_os("LEAVER_CONTRACTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts"), PathBuf::from);
    let Ok(catalog) = std::fs::read_to_string(folder.join("mixpanel/audit-log-events.tsv")) else {
        println!("SKIPPED 1 check against the vendor's audit events: no {}", folder.display());
        return;
    };
    let known: BTreeSet<&str> = catalog.lines().skip(1).filter_map(|line| line.split('\t').next()).collect();
    let site = site().await;
    let people = site.people().clone();
    let state = site.state().await;
    let boards = state["projects"][0]["content"]["board"].as_array().expect("boards").clone();
    let linked = boards.iter().find(|one| one["fields"]["num_active_public_links"].as_u64() > Some(0));
    let mut deeds = vec![
        json!({"does": "export-events", "target": site.project_id(0).to_string()}),
        json!({"does": "set-role", "target": people.successor, "role": "admin"}),
        json!({"does": "invite", "target": "new@else.example"}),
        json!({"does": "invite", "target": "later@else.example", "pending": true}),
        json!({"does": "log-in", "target": people.leaver}),
        json!({"does": "log-in", "target": "nobody@else.example"}),
        json!({"does": "delete-member", "target": people.leaver}),
    ];
    deeds.extend(linked.map(|board| json!({"does": "disable-public-link", "target": board["id"].to_string()})));
    for mut deed in deeds {
        deed["as"] = json!(people.owner);
        assert_eq!(site.deed(&deed).await, 200, "{deed}");
    }
    let named: BTreeSet<String> =
        lines(&site).await.iter().map(|line| line["event_type"].as_str().expect("a name").to_owned()).collect();
    let stray: Vec<&String> = named.iter().filter(|event| !known.contains(event.as_str())).collect();
    assert!(stray.is_empty(), "not in the vendor's catalog: {stray:?}");
    assert!(named.len() >= 10, "{named:?}");
}
