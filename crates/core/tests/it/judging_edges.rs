//! Single conditions of the judge, with the world on either side of each: what mutation testing found that no wider test pins down.

use leaver_core::claim::{Predicate, Rung, State};
use leaver_core::plan::Account;
use leaver_core::reading::{Failure, Item, Maker, Me, Member, Snapshot, ViewMember};
use leaver_core::source::What;
use leaver_core::write::Write;

use crate::bench::{Bench, FULL, expect};
use crate::stage::furnished;
use crate::world::{LEAVER_ID, address};

fn subject(bench: &mut Bench) -> &mut Account {
    &mut bench.case.plan.as_mut().unwrap().0.subject
}

fn alter_me(bench: &mut Bench, change: impl FnOnce(&mut Me)) {
    bench.alter(&What::Me, |reading| {
        let Ok(Snapshot::Me(me)) = &mut reading.result else { panic!("no me") };
        change(me);
    });
}

fn alter_items(bench: &mut Bench, what: &What, change: impl FnOnce(&mut Vec<Item>)) {
    bench.alter(what, |reading| {
        let Ok(Snapshot::Items(items)) = &mut reading.result else { panic!("no list") };
        change(items);
    });
}

/// A world with SCIM, in which the leaver is gone; and the record that SCIM had of them.
fn gone_with_scim() -> (Bench, Member) {
    let mut world = furnished();
    world.with_scim();
    let mut bench = Bench::of(world);
    let record = bench.world.members[LEAVER_ID].clone();
    bench.world.delete_leaver();
    let claim = bench.claim(&Predicate::NotMember, &[]);
    bench.look(&claim);
    (bench, record)
}

fn judged(bench: &Bench, says: &Predicate) -> leaver_core::claim::Observation {
    bench.judge(&bench.claim(says, &[]))
}

#[test]
fn each_list_knows_the_leaver_by_its_own_id() {
    let (mut bench, _) = gone_with_scim();
    subject(&mut bench).scim_id = Some("scim-42".to_owned());
    expect(&judged(&bench, &Predicate::NotMember), State::Holds, "nobody bears either id");
    // Somebody else bears on each list the id that the leaver has on the other.
    bench.alter_roster(&What::Roster, |roster| roster.members[5].id = Some("scim-42".to_owned()));
    bench.alter_roster(&What::ScimUsers, |roster| roster.members[5].id = Some(LEAVER_ID.to_owned()));
    expect(&judged(&bench, &Predicate::NotMember), State::Holds, "the ids are those of the other list");
    let (member, scim) = (bench.clone(), bench);
    for (mut bench, what, id) in [(member, What::Roster, LEAVER_ID), (scim, What::ScimUsers, "scim-42")] {
        bench.alter_roster(&what, |roster| roster.members[5].id = Some(id.to_owned()));
        expect(&judged(&bench, &Predicate::NotMember), State::Broken, "the account bears another address now");
    }
}

#[test]
fn an_inactive_scim_record_is_no_membership_where_the_member_list_decides() {
    for (active, unread, state) in [
        (Some(false), false, State::Holds),
        (Some(true), false, State::Broken),
        (None, false, State::Broken),
        // Nothing else decides: a record is a record.
        (Some(false), true, State::Broken),
    ] {
        let (mut bench, record) = gone_with_scim();
        bench.alter_roster(&What::ScimUsers, |roster| roster.members.push(Member { active, ..record.clone() }));
        if unread {
            bench.alter(&What::Roster, |reading| reading.result = Err(Failure::Forbidden));
        }
        let seen = judged(&bench, &Predicate::NotMember);
        expect(&seen, state, &format!("SCIM says {active:?}, the member list is unread: {unread}"));
        let rung = if state == State::Holds { Rung::Roster } else { Rung::Scim };
        assert_eq!(seen.rung, Some(rung));
    }
}

#[test]
fn a_maker_that_is_named_by_an_id_alone_is_told_apart_only_where_the_leavers_id_is_known() {
    let with = |maker: Maker, vendor_id: Option<&str>| {
        let mut bench = Bench::new();
        for id in bench.robots() {
            bench.apply(&Write::DeleteServiceAccount { id });
        }
        let claim = bench.claim(&Predicate::NoServiceAccountBy, &[]);
        bench.look(&claim);
        subject(&mut bench).vendor_id = vendor_id.map(str::to_owned);
        alter_items(&mut bench, &What::ServiceAccounts, |items| {
            let mut other = items[0].clone();
            (other.id, other.title) = ("9009".to_owned(), "somebody's".to_owned());
            other.maker = Some(maker.into());
            items.push(other);
        });
        judged(&bench, &Predicate::NoServiceAccountBy).state
    };
    let by_id = |id: Option<&str>| Maker { id: id.map(str::to_owned), address: None, name: None };
    assert_eq!(with(by_id(Some("77")), Some(LEAVER_ID)), State::Holds, "it is another id");
    assert_eq!(with(by_id(Some("77")), None), State::Unknown, "nothing says whose id it is");
    assert_eq!(with(by_id(None), Some(LEAVER_ID)), State::Unknown, "nothing says who made it");
    assert_eq!(with(by_id(Some(LEAVER_ID)), Some(LEAVER_ID)), State::Broken);
    let by_address = Maker { address: Some(address("somebody@acme.example")), ..by_id(None) };
    assert_eq!(with(by_address, None), State::Holds, "an address tells it without any id");
}

#[test]
fn a_data_view_names_its_members_by_id_or_by_address() {
    let with = |id: Option<&str>, text: Option<&str>, restricted: bool| {
        let mut bench = Bench::new();
        bench.world.delete_leaver();
        let claim = bench.claim(&Predicate::NoDataView, &[]);
        bench.look(&claim);
        alter_me(&mut bench, |me| {
            me.view_members.push(ViewMember {
                project: FULL,
                view: 77,
                restricted,
                id: id.map(str::to_owned),
                address: text.map(address),
                invited: false,
            });
        });
        judged(&bench, &Predicate::NoDataView).state
    };
    assert_eq!(with(Some(LEAVER_ID), None, true), State::Broken);
    assert_eq!(with(None, Some(crate::world::LEAVER), true), State::Broken);
    assert_eq!(with(Some("77"), Some(crate::world::LEAVER), true), State::Broken, "made anew under another id");
    assert_eq!(with(Some("77"), Some("somebody@acme.example"), true), State::Holds);
    assert_eq!(with(None, None, true), State::Holds);
    assert_eq!(with(Some(LEAVER_ID), None, false), State::Holds, "an open view is no grant of its own");
}

#[test]
fn a_member_list_is_whole_with_two_control_members_each_by_id_or_by_address() {
    let (bench, _) = gone_with_scim();
    let says = Predicate::MembersKept { ids: vec!["1".to_owned()] };
    let state = |change: &dyn Fn(&mut Bench)| {
        let mut bench = bench.clone();
        change(&mut bench);
        judged(&bench, &says).state
    };
    assert!(bench.names.control.len() > 2);
    assert_eq!(state(&|bench| bench.names.control.truncate(2)), State::Holds);
    assert_eq!(state(&|bench| bench.names.control.truncate(1)), State::Unknown, "one may have been chosen to fit");
    let without_ids = |bench: &mut Bench| {
        for (id, _) in &mut bench.names.control {
            *id = None;
        }
    };
    assert_eq!(state(&without_ids), State::Holds, "each is found by its address");
    let strangers = |bench: &mut Bench| {
        for (number, (_, text)) in bench.names.control.iter_mut().enumerate() {
            *text = address(&format!("renamed-{number}@acme.example"));
        }
    };
    assert_eq!(state(&strangers), State::Holds, "each is found by its id");
    let lost = |bench: &mut Bench| {
        without_ids(bench);
        bench.names.control[0].1 = address("renamed@acme.example");
    };
    assert_eq!(state(&lost), State::Unknown, "one is missing");
}

#[test]
fn so_many_may_be_gone_at_once_and_those_who_leave_by_cases_of_their_own() {
    let mut bench = Bench::new();
    let says = Predicate::MembersKept { ids: vec!["1".to_owned()] };
    let claim = bench.claim(&says, &[What::Roster]);
    bench.look(&claim);
    let before = bench.case.count(&What::Roster).unwrap();
    assert!(before < 30, "two are tolerated of {before}");
    let without = |last: usize, leaving: usize| {
        let mut bench = bench.clone();
        // Control members stand in the middle of the alphabet: the last ones are colleagues by number.
        bench.alter_roster(&What::Roster, |roster| {
            let mut left = last;
            roster.members.retain(|member| {
                let goes = left > 0 && member.address.as_str().starts_with("colleague-number");
                left -= usize::from(goes);
                !goes
            });
        });
        bench.names.control.retain(|(_, address)| !address.as_str().starts_with("colleague-number"));
        let somebody = |number: usize| (None, address(&format!("leaving-{number}@acme.example")));
        bench.names.leaving = (0..leaving).map(somebody).collect();
        bench.judge(&claim).state
    };
    assert_eq!((without(2, 0), without(3, 0)), (State::Holds, State::Unknown));
    assert_eq!((without(3, 1), without(4, 1)), (State::Holds, State::Unknown), "one more leaves by a case");
    assert_eq!((without(4, 2), without(5, 2)), (State::Holds, State::Unknown));
}
