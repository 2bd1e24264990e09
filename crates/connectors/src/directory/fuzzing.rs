//! One door to each reader of a directory's answers, for the fuzz targets alone (feature `fuzzing`).

use serde_json::Value;

use super::{groups, read};
use crate::json::text;
use crate::scim::{self, Announced};

/// An account, a group, a list, an error document or a configuration document; or the text of an address in a filter.
pub fn scim_directory(bytes: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        let _ = Announced::of(&value);
        if scim::is_absence(&value) {
            assert!(value.as_object().is_some_and(|error| error.keys().any(|key| key.eq_ignore_ascii_case("schemas"))));
        }
        let alone =
            value.as_object().map(|fields| (fields.get("id").and_then(text).unwrap_or_default(), fields.clone()));
        let listed = scim::page(value).map(|(_, listed)| listed).unwrap_or_default();
        for (id, fields) in alone.into_iter().chain(listed) {
            if let Ok(account) = read::account(&id, &fields) {
                assert_eq!(account.live, scim::active(&fields) != Some(false), "live unless it says otherwise");
                assert!(account.addresses.iter().all(|address| address.as_str().contains('@')), "no address");
            }
            for member in scim::members(&fields).unwrap_or_default() {
                assert!(!member.id.is_empty(), "a member without an id");
            }
            drop(groups::said(&fields));
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let filter = scim::equals("userName", text);
        let value = filter.strip_prefix("userName eq ").unwrap_or_default();
        // Whatever stands in the text, it stays one text.
        assert_eq!(serde_json::from_str::<String>(value).ok().as_deref(), Some(text), "another question");
    }
}
