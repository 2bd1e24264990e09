//! Verdicts about what the successor needs.

use super::{Court, Gap, Verdict, definition, marker};
use crate::ids::ProjectId;
use crate::reading::Item;
use crate::source::{Kind, What};

impl Court<'_> {
    pub(super) fn copied(&self, project: ProjectId, kind: Kind, id: &str) -> Result<Verdict, Gap> {
        let Some(copy) = self.case.copy_of(project, kind, id) else {
            return Ok(Verdict::broken("there is no copy yet", vec![format!("missing:{id}")]));
        };
        let Some(item) = self.item(project, kind, copy)? else {
            return Ok(Verdict::broken("the copy is gone", vec![format!("missing:{id}")]));
        };
        let shares = What::Shares(project, kind, copy.to_owned());
        let shared = self.fresh(&shares)?.1.shares().ok_or_else(|| format!("{shares} was not of its shape"))?.project;
        if !self.case.copy_proved(project, kind, id) {
            let wanted =
                self.case.captured_definition(project, kind, id).ok_or("the source's definition was not captured")?;
            let reports: &[Item] = if kind == Kind::Board { self.every_report(project)? } else { &[] };
            let made = definition(item, reports).ok_or("the copy does not show its definition")?;
            if made != *wanted {
                return Ok(Verdict::broken("the copy differs from its source", vec![format!("differs:{copy}")]));
            }
        }
        if !item.description.as_deref().is_some_and(|text| text.contains(&marker(&self.case.id))) {
            return Ok(Verdict::broken("the copy does not say what it is a copy of", vec![format!("unnamed:{copy}")]));
        }
        Ok(if shared {
            Verdict::holds("the copy equals its source and is shared with the project")
        } else {
            Verdict::broken("the copy is not shared with the project", vec![format!("unshared:{copy}")])
        })
    }

    pub(super) fn owner_is_successor(
        &self,
        project: ProjectId,
        kind: Kind,
        id: &str,
        may_stand_beside: bool,
    ) -> Result<Verdict, Gap> {
        let Some(item) = self.item(project, kind, id)? else {
            return Ok(Verdict::holds("the item is gone"));
        };
        let successor = self.names.successor.as_ref().ok_or("no successor is named")?;
        let address = successor.address.as_ref().ok_or("the successor has no address")?;
        let is_theirs = item.owners.iter().any(|owner| owner.is(successor.id.as_deref(), address));
        let still_leaver = item.owners.iter().any(|owner| self.is_leaver(owner));
        Ok(if is_theirs && (!still_leaver || !may_stand_beside) {
            Verdict::holds("it names the successor")
        } else {
            Verdict::broken("it does not name the successor", vec![id.to_owned()])
        })
    }

    pub(super) fn described(&self, project: ProjectId, kind: Kind, id: &str) -> Result<Verdict, Gap> {
        let marker = marker(&self.case.id);
        Ok(match self.item(project, kind, id)? {
            None => Verdict::holds("the item is gone"),
            Some(item) if item.description.as_deref().is_some_and(|text| text.contains(&marker)) => {
                Verdict::holds("the description names the new owner")
            }
            Some(_) => Verdict::broken("the description does not name the new owner", vec![id.to_owned()]),
        })
    }

    pub(super) fn dropped(&self, project: ProjectId, kind: Kind, id: &str) -> Result<Verdict, Gap> {
        Ok(match self.item(project, kind, id)? {
            None => Verdict::holds("it is gone, as decided"),
            Some(_) => Verdict::broken("it is still there", vec![id.to_owned()]),
        })
    }

    pub(super) fn exported(&self, project: ProjectId, id: &str) -> Result<Verdict, Gap> {
        if self.item(project, Kind::Report, id)?.is_none() {
            return Ok(Verdict::holds("the report is gone; its last definition is in the captures of the inventory"));
        }
        let data = What::ReportData(project, id.to_owned());
        self.fresh(&data)?;
        Ok(Verdict::holds("definition and data were read and are kept as captures"))
    }
}
