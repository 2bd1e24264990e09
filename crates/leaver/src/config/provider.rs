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
    /// An API token.
    pub(crate) token: Option<SecretRef>,
    /// Or a service application that signs.
    pub(crate) client: Option<SigningClientConfig>,
}

/// A service application that proves by a signature who it is (RFC 7523).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningClientConfig {
    /// Its client id.
    pub(crate) id: String,
    /// Its private key, as PEM.
    pub(crate) private_key: SecretRef,
    /// The key's id, where the application has several keys.
    pub(crate) key_id: Option<String>,
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

/// Google Workspace or Cloud Identity.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GoogleConfig {
    /// Google's id of the customer; without it that of the administrator's own.
    pub(crate) customer: Option<String>,
    /// What the application is called in the admin console, and so in the audit log.
    pub(crate) application: String,
    /// The addresses of the groups for which the application is switched on: no interface shows them.
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    /// The address of the service account.
    pub(crate) service_account: String,
    /// The administrator whom it acts for.
    pub(crate) subject: String,
    /// Its private key, as PEM.
    pub(crate) private_key: SecretRef,
    /// Other addresses than Google's: a rehearsal.
    pub(crate) base_url: Option<Url>,
    /// As above, of Cloud Identity.
    pub(crate) identity_url: Option<Url>,
    /// As above, of what gives tokens.
    pub(crate) token_url: Option<Url>,
}

/// Any provider whose own directory is read by SCIM 2.0.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DirectoryConfig {
    /// Where its SCIM is, such as `https://id.example.com/scim/v2`.
    pub(crate) base_url: Url,
    /// The names or ids of the groups that give the Mixpanel application there.
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    /// Whether those groups give nothing but that: no interface shows it.
    #[serde(default)]
    pub(crate) dedicated: bool,
    /// A token that is good as it is.
    pub(crate) token: Option<SecretRef>,
    /// Or a client that is given tokens.
    pub(crate) client: Option<ClientConfig>,
}

/// A client that is given tokens for its id and its secret (RFC 6749, 4.4).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientConfig {
    /// Where tokens are given.
    pub(crate) token_url: Url,
    /// Its id.
    pub(crate) id: String,
    /// Its secret.
    pub(crate) secret: SecretRef,
    /// What the token is for, where the provider asks.
    pub(crate) scope: Option<String>,
}

/// A provider that nothing here reads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByHandConfig {
    /// Whose it is.
    pub(crate) kind: ByHand,
}

/// Two accounts at the provider that exist for nothing else: what becomes of their sign-ins to Mixpanel shows whom it refuses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CanaryConfig {
    /// Where a sign-in to Mixpanel begins: the application's own address at the provider, as its dashboard shows it.
    pub(crate) start_url: Url,
    /// The host that alone gets the passwords; without it the one of the start address.
    pub(crate) login_host: Option<String>,
    /// The one that is given the application.
    pub(crate) insider: LoginConfig,
    /// The one that is not given it.
    pub(crate) outsider: LoginConfig,
}

/// An account that signs in by user name and password.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginConfig {
    /// The user name.
    pub(crate) username: String,
    /// The password.
    pub(crate) password: SecretRef,
}

/// Whose provider it is: what its screens are called depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Brand {
    /// Okta.
    #[default]
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// Google Workspace.
    Google,
    /// A directory that is read by SCIM: whose screens they are is not known.
    Directory,
}

/// The one provider of an organization.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ProviderConfig<'a> {
    /// Okta.
    Okta(&'a OktaConfig),
    /// Microsoft Entra ID.
    Entra(&'a EntraConfig),
    /// Google Workspace.
    Google(&'a GoogleConfig),
    /// A directory that is read by SCIM.
    Directory(&'a DirectoryConfig),
}

impl OrganizationConfig {
    /// The identity provider that is read; `None` where none is.
    pub(crate) fn connected(&self) -> Option<ProviderConfig<'_>> {
        let okta = self.okta.as_ref().map(ProviderConfig::Okta);
        okta.or_else(|| self.entra.as_ref().map(ProviderConfig::Entra))
            .or_else(|| self.google.as_ref().map(ProviderConfig::Google))
            .or_else(|| self.directory.as_ref().map(ProviderConfig::Directory))
    }

    /// Whose it is.
    pub(crate) fn brand(&self) -> Option<Brand> {
        self.connected().map(|provider| match provider {
            ProviderConfig::Okta(_) => Brand::Okta,
            ProviderConfig::Entra(_) => Brand::Entra,
            ProviderConfig::Google(_) => Brand::Google,
            ProviderConfig::Directory(_) => Brand::Directory,
        })
    }

    /// One organization of the vendor has one provider, or one that is first: of two, each would be seen and none would be all.
    pub(super) fn check_provider(&self, name: &str) -> Result<(), Failure> {
        let all = [
            ("okta", self.okta.is_some()),
            ("entra", self.entra.is_some()),
            ("google", self.google.is_some()),
            ("directory", self.directory.is_some()),
            ("provider", self.provider.is_some()),
        ];
        let named: Vec<&str> = all.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
        if named.len() > 1 {
            let named = named.join(" and ");
            return Err(Failure::usage("L028", format!("organization '{name}' has two identity providers, {named}"))
                .hint("keep the section of the one that gives people the Mixpanel application; where one passes people on to the other, the one that Mixpanel itself is set up with"));
        }
        let okta = self.okta.as_ref().map(|okta| ("okta", okta.token.is_some(), okta.client.is_some()));
        let directory = self.directory.as_ref();
        let directory = directory.map(|one| ("directory", one.token.is_some(), one.client.is_some()));
        let unclear = okta.into_iter().chain(directory).find(|(_, token, client)| token == client);
        if let Some((section, token, client)) = unclear {
            let has = if token && client { "both a token and a client" } else { "neither a token nor a client" };
            return Err(Failure::usage("L029", format!("organization '{name}' reads its {section} with {has}")).hint(
                format!(
                    "give {section}.token, a token that is good as it is, or {section}.client, which is given tokens"
                ),
            ));
        }
        Ok(())
    }
}
