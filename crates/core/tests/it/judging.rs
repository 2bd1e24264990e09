//! `judge`, for every statement: it holds where the world is so, is broken where it is not, and is unknown as soon as one read that
//! it leans on is missing, failed, cut short or too early. An error, or an answer not shown to be complete, never holds.

use jiff::SignedDuration;
use leaver_core::claim::{Predicate, Proof, Record, State, Subject};
use leaver_core::effect::Act;
use leaver_core::event::{CaseState, Event, Identity};
use leaver_core::ids::Digest;
use leaver_core::judge::marker;
use leaver_core::prepare::recipients_digest;
use leaver_core::reading::{OrgRole, Snapshot};
use leaver_core::source::{Kind, What};
use leaver_core::statement::Statement;
use leaver_core::wanted::due;
use leaver_core::write::{Outcome, Write};

use crate::bench::{Bench, FULL, QUIET, expect, failures, touching};
use crate::stage::{APPROVER, Wish, furnished, person, request};
use crate::world::{LEAVER, LOOK_ALIKE_ID, address, leaver, successor};

/// One statement, how the world makes it true and false, and the reads without which nothing can be said.
struct Row {
    says: Predicate,
    reads: Vec<What>,
    leans_on: Vec<What>,
    make_true: fn(&mut Bench),
    make_false: fn(&mut Bench),
}

fn row(
    says: Predicate,
    reads: &[What],
    leans_on: &[What],
    make_true: fn(&mut Bench),
    make_false: fn(&mut Bench),
) -> Row {
    Row { says, reads: reads.to_vec(), leans_on: leans_on.to_vec(), make_true, make_false }
}

fn nothing(_: &mut Bench) {}

fn delete(bench: &mut Bench) {
    bench.world.delete_leaver();
}

fn make_admin(bench: &mut Bench) {
    bench.world.members.get_mut("42").unwrap().role = Some(OrgRole::Admin);
}

fn make_biller(bench: &mut Bench) {
    bench.world.members.get_mut("42").unwrap().role = Some(OrgRole::BillingAdmin);
}

fn out_of_teams(bench: &mut Bench) {
    bench.world.leave_teams(|_| true);
}

fn lose_executor(bench: &mut Bench) {
    bench.world.members.get_mut("3").unwrap().role = Some(OrgRole::Member);
}

fn silence(bench: &mut Bench, kind: Kind) {
    for thing in bench.world.projects.get_mut(&FULL).unwrap().things.get_mut(&kind).unwrap().values_mut() {
        thing.recipients.retain(|text| !text.eq_ignore_ascii_case(LEAVER));
        thing.off |= thing.host.as_deref().is_some_and(|host| host.ends_with("agency.example"));
    }
}

fn delete_robots(bench: &mut Bench) {
    for id in bench.robots() {
        bench.apply(&Write::DeleteServiceAccount { id });
    }
}

fn replace_robot(bench: &mut Bench) {
    let old = bench.robots()[0];
    let projects = vec![(FULL, "consumer".to_owned())];
    let username = format!("leaver-test-{old}-1");
    let created = bench.apply(&Write::CreateServiceAccount { username, role: "member".to_owned(), projects });
    let claim = format!("service-account.replaced:{old}");
    bench.acted(&claim, Act::CreateServiceAccount { replaces: old }, Outcome::Done { created }, None);
    let (id, credential) = bench.case.replacement_of(old).unwrap();
    bench.world.secrets.insert(credential, id);
}

fn lose_replacement(bench: &mut Bench) {
    replace_robot(bench);
    let (id, _) = bench.case.replacement_of(bench.robots()[0]).unwrap();
    bench.apply(&Write::DeleteServiceAccount { id });
}

fn copy_board(bench: &mut Bench) {
    let id = bench.id(Kind::Board, "Growth");
    let report = bench.id(Kind::Report, "Funnel");
    let own = bench.world.digest(FULL, Kind::Board, &id).unwrap();
    let reports = bench.world.digest(FULL, Kind::Report, &report).unwrap();
    let definition = Digest::of(format!("{own}\n{reports}").as_bytes());
    let description = marker(&bench.case.id);
    let write = Write::DuplicateBoard {
        project: FULL,
        id: id.clone(),
        title: "Growth (copy)".to_owned(),
        description,
        as_successor: false,
    };
    let created = bench.apply(&write);
    let copy = created.clone().unwrap();
    bench.apply(&Write::ShareWithProject { project: FULL, kind: Kind::Board, id: copy, can_edit: true });
    let claim = format!("copied:project=3:board={id}");
    let act = Act::Copy { project: FULL, kind: Kind::Board, id };
    bench.acted(&claim, act, Outcome::Done { created }, Some(definition));
}

fn half_copy_board(bench: &mut Bench) {
    bench.world.quirks.half_copies = true;
    copy_board(bench);
}

fn take_out(bench: &mut Bench) {
    let id = bench.id(Kind::Subscription, "Weekly");
    silence(bench, Kind::Subscription);
    let object = bench.world.read(&What::Object(FULL, Kind::Subscription, id.clone()), bench.now);
    let Ok(Snapshot::One(item)) = object.result else { panic!("it is there") };
    let rest = recipients_digest(Kind::Subscription, &item.raw, &bench.names);
    let act = Act::TakeOut { project: FULL, kind: Kind::Subscription, id };
    bench.acted("sender.subscription:project=3", act, Outcome::Done { created: None }, rest);
}

fn take_out_too_much(bench: &mut Bench) {
    take_out(bench);
    let id = bench.id(Kind::Subscription, "Weekly");
    bench.world.thing_mut(FULL, Kind::Subscription, &id).unwrap().recipients.clear();
}

fn of_title(bench: &mut Bench, kind: Kind, title: &str) -> What {
    What::Object(FULL, kind, bench.id(kind, title))
}

fn rows() -> Vec<Row> {
    let mut bench = Bench::new();
    let board = bench.id(Kind::Board, "Growth");
    let shared = bench.id(Kind::Board, "Sales");
    let metric = bench.id(Kind::Metric, "Activation");
    let entry = bench.id(Kind::Schema, "signup");
    let report = bench.id(Kind::Report, "Funnel");
    let scratch = bench.id(Kind::Board, "Scratch");
    let old = bench.robots()[0];
    let object = |kind, id: &str| What::Object(FULL, kind, id.to_owned());
    let roster = [What::Me, What::Roster];
    let (teams, with_teams) = ([What::Me, What::Roster, What::Teams], [What::Me, What::Teams]);
    let individual = bench.plan().subject.grants.unwrap().remove(0);
    let sender = |kind, make_true| {
        let reads = [What::Me, What::List(FULL, kind)];
        row(Predicate::NothingSends { project: FULL, kind }, &reads, &reads, make_true, nothing)
    };
    let weekly = of_title(&mut bench, Kind::Subscription, "Weekly");
    vec![
        row(Predicate::NotMember, &roster, &roster, delete, nothing),
        row(Predicate::RoleAtMost { role: OrgRole::Member }, &roster, &roster, nothing, make_admin),
        row(Predicate::RoleAtMost { role: OrgRole::BillingAdmin }, &roster, &roster, make_biller, make_admin),
        row(Predicate::RoleNotBelow { role: OrgRole::BillingAdmin }, &roster, &roster, make_biller, nothing),
        row(Predicate::NoProjectGrant, &roster, &roster, delete, nothing),
        row(Predicate::NoGrantIn { projects: vec![FULL] }, &roster, &roster, delete, nothing),
        row(Predicate::GrantsAsBefore { grants: vec![individual] }, &roster, &roster, nothing, |bench| {
            bench.world.join("42", OrgRole::Member);
        }),
        row(Predicate::NotInTeams { teams: vec!["70".to_owned()] }, &teams, &with_teams, out_of_teams, nothing),
        row(Predicate::TeamsAsBefore { teams: vec!["70".to_owned()] }, &teams, &with_teams, nothing, out_of_teams),
        row(Predicate::NoTeam, &[], &[What::Me, What::Teams], out_of_teams, nothing),
        row(Predicate::NoDataView, &[What::Me], &[What::Me], delete, nothing),
        row(Predicate::MembersKept { ids: vec![LOOK_ALIKE_ID.to_owned()] }, &roster, &roster, nothing, |bench| {
            bench.world.delete_member(LOOK_ALIKE_ID);
        }),
        row(Predicate::MayRemove, &[What::Me], &[What::Me], nothing, |bench| {
            bench.world.own_role = Some(OrgRole::Member);
        }),
        row(Predicate::ExecutorMayRemove, &roster, &roster, nothing, lose_executor),
        row(
            Predicate::NoServiceAccountBy,
            &[What::Me, What::ServiceAccounts],
            &[What::Me, What::ServiceAccounts, What::ServiceAccount(old)],
            delete_robots,
            nothing,
        ),
        row(Predicate::Replaced { service_account: old }, &[], &[], replace_robot, lose_replacement),
        sender(Kind::Subscription, |bench| silence(bench, Kind::Subscription)),
        sender(Kind::Alert, |bench| silence(bench, Kind::Alert)),
        sender(Kind::Webhook, |bench| silence(bench, Kind::Webhook)),
        sender(Kind::Automation, |bench| silence(bench, Kind::Automation)),
        sender(Kind::SchemaSettings, |bench| silence(bench, Kind::SchemaSettings)),
        row(
            Predicate::NotShared { project: FULL, kind: Kind::Board, id: shared.clone() },
            &[What::Me, What::Shares(FULL, Kind::Board, shared.clone())],
            &[What::Shares(FULL, Kind::Board, shared)],
            |bench| {
                let id = bench.id(Kind::Board, "Sales");
                bench.world.thing_mut(FULL, Kind::Board, &id).unwrap().people.retain(|one| *one != leaver());
            },
            nothing,
        ),
        row(
            Predicate::NoPublicLink { project: FULL, board: board.clone() },
            &[What::Me, object(Kind::Board, &board)],
            &[object(Kind::Board, &board)],
            |bench| {
                let id = bench.id(Kind::Board, "Growth");
                bench.world.thing_mut(FULL, Kind::Board, &id).unwrap().public_links = 0;
            },
            nothing,
        ),
        row(
            Predicate::Copied { project: FULL, kind: Kind::Board, id: board },
            &[What::Me, What::List(FULL, Kind::Report)],
            &[What::List(FULL, Kind::Report)],
            copy_board,
            half_copy_board,
        ),
        row(
            Predicate::OwnedBySuccessor { project: FULL, id: metric.clone() },
            &[object(Kind::Metric, &metric)],
            &[object(Kind::Metric, &metric)],
            |bench| {
                let id = bench.id(Kind::Metric, "Activation");
                bench.world.thing_mut(FULL, Kind::Metric, &id).unwrap().owners = vec![successor()];
            },
            nothing,
        ),
        row(
            Predicate::ContactsSuccessor { project: FULL, id: entry.clone() },
            &[object(Kind::Schema, &entry)],
            &[object(Kind::Schema, &entry)],
            |bench| {
                let id = bench.id(Kind::Schema, "signup");
                bench.world.thing_mut(FULL, Kind::Schema, &id).unwrap().owners = vec![successor()];
            },
            |bench| {
                let id = bench.id(Kind::Schema, "signup");
                bench.world.thing_mut(FULL, Kind::Schema, &id).unwrap().owners = vec![leaver(), successor()];
            },
        ),
        row(
            Predicate::Described { project: FULL, kind: Kind::Board, id: scratch.clone() },
            &[object(Kind::Board, &scratch)],
            &[object(Kind::Board, &scratch)],
            |bench| {
                let id = bench.id(Kind::Board, "Scratch");
                let text = format!("Owner: Sven Holt. {}", marker(&bench.case.id));
                bench.world.thing_mut(FULL, Kind::Board, &id).unwrap().description = Some(text);
            },
            nothing,
        ),
        row(
            Predicate::Dropped { project: FULL, kind: Kind::Board, id: scratch.clone() },
            &[object(Kind::Board, &scratch)],
            &[object(Kind::Board, &scratch)],
            |bench| {
                let id = bench.id(Kind::Board, "Scratch");
                bench.apply(&Write::Delete { project: FULL, kind: Kind::Board, id });
            },
            nothing,
        ),
        row(Predicate::RecipientsKept, &[What::Me], &[weekly], take_out, take_out_too_much),
        row(
            Predicate::Exported { project: FULL, id: report.clone() },
            &[object(Kind::Report, &report), What::ReportData(FULL, report.clone())],
            &[object(Kind::Report, &report), What::ReportData(FULL, report)],
            nothing,
            nothing,
        ),
    ]
}

#[test]
fn a_statement_holds_where_the_world_is_so_and_is_broken_where_it_is_not() {
    for row in rows() {
        let mut bench = Bench::new();
        (row.make_true)(&mut bench);
        let seen = bench.verdict(&row.says, &row.reads);
        expect(&seen, State::Holds, &format!("{:?}", row.says));
        assert_eq!(seen.proof, Some(Proof::Read), "{:?}", row.says);
        assert!(bench.world.truth(&row.says).unwrap_or(true), "the model agrees: {:?}", row.says);
        if matches!(row.says, Predicate::Exported { .. }) {
            continue;
        }
        let mut bench = Bench::new();
        (row.make_false)(&mut bench);
        let seen = bench.verdict(&row.says, &row.reads);
        expect(&seen, State::Broken, &format!("{:?}", row.says));
        assert!(!bench.world.truth(&row.says).unwrap_or(false), "the model agrees: {:?}", row.says);
    }
}

#[test]
fn a_read_that_is_missing_failed_or_cut_short_makes_it_unknown() {
    for row in rows() {
        for what in &row.leans_on {
            let mut bench = Bench::new();
            (row.make_true)(&mut bench);
            let claim = bench.claim(&row.says, &row.reads);
            bench.look(&claim);
            let good = bench.readings.clone();
            bench.readings.remove(what);
            expect(&bench.judge(&claim), State::Unknown, &format!("{:?} without {what}", row.says));
            for failure in failures() {
                bench.readings.clone_from(&good);
                bench.alter(what, |reading| reading.result = Err(failure.clone()));
                expect(&bench.judge(&claim), State::Unknown, &format!("{:?} with {what}: {failure}", row.says));
            }
            bench.readings.clone_from(&good);
            bench.alter(what, |reading| reading.to_the_end = false);
            expect(&bench.judge(&claim), State::Unknown, &format!("{:?} with a cut {what}", row.says));
            bench.readings.clone_from(&good);
            bench.alter(what, |reading| reading.result = Ok(Snapshot::Data));
            if !matches!(what, What::ReportData(..)) {
                expect(&bench.judge(&claim), State::Unknown, &format!("{:?} with {what} of another shape", row.says));
            }
        }
    }
}

#[test]
fn a_read_from_before_the_settle_time_makes_it_unknown() {
    for row in rows() {
        for what in &row.leans_on {
            let Some(act) = touching(what) else { continue };
            for outcome in [Outcome::Done { created: None }, Outcome::Unknown(leaver_core::reading::Failure::TimedOut)]
            {
                let mut bench = Bench::new();
                (row.make_true)(&mut bench);
                bench.acted_just_now("some.claim", act.clone(), outcome, None);
                let seen = bench.verdict(&row.says, &row.reads);
                expect(&seen, State::Unknown, &format!("{:?} with {what} just after a change", row.says));
                bench.now = bench.now.checked_add(SignedDuration::from_secs(2)).unwrap();
                let seen = bench.verdict(&row.says, &row.reads);
                expect(&seen, State::Unknown, &format!("{:?} with {what} at the settle time", row.says));
                bench.now = bench.now.checked_add(SignedDuration::from_millis(1)).unwrap();
                let seen = bench.verdict(&row.says, &row.reads);
                expect(&seen, State::Holds, &format!("{:?} with {what} after the settle time", row.says));
            }
        }
    }
}

#[test]
fn a_list_is_believed_only_beside_our_own_role_in_the_same_pass() {
    for row in rows().into_iter().filter(|row| row.leans_on.contains(&What::Me) && row.leans_on.len() > 1) {
        let mut bench = Bench::new();
        (row.make_true)(&mut bench);
        let claim = bench.claim(&row.says, &row.reads);
        bench.look(&claim);
        let good = bench.readings.clone();
        bench.alter(&What::Me, |reading| {
            reading.sent_at = reading.sent_at.checked_sub(SignedDuration::from_secs(601)).unwrap();
        });
        expect(&bench.judge(&claim), State::Unknown, &format!("{:?} beside an old role", row.says));
        bench.readings.clone_from(&good);
        bench.alter(&What::Me, |reading| {
            let Ok(Snapshot::Me(me)) = &mut reading.result else { panic!("it is /me") };
            me.sees_organization = false;
        });
        expect(&bench.judge(&claim), State::Unknown, &format!("{:?} without our organization", row.says));
        if !matches!(row.says, Predicate::NothingSends { .. }) {
            continue;
        }
        bench.readings.clone_from(&good);
        bench.alter(&What::Me, |reading| {
            let Ok(Snapshot::Me(me)) = &mut reading.result else { panic!("it is /me") };
            me.projects.get_mut(&FULL).unwrap().role = None;
        });
        expect(&bench.judge(&claim), State::Unknown, &format!("{:?} without a role in the project", row.says));
        bench.readings.clone_from(&good);
        bench.alter(&What::Me, |reading| {
            let Ok(Snapshot::Me(me)) = &mut reading.result else { panic!("it is /me") };
            me.projects.retain(|project, _| *project == QUIET);
        });
        expect(&bench.judge(&claim), State::Unknown, &format!("{:?} without the project", row.says));
    }
}

/// A 404 by id says "gone" only to somebody who may look: the architecture asks for our role beside every proof of absence.
#[test]
fn absence_by_id_is_believed_only_beside_our_own_role() {
    let mut believed = Vec::new();
    for row in rows() {
        let gone = match &row.says {
            Predicate::NotShared { id, .. } => What::Shares(FULL, Kind::Board, id.clone()),
            Predicate::NoPublicLink { board, .. } => What::Object(FULL, Kind::Board, board.clone()),
            Predicate::OwnedBySuccessor { .. }
            | Predicate::ContactsSuccessor { .. }
            | Predicate::Described { .. }
            | Predicate::Dropped { .. }
            | Predicate::Exported { .. } => row.leans_on[0].clone(),
            _ => continue,
        };
        let mut bench = Bench::new();
        let claim = bench.claim(&row.says, &row.reads);
        bench.look(&claim);
        bench.alter(&gone, |reading| reading.result = Ok(Snapshot::Absent));
        bench.alter(&What::Me, |reading| {
            let Ok(Snapshot::Me(me)) = &mut reading.result else { panic!("it is /me") };
            me.projects.get_mut(&FULL).unwrap().role = None;
        });
        if bench.judge(&claim).state == State::Holds {
            believed.push(row.says);
        }
    }
    assert!(believed.is_empty(), "a 404 to somebody without a role in the project was believed: {believed:#?}");
}

/// What was sealed before the removal says nothing about it, and a seal that no witness signed says what we say ourselves.
#[test]
fn only_a_seal_since_the_removal_that_witnesses_signed_counts() {
    let mut bench = Bench::new();
    let says = Predicate::Recorded { record: Record::Witnessed };
    let case = bench.case.id.clone();
    let manifest = |name: &str| Digest::of(name.as_bytes());
    let seal = |name: &str| Event::Sealed { case: case.clone(), manifest_sha256: manifest(name), supersedes: None };
    let sign = |name: &str| Event::Witnessed { manifest_sha256: manifest(name), witnesses: vec!["audit".to_owned()] };
    let mut step = |event: Event| {
        bench.now = bench.now.checked_add(SignedDuration::from_secs(1)).unwrap();
        bench.add(event);
        bench.verdict(&says, &[])
    };
    step(seal("early"));
    expect(&step(sign("early")), State::Broken, "nothing was removed yet");
    let removed = Event::Moved { to: CaseState::Removed, why: "every path was seen closed".to_owned() };
    expect(&step(removed), State::Broken, "sealed before the removal");
    expect(&step(seal("late")), State::Broken, "nobody signed it yet");
    expect(&step(sign("another")), State::Broken, "another seal was signed");
    let seen = step(sign("late"));
    expect(&seen, State::Holds, "sealed since, and signed");
    assert_eq!(seen.proof, Some(Proof::Record));
}

/// What held of the first removal says nothing of the second one: it is looked at again, and must be made true again.
#[test]
fn a_removal_that_came_back_asks_for_its_records_anew() {
    let mut wish = Wish::new(request());
    wish.policy.witness_quorum = 1;
    let mut bench = Bench::planned(furnished(), &wish);
    let key = leaver_core::ids::ClaimKey::from("record.witnessed");
    let plan = bench.plan();
    let claim = plan.claim(&key).unwrap().clone();
    let approved = bench.case.plan_event().unwrap().clone();
    let by = person(APPROVER);
    bench.add(Event::Approved { plan: approved, by, identity: Identity::Passkey, originals: Vec::new() });
    let step = |bench: &mut Bench, event: Event| {
        bench.now = bench.now.checked_add(SignedDuration::from_secs(1)).unwrap();
        bench.add(event);
        due(&bench.case, &bench.plan(), &claim, bench.now)
    };
    let moved = |to: CaseState| Event::Moved { to, why: "a test".to_owned() };
    let manifest = Digest::of(b"one");
    let seal = Event::Sealed { case: bench.case.id.clone(), manifest_sha256: manifest.clone(), supersedes: None };
    let sign = Event::Witnessed { manifest_sha256: manifest, witnesses: vec!["audit".to_owned()] };
    for event in [moved(CaseState::Running), moved(CaseState::Removed), seal, sign] {
        step(&mut bench, event);
    }
    let observation = bench.judge(&claim);
    expect(&observation, State::Holds, "sealed since the removal, and signed");
    assert_eq!(step(&mut bench, Event::Observed { claim: key, observation }), None, "nothing changed since");
    step(&mut bench, moved(CaseState::Reopened));
    assert!(step(&mut bench, moved(CaseState::Removed)).is_some(), "the seal is older than the second removal");
    expect(&bench.judge(&claim), State::Broken, "and says nothing of it");
}

#[test]
fn whoever_is_no_owner_may_remove_only_by_the_permission_of_that_name() {
    for (role, permissions, state) in [
        (OrgRole::Owner, vec![], State::Holds),
        (OrgRole::Admin, vec!["delete_members"], State::Holds),
        (OrgRole::Admin, vec!["invite_members"], State::Broken),
        (OrgRole::Admin, vec![], State::Broken),
    ] {
        let mut bench = Bench::new();
        let claim = bench.claim(&Predicate::MayRemove, &[What::Me]);
        bench.look(&claim);
        bench.alter(&What::Me, |reading| {
            let Ok(Snapshot::Me(me)) = &mut reading.result else { panic!("it was read") };
            me.role = Some(role);
            me.permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
        });
        expect(&bench.judge(&claim), state, &format!("{role:?} {permissions:?}"));
    }
}

#[test]
fn our_own_journal_and_a_persons_word_prove_what_nothing_else_can() {
    let shown = [
        (Record::Inventory, State::Holds),
        (Record::Dependencies, State::Holds),
        (Record::Members, State::Holds),
        (Record::Request, State::Holds),
        (Record::Approval, State::Broken),
        (Record::Note, State::Broken),
        (Record::Rechecks, State::Broken),
        (Record::Tracker, State::Broken),
        (Record::Witnessed, State::Broken),
    ];
    let mut bench = Bench::new();
    for (record, state) in shown {
        expect(&bench.verdict(&Predicate::Recorded { record }, &[]), state, &format!("{record:?}"));
    }
    let plan = bench.case.plan_event().unwrap().clone();
    let by = person(APPROVER);
    bench.add(Event::Approved { plan, by: by.clone(), identity: Identity::Passkey, originals: Vec::new() });
    bench.add(Event::Noted { text: Statement::said("access revoked") });
    for record in [Record::Approval, Record::Note] {
        let seen = bench.verdict(&Predicate::Recorded { record }, &[]);
        expect(&seen, State::Holds, &format!("{record:?}"));
        assert_eq!(seen.proof, Some(Proof::Record));
    }
    let tracker = Predicate::Recorded { record: Record::Tracker };
    expect(&bench.verdict(&tracker, &[]), State::Broken, "approved, and not removed yet: the row has no date");
    bench.add(Event::Moved { to: CaseState::Removed, why: "every path was seen closed".to_owned() });
    let seen = bench.verdict(&tracker, &[]);
    expect(&seen, State::Holds, "removed");
    assert_eq!(seen.proof, Some(Proof::Record));
    let says = Predicate::Declared { subject: Subject::Mentions };
    expect(&bench.verdict(&says, &[]), State::Unknown, "nobody has said so");
    let attestation = leaver_core::claim::Attestation {
        by,
        file: None,
        note: Statement::said("looked at the screen"),
        at: bench.now,
    };
    bench.add(Event::Attested { claim: "mentions.reviewed".into(), attestation: attestation.clone() });
    let seen = bench.verdict(&says, &[]);
    expect(&seen, State::Holds, "somebody has said so");
    assert_eq!(seen.proof, Some(Proof::Attested));
    // A word fills a gap, and never outweighs a read.
    bench.add(Event::Attested { claim: "member.gone".into(), attestation });
    let claim = bench.claim(&Predicate::NotMember, &[]);
    bench.look(&claim);
    expect(&bench.judge(&claim), State::Broken, "the list shows the account, whatever somebody says");
    bench.readings.clear();
    assert_eq!(bench.judge(&claim).proof, Some(Proof::Attested), "where nothing was read the word stands");
    assert_eq!(bench.world.members.values().filter(|member| member.address == address(LEAVER)).count(), 1);
}
