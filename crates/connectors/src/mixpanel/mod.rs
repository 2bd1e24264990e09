//! Mixpanel: its App API, organization calls, Query API and SCIM (`facts/mixpanel.md`).
//!
//! Every operation is a constant in `operations.rs` and a line of [`capabilities`]. What a kind of thing looks like is
//! in `item.rs`, the member list, whose layout no public source shows, in `roster/`.
//!
//! # Operations
#![doc = include_str!("../../OPERATIONS.md")]

mod act;
pub mod audit;
mod body;
mod config;
mod definition;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod item;
mod me;
mod operations;
mod packed;
mod pages;
mod people;
mod person;
#[cfg(test)]
mod proof;
mod read;
mod recipients;
mod roster;
mod routes;
mod scim;
mod shares;
mod teams;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use leaver_core::effect::Intent;
use leaver_core::ids::{CredentialName, ProjectId, VendorOrg};
use leaver_core::planner::Focus;
use leaver_core::reading::{Failure, Reading};
use leaver_core::source::Source;
use leaver_evidence::captures::CaptureSink;
use secrecy::SecretString;
use url::Url;

pub use act::Acting;
pub use config::{Config, ConfigError, Deactivation, Region, Scim};
pub use operations::capabilities;

use crate::clock::Clock;
use crate::http::{Auth, Client, Pace, Setup, Target};
use crate::ports::{Actor, Reader, Vendor};
use crate::scim::{Access, Service};

/// Every host at which the vendor serves the App API (`facts/mixpanel.md` 1.1).
const HOSTS: [&str; 3] = ["mixpanel.com", "eu.mixpanel.com", "in.mixpanel.com"];

/// The data host of each of [`HOSTS`], in their order (`facts/mixpanel.md` 1.1).
const DATA_HOSTS: [&str; 3] = ["data.mixpanel.com", "data-eu.mixpanel.com", "data-in.mixpanel.com"];

/// A connector for one organization, read as one credential.
pub struct Mixpanel {
    organization: VendorOrg,
    credential: CredentialName,
    target: Target,
    /// Where raw export and legacy pipelines are; in a rehearsal the same address as [`Self::target`].
    data: Target,
    client: Client,
    auth: Auth,
    scim: Option<ScimAccess>,
    successor: Option<Auth>,
    remembered: RwLock<BTreeMap<CredentialName, Auth>>,
    views: RwLock<BTreeMap<ProjectId, u64>>,
}

/// Where SCIM is, and as whom.
struct ScimAccess {
    service: Service,
    deactivation: Deactivation,
}

impl Mixpanel {
    /// A connector. Nothing is sent.
    ///
    /// # Errors
    /// The egress guard refuses an address, a credential cannot stand in a header, or TLS cannot be set up.
    pub fn new(config: Config, clock: Arc<dyn Clock>, sink: Arc<dyn CaptureSink>) -> Result<Self, ConfigError> {
        let vendor = format!("https://{}/", config.region.host());
        let base = match &config.base_url {
            Some(base) => base.clone(),
            None => parsed(&vendor)?,
        };
        let target = Target::new(&base, &HOSTS, config.rehearsal).map_err(ConfigError::Egress)?;
        let data = Target::new(&data_address(&base)?, &DATA_HOSTS, config.rehearsal).map_err(ConfigError::Egress)?;
        let refused = || ConfigError::Credential(config.credential.clone());
        let auth = Auth::basic(config.credential.as_str(), &config.username, &config.secret).ok_or_else(refused)?;
        let scim = match &config.scim {
            Some(scim) => {
                // Only the US-style host is documented for SCIM, whatever the region.
                let base = match (&scim.base_url, &config.base_url) {
                    (Some(base), _) => base.clone(),
                    (None, Some(_)) => target.join("/api/app/scim/v2").map_err(|_| not_plain())?,
                    (None, None) => parsed("https://mixpanel.com/api/app/scim/v2")?,
                };
                let auth = Auth::bearer(format!("{}/scim", config.credential), &scim.token).ok_or_else(refused)?;
                Some(ScimAccess {
                    service: Service::new(
                        Target::new(&base, &HOSTS, config.rehearsal).map_err(ConfigError::Scim)?,
                        Access::Held(Arc::new(auth)),
                        Some("100"),
                    ),
                    deactivation: scim.deactivation,
                })
            }
            None => None,
        };
        let successor = match &config.successor_bearer {
            Some(token) => Some(Auth::bearer(format!("{}/successor", config.credential), token).ok_or_else(refused)?),
            None => None,
        };
        let setup = Setup {
            rehearsal: config.rehearsal,
            loopback: target.is_loopback() || scim.as_ref().is_some_and(|scim| scim.service.target().is_loopback()),
            concurrency: config.concurrency,
            timeout: config.timeout,
        };
        Ok(Self {
            organization: config.organization,
            client: Client::new(setup, clock, sink).map_err(ConfigError::Client)?,
            credential: config.credential,
            target,
            data,
            auth,
            scim,
            successor,
            remembered: RwLock::default(),
            views: RwLock::default(),
        })
    }

    /// Keeps a further credential in memory, so that [`leaver_core::source::What::Accepts`] can ask about it. `false`: it
    /// cannot stand in a header, and was not kept.
    pub fn remember(&self, name: CredentialName, username: &str, secret: &SecretString) -> bool {
        let Some(auth) = Auth::basic(name.as_str(), username, secret) else {
            return false;
        };
        self.remembered.write().unwrap_or_else(PoisonError::into_inner).insert(name, auth);
        true
    }

    /// Drops a remembered credential. `false`: there was none of this name.
    pub fn forget(&self, name: &CredentialName) -> bool {
        self.remembered.write().unwrap_or_else(PoisonError::into_inner).remove(name).is_some()
    }

    /// A client that may send the change which the intent names.
    pub fn acting<'a>(&'a self, intent: &'a Intent) -> Acting<'a> {
        Acting::new(self, intent)
    }

    /// The pace at which this organization is read.
    pub fn pace(&self) -> &Pace {
        self.client.pace()
    }

    /// The credential of this name: our own, or a remembered one.
    fn known(&self, name: &CredentialName) -> Option<Auth> {
        if *name == self.credential {
            return Some(self.auth.clone());
        }
        self.remembered.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

/// The data host that belongs to an address of the vendor; any other address serves everything itself.
fn data_address(base: &Url) -> Result<Url, ConfigError> {
    let host = base.host_str().unwrap_or_default().trim_end_matches('.');
    match HOSTS.iter().position(|vendor| *vendor == host).and_then(|at| DATA_HOSTS.get(at)) {
        Some(data) => parsed(&format!("https://{data}/")),
        None => Ok(base.clone()),
    }
}

fn parsed(address: &str) -> Result<Url, ConfigError> {
    Url::parse(address).map_err(|_| not_plain())
}

fn not_plain() -> ConfigError {
    ConfigError::Egress(crate::http::EgressError::NotPlain)
}

impl fmt::Debug for Mixpanel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mixpanel")
            .field("organization", &self.organization)
            .field("credential", &self.credential)
            .field("target", &self.target)
            .field("data", &self.data)
            .field("scim", &self.scim.is_some())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Reader for Mixpanel {
    async fn read(&self, source: &Source) -> Reading {
        let reading = read::read(self, source, None).await;
        match self.client.settle().await {
            Ok(()) => reading,
            Err(failure) => Reading { result: Err(failure), to_the_end: false, ..reading },
        }
    }

    async fn look(&self, source: &Source, focus: Option<&Focus>) -> Reading {
        read::read(self, source, focus).await
    }

    async fn settle(&self) -> Result<(), Failure> {
        self.client.settle().await
    }
}

impl Vendor for Mixpanel {
    fn acting<'a>(&'a self, intent: &'a Intent) -> Box<dyn Actor + 'a> {
        Box::new(Acting::new(self, intent))
    }

    fn remember(&self, name: &CredentialName, username: &str, secret: &SecretString) -> bool {
        Self::remember(self, name.clone(), username, secret)
    }
}
