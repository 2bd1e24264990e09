//! One door to each reader of Graph's answers, for the fuzz targets alone (feature `fuzzing`).

use serde_json::Value;

use super::membership::left_out;
use super::{log, read};

/// An account, a group, an event of a report, alone or in a list; or the text of a membership rule.
pub fn entra(bytes: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        let alone = std::slice::from_ref(&value);
        for thing in value.as_array().map_or(alone, Vec::as_slice) {
            if let Ok(account) = read::account(thing) {
                assert!(!account.id.is_empty() && !account.status.is_empty(), "an account without an id");
            }
            let _ = read::kind(thing);
            if let Ok(Some(rule)) = read::rule(thing) {
                assert!(rule.groups.contains(&rule.id), "a rule of another group");
            }
            drop(log::signed_in(thing));
            drop(log::provisioned(thing));
        }
    }
    if let Ok(rule) = std::str::from_utf8(bytes) {
        let lower = rule.to_lowercase();
        for id in left_out(rule) {
            assert!(lower.contains(&id) || rule.contains('`'), "an id that the rule does not name");
        }
    }
}
