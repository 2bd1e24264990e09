//! Sends one request once, and stores the raw answer before anybody looks into it.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use leaver_core::ids::Digest;
use leaver_core::reading::{Failure, Reading, Snapshot};
use leaver_core::source::Source;
use leaver_evidence::captures::{Capture, CaptureSink, Meta};
use leaver_evidence::redact::REDACTED;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, DATE, ETAG, HeaderMap, IF_MATCH, LINK, LOCATION, SET_COOKIE};
use secrecy::SecretString;
use url::Url;

use super::auth::Auth;
use super::body::Body;
use super::content::Content;
use super::limits;
use super::pace::{Lane, Pace};
use crate::clock::Clock;

/// An answer larger than this is not read to its end.
const LARGEST: usize = 512 * 1024 * 1024;

/// So much of an answer is held in memory before it goes to a file.
const HELD: usize = 512 * 1024;

/// What a client is made of.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Marks every capture.
    pub rehearsal: bool,
    /// Whether a target is on this machine: then no proxy is asked.
    pub loopback: bool,
    /// How many requests may be under way at once.
    pub concurrency: usize,
    /// The longest time for one request, and the longest wait for the vendor's pace.
    pub timeout: Duration,
}

/// A client for one organization of one vendor.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    sink: Arc<dyn CaptureSink>,
    pace: Pace,
    rehearsal: bool,
}

/// One request.
#[derive(Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// As whom; `None`: the body says so.
    pub auth: Option<&'a Auth>,
    /// What it shares a limit with.
    pub lane: Lane,
    /// Whether the answer holds secrets.
    pub bears_secret: bool,
    /// What is sent along.
    pub body: Option<Body>,
    /// The version of the thing that alone may be changed: `If-Match` (RFC 9110, 13.1.1).
    pub if_match: Option<&'a str>,
}

/// What came back, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type, in lower case.
    pub content_type: Option<String>,
    /// How long the vendor asks to wait.
    pub wait: Option<Duration>,
    /// Where the next page is: `Link` with `rel="next"` (RFC 8288).
    pub next: Option<String>,
    /// Where it sends a browser that signs in; empty for every other request.
    pub onward: Onward,
    /// The version of what came: `ETag` (RFC 9110, 8.8.3).
    pub etag: Option<String>,
    /// The body.
    pub body: Content,
}

/// Where an answer within a session sends a browser, and what it is to bring along. It cannot be printed: both may hold tokens.
#[derive(Debug, Clone, Default)]
pub struct Onward {
    /// `Location`, as it came.
    pub location: Option<SecretString>,
    /// Each `Set-Cookie`, as it came.
    pub cookies: Vec<SecretString>,
}

impl Onward {
    fn of(headers: &HeaderMap) -> Self {
        let secret = |value: &reqwest::header::HeaderValue| Some(SecretString::from(value.to_str().ok()?));
        Self {
            location: headers.get(LOCATION).and_then(secret),
            cookies: headers.get_all(SET_COOKIE).iter().filter_map(secret).collect(),
        }
    }
}

/// How much of an answer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// All of it.
    Whole,
    /// Everything but the fields that are secret.
    Redacted,
    /// Its hash.
    Nothing,
}

impl Keeps {
    fn of(call: &Call<'_>) -> Self {
        match (call.auth.is_some_and(Auth::is_session), call.bears_secret) {
            (true, _) => Self::Nothing,
            (false, true) => Self::Redacted,
            (false, false) => Self::Whole,
        }
    }
}

/// Why no whole answer is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// Not one byte of the request was sent.
    Before(Failure),
    /// The request was, or may have been, sent.
    During(Failure),
}

impl Lost {
    /// The failure, for reads, which do not care.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Before(failure) | Self::During(failure) => failure,
        }
    }
}

/// When a read or a write went over the network, and what was kept of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    /// When the first request was handed to the network.
    pub sent_at: Option<Timestamp>,
    /// When the last answer had arrived or was given up.
    pub ended_at: Option<Timestamp>,
    /// The raw answers, in the order in which they came.
    pub captures: Vec<Digest>,
}

impl Trail {
    /// The reading of a source that ended so. Every list is read to the vendor's end mark, or it is a failure.
    pub(crate) fn reading(self, source: &Source, result: Result<Snapshot, Failure>, now: Timestamp) -> Reading {
        Reading {
            source: source.clone(),
            sent_at: self.sent_at.unwrap_or(now),
            ended_at: self.ended_at.unwrap_or(now),
            to_the_end: result.is_ok(),
            result,
            captures: self.captures,
        }
    }
}

impl Client {
    /// A client that follows no redirect and repeats nothing.
    ///
    /// # Errors
    /// The TLS backend cannot be set up.
    pub fn new(setup: Setup, clock: Arc<dyn Clock>, sink: Arc<dyn CaptureSink>) -> Result<Self, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .timeout(setup.timeout)
            // Shorter than the whole, so that a server which does not answer at all is known not to have been reached.
            .connect_timeout(setup.timeout / 2)
            // The target is checked already; this is the second lock on the same door.
            .https_only(!setup.rehearsal)
            .user_agent(concat!("leaver/", env!("CARGO_PKG_VERSION")));
        if setup.loopback {
            builder = builder.no_proxy();
        }
        Ok(Self {
            http: builder.build()?,
            clock,
            sink,
            pace: Pace::new(setup.concurrency, setup.timeout),
            rehearsal: setup.rehearsal,
        })
    }

    /// The pace of this organization.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sends the request once. The answer is durable in the store before this returns.
    ///
    /// # Errors
    /// No whole answer came, or it could not be stored.
    pub async fn send(&self, call: Call<'_>, trail: &mut Trail) -> Result<Answer, Lost> {
        let answer = self.look(call, trail).await;
        self.settle().await.map_err(Lost::During)?;
        answer
    }

    /// Makes every answer durable that is in the store.
    ///
    /// # Errors
    /// [`Failure::Incomplete`]: they could not be stored.
    pub async fn settle(&self) -> Result<(), Failure> {
        let sink = Arc::clone(&self.sink);
        apart(move || sink.settle()).await.map_err(|error| unstored(&error))
    }

    /// Sends the request once. The answer is in the store before this returns, and durable after [`settle`](Self::settle).
    ///
    /// # Errors
    /// No whole answer came, or it could not be stored.
    pub async fn look(&self, call: Call<'_>, trail: &mut Trail) -> Result<Answer, Lost> {
        let permit = self.pace.enter(call.lane).await.map_err(Lost::Before)?;
        let keeps = Keeps::of(&call);
        let mut request = self.http.request(call.method.clone(), call.url.clone());
        if let Some(auth) = call.auth {
            let Some(value) = auth.header() else {
                return Err(Lost::Before(Failure::NotConfigured("the credential cannot stand in a header".to_owned())));
            };
            // A session begins without a cookie.
            if !value.is_empty() {
                request = request.header(auth.field(), value);
            }
        }
        if let Some(version) = call.if_match {
            request = request.header(IF_MATCH, version);
        }
        let address = if keeps == Keeps::Nothing { bare(call.url) } else { call.url };
        request = Body::onto(request, call.body, &call.method);
        let sent_at = self.clock.now();
        trail.sent_at.get_or_insert(sent_at);
        let sent = request.send().await;
        let (status, headers, body) = match sent {
            Ok(mut response) => {
                let status = response.status().as_u16();
                let headers = std::mem::take(response.headers_mut());
                (status, headers, self.body_of(response, keeps == Keeps::Whole).await)
            }
            Err(error) => {
                trail.ended_at = Some(self.clock.now());
                let failure = network(&error);
                tracing::debug!(method = %call.method, path = shown(&address), %failure, "no answer");
                return Err(if error.is_connect() || error.is_builder() {
                    Lost::Before(failure)
                } else {
                    Lost::During(failure)
                });
            }
        };
        drop(permit);
        let ended_at = self.clock.now();
        trail.ended_at = Some(ended_at);
        let wait = limits::wait(status, &headers, ended_at);
        if let Some(wait) = wait {
            self.pace.hold(call.lane, wait);
        }
        tracing::debug!(method = %call.method, path = shown(&address), status, "answer");

        let (body, cut) = match body {
            Ok(body) => (body, None),
            Err((part, failure)) => (part, Some(failure)),
        };
        let meta = Meta {
            method: call.method.to_string(),
            url: without_credentials(address),
            credential: call.auth.map(|auth| auth.name().to_owned()).unwrap_or_default(),
            sent_at,
            ended_at,
            vendor_date: text(&headers, DATE.as_str()),
            status,
            content_type: text(&headers, CONTENT_TYPE.as_str()),
            rehearsal: self.rehearsal,
            whole: cut.is_none(),
            redacted: None,
        };
        let content_type = meta.content_type.as_deref().map(str::to_ascii_lowercase);
        trail.captures.push(self.keep(meta, body.clone(), keeps).await?);
        if let Some(failure) = cut {
            return Err(Lost::During(failure));
        }
        let onward = if keeps == Keeps::Nothing { Onward::of(&headers) } else { Onward::default() };
        Ok(Answer {
            status,
            content_type,
            wait,
            next: next_page(&headers),
            etag: text(&headers, ETAG.as_str()),
            onward,
            body,
        })
    }

    async fn keep(&self, meta: Meta, body: Content, keeps: Keeps) -> Result<Digest, Lost> {
        let sink = Arc::clone(&self.sink);
        let kept = apart(move || match (body, keeps) {
            (Content::Held(body), Keeps::Whole) => sink.stage(&Capture::plain(meta, body)),
            (Content::Held(body), Keeps::Redacted) => sink.stage(&Capture::redacted(meta, &body, sink.key())),
            (Content::Held(body), Keeps::Nothing) => sink.stage(&Capture::withheld(meta, &body, sink.key())),
            // Only what is kept whole goes to a file.
            (Content::Filed { file, .. }, _) => sink.stage_spooled(meta, &file),
        });
        kept.await
            .and_then(|kept| Digest::parse(&kept).map_err(io::Error::other))
            .map_err(|error| Lost::During(unstored(&error)))
    }

    /// Reads the body; what came before an error is kept. A large one goes to a file of the sink, unless it bears a secret:
    /// such bytes never reach the disk.
    async fn body_of(
        &self,
        mut response: reqwest::Response,
        mut may_spool: bool,
    ) -> Result<Content, (Content, Failure)> {
        let said = response.content_length().unwrap_or(0);
        let mut held = BytesMut::with_capacity(usize::try_from(said).unwrap_or(usize::MAX).min(HELD));
        let mut spool: Option<Arc<File>> = None;
        let mut spooled = 0;
        let ended = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => held.extend_from_slice(&chunk),
                Ok(None) => break None,
                Err(error) => break Some(network(&error)),
            }
            if spooled + held.len() > LARGEST {
                break Some(Failure::Malformed(format!("larger than {LARGEST} bytes")));
            }
            if may_spool && held.len() > HELD {
                match self.spool(spool.take(), held.split().freeze()).await {
                    Ok(Spooled::Wrote { file, bytes }) => {
                        spooled += bytes;
                        spool = Some(file);
                    }
                    Ok(Spooled::Unwanted(back)) => {
                        may_spool = false;
                        held = BytesMut::from(back);
                    }
                    Err(error) => return Err((Content::Held(Bytes::new()), unstored(&error))),
                }
            }
        };
        let body = match spool {
            None => Content::Held(held.freeze()),
            Some(file) => match self.spool(Some(file), held.freeze()).await {
                Ok(Spooled::Wrote { file, bytes }) => Content::Filed { file, len: spooled + bytes },
                Ok(Spooled::Unwanted(back)) => Content::Held(back),
                Err(error) => return Err((Content::Held(Bytes::new()), unstored(&error))),
            },
        };
        match ended {
            None => Ok(body),
            Some(failure) => Err((body, failure)),
        }
    }

    /// Appends to the file, or to a new one.
    async fn spool(&self, file: Option<Arc<File>>, bytes: Bytes) -> std::io::Result<Spooled> {
        let sink = Arc::clone(&self.sink);
        apart(move || {
            let file = match file {
                Some(file) => file,
                None => match sink.spool()? {
                    Some(file) => Arc::new(file),
                    None => return Ok(Spooled::Unwanted(bytes)),
                },
            };
            (&*file).write_all(&bytes)?;
            Ok(Spooled::Wrote { file, bytes: bytes.len() })
        })
        .await
    }
}

/// What became of a piece of a body.
enum Spooled {
    /// It is in the file.
    Wrote { file: Arc<File>, bytes: usize },
    /// The sink wants it in memory.
    Unwanted(Bytes),
}

/// Runs what blocks where it is in nobody's way.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other).and_then(|done| done)
}

fn unstored(error: &io::Error) -> Failure {
    tracing::error!(%error, "store raw answer");
    Failure::Incomplete(format!("the raw answer could not be stored: {error}"))
}

fn network(error: &reqwest::Error) -> Failure {
    if error.is_timeout() { Failure::TimedOut } else { Failure::Network }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// An address within a session as it may be kept: its query and its path parameters (`;jsessionid=`) may hold tokens.
fn bare(mut url: Url) -> Url {
    let part = |part: &str| part.split_once(';').map_or(part, |(name, _)| name).to_owned();
    let path: Vec<String> = url.path().split('/').map(part).collect();
    url.set_path(&path.join("/"));
    url.set_fragment(None);
    if url.query().is_some() {
        url.set_query(Some(REDACTED));
    }
    url
}

/// The path as a log may show it: an address in it names somebody.
fn shown(url: &Url) -> String {
    let part = |part: &str| if part.contains('@') || part.contains("%40") { "..." } else { part }.to_owned();
    url.path().split('/').map(part).collect::<Vec<_>>().join("/")
}

/// The target of the first `Link` whose relation is `next` (RFC 8288, 3).
pub(crate) fn next_page(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    // A comma may stand inside a target as well: links are told apart by their angle brackets.
    let mut links = lines.flat_map(|line| line.split('<').skip(1)).filter_map(|link| link.split_once('>'));
    links.find_map(|(target, parameters)| {
        let next = parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(key, value)| {
            let value = value.trim().trim_end_matches(',').trim().trim_matches('"');
            key.trim().eq_ignore_ascii_case("rel")
                && value.split_whitespace().any(|one| one.eq_ignore_ascii_case("next"))
        });
        next.then(|| target.to_owned())
    })
}

/// [`super::Target`] refuses addresses with credentials; this keeps them out of a capture all the same.
fn without_credentials(mut url: Url) -> String {
    // Fails only for addresses that cannot have credentials.
    let cleared = url.set_username("").is_ok() && url.set_password(None).is_ok();
    if cleared { url.into() } else { url.path().to_owned() }
}
