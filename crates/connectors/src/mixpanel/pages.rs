//! Requests of one read: one answer, or all pages of a list.

use std::collections::BTreeSet;

use leaver_core::reading::Failure;
use reqwest::Method;
use serde_json::{Map, Value};

use super::Mixpanel;
use super::address::{Fill, query};
use crate::http::classify;
use crate::http::{Auth, Call, Lane, Trail};
use crate::operation::{Bucket, Family, Read};

/// More pages than this mean that the vendor's cursor goes in a circle.
const MOST_PAGES: usize = 10_000;

/// What is read may be an item that is gone.
#[derive(Debug)]
pub(crate) enum Found {
    /// The answer.
    Value(Value),
    /// 404 in the vendor's own words.
    Absent,
}

impl Mixpanel {
    /// One `GET` as the configured credential, without any envelope.
    pub(super) async fn get(&self, read: &Read, fill: Fill<'_>, trail: &mut Trail) -> Result<Value, Failure> {
        Ok(results(self.answer(read, fill, &[], trail).await?))
    }

    /// One `GET` of an item: 404 is an answer.
    pub(super) async fn find(&self, read: &Read, fill: Fill<'_>, trail: &mut Trail) -> Result<Found, Failure> {
        match self.get(read, fill, trail).await {
            Ok(value) => Ok(Found::Value(value)),
            Err(Failure::NotFound) => Ok(Found::Absent),
            Err(failure) => Err(failure),
        }
    }

    /// All elements of a list, page after page to the vendor's own end mark (`facts/mixpanel.md` 1.5).
    pub(super) async fn list(
        &self,
        read: &Read,
        fill: Fill<'_>,
        map: bool,
        trail: &mut Trail,
    ) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        let mut seen = BTreeSet::new();
        let mut cursor: Option<String> = None;
        for page in 1..=MOST_PAGES {
            let extra: Vec<_> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
            let answer = match self.answer(read, fill, &extra, trail).await {
                Ok(answer) => answer,
                // How long to wait is worth more than how far we came.
                Err(failure @ Failure::Limited { .. }) => return Err(failure),
                Err(failure) if page > 1 => {
                    return Err(Failure::Incomplete(format!("page {page} did not come: {failure}")));
                }
                Err(failure) => return Err(failure),
            };
            let next = next_cursor(&answer);
            all.extend(elements(results(answer), map)?);
            match next {
                None => return Ok(all),
                Some(next) if !seen.insert(next.clone()) => {
                    return Err(Failure::Incomplete(format!("page {page} points back to an earlier one")));
                }
                Some(next) => cursor = Some(next),
            }
        }
        Err(Failure::Incomplete(format!("more than {MOST_PAGES} pages")))
    }

    /// One `GET` as the configured credential, as it came.
    pub(super) async fn answer(
        &self,
        read: &Read,
        fill: Fill<'_>,
        extra: &[(&str, &str)],
        trail: &mut Trail,
    ) -> Result<Value, Failure> {
        let auth = match read.family {
            Family::Scim => &self.scim_access()?.auth,
            Family::App | Family::Organization | Family::Query => &self.auth,
        };
        self.answer_as(auth, read, fill, extra, trail).await
    }

    /// One `GET` as somebody.
    pub(super) async fn answer_as(
        &self,
        auth: &Auth,
        read: &Read,
        fill: Fill<'_>,
        extra: &[(&str, &str)],
        trail: &mut Trail,
    ) -> Result<Value, Failure> {
        let fill = Fill { organization: Some(self.organization), ..fill };
        let mut path = fill.path(read.path)?;
        for (key, value) in extra {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(key);
            path.push('=');
            path.push_str(&query(value));
        }
        let call = Call {
            method: Method::GET,
            url: self.url(read.family, &path)?,
            auth,
            lane: lane(read.bucket, fill),
            bears_secret: read.bears_secret,
            body: None,
        };
        classify::read(self.client.send(call, trail).await).await
    }

    /// Where a path of this family is served (`facts/mixpanel.md` 1.1).
    pub(super) fn url(&self, family: Family, path: &str) -> Result<url::Url, Failure> {
        let joined = match family {
            Family::App => self.target.join(&format!("/api/app{path}")),
            Family::Organization => self.target.join(path),
            Family::Query => self.target.join(&format!("/api/query{path}")),
            Family::Scim => self.scim_access()?.target.join(path),
        };
        joined.map_err(|_| Failure::NotConfigured("the path does not fit into an address".to_owned()))
    }

    pub(super) fn scim_access(&self) -> Result<&super::ScimAccess, Failure> {
        self.scim.as_ref().ok_or_else(|| Failure::NotConfigured("no scim token is configured".to_owned()))
    }
}

/// What a request shares its limit with; the Query API and the schemas are counted by project (1.3).
pub(super) fn lane(bucket: Bucket, fill: Fill<'_>) -> Lane {
    Lane {
        bucket,
        project: match bucket {
            Bucket::Query | Bucket::Schemas => fill.project.map(|project| project.0),
            Bucket::App | Bucket::Scim => None,
        },
    }
}

/// The data of an answer, enveloped or not (1.4).
pub(crate) fn results(mut answer: Value) -> Value {
    answer.get_mut("results").map(Value::take).unwrap_or(answer)
}

/// The elements of a list: an array, an array in an inner envelope (`bookmarks` v2), or a map from id to object.
fn elements(results: Value, map: bool) -> Result<Vec<Value>, Failure> {
    match results {
        Value::Array(elements) => Ok(elements),
        Value::Object(mut fields) => {
            let inner = ["results", "items", "data"].iter().find(|key| {
                let value = fields.get(**key);
                value.is_some_and(|value| value.is_array() || (**key == "results" && value.is_object()))
            });
            match inner {
                Some(key) => elements(fields.remove(*key).unwrap_or_default(), map),
                None if map => from_map(fields),
                None => Err(Failure::Malformed("there is no list where one was due".to_owned())),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(Failure::Malformed("there is no list where one was due".to_owned()))
        }
    }
}

/// The key is the id where the object does not say its own.
fn from_map(map: Map<String, Value>) -> Result<Vec<Value>, Failure> {
    map.into_iter()
        .map(|(key, mut value)| {
            let fields = value
                .as_object_mut()
                .ok_or_else(|| Failure::Malformed("an element of the map is no object".to_owned()))?;
            fields.entry("id").or_insert(Value::String(key));
            Ok(value)
        })
        .collect()
}

/// The cursor of the next page, beside the results or inside them. An empty one is none.
pub(crate) fn next_cursor(answer: &Value) -> Option<String> {
    [answer.get("pagination"), answer.get("results").and_then(|results| results.get("pagination"))]
        .into_iter()
        .flatten()
        .find_map(|pagination| super::person::text(pagination.get("next_cursor")?))
}
