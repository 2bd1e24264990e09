//! From one answer to the next request of a sign-in, or to its end. Nothing is sent here.

use leaver_core::provider::SignIn;
use leaver_core::reading::Failure;
use secrecy::ExposeSecret as _;
use url::Url;

use super::page::{LoginForm, Page, is_answer, is_for_reading};
use super::{APPLICATION, Login};
use crate::http::{Answer, Body, Hops, classify};

/// A request that may be sent. It is made here alone, from an address that [`Hops`] let pass.
pub(super) struct Step {
    /// Where to.
    pub(super) url: Url,
    /// A form to post; without one it is a `GET`.
    pub(super) form: Option<Body>,
}

/// What comes next.
pub(super) enum Next {
    /// Another request.
    Ask(Step),
    /// The end.
    Ended(SignIn),
}

/// How far a sign-in has come.
enum Stage {
    /// The password was not asked for yet.
    Before,
    /// The password was sent in a field of this name, and this is the answer to it.
    Sent(String),
    /// As that, and the provider has sent us on.
    After(String),
}

/// One sign-in of one account.
pub(super) struct Flow<'l> {
    login: &'l Login,
    /// The host that alone gets the password.
    login_host: &'l str,
    hops: Hops,
    at: Url,
    posted: bool,
    stage: Stage,
    rehearsal: bool,
}

impl<'l> Flow<'l> {
    /// A sign-in from its beginning, and its first request.
    ///
    /// # Errors
    /// The address may not be called.
    pub(super) fn from(
        start: &Url,
        login_host: &'l str,
        login: &'l Login,
        rehearsal: bool,
    ) -> Result<(Self, Step), Failure> {
        let hops = Hops::new(start, APPLICATION, rehearsal)
            .map_err(|error| Failure::NotConfigured(format!("the start address: {error}")))?;
        let flow = Self { login, login_host, hops, at: start.clone(), posted: false, stage: Stage::Before, rehearsal };
        Ok((flow, Step { url: start.clone(), form: None }))
    }

    /// Takes the answer to the last request.
    ///
    /// # Errors
    /// It shows neither an end nor the next request.
    pub(super) fn take(&mut self, answer: Answer) -> Result<Next, Failure> {
        match (answer.status, classify::by_status(&answer)) {
            (300..=399, _) => self.redirected(&answer).map(Next::Ask),
            (401 | 403, Some(failure)) => self.turned_away(answer, failure),
            (_, Some(failure)) => Err(failure),
            (_, None) => self.shown(answer),
        }
    }

    fn redirected(&mut self, answer: &Answer) -> Result<Step, Failure> {
        let status = answer.status;
        let location = answer.onward.location.as_ref().and_then(|to| self.at.join(to.expose_secret()).ok());
        // 307 and 308 would send the same form again, to somebody else.
        let (Some(mut url), false) = (location, self.posted && matches!(status, 307 | 308)) else {
            return Err(Failure::Redirected { status });
        };
        if url.query_pairs().any(|(name, _)| is_answer(&name)) {
            return Err(Failure::Malformed("the provider answers the application by a redirect".to_owned()));
        }
        url.set_fragment(None);
        self.hops.follow(&url).map_err(|error| Failure::Malformed(format!("a redirect: {error}")))?;
        Ok(self.go(url, None))
    }

    /// 401 or 403. Only after the password it can be about the account, and only if the provider does not ask for it again.
    fn turned_away(&self, answer: Answer, failure: Failure) -> Result<Next, Failure> {
        let (status, wait) = (answer.status, answer.wait);
        let field = match &self.stage {
            Stage::Before => return Err(failure),
            // Many login pages say by 401 that the password is wrong.
            Stage::Sent(_) | Stage::After(_) if status == 401 => return Ok(Next::Ended(SignIn::NotAuthenticated)),
            Stage::Sent(field) | Stage::After(field) => field,
        };
        match self.page(answer)? {
            Page::Answer(said) => said.map(Next::Ended),
            Page::Login(form) => again(&form, field),
            // Some say it by 403, or mean a locked account: only once the provider has sent us on, it took the password.
            Page::Other(_) if matches!(self.stage, Stage::Sent(_)) => {
                Err(Failure::Malformed("403 to the password itself: that may be about the password".to_owned()))
            }
            // A page of words for a person. One that is for a moment only is about the pace, and not about the account.
            Page::Other(what) if is_for_reading(what) && wait.is_none() => {
                Ok(Next::Ended(SignIn::Refused(format!("HTTP {status}"))))
            }
            Page::Other(what) => Err(Failure::Malformed(format!("after the password {status} with a page {what}"))),
            Page::Onward(_) => Err(Failure::Malformed(format!("after the password {status} with a form to send on"))),
        }
    }

    fn shown(&mut self, answer: Answer) -> Result<Next, Failure> {
        let page = self.page(answer)?;
        let field = match &self.stage {
            Stage::Before => None,
            Stage::Sent(field) | Stage::After(field) => Some(field.as_str()),
        };
        match (page, field) {
            (Page::Answer(said), Some(_)) => said.map(Next::Ended),
            (Page::Answer(_), None) => Err(Failure::Malformed(
                "the provider answered the application without asking for a password".to_owned(),
            )),
            (Page::Login(form), Some(field)) => again(&form, field),
            (Page::Login(form), None) => self.fill_in(form).map(Next::Ask),
            (Page::Onward(relay), _) => {
                // Whom else the provider asks is told by what it asks them; any other form stays with those whom we know.
                if !relay.asks_another && !self.hops.knows(&relay.action) {
                    return Err(Failure::Malformed("a form that goes to somebody new".to_owned()));
                }
                self.hops.follow(&relay.action).map_err(|error| Failure::Malformed(format!("a form: {error}")))?;
                let body = relay.body();
                Ok(Next::Ask(self.go(relay.action, Some(body))))
            }
            (Page::Other(what), None) => Err(Failure::Malformed(format!(
                "a page {what} where a login form was due; what a script draws is not seen"
            ))),
            (Page::Other(what), Some(_)) => Err(Failure::Malformed(format!(
                "after the password a page {what}, neither an answer to the application nor a refusal"
            ))),
        }
    }

    fn fill_in(&mut self, form: LoginForm) -> Result<Step, Failure> {
        if form.action.origin() != self.at.origin() {
            return Err(Failure::Malformed("a login form that sends the password to another host".to_owned()));
        }
        if !form.action.host_str().is_some_and(|host| host.eq_ignore_ascii_case(self.login_host)) {
            let host = form.action.host_str().unwrap_or_default();
            let why =
                format!("the login form is at {host}; where that is the provider's, name it as canary.login_host");
            return Err(Failure::NotConfigured(why));
        }
        self.hops.follow(&form.action).map_err(|error| Failure::Malformed(format!("a login form: {error}")))?;
        self.hops.close();
        let (action, field) = (form.action.clone(), form.asks_for().to_owned());
        let step = self.go(action, Some(form.filled(self.login)));
        self.stage = Stage::Sent(field);
        Ok(step)
    }

    fn go(&mut self, url: Url, form: Option<Body>) -> Step {
        self.at = url.clone();
        self.posted = form.is_some();
        if let Stage::Sent(field) = &self.stage {
            self.stage = Stage::After(field.clone());
        }
        Step { url, form }
    }

    fn page(&self, answer: Answer) -> Result<Page, Failure> {
        Page::of(&self.at, &answer.body.whole()?, self.rehearsal)
    }
}

/// A login form after the password was sent: the same one again, or one that asks for something else.
fn again(form: &LoginForm, field: &str) -> Result<Next, Failure> {
    if form.asks_for() == field {
        return Ok(Next::Ended(SignIn::NotAuthenticated));
    }
    Err(Failure::Malformed(
        "after the password the provider asks for something else, such as a second factor".to_owned(),
    ))
}
