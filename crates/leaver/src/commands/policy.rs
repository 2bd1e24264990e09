//! The rules that are in force, since when, and how a weaker one comes into force: one person asks, another one agrees.

use leaver_core::ids::OrgName;
use leaver_core::rules::{Event, Stamped, Standing, Weakening};
use serde_json::json;

use crate::cli::{Policy, PolicyCommand};
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::wiring::App;

pub(crate) async fn run(app: &App, policy: &Policy, acting: Option<&str>, printer: Printer) -> Result<Exit, Failure> {
    match &policy.what {
        PolicyCommand::Show { org } => {
            let only = org.as_ref().map(|org| OrgName::new(org.clone()));
            if let Some(org) = &only {
                app.engine.organization(org)?;
            }
            let orgs = app.engine.organizations.keys().filter(|org| only.as_ref().is_none_or(|only| only == *org));
            let mut documents = Vec::new();
            for org in orgs {
                documents.push(show(app, org, printer).await?);
            }
            if printer.json {
                printer.document(&documents)?;
            }
            Ok(Exit::Done)
        }
        PolicyCommand::Accept { org } => {
            let org = app.engine.organization(&OrgName::new(org.clone()))?.name.clone();
            let (by, _) = app.acting(acting)?;
            let Some(weaker) = app.weaker.get(&org) else {
                return Err(leaver_engine::Error::from(leaver_core::decide::Rejection::NothingWeaker).into());
            };
            let standing = app.engine.agree(&org, &weaker.asked, by).await?;
            let agreed = standing.asked.is_none();
            if printer.json {
                let by = standing.asked.as_ref().map(|asked| &asked.by);
                printer.document(&json!({"org": org, "in_force": agreed, "asked_by": by, "rules": weaker.rules}))?;
            } else {
                let says =
                    if agreed { "in force now, agreed to by two people" } else { "asked for; somebody else agrees" };
                for rule in &weaker.rules {
                    printer.data(&format!("{}: {} to {}, {says}", rule.rule, rule.is, rule.asked));
                }
            }
            Ok(if agreed { Exit::Done } else { Exit::Waiting })
        }
    }
}

async fn show(app: &App, org: &OrgName, printer: Printer) -> Result<serde_json::Value, Failure> {
    let history = app.engine.rules(org).await?;
    let Some(standing) = Standing::fold(&history) else { return Ok(json!({"org": org, "in_force": null})) };
    let waiting: &[Weakening] = app.weaker.get(org).map_or(&[], |weaker| &weaker.rules);
    let mut changes = Vec::with_capacity(history.len());
    let mut before: Option<&Stamped> = None;
    for stamped in &history {
        let (what, who) = change(before, stamped);
        let mut names = Vec::new();
        for person in who {
            names.push(app.address(&person).await?);
        }
        changes.push((stamped.at, what, names));
        if !matches!(stamped.event, Event::WeakerAsked { .. }) {
            before = Some(stamped);
        }
    }
    if !printer.json {
        printer.data(&format!("{org}: in force since {}", standing.since.strftime("%Y-%m-%d %H:%M UTC")));
        let policy = &standing.rules.policy;
        printer.data(&format!(
            "    {} removals in 24 hours, or {} % of the members, need no release\n    {}\n    an approval is good for {} days, a case is kept for {}\n    a change is read back {} s after its answer\n    {} outside witnesses must sign",
            policy.cap_floor,
            policy.cap_percent,
            if policy.two_person { "the requester may execute as well" } else { "requester, approver and executor are three people" },
            policy.approval_days,
            match policy.retention_years {
                1 => "1 year".to_owned(),
                years => format!("{years} years"),
            },
            policy.settle_seconds,
            policy.witness_quorum,
        ));
        for (at, what, names) in &changes {
            let by = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", then ")) };
            printer.data(&format!("    {} {what}{by}", at.strftime("%Y-%m-%d %H:%M")));
        }
    }
    let changes: Vec<_> = changes.into_iter().map(|(at, what, by)| json!({"at": at, "what": what, "by": by})).collect();
    Ok(json!({
        "org": org, "in_force": standing.rules, "since": standing.since, "configuration": standing.file,
        "waiting": waiting, "asked": standing.asked.map(|asked| json!({"by": asked.by, "at": asked.at})), "changes": changes,
    }))
}

/// What an entry changed, in words, and who stands for it.
fn change(before: Option<&Stamped>, now: &Stamped) -> (String, Vec<leaver_core::ids::PersonId>) {
    let rules_before = before.and_then(|stamped| match &stamped.event {
        Event::Configured { rules, .. } | Event::WeakerAgreed { rules, .. } => Some(rules),
        Event::WeakerAsked { .. } => None,
    });
    match &now.event {
        Event::Configured { rules, held_back, by, .. } => {
            let what = match rules_before {
                None => "the rules were laid down".to_owned(),
                Some(before) if before == rules => "the configuration changed, the rules did not".to_owned(),
                Some(_) => "other rules were laid down".to_owned(),
            };
            let held = held_back.iter().map(|rule| format!("; {} stays {}, not {}", rule.rule, rule.is, rule.asked));
            (what + &held.collect::<String>(), by.iter().cloned().collect())
        }
        Event::WeakerAsked { by, .. } => ("weaker rules were asked for".to_owned(), vec![by.clone()]),
        Event::WeakerAgreed { rules, asked_by, by, .. } => {
            let weaker = rules_before.map(|before| before.guard(rules).1).unwrap_or_default();
            let list: Vec<String> =
                weaker.iter().map(|rule| format!("{} {} to {}", rule.rule, rule.is, rule.asked)).collect();
            (format!("weaker rules came into force: {}", list.join(", ")), vec![asked_by.clone(), by.clone()])
        }
    }
}
