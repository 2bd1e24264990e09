//! From the configuration to the connector of an organization's identity provider.

use std::sync::Arc;

use leaver_connectors::entra::{self, Entra};
use leaver_connectors::okta::{self, Okta};
use leaver_connectors::{Vendor, mixpanel};
use leaver_core::ids::CredentialName;
use leaver_engine::Clock;
use leaver_evidence::captures::CaptureSink;
use url::Url;

use super::AsNow;
use crate::config::{Config, EntraConfig, OktaConfig, OrganizationConfig, ProviderConfig};
use crate::failure::Failure;

/// Microsoft Graph, and what gives tokens for it, everywhere but in the national clouds.
const GRAPH: &str = "https://graph.microsoft.com";
const LOGIN: &str = "https://login.microsoftonline.com";

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
    pub(super) fn provider(self) -> Result<Option<Arc<dyn Vendor>>, Failure> {
        match self.organization.connected() {
            None => Ok(None),
            Some(ProviderConfig::Okta(okta)) => self.okta(okta).map(Some),
            Some(ProviderConfig::Entra(entra)) => self.entra(entra).map(Some),
        }
    }

    fn okta(self, okta: &OktaConfig) -> Result<Arc<dyn Vendor>, Failure> {
        let setup = okta::Config {
            base_url: okta.base_url.clone(),
            application: okta.application.clone(),
            credential: CredentialName::new(format!("{}/okta", self.name)),
            token: self.config.secret(&okta.token, &format!("organization '{}' (okta)", self.name))?,
            rehearsal: self.rehearsal(),
            concurrency: self.concurrency(),
            timeout: mixpanel::Config::TIMEOUT,
        };
        match Okta::new(setup, Arc::new(AsNow(self.clock)), self.captures) {
            Ok(okta) => Ok(Arc::new(okta)),
            Err(error) => Err(unreachable(self.name, &error)),
        }
    }

    fn entra(self, entra: &EntraConfig) -> Result<Arc<dyn Vendor>, Failure> {
        let url = |configured: &Option<Url>, usual: &str| match configured {
            Some(url) => Ok(url.clone()),
            None => Url::parse(usual).map_err(|error| unreachable(self.name, &error)),
        };
        let setup = entra::Config {
            base_url: url(&entra.base_url, GRAPH)?,
            login_url: url(&entra.login_url, LOGIN)?,
            tenant: entra.tenant.clone(),
            application: entra.application.clone(),
            client_id: entra.client_id.clone(),
            client_secret: self
                .config
                .secret(&entra.client_secret, &format!("organization '{}' (entra)", self.name))?,
            credential: CredentialName::new(format!("{}/entra", self.name)),
            rehearsal: self.rehearsal(),
            concurrency: self.concurrency(),
            timeout: mixpanel::Config::TIMEOUT,
        };
        match Entra::new(setup, Arc::new(AsNow(self.clock)), self.captures) {
            Ok(entra) => Ok(Arc::new(entra)),
            Err(error) => Err(unreachable(self.name, &error)),
        }
    }

    fn rehearsal(&self) -> bool {
        self.organization.base_url.is_some()
    }

    fn concurrency(&self) -> usize {
        self.organization.concurrency.unwrap_or(mixpanel::Config::CONCURRENCY)
    }
}

fn unreachable(name: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::usage("L010", format!("the identity provider of organization '{name}' cannot be reached as configured"))
        .because(error)
}
