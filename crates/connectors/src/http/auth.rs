//! As whom a request is made.

use std::fmt;

use base64::Engine as _;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

/// A header that says as whom, with the name of its credential. It cannot be printed.
#[derive(Clone)]
pub struct Auth {
    name: String,
    field: HeaderName,
    header: SecretString,
}

impl Auth {
    /// Basic authentication, base64 form (`facts/mixpanel.md` 1.2). `None`: no header can carry it.
    pub fn basic(name: impl Into<String>, username: &str, secret: &SecretString) -> Option<Self> {
        // A colon would move the border between name and secret (RFC 7617, 2).
        if username.contains(':') {
            return None;
        }
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{}", secret.expose_secret()));
        Self::of(name.into(), AUTHORIZATION, format!("Basic {pair}"))
    }

    /// A bearer token. `None`: no header can carry it.
    pub fn bearer(name: impl Into<String>, token: &SecretString) -> Option<Self> {
        Self::of(name.into(), AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
    }

    /// A token under a scheme of the vendor's own, such as Okta's `SSWS`. `None`: no header can carry it.
    pub fn scheme(name: impl Into<String>, scheme: &str, token: &SecretString) -> Option<Self> {
        Self::of(name.into(), AUTHORIZATION, format!("{scheme} {}", token.expose_secret()))
    }

    /// The cookies of a session that is being made; none at its beginning. Of an answer within a session nothing is kept but a hash,
    /// and of its address no query; where it sends a browser is told ([`Answer::onward`](super::Answer)). `None`: no header can carry it.
    pub fn session(name: impl Into<String>, cookies: &SecretString) -> Option<Self> {
        Self::of(name.into(), COOKIE, cookies.expose_secret().to_owned())
    }

    fn of(name: String, field: HeaderName, header: String) -> Option<Self> {
        HeaderValue::from_str(&header).ok()?;
        Some(Self { name, field, header: SecretString::from(header) })
    }

    /// The name of the credential.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a session in the making.
    pub(super) fn is_session(&self) -> bool {
        self.field == COOKIE
    }

    /// The name of the header.
    pub(super) fn field(&self) -> &HeaderName {
        &self.field
    }

    /// Its value.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(self.header.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Auth({})", self.name)
    }
}
