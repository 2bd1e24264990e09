//! One call and one answer, free of any HTTP library: the twin is a function from [`Call`] to [`Reply`].

mod decode;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::world::Key;

pub(crate) use decode::{pairs, percent};

/// Where a call came from, as the request log names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Via {
    /// A vendor interface.
    Api,
    /// The "Users & Teams" page, used by a person.
    Page,
}

/// One request to a vendor interface or to the page.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) via: Via,
    pub(crate) method: String,
    /// The path as sent, still percent-encoded.
    pub(crate) path: String,
    /// The query string as sent, without the question mark.
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// The decoded path segments without empty ones.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(percent).collect()
    }

    /// Whether the path ends in a slash.
    pub(crate) fn slash(&self) -> bool {
        self.path.ends_with('/')
    }

    /// The first query parameter of that name.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        pairs(&self.query).into_iter().find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Whether the request changes nothing by its method.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// The body as form fields.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        pairs(&String::from_utf8_lossy(&self.body))
    }

    /// The body as a JSON object; an empty body counts as an empty object.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, Reply> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) => Err(Reply::error(400, "request body must be a JSON object")),
            Err(_) => Err(Reply::error(400, "request body is not valid JSON")),
        }
    }
}

/// The id of what a call changed, as text.
#[derive(Debug, Clone)]
pub(crate) struct Subject(String);

impl From<u64> for Subject {
    fn from(id: u64) -> Self {
        Self(id.to_string())
    }
}

impl From<String> for Subject {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl From<&str> for Subject {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl From<Key> for Subject {
    fn from(key: Key) -> Self {
        Self(key.to_string())
    }
}

/// What a call changed, for the request log.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) kind: &'static str,
    pub(crate) op: &'static str,
    pub(crate) id: String,
    pub(crate) from: Option<String>,
}

/// The answer to a call.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Set exactly when the world changed.
    pub(crate) effect: Option<Box<Effect>>,
}

/// What every handler returns; both sides are answers to the caller.
pub(crate) type Answer = Result<Reply, Reply>;

impl Reply {
    /// Any JSON document under any status.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        Self {
            status,
            content_type: "application/json",
            headers: Vec::new(),
            body: serde_json::to_vec(body).unwrap_or_default(),
            effect: None,
        }
    }

    /// The success envelope `{"status":"ok","results":..}` (facts/mixpanel.md 1.4).
    pub(crate) fn results(results: &impl Serialize) -> Self {
        Self::results_with(200, results)
    }

    /// The success envelope under another status, 201 for creations.
    pub(crate) fn results_with(status: u16, results: &impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Envelope<'a, T> {
            status: &'static str,
            results: &'a T,
        }
        Self::json(status, &Envelope { status: "ok", results })
    }

    /// `{"status":"ok"}` alone.
    pub(crate) fn done() -> Self {
        Self::json(200, &json!({"status": "ok"}))
    }

    /// The error envelope `{"status":"error","error":..}` (facts/mixpanel.md 1.4).
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"status": "error", "error": message}))
    }

    /// A page for people.
    pub(crate) fn html(status: u16, page: String) -> Self {
        Self {
            status,
            content_type: "text/html; charset=utf-8",
            headers: Vec::new(),
            body: page.into_bytes(),
            effect: None,
        }
    }

    /// A redirect that keeps nothing but the address.
    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        Self::html(status, String::new()).header("location", to.to_owned())
    }

    /// The same answer with one more header.
    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same answer, marked as having changed the world.
    pub(crate) fn did(mut self, kind: &'static str, op: &'static str, id: impl Into<Subject>) -> Self {
        self.effect = Some(Box::new(Effect { kind, op, id: id.into().0, from: None }));
        self
    }

    /// The same answer, with the source of a copy in its effect.
    pub(crate) fn copied_from(mut self, source: impl Into<Subject>) -> Self {
        if let Some(effect) = self.effect.as_mut() {
            effect.from = Some(source.into().0);
        }
        self
    }
}

/// 404 in the App API's envelope.
pub(crate) fn missing(what: &str) -> Reply {
    Reply::error(404, &format!("{what} not found"))
}

/// 403 in the App API's envelope.
pub(crate) fn forbidden(why: &str) -> Reply {
    Reply::error(403, why)
}

/// 405 in the App API's envelope.
pub(crate) fn wrong_method() -> Reply {
    Reply::error(405, "method not allowed")
}

/// A number that may arrive as a JSON number or as digits in a string.
pub(crate) fn loose_id(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// The numbers of a JSON list; other entries are left out.
pub(crate) fn ids_of(value: Option<&Value>) -> Vec<u64> {
    value
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(|one| loose_id(Some(one))).collect())
        .unwrap_or_default()
}

/// The text of a JSON field.
pub(crate) fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key).and_then(Value::as_str)
}
