//! What reads tell: one event for each source, one for each claim whose observation changed, and how unknown outcomes really were.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::audit::{Import, Signs};
use crate::case::Case;
use crate::claim::{ClaimKind, Observation, Predicate, Rung, State};
use crate::effect::{Act, Class};
use crate::event::Event;
use crate::ids::{ClaimKey, EffectKey};
use crate::judge::{Names, Readings, judge, reads_now};
use crate::reading::{Failure, Item, Reading, Snapshot};
use crate::source::What;
use crate::wanted::Owed;
use crate::write::Outcome;

/// What the reads that just came back tell: one event for each source, then one for each claim whose observation changed.
pub fn observed(case: &Case, batch: &Readings, owed: &Owed, names: &Names, now: Timestamp) -> Vec<Event> {
    // What the case knows already was journalled with an earlier claim.
    let told = |reading: &&Arc<Reading>| case.read_at(&reading.source.what) != Some(reading.sent_at);
    let mine = owed.reads.iter().filter_map(|what| batch.get(what).filter(told));
    // An inventory is ten thousand reads: room that grew by doubling would be the most that a plan takes.
    let claims = case.plan.as_ref().map_or(0, |(plan, _)| plan.claims.len());
    let mut events: Vec<Event> = Vec::with_capacity(owed.reads.len() + claims + 4);
    events.extend(mine.map(|reading| read_event(case, reading, batch, names, now)));
    let mut next = case.clone();
    for event in &events {
        next.evolve(&crate::event::Stamped { at: now, event: event.clone() });
    }
    let Some((plan, _)) = &case.plan else { return events };
    let mut verdicts = Vec::new();
    for claim in &plan.claims {
        // What was read before a change had settled answers no claim that nobody asked about.
        let good = |what: &What| {
            let reading = batch.get(what).filter(|_| owed.reads.contains(what));
            reading.is_some_and(|reading| case.settled(what).is_none_or(|settled| reading.sent_at > settled))
        };
        let covered = || reads_now(claim, case).iter().all(good);
        let along = !claim.reads.is_empty() && covered();
        if !along && !owed.probes.contains(&claim.key) {
            continue;
        }
        verdicts.push((claim, judge(claim, plan, case, batch, names, now)));
    }
    for key in &owed.unsettled {
        let verdict = |of: &ClaimKey| verdicts.iter().find(|(claim, _)| claim.key == *of).map(|(_, verdict)| verdict);
        if let Some(event) = settle(case, key, batch, names, verdict) {
            next.evolve(&crate::event::Stamped { at: now, event: event.clone() });
            events.push(event);
        }
    }
    for (claim, observation) in verdicts {
        events.extend(changed(&next, claim.kind, &claim.key, observation));
    }
    events
}

/// What an imported file of the audit log tells of a case: that it was imported and, where the log changes what is known of the
/// account, the claim's new observation. The same file tells nothing twice.
pub fn imported(case: &Case, import: &Import, signs: Signs, names: &Names, now: Timestamp) -> Vec<Event> {
    // A file that is known says nothing new, unless it was imported a moment too early to be the log of the removal.
    let known = case.audit_log().and_then(|log| log.imported.get(&import.file));
    if known.is_some_and(|at| case.removed_at.is_none_or(|removed| *at >= removed)) {
        return Vec::new();
    }
    let mut events = vec![Event::Imported { import: import.clone(), signs }];
    let mut next = case.clone();
    for event in &events {
        next.evolve(&crate::event::Stamped { at: now, event: event.clone() });
    }
    let Some((plan, _)) = case.plan.as_ref().filter(|_| case.started_at.is_some() && !case.state.is_over()) else {
        return events;
    };
    for claim in plan.claims.iter().filter(|claim| claim.says == Predicate::NotMember) {
        let observation = judge(claim, plan, &next, &Readings::new(), names, now);
        let before = case.observation(&claim.key).map(|seen| &seen.observation);
        let tells = match observation.state {
            _ if observation.rung != Some(Rung::Audit) => false,
            State::Broken => !before.is_some_and(|before| {
                let sign = next.audit_log().and_then(|log| log.signs.inside_at);
                before.state == State::Broken || (before.state == State::Holds && seen_later(case, before, sign))
            }),
            State::Holds => before.is_none_or(|before| before.state == State::Unknown),
            State::Unknown => false,
        };
        if tells {
            events.extend(changed(&next, claim.kind, &claim.key, observation));
        }
    }
    events
}

/// Whether the list behind an observation was read again, and well, after this sign.
fn seen_later(case: &Case, seen: &Observation, sign: Option<Timestamp>) -> bool {
    let Some(list) = seen.rung.and_then(Rung::source) else { return false };
    case.failure(&list).is_none() && case.read_at(&list) > sign
}

fn changed(case: &Case, kind: ClaimKind, key: &ClaimKey, observation: Observation) -> Vec<Event> {
    let before = case.observation(key).map(|seen| &seen.observation);
    let run = case.run_since.unwrap_or(case.request.at);
    let fresh = before.is_some_and(|before| before.seen_at > run || before.proof == Some(crate::claim::Proof::Record));
    if fresh && before.is_some_and(|before| before.says_the_same(&observation)) {
        return Vec::new();
    }
    let mut events = Vec::new();
    if case.approval().is_some() && kind.gates_removed() {
        let known = case.suspects(key);
        for instance in observation.instances.iter().filter(|instance| !known.contains(*instance)) {
            events.push(Event::Extended { claim: key.clone(), instance: instance.clone() });
        }
    }
    events.push(Event::Observed { claim: key.clone(), observation });
    events
}

/// The event of one read; ids only for sources whose completeness is judged by them.
pub fn read_event(case: &Case, reading: &Reading, batch: &Readings, names: &Names, now: Timestamp) -> Event {
    let what = reading.source.what.clone();
    let (count, ids) = match &reading.result {
        Ok(Snapshot::Items(items)) => {
            let ids = what.is_tracked().then(|| items.iter().map(|item| item.id.clone()).collect());
            let measures = what.is_tracked() || crate::judge::is_as_long(items.len(), case.count(&what));
            (measures.then_some(items.len()), ids)
        }
        Ok(Snapshot::Roster(roster)) => {
            let subject = case.plan.as_ref().map(|(plan, _)| &plan.subject);
            let id = subject.and_then(|subject| {
                if what == What::ScimUsers { subject.scim_id.as_deref() } else { subject.vendor_id.as_deref() }
            });
            let listed = id.is_some_and(|id| roster.by_id(id).is_some())
                || names.leaver.iter().any(|address| roster.by_address(address).is_some());
            // A list that was not shown to be complete is not the measure of the next one.
            let plan = case.plan.as_ref().map(|(plan, _)| plan);
            let whole = plan.is_some_and(|plan| crate::judge::is_whole(&what, plan, case, batch, names, now));
            let count = whole.then_some(roster.len());
            (count, listed.then(|| vec!["leaver".to_owned()]))
        }
        Ok(Snapshot::Me(me)) => {
            let listed = me
                .view_members
                .iter()
                .any(|member| member.address.as_ref().is_some_and(|address| names.leaver.contains(address)));
            (None, listed.then(|| vec!["leaver".to_owned()]))
        }
        Ok(Snapshot::Teams(list)) => {
            (Some(list.teams.len()), Some(list.teams.iter().map(|team| team.id.clone()).collect()))
        }
        // That it was read at all is remembered: whoever may not read it any more has lost something.
        Ok(Snapshot::Log(entries)) => (Some(entries.len()), None),
        Ok(
            Snapshot::One(_)
            | Snapshot::Absent
            | Snapshot::Shares(_)
            | Snapshot::Data
            | Snapshot::Accepted(_)
            | Snapshot::Accounts(_)
            | Snapshot::Ways(_)
            | Snapshot::Gives(_)
            | Snapshot::Rule(_)
            | Snapshot::SignIns(_),
        )
        | Err(_) => (None, None),
    };
    Event::Read {
        what,
        sent_at: reading.sent_at,
        ended_at: reading.ended_at,
        failure: reading.result.as_ref().err().cloned(),
        to_the_end: reading.to_the_end,
        count,
        ids: if reading.to_the_end { ids } else { None },
        captures: reading.captures.clone(),
    }
}

/// Settles an unknown outcome by what was read after it: by the marker for creations, by the object for everything else.
fn settle<'o>(
    case: &Case,
    key: &EffectKey,
    batch: &Readings,
    names: &Names,
    verdict: impl Fn(&ClaimKey) -> Option<&'o Observation>,
) -> Option<Event> {
    // Settled once, settled for good: the same step may come twice.
    let fact = case.effects().get(key).filter(|fact| matches!(fact.outcome, Some(Outcome::Unknown(_))))?;
    let good = |what: &What| -> Option<&Reading> {
        let reading = batch.get(what)?;
        let late_enough = case.settled(what).is_none_or(|settled| reading.sent_at > settled);
        (late_enough && reading.to_the_end && reading.result.is_ok()).then_some(reading)
    };
    let items = |what: &What| -> Option<&[Item]> { good(what)?.result.as_ref().ok()?.items() };
    let failed = || Outcome::Failed(Failure::Refused { status: 0 });
    let (outcome, what) = match (&fact.effect.act, fact.effect.act.class()) {
        (Act::Copy { project, kind, id: source }, _) => {
            let list = What::List(*project, *kind);
            // Who we are tells which unmarked copy is ours.
            good(&What::Me)?;
            let marked = fact.marked.as_deref()?;
            let title = items(&list)?.iter().find(|item| item.id == *source).map(|item| item.title.as_str());
            let adopted: Vec<&Item> = items(&list)?
                .iter()
                .filter(|item| !case.is_known_copy(*project, *kind, &item.id))
                .filter(|item| match item.description.as_deref() {
                    Some(text) if text.contains(marked) => text.contains(&format!("{kind} {source}.")),
                    // Without our marker it bears the title of its source, asked for or not.
                    _ => {
                        made_by_us_since(item, fact.intended_at, batch)
                            && title.is_none_or(|title| item.title.starts_with(title))
                    }
                })
                .collect();
            match adopted.as_slice() {
                // Not to be found is said of a whole list only: one that shows the source, or no fewer items than before.
                [] if !shows_all(case, &list, source, items(&list)?) => return None,
                [] => (failed(), list),
                [one] => (Outcome::Done { created: Some(one.id.clone()) }, list),
                // Several: nobody but a person can tell; the outcome stays unknown and the case says so.
                _ => {
                    let why = format!("{} items could be the copy: a person must say which", adopted.len());
                    let claim = fact.effect.claim.clone();
                    let instance = fact.effect.act.instance();
                    let asked = case.skips(&claim).any(|(of, skip)| of == instance && skip.why == why);
                    return (!asked).then_some(Event::Skipped { claim, instance, why, person: true, until: None });
                }
            }
        }
        (_, Class::SecretCreation) => {
            let marked = fact.marked.as_deref()?;
            let list = items(&What::ServiceAccounts)?;
            let own = names.own_username.as_deref()?;
            if !list.iter().any(|item| item.title == own) {
                return None;
            }
            // The vendor appends its own ending to the name that was asked for.
            let made = list.iter().find(|item| item.title == marked || item.title.starts_with(&format!("{marked}.")));
            // Not to be found is said of a whole list only; what somebody else deleted meanwhile is missed for ten minutes.
            let missed = case.expected(&What::ServiceAccounts).iter().any(|id| !list.iter().any(|item| item.id == *id));
            let read_at = good(&What::ServiceAccounts)?.sent_at;
            if made.is_none() && missed && read_at.duration_since(fact.intended_at) < SignedDuration::from_mins(10) {
                return None;
            }
            let outcome = made.map_or_else(failed, |item| Outcome::Done { created: Some(item.id.clone()) });
            (outcome, What::ServiceAccounts)
        }
        (act, Class::Absolute | Class::MarkedCreation) => {
            // An edit arrived if its claim no longer names the instance; a deletion, if the object answers 404.
            let gone = act.deletes();
            let what = gone.clone().or_else(|| act.touches().into_iter().find(|what| good(what).is_some()))?;
            let arrived = if let Some(object) = &gone {
                good(object)?.result.as_ref().ok()?.one()?.is_none()
            } else {
                let seen = verdict(&fact.effect.claim).filter(|seen| seen.state != State::Unknown)?;
                seen.state == State::Holds || !(act.instance().is_empty() || seen.instances.contains(&act.instance()))
            };
            (if arrived { Outcome::Done { created: None } } else { failed() }, what)
        }
    };
    Some(Event::Ended {
        effect: key.clone(),
        outcome,
        sent_at: Some(fact.ended_at.unwrap_or(fact.intended_at)),
        captures: good(&what).map(|reading| reading.captures.clone()).unwrap_or_default(),
    })
}

/// Whether a list in which something was not found can be believed.
fn shows_all(case: &Case, list: &What, source: &str, items: &[Item]) -> bool {
    let before = case.count(list).unwrap_or(0);
    let plausible = !items.is_empty() && items.len() + crate::judge::tolerated(before) >= before;
    items.iter().any(|item| item.id == source) || plausible
}

/// The vendor ignored our marker: then the maker and the time of creation must tell.
fn made_by_us_since(item: &Item, since: Timestamp, batch: &Readings) -> bool {
    let Some(Ok(Snapshot::Me(me))) = batch.get(&What::Me).map(|reading| &reading.result) else { return false };
    let ours = item.maker.as_ref().is_some_and(|maker| {
        (maker.id.is_some() && maker.id == me.user_id)
            || maker.address.as_ref().is_some_and(|address| me.address.as_deref() == Some(address.as_str()))
    });
    let created = item.created.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
    // The vendor's clock may run behind ours by a little.
    let from = since.checked_sub(SignedDuration::from_secs(60)).unwrap_or(since);
    ours && created.is_some_and(|created| created >= from)
}
