//! Verdicts about paths of access.

use super::{Court, Gap, Verdict, member_ref};
use jiff::{SignedDuration, Timestamp};

use crate::claim::{Rung, State};
use crate::ids::{Address, ProjectId};
use crate::reading::{Grant, GrantKind, Maker, Member, OrgRole, Roster, Snapshot, ViewMember};
use crate::source::{Kind, What};

/// So long the end of an imported audit log counts as now.
const AUDIT_FRESH: SignedDuration = SignedDuration::from_hours(24);

impl Court<'_> {
    /// The leaver on a member list, by the id that this list uses, else by address.
    pub(super) fn leaver_in<'r>(&self, list: &What, roster: &'r Roster) -> Option<&'r Member> {
        let subject = &self.plan.subject;
        let id = if *list == What::ScimUsers { subject.scim_id.as_deref() } else { subject.vendor_id.as_deref() };
        id.and_then(|id| roster.by_id(id))
            .or_else(|| self.names.leaver.iter().find_map(|address| roster.by_address(address)))
    }

    pub(super) fn is_leaver(&self, maker: &Maker) -> bool {
        let id = self.plan.subject.vendor_id.as_deref();
        self.names.leaver.iter().any(|address| maker.is(id, address))
    }

    /// Whether it can be told at all whether this names the leaver.
    pub(super) fn can_tell(&self, maker: &Maker) -> bool {
        maker.address.is_some() || (maker.id.is_some() && self.plan.subject.vendor_id.is_some())
    }

    pub(super) fn not_member(&self) -> Verdict {
        self.beside_the_log(self.not_member_by_lists())
    }

    /// The fourth rung: files of the vendor's audit log that people imported. What the log shows after the removal outweighs a list
    /// that was read before it; where no list can be read, a removal that the log shows is a removal.
    fn beside_the_log(&self, lists: Verdict) -> Verdict {
        let Some(log) = self.case.audit_log().filter(|_| lists.state != State::Broken) else { return lists };
        let removed = log.signs.removed_at;
        let inside =
            log.signs.inside_at.filter(|inside| removed.or(self.case.removed_at).is_some_and(|at| *inside > at));
        if let Some(inside) = inside
            && !(lists.state == State::Holds && self.sent_at(lists.rung).is_some_and(|sent| sent > inside))
        {
            let account = self.plan.subject.vendor_id.clone().unwrap_or_else(|| "listed".to_owned());
            return Verdict::broken("the audit log shows the account inside after its removal", vec![account])
                .on(Rung::Audit);
        }
        let begun = self.case.started_at.unwrap_or(self.case.request.at);
        let told = inside.is_none() && removed.is_some_and(|at| at >= begun);
        // A word about yesterday does not prove today.
        let fresh = self.now.duration_since(log.until) <= AUDIT_FRESH;
        if lists.state == State::Unknown && told && fresh && !self.is_listed() {
            return Verdict::holds("the audit log shows the removal and no sign of the account after it")
                .on(Rung::Audit);
        }
        lists
    }

    /// When the list behind a rung was asked for.
    fn sent_at(&self, rung: Option<Rung>) -> Option<Timestamp> {
        let what = rung?.source()?;
        Some(self.readings.get(&what)?.sent_at)
    }

    fn not_member_by_lists(&self) -> Verdict {
        let roster = self.complete_roster(&What::Roster);
        let scim = self.complete_roster(&What::ScimUsers);
        for (what, read, rung) in [(What::Roster, &roster, Rung::Roster), (What::ScimUsers, &scim, Rung::Scim)] {
            // An inactive SCIM record is no membership; the member list itself decides about a listed person.
            if let Ok((list, _)) = read
                && let Some(member) = self.leaver_in(&what, list)
                && !(rung == Rung::Scim && member.active == Some(false) && roster.is_ok())
            {
                return Verdict::broken("the member list shows the account", vec![member_ref(member)]).on(rung);
            }
        }
        match (roster, scim) {
            (Ok(_), _) => Verdict::holds("the member list does not show the account and shows every control member")
                .on(Rung::Roster),
            // Nothing says that SCIM lists everybody: it may show the people of claimed domains alone (`facts/mixpanel.md`, X.3).
            (Err(gap), Ok(_)) if !self.case.seen(&What::ScimUsers).contains("leaver") => {
                self.not_member_by_me(&gap, "the SCIM list never showed the account")
            }
            // A list that shows the account is no proof of absence, however little else it shows.
            (Err(gap), Ok(_)) if self.is_listed() => Verdict::unknown(gap),
            (Err(_), Ok(_)) => {
                Verdict::holds("the SCIM list does not show the account and shows every control member").on(Rung::Scim)
            }
            (Err(roster_gap), Err(scim_gap)) => self.not_member_by_me(&roster_gap, &scim_gap),
        }
    }

    /// Whether any member list at hand, complete or not, shows the account.
    fn is_listed(&self) -> bool {
        [What::Roster, What::ScimUsers].iter().any(|what| {
            let list = self.readings.get(what).and_then(|reading| reading.result.as_ref().ok()?.roster());
            list.and_then(|list| self.leaver_in(what, list)).is_some_and(|member| member.active != Some(false))
        })
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
        let sees_all =
            self.case.projects().iter().all(|project| me.projects.get(project).is_some_and(|seen| seen.role.is_some()));
        let was_seen = self.case.seen(&What::Me).contains("leaver");
        if was_seen && control_shown >= 2 && me.sees_organization && sees_all && !self.is_listed() {
            return Verdict::holds(
                "the data views that listed the account no longer do, and still list the control members",
            )
            .on(Rung::Me);
        }
        Verdict::unknown(format!("{roster_gap}; {scim_gap}"))
    }

    pub(super) fn member(&self) -> Result<Option<&Member>, Gap> {
        Ok(self.leaver_in(&What::Roster, self.complete_roster(&What::Roster)?.0))
    }

    pub(super) fn role_at_most(&self, most: OrgRole) -> Result<Verdict, Gap> {
        let Some(member) = self.member()? else {
            return Ok(Verdict::holds("there is no such member").on(Rung::Roster));
        };
        let role = member.role.ok_or("the member list does not show roles")?;
        let lowest = if role == OrgRole::Member { ", the lowest" } else { "" };
        let says = format!("the role is {}{lowest}", role.word());
        Ok(if role <= most { Verdict::holds(says) } else { Verdict::broken(says, vec![member_ref(member)]) }
            .on(Rung::Roster))
    }

    pub(super) fn role_not_below(&self, least: OrgRole) -> Result<Verdict, Gap> {
        let Some(member) = self.member()? else {
            return Ok(Verdict::broken("there is no such member", vec!["member".to_owned()]).on(Rung::Roster));
        };
        let role = member.role.ok_or("the member list does not show roles")?;
        Ok(if role < least {
            let why = format!("the role is {}, and {} was to stay", role.word(), least.word());
            Verdict::broken(why, vec![format!("role:{}", role.word())]).on(Rung::Roster)
        } else {
            Verdict::holds(format!("the role is {}", role.word())).on(Rung::Roster)
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
        let told_apart =
            self.complete_roster(&What::Roster)?.0.grant_kinds.iter().any(|kind| *kind != GrantKind::Unknown);
        Ok(if left.is_empty() && !told_apart {
            Verdict::unknown("the member list does not tell individual, team and all-users grants apart")
        } else if left.is_empty() {
            Verdict::holds("no project grant is left").on(Rung::Roster)
        } else {
            Verdict::broken(format!("{} project grants are left", left.len()), left).on(Rung::Roster)
        })
    }

    pub(super) fn grants_as_before(&self, stay: &[Grant]) -> Result<Verdict, Gap> {
        let Some(member) = self.member()? else {
            return Ok(Verdict::broken("there is no such member", vec!["member".to_owned()]).on(Rung::Roster));
        };
        let grants = member.grants.as_ref().ok_or("the member list does not show project grants")?;
        if self.plan.subject.grants.is_none() {
            return Err("no grant was seen when the plan was made".to_owned());
        }
        let lost = stay.iter().filter(|grant| !grants.contains(grant));
        let lost: Vec<String> = lost.filter_map(|grant| Some(grant.project?.to_string())).collect();
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
            .filter(|member| self.is_view_member(member))
            .map(|member| member.view.to_string())
            .collect();
        Ok(if views.is_empty() {
            Verdict::holds("no restricted data view that we see lists the account").on(Rung::Me)
        } else {
            Verdict::broken("restricted data views list the account", views).on(Rung::Me)
        })
    }

    fn is_view_member(&self, member: &ViewMember) -> bool {
        let by_id = member.id.is_some() && member.id == self.plan.subject.vendor_id;
        by_id || member.address.as_ref().is_some_and(|address| self.names.leaver.contains(address))
    }

    /// Data views show people who were invited and have not joined (`facts/mixpanel.md` 2.5). Nothing shows every invitation, nor a
    /// link that was copied, so that their absence proves nothing.
    pub(super) fn no_invitation(&self) -> Result<Verdict, Gap> {
        let (_, snapshot) = self.fresh(&What::Me)?;
        let Snapshot::Me(me) = snapshot else { return Err("me was not of its shape".to_owned()) };
        let invited = me.view_members.iter().filter(|member| member.invited && self.is_view_member(member));
        let views: Vec<String> = invited.map(|member| member.view.to_string()).collect();
        if !views.is_empty() {
            return Ok(Verdict::broken("an invitation is pending", views).on(Rung::Me));
        }
        Err("no interface shows every pending invitation and copied link".to_owned())
    }

    /// The role that the approver saw bounds what may be done: whoever was raised since is somebody else's decision.
    pub(super) fn role_kept(&self) -> Result<Verdict, Gap> {
        let before = self.plan.subject.role.ok_or("no role was seen when the plan was made")?;
        match self.member() {
            Ok(None) => Ok(Verdict::holds("there is no such member").on(Rung::Roster)),
            Ok(Some(member)) => Ok(match member.role.ok_or("the member list does not show the role")? {
                role if role <= before => Verdict::holds(format!("the role is {}", role.word())).on(Rung::Roster),
                role => Verdict::broken(
                    format!("the role is {} now, and was {} when the plan was made", role.word(), before.word()),
                    vec![format!("role:{}", role.word())],
                )
                .on(Rung::Roster),
            }),
            Err(gap) => {
                let gone = self.not_member();
                if gone.state == State::Holds { Ok(gone) } else { Err(gap) }
            }
        }
    }

    pub(super) fn scim_inactive(&self) -> Result<Verdict, Gap> {
        let (list, _) = self.complete_roster(&What::ScimUsers)?;
        Ok(match self.leaver_in(&What::ScimUsers, list) {
            None => Verdict::holds("the SCIM list does not show the account").on(Rung::Scim),
            Some(member) => match member.active {
                Some(false) => Verdict::holds("the SCIM record is inactive").on(Rung::Scim),
                Some(true) => Verdict::broken("the SCIM record is active", vec![member_ref(member)]).on(Rung::Scim),
                None => Verdict::unknown("the SCIM record does not say whether it is active"),
            },
        })
    }

    /// An inactive record opens nothing, and is not gone for good.
    pub(super) fn scim_gone(&self) -> Result<Verdict, Gap> {
        let (list, _) = self.complete_roster(&What::ScimUsers)?;
        Ok(match self.leaver_in(&What::ScimUsers, list) {
            None => Verdict::holds("the SCIM list does not show the account").on(Rung::Scim),
            Some(member) => {
                let how = if member.active == Some(false) { ", inactive" } else { "" };
                Verdict::broken(format!("the SCIM list shows the account{how}"), vec![member_ref(member)])
                    .on(Rung::Scim)
            }
        })
    }

    pub(super) fn not_shared(&self, project: ProjectId, kind: Kind, id: &str) -> Result<Verdict, Gap> {
        let what = What::Shares(project, kind, id.to_owned());
        let (reading, snapshot) = self.fresh(&what)?;
        self.role_beside(project, reading)?;
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
        let (reading, _) = self.fresh(&What::Object(project, Kind::Board, board.to_owned()))?;
        self.role_beside(project, reading)?;
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
