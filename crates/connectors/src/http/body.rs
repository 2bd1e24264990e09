//! The body of a request.

use std::fmt;

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};

/// The body of a request. It cannot be printed: it may hold addresses and secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Body {
    /// The request with its body, if it has one.
    pub(super) fn onto(request: RequestBuilder, body: Option<Self>, method: &Method) -> RequestBuilder {
        match body {
            Some(body) => request.header(CONTENT_TYPE, body.content_type).body(body.bytes),
            // Servers may refuse a `POST` that does not say that nothing comes with it (RFC 9110, 8.6).
            None if *method == Method::POST => request.header(CONTENT_LENGTH, 0),
            None => request,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({}, {} bytes)", self.content_type, self.bytes.len())
    }
}
