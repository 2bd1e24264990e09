//! One server: what it announces, one thing by its id, and one change.

use std::sync::Arc;

use leaver_core::reading::Failure;
use reqwest::Method;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::resource::attribute;
use crate::client_credentials::Tokens;
use crate::fill::{Fill, query};
use crate::http::{Answer, Auth, Body, Call, Client, Lane, Lost, Target, Trail, classify};
use crate::json::{flag, text};
use crate::operation::{Change, Read};

/// What marks an error document (RFC 7644, 3.12).
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// As whom a server is asked.
pub(crate) enum Access {
    /// A token that was told.
    Held(Arc<Auth>),
    /// Tokens that are fetched.
    Fetched(Box<Tokens>),
}

/// A server that speaks SCIM.
pub(crate) struct Service {
    target: Target,
    access: Access,
    count: Option<&'static str>,
    announced: OnceCell<Announced>,
}

/// What a server says that it can do (RFC 7643, 5). What it does not say, it cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Announced {
    /// Lists can be filtered.
    pub(crate) filter: bool,
    /// Things have versions, and a change may name the one that it is meant for.
    pub(crate) etag: bool,
}

impl Announced {
    /// What a configuration document says.
    pub(crate) fn of(document: &Value) -> Self {
        let supported = |name: &str| {
            let feature = document.as_object().and_then(|fields| attribute(fields, name)?.as_object());
            feature.and_then(|feature| attribute(feature, "supported")).and_then(flag) == Some(true)
        };
        Self { filter: supported("filter"), etag: supported("etag") }
    }
}

/// One thing, as it was read by its id.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its attributes.
    pub(crate) fields: Map<String, Value>,
    /// Its version, where it has one.
    pub(crate) version: Option<String>,
}

impl Service {
    /// A server at this address. Of a list so many resources are asked for at once, and the server may send fewer; `None`: it sends as
    /// many as it likes. Not every server takes the question: Canaille 0.3.6 fails at any `count`.
    pub(crate) fn new(target: Target, access: Access, count: Option<&'static str>) -> Self {
        Self { target, access, count, announced: OnceCell::new() }
    }

    /// How many resources are asked for at once.
    pub(super) fn count(&self) -> Option<&'static str> {
        self.count
    }

    /// Where it is.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// What the server announces; asked once. Whoever announces nothing, or has no such document, is taken to be able to do nothing.
    pub(crate) async fn announced(&self, client: &Client, read: &Read, trail: &mut Trail) -> Announced {
        let asked = async {
            let answer = self.ask(client, read, Fill::default(), &[], trail).await?;
            match classify::read(Ok(answer)).await {
                Ok(document) => Ok(Announced::of(&document)),
                // It will not answer otherwise the next time.
                Err(
                    Failure::NotFound
                    | Failure::Forbidden
                    | Failure::Refused { .. }
                    | Failure::Html
                    | Failure::Redirected { .. }
                    | Failure::Malformed(_),
                ) => Ok(Announced::default()),
                Err(failure) => Err(failure),
            }
        };
        self.announced.get_or_try_init(|| asked).await.copied().unwrap_or_default()
    }

    /// One thing by its id; `None` where the server itself says that there is none.
    ///
    /// # Errors
    /// It did not come, or another one came. A 404 that is no error document of SCIM may be anybody's.
    pub(crate) async fn find(
        &self,
        client: &Client,
        read: &Read,
        id: &str,
        trail: &mut Trail,
    ) -> Result<Option<Found>, Failure> {
        let fill = Fill { id: Some(id), ..Fill::default() };
        let mut answer = self.ask(client, read, fill, &[], trail).await?;
        if answer.status == 404 {
            return if says_absent(&answer) {
                Ok(None)
            } else {
                Err(classify::read(Ok(answer)).await.err().unwrap_or(Failure::NotFound))
            };
        }
        let etag = answer.etag.take();
        let Value::Object(fields) = classify::read(Ok(answer)).await? else {
            return Err(Failure::Malformed("the answer is no resource".to_owned()));
        };
        // Some servers answer to names as well as to ids.
        if attribute(&fields, "id").and_then(text).is_none_or(|came| came != id) {
            return Err(Failure::Incomplete("another resource came than the one that was asked for".to_owned()));
        }
        let version =
            || attribute(&fields, "meta")?.as_object().and_then(|meta| attribute(meta, "version")).and_then(text);
        let version = etag.or_else(version);
        Ok(Some(Found { fields, version }))
    }

    /// Sends one `GET`. Whoever asked for the reading makes its answers durable ([`crate::Reader::settle`]).
    pub(super) async fn ask(
        &self,
        client: &Client,
        read: &Read,
        fill: Fill<'_>,
        extra: &[(&str, &str)],
        trail: &mut Trail,
    ) -> Result<Answer, Failure> {
        let mut path = fill.path(read.path)?;
        for (key, value) in extra {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(key);
            path.push('=');
            path.push_str(&query(value));
        }
        let auth = self.auth(client, trail).await.map_err(Lost::into_failure)?;
        let call = Call {
            method: Method::GET,
            url: self.url(&path)?,
            auth: Some(&auth),
            lane: Lane { bucket: read.bucket, project: None },
            bears_secret: read.bears_secret,
            body: None,
            if_match: None,
        };
        let answer = client.look(call, trail).await.map_err(Lost::into_failure)?;
        self.note(&auth, answer.status).await;
        Ok(answer)
    }

    /// Sends one change once, for this version of the thing alone where one is named.
    ///
    /// # Errors
    /// No whole answer came. What an answer means is for [`classify::write`] to say.
    pub(crate) async fn change(
        &self,
        client: &Client,
        change: &Change,
        fill: Fill<'_>,
        body: Option<&Value>,
        version: Option<&str>,
        trail: &mut Trail,
    ) -> Result<Answer, Lost> {
        let url = fill.path(change.path).and_then(|path| self.url(&path)).map_err(Lost::Before)?;
        let method = Method::from_bytes(change.verb.word().as_bytes())
            .map_err(|_| Lost::Before(Failure::NotConfigured("no such method".to_owned())))?;
        let auth = self.auth(client, trail).await?;
        let call = Call {
            method,
            url,
            auth: Some(&auth),
            lane: Lane { bucket: change.bucket, project: None },
            bears_secret: change.bears_secret,
            // RFC 7644, 3.1.
            body: body.map(|body| Body { content_type: "application/scim+json", bytes: body.to_string().into_bytes() }),
            if_match: version,
        };
        let sent = client.send(call, trail).await;
        if let Ok(answer) = &sent {
            self.note(&auth, answer.status).await;
        }
        sent
    }

    async fn auth(&self, client: &Client, trail: &mut Trail) -> Result<Arc<Auth>, Lost> {
        match &self.access {
            Access::Held(auth) => Ok(Arc::clone(auth)),
            Access::Fetched(tokens) => tokens.get(client, trail).await,
        }
    }

    /// A token that was taken back is refused: the next request brings a new one.
    async fn note(&self, auth: &Arc<Auth>, status: u16) {
        match &self.access {
            Access::Fetched(tokens) if status == 401 => tokens.forget(auth).await,
            Access::Fetched(_) | Access::Held(_) => {}
        }
    }

    fn url(&self, path: &str) -> Result<url::Url, Failure> {
        self.target.join(path).map_err(|_| Failure::NotConfigured("the path does not fit into an address".to_owned()))
    }
}

/// Whether a 404 is the word of the server itself.
fn says_absent(answer: &Answer) -> bool {
    // Error documents are short: a copy costs nothing.
    let body = answer.body.clone().whole().ok();
    body.and_then(|body| serde_json::from_slice(&body).ok()).is_some_and(|error| is_absence(&error))
}

/// Whether it is an error document that says that something is not there. Its status may be a text or a number.
pub(crate) fn is_absence(error: &Value) -> bool {
    let Some(fields) = error.as_object() else { return false };
    let schemas = attribute(fields, "schemas").and_then(Value::as_array);
    let is_error = schemas.into_iter().flatten().filter_map(Value::as_str).any(|one| one.eq_ignore_ascii_case(ERROR));
    is_error && attribute(fields, "status").and_then(text).is_none_or(|status| status == "404")
}

/// A text in a filter: written as JSON writes it (RFC 7644, 3.4.2.2).
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The filter that asks for an attribute of this value.
pub(crate) fn equals(attribute: &str, value: &str) -> String {
    format!("{attribute} eq {}", quoted(value))
}
