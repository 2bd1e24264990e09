//! Verdicts about what sends, and about service accounts.

use std::collections::BTreeSet;

use super::{Court, Gap, Verdict, tolerated};
use crate::claim::{Claim, Proof};
use crate::ids::ProjectId;
use crate::reading::{Failure, Item, Snapshot};
use crate::source::{Kind, What};

impl Court<'_> {
    pub(super) fn service_accounts(&self) -> Result<&[Item], Gap> {
        let (reading, snapshot) = self.fresh(&What::ServiceAccounts)?;
        let Snapshot::Items(items) = snapshot else { return Err("service-accounts was not of its shape".to_owned()) };
        self.me_beside(reading)?;
        let own = self.names.own_username.as_deref().ok_or("our own user name is not known")?;
        if !items.iter().any(|item| item.title == own) {
            return Err("service-accounts does not show our own account".to_owned());
        }
        let expected = self.case.expected(&What::ServiceAccounts);
        let gone = |id: &str| id.parse().is_ok_and(|id| matches!(self.service_account(id), Ok(None)));
        let unlisted = expected.iter().filter(|id| !items.iter().any(|item| item.id == **id));
        let missing = unlisted.filter(|id| !gone(id)).count();
        if missing > tolerated(expected.len()) {
            return Err(format!("service-accounts: {missing} of {} are missing at once", expected.len()));
        }
        Ok(items)
    }

    pub(super) fn service_account(&self, id: u64) -> Result<Option<&Item>, Gap> {
        let what = What::ServiceAccount(id);
        self.fresh(&what)?.1.one().ok_or_else(|| format!("{what} was not of its shape"))
    }

    /// The roles by which a service account is granted a project by itself or through a team.
    fn project_roles(&self, project: ProjectId, id: u64) -> Result<BTreeSet<Option<&str>>, Gap> {
        let what = What::ProjectServiceAccounts(project);
        let listed = self.fresh(&what)?.1.items().ok_or_else(|| format!("{what} was not of its shape"))?;
        if listed.is_empty() {
            // We read it as a service account with a role in this project.
            return Err(format!("{what} came empty"));
        }
        Ok(crate::prepare::project_grants(listed, id).map(|grant| grant.role.as_deref()).collect())
    }

    pub(super) fn no_service_account(&self) -> Result<Verdict, Gap> {
        let items = self.service_accounts()?;
        let own = self.names.own_username.as_deref();
        let nobodys = items
            .iter()
            .filter(|item| own != Some(item.title.as_str()))
            .filter(|item| item.maker.as_ref().is_none_or(|maker| !self.can_tell(maker)))
            .count();
        let mut left: BTreeSet<String> = items
            .iter()
            .filter(|item| item.maker.as_ref().is_some_and(|maker| self.is_leaver(maker)))
            .map(|item| item.id.clone())
            .collect();
        let key = crate::plan::keys::service_accounts();
        for id in self.case.suspects(&key) {
            let number: u64 = id.parse().map_err(|_| format!("service account {id} has no number"))?;
            match (self.service_account(number)?, left.contains(id)) {
                (None, true) => return Err(format!("service account {id} is listed and answers 404")),
                (None, false) => {}
                (Some(_), _) => {
                    left.insert(id.clone());
                }
            }
        }
        let kept: BTreeSet<String> =
            left.iter().filter(|id| self.case.keeps_service_account(self.plan, id, self.now)).cloned().collect();
        let open: Vec<String> = left.difference(&kept).cloned().collect();
        Ok(if !open.is_empty() {
            Verdict::broken(format!("still working, and made by the leaver: {}", open.len()), open)
        } else if nobodys > 0 {
            Verdict::unknown(format!(
                "{nobodys} service accounts do not show who made them in a way that can be compared"
            ))
        } else if kept.is_empty() {
            Verdict::holds("no service account made by the leaver is left; each one seen answers 404")
        } else {
            Verdict::broken(format!("kept by a named decision: {}", kept.len()), kept.into_iter().collect())
        })
    }

    pub(super) fn replaced(&self, old: u64) -> Result<Verdict, Gap> {
        let Some((id, credential)) = self.case.replacement_of(old) else {
            return Ok(Verdict::broken("there is no replacement yet", vec![old.to_string()]));
        };
        if self.service_account(id)?.is_none() {
            return Ok(Verdict::broken("the replacement is gone", vec![old.to_string()]));
        }
        if self.case.replacement_proved(old) {
            return Ok(Verdict::holds("the replacement exists; the vendor accepted its secret earlier"));
        }
        for project in self.case.projects() {
            let (old_roles, roles) = (self.project_roles(project, old)?, self.project_roles(project, id)?);
            if !old_roles.is_empty() && old_roles.is_disjoint(&roles) {
                let why = format!("the replacement has no grant like the old one's in project {project}");
                return Ok(Verdict::broken(why, vec![id.to_string()]));
            }
        }
        let probe = What::Accepts(credential);
        if let Some(reading) = self.readings.get(&probe)
            && matches!(reading.result, Err(Failure::NotConfigured(_)))
        {
            return Ok(Verdict::broken("the replacement's secret was lost before it was proved", vec![id.to_string()]));
        }
        let accepted = self.fresh(&probe)?.1.accepted().ok_or("the credential probe was not of its shape")?;
        Ok(if accepted {
            Verdict::holds("the vendor accepts the replacement's secret")
        } else {
            Verdict::broken("the vendor refuses the replacement's secret", vec![id.to_string()])
        })
    }

    pub(super) fn nothing_sends(&self, claim: &Claim, project: ProjectId, kind: Kind) -> Result<Verdict, Gap> {
        let items = self.complete_list(project, kind)?;
        let live = |item: &Item| {
            self.names.reached_by(item, &self.plan.own_domains)
                && !(kind == Kind::Automation && item.paused == Some(true))
        };
        let live = |item: &Item| live(item) && !(kind == Kind::Webhook && item.paused == Some(true));
        let mut left: BTreeSet<String> = items.iter().filter(|item| live(item)).map(|item| item.id.clone()).collect();
        for id in self.case.suspects(&claim.key) {
            // Seen to send once: the list alone does not acquit it, it must also read back clean or gone by id.
            if kind == Kind::Webhook {
                // There is no call for a single webhook (4.3): it must be listed, and switched off.
                if !items.iter().any(|item| item.id == *id) {
                    return Err(format!("webhook {id} is not listed any more, and no call shows it by itself"));
                }
                continue;
            }
            if self.item(project, kind, id)?.is_some_and(live) {
                left.insert(id.clone());
            }
        }
        Ok(if left.is_empty() {
            Verdict::holds(format!("none of {} {} sends to the leaver", items.len(), kind.plural()))
        } else {
            Verdict::broken(
                format!("{} of {} {} send to the leaver", left.len(), items.len().max(left.len()), kind.plural()),
                left.into_iter().collect(),
            )
        })
    }

    pub(super) fn recipients_kept(&self) -> Result<Verdict, Gap> {
        let mut changed = Vec::new();
        for (project, kind, id, rest) in self.case.unconfirmed() {
            let kept = self
                .item(project, kind, id)?
                .and_then(|item| crate::prepare::recipients_digest(kind, &item.raw, self.names))
                .is_some_and(|now| now == *rest);
            if !kept {
                changed.push(What::Object(project, kind, id.to_owned()).to_string());
            }
        }
        Ok(match self.case.changed_lists() {
            _ if !changed.is_empty() => {
                Verdict::broken("a recipient list is not what it was minus the leaver: compare the captures", changed)
            }
            0 => Verdict::holds("no recipient list was changed").by(Proof::Record),
            count => {
                Verdict::holds(format!("{count} recipient lists were read back: what they were, minus the leaver"))
            }
        })
    }
}
