//! The vendor and the identity provider of one organization, as one: whoever reads and acts names what, and it goes where it belongs.

use std::sync::Arc;

use async_trait::async_trait;
use leaver_core::effect::Intent;
use leaver_core::ids::{Address, CredentialName, PersonId};
use leaver_core::planner::Focus;
use leaver_core::reading::{Failure, Reading};
use leaver_core::source::Source;
use leaver_core::write::Write;
use secrecy::SecretString;

use crate::ports::{Actor, Reader, Vendor, Written};

/// A vendor with an identity provider beside it.
#[derive(Debug, Clone)]
pub struct Joined {
    vendor: Arc<dyn Vendor>,
    provider: Arc<dyn Vendor>,
}

impl Joined {
    /// The two of one organization.
    pub fn new(vendor: Arc<dyn Vendor>, provider: Arc<dyn Vendor>) -> Self {
        Self { vendor, provider }
    }

    fn of(&self, source: &Source) -> &dyn Vendor {
        if source.what.is_at_provider() { &*self.provider } else { &*self.vendor }
    }
}

#[async_trait]
impl Reader for Joined {
    async fn read(&self, source: &Source) -> Reading {
        self.of(source).read(source).await
    }

    async fn look(&self, source: &Source, focus: Option<&Focus>) -> Reading {
        self.of(source).look(source, focus).await
    }

    async fn settle(&self) -> Result<(), Failure> {
        self.vendor.settle().await?;
        self.provider.settle().await
    }
}

/// Either's actor, made when it is known which one the change is for.
struct Either<'a> {
    joined: &'a Joined,
    intent: &'a Intent,
}

#[async_trait]
impl Actor for Either<'_> {
    async fn act(&self, write: &Write) -> Written {
        let one = if write.is_at_provider() { &self.joined.provider } else { &self.joined.vendor };
        one.acting(self.intent).act(write).await
    }
}

impl Vendor for Joined {
    fn acting<'a>(&'a self, intent: &'a Intent) -> Box<dyn Actor + 'a> {
        Box::new(Either { joined: self, intent })
    }

    fn remember(&self, name: &CredentialName, username: &str, secret: &SecretString) -> bool {
        self.vendor.remember(name, username, secret)
    }

    fn meet(&self, person: &PersonId, addresses: &[Address]) {
        self.provider.meet(person, addresses);
    }
}
