//! Ways in that no connector reads: an identity provider that people look after themselves (SSO-1, SSO-5), and what lets somebody of a
//! domain into the organization by itself (SSO-3).

use super::{Desk, claim, declared};
use crate::claim::{Choice, ClaimKind, Guide, Predicate, Remedy, Subject};
use crate::method::Method;
use crate::plan::keys;
use crate::provider::Way;
use crate::source::What;

impl Desk<'_> {
    /// A person closes the ways at a provider that is not read here, and says so before the account goes; afterwards somebody sees a sign-in
    /// fail, or reads it in the provider's log.
    pub(super) fn provider_by_hand(&mut self) {
        if self.input.policy.provider_by_hand.is_none() || self.input.request.method == Method::Reduce {
            return;
        }
        let ways = keys::provider_ways();
        self.claims.push(declared(
            ways.clone(),
            &["SSO-1"],
            ClaimKind::Access,
            Subject::ProviderWays,
            Guide::CloseWaysByHand,
        ));
        let mut fails = declared(
            keys::provider_refuses(),
            &["SSO-5", "VERIFY-2"],
            ClaimKind::Record,
            Subject::ProviderRefuses,
            Guide::SeeSignInFail,
        );
        fails.needs.push(ways);
        self.claims.push(fails);
    }

    /// Two accounts that exist for nothing else show by real sign-ins whom the provider refuses (SSO-5, rung 3).
    pub(super) fn canary(&mut self) {
        if !self.input.policy.canary || self.input.request.method == Method::Reduce {
            return;
        }
        let says = Predicate::OutsiderRefused;
        let remedy = Remedy::Guided(Guide::LookAtCanaries);
        let reads = vec![What::CanarySignIns];
        let mut refused = claim(keys::outsider_refused(), &["SSO-5"], ClaimKind::Record, says, reads, remedy);
        let first = [keys::way(&Way::Any), keys::provider_ways()];
        refused.needs = first.into_iter().filter(|key| self.claims.iter().any(|claim| claim.key == *key)).collect();
        refused.options = vec![Choice::AcceptRisk];
        self.claims.push(refused);
    }

    /// Where the leaver's domain is the organization's, a sign-in through the provider or an open discovery makes the account anew without
    /// anybody's decision (`facts/mixpanel.md` 2.7). From another domain neither does.
    pub(super) fn ways_back(&mut self) {
        if self.input.request.method != Method::Delete {
            return;
        }
        let policy = &self.input.policy;
        let of_the_organization =
            |domain: &str| policy.claimed_domains.iter().chain(&policy.own_domains).any(|one| one == domain);
        let ours = self.input.names.leaver.iter().any(|address| of_the_organization(address.domain()));
        if ours {
            self.claims.push(declared(
                keys::ways_back(),
                &["SSO-3"],
                ClaimKind::Access,
                Subject::WaysBack,
                Guide::CloseWaysBack,
            ));
        }
    }
}
