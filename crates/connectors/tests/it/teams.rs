//! The teams, in every layout in which people can be told (`facts/mixpanel.md` 2.4).

use leaver_core::ids::{Address, ProjectId};
use leaver_core::reading::{Grant, GrantKind, Snapshot, Team};
use leaver_core::source::What;
use serde_json::{Value, json};

use crate::support::Bench;

async fn read(body: Value) -> Vec<Team> {
    let bench = Bench::new().await;
    bench.gives("/organizations/7/teams", body).await;
    match bench.read(What::Teams).await.result {
        Ok(Snapshot::Teams(list)) => {
            assert!(!list.by_scim);
            list.teams
        }
        other => panic!("no teams: {other:?}"),
    }
}

fn people(team: &Team) -> Option<Vec<(Option<&str>, Option<&str>)>> {
    let members = team.members.as_ref()?;
    Some(members.iter().map(|one| (one.id.as_deref(), one.address.as_ref().map(Address::as_str))).collect())
}

#[tokio::test]
async fn people_are_told_in_every_layout() {
    let anna = (Some("9"), Some("anna@a.example"));
    let rows = [
        (json!({"members": [{"id": 9, "email": "Anna@a.example"}]}), anna),
        (json!({"users": [{"user": {"id": "9", "email": "anna@a.example"}}]}), anna),
        (json!({"people": {"9": {"email": "anna@a.example"}}}), anna),
        (json!({"members": {"anna@a.example": {"id": 9}}}), anna),
        (json!({"member_ids": [9]}), (Some("9"), None)),
        (json!({"members": ["anna@a.example"]}), (None, Some("anna@a.example"))),
    ];
    for (mut team, expected) in rows {
        team["id"] = json!(70);
        team["name"] = json!("Agency");
        let shown = format!("{team}");
        let teams = read(json!({"results": [team]})).await;
        assert_eq!((teams[0].id.as_str(), teams[0].name.as_str()), ("70", "Agency"), "{shown}");
        assert_eq!(people(&teams[0]), Some(vec![expected]), "{shown}");
    }
}

#[tokio::test]
async fn what_a_team_does_not_show_is_unknown_and_not_none() {
    let results = json!({"results": [
        {"id": 1, "name": "Counted", "members": 4},
        {"id": 2, "name": "By name alone", "members": ["Anna Abbott"]},
        {"id": 3, "name": "Silent"},
        {"id": 4, "name": "Empty", "members": [], "projects": []},
    ]});
    let teams = read(results).await;
    assert_eq!(teams.iter().map(people).collect::<Vec<_>>(), [None, None, None, Some(vec![])]);
    assert_eq!(teams.iter().map(|team| team.grants.is_some()).collect::<Vec<_>>(), [false, false, false, true]);
}

#[tokio::test]
async fn a_team_says_what_it_gives() {
    let teams = read(json!({"results": [{"id": 5, "name": "T", "projects": [{"id": 3, "role": "analyst"}]}]})).await;
    let grant = Grant {
        kind: GrantKind::Team,
        project: Some(ProjectId(3)),
        role: Some("analyst".to_owned()),
        team: Some("5".to_owned()),
    };
    assert_eq!(teams[0].grants, Some(vec![grant]));
}
