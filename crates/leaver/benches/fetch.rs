//! The baseline of `scripts/bench inventory`: the same client reads the same sources and parses every body into the same
//! typed rows, with no database, no captures and no plan. Run it on the line that `leaver sandbox --json` prints.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark fails by panicking, prints what it measured, and reads the machine's clock"
)]

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use futures::StreamExt as _;
use jiff::Timestamp;
use leaver_connectors::mixpanel::{Config, Deactivation, Mixpanel, Region, Scim};
use leaver_connectors::{Clock, Reader as _};
use leaver_core::ids::{CredentialName, VendorOrg};
use leaver_core::judge::Readings;
use leaver_core::planner;
use leaver_core::reading::Snapshot;
use leaver_core::source::{Source, What};
use leaver_evidence::captures::{Capture, CaptureSink};
use leaver_evidence::redact::RedactionKey;
use leaver_sandbox::Description;
use secrecy::SecretString;
use url::Url;

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

#[derive(Debug)]
struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

async fn read(client: &Mixpanel, source: &impl Fn(What) -> Source, wanted: BTreeSet<What>) -> Readings {
    futures::stream::iter(wanted)
        .map(|what| async move { client.read(&source(what)).await })
        .buffer_unordered(READS_AT_ONCE)
        .map(|reading| (reading.source.what.clone(), Arc::new(reading)))
        .collect()
        .await
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --all-targets` starts every target: without a description there is nothing to do.
    let Some(file) = arguments.get(1).filter(|argument| !argument.starts_with('-')) else { return };
    let text = std::fs::read_to_string(file).unwrap();
    let description: Description = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let twin = &description.mixpanel;
    let credential = CredentialName::from("bench");
    let config = Config {
        organization: VendorOrg(twin.organization_id),
        credential: credential.clone(),
        region: Region::Us,
        base_url: Some(Url::parse(&twin.base_url).unwrap()),
        username: twin.service_account.username.clone(),
        secret: SecretString::from(twin.service_account.secret.clone()),
        scim: Some(Scim {
            base_url: Some(Url::parse(&twin.scim.base_url).unwrap()),
            token: SecretString::from(twin.scim.token.clone()),
            deactivation: Deactivation::Patch,
        }),
        successor_bearer: None,
        rehearsal: true,
        concurrency: Config::CONCURRENCY,
        timeout: Config::TIMEOUT,
    };
    let client = Mixpanel::new(config, Arc::new(Machine), Arc::new(Nothing(RedactionKey::new([0; 32])))).unwrap();
    let tenant = VendorOrg(twin.organization_id);
    let source = |what| Source { tenant, credential: credential.clone(), what };
    let mut readings = read(&client, &source, planner::first_reads(true).into_iter().collect()).await;
    let me = readings.get(&What::Me).and_then(|reading| reading.result.as_ref().ok()).and_then(Snapshot::me).unwrap();
    let wanted = planner::project_reads(me).into_iter().collect();
    readings.extend(read(&client, &source, wanted).await);
    let wanted = planner::share_reads(&readings);
    readings.extend(read(&client, &source, wanted).await);
    let failed = readings.values().filter(|reading| reading.result.is_err()).count();
    let rows: usize = readings
        .values()
        .map(|reading| match &reading.result {
            Ok(Snapshot::Roster(roster)) => roster.members.len(),
            Ok(Snapshot::Items(items)) => items.len(),
            Ok(Snapshot::Me(me)) => me.view_members.len(),
            _ => 0,
        })
        .sum();
    println!("{{\"sources\": {}, \"failed\": {failed}, \"rows\": {rows}}}", readings.len());
}
