//! Who the leaver is, who looks like them, what they hold, and whether we may act.

use super::Desk;
use super::claim;
use crate::claim::{Choice, ClaimKind, Guide, Predicate, Record, Remedy, Rung, Subject};
use crate::ids::{Address, ClaimKey};
use crate::inventory;
use crate::plan::{FindingKind, keys};
use crate::reading::{GrantKind, OrgRole, Roster};
use crate::source::What;

impl Desk<'_> {
    pub(super) fn people(&mut self, list: Option<&Roster>, address: &Address) {
        let roster_read =
            self.input.readings.get(&What::Roster).is_some_and(|reading| reading.result.is_ok() && reading.to_the_end);
        let rung = match (roster_read, list) {
            (true, _) => Rung::Roster,
            (false, Some(_)) => Rung::Scim,
            (false, None) => Rung::Me,
        };
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
                    if role.eq_ignore_ascii_case("owner") {
                        let says = format!("the leaver owns {project}: make somebody else its owner first");
                        self.find(FindingKind::Holds, "BEYOND-9", None, says);
                    }
                    if role.eq_ignore_ascii_case("owner") || role.eq_ignore_ascii_case("admin") {
                        let says = format!(
                            "the role {role} can read the secret and token of {project}: rotate them or accept the risk"
                        );
                        self.find(FindingKind::Secret, "STATE-6", None, says);
                    }
                }
                self.kinds_not_shown(roster);
            }
        }
        if self.subject.role == Some(OrgRole::BillingAdmin) {
            let says = "the leaver is a Billing Admin: hand invoices and payment over first";
            self.find(FindingKind::Holds, "BEYOND-9", None, says);
        }
        let owned =
            self.me.projects.iter().filter(|(_, seen)| seen.owner.is_some() && seen.owner == self.subject.vendor_id);
        let owned: Vec<_> = owned.map(|(project, _)| *project).collect();
        for project in owned {
            let says =
                format!("the leaver is the recorded owner of project {project}: make somebody else its owner first");
            self.find(FindingKind::Holds, "BEYOND-9", Some(format!("project/{project}")), says);
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

    /// A kind of grant that occurs nowhere in the answers may be one that they cannot show (AUTH-3).
    fn kinds_not_shown(&mut self, roster: &Roster) {
        let by_team = self.team_list().is_some_and(|list| list.teams.iter().any(|team| team.grants.is_some()));
        let kinds = [GrantKind::Individual, GrantKind::Team, GrantKind::AllUsers, GrantKind::OrganizationRole];
        let unseen: Vec<&str> = kinds
            .into_iter()
            .filter(|kind| !roster.grant_kinds.contains(kind))
            .filter(|kind| *kind != GrantKind::Team || !by_team)
            .map(GrantKind::word)
            .collect();
        if !unseen.is_empty() {
            let says = format!(
                "no read shows a grant of this kind for anybody: {}; whether the leaver has one is unknown, not none",
                unseen.join(", ")
            );
            self.find(FindingKind::NotSeen, "AUTH-3", None, says);
        }
    }

    pub(super) fn authority(&mut self) {
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
        if let Some(inventory) = self.claims.last_mut() {
            inventory.options = vec![Choice::AcceptRisk];
        }
        let mut members = claim(
            ClaimKey::from("state.members"),
            &["STATE-4"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::Members },
            Vec::new(),
            Remedy::None,
        );
        members.options = vec![Choice::AcceptRisk];
        self.claims.push(members);
        self.claims.push(claim(
            ClaimKey::from("record.request"),
            &[self.input.request.reason.id()],
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
            keys::approval(),
            &["AUTH-5", "AUTH-6", "METHOD-4"],
            ClaimKind::Record,
            Predicate::Recorded { record: Record::Approval },
            Vec::new(),
            Remedy::None,
        ));
        self.claims.push(claim(
            keys::original(),
            &["AUTH-1"],
            ClaimKind::Record,
            Predicate::Declared { subject: Subject::ApprovalOriginal },
            Vec::new(),
            Remedy::Attested(Guide::VouchApproval),
        ));
    }
}
