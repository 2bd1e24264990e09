//! Microsoft Entra ID: the ways of one person into the Mixpanel application, through Microsoft Graph (`facts/identity-providers.md` A2).
//!
//! The application counts those whom it is given to itself and the direct members of the groups that it is given to; groups in groups
//! give nothing. Nothing here ends an account or a group, and no job is started, stopped or restarted: those touch everybody.
//!
//! # Operations
#![doc = include_str!("../../ENTRA.md")]

mod act;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod log;
mod membership;
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

use self::operations as op;
pub use operations::capabilities;

use crate::client_credentials::{Ask, By, Tokens};
use crate::clock::Clock;
use crate::fill::Fill;
use crate::http::{Client, EgressError, Setup, Target};
use crate::met::Met;
use crate::ports::{Actor, Reader, Vendor};

/// The hosts of Microsoft Graph: everywhere, and of the national clouds.
const GRAPH: [&str; 4] =
    ["graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"];

/// The hosts that give tokens.
const LOGIN: [&str; 3] = ["login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"];

/// One tenant and one application in it.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where Microsoft Graph is, such as `https://graph.microsoft.com`.
    pub base_url: Url,
    /// Where tokens are given, such as `https://login.microsoftonline.com`.
    pub login_url: Url,
    /// The tenant's id or one of its domains.
    pub tenant: String,
    /// The object id of the enterprise application, which is its service principal.
    pub application: String,
    /// The client id of our own app registration.
    pub client_id: String,
    /// A client secret of it.
    pub client_secret: SecretString,
    /// The name of the credential, for captures.
    pub credential: CredentialName,
    /// Whether the addresses are not Microsoft's: a rehearsal.
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
    #[error("refuse the address of microsoft graph or of its login")]
    Egress(#[source] EgressError),
    /// The HTTP client cannot be built.
    #[error("build the http client")]
    Client(#[source] reqwest::Error),
}

/// A connector for one application of one tenant.
pub struct Entra {
    target: Target,
    application: String,
    client: Client,
    tokens: Tokens,
    met: Met,
}

impl Entra {
    /// A connector. Nothing is sent.
    ///
    /// # Errors
    /// The egress guard refuses an address, or TLS cannot be set up.
    pub fn new(config: Config, clock: Arc<dyn Clock>, sink: Arc<dyn CaptureSink>) -> Result<Self, ConfigError> {
        let target = Target::new(&config.base_url, &GRAPH, config.rehearsal).map_err(ConfigError::Egress)?;
        let login = Target::new(&config.login_url, &LOGIN, config.rehearsal).map_err(ConfigError::Egress)?;
        let setup = Setup {
            rehearsal: config.rehearsal,
            loopback: target.is_loopback() && login.is_loopback(),
            concurrency: config.concurrency,
            timeout: config.timeout,
        };
        let scope = format!("{}/.default", config.base_url.as_str().trim_end_matches('/'));
        let path = Fill { entity: Some(&config.tenant), ..Fill::default() }.path(op::TOKEN.path);
        let unfit = |_| Failure::NotConfigured("the tenant does not fit into an address".to_owned());
        let ask = Ask {
            change: &op::TOKEN,
            url: path.and_then(|path| login.join(&path).map_err(unfit)),
            client_id: config.client_id,
            client_secret: config.client_secret,
            by: By::Body,
            scope: Some(scope),
            credential: config.credential,
        };
        Ok(Self {
            tokens: Tokens::new(ask),
            target,
            application: config.application,
            client: Client::new(setup, clock, sink).map_err(ConfigError::Client)?,
            met: Met::default(),
        })
    }
}

impl fmt::Debug for Entra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entra")
            .field("target", &self.target)
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Reader for Entra {
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

impl Vendor for Entra {
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
