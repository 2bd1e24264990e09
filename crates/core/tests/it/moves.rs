//! What can happen next in a run: the generator looks at the case and at the world, and picks among what makes sense there.

use jiff::SignedDuration;
use leaver_core::claim::{Choice, Claim, ClaimKind, Guide, Predicate, Remedy, State};
use leaver_core::decide::Command;
use leaver_core::event::{CaseState, Identity};
use leaver_core::ids::{ClaimKey, Digest, PersonId};
use leaver_core::method::{Method, Urgency};
use leaver_core::plan::{Request, keys};
use leaver_core::reading::{GrantKind, OrgRole};
use leaver_core::source::{Kind, What};
use leaver_core::wanted::{self, Wait, settled, waits_for_person};

use crate::bench::{FULL, QUIET};
use crate::dice::Dice;
use crate::invariants;
use crate::run::Run;
use crate::stage::{
    APPROVER, EXECUTOR, LEAVES, REQUESTER, SECOND, START, Wish, after, furnished, inventory, opened, person, read_into,
    request,
};
use crate::world::{LEAVER, LOOK_ALIKE_ID, Quirks, Thing, World, address, colleague, leaver};

/// Everybody who could try something.
const PEOPLE: [&str; 5] = [APPROVER, SECOND, EXECUTOR, REQUESTER, LEAVES];

/// The request, the world and the plan of a run.
pub(crate) fn set_up(mut dice: Dice) -> Run {
    let method = dice.one(&[Method::Delete, Method::Delete, Method::Revoke, Method::Reduce]);
    let urgency = dice.one(&[Urgency::Standard, Urgency::Emergency, Urgency::Immediate, Urgency::Planned]);
    let not_before = (urgency == Urgency::Planned).then(|| after(SignedDuration::from_hours(48)));
    let mut world = furnished();
    world.grant(4, GrantKind::Individual);
    let services = dice.below(4);
    if services % 2 == 1 {
        world.with_scim();
    }
    if services > 1 {
        world.with_provider();
    }
    world.open_views = dice.below(2) == 1;
    let one_in = dice.one(&[0, 40, 12, 5]);
    let quirk = |dice: &mut Dice| one_in > 0 && dice.below(3) == 1;
    world.quirks =
        Quirks { ignores_titles: quirk(&mut dice), half_copies: quirk(&mut dice), refuses_secrets: quirk(&mut dice) };
    if dice.once_in(12) {
        world.members.get_mut("42").unwrap().role = Some(OrgRole::Owner);
    } else if method == Method::Revoke {
        world.members.get_mut("42").unwrap().role = Some(OrgRole::Admin);
    }
    let deadline = after(SignedDuration::from_hours(if not_before.is_some() { 72 } else { 24 }));
    let mut request = Request { method, urgency, not_before, deadline, projects: vec![FULL], ..request() };
    if method == Method::Reduce {
        reduce_to(&mut request, &mut world, &mut dice);
    }
    let mut wish = Wish::new(request);
    choose(&world, &mut wish, &mut dice);
    let mut readings = inventory(&world, START);
    let mut planned = wish.plan(&readings).unwrap();
    if dice.below(2) == 1 {
        planned.plan.claims.push(describe(&world));
    }
    let unread =
        planned.plan.claims.iter().filter(|claim| claim.is_probed_in_plan()).flat_map(|claim| claim.reads.clone());
    let unread: Vec<What> = unread.filter(|what| !readings.contains_key(what)).collect();
    read_into(&world, unread, START, &mut readings);
    wish.names.control = planned.control.iter().map(|(_, id, address)| (id.clone(), address.clone())).collect();
    let drafted = opened(wish.request, &planned.plan, &readings, wish.names);
    Run::new(world, drafted, dice, one_in)
}

/// What goes and what stays, where a part goes.
fn reduce_to(request: &mut Request, world: &mut World, dice: &mut Dice) {
    world.team("72", &["42", "14"], 3);
    if dice.below(2) == 1 {
        request.teams = vec!["70".to_owned()];
    }
    if dice.below(2) == 1 && world.members["42"].role == Some(OrgRole::Member) {
        world.members.get_mut("42").unwrap().role = Some(OrgRole::Admin);
        request.role = Some(dice.one(&[OrgRole::BillingAdmin, OrgRole::Member]));
    }
    if dice.below(2) == 1 && !(request.teams.is_empty() && request.role.is_none()) {
        request.projects.clear();
    }
}

/// The choices of the requester that differ from the defaults.
fn choose(world: &World, wish: &mut Wish, dice: &mut Dice) {
    let scratch = world.projects[&FULL].of(Kind::Cohort).find(|(_, thing)| thing.title == "Old test").unwrap().0;
    let choice = dice.one(&[Choice::Leave, Choice::Drop, Choice::Copy]);
    wish.choices.insert(keys::copied(FULL, Kind::Cohort, scratch), choice);
    for (id, robot) in world.robots.iter().filter(|(_, robot)| robot.maker == leaver()) {
        let usual = if robot.last_used.is_some() { Choice::Rotate } else { Choice::Delete };
        wish.choices.insert(keys::replaced(*id), dice.one(&[usual, usual, Choice::Keep]));
    }
}

/// A claim that the planner does not make yet, so that its remedy is exercised too.
fn describe(world: &World) -> Claim {
    let id = world.projects[&FULL].of(Kind::Board).find(|(_, thing)| thing.title == "Scratch").unwrap().0.clone();
    Claim {
        key: keys::described(FULL, Kind::Board, &id),
        runbook: vec!["CLEAN-5".to_owned()],
        kind: ClaimKind::Record,
        says: Predicate::Described { project: FULL, kind: Kind::Board, id: id.clone() },
        reads: vec![What::Object(FULL, Kind::Board, id)],
        needs: Vec::new(),
        also_affects: Vec::new(),
        remedy: Remedy::Automatic,
        options: Vec::new(),
        final_act: false,
    }
}

/// One move, chosen by the dice among those that make sense.
pub(crate) fn step(run: &mut Run) {
    match run.dice.below(16) {
        0..=4 => {
            for _ in 0..=run.dice.below(6) {
                run.work();
            }
        }
        5 | 6 => run.settle(),
        7 | 8 => wait(run),
        9 | 10 => {
            helps(run);
        }
        11 => command(run),
        12 => run.crash(),
        13 if run.dice.below(2) == 1 => run.verify(),
        13 => run.pass(SignedDuration::from_secs(7)),
        14 => unrest(run),
        _ => match run.case.state {
            CaseState::Removed | CaseState::Closed | CaseState::Reopened => comes_back(run),
            _ => hand(run),
        },
    }
}

/// Time passes until something is due, or for a while.
pub(crate) fn wait(run: &mut Run) {
    let next = run.owed().next_at.filter(|at| *at > run.now);
    let long = SignedDuration::from_hours(24 * 8);
    match (next, run.dice.below(8)) {
        (Some(at), 0..=6) => run.now = at,
        (_, 7) if run.case.state.acts() => run.pass(long),
        _ => run.pass(SignedDuration::from_mins(3)),
    }
}

fn why() -> String {
    "it was looked at".to_owned()
}

/// Somebody tries a command, fitting or not.
fn command(run: &mut Run) {
    let by = person(run.dice.one(&PEOPLE));
    let plan = if run.dice.once_in(6) { Digest::of(b"another") } else { run.case.plan_event().unwrap().clone() };
    let claims = run.plan().claims;
    let claim = claims[run.dice.below(claims.len())].clone();
    let key = if run.dice.once_in(4) { ClaimKey::from("no.such.claim") } else { claim.key };
    let any = [Choice::AcceptRisk, Choice::Proceed, Choice::Keep, Choice::Leave, Choice::CallersMoved, Choice::Drop];
    let choice = if claim.options.is_empty() { run.dice.one(&any) } else { run.dice.one(&claim.options) };
    let month = run.now.checked_add(SignedDuration::from_hours(24 * 20)).unwrap();
    let until = if run.dice.once_in(3) { None } else { Some(month) };
    let identity = Identity::Passkey;
    let command = match run.dice.below(9) {
        0 => Command::Approve { plan, by, identity, originals: Vec::new() },
        1 => Command::Authorise { plan, by, identity },
        2 => Command::Ratify { by, identity },
        3 if run.dice.once_in(3) => Command::Reject { by, why: why() },
        4 if run.dice.once_in(4) => Command::Cancel { by, why: why() },
        5 => Command::Release { by, why: why() },
        6 => Command::Attest { claim: key, file: Some(Digest::of(b"a picture")), note: why(), by },
        8 if run.plan().claim(&keys::scim_gone()).is_some() => {
            let (claim, choice) = (keys::scim_gone(), Choice::DeleteByScim);
            Command::Decide { claim, choice, why: why(), until: None, by: person(SECOND) }
        }
        _ => Command::Decide { claim: key, choice, why: why(), until, by },
    };
    run.command(command);
}

/// Somebody else changes something that is none of the leaver's paths.
fn unrest(run: &mut Run) {
    let kind = run.dice.below(7);
    let number = run.history.len();
    run.happens(|world| match kind {
        0 => {
            world.put(3, Kind::Subscription, Thing::by(colleague(), "Another").to(&["olga.berg@acme.example"]));
        }
        1 => world.quirks = Quirks::default(),
        2 => {
            let role = world.projects[&QUIET].role.is_none().then(|| "owner".to_owned());
            world.projects.get_mut(&QUIET).unwrap().role = role;
        }
        3 => world.delete_member(LOOK_ALIKE_ID),
        4 => {
            let subscriptions = world.projects.get_mut(&FULL).unwrap().things.get_mut(&Kind::Subscription).unwrap();
            if let Some(thing) = subscriptions.values_mut().find(|thing| thing.title == "Weekly") {
                thing.recipients.push(format!("new-{number}@acme.example"));
            }
        }
        5 => world.delete_member("15"),
        _ => world.members.get_mut("3").unwrap().role = Some(OrgRole::Admin),
    });
}

/// The leaver, or something that sends to the leaver, comes back.
fn comes_back(run: &mut Run) {
    let kind = run.dice.below(4);
    run.mark("comes back");
    run.happens(|world| match kind {
        0 => {
            let alone = Thing::by(colleague(), "Back alone").to(&[LEAVER]);
            world.put(3, Kind::Subscription, alone);
        }
        1 => {
            world.put(3, Kind::Alert, Thing::by(colleague(), "Back").to(&["olga.berg@acme.example", LEAVER]));
        }
        2 => {
            if !world.members.values().any(|member| member.address == address(LEAVER)) {
                world.join("4242", OrgRole::Member);
                world.grant(3, GrantKind::Individual);
            }
        }
        _ => {
            world.robot(3, leaver(), None);
        }
    });
}

/// A person does by hand what the machine would do, or what a guide asks for.
fn hand(run: &mut Run) {
    let claims = run.plan().claims;
    let claim = claims[run.dice.below(claims.len())].clone();
    run.happens(|world| by_hand(world, &claim));
}

/// What makes a claim true, done by hand in the vendor's own screens.
fn by_hand(world: &mut World, claim: &Claim) {
    let me = address(LEAVER);
    match (&claim.remedy, &claim.says) {
        (Remedy::Guided(Guide::DeleteMember | Guide::DeleteInactive), _) => world.delete_leaver(),
        (Remedy::Guided(Guide::LowerRole), Predicate::RoleAtMost { role }) => {
            world.members.values_mut().filter(|member| member.address == me).for_each(|one| one.role = Some(*role));
        }
        (Remedy::Guided(Guide::LeaveProjects), says) => {
            let leaves = |project| !matches!(says, Predicate::NoGrantIn { projects } if !projects.contains(&project));
            for member in world.members.values_mut().filter(|member| member.address == me) {
                member.grants.get_or_insert_default().retain(|grant| !grant.project.is_none_or(leaves));
            }
        }
        (Remedy::Guided(Guide::LeaveTeams), says) => {
            world.leave_teams(
                |id| !matches!(says, Predicate::NotInTeams { teams } if !teams.iter().any(|team| team == id)),
            );
        }
        (Remedy::Guided(Guide::LeaveDataViews), _) => {
            world.projects.values_mut().for_each(|project| {
                project.restricted_view.remove(&me);
            });
        }
        (Remedy::Guided(Guide::ConfirmOwnRole), _) => {
            world.own_role = Some(OrgRole::Owner);
            world.members.get_mut("3").unwrap().role = Some(OrgRole::Owner);
        }
        (_, Predicate::NoPublicLink { project, board }) => {
            if let Some(thing) = world.thing_mut(*project, Kind::Board, board) {
                thing.public_links = 0;
            }
        }
        (_, Predicate::NotShared { project, kind, id }) => {
            if let Some(thing) = world.thing_mut(*project, *kind, id) {
                thing.people.retain(|one| *one != leaver());
            }
        }
        (_, Predicate::NoWayIn { .. }) => {
            let Some(ways) = &mut world.provider else { return };
            ways.assignment = None;
            ways.groups.iter_mut().for_each(|group| group.member = false);
            ways.rules.iter_mut().for_each(|rule| {
                rule.excluded.insert(crate::world::ACCOUNT.to_owned());
            });
        }
        (_, Predicate::NothingSends { project, kind }) => {
            for thing in world.projects.get_mut(project).unwrap().things.entry(*kind).or_default().values_mut() {
                thing.recipients.retain(|text| !text.eq_ignore_ascii_case(LEAVER));
                thing.off |= *kind == Kind::Webhook
                    && thing.host.as_deref().is_some_and(|host| host.ends_with("agency.example"));
            }
        }
        _ => {}
    }
}

/// A willing person does the next thing that is asked for; returns whether there was one.
pub(crate) fn helps(run: &mut Run) -> bool {
    let plan = run.plan();
    let identity = Identity::Passkey;
    let hash = run.case.plan_event().unwrap().clone();
    match run.case.state {
        CaseState::WaitingApproval if !plan.blockers.is_empty() => {
            let by = person(APPROVER);
            run.command(Command::Approve { plan: hash, by: by.clone(), identity, originals: Vec::new() });
            run.command(Command::Reject { by, why: why() });
            return true;
        }
        CaseState::WaitingApproval if run.case.request.urgency == Urgency::Emergency => {
            run.command(Command::Authorise { plan: hash, by: person(REQUESTER), identity });
            return true;
        }
        CaseState::WaitingApproval => {
            run.command(Command::Approve { plan: hash, by: person(APPROVER), identity, originals: Vec::new() });
            return true;
        }
        CaseState::Held => {
            run.command(Command::Release { by: other(run), why: why() });
            return true;
        }
        _ => {}
    }
    let asked: Vec<&Claim> = plan
        .claims
        .iter()
        .filter(|claim| waits_for_person(&run.case, &plan, claim, run.now))
        // In a case that is over nothing but what was sent and never answered is asked for.
        .filter(|claim| {
            !run.case.state.is_over() || wanted::wait(&run.case, &plan, claim, run.now) == Some(Wait::Person)
        })
        .collect();
    if run.case.state.is_over() && asked.is_empty() {
        return false;
    }
    // Whoever helps does not try the same thing again and again.
    run.turns += 1;
    let Some(claim) = asked.get((run.turns + run.dice.below(asked.len())) % asked.len().max(1)) else {
        let alone = run.case.approval().is_some_and(|approval| approval.emergency) && run.case.ratified().is_none();
        if alone && run.case.state != CaseState::Closed {
            run.command(Command::Ratify { by: other(run), identity });
        }
        return alone;
    };
    answers(run, claim);
    true
}

/// Somebody who neither asked nor said yes.
fn other(run: &Run) -> PersonId {
    let approver = run.case.approval().map(|approval| approval.by.clone());
    [SECOND, APPROVER].map(person).into_iter().find(|one| Some(one) != approver.as_ref()).unwrap()
}

/// A person answers what a claim asks for.
fn answers(run: &mut Run, claim: &Claim) {
    let key = claim.key.clone();
    let year = run.now.checked_add(SignedDuration::from_hours(24 * 365)).unwrap();
    let state = run.case.observation(&key).map(|seen| seen.observation.state);
    let decide =
        |choice, until| Command::Decide { claim: key.clone(), choice, why: why(), until, by: person(APPROVER) };
    let attest =
        Command::Attest { claim: key.clone(), file: Some(Digest::of(b"a picture")), note: why(), by: person(EXECUTOR) };
    let returned = run.case.returned;
    let answered = run.case.decision(&key).is_some_and(|decision| !returned || decision.at >= run.case.state_since);
    let command = match &claim.remedy {
        Remedy::Attested(_) => attest,
        _ if state == Some(State::Unknown) => {
            run.happens(|world| by_hand(world, claim));
            attest
        }
        Remedy::Guided(Guide::ArchiveAuditLog) => {
            run.exports_the_log();
            return;
        }
        Remedy::Guided(Guide::DeleteInactive) if run.dice.below(2) == 1 => decide(Choice::DeleteByScim, None),
        Remedy::Guided(_) => {
            run.happens(|world| by_hand(world, claim));
            return;
        }
        Remedy::Automatic if !answered => {
            let first = [Choice::CallersMoved, Choice::Proceed, Choice::Leave, Choice::Delete];
            let choice = first.into_iter().find(|choice| claim.options.contains(choice));
            let choice =
                choice.filter(|_| run.case.decision(&key).is_none_or(|before| before.choice != Choice::AcceptRisk));
            choice.map_or_else(|| decide(Choice::AcceptRisk, Some(year)), |choice| decide(choice, None))
        }
        Remedy::Automatic | Remedy::None => decide(Choice::AcceptRisk, Some(year)),
    };
    run.command(command);
}

/// From here on the vendor is honest and people are willing: the case must come to its end.
pub(crate) fn finish(run: &mut Run) {
    if !run.wrong.is_empty() {
        return;
    }
    run.one_in = 0;
    run.happens(|world| {
        world.quirks = Quirks::default();
        world.projects.values_mut().for_each(|project| project.role = Some("owner".to_owned()));
    });
    for _ in 0..400 {
        run.settle();
        if !run.wrong.is_empty() {
            break;
        }
        let open = run.case.effects().values().any(leaver_core::case::EffectFact::is_open);
        let ended = run.case.state.is_over() || run.case.state == CaseState::Closed;
        if ended && !open {
            break;
        }
        if helps(run) {
            // What was done by hand is seen at the next look, at most an hour later.
            if let Some(at) =
                run.owed().next_at.filter(|at| at.duration_since(run.now) <= SignedDuration::from_hours(1))
            {
                run.now = at.max(run.now);
            }
            continue;
        }
        match run.owed().next_at {
            Some(at) => run.now = at.max(run.now),
            None => break,
        }
    }
    let ended = run.case.state.is_over() || run.case.state == CaseState::Closed;
    if !ended && run.wrong.is_empty() {
        let plan = run.plan();
        let left = plan.claims.iter().filter(|claim| !settled(&run.case, &claim.key, run.now));
        let left: Vec<String> = left
            .map(|claim| {
                format!("{}: {:?}", claim.key, run.case.observation(&claim.key).map(|seen| &seen.observation.why))
            })
            .collect();
        run.wrong.push(format!("never comes to its end: {} with {left:#?}", run.case.state.word()));
    }
    run.wrong.extend(invariants::duplicates(&run.world, &run.plan()));
    run.wrong.extend(invariants::open_intents(&run.history));
}

/// One whole run: set up, moves until the dice are nearly used up, then to its end; then something comes back, and to its end again.
pub(crate) fn whole(dice: Dice) -> Run {
    let mut run = set_up(dice);
    let one_in = run.one_in;
    while !run.dice.is_nearly_used_up() && run.wrong.is_empty() {
        step(&mut run);
    }
    finish(&mut run);
    if run.case.state == CaseState::Closed && !run.dice.is_used_up() {
        run.one_in = one_in;
        comes_back(&mut run);
        run.verify();
        while !run.dice.is_used_up() && run.wrong.is_empty() {
            step(&mut run);
        }
        finish(&mut run);
    }
    run.audit();
    run
}
