//! The baseline of `scripts/bench inventory`: the same client, on the same kind of runtime, reads the sources that a plan reads and
//! parses every body into the same typed rows, with no database, no captures and no plan.
//!
//! `fetch DESCRIPTION --list` makes a plan, and prints which sources it read; `fetch DESCRIPTION LIST` reads those. The description is
//! the line that `leaver sandbox --json` prints.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark fails by panicking, prints what it measured, and reads the machine's clock"
)]

mod rig;

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt as _;
use jiff::Timestamp;
use leaver_connectors::mixpanel::Mixpanel;
use leaver_connectors::{Actor, Reader, Vendor};
use leaver_core::effect::Intent;
use leaver_core::ids::{CredentialName, VendorOrg};
use leaver_core::plan::Policy;
use leaver_core::planner::Focus;
use leaver_core::reading::{Failure, Reading, Snapshot};
use leaver_core::source::{Source, What};
use leaver_engine::Silent;
use leaver_evidence::captures::{Capture, CaptureSink};
use leaver_evidence::redact::RedactionKey;
use leaver_sandbox::Description;
use leaver_store_sqlite::SqliteStore;
use secrecy::SecretString;

/// As many as the engine has under way.
const READS_AT_ONCE: usize = 16;

/// Keeps nothing and computes nothing.
#[derive(Debug)]
struct Nothing(RedactionKey);

impl CaptureSink for Nothing {
    fn put(&self, _: &Capture) -> io::Result<String> {
        Ok(String::new())
    }

    fn key(&self) -> &RedactionKey {
        &self.0
    }
}

/// The vendor, and what was read of it.
#[derive(Debug)]
struct Listing {
    vendor: Mixpanel,
    read: Mutex<Vec<What>>,
}

#[async_trait]
impl Reader for Listing {
    async fn read(&self, source: &Source) -> Reading {
        self.read.lock().unwrap().push(source.what.clone());
        self.vendor.read(source).await
    }

    async fn look(&self, source: &Source, focus: Option<&Focus>) -> Reading {
        self.read.lock().unwrap().push(source.what.clone());
        self.vendor.look(source, focus).await
    }

    async fn settle(&self) -> Result<(), Failure> {
        self.vendor.settle().await
    }
}

impl Vendor for Listing {
    fn acting<'a>(&'a self, intent: &'a Intent) -> Box<dyn Actor + 'a> {
        Vendor::acting(&self.vendor, intent)
    }

    fn remember(&self, name: &CredentialName, username: &str, secret: &SecretString) -> bool {
        Vendor::remember(&self.vendor, name, username, secret)
    }
}

fn client(description: &Description) -> Mixpanel {
    rig::client(description, Arc::new(Nothing(RedactionKey::new([0; 32]))))
}

/// The sources that a plan reads, in its order: what `leaver plan` asks for in the configuration that `leaver init` makes.
async fn list(description: &Description) -> Vec<What> {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("leaver.db")).await.unwrap();
    let vendor = Arc::new(Listing { vendor: client(description), read: Mutex::default() });
    let engine =
        rig::engine(description, store, Arc::clone(&vendor) as Arc<dyn Vendor>, Policy::default().settle_seconds).await;
    let wish = rig::wish(description, Timestamp::now());
    Box::pin(engine.draft(wish, &Silent)).await.unwrap();
    // What was read again because it failed for a moment is read once here.
    let mut seen = BTreeSet::new();
    let read = vendor.read.lock().unwrap().clone();
    read.into_iter().filter(|what| seen.insert(what.clone())).collect()
}

/// Reads the sources, lists of people one after the other as a plan does, and counts rows.
async fn fetch(description: &Description, wanted: Vec<What>) {
    let client = client(description);
    let tenant = VendorOrg(description.mixpanel.organization_id);
    let source = |what| Source { tenant, credential: rig::credential(), what };
    let of = wanted.len();
    let (first, rest): (Vec<What>, Vec<What>) =
        wanted.into_iter().partition(|what| matches!(what, What::Me | What::Roster | What::ScimUsers));
    let mut readings: Vec<Reading> = Vec::with_capacity(of);
    for what in first {
        readings.push(client.look(&source(what), None).await);
    }
    let rest = futures::stream::iter(rest)
        .map(|what| {
            let (client, source) = (&client, source(what));
            async move { client.look(&source, None).await }
        })
        .buffer_unordered(READS_AT_ONCE);
    readings.extend(rest.collect::<Vec<Reading>>().await);
    let failed = readings.iter().filter(|reading| reading.result.is_err()).count();
    let rows: usize = readings
        .iter()
        .map(|reading| match &reading.result {
            Ok(Snapshot::Roster(roster)) => roster.members.len(),
            Ok(Snapshot::Items(items)) => items.len(),
            Ok(Snapshot::Me(me)) => me.view_members.len(),
            _ => 0,
        })
        .sum();
    println!("{{\"sources\": {of}, \"failed\": {failed}, \"rows\": {rows}}}");
}

// The runtime of `leaver plan`.
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --all-targets` starts every target: without a description there is nothing to do.
    let [_, file, what] = arguments.as_slice() else { return };
    if file.starts_with('-') {
        return;
    }
    let text = std::fs::read_to_string(file).unwrap();
    let description: Description = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.max_blocking_threads(2).enable_all().build().unwrap();
    if what == "--list" {
        println!("{}", serde_json::to_string(&runtime.block_on(list(&description))).unwrap());
    } else {
        let wanted = serde_json::from_str(&std::fs::read_to_string(what).unwrap()).unwrap();
        runtime.block_on(fetch(&description, wanted));
    }
}
