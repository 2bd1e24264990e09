//! From page to page of a list, as long as the provider names a next one.

use std::collections::BTreeSet;

use leaver_core::reading::Failure;
use serde_json::Value;
use url::Url;

use crate::http::Target;

/// More pages than this mean that the provider's links go in a circle.
const MOST_PAGES: usize = 10_000;

/// One page of a list, and where the next one is.
pub(crate) type Page = (Vec<Value>, Option<String>);

/// A list that is read page by page.
pub(crate) struct Walk<'t> {
    target: &'t Target,
    /// Every element so far.
    pub(crate) all: Vec<Value>,
    seen: BTreeSet<String>,
    page: usize,
}

impl<'t> Walk<'t> {
    /// A list below this address.
    pub(crate) fn new(target: &'t Target) -> Self {
        Self { target, all: Vec::new(), seen: BTreeSet::new(), page: 0 }
    }

    /// Takes a page, and tells where the next one is; `None` after the last one.
    ///
    /// # Errors
    /// A page did not come, links go in a circle, or one leads away from the address: what there is is not the whole list.
    pub(crate) fn take(&mut self, came: Result<Page, Failure>) -> Result<Option<Url>, Failure> {
        self.page += 1;
        let page = self.page;
        let (came, next) = match came {
            Ok(page) => page,
            // How long to wait is worth more than how far we came.
            Err(failure @ Failure::Limited { .. }) => return Err(failure),
            Err(failure) if page > 1 => {
                return Err(Failure::Incomplete(format!("page {page} did not come: {failure}")));
            }
            Err(failure) => return Err(failure),
        };
        self.all.extend(came);
        let Some(next) = next else { return Ok(None) };
        if !self.seen.insert(next.clone()) {
            return Err(Failure::Incomplete(format!("page {page} points back to an earlier one")));
        }
        if page >= MOST_PAGES {
            return Err(Failure::Incomplete(format!("more than {MOST_PAGES} pages")));
        }
        self.target.within(&next).map(Some).ok_or_else(|| {
            Failure::Incomplete(format!("page {page} points to another address than the organization's"))
        })
    }
}
