//! One organization under management, as the engine sees it.

use std::sync::Arc;

use leaver_connectors::Vendor;
use leaver_core::ids::{Address, CredentialName, OrgName, PersonId, VendorOrg};
use leaver_core::plan::Policy;
use leaver_core::source::{Source, What};

use crate::ports::SecretSink;

/// An organization with its credential, its people and its rules.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Its name in the configuration.
    pub name: OrgName,
    /// Its number at the vendor.
    pub vendor_org: VendorOrg,
    /// Whether it is a rehearsal.
    pub rehearsal: bool,
    /// The credential that reads.
    pub credential: CredentialName,
    /// The user name behind it.
    pub username: String,
    /// Whether SCIM is configured.
    pub scim: bool,
    /// Whether an identity provider is configured.
    pub provider: bool,
    /// Its rules.
    pub policy: Policy,
    /// Configured people who witness that a member list is complete.
    pub witnesses: Vec<(PersonId, Address)>,
    /// The vendor.
    pub vendor: Arc<dyn Vendor>,
    /// Where new secrets go.
    pub sink: Arc<dyn SecretSink>,
}

impl Organization {
    /// A source of this organization, read with its credential.
    pub fn source(&self, what: What) -> Source {
        Source { tenant: self.vendor_org, credential: self.credential.clone(), what }
    }
}
