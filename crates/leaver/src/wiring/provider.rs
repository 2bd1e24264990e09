//! From the configuration to the connector of an organization's identity provider.

use std::sync::Arc;

use leaver_connectors::directory::{self, Directory};
use leaver_connectors::entra::{self, Entra};
use leaver_connectors::google::{self, Google};
use leaver_connectors::okta::{self, Okta};
use leaver_connectors::saml::{self, Canaries, Probed};
use leaver_connectors::{Vendor, mixpanel};
use leaver_core::ids::CredentialName;
use leaver_engine::Clock;
use leaver_evidence::captures::CaptureSink;
use secrecy::SecretString;
use url::Url;

use super::AsNow;
use crate::config::{
    Config, DirectoryConfig, EntraConfig, GoogleConfig, LoginConfig, OktaConfig, OrganizationConfig, ProviderConfig,
    SecretRef,
};
use crate::failure::Failure;

/// Microsoft Graph, and what gives tokens for it, everywhere but in the national clouds.
const GRAPH: &str = "https://graph.microsoft.com";
const LOGIN: &str = "https://login.microsoftonline.com";

/// Where Google's directory, its groups and its tokens are.
const GOOGLE: [&str; 3] =
    ["https://admin.googleapis.com", "https://cloudidentity.googleapis.com", "https://oauth2.googleapis.com/token"];

/// One organization, and what every connector of it is made of.
pub(super) struct Making<'a> {
    pub(super) config: &'a Config,
    pub(super) name: &'a str,
    pub(super) organization: &'a OrganizationConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) captures: Arc<dyn CaptureSink>,
}

impl Making<'_> {
    /// The connector of the organization's identity provider, where one is configured.
    pub(super) fn provider(&self) -> Result<Option<Arc<dyn Vendor>>, Failure> {
        match self.organization.connected() {
            None => Ok(None),
            Some(ProviderConfig::Okta(okta)) => self.okta(okta).map(Some),
            Some(ProviderConfig::Entra(entra)) => self.entra(entra).map(Some),
            Some(ProviderConfig::Google(google)) => self.google(google).map(Some),
            Some(ProviderConfig::Directory(directory)) => self.directory(directory).map(Some),
        }
    }

    /// The same vendor, and beside it the canaries, where some are configured.
    pub(super) fn with_canaries(&self, vendor: Arc<dyn Vendor>) -> Result<Arc<dyn Vendor>, Failure> {
        let Some(canary) = &self.organization.canary else { return Ok(vendor) };
        let setup = saml::Config {
            start_url: canary.start_url.clone(),
            login_host: canary.login_host.clone(),
            insider: self.login(&canary.insider, "insider")?,
            outsider: self.login(&canary.outsider, "outsider")?,
            credential: CredentialName::new(format!("{}/canary", self.name)),
            rehearsal: self.rehearsal(),
            timeout: mixpanel::Config::TIMEOUT,
        };
        let canaries = Canaries::new(setup, self.clock(), Arc::clone(&self.captures))
            .map_err(|error| unreachable(self.name, &error))?;
        Ok(Arc::new(Probed::new(vendor, canaries)))
    }

    fn login(&self, login: &LoginConfig, which: &str) -> Result<saml::Login, Failure> {
        let of = format!("organization '{}' (canary.{which})", self.name);
        Ok(saml::Login { username: login.username.clone(), password: self.config.secret(&login.password, &of)? })
    }

    fn google(&self, google: &GoogleConfig) -> Result<Arc<dyn Vendor>, Failure> {
        let [base, identity, token] = GOOGLE;
        let setup = google::Config {
            base_url: self.url(google.base_url.as_ref(), base)?,
            identity_url: self.url(google.identity_url.as_ref(), identity)?,
            token_url: self.url(google.token_url.as_ref(), token)?,
            customer: google.customer.clone().unwrap_or_else(|| "my_customer".to_owned()),
            application: google.application.clone(),
            groups: google.groups.clone(),
            service_account: google.service_account.clone(),
            subject: google.subject.clone(),
            private_key: self.secret(&google.private_key, "google")?,
            credential: CredentialName::new(format!("{}/google", self.name)),
            rehearsal: self.rehearsal(),
            concurrency: self.concurrency(),
            timeout: mixpanel::Config::TIMEOUT,
        };
        match Google::new(setup, self.clock(), Arc::clone(&self.captures)) {
            Ok(google) => Ok(Arc::new(google)),
            Err(error) => Err(unreachable(self.name, &error)),
        }
    }

    fn directory(&self, directory: &DirectoryConfig) -> Result<Arc<dyn Vendor>, Failure> {
        let access = match (&directory.token, &directory.client) {
            (Some(token), _) => directory::Access::Token(self.secret(token, "directory")?),
            (None, Some(client)) => directory::Access::Client {
                token_url: client.token_url.clone(),
                client_id: client.id.clone(),
                client_secret: self.secret(&client.secret, "directory.client")?,
                scope: client.scope.clone(),
            },
            (None, None) => return Err(no_way_in(self.name, "directory")),
        };
        let setup = directory::Config {
            base_url: directory.base_url.clone(),
            auth: access,
            groups: directory.groups.clone(),
            dedicated: directory.dedicated,
            credential: CredentialName::new(format!("{}/directory", self.name)),
            rehearsal: self.rehearsal(),
            concurrency: self.concurrency(),
            timeout: mixpanel::Config::TIMEOUT,
        };
        match Directory::new(setup, self.clock(), Arc::clone(&self.captures)) {
            Ok(directory) => Ok(Arc::new(directory)),
            Err(error) => Err(unreachable(self.name, &error)),
        }
    }

    fn okta(&self, okta: &OktaConfig) -> Result<Arc<dyn Vendor>, Failure> {
        let access = match (&okta.token, &okta.client) {
            (Some(token), _) => okta::Access::Token(self.secret(token, "okta")?),
            (None, Some(client)) => okta::Access::Client {
                id: client.id.clone(),
                key: self.secret(&client.private_key, "okta.client")?,
                key_id: client.key_id.clone(),
            },
            (None, None) => return Err(no_way_in(self.name, "okta")),
        };
        let setup = okta::Config {
            base_url: okta.base_url.clone(),
            application: okta.application.clone(),
            credential: CredentialName::new(format!("{}/okta", self.name)),
            access,
            rehearsal: self.rehearsal(),
            concurrency: self.concurrency(),
            timeout: mixpanel::Config::TIMEOUT,
        };
        match Okta::new(setup, self.clock(), Arc::clone(&self.captures)) {
            Ok(okta) => Ok(Arc::new(okta)),
            Err(error) => Err(unreachable(self.name, &error)),
        }
    }

    fn entra(&self, entra: &EntraConfig) -> Result<Arc<dyn Vendor>, Failure> {
        let setup = entra::Config {
            base_url: self.url(entra.base_url.as_ref(), GRAPH)?,
            login_url: self.url(entra.login_url.as_ref(), LOGIN)?,
            tenant: entra.tenant.clone(),
            application: entra.application.clone(),
            client_id: entra.client_id.clone(),
            client_secret: self.secret(&entra.client_secret, "entra")?,
            credential: CredentialName::new(format!("{}/entra", self.name)),
            rehearsal: self.rehearsal(),
            concurrency: self.concurrency(),
            timeout: mixpanel::Config::TIMEOUT,
        };
        match Entra::new(setup, self.clock(), Arc::clone(&self.captures)) {
            Ok(entra) => Ok(Arc::new(entra)),
            Err(error) => Err(unreachable(self.name, &error)),
        }
    }

    fn url(&self, configured: Option<&Url>, usual: &str) -> Result<Url, Failure> {
        match configured {
            Some(url) => Ok(url.clone()),
            None => Url::parse(usual).map_err(|error| unreachable(self.name, &error)),
        }
    }

    fn secret(&self, secret: &SecretRef, section: &str) -> Result<SecretString, Failure> {
        self.config.secret(secret, &format!("organization '{}' ({section})", self.name))
    }

    fn clock(&self) -> Arc<AsNow> {
        Arc::new(AsNow(Arc::clone(&self.clock)))
    }

    fn rehearsal(&self) -> bool {
        self.organization.base_url.is_some()
    }

    fn concurrency(&self) -> usize {
        self.organization.concurrency.unwrap_or(mixpanel::Config::CONCURRENCY)
    }
}

fn no_way_in(name: &str, section: &str) -> Failure {
    Failure::usage("L029", format!("organization '{name}' reads its {section} with neither a token nor a client"))
}

fn unreachable(name: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::usage("L010", format!("the identity provider of organization '{name}' cannot be reached as configured"))
        .because(error)
}
