//! What a plan finds of those who are sent to: the leaver, those whom nobody knows, and those about whom there is nothing to ask.

use std::collections::BTreeMap;

use leaver_core::claim::ClaimKind;
use leaver_core::plan::{FindingKind, Plan, keys};
use leaver_core::source::{Kind, What};

use crate::bench::FULL;
use crate::stage::{START, Wish, furnished, inventory, request};
use crate::world::{LEAVER, Thing, World, colleague};

fn plan(world: &World) -> (Plan, BTreeMap<String, String>) {
    let planned = Wish::new(request()).plan(&inventory(world, START)).unwrap();
    (planned.plan, planned.labels)
}

/// Whom the plan asks about, by their words, with the number of senders that it tells.
fn asked(world: &World) -> BTreeMap<String, String> {
    let (plan, labels) = plan(world);
    let found = plan.findings.iter().filter(|finding| finding.kind == FindingKind::OutsideRecipient);
    found.map(|finding| (labels[finding.object.as_ref().unwrap()].clone(), finding.says.clone())).collect()
}

#[test]
fn whoever_is_sent_to_and_known_to_nobody_is_asked_about_once() {
    let mut world = furnished();
    let known = asked(&world);
    let to = |title: &str, recipients: &[&str]| Thing { ..Thing::by(colleague(), title).to(recipients) };
    world.put(
        3,
        Kind::Subscription,
        to("One", &["olga.berg@acme.example", "list@acme.example", "eve@rival.example", LEAVER]),
    );
    world.put(3, Kind::Alert, to("Two", &["eve@rival.example"]));
    world.put(
        3,
        Kind::Webhook,
        Thing { host: Some("hooks.rival.example".to_owned()), ..Thing::by(colleague(), "Three") },
    );
    world.put(3, Kind::Webhook, Thing { host: Some("in.acme.example".to_owned()), ..Thing::by(colleague(), "Four") });
    world.put(3, Kind::Webhook, Thing { host: Some("in.agency.example".to_owned()), ..Thing::by(colleague(), "Five") });
    let mut found = asked(&world);
    found.retain(|who, _| !known.contains_key(who));
    let told: Vec<(&str, bool, bool)> = found
        .iter()
        .map(|(who, says)| (who.as_str(), says.contains("2 senders"), says.contains("outside our own domains")))
        .collect();
    // The member, our own host, the leaver and what goes to the leaver's domain are known.
    assert_eq!(
        told,
        [("eve@rival.example", true, true), ("hooks.rival.example", false, true), ("list@acme.example", false, false)]
    );
}

#[test]
fn a_webhook_to_the_leavers_domain_is_counted_while_it_is_on() {
    let counted = |webhooks: &[(&str, bool)]| {
        let mut world = furnished();
        world.project(3).things.remove(&Kind::Webhook);
        for (host, off) in webhooks {
            let hook = Thing { host: Some((*host).to_owned()), off: *off, ..Thing::by(colleague(), "Hook") };
            world.put(3, Kind::Webhook, hook);
        }
        let (plan, _) = plan(&world);
        plan.claim(&keys::sends(FULL, Kind::Webhook)).unwrap().also_affects.clone()
    };
    assert!(counted(&[("in.acme.example", false)]).is_empty(), "our own");
    assert!(counted(&[("in.agency.example", true)]).is_empty(), "switched off");
    let two = counted(&[("in.agency.example", false), ("agency.example", false), ("in.agency.example", true)]);
    assert!(two.len() == 1 && two[0].starts_with("2 webhooks"), "{two:?}");
}

#[test]
fn a_sender_to_the_leaver_alone_cannot_be_undone_and_is_named() {
    let of = |recipients: &[&str]| {
        let mut world = furnished();
        world.project(3).things.remove(&Kind::Subscription);
        let id = world.put(3, Kind::Subscription, Thing::by(colleague(), "Morning").to(recipients));
        let (plan, labels) = plan(&world);
        let claim = plan.claim(&keys::sends(FULL, Kind::Subscription)).unwrap().clone();
        assert_eq!(claim.kind, ClaimKind::Sender);
        let label = labels.get(&What::Object(FULL, Kind::Subscription, id).to_string()).cloned();
        (claim.final_act, label.as_deref() == Some("Morning"))
    };
    assert_eq!(of(&[LEAVER]), (true, true), "taking them out leaves nobody: it is deleted");
    assert_eq!(of(&[LEAVER, "olga.berg@acme.example"]), (false, true));
    assert!(!of(&["olga.berg@acme.example"]).0, "nobody is taken out");
}
