//! A small model of the vendor's organization: people, service accounts, projects with their things, and what each change does.
//!
//! It is written from what the vendor publishes and from the types of the core, and not from the judge: the judge is what it is
//! used to test. [`crate::answers`] says what a read of it shows, [`crate::mishaps`] how a read or a send can go wrong.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leaver_core::ids::{Address, CredentialName, Digest, ProjectId};
use leaver_core::provider::{Assignment, Group, GroupKind, LogEntry, LogEvent, ProviderAccount, Rule, Ways};
use leaver_core::reading::{Grant, GrantKind, Maker, Member, OrgRole};
use leaver_core::source::Kind;
use leaver_core::write::Write;
use serde_json::Value;

/// The vendor's id of the leaver.
pub(crate) const LEAVER_ID: &str = "42";
/// The leaver's address.
pub(crate) const LEAVER: &str = "mara.lind@agency.example";
/// The vendor's id of an account that looks like the leaver's.
pub(crate) const LOOK_ALIKE_ID: &str = "43";
/// The vendor's id of the successor.
/// The leaver's account at the identity provider.
pub(crate) const ACCOUNT: &str = "00u42";
pub(crate) const SUCCESSOR_ID: &str = "5";
/// The successor's address.
pub(crate) const SUCCESSOR: &str = "sven.holt@acme.example";
/// The vendor's id of the account behind our own credential.
pub(crate) const OWN_ID: &str = "900";
/// The user name of our own service account.
pub(crate) const OWN_USERNAME: &str = "leaver-bot.7f3a";

/// An address that is one.
pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// The leaver as the vendor names a maker.
pub(crate) fn leaver() -> Maker {
    Maker { id: Some(LEAVER_ID.to_owned()), address: Some(address(LEAVER)), name: None }
}

/// A colleague as the vendor names a maker.
pub(crate) fn colleague() -> Maker {
    Maker { id: Some("1".to_owned()), address: Some(address("olga.berg@acme.example")), name: None }
}

/// The successor as the vendor names an owner.
pub(crate) fn successor() -> Maker {
    Maker { id: Some(SUCCESSOR_ID.to_owned()), address: Some(address(SUCCESSOR)), name: Some("Sven Holt".to_owned()) }
}

/// Our own service account as the vendor names a maker.
pub(crate) fn ourselves() -> Maker {
    Maker { id: Some(OWN_ID.to_owned()), address: None, name: Some(OWN_USERNAME.to_owned()) }
}

/// One thing in a project.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thing {
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: Option<String>,
    /// Who made it.
    pub maker: Maker,
    /// Owners of a saved metric, contacts of a lexicon entry.
    pub owners: Vec<Maker>,
    /// Addresses that it sends to.
    pub recipients: Vec<String>,
    /// Slack channels that it sends to.
    pub channels: usize,
    /// The host that a webhook calls.
    pub host: Option<String>,
    /// Switched off.
    pub off: bool,
    /// Shared with its whole project.
    pub shared: bool,
    /// People that it is shared with by name.
    pub people: Vec<Maker>,
    /// Public links without login.
    pub public_links: u64,
    /// The board that a report stands on.
    pub part_of: Option<String>,
    /// What makes it what it is.
    pub body: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Who changed it last, and when.
    pub edited: Option<(Maker, Timestamp)>,
    /// For a copy: the source, and whether it was copied whole.
    pub copy_of: Option<(String, bool)>,
}

impl Thing {
    /// A plain thing of this maker.
    pub(crate) fn by(maker: Maker, title: &str) -> Self {
        Self {
            title: title.to_owned(),
            description: None,
            maker,
            owners: Vec::new(),
            recipients: Vec::new(),
            channels: 0,
            host: None,
            off: false,
            shared: false,
            people: Vec::new(),
            public_links: 0,
            part_of: None,
            body: format!("body of {title}"),
            created: None,
            edited: None,
            copy_of: None,
        }
    }

    /// The same, sending to these addresses.
    pub(crate) fn to(mut self, recipients: &[&str]) -> Self {
        self.recipients = recipients.iter().map(|text| (*text).to_owned()).collect();
        self
    }
}

/// One service account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Robot {
    /// Its user name.
    pub username: String,
    /// Who made it.
    pub maker: Maker,
    /// Its role in the organization.
    pub role: String,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
}

/// One project.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Project {
    /// Our role in it; `None` when we have none.
    pub role: Option<String>,
    /// Its things.
    pub things: BTreeMap<Kind, BTreeMap<String, Thing>>,
    /// The service accounts with a grant in it, and their project roles.
    pub robots: BTreeMap<u64, String>,
    /// The people in its restricted data view.
    pub restricted_view: BTreeSet<Address>,
}

impl Project {
    /// The things of one kind.
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = (&String, &Thing)> {
        self.things.get(&kind).into_iter().flatten()
    }
}

/// How the vendor deviates from what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Quirks {
    /// The title and description of a copy are ignored: it looks like its source.
    pub ignores_titles: bool,
    /// Some copies come without part of what they should hold.
    pub half_copies: bool,
    /// Secrets of new service accounts are refused.
    pub refuses_secrets: bool,
}

/// The organization.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct World {
    /// The people, by vendor id.
    pub members: BTreeMap<String, Member>,
    /// Whether each person in the identity provider's list is active; `None` without SCIM.
    pub scim: Option<BTreeMap<String, bool>>,
    /// The leaver's ways at the identity provider; `None` without one.
    pub provider: Option<Ways>,
    /// What the provider's log tells.
    pub provider_log: Vec<LogEntry>,
    /// How the canaries' sign-ins end.
    pub sign_ins: Result<leaver_core::provider::CanarySignIns, leaver_core::reading::Failure>,
    /// Why it cannot be read.
    pub provider_log_fails: Option<leaver_core::reading::Failure>,
    /// The service accounts.
    pub robots: BTreeMap<u64, Robot>,
    /// The projects.
    pub projects: BTreeMap<ProjectId, Project>,
    /// Who is in which team, and the project that it gives, by the team's id.
    pub teams: BTreeMap<String, (BTreeSet<String>, ProjectId)>,
    /// Our own role in the organization.
    pub own_role: Option<OrgRole>,
    /// The service account behind each credential that somebody remembers.
    pub secrets: BTreeMap<CredentialName, u64>,
    /// Whether each project has a data view that is open to all and lists every member.
    pub open_views: bool,
    /// How the vendor deviates.
    pub quirks: Quirks,
    next: u64,
}

/// What a change that was carried out has created.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    /// The id of what was created.
    pub created: Option<String>,
}

fn person(id: &str, text: &str, role: OrgRole) -> (String, Member) {
    let member = Member {
        id: Some(id.to_owned()),
        address: address(text),
        name: None,
        role: Some(role),
        grants: Some(Vec::new()),
        active: Some(true),
        last_seen: None,
        created: None,
    };
    (id.to_owned(), member)
}

impl World {
    /// Two owners, an admin who executes, the successor, the leaver, a look-alike and enough others; no project yet.
    pub(crate) fn new() -> Self {
        let mut members: BTreeMap<String, Member> = BTreeMap::from([
            person("1", "olga.berg@acme.example", OrgRole::Owner),
            person("2", "otto.dahl@acme.example", OrgRole::Owner),
            person("3", "erik.ek@acme.example", OrgRole::Admin),
            person(SUCCESSOR_ID, SUCCESSOR, OrgRole::Member),
            person(LOOK_ALIKE_ID, "mara.lind@acme.example", OrgRole::Member),
        ]);
        members.extend(
            (10..16).map(|n| person(&n.to_string(), &format!("colleague-number-{n}@acme.example"), OrgRole::Member)),
        );
        let own =
            Robot { username: OWN_USERNAME.to_owned(), maker: colleague(), role: "owner".to_owned(), last_used: None };
        let mut world = Self {
            members,
            scim: None,
            provider: None,
            provider_log: Vec::new(),
            sign_ins: Err(leaver_core::reading::Failure::NotConfigured("no canaries".to_owned())),
            provider_log_fails: None,
            robots: BTreeMap::from([(OWN_ID.parse().unwrap(), own)]),
            projects: BTreeMap::new(),
            teams: BTreeMap::new(),
            own_role: Some(OrgRole::Owner),
            secrets: BTreeMap::new(),
            open_views: false,
            quirks: Quirks::default(),
            next: 1000,
        };
        world.join(LEAVER_ID, OrgRole::Member);
        world
    }

    /// The leaver becomes a member under this id.
    pub(crate) fn join(&mut self, id: &str, role: OrgRole) {
        self.members.extend([person(id, LEAVER, role)]);
        if let Some(list) = &mut self.scim {
            list.insert(id.to_owned(), true);
        }
    }

    /// The leaver is deleted in Users & Teams.
    pub(crate) fn delete_leaver(&mut self) {
        self.members.retain(|_, member| member.address != address(LEAVER));
        for project in self.projects.values_mut() {
            project.restricted_view.remove(&address(LEAVER));
        }
        self.leave_teams(|_| true);
        let members = &self.members;
        if let Some(list) = &mut self.scim {
            list.retain(|id, _| members.contains_key(id));
        }
    }

    /// A team of these people that gives a project.
    pub(crate) fn team(&mut self, id: &str, people: &[&str], project: u64) {
        let people = people.iter().map(|id| (*id).to_owned()).collect();
        self.teams.insert(id.to_owned(), (people, ProjectId(project)));
    }

    /// The leaver is taken out of these teams.
    pub(crate) fn leave_teams(&mut self, leaves: impl Fn(&str) -> bool) {
        let listed = self.members.iter().filter(|(_, member)| member.address == address(LEAVER));
        let ids: BTreeSet<String> = listed.map(|(id, _)| id.clone()).chain([LEAVER_ID.to_owned()]).collect();
        for (_, (people, _)) in self.teams.iter_mut().filter(|(id, _)| leaves(id)) {
            people.retain(|id| !ids.contains(id));
        }
    }

    /// Somebody else leaves.
    pub(crate) fn delete_member(&mut self, id: &str) {
        self.members.remove(id);
        for (people, _) in self.teams.values_mut() {
            people.remove(id);
        }
        if let Some(list) = &mut self.scim {
            list.remove(id);
        }
    }

    /// Switches SCIM on: everybody is listed and active.
    pub(crate) fn with_scim(&mut self) {
        self.scim = Some(self.members.keys().map(|id| (id.clone(), true)).collect());
    }

    /// Connects an identity provider that gives the leaver the application by a group that a rule fills, and by itself.
    pub(crate) fn with_provider(&mut self) {
        let group = |id: &str, member: bool| Group {
            pushed: None,
            id: id.to_owned(),
            name: format!("group {id}"),
            kind: GroupKind::Own,
            member,
            also: Some(Vec::new()),
        };
        let account = ProviderAccount {
            id: ACCOUNT.to_owned(),
            addresses: vec![address(LEAVER)],
            status: "ACTIVE".to_owned(),
            live: true,
            guest: false,
            sessions_from: None,
        };
        self.provider = Some(Ways {
            account: Some(account),
            self_service: Some(false),
            anyone: Some(false),
            features: Vec::new(),
            assignment: Some(Assignment { id: None, direct: true, status: "PROVISIONED".to_owned(), live: true }),
            groups: vec![group("00g1", true), group("00g2", false)],
            rules: vec![Rule {
                id: "0pr1".to_owned(),
                name: "contractors".to_owned(),
                active: true,
                groups: BTreeSet::from(["00g1".to_owned()]),
                excluded: BTreeSet::new(),
            }],
            jobs: Vec::new(),
            others: 3,
        });
    }

    /// A project in which we are owner.
    pub(crate) fn project(&mut self, id: u64) -> &mut Project {
        let project = self.projects.entry(ProjectId(id)).or_default();
        project.role = Some("owner".to_owned());
        project.robots.insert(OWN_ID.parse().unwrap(), "owner".to_owned());
        project
    }

    /// Gives the leaver a grant.
    pub(crate) fn grant(&mut self, project: u64, kind: GrantKind) {
        for member in self.members.values_mut().filter(|member| member.address == address(LEAVER)) {
            let project = Some(ProjectId(project));
            member.grants.get_or_insert_default().push(Grant {
                kind,
                project,
                role: Some("analyst".to_owned()),
                team: None,
            });
        }
    }

    /// An id that nothing else has.
    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Puts a thing into a project and returns its id.
    pub(crate) fn put(&mut self, project: u64, kind: Kind, thing: Thing) -> String {
        let id = self.fresh_id().to_string();
        self.project(project).things.entry(kind).or_default().insert(id.clone(), thing);
        id
    }

    /// Puts a service account of this maker into the organization, with a grant in the project.
    pub(crate) fn robot(&mut self, project: u64, maker: Maker, last_used: Option<Timestamp>) -> u64 {
        let id = self.fresh_id();
        let robot = Robot { username: format!("reporting-{id}"), maker, role: "member".to_owned(), last_used };
        self.robots.insert(id, robot);
        self.project(project).robots.insert(id, "consumer".to_owned());
        id
    }

    /// One thing.
    pub(crate) fn thing(&self, project: ProjectId, kind: Kind, id: &str) -> Option<&Thing> {
        self.projects.get(&project)?.things.get(&kind)?.get(id)
    }

    /// One thing, to be changed.
    pub(crate) fn thing_mut(&mut self, project: ProjectId, kind: Kind, id: &str) -> Option<&mut Thing> {
        self.projects.get_mut(&project)?.things.get_mut(&kind)?.get_mut(id)
    }

    /// The digest of what a thing is.
    pub(crate) fn digest(&self, project: ProjectId, kind: Kind, id: &str) -> Option<Digest> {
        self.thing(project, kind, id).map(|thing| Digest::of(thing.body.as_bytes()))
    }

    /// Carries a change out and says what it created; `None` when there is nothing that it could change.
    pub(crate) fn apply(&mut self, write: &Write, now: Timestamp) -> Option<Applied> {
        match write {
            Write::SetRecipients { project, kind, id, rest } => {
                self.thing_mut(*project, *kind, id)?.recipients = rest.as_array()?.iter().filter_map(text_of).collect();
            }
            Write::Delete { project, kind, id } => {
                self.projects.get_mut(project)?.things.get_mut(kind)?.remove(id)?;
                if *kind == Kind::Board {
                    let reports = self.projects.get_mut(project)?.things.entry(Kind::Report).or_default();
                    reports.retain(|_, report| report.part_of.as_deref() != Some(id));
                }
            }
            Write::Disable { project, kind, id } => self.thing_mut(*project, *kind, id)?.off = true,
            Write::DuplicateBoard { project, id, title, description, as_successor: _ } => {
                return Some(Applied { created: Some(self.duplicate_board(*project, id, title, description, now)?) });
            }
            Write::Create { project, kind, body } => {
                let name = body.get("name")?.as_str()?.to_owned();
                let mut made = Thing::by(ourselves(), &name);
                made.description = body.get("description").and_then(Value::as_str).map(ToOwned::to_owned);
                body.get("selects")?.as_str()?.clone_into(&mut made.body);
                made.created = Some(now);
                let source = self.projects.get(project)?.of(*kind).find(|(_, thing)| thing.body == made.body);
                made.copy_of = source.map(|(id, _)| (id.clone(), !self.quirks.half_copies));
                if self.quirks.half_copies {
                    made.body.push_str(", cut off");
                }
                if self.quirks.ignores_titles {
                    made.description = None;
                }
                return Some(Applied { created: Some(self.put(project.0, *kind, made)) });
            }
            Write::ShareWithProject { project, kind, id, .. } => self.thing_mut(*project, *kind, id)?.shared = true,
            Write::Describe { project, kind, id, title, description } => {
                let thing = self.thing_mut(*project, *kind, id)?;
                thing.title = title.clone().unwrap_or_else(|| thing.title.clone());
                thing.description = description.clone().or_else(|| thing.description.take());
            }
            Write::SetMetricOwner { project, id, owner } => {
                self.thing_mut(*project, Kind::Metric, id)?.owners = vec![owner.clone()];
            }
            Write::SetSchemaContacts { project, id, body } => {
                let contacts = body.get("metadata")?.get("contacts")?.as_array()?.iter().filter_map(text_of);
                let contacts =
                    contacts.map(|text| Maker { address: Some(address(&text)), ..Maker::default() }).collect();
                self.thing_mut(*project, Kind::Schema, id)?.owners = contacts;
            }
            Write::CreateServiceAccount { username, role, projects } => {
                let id = self.fresh_id();
                let robot = Robot {
                    username: format!("{username}.x{id}"),
                    maker: ourselves(),
                    role: role.clone(),
                    last_used: None,
                };
                self.robots.insert(id, robot);
                for (project, role) in projects {
                    self.projects.get_mut(project)?.robots.insert(id, role.clone());
                }
                return Some(Applied { created: Some(id.to_string()) });
            }
            Write::DeleteServiceAccount { id } => {
                self.robots.remove(id)?;
                for project in self.projects.values_mut() {
                    project.robots.remove(id);
                }
            }
            Write::Deactivate { id } => *self.scim.as_mut()?.get_mut(id)? = false,
            Write::DeleteByScim { id } => {
                self.scim.as_mut()?.remove(id)?;
                if self.members.get(id).is_some_and(|member| member.address == address(LEAVER)) {
                    self.delete_leaver();
                    // What nobody else sees goes along.
                    for things in self.projects.values_mut().flat_map(|project| project.things.values_mut()) {
                        things.retain(|_, thing| thing.maker != leaver() || thing.shared);
                    }
                } else {
                    self.delete_member(id);
                }
            }
            Write::LeaveGroup { group: id, .. } => {
                let ways = self.provider.as_mut()?;
                ways.groups.iter_mut().find(|group| group.id == *id && group.member)?.member = false;
                for rule in ways.rules.iter_mut().filter(|rule| rule.groups.contains(id)) {
                    rule.excluded.insert(ACCOUNT.to_owned());
                }
                // Whoever has it through groups alone loses it with the last one.
                let by_group = ways.groups.iter().any(|group| group.member);
                ways.assignment = ways.assignment.take().filter(|assignment| assignment.direct || by_group);
            }
            Write::SyncNow { .. } => {
                self.provider.as_ref()?;
            }
            Write::EndSessions { .. } => {
                self.provider.as_ref()?;
                self.provider_log.push(LogEntry { at: now, event: LogEvent::SessionsEnded });
            }
            Write::Unassign { .. } => {
                let ways = self.provider.as_mut()?;
                if ways.groups.iter().any(|group| group.member) {
                    return None;
                }
                ways.assignment.take()?;
            }
            Write::AddServiceAccount { .. } | Write::RemoveServiceAccount { .. } => {
                panic!("the core never asks for {write:?}")
            }
        }
        Some(Applied { created: None })
    }

    fn duplicate_board(
        &mut self,
        project: ProjectId,
        id: &str,
        title: &str,
        description: &str,
        now: Timestamp,
    ) -> Option<String> {
        let source = self.thing(project, Kind::Board, id)?.clone();
        let reports = self.projects.get(&project)?.of(Kind::Report);
        let reports: Vec<Thing> = reports
            .filter(|(_, report)| report.part_of.as_deref() == Some(id))
            .map(|(_, report)| report.clone())
            .collect();
        let whole = !self.quirks.half_copies;
        let made = Thing {
            title: if self.quirks.ignores_titles { source.title.clone() } else { title.to_owned() },
            description: (!self.quirks.ignores_titles).then(|| description.to_owned()),
            maker: ourselves(),
            shared: false,
            people: Vec::new(),
            public_links: 0,
            created: Some(now),
            copy_of: Some((id.to_owned(), whole)),
            ..source
        };
        let copy = self.put(project.0, Kind::Board, made);
        for report in reports.into_iter().take(if whole { usize::MAX } else { 0 }) {
            let report = Thing { maker: ourselves(), part_of: Some(copy.clone()), created: Some(now), ..report };
            self.put(project.0, Kind::Report, report);
        }
        Some(copy)
    }
}

/// The address in an element of a recipient list, however the list is laid out.
fn text_of(element: &Value) -> Option<String> {
    element.as_str().or_else(|| element.get("value")?.as_str()).map(ToOwned::to_owned)
}
