//! What has to be known to talk to one organization of Mixpanel.

use std::time::Duration;

use leaver_core::ids::{CredentialName, VendorOrg};
use secrecy::SecretString;
use url::Url;

use crate::http::EgressError;

/// One organization, and as whom it is read.
#[derive(Debug, Clone)]
pub struct Config {
    /// The vendor's number of the organization.
    pub organization: VendorOrg,
    /// The name of the credential; a source that names another one is refused.
    pub credential: CredentialName,
    /// Where the organization lives.
    pub region: Region,
    /// Another address than the vendor's; only for a rehearsal. It stands for `https://mixpanel.com`, without `/api/app`.
    pub base_url: Option<Url>,
    /// The user name of the service account.
    pub username: String,
    /// The secret of the service account.
    pub secret: SecretString,
    /// SCIM, where the plan has it.
    pub scim: Option<Scim>,
    /// An OAuth bearer of the person who receives copies of boards; then the copy is theirs (`facts/mixpanel.md` 4.6).
    pub successor_bearer: Option<SecretString>,
    /// Whether the organization is a rehearsal: its address is not the vendor's.
    pub rehearsal: bool,
    /// How many requests may be under way at once; 6 is a good value. 0 counts as 1.
    pub concurrency: usize,
    /// The longest time for one request, from the connection to the last byte.
    pub timeout: Duration,
}

impl Config {
    /// The usual number of requests under way at once.
    pub const CONCURRENCY: usize = 6;
    /// The usual longest time for one request.
    pub const TIMEOUT: Duration = Duration::from_secs(30);
}

/// SCIM access to one organization (`facts/mixpanel.md` 2.3).
#[derive(Debug, Clone)]
pub struct Scim {
    /// The whole base address; the vendor's, or the one below [`Config::base_url`], when it is missing.
    pub base_url: Option<Url>,
    /// The SCIM token.
    pub token: SecretString,
    /// How a person is deactivated.
    pub deactivation: Deactivation,
}

/// How a person is deactivated by SCIM. No document says which one Mixpanel takes (`facts/mixpanel.md` 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deactivation {
    /// `PATCH` with one operation that sets `active` to `false`.
    #[default]
    Patch,
    /// `GET`, then `PUT` of the same person with `active: false`; for a server that refuses `PATCH`.
    Put,
}

/// Where an organization lives (`facts/mixpanel.md` 1.1). A credential works in one region only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Region {
    /// United States.
    #[default]
    Us,
    /// European Union.
    Eu,
    /// India.
    In,
}

impl Region {
    /// The vendor's host.
    pub fn host(self) -> &'static str {
        match self {
            Self::Us => "mixpanel.com",
            Self::Eu => "eu.mixpanel.com",
            Self::In => "in.mixpanel.com",
        }
    }
}

/// Why no connector can be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The address may not be called.
    #[error("refuse the address of the organization")]
    Egress(#[source] EgressError),
    /// The address of the SCIM endpoint may not be called.
    #[error("refuse the address of the scim endpoint")]
    Scim(#[source] EgressError),
    /// A credential cannot stand in a header.
    #[error("use the credential '{0}': it holds characters that no header can carry")]
    Credential(CredentialName),
    /// The HTTP client cannot be built.
    #[error("build the http client")]
    Client(#[source] reqwest::Error),
}
