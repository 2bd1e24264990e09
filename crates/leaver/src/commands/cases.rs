//! Plan, remove, status, verify: all show the same document of the same case.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use leaver_core::case::Case;
use leaver_core::claim::{Choice, ClaimKind, State};
use leaver_core::decide::Command as Decision;
use leaver_core::event::{CaseState, Identity};
use leaver_core::ids::{Address, CaseId, ClaimKey, OrgName, PersonId, ProjectId};
use leaver_core::method::{Method, Reason, Urgency};
use leaver_core::plan::Request;
use leaver_core::reading::OrgRole;
use leaver_core::statement::Statement;
use leaver_core::wanted::{recheck_due_since, settled, waits_for_person};
use leaver_engine::{CaseDocument, Drafted, Error as EngineError, Wish, document};
use leaver_store::CaseFilter;

use crate::cli::{PlanArgs, Remove, Status, Terms};
use crate::clock::pause;
use crate::commands::earlier;
use crate::commands::members;
use crate::commands::people::keep_all;
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::render::{self, Words};
use crate::wiring::App;

/// What the request of a case says beyond the terms of its plan.
#[derive(Debug, Default)]
pub(crate) struct Particulars {
    /// The ticket.
    pub(crate) ticket: String,
    /// Not before.
    pub(crate) at: Option<Timestamp>,
    /// When the work ended.
    pub(crate) ended: Option<Timestamp>,
    /// When the organization came to know.
    pub(crate) known: Option<Timestamp>,
    /// Why.
    pub(crate) why: Option<String>,
    /// The contract.
    pub(crate) sow: Option<String>,
    /// The originals.
    pub(crate) originals: Vec<leaver_core::ids::Digest>,
}

/// The reason of a plan for which nobody named one.
const ASSUMED_REASON: &str = "project-completion";

impl Particulars {
    /// When access must be gone (PRACTICE-1): 24 hours after the end of the work or its being known, whichever came first;
    /// never later than 24 hours after the start. An end that is planned is known long before: then only the end counts.
    fn deadline(&self, now: Timestamp) -> Timestamp {
        let start = self.at.unwrap_or(now);
        let known = self.known.filter(|_| self.at.is_none());
        let from = [self.ended, known].into_iter().flatten().fold(start, Timestamp::min);
        from.checked_add(SignedDuration::from_hours(24)).unwrap_or(from)
    }
}

fn parsed<T>(text: &str, what: &str, known: &[&str], parse: impl Fn(&str) -> Option<T>) -> Result<T, Failure> {
    parse(text).ok_or_else(|| {
        Failure::usage("L014", format!("'{text}' is no {what}")).hint(format!("one of {}", known.join(", ")))
    })
}

/// Whether the command line names a part of the access, and not all of it (METHOD-5).
fn names_a_part(terms: &Terms) -> bool {
    !terms.project.is_empty() || !terms.team.is_empty() || terms.role.is_some()
}

/// An organization role that somebody can be lowered to.
fn lower_role(text: &str) -> Option<OrgRole> {
    [("member", OrgRole::Member), ("billing-admin", OrgRole::BillingAdmin), ("admin", OrgRole::Admin)]
        .into_iter()
        .find_map(|(word, role)| word.eq_ignore_ascii_case(text).then_some(role))
}

/// The wish that the terms on the command line make.
pub(crate) async fn wish(
    app: &App,
    terms: &Terms,
    particulars: Particulars,
    acting: Option<&str>,
) -> Result<Wish, Failure> {
    let leaver = Address::parse(&terms.email).map_err(|error| Failure::usage("L005", error.to_string()))?;
    let name = OrgName::new(terms.org.clone());
    let org = app.engine.organization(&name).map_err(|error| {
        let known: Vec<&str> = app.engine.organizations.keys().map(OrgName::as_str).collect();
        Failure::from(error).hint(format!("it has {}", known.join(", ")))
    })?;
    let config = app.config.organizations.get(&terms.org);
    let slugs: Vec<&str> = Reason::ALL.iter().map(|reason| reason.slug()).collect();
    let reason = parsed(terms.reason.as_deref().unwrap_or(ASSUMED_REASON), "reason", &slugs, Reason::parse)?;
    let method = match &terms.method {
        Some(text) => parsed(text, "method", &["delete", "revoke", "reduce"], Method::parse)?,
        // Where nothing is named there is nothing to reduce to.
        None if reason.usual_method() == Method::Reduce && !names_a_part(terms) => Method::Revoke,
        None => reason.usual_method(),
    };
    if (method == Method::Reduce) != names_a_part(terms) {
        let hint =
            "name each part with --project ID, --team NAME or --role ROLE, and use it with --method reduce alone";
        let why = if method == Method::Reduce {
            "the method reduce needs what is to go".to_owned()
        } else {
            format!("a project, team or role is named for the method reduce, and the method is {}", method.word())
        };
        return Err(Failure::usage("L015", why).hint(hint));
    }
    let role = |text| parsed(text, "role to lower to", &["member", "billing-admin", "admin"], lower_role);
    let role = terms.role.as_deref().map(role).transpose()?;
    let urgency = match &terms.urgency {
        Some(text) => parsed(text, "urgency", &["emergency", "immediate", "standard", "planned"], Urgency::parse)?,
        None => reason.usual_urgency(),
    };
    if urgency == Urgency::Planned && particulars.at.is_none() && !particulars.ticket.is_empty() {
        return Err(Failure::usage("L016", "a planned removal needs its time")
            .hint("give --at TIME, such as 2027-01-15T18:00:00Z"));
    }
    let default = |role: &str, person: Option<&String>| -> Result<PersonId, Failure> {
        let name = person.ok_or_else(|| {
            Failure::usage("L017", format!("organization '{}' names no {role}", terms.org))
                .hint(format!("set '{role}' in leaver.toml, or give --{role}"))
        })?;
        Ok(app.person(name)?.0.clone())
    };
    let executor =
        default("executor", terms.executor.as_ref().or_else(|| config.and_then(|config| config.executor.as_ref())))?;
    let (successor, successor_address) = match &terms.successor {
        Some(email) => {
            let address = Address::parse(email).map_err(|error| Failure::usage("L005", error.to_string()))?;
            (app.engine.person(&address).await?, Some(address))
        }
        None => (default("successor", config.and_then(|config| config.successor.as_ref()))?, None),
    };
    if let Some(address) = successor_address {
        let record = leaver_store::PersonRecord {
            id: successor.clone(),
            addresses: vec![address],
            vendor_ids: Vec::new(),
            name: None,
        };
        app.engine
            .store
            .put_person(record)
            .await
            .map_err(|error| Failure::not_done("L301", "the successor cannot be stored").because(&error))?;
    }
    let (requester, operator) = app.acting(acting)?.clone();
    // In an emergency one person starts, and a second one ratifies (invariant 4).
    if requester == executor && !org.policy.two_person && urgency != Urgency::Emergency {
        return Err(Failure::usage("L203", "the requester may not execute as well")
            .hint("name another executor, or set the policy 'two_person', which every report prints"));
    }
    let now = app.engine.clock.now();
    let approver = config
        .and_then(|config| config.approver.as_ref())
        .and_then(|name| app.people.get(name))
        .map(|(id, _)| id.clone());
    let deadline = particulars.deadline(now);
    Ok(Wish {
        request: Request {
            case: CaseId::new(format!("case_{}", app.engine.ids.next(now))),
            org: name,
            vendor_org: org.vendor_org,
            rehearsal: org.rehearsal,
            leaver: PersonId::new("person_unknown"),
            reason,
            method,
            projects: terms.project.iter().map(|id| ProjectId(*id)).collect(),
            teams: terms.team.clone(),
            role,
            urgency,
            ticket: Statement::said(particulars.ticket),
            why: particulars.why.map(Statement::said),
            sow: particulars.sow.map(Statement::said),
            originals: particulars.originals,
            members: None,
            requester,
            executor,
            successor,
            approver,
            not_before: particulars.at,
            ended: particulars.ended,
            known: particulars.known,
            deadline,
            at: now,
        },
        leaver,
        operator: Some(operator),
        choices: choices(terms)?,
    })
}

fn choices(terms: &Terms) -> Result<BTreeMap<ClaimKey, Choice>, Failure> {
    let Some(path) = &terms.choices else { return Ok(BTreeMap::new()) };
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage("L011", format!("the choices {shown} cannot be read")).because(&error))?;
    let lines: BTreeMap<String, String> = toml::from_str(&text)
        .map_err(|error| Failure::usage("L018", format!("the choices {shown} are wrong")).because(&error))?;
    lines
        .into_iter()
        .map(|(key, word)| {
            let choice = Choice::parse(&word)
                .ok_or_else(|| Failure::usage("L012", format!("'{word}' is no choice for {key} in {shown}")))?;
            Ok((ClaimKey::new(key), choice))
        })
        .collect()
}

/// The leaver keeps one person id from the first look on, so that the same world gives the same plan hash.
async fn remember(app: &App, case: &Case, wish: &Wish) -> Result<(), Failure> {
    let id = case.request.leaver.clone();
    if app.engine.store.person(&id).await.map_err(EngineError::from)?.is_some() {
        return Ok(());
    }
    let record =
        leaver_store::PersonRecord { id, addresses: vec![wish.leaver.clone()], vendor_ids: Vec::new(), name: None };
    app.engine
        .store
        .put_person(record)
        .await
        .map_err(|error| Failure::not_done("L301", "the leaver cannot be stored").because(&error))
}

/// A line of the choices file that the plan does not know is an error, never passed over.
fn chosen(file: Option<&std::path::Path>, wish: &Wish, case: &Case) -> Result<(), Failure> {
    let (Some(path), Some((plan, _))) = (file, &case.plan) else { return Ok(()) };
    match wish.choices.keys().find(|key| !plan.choices.contains_key(*key)) {
        None => Ok(()),
        Some(key) => {
            let shown = path.display();
            Err(Failure::usage(
                "L018",
                format!("the choices {shown} name '{key}', and the plan offers no choice for it"),
            )
            .hint("'leaver plan --json' lists every choice under \"choices\""))
        }
    }
}

pub(crate) async fn plan(
    app: &App,
    arguments: &PlanArgs,
    acting: Option<&str>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let terms = &arguments.terms;
    let wish = wish(app, terms, Particulars::default(), acting).await?;
    let wanted = wish.clone();
    let drafted = earlier::draft(app, wish, printer).await?;
    chosen(terms.choices.as_deref(), &wanted, &drafted.case)?;
    remember(app, &drafted.case, &wanted).await?;
    let now = app.engine.clock.now();
    let shown = draft(&drafted.case, now);
    let words = draft_words(app, &drafted, terms).await?;
    if words.reason_assumed {
        printer.say(&format!("no --reason was given: {ASSUMED_REASON} is assumed; 'leaver remove' needs it said"));
    }
    let Some((plan, _)) = &drafted.case.plan else { return Err(Failure::not_done("L201", "no plan was made")) };
    if let Some(path) = &arguments.graph {
        let is_data = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let (what, text) = if is_data {
            ("graph", format!("{:#}\n", render::graph_data(&drafted.case, plan, &words)))
        } else {
            ("picture", render::graph(&drafted.case, plan, &words))
        };
        std::fs::write(path, text).map_err(|error| {
            Failure::usage("L023", format!("the {what} cannot be written to {}", path.display())).because(&error)
        })?;
        printer.say(&format!("drew {}", path.display()));
    }
    if printer.json {
        printer.document(&shown)?;
    } else {
        printer.data(&render::case(&drafted.case, plan, &shown, &words, now));
    }
    Ok(Exit::Done)
}

/// The document of a case that nobody has opened.
fn draft(case: &Case, now: Timestamp) -> CaseDocument {
    CaseDocument { case: None, state: "draft".to_owned(), ..document(case, now) }
}

/// The names and titles of a case that nobody has opened.
async fn draft_words(app: &App, drafted: &Drafted, terms: &Terms) -> Result<Words, Failure> {
    Ok(Words {
        titles: drafted.labels().clone(),
        leaver: terms.email.clone(),
        reason_assumed: terms.reason.is_none(),
        ..words(app, &drafted.case).await?
    })
}

pub(crate) async fn remove(
    app: &App,
    remove: &Remove,
    acting: Option<&str>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let particulars = Particulars {
        ticket: remove.ticket.clone(),
        at: remove.at,
        ended: remove.ended,
        known: remove.known,
        why: remove.why.clone(),
        sow: remove.sow.clone(),
        originals: keep_all(app, &remove.attach)?,
    };
    let mut wish = wish(app, &remove.terms, particulars, acting).await?;
    wish.request.members = members::keep(app, &wish.request.org).await?;
    let drafted = earlier::draft(app, wish.clone(), printer).await?;
    chosen(remove.terms.choices.as_deref(), &wish, &drafted.case)?;
    remember(app, &drafted.case, &wish).await?;
    let Some((plan, hash)) = drafted.case.plan.clone() else {
        return Err(Failure::not_done("L201", "no plan was made"));
    };
    if let Some(named) = &remove.plan
        && !hash.is_meant_by(named)
    {
        return Err(Failure::not_done("L202", format!("the plan is {hash} now, not {named}; nothing was opened"))
            .hint("look at what changed with 'leaver plan'; a hash needs at least its first 12 characters"));
    }
    if let Some(blocker) = plan.blockers.first() {
        return Err(Failure::not_done(&blocker.code, format!("{}; nothing was opened", blocker.why)));
    }
    if !remove.yes {
        if !printer.json {
            let now = app.engine.clock.now();
            let words = draft_words(app, &drafted, &remove.terms).await?;
            printer.data(&render::case(&drafted.case, &plan, &draft(&drafted.case, now), &words, now));
        }
        let typed = printer.ask("type the leaver's address to open the case");
        let same = typed.as_deref().is_some_and(|typed| Address::parse(typed).is_ok_and(|typed| typed == wish.leaver));
        if !same {
            return Err(Failure::usage("L019", "the leaver's address was not confirmed; nothing was opened")
                .hint("type it when asked, or give --yes (and --plan HASH to insist on the plan that you saw)"));
        }
    }
    let mut case = app.engine.open(drafted).await?;
    printer.say(&format!("opened {}", case.id));
    let now = app.engine.clock.now();
    if case.request.deadline <= now {
        let late = now.duration_since(case.request.deadline).as_hours();
        printer.say(&format!(
            "the deadline of 24 hours is past since {late} h: once approved, the deletion waits for no copy"
        ));
    }
    if case.request.urgency == Urgency::Emergency {
        let by = case.request.requester.clone();
        let command = Decision::Authorise { plan: hash, by, identity: Identity::Declared };
        case = app.engine.command(&case.id, command).await?;
        let by = render::ratify_by(&case)
            .map_or_else(String::new, |by| by.strftime(" until %Y-%m-%d %H:%M UTC").to_string());
        printer.say(&format!("authorised by the requester alone; a second person must ratify it{by}"));
        case = run(app, &case.id, printer).await?;
        app.close_pages(printer).await;
    }
    show(app, &case, printer).await?;
    Ok(exit_of(&case, app.engine.clock.now()))
}

/// Runs the case as far as it can go now; if another process is the worker, follows it.
pub(crate) async fn run(app: &App, id: &CaseId, printer: Printer) -> Result<Case, Failure> {
    let lock = app.become_worker().await?;
    let pages = lock.is_some() && printer.is_watched();
    if pages {
        app.open_pages(printer).await?;
    }
    loop {
        if lock.is_some() {
            let bar = printer.bar();
            app.engine.work("remove", &bar).await?;
        }
        if pages {
            app.tell_pages(printer);
        }
        let case = app.engine.case(id).await?;
        let now = app.engine.clock.now();
        let soon = now.checked_add(SignedDuration::from_secs(10)).unwrap_or(now);
        let next = app.engine.store.next_due().await.map_err(EngineError::from)?;
        match next {
            // Settle times are waited for, even while a person is awaited for something else.
            Some(at) if case.state.acts() && at <= soon => app.engine.clock.wait_until(at).await,
            _ => return Ok(case),
        }
    }
}

pub(crate) async fn status(app: &App, status: &Status, printer: Printer) -> Result<Exit, Failure> {
    let Some(text) = &status.case else {
        return list(app, printer).await;
    };
    let id = app.engine.find(text).await?;
    if status.watch {
        watch(app, &id, printer).await?;
    }
    let case = app.engine.case(&id).await?;
    show(app, &case, printer).await?;
    Ok(Exit::Done)
}

/// Every case, and since when a recheck of it is overdue.
async fn list(app: &App, printer: Printer) -> Result<Exit, Failure> {
    let rows = app.engine.store.cases(&CaseFilter::default()).await.map_err(EngineError::from)?;
    let now = app.engine.clock.now();
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        let overdue = overdue_recheck(app, &row, now).await?;
        let leaver = app.engine.store.person(&row.person).await.map_err(EngineError::from)?;
        let address = leaver
            .and_then(|person| person.addresses.first().cloned())
            .map_or_else(|| row.person.to_string(), |address| address.to_string());
        shown.push(render::Row { case: row, leaver: address, overdue });
    }
    if printer.json {
        let list: Vec<_> = shown
            .iter()
            .map(|shown| {
                let row = &shown.case;
                serde_json::json!({
                    "case": row.case, "org": row.org, "state": row.state, "next_at": row.next_at,
                    "opened_at": row.opened_at, "recheck_due_since": shown.overdue,
                })
            })
            .collect();
        printer.document(&list)?;
    } else {
        printer.data(&render::list(&shown));
    }
    Ok(Exit::Done)
}

/// Since when a recheck of a case is overdue because nothing ran.
pub(crate) async fn overdue_recheck(
    app: &App,
    row: &leaver_store::CaseRow,
    now: Timestamp,
) -> Result<Option<Timestamp>, Failure> {
    if ![CaseState::Removed, CaseState::Closed].map(CaseState::word).contains(&row.state.as_str()) {
        return Ok(None);
    }
    Ok(recheck_due_since(&app.engine.case(&row.case).await?, now))
}

/// Follows a case until it is removed, closed, or over. Asks for a read now, because somebody is looking.
async fn watch(app: &App, id: &CaseId, printer: Printer) -> Result<(), Failure> {
    {
        let bar = printer.bar();
        app.engine.verify(id, &bar).await?;
    }
    let mut told = String::new();
    let mut mark = None;
    loop {
        let now = app.engine.store.change_mark().await.map_err(EngineError::from)?;
        if mark != Some(now) {
            mark = Some(now);
            let case = app.engine.case(id).await?;
            let line = format!("{}: {}", case.state.word(), case.why());
            if line != told {
                printer.say(&line);
                told = line;
            }
            if case.state.is_over() || case.state.is_removed() {
                return Ok(());
            }
        }
        pause(std::time::Duration::from_millis(500)).await;
    }
}

pub(crate) async fn verify(app: &App, text: &str, printer: Printer) -> Result<Exit, Failure> {
    let id = app.engine.find(text).await?;
    let case = {
        let bar = printer.bar();
        app.engine.verify(&id, &bar).await?
    };
    show(app, &case, printer).await?;
    Ok(verdict(&case, app.engine.clock.now()))
}

/// 0 when everything about the world holds or is accepted, 1 when something is broken, 4 when something is unknown.
fn verdict(case: &Case, now: Timestamp) -> Exit {
    let Some((plan, _)) = &case.plan else { return Exit::NotDone };
    let about_world = plan.claims.iter().filter(|claim| !matches!(claim.kind, ClaimKind::Record | ClaimKind::Notice));
    let mut exit = Exit::Done;
    for claim in about_world {
        if settled(case, &claim.key, now) {
            continue;
        }
        match case.observation(&claim.key).map(|seen| seen.observation.state) {
            Some(State::Broken) => return Exit::NotDone,
            Some(State::Unknown | State::Holds) | None => exit = Exit::Unavailable,
        }
    }
    exit
}

/// The exit code of a command that moved a case.
pub(crate) fn exit_of(case: &Case, now: Timestamp) -> Exit {
    if awaits_person(case, now) { Exit::Waiting } else { Exit::Done }
}

/// Whether a person has something to do in a case, also after every path was closed: a word to give, an emergency to ratify.
pub(crate) fn awaits_person(case: &Case, now: Timestamp) -> bool {
    match case.state {
        CaseState::WaitingApproval | CaseState::WaitingPerson | CaseState::Held => true,
        CaseState::Running | CaseState::Reopened | CaseState::Removed => {
            render::is_unratified(case)
                || case
                    .plan
                    .as_ref()
                    .is_some_and(|(plan, _)| plan.claims.iter().any(|claim| waits_for_person(case, plan, claim, now)))
        }
        CaseState::Draft | CaseState::Scheduled | CaseState::Closed | CaseState::Cancelled | CaseState::Rejected => {
            false
        }
    }
}

/// Prints how a case stands after a person's decision.
pub(crate) async fn show_brief(app: &App, case: &Case, printer: Printer) -> Result<(), Failure> {
    let now = app.engine.clock.now();
    let shown = document(case, now);
    if printer.json {
        return printer.document(&shown);
    }
    if let Some((plan, _)) = &case.plan {
        printer.data(&render::brief(case, plan, &shown, &words(app, case).await?, now));
    }
    Ok(())
}

/// Prints a case.
pub(crate) async fn show(app: &App, case: &Case, printer: Printer) -> Result<(), Failure> {
    let now = app.engine.clock.now();
    let shown = document(case, now);
    if printer.json {
        return printer.document(&shown);
    }
    if let Some((plan, _)) = &case.plan {
        let words = words(app, case).await?;
        printer.data(&render::case(case, plan, &shown, &words, now));
    }
    Ok(())
}

/// The names and titles of a case.
pub(crate) async fn words(app: &App, case: &Case) -> Result<Words, Failure> {
    let store = &app.engine.store;
    let mut words = Words::default();
    if let Some(org) = app.config.organizations.get(case.request.org.as_str()) {
        words.own_account.clone_from(&org.service_account.username);
        words.brand = org.brand().unwrap_or_default();
    }
    let Some((plan, _)) = &case.plan else { return Ok(words) };
    words.copies_as_successor = plan.policy.copies_as_successor;
    words.by_hand = plan.policy.provider_by_hand;
    let objects = render::objects(case, plan);
    words.titles = store.labels(case.request.vendor_org, &objects).await.map_err(EngineError::from)?;
    let address = |person: Option<leaver_store::PersonRecord>, id: &PersonId| {
        person.and_then(|person| person.addresses.first().map(ToString::to_string)).unwrap_or_else(|| id.to_string())
    };
    words.leaver = address(store.person(&case.request.leaver).await.map_err(EngineError::from)?, &case.request.leaver);
    words.successor =
        address(store.person(&case.request.successor).await.map_err(EngineError::from)?, &case.request.successor);
    Ok(words)
}
