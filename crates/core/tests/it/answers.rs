//! What a read of the model world shows, and whether a statement about it is true.

use jiff::Timestamp;
use leaver_core::claim::Predicate;
use leaver_core::ids::{CredentialName, Digest, ProjectId, VendorOrg};
use leaver_core::reading::{
    Failure, Grant, GrantKind, Item, Maker, Me, Member, OrgRole, ProjectSeen, Reading, Recipient, Roster, Shares,
    Snapshot, Team, Teams, ViewMember,
};
use leaver_core::source::{Kind, Source, What};
use serde_json::{Value, json};

use crate::world::{LEAVER, LEAVER_ID, OWN_ID, OWN_USERNAME, SUCCESSOR_ID, Thing, World, address};

/// The vendor's number of the organization.
pub(crate) const ORGANIZATION: VendorOrg = VendorOrg(7);

/// The source with our reading credential.
pub(crate) fn source(what: What) -> Source {
    Source { tenant: ORGANIZATION, credential: CredentialName::from("reader"), what }
}

/// A whole answer, sent and ended at one time.
pub(crate) fn reading(what: What, at: Timestamp, result: Result<Snapshot, Failure>) -> Reading {
    let capture = Digest::of(format!("{what} at {at}: {result:?}").as_bytes());
    let to_the_end = result.is_ok();
    Reading { source: source(what), sent_at: at, ended_at: at, result, to_the_end, captures: vec![capture] }
}

impl World {
    /// The truthful, whole answer to a read.
    pub(crate) fn read(&self, what: &What, at: Timestamp) -> Reading {
        reading(what.clone(), at, self.snapshot(what))
    }

    fn snapshot(&self, what: &What) -> Result<Snapshot, Failure> {
        if self.own_role.is_none() && !matches!(what, What::Me | What::Accepts(_)) {
            return Err(Failure::Forbidden);
        }
        if let Some(project) = what.project()
            && self.projects.get(&project).is_none_or(|project| project.role.is_none())
        {
            return Err(Failure::Forbidden);
        }
        Ok(match what {
            What::Me => Snapshot::Me(self.me()),
            What::Roster => Snapshot::Roster(self.roster(|_, member| Some(member.clone()))),
            What::ScimUsers => {
                let list = self.scim.as_ref().ok_or_else(|| Failure::NotConfigured("no SCIM".to_owned()))?;
                Snapshot::Roster(self.roster(|id, member| {
                    let active = Some(*list.get(id)?);
                    Some(Member { active, role: None, grants: None, ..member.clone() })
                }))
            }
            What::Projects => Snapshot::Items(
                self.projects
                    .keys()
                    .map(|id| Item { id: id.to_string(), title: format!("project {id}"), ..Item::default() })
                    .collect(),
            ),
            What::ServiceAccounts => {
                Snapshot::Items(self.robots.keys().filter_map(|id| self.robot_item(*id)).collect())
            }
            What::ServiceAccount(id) => {
                self.robot_item(*id).map_or(Snapshot::Absent, |item| Snapshot::One(Box::new(item)))
            }
            What::ProjectServiceAccounts(project) => Snapshot::Items(self.granted(*project)),
            What::List(project, kind) => Snapshot::Items(self.items(*project, *kind)),
            What::Object(project, kind, id) => self
                .thing(*project, *kind, id)
                .map_or(Snapshot::Absent, |thing| Snapshot::One(Box::new(self.item(*project, *kind, id, thing, true)))),
            What::Shares(project, kind, id) => self.thing(*project, *kind, id).map_or(Snapshot::Absent, |thing| {
                Snapshot::Shares(Shares { people: thing.people.clone(), project: thing.shared, ..Shares::default() })
            }),
            What::Teams => Snapshot::Teams(self.team_list()),
            What::ReportData(..) => Snapshot::Data,
            What::Accepts(name) => {
                let id = self.secrets.get(name).ok_or_else(|| Failure::NotConfigured("no such secret".to_owned()))?;
                Snapshot::Accepted(self.robots.contains_key(id) && !self.quirks.refuses_secrets)
            }
            What::ProviderAccounts(_) => Snapshot::Accounts(self.ways()?.account.iter().cloned().collect()),
            What::Ways(id) => {
                let mut ways = self.ways()?.clone();
                ways.account = ways.account.filter(|account| account.id == *id);
                Snapshot::Ways(Box::new(ways))
            }
            What::ProviderLog(_) => {
                self.ways()?;
                if let Some(failure) = &self.provider_log_fails {
                    return Err(failure.clone());
                }
                Snapshot::Log(self.provider_log.clone())
            }
            What::CanarySignIns => Snapshot::SignIns(self.sign_ins.clone()?),
            What::GroupGives(id) => Snapshot::Gives(self.ways()?.groups.iter().any(|group| group.id == *id)),
            What::ProviderRule(id) => {
                let rule = self.ways()?.rules.iter().find(|rule| rule.id == *id);
                rule.map_or(Snapshot::Absent, |rule| Snapshot::Rule(Box::new(rule.clone())))
            }
            // The model has none of the rest.
            _ => Snapshot::Items(Vec::new()),
        })
    }

    fn ways(&self) -> Result<&leaver_core::provider::Ways, Failure> {
        self.provider.as_ref().ok_or_else(|| Failure::NotConfigured("no identity provider".to_owned()))
    }

    fn me(&self) -> Me {
        let sees = self.own_role.is_some();
        let seen = self.projects.iter().filter(|_| sees);
        Me {
            user_id: Some(OWN_ID.to_owned()),
            address: Some(OWN_USERNAME.to_owned()),
            role: self.own_role,
            permissions: if self.own_role == Some(OrgRole::Owner) {
                vec!["delete_members".to_owned()]
            } else {
                Vec::new()
            },
            sees_organization: sees,
            projects: seen
                .clone()
                .map(|(id, project)| {
                    let role = project.role.clone();
                    (
                        *id,
                        ProjectSeen {
                            name: format!("project {id}"),
                            role,
                            data_view: Some(id.0 * 10),
                            ..ProjectSeen::default()
                        },
                    )
                })
                .collect(),
            view_members: seen
                .filter(|(_, project)| project.role.is_some())
                .flat_map(|(id, project)| {
                    let listed = self.members.values().filter(|_| self.open_views);
                    let everybody = listed.map(|member| (member.address.clone(), id.0 * 10, false));
                    everybody
                        .chain(project.restricted_view.iter().map(|person| (person.clone(), id.0 * 10 + 1, true)))
                        .map(|(person, view, restricted)| ViewMember {
                            project: *id,
                            view,
                            restricted,
                            id: None,
                            address: Some(person),
                            invited: false,
                        })
                })
                .collect(),
        }
    }

    fn roster(&self, shown: impl Fn(&String, &Member) -> Option<Member>) -> Roster {
        let mut members: Vec<Member> = self.members.iter().filter_map(|(id, member)| shown(id, member)).collect();
        members.sort_by(|a, b| a.address.cmp(&b.address));
        let grants = members.iter().filter_map(|member| member.grants.as_ref()).flatten();
        let grant_kinds = grants.map(|grant| grant.kind).collect();
        Roster { members, shows_roles: true, shows_grants: true, grant_kinds, ..Roster::default() }
    }

    fn team_list(&self) -> Teams {
        let teams = self.teams.iter().map(|(id, (people, project))| {
            let members = people.iter().map(|id| Maker {
                id: Some(id.clone()),
                address: self.members.get(id).map(|member| member.address.clone()),
                name: None,
            });
            let grant = Grant {
                kind: GrantKind::Team,
                project: Some(*project),
                role: Some("analyst".to_owned()),
                team: Some(id.clone()),
            };
            Team {
                id: id.clone(),
                name: format!("team {id}"),
                members: Some(members.collect()),
                grants: Some(vec![grant]),
            }
        });
        Teams { teams: teams.collect(), by_scim: false }
    }

    fn robot_item(&self, id: u64) -> Option<Item> {
        let robot = self.robots.get(&id)?;
        Some(Item {
            id: id.to_string(),
            title: robot.username.clone(),
            maker: Some(robot.maker.clone().into()),
            role: Some(robot.role.clone()),
            last_used: robot.last_used.map(|at| at.to_string()),
            ..Item::default()
        })
    }

    fn granted(&self, project: ProjectId) -> Vec<Item> {
        let Some(of) = self.projects.get(&project) else { return Vec::new() };
        let grant = |role: &String| Grant {
            kind: GrantKind::Individual,
            project: Some(project),
            role: Some(role.clone()),
            team: None,
        };
        of.robots
            .iter()
            .filter_map(|(id, role)| Some(Item { projects: vec![grant(role)], ..self.robot_item(*id)? }))
            .collect()
    }

    fn items(&self, project: ProjectId, kind: Kind) -> Vec<Item> {
        let things = self.projects.get(&project).into_iter().flat_map(|of| of.of(kind));
        things.map(|(id, thing)| self.item(project, kind, id, thing, false)).collect()
    }

    fn item(&self, project: ProjectId, kind: Kind, id: &str, thing: &Thing, by_id: bool) -> Item {
        let mail = thing.recipients.iter().map(|text| Recipient::Mail(address(text)));
        let channels = (0..thing.channels).map(|n| Recipient::Slack(format!("channel {n}")));
        Item {
            id: id.to_owned(),
            title: thing.title.clone(),
            maker: Some(thing.maker.clone().into()),
            owners: thing.owners.clone(),
            recipients: mail.chain(channels).chain(thing.host.clone().map(Recipient::Host)).collect(),
            private: Some(!thing.shared),
            shared: Some(thing.shared),
            public_links: (kind == Kind::Board).then_some(thing.public_links),
            part_of: thing.part_of.clone(),
            definition: self.digest(project, kind, id),
            paused: matches!(kind, Kind::Webhook | Kind::Automation).then_some(thing.off),
            description: thing.description.clone(),
            created: thing.created.map(|at| at.to_string()),
            editor: thing.edited.as_ref().map(|(editor, _)| editor.clone().into()),
            modified: thing.edited.as_ref().map(|(_, at)| at.to_string()),
            raw: if by_id { raw(kind, id, thing) } else { Value::Null },
            ..Item::default()
        }
    }

    /// Whether a statement is true of the world as it is; `None` for statements about something else.
    pub(crate) fn truth(&self, says: &Predicate) -> Option<bool> {
        let member = self.members.values().find(|member| member.address == address(LEAVER));
        let grants = || self.leavers_grants();
        let is_leaver = |maker: &Maker| {
            maker.id.as_deref().map_or_else(|| maker.address == Some(address(LEAVER)), |id| id == LEAVER_ID)
        };
        let gone_or = |project: &ProjectId, kind, id: &str, fine: &dyn Fn(&Thing) -> bool| {
            Some(self.thing(*project, kind, id).is_none_or(fine))
        };
        match says {
            Predicate::NotMember => Some(member.is_none()),
            Predicate::RoleAtMost { role } => Some(member.is_none_or(|member| member.role <= Some(*role))),
            Predicate::RoleNotBelow { role } => Some(member.is_some_and(|member| member.role >= Some(*role))),
            Predicate::GrantsAsBefore { grants } => {
                Some(member.is_some() && grants.iter().all(|stays| self.leavers_grants().any(|grant| grant == stays)))
            }
            Predicate::NoProjectGrant => Some(grants().next().is_none()),
            Predicate::NoGrantIn { projects } => {
                Some(!grants().any(|grant| grant.project.is_none_or(|project| projects.contains(&project))))
            }
            Predicate::NoTeam => {
                let id = member.and_then(|member| member.id.as_deref()).unwrap_or(LEAVER_ID);
                Some(!self.teams.values().any(|(people, _)| people.contains(id)))
            }
            Predicate::NotInTeams { teams } => {
                let id = member.and_then(|member| member.id.as_deref()).unwrap_or(LEAVER_ID);
                let named = self.teams.iter().filter(|(team, _)| teams.contains(*team));
                Some(!named.into_iter().any(|(_, (people, _))| people.contains(id)))
            }
            Predicate::TeamsAsBefore { teams } => {
                let id = member.and_then(|member| member.id.as_deref())?;
                Some(teams.iter().all(|team| self.teams.get(team).is_some_and(|(people, _)| people.contains(id))))
            }
            Predicate::NoDataView => {
                let seen = self.projects.values().filter(|project| project.role.is_some());
                Some(!seen.flat_map(|project| &project.restricted_view).any(|person| *person == address(LEAVER)))
            }
            Predicate::ScimInactive => {
                let listed = self
                    .scim
                    .as_ref()?
                    .iter()
                    .find(|(id, _)| self.members.get(*id).is_some_and(|member| member.address == address(LEAVER)));
                Some(listed.is_none_or(|(_, active)| !active))
            }
            Predicate::ScimGone => Some(
                !self
                    .scim
                    .as_ref()?
                    .keys()
                    .any(|id| self.members.get(id).is_some_and(|member| member.address == address(LEAVER))),
            ),
            Predicate::NoServiceAccountBy => Some(!self.robots.values().any(|robot| is_leaver(&robot.maker))),
            Predicate::Replaced { service_account } => Some(self.replacements(*service_account).count() >= 1),
            Predicate::NothingSends { project, kind } => {
                let sends = |thing: &Thing| {
                    let mails = thing.recipients.iter().any(|text| text.eq_ignore_ascii_case(LEAVER));
                    let calls = thing.host.as_deref().is_some_and(|host| host.ends_with("agency.example"));
                    (mails || calls) && !thing.off
                };
                Some(!self.projects.get(project)?.of(*kind).any(|(_, thing)| sends(thing)))
            }
            Predicate::NotShared { project, kind, id } => {
                gone_or(project, *kind, id, &|thing| !thing.people.iter().any(is_leaver))
            }
            Predicate::NoPublicLink { project, board } => {
                gone_or(project, Kind::Board, board, &|thing| thing.public_links == 0)
            }
            Predicate::Copied { project, kind, id } => Some(self.copies(*project, *kind, id).any(|(_, copy)| {
                copy.shared && copy.description.is_some() && copy.copy_of.as_ref().is_some_and(|(_, whole)| *whole)
            })),
            Predicate::OwnedBySuccessor { project, id } => gone_or(project, Kind::Metric, id, &is_successors),
            Predicate::ContactsSuccessor { project, id } => {
                gone_or(project, Kind::Schema, id, &|thing| is_successors(thing) && !thing.owners.iter().any(is_leaver))
            }
            Predicate::Described { project, kind, id } => gone_or(project, *kind, id, &|thing| {
                thing.description.as_deref().is_some_and(|text| text.contains('['))
            }),
            Predicate::Dropped { project, kind, id } => Some(self.thing(*project, *kind, id).is_none()),
            Predicate::MembersKept { ids } => Some(ids.iter().all(|id| self.members.contains_key(id))),
            Predicate::MayRemove => Some(self.own_role == Some(OrgRole::Owner)),
            Predicate::ExecutorMayRemove => {
                Some(self.members.get("3").and_then(|member| member.role) >= Some(OrgRole::Admin))
            }
            // The rest says nothing about this world.
            _ => None,
        }
    }

    fn leavers_grants(&self) -> impl Iterator<Item = &Grant> {
        let member = self.members.values().find(|member| member.address == address(LEAVER));
        member.into_iter().flat_map(|member| member.grants.iter().flatten())
    }

    /// The copies of a thing that stand in the world.
    pub(crate) fn copies(&self, project: ProjectId, kind: Kind, id: &str) -> impl Iterator<Item = (&String, &Thing)> {
        let things = self.projects.get(&project).into_iter().flat_map(move |of| of.of(kind));
        things.filter(move |(_, thing)| thing.copy_of.as_ref().is_some_and(|(source, _)| source == id))
    }

    /// The replacements of a service account that stand in the world.
    pub(crate) fn replacements(&self, old: u64) -> impl Iterator<Item = u64> {
        let named = format!("-{old}-");
        self.robots
            .iter()
            .filter(move |(_, robot)| robot.maker.id.as_deref() == Some(OWN_ID) && robot.username.contains(&named))
            .map(|(id, _)| *id)
    }
}

fn is_successors(thing: &Thing) -> bool {
    let address = address(crate::world::SUCCESSOR);
    thing
        .owners
        .iter()
        .any(|owner| owner.id.as_deref() == Some(SUCCESSOR_ID) || owner.address.as_ref() == Some(&address))
}

/// The raw object of an item read by id, as far as the vendor's field lists describe it.
fn raw(kind: Kind, id: &str, thing: &Thing) -> Value {
    match kind {
        Kind::Subscription => {
            let channels: Vec<Value> = (0..thing.channels).map(|n| json!({ "channel": n })).collect();
            json!({ "id": id, "recipients": thing.recipients, "slack_subscriptions": channels })
        }
        Kind::Alert => {
            let people = thing.recipients.iter().map(|text| json!({ "type": "email", "value": text }));
            json!({ "id": id, "subscriptions": people.collect::<Vec<Value>>() })
        }
        Kind::SchemaSettings => json!({ "notification_emails": thing.recipients }),
        Kind::Schema => {
            let contacts =
                thing.owners.iter().filter_map(|owner| owner.address.as_ref()).map(|address| json!(address.as_str()));
            json!({ "name": id, "metadata": { "contacts": contacts.collect::<Vec<Value>>() } })
        }
        _ => json!({ "id": id, "name": thing.title, "description": thing.description, "selects": thing.body }),
    }
}
