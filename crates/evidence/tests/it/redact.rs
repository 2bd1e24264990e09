//! Secrets are taken out, and what is left says so.

use leaver_evidence::captures::Capture;
use leaver_evidence::redact::{REDACTED, RedactionKey, redact, scrub};
use proptest::prelude::{prop, proptest};
use serde_json::{Value, json};

use crate::captures::meta;

fn key() -> RedactionKey {
    RedactionKey::new([0x0b; 32])
}

#[test]
fn secret_fields_are_replaced_and_named() {
    let body = json!({"status": "ok", "results": [{
        "id": 77, "token": "t", "api_secret": "s", "apiKey": "k", "password": "p", "params": {"host": "h"}, "auth~/x": 1,
        "has_password": true, "secret": null, "name": "tokenless", "inner": {"client-secret": ["a", "b"], "number": 1.5},
    }]});
    let (kept, redacted) = redact(&key(), body.to_string().as_bytes());
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(
        kept,
        json!({"status": "ok", "results": [{
            "id": 77, "token": REDACTED, "api_secret": REDACTED, "apiKey": REDACTED, "password": REDACTED, "params": REDACTED,
            "auth~/x": 1, "has_password": true, "secret": null, "name": "tokenless",
            "inner": {"client-secret": REDACTED, "number": 1.5},
        }]})
    );
    let mut fields = redacted.fields;
    fields.sort();
    assert_eq!(
        fields,
        [
            "/results/0/apiKey",
            "/results/0/api_secret",
            "/results/0/inner/client-secret",
            "/results/0/params",
            "/results/0/password",
            "/results/0/token"
        ]
    );
    // Every pointer leads to its field (RFC 6901).
    assert!(fields.iter().all(|pointer| kept.pointer(pointer) == Some(&json!(REDACTED))));
}

#[test]
fn the_hash_is_keyed() {
    // RFC 4231, test case 1, with a key of 20 bytes there; 32 bytes here, computed with openssl.
    let hash = key().hash(b"Hi There");
    assert_eq!(hash, "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
    assert_ne!(RedactionKey::new([1; 32]).hash(b"Hi There"), hash);
}

#[test]
fn what_cannot_be_understood_is_kept_back_as_a_whole() {
    for body in ["<html>secret</html>", "{\"token\": \"half", "\"just a text\"", "", "17"] {
        let (kept, redacted) = redact(&key(), body.as_bytes());
        assert_eq!(kept, REDACTED.as_bytes());
        assert_eq!(redacted.fields, [""]);
        assert_eq!(redacted.hmac_sha256, key().hash(body.as_bytes()));
    }
}

#[test]
fn a_redacted_capture_says_so() {
    let capture = Capture::redacted(meta("https://x.example/"), b"{\"token\":\"t\"}", &key());
    assert_eq!(capture.body(), b"{\"token\":\"[redacted]\"}");
    assert_eq!(capture.meta().redacted.as_ref().unwrap().fields, ["/token"]);
    let lying = Capture::plain(capture.meta().clone(), b"x".to_vec());
    assert_eq!(lying.meta().redacted, None, "and a plain one cannot");
}

proptest! {
    #[test]
    fn no_value_of_a_secret_field_is_left(
        path in prop::collection::vec("[a-z]{1,5}", 0..5),
        name in prop::sample::select(vec!["token", "Secret", "api_key", "x-Password", "accessToken", "params", "private_key"]),
        list in proptest::prelude::any::<bool>(),
    ) {
        let canary = "c4n4ry";
        let mut value = json!({name: if list { json!([canary]) } else { json!(canary) }});
        for step in path {
            value = if list { json!([{step: value}]) } else { json!({step: value}) };
        }
        let (kept, redacted) = redact(&key(), value.to_string().as_bytes());
        assert!(!String::from_utf8(kept).unwrap().contains(canary));
        assert_eq!(redacted.fields.len(), 1);
        assert_eq!(scrub(&mut value), redacted.fields);
    }
}
