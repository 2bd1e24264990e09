//! Okta: the ways of one person into the Mixpanel application (`facts/identity-providers.md` A.1).
//!
//! What is believed is read by id: search answers late, and an empty list alone shows nothing. Nothing here ends an account, suspends
//! it, or takes a group off an application: those touch more than the one application of the one person.
//!
//! # Operations
#![doc = include_str!("../../OKTA.md")]

mod access;
mod act;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod operations;
mod pages;
mod read;

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

pub use self::access::Access;
use self::access::Party;
pub use operations::capabilities;

use crate::clock::Clock;
use crate::http::{Client, EgressError, Setup, Target};
use crate::met::Met;
use crate::ports::{Actor, Reader, Vendor};

/// What the names of Okta's own hosts end with.
const HOSTS: [&str; 4] = [".okta.com", ".oktapreview.com", ".okta-emea.com", ".okta-gov.com"];

/// One Okta organization and one application in it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The organization's address, such as `https://acme.okta.com`.
    pub base_url: Url,
    /// Okta's id of the Mixpanel application.
    pub application: String,
    /// The name of the credential, for captures.
    pub credential: CredentialName,
    /// What says who we are: somebody who may manage this application and the groups on it, and nothing else.
    pub access: Access,
    /// Whether the address is not Okta's: a rehearsal.
    pub rehearsal: bool,
    /// How many requests may be under way at once. 0 counts as 1.
    pub concurrency: usize,
    /// The longest time for one request, from the connection to the last byte.
    pub timeout: Duration,
}

/// Why no connector can be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The address may not be called.
    #[error("refuse the address of the okta organization")]
    Egress(#[source] EgressError),
    /// The token cannot stand in a header, or the key is none.
    #[error(
        "use the okta token or key: a token holds characters that no header can carry, or a key is no RSA key in PKCS#8"
    )]
    Access,
    /// The HTTP client cannot be built.
    #[error("build the http client")]
    Client(#[source] reqwest::Error),
}

/// A connector for one application of one Okta organization.
pub struct Okta {
    target: Target,
    application: String,
    client: Client,
    party: Party,
    met: Met,
}

impl Okta {
    /// A connector. Nothing is sent.
    ///
    /// # Errors
    /// The egress guard refuses the address, the token cannot stand in a header, or TLS cannot be set up.
    pub fn new(config: Config, clock: Arc<dyn Clock>, sink: Arc<dyn CaptureSink>) -> Result<Self, ConfigError> {
        let host = config.base_url.host_str().unwrap_or_default().trim_end_matches('.').to_owned();
        let own = HOSTS.iter().any(|end| host.ends_with(end));
        let hosts: Vec<&str> = own.then_some(host.as_str()).into_iter().collect();
        let target = Target::new(&config.base_url, &hosts, config.rehearsal).map_err(ConfigError::Egress)?;
        let setup = Setup {
            rehearsal: config.rehearsal,
            loopback: target.is_loopback(),
            concurrency: config.concurrency,
            timeout: config.timeout,
        };
        Ok(Self {
            party: Party::new(config.access, &target, config.credential).ok_or(ConfigError::Access)?,
            target,
            application: config.application,
            client: Client::new(setup, clock, sink).map_err(ConfigError::Client)?,
            met: Met::default(),
        })
    }
}

impl fmt::Debug for Okta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Okta")
            .field("target", &self.target)
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Reader for Okta {
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

impl Vendor for Okta {
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
