//! All pages of a list (RFC 7644, 3.4.2.4).

use std::collections::HashSet;
use std::hash::BuildHasher as _;

use leaver_core::reading::Failure;
use serde_json::{Map, Value};

use super::service::Service;
use crate::fill::Fill;
use crate::http::{Client, Trail, classify};
use crate::json::{first, text};
use crate::operation::Read;

/// One page: how many resources there are in all, and those that came, each with its id.
pub(crate) type Page = (u64, Vec<(String, Map<String, Value>)>);

impl Service {
    /// All resources of a list, page after page. The server's count, the elements and their ids must agree.
    ///
    /// # Errors
    /// What there is, is not the whole list; or what `take` returned.
    pub(crate) async fn list(
        &self,
        client: &Client,
        read: &Read,
        extra: &[(&str, &str)],
        trail: &mut Trail,
        mut take: impl FnMut(&str, Map<String, Value>) -> Result<(), Failure> + Send,
    ) -> Result<(), Failure> {
        let mut total: Option<u64> = None;
        // A clash of two ids makes the reading incomplete, never complete; the next one has another key.
        let mut ids = HashSet::new();
        let hasher = ids.hasher().clone();
        loop {
            let have = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            let (said, resources) = match self.page(client, read, extra, have + 1, trail).await {
                Ok(page) => page,
                Err(failure @ Failure::Limited { .. }) => return Err(failure),
                Err(failure) if have > 0 => {
                    return Err(Failure::Incomplete(format!("the page from {} did not come: {failure}", have + 1)));
                }
                Err(failure) => return Err(failure),
            };
            if total.is_some_and(|total| total != said) {
                return Err(Failure::Incomplete("the number of resources changed while they were read".to_owned()));
            }
            total = Some(said);
            let came = resources.len();
            for (id, fields) in resources {
                take(&id, fields)?;
                if !ids.insert(hasher.hash_one(&id)) {
                    return Err(Failure::Incomplete("one element came twice: the pages moved".to_owned()));
                }
            }
            let have = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            if have == said {
                return Ok(());
            }
            if have > said || came == 0 {
                return Err(Failure::Incomplete(format!("{have} of {said} came")));
            }
        }
    }

    /// One page, from this place on; the first is 1.
    ///
    /// # Errors
    /// It did not come, or it is no list.
    pub(crate) async fn page(
        &self,
        client: &Client,
        read: &Read,
        extra: &[(&str, &str)],
        start: u64,
        trail: &mut Trail,
    ) -> Result<Page, Failure> {
        let start = start.to_string();
        let mut query = extra.to_vec();
        query.push(("startIndex", start.as_str()));
        query.extend(self.count().map(|count| ("count", count)));
        let answer = self.ask(client, read, Fill::default(), &query, trail).await?;
        page(classify::read(Ok(answer)).await?)
    }
}

/// What is on a page.
pub(crate) fn page(mut page: Value) -> Result<Page, Failure> {
    let total = page
        .get("totalResults")
        .and_then(text)
        .and_then(|total| total.parse::<u64>().ok())
        .ok_or_else(|| Failure::Malformed("the list has no totalResults".to_owned()))?;
    // RFC 7644, 3.4.2: with no results the element may be missing.
    let resources = match page.get_mut("Resources").map(Value::take) {
        Some(Value::Array(resources)) => resources,
        Some(_) | None => Vec::new(),
    };
    let nameless = || Failure::Malformed("an element of the list has no id".to_owned());
    let with_id = |resource: Value| {
        let Value::Object(fields) = resource else { return Err(nameless()) };
        let id = first(&fields, &["id"]).ok_or_else(nameless)?;
        Ok((id, fields))
    };
    Ok((total, resources.into_iter().map(with_id).collect::<Result<_, _>>()?))
}
