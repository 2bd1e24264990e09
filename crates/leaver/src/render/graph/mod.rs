//! A picture of how the leaver reaches the organization: from the person through each channel and each single way to the projects.

mod data;
mod draw;

use std::collections::BTreeMap;

use leaver_core::case::Case;
use leaver_core::claim::{Claim, Predicate, State};
use leaver_core::ids::{Digest, ProjectId};
use leaver_core::plan::{FindingKind, Plan};
use leaver_core::provider;
use leaver_core::reading::{Grant, GrantKind};
use leaver_core::source::{Kind, What};
use serde_json::Value;

use super::words::Words;

/// More single things than this in one channel are counted, not drawn.
const MOST: usize = 24;

/// What was seen of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    /// It stays, as planned.
    Stays,
    /// The claim holds: it is closed.
    Closed,
    /// Nobody could see.
    Unknown,
    /// The claim is broken: it is open.
    Open,
}

impl Seen {
    const ALL: [Self; 4] = [Self::Open, Self::Unknown, Self::Closed, Self::Stays];

    fn word(self) -> &'static str {
        match self {
            Self::Stays => "stays",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
            Self::Open => "open",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Stays => "stays, as planned",
            Self::Closed => "closed: the claim holds",
            Self::Unknown => "unknown: nobody could see",
            Self::Open => "open: the claim is broken",
        }
    }
}

/// One single way in: a grant, a sender, a service account, a share, a link.
#[derive(Debug)]
struct Way {
    title: String,
    under: String,
    seen: Seen,
    projects: Vec<ProjectId>,
}

/// Ways of one sort.
#[derive(Debug)]
struct Channel {
    title: &'static str,
    under: String,
    ways: Vec<Way>,
}

impl Channel {
    fn new(title: &'static str, under: impl Into<String>) -> Self {
        Self { title, under: under.into(), ways: Vec::new() }
    }

    fn add(&mut self, title: String, under: impl Into<String>, seen: Seen, projects: Vec<ProjectId>) {
        self.ways.push(Way { title, under: under.into(), seen, projects });
    }

    /// The worst of its ways: a channel is closed when all of them are.
    fn seen(&self) -> Seen {
        self.ways.iter().map(|way| way.seen).max().unwrap_or(Seen::Unknown)
    }

    /// What is too much to draw is counted by what was seen of it.
    fn shortened(mut self) -> Self {
        self.ways.sort_by_key(|way| std::cmp::Reverse(way.seen));
        if self.ways.len() <= MOST {
            return self;
        }
        let mut rest: BTreeMap<Seen, (usize, Vec<ProjectId>)> = BTreeMap::new();
        for way in self.ways.split_off(MOST) {
            let (count, projects) = rest.entry(way.seen).or_default();
            *count += 1;
            projects.extend(way.projects);
        }
        for (seen, (count, mut projects)) in rest.into_iter().rev() {
            projects.sort_unstable();
            projects.dedup();
            self.add(format!("and {count} more"), "the plan lists each", seen, projects);
        }
        self
    }
}

/// Everything that is drawn.
#[derive(Debug)]
struct Picture {
    head: String,
    under: String,
    foot: String,
    leaver: String,
    account: String,
    channels: Vec<Channel>,
    projects: BTreeMap<ProjectId, String>,
}

/// Draws a case as SVG.
pub(crate) fn graph(case: &Case, plan: &Plan, words: &Words) -> String {
    let channels = channels(case, plan, words).into_iter().map(Channel::shortened).collect();
    draw::svg(&picture(case, plan, words, channels))
}

/// The same as data: every way by itself, however many there are.
pub(crate) fn graph_data(case: &Case, plan: &Plan, words: &Words) -> Value {
    data::document(&picture(case, plan, words, channels(case, plan, words)))
}

fn channels(case: &Case, plan: &Plan, words: &Words) -> Vec<Channel> {
    let all = [
        membership(case, plan, words),
        at_provider(case, plan, words),
        senders(case, plan, words),
        service_accounts(case, plan, words),
        shares(case, plan, words),
        links(case, plan, words),
    ];
    all.into_iter().filter(|channel| !channel.ways.is_empty()).collect()
}

fn picture(case: &Case, plan: &Plan, words: &Words, channels: Vec<Channel>) -> Picture {
    let projects = channels
        .iter()
        .flat_map(|channel| &channel.ways)
        .flat_map(|way| &way.projects)
        .map(|id| (*id, words.titles.get(&format!("project/{id}")).cloned().unwrap_or_default()))
        .collect();
    let unseen = plan.findings.iter().filter(|finding| finding.kind == FindingKind::NotSeen).count();
    let hash = case.plan_event().map(Digest::short).unwrap_or_default();
    let rehearsal = if case.request.rehearsal { "REHEARSAL, evidence of nothing · " } else { "" };
    Picture {
        head: format!("How {} reaches organization {}", words.leaver, case.request.org),
        under: format!("{rehearsal}plan {hash} · as visible to {}", plan.credential),
        foot: match unseen {
            0 => "everything that was asked for could be seen".to_owned(),
            1 => "1 thing could not be seen: the plan names it".to_owned(),
            more => format!("{more} things could not be seen: the plan names each"),
        },
        leaver: words.leaver.clone(),
        account: plan
            .subject
            .vendor_id
            .as_deref()
            .map_or_else(|| "no account id is shown".to_owned(), |id| format!("account {id}")),
        channels,
        projects,
    }
}

fn seen(case: &Case, claim: &Claim) -> Seen {
    match case.observation(&claim.key).map(|seen| seen.observation.state) {
        Some(State::Holds) => Seen::Closed,
        Some(State::Broken) => Seen::Open,
        Some(State::Unknown) | None => Seen::Unknown,
    }
}

fn instances<'c>(case: &'c Case, claim: &Claim) -> &'c [String] {
    case.observation(&claim.key).map(|seen| seen.observation.instances.as_slice()).unwrap_or_default()
}

/// What the identity provider gives the application by.
fn at_provider(case: &Case, plan: &Plan, words: &Words) -> Channel {
    let account = plan.subject.provider_id.as_deref();
    let mut channel = Channel::new("identity provider", account.map_or_else(String::new, |id| format!("account {id}")));
    for claim in &plan.claims {
        let Predicate::NoWayIn { way, .. } = &claim.says else { continue };
        let (title, under) = match way {
            provider::Way::Group(id) => {
                (words.title(&What::GroupGives(id.clone())), "a group that gives the application")
            }
            provider::Way::Rule(id) => (words.title(&What::ProviderRule(id.clone())), "a rule that fills such a group"),
            provider::Way::Direct => ("the assignment".to_owned(), "given to the account itself"),
            provider::Way::SelfService => ("asking for it".to_owned(), "without an administrator"),
            provider::Way::Anyone => ("signing in".to_owned(), "without being given the application"),
            provider::Way::Job(_) => ("a provisioning job".to_owned(), "that provisions everybody"),
            // It sums the others up.
            provider::Way::Any => continue,
        };
        channel.add(title.replace('"', ""), under, seen(case, claim), Vec::new());
    }
    channel
}

/// The account with its role and every grant, each kind by itself.
fn membership(case: &Case, plan: &Plan, words: &Words) -> Channel {
    let role = plan.subject.role.map_or("role unknown", leaver_core::reading::OrgRole::word);
    let mut channel = Channel::new("membership", format!("organization role {role}"));
    let whole =
        plan.claims.iter().find(|claim| matches!(claim.says, Predicate::NotMember | Predicate::RoleAtMost { .. }));
    let grants = plan
        .claims
        .iter()
        .find(|claim| matches!(claim.says, Predicate::NoProjectGrant | Predicate::NoGrantIn { .. }))
        .or(whole);
    if let Some(claim) = whole {
        let title = if claim.says == Predicate::NotMember { "the account itself" } else { "the role itself" };
        channel.add(title.to_owned(), role, seen(case, claim), Vec::new());
    }
    let leaves = |project: Option<ProjectId>| match grants.map(|claim| &claim.says) {
        Some(Predicate::NoGrantIn { projects }) => project.is_some_and(|project| projects.contains(&project)),
        _ => true,
    };
    let state = grants.map_or(Seen::Unknown, |claim| seen(case, claim));
    match &plan.subject.grants {
        None => channel.add("project grants".to_owned(), "the vendor does not show them", Seen::Unknown, Vec::new()),
        Some(all) => {
            let mut by_way: BTreeMap<(GrantKind, Option<&str>, bool), Vec<&Grant>> = BTreeMap::new();
            for grant in all {
                by_way.entry((grant.kind, grant.team.as_deref(), leaves(grant.project))).or_default().push(grant);
            }
            for ((kind, team, goes), grants) in by_way {
                let projects = grants.iter().filter_map(|grant| grant.project).collect();
                let mut roles: Vec<&str> = grants.iter().filter_map(|grant| grant.role.as_deref()).collect();
                let title = match (kind, team) {
                    (GrantKind::Individual, _) => "individual grant".to_owned(),
                    (GrantKind::Team, Some(team)) => format!("team {team}"),
                    (GrantKind::Team, None) => "a team".to_owned(),
                    (GrantKind::AllUsers, _) => "grant to all users".to_owned(),
                    (GrantKind::OrganizationRole, _) => "organization role".to_owned(),
                    (GrantKind::Unknown, _) => "grant of unknown kind".to_owned(),
                };
                roles.sort_unstable();
                roles.dedup();
                let under =
                    if roles.is_empty() { "role unknown".to_owned() } else { format!("as {}", roles.join(", ")) };
                channel.add(title, under, if goes { state } else { Seen::Stays }, projects);
            }
        }
    }
    for claim in &plan.claims {
        if claim.says == Predicate::ScimInactive {
            channel.add("SCIM record".to_owned(), "active or not", seen(case, claim), Vec::new());
        } else if matches!(claim.says, Predicate::NoTeam | Predicate::NotInTeams { .. }) {
            teams(&mut channel, case, plan, claim, words);
        } else if claim.says == Predicate::NoDataView {
            for view in instances(case, claim) {
                channel.add(format!("data view {view}"), "restricted", Seen::Open, Vec::new());
            }
            if instances(case, claim).is_empty() {
                channel.add("restricted data views".to_owned(), "member lists", seen(case, claim), Vec::new());
            }
        }
    }
    channel
}

/// Each team that the person was in when the plan was made.
fn teams(channel: &mut Channel, case: &Case, plan: &Plan, claim: &Claim, words: &Words) {
    let Some(known) = &plan.subject.teams else {
        return channel.add("teams".to_owned(), "the vendor does not show them", seen(case, claim), Vec::new());
    };
    for pinned in known {
        let title = words.titles.get(&format!("team/{}", pinned.team)).filter(|title| !title.is_empty());
        let title = title.map_or_else(|| format!("team {}", pinned.team), |title| format!("team {title}"));
        let projects = pinned.grants.iter().flatten().filter_map(|grant| grant.project).collect();
        let goes = !matches!(&claim.says, Predicate::NotInTeams { teams } if !teams.contains(&pinned.team));
        channel.add(title, "member of the team", if goes { seen(case, claim) } else { Seen::Stays }, projects);
    }
}

/// Everything that sends to the leaver; the lists that send nothing are counted.
fn senders(case: &Case, plan: &Plan, words: &Words) -> Channel {
    let mut channel = Channel::new("messages", "sent to the person");
    let mut clean = 0;
    for claim in &plan.claims {
        let Predicate::NothingSends { project, kind } = &claim.says else { continue };
        match seen(case, claim) {
            Seen::Closed | Seen::Stays => clean += 1,
            Seen::Unknown => {
                channel.add(kind.plural().to_owned(), "could not be read", Seen::Unknown, vec![*project]);
            }
            Seen::Open => {
                for id in instances(case, claim) {
                    // The settings of a project have no name of their own.
                    let (title, under) = if *kind == Kind::SchemaSettings {
                        (kind.plural().to_owned(), "settings of the project".to_owned())
                    } else {
                        (titled(words, *project, *kind, id), kind.to_string())
                    };
                    channel.add(title, under, Seen::Open, vec![*project]);
                }
            }
        }
    }
    if clean > 0 {
        let under = if clean == 1 { "1 list was read".to_owned() } else { format!("{clean} lists were read") };
        channel.add("nothing else sends".to_owned(), under, Seen::Closed, Vec::new());
    }
    channel
}

fn titled(words: &Words, project: ProjectId, kind: Kind, id: &str) -> String {
    let object = What::Object(project, kind, id.to_owned()).to_string();
    words.titles.get(&object).filter(|title| !title.is_empty()).cloned().unwrap_or_else(|| format!("{kind} {id}"))
}

fn service_accounts(case: &Case, plan: &Plan, words: &Words) -> Channel {
    let mut channel = Channel::new("service accounts", "made by the person");
    for claim in plan.claims.iter().filter(|claim| claim.says == Predicate::NoServiceAccountBy) {
        for id in instances(case, claim) {
            let title = id.parse().ok().and_then(|id| words.titles.get(&What::ServiceAccount(id).to_string()).cloned());
            let title = title.filter(|title| !title.is_empty()).unwrap_or_else(|| format!("service account {id}"));
            channel.add(title, "works until it is deleted", seen(case, claim), Vec::new());
        }
        if instances(case, claim).is_empty() {
            channel.add("none".to_owned(), "every account was listed", seen(case, claim), Vec::new());
        }
    }
    channel
}

fn shares(case: &Case, plan: &Plan, words: &Words) -> Channel {
    let mut channel = Channel::new("share lists", "the person by name");
    for claim in &plan.claims {
        if let Predicate::NotShared { project, kind, id } = &claim.says {
            channel.add(titled(words, *project, *kind, id), kind.to_string(), seen(case, claim), vec![*project]);
        }
    }
    channel
}

fn links(case: &Case, plan: &Plan, words: &Words) -> Channel {
    let mut channel = Channel::new("public links", "open to anybody");
    for claim in &plan.claims {
        if let Predicate::NoPublicLink { project, board } = &claim.says {
            let title = titled(words, *project, Kind::Board, board);
            channel.add(title, "board without login", seen(case, claim), vec![*project]);
        }
    }
    channel
}
