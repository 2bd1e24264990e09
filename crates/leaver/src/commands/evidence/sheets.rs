//! The state of an account before and after its removal (STATE-3, RECORD-2): one page each, for people who ask for a picture. What stands on
//! it comes from the history of the case and its raw answers.

use std::collections::BTreeMap;

use askama::Template;
use jiff::Timestamp;
use leaver_core::case::Case;
use leaver_core::claim::{Claim, ClaimKind, State};
use leaver_core::event::{Event, Stamped};
use leaver_core::plan::{FindingKind, Plan};
use leaver_core::source::What;
use leaver_engine::Record;
use leaver_evidence::captures::CaptureStore;

use super::payload::approval;
use super::pictures::{Picture, pictures};
use super::report::{looked_at, time};
use crate::commands::cases::words;
use crate::failure::Failure;
use crate::render::{self, Words, places};
use crate::wiring::App;

/// So many raw answers of one read are linked; a long list comes in many.
const LINKS: usize = 3;

/// What stands on a page.
#[derive(Template)]
#[template(path = "sheet.html")]
struct Sheet {
    title: &'static str,
    lead: &'static str,
    leaver: String,
    organization: String,
    rehearsal: bool,
    /// Whether the state before stands beside the state after.
    two: bool,
    frame: Vec<(&'static str, String)>,
    grants: Vec<(String, &'static str, String)>,
    groups: Vec<Group>,
    reads: Vec<Read>,
    /// How many reads of single things are not listed.
    singles: usize,
    pictures: Vec<Picture>,
    unseen: Vec<String>,
}

struct Group {
    title: &'static str,
    rows: Vec<Row>,
}

struct Row {
    says: String,
    before: String,
    seen: String,
    places: Vec<String>,
    read: String,
    different: bool,
    open: bool,
}

struct Read {
    what: String,
    sent: String,
    came: String,
    captures: Vec<String>,
    more: usize,
}

/// A case as it stood, with the events until then.
struct Moment<'a> {
    case: Case,
    events: &'a [Stamped],
    /// Whether somebody approved the plan of that time.
    approved: bool,
}

impl<'a> Moment<'a> {
    fn of(events: &'a [Stamped], approved: bool) -> Option<Self> {
        Some(Self { case: Case::fold(events)?, events, approved })
    }
}

/// The pages of a case by their names in a pack: what was there when the plan was approved, and what is there now, once something ran.
pub(super) async fn sheets(
    app: &App,
    record: &Record,
    store: &CaptureStore,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let approved = record.events.iter().position(|stamped| approval(&stamped.event).is_some());
    let (then, since) = record.events.split_at(approved.unwrap_or(record.events.len()));
    let (Some(before), Some(after)) =
        (Moment::of(then, approved.is_some()), Moment::of(&record.events, approved.is_some()))
    else {
        return Ok(Vec::new());
    };
    let system = system(store, &record.events);
    let mut pages = Vec::new();
    if let Some((plan, _)) = &before.case.plan {
        let words = words(app, &before.case).await?;
        let pictures = pictures(app, then, plan, &words).await?;
        pages.push(("data/state-before.html", sheet(&system, &before, plan, None, &words, pictures)?));
    }
    if after.case.started_at.is_some()
        && let Some((plan, _)) = &after.case.plan
    {
        let words = words(app, &after.case).await?;
        let pictures = pictures(app, since, plan, &words).await?;
        pages.push(("data/state-after.html", sheet(&system, &after, plan, Some(&before.case), &words, pictures)?));
    }
    Ok(pages)
}

/// The page of one moment, beside another where there is one.
fn sheet(
    system: &str,
    moment: &Moment<'_>,
    plan: &Plan,
    before: Option<&Case>,
    words: &Words,
    pictures: Vec<Picture>,
) -> Result<String, Failure> {
    let case = &moment.case;
    let groups = [
        ("Ways in", ClaimKind::Access),
        ("What sends to the account", ClaimKind::Sender),
        ("What the account made and others need", ClaimKind::Transfer),
        ("What was to stay as it was", ClaimKind::Kept),
    ]
    .into_iter()
    .map(|(title, kind)| {
        let claims = plan.claims.iter().filter(|claim| claim.kind == kind);
        Group { title, rows: claims.map(|claim| row(case, plan, claim, before, words)).collect() }
    })
    .filter(|group| !group.rows.is_empty())
    .collect();
    let (reads, singles) = reads(moment.events);
    let sheet = Sheet {
        title: if before.is_some() { "State after the removal" } else { "State before the removal" },
        lead: match (before, moment.approved) {
            (Some(_), _) => {
                "Everything that was looked for, as it was when the plan was approved and as it was last seen."
            }
            (None, true) => "Everything that was found for the plan which was approved.",
            (None, false) => "Everything that was found for the plan; nobody has approved it.",
        },
        leaver: words.leaver.clone(),
        organization: case.request.org.to_string(),
        rehearsal: case.request.rehearsal,
        two: before.is_some(),
        frame: frame(system, moment, plan, words),
        grants: if before.is_some() { Vec::new() } else { grants(plan, words) },
        groups,
        reads,
        singles,
        pictures,
        unseen: unseen(plan, words),
    };
    sheet
        .render()
        .map_err(|error| Failure::not_done("L421", "a state sheet of the pack cannot be written").because(&error))
}

/// The host that answered who we are.
fn system(store: &CaptureStore, events: &[Stamped]) -> String {
    let asked = events.iter().rev().find_map(|stamped| {
        let Event::Read { what: What::Me, captures, failure: None, .. } = &stamped.event else { return None };
        captures.first()
    });
    let capture = asked.and_then(|digest| store.get(&digest.to_string()).ok().flatten());
    let url = capture.and_then(|capture| url::Url::parse(&capture.meta().url).ok());
    let host = url.and_then(|url| url.host_str().map(str::to_owned));
    host.map_or_else(|| "not on record".to_owned(), |host| format!("Mixpanel at {host}"))
}

/// What an auditor asks of a picture: which system, which tenant, whose account, seen by whom and when.
fn frame(system: &str, moment: &Moment<'_>, plan: &Plan, words: &Words) -> Vec<(&'static str, String)> {
    let Moment { case, events, .. } = moment;
    let request = &case.request;
    let not_shown = || "not shown by the vendor".to_owned();
    vec![
        ("System", system.to_owned()),
        ("Organization", format!("{}, number {}", request.org, request.vendor_org)),
        ("Account", words.leaver.clone()),
        ("Its number", plan.subject.vendor_id.clone().unwrap_or_else(not_shown)),
        ("Organization role before", plan.subject.role.map_or_else(not_shown, |role| role.word().to_owned())),
        ("Seen by", format!("the credential {} ({})", plan.credential, words.own_account)),
        ("As of (UTC)", last_read(events).map_or_else(|| "nothing was read".to_owned(), time)),
        ("Case", case.id.to_string()),
        ("Made by", format!("leaver {}, from the history of the case", env!("CARGO_PKG_VERSION"))),
    ]
}

/// When the last answer of all came.
fn last_read(events: &[Stamped]) -> Option<Timestamp> {
    let ended = events.iter().filter_map(|stamped| {
        let Event::Read { ended_at, .. } = &stamped.event else { return None };
        Some(*ended_at)
    });
    ended.max()
}

fn grants(plan: &Plan, words: &Words) -> Vec<(String, &'static str, String)> {
    let Some(grants) = &plan.subject.grants else {
        return vec![("unknown: the vendor shows no grants".to_owned(), "unknown", String::new())];
    };
    let shown = grants.iter().map(|grant| {
        let project = grant.project.map_or_else(|| "the whole organization".to_owned(), |id| words.project(id));
        let team = grant.team.as_ref().map(|team| format!("{project}, through {}", words.team(team)));
        (team.unwrap_or(project), grant.kind.word(), grant.role.clone().unwrap_or_else(|| "not shown".to_owned()))
    });
    shown.collect()
}

fn row(case: &Case, plan: &Plan, claim: &Claim, before: Option<&Case>, words: &Words) -> Row {
    let now = state(case, claim);
    let then = before.map(|before| state(before, claim));
    let open = case.observation(&claim.key).is_none_or(|seen| seen.observation.state != State::Holds);
    let held = |case: &Case| case.observation(&claim.key).map(|seen| seen.observation.state);
    Row {
        says: render::sentence(claim, words),
        different: before.is_some_and(|before| held(before) != held(case)),
        before: then.unwrap_or_default(),
        places: if open { places(case, plan, claim, words) } else { Vec::new() },
        seen: now,
        read: looked_at(case, claim).map_or_else(|| "never".to_owned(), time),
        open,
    }
}

/// Whether it was so, in a few words.
fn state(case: &Case, claim: &Claim) -> String {
    let Some(seen) = case.observation(&claim.key).map(|seen| &seen.observation) else {
        return "not looked at".to_owned();
    };
    match seen.state {
        State::Holds => format!("so ({})", seen.proof.map_or("no proof", leaver_core::claim::Proof::word)),
        State::Broken => format!("not so: {}", seen.why),
        State::Unknown => format!("unknown: {}", seen.why),
    }
}

/// The last read of each list until then, and how many of single things there were.
fn reads(events: &[Stamped]) -> (Vec<Read>, usize) {
    let mut last: BTreeMap<&What, Read> = BTreeMap::new();
    let mut singles = 0;
    for stamped in events {
        let Event::Read { what, sent_at, failure, to_the_end, count, captures, .. } = &stamped.event else { continue };
        if matches!(what, What::Object(..) | What::Shares(..) | What::LinkedBoards(..) | What::ServiceAccount(_)) {
            singles += 1;
            continue;
        }
        let came = match (failure, to_the_end, count) {
            (Some(failure), ..) => format!("nothing: {failure}"),
            (None, false, _) => "not to its end".to_owned(),
            (None, true, Some(count)) => format!("{count}, to the end"),
            (None, true, None) => "to the end".to_owned(),
        };
        let read = Read {
            what: what.to_string(),
            sent: time(*sent_at),
            came,
            captures: captures.iter().take(LINKS).map(ToString::to_string).collect(),
            more: captures.len().saturating_sub(LINKS),
        };
        last.insert(what, read);
    }
    (last.into_values().collect(), singles)
}

/// What the plan could not see, with its place.
pub(super) fn unseen(plan: &Plan, words: &Words) -> Vec<String> {
    let findings = plan.findings.iter().filter(|finding| finding.kind == FindingKind::NotSeen);
    let told = findings.map(|finding| {
        let object = finding.object.as_ref().map(|object| words.titled(object).unwrap_or_else(|| object.clone()));
        format!("{} {}", object.unwrap_or_default(), finding.says).trim().to_owned()
    });
    told.collect()
}
