//! A vendor with two canaries beside it, as one.

use std::sync::Arc;

use async_trait::async_trait;
use leaver_core::effect::Intent;
use leaver_core::ids::{Address, CredentialName, PersonId};
use leaver_core::planner::Focus;
use leaver_core::reading::{Failure, Reading};
use leaver_core::source::{Source, What};
use secrecy::SecretString;

use super::Canaries;
use crate::ports::{Actor, Reader, Vendor};

/// A vendor whose canaries sign in; everything else is the vendor's.
#[derive(Debug)]
pub struct Probed {
    vendor: Arc<dyn Vendor>,
    canaries: Canaries,
}

impl Probed {
    /// The vendor and the canaries of one organization.
    pub fn new(vendor: Arc<dyn Vendor>, canaries: Canaries) -> Self {
        Self { vendor, canaries }
    }

    fn of(&self, source: &Source) -> &dyn Reader {
        if source.what == What::CanarySignIns { &self.canaries } else { &*self.vendor }
    }
}

#[async_trait]
impl Reader for Probed {
    async fn read(&self, source: &Source) -> Reading {
        self.of(source).read(source).await
    }

    async fn look(&self, source: &Source, focus: Option<&Focus>) -> Reading {
        self.of(source).look(source, focus).await
    }

    async fn settle(&self) -> Result<(), Failure> {
        self.vendor.settle().await?;
        self.canaries.settle().await
    }
}

impl Vendor for Probed {
    fn acting<'a>(&'a self, intent: &'a Intent) -> Box<dyn Actor + 'a> {
        self.vendor.acting(intent)
    }

    fn remember(&self, name: &CredentialName, username: &str, secret: &SecretString) -> bool {
        self.vendor.remember(name, username, secret)
    }

    fn meet(&self, person: &PersonId, addresses: &[Address]) {
        self.vendor.meet(person, addresses);
    }
}
