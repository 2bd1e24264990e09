//! Signatures of files that `ssh-keygen -Y verify` checks (OpenSSH, `PROTOCOL.sshsig`), and the line of an `allowed_signers` file
//! that trusts a key for one namespace (`ssh-keygen(1)`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha512};

use crate::log::{SigningKey, VerifyingKey};

const MAGIC: &[u8] = b"SSHSIG";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const KEY_TYPE: &[u8] = b"ssh-ed25519";

/// A text with its length before it (RFC 4251, 5).
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

/// The key as SSH writes it (RFC 8709, 4).
fn public(bytes: &[u8; 32]) -> Vec<u8> {
    [string(KEY_TYPE), string(bytes)].concat()
}

/// What is really signed: the namespace and the hash of the file.
fn signed(namespace: &str, message: &[u8]) -> Vec<u8> {
    [MAGIC.to_vec(), string(namespace.as_bytes()), string(b""), string(b"sha512"), string(&Sha512::digest(message))]
        .concat()
}

/// Signs a file for one purpose.
pub fn sign(key: &SigningKey, namespace: &str, message: &[u8]) -> String {
    let signature = key.sign_bytes(&signed(namespace, message));
    let blob = [
        MAGIC.to_vec(),
        1_u32.to_be_bytes().to_vec(),
        string(&public(key.public().bytes())),
        string(namespace.as_bytes()),
        string(b""),
        string(b"sha512"),
        string(&[string(KEY_TYPE), string(&signature)].concat()),
    ]
    .concat();
    let encoded = STANDARD.encode(blob);
    let mut text = format!("{BEGIN}\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(70));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text.push_str(END);
    text.push('\n');
    text
}

/// Somebody who may sign for a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedSigner {
    principal: String,
    namespace: String,
    key: [u8; 32],
}

impl AllowedSigner {
    /// Trusts the key under its own name, for one namespace.
    pub fn new(key: &VerifyingKey, principal: &str, namespace: &str) -> Self {
        Self { principal: principal.to_owned(), namespace: namespace.to_owned(), key: *key.bytes() }
    }

    /// The line for the `allowed_signers` file.
    pub fn line(&self) -> String {
        let key = STANDARD.encode(public(&self.key));
        format!("{} namespaces=\"{}\" ssh-ed25519 {key}\n", self.principal, self.namespace)
    }

    /// Reads the lines that trust an Ed25519 key for this principal and namespace. Other lines, and lines with options that are not
    /// understood here, trust nobody.
    pub fn read(text: &str, principal: &str, namespace: &str) -> Vec<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let found = words.next()?;
                let option = words.next()?.strip_prefix("namespaces=\"")?.strip_suffix('"')?;
                let kind = words.next()?;
                let blob = STANDARD.decode(words.next()?).ok()?;
                let key: [u8; 32] = blob
                    .strip_prefix(&[string(KEY_TYPE), 32_u32.to_be_bytes().to_vec()].concat()[..])?
                    .try_into()
                    .ok()?;
                let fits = found.split(',').any(|one| one == principal)
                    && option.split(',').any(|one| one == namespace)
                    && kind.as_bytes() == KEY_TYPE;
                fits.then(|| Self { principal: principal.to_owned(), namespace: namespace.to_owned(), key })
            })
            .collect()
    }

    /// Whether this is the signer's signature over the message.
    pub fn has_signed(&self, armored: &str, message: &[u8]) -> bool {
        let Some(signature) = self.raw(armored) else { return false };
        let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(&self.key) else { return false };
        let signature = ed25519_dalek::Signature::from_bytes(&signature);
        key.verify_strict(&signed(&self.namespace, message), &signature).is_ok()
    }

    /// The signature inside, when everything around it is exactly what this signer would have written.
    fn raw(&self, armored: &str) -> Option<[u8; 64]> {
        let inner = armored.strip_prefix(BEGIN)?.strip_prefix('\n')?.trim_end().strip_suffix(END)?;
        let encoded: String = inner.split_ascii_whitespace().collect();
        let blob = STANDARD.decode(encoded).ok()?;
        let signature = blob.get(blob.len().checked_sub(64)?..)?;
        let before = [
            MAGIC.to_vec(),
            1_u32.to_be_bytes().to_vec(),
            string(&public(&self.key)),
            string(self.namespace.as_bytes()),
            string(b""),
            string(b"sha512"),
        ]
        .concat();
        let expected = [before, string(&[string(KEY_TYPE), string(signature)].concat())].concat();
        (blob == expected).then(|| signature.try_into().ok())?
    }
}
