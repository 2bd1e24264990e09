//! Reducing: named projects, teams or roles go, and the rest stays (METHOD-5). Both are claims.

use std::collections::BTreeSet;

use super::{Desk, Refusal, claim};
use crate::claim::{Claim, ClaimKind, Guide, Predicate, Remedy};
use crate::ids::ProjectId;
use crate::judge::Readings;
use crate::plan::{FindingKind, Request, keys};
use crate::reading::{Grant, GrantKind, Snapshot};
use crate::source::What;

/// Puts the ids of teams in the place of their names. Where the teams cannot be read the names stay as they were given, and the claims
/// about them stay unknown until a person looks.
///
/// # Errors
/// [`Refusal::Team`] for a name that no team bears, or several.
pub fn name_teams(request: &mut Request, readings: &Readings) -> Result<(), Refusal> {
    let reading = readings.get(&What::Teams).filter(|reading| reading.to_the_end);
    let list = reading.and_then(|reading| reading.result.as_ref().ok()).and_then(Snapshot::teams);
    let Some(list) = list else { return Ok(()) };
    let mut ids = BTreeSet::new();
    for text in &request.teams {
        if let Some(team) = list.by_id(text) {
            ids.insert(team.id.clone());
            continue;
        }
        let named: Vec<&str> = list
            .teams
            .iter()
            .filter(|team| team.name.eq_ignore_ascii_case(text))
            .map(|team| team.id.as_str())
            .collect();
        match named.as_slice() {
            [one] => {
                ids.insert((*one).to_owned());
            }
            [] => {
                let known = list.teams.iter().map(|team| format!("{} ({})", team.name, team.id)).collect();
                return Err(Refusal::Team { why: format!("the organization has no team '{text}'"), known });
            }
            several => {
                let known = several.iter().map(|id| (*id).to_owned()).collect();
                let why = format!("{} teams are called '{text}': name one by its number", several.len());
                return Err(Refusal::Team { why, known });
            }
        }
    }
    request.teams = ids.into_iter().collect();
    Ok(())
}

impl Desk<'_> {
    /// What goes, and what stays as it was.
    pub(super) fn reduced(&mut self) -> Vec<Claim> {
        let request = self.input.request;
        let mut made: Vec<Claim> = self.role_kept().into_iter().collect();
        if !request.projects.is_empty() {
            let says = Predicate::NoGrantIn { projects: request.projects.clone() };
            let remedy = Remedy::Guided(Guide::LeaveProjects);
            let ids = &["METHOD-5", "REMOVE-4"];
            made.push(claim(keys::grants_gone(), ids, ClaimKind::Access, says, self.member_reads(), remedy));
        }
        if !request.teams.is_empty() {
            self.teams_left();
            let says = Predicate::NotInTeams { teams: request.teams.clone() };
            let remedy = Remedy::Guided(Guide::LeaveTeams);
            let ids = &["METHOD-5", "BEYOND-3"];
            made.push(claim(keys::teams_gone(), ids, ClaimKind::Access, says, self.team_reads(), remedy));
        }
        if let Some(role) = request.role {
            let before = self.subject.role;
            if let Some(before) = before.filter(|before| role >= *before) {
                self.block("L113", format!("the role {} is not below the leaver's, {}", role.word(), before.word()));
            }
            let says = Predicate::RoleAtMost { role };
            let remedy = Remedy::Guided(Guide::LowerRole);
            let ids = &["METHOD-5", "REMOVE-3"];
            made.push(claim(keys::role_lowered(), ids, ClaimKind::Access, says, self.member_reads(), remedy));
        }
        let mut keep = |key, says, reads| {
            made.push(claim(key, &["METHOD-5"], ClaimKind::Kept, says, reads, Remedy::None));
        };
        let grants = self.grants_that_stay();
        keep(keys::grants_kept(), Predicate::GrantsAsBefore { grants }, self.member_reads());
        let teams = self.subject.teams.iter().flatten().map(|pinned| pinned.team.clone());
        let teams: Vec<String> = teams.filter(|team| !request.teams.contains(team)).collect();
        if !teams.is_empty() {
            keep(keys::teams_kept(), Predicate::TeamsAsBefore { teams }, self.team_reads());
        }
        if let Some(role) = request.role.or(self.subject.role) {
            keep(keys::role_stays(), Predicate::RoleNotBelow { role }, self.member_reads());
        }
        made
    }

    /// What leaving the named teams takes along, and a named team that does not list the leaver.
    fn teams_left(&mut self) {
        let Some(pinned) = self.subject.teams.clone() else { return };
        for team in &self.input.request.teams {
            let object = Some(format!("team/{team}"));
            let Some(pinned) = pinned.iter().find(|pinned| pinned.team == *team) else {
                let says = "this team does not list the leaver: there is nothing to take";
                self.find(FindingKind::Grant, "METHOD-5", object, says);
                continue;
            };
            let gives = pinned.grants.iter().flatten().filter_map(|grant| grant.project);
            let only: BTreeSet<ProjectId> = gives.filter(|project| !self.covers(*project)).collect();
            for project in only {
                let says = format!(
                    "leaving this team takes project {project}, unless another grant gives it; what sends to the leaver there is dealt with only if the project is named too"
                );
                self.find(FindingKind::Grant, "METHOD-5", object.clone(), says);
            }
        }
    }

    /// The grants that must be there afterwards. Where it cannot be told whether a grant goes with a team or a role that is named, the
    /// plan says so and promises nothing about it.
    fn grants_that_stay(&mut self) -> Vec<Grant> {
        let request = self.input.request;
        let names: BTreeSet<String> = request.teams.iter().map(|id| self.team_name(id)).collect();
        let named = |team: &str| request.teams.iter().any(|id| id == team) || names.contains(team);
        let pinned = || self.subject.teams.iter().flatten();
        let goes: Vec<_> = pinned().filter(|pinned| request.teams.contains(&pinned.team)).collect();
        let silent =
            !request.teams.is_empty() && (self.subject.teams.is_none() || goes.iter().any(|one| one.grants.is_none()));
        let given =
            |project| goes.iter().flat_map(|one| one.grants.iter().flatten()).any(|grant| grant.project == project);
        let (mut stay, mut untold) = (Vec::new(), Vec::new());
        for grant in self.subject.grants.iter().flatten() {
            let Some(project) = grant.project.filter(|project| !request.projects.contains(project)) else { continue };
            let through_team = silent || given(grant.project);
            match (grant.kind, &grant.team) {
                (GrantKind::Team, Some(team)) if named(team) => {}
                (GrantKind::Team, None) if through_team => untold.push(project),
                (GrantKind::OrganizationRole, _) if request.role.is_some() => {}
                (GrantKind::Unknown, _) if through_team || request.role.is_some() => untold.push(project),
                _ => stay.push(grant.clone()),
            }
        }
        for project in untold {
            let says = "no read tells whether this grant comes with what goes: that it stays is not promised";
            self.find(FindingKind::NotSeen, "METHOD-5", Some(format!("project/{project}")), says);
        }
        stay
    }

    fn team_name(&self, id: &str) -> String {
        let team = self.team_list().and_then(|list| list.by_id(id));
        team.map_or_else(|| id.to_owned(), |team| team.name.clone())
    }
}
