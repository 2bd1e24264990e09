//! RFC 8785 and RFC 6962 vectors.

use leaver_evidence::canonical::{CanonicalError, DEEPEST, digest, hex, leaf_hash, of, text};
use proptest::prelude::{Strategy, any, prop, proptest};
use serde_json::{Value, json};

#[test]
fn leaf_hashes_of_the_reference_implementation() {
    // The inputs and hashes of the test data of Certificate Transparency (RFC 6962, 2.1).
    let vectors: [(&[u8], &str); 4] = [
        (&[], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (&[0x00], "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
        (&[0x10], "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"),
        (&[0x20, 0x21], "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7"),
    ];
    for (input, hash) in vectors {
        assert_eq!(hex(&leaf_hash(input)), hash);
    }
    assert_eq!(digest(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#[test]
fn members_are_sorted_by_utf_16_and_nothing_else_changes() {
    // RFC 8785, 3.2.3.
    let input = r#"{ "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7 }"#;
    assert_eq!(
        text(input).unwrap(),
        "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
    );
    assert_eq!(
        text(" [ 1.50 , -0, 1E3, 123456789012345678901234567890, true , null, \"\\u0041\\/\\n\" ,{ } ]").unwrap(),
        r#"[1.50,-0,1E3,123456789012345678901234567890,true,null,"A/\n",{}]"#
    );
    assert_eq!(of(&json!({"b": [{"d": 1, "c": 2}], "a": "x"})).unwrap(), r#"{"a":"x","b":[{"c":2,"d":1}]}"#);
}

#[test]
fn what_readers_would_disagree_about_has_no_canonical_form() {
    assert!(matches!(text(r#"{"a":1,"b":2,"\u0061":3}"#), Err(CanonicalError::Twice(name)) if name == "a"));
    for broken in ["", "{", "{\"a\":}", "1 2", "nope", "{\"a\":1}x"] {
        assert!(matches!(text(broken), Err(CanonicalError::Json(_))), "{broken}");
    }
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(text(&nested(DEEPEST)).is_ok());
    assert!(matches!(text(&nested(100_000)), Err(CanonicalError::TooDeep)));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = proptest::prop_oneof![
        proptest::prelude::Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        proptest::prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The same value with the members of every object in the opposite order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect())
        }
        Value::Array(list) => list.iter().map(reversed).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

proptest! {
    #[test]
    fn one_value_has_one_form(value in values()) {
        let form = of(&value).unwrap();
        assert_eq!(of(&reversed(&value)).unwrap(), form);
        assert_eq!(text(&form).unwrap(), form);
        assert_eq!(text(&serde_json::to_string_pretty(&value).unwrap()).unwrap(), form);
        assert!(!form.contains('\n'));
        assert_eq!(serde_json::from_str::<Value>(&form).unwrap(), serde_json::from_str::<Value>(&value.to_string()).unwrap());
    }
}
