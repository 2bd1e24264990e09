//! What makes a reading complete, and everything that makes it unknown instead.

use std::collections::BTreeSet;

use super::{Court, Gap, ONE_PASS, tolerated};
use crate::ids::ProjectId;
use crate::reading::{Item, Me, Reading, Roster, Snapshot};
use crate::source::{Kind, What};

impl Court<'_> {
    /// The snapshot of a source, if it was read well and after everything that touched it.
    pub(super) fn fresh(&self, what: &What) -> Result<(&Reading, &Snapshot), Gap> {
        let reading: &Reading = self.readings.get(what).ok_or_else(|| format!("{what} was not read"))?;
        if let Some(settled) = self.case.settled(what)
            && reading.sent_at <= settled
        {
            return Err(format!("{what} was read before the last change had settled"));
        }
        let snapshot = reading.result.as_ref().map_err(|failure| format!("{what}: {failure}"))?;
        if !reading.to_the_end {
            return Err(format!("{what} was not read to its end"));
        }
        Ok((reading, snapshot))
    }

    /// `/me` from the same pass as this reading, with our organization in it.
    pub(super) fn me_beside(&self, reading: &Reading) -> Result<&Me, Gap> {
        let (beside, snapshot) = self.fresh(&What::Me)?;
        let Snapshot::Me(me) = snapshot else { return Err("me was not of its shape".to_owned()) };
        if beside.sent_at.duration_since(reading.sent_at).abs() > ONE_PASS {
            return Err("our role was not read in the same pass".to_owned());
        }
        if !me.sees_organization {
            return Err("our credential does not see the organization".to_owned());
        }
        Ok(me)
    }

    /// Our role in a project, from the same pass as this reading: without it a 404 says nothing.
    pub(super) fn role_beside(&self, project: ProjectId, reading: &Reading) -> Result<(), Gap> {
        let me = self.me_beside(reading)?;
        match me.projects.get(&project).and_then(|seen| seen.role.as_ref()) {
            Some(_) => Ok(()),
            None => Err(format!("our credential has no role in project {project}")),
        }
    }

    /// The member list, shown to be complete: to the last page, our role beside it, every control member in it.
    pub(super) fn complete_roster(&self, what: &What) -> Result<(&Roster, &Reading), Gap> {
        let (reading, snapshot) = self.fresh(what)?;
        let Snapshot::Roster(roster) = snapshot else { return Err(format!("{what} was not of its shape")) };
        self.me_beside(reading)?;
        if self.names.control.len() < 2 {
            return Err(format!("{what}: fewer than two control members are known"));
        }
        let missing = self
            .names
            .control
            .iter()
            .filter(|(id, address)| {
                roster.by_address(address).is_none() && id.as_deref().is_none_or(|id| roster.by_id(id).is_none())
            })
            .count();
        if missing > 0 {
            return Err(format!("{what}: {missing} of {} control members are missing", self.names.control.len()));
        }
        if let Some(before) = self.case.count(what) {
            let gone = before.saturating_sub(roster.len());
            if gone > tolerated(before) + self.names.leaving.len() {
                return Err(format!("{what}: {gone} of {before} members are missing at once"));
            }
        }
        Ok((roster, reading))
    }

    /// The items of a list, shown to be complete: to the last page, our role in the project beside it, and a witness.
    pub(super) fn complete_list(&self, project: ProjectId, kind: Kind) -> Result<&[Item], Gap> {
        let what = What::List(project, kind);
        let (reading, snapshot) = self.fresh(&what)?;
        let Snapshot::Items(items) = snapshot else { return Err(format!("{what} was not of its shape")) };
        self.role_beside(project, reading)?;
        if !what.is_tracked() && !super::is_as_long(items.len(), self.case.count(&what)) {
            return Err(format!(
                "{what}: {} items, and there were {}",
                items.len(),
                self.case.count(&what).unwrap_or(0)
            ));
        }
        let expected = self.case.expected(&what);
        let shown: BTreeSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        let missing: Vec<&String> = expected.iter().filter(|id| !shown.contains(id.as_str())).collect();
        if missing.len() > tolerated(expected.len()) && missing.iter().any(|id| !self.gone_by_id(project, kind, id)) {
            return Err(format!("{what}: {} of {} items are missing at once", missing.len(), expected.len()));
        }
        if items.is_empty() {
            self.sibling_answers(project, reading)?;
            for id in self.case.seen(&what) {
                if !self.gone_by_id(project, kind, id) {
                    return Err(format!("{what} came empty, and {id} does not read back as gone"));
                }
            }
        } else if !expected.is_empty() && missing.len() == expected.len() {
            for id in &expected {
                if !self.gone_by_id(project, kind, id) {
                    return Err(format!("{what}: no item seen earlier is left as a witness"));
                }
            }
        }
        Ok(items)
    }

    /// The reports of a project, none left out: each one that was ever seen is there, or reads back as gone.
    pub(super) fn every_report(&self, project: ProjectId) -> Result<&[Item], Gap> {
        let items = self.complete_list(project, Kind::Report)?;
        let what = What::List(project, Kind::Report);
        for id in self.case.expected(&what) {
            if !items.iter().any(|item| item.id == id) && !self.gone_by_id(project, Kind::Report, &id) {
                return Err(format!("{what} does not show {id}, and it does not read back as gone"));
            }
        }
        Ok(items)
    }

    /// Whether an empty success of one list can be believed: another list of the same project came non-empty in the same pass.
    pub(super) fn sibling_answers(&self, project: ProjectId, reading: &Reading) -> Result<(), Gap> {
        let answers = self.readings.values().any(|other| {
            matches!(&other.source.what, What::List(of, _) if *of == project)
                && other.source.what != reading.source.what
                && other.to_the_end
                && other.sent_at.duration_since(reading.sent_at).abs() <= ONE_PASS
                && matches!(&other.result, Ok(Snapshot::Items(items)) if !items.is_empty())
        });
        if answers {
            Ok(())
        } else {
            let tried: Vec<String> = self
                .readings
                .values()
                .filter(|other| matches!(&other.source.what, What::List(of, _) if *of == project))
                .filter(|other| other.source.what != reading.source.what)
                .map(|other| match &other.result {
                    Ok(_) => format!("{} came empty too", other.source.what),
                    Err(failure) => format!("{}: {failure}", other.source.what),
                })
                .collect();
            Err(format!(
                "{} came empty, and no other list of project {project} answered beside it ({})",
                reading.source.what,
                tried.join("; ")
            ))
        }
    }

    pub(super) fn gone_by_id(&self, project: ProjectId, kind: Kind, id: &str) -> bool {
        matches!(self.fresh(&What::Object(project, kind, id.to_owned())), Ok((_, Snapshot::Absent)))
    }

    pub(super) fn item(&self, project: ProjectId, kind: Kind, id: &str) -> Result<Option<&Item>, Gap> {
        let what = What::Object(project, kind, id.to_owned());
        let (reading, snapshot) = self.fresh(&what)?;
        let item = snapshot.one().ok_or_else(|| format!("{what} was not of its shape"))?;
        if item.is_none() {
            self.role_beside(project, reading)?;
        }
        Ok(item)
    }
}
