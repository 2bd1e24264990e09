//! A drill with a test account in the real organization (PRACTICE-10): which reads show an account after its invitation, and
//! show it gone after its deletion, and how long that takes. Until a drill or a removal has shown both, a read is not proved
//! in this organization.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leaver_core::claim::{Claim, Rung, State};
use leaver_core::ids::OrgName;
use leaver_core::judge::{Readings, judge};
use leaver_core::plan::keys;
use leaver_core::planner::Refusal;
use leaver_core::source::What;
use leaver_store::PutFact;
use serde::{Deserialize, Serialize};

use crate::engine::{Drafted, Engine, Wish};
use crate::error::Error;
use crate::ports::Silent;

/// The key of the organization's fact.
const FACT: &str = "reads-proved";

/// When a read showed both states of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// When it showed the account.
    pub present_at: Timestamp,
    /// When it showed the account gone.
    pub absent_at: Timestamp,
}

/// A drill under way.
#[derive(Debug)]
pub struct Drill {
    drafted: Drafted,
    /// When each read first showed the account.
    pub present: BTreeMap<Rung, Timestamp>,
    /// When each read first showed it gone.
    pub absent: BTreeMap<Rung, Timestamp>,
}

impl Drill {
    /// Whether every read that showed the account has shown it gone.
    pub fn is_done(&self) -> bool {
        !self.present.is_empty() && self.present.keys().all(|rung| self.absent.contains_key(rung))
    }
}

impl Engine {
    /// Looks whether the test account is there; `None` while no read shows it.
    ///
    /// # Errors
    /// [`Error::Refused`] for every other reason why no plan can be made of it.
    pub async fn drill(&self, wish: Wish) -> Result<Option<Drill>, Error> {
        match self.draft(wish, &Silent).await {
            Ok(drafted) => {
                let mut drill = Drill { drafted, present: BTreeMap::new(), absent: BTreeMap::new() };
                self.drill_look(&mut drill).await?;
                Ok(Some(drill))
            }
            Err(Error::Refused(Refusal::Unknown { .. })) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Reads every rung of the ladder once, and notes what each shows for the first time.
    ///
    /// # Errors
    /// [`Error::NoOrganization`].
    pub async fn drill_look(&self, drill: &mut Drill) -> Result<(), Error> {
        let case = &drill.drafted.case;
        let org = self.organization(&case.request.org)?;
        let Some((plan, _)) = &case.plan else { return Ok(()) };
        let Some(claim) = plan.claim(&keys::member_gone()) else { return Ok(()) };
        let wanted: BTreeSet<What> = claim.reads.iter().cloned().collect();
        let readings = self.read(org, wanted, &Silent).await;
        let now = self.clock.now();
        for rung in [Rung::Roster, Rung::Scim, Rung::Me] {
            let (alone, claim) = on_one_rung(&readings, claim, rung);
            let seen = judge(&claim, plan, case, &alone, drill.drafted.names(), now);
            if seen.rung != Some(rung) {
                continue;
            }
            match seen.state {
                State::Broken => {
                    drill.present.entry(rung).or_insert(now);
                }
                State::Holds if drill.present.contains_key(&rung) => {
                    drill.absent.entry(rung).or_insert(now);
                }
                State::Holds | State::Unknown => {}
            }
        }
        Ok(())
    }

    /// Keeps what a drill or a removal has shown.
    ///
    /// # Errors
    /// The store's.
    pub async fn keep_shown(&self, org: &OrgName, shown: BTreeMap<Rung, Shown>) -> Result<(), Error> {
        loop {
            let fact = self.store.org_fact(org, FACT).await?;
            let mut all: BTreeMap<Rung, Shown> = match &fact {
                Some(fact) => serde_json::from_slice(&fact.value)?,
                None => BTreeMap::new(),
            };
            all.extend(shown.clone());
            let put = PutFact {
                org: org.clone(),
                key: FACT.to_owned(),
                expected: fact.map_or(0, |fact| fact.version),
                value: serde_json::to_vec(&all)?,
                at: self.clock.now(),
            };
            match self.store.put_org_fact(put).await {
                Ok(_) => return Ok(()),
                Err(leaver_store::FactError::Conflict { .. }) => {}
                Err(leaver_store::FactError::Store(error)) => return Err(error.into()),
            }
        }
    }

    /// The reads that have shown both states of an account in this organization.
    ///
    /// # Errors
    /// The store's.
    pub async fn shown(&self, org: &OrgName) -> Result<BTreeMap<Rung, Shown>, Error> {
        Ok(match self.store.org_fact(org, FACT).await? {
            Some(fact) => serde_json::from_slice(&fact.value)?,
            None => BTreeMap::new(),
        })
    }
}

/// The readings and the claim as they would be if this rung were the only one.
fn on_one_rung(readings: &Readings, claim: &Claim, rung: Rung) -> (Readings, Claim) {
    let keep = |what: &What| match rung {
        Rung::Roster => matches!(what, What::Me | What::Roster),
        Rung::Scim => matches!(what, What::Me | What::ScimUsers),
        Rung::Me | Rung::Provider | Rung::ProviderLog | Rung::Canary | Rung::Audit | Rung::Attestation => {
            matches!(what, What::Me)
        }
    };
    let mut alone = readings.clone();
    alone.retain(|what, _| keep(what));
    let mut claim = claim.clone();
    claim.reads.retain(keep);
    (alone, claim)
}
