//! The cookies of one sign-in (RFC 6265, 5), kept in memory for as long as it lasts.
//!
//! Narrower than a browser's: a cookie goes back to the very scheme, host and port that set it, whatever its `Domain` says, so that nobody
//! needs a list of public suffixes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// More cookies than this from one sign-in are not kept.
const MOST: usize = 200;

/// The cookies. They cannot be printed.
#[derive(Default)]
pub(super) struct Cookies(BTreeMap<Key, Cookie>);

/// Whose it is, under which path, and its name.
type Key = (String, String, String);

struct Cookie {
    value: SecretString,
    until: Option<Timestamp>,
}

impl Cookies {
    /// Takes what an answer from this address sets, and drops what it ends.
    pub(super) fn take(&mut self, from: &Url, set: &[SecretString], now: Timestamp) {
        for line in set {
            let Some((key, cookie)) = parse(from, line.expose_secret(), now) else { continue };
            let over = cookie.until.is_some_and(|until| until <= now);
            if over {
                self.0.remove(&key);
            } else if self.0.len() < MOST || self.0.contains_key(&key) {
                self.0.insert(key, cookie);
            }
        }
    }

    /// The value of `Cookie` for a request to this address; empty where there is none.
    pub(super) fn line(&self, to: &Url, now: Timestamp) -> SecretString {
        let origin = to.origin().ascii_serialization();
        let mut fit: Vec<_> = self
            .0
            .iter()
            .filter(|((whose, path, _), cookie)| {
                *whose == origin && is_below(to.path(), path) && cookie.until.is_none_or(|until| until > now)
            })
            .collect();
        // Of two with one name the one of the longer path is meant (RFC 6265, 5.4).
        fit.sort_by_key(|((_, path, _), _)| std::cmp::Reverse(path.len()));
        let pairs: Vec<String> =
            fit.iter().map(|((_, _, name), cookie)| format!("{name}={}", cookie.value.expose_secret())).collect();
        SecretString::from(pairs.join("; "))
    }
}

fn parse(from: &Url, line: &str, now: Timestamp) -> Option<(Key, Cookie)> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    let mut path = None;
    let mut expires = None;
    let mut lives = None;
    for attribute in parts {
        let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let (key, value) = (key.trim(), value.trim());
        if key.eq_ignore_ascii_case("path") && value.starts_with('/') {
            path = Some(value.to_owned());
        } else if key.eq_ignore_ascii_case("expires") {
            expires = date(value);
        } else if key.eq_ignore_ascii_case("max-age") {
            lives = value.parse::<i64>().ok();
        }
    }
    // `Max-Age` is stronger (RFC 6265, 5.3).
    let until = match lives {
        Some(seconds) => Some(now.checked_add(SignedDuration::from_secs(seconds.max(0))).unwrap_or(Timestamp::MAX)),
        None => expires,
    };
    let key = (from.origin().ascii_serialization(), path.unwrap_or_else(|| folder(from.path())), name.to_owned());
    Some((key, Cookie { value: SecretString::from(value.trim()), until }))
}

/// With dashes as well: `Thu, 01-Jan-1970 00:00:01 GMT`.
fn date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(&text.replace('-', " ")).ok().map(|date| date.timestamp())
}

/// The default path (RFC 6265, 5.1.4).
fn folder(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((before, _)) if !before.is_empty() => before.to_owned(),
        Some(_) | None => "/".to_owned(),
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}
