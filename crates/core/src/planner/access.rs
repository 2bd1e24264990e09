//! Claims about every path by which the leaver has access.

use super::{Desk, claim, data_views};
use crate::claim::{Choice, Claim, ClaimKind, Guide, Predicate, Remedy};
use crate::ids::{ClaimKey, ProjectId};
use crate::method::{Method, Urgency};
use crate::plan::{Account, FindingKind, keys};
use crate::reading::OrgRole;
use crate::source::{Kind, What};

impl Desk<'_> {
    /// Share-list entries of the leaver (REMOVE-8). How one person's entry is taken out by an interface is not known, so a
    /// person does it and the list is read again.
    pub(super) fn share_lists(&mut self) {
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
            .filter(|(project, ..)| self.covers(*project))
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

    /// Every list of members that there is.
    pub(super) fn member_reads(&self) -> Vec<What> {
        let mut reads = vec![What::Me, What::Roster];
        if self.input.readings.contains_key(&What::ScimUsers) {
            reads.push(What::ScimUsers);
        }
        reads
    }

    pub(super) fn membership(&mut self) {
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
                    &["METHOD-1", "REMOVE-1", "REMOVE-2", "VERIFY-1", "XFER-8", "BEYOND-2", "BEYOND-3"],
                    ClaimKind::Access,
                    Predicate::NotMember,
                    reads(),
                    Remedy::Guided(Guide::DeleteMember),
                );
                gone.final_act = true;
                made.extend(self.role_kept());
                if !matches!(request.urgency, Urgency::Emergency | Urgency::Immediate) {
                    gone.needs.clone_from(&transfers);
                }
                gone.needs.extend(self.provider_first());
                let mut teams = self.no_team(&["METHOD-1", "BEYOND-3"]);
                // Deleting the person takes them out of every team: nobody does that by hand before.
                teams.needs = vec![gone.key.clone()];
                made.push(gone);
                made.push(teams);
                made.extend(self.scim(&["METHOD-1"]));
                made.extend(self.scim_gone(transfers));
                made.extend(self.not_recreated());
            }
            Method::Revoke => {
                made.extend(self.role_kept());
                made.extend(self.scim(&["METHOD-2"]));
                made.push(claim(
                    keys::role_lowest(),
                    &["METHOD-2", "REMOVE-3"],
                    ClaimKind::Access,
                    Predicate::RoleAtMost { role: OrgRole::Member },
                    reads(),
                    Remedy::Guided(Guide::LowerRole),
                ));
                made.push(claim(
                    keys::grants_gone(),
                    &["METHOD-2", "REMOVE-4", "REMOVE-6", "VERIFY-1", "BEYOND-2"],
                    ClaimKind::Access,
                    Predicate::NoProjectGrant,
                    reads(),
                    Remedy::Guided(Guide::LeaveProjects),
                ));
                made.push(self.no_team(&["METHOD-2", "BEYOND-3"]));
                made.push(data_views());
            }
            Method::Reduce => made.extend(self.reduced()),
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

    /// Whoever was raised after the approval is not removed by it (AUTH-2, AUTH-6).
    pub(super) fn role_kept(&self) -> Option<Claim> {
        self.subject.role.map(|_| {
            claim(
                keys::kept_role(),
                &["AUTH-2", "AUTH-6"],
                ClaimKind::Kept,
                Predicate::RoleKept,
                self.member_reads(),
                Remedy::None,
            )
        })
    }

    /// Where SCIM reaches, the record is deactivated first; that can be undone (METHOD-1, METHOD-2).
    pub(super) fn scim(&self, runbook: &[&str]) -> Option<Claim> {
        let address = self.input.names.leaver.first()?;
        let reaches = self.input.policy.claimed_domains.iter().any(|domain| domain == address.domain());
        let listed = self.input.readings.get(&What::ScimUsers)?.result.is_ok();
        (reaches && listed).then(|| {
            let mut inactive = claim(
                keys::scim(),
                runbook,
                ClaimKind::Access,
                Predicate::ScimInactive,
                vec![What::Me, What::ScimUsers],
                Remedy::Automatic,
            );
            inactive.needs.extend(self.provider_first());
            inactive
        })
    }

    /// Where SCIM reaches, an inactive record opens nothing and is still there: the member has left for good when it is gone. A person
    /// deletes it in Users & Teams, or decides by name that SCIM does, once the transfer holds and the record is inactive (METHOD-1).
    fn scim_gone(&self, transfers: Vec<ClaimKey>) -> Option<Claim> {
        self.subject.scim_id.as_ref()?;
        let first = self.scim(&[])?;
        let mut gone = claim(
            keys::scim_gone(),
            &["METHOD-1"],
            ClaimKind::Record,
            Predicate::ScimGone,
            first.reads,
            Remedy::Guided(Guide::DeleteInactive),
        );
        gone.needs = transfers;
        gone.needs.push(first.key);
        gone.options = vec![Choice::DeleteByScim, Choice::AcceptRisk];
        gone.final_act = true;
        Some(gone)
    }
}
