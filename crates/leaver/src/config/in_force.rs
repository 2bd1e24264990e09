//! What of the configuration guards, and how the file yields to the rules that are in force (`leaver_core::rules`).

use leaver_core::ids::Digest;
use leaver_core::rules::{Repository, Rules};

use super::{Config, GitConfig, OrganizationConfig, TimeStampConfig};
use crate::failure::Failure;

impl Config {
    /// What of it guards the cases of an organization.
    pub(crate) fn rules(&self, organization: &OrganizationConfig) -> Rules {
        let mut policy = organization.policy.clone();
        policy.own_domains.clone_from(&organization.own_domains);
        policy.claimed_domains.clone_from(&organization.claimed_domains);
        policy.copies_as_successor = organization.successor_login.is_some();
        policy.provider_by_hand = organization.provider.as_ref().map(|provider| provider.kind);
        policy.canary = organization.canary.is_some();
        policy.witness_quorum = u32::try_from(self.witness.quorum).unwrap_or(u32::MAX);
        let witnesses =
            self.witness.outside.iter().map(|(name, witness)| (name.clone(), witness.key.clone())).collect();
        let repository = self.anchor.git.as_ref();
        let repository = repository.map(|git| Repository { remote: git.remote.clone(), branch: git.branch.clone() });
        Rules {
            policy,
            witnesses,
            storage_years: self.storage.as_ref().map(|storage| storage.years),
            repository,
            time_stamp_roots: self.time_stamp_roots(),
        }
    }

    fn time_stamp_roots(&self) -> Option<Digest> {
        // A file that cannot be read holds no roots: whoever needs them is told why.
        let pem = std::fs::read(self.path(&self.time_stamp.as_ref()?.roots)).ok()?;
        Some(Digest::of(&pem))
    }

    /// The authority that stamps packs, if one is asked.
    ///
    /// # Errors
    /// The one that is in force is not the one of this file.
    pub(crate) fn authority(&self) -> Result<Option<&TimeStampConfig>, Failure> {
        match &self.stamps_in_force {
            Some(roots) if self.time_stamp_roots().as_ref() != Some(roots) => Err(Failure::not_done(
                "L430",
                "the time-stamping authority that is in force is not the one of the configuration",
            )
            .hint("put [time_stamp] back as it was, or have two people accept the change: leaver policy show")),
            Some(_) | None => Ok(self.time_stamp.as_ref()),
        }
    }

    /// Puts what is in force in the place of what the file would weaken; what guards all organizations is the strictest of theirs.
    pub(crate) fn bind(&mut self, rules: &Rules) {
        let quorum = usize::try_from(rules.policy.witness_quorum).unwrap_or(usize::MAX);
        self.witness.quorum = self.witness.quorum.max(quorum);
        if quorum > 0 {
            self.witness.outside.retain(|name, witness| rules.witnesses.get(name) == Some(&witness.key));
        }
        if let Some(Repository { remote, branch }) = rules.repository.clone() {
            self.anchor.git = Some(GitConfig { remote, branch });
        }
        if rules.time_stamp_roots.is_some() {
            self.stamps_in_force.clone_from(&rules.time_stamp_roots);
        }
        if let (Some(storage), Some(years)) = (&mut self.storage, rules.storage_years) {
            storage.years = storage.years.max(years);
        }
    }
}
