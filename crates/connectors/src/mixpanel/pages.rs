//! Requests of one read: one answer, or all pages of a list.

use std::collections::BTreeSet;

use leaver_core::reading::Failure;
use reqwest::Method;
use serde_json::Value;

use super::Mixpanel;
use crate::fill::{Fill, query};
use crate::http::classify::{self, apart};
use crate::http::{Answer, Auth, Call, Document, Lane, Lost, Shape, Span, Trail};
use crate::operation::{Bucket, Family, Read};

/// More pages than this mean that the vendor's cursor goes in a circle.
const MOST_PAGES: usize = 10_000;

/// How a list comes, and what of it is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Layout {
    /// It may be a map from id to object.
    pub(crate) map: bool,
    /// Fields of its elements that may be very long and that nobody asks for.
    pub(crate) unread: &'static [&'static str],
}

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

    /// All elements of a list, page after page to the vendor's own end mark (`facts/mixpanel.md` 1.5), each turned into
    /// what is kept of it as it comes. Every element must be readable: a list with holes would look shorter than it is.
    pub(super) async fn list<T: Send + 'static>(
        &self,
        read: &Read,
        fill: Fill<'_>,
        layout: Layout,
        trail: &mut Trail,
        keep: impl Fn(Value) -> Option<T> + Copy + Send + 'static,
    ) -> Result<Vec<T>, Failure> {
        let mut all = Vec::new();
        let mut readable = true;
        let mut seen = BTreeSet::new();
        let mut cursor: Option<String> = None;
        for page in 1..=MOST_PAGES {
            let extra: Vec<_> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
            let document = match self.document(read, fill, &extra, trail).await {
                Ok(document) => document,
                // How long to wait is worth more than how far we came.
                Err(failure @ Failure::Limited { .. }) => return Err(failure),
                Err(failure) if page > 1 => {
                    return Err(Failure::Incomplete(format!("page {page} did not come: {failure}")));
                }
                Err(failure) => return Err(failure),
            };
            let came = apart(document.whole().len(), move || Page::of(document, layout, keep)).await??;
            readable &= came.readable;
            if all.is_empty() {
                all = came.items;
            } else {
                all.extend(came.items);
            }
            match came.next {
                None if readable => return Ok(all),
                None => return Err(nameless()),
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
        self.answer_as(self.reader(read)?, read, fill, extra, trail).await
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
        classify::read(self.ask(auth, read, fill, extra, trail).await?).await
    }

    /// One `GET` as the configured credential, whose answer may be large.
    pub(super) async fn document(
        &self,
        read: &Read,
        fill: Fill<'_>,
        extra: &[(&str, &str)],
        trail: &mut Trail,
    ) -> Result<Document, Failure> {
        classify::document(self.ask(self.reader(read)?, read, fill, extra, trail).await?).await
    }

    /// The credential that reads this.
    fn reader(&self, read: &Read) -> Result<&Auth, Failure> {
        match read.family {
            Family::App | Family::Organization | Family::Query | Family::Data => Ok(&self.auth),
            Family::Scim | Family::Provider => Err(not_here()),
        }
    }

    /// Sends one `GET`. Whoever asked for the reading makes its answers durable ([`crate::Reader::settle`]).
    async fn ask(
        &self,
        auth: &Auth,
        read: &Read,
        fill: Fill<'_>,
        extra: &[(&str, &str)],
        trail: &mut Trail,
    ) -> Result<Result<Answer, Lost>, Failure> {
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
            auth: Some(auth),
            lane: lane(read.bucket, fill),
            bears_secret: read.bears_secret,
            body: None,
            if_match: None,
        };
        Ok(self.client.look(call, trail).await)
    }

    /// Where a path of this family is served (`facts/mixpanel.md` 1.1).
    pub(super) fn url(&self, family: Family, path: &str) -> Result<url::Url, Failure> {
        let joined = match family {
            Family::App => self.target.join(&format!("/api/app{path}")),
            Family::Organization => self.target.join(path),
            Family::Query => self.target.join(&format!("/api/query{path}")),
            Family::Data => self.data.join(&format!("/api/2.0{path}")),
            Family::Scim | Family::Provider => return Err(not_here()),
        };
        joined.map_err(|_| Failure::NotConfigured("the path does not fit into an address".to_owned()))
    }

    pub(super) fn scim_access(&self) -> Result<&super::ScimAccess, Failure> {
        self.scim.as_ref().ok_or_else(|| Failure::NotConfigured("no scim token is configured".to_owned()))
    }
}

/// SCIM has a client of its own, and no operation of this connector belongs to an identity provider.
pub(super) fn not_here() -> Failure {
    Failure::NotConfigured("the vendor does not serve this at its own interfaces".to_owned())
}

/// What a request shares its limit with; the Query API and the schemas are counted by project (1.3).
pub(super) fn lane(bucket: Bucket, fill: Fill<'_>) -> Lane {
    Lane {
        bucket,
        project: match bucket {
            Bucket::Query | Bucket::Schemas => fill.project.map(|project| project.0),
            Bucket::App | Bucket::Scim | Bucket::Data | Bucket::Provider | Bucket::ProviderReports => None,
        },
    }
}

/// The data of an answer, enveloped or not (1.4).
pub(crate) fn results(mut answer: Value) -> Value {
    answer.get_mut("results").map(Value::take).unwrap_or(answer)
}

/// One page of a list.
pub(super) struct Page<T> {
    /// What is kept of its elements.
    pub(super) items: Vec<T>,
    /// Whether something could be kept of every element.
    pub(super) readable: bool,
    /// The cursor of the next page: beside the results or inside them. An empty one is none.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// Reads a page, which is forgotten as it is read.
    ///
    /// # Errors
    /// There is no list in it.
    pub(super) fn of(
        mut document: Document,
        layout: Layout,
        keep: impl Fn(Value) -> Option<T>,
    ) -> Result<Self, Failure> {
        let results = document.results()?;
        let mut next = None;
        for around in [document.whole(), results] {
            if let (None, Some((_, beside))) = (&next, document.pick(around, |key| key == "pagination")?.pop()) {
                next = cursor_in(&document.value(beside)?);
            }
        }
        let mut page = Self { items: Vec::new(), readable: true, next };
        page.elements(&mut document, results, layout, &keep)?;
        page.items.shrink_to_fit();
        Ok(page)
    }

    /// The elements of a list: an array, an array in an inner envelope (`bookmarks` v2), or a map from id to object.
    fn elements(
        &mut self,
        document: &mut Document,
        list: Span,
        layout: Layout,
        keep: &impl Fn(Value) -> Option<T>,
    ) -> Result<(), Failure> {
        let no_list = || Failure::Malformed("there is no list where one was due".to_owned());
        match document.shape(list) {
            Shape::List => {
                let mut elements = document.elements(list);
                while let Some(element) = elements.next(document) {
                    self.take(keep(document.value_without(element, layout.unread)?));
                    document.forget(elements.done());
                }
                Ok(())
            }
            Shape::Object => {
                let names = ["results", "items", "data"];
                let inside = document.pick(list, |key| names.contains(&key))?;
                let inner = names.iter().find_map(|name| {
                    let (key, span) = inside.iter().find(|(key, _)| key == name)?;
                    let shape = document.shape(*span);
                    (shape == Shape::List || (key == "results" && shape == Shape::Object)).then_some(*span)
                });
                match inner {
                    Some(inner) => self.elements(document, inner, layout, keep),
                    None if layout.map => self.entries(document, list, keep),
                    None => Err(no_list()),
                }
            }
            Shape::Text | Shape::Other => Err(no_list()),
        }
    }

    /// The key is the id where the object does not say its own.
    fn entries(
        &mut self,
        document: &mut Document,
        map: Span,
        keep: &impl Fn(Value) -> Option<T>,
    ) -> Result<(), Failure> {
        let named = |key: String, mut value: Value| {
            let fields = value
                .as_object_mut()
                .ok_or_else(|| Failure::Malformed("an element of the map is no object".to_owned()))?;
            fields.entry("id").or_insert(Value::String(key));
            Ok::<_, Failure>(value)
        };
        if document.repeats(map)? {
            let Value::Object(entries) = document.value(map)? else {
                return Ok(());
            };
            for (key, value) in entries {
                self.take(keep(named(key, value)?));
            }
            return Ok(());
        }
        let mut entries = document.entries(map);
        while let Some((key, value)) = entries.next(document)? {
            self.take(keep(named(key, document.value(value)?)?));
            document.forget(entries.done());
        }
        Ok(())
    }

    fn take(&mut self, item: Option<T>) {
        match item {
            Some(item) => self.items.push(item),
            None => self.readable = false,
        }
    }
}

/// An element of which nothing can be kept.
pub(super) fn nameless() -> Failure {
    Failure::Malformed("an element of the list has no id".to_owned())
}

/// The cursor in a `pagination`. An empty one is none.
pub(crate) fn cursor_in(pagination: &Value) -> Option<String> {
    super::person::text(pagination.get("next_cursor")?)
}
