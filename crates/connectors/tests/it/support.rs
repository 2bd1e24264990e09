//! A Mixpanel connector in front of a server on this machine.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use leaver_connectors::mixpanel::{Config, Deactivation, Mixpanel, Region, Scim};
use leaver_connectors::{Clock, Reader as _, Written};
use leaver_core::ids::{CredentialName, ProjectId, VendorOrg};
use leaver_core::reading::{Failure, Item, Me, Reading, Roster, Snapshot};
use leaver_core::source::{Source, What};
use leaver_core::write::Write;
use leaver_evidence::captures::{CaptureSink, MemorySink};
use leaver_evidence::redact::RedactionKey;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// The organization of every test.
pub(crate) const ORG: VendorOrg = VendorOrg(7);
/// The project of every test.
pub(crate) const PROJECT: ProjectId = ProjectId(3);

/// A clock that stands still.
#[derive(Debug)]
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }
}

/// A configuration for a rehearsal at this address.
pub(crate) fn config(base: &str) -> Config {
    Config {
        organization: ORG,
        credential: CredentialName::from("main"),
        region: Region::Us,
        base_url: Some(Url::parse(base).unwrap()),
        username: "leaver.abc123.mp-service-account".to_owned(),
        secret: SecretString::from("s3cr3t-of-main"),
        scim: Some(Scim { base_url: None, token: SecretString::from("scim-token"), deactivation: Deactivation::Patch }),
        successor_bearer: None,
        rehearsal: true,
        concurrency: Config::CONCURRENCY,
        timeout: Duration::from_secs(20),
    }
}

/// The source of a thing, read as the credential of every test.
pub(crate) fn source(what: What) -> Source {
    Source { tenant: ORG, credential: CredentialName::from("main"), what }
}

/// A sink in memory.
pub(crate) fn memory() -> Arc<MemorySink> {
    Arc::new(MemorySink::new(RedactionKey::new([7; 32])))
}

pub(crate) async fn act(mixpanel: &Mixpanel, write: &Write) -> Written {
    // Through the port, as the engine does.
    leaver_connectors::Vendor::acting(mixpanel, &leaver_testkit::intent()).act(write).await
}

/// A connector and the server that it talks to.
pub(crate) struct Bench {
    pub(crate) server: MockServer,
    pub(crate) sink: Arc<MemorySink>,
    pub(crate) mixpanel: Mixpanel,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let server = MockServer::start().await;
        let sink = memory();
        let mut config = config(&server.uri());
        change(&mut config);
        let mixpanel = Mixpanel::new(config, Arc::new(Still), Arc::clone(&sink) as Arc<dyn CaptureSink>).unwrap();
        Self { server, sink, mixpanel }
    }

    /// Answers every request of this method and path.
    pub(crate) async fn answers(&self, verb: &str, at: &str, answer: ResponseTemplate) {
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&self.server).await;
    }

    /// Answers every `GET` of this path with this JSON.
    pub(crate) async fn gives(&self, at: &str, body: Value) {
        self.answers("GET", at, ResponseTemplate::new(200).set_body_json(body)).await;
    }

    /// Answers every request whatsoever.
    pub(crate) async fn answers_all(&self, answer: ResponseTemplate) {
        Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&self.server).await;
    }

    pub(crate) async fn read(&self, what: What) -> Reading {
        self.mixpanel.read(&source(what)).await
    }

    pub(crate) async fn failure(&self, what: What) -> Failure {
        let reading = self.read(what).await;
        assert!(!reading.to_the_end, "a failed reading is never complete");
        reading.result.unwrap_err()
    }

    pub(crate) async fn items(&self, what: What) -> Vec<Item> {
        match self.read(what).await.result {
            Ok(Snapshot::Items(items)) => items,
            other => panic!("no items: {other:?}"),
        }
    }

    pub(crate) async fn one(&self, what: What) -> Item {
        match self.read(what).await.result {
            Ok(Snapshot::One(item)) => *item,
            other => panic!("not one item: {other:?}"),
        }
    }

    pub(crate) async fn roster(&self, what: What) -> Result<Roster, Failure> {
        match self.read(what).await.result {
            Ok(Snapshot::Roster(roster)) => Ok(roster),
            Ok(other) => panic!("no roster: {other:?}"),
            Err(failure) => Err(failure),
        }
    }

    pub(crate) async fn me(&self) -> Me {
        match self.read(What::Me).await.result {
            Ok(Snapshot::Me(me)) => me,
            other => panic!("not about ourselves: {other:?}"),
        }
    }

    pub(crate) async fn act(&self, write: &Write) -> Written {
        act(&self.mixpanel, write).await
    }

    pub(crate) async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }

    /// The only request, as method, path with query, and body.
    pub(crate) async fn sent(&self) -> (String, String, String) {
        let requests = self.requests().await;
        assert_eq!(requests.len(), 1, "exactly one request");
        let request = &requests[0];
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        (
            request.method.to_string(),
            format!("{}{query}", request.url.path()),
            String::from_utf8(request.body.clone()).unwrap(),
        )
    }
}

/// A connector without a server of its own.
pub(crate) fn towards(base: &str, timeout: Duration) -> (Mixpanel, Arc<MemorySink>) {
    let sink = memory();
    let mut config = config(base);
    config.timeout = timeout;
    let mixpanel = Mixpanel::new(config, Arc::new(Still), Arc::clone(&sink) as Arc<dyn CaptureSink>).unwrap();
    (mixpanel, sink)
}

/// A server that takes connections one by one, reads one request (or the first bytes of TLS), sends these bytes and
/// closes.
pub(crate) fn raw(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            while seen.first() != Some(&0x16) && !seen.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(count) => seen.extend_from_slice(&buffer[..count]),
                }
            }
            // The client may be gone already.
            drop(stream.write_all(answer));
        }
    });
    address
}

/// An address of this machine at which nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
