//! How long a vendor asks to wait: `Retry-After` (RFC 9110, 10.2.3) and the `RateLimit` fields (`facts/mixpanel.md` 1.3).

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// No header makes us wait longer than this; a longer one is taken for this.
const LONGEST: Duration = Duration::from_hours(24);

/// How long to wait before the next request, if the answer asks for it. `now` stands in for a missing `Date`.
pub(crate) fn wait(status: u16, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let asked = retry_after(headers, now).or_else(|| exhausted(headers)).or_else(|| reset(status, headers, now));
    match (status, asked) {
        (429, None) => Some(Duration::from_secs(1)),
        (_, asked) => asked,
    }
    .map(|wait| wait.min(LONGEST))
    .filter(|wait| !wait.is_zero())
}

fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp());
    let until = date(text)?;
    // The vendor's own clock says how far away its date is.
    let from = headers.get(DATE).and_then(|value| value.to_str().ok()).and_then(date).unwrap_or(now);
    let seconds = u64::try_from(until.as_second().saturating_sub(from.as_second())).unwrap_or(0);
    Some(Duration::from_secs(seconds))
}

/// Okta's `X-Rate-Limit` fields: nothing is left before `Reset`, in seconds since 1970 (`facts/identity-providers.md` A.1). A limit of
/// none at all is one on concurrency; it asks for a wait only when it refused.
fn reset(status: u16, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let spent = number("x-rate-limit-remaining")? <= 0 && number("x-rate-limit-limit")? > 0;
    if status != 429 && !spent {
        return None;
    }
    let date = headers.get(DATE).and_then(|value| value.to_str().ok());
    let date = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok()).map(|date| date.timestamp());
    let left = number("x-rate-limit-reset")?.saturating_sub(date.unwrap_or(now).as_second());
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0).max(1)))
}

/// The longest wait of the limits that have nothing left. A limit on concurrency asks for no wait.
fn exhausted(headers: &HeaderMap) -> Option<Duration> {
    let policies = items(headers, "ratelimit-policy");
    items(headers, "ratelimit")
        .into_iter()
        .filter(|limit| limit.number(&["r", "a"]) == Some(0))
        .filter_map(|limit| {
            let policy = policies.iter().find(|policy| policy.name == limit.name);
            let concurrency = limit.name.ends_with("-concurrency")
                || policy.is_some_and(|policy| policy.text("qu") == Some("concurrent-requests"));
            if concurrency {
                return None;
            }
            let seconds = limit.number(&["t"]).or_else(|| policy?.number(&["w"]))?;
            Some(Duration::from_secs(seconds))
        })
        .max()
}

/// One item of a structured field list: a name and its parameters.
struct Item {
    name: String,
    parameters: Vec<(String, String)>,
}

impl Item {
    fn text(&self, key: &str) -> Option<&str> {
        self.parameters.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn number(&self, keys: &[&str]) -> Option<u64> {
        keys.iter().find_map(|key| self.text(key)?.parse().ok())
    }
}

fn items(headers: &HeaderMap, field: &str) -> Vec<Item> {
    headers
        .get_all(field)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|item| {
            let mut parts = item.split(';').map(|part| part.trim().trim_matches('"'));
            Item {
                name: parts.next().unwrap_or_default().to_owned(),
                parameters: parts
                    .filter_map(|part| part.split_once('='))
                    .map(|(key, value)| (key.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
                    .collect(),
            }
        })
        .collect()
}
