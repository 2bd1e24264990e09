//! Requests of one read: one answer, or all pages of a list to the last `nextPageToken`; and whose word an error is.

use std::time::Duration;

use leaver_core::reading::Failure;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::Google;
use super::operations::List;
use super::token::Purpose;
use crate::fill::{Fill, query};
use crate::http::{Answer, Call, Lane, Lost, Target, Trail, classify};
use crate::operation::{Change, Read};
use crate::walk::{Page, Walk};

/// The reason by which Google itself says that something is not there. A 404 without it may be anybody's.
const NOT_FOUND: &str = "notFound";

/// The reasons of a 403 that is about the rate, and not about rights.
const LIMITED: [&str; 3] = ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"];

/// Google counts by the minute, and names no time in such a 403.
const PAUSE: Duration = Duration::from_mins(1);

impl Google {
    /// One thing by its id or its address; `None` where Google itself says that there is none.
    pub(super) async fn find(&self, read: &Read, fill: Fill<'_>, trail: &mut Trail) -> Result<Option<Value>, Failure> {
        let answer = self.ask(read, self.address(read, fill, &[])?, trail).await?;
        if answer.status == 404 && reasons(&answer).iter().any(|reason| reason == NOT_FOUND) {
            return Ok(None);
        }
        let found = classify::read(Ok(answer)).await?;
        // Whatever it is, it is not the thing that was asked for.
        if found.get("id").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Failure::Malformed("the answer has no id".to_owned()));
        }
        Ok(Some(found))
    }

    /// One answer, of whatever shape.
    pub(super) async fn one(
        &self,
        read: &Read,
        fill: Fill<'_>,
        extra: &[(&str, &str)],
        trail: &mut Trail,
    ) -> Result<Value, Failure> {
        classify::read(Ok(self.ask(read, self.address(read, fill, extra)?, trail).await?)).await
    }

    /// Every element of a list, page after page, as long as Google names a next one.
    pub(super) async fn list(
        &self,
        list: &List,
        fill: Fill<'_>,
        extra: &[(&str, &str)],
        trail: &mut Trail,
    ) -> Result<Vec<Value>, Failure> {
        self.list_until(list, fill, extra, trail, |_| false).await
    }

    /// The elements of a list, page after page, until those that came are enough or Google names no next one.
    pub(super) async fn list_until(
        &self,
        list: &List,
        fill: Fill<'_>,
        extra: &[(&str, &str)],
        trail: &mut Trail,
        enough: impl Fn(&[Value]) -> bool + Send,
    ) -> Result<Vec<Value>, Failure> {
        let first = self.address(&list.read, fill, extra)?;
        let mut walk = Walk::new(self.target_of(&list.read));
        let mut next = Some(first.clone());
        while let Some(url) = next {
            next = walk.take(self.page(list, &first, url, trail).await)?;
            if enough(&walk.all) {
                break;
            }
        }
        Ok(walk.all)
    }

    /// One page. Google names the next one by a token, which goes with the same question again.
    async fn page(&self, list: &List, first: &Url, url: Url, trail: &mut Trail) -> Result<Page, Failure> {
        let answer = self.ask(&list.read, url, trail).await?;
        let mut page = classify::read(Ok(answer)).await?;
        let next = match page.get("nextPageToken") {
            None | Some(Value::Null) => None,
            Some(Value::String(token)) if token.is_empty() => None,
            Some(Value::String(token)) => {
                let joint = if first.query().is_some() { '&' } else { '?' };
                Some(format!("{first}{joint}pageToken={}", query(token)))
            }
            Some(_) => return Err(Failure::Malformed("the token of the next page is no text".to_owned())),
        };
        let kind = page.get("kind").and_then(Value::as_str).and_then(|kind| kind.rsplit('#').next());
        let may_be_empty = kind == Some(list.kind);
        match page.get_mut(list.field).map(Value::take) {
            Some(Value::Array(came)) => Ok((came, next)),
            None if may_be_empty => Ok((Vec::new(), next)),
            _ => Err(Failure::Malformed("there is no list where one was due".to_owned())),
        }
    }

    /// Sends a change: a `POST` without a body. `Failed` and `Unknown` as for every vendor.
    pub(super) async fn change(&self, change: &Change, fill: Fill<'_>, trail: &mut Trail) -> Result<Answer, Lost> {
        let path = fill.path(change.path).map_err(Lost::Before)?;
        let url = self.target.join(&path).map_err(|_| Lost::Before(unfit()))?;
        let auth = self.tokens.get(Purpose::SignOut, &self.client, trail).await?;
        // A change has times of its own: a token that was fetched first is not the change.
        trail.sent_at = None;
        let lane = Lane { bucket: change.bucket, project: None };
        let call = Call {
            method: Method::POST,
            url,
            auth: Some(&auth),
            lane,
            bears_secret: change.bears_secret,
            body: None,
            if_match: None,
        };
        let sent = self.client.send(call, trail).await;
        if let Ok(answer) = &sent {
            if answer.status == 401 {
                self.tokens.forget(Purpose::SignOut, &auth).await;
            }
            self.limit(answer, lane).map_err(Lost::Before)?;
        }
        sent
    }

    fn target_of(&self, read: &Read) -> &Target {
        // What the Admin SDK has lies below a folder of its own; everything else is Cloud Identity's.
        if read.path.starts_with("/admin/") { &self.target } else { &self.identity }
    }

    fn address(&self, read: &Read, fill: Fill<'_>, extra: &[(&str, &str)]) -> Result<Url, Failure> {
        let mut path = fill.path(read.path)?;
        for (key, value) in extra {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(key);
            path.push('=');
            path.push_str(&query(value));
        }
        self.target_of(read).join(&path).map_err(|_| unfit())
    }

    async fn ask(&self, read: &Read, url: Url, trail: &mut Trail) -> Result<Answer, Failure> {
        let auth = self.tokens.get(Purpose::Read, &self.client, trail).await.map_err(Lost::into_failure)?;
        let lane = Lane { bucket: read.bucket, project: None };
        let call = Call {
            method: Method::GET,
            url,
            auth: Some(&auth),
            lane,
            bears_secret: read.bears_secret,
            body: None,
            if_match: None,
        };
        let answer = self.client.look(call, trail).await.map_err(Lost::into_failure)?;
        // A token that was taken back is refused: the next request brings a new one.
        if answer.status == 401 {
            self.tokens.forget(Purpose::Read, &auth).await;
        }
        self.limit(&answer, lane)?;
        Ok(answer)
    }

    /// A 403 that is about the rate holds the lane, as a 429 does. That it is one stands in Google's error document alone, which is why it is
    /// told here and not where HTTP is read for all vendors.
    fn limit(&self, answer: &Answer, lane: Lane) -> Result<(), Failure> {
        if answer.status != 403 || !reasons(answer).iter().any(|reason| LIMITED.contains(&reason.as_str())) {
            return Ok(());
        }
        let pause = answer.wait.unwrap_or(PAUSE);
        self.client.pace().hold(lane, pause);
        Err(Failure::Limited { after_seconds: pause.as_secs().max(1) })
    }
}

fn unfit() -> Failure {
    Failure::NotConfigured("the path does not fit into an address".to_owned())
}

/// The reasons in Google's error document; none where there is no such document.
fn reasons(answer: &Answer) -> Vec<String> {
    // Error documents are short: a copy costs nothing.
    let error = answer.body.clone().whole().ok().and_then(|body| serde_json::from_slice::<Value>(&body).ok());
    let errors = error.as_ref().and_then(|error| error.pointer("/error/errors")?.as_array());
    let reasons = errors.into_iter().flatten().filter_map(|one| one.get("reason")?.as_str());
    reasons.map(str::to_owned).collect()
}
