//! What the leaver made and what others built on it: boards, reports, cohorts, definitions, flags.

use serde_json::json;

use super::Cast;
use super::grower::{Grower, insights, number};
use crate::shapes::{lay_out, person};
use crate::world::{Key, Kind, Reach};

fn named(names: &[&str]) -> Vec<(String, serde_json::Value)> {
    names.iter().map(|name| ((*name).to_owned(), insights("Campaign Clicked"))).collect()
}

pub(super) fn write(grower: &mut Grower, cast: &Cast) {
    let [web, app, help, trial, ..] = cast.projects.as_slice() else {
        return;
    };
    boards(grower, cast, *web);
    cohorts_and_definitions(grower, cast, *web);
    rollout(grower, cast, *web);
    dictionary(grower, cast, *web);
    elsewhere(grower, cast, *app, *help, *trial);
}

fn boards(grower: &mut Grower, cast: &Cast, web: u64) {
    let pinned = grower.days_ago(40);
    let (_, spring) = grower.board(
        web,
        &cast.leaver,
        Reach::Project,
        json!({"title": "Spring campaign overview", "description": "Weekly numbers of the spring campaign",
            "pinned_date": pinned}),
        named(&["Clicks by channel", "Landing page visits", "Leads per day", "Cost per lead"]),
    );
    grower.board(
        web,
        &cast.leaver,
        Reach::Owners,
        json!({"title": "Draft: pricing page test"}),
        named(&["Pricing page views", "Plan picked"]),
    );
    grower.board(
        web,
        &cast.leaver,
        Reach::Project,
        json!({"title": "Campaign results for partners", "num_active_public_links": 1}),
        named(&["Reach by partner", "Sign-ups by partner"]),
    );
    let (weekly, mut shown) = grower.board(
        web,
        &cast.owner,
        Reach::Project,
        json!({"title": "Executive weekly", "description": "Read on Mondays"}),
        named(&["Revenue", "New customers"]),
    );
    // A linked copy: the leaver's report, shown on somebody else's board.
    shown.extend(spring.first());
    grower.set(web, Kind::Board, &Key::Number(weekly), "layout", lay_out(&shown));
    // The leaver was the last to work on it.
    for (field, value) in [
        ("modified", json!(grower.days_ago(3))),
        ("last_modified_by_id", json!(cast.leaver.id)),
        ("last_modified_by_name", json!(cast.leaver.name)),
        ("last_modified_by_email", json!(cast.leaver.email)),
    ] {
        grower.set(web, Kind::Board, &Key::Number(weekly), field, value);
    }
    grower.world.edit(web, Kind::Board, &Key::Number(weekly), |board| {
        board.shares.users.push((cast.leaver.clone(), true));
        board.shares.users.push((cast.successor.clone(), true));
    });
}

fn cohorts_and_definitions(grower: &mut Grower, cast: &Cast, web: u64) {
    // Sealed: not even project owners see it, yet a report of somebody else uses it.
    let hidden = grower.make(
        web,
        Kind::Cohort,
        &cast.leaver,
        120,
        Reach::Nobody,
        json!({"name": "High-intent visitors", "description": "Three product views in a day", "count": 1840,
            "groups": [{"event": {"value": "Product Viewed"}, "operator": "at least", "value": 3}]}),
    );
    let newsletter = grower.open(
        web,
        Kind::Cohort,
        &cast.leaver,
        200,
        json!({"name": "Newsletter audience", "count": 5210,
            "groups": [{"event": {"value": "Signed Up"}, "operator": "at least", "value": 1}]}),
    );
    let lead = grower.make(
        web,
        Kind::CustomEvent,
        &cast.leaver,
        150,
        Reach::Owners,
        json!({"name": "Qualified lead",
            "alternatives": [{"event": "Campaign Clicked"}, {"event": "Checkout Started"}]}),
    );
    let source = grower.make(
        web,
        Kind::CustomProperty,
        &cast.leaver,
        150,
        Reach::Owners,
        json!({"name": "Campaign source", "displayFormula": "LOWER(utm_source)"}),
    );
    let mut params = insights("Order Placed");
    if let Some(sections) = params.get_mut("sections").and_then(|sections| sections.as_object_mut()) {
        sections.insert("cohorts".to_owned(), json!([{"id": hidden, "name": "High-intent visitors"}]));
        sections.insert("group".to_owned(), json!([{"customPropertyId": source, "value": "Campaign source"}]));
        sections.insert(
            "show".to_owned(),
            json!([{"type": "custom-event", "id": lead, "name": "Qualified lead", "math": "unique"}]),
        );
    }
    let (_, health) = grower.board(
        web,
        &cast.successor,
        Reach::Project,
        json!({"title": "Checkout health"}),
        vec![("Leads by source".to_owned(), params), ("Abandoned carts".to_owned(), insights("Checkout Started"))],
    );
    let user = health.first().copied().unwrap_or_default();
    for (kind, key) in [(Kind::Cohort, &hidden), (Kind::CustomProperty, &source)] {
        grower.set(web, kind, key, "referenced_by", json!([user]));
        grower.set(web, kind, key, "referenced_directly_by", json!([user]));
    }
    let sync = grower.open(
        web,
        Kind::Integration,
        &cast.leaver,
        180,
        json!({"name": "Newsletter sync", "connector_name": "custom-webhook",
            "cohorts": [{"id": newsletter, "name": "Newsletter audience", "added_by_user": person(&cast.leaver)}]}),
    );
    grower.set(web, Kind::Cohort, &newsletter, "active_integrations", json!([number(&sync)]));
    grower.open(
        web,
        Kind::Metric,
        &cast.leaver,
        90,
        json!({"name": "Lead conversion", "description": "Leads divided by visits", "contacts": [cast.leaver.email],
            "definition": {"behavior": {"type": "funnel", "events": ["Campaign Clicked", "Signed Up"]}}}),
    );
    grower.open(
        web,
        Kind::Metric,
        &cast.owner,
        80,
        json!({"name": "Revenue per visitor", "type": "formula", "definition": {"formula": "A / B"}}),
    );
    grower.make(web, Kind::Behavior, &cast.leaver, 85, Reach::Owners, json!({"name": "Returning reader"}));
    grower.open(web, Kind::Canvas, &cast.leaver, 70, json!({"name": "Campaign metric tree"}));
    grower.open(web, Kind::Playlist, &cast.leaver, 65, json!({"name": "Confused checkouts"}));
}

fn rollout(grower: &mut Grower, cast: &Cast, web: u64) {
    let started = grower.days_ago(12);
    let test = grower.open(
        web,
        Kind::Experiment,
        &cast.leaver,
        15,
        json!({"name": "Hero image test", "hypothesis": "A person in the picture sells", "status": "active",
            "start_date": started, "variants": [{"key": "off"}, {"key": "on"}]}),
    );
    let enabled = grower.days_ago(12);
    grower.open(
        web,
        Kind::Flag,
        &cast.leaver,
        15,
        json!({"name": "Landing hero", "key": "landing-hero", "status": "enabled", "experiment_id": test,
            "enabled_at": enabled}),
    );
    grower.open(web, Kind::Flag, &cast.owner, 100, json!({"name": "New search", "key": "new-search"}));
    grower.open(web, Kind::Experiment, &cast.successor, 8, json!({"name": "Shorter checkout"}));
    let tag =
        grower.open(web, Kind::AnnotationTag, &cast.owner, 100, json!({"name": "campaign", "has_annotations": true}));
    grower.open(
        web,
        Kind::Annotation,
        &cast.leaver,
        40,
        json!({"description": "Spring campaign launched", "tags": [{"id": tag, "name": "campaign"}]}),
    );
    grower.open(web, Kind::Annotation, &cast.owner, 10, json!({"description": "Price change"}));
}

fn dictionary(grower: &mut Grower, cast: &Cast, web: u64) {
    let entries = [
        ("event", "Campaign Clicked", vec![&cast.leaver.email, &cast.owner.email]),
        ("event", "Order Placed", vec![&cast.owner.email]),
        ("profile", "$user", vec![&cast.successor.email]),
    ];
    for (kind, name, contacts) in entries {
        grower.named(
            web,
            Kind::Schema,
            &format!("{kind}/{name}"),
            &cast.owner,
            300,
            json!({"entityType": kind, "name": name, "schemaJson": {
                "description": format!("Sent by the storefront: {name}"),
                "properties": {"page": {"type": "string"}},
                "metadata": {"com.mixpanel": {"displayName": name, "tags": ["storefront"], "contacts": contacts}},
            }}),
        );
    }
    for (name, contacts) in
        [("Campaign Clicked", vec![&cast.leaver.email, &cast.owner.email]), ("Order Placed", vec![&cast.owner.email])]
    {
        grower.open(web, Kind::EventDefinition, &cast.owner, 300, json!({"name": name, "contacts": contacts}));
    }
    grower.open(
        web,
        Kind::PropertyDefinition,
        &cast.owner,
        300,
        json!({"name": "utm_source", "contacts": [cast.leaver.email]}),
    );
    grower.open(
        web,
        Kind::DeletionRequest,
        &cast.leaver,
        30,
        json!({"display_name": "Test clicks", "event_name": "Campaign Clicked", "status": "Done"}),
    );
    grower.open(web, Kind::LookupTable, &cast.owner, 200, json!({"name": "Product catalogue"}));
    grower.open(web, Kind::DropFilter, &cast.owner, 200, json!({"eventName": "Debug Ping"}));
    grower.open(web, Kind::Theme, &cast.owner, 200, json!({"name": "Brightwater blue", "colors": ["#0a4d8c"]}));
    grower.open(web, Kind::CustomRole, &cast.owner, 200, json!({"name": "Campaign analyst"}));
}

/// The other projects: a little of the leaver's in the second, something of theirs that sends nothing in the last.
fn elsewhere(grower: &mut Grower, cast: &Cast, app: u64, help: u64, trial: u64) {
    grower.board(
        app,
        &cast.leaver,
        Reach::Project,
        json!({"title": "App install funnel"}),
        named(&["Installs", "First open"]),
    );
    grower.open(app, Kind::Cohort, &cast.leaver, 100, json!({"name": "Push opt-ins", "count": 910}));
    grower.open(app, Kind::Annotation, &cast.successor, 5, json!({"description": "Version 5 released"}));
    grower.board(
        help,
        &cast.owner,
        Reach::Project,
        json!({"title": "Article quality"}),
        named(&["Articles read", "Searches without result"]),
    );
    grower.open(help, Kind::Cohort, &cast.owner, 100, json!({"name": "Frequent readers", "count": 300}));
    grower.board(trial, &cast.owner, Reach::Project, json!({"title": "Trial load"}), named(&["Rows loaded"]));
    grower.board(trial, &cast.leaver, Reach::Project, json!({"title": "Trial funnel"}), named(&["Trial steps"]));
}
