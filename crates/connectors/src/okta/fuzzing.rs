//! One door to each reader of the provider's answers, for the fuzz targets alone (feature `fuzzing`).

use reqwest::header::{HeaderMap, HeaderValue, LINK};
use serde_json::Value;

use super::read;
use crate::http::{Target, next_page};

/// The application of every target.
const APPLICATION: &str = "0oa1";

/// An account, a rule, an assignment, an event of the log, alone or in a list; or a `Link`.
pub fn okta(bytes: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        let alone = std::slice::from_ref(&value);
        for thing in value.as_array().map_or(alone, Vec::as_slice) {
            if let Ok(account) = read::account(thing) {
                assert!(!account.id.is_empty() && !account.status.is_empty(), "an account without an id");
                assert!(account.live || account.status == "DEPROVISIONED", "only one state has ended");
            }
            if let Ok(rule) = read::rule(thing) {
                assert!(!rule.id.is_empty(), "a rule without an id");
            }
            assert!(!read::assignment(thing).status.is_empty(), "an assignment in no state");
            drop(read::entry(APPLICATION, thing));
        }
    }
    if let Ok(line) = HeaderValue::from_bytes(bytes)
        && let Some(next) = next_page(&HeaderMap::from_iter([(LINK, line)]))
        && let Ok(base) = "https://acme.okta.com".parse()
        && let Ok(target) = Target::new(&base, &["acme.okta.com"], false)
        && let Some(url) = target.within(&next)
    {
        assert_eq!(url.host_str(), Some("acme.okta.com"), "a page of somebody else");
    }
}
