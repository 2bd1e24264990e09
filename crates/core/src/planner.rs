//! From an inventory to a plan: which claims, who or what makes each true, what stands in the way, what to know before saying yes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::claim::{Choice, Claim, ClaimKind, Guide, Predicate, Record, Remedy, Rung, Subject};
use crate::ids::{Address, ClaimKey, PersonId, ProjectId};
use crate::inventory::{self, Inventory};
use crate::judge::{Names, Readings};
use crate::method::{Method, Urgency};
use crate::plan::{Account, Blocker, Finding, FindingKind, Plan, Policy, Request, Terms, keys};
use crate::reading::{Failure, Item, Me, OrgRole, Roster, Snapshot};
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
            Self::Unread { failure: Failure::Unauthorized, .. } => "L109",
            Self::Unread { .. } => "L110",
        }
    }
}

/// What an inventory reads first: who we are and who is a member.
pub fn first_reads(scim: bool) -> Vec<What> {
    let mut reads = vec![What::Me, What::Roster, What::ServiceAccounts, What::Projects];
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
        .flat_map(|(project, _)| crate::decide::list_kinds().map(|kind| What::List(*project, kind)))
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
/// the project, and of whatever else is private or restricted.
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
            let hidden = move |item: &&Item| always || item.private == Some(true) || item.shared == Some(false);
            items.iter().filter(hidden).map(move |item| What::Shares(project, kind, item.id.clone()))
        })
        .collect()
}

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
    desk.authority();
    desk.senders();
    desk.share_lists();
    desk.transfer();
    desk.service_accounts();
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
                    role: None,
                    grants: None,
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
        return Ok((Account { person, vendor_id, role: None, grants: None }, 0));
    };
    let mut matching = roster.members.iter().filter(|member| member.address == *address);
    match (matching.next(), matching.count()) {
        (Some(member), 0) => Ok((
            Account { person, vendor_id: member.id.clone(), role: member.role, grants: member.grants.clone() },
            roster.members.len(),
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

    fn people(&mut self, list: Option<&Roster>, address: &Address) {
        let rung = if list.is_some() { Rung::Roster } else { Rung::Me };
        if !self.input.shown.contains(&rung) {
            self.find(
                FindingKind::Weakness,
                "PRACTICE-10",
                None,
                format!(
                    "the read '{}' is not proved in this organization: no drill or removal has shown both states yet",
                    rung.word()
                ),
            );
        }
        let Some(roster) = list else {
            self.find(
                FindingKind::NotSeen,
                "STATE-1",
                Some(What::Roster.to_string()),
                "no member list can be read: the address alone pins the account, and its role and grants are unknown",
            );
            return;
        };
        let mut alike = Vec::new();
        let name = roster.by_address(address).and_then(|member| member.name.clone());
        for member in inventory::similar(roster, address, name.as_deref()) {
            // Without an id the object is named by a digest: an address never stands in a plan.
            let object = member.id.as_ref().map_or_else(
                || format!("member/{}", crate::ids::Digest::of(member.address.as_str().as_bytes()).short()),
                |id| format!("member/{id}"),
            );
            alike.extend(member.id.clone());
            self.labels.insert(object.clone(), member.address.to_string());
            self.find(
                FindingKind::LookAlike,
                "STATE-1",
                Some(object),
                "an account that looks like the leaver's; it is not touched",
            );
        }
        if !alike.is_empty() {
            self.claims.push(claim(
                ClaimKey::from("kept.look-alikes"),
                &["STATE-1", "BEYOND-1"],
                ClaimKind::Kept,
                Predicate::MembersKept { ids: alike },
                self.member_reads(),
                Remedy::None,
            ));
        }
        if self.subject.vendor_id.is_none() {
            self.find(
                FindingKind::NotSeen,
                "STATE-1",
                None,
                "the member list shows no ids: the address alone pins the account",
            );
        }
        if !roster.shows_roles {
            self.find(FindingKind::NotSeen, "AUTH-3", None, "the member list shows no organization roles");
        }
        match &self.subject.grants {
            None => self.find(
                FindingKind::NotSeen,
                "AUTH-3",
                None,
                "the member list shows no project grants: they are unknown, not none",
            ),
            Some(grants) => {
                for grant in grants.clone() {
                    let kind = grant.kind.word();
                    let project = grant
                        .project
                        .map_or_else(|| "an unnamed project".to_owned(), |project| format!("project {project}"));
                    let role = grant.role.as_deref().unwrap_or("unknown role");
                    self.find(FindingKind::Grant, "AUTH-3", None, format!("{kind} grant on {project} as {role}"));
                    if role.eq_ignore_ascii_case("owner") || role.eq_ignore_ascii_case("admin") {
                        let says = format!(
                            "the role {role} can read the secret and token of {project}: rotate them or accept the risk"
                        );
                        self.find(FindingKind::Secret, "STATE-6", None, says);
                    }
                }
            }
        }
        let owners = roster.members.iter().filter(|member| member.role == Some(OrgRole::Owner));
        let usable = owners.filter(|member| member.active != Some(false) && member.address != *address).count();
        if self.subject.role == Some(OrgRole::Owner) {
            self.find(FindingKind::Holds, "BEYOND-9", None, "the leaver is an owner of the organization");
            if usable == 0 {
                self.block(
                    "L105",
                    "the leaver is the only owner. Two routes: the leaver makes a successor owner in Users & Teams, or the vendor's support does",
                );
            } else if usable < 2 {
                self.block(
                    "L105",
                    format!("only {usable} usable owner would remain; two must: make another owner first"),
                );
            } else {
                self.block(
                    "L107",
                    "nobody can remove an owner: another owner lowers their role in Users & Teams first",
                );
            }
        } else if roster.shows_roles && usable < 2 {
            self.find(FindingKind::Weakness, "BEYOND-9", None, "the organization has fewer than two usable owners");
        }
    }

    fn authority(&mut self) {
        let mut may = claim(
            ClaimKey::from("authority.may-remove"),
            &["AUTH-2"],
            ClaimKind::Record,
            Predicate::MayRemove,
            vec![What::Me, What::Roster],
            Remedy::Guided(Guide::ConfirmOwnRole),
        );
        may.options = vec![Choice::AcceptRisk];
        self.claims.push(may);
        let mut executor = claim(
            ClaimKey::from("authority.executor"),
            &["AUTH-2"],
            ClaimKind::Record,
            Predicate::ExecutorMayRemove,
            vec![What::Me, What::Roster],
            Remedy::Guided(Guide::ConfirmOwnRole),
        );
        executor.options = vec![Choice::AcceptRisk];
        self.claims.push(executor);
        let role = self.me.role;
        if !(role == Some(OrgRole::Owner)
            || self.me.permissions.iter().any(|permission| permission == "delete_members"))
        {
            self.block(
                "L106",
                "our credential may not remove members: make its service account an owner of the organization",
            );
        } else if let (Some(ours), Some(theirs)) = (role, self.subject.role)
            && theirs >= ours
            && theirs != OrgRole::Owner
        {
            self.block("L107", format!("the leaver's role {} is not below ours, {}", theirs.word(), ours.word()));
        }
        self.claims.push(claim(
            ClaimKey::from("state.inventory"),
            &["STATE-1", "STATE-2", "STATE-5", "STATE-6", "STATE-7", "AUTH-3", "AUTH-4"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::Inventory },
            Vec::new(),
            Remedy::None,
        ));
        self.claims.push(claim(
            ClaimKey::from("record.request"),
            &[self.input.request.reason.id(), "METHOD-3"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::Request },
            Vec::new(),
            Remedy::None,
        ));
        self.claims.push(claim(
            ClaimKey::from("record.rechecks"),
            &["VERIFY-6", "VERIFY-7"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::Rechecks },
            Vec::new(),
            Remedy::None,
        ));
        self.claims.push(claim(
            ClaimKey::from("authority.approval"),
            &["AUTH-5", "AUTH-6", "METHOD-4"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::Approval },
            Vec::new(),
            Remedy::None,
        ));
        self.claims.push(claim(
            ClaimKey::from("authority.original"),
            &["AUTH-1"],
            ClaimKind::Record,
            Predicate::Declared { subject: Subject::ApprovalOriginal },
            Vec::new(),
            Remedy::Attested(Guide::VouchApproval),
        ));
    }

    fn senders(&mut self) {
        // A project without a role of ours is not read, and its senders are claims all the same: unknown, never "none".
        let unseen = self.unseen().into_keys();
        let projects: BTreeSet<ProjectId> = self.inventory.projects().into_iter().chain(unseen).collect();
        for project in projects {
            for (kind, remedy) in [
                (Kind::Subscription, Remedy::Automatic),
                (Kind::Alert, Remedy::Automatic),
                (Kind::Automation, Remedy::Guided(Guide::EditAutomations)),
                (Kind::Webhook, Remedy::Automatic),
                (Kind::SchemaSettings, Remedy::Automatic),
            ] {
                let what = What::List(project, kind);
                // A plan without such things (404) has nothing that could send.
                if self.inventory.failure(&what).is_some_and(|failure| *failure == Failure::NotFound) {
                    continue;
                }
                let mut sends = claim(
                    keys::sends(project, kind),
                    if kind == Kind::Webhook || kind == Kind::SchemaSettings {
                        &["CLEAN-3"]
                    } else {
                        &["VERIFY-4", "CLEAN-3"]
                    },
                    ClaimKind::Sender,
                    Predicate::NothingSends { project, kind },
                    vec![What::Me, what],
                    remedy,
                );
                sends.options = vec![Choice::Proceed, Choice::AcceptRisk];
                let agency = self.inventory.webhooks_to_leaver(project);
                if kind == Kind::Webhook && agency > 0 {
                    // Switching a webhook off touches more than the leaver's own entry: the approver says yes to it with the plan.
                    sends.also_affects = vec![format!(
                        "{agency} webhooks to the leaver's domain are switched off for everybody who reads there"
                    )];
                    self.choose(&sends.key.clone(), Choice::Proceed, &[Choice::Proceed, Choice::AcceptRisk]);
                }
                let hits = self.inventory.sending_to_leaver(project, kind);
                for item in &hits {
                    if item.recipients.len() == 1 && matches!(kind, Kind::Subscription | Kind::Alert) {
                        sends.final_act = true;
                    }
                }
                let hits: Vec<(String, String)> =
                    hits.into_iter().map(|item| (item.id.clone(), item.title.clone())).collect();
                let hits_none = hits.is_empty();
                for (id, title) in hits {
                    self.labels.insert(What::Object(project, kind, id).to_string(), title);
                }
                let edited = !hits_none && matches!(kind, Kind::Subscription | Kind::Alert | Kind::SchemaSettings);
                self.claims.push(sends);
                if edited {
                    self.claims.push(claim(
                        ClaimKey::new(format!("kept.{kind}:project={project}")),
                        &["CLEAN-3"],
                        ClaimKind::Kept,
                        Predicate::RecipientsKept { project, kind },
                        vec![What::Me],
                        Remedy::None,
                    ));
                }
            }
            let outside: Vec<(Kind, String, usize)> = self.inventory.outside_recipients(project);
            for (kind, id, count) in outside {
                self.find(
                    FindingKind::OutsideRecipient,
                    "STATE-7",
                    Some(What::Object(project, kind, id).to_string()),
                    format!("sends to {count} addresses outside the organization's own domains: who is behind them?"),
                );
            }
        }
    }

    fn transfer(&mut self) {
        let mut found: Vec<(ProjectId, Kind, String, String, bool)> = Vec::new();
        for project in self.inventory.projects() {
            for (kind, item) in self.inventory.made_by_leaver(project) {
                let important = self.inventory.important(project, kind, item);
                found.push((project, kind, item.id.clone(), item.title.clone(), important));
                if kind == Kind::Board && item.public_links.is_some_and(|links| links > 0) {
                    let board = item.id.clone();
                    let mut link = claim(
                        keys::public_link(project, &board),
                        &["REMOVE-9"],
                        ClaimKind::Access,
                        Predicate::NoPublicLink { project, board: board.clone() },
                        vec![What::Me, What::Object(project, Kind::Board, board)],
                        Remedy::Guided(Guide::DisablePublicLink),
                    );
                    link.options = vec![Choice::AcceptRisk];
                    self.claims.push(link);
                }
            }
            for (kind, id) in self.inventory.owned_by_leaver(project) {
                let says = if kind == Kind::Metric {
                    Predicate::OwnedBySuccessor { project, id: id.clone() }
                } else {
                    Predicate::ContactsSuccessor { project, id: id.clone() }
                };
                self.claims.push(claim(
                    keys::owned(project, kind, &id),
                    &["XFER-6"],
                    ClaimKind::Transfer,
                    says,
                    vec![What::Object(project, kind, id)],
                    Remedy::Automatic,
                ));
            }
        }
        self.exports(&found);
        for (project, kind, id, title, important) in found {
            let object = What::Object(project, kind, id.clone()).to_string();
            self.labels.insert(object.clone(), title);
            if !matches!(kind, Kind::Board | Kind::Cohort) {
                continue;
            }
            let key = keys::copied(project, kind, &id);
            let default = if important { Choice::Copy } else { Choice::Leave };
            let choice = self.choose(&key, default, &[Choice::Copy, Choice::Leave, Choice::Drop]);
            if choice == Choice::Drop {
                self.drop_item(project, kind, &id);
            }
            if choice == Choice::Copy {
                let mut copied = claim(
                    key,
                    if kind == Kind::Cohort { &["XFER-3", "CLEAN-5"] } else { &["XFER-1", "CLEAN-5"] },
                    ClaimKind::Transfer,
                    Predicate::Copied { project, kind, id },
                    if kind == Kind::Board {
                        vec![What::Me, What::List(project, Kind::Report)]
                    } else {
                        vec![What::Me]
                    },
                    Remedy::Automatic,
                );
                copied.options = vec![Choice::Copy, Choice::Leave];
                self.claims.push(copied);
            }
        }
    }

    /// Share-list entries of the leaver (REMOVE-8). How one person's entry is taken out by an interface is not known, so a
    /// person does it and the list is read again.
    fn share_lists(&mut self) {
        let named: Vec<(ProjectId, Kind, String)> = self
            .input
            .readings
            .iter()
            .filter_map(|(what, reading)| match (what, &reading.result) {
                (What::Shares(project, kind, id), Ok(snapshot)) => {
                    Some((*project, *kind, id.clone(), snapshot.shares()?))
                }
                _ => None,
            })
            .filter(|(_, _, _, shares)| shares.people.iter().any(|person| self.inventory.is_leaver(person)))
            .map(|(project, kind, id, _)| (project, kind, id))
            .collect();
        for (project, kind, id) in named {
            let title =
                self.inventory.items(project, kind).iter().find(|item| item.id == id).map(|item| item.title.clone());
            self.labels.insert(What::Object(project, kind, id.clone()).to_string(), title.unwrap_or_default());
            let mut unshared = claim(
                keys::unshared(project, kind, &id),
                &["REMOVE-8"],
                ClaimKind::Access,
                Predicate::NotShared { project, kind, id: id.clone() },
                vec![What::Me, What::Shares(project, kind, id)],
                Remedy::Guided(Guide::Unshare),
            );
            unshared.options = vec![Choice::AcceptRisk];
            self.claims.push(unshared);
        }
    }

    /// Definition and data of the reports on boards that matter are read and kept (XFER-2). The Query API allows 60 an hour in a
    /// project, so that only what matters is read.
    fn exports(&mut self, found: &[(ProjectId, Kind, String, String, bool)]) {
        let boards: Vec<(ProjectId, &str)> = found
            .iter()
            .filter(|(_, kind, _, _, important)| *kind == Kind::Board && *important)
            .map(|(project, _, id, _, _)| (*project, id.as_str()))
            .collect();
        for (project, kind, id, _, _) in found {
            let report = (*kind == Kind::Report)
                .then(|| self.inventory.items(*project, Kind::Report).iter().find(|item| item.id == *id))
                .flatten();
            let on_board = report.and_then(|report| report.part_of.as_deref());
            if on_board.is_some_and(|board| boards.contains(&(*project, board))) {
                self.claims.push(claim(
                    ClaimKey::new(format!("exported:project={project}:report={id}")),
                    &["XFER-2"],
                    ClaimKind::Transfer,
                    Predicate::Exported { project: *project, id: id.clone() },
                    vec![What::Object(*project, Kind::Report, id.clone()), What::ReportData(*project, id.clone())],
                    Remedy::None,
                ));
            }
        }
    }

    /// An obsolete item goes on a recorded decision; never a board whose reports stand elsewhere, never a cohort that feeds a sync
    /// (CLEAN-5, XFER-3).
    fn drop_item(&mut self, project: ProjectId, kind: Kind, id: &str) {
        let used =
            self.inventory.items(project, kind).iter().find(|item| item.id == id).is_some_and(|item| {
                item.feeds > 0 || self.inventory.used_by_others(project, kind, item).next().is_some()
            });
        if used {
            self.block("L111", format!("{kind} {id} is to be dropped, and others use it: choose copy or leave"));
        }
        let mut dropped = claim(
            keys::dropped(project, kind, id),
            &["CLEAN-5"],
            ClaimKind::Record,
            Predicate::Dropped { project, kind, id: id.to_owned() },
            vec![What::Object(project, kind, id.to_owned())],
            Remedy::Automatic,
        );
        dropped.final_act = true;
        self.claims.push(dropped);
    }

    fn service_accounts(&mut self) {
        let recent = SignedDuration::from_hours(24 * i64::from(self.input.policy.recent_use_days));
        let now = self.input.now;
        let mut needs = Vec::new();
        let made: Vec<(String, String, bool)> = self
            .inventory
            .service_accounts()
            .iter()
            .map(|item: &&Item| {
                let used = item.last_used.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
                (item.id.clone(), item.title.clone(), used.is_some_and(|used| now.duration_since(used) < recent))
            })
            .collect();
        for (id, title, in_use) in made {
            let Ok(number) = id.parse::<u64>() else { continue };
            self.labels.insert(What::ServiceAccount(number).to_string(), title);
            let key = keys::replaced(number);
            let default = if in_use { Choice::Rotate } else { Choice::Delete };
            if self.choose(&key, default, &[Choice::Rotate, Choice::Delete, Choice::Keep]) == Choice::Rotate {
                let mut replaced = claim(
                    key.clone(),
                    &["XFER-5", "CLEAN-1"],
                    ClaimKind::Transfer,
                    Predicate::Replaced { service_account: number },
                    vec![What::Me, What::ServiceAccounts],
                    Remedy::Automatic,
                );
                replaced.options = vec![Choice::Rotate, Choice::Delete, Choice::Keep, Choice::CallersMoved];
                self.claims.push(replaced);
                needs.push(key);
            }
        }
        if let Some(maker) = self.inventory.own_credential_made_by_leaver(self.me) {
            self.find(FindingKind::Weakness, "BEYOND-5", None, maker);
        }
        let mut gone = claim(
            keys::service_accounts(),
            &["CLEAN-1", "VERIFY-3"],
            ClaimKind::Access,
            Predicate::NoServiceAccountBy,
            vec![What::Me, What::ServiceAccounts],
            Remedy::Automatic,
        );
        gone.needs = needs;
        gone.final_act = !self.inventory.service_accounts().is_empty();
        gone.options = vec![Choice::CallersMoved, Choice::Proceed, Choice::AcceptRisk];
        self.claims.push(gone);
    }

    /// Every list of members that there is.
    fn member_reads(&self) -> Vec<What> {
        let mut reads = vec![What::Me, What::Roster];
        if self.input.readings.contains_key(&What::ScimUsers) {
            reads.push(What::ScimUsers);
        }
        reads
    }

    fn membership(&mut self) {
        let reads = || self.member_reads();
        let transfers: Vec<ClaimKey> = self
            .claims
            .iter()
            .filter(|claim| claim.kind == ClaimKind::Transfer)
            .map(|claim| claim.key.clone())
            .collect();
        let request = self.input.request;
        let mut made = Vec::new();
        match request.method {
            Method::Delete => {
                let mut gone = claim(
                    keys::member_gone(),
                    &["METHOD-1", "REMOVE-1", "REMOVE-2", "VERIFY-1", "XFER-8"],
                    ClaimKind::Access,
                    Predicate::NotMember,
                    reads(),
                    Remedy::Guided(Guide::DeleteMember),
                );
                gone.final_act = true;
                if !matches!(request.urgency, Urgency::Emergency | Urgency::Immediate) {
                    gone.needs = transfers;
                }
                made.push(gone);
                made.extend(self.scim(&["METHOD-1"]));
            }
            Method::Revoke => {
                made.extend(self.scim(&["METHOD-2"]));
                made.push(claim(
                    keys::role_lowest(),
                    &["METHOD-2", "REMOVE-3"],
                    ClaimKind::Access,
                    Predicate::LowestRole,
                    reads(),
                    Remedy::Guided(Guide::LowerRole),
                ));
                made.push(claim(
                    keys::grants_gone(),
                    &["METHOD-2", "REMOVE-4", "REMOVE-6", "VERIFY-1"],
                    ClaimKind::Access,
                    Predicate::NoProjectGrant,
                    reads(),
                    Remedy::Guided(Guide::LeaveProjects),
                ));
                made.push(data_views());
            }
            Method::Reduce => {
                let stays: Vec<ProjectId> = self
                    .subject
                    .grants
                    .iter()
                    .flatten()
                    .filter_map(|grant| grant.project)
                    .filter(|project| !request.projects.contains(project))
                    .collect();
                made.push(claim(
                    keys::grants_gone(),
                    &["METHOD-5", "REMOVE-4"],
                    ClaimKind::Access,
                    Predicate::NoGrantIn { projects: request.projects.clone() },
                    reads(),
                    Remedy::Guided(Guide::LeaveProjects),
                ));
                made.push(claim(
                    keys::grants_kept(),
                    &["METHOD-5"],
                    ClaimKind::Kept,
                    Predicate::GrantsAsBefore { projects: stays },
                    reads(),
                    Remedy::None,
                ));
            }
        }
        for mut claim in made {
            if claim.kind == ClaimKind::Access {
                claim.options = vec![Choice::AcceptRisk];
            }
            self.claims.push(claim);
        }
        let cannot = |member: &Account| {
            member.grants.iter().flatten().any(|grant| {
                matches!(grant.kind, crate::reading::GrantKind::AllUsers | crate::reading::GrantKind::OrganizationRole)
            })
        };
        if request.method == Method::Revoke && cannot(&self.subject) {
            self.find(
                FindingKind::Holds,
                "REMOVE-4",
                None,
                "a grant to all users or by organization role cannot be taken from one person: change the project's default or delete the person",
            );
        }
    }

    /// Where SCIM reaches, the record is deactivated first; that can be undone (METHOD-1, METHOD-2).
    fn scim(&self, runbook: &[&str]) -> Option<Claim> {
        let address = self.input.names.leaver.first()?;
        let reaches = self.input.policy.claimed_domains.iter().any(|domain| domain == address.domain());
        let listed = self.input.readings.get(&What::ScimUsers)?.result.is_ok();
        (reaches && listed).then(|| {
            claim(
                keys::scim(),
                runbook,
                ClaimKind::Access,
                Predicate::ScimInactive,
                vec![What::Me, What::ScimUsers],
                Remedy::Automatic,
            )
        })
    }

    /// What no interface shows: a named person says it, and the report says "attested".
    fn declarations(&mut self) {
        let declared = |key: &str, ids: &[&str], kind: ClaimKind, subject: Subject, guide: Guide| {
            let mut made = claim(
                ClaimKey::from(key),
                ids,
                kind,
                Predicate::Declared { subject },
                Vec::new(),
                Remedy::Attested(guide),
            );
            made.options = vec![Choice::AcceptRisk];
            made
        };
        self.claims.push(declared(
            "invitations.gone",
            &["REMOVE-7"],
            ClaimKind::Access,
            Subject::Invitations,
            Guide::RevokeInvitations,
        ));
        if self.inventory.has_any(&[Kind::Pipeline, Kind::WarehouseImport]) {
            self.claims.push(declared(
                "pipelines.owned",
                &["XFER-4"],
                ClaimKind::Record,
                Subject::Pipelines,
                Guide::OwnPipelines,
            ));
        }
        if self.inventory.has_any(&[Kind::WarehouseSource, Kind::WarehouseImport]) {
            self.claims.push(declared(
                "warehouse.revoked",
                &["CLEAN-4"],
                ClaimKind::Record,
                Subject::Warehouse,
                Guide::RevokeWarehouse,
            ));
        }
        self.claims.push(declared(
            "project-secrets.decided",
            &["CLEAN-6"],
            ClaimKind::Record,
            Subject::ProjectSecrets,
            Guide::RotateProjectSecret,
        ));
        self.claims.push(declared(
            "mentions.reviewed",
            &["VERIFY-5"],
            ClaimKind::Record,
            Subject::Mentions,
            Guide::ReviewMentions,
        ));
        self.claims.push(claim(
            ClaimKey::from("record.note"),
            &["REMOVE-5"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::Note },
            Vec::new(),
            Remedy::None,
        ));
        self.claims.push(claim(
            ClaimKey::from("record.dependencies"),
            &["PRACTICE-7", "XFER-7"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::Dependencies },
            Vec::new(),
            Remedy::None,
        ));
    }

    /// The projects of the organization that our credential has no role in: `/me` may leave them out, the organization's own list
    /// does not.
    fn unseen(&self) -> BTreeMap<ProjectId, String> {
        let without = self.me.projects.iter().filter(|(_, seen)| seen.role.is_none());
        let mut unseen: BTreeMap<ProjectId, String> =
            without.map(|(project, seen)| (*project, seen.name.clone())).collect();
        if let Some(Ok(Snapshot::Items(listed))) =
            self.input.readings.get(&What::Projects).map(|reading| &reading.result)
        {
            for item in listed {
                if let Ok(project) = item.id.parse().map(ProjectId)
                    && !self.me.projects.contains_key(&project)
                {
                    unseen.insert(project, item.title.clone());
                }
            }
        }
        unseen
    }

    fn not_seen(&mut self) {
        for (project, name) in self.unseen() {
            self.labels.insert(format!("project/{project}"), name);
            self.findings.push(Finding {
                kind: FindingKind::NotSeen,
                runbook: "STATE-5".to_owned(),
                object: Some(format!("project/{project}")),
                says:
                    "our credential has no role in this project: its content and senders stay unseen until its service \
                       account gets the project role Owner, or a named person answers for them"
                        .to_owned(),
            });
        }
        for (what, failure) in self.inventory.failures() {
            // A 404 on a list is a feature that the plan of the organization does not have.
            if *failure != Failure::NotFound {
                self.findings.push(Finding {
                    kind: FindingKind::NotSeen,
                    runbook: "STATE-5".to_owned(),
                    object: Some(what.to_string()),
                    // Without the seconds of a limit: they would change the plan's hash from one moment to the next.
                    says: match failure {
                        Failure::Limited { .. } => "could not be read: the vendor limits the rate (429)".to_owned(),
                        other => format!("could not be read: {other}"),
                    },
                });
            }
        }
    }

    fn labels_and_findings(&mut self) {
        for finding in self.inventory.findings(&self.input.policy.own_domains) {
            self.findings.push(finding);
        }
        for (object, title) in self.inventory.labels() {
            self.labels.entry(object).or_insert(title);
        }
        for (project, seen) in &self.me.projects {
            self.labels.insert(format!("project/{project}"), seen.name.clone());
        }
    }
}
