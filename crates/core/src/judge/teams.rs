//! Verdicts about teams.

use super::{Court, Gap, Verdict, tolerated};
use crate::claim::Rung;
use crate::ids::ClaimKey;
use crate::planner::witness;
use crate::reading::{Grant, GrantKind, Team, Teams};
use crate::source::What;

impl Court<'_> {
    /// The teams, shown to be complete: to the end, our role beside them, teams seen earlier as witnesses.
    fn complete_teams(&self) -> Result<&Teams, Gap> {
        let (reading, snapshot) = self.fresh(&What::Teams)?;
        let teams = snapshot.teams().ok_or("teams was not of its shape")?;
        self.me_beside(reading)?;
        let expected = self.case.expected(&What::Teams);
        let missing = expected.iter().filter(|id| teams.by_id(id).is_none()).count();
        if missing > tolerated(expected.len()) || (missing > 0 && missing == expected.len()) {
            return Err(format!("teams: {missing} of {} are missing at once", expected.len()));
        }
        if teams.teams.is_empty() {
            // Nobody ever saw a team here: the member list must say so too.
            let (roster, _) = self.complete_roster(&What::Roster)?;
            if !roster.shows_grants || roster.grant_kinds.contains(&GrantKind::Team) {
                return Err("teams came empty, and the member list does not show that there are none".to_owned());
            }
        }
        Ok(teams)
    }

    /// Whether a team lists the leaver; `None` where that cannot be told.
    fn is_in(&self, teams: &Teams, team: &Team) -> Option<bool> {
        let subject = &self.plan.subject;
        let id = if teams.by_scim { subject.scim_id.as_deref() } else { subject.vendor_id.as_deref() };
        let members = team.members.as_ref()?;
        if members.iter().any(|member| self.names.leaver.iter().any(|address| member.is(id, address))) {
            return Some(true);
        }
        let told = |member: &crate::reading::Maker| member.address.is_some() || (member.id.is_some() && id.is_some());
        members.iter().all(told).then_some(false)
    }

    /// Whether the members of a team can be believed: somebody who stood beside the leaver still stands there. Where nobody did, some
    /// team must show members at all.
    fn shows_members(&self, teams: &Teams, team: &Team) -> bool {
        let pinned = self.plan.subject.teams.iter().flatten().find(|pinned| pinned.team == team.id);
        let mut shown = team.members.iter().flatten().filter_map(witness);
        match pinned.filter(|pinned| !pinned.beside.is_empty()) {
            Some(pinned) => shown.any(|one| pinned.beside.contains(&one)),
            None => teams.teams.iter().any(|team| team.members.iter().flatten().next().is_some()),
        }
    }

    /// None of the named teams, or without names no team at all, lists the leaver; or there is no such member.
    pub(super) fn in_no_team(&self, key: &ClaimKey, named: Option<&[String]>) -> Result<Verdict, Gap> {
        let counts = |id: &str| named.is_none_or(|named| named.iter().any(|one| one == id));
        let teams = self.complete_teams();
        let on = |verdict: Verdict, teams: &Teams| if teams.by_scim { verdict.on(Rung::Scim) } else { verdict };
        if let Ok(teams) = teams {
            let listed = teams.teams.iter().filter(|team| counts(&team.id) && self.is_in(teams, team) == Some(true));
            let listed: Vec<String> = listed.map(|team| team.id.clone()).collect();
            if !listed.is_empty() {
                return Ok(on(Verdict::broken(format!("{} teams list the account", listed.len()), listed), teams));
            }
        }
        let member = self.member();
        if matches!(member, Ok(None)) {
            return Ok(Verdict::holds("there is no such member").on(Rung::Roster));
        }
        let teams = teams?;
        // A team has no address of its own: one that once listed the account must still be shown.
        let pinned = self.plan.subject.teams.iter().flatten().map(|pinned| &pinned.team);
        let named_here = named.into_iter().flatten();
        for id in pinned.chain(self.case.suspects(key)).chain(named_here).filter(|id| counts(id)) {
            let team = teams.by_id(id).ok_or_else(|| format!("team {id} is not listed any more"))?;
            if !self.shows_members(teams, team) {
                return Err(format!("team {id} shows nobody who stood there beside the account"));
            }
        }
        if let Some(team) = teams.teams.iter().find(|team| counts(&team.id) && self.is_in(teams, team).is_none()) {
            return Err(format!("team {} does not show who is in it", team.id));
        }
        let grants = member.ok().flatten().and_then(|member| member.grants.as_deref()).unwrap_or_default();
        // Which team a grant comes through is not always shown, and the others may stay.
        let through = |grant: &Grant| grant.team.as_deref().map_or(named.is_none(), counts);
        if grants.iter().any(|grant| grant.kind == GrantKind::Team && through(grant)) {
            return Err("no team lists the account, and the member list shows a grant through a team".to_owned());
        }
        let says = if named.is_some() { "none of these teams lists the account" } else { "no team lists the account" };
        Ok(on(Verdict::holds(says), teams))
    }

    /// The teams that stay still list the leaver. A team that is not listed any more shows nothing.
    pub(super) fn teams_as_before(&self, stay: &[String]) -> Result<Verdict, Gap> {
        let teams = self.complete_teams()?;
        let on = |verdict: Verdict| if teams.by_scim { verdict.on(Rung::Scim) } else { verdict };
        let mut lost = Vec::new();
        for id in stay {
            let team = teams.by_id(id).ok_or_else(|| format!("team {id} is not listed any more"))?;
            match self.is_in(teams, team) {
                Some(true) => {}
                Some(false) => lost.push(id.clone()),
                None => return Err(format!("team {id} does not show who is in it")),
            }
        }
        Ok(on(if lost.is_empty() {
            Verdict::holds("the teams that stay list the account")
        } else {
            Verdict::broken("teams that should stay do not list the account", lost)
        }))
    }
}
