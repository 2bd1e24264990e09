//! Signed claims, checked with the public key; and what is no key. Every key is made for one run, and opens nothing.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use leaver_connectors::jwt::{NotAKey, Signer};
use secrecy::SecretString;
use serde_json::{Value, json};

/// A key that is made now.
static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

/// The private key as a service account's file has it.
pub(crate) fn pem() -> SecretString {
    let der: Pkcs8V1Der<'_> = KEY.as_der().unwrap();
    SecretString::from(armoured("PRIVATE KEY", der.as_ref()))
}

fn armoured(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Header and claims of a token, if our key signed it.
pub(crate) fn verified(token: &str) -> Option<(Value, Value)> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, KEY.public_key().as_ref())
        .verify(signed.as_bytes(), &decoded(signature)?)
        .ok()?;
    let json = |part: &str| serde_json::from_slice(&decoded(part)?).ok();
    Some((json(header)?, json(claims)?))
}

#[test]
fn claims_are_signed_as_they_were_given() {
    let claims = json!({"iss": "client", "aud": "https://login.example/token", "iat": 1, "exp": 61, "jti": "ünique"});
    let signer = Signer::new(&pem()).unwrap();
    let token = signer.sign(claims.as_object().unwrap()).unwrap();
    assert_eq!(verified(&token), Some((json!({"alg": "RS256", "typ": "JWT"}), claims.clone())));
    let named = signer.with_key_id("key-1".to_owned());
    let token = named.sign(claims.as_object().unwrap()).unwrap();
    assert_eq!(verified(&token), Some((json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"}), claims)));
    // Whoever changes a claim has no signature for it.
    let parts: Vec<&str> = token.split('.').collect();
    let other = URL_SAFE_NO_PAD.encode(json!({"iss": "somebody else"}).to_string());
    assert_eq!(verified(&format!("{}.{other}.{}", parts[0], parts[2])), None);
    assert!(!format!("{named:?}").contains("key_pair"), "{named:?}");
}

#[test]
fn what_is_no_private_key_of_rsa_is_refused_without_a_word_of_it() {
    let public = armoured("PUBLIC KEY", KEY.public_key().as_ref());
    let whole = KEY.as_der().unwrap();
    let whole: &Pkcs8V1Der<'_> = &whole;
    // PKCS#8 of another algorithm (Ed25519, RFC 8410, 10.3).
    let other = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    let cases = [
        String::new(),
        "garbage".to_owned(),
        public,
        armoured("RSA PRIVATE KEY", whole.as_ref()),
        armoured("PRIVATE KEY", &whole.as_ref()[..200]),
        armoured("PRIVATE KEY", b"garbage"),
        other.to_owned(),
    ];
    for text in cases {
        assert_eq!(Signer::new(&SecretString::from(text.clone())).err(), Some(NotAKey), "{text}");
    }
}
