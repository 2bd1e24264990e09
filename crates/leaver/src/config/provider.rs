//! The identity provider of an organization: whose it is, and how to reach it.

use leaver_core::provider::ByHand;
use serde::Deserialize;
use url::Url;

use super::{OrganizationConfig, SecretRef};
use crate::failure::Failure;

/// An Okta organization.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OktaConfig {
    /// Its address, such as `https://acme.okta.com`.
    pub(crate) base_url: Url,
    /// Okta's id of the Mixpanel application, as its address in the admin console shows it.
    pub(crate) application: String,
    /// The API token.
    pub(crate) token: SecretRef,
}

/// A tenant of Microsoft Entra ID.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntraConfig {
    /// Its id, or one of its domains.
    pub(crate) tenant: String,
    /// The object id of the enterprise application Mixpanel.
    pub(crate) application: String,
    /// The application (client) id of the app registration that `leaver` signs in as.
    pub(crate) client_id: String,
    /// A client secret of it.
    pub(crate) client_secret: SecretRef,
    /// Another address of Microsoft Graph than the worldwide one: a national cloud, or a rehearsal.
    pub(crate) base_url: Option<Url>,
    /// Another address that gives tokens than the worldwide one.
    pub(crate) login_url: Option<Url>,
}

/// A provider that nothing here reads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByHandConfig {
    /// Whose it is.
    pub(crate) kind: ByHand,
}

/// Whose provider it is: what its screens are called depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Brand {
    /// Okta.
    #[default]
    Okta,
    /// Microsoft Entra ID.
    Entra,
}

/// The one provider of an organization.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ProviderConfig<'a> {
    /// Okta.
    Okta(&'a OktaConfig),
    /// Microsoft Entra ID.
    Entra(&'a EntraConfig),
}

impl OrganizationConfig {
    /// The identity provider that is read; `None` where none is.
    pub(crate) fn connected(&self) -> Option<ProviderConfig<'_>> {
        let okta = self.okta.as_ref().map(ProviderConfig::Okta);
        okta.or_else(|| self.entra.as_ref().map(ProviderConfig::Entra))
    }

    /// Whose it is.
    pub(crate) fn brand(&self) -> Option<Brand> {
        self.connected().map(|provider| match provider {
            ProviderConfig::Okta(_) => Brand::Okta,
            ProviderConfig::Entra(_) => Brand::Entra,
        })
    }

    /// One organization of the vendor has one provider, or one that is first: of two, each would be seen and none would be all.
    pub(super) fn check_provider(&self, name: &str) -> Result<(), Failure> {
        let all =
            [("okta", self.okta.is_some()), ("entra", self.entra.is_some()), ("provider", self.provider.is_some())];
        let named: Vec<&str> = all.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
        if named.len() > 1 {
            let named = named.join(" and ");
            return Err(Failure::usage("L028", format!("organization '{name}' has two identity providers, {named}"))
                .hint("keep the section of the one that gives people the Mixpanel application; where one passes people on to the other, the one that Mixpanel itself is set up with"));
        }
        Ok(())
    }
}
