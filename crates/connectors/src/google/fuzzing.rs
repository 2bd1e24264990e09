//! One door to each reader of Google's answers, for the fuzz targets alone (feature `fuzzing`).

use leaver_core::provider::LogEvent;
use serde_json::Value;

use super::{log, read};

/// The account and the application of every target.
const ACCOUNT: &str = "100000000000000000001";
const APPLICATION: &str = "Mixpanel";

/// An account, a group, an activity of an audit log, alone or in a list.
pub fn google(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
    let alone = std::slice::from_ref(&value);
    let things = value.as_array().map_or(alone, Vec::as_slice);
    for thing in things {
        if let Ok(account) = read::account(thing) {
            assert!(!account.id.is_empty(), "an account without an id");
            assert_eq!(account.live, account.status == "active", "an account that ended is live");
        }
        let _ = read::is_dynamic(thing);
        for entry in log::sign_ins(APPLICATION, ACCOUNT, thing).into_iter().flatten() {
            assert!(matches!(entry.event, LogEvent::SignedIn | LogEvent::Refused), "no sign-in");
            assert_eq!(thing.pointer("/actor/profileId"), Some(&Value::from(ACCOUNT)), "somebody else's");
        }
        if let Some(owner) = log::Owner::of(thing) {
            for activity in things {
                drop(log::signed_out(&owner, activity));
            }
        }
    }
    if let Ok(others) = log::others(APPLICATION, ACCOUNT, things) {
        assert!(!others.contains(ACCOUNT), "the account is no other");
    }
}
