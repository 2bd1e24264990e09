//! Takes secrets out of an answer before it is stored.
//!
//! Which answers bear secrets is said by the operation (service-account creation, organization projects, project
//! metadata, warehouse sources, webhook credentials, token endpoints: `facts/mixpanel.md` 1.2, 2.4, 3, 5.4). In those
//! every field whose name says "secret" is replaced. An answer that cannot be understood is replaced as a whole: then
//! nothing can be kept that might be a secret.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use crate::canonical::hex;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Words that mark a field as secret wherever they occur in its name; names are compared in lower case without `_` and `-`.
const WORDS: [&str; 10] = [
    "token",
    "secret",
    "apikey",
    "password",
    "passphrase",
    "privatekey",
    "accesskey",
    "credential",
    "authorization",
    "connectionstring",
];

/// Fields that are secret as a whole only under exactly this name: the settings of a warehouse source.
const NAMES: [&str; 2] = ["params", "auth"];

/// The key of one installation for hashes of redacted answers. It cannot be printed.
#[derive(Clone)]
pub struct RedactionKey([u8; 32]);

impl RedactionKey {
    /// Wraps 32 bytes from a good source of randomness.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA256 in lower-case hex (RFC 2104).
    pub fn hash(&self, bytes: &[u8]) -> String {
        // A key of 32 bytes is shorter than the block of SHA-256; HMAC takes keys of any length.
        match Hmac::<Sha256>::new_from_slice(&self.0) {
            Ok(mut mac) => {
                mac.update(bytes);
                hex(&mac.finalize().into_bytes())
            }
            Err(_) => String::new(),
        }
    }
}

impl fmt::Debug for RedactionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactionKey([redacted])")
    }
}

/// What was taken out of a capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted {
    /// JSON pointers (RFC 6901) of the replaced fields; the empty pointer is the whole answer.
    pub fields: Vec<String>,
    /// HMAC-SHA256 of the original bytes under the key of the installation, in lower-case hex.
    pub hmac_sha256: String,
}

/// The bytes that may be stored, and what is missing from them.
pub fn redact(key: &RedactionKey, body: &[u8]) -> (Vec<u8>, Redacted) {
    let mut fields = Vec::new();
    let kept = serde_json::from_slice::<Value>(body)
        .ok()
        .filter(|value| value.is_object() || value.is_array())
        .and_then(|mut value| {
            walk(&mut value, &mut String::new(), &mut fields);
            serde_json::to_vec(&value).ok()
        });
    match kept {
        Some(kept) => (kept, Redacted { fields, hmac_sha256: key.hash(body) }),
        None => withhold(key, body),
    }
}

/// Nothing of the bytes but their hash under the key: for answers of which no part may be stored, whatever their shape.
pub fn withhold(key: &RedactionKey, body: &[u8]) -> (Vec<u8>, Redacted) {
    let redacted = Redacted { fields: vec![String::new()], hmac_sha256: key.hash(body) };
    (REDACTED.as_bytes().to_vec(), redacted)
}

/// Replaces the secrets in a value that stays in memory, and returns the pointers of what was replaced.
pub fn scrub(value: &mut Value) -> Vec<String> {
    let mut fields = Vec::new();
    walk(value, &mut String::new(), &mut fields);
    fields
}

fn walk(value: &mut Value, pointer: &mut String, fields: &mut Vec<String>) {
    let length = pointer.len();
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                if is_secret(name) && holds_something(member) {
                    *member = Value::String(REDACTED.to_owned());
                    fields.push(pointer.clone());
                } else {
                    walk(member, pointer, fields);
                }
                pointer.truncate(length);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                walk(element, pointer, fields);
                pointer.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `null` and `true` give nothing away and are worth keeping: `has_password: true`.
fn holds_something(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(_))
}

fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    NAMES.contains(&plain.as_str()) || WORDS.iter().any(|word| plain.contains(word))
}
