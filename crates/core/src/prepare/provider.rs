//! Changes at the identity provider, prepared from the ways as they were just read.

use jiff::SignedDuration;

use super::{Prepared, Room, ask, send, skip};
use crate::case::EffectFact;
use crate::effect::Act;
use crate::ids::ClaimKey;
use crate::planner::affects;
use crate::provider::{GroupKind, Ways};
use crate::reading::{Failure, Snapshot};
use crate::source::What;
use crate::write::{Outcome, Write};

impl Room<'_> {
    /// The ways of the account that the plan pinned, and of no other.
    fn ways(&self, account: &str) -> Result<&Ways, Prepared> {
        if self.plan.subject.provider_id.as_deref() != Some(account) {
            return Err(ask("the account at the identity provider is not the one that the plan pinned"));
        }
        let what = What::Ways(account.to_owned());
        let ways = self.snapshot(&what).and_then(Snapshot::ways);
        let ways = ways.ok_or_else(|| Prepared::Wait(Failure::Incomplete(format!("{what} was not of its shape"))))?;
        match &ways.account {
            None => Err(skip("the account at the identity provider is gone")),
            // Ids are not used twice, and addresses are: a recycled one is somebody else.
            Some(shown) if !shown.addresses.iter().any(|address| self.names.leaver.contains(address)) => {
                Err(ask("the account at the identity provider does not bear the leaver's address any more"))
            }
            Some(_) => Ok(ways),
        }
    }

    /// Takes the account out of one group, if nothing goes with it that nobody has seen.
    pub(super) fn leave_group(&self, claim: &ClaimKey, account: &str, id: &str) -> Prepared {
        let ways = match self.ways(account) {
            Ok(ways) => ways,
            Err(other) => return other,
        };
        let Some(group) = ways.groups.iter().find(|group| group.id == id && group.member) else {
            return skip("the account is not in the group, or the group does not give the application any more");
        };
        if group.kind != GroupKind::Own {
            return ask("the group is not the provider's own: nobody can be taken out of it here");
        }
        let Some(also) = &group.also else {
            return ask("what else the group gives could not be read: a person looks before anybody is taken out");
        };
        let seen = self.plan.claim(claim).map(|claim| claim.also_affects.as_slice()).unwrap_or_default();
        let unseen = also.iter().filter(|other| !seen.contains(&affects(&other.id))).count();
        if unseen > 0 {
            return ask(format!("the group gives {unseen} other applications that the approver has not seen"));
        }
        send(Write::LeaveGroup { account: account.to_owned(), group: id.to_owned() })
    }

    /// Ends the sessions of the pinned account.
    pub(super) fn end_sessions(&self, account: &str) -> Prepared {
        match self.ways(account) {
            Ok(_) => send(Write::EndSessions { account: account.to_owned() }),
            Err(other) => other,
        }
    }

    /// Has the job look at the account, now that nothing gives it the application: where something did, the job would make the account anew.
    pub(super) fn sync_now(&self, account: &str, job: &str) -> Prepared {
        let ways = match self.ways(account) {
            Ok(ways) => ways,
            Err(other) => return other,
        };
        let later = |why: &str| Prepared::Skip {
            why: why.to_owned(),
            person: false,
            until: self.now.checked_add(SignedDuration::from_mins(10)).ok(),
        };
        let Some(job) = ways.jobs.iter().find(|shown| shown.id == job) else {
            return later("the provider does not list the job any more");
        };
        let open = ways.open();
        if !open.is_empty() || ways.assignment.as_ref().is_some_and(|assignment| assignment.live) {
            return later("something gives the application again: the job would make the account anew");
        }
        if job.everyone != Some(false) {
            return later("whom the job provisions is not shown: it might make the account anew");
        }
        if !ways.is_live() {
            return later("the provider does not look at deactivated accounts one by one: its next cycle does");
        }
        if !job.works {
            return later("the job stands");
        }
        let asked = |fact: &&EffectFact| {
            fact.effect.act == Act::SyncNow { account: account.to_owned(), job: job.id.clone() }
                && fact.ended_at.is_some()
                // Nobody asks twice because a read told that nothing came of it: the read cannot tell whether it was looked at.
                && (fact.told_by_read || !matches!(fact.outcome, Some(Outcome::Failed(_))))
        };
        // It said what it had to say: the rest is its next cycle's.
        if self.case.effects().values().any(|fact| asked(&fact)) {
            return later("the job was asked before: its next cycle shows what it did");
        }
        let Some(rule) = job.on_demand.clone() else {
            return later("the job cannot be asked to look at one account");
        };
        send(Write::SyncNow { account: account.to_owned(), job: job.id.clone(), rule })
    }

    /// Takes the application from the account. While a group grants it the provider refuses (E0000046).
    pub(super) fn unassign(&self, account: &str) -> Prepared {
        let ways = match self.ways(account) {
            Ok(ways) => ways,
            Err(other) => return other,
        };
        match &ways.assignment {
            Some(assignment) if assignment.direct && assignment.live => {
                // A provider whose assignments have ids of their own takes each away by itself.
                if assignment.id.is_none() && ways.groups.iter().any(|group| group.member) {
                    // The provider refuses it now. Where somebody keeps the group, somebody has to accept this as well.
                    let until = self.now.checked_add(SignedDuration::from_mins(10)).ok();
                    let why = "a group gives the application still, and until it does not the provider keeps this too";
                    return Prepared::Skip { why: why.to_owned(), person: true, until };
                }
                send(Write::Unassign { account: account.to_owned(), assignment: assignment.id.clone() })
            }
            _ => skip("the application is not given to the account itself any more"),
        }
    }
}
