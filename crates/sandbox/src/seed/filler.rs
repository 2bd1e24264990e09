//! Everything else in the projects, up to the wanted number of items.

use serde_json::{Value, json};

use super::Cast;
use super::grower::{Grower, insights};
use super::names::{EVENTS, TOPICS};
use super::story_senders::{alert, digest};
use crate::options::Options;
use crate::world::{Kind, Reach, Who};

pub(super) fn fill(grower: &mut Grower, cast: &Cast, options: &Options) {
    let authors: Vec<Who> =
        [&cast.owner, &cast.successor, &cast.requester, &cast.approver, &cast.executor].into_iter().cloned().collect();
    let mut number = 0_usize;
    while grower.made < options.content {
        number += 1;
        let (project, sends) = place(grower, cast);
        let by_leaver = sends && grower.percent(5);
        let who = if by_leaver {
            cast.leaver.clone()
        } else {
            grower.pick(&authors).cloned().unwrap_or_else(|| cast.owner.clone())
        };
        let topic = grower.pick(&TOPICS).copied().unwrap_or("Search");
        let left = options.content - grower.made;
        match grower.below(100) {
            0..60 if left >= 4 => board(grower, project, &who, &format!("{topic} {number}")),
            60..75 => one(
                grower,
                project,
                Kind::Cohort,
                &who,
                json!({"name": format!("{topic} users {number}"), "count": number * 7}),
            ),
            75..80 => one(grower, project, Kind::CustomEvent, &who, json!({"name": format!("{topic} step {number}")})),
            80..85 => one(grower, project, Kind::Metric, &who, json!({"name": format!("{topic} rate {number}")})),
            92..96 if sends => {
                let mut mails = vec![who.email.clone()];
                if grower.percent(5) {
                    mails.push(cast.leaver.email.clone());
                }
                let mails: Vec<&str> = mails.iter().map(String::as_str).collect();
                alert(grower, project, &who, &format!("{topic} alert {number}"), &mails);
            }
            96..100 if sends => {
                let mails = [who.email.as_str(), cast.requester.email.as_str()];
                digest(grower, project, &who, story_board(cast, project), &mails);
            }
            _ => one(
                grower,
                project,
                Kind::Annotation,
                &who,
                json!({"description": format!("{topic} release {number}")}),
            ),
        }
    }
}

/// A project by weight, and whether senders may be there: not in the third and fourth.
fn place(grower: &mut Grower, cast: &Cast) -> (u64, bool) {
    let weighed = match grower.below(100) {
        0..45 => 0,
        45..75 => 1,
        75..83 => 2,
        83..90 => 3,
        _ => grower.below(cast.projects.len()),
    };
    let project = cast.projects.get(weighed).copied().unwrap_or_default();
    (project, weighed != 2 && weighed != 3)
}

/// A board to subscribe to; other projects than the first two have none, and then no subscription is made.
fn story_board(cast: &Cast, project: u64) -> &'static str {
    if cast.projects.first() == Some(&project) { "Executive weekly" } else { "App install funnel" }
}

fn one(grower: &mut Grower, project: u64, kind: Kind, who: &Who, values: Value) {
    let days = i64::try_from(grower.below(400)).unwrap_or(0);
    grower.open(project, kind, who, days, values);
}

fn board(grower: &mut Grower, project: u64, who: &Who, title: &str) {
    let reach = if grower.percent(20) { Reach::Owners } else { Reach::Project };
    let reports = (1..4)
        .map(|index| {
            let event = grower.pick(&EVENTS).copied().unwrap_or("Signed Up");
            (format!("{title}: chart {index}"), insights(event))
        })
        .collect();
    grower.board(project, who, reach, json!({"title": title}), reports);
}
