//! Tokens by client credentials (RFC 6749, 4.4).

use std::sync::Arc;

use jiff::SignedDuration;
use leaver_core::ids::CredentialName;
use leaver_core::reading::Failure;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::fill::query;
use crate::http::{Auth, Body, Call, Client, Lane, Lost, Trail};
use crate::operation::Change;
use crate::token::{Held, given};

/// What is asked for, where, and as whom.
pub(crate) struct Ask {
    /// The operation.
    pub(crate) change: &'static Change,
    /// Where tokens are given; the failure tells why there is no such address.
    pub(crate) url: Result<Url, Failure>,
    /// The name of the client.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) client_secret: SecretString,
    /// Where the two stand.
    pub(crate) by: By,
    /// What the token is for; `None`: the server decides.
    pub(crate) scope: Option<String>,
    /// The name of the credential, for captures.
    pub(crate) credential: CredentialName,
}

/// How a client says who it is (RFC 6749, 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// In the body.
    Body,
    /// By HTTP Basic.
    Basic,
}

/// Where tokens come from, and the one that is held.
pub(crate) struct Tokens {
    ask: Ask,
    held: Held,
}

impl Tokens {
    pub(crate) fn new(ask: Ask) -> Self {
        Self { ask, held: Held::default() }
    }

    /// The token that is held, or a new one. Whoever asks meanwhile waits for the same.
    ///
    /// # Errors
    /// [`Failure::Unauthorized`]: the login refuses our client. Anything else that a request can end with.
    pub(crate) async fn get(&self, client: &Client, trail: &mut Trail) -> Result<Arc<Auth>, Lost> {
        self.held.get(client.now(), self.fetch(client, trail)).await
    }

    /// Forgets a token that was refused, if it is still the one that is held.
    pub(crate) async fn forget(&self, refused: &Arc<Auth>) {
        self.held.forget(refused).await;
    }

    async fn fetch(&self, client: &Client, trail: &mut Trail) -> Result<(Auth, SignedDuration), Failure> {
        let Ask { change, url, client_id, client_secret, by, scope, credential } = &self.ask;
        let secret = client_secret.expose_secret();
        let mut form = vec![("grant_type", "client_credentials")];
        let basic = match by {
            By::Body => {
                form.extend([("client_id", client_id.as_str()), ("client_secret", secret)]);
                None
            }
            // Each of the two is escaped as in a form, so that a colon moves no border.
            By::Basic => {
                let escaped = SecretString::from(query(secret));
                let unfit =
                    || Failure::NotConfigured("the client's name and secret do not fit into a header".to_owned());
                Some(Auth::basic(credential.as_str(), &query(client_id), &escaped).ok_or_else(unfit)?)
            }
        };
        form.extend(scope.iter().map(|scope| ("scope", scope.as_str())));
        let form: Vec<String> = form.iter().map(|(key, value)| format!("{key}={}", query(value))).collect();
        let call = Call {
            method: Method::POST,
            url: url.clone()?,
            auth: basic.as_ref(),
            lane: Lane { bucket: change.bucket, project: None },
            bears_secret: change.bears_secret,
            body: Some(Body { content_type: "application/x-www-form-urlencoded", bytes: form.join("&").into_bytes() }),
            if_match: None,
        };
        let answer = client.look(call, trail).await.map_err(Lost::into_failure)?;
        // A tenant of Microsoft that is not known is refused in the same way as a client.
        given(answer, credential.as_str()).await
    }
}
