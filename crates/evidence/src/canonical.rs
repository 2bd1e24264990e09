//! One way to write JSON, and the hash of a log leaf.
//!
//! The form follows RFC 8785 in what matters here: object members sorted by their UTF-16 code units, no white space,
//! the shortest escapes. It differs in one point on purpose: a number keeps the digits it came with, so that no
//! number ever changes because it was stored.

use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

/// Why a text has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// The text is not JSON, or the value cannot be written as JSON.
    #[error("write canonical json")]
    Json(#[from] serde_json::Error),
    /// An object has two members of the same name; readers would disagree about which one counts.
    #[error("write canonical json: the member '{0}' occurs twice")]
    Twice(String),
    /// Objects and lists are nested deeper than [`DEEPEST`].
    #[error("write canonical json: nested deeper than {DEEPEST} levels")]
    TooDeep,
}

/// How deep objects and lists may be nested; deeper ones would use up the stack of whoever reads them.
pub const DEEPEST: usize = 128;

/// The canonical form of a value.
///
/// # Errors
/// The value cannot be written as JSON, such as a map whose keys are not text.
pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<String, CanonicalError> {
    text(&serde_json::to_string(value)?)
}

/// The canonical form of a JSON text; numbers keep their digits.
///
/// # Errors
/// The text is not JSON, is nested deeper than [`DEEPEST`], or names a member twice.
pub fn text(json: &str) -> Result<String, CanonicalError> {
    let raw: &RawValue = serde_json::from_str(json)?;
    let mut out = String::with_capacity(json.len());
    append(raw, 0, &mut out)?;
    Ok(out)
}

fn append(raw: &RawValue, depth: usize, out: &mut String) -> Result<(), CanonicalError> {
    if depth > DEEPEST {
        return Err(CanonicalError::TooDeep);
    }
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'{') => {
            let mut members = serde_json::from_str::<Members<'_>>(json)?.0;
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            let mut last: Option<&str> = None;
            for (name, value) in &members {
                if last == Some(name.as_str()) {
                    return Err(CanonicalError::Twice(name.clone()));
                }
                if last.is_some() {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(name)?);
                out.push(':');
                append(value, depth + 1, out)?;
                last = Some(name);
            }
            out.push('}');
        }
        Some(b'[') => {
            out.push('[');
            for (index, value) in serde_json::from_str::<Vec<&RawValue>>(json)?.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                append(value, depth + 1, out)?;
            }
            out.push(']');
        }
        Some(b'"') => {
            let plain: String = serde_json::from_str(json)?;
            out.push_str(&serde_json::to_string(&plain)?);
        }
        _ => out.push_str(json),
    }
    Ok(())
}

/// The members of one object in the order in which they came, doubles included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Visitor).map(Members)
    }
}

/// The hash of a leaf in the log: SHA-256 over `0x00` and the bytes (RFC 6962, 2.1).
pub fn leaf_hash(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(bytes);
    hash.finalize().into()
}

/// The SHA-256 of the bytes in lower-case hex.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The bytes in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .collect()
}
