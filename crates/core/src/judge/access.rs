//! Verdicts about paths of access.

use super::{Court, Gap, Verdict, member_ref};
use crate::claim::Rung;
use crate::ids::{Address, ProjectId};
use crate::reading::{Maker, Member, OrgRole, Roster, Snapshot};
use crate::source::{Kind, What};

impl Court<'_> {
    pub(super) fn leaver_in<'r>(&self, roster: &'r Roster) -> Option<&'r Member> {
        self.plan
            .subject
            .vendor_id
            .as_deref()
            .and_then(|id| roster.by_id(id))
            .or_else(|| self.names.leaver.iter().find_map(|address| roster.by_address(address)))
    }

    pub(super) fn is_leaver(&self, maker: &Maker) -> bool {
        let id = self.plan.subject.vendor_id.as_deref();
        self.names.leaver.iter().any(|address| maker.is(id, address))
    }

    pub(super) fn not_member(&self) -> Verdict {
        let roster = self.complete_roster(&What::Roster);
        let scim = self.complete_roster(&What::ScimUsers);
        for (read, rung) in [(&roster, Rung::Roster), (&scim, Rung::Scim)] {
            // An inactive SCIM record is no membership; the member list itself decides about a listed person.
            if let Ok((list, _)) = read
                && let Some(member) = self.leaver_in(list)
                && !(rung == Rung::Scim && member.active == Some(false) && roster.is_ok())
            {
                return Verdict::broken("the member list shows the account", vec![member_ref(member)]).on(rung);
            }
        }
        match (roster, scim) {
            (Ok(_), _) => Verdict::holds("the member list does not show the account and shows every control member")
                .on(Rung::Roster),
            (Err(_), Ok(_)) => {
                Verdict::holds("the SCIM list does not show the account and shows every control member").on(Rung::Scim)
            }
            (Err(roster_gap), Err(scim_gap)) => self.not_member_by_me(&roster_gap, &scim_gap),
        }
    }

    /// The third rung: data views list their members. They prove absence only if the person was seen there before
    /// and every control member that was seen there still is.
    pub(super) fn not_member_by_me(&self, roster_gap: &str, scim_gap: &str) -> Verdict {
        let Ok((_, Snapshot::Me(me))) = self.fresh(&What::Me) else {
            return Verdict::unknown(format!("{roster_gap}; {scim_gap}"));
        };
        let shown = |address: &Address| me.view_members.iter().any(|member| member.address.as_ref() == Some(address));
        if self.names.leaver.iter().any(shown) {
            return Verdict::broken("a data view lists the account", Vec::new()).on(Rung::Me);
        }
        let control_shown = self.names.control.iter().filter(|(_, address)| shown(address)).count();
        if self.case.seen(&What::Me).contains("leaver") && control_shown >= 2 && me.sees_organization {
            return Verdict::holds(
                "the data views that listed the account no longer do, and still list the control members",
            )
            .on(Rung::Me);
        }
        Verdict::unknown(format!("{roster_gap}; {scim_gap}"))
    }

    pub(super) fn member(&self) -> Result<Option<&Member>, Gap> {
        Ok(self.leaver_in(self.complete_roster(&What::Roster)?.0))
    }

    pub(super) fn lowest_role(&self) -> Result<Verdict, Gap> {
        Ok(match self.member()? {
            None => Verdict::holds("there is no such member").on(Rung::Roster),
            Some(member) => match member.role {
                Some(OrgRole::Member) => Verdict::holds("the role is Member, the lowest").on(Rung::Roster),
                Some(role) => {
                    Verdict::broken(format!("the role is {}", role.word()), vec![member_ref(member)]).on(Rung::Roster)
                }
                None => Verdict::unknown("the member list does not show roles"),
            },
        })
    }

    pub(super) fn no_grant(&self, counts: impl Fn(Option<ProjectId>) -> bool) -> Result<Verdict, Gap> {
        let Some(member) = self.member()? else {
            return Ok(Verdict::holds("there is no such member").on(Rung::Roster));
        };
        let grants = member.grants.as_ref().ok_or("the member list does not show project grants")?;
        let left: Vec<String> = grants
            .iter()
            .filter(|grant| counts(grant.project))
            .map(|grant| {
                let through = grant.kind.word();
                grant.project.map_or_else(|| through.to_owned(), |project| format!("{through}:{project}"))
            })
            .collect();
        Ok(if left.is_empty() {
            Verdict::holds("no project grant is left").on(Rung::Roster)
        } else {
            Verdict::broken(format!("{} project grants are left", left.len()), left).on(Rung::Roster)
        })
    }

    pub(super) fn grants_as_before(&self, projects: &[ProjectId]) -> Result<Verdict, Gap> {
        let member = self.member()?.ok_or("there is no such member")?;
        let grants = member.grants.as_ref().ok_or("the member list does not show project grants")?;
        let before = self.plan.subject.grants.as_ref().ok_or("no grant was seen when the plan was made")?;
        let lost: Vec<String> = before
            .iter()
            .filter(|grant| grant.project.is_some_and(|project| projects.contains(&project)) && !grants.contains(grant))
            .filter_map(|grant| grant.project.map(|project| project.to_string()))
            .collect();
        Ok(if lost.is_empty() {
            Verdict::holds("the other grants are as they were").on(Rung::Roster)
        } else {
            Verdict::broken("grants that should stay are gone", lost).on(Rung::Roster)
        })
    }

    pub(super) fn no_data_view(&self) -> Result<Verdict, Gap> {
        let (_, snapshot) = self.fresh(&What::Me)?;
        let Snapshot::Me(me) = snapshot else { return Err("me was not of its shape".to_owned()) };
        if me.view_members.is_empty() {
            return Err("our credential sees the members of no data view".to_owned());
        }
        let views: Vec<String> = me
            .view_members
            .iter()
            .filter(|member| member.restricted)
            .filter(|member| member.address.as_ref().is_some_and(|address| self.names.leaver.contains(address)))
            .map(|member| member.view.to_string())
            .collect();
        Ok(if views.is_empty() {
            Verdict::holds("no restricted data view that we see lists the account").on(Rung::Me)
        } else {
            Verdict::broken("restricted data views list the account", views).on(Rung::Me)
        })
    }

    pub(super) fn scim_inactive(&self) -> Result<Verdict, Gap> {
        let (list, _) = self.complete_roster(&What::ScimUsers)?;
        Ok(match self.leaver_in(list) {
            None => Verdict::holds("the SCIM list does not show the account").on(Rung::Scim),
            Some(member) => match member.active {
                Some(false) => Verdict::holds("the SCIM record is inactive").on(Rung::Scim),
                Some(true) => Verdict::broken("the SCIM record is active", vec![member_ref(member)]).on(Rung::Scim),
                None => Verdict::unknown("the SCIM record does not say whether it is active"),
            },
        })
    }

    pub(super) fn not_shared(&self, project: ProjectId, kind: Kind, id: &str) -> Result<Verdict, Gap> {
        let what = What::Shares(project, kind, id.to_owned());
        let snapshot = self.fresh(&what)?.1;
        if matches!(snapshot, Snapshot::Absent) {
            return Ok(Verdict::holds("the item is gone"));
        }
        let shares = snapshot.shares().ok_or_else(|| format!("{what} was not of its shape"))?;
        Ok(if shares.people.iter().any(|person| self.is_leaver(person)) {
            Verdict::broken("the share list names the leaver", vec![id.to_owned()])
        } else {
            Verdict::holds("the share list does not name the leaver")
        })
    }

    pub(super) fn no_public_link(&self, project: ProjectId, board: &str) -> Result<Verdict, Gap> {
        Ok(match self.item(project, Kind::Board, board)? {
            None => Verdict::holds("the board is gone"),
            Some(item) => match item.public_links {
                Some(0) => Verdict::holds("the board counts no active public link"),
                Some(links) => Verdict::broken(format!("the board has {links} public links"), vec![board.to_owned()]),
                None => Verdict::unknown("the board does not count its public links"),
            },
        })
    }
}
