//! What an identity provider does not show, and the rungs above its settings: a person's word, the log, the canaries, a forced sync.

use jiff::SignedDuration;
use leaver_core::claim::{Attestation, Choice, Claim, ClaimKind, Guide, Proof, Remedy, Rung, State};
use leaver_core::decide::{Command, decide};
use leaver_core::effect::{Act, Effect};
use leaver_core::event::{Event, Identity};
use leaver_core::ids::ClaimKey;
use leaver_core::judge::Readings;
use leaver_core::method::Method;
use leaver_core::plan::keys;
use leaver_core::prepare::{Prepared, prepare, reads_before};
use leaver_core::provider::{CanarySignIns, Job, LogEntry, LogEvent, SignIn, Way, Ways};
use leaver_core::reading::Failure;
use leaver_core::source::What;
use leaver_core::statement::Statement;
use leaver_core::write::{Outcome, Write};

use crate::bench::{Bench, expect};
use crate::stage::{APPROVER, EXECUTOR, START, Wish, furnished, person, read_into, request};
use crate::world::{ACCOUNT, World};

/// A provider that shows no more than the account and its groups, as Google and plain SCIM do; nothing that it shows is open.
fn hidden(change: impl FnOnce(&mut Ways)) -> World {
    let mut world = furnished();
    world.with_provider();
    let ways = world.provider.as_mut().unwrap();
    ways.anyone = None;
    ways.groups.remove(0);
    ways.rules.clear();
    ways.assignment = None;
    change(ways);
    world
}

fn attest(bench: &mut Bench, key: ClaimKey) {
    let word = Attestation { by: person(EXECUTOR), file: None, note: Statement::said("I looked"), at: bench.now };
    bench.add(Event::Attested { claim: key, attestation: word });
}

fn approve(bench: &mut Bench) {
    let plan = bench.case.plan_event().unwrap().clone();
    let yes = Command::Approve { plan, by: person(APPROVER), identity: Identity::Passkey, originals: Vec::new() };
    for event in decide(&bench.case, yes, bench.now).unwrap() {
        bench.add(event);
    }
}

fn pass(bench: &mut Bench, minutes: i64) {
    bench.now = bench.now.checked_add(SignedDuration::from_mins(minutes)).unwrap();
}

fn claim_of(bench: &Bench, key: &ClaimKey) -> Claim {
    bench.plan().claim(key).unwrap().clone()
}

/// Reads truthfully, judges, and journals what was seen, as a worker does.
fn observe(bench: &mut Bench, key: &ClaimKey) -> leaver_core::claim::Observation {
    let claim = claim_of(bench, key);
    bench.look(&claim);
    let observation = bench.judge(&claim);
    bench.add(Event::Observed { claim: key.clone(), observation: observation.clone() });
    observation
}

#[test]
fn what_no_interface_shows_is_closed_by_a_word_and_the_report_says_so() {
    let mut bench = Bench::of(hidden(|_| {}));
    let (anyone, any) = (keys::way(&Way::Anyone), keys::way(&Way::Any));
    assert_eq!(claim_of(&bench, &anyone).remedy, Remedy::Guided(Guide::RequireAssignment));
    assert!(claim_of(&bench, &any).needs.contains(&anyone));
    expect(&observe(&mut bench, &any), State::Unknown, "nobody said anything");
    attest(&mut bench, anyone);
    for key in [any.clone(), keys::login_fails()] {
        let seen = observe(&mut bench, &key);
        expect(&seen, State::Holds, "somebody looked");
        assert_eq!((seen.proof, seen.rung), (Some(Proof::Attested), Some(Rung::Attestation)), "{key}: {}", seen.why);
    }
    // A word about one way covers no other.
    bench.world.provider.as_mut().unwrap().groups[0].member = true;
    expect(&observe(&mut bench, &any), State::Broken, "the account is in a group that gives the application");
}

#[test]
fn a_way_that_came_after_the_plan_has_nobodys_word() {
    let mut bench = Bench::of(hidden(|ways| ways.anyone = Some(false)));
    let any = keys::way(&Way::Any);
    expect(&observe(&mut bench, &any), State::Holds, "only those who are given it");
    bench.world.provider.as_mut().unwrap().anyone = None;
    attest(&mut bench, keys::way(&Way::SelfService));
    expect(&observe(&mut bench, &any), State::Unknown, "it is not shown any more, and no claim asks for it");
}

#[test]
fn an_account_that_cannot_sign_in_closes_what_is_not_shown() {
    let mut bench = Bench::of(hidden(|ways| ways.self_service = None));
    for way in [Way::Anyone, Way::SelfService, Way::Any] {
        expect(&observe(&mut bench, &keys::way(&way)), State::Unknown, "it can sign in");
    }
    bench.world.provider.as_mut().unwrap().account.as_mut().unwrap().live = false;
    for way in [Way::Anyone, Way::SelfService, Way::Any] {
        let seen = observe(&mut bench, &keys::way(&way));
        expect(&seen, State::Holds, "it has ended");
        assert_eq!(seen.proof, Some(Proof::Read));
    }
}

#[test]
fn a_refused_attempt_shows_what_no_setting_does_until_one_goes_through() {
    let anyone = keys::way(&Way::Anyone);
    let mut bench = Bench::of(hidden(|_| {}));
    assert!(claim_of(&bench, &anyone).reads.contains(&What::ProviderLog(ACCOUNT.to_owned())));
    let log = |bench: &mut Bench, event: LogEvent| bench.world.provider_log.push(LogEntry { at: bench.now, event });
    log(&mut bench, LogEvent::Refused);
    pass(&mut bench, 1);
    approve(&mut bench);
    expect(&observe(&mut bench, &anyone), State::Unknown, "the attempt was before anybody said yes");
    pass(&mut bench, 1);
    log(&mut bench, LogEvent::Refused);
    pass(&mut bench, 1);
    let seen = observe(&mut bench, &anyone);
    expect(&seen, State::Holds, "refused since");
    assert_eq!((seen.proof, seen.rung), (Some(Proof::Read), Some(Rung::ProviderLog)));
    log(&mut bench, LogEvent::SignedIn);
    pass(&mut bench, 1);
    expect(&observe(&mut bench, &anyone), State::Unknown, "a later one went through");
    log(&mut bench, LogEvent::Refused);
    pass(&mut bench, 48 * 60 - 1);
    expect(&observe(&mut bench, &anyone), State::Holds, "refused again, two days ago");
    pass(&mut bench, 1);
    expect(&observe(&mut bench, &anyone), State::Unknown, "a setting that nobody sees may have changed since");
}

fn canaries(insider: &SignIn, outsider: &SignIn) -> CanarySignIns {
    CanarySignIns { insider: insider.clone(), outsider: outsider.clone() }
}

fn with_canaries() -> Bench {
    let mut world = hidden(|ways| ways.anyone = Some(false));
    world.sign_ins = Ok(canaries(&SignIn::Admitted, &SignIn::Refused("HTTP 403".to_owned())));
    let mut wish = Wish::new(request());
    wish.policy.canary = true;
    Bench::planned(world, &wish)
}

#[test]
fn an_outsider_is_shown_to_be_refused_only_beside_an_insider_who_is_let_in() {
    let mut bench = with_canaries();
    let key = keys::outsider_refused();
    let claim = claim_of(&bench, &key);
    assert!(!claim.is_probed_in_plan(), "a plan signs nobody in");
    assert_eq!((claim.kind, &claim.needs), (ClaimKind::Record, &vec![keys::way(&Way::Any)]));
    let refused = SignIn::Refused("HTTP 403".to_owned());
    let all = [SignIn::Admitted, refused, SignIn::NotAuthenticated];
    for insider in &all {
        for outsider in &all {
            bench.world.sign_ins = Ok(canaries(insider, outsider));
            let expected = match (insider, outsider) {
                (_, SignIn::Admitted) => State::Broken,
                (SignIn::Admitted, SignIn::Refused(_)) => State::Holds,
                _ => State::Unknown,
            };
            expect(&observe(&mut bench, &key), expected, &format!("{insider:?}, {outsider:?}"));
        }
    }
    for failure in crate::bench::failures() {
        bench.world.sign_ins = Err(failure.clone());
        expect(&observe(&mut bench, &key), State::Unknown, &failure.to_string());
    }
    let without = Bench::of(hidden(|_| {}));
    assert!(without.plan().claim(&key).is_none(), "nobody configured canaries");
    let mut wish = Wish::new(request());
    wish.policy.canary = true;
    wish.request.method = Method::Reduce;
    wish.request.projects = vec![crate::bench::FULL];
    assert!(Bench::planned(hidden(|_| {}), &wish).plan().claim(&key).is_none(), "a reduction closes no way");
}

#[test]
fn the_canaries_raise_and_break_what_is_said_of_the_leavers_own_sign_in() {
    let mut bench = with_canaries();
    let (key, login) = (keys::outsider_refused(), keys::login_fails());
    let rung = |bench: &mut Bench| {
        let seen = observe(bench, &login);
        (seen.state, seen.rung)
    };
    assert_eq!(rung(&mut bench), (State::Holds, Some(Rung::Provider)), "nobody has signed in yet");
    observe(&mut bench, &key);
    assert_eq!(rung(&mut bench), (State::Holds, Some(Rung::Canary)));
    pass(&mut bench, 48 * 60);
    assert_eq!(rung(&mut bench), (State::Holds, Some(Rung::Provider)), "that was two days ago");
    bench.world.sign_ins = Ok(canaries(&SignIn::Admitted, &SignIn::Admitted));
    observe(&mut bench, &key);
    assert_eq!(rung(&mut bench), (State::Broken, Some(Rung::Canary)), "whoever is not given it is let in");
    bench.world.provider.as_mut().unwrap().account.as_mut().unwrap().live = false;
    assert_eq!(rung(&mut bench).0, State::Holds, "but nobody whose account has ended");
}

fn job(on_demand: Option<&str>) -> Job {
    Job {
        id: "mixpanel.1".to_owned(),
        status: "Active".to_owned(),
        works: true,
        last_success: START.checked_sub(SignedDuration::from_hours(1)).ok(),
        everyone: Some(false),
        keeps_unassigned: Some(false),
        on_demand: on_demand.map(str::to_owned),
    }
}

#[test]
fn a_cycle_that_ran_before_anybody_saw_the_ways_closed_shows_nothing() {
    let key = keys::synced();
    let mut bench = Bench::of(hidden(|ways| {
        ways.anyone = Some(false);
        ways.groups[0].member = true;
        ways.jobs = vec![job(Some("r1"))];
    }));
    observe(&mut bench, &keys::way(&Way::Any));
    pass(&mut bench, 5);
    let now = bench.now;
    let ways = bench.world.provider.as_mut().unwrap();
    ways.groups[0].member = false;
    ways.jobs[0].last_success = Some(now);
    pass(&mut bench, 5);
    expect(&observe(&mut bench, &key), State::Unknown, "nobody has seen them closed yet");
    observe(&mut bench, &keys::way(&Way::Any));
    pass(&mut bench, 5);
    expect(&observe(&mut bench, &key), State::Broken, "that cycle was before");
    let now = bench.now;
    bench.world.provider.as_mut().unwrap().jobs[0].last_success = Some(now);
    expect(&observe(&mut bench, &key), State::Holds, "this one was after");
}

#[test]
fn a_sync_is_asked_for_where_the_provider_can_be_asked_and_after_the_ways() {
    let key = keys::synced();
    let plan = |jobs: Vec<Job>| Bench::of(hidden(|ways| ways.jobs = jobs)).plan();
    assert!(plan(Vec::new()).claim(&key).is_none(), "nothing provisions");
    let asked = plan(vec![job(Some("r1"))]).claim(&key).unwrap().clone();
    assert_eq!(
        (asked.remedy, asked.kind, &asked.runbook),
        (Remedy::Automatic, ClaimKind::Record, &vec!["SSO-4".to_owned()])
    );
    assert_eq!((&asked.needs, asked.options), (&vec![keys::way(&Way::Any)], vec![Choice::AcceptRisk]));
    assert_eq!(plan(vec![job(None)]).claim(&key).unwrap().remedy, Remedy::None, "its next cycle does it");
}

#[test]
fn a_sync_is_shown_by_the_log_or_by_a_later_cycle_and_never_by_its_own_answer() {
    let key = keys::synced();
    let mut bench = Bench::of(hidden(|ways| {
        ways.anyone = Some(false);
        ways.jobs = vec![job(Some("r1"))];
    }));
    observe(&mut bench, &keys::way(&Way::Any));
    pass(&mut bench, 5);
    let seen = observe(&mut bench, &key);
    expect(&seen, State::Broken, "nothing ran since");
    assert_eq!(seen.instances, ["mixpanel.1"]);
    let act = Act::SyncNow { account: ACCOUNT.to_owned(), job: "mixpanel.1".to_owned() };
    bench.acted("sso.synced", act, Outcome::Done { created: None }, None);
    expect(&observe(&mut bench, &key), State::Broken, "that the call returned shows nothing");
    bench.world.provider_log.push(LogEntry { at: bench.now, event: LogEvent::Deprovisioned });
    let seen = observe(&mut bench, &key);
    expect(&seen, State::Holds, "the log shows it");
    assert_eq!(seen.rung, Some(Rung::ProviderLog));
    bench.world.provider_log.clear();
    let now = bench.now;
    let ways = bench.world.provider.as_mut().unwrap();
    ways.jobs[0].last_success = Some(now);
    expect(&observe(&mut bench, &key), State::Holds, "a cycle ran since");
    bench.world.provider.as_mut().unwrap().jobs[0].works = false;
    expect(&observe(&mut bench, &key), State::Unknown, "it stands: what it does next is not known");
    let standing = std::mem::take(&mut bench.world.provider.as_mut().unwrap().jobs);
    expect(&observe(&mut bench, &key), State::Unknown, "it is not listed any more");
    bench.world.provider.as_mut().unwrap().jobs = standing;
    bench.world.provider.as_mut().unwrap().jobs[0].works = true;
    bench.world.provider.as_mut().unwrap().groups[0].member = true;
    expect(&observe(&mut bench, &key), State::Broken, "a way is open again");
}

/// What becomes of the ways.
type Change = fn(&mut Ways);

fn prepared(change: impl FnOnce(&mut Ways), act: &Act, asked: Option<Outcome>) -> Prepared {
    let mut bench = Bench::of(hidden(|ways| {
        ways.anyone = Some(false);
        ways.jobs = vec![job(Some("r1"))];
    }));
    change(bench.world.provider.as_mut().unwrap());
    if let Some(outcome) = asked {
        bench.acted("sso.synced", act.clone(), outcome, None);
    }
    let effect = Effect { key: "sso/9".into(), claim: keys::synced(), act: act.clone(), attempt: 9 };
    let mut readings = Readings::new();
    read_into(&bench.world, reads_before(&effect, &bench.case), bench.now, &mut readings);
    prepare(&effect, &bench.plan(), &bench.case, &readings, &bench.names, bench.now)
}

#[test]
fn nothing_is_synced_that_would_be_made_anew_and_nothing_twice() {
    let act = Act::SyncNow { account: ACCOUNT.to_owned(), job: "mixpanel.1".to_owned() };
    let write = Write::SyncNow { account: ACCOUNT.to_owned(), job: "mixpanel.1".to_owned(), rule: "r1".to_owned() };
    let sent = |prepared: &Prepared| matches!(prepared, Prepared::Send { write: sent, .. } if **sent == write);
    assert!(sent(&prepared(|_| {}, &act, None)));
    let refused = Outcome::Failed(Failure::Limited { after_seconds: 9 });
    assert!(sent(&prepared(|_| {}, &act, Some(refused))), "nothing came of the first");
    let later = |prepared: &Prepared| matches!(prepared, Prepared::Skip { person: false, until: Some(_), .. });
    for outcome in [Outcome::Done { created: None }, Outcome::Unknown(Failure::TimedOut)] {
        assert!(later(&prepared(|_| {}, &act, Some(outcome.clone()))), "{outcome:?}: it was asked");
    }
    let changes: [(&str, Change); 8] = [
        ("a group gives it", |ways| ways.groups[0].member = true),
        ("anybody has it", |ways| ways.anyone = Some(true)),
        ("everybody is provisioned", |ways| ways.jobs[0].everyone = Some(true)),
        ("whom it provisions is not shown", |ways| ways.jobs[0].everyone = None),
        ("the job stands", |ways| ways.jobs[0].works = false),
        ("the job is gone", |ways| ways.jobs.clear()),
        ("the account has ended", |ways| ways.account.as_mut().unwrap().live = false),
        ("it cannot be asked", |ways| ways.jobs[0].on_demand = None),
    ];
    for (why, change) in changes {
        assert!(later(&prepared(change, &act, None)), "{why}");
    }
    let other = Act::SyncNow { account: "00u7".to_owned(), job: "mixpanel.1".to_owned() };
    assert!(matches!(prepared(|_| {}, &other, None), Prepared::Skip { person: true, .. }), "not the pinned account");
}
