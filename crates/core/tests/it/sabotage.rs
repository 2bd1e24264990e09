//! Proof that the checks of the simulation can fail: a good history, spoiled in one place at a time, and each check finds it.

use std::collections::BTreeSet;

use leaver_core::claim::{Choice, Decision, State};
use leaver_core::effect::{Act, Effect};
use leaver_core::event::{CaseState, Event, Stamped};
use leaver_core::ids::{ClaimKey, Digest, EffectKey};
use leaver_core::plan::keys;
use leaver_core::source::Kind;
use leaver_core::write::{Outcome, Write};
use serde_json::json;

use crate::bench::FULL;
use crate::dice::Dice;
use crate::invariants::{Sent, duplicates, false_holds, of_history, open_intents, unlawful};
use crate::moves::whole;
use crate::run::Run;
use crate::stage::{APPROVER, EXECUTOR, LEAVES, REQUESTER, person};
use crate::world::{LEAVER_ID, World, ourselves};

fn good() -> Run {
    let run = whole(Dice::of(Vec::new()));
    assert_eq!(run.case.state, CaseState::Closed);
    assert!(of_history(&run.history, &run.sent).is_empty() && open_intents(&run.history).is_empty());
    run
}

#[track_caller]
fn finds(wrong: &[String], text: &str) {
    assert!(wrong.iter().any(|one| one.contains(text)), "'{text}' is not among {wrong:#?}");
}

fn place(history: &[Stamped], is: impl Fn(&Event) -> bool) -> usize {
    history.iter().position(|stamped| is(&stamped.event)).unwrap()
}

/// The history with every event changed by this.
fn spoiled(history: &[Stamped], change: impl Fn(&mut Event)) -> Vec<Stamped> {
    let mut history = history.to_vec();
    for stamped in &mut history {
        change(&mut stamped.event);
    }
    history
}

#[test]
fn a_change_without_intent_approval_or_state_is_found() {
    let Run { history, sent, .. } = good();
    let never = Sent { effect: EffectKey::from("never/intended"), ..sent[0].clone() };
    finds(&of_history(&history, &[never]), "without an intent");
    let early = Sent { after_events: 3, ..sent[0].clone() };
    finds(&of_history(&history, &[early]), "without an intent");
    let late = Sent { after_events: history.len(), ..sent[0].clone() };
    finds(&of_history(&history, &[late]), "after its outcome");
    finds(&of_history(&history, &[sent[0].clone(), sent[0].clone()]), "sent twice");
    let unapproved = spoiled(&history, |event| {
        if let Event::Approved { plan, .. } = event {
            *plan = Digest::of(b"another");
        }
    });
    finds(&of_history(&unapproved, &sent), "without an approval of its plan");
    let held = spoiled(&history, |event| {
        if let Event::Moved { to: to @ CaseState::Running, .. } = event {
            *to = CaseState::Held;
        }
    });
    finds(&of_history(&held, &sent), "while the case was held");
    let at = sent[0].at.checked_add(jiff::SignedDuration::from_hours(24 * 8)).unwrap();
    finds(&of_history(&history, &[Sent { at, ..sent[0].clone() }]), "had run out");
}

#[test]
fn an_intent_with_no_outcome_or_two_is_found() {
    let Run { history, .. } = good();
    let end = place(&history, |event| matches!(event, Event::Ended { .. }));
    let mut open = history.clone();
    open.remove(end);
    finds(&open_intents(&open), "has no outcome");
    let unknown = spoiled(&history, |event| {
        if let Event::Ended { outcome, .. } = event {
            *outcome = Outcome::Unknown(leaver_core::reading::Failure::Network);
        }
    });
    finds(&open_intents(&unknown), "has no outcome");
    let mut twice = history.clone();
    twice.insert(end, history[end].clone());
    finds(&of_history(&twice, &[]), "ended twice");
    let intent = place(&history, |event| matches!(event, Event::Intended { .. }));
    let mut again = history.clone();
    again.insert(intent, history[intent].clone());
    finds(&of_history(&again, &[]), "intended twice");
    let mut never = history;
    never.remove(intent);
    finds(&of_history(&never, &[]), "never intended");
}

#[test]
fn the_wrong_person_is_found() {
    let Run { history, .. } = good();
    for (who, says) in [
        (REQUESTER, "the requester or executor approved"),
        (EXECUTOR, "the requester or executor approved"),
        (LEAVES, "the leaver approved"),
    ] {
        let wrong = spoiled(&history, |event| {
            if let Event::Approved { by, .. } = event {
                *by = person(who);
            }
        });
        finds(&of_history(&wrong, &[]), says);
    }
    let attested = spoiled(&history, |event| {
        if let Event::Attested { attestation, .. } = event {
            attestation.by = person(LEAVES);
        }
    });
    finds(&of_history(&attested, &[]), "the leaver attested");
}

#[test]
fn a_case_that_closes_on_something_unknown_or_broken_is_found() {
    let Run { history, .. } = good();
    for (key, word) in
        [("member.gone", "removed"), ("sender.alert:project=3", "removed"), ("mentions.reviewed", "closed")]
    {
        for state in [State::Unknown, State::Broken] {
            let wrong = spoiled(&history, |event| {
                if let Event::Observed { claim, observation } = event
                    && *claim == ClaimKey::from(key)
                {
                    observation.state = state;
                }
            });
            finds(&of_history(&wrong, &[]), &format!("{word} while {key} is Some({state:?})"));
        }
    }
}

#[test]
fn a_plan_whose_hash_is_not_its_own_is_found() {
    let Run { history, .. } = good();
    let wrong = spoiled(&history, |event| {
        if let Event::Planned { plan, .. } = event {
            plan.push(' ');
        }
    });
    finds(&of_history(&wrong, &[]), "not that of its bytes");
    finds(&of_history(&history[1..], &[]), "does not begin with an opening");
}

#[test]
fn a_claim_that_holds_only_in_our_own_words_is_found() {
    let Run { mut world, case, .. } = good();
    let all: BTreeSet<ClaimKey> = case.plan.as_ref().unwrap().0.claims.iter().map(|claim| claim.key.clone()).collect();
    assert!(false_holds(&world, &case, &all).is_empty());
    world.join(LEAVER_ID, leaver_core::reading::OrgRole::Member);
    finds(&false_holds(&world, &case, &all), "member.gone is said to hold");
    world.robot(3, crate::world::leaver(), None);
    finds(&false_holds(&world, &case, &all), "service-accounts.gone is said to hold");
    let board = world.projects[&FULL].of(Kind::Board).find(|(_, thing)| thing.copy_of.is_some()).unwrap().0.clone();
    world.thing_mut(FULL, Kind::Board, &board).unwrap().shared = false;
    let source = world.thing(FULL, Kind::Board, &board).unwrap().copy_of.clone().unwrap().0;
    let copied = keys::copied(FULL, Kind::Board, &source);
    finds(&false_holds(&world, &case, &all), &format!("{copied} is said to hold"));
}

#[test]
fn what_was_made_twice_is_found() {
    let run = good();
    let mut world = run.world.clone();
    assert!(duplicates(&world, &run.plan()).is_empty());
    let copy = world.projects[&FULL].of(Kind::Cohort).find(|(_, thing)| thing.copy_of.is_some()).unwrap().1.clone();
    world.put(3, Kind::Cohort, copy);
    finds(&duplicates(&world, &run.plan()), "was made 2 times");
    let mut world = run.world.clone();
    let made = world.robots.values().find(|robot| robot.maker == ourselves()).unwrap().clone();
    world.robots.insert(9999, made);
    finds(&duplicates(&world, &run.plan()), "was made 2 times");
}

#[test]
fn a_change_beyond_the_leavers_own_entry_is_found() {
    let run = good();
    let before = crate::stage::furnished();
    let id = |kind: Kind, title: &str| -> String {
        before.projects[&FULL].of(kind).find(|(_, thing)| thing.title == title).unwrap().0.clone()
    };
    let after = |change: &dyn Fn(&mut World)| {
        let mut after = before.clone();
        change(&mut after);
        after
    };
    let weekly = id(Kind::Subscription, "Weekly");
    let write = |rest| Write::SetRecipients { project: FULL, kind: Kind::Subscription, id: weekly.clone(), rest };
    let apply = |write: &Write| after(&|world| assert!(world.apply(write, run.now).is_some()));
    let fair = write(json!(["olga.berg@acme.example"]));
    assert!(unlawful(&before, &apply(&fair), &fair, &run.plan()).is_empty());
    for rest in [json!([]), json!(["otto.dahl@acme.example"]), json!(["mara.lind@agency.example"])] {
        let wrong = write(rest);
        finds(&unlawful(&before, &apply(&wrong), &wrong, &run.plan()), "beyond the leaver's own entry");
    }
    for (kind, title) in [(Kind::Subscription, "Weekly"), (Kind::Board, "Sales"), (Kind::Cohort, "Power users")] {
        let wrong = Write::Delete { project: FULL, kind, id: id(kind, title) };
        finds(&unlawful(&before, &apply(&wrong), &wrong, &run.plan()), "beyond the leaver's own entry");
    }
    let hook = Write::Disable { project: FULL, kind: Kind::Webhook, id: id(Kind::Webhook, "Own hook") };
    finds(&unlawful(&before, &apply(&hook), &hook, &run.plan()), "beyond the leaver's own entry");
    for robot in [900, *before.robots.iter().find(|(_, robot)| robot.maker == crate::world::colleague()).unwrap().0] {
        let wrong = Write::DeleteServiceAccount { id: robot };
        finds(&unlawful(&before, &apply(&wrong), &wrong, &run.plan()), "changed service account");
    }
    let gone = after(&|world| world.delete_member("2"));
    finds(&unlawful(&before, &gone, &fair, &run.plan()), "changed the members");
    let mut listed = before.clone();
    listed.with_scim();
    let mut other = listed.clone();
    other.apply(&Write::Deactivate { id: "43".to_owned() }, run.now);
    finds(&unlawful(&listed, &other, &fair, &run.plan()), "changed the SCIM record of 43");
}

#[test]
fn a_deletion_by_scim_that_nobody_decided_or_that_comes_too_early_is_found() {
    let Run { history, case, .. } = good();
    let hash = case.plan.as_ref().unwrap().1.clone();
    let claim = keys::scim_gone();
    let at = history.last().unwrap().at;
    let effect = Effect { key: "scim.gone/delete".into(), claim: claim.clone(), act: Act::DeleteMember, attempt: 1 };
    let intended = Event::Intended { effect, plan: hash, definition: None, marked: None };
    let told = |before: &[Stamped], by: Option<&str>| {
        let decided = by.map(|by| {
            let decision = Decision {
                choice: Choice::DeleteByScim,
                why: leaver_core::statement::Statement::said("every copy was looked at"),
                until: None,
                by: person(by),
                at,
            };
            Event::Decided { claim: claim.clone(), decision }
        });
        let more = decided.into_iter().chain([intended.clone()]).map(|event| Stamped { at, event });
        of_history(&before.iter().cloned().chain(more).collect::<Vec<_>>(), &[])
    };
    let fair = told(&history, Some(APPROVER));
    assert!(!fair.iter().any(|wrong| wrong.contains("deleted by SCIM")), "{fair:#?}");
    for by in [None, Some(REQUESTER), Some(EXECUTOR)] {
        finds(&told(&history, by), "deleted by SCIM without a decision of its own");
    }
    let copied = |key: &ClaimKey| key.as_str().starts_with("copied:");
    let early = spoiled(&history, |event| {
        if let Event::Observed { claim, observation } = event
            && copied(claim)
        {
            observation.state = State::Unknown;
        }
    });
    finds(&told(&early, Some(APPROVER)), "does not hold");
}

#[test]
fn a_journal_that_tells_another_story_than_the_case_is_found() {
    let mut run = good();
    run.case.recovered += 1;
    run.audit();
    finds(&run.wrong, "the folded history is another case");
}
