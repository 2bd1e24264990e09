//! From an owed effect and the picture read right before it to the very change that is sent, or to the reason why not.

mod body;
mod provider;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::body::{body_of, contacts_in};
use crate::case::Case;
use crate::claim::Choice;
use crate::effect::{Act, Effect};
use crate::ids::{ClaimKey, Digest, ProjectId};
use crate::judge::{Names, Readings, definition, marker};
use crate::method::Urgency;
use crate::plan::{Plan, keys};
use crate::reading::{Failure, Grant, GrantKind, Item, Maker, Me, Member, OrgRole, Snapshot};
use crate::source::{Kind, What};
use crate::write::Write;

/// What to do about an effect, now that its target was read again.
#[derive(Debug, Clone, PartialEq)]
pub enum Prepared {
    /// Send this.
    Send {
        /// The change.
        write: Box<Write>,
        /// The definition of a copy's source, as just read.
        definition: Option<Digest>,
        /// The name under which something is created.
        marked: Option<String>,
    },
    /// Nothing to send: it is so already, or it must not be sent. The claim is probed again.
    Skip {
        /// Why.
        why: String,
        /// Whether a person must look before it is tried again.
        person: bool,
        /// When it is tried again even if nobody looked.
        until: Option<Timestamp>,
    },
    /// The picture could not be read: try again later.
    Wait(Failure),
}

/// The field that holds the recipients, for the kinds whose change is known (`facts/mixpanel.md` 5.2).
const RECIPIENT_FIELDS: [(Kind, &str); 3] =
    [(Kind::Subscription, "recipients"), (Kind::Alert, "subscriptions"), (Kind::SchemaSettings, "notification_emails")];

/// How long a service account must have stood still before the machine deletes it (XFER-5).
const STILL: SignedDuration = SignedDuration::from_hours(24);

fn skip(why: impl Into<String>) -> Prepared {
    Prepared::Skip { why: why.into(), person: false, until: None }
}

fn ask(why: impl Into<String>) -> Prepared {
    Prepared::Skip { why: why.into(), person: true, until: None }
}

fn send(write: Write) -> Prepared {
    Prepared::Send { write: Box::new(write), definition: None, marked: None }
}

/// The grants of a service account in the list of one project. What comes with the organization role comes with it again.
pub(crate) fn project_grants(listed: &[Item], id: u64) -> impl Iterator<Item = &Grant> {
    let id = id.to_string();
    listed
        .iter()
        .filter(move |item| item.id == id)
        .flat_map(|item| &item.projects)
        .filter(|grant| !matches!(grant.kind, GrantKind::OrganizationRole | GrantKind::AllUsers))
}

/// What is read right before this effect: what the act names, and for a new service account who has a grant in each project that
/// we see, because the account itself does not show its grants (`facts/mixpanel.md` 3).
pub fn reads_before(effect: &Effect, case: &Case) -> BTreeSet<What> {
    let mut reads: BTreeSet<What> = effect.act.reads_before().into_iter().collect();
    if let Act::CreateServiceAccount { .. } = effect.act {
        reads.extend(case.projects().into_iter().map(What::ProjectServiceAccounts));
    }
    if let Act::Copy { project, kind: Kind::Board, .. } = &effect.act {
        let missing = case.missing(&What::List(*project, Kind::Report));
        reads.extend(missing.into_iter().map(|id| What::Object(*project, Kind::Report, id)));
    }
    // The member list tells whether the account is still what the approver saw, where it can be read.
    if matches!(effect.act, Act::Deactivate | Act::DeleteMember) && case.failure(&What::Roster).is_none() {
        reads.insert(What::Roster);
    }
    // Whether its reports stand on other boards is told by each of them.
    if let (Act::Drop { project, kind: Kind::Board, .. }, Some((plan, _))) = (&effect.act, &case.plan) {
        reads.insert(What::List(*project, Kind::Report));
        reads.extend(
            plan.claim(&effect.claim)
                .into_iter()
                .flat_map(|claim| &claim.reads)
                .filter(|what| matches!(what, What::LinkedBoards(..)))
                .cloned(),
        );
    }
    reads
}

/// Prepares one effect from the readings named by [`reads_before`].
pub fn prepare(
    effect: &Effect,
    plan: &Plan,
    case: &Case,
    readings: &Readings,
    names: &Names,
    now: Timestamp,
) -> Prepared {
    for what in reads_before(effect, case) {
        match readings.get(&what) {
            Some(reading) => {
                if let Err(failure) = &reading.result {
                    return Prepared::Wait(failure.clone());
                }
                if !reading.to_the_end {
                    return Prepared::Wait(Failure::Incomplete(what.to_string()));
                }
            }
            None => return Prepared::Wait(Failure::Incomplete(format!("{what} was not read"))),
        }
    }
    let room = Room { plan, case, readings, names, now };
    match &effect.act {
        Act::TakeOut { project, kind, id } => room.take_out(&effect.claim, *project, *kind, id),
        Act::Disable { project, kind, id } => {
            match room.items(&What::List(*project, *kind)).iter().find(|item| item.id == *id) {
                Some(item) if item.paused == Some(true) => skip("it is switched off already"),
                Some(item) if !names.reached_by(item, &plan.own_domains) => {
                    skip("it does not go to the leaver any more")
                }
                // Switching it off touches everybody who reads there: one that the approver has not seen waits for a decision.
                Some(_) if !case.is_approved(&effect.claim, id) => ask(format!(
                    "{kind} {id} appeared after the approval, and switching it off touches more than the leaver"
                )),
                Some(_) => send(Write::Disable { project: *project, kind: *kind, id: id.clone() }),
                None => skip("it is gone already"),
            }
        }
        Act::DeleteServiceAccount { id } => room.delete_service_account(&effect.claim, *id),
        Act::CreateServiceAccount { replaces } => room.create_service_account(*replaces, effect.attempt),
        Act::Copy { project, kind, id } => room.copy(*project, *kind, id),
        Act::DropCopy { project, kind, id } => match room.item(*project, *kind, id) {
            // Only what this case made is ever dropped here.
            Some(item) if room.is_ours(item) => send(Write::Delete { project: *project, kind: *kind, id: id.clone() }),
            Some(_) => ask("the copy was not made by our credential"),
            None => skip("the copy is gone already"),
        },
        Act::NameCopy { project, kind, id } => match room.item(*project, *kind, id) {
            Some(_) => send(Write::Describe {
                project: *project,
                kind: *kind,
                id: id.clone(),
                title: room.copy_title(*project, *kind, id),
                description: Some(match room.case.source_of(*project, *kind, id) {
                    Some(source) => room.copy_description(Some(&format!("Copy of {kind} {source}."))),
                    None => room.copy_description(None),
                }),
            }),
            None => skip("the copy is gone"),
        },
        Act::ShareCopy { project, kind, id } => {
            match readings.get(&What::Shares(*project, *kind, id.clone())).map(|reading| &reading.result) {
                Some(Ok(Snapshot::Shares(shares))) if shares.project => skip("the copy is shared already"),
                _ => send(Write::ShareWithProject { project: *project, kind: *kind, id: id.clone(), can_edit: true }),
            }
        }
        Act::SetMetricOwner { project, id } => match (room.item(*project, Kind::Metric, id), &names.successor) {
            (Some(item), _) if !item.owners.iter().any(|owner| room.is_theirs(owner)) => {
                ask("the metric is owned by somebody else now")
            }
            (Some(_), Some(successor)) => {
                send(Write::SetMetricOwner { project: *project, id: id.clone(), owner: successor.clone() })
            }
            (None, _) => skip("the metric is gone"),
            (_, None) => ask("no successor is named"),
        },
        Act::SetSchemaContacts { project, id } => room.set_contacts(*project, id),
        Act::Describe { project, kind, id } => match room.item(*project, *kind, id) {
            Some(item) => send(Write::Describe {
                project: *project,
                kind: *kind,
                id: id.clone(),
                title: None,
                description: Some(room.copy_description(item.description.as_deref())),
            }),
            None => skip("the item is gone"),
        },
        Act::Drop { project, kind, id } => match room.item(*project, *kind, id) {
            // A cohort that feeds a sync is never deleted (XFER-3), nor a board whose reports stand on other boards (CLEAN-5).
            Some(item) if item.feeds > 0 => ask("it feeds a sync and is never deleted"),
            Some(_) if *kind == Kind::Board && room.is_linked(*project, id) => {
                ask("its reports stand on other boards, or nobody looked whether they do: it is never deleted")
            }
            Some(_) => send(Write::Delete { project: *project, kind: *kind, id: id.clone() }),
            None => skip("it is gone already"),
        },
        Act::Deactivate => room.scim_record(|_, id| send(Write::Deactivate { id })),
        Act::DeleteMember => room.scim_record(|member, id| room.delete_member(&effect.claim, member, id)),
        Act::LeaveGroup { account, group } => room.leave_group(&effect.claim, account, group),
        Act::Unassign { account } => room.unassign(account),
        Act::EndSessions { account } => room.end_sessions(account),
        Act::SyncNow { account, job } => room.sync_now(account, job),
    }
}

/// The digest of everybody else on a sender's recipient list; `None` when it shows none.
pub fn recipients_digest(kind: Kind, raw: &Value, names: &Names) -> Option<Digest> {
    let (_, field) = RECIPIENT_FIELDS.into_iter().find(|(of, _)| *of == kind)?;
    let others = raw.get(field)?.as_array()?.iter().filter(|element| !names_leaver(names, element)).cloned();
    digest_of(&Value::Array(others.collect()))
}

/// Whether one element of a recipient list is the leaver: the address itself, or an object whose value is the address.
fn names_leaver(names: &Names, element: &Value) -> bool {
    let is_leaver = |text: &str| crate::ids::Address::parse(text).is_ok_and(|address| names.leaver.contains(&address));
    match element {
        Value::String(text) => is_leaver(text),
        Value::Object(fields) => fields.values().any(|value| value.as_str().is_some_and(is_leaver)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    }
}

fn digest_of(value: &Value) -> Option<Digest> {
    serde_json::to_vec(value).ok().map(|bytes| Digest::of(&bytes))
}

struct Room<'a> {
    plan: &'a Plan,
    case: &'a Case,
    readings: &'a Readings,
    names: &'a Names,
    now: Timestamp,
}

impl Room<'_> {
    fn item(&self, project: ProjectId, kind: Kind, id: &str) -> Option<&Item> {
        self.snapshot(&What::Object(project, kind, id.to_owned()))?.one().flatten()
    }

    fn items(&self, what: &What) -> &[Item] {
        self.snapshot(what).and_then(Snapshot::items).unwrap_or_default()
    }

    fn snapshot(&self, what: &What) -> Option<&Snapshot> {
        self.readings.get(what)?.result.as_ref().ok()
    }

    fn me(&self) -> Option<&Me> {
        self.snapshot(&What::Me)?.me()
    }

    fn is_ours(&self, item: &Item) -> bool {
        item.description.as_deref().is_some_and(|text| text.contains(&marker(&self.case.id)))
            || self.case.effects().values().any(|fact| {
                matches!(&fact.outcome, Some(crate::write::Outcome::Done { created: Some(id) }) if *id == item.id)
            })
    }

    /// Takes exactly the leaver's elements out of the list as it was just read; everything else stays as it is, in its order.
    fn take_out(&self, claim: &ClaimKey, project: ProjectId, kind: Kind, id: &str) -> Prepared {
        let Some(item) = self.item(project, kind, id) else { return skip("the sender is gone already") };
        let Some((_, field)) = RECIPIENT_FIELDS.into_iter().find(|(of, _)| *of == kind) else {
            return ask("the shape of this change is not known");
        };
        let Some(Value::Array(before)) = item.raw.get(field) else {
            return ask(format!("the sender shows no {field}"));
        };
        let rest: Vec<Value> = before.iter().filter(|element| !names_leaver(self.names, element)).cloned().collect();
        if rest.len() == before.len() {
            return skip("the leaver is not among the recipients any more");
        }
        let others = rest.len() + item.raw.get("slack_subscriptions").and_then(Value::as_array).map_or(0, Vec::len);
        if others == 0 && kind != Kind::SchemaSettings {
            // On one person's word nothing is deleted that was not named (invariant 4).
            if self.case.is_alone() {
                return ask(format!("nobody else gets {kind} {id}, and deleting it waits for the ratification"));
            }
            // Deleting cannot be undone: an instance that was not in the approved plan waits for a decision of its own.
            if !self.case.is_approved(claim, id) {
                return ask(format!("{kind} {id} appeared after the approval, and taking it away cannot be undone"));
            }
            return send(Write::Delete { project, kind, id: id.to_owned() });
        }
        let rest = Value::Array(rest);
        Prepared::Send {
            definition: digest_of(&rest),
            write: Box::new(Write::SetRecipients { project, kind, id: id.to_owned(), rest }),
            marked: None,
        }
    }

    fn delete_service_account(&self, claim: &ClaimKey, id: u64) -> Prepared {
        let item = match self.snapshot(&What::ServiceAccount(id)).and_then(Snapshot::one) {
            Some(Some(item)) => item,
            Some(None) => return skip("the service account is gone already"),
            None => return Prepared::Wait(Failure::Incomplete("the service account was not read".to_owned())),
        };
        // The product's own credential, never: by user name and by the id behind it.
        if self.names.own_username.as_deref().is_none_or(|own| item.title == own) {
            return ask("this is the product's own credential");
        }
        if self.me().is_none_or(|me| me.address.as_deref() == Some(item.title.as_str())) {
            return ask("this is the product's own credential");
        }
        let made_by_us = item.title.starts_with(&self.replacement_prefix());
        let made_by_leaver = item.maker.as_ref().is_some_and(|maker| {
            let id = self.plan.subject.vendor_id.as_deref();
            self.names.leaver.iter().any(|address| maker.is(id, address))
        });
        if made_by_us {
            return send(Write::DeleteServiceAccount { id });
        }
        if !made_by_leaver {
            return ask("the service account was not made by the leaver");
        }
        if !self.case.is_approved(claim, &id.to_string()) {
            return ask(format!("service account {id} appeared after the approval, and deleting it cannot be undone"));
        }
        let waits = !matches!(self.case.request.urgency, Urgency::Emergency) && self.now < self.case.request.deadline;
        let moved = self.case.choice(self.plan, &keys::replaced(id)) == Some(Choice::CallersMoved)
            || self.case.choice(self.plan, &keys::service_accounts()) == Some(Choice::CallersMoved);
        if waits
            && !moved
            && let Some(still) = self.moved_until(item)
        {
            return Prepared::Skip {
                why: "it was used within 24 hours: confirm that its callers moved, or it goes when it stood still, at the deadline at the latest"
                    .to_owned(),
                person: true,
                until: Some(still.min(self.case.request.deadline)),
            };
        }
        send(Write::DeleteServiceAccount { id })
    }

    /// When it will have stood still for 24 hours; `None` when it has. One that was never used counts from when it was made, and a
    /// time that cannot be read is no proof of stillness.
    fn moved_until(&self, item: &Item) -> Option<Timestamp> {
        let last = item.last_used.as_deref().or(item.created.as_deref());
        let still = last
            .and_then(|text| text.parse::<Timestamp>().ok())
            .and_then(|last| last.checked_add(STILL).ok())
            .unwrap_or(self.case.request.deadline);
        (self.now < still).then_some(still)
    }

    /// Whether this person is the leaver or the successor.
    fn is_theirs(&self, person: &Maker) -> bool {
        let id = self.plan.subject.vendor_id.as_deref();
        let leaver = self.names.leaver.iter().any(|address| person.is(id, address));
        let successor = self.names.successor.as_ref().is_some_and(|successor| {
            successor.address.as_ref().is_some_and(|address| person.is(successor.id.as_deref(), address))
        });
        leaver || successor
    }

    /// Whether a report of this board stands on another one, or was never asked.
    fn is_linked(&self, project: ProjectId, board: &str) -> bool {
        let reports = self.items(&What::List(project, Kind::Report));
        reports.iter().filter(|report| report.part_of.as_deref() == Some(board)).any(|report| {
            match self.snapshot(&What::LinkedBoards(project, report.id.clone())).and_then(Snapshot::items) {
                Some(boards) => boards.iter().any(|other| other.id != board),
                None => true,
            }
        })
    }

    fn replacement_prefix(&self) -> String {
        let tail: String = self.case.id.as_str().chars().rev().take(12).collect();
        format!("leaver-{}-", tail.chars().rev().collect::<String>())
    }

    fn create_service_account(&self, old: u64, attempt: u32) -> Prepared {
        let Some(Ok(Snapshot::One(item))) =
            self.readings.get(&What::ServiceAccount(old)).map(|reading| &reading.result)
        else {
            // What it could do is not shown any more: a person chooses to go on without a replacement.
            return ask("the old service account is gone: nothing shows what a replacement needs");
        };
        let username = format!("{}{old}-{attempt}", self.replacement_prefix());
        let role = item.role.clone().unwrap_or_else(|| "consumer".to_owned());
        // Never more than the old one had, and never an owner made by a machine.
        let role = if OrgRole::parse(&role) == Some(OrgRole::Owner) { "admin".to_owned() } else { role };
        let mut projects: Vec<(ProjectId, String)> = Vec::new();
        for project in self.case.projects() {
            let what = What::ProjectServiceAccounts(project);
            let listed = self.items(&what);
            if listed.is_empty() {
                // We read it as a service account with a role in this project.
                return Prepared::Wait(Failure::Incomplete(what.to_string()));
            }
            if let Some(grant) = project_grants(listed, old).max_by_key(|grant| grant.kind == GrantKind::Individual) {
                projects.push((project, grant.role.clone().unwrap_or_else(|| "consumer".to_owned())));
            }
        }
        Prepared::Send {
            write: Box::new(Write::CreateServiceAccount { username: username.clone(), role, projects }),
            definition: None,
            marked: Some(username),
        }
    }

    fn copy(&self, project: ProjectId, kind: Kind, id: &str) -> Prepared {
        let Some(item) = self.item(project, kind, id) else {
            return ask("the source is gone: nothing is left to copy");
        };
        let reports = What::List(project, Kind::Report);
        // A board without its reports is nothing to compare a copy with: each one ever seen is there, or reads back as gone.
        let lost = self.case.expected(&reports).into_iter().find(|id| {
            let gone = self.snapshot(&What::Object(project, Kind::Report, id.clone()));
            !self.items(&reports).iter().any(|report| report.id == *id) && !matches!(gone, Some(Snapshot::Absent))
        });
        if kind == Kind::Board
            && let Some(lost) = lost
        {
            return Prepared::Wait(Failure::Incomplete(format!("{reports} does not show {lost}")));
        }
        let Some(definition) = definition(item, self.items(&reports)) else {
            return ask("the source does not show its definition");
        };
        let title = format!("{} (copy)", item.title);
        let description = self.copy_description(Some(&format!("Copy of {kind} {id}.")));
        let write = if kind == Kind::Board {
            let as_successor = self.plan.policy.copies_as_successor;
            Write::DuplicateBoard { project, id: id.to_owned(), title, description, as_successor }
        } else {
            match body_of(kind, &item.raw, &title, &description) {
                Some(body) => Write::Create { project, kind, body },
                None => return ask("copies of this kind are not made, or the source does not show its definition"),
            }
        };
        Prepared::Send { write: Box::new(write), definition: Some(definition), marked: Some(marker(&self.case.id)) }
    }

    fn copy_title(&self, project: ProjectId, kind: Kind, copy: &str) -> Option<String> {
        let source = self.case.source_of(project, kind, copy)?;
        let title = &self.items(&What::List(project, kind)).iter().find(|item| item.id == source)?.title;
        Some(format!("{title} (copy)"))
    }

    /// The description that carries the marker: what stood there, then who owns it now, then the case.
    fn copy_description(&self, before: Option<&str>) -> String {
        let owner = self
            .names
            .successor
            .as_ref()
            .and_then(|successor| {
                successor.name.clone().or_else(|| successor.address.as_ref().map(ToString::to_string))
            })
            .unwrap_or_else(|| "the successor".to_owned());
        let before = before
            .map(str::trim_end)
            .filter(|text| !text.is_empty())
            .map_or_else(String::new, |text| format!("{text}\n"));
        format!("{before}Owner: {owner}. {}", marker(&self.case.id))
    }

    fn set_contacts(&self, project: ProjectId, id: &str) -> Prepared {
        let Some(item) = self.item(project, Kind::Schema, id) else { return skip("the entry is gone") };
        let Some(address) = self.names.successor.as_ref().and_then(|successor| successor.address.as_ref()) else {
            return ask("no successor is named");
        };
        let mut body = item.raw.clone();
        let Some(place) = contacts_in(&mut body) else { return ask("the entry shows no contacts") };
        let mut rest: Vec<Value> = place.iter().filter(|element| !names_leaver(self.names, element)).cloned().collect();
        if !rest.iter().any(|element| element.as_str().is_some_and(|text| text.eq_ignore_ascii_case(address.as_str())))
        {
            rest.push(json!(address.as_str()));
        }
        *place = rest;
        send(Write::SetSchemaContacts { project, id: id.to_owned(), body })
    }

    /// The guards of a deletion that may take content along, on the picture of this moment: decided by name, every copy proved, the
    /// record inactive.
    fn delete_member(&self, claim: &ClaimKey, member: &Member, id: String) -> Prepared {
        if self.case.decision(claim).is_none_or(|decision| decision.choice != Choice::DeleteByScim) {
            return ask("nobody has decided to delete by SCIM");
        }
        if member.active != Some(false) {
            return skip("the SCIM record is not inactive: it is deactivated first");
        }
        send(Write::DeleteByScim { id })
    }

    /// What is done to the SCIM record of the approved account, and of no other.
    fn scim_record(&self, act: impl FnOnce(&Member, String) -> Prepared) -> Prepared {
        let Some(Snapshot::Roster(list)) = self.snapshot(&What::ScimUsers) else {
            return Prepared::Wait(Failure::Incomplete("the SCIM list was not read".to_owned()));
        };
        // The guards again, on the picture of this moment: the same account, no owner, nobody raised since the approval.
        if let Some(Snapshot::Roster(roster)) = self.snapshot(&What::Roster)
            && let Some(member) = self.names.leaver.iter().find_map(|address| roster.by_address(address))
        {
            if self.plan.subject.vendor_id.is_some() && member.id.is_some() && member.id != self.plan.subject.vendor_id
            {
                return ask("the address belongs to another account now");
            }
            if member.role.is_some() && member.role > self.plan.subject.role {
                return ask("the account's role was raised after the approval");
            }
        }
        let mut matching = list.members.iter().filter(|member| self.names.leaver.contains(&member.address));
        match (matching.next(), matching.next()) {
            (None, _) => skip("the SCIM list does not show the account"),
            (Some(member), None) => match &member.id {
                Some(id) if self.plan.subject.scim_id.as_ref().is_none_or(|pinned| pinned == id) => {
                    act(member, id.clone())
                }
                Some(_) => ask("the address belongs to another SCIM record than the approved one"),
                None => ask("the SCIM record shows no id"),
            },
            (Some(_), Some(_)) => ask("two SCIM records bear the address"),
        }
    }
}
