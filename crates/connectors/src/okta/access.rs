//! As whom Okta is asked: with an API token, or as an application of its own that proves by a signed assertion who it is
//! (`facts/identity-providers.md` A1, Auth; RFC 7523).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use leaver_core::ids::CredentialName;
use leaver_core::reading::Failure;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use super::operations as op;
use super::pages::LANE;
use crate::fill::query;
use crate::http::{Auth, Body, Call, Client, Lost, Target, Trail};
use crate::jwt::Signer;
use crate::operation::Change;
use crate::token::{Held, given};

/// What a reading asks for.
const READS: &str = "okta.users.read okta.groups.read okta.apps.read okta.logs.read";

/// An assertion is good for so many seconds; Okta allows an hour.
const ASSERTION_LIVES: i64 = 300;

/// What says who we are.
#[derive(Debug, Clone)]
pub enum Access {
    /// An API token of an administrator.
    Token(SecretString),
    /// A service application that signs with its own key.
    Client {
        /// Its client id.
        id: String,
        /// Its private key: RSA in PKCS#8, as PEM.
        key: SecretString,
        /// The key's id among the application's public keys, where it has several.
        key_id: Option<String>,
    },
}

/// One of the two, ready for use.
pub(super) enum Party {
    Token(Arc<Auth>),
    Client(Box<Service>),
}

/// A service application, and the tokens that it was given: one for each purpose, so that what reads cannot change anything.
pub(super) struct Service {
    id: String,
    signer: Signer,
    url: Url,
    credential: CredentialName,
    number: AtomicU64,
    reading: Held,
    groups: Held,
    apps: Held,
    users: Held,
}

impl Party {
    /// Ready to ask at this address; `None`: the token or the key cannot be used.
    pub(super) fn new(access: Access, target: &Target, credential: CredentialName) -> Option<Self> {
        match access {
            Access::Token(token) => {
                Auth::scheme(credential.as_str(), "SSWS", &token).map(|auth| Self::Token(Arc::new(auth)))
            }
            Access::Client { id, key, key_id } => {
                let signer = Signer::new(&key).ok()?;
                let signer = match key_id {
                    Some(key_id) => signer.with_key_id(key_id),
                    None => signer,
                };
                let url = target.join(op::TOKEN.path).ok()?;
                Some(Self::Client(Box::new(Service {
                    id,
                    signer,
                    url,
                    credential,
                    number: AtomicU64::new(0),
                    reading: Held::default(),
                    groups: Held::default(),
                    apps: Held::default(),
                    users: Held::default(),
                })))
            }
        }
    }

    /// As whom to read, or to make this change.
    pub(super) async fn auth(
        &self,
        change: Option<&Change>,
        client: &Client,
        trail: &mut Trail,
    ) -> Result<Arc<Auth>, Lost> {
        match self {
            Self::Token(auth) => Ok(Arc::clone(auth)),
            Self::Client(service) => {
                let (held, scope) = service.purpose(change);
                held.get(client.now(), service.fetch(scope, client, trail)).await
            }
        }
    }

    /// Forgets a token that was refused.
    pub(super) async fn forget(&self, change: Option<&Change>, refused: &Arc<Auth>) {
        if let Self::Client(service) = self {
            service.purpose(change).0.forget(refused).await;
        }
    }
}

impl Service {
    fn purpose(&self, change: Option<&Change>) -> (&Held, &'static str) {
        match change {
            None => (&self.reading, READS),
            Some(change) if change.name == op::LEAVE_GROUP.name => (&self.groups, "okta.groups.manage"),
            Some(change) if change.name == op::UNASSIGN.name => (&self.apps, "okta.apps.manage"),
            Some(_) => (&self.users, "okta.users.manage"),
        }
    }

    async fn fetch(
        &self,
        scope: &str,
        client: &Client,
        trail: &mut Trail,
    ) -> Result<(Auth, jiff::SignedDuration), Failure> {
        let assertion = self.assertion(client.now().as_second())?;
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", scope),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.as_str()),
        ];
        let form = form.map(|(key, value)| format!("{key}={}", query(value))).join("&");
        let call = Call {
            method: Method::POST,
            url: self.url.clone(),
            auth: None,
            lane: LANE,
            bears_secret: op::TOKEN.bears_secret,
            body: Some(Body { content_type: "application/x-www-form-urlencoded", bytes: form.into_bytes() }),
            if_match: None,
        };
        let answer = client.look(call, trail).await.map_err(Lost::into_failure)?;
        given(answer, self.credential.as_str()).await
    }

    /// Who we are, for these few minutes, for this address alone and once.
    fn assertion(&self, now: i64) -> Result<String, Failure> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let mut claims = Map::new();
        for (name, value) in [
            ("iss", Value::from(self.id.as_str())),
            ("sub", Value::from(self.id.as_str())),
            ("aud", Value::from(self.url.as_str())),
            ("iat", Value::from(now)),
            ("exp", Value::from(now + ASSERTION_LIVES)),
            ("jti", Value::from(format!("{now}-{}-{number}", std::process::id()))),
        ] {
            claims.insert(name.to_owned(), value);
        }
        self.signer.sign(&claims).map_err(|_| Failure::NotConfigured("the private key does not sign".to_owned()))
    }
}
