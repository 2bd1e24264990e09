//! Tokens for Google by a signed assertion (RFC 7523, 2.1): our service account acts for an administrator (domain-wide delegation).

use std::sync::Arc;

use jiff::SignedDuration;
use leaver_core::reading::Failure;
use reqwest::Method;
use serde_json::{Map, Value};

use super::operations as op;
use crate::fill::query;
use crate::http::{Auth, Body, Call, Client, Lane, Lost, Target, Trail};
use crate::jwt::Signer;
use crate::token::{self, Held};

/// An assertion is good for so long: the longest that Google takes.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(1);

/// What a token is for. Google refuses a token with all its scopes if one of them is not delegated: whoever only reads does not need the one
/// that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reading.
    Read,
    /// Signing somebody out.
    SignOut,
}

impl Purpose {
    fn scope(self) -> &'static str {
        match self {
            Self::Read => concat!(
                "https://www.googleapis.com/auth/admin.directory.user.readonly ",
                "https://www.googleapis.com/auth/admin.directory.group.readonly ",
                "https://www.googleapis.com/auth/admin.reports.audit.readonly ",
                "https://www.googleapis.com/auth/cloud-identity.groups.readonly"
            ),
            Self::SignOut => "https://www.googleapis.com/auth/admin.directory.user.security",
        }
    }
}

/// Where tokens come from, and those that are held.
pub(super) struct Tokens {
    pub(super) login: Target,
    /// The address of the login as it is written in the configuration: for it alone an assertion is good.
    pub(super) audience: String,
    pub(super) service_account: String,
    pub(super) subject: String,
    pub(super) signer: Signer,
    pub(super) credential: String,
    pub(super) reading: Held,
    pub(super) signing_out: Held,
}

impl Tokens {
    fn held(&self, purpose: Purpose) -> &Held {
        match purpose {
            Purpose::Read => &self.reading,
            Purpose::SignOut => &self.signing_out,
        }
    }

    /// The token that is held, or a new one. Whoever asks meanwhile waits for the same.
    ///
    /// # Errors
    /// [`Failure::Unauthorized`]: Google refuses our service account, or what it asks for. Anything else that a request can end with.
    pub(super) async fn get(&self, purpose: Purpose, client: &Client, trail: &mut Trail) -> Result<Arc<Auth>, Lost> {
        self.held(purpose).get(client.now(), self.ask(purpose, client, trail)).await
    }

    /// Forgets a token that was refused, if it is still the one that is held.
    pub(super) async fn forget(&self, purpose: Purpose, refused: &Arc<Auth>) {
        self.held(purpose).forget(refused).await;
    }

    async fn ask(
        &self,
        purpose: Purpose,
        client: &Client,
        trail: &mut Trail,
    ) -> Result<(Auth, SignedDuration), Failure> {
        let now = client.now().as_second();
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), Value::from(self.service_account.as_str()));
        claims.insert("sub".to_owned(), Value::from(self.subject.as_str()));
        claims.insert("aud".to_owned(), Value::from(self.audience.as_str()));
        claims.insert("scope".to_owned(), Value::from(purpose.scope()));
        claims.insert("iat".to_owned(), Value::from(now));
        claims.insert("exp".to_owned(), Value::from(now + GOOD_FOR.as_secs()));
        let assertion = self.signer.sign(&claims).map_err(|unsigned| Failure::NotConfigured(unsigned.to_string()))?;
        let grant = query("urn:ietf:params:oauth:grant-type:jwt-bearer");
        let form = format!("grant_type={grant}&assertion={}", query(&assertion));
        let unfit = |_| Failure::NotConfigured("the address of the login is none".to_owned());
        let call = Call {
            method: Method::POST,
            url: self.login.join("").map_err(unfit)?,
            auth: None,
            lane: Lane { bucket: op::TOKEN.bucket, project: None },
            bears_secret: op::TOKEN.bears_secret,
            body: Some(Body { content_type: "application/x-www-form-urlencoded", bytes: form.into_bytes() }),
            if_match: None,
        };
        let answer = client.look(call, trail).await.map_err(Lost::into_failure)?;
        token::given(answer, &self.credential).await
    }
}
