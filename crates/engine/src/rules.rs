//! The rules of an organization as its journal has them: what the configuration says is written down, and what it weakens waits for two people.

use std::collections::BTreeMap;

use leaver_core::ids::{Digest, OrgName, PersonId, VendorOrg};
use leaver_core::rules::{Event, Rules, Stamped, Standing, Weakening, agree, file_of, lay_down};
use leaver_evidence::canonical::leaf_hash;
use leaver_store::{Append, AppendError, CaseFilter, CaseRow, NewEvent, RULES};

use crate::engine::Engine;
use crate::error::Error;

/// How often a step is tried again when another process was quicker.
const TRIES: usize = 5;

impl Engine {
    /// Writes down what the configuration says now, and lets the organization run under what is in force. Gives what the configuration
    /// weakens and does not get before two people agreed.
    ///
    /// # Errors
    /// [`Error::NoOrganization`]; the store's.
    pub async fn lay_down(
        &mut self,
        org: &OrgName,
        file: &Digest,
        asked: &Rules,
        by: Option<&PersonId>,
    ) -> Result<Vec<Weakening>, Error> {
        let standing = self.step(org, |standing| Ok(lay_down(standing, org, file, asked, by.cloned()))).await?;
        let organization = self.organizations.get_mut(org).ok_or_else(|| Error::NoOrganization(org.to_string()))?;
        organization.policy = standing.rules.policy.clone();
        Ok(standing.rules.guard(asked).1)
    }

    /// A person agrees to what the configuration weakens, or is the second one who does.
    ///
    /// # Errors
    /// [`Error::Rejected`] by the rule that refuses it; the store's.
    pub async fn agree(&self, org: &OrgName, asked: &Rules, by: &PersonId) -> Result<Standing, Error> {
        let now = self.clock.now();
        self.step(org, |standing| match standing {
            None => Ok(None),
            Some(standing) => Ok(Some(agree(standing, org, asked, by.clone(), now)?)),
        })
        .await
    }

    /// Every entry about the rules of an organization, the oldest first.
    ///
    /// # Errors
    /// [`Error::BadHistory`]; the store's.
    pub async fn rules(&self, org: &OrgName) -> Result<Vec<Stamped>, Error> {
        Ok(self.rules_file(self.organization(org)?.vendor_org).await?.1)
    }

    /// What is in force in every organization that ever had rules here, whether or not the configuration still names it.
    ///
    /// # Errors
    /// [`Error::BadHistory`]; the store's.
    pub async fn standings(&self) -> Result<BTreeMap<VendorOrg, Standing>, Error> {
        let filter = CaseFilter { state: Some(RULES.to_owned()), ..CaseFilter::default() };
        let mut standings = BTreeMap::new();
        for row in self.store.cases(&filter).await? {
            let (_, events) = self.rules_file(row.vendor_org).await?;
            standings.extend(Standing::fold(&events).map(|standing| (row.vendor_org, standing)));
        }
        Ok(standings)
    }

    async fn rules_file(&self, org: VendorOrg) -> Result<(Option<CaseRow>, Vec<Stamped>), Error> {
        let Some(loaded) = self.store.load(&file_of(org)).await? else { return Ok((None, Vec::new())) };
        let read = |stored: &leaver_store::StoredEvent| {
            serde_json::from_slice(&stored.bytes).map_err(|source| Error::BadHistory {
                case: loaded.row.case.clone(),
                version: stored.version,
                source,
            })
        };
        let events = loaded.events.iter().map(read).collect::<Result<_, _>>()?;
        Ok((Some(loaded.row), events))
    }

    /// Decides on what stands and appends; again when another process was quicker.
    async fn step(
        &self,
        org: &OrgName,
        decide: impl Fn(Option<&Standing>) -> Result<Option<Event>, Error>,
    ) -> Result<Standing, Error> {
        let mut tries = 0;
        loop {
            let vendor_org = self.organization(org)?.vendor_org;
            let (row, mut events) = self.rules_file(vendor_org).await?;
            let standing = Standing::fold(&events);
            let Some(event) = decide(standing.as_ref())? else {
                return standing.ok_or_else(|| Error::NoOrganization(org.to_string()));
            };
            let at = self.clock.now();
            let stamped = Stamped { at, event };
            let bytes = serde_json::to_vec(&stamped)?;
            let version = u64::try_from(events.len()).unwrap_or(u64::MAX);
            let mut append = Append::new(
                CaseRow {
                    case: file_of(vendor_org),
                    // What the file was begun under never changes.
                    org: row.as_ref().map_or_else(|| org.clone(), |row| row.org.clone()),
                    vendor_org,
                    person: PersonId::new("nobody"),
                    state: RULES.to_owned(),
                    next_at: None,
                    opened_at: row.map_or(at, |row| row.opened_at),
                    updated_at: at,
                },
                version,
            );
            append.events =
                vec![NewEvent { at, kind: stamped.event.word().to_owned(), leaf: leaf_hash(&bytes), bytes }];
            match self.store.append(append).await {
                Ok(_) => {
                    events.push(stamped);
                    return Standing::fold(&events).ok_or_else(|| Error::NoOrganization(org.to_string()));
                }
                Err(AppendError::VersionConflict { .. }) if tries < TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}
