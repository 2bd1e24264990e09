//! Things that keep sending: to the leaver, to the agency, or made by the leaver.
//! The third project has a single subscription, which mails the leaver alone; the fourth has no senders at all.

use serde_json::json;

use super::Cast;
use super::grower::Grower;
use super::names::{AGENCY, CUSTOMER};
use crate::world::{Kind, Who};

pub(super) fn write(grower: &mut Grower, cast: &Cast) {
    let [web, app, help, ..] = cast.projects.as_slice() else {
        return;
    };
    subscriptions(grower, cast, *web, *app, *help);
    alerts(grower, cast, *web, *app);
    machines(grower, cast, *web);
    warehouse(grower, cast, *web);
}

/// The address with capitals in it, as people type it.
fn shouted(address: &str) -> String {
    let (local, domain) = address.split_once('@').unwrap_or((address, ""));
    let capital: String = local.split('.').map(capitalized).collect::<Vec<_>>().join(".");
    format!("{capital}@{}", capitalized(domain))
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

fn subscriptions(grower: &mut Grower, cast: &Cast, web: u64, app: u64, help: u64) {
    let Cast { leaver, successor, owner, requester, .. } = cast;
    digest(grower, web, successor, "Executive weekly", &[&successor.email, &shouted(&leaver.email), &owner.email]);
    digest(grower, web, owner, "Spring campaign overview", &[&owner.email, &leaver.email]);
    digest(grower, web, leaver, "Campaign results for partners", &[&requester.email]);
    digest(grower, web, requester, "Checkout health", &[&requester.email, &cast.lookalike.email]);
    digest(grower, app, requester, "App install funnel", &[&requester.email, &leaver.email]);
    digest(grower, help, successor, "Article quality", &[&leaver.email]);
}

/// A subscription to the board of that title.
pub(super) fn digest(grower: &mut Grower, project: u64, by: &Who, title: &str, recipients: &[&str]) {
    let board = grower
        .world
        .items(project, Kind::Board)
        .find(|(_, board)| board.get("title").as_str() == Some(title))
        .map(|(_, board)| (board.get("id").clone(), board.get("creator_email").clone()));
    let Some((board, creator)) = board else {
        return;
    };
    grower.open(
        project,
        Kind::Digest,
        by,
        60,
        json!({"name": title, "dashboard_id": board, "dashboard_title": title, "dashboard_creator_email": creator,
            "recipients": recipients}),
    );
}

fn alerts(grower: &mut Grower, cast: &Cast, web: u64, app: u64) {
    let Cast { leaver, successor, owner, .. } = cast;
    alert(grower, web, leaver, "Leads dropped", &[&leaver.email, &successor.email]);
    alert(grower, web, owner, "Revenue below plan", &[&owner.email, &leaver.email]);
    alert(grower, web, owner, "Checkout errors", &[&owner.email]);
    alert(grower, app, successor, "Installs dropped", &[&successor.email, &leaver.email]);
}

/// An alert on the first report of the project.
pub(super) fn alert(grower: &mut Grower, project: u64, by: &Who, name: &str, mails: &[&str]) {
    let report = grower
        .world
        .items(project, Kind::Report)
        .next()
        .map(|(_, report)| json!({"id": report.get("id"), "name": report.get("name"), "type": report.get("type")}));
    let subscriptions: Vec<_> = mails.iter().map(|mail| json!({"type": "email", "value": mail})).collect();
    grower.open(
        project,
        Kind::Alert,
        by,
        50,
        json!({"name": name, "bookmark": report, "subscriptions": subscriptions}),
    );
}

fn machines(grower: &mut Grower, cast: &Cast, web: u64) {
    grower.open(
        web,
        Kind::Webhook,
        &cast.leaver,
        130,
        json!({"name": "Agency alerts", "url": format!("https://hooks.{AGENCY}/mixpanel/alerts"), "auth_type": "basic"}),
    );
    grower.open(
        web,
        Kind::Webhook,
        &cast.owner,
        300,
        json!({"name": "On-call", "url": format!("https://oncall.{CUSTOMER}/hooks/mixpanel")}),
    );
    let ran = grower.days_ago(3);
    grower.open(
        web,
        Kind::AgentFlow,
        &cast.successor,
        45,
        json!({"name": "Monday summary", "status": "active", "last_run": ran, "graph": {
            "nodes": [
                {"id": "ask", "type": "prompt", "config": {"text": "Summarize last week"}},
                {"id": "mail", "type": "email", "config": {"recipients": [cast.successor.email, cast.leaver.email]}},
            ],
            "edges": [{"from": "ask", "to": "mail"}],
        }}),
    );
    grower.open(
        web,
        Kind::Connector,
        &cast.leaver,
        160,
        json!({"label": "Export to agency bucket", "connector_type": "gcs",
            "connector_properties": {"bucket": "northlight-exports"}}),
    );
    grower.named(web, Kind::Pipeline, "events-daily-gcs-raw", &cast.leaver, 1, json!({}));
    grower.open(
        web,
        Kind::SchemaEnforcement,
        &cast.owner,
        220,
        json!({"state": "ingested", "notification_emails": [cast.owner.email, cast.leaver.email]}),
    );
}

fn warehouse(grower: &mut Grower, cast: &Cast, web: u64) {
    for (who, name, table) in [(&cast.leaver, "Agency BigQuery", "campaign_costs"), (&cast.owner, "Orders", "orders")] {
        let source = grower.open(
            web,
            Kind::WarehouseSource,
            who,
            140,
            json!({"source_name": name, "params": {"project": "brightwater-dwh", "service_account_key": "redacted"}}),
        );
        let dispatched = grower.hours_ago(20).as_second();
        grower.open(
            web,
            Kind::WarehouseImport,
            who,
            140,
            json!({"warehouse_source_id": source, "table_params": {"dataset": "marketing", "table": table},
                "event_name": "Cost Imported", "time_column_name": "at", "last_dispatch": dispatched}),
        );
    }
}
