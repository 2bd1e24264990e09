//! Requests of one read: one answer, or all pages of a list to the last `Link` (`facts/identity-providers.md` A.1).

use leaver_core::reading::Failure;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::Okta;
use crate::fill::{Fill, query};
use crate::http::{Answer, Call, Lane, Lost, Trail, classify};
use crate::operation::{Bucket, Read};
use crate::walk::{Page, Walk};

/// The code by which Okta itself says that something is not there. A 404 without it may be anybody's.
const NOT_FOUND: &str = "E0000007";

/// What shares Okta's limits here: they are counted by token and address, and held for all of them together.
pub(super) const LANE: Lane = Lane { bucket: Bucket::Provider, project: None };

impl Okta {
    /// One thing by its id; `None` where Okta itself says that there is none.
    pub(super) async fn find(&self, read: &Read, fill: Fill<'_>, trail: &mut Trail) -> Result<Option<Value>, Failure> {
        let answer = self.ask(self.address(read, fill, &[])?, trail).await?;
        if answer.status == 404 {
            return match code(&answer).as_deref() {
                Some(NOT_FOUND) => Ok(None),
                _ => Err(Failure::NotFound),
            };
        }
        let found = classify::read(Ok(answer)).await?;
        // Whatever it is, it is not the thing that was asked for.
        if found.get("id").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Failure::Malformed("the answer has no id".to_owned()));
        }
        Ok(Some(found))
    }

    /// Every element of a list, page after page, as long as the provider names a next one.
    pub(super) async fn list(
        &self,
        read: &Read,
        fill: Fill<'_>,
        extra: &[(&str, &str)],
        trail: &mut Trail,
    ) -> Result<Vec<Value>, Failure> {
        let mut walk = Walk::new(&self.target);
        let mut next = Some(self.address(read, fill, extra)?);
        while let Some(url) = next {
            next = walk.take(self.page(url, trail).await)?;
        }
        Ok(walk.all)
    }

    /// The first page of a list.
    pub(super) async fn first_page(
        &self,
        read: &Read,
        fill: Fill<'_>,
        extra: &[(&str, &str)],
        trail: &mut Trail,
    ) -> Result<Vec<Value>, Failure> {
        self.page(self.address(read, fill, extra)?, trail).await.map(|(came, _)| came)
    }

    async fn page(&self, url: Url, trail: &mut Trail) -> Result<Page, Failure> {
        let mut answer = self.ask(url, trail).await?;
        let next = answer.next.take();
        match classify::read(Ok(answer)).await? {
            Value::Array(came) => Ok((came, next)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(Failure::Malformed("there is no list where one was due".to_owned()))
            }
        }
    }

    fn address(&self, read: &Read, fill: Fill<'_>, extra: &[(&str, &str)]) -> Result<Url, Failure> {
        let mut path = fill.path(read.path)?;
        for (key, value) in extra {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(key);
            path.push('=');
            path.push_str(&query(value));
        }
        self.target.join(&path).map_err(|_| Failure::NotConfigured("the path does not fit into an address".to_owned()))
    }

    async fn ask(&self, url: Url, trail: &mut Trail) -> Result<Answer, Failure> {
        let auth = self.party.auth(None, &self.client, trail).await.map_err(Lost::into_failure)?;
        let call = Call {
            method: Method::GET,
            url,
            auth: Some(&auth),
            lane: LANE,
            bears_secret: false,
            body: None,
            if_match: None,
        };
        let answer = self.client.look(call, trail).await.map_err(Lost::into_failure)?;
        // A token that was taken back is refused: the next request brings a new one.
        if answer.status == 401 {
            self.party.forget(None, &auth).await;
        }
        Ok(answer)
    }
}

/// The code of Okta's error document.
pub(super) fn code(answer: &Answer) -> Option<String> {
    // Error documents are short: a copy costs nothing.
    let body = answer.body.clone().whole().ok()?;
    let error: Value = serde_json::from_slice(&body).ok()?;
    error.get("errorCode")?.as_str().map(str::to_owned)
}
