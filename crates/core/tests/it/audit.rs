//! The vendor's audit log: what is kept of its lines, how it is compared with cases, and what it proves about a membership.

use jiff::{SignedDuration, Timestamp};
use leaver_core::audit::{Account, Category, Entry, Format, Import, Party, Signs, Tally, Watched, gaps, reconcile};
use leaver_core::claim::{Predicate, Proof, Record, Rung, State};
use leaver_core::event::{CaseState, Event};
use leaver_core::ids::Digest;
use leaver_core::observe::imported;
use leaver_core::reading::OrgRole;
use leaver_core::source::What;

use crate::bench::{Bench, expect};
use crate::stage::{LEAVES, after, person};
use crate::world::{LEAVER, LEAVER_ID, address};

const COLLEAGUE: &str = "olga.berg@acme.example";

fn hours(number: i64) -> Timestamp {
    after(SignedDuration::from_hours(number))
}

fn who(address: &str) -> Party<'_> {
    Party { id: None, address: Some(address) }
}

fn line<'a>(at: i64, event: &'a str, actor: &'a str, subject: &'a str) -> Entry<'a> {
    let subject = if subject.is_empty() { Party::default() } else { who(subject) };
    Entry { at: hours(at), event, actor: who(actor), subject, mentions: &[] }
}

fn tallied(lines: &[Entry<'_>]) -> Account {
    let watched =
        Watched { person: person(LEAVES), addresses: vec![address(LEAVER)], vendor_ids: vec![LEAVER_ID.to_owned()] };
    let mut tally = Tally::of(&[watched]);
    for line in lines {
        tally.take(line);
    }
    tally.finish()
}

fn import(from: i64, until: i64) -> Import {
    Import {
        file: Digest::of(format!("{from}-{until}").as_bytes()),
        format: Format::Csv,
        bytes: 1,
        by: person("person_executor"),
        at: hours(until),
        from: hours(from),
        until: hours(until),
        rows: 2,
        unread: 0,
        one_actor: false,
    }
}

fn signs(removed: Option<i64>, inside: Option<i64>) -> Signs {
    Signs { removed_at: removed.map(hours), inside_at: inside.map(hours) }
}

/// A case that ran, and whose lists were read this many hours after the start, when the leaver was gone.
fn removed(read: i64) -> Bench {
    let mut bench = Bench::new();
    bench.now = hours(1);
    bench.add(Event::Moved { to: CaseState::Running, why: "approved".to_owned() });
    bench.world.delete_leaver();
    bench.now = hours(read);
    let claim = bench.claim(&Predicate::NotMember, &[]);
    bench.look(&claim);
    for what in [What::Me, What::Roster] {
        let event = bench.event_of(&what);
        bench.add(event);
    }
    let observation = bench.judge(&claim);
    expect(&observation, State::Holds, "the list does not show the account");
    bench.add(Event::Observed { claim: claim.key, observation });
    bench.add(Event::Moved { to: CaseState::Removed, why: "seen closed".to_owned() });
    bench
}

/// What an import of these signs tells, in the case of the bench.
fn told(bench: &Bench, import: &Import, signs: Signs) -> Vec<Event> {
    imported(&bench.case, import, signs, &bench.names, bench.now)
}

fn broken(events: &[Event]) -> Option<Rung> {
    events.iter().find_map(|event| match event {
        Event::Observed { observation, .. } if observation.state == State::Broken => observation.rung,
        _ => None,
    })
}

#[test]
fn what_a_person_did_is_told_apart_from_what_was_done_to_them() {
    let account = tallied(&[
        line(1, "session.logged_in", "MARA.Lind@agency.example", ""),
        line(2, "board.created", LEAVER, ""),
        line(3, "event_export.downloaded", LEAVER, ""),
        line(4, "user.role_changed", COLLEAGUE, LEAVER),
        line(5, "session.logged_in", COLLEAGUE, ""),
        line(6, "moon.landed", LEAVER, ""),
    ]);
    let activity = &account.people[&person(LEAVES)];
    let made: Vec<u64> = Category::ALL.iter().map(|category| activity.made(*category)).collect();
    assert_eq!(made, [1, 1, 0, 1, 1], "logins, actions, changes, exports, unknown");
    assert_eq!(activity.about_them["user.role_changed"], 1);
    assert_eq!((activity.span, activity.signed_in_at), (Some((hours(1), hours(6))), Some(hours(1))));
    assert_eq!((account.rows, account.unknown(), account.one_actor), (6, 1, false));
}

#[test]
fn the_order_of_the_lines_does_not_matter() {
    let mut lines = vec![
        line(1, "session.logged_in", LEAVER, ""),
        line(2, "organization.user_removed", COLLEAGUE, LEAVER),
        line(3, "session.login_failed", LEAVER, ""),
        line(4, "organization.user_added", COLLEAGUE, LEAVER),
        line(5, "board.created", LEAVER, ""),
    ];
    let forwards = tallied(&lines);
    lines.reverse();
    let backwards = tallied(&lines);
    for account in [forwards, backwards] {
        let activity = &account.people[&person(LEAVES)];
        assert_eq!(activity.signs, signs(Some(2), Some(5)));
        let inside: Vec<String> = activity.inside_after(hours(2)).into_iter().map(|sign| sign.event).collect();
        assert_eq!(inside, ["organization.user_added", "board.created"], "a refused sign-in is no access");
    }
}

#[test]
fn whoever_removes_themselves_is_not_inside_afterwards() {
    let account = tallied(&[line(1, "organization.user_removed", LEAVER, LEAVER)]);
    assert_eq!(account.people[&person(LEAVES)].signs, signs(Some(1), None));
    // To remove somebody else is work like any other.
    let account = tallied(&[line(1, "organization.user_removed", LEAVER, COLLEAGUE)]);
    assert_eq!(account.people[&person(LEAVES)].signs, signs(None, None));
}

#[test]
fn a_million_lines_are_kept_in_the_space_of_a_few() {
    let names: Vec<String> = (0..5_000).map(|number| format!("thing_{number}.made")).collect();
    let watched =
        Watched { person: person(LEAVES), addresses: vec![address(LEAVER)], vendor_ids: vec![LEAVER_ID.to_owned()] };
    let mut tally = Tally::of(&[watched]);
    for number in 0..20_000 {
        for (event, actor) in [(names[number % 5_000].as_str(), LEAVER), ("organization.user_removed", COLLEAGUE)] {
            tally.take(&line(i64::try_from(number).unwrap(), event, actor, COLLEAGUE));
        }
    }
    let account = tally.finish();
    let activity = &account.people[&person(LEAVES)];
    assert!(account.events.len() <= 1_000 && activity.by_them.len() <= 1_000, "{}", account.events.len());
    assert!(account.more_events > 0 && activity.more > 0, "what is not named is counted");
    assert_eq!(account.rows, account.events.values().sum::<u64>() + account.more_events);
    assert_eq!((account.removals.len(), account.more_removals), (10_000, 10_000));
    assert_eq!(activity.inside_after(Timestamp::UNIX_EPOCH).len(), 256);
}

#[test]
fn a_removal_without_a_case_and_a_case_without_a_removal_are_both_found() {
    let bench = removed(3);
    let cases = std::slice::from_ref(&bench.case);
    let stranger = tallied(&[line(2, "organization.user_removed", COLLEAGUE, "theo@agency.example")]);
    let found = reconcile(&stranger, cases, &[import(0, 5)]);
    assert_eq!(found.without_case.len(), 1);
    assert_eq!(found.without_event, std::slice::from_ref(&bench.case.id), "the log of that time shows no removal");
    let found = reconcile(&stranger, cases, &[import(0, 2)]);
    assert_eq!((found.without_event.len(), found.not_covered.len()), (0, 1), "nothing covers that time");
    let filtered = Import { one_actor: true, ..import(0, 5) };
    assert_eq!(reconcile(&stranger, cases, &[filtered]).not_covered.len(), 1, "a filtered file proves nothing");
    let ours = tallied(&[line(2, "organization.user_removed", COLLEAGUE, LEAVER)]);
    let found = reconcile(&ours, cases, &[import(0, 5)]);
    assert_eq!((found.matched.len(), found.without_case.len(), found.without_event.len()), (1, 0, 0));
    let early = tallied(&[line(-9, "organization.user_removed", COLLEAGUE, LEAVER)]);
    let found = reconcile(&early, cases, &[import(-9, 5)]);
    assert_eq!(found.without_case[0].not_by, Some(bench.case.id), "the case did not run then");
}

#[test]
fn gaps_are_the_times_that_no_file_about_everybody_covers() {
    assert_eq!(gaps(&[import(0, 5), import(5, 9), import(3, 7)]), []);
    let found = gaps(&[import(8, 9), import(0, 5)]);
    assert_eq!((found[0].from, found[0].until, found.len()), (hours(5), hours(8), 1));
    let filtered = Import { one_actor: true, ..import(4, 8) };
    assert_eq!(gaps(&[import(8, 9), import(0, 5), filtered]).len(), 1, "a filtered file closes no gap");
}

#[test]
fn a_sign_of_the_account_after_its_removal_breaks_the_claim_on_the_rung_audit() {
    let bench = removed(3);
    let events = told(&bench, &import(0, 9), signs(Some(2), Some(8)));
    assert_eq!(broken(&events), Some(Rung::Audit), "{events:?}");
    let Some(Event::Observed { observation, .. }) = events.last() else { panic!("{events:?}") };
    assert_eq!(observation.captures, [import(0, 9).file], "the file is the evidence");
    // Without an event of the removal, what counts is when our own reads saw every path closed.
    let events = told(&bench, &import(0, 9), signs(None, Some(8)));
    assert_eq!(broken(&events), Some(Rung::Audit), "{events:?}");
}

#[test]
fn what_was_before_the_removal_or_was_looked_at_since_breaks_nothing() {
    let bench = removed(3);
    assert_eq!(told(&bench, &import(0, 9), signs(Some(2), Some(1))).len(), 1, "it was there before");
    let bench = removed(9);
    assert_eq!(told(&bench, &import(0, 9), signs(Some(2), Some(8))).len(), 1, "the list was read after that");
}

#[test]
fn the_same_file_tells_nothing_twice() {
    let mut bench = removed(3);
    for event in told(&bench, &import(0, 9), signs(Some(2), Some(8))) {
        bench.add(event);
    }
    assert_eq!(told(&bench, &import(0, 9), signs(Some(2), Some(8))), []);
}

#[test]
fn a_list_that_is_read_later_has_the_last_word() {
    let mut bench = removed(3);
    bench.add(Event::Imported { import: import(0, 9), signs: signs(Some(2), Some(8)) });
    let claim = bench.claim(&Predicate::NotMember, &[]);
    bench.now = hours(7);
    bench.look(&claim);
    expect(&bench.judge(&claim), State::Broken, "that list is older than the sign");
    bench.now = hours(9);
    bench.look(&claim);
    let seen = bench.judge(&claim);
    expect(&seen, State::Holds, "that list is newer");
    assert_eq!(seen.rung, Some(Rung::Roster));
}

#[test]
fn where_no_list_can_be_read_a_removal_in_the_log_proves_it_for_a_day() {
    let mut bench = Bench::new();
    bench.now = hours(1);
    bench.add(Event::Moved { to: CaseState::Running, why: "approved".to_owned() });
    let claim = bench.claim(&Predicate::NotMember, &[]);
    bench.now = hours(3);
    expect(&bench.judge(&claim), State::Unknown, "nothing was read");
    bench.add(Event::Imported { import: import(0, 3), signs: signs(Some(2), Some(1)) });
    let seen = bench.judge(&claim);
    expect(&seen, State::Holds, "the log shows the removal");
    assert_eq!((seen.rung, seen.seen_at), (Some(Rung::Audit), hours(3)), "as of its last event");
    bench.look(&claim);
    expect(&bench.judge(&claim), State::Broken, "a list that shows the account outweighs the log");
    bench.readings.clear();
    bench.now = hours(28);
    expect(&bench.judge(&claim), State::Unknown, "the log of yesterday does not prove today");
}

#[test]
fn a_removal_from_before_the_case_ran_proves_nothing() {
    let mut bench = Bench::new();
    bench.now = hours(2);
    bench.add(Event::Moved { to: CaseState::Running, why: "approved".to_owned() });
    bench.add(Event::Imported { import: import(-5, 3), signs: signs(Some(-4), None) });
    let claim = bench.claim(&Predicate::NotMember, &[]);
    expect(&bench.judge(&claim), State::Unknown, "they may have come back since");
}

/// The archived log proves something of a removal when it was exported after it, of everybody, and shows it (RECORD-5).
#[test]
fn the_log_of_a_removal_is_archived_when_a_whole_export_since_shows_it() {
    let says = Predicate::Recorded { record: Record::AuditLog };
    let good = (import(0, 9), signs(Some(2), Some(1)));
    let after = |imports: &[(Import, Signs)]| {
        let mut bench = removed(3);
        for (import, signs) in imports {
            bench.add(Event::Imported { import: import.clone(), signs: *signs });
        }
        bench.verdict(&says, &[])
    };
    let seen = after(std::slice::from_ref(&good));
    expect(&seen, State::Holds, "exported since, of everybody, and the removal is in it");
    assert_eq!(seen.proof, Some(Proof::Record));
    let of = |import: Import| [(import, good.1)];
    let filtered = (Import { one_actor: true, ..import(1, 8) }, good.1);
    for (imports, why) in [
        (&[][..], "nothing was imported"),
        (&of(Import { at: hours(2), ..import(0, 2) }), "before the removal"),
        (&of(import(2, 9)), "it begins after the removal began"),
        (
            &[filtered, (import(0, 9), signs(None, Some(1)))],
            "the removal is in another file, which is not of everybody",
        ),
        (&of(Import { one_actor: true, ..import(0, 9) }), "filtered to one person"),
        (&of(Import { unread: 1, ..import(0, 9) }), "a line could not be read"),
        (&[(import(0, 9), signs(None, Some(1)))], "the removal is not in it"),
        (&[(import(0, 9), signs(Some(2), Some(8)))], "they were inside later"),
        (&[(import(-9, 9), signs(Some(-8), None))], "an earlier removal"),
    ] {
        expect(&after(imports), State::Broken, why);
    }
    let older = after(&[good, (Import { file: Digest::of(b"older"), ..import(-9, -5) }, signs(None, Some(-6)))]);
    expect(&older, State::Holds, "an older file takes nothing away");
    let mut bench = Bench::new();
    bench.add(Event::Imported { import: import(0, 9), signs: signs(Some(2), Some(1)) });
    expect(&bench.verdict(&says, &[]), State::Broken, "nothing was removed yet");
}

/// What was exported for the first removal says nothing of the second.
#[test]
fn after_a_return_the_log_is_asked_for_again() {
    let mut bench = removed(3);
    bench.add(Event::Imported { import: import(0, 4), signs: signs(Some(2), Some(1)) });
    let says = Predicate::Recorded { record: Record::AuditLog };
    expect(&bench.verdict(&says, &[]), State::Holds, "the first removal");
    bench.now = hours(10);
    for to in [CaseState::Reopened, CaseState::Removed] {
        bench.add(Event::Moved { to, why: "a return".to_owned() });
    }
    expect(&bench.verdict(&says, &[]), State::Broken, "the second");
    bench.add(Event::Imported { import: import(0, 12), signs: signs(Some(11), Some(8)) });
    expect(&bench.verdict(&says, &[]), State::Holds, "exported again");
}

/// When the account itself was back, its removal must be another one than the first.
#[test]
fn the_export_of_the_first_removal_is_not_the_log_of_the_second() {
    let mut bench = removed(3);
    let says = Predicate::Recorded { record: Record::AuditLog };
    let first = (import(0, 4), signs(Some(2), Some(1)));
    bench.add(Event::Imported { import: first.0.clone(), signs: first.1 });
    bench.now = hours(10);
    let claim = bench.claim(&Predicate::NotMember, &[]);
    bench.world.join(LEAVER_ID, OrgRole::Member);
    bench.look(&claim);
    let observation = bench.judge(&claim);
    expect(&observation, State::Broken, "they are back");
    bench.add(Event::Observed { claim: claim.key, observation });
    for to in [CaseState::Reopened, CaseState::Removed] {
        bench.add(Event::Moved { to, why: "a return".to_owned() });
    }
    let again = Import { at: hours(12), ..first.0 };
    assert_eq!(told(&bench, &again, first.1).len(), 1, "it is taken in once more");
    bench.add(Event::Imported { import: again, signs: first.1 });
    expect(&bench.verdict(&says, &[]), State::Broken, "it shows the first removal alone");
    bench.add(Event::Imported { import: import(1, 12), signs: signs(Some(11), Some(9)) });
    expect(&bench.verdict(&says, &[]), State::Holds, "and this one the second");
}
