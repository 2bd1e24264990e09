//! Requests of one read: one answer, or all pages of a list to the last `@odata.nextLink`.

use leaver_core::reading::Failure;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::Entra;
use crate::fill::{Fill, query};
use crate::http::{Answer, Body, Call, Lane, Lost, Trail, classify};
use crate::operation::{Change, Read};
use crate::walk::{Page, Walk};

/// The codes by which Graph itself says that something is not there. A 404 without one may be anybody's.
const NOT_FOUND: [&str; 2] = ["Request_ResourceNotFound", "ResourceNotFound"];

impl Entra {
    /// One thing by its id; `None` where Graph itself says that there is none.
    pub(super) async fn find(&self, read: &Read, fill: Fill<'_>, trail: &mut Trail) -> Result<Option<Value>, Failure> {
        let answer = self.ask(read, self.address(read.path, fill, &[])?, trail).await?;
        if answer.status == 404 {
            return match code(&answer) {
                Some(code) if NOT_FOUND.contains(&code.as_str()) => Ok(None),
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

    /// One document that is not a thing of its own.
    pub(super) async fn document(&self, read: &Read, fill: Fill<'_>, trail: &mut Trail) -> Result<Value, Failure> {
        let answer = self.ask(read, self.address(read.path, fill, &[])?, trail).await?;
        classify::read(Ok(answer)).await
    }

    /// Every element of a list, page after page, as long as Graph names a next one.
    pub(super) async fn list(
        &self,
        read: &Read,
        fill: Fill<'_>,
        extra: &[(&str, &str)],
        trail: &mut Trail,
    ) -> Result<Vec<Value>, Failure> {
        let mut walk = Walk::new(&self.target);
        let mut next = Some(self.address(read.path, fill, extra)?);
        while let Some(url) = next {
            next = walk.take(self.page(read, url, trail).await)?;
        }
        Ok(walk.all)
    }

    /// The first page of a list.
    pub(super) async fn first_page(
        &self,
        read: &Read,
        extra: &[(&str, &str)],
        trail: &mut Trail,
    ) -> Result<Vec<Value>, Failure> {
        let url = self.address(read.path, Fill::default(), extra)?;
        self.page(read, url, trail).await.map(|(came, _)| came)
    }

    async fn page(&self, read: &Read, url: Url, trail: &mut Trail) -> Result<Page, Failure> {
        let answer = self.ask(read, url, trail).await?;
        let mut page = classify::read(Ok(answer)).await?;
        let next = match page.get("@odata.nextLink") {
            None | Some(Value::Null) => None,
            Some(Value::String(next)) => Some(next.clone()),
            Some(_) => return Err(Failure::Malformed("the address of the next page is no text".to_owned())),
        };
        match page.get_mut("value").map(Value::take) {
            Some(Value::Array(came)) => Ok((came, next)),
            _ => Err(Failure::Malformed("there is no list where one was due".to_owned())),
        }
    }

    /// Sends a change; a `POST` with this body. `Failed` and `Unknown` as for every vendor.
    pub(super) async fn change(
        &self,
        change: &Change,
        fill: Fill<'_>,
        body: &Value,
        trail: &mut Trail,
    ) -> Result<Answer, Lost> {
        let url = self.address(change.path, fill, &[]).map_err(Lost::Before)?;
        let method = Method::from_bytes(change.verb.word().as_bytes())
            .map_err(|_| Lost::Before(Failure::NotConfigured("no such method".to_owned())))?;
        let auth = self.tokens.get(&self.client, trail).await?;
        // A change has times of its own: a token that was fetched first is not the change.
        trail.sent_at = None;
        let body = (method == Method::POST)
            .then(|| Body { content_type: "application/json", bytes: body.to_string().into_bytes() });
        let lane = Lane { bucket: change.bucket, project: None };
        let call =
            Call { method, url, auth: Some(&auth), lane, bears_secret: change.bears_secret, body, if_match: None };
        let sent = self.client.send(call, trail).await;
        if sent.as_ref().is_ok_and(|answer| answer.status == 401) {
            self.tokens.forget(&auth).await;
        }
        sent
    }

    fn address(&self, path: &str, fill: Fill<'_>, extra: &[(&str, &str)]) -> Result<Url, Failure> {
        let mut path = fill.path(path)?;
        for (key, value) in extra {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(key);
            path.push('=');
            path.push_str(&query(value));
        }
        self.target.join(&path).map_err(|_| Failure::NotConfigured("the path does not fit into an address".to_owned()))
    }

    async fn ask(&self, read: &Read, url: Url, trail: &mut Trail) -> Result<Answer, Failure> {
        let auth = self.tokens.get(&self.client, trail).await.map_err(Lost::into_failure)?;
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
            self.tokens.forget(&auth).await;
        }
        Ok(answer)
    }
}

/// The code of Graph's error document.
fn code(answer: &Answer) -> Option<String> {
    // Error documents are short: a copy costs nothing.
    let body = answer.body.clone().whole().ok()?;
    let error: Value = serde_json::from_slice(&body).ok()?;
    error.pointer("/error/code")?.as_str().map(str::to_owned)
}
