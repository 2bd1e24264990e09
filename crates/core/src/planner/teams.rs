//! The teams and data views that the leaver is in: shown before anybody says yes, and closed by claims of their own (AUTH-3, BEYOND-3).

use super::{BESIDE, Desk, claim};
use crate::claim::{Claim, ClaimKind, Guide, Predicate, Remedy};
use crate::ids::Digest;
use crate::plan::{FindingKind, Membership, keys};
use crate::reading::{Grant, Maker, Team, Teams};
use crate::source::{Kind, What};

impl Desk<'_> {
    /// The teams, where they could be read to the end.
    pub(super) fn team_list(&self) -> Option<&Teams> {
        let reading = self.input.readings.get(&What::Teams).filter(|reading| reading.to_the_end)?;
        reading.result.as_ref().ok()?.teams()
    }

    /// Pins the teams that list the leaver and shows each with what it gives.
    pub(super) fn teams(&mut self) {
        let Some(list) = self.team_list().cloned() else {
            let why = match self.input.readings.get(&What::Teams).map(|reading| &reading.result) {
                Some(Err(failure)) if failure.passes_after().is_none() => format!("teams: {failure}"),
                _ => "the teams could not be read".to_owned(),
            };
            let says = format!("{why}; which teams the leaver is in is unknown, not none");
            return self.find(FindingKind::NotSeen, "AUTH-3", Some(What::Teams.to_string()), says);
        };
        let mut found = Vec::new();
        for team in &list.teams {
            let object = format!("team/{}", team.id);
            let Some(members) = &team.members else {
                self.labels.insert(object.clone(), team.name.clone());
                let says = "a team whose members are not shown: whether the leaver is in it is unknown, not none";
                self.find(FindingKind::NotSeen, "AUTH-3", Some(object), says);
                continue;
            };
            if !members.iter().any(|member| self.is_leaver_in(&list, member)) {
                continue;
            }
            self.labels.insert(object.clone(), team.name.clone());
            self.find(FindingKind::Grant, "AUTH-3", Some(object), gives(team));
            let others = members.iter().filter(|member| !self.is_leaver_in(&list, member));
            found.push(Membership {
                team: team.id.clone(),
                grants: team.grants.clone(),
                beside: others.filter_map(witness).take(BESIDE).collect(),
            });
        }
        self.subject.teams = Some(found);
    }

    fn is_leaver_in(&self, list: &Teams, member: &Maker) -> bool {
        let id = if list.by_scim { &self.subject.scim_id } else { &self.subject.vendor_id };
        self.input.names.leaver.iter().any(|address| member.is(id.as_deref(), address))
    }

    /// Shows every restricted data view that lists the leaver.
    pub(super) fn views(&mut self) {
        if self.me.view_members.is_empty() {
            let says = "our credential sees the members of no data view: those of the leaver are unknown, not none";
            return self.find(FindingKind::NotSeen, "AUTH-3", None, says);
        }
        let id = self.subject.vendor_id.clone();
        let is_leaver = |view: &&crate::reading::ViewMember| {
            let by_id = view.id.is_some() && view.id == id;
            by_id || view.address.as_ref().is_some_and(|address| self.input.names.leaver.contains(address))
        };
        let found = self.me.view_members.iter().filter(|view| view.restricted).filter(is_leaver);
        let found: Vec<_> = found.map(|view| (view.project, view.view.to_string())).collect();
        for (project, view) in found {
            let object = What::Object(project, Kind::DataView, view.clone()).to_string();
            let views = self.inventory.items(project, Kind::DataView);
            let title = views.iter().find(|item| item.id == view).map(|item| item.title.clone());
            self.labels.insert(object.clone(), title.unwrap_or_default());
            let says = format!("a restricted data view of project {project} that lists the leaver");
            self.find(FindingKind::Grant, "BEYOND-3", Some(object), says);
        }
    }

    /// The teams beside every list of members.
    pub(super) fn team_reads(&self) -> Vec<What> {
        let mut reads = self.member_reads();
        reads.push(What::Teams);
        reads
    }

    /// The claim that the leaver is in no team.
    pub(super) fn no_team(&self, runbook: &[&str]) -> Claim {
        let remedy = Remedy::Guided(Guide::LeaveTeams);
        claim(keys::teams_gone(), runbook, ClaimKind::Access, Predicate::NoTeam, self.team_reads(), remedy)
    }
}

/// What a team gives, in words.
fn gives(team: &Team) -> String {
    let one = |grant: &Grant| {
        let project = grant.project.map_or_else(|| "an unnamed project".to_owned(), |id| format!("project {id}"));
        grant.role.as_deref().map_or_else(|| project.clone(), |role| format!("{project} as {role}"))
    };
    match &team.grants {
        None => "the leaver is in this team; what it gives is not shown: unknown, not none".to_owned(),
        Some(grants) if grants.is_empty() => "the leaver is in this team, which gives no project".to_owned(),
        Some(grants) => {
            format!("the leaver is in this team, which gives {}", grants.iter().map(one).collect::<Vec<_>>().join(", "))
        }
    }
}

/// How a plan remembers somebody without a name or an address.
pub(crate) fn witness(member: &Maker) -> Option<String> {
    let digest = |address: &crate::ids::Address| Digest::of(address.as_str().as_bytes()).short();
    member.id.clone().or_else(|| member.address.as_ref().map(digest))
}
