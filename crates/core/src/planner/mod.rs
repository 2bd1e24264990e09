//! From an inventory to a plan: which claims, who or what makes each true, what stands in the way, what to know before saying yes.

mod access;
mod by_hand;
mod people;
mod provider;
mod records;
mod reduce;
mod senders;
mod teams;
mod transfer;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

pub(crate) use self::provider::affects;
pub use self::provider::provider_reads;
pub use self::reduce::name_teams;
pub(crate) use self::teams::witness;

use jiff::Timestamp;

use crate::claim::{Choice, Claim, ClaimKind, Guide, Predicate, Remedy, Rung, Subject};
use crate::ids::{Address, ClaimKey, PersonId, ProjectId};
use crate::inventory;
use crate::inventory::{Inventory, Likeness};
use crate::judge::{Names, Readings};
use crate::method::Method;
use crate::plan::{Account, Blocker, Finding, FindingKind, Plan, Policy, Request, Terms, keys};
use crate::reading::{Failure, Item, Me, Member, OrgRole, Roster, Snapshot};
use crate::scope;
use crate::source::{Kind, What};

/// Everything a plan is made from.
#[derive(Debug)]
pub struct Input<'a> {
    /// What was asked for.
    pub request: &'a Request,
    /// The organization's policy.
    pub policy: &'a Policy,
    /// The leaver's and the successor's addresses, our own user name.
    pub names: &'a Names,
    /// The configured people who witness that a member list is complete, with their addresses.
    pub witnesses: &'a [(PersonId, Address)],
    /// The address of the person who runs this command, where known.
    pub operator: Option<&'a Address>,
    /// The inventory's readings.
    pub readings: &'a Readings,
    /// Choices that differ from the defaults.
    pub choices: &'a BTreeMap<ClaimKey, Choice>,
    /// The reads that have shown both states of an account in this organization (PRACTICE-10).
    pub shown: &'a BTreeSet<Rung>,
    /// The name of the credential that reads.
    pub credential: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// A plan with what must be stored beside it, because events hold no names.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The control members: the person where configured, the vendor id where shown, the address.
    pub control: Vec<(Option<PersonId>, Option<String>, Address)>,
    /// Titles of the objects that the plan mentions.
    pub labels: BTreeMap<String, String>,
}

/// Why no plan can be made at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody has that address.
    #[error("nobody in the organization has the address {address}")]
    Unknown {
        /// The address.
        address: Address,
        /// Addresses that look like it.
        similar: Vec<Address>,
    },
    /// Two accounts have it.
    #[error("{count} accounts bear the address {address}")]
    Ambiguous {
        /// The address.
        address: Address,
        /// How many.
        count: usize,
    },
    /// It is the operator.
    #[error("{0} is your own address: somebody else must remove you")]
    Yourself(Address),
    /// It is the product's own credential.
    #[error("{0} is the account that leaver itself uses")]
    OwnCredential(Address),
    /// The credential does not see the organization: another region or another organization.
    #[error("the credential does not see organization {0}: is the region right?")]
    WrongRegion(u64),
    /// No team, or more than one, bears the name.
    #[error("{why}")]
    Team {
        /// What is wrong.
        why: String,
        /// The teams that there are.
        known: Vec<String>,
    },
    /// The organization or the member list could not be read.
    #[error("{what} could not be read: {failure}")]
    Unread {
        /// What.
        what: String,
        /// Why.
        failure: Failure,
    },
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "L101",
            Self::Ambiguous { .. } => "L102",
            Self::Yourself(_) => "L103",
            Self::OwnCredential(_) => "L104",
            Self::WrongRegion(_) => "L108",
            Self::Team { .. } => "L112",
            Self::Unread { failure: Failure::Unauthorized, .. } => "L109",
            Self::Unread { .. } => "L110",
        }
    }
}

/// What an inventory reads first: who we are, who is a member, and of which teams.
pub fn first_reads(scim: bool) -> Vec<What> {
    let mut reads = vec![What::Me, What::Roster, What::Teams, What::ServiceAccounts, What::Projects];
    if scim {
        reads.push(What::ScimUsers);
    }
    reads
}

/// What an inventory reads next: every kind of content in every project where we have a role.
pub fn project_reads(me: &Me) -> Vec<What> {
    me.projects
        .iter()
        .filter(|(_, seen)| seen.role.is_some())
        .flat_map(|(project, _)| {
            let lists = Kind::listed().map(|kind| What::List(*project, kind));
            lists.chain([What::LegacyPipelines(*project)])
        })
        .collect()
}

/// The kinds whose share lists can be read (`facts/mixpanel.md` 4.4).
const SHARED_KINDS: [Kind; 9] = [
    Kind::Board,
    Kind::Report,
    Kind::Cohort,
    Kind::CustomEvent,
    Kind::CustomProperty,
    Kind::Metric,
    Kind::Behavior,
    Kind::Flag,
    Kind::Experiment,
];

/// What an inventory reads last: the share lists of every board and cohort, which people share by name beside sharing them with
/// the project, of whatever else is private or restricted, and of what does not say whether it is. A report that says nothing
/// stands on its board, and a flag or experiment always says it.
pub fn share_reads(readings: &Readings) -> BTreeSet<What> {
    readings
        .values()
        .filter_map(|reading| match (&reading.source.what, &reading.result) {
            (What::List(project, kind), Ok(snapshot)) if SHARED_KINDS.contains(kind) => {
                Some((*project, *kind, snapshot.items()?))
            }
            _ => None,
        })
        .flat_map(|(project, kind, items)| {
            let always = matches!(kind, Kind::Board | Kind::Cohort);
            let tells = matches!(kind, Kind::Report | Kind::Flag | Kind::Experiment);
            let hidden = move |item: &&Item| {
                always
                    || item.private == Some(true)
                    || item.shared == Some(false)
                    || !tells && item.private.is_none() && item.shared.is_none()
            };
            items.iter().filter(hidden).map(move |item| What::Shares(project, kind, item.id.clone()))
        })
        .collect()
}

/// What an inventory reads about the leaver's boards: on which other boards each of their reports stands (XFER-7). The list of boards
/// does not tell (`facts/mixpanel.md` 4.3).
pub fn linked_reads(readings: &Readings, names: &Names) -> BTreeSet<What> {
    let id = [What::Roster].iter().find_map(|what| {
        let roster = readings.get(what)?.result.as_ref().ok()?.roster()?;
        names.leaver.iter().find_map(|address| roster.by_address(address))?.id.clone()
    });
    let theirs = |item: &Item| {
        item.maker.as_ref().is_some_and(|maker| names.leaver.iter().any(|address| maker.is(id.as_deref(), address)))
    };
    let mut reads = BTreeSet::new();
    for (what, reading) in readings {
        let (What::List(project, Kind::Board), Ok(Snapshot::Items(boards))) = (what, &reading.result) else { continue };
        let boards: BTreeSet<&str> =
            boards.iter().filter(|board| theirs(board)).map(|board| board.id.as_str()).collect();
        let reports =
            readings.get(&What::List(*project, Kind::Report)).and_then(|reading| reading.result.as_ref().ok());
        for report in reports.and_then(Snapshot::items).unwrap_or_default() {
            if report.part_of.as_deref().is_some_and(|board| boards.contains(board)) {
                reads.insert(What::LinkedBoards(*project, report.id.clone()));
            }
        }
    }
    reads
}

/// Whom of the member lists a plan and its judge look at: the leaver, whoever looks like them, every owner, the people of the case.
/// Of everybody else it is enough that they are listed.
#[derive(Debug, Clone)]
pub struct Focus {
    leavers: Vec<Likeness>,
    near: BTreeSet<Address>,
}

impl Focus {
    /// The people of a case, and those who matter on the lists that were read with a focus before.
    pub fn of(names: &Names, witnesses: &[(PersonId, Address)], readings: &Readings) -> Self {
        let mut near: BTreeSet<Address> = names.leaver.iter().chain(&names.executor).cloned().collect();
        near.extend(witnesses.iter().map(|(_, address)| address.clone()));
        near.extend(names.successor.iter().filter_map(|successor| successor.address.clone()));
        let lists = readings.values().filter_map(|reading| reading.result.as_ref().ok()?.roster());
        near.extend(lists.flat_map(|roster| &roster.members).map(|member| member.address.clone()));
        Self { leavers: names.leaver.iter().map(Likeness::of).collect(), near }
    }

    /// A list of these people. They are gone through twice, because whoever bears the leaver's name may stand before the leaver.
    pub fn roster<M: Borrow<Member>>(&self, people: impl Iterator<Item = M> + Clone) -> Roster {
        let names: Vec<(&Likeness, Option<String>)> = self
            .leavers
            .iter()
            .map(|leaver| {
                let own = people.clone().find(|member| member.borrow().address == *leaver.address());
                (leaver, own.and_then(|member| member.borrow().name.clone()))
            })
            .collect();
        let mut roster = Roster::default();
        for member in people {
            let member = member.borrow();
            roster.notice(member);
            let similar = |(leaver, name): &(&Likeness, Option<String>)| {
                leaver.shows(&member.address, member.name.as_deref(), name.as_deref())
            };
            if self.near.contains(&member.address) || member.role == Some(OrgRole::Owner) || names.iter().any(similar) {
                roster.members.push(member.clone());
            } else {
                roster.others.add(&member.address);
            }
        }
        roster.in_order();
        roster
    }

    /// Whether this member of a data view matters. Without an address nobody can be told apart. Data views stand in for a member list
    /// that cannot be read, and then nobody knows who is an owner.
    pub fn sees(&self, address: Option<&Address>) -> bool {
        address.is_none_or(|address| self.near.contains(address))
    }

    /// What matters of a snapshot that was read without a focus.
    pub fn apply(&self, snapshot: &mut Snapshot) {
        match snapshot {
            Snapshot::Roster(roster) => {
                let whole = std::mem::take(roster);
                *roster = self.roster(whole.members.iter());
                roster.others.extend(whole.others);
                roster.shows_roles = whole.shows_roles;
                roster.shows_grants = whole.shows_grants;
                roster.grant_kinds = whole.grant_kinds;
                roster.in_order();
            }
            Snapshot::Me(me) => {
                me.view_members.retain(|member| self.sees(member.address.as_ref()));
                me.view_members.shrink_to_fit();
            }
            Snapshot::Teams(list) => {
                for members in list.teams.iter_mut().filter_map(|team| team.members.as_mut()) {
                    let mut beside = 0;
                    members.retain(|member| {
                        let matters = self.sees(member.address.as_ref());
                        beside += usize::from(!matters);
                        matters || beside <= BESIDE
                    });
                    members.shrink_to_fit();
                }
            }
            Snapshot::Items(_)
            | Snapshot::One(_)
            | Snapshot::Absent
            | Snapshot::Shares(_)
            | Snapshot::Data
            | Snapshot::Accepted(_)
            | Snapshot::Accounts(_)
            | Snapshot::Ways(_)
            | Snapshot::Gives(_)
            | Snapshot::Rule(_)
            | Snapshot::Log(_)
            | Snapshot::SignIns(_) => {}
        }
    }
}

/// So many others of a team are kept as witnesses that its members are shown.
const BESIDE: usize = 3;

/// Makes the plan.
///
/// # Errors
/// A [`Refusal`] when the leaver cannot be found or must not be touched.
pub fn plan(input: &Input<'_>) -> Result<Planned, Refusal> {
    let me = me(input)?;
    let address = input.names.leaver.first().cloned().ok_or_else(|| Refusal::Unread {
        what: "the leaver's address".to_owned(),
        failure: Failure::NotConfigured("no address".to_owned()),
    })?;
    if input.operator == Some(&address) {
        return Err(Refusal::Yourself(address));
    }
    let own = [me.address.as_deref(), input.names.own_username.as_deref()];
    if own.iter().flatten().any(|own| own.eq_ignore_ascii_case(address.as_str())) {
        return Err(Refusal::OwnCredential(address));
    }
    let list = member_list(input);
    let (subject, members) = locate(input, &me, list, &address)?;
    let mut desk = Desk {
        input,
        me: &me,
        inventory: Inventory::of(input.readings, &subject, input.names, input.policy),
        subject,
        claims: Vec::new(),
        findings: Vec::new(),
        blockers: Vec::new(),
        labels: BTreeMap::new(),
        choices: BTreeMap::new(),
    };
    desk.people(list, &address);
    desk.teams();
    desk.views();
    desk.authority();
    desk.senders();
    desk.share_lists();
    desk.transfer();
    desk.service_accounts();
    desk.provider();
    desk.provider_by_hand();
    desk.canary();
    desk.ways_back();
    desk.membership();
    desk.declarations();
    desk.not_seen();
    desk.labels_and_findings();
    let control = control(input, list);
    let scope = scope::of(&desk.claims, input.request, &desk.findings);
    Ok(Planned {
        plan: Plan {
            terms: Terms::from(input.request),
            subject: desk.subject,
            control: control
                .iter()
                .map(|(person, id, address)| Account {
                    person: person.clone().unwrap_or_else(|| {
                        PersonId::new(format!(
                            "witness_{}",
                            crate::ids::Digest::of(address.as_str().as_bytes()).short()
                        ))
                    }),
                    vendor_id: id.clone(),
                    scim_id: None,
                    provider_id: None,
                    role: None,
                    grants: None,
                    teams: None,
                })
                .collect(),
            members,
            policy: input.policy.clone(),
            own_domains: input.policy.own_domains.clone(),
            credential: input.credential.to_owned(),
            claims: desk.claims,
            scope,
            choices: desk.choices,
            blockers: desk.blockers,
            findings: desk.findings,
        },
        control,
        labels: desk.labels,
    })
}

fn me(input: &Input<'_>) -> Result<Me, Refusal> {
    match input.readings.get(&What::Me).map(|reading| &reading.result) {
        Some(Ok(Snapshot::Me(me))) if me.sees_organization => Ok(me.clone()),
        Some(Ok(_)) => Err(Refusal::WrongRegion(input.request.vendor_org.0)),
        Some(Err(failure)) => Err(Refusal::Unread { what: "/me".to_owned(), failure: failure.clone() }),
        None => Err(Refusal::Unread { what: "/me".to_owned(), failure: Failure::Network }),
    }
}

/// The best member list at hand: the roster, else SCIM.
fn member_list<'a>(input: &Input<'a>) -> Option<&'a Roster> {
    [What::Roster, What::ScimUsers].into_iter().find_map(|what| {
        let reading = input.readings.get(&what)?;
        match &reading.result {
            Ok(Snapshot::Roster(roster)) if reading.to_the_end => Some(roster),
            _ => None,
        }
    })
}

fn locate(input: &Input<'_>, me: &Me, list: Option<&Roster>, address: &Address) -> Result<(Account, usize), Refusal> {
    let person = input.request.leaver.clone();
    let Some(roster) = list else {
        // No list can be read: a data view may still show the person and pin the id, else the address alone pins.
        let shown = me.view_members.iter().find(|member| member.address.as_ref() == Some(address));
        if shown.is_none()
            && let Some(Err(failure)) = input.readings.get(&What::Roster).map(|reading| &reading.result)
            && !matches!(
                failure,
                Failure::Forbidden
                    | Failure::Html
                    | Failure::NotFound
                    | Failure::NotConfigured(_)
                    | Failure::Refused { .. }
            )
        {
            return Err(Refusal::Unread { what: "the member list".to_owned(), failure: failure.clone() });
        }
        let vendor_id = shown.and_then(|member| member.id.clone());
        let subject =
            Account { person, vendor_id, scim_id: None, provider_id: None, role: None, grants: None, teams: None };
        return Ok((subject, 0));
    };
    let scim = input.readings.get(&What::ScimUsers).and_then(|reading| reading.result.as_ref().ok()?.roster());
    let scim_id = scim.and_then(|list| list.by_address(address)?.id.clone());
    // An id of SCIM need not be the one that the vendor's own objects name.
    let by_roster =
        input.readings.get(&What::Roster).is_some_and(|reading| reading.result.is_ok() && reading.to_the_end);
    let mut matching = roster.members.iter().filter(|member| member.address == *address);
    match (matching.next(), matching.count()) {
        (Some(member), 0) => Ok((
            Account {
                person,
                vendor_id: member.id.clone().filter(|_| by_roster),
                scim_id,
                provider_id: None,
                role: member.role,
                grants: member.grants.clone(),
                teams: None,
            },
            roster.len(),
        )),
        (Some(_), more) => Err(Refusal::Ambiguous { address: address.clone(), count: more + 1 }),
        (None, _) => Err(Refusal::Unknown {
            address: address.clone(),
            similar: inventory::similar(roster, address, None)
                .into_iter()
                .map(|member| member.address.clone())
                .collect(),
        }),
    }
}

/// The control members: every owner that the list shows, and the configured people that it shows.
fn control(input: &Input<'_>, list: Option<&Roster>) -> Vec<(Option<PersonId>, Option<String>, Address)> {
    let mut control: Vec<(Option<PersonId>, Option<String>, Address)> = Vec::new();
    let leaver = |address: &Address| input.names.leaver.contains(address);
    let Some(roster) = list else {
        return input
            .witnesses
            .iter()
            .filter(|(_, address)| !leaver(address))
            .map(|(person, address)| (Some(person.clone()), None, address.clone()))
            .collect();
    };
    for member in &roster.members {
        let person =
            input.witnesses.iter().find(|(_, address)| *address == member.address).map(|(person, _)| person.clone());
        if (member.role == Some(OrgRole::Owner) || person.is_some()) && !leaver(&member.address) {
            control.push((person, member.id.clone(), member.address.clone()));
        }
    }
    control
}

struct Desk<'a> {
    input: &'a Input<'a>,
    me: &'a Me,
    inventory: Inventory<'a>,
    subject: Account,
    claims: Vec<Claim>,
    findings: Vec<Finding>,
    blockers: Vec<Blocker>,
    labels: BTreeMap<String, String>,
    choices: BTreeMap<ClaimKey, Choice>,
}

/// A claim with nothing to need, affect or choose; the fields that differ are set by the caller.
fn claim(key: ClaimKey, runbook: &[&str], kind: ClaimKind, says: Predicate, reads: Vec<What>, remedy: Remedy) -> Claim {
    Claim {
        key,
        runbook: runbook.iter().map(|id| (*id).to_owned()).collect(),
        kind,
        says,
        reads,
        needs: Vec::new(),
        also_affects: Vec::new(),
        remedy,
        options: Vec::new(),
        final_act: false,
    }
}

/// What no interface shows: a named person says it.
fn declared(key: ClaimKey, runbook: &[&str], kind: ClaimKind, subject: Subject, guide: Guide) -> Claim {
    let says = Predicate::Declared { subject };
    let mut made = claim(key, runbook, kind, says, Vec::new(), Remedy::Attested(guide));
    made.options = vec![Choice::AcceptRisk];
    made
}

fn data_views() -> Claim {
    claim(
        keys::data_views(),
        &["BEYOND-3"],
        ClaimKind::Access,
        Predicate::NoDataView,
        vec![What::Me],
        Remedy::Guided(Guide::LeaveDataViews),
    )
}

impl Desk<'_> {
    /// Whether the method touches this project: reducing leaves the others as they are (METHOD-5).
    fn covers(&self, project: ProjectId) -> bool {
        self.input.request.method != Method::Reduce || self.input.request.projects.contains(&project)
    }

    fn block(&mut self, code: &str, why: impl Into<String>) {
        self.blockers.push(Blocker { code: code.to_owned(), why: why.into() });
    }

    fn find(&mut self, kind: FindingKind, runbook: &str, object: Option<String>, says: impl Into<String>) {
        self.findings.push(Finding { kind, runbook: runbook.to_owned(), object, says: says.into() });
    }

    /// The choice for a claim: what the requester asked for, else the default.
    fn choose(&mut self, key: &ClaimKey, default: Choice, allowed: &[Choice]) -> Choice {
        let choice = self.input.choices.get(key).copied().unwrap_or(default);
        if !allowed.contains(&choice) {
            let words: Vec<&str> = allowed.iter().map(|choice| choice.word()).collect();
            self.block("L018", format!("'{}' is no choice for {key}: it offers {}", choice.word(), words.join(", ")));
        }
        self.choices.insert(key.clone(), choice);
        choice
    }
}
