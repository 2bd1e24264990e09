//! Small readings of JSON that several places share: ids, texts, flags, addresses.

use leaver_core::ids::Address;
use serde_json::{Map, Value};

/// A text or a number as text. Numbers keep their digits; empty texts are nothing.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The first of the fields that holds a text or a number.
pub(crate) fn first(object: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| text(object.get(*key)?))
}

/// The value itself, or the first of these fields where it is an object.
pub(crate) fn named(value: &Value, keys: &[&str]) -> Option<String> {
    value.as_object().map_or_else(|| text(value), |fields| first(fields, keys))
}

/// A boolean in every spelling that was seen: `true`, `"True"`, `"true"`, `1` (`facts/mixpanel.md` 2.3, 4.5).
pub(crate) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Number(number) => match number.as_u64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An address that is the whole text, with the letters that addresses are made of.
///
/// `Address::parse` takes any text around one `@`; the answers of a vendor hold URLs, lists and sentences too.
pub(crate) fn address(text: &str) -> Option<Address> {
    let text = text.trim();
    let strange = |c: char| c.is_whitespace() || "<>()[]{},;:\"\\/|?#&=`".contains(c);
    if text.contains(strange) {
        return None;
    }
    let address = Address::parse(text).ok()?;
    let domain = address.domain();
    let fits = domain.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.') && !domain.contains("..");
    fits.then_some(address)
}
