//! The planner: whom it refuses, what blocks a plan, which claims it makes of what, and that the same world gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;
use leaver_core::claim::{Choice, ClaimKind, Predicate, Remedy};
use leaver_core::ids::{Address, ClaimKey, Digest};
use leaver_core::judge::Readings;
use leaver_core::method::{Method, Reason, Urgency};
use leaver_core::plan::{FindingKind, Plan, Request, Treated, keys};
use leaver_core::planner::{Planned, Refusal};
use leaver_core::reading::{Failure, GrantKind, OrgRole, Snapshot};
use leaver_core::scope;
use leaver_core::source::{Kind, What};

use crate::bench::{FULL, QUIET, failures};
use crate::stage::{START, Wish, furnished, inventory, request};
use crate::world::{LEAVER, LOOK_ALIKE_ID, OWN_USERNAME, Thing, World, address, colleague, leaver};

fn planned(world: &World, wish: &Wish) -> Result<Planned, Refusal> {
    wish.plan(&inventory(world, START))
}

fn plan(world: &World, request: Request) -> Plan {
    planned(world, &Wish::new(request)).unwrap().plan
}

fn hash(plan: &Plan) -> Digest {
    Digest::of(&plan.to_bytes().unwrap())
}

fn codes(plan: &Plan) -> Vec<&str> {
    plan.blockers.iter().map(|blocker| blocker.code.as_str()).collect()
}

fn leaver_is(role: OrgRole) -> World {
    let mut world = furnished();
    world.members.get_mut("42").unwrap().role = Some(role);
    world
}

fn id(world: &World, kind: Kind, title: &str) -> String {
    world.projects[&FULL].of(kind).find(|(_, thing)| thing.title == title).unwrap().0.clone()
}

#[test]
fn nobody_is_removed_who_must_not_be() {
    let world = furnished();
    let wish = |change: fn(&mut Wish)| {
        let mut wish = Wish::new(request());
        change(&mut wish);
        planned(&world, &wish).map(|planned| hash(&planned.plan))
    };
    let code = |answer: &Result<Digest, Refusal>| answer.as_ref().unwrap_err().code();
    let yourself = wish(|wish| wish.operator = Some(address(LEAVER)));
    assert_eq!(code(&yourself), "L103");
    assert!(wish(|wish| wish.operator = Some(address("erik.ek@acme.example"))).is_ok());
    let own = wish(|wish| wish.names.own_username = Some("Mara.Lind@Agency.example".to_owned()));
    assert_eq!(code(&own), "L104");
    let unknown = wish(|wish| wish.names.leaver = vec![address("mara.lynd@agency.example")]);
    assert_eq!(code(&unknown), "L101");
    let Err(Refusal::Unknown { similar, .. }) = unknown else { panic!("nobody has that address") };
    assert_eq!(similar.first().map(Address::as_str), Some(LEAVER), "the nearest address first");
    let mut twice = world.clone();
    twice.join("77", OrgRole::Member);
    let twice = planned(&twice, &Wish::new(request()));
    assert_eq!(twice, Err(Refusal::Ambiguous { address: address(LEAVER), count: 2 }));
    let mut elsewhere = world.clone();
    elsewhere.own_role = None;
    assert_eq!(planned(&elsewhere, &Wish::new(request())).unwrap_err().code(), "L108");
}

#[test]
fn no_plan_is_made_without_knowing_who_we_are_and_who_is_a_member() {
    let wish = Wish::new(request());
    let whole = inventory(&furnished(), START);
    for failure in failures() {
        let expected = if failure == Failure::Unauthorized { "L109" } else { "L110" };
        let mut readings = whole.clone();
        Arc::make_mut(readings.get_mut(&What::Me).unwrap()).result = Err(failure.clone());
        assert_eq!(wish.plan(&readings).unwrap_err().code(), expected, "/me: {failure}");
        let mut readings = whole.clone();
        Arc::make_mut(readings.get_mut(&What::Roster).unwrap()).result = Err(failure.clone());
        let Ok(Snapshot::Me(me)) = &mut Arc::make_mut(readings.get_mut(&What::Me).unwrap()).result else {
            panic!("it is /me")
        };
        me.view_members.clear();
        let answer = wish.plan(&readings);
        if let Ok(Planned { plan, .. }) = answer {
            assert_eq!(plan.subject.vendor_id, None, "the address alone pins, and the plan says so ({failure})");
            let says = plan
                .findings
                .iter()
                .any(|finding| finding.kind == FindingKind::NotSeen && finding.runbook == "STATE-1");
            assert!(says, "{failure}");
            let for_good = failure.passes_after().is_none() || matches!(failure, Failure::Refused { .. });
            assert!(for_good, "{failure} passes: it is no reason for a thinner plan");
        } else {
            assert_eq!(answer.unwrap_err().code(), expected, "member list: {failure}");
        }
    }
}

#[test]
fn an_owner_is_never_taken_away_by_a_plan() {
    let only = |owners: &[&str]| {
        let mut world = leaver_is(OrgRole::Owner);
        for id in ["1", "2"] {
            world.members.get_mut(id).unwrap().role =
                Some(if owners.contains(&id) { OrgRole::Owner } else { OrgRole::Member });
        }
        world
    };
    assert_eq!(codes(&plan(&only(&[]), request())), ["L105"], "the only owner");
    assert_eq!(codes(&plan(&only(&["1"]), request())), ["L105"], "one usable owner would remain");
    assert_eq!(codes(&plan(&only(&["1", "2"]), request())), ["L107"], "an owner is lowered first");
    let mut world = only(&["1", "2"]);
    world.members.get_mut("2").unwrap().active = Some(false);
    assert_eq!(codes(&plan(&world, request())), ["L105"], "an inactive owner is of no use");
    let mut few = furnished();
    few.members.get_mut("2").unwrap().role = Some(OrgRole::Member);
    let plan = plan(&few, request());
    assert!(codes(&plan).is_empty(), "one owner is no reason to keep somebody who is none");
    assert!(plan.findings.iter().any(|finding| finding.kind == FindingKind::Weakness && finding.runbook == "BEYOND-9"));
}

#[test]
fn we_act_only_on_people_below_us() {
    let mut weak = furnished();
    weak.own_role = Some(OrgRole::Admin);
    assert_eq!(codes(&plan(&weak, request())), ["L106"], "our credential may not remove members");
    let wish = Wish::new(request());
    let with = |world: &World, role: OrgRole| {
        let mut readings = inventory(world, START);
        let Ok(Snapshot::Me(me)) = &mut Arc::make_mut(readings.get_mut(&What::Me).unwrap()).result else {
            panic!("it is /me")
        };
        me.role = Some(role);
        me.permissions = vec!["delete_members".to_owned()];
        wish.plan(&readings).unwrap().plan
    };
    assert_eq!(codes(&with(&leaver_is(OrgRole::Admin), OrgRole::Admin)), ["L107"]);
    assert!(codes(&with(&leaver_is(OrgRole::BillingAdmin), OrgRole::Admin)).is_empty());
    assert!(codes(&with(&leaver_is(OrgRole::Admin), OrgRole::Owner)).is_empty());
}

#[test]
fn a_look_alike_is_found_kept_and_not_touched() {
    let plan = plan(&furnished(), request());
    let kept = plan.claim(&ClaimKey::from("kept.look-alikes")).unwrap();
    assert_eq!(kept.says, Predicate::MembersKept { ids: vec![LOOK_ALIKE_ID.to_owned()] });
    assert_eq!((kept.kind, &kept.remedy), (ClaimKind::Kept, &Remedy::None));
    assert_eq!(plan.subject.vendor_id.as_deref(), Some("42"));
    let found: Vec<_> = plan.findings.iter().filter(|finding| finding.kind == FindingKind::LookAlike).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].object.as_deref(), Some("member/43"));
    let text = String::from_utf8(plan.to_bytes().unwrap()).unwrap();
    assert!(!text.contains("mara") && !text.contains("agency.example\"@"), "no name and no address in a plan");
}

#[test]
fn every_line_of_the_runbook_is_in_the_scope_once_and_in_order() {
    for method in [Method::Delete, Method::Revoke, Method::Reduce] {
        for reason in Reason::ALL {
            let plan = plan(&furnished(), Request { method, reason, projects: vec![FULL], ..request() });
            let lines: Vec<&str> = plan.scope.iter().map(|line| line.id.as_str()).collect();
            assert_eq!(lines, scope::ids().collect::<Vec<_>>());
            assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len(), "no line twice");
            for line in &plan.scope {
                assert!(!line.why.is_empty() && !line.source.is_empty(), "{}", line.id);
                let claimed = plan.claims.iter().any(|claim| claim.runbook.contains(&line.id));
                assert_eq!(line.treated == Treated::Claim, claimed, "{}", line.id);
            }
            for claim in &plan.claims {
                assert!(!claim.runbook.is_empty(), "{}", claim.key);
                assert!(claim.runbook.iter().all(|id| scope::title(id).is_some()), "{}", claim.key);
            }
            let mine = plan.scope.iter().find(|line| line.id == reason.id()).unwrap();
            assert_eq!(mine.treated, Treated::Claim, "one reason, and it is this one");
        }
    }
}

#[test]
fn the_same_world_gives_the_same_bytes() {
    let world = furnished();
    let first = plan(&world, request());
    assert_eq!(first.to_bytes().unwrap(), plan(&world, request()).to_bytes().unwrap());
    let readings = inventory(&world, START);
    let mut backwards = Readings::new();
    for (what, reading) in readings.iter().rev() {
        backwards.insert(what.clone(), Arc::clone(reading));
    }
    assert_eq!(hash(&Wish::new(request()).plan(&backwards).unwrap().plan), hash(&first), "whatever came back first");
    let later = Request {
        at: START.checked_add(SignedDuration::from_mins(9)).unwrap(),
        case: "case_other".into(),
        ticket: leaver_core::statement::Statement::said("IT-1"),
        ..request()
    };
    let readings = inventory(&world, later.at);
    assert_eq!(
        hash(&Wish::new(later).plan(&readings).unwrap().plan),
        hash(&first),
        "no time, ticket or case in the plan"
    );
    let back: Plan = serde_json::from_slice(&first.to_bytes().unwrap()).unwrap();
    assert_eq!(back, first, "what is stored is what was approved");
    let limited = |seconds| {
        let mut readings = inventory(&world, START);
        let what = What::List(FULL, Kind::Flag);
        Arc::make_mut(readings.get_mut(&what).unwrap()).result = Err(Failure::Limited { after_seconds: seconds });
        hash(&Wish::new(request()).plan(&readings).unwrap().plan)
    };
    assert_eq!(limited(1), limited(60), "the seconds of a limit are no part of the plan");
}

#[test]
fn another_world_or_another_wish_gives_other_bytes() {
    let first = hash(&plan(&furnished(), request()));
    let mut hashes = BTreeSet::from([first]);
    let mut world = furnished();
    world.put(3, Kind::Subscription, Thing::by(colleague(), "New").to(&[LEAVER]));
    world.put(4, Kind::Metric, Thing { owners: vec![leaver()], ..Thing::by(colleague(), "New metric") });
    assert!(hashes.insert(hash(&plan(&world, request()))), "one more claim");
    assert!(hashes.insert(hash(&plan(&leaver_is(OrgRole::Admin), request()))), "another role");
    for method in [Method::Revoke, Method::Reduce] {
        assert!(hashes.insert(hash(&plan(&furnished(), Request { method, projects: vec![FULL], ..request() }))));
    }
    assert!(hashes.insert(hash(&plan(&furnished(), Request { urgency: Urgency::Immediate, ..request() }))));
    assert!(hashes.insert(hash(&plan(&furnished(), Request { executor: "person_other".into(), ..request() }))));
    let mut wish = Wish::new(request());
    wish.choices.insert(keys::copied(FULL, Kind::Board, &id(&furnished(), Kind::Board, "Growth")), Choice::Leave);
    assert!(hashes.insert(hash(&planned(&furnished(), &wish).unwrap().plan)), "another choice");
    let mut wish = Wish::new(request());
    wish.policy.two_person = true;
    assert!(hashes.insert(hash(&planned(&furnished(), &wish).unwrap().plan)), "another policy");
}

#[test]
fn each_thing_that_was_found_gets_the_claim_that_deals_with_it() {
    let world = furnished();
    let made = plan(&world, request());
    let keys_of = |kind: ClaimKind| -> BTreeSet<String> {
        made.claims.iter().filter(|claim| claim.kind == kind).map(|claim| claim.key.to_string()).collect()
    };
    let all: BTreeSet<&ClaimKey> = made.claims.iter().map(|claim| &claim.key).collect();
    assert_eq!(all.len(), made.claims.len(), "each key once");
    let senders = [Kind::Subscription, Kind::Alert, Kind::Automation, Kind::Webhook, Kind::SchemaSettings];
    let wanted =
        [FULL, QUIET].into_iter().flat_map(|project| senders.map(|kind| keys::sends(project, kind).to_string()));
    assert_eq!(keys_of(ClaimKind::Sender), wanted.collect());
    let access: BTreeSet<String> = [
        keys::member_gone(),
        keys::teams_gone(),
        keys::service_accounts(),
        "invitations.gone".into(),
        keys::ways_back(),
        keys::public_link(FULL, &id(&world, Kind::Board, "Growth")),
        keys::unshared(FULL, Kind::Board, &id(&world, Kind::Board, "Sales")),
    ]
    .map(|key: ClaimKey| key.to_string())
    .into();
    assert_eq!(keys_of(ClaimKind::Access), access);
    let used = world.robots.iter().find(|(_, robot)| robot.last_used.is_some()).unwrap().0;
    let transfer: BTreeSet<String> = [
        keys::copied(FULL, Kind::Board, &id(&world, Kind::Board, "Growth")),
        keys::copied(FULL, Kind::Cohort, &id(&world, Kind::Cohort, "Power users")),
        keys::owned(FULL, Kind::Metric, &id(&world, Kind::Metric, "Activation")),
        keys::owned(FULL, Kind::Schema, &id(&world, Kind::Schema, "signup")),
        keys::replaced(*used),
        ClaimKey::new(format!("exported:project=3:report={}", id(&world, Kind::Report, "Funnel"))),
    ]
    .map(|key| key.to_string())
    .into();
    assert_eq!(keys_of(ClaimKind::Transfer), transfer);
    let kept = ["kept.look-alikes", "kept.recipients", "kept.role"];
    assert_eq!(keys_of(ClaimKind::Kept), kept.map(ToOwned::to_owned).into());
    assert_eq!(made.choices[&keys::copied(FULL, Kind::Board, &id(&world, Kind::Board, "Scratch"))], Choice::Leave);
    let gone = made.claim(&keys::member_gone()).unwrap();
    assert!(gone.final_act && gone.needs.iter().all(|key| made.claim(key).unwrap().kind == ClaimKind::Transfer));
    assert!(!gone.needs.is_empty(), "deletion waits for the transfer");
    let hurry = plan(&world, Request { urgency: Urgency::Immediate, ..request() });
    assert!(hurry.claim(&keys::member_gone()).unwrap().needs.is_empty(), "and not when it is urgent");
    let hook = made.claim(&keys::sends(FULL, Kind::Webhook)).unwrap();
    assert_eq!(hook.also_affects.len(), 1, "a webhook that is switched off is off for everybody");
    for claim in &made.claims {
        assert!(claim.needs.iter().all(|key| made.claim(key).is_some()), "{} needs what is in the plan", claim.key);
    }
}

#[test]
fn each_method_has_its_own_claims_about_the_account() {
    let has = |plan: &Plan, key: ClaimKey| plan.claim(&key).is_some();
    let mut world = furnished();
    world.with_scim();
    let delete = plan(&world, request());
    assert!(has(&delete, keys::member_gone()) && has(&delete, keys::scim()) && !has(&delete, keys::grants_gone()));
    let revoke = plan(&world, Request { method: Method::Revoke, ..request() });
    for key in [keys::role_lowest(), keys::grants_gone(), keys::data_views(), keys::scim()] {
        assert!(has(&revoke, key));
    }
    assert!(!has(&revoke, keys::member_gone()));
    world.grant(4, GrantKind::Individual);
    let reduce = plan(&world, Request { method: Method::Reduce, projects: vec![FULL], ..request() });
    let gone = reduce.claim(&keys::grants_gone()).unwrap();
    assert_eq!(gone.says, Predicate::NoGrantIn { projects: vec![FULL] });
    let kept = reduce.claim(&keys::grants_kept()).unwrap();
    let Predicate::GrantsAsBefore { grants } = &kept.says else { panic!("{:?}", kept.says) };
    assert_eq!(grants.iter().map(|grant| grant.project).collect::<Vec<_>>(), [Some(QUIET)]);
    assert_eq!(kept.kind, ClaimKind::Kept);
    let mut foreign = Wish::new(request());
    foreign.policy.claimed_domains.clear();
    assert!(!has(&planned(&world, &foreign).unwrap().plan, keys::scim()), "SCIM does not reach that domain");
}

#[test]
fn what_others_depend_on_is_reported_and_never_dropped() {
    let mut world = furnished();
    let funnel = id(&world, Kind::Report, "Funnel");
    let growth = id(&world, Kind::Board, "Growth");
    let mut readings = inventory(&world, START);
    let Ok(Snapshot::Items(boards)) =
        &mut Arc::make_mut(readings.get_mut(&What::List(FULL, Kind::Board)).unwrap()).result
    else {
        panic!("it is a list")
    };
    boards.iter_mut().find(|board| board.title == "Sales").unwrap().uses = vec![(Kind::Report, funnel.clone())];
    let mut wish = Wish::new(request());
    let made = wish.plan(&readings).unwrap().plan;
    let objects = [(Kind::Board, growth.clone()), (Kind::Report, funnel)]
        .map(|(kind, id)| What::Object(FULL, kind, id).to_string());
    let depends = made.findings.iter().filter(|finding| finding.kind == FindingKind::Dependency);
    assert_eq!(depends.map(|finding| finding.object.clone().unwrap()).collect::<Vec<_>>(), objects);
    wish.choices.insert(keys::copied(FULL, Kind::Board, &growth), Choice::Drop);
    assert_eq!(codes(&wish.plan(&readings).unwrap().plan), ["L111"], "others use one of its reports");
    let made = planned(&world, &wish).unwrap().plan;
    assert!(codes(&made).is_empty(), "nobody uses it");
    let dropped = made.claim(&keys::dropped(FULL, Kind::Board, &growth)).unwrap();
    assert!(dropped.final_act && made.claim(&keys::copied(FULL, Kind::Board, &growth)).is_none());
    wish.choices = BTreeMap::from([(keys::copied(FULL, Kind::Board, &growth), Choice::Rotate)]);
    assert_eq!(codes(&planned(&world, &wish).unwrap().plan), ["L018"], "no such choice");
    world.robots.values_mut().find(|robot| robot.username == OWN_USERNAME).unwrap().maker = leaver();
    let made = plan(&world, request());
    assert!(made.findings.iter().any(|finding| finding.runbook == "BEYOND-5"), "the leaver made our own credential");
    let own: u64 = crate::world::OWN_ID.parse().unwrap();
    assert!(made.claim(&keys::replaced(own)).is_none(), "and it is not touched");
}

#[test]
fn what_was_not_seen_is_said_and_its_senders_stay_claims() {
    let mut world = furnished();
    world.project(9).role = None;
    let made = plan(&world, request());
    let unseen = |plan: &Plan, object: &str| {
        let mut findings = plan.findings.iter().filter(|finding| finding.kind == FindingKind::NotSeen);
        findings.any(|finding| finding.object.as_deref() == Some(object))
    };
    assert!(unseen(&made, "project/9"));
    let nine = leaver_core::ids::ProjectId(9);
    assert!(made.claim(&keys::sends(nine, Kind::Alert)).is_some(), "unknown, and never none");
    let mut readings = inventory(&furnished(), START);
    let what = What::List(FULL, Kind::Alert);
    Arc::make_mut(readings.get_mut(&what).unwrap()).result = Err(Failure::TimedOut);
    let made = Wish::new(request()).plan(&readings).unwrap().plan;
    assert!(unseen(&made, &what.to_string()) && made.claim(&keys::sends(FULL, Kind::Alert)).is_some());
    Arc::make_mut(readings.get_mut(&what).unwrap()).result = Err(Failure::NotFound);
    let made = Wish::new(request()).plan(&readings).unwrap().plan;
    assert!(unseen(&made, &what.to_string()) && made.claim(&keys::sends(FULL, Kind::Alert)).is_some());
    // What the vendor's plan does not have at all answers 404 everywhere; in one project alone it shows nothing.
    for (project, left) in [(FULL, true), (QUIET, false)] {
        let what = What::List(project, Kind::Automation);
        Arc::make_mut(readings.get_mut(&what).unwrap()).result = Err(Failure::NotFound);
        let made = Wish::new(request()).plan(&readings).unwrap().plan;
        assert_eq!(made.claim(&keys::sends(FULL, Kind::Automation)).is_some(), left);
    }
}

#[test]
fn removals_in_a_day_have_a_cap_that_grows_with_the_organization() {
    let policy = crate::stage::policy();
    for (members, cap) in [(0, 3), (12, 3), (60, 3), (80, 4), (1000, 50)] {
        assert_eq!(policy.cap(members), cap, "{members} members");
    }
}

/// A plan that was made from the dozen people who matter is the plan of the whole list, and knows how many there are.
/// A share list that nothing tells about is read, not taken for one without the leaver.
#[test]
fn what_does_not_say_with_whom_it_is_shared_is_asked() {
    let mut readings = inventory(&furnished(), START);
    let list = What::List(FULL, Kind::Metric);
    let asked = |readings: &leaver_core::judge::Readings| {
        let reads = leaver_core::planner::share_reads(readings);
        reads.into_iter().filter(|what| matches!(what, What::Shares(FULL, Kind::Metric, _))).count()
    };
    let mut say = |private: Option<bool>, shared: Option<bool>| {
        let reading = Arc::make_mut(readings.get_mut(&list).unwrap());
        let Ok(Snapshot::Items(items)) = &mut reading.result else { panic!("it is a list") };
        assert!(!items.is_empty());
        for item in items.iter_mut() {
            (item.private, item.shared) = (private, shared);
        }
        (items.len(), asked(&readings))
    };
    for (private, shared) in [(None, None), (Some(true), None), (None, Some(false))] {
        let (all, asked) = say(private, shared);
        assert_eq!(asked, all, "private: {private:?}, shared: {shared:?}");
    }
    for (private, shared) in [(Some(false), None), (None, Some(true))] {
        let (_, asked) = say(private, shared);
        assert_eq!(asked, 0, "private: {private:?}, shared: {shared:?}");
    }
}

#[test]
fn a_list_that_was_focused_gives_the_same_plan() {
    let mut world = furnished();
    world.with_scim();
    let whole = inventory(&world, START);
    let (mut focused, mut before) = (whole.clone(), leaver_core::judge::Readings::new());
    let wish = Wish::new(request());
    for what in [What::Me, What::Roster, What::ScimUsers] {
        let mut reading = focused.remove(&what).unwrap();
        let focus = leaver_core::planner::Focus::of(&wish.names, &wish.witnesses, &before);
        focus.apply(Arc::make_mut(&mut reading).result.as_mut().unwrap());
        before.insert(what, reading);
    }
    focused.extend(before);
    let members = |readings: &leaver_core::judge::Readings| {
        let Ok(Snapshot::Roster(roster)) = &readings[&What::Roster].result else { panic!("it is a list") };
        (roster.members.len(), roster.len())
    };
    let ((all, _), (kept, listed)) = (members(&whole), members(&focused));
    assert!(kept < all, "somebody does not matter");
    assert_eq!(listed, all);
    let (one, other) = (wish.plan(&whole).unwrap().plan, wish.plan(&focused).unwrap().plan);
    assert_eq!(one.to_bytes().unwrap(), other.to_bytes().unwrap());
}

#[test]
fn what_may_be_unfinished_is_listed_and_the_sponsor_is_asked() {
    let ago = |days: i64| START.checked_add(-SignedDuration::from_hours(24 * days)).unwrap();
    let mut world = furnished();
    let edited = |title, by, days| Thing { edited: Some((by, ago(days))), ..Thing::by(colleague(), title) };
    let late = world.put(3, Kind::Board, edited("Just now", leaver(), 2));
    world.put(3, Kind::Board, edited("Long ago", leaver(), 200));
    world.put(3, Kind::Cohort, edited("By somebody else", colleague(), 2));
    let wish = Wish::new(request());
    let made = planned(&world, &wish).unwrap();
    let edits = |plan: &Plan| -> Vec<(String, String)> {
        let found = plan.findings.iter().filter(|finding| finding.kind == FindingKind::RecentEdit);
        found.map(|finding| (finding.object.clone().unwrap(), finding.says.clone())).collect()
    };
    let object = What::Object(FULL, Kind::Board, late).to_string();
    let day = ago(2).strftime("%Y-%m-%d").to_string();
    assert_eq!(edits(&made.plan), [(object.clone(), format!("board last changed by the leaver on {day}"))]);
    assert_eq!(made.labels[&object], "Just now", "by its title, though somebody else made it");
    let mut longer = Wish::new(request());
    longer.policy.recent_edit_days = 365;
    assert_eq!(edits(&planned(&world, &longer).unwrap().plan).len(), 2, "how lately is the organization's policy");
    let asked = made.plan.claim(&ClaimKey::from("pending-work.asked")).unwrap();
    assert_eq!((asked.kind, asked.runbook.as_slice()), (ClaimKind::Record, ["AUTH-4".to_owned()].as_slice()));
    assert!(matches!(asked.remedy, Remedy::Attested(_)), "a named person says what the sponsor said");
    let mut readings = inventory(&world, START);
    let Ok(Snapshot::Items(boards)) =
        &mut Arc::make_mut(readings.get_mut(&What::List(FULL, Kind::Board)).unwrap()).result
    else {
        panic!("it is a list")
    };
    boards.iter_mut().find(|board| board.title == "Just now").unwrap().modified = Some("last Tuesday".to_owned());
    let plan = wish.plan(&readings).unwrap().plan;
    assert!(edits(&plan)[0].1.ends_with("on last Tuesday"), "a time that cannot be read is no reason to leave it out");
}
