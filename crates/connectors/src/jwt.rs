//! JSON Web Tokens by which we prove to whoever gives tokens that we are who we say (RFC 7519, RFC 7523), signed with RS256 (RFC 7518, 3.3).
//!
//! Time and whatever else is new each time are the caller's: they stand in the claims.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

/// The text is no private key of RSA in PKCS#8, 2048 bits or more, as PEM. It says nothing of what the text was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no RSA key in PKCS#8: a text that starts with '-----BEGIN PRIVATE KEY-----'")]
pub struct NotAKey;

/// The key did not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the private key does not sign")]
pub struct Unsigned;

/// A private key that signs claims. It cannot be printed.
pub struct Signer {
    key: KeyPair,
    key_id: Option<String>,
}

impl Signer {
    /// A signer with this key.
    ///
    /// # Errors
    /// See [`NotAKey`].
    pub fn new(pem: &SecretString) -> Result<Self, NotAKey> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.expose_secret().as_bytes()).map_err(|_| NotAKey)?;
        let key = KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| NotAKey)?;
        Ok(Self { key, key_id: None })
    }

    /// Names the key in the header (`kid`), for those who hold several of our public keys.
    #[must_use]
    pub fn with_key_id(self, key_id: String) -> Self {
        Self { key_id: Some(key_id), ..self }
    }

    /// The claims, signed, in the compact form of three parts.
    ///
    /// # Errors
    /// See [`Unsigned`].
    pub fn sign(&self, claims: &Map<String, Value>) -> Result<String, Unsigned> {
        let mut header = Map::new();
        header.insert("alg".to_owned(), Value::from("RS256"));
        header.insert("typ".to_owned(), Value::from("JWT"));
        if let Some(key_id) = &self.key_id {
            header.insert("kid".to_owned(), Value::from(key_id.as_str()));
        }
        let part = |map: &Map<String, Value>| {
            serde_json::to_vec(map).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| Unsigned)
        };
        let signed = format!("{}.{}", part(&header)?, part(claims)?);
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Unsigned)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}
