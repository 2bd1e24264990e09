//! Signing in through the identity provider as two accounts that exist for nothing else (`facts/identity-providers.md` A6, rung 3): one
//! that is given the application and one that is not. What becomes of them shows whom the provider lets into Mixpanel.
//!
//! A sign-in is what a browser without scripts does: get the start address, follow redirects, fill the login form in, and look at what
//! comes. It ends in one of three ways: the provider signs for the account, refuses it, or asks for the password again. Everything else
//! is a failure, which shows nothing.
//!
//! What it deliberately is not:
//!
//! * No sign-in to Mixpanel. The provider's answer is looked at and dropped: Mixpanel makes an account of whoever brings one.
//! * No check of the signature: that the answer, or the assertion in it, bears one is looked at, and whether it would hold is Mixpanel's
//!   business. Who made it is known by its way: it came from the provider's own host over TLS.
//! * No browser. A login page that a script draws (Okta's widget, Entra's), a user name that is asked for on a page of its own, a second
//!   factor, a consent: each is a failure that says so.
//! * No verdict on the leaver: nobody has their password, and nobody is impersonated.
//!
//! # What is sent
//!
//! Up to 15 requests per account, each account with cookies of its own: `GET` for the start address and the redirects; one `POST` with user
//! name and password; a `POST` for each form that a script would have sent on, such as one that holds a `SAMLRequest`. A wrong password is
//! a failed attempt, which the provider counts.
//!
//! # Guarantees
//!
//! * The answer for the application cannot be delivered: a form that holds `SAMLResponse` becomes what it says, and its address and its
//!   value are gone. Nothing goes to a host of Mixpanel, except the first `GET` where the sign-in begins there.
//! * The password goes once, to the very host whose page asked for it. From then on nobody is asked who was not asked before.
//! * An account that is refused before it has shown its password was not refused: `403` on the first page is a failure.
//! * Nothing of a page is stored but its hash under the key of the installation, and of an address no query: pages hold assertions,
//!   addresses hold tokens.
//! * HTTPS alone; in a rehearsal this machine alone.

mod cookies;
mod flow;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod page;
mod probed;
mod response;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use leaver_core::ids::CredentialName;
use leaver_core::planner::Focus;
use leaver_core::provider::{CanarySignIns, SignIn};
use leaver_core::reading::{Failure, Reading, Snapshot};
use leaver_core::source::{Source, What};
use leaver_evidence::captures::CaptureSink;
use reqwest::Method;
use secrecy::SecretString;
use url::Url;

use self::cookies::Cookies;
use self::flow::{Flow, Next, Step};
pub use self::probed::Probed;
use crate::clock::Clock;
use crate::http::{Answer, Auth, Call, Client, EgressError, Hops, Lane, Lost, Setup, Trail, is_of};
use crate::operation::Bucket;
use crate::ports::Reader;

/// The domain of the application, to which nothing is delivered.
const APPLICATION: &str = "mixpanel.com";

/// A sign-in that takes more requests than this goes in a circle.
const MOST_REQUESTS: usize = 15;

/// Where a sign-in begins, and who tries.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where a sign-in to Mixpanel begins: the application's address at the provider, or Mixpanel's own that redirects to it.
    pub start_url: Url,
    /// The host that alone gets the passwords; `None`: the one at which the sign-in begins.
    pub login_host: Option<String>,
    /// The account that is given the application.
    pub insider: Login,
    /// The account that is not given it.
    pub outsider: Login,
    /// The name of the credential, for captures.
    pub credential: CredentialName,
    /// Whether the provider is on this machine: a rehearsal.
    pub rehearsal: bool,
    /// The longest time for one request, from the connection to the last byte.
    pub timeout: Duration,
}

/// An account that signs in by user name and password.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// Why nobody can try.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The start address may not be called.
    #[error("refuse the address at which a sign-in begins")]
    Egress(#[source] EgressError),
    /// A sign-in that begins at the application goes wherever that sends it, and the password with it.
    #[error(
        "name the provider's host as login_host: the sign-in begins at the application, which may send it anywhere"
    )]
    LoginHost,
    /// The HTTP client cannot be built.
    #[error("build the http client")]
    Client(#[source] reqwest::Error),
}

/// The two accounts of one organization.
pub struct Canaries {
    start_url: Url,
    login_host: String,
    insider: Login,
    outsider: Login,
    credential: CredentialName,
    rehearsal: bool,
    client: Client,
}

impl Canaries {
    /// The two, ready to sign in. Nothing is sent.
    ///
    /// # Errors
    /// The egress guard refuses the address, or TLS cannot be set up.
    pub fn new(config: Config, clock: Arc<dyn Clock>, sink: Arc<dyn CaptureSink>) -> Result<Self, ConfigError> {
        Hops::new(&config.start_url, APPLICATION, config.rehearsal).map_err(ConfigError::Egress)?;
        let begins_at = config.start_url.host_str().unwrap_or_default().to_owned();
        let login_host = match config.login_host {
            Some(host) => host,
            None if is_of(&config.start_url, APPLICATION) => return Err(ConfigError::LoginHost),
            None => begins_at,
        };
        let setup = Setup {
            rehearsal: config.rehearsal,
            loopback: config.rehearsal,
            // One after the other: the second must not wait for what the first one did.
            concurrency: 1,
            timeout: config.timeout,
        };
        Ok(Self {
            start_url: config.start_url,
            login_host,
            insider: config.insider,
            outsider: config.outsider,
            credential: config.credential,
            rehearsal: config.rehearsal,
            client: Client::new(setup, clock, sink).map_err(ConfigError::Client)?,
        })
    }

    async fn both(&self, trail: &mut Trail) -> Result<CanarySignIns, Failure> {
        let insider = self.sign_in(&self.insider, trail).await.map_err(|failure| of("insider", failure))?;
        let outsider = self.sign_in(&self.outsider, trail).await.map_err(|failure| of("outsider", failure))?;
        Ok(CanarySignIns { insider, outsider })
    }

    async fn sign_in(&self, login: &Login, trail: &mut Trail) -> Result<SignIn, Failure> {
        let mut cookies = Cookies::default();
        let (mut flow, mut step) = Flow::from(&self.start_url, &self.login_host, login, self.rehearsal)?;
        for _ in 0..MOST_REQUESTS {
            let address = step.url.clone();
            let answer = self.ask(step, &cookies, trail).await?;
            cookies.take(&address, &answer.onward.cookies, self.client.now());
            step = match flow.take(answer)? {
                Next::Ask(step) => step,
                Next::Ended(sign_in) => return Ok(sign_in),
            };
        }
        Err(Failure::Malformed(format!("the sign-in had not ended after {MOST_REQUESTS} requests")))
    }

    async fn ask(&self, step: Step, cookies: &Cookies, trail: &mut Trail) -> Result<Answer, Failure> {
        let session = Auth::session(self.credential.as_str(), &cookies.line(&step.url, self.client.now()));
        let session = session.ok_or_else(|| Failure::Malformed("a cookie that no header can carry".to_owned()))?;
        let call = Call {
            method: if step.form.is_some() { Method::POST } else { Method::GET },
            url: step.url,
            auth: Some(&session),
            lane: Lane { bucket: Bucket::Provider, project: None },
            bears_secret: true,
            body: step.form,
            if_match: None,
        };
        self.client.look(call, trail).await.map_err(Lost::into_failure)
    }
}

/// Says whose sign-in it was, where the failure has words of its own.
fn of(who: &str, failure: Failure) -> Failure {
    if let Failure::Malformed(why) = failure { Failure::Malformed(format!("{who}: {why}")) } else { failure }
}

impl fmt::Debug for Canaries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canaries").field("host", &self.start_url.host_str()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Reader for Canaries {
    async fn read(&self, source: &Source) -> Reading {
        let reading = self.look(source, None).await;
        match self.client.settle().await {
            Ok(()) => reading,
            Err(failure) => Reading { result: Err(failure), to_the_end: false, ..reading },
        }
    }

    async fn look(&self, source: &Source, _: Option<&Focus>) -> Reading {
        let mut trail = Trail::default();
        let result = if source.what == What::CanarySignIns {
            self.both(&mut trail).await.map(Snapshot::SignIns)
        } else {
            Err(Failure::NotConfigured(format!("{} is not read by signing in", source.what)))
        };
        trail.reading(source, result, self.client.now())
    }

    async fn settle(&self) -> Result<(), Failure> {
        self.client.settle().await
    }
}
