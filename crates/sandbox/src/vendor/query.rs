//! The Query API: saved reports and the list of cohorts (query.openapi.yaml), 60 requests an hour and 5 at a time per
//! project (facts/mixpanel.md 1.3).

use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Desk;
use super::projects::{Scope, scope};
use super::shelf;
use crate::wire::{Answer, Call, Reply, missing, wrong_method};
use crate::world::{Item, Kind};

/// The project of a Query API call, so that the server can count the ones under way.
pub(crate) fn query_project(call: &Call) -> Option<u64> {
    call.path.starts_with("/api/query/").then(|| call.param("project_id")?.parse().ok())?
}

pub(super) fn route(desk: &mut Desk<'_>, rest: &[&str]) -> Answer {
    let project =
        desk.call.param("project_id").ok_or_else(|| Reply::error(400, "project_id is a required parameter"))?;
    let scope = scope(desk, &project)?;
    desk.meters.query_call(scope.project, desk.now)?;
    let method = desk.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", ["insights"]) => insights(desk, &scope),
        ("POST", ["cohorts", "list"]) => Ok(cohorts(desk, &scope)),
        (_, ["insights"] | ["cohorts", "list"]) => Err(wrong_method()),
        _ => Err(missing("page")),
    }
}

/// The numbers of a saved Insights report: invented, the same for the same report and day.
fn insights(desk: &Desk<'_>, scope: &Scope) -> Answer {
    let id = desk.call.param("bookmark_id").ok_or_else(|| Reply::error(400, "bookmark_id is a required parameter"))?;
    let (_, report) = shelf::find(desk, scope, Kind::Report, &id)?;
    if report.get("type").as_str() != Some("insights") {
        return Err(Reply::error(400, "the report is not an Insights report"));
    }
    let day = |ago: i64| {
        let at = desk.now.checked_sub(SignedDuration::from_hours(24 * ago)).unwrap_or(desk.now);
        super::stamp(at).chars().take(10).collect::<String>()
    };
    let (first, today) = (day(6), day(0));
    let mut series = Map::new();
    for event in events_of(report) {
        let days: Map<String, Value> = (0_i64..7)
            .map(|offset| {
                let day = format!("{}T00:00:00+00:00", day(6 - offset));
                let digest = Sha256::digest(format!("{id}/{event}/{day}"));
                let number = digest.first().copied().map_or(0, u64::from) * 37 + 120;
                (day, json!(number))
            })
            .collect();
        series.insert(event, Value::Object(days));
    }
    Ok(Reply::json(
        200,
        &json!({
            "computed_at": desk.stamp(),
            "date_range": {
                "from_date": format!("{first}T00:00:00+00:00"),
                "to_date": format!("{today}T23:59:59.999000+00:00"),
            },
            "headers": ["$event"],
            "series": series,
        }),
    ))
}

fn events_of(report: &Item) -> Vec<String> {
    let shown: Vec<String> = report
        .get("params")
        .get("sections")
        .and_then(|sections| sections.get("show")?.as_array())
        .map(|list| list.iter().filter_map(|one| one.get("name")?.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();
    if shown.is_empty() { vec!["All Events".to_owned()] } else { shown }
}

/// Cohorts without creator, and without an envelope.
fn cohorts(desk: &Desk<'_>, scope: &Scope) -> Reply {
    let list: Vec<Value> = shelf::listed(desk, scope, Kind::Cohort)
        .into_iter()
        .map(|(_, cohort)| {
            let created = cohort.get("created").as_str().unwrap_or_default().replace('T', " ");
            json!({
                "id": cohort.get("id"),
                "name": cohort.get("name"),
                "description": cohort.get("description").as_str().unwrap_or_default(),
                "count": cohort.get("count"),
                "created": created.trim_end_matches('Z'),
                "project_id": scope.project,
                "is_visible": u8::from(cohort.get("is_visible").as_bool() == Some(true)),
            })
        })
        .collect();
    Reply::json(200, &list)
}
