//! The share list of one item (`facts/mixpanel.md` 4.4).

use leaver_core::ids::ProjectId;
use leaver_core::reading::{Failure, Maker, Shares};
use serde_json::Value;

use super::person::{address, first, flag, named};

/// Reads a share list.
///
/// # Errors
/// None of the three lists is there: then nothing is known about sharing.
pub(crate) fn shares(project: ProjectId, results: &Value) -> Result<Shares, Failure> {
    let list = |key: &str| results.get(key).and_then(Value::as_array);
    let (people, teams, projects) = (list("userShares"), list("teamShares"), list("projectShares"));
    if people.is_none() && teams.is_none() && projects.is_none() {
        return Err(Failure::Malformed("the answer holds no share list".to_owned()));
    }
    let own = projects.into_iter().flatten().find(|share| id(share).is_some_and(|id| id == project.to_string()));
    Ok(Shares {
        people: people.into_iter().flatten().filter_map(person).collect(),
        teams: teams.into_iter().flatten().filter_map(id).collect(),
        project: own.is_some(),
        project_can_edit: own.and_then(|share| share.get("canEdit").or_else(|| share.get("can_edit"))).and_then(flag)
            == Some(true),
    })
}

fn id(share: &Value) -> Option<String> {
    named(share, &["id"])
}

fn person(share: &Value) -> Option<Maker> {
    let Some(fields) = share.as_object() else {
        return super::person::any(share);
    };
    let maker = Maker {
        id: first(fields, &["id", "user_id", "userId"]),
        address: first(fields, &["email", "user_email", "userEmail"]).and_then(|text| address(&text)),
        name: first(fields, &["name"]),
    };
    (maker != Maker::default()).then_some(maker)
}
