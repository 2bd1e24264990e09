//! Google Workspace and Cloud Identity: what gives one person the custom SAML application of Mixpanel
//! (`facts/identity-providers.md` A3).
//!
//! Whether an application is switched on is a *service status*: of organizational units, and of groups, whose status counts more. No
//! interface shows it. So the configuration tells for which groups it is switched on, and a person gives their word for the units: that
//! anybody of the directory may be let in is never said to be so or not so ([`Ways::anyone`](leaver_core::provider::Ways::anyone)). What
//! Google does show: accounts, who is in which group, by which of them or by which query, and its audit log of everybody who was let in to the
//! application, or was not.
//!
//! Nobody is taken out of a group here: no interface shows what else a group gives. Nothing here ends an account.
//!
//! Reading needs these scopes, delegated to the service account for the whole domain: `admin.directory.user.readonly`,
//! `admin.directory.group.readonly`, `admin.reports.audit.readonly` and `cloud-identity.groups.readonly`; ending sessions needs
//! `admin.directory.user.security`, which is asked for only then.
//!
//! # Operations
#![doc = include_str!("../../GOOGLE.md")]

mod act;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod log;
mod operations;
mod pages;
mod read;
mod token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use leaver_core::effect::Intent;
use leaver_core::ids::{Address, CredentialName, PersonId};
use leaver_core::planner::Focus;
use leaver_core::reading::{Failure, Reading};
use leaver_core::source::Source;
use leaver_evidence::captures::CaptureSink;
use secrecy::SecretString;
use url::Url;

use self::token::Tokens;
pub use operations::capabilities;

use crate::clock::Clock;
use crate::http::{Client, EgressError, Setup, Target};
use crate::jwt::{NotAKey, Signer};
use crate::met::Met;
use crate::ports::{Actor, Reader, Vendor};
use crate::token::Held;

/// The host of the Admin SDK.
const ADMIN: [&str; 1] = ["admin.googleapis.com"];
/// The host of Cloud Identity.
const IDENTITY: [&str; 1] = ["cloudidentity.googleapis.com"];
/// The host that gives tokens.
const TOKEN: [&str; 1] = ["oauth2.googleapis.com"];

/// One customer of Google and one application there.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the Admin SDK is: `https://admin.googleapis.com`.
    pub base_url: Url,
    /// Where Cloud Identity is: `https://cloudidentity.googleapis.com`.
    pub identity_url: Url,
    /// Where tokens are given, to the last word of the path: `https://oauth2.googleapis.com/token`. Assertions are good for this address.
    pub token_url: Url,
    /// The customer's id, which starts with `C`, or `my_customer`.
    pub customer: String,
    /// The name of the custom SAML application, as the audit log shows it.
    pub application: String,
    /// The addresses of the groups for which the application is switched on. May be empty.
    pub groups: Vec<String>,
    /// The address of our service account (`client_email`).
    pub service_account: String,
    /// The address of the administrator for whom it acts.
    pub subject: String,
    /// The private key of the service account, PKCS#8 in PEM.
    pub private_key: SecretString,
    /// The name of the credential, for captures.
    pub credential: CredentialName,
    /// Whether the addresses are not Google's: a rehearsal.
    pub rehearsal: bool,
    /// How many requests may be under way at once. 0 counts as 1.
    pub concurrency: usize,
    /// The longest time for one request, from the connection to the last byte.
    pub timeout: Duration,
}

/// Why no connector can be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// An address may not be called.
    #[error("refuse an address of google")]
    Egress(#[source] EgressError),
    /// The service account's private key cannot be used.
    #[error("read the private key of the service account")]
    PrivateKey(#[source] NotAKey),
    /// The HTTP client cannot be built.
    #[error("build the http client")]
    Client(#[source] reqwest::Error),
}

/// A connector for one application of one customer.
pub struct Google {
    target: Target,
    identity: Target,
    customer: String,
    application: String,
    groups: Vec<String>,
    client: Client,
    tokens: Tokens,
    met: Met,
}

impl Google {
    /// A connector. Nothing is sent.
    ///
    /// # Errors
    /// The egress guard refuses an address, the private key is none, or TLS cannot be set up.
    pub fn new(config: Config, clock: Arc<dyn Clock>, sink: Arc<dyn CaptureSink>) -> Result<Self, ConfigError> {
        // Google serves the same under more names than these: a rehearsal stays on this machine.
        let target = |url: &Url, hosts: &[&str]| {
            let made = if config.rehearsal { Target::told(url, true) } else { Target::new(url, hosts, false) };
            made.map_err(ConfigError::Egress)
        };
        let (base, identity) = (target(&config.base_url, &ADMIN)?, target(&config.identity_url, &IDENTITY)?);
        let login = target(&config.token_url, &TOKEN)?;
        let setup = Setup {
            rehearsal: config.rehearsal,
            loopback: base.is_loopback() && identity.is_loopback() && login.is_loopback(),
            concurrency: config.concurrency,
            timeout: config.timeout,
        };
        let tokens = Tokens {
            login,
            audience: config.token_url.into(),
            service_account: config.service_account,
            subject: config.subject,
            signer: Signer::new(&config.private_key).map_err(ConfigError::PrivateKey)?,
            credential: config.credential.as_str().to_owned(),
            reading: Held::default(),
            signing_out: Held::default(),
        };
        Ok(Self {
            target: base,
            identity,
            customer: config.customer,
            application: config.application,
            groups: config.groups,
            client: Client::new(setup, clock, sink).map_err(ConfigError::Client)?,
            tokens,
            met: Met::default(),
        })
    }
}

impl fmt::Debug for Google {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Google")
            .field("target", &self.target)
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Reader for Google {
    async fn read(&self, source: &Source) -> Reading {
        let reading = read::read(self, source).await;
        match self.client.settle().await {
            Ok(()) => reading,
            Err(failure) => Reading { result: Err(failure), to_the_end: false, ..reading },
        }
    }

    async fn look(&self, source: &Source, _: Option<&Focus>) -> Reading {
        read::read(self, source).await
    }

    async fn settle(&self) -> Result<(), Failure> {
        self.client.settle().await
    }
}

impl Vendor for Google {
    fn acting<'a>(&'a self, intent: &'a Intent) -> Box<dyn Actor + 'a> {
        Box::new(act::Acting::new(self, intent))
    }

    fn remember(&self, _: &CredentialName, _: &str, _: &SecretString) -> bool {
        false
    }

    fn meet(&self, person: &PersonId, addresses: &[Address]) {
        self.met.meet(person, addresses);
    }
}
