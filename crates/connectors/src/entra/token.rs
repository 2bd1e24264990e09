//! Tokens for Microsoft Graph by client credentials (RFC 6749, 4.4), one at a time, kept in memory until shortly before they end.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use leaver_core::ids::CredentialName;
use leaver_core::reading::Failure;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;

use super::operations as op;
use crate::fill::{Fill, query};
use crate::http::{Auth, Body, Call, Client, Lane, Lost, Target, Trail, classify};

/// A token that ends sooner than this is not used any more.
const SPARE: SignedDuration = SignedDuration::from_mins(5);

/// A token is not kept longer than this, whatever is said of it.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// Where tokens come from, and the one that is held.
pub(super) struct Tokens {
    login: Target,
    tenant: String,
    client_id: String,
    client_secret: SecretString,
    credential: CredentialName,
    scope: String,
    held: Mutex<Option<(Arc<Auth>, Timestamp)>>,
}

impl Tokens {
    pub(super) fn new(
        login: Target,
        tenant: String,
        client_id: String,
        client_secret: SecretString,
        credential: CredentialName,
        scope: String,
    ) -> Self {
        Self { login, tenant, client_id, client_secret, credential, scope, held: Mutex::default() }
    }

    /// The token that is held, or a new one. Whoever asks meanwhile waits for the same.
    ///
    /// # Errors
    /// [`Failure::Unauthorized`]: the login refuses our client. Anything else that a request can end with.
    pub(super) async fn get(&self, client: &Client, trail: &mut Trail) -> Result<Arc<Auth>, Lost> {
        let mut held = self.held.lock().await;
        let now = client.now();
        if let Some((auth, until)) = held.as_ref().filter(|(_, until)| *until > now) {
            let _ = until;
            return Ok(Arc::clone(auth));
        }
        let (auth, lives) = self.ask(client, trail).await.map_err(Lost::Before)?;
        let auth = Arc::new(auth);
        let until = now.checked_add(lives - SPARE).unwrap_or(now);
        *held = Some((Arc::clone(&auth), until));
        Ok(auth)
    }

    /// Forgets a token that was refused, if it is still the one that is held.
    pub(super) async fn forget(&self, refused: &Arc<Auth>) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|(auth, _)| Arc::ptr_eq(auth, refused)) {
            *held = None;
        }
    }

    async fn ask(&self, client: &Client, trail: &mut Trail) -> Result<(Auth, SignedDuration), Failure> {
        let path = Fill { entity: Some(&self.tenant), ..Fill::default() }.path(op::TOKEN.path)?;
        let unfit = |_| Failure::NotConfigured("the tenant does not fit into an address".to_owned());
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose_secret()),
            ("scope", &self.scope),
        ];
        let form: Vec<String> = form.iter().map(|(key, value)| format!("{key}={}", query(value))).collect();
        let call = Call {
            method: Method::POST,
            url: self.login.join(&path).map_err(unfit)?,
            auth: None,
            lane: Lane { bucket: op::TOKEN.bucket, project: None },
            bears_secret: op::TOKEN.bears_secret,
            body: Some(Body { content_type: "application/x-www-form-urlencoded", bytes: form.join("&").into_bytes() }),
        };
        let answer = client.look(call, trail).await.map_err(Lost::into_failure)?;
        // The login refuses a client that it does not know with 400 or 401 (RFC 6749, 5.2), and a tenant that it does not know with 400.
        if matches!(answer.status, 400 | 401) {
            return Err(Failure::Unauthorized);
        }
        let given = classify::read(Ok(answer)).await?;
        let token = given.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| Failure::Malformed("the login gave no token".to_owned()))?;
        let lives = given.get("expires_in").and_then(Value::as_i64).unwrap_or(0).max(0);
        let lives = SignedDuration::from_secs(lives).min(LONGEST);
        let auth = Auth::bearer(self.credential.as_str(), &SecretString::from(token));
        let auth =
            auth.ok_or_else(|| Failure::Malformed("the login gave a token that no header can carry".to_owned()))?;
        Ok((auth, lives))
    }
}
