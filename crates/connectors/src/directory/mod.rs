//! The directory of any identity provider that shows its own accounts and groups by SCIM 2.0, such as Canaille, midPoint or authentik
//! (`facts/identity-providers.md` A4).
//!
//! SCIM knows no applications: which groups give the Mixpanel application is told by the configuration. Whether people may ask for it, or
//! sign in without being given it, is not shown either; people give their word for that. Nothing here ends an account or a group.
//!
//! # Operations
#![doc = include_str!("../../DIRECTORY.md")]

mod act;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod groups;
mod operations;
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

pub use operations::capabilities;

use self::operations as op;
use crate::client_credentials::{Ask, By, Tokens};
use crate::clock::Clock;
use crate::http::{Auth, Client, EgressError, Setup, Target};
use crate::met::Met;
use crate::ports::{Actor, Reader, Vendor};
use crate::scim::{self, Service};

/// One directory, and what in it gives the application.
#[derive(Debug, Clone)]
pub struct Config {
    /// The SCIM base address, such as `https://idp.example/scim/v2`.
    pub base_url: Url,
    /// As whom it is asked.
    pub auth: Access,
    /// The groups that give the Mixpanel application at this provider, each by its id or its `displayName`. None: no group gives it.
    pub groups: Vec<String>,
    /// Whether these groups give nothing but that: SCIM does not show what a group gives, so somebody says so, or a person takes people out.
    pub dedicated: bool,
    /// The name of the credential, for captures.
    pub credential: CredentialName,
    /// Whether this is a rehearsal: then the directory must be on this machine.
    pub rehearsal: bool,
    /// How many requests may be under way at once. 0 counts as 1.
    pub concurrency: usize,
    /// The longest time for one request, from the connection to the last byte.
    pub timeout: Duration,
}

/// As whom a directory is asked.
#[derive(Debug, Clone)]
pub enum Access {
    /// A bearer token that lasts.
    Token(SecretString),
    /// OAuth 2.0 client credentials (RFC 6749, 4.4), the client told by HTTP Basic.
    Client {
        /// Where tokens are given.
        token_url: Url,
        /// The name of the client.
        client_id: String,
        /// Its secret.
        client_secret: SecretString,
        /// What the token is for; `None`: the provider decides.
        scope: Option<String>,
    },
}

/// Why no connector can be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// An address may not be called.
    #[error("refuse the address of the directory or of its tokens")]
    Egress(#[source] EgressError),
    /// The token cannot stand in a header.
    #[error("use the token of the directory: it holds characters that no header can carry")]
    Token,
    /// The HTTP client cannot be built.
    #[error("build the http client")]
    Client(#[source] reqwest::Error),
}

/// A connector for one directory.
pub struct Directory {
    service: Service,
    groups: Vec<String>,
    dedicated: bool,
    client: Client,
    met: Met,
}

impl Directory {
    /// A connector. Nothing is sent.
    ///
    /// # Errors
    /// The egress guard refuses an address, the token cannot stand in a header, or TLS cannot be set up.
    pub fn new(config: Config, clock: Arc<dyn Clock>, sink: Arc<dyn CaptureSink>) -> Result<Self, ConfigError> {
        let target = Target::told(&config.base_url, config.rehearsal).map_err(ConfigError::Egress)?;
        let mut loopback = target.is_loopback();
        let access = match config.auth {
            Access::Token(token) => {
                let auth = Auth::bearer(config.credential.as_str(), &token).ok_or(ConfigError::Token)?;
                scim::Access::Held(Arc::new(auth))
            }
            Access::Client { token_url, client_id, client_secret, scope } => {
                loopback &= Target::told(&token_url, config.rehearsal).map_err(ConfigError::Egress)?.is_loopback();
                let ask = Ask {
                    change: &op::TOKEN,
                    url: Ok(token_url),
                    client_id,
                    client_secret,
                    by: By::Basic,
                    scope,
                    credential: config.credential,
                };
                scim::Access::Fetched(Box::new(Tokens::new(ask)))
            }
        };
        let setup =
            Setup { rehearsal: config.rehearsal, loopback, concurrency: config.concurrency, timeout: config.timeout };
        Ok(Self {
            service: Service::new(target, access, None),
            groups: config.groups,
            dedicated: config.dedicated,
            client: Client::new(setup, clock, sink).map_err(ConfigError::Client)?,
            met: Met::default(),
        })
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("target", self.service.target())
            .field("groups", &self.groups.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Reader for Directory {
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

impl Vendor for Directory {
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
