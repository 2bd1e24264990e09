//! Verdicts about authority, about what must not change, and about our own records.

use jiff::SignedDuration;

use super::{Court, Gap, Verdict};
use crate::claim::{Proof, Record, Rung};
use crate::plan::FindingKind;
use crate::reading::{OrgRole, Roster, Snapshot};
use crate::source::What;

impl Court<'_> {
    pub(super) fn members_kept(&self, ids: &[String]) -> Result<Verdict, Gap> {
        let leaving = |id: &str| self.names.leaving.iter().any(|(of, _)| of.as_deref() == Some(id));
        let missing = |roster: &Roster| -> Vec<String> {
            ids.iter().filter(|id| roster.by_id(id).is_none() && !leaving(id)).cloned().collect()
        };
        let gone = match self.complete_roster(&What::Roster) {
            Ok((roster, _)) => missing(roster),
            // The plan was made from SCIM then. Its ids may be others than the member list's: it can show presence only.
            Err(gap) => match self.complete_roster(&What::ScimUsers) {
                Ok((list, _)) if missing(list).is_empty() => {
                    return Ok(
                        Verdict::holds("every account that looks like the leaver's is still there").on(Rung::Scim)
                    );
                }
                _ => return Err(gap),
            },
        };
        Ok(if gone.is_empty() {
            Verdict::holds("every account that looks like the leaver's is still there").on(Rung::Roster)
        } else {
            Verdict::broken("an account that looks like the leaver's is gone", gone).on(Rung::Roster)
        })
    }

    pub(super) fn executor_may_remove(&self) -> Result<Verdict, Gap> {
        let (roster, _) = self.complete_roster(&What::Roster)?;
        let address = self.names.executor.as_ref().ok_or("the executor has no address")?;
        let Some(member) = roster.by_address(address) else {
            return Ok(Verdict::broken("the executor is not a member", Vec::new()).on(Rung::Roster));
        };
        let role = member.role.ok_or("the member list does not show the executor's role")?;
        if role < OrgRole::Admin {
            return Ok(Verdict::broken(format!("the executor's role is {}", role.word()), Vec::new()).on(Rung::Roster));
        }
        match self.plan.subject.role {
            Some(theirs) if theirs >= role => Ok(Verdict::broken(
                format!("the executor's role {} is not above the leaver's, {}", role.word(), theirs.word()),
                Vec::new(),
            )
            .on(Rung::Roster)),
            Some(_) => Ok(Verdict::holds("the executor's role is above the leaver's").on(Rung::Roster)),
            None => Err("the leaver's role is not shown".to_owned()),
        }
    }

    pub(super) fn may_remove(&self) -> Result<Verdict, Gap> {
        let (_, snapshot) = self.fresh(&What::Me)?;
        let Snapshot::Me(me) = snapshot else { return Err("me was not of its shape".to_owned()) };
        let role = me.role.ok_or("the vendor does not show our role in the organization")?;
        let may = role == OrgRole::Owner || me.permissions.iter().any(|permission| permission == "delete_members");
        if !may {
            return Ok(Verdict::broken("our credential may not remove members", Vec::new()));
        }
        match self.plan.subject.role {
            Some(theirs) if theirs >= role => Ok(Verdict::broken(
                format!("our role {} is not above theirs, {}", role.word(), theirs.word()),
                Vec::new(),
            )),
            Some(_) => Ok(Verdict::holds("our credential may remove members and is above the leaver")),
            None => Err("the leaver's role is not shown".to_owned()),
        }
    }

    /// What could not be read at all is no part of the inventory; the member list has a ladder of its own.
    fn inventoried(&self) -> Verdict {
        let unread: Vec<String> = self
            .plan
            .findings
            .iter()
            .filter(|finding| finding.kind == FindingKind::NotSeen)
            .filter_map(|finding| finding.object.clone())
            .filter(|object| object.starts_with("project/"))
            .collect();
        if unread.is_empty() {
            Verdict::holds("the inventory and its raw answers are on record").by(Proof::Record)
        } else {
            Verdict::broken(format!("{} sources could not be read", unread.len()), unread)
        }
    }

    pub(super) fn recorded(&self, record: Record) -> Verdict {
        if record == Record::Inventory {
            return self.inventoried();
        }
        if record == Record::Members && self.case.request.members.is_none() {
            return Verdict::broken("the member list was not exported", vec!["members".to_owned()]);
        }
        if record == Record::Approval && self.case.is_alone() {
            let by = self.case.ratify_by().map(|by| format!(" by {by}")).unwrap_or_default();
            return Verdict::broken(
                format!("one person authorised the emergency: a second one must ratify it{by}"),
                vec!["unratified".to_owned()],
            );
        }
        if record == Record::Witnessed && !self.case.is_witnessed() {
            let why = "no pack sealed since the removal was signed by enough outside witnesses: 'leaver evidence export' asks them";
            return Verdict::broken(why, vec!["unwitnessed".to_owned()]);
        }
        if let Some(missing) = self.case.log_missing().filter(|_| record == Record::AuditLog) {
            let kept = SignedDuration::from_hours(24 * i64::from(self.plan.policy.audit_log_days));
            let until = self.case.removed_at.and_then(|removed| removed.checked_add(kept).ok());
            let until = until.map(|until| format!("; the vendor keeps it until {}", until.strftime("%Y-%m-%d")));
            return Verdict::broken(format!("{missing}{}", until.unwrap_or_default()), vec!["unexported".to_owned()]);
        }
        // What stands in the plan is shown by the plan itself.
        let shown = self.case.shows(record).unwrap_or_else(|| self.case.plan_event().is_some());
        if shown && record == Record::Tracker && self.plan.subject.grants.is_none() {
            let why =
                "our journal shows it; which projects were removed is unknown, because the vendor shows no grants";
            return Verdict::holds(why).by(Proof::Record);
        }
        if shown {
            Verdict::holds("our journal shows it").by(Proof::Record)
        } else {
            Verdict::broken("our journal does not show it yet", Vec::new())
        }
    }
}
