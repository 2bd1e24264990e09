//! Signed notes ([c2sp.org/signed-note](https://c2sp.org/signed-note)) with Ed25519 keys, and the cosignatures of witnesses
//! ([c2sp.org/tlog-cosignature](https://c2sp.org/tlog-cosignature), `cosignature/v1`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};

/// More signatures than this are not read.
const MOST_SIGNATURES: usize = 100;

/// What is wrong with a note or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text is no signed note.
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    /// The text is no key.
    #[error("not a key: {0}")]
    Key(&'static str),
    /// Nobody signed with this key.
    #[error("no signature by '{0}' with this key")]
    Unsigned(String),
    /// There is a signature in the name of this key, and it is not good.
    #[error("the signature by '{0}' is not good")]
    Bad(String),
}

/// What a key is for, and the byte that says so in its text forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Signs the text of a note: a log (type `0x01`).
    Log,
    /// Signs the text of a checkpoint together with the time at which it saw it: a witness (type `0x04`).
    Witness,
}

impl Purpose {
    fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Log),
            4 => Some(Self::Witness),
            _ => None,
        }
    }
}

/// The first four bytes of the hash of name, type and public key.
fn key_id(name: &str, purpose: Purpose, public: &[u8; 32]) -> [u8; 4] {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([b'\n', purpose.byte()]);
    hash.update(public);
    let [a, b, c, d, ..]: [u8; 32] = hash.finalize().into();
    [a, b, c, d]
}

/// Names are told from what follows by a space or a plus.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// What the text form of a key holds.
struct KeyParts<'a> {
    name: &'a str,
    id: [u8; 4],
    purpose: Purpose,
    bytes: [u8; 32],
}

fn key_parts(text: &str) -> Result<KeyParts<'_>, NoteError> {
    let mut parts = text.trim_end().splitn(3, '+');
    let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::Key("it is not of the form NAME+ID+DATA"));
    };
    if !is_name(name) {
        return Err(NoteError::Key("its name is empty or holds a space"));
    }
    let id = u32::from_str_radix(id, 16).ok().filter(|_| id.len() == 8);
    let id = id.ok_or(NoteError::Key("its id is not eight hex digits"))?.to_be_bytes();
    let data = STANDARD.decode(data).map_err(|_| NoteError::Key("its data is not base64"))?;
    let Some((kind, bytes)) = data.split_first() else { return Err(NoteError::Key("its data is empty")) };
    let purpose = Purpose::of(*kind).ok_or(NoteError::Key("its type is neither Ed25519 (01) nor cosignature (04)"))?;
    let bytes = bytes.try_into().map_err(|_| NoteError::Key("its data is not 32 bytes long"))?;
    Ok(KeyParts { name, id, purpose, bytes })
}

/// `NAME+ID+DATA`, the form of keys of `golang.org/x/mod/sumdb/note`.
fn key_text(name: &str, purpose: Purpose, id: [u8; 4], bytes: &[u8; 32]) -> String {
    let data = [&[purpose.byte()][..], bytes].concat();
    format!("{name}+{}+{}", crate::canonical::hex(&id), STANDARD.encode(data))
}

/// A key that signs. It cannot be printed.
#[derive(Clone)]
pub struct SigningKey {
    name: String,
    purpose: Purpose,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// A key from 32 bytes of a good source of randomness.
    ///
    /// # Errors
    /// The name is empty or holds a space or a plus.
    pub fn new(name: &str, purpose: Purpose, seed: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key("its name is empty or holds a space or a plus"));
        }
        Ok(Self { name: name.to_owned(), purpose, key: ed25519_dalek::SigningKey::from_bytes(seed) })
    }

    /// A key whose name is `prefix/` and the beginning of the hash of its public half: nobody else's log has that name.
    ///
    /// # Errors
    /// As [`SigningKey::new`].
    pub fn named_by_itself(prefix: &str, purpose: Purpose, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let public = ed25519_dalek::SigningKey::from_bytes(seed).verifying_key();
        let tag: String = crate::canonical::digest(public.as_bytes()).chars().take(16).collect();
        Self::new(&format!("{prefix}/{tag}"), purpose, seed)
    }

    /// Reads the secret form, `PRIVATE+KEY+NAME+ID+DATA`, as `golang.org/x/mod/sumdb/note` writes it.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let rest = text.strip_prefix("PRIVATE+KEY+").ok_or(NoteError::Key("it does not begin with PRIVATE+KEY"))?;
        let KeyParts { name, id, purpose, bytes: seed } = key_parts(rest)?;
        let key = Self::new(name, purpose, &seed)?;
        if key.public().id() == id { Ok(key) } else { Err(NoteError::Key("its id is of another key")) }
    }

    /// The secret form.
    pub fn secret_text(&self) -> String {
        format!("PRIVATE+KEY+{}", key_text(&self.name, self.purpose, self.public().id(), self.key.as_bytes()))
    }

    /// The key that checks what this one signs.
    pub fn public(&self) -> VerifyingKey {
        VerifyingKey { name: self.name.clone(), purpose: self.purpose, key: self.key.verifying_key() }
    }

    /// The raw Ed25519 signature over the bytes (RFC 8032).
    pub fn sign_bytes(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }

    /// The signature line over the text of a note. A witness signs `at`, in seconds since 1970, with it; a log does not.
    pub fn sign(&self, text: &str, at: u64) -> Signature {
        let bytes = match self.purpose {
            Purpose::Log => self.sign_bytes(text.as_bytes()).to_vec(),
            Purpose::Witness => [&at.to_be_bytes()[..], &self.sign_bytes(cosigned(text, at).as_bytes())].concat(),
        };
        Signature { name: self.name.clone(), key_id: self.public().id(), bytes }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("name", &self.name).field("key", &"[redacted]").finish_non_exhaustive()
    }
}

/// What a witness signs: the time and the text.
fn cosigned(text: &str, at: u64) -> String {
    format!("cosignature/v1\ntime {at}\n{text}")
}

/// A key that checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    purpose: Purpose,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifyingKey {
    /// Reads `NAME+ID+DATA`.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let KeyParts { name, id, purpose, bytes } = key_parts(text)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes)
            .map_err(|_| NoteError::Key("its data is no Ed25519 key"))?;
        let key = Self { name: name.to_owned(), purpose, key };
        if key.id() == id { Ok(key) } else { Err(NoteError::Key("its id is of another key")) }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The 32 bytes of the key.
    pub fn bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The id.
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, self.purpose, self.key.as_bytes())
    }

    /// Whether this is the key's raw signature over the bytes; weak keys and malleable signatures are refused (RFC 8032, 8.4).
    pub fn is_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = <[u8; 64]>::try_from(signature) else { return false };
        self.key.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(&signature)).is_ok()
    }

    /// Checks that the note is signed with this key; a witness also tells when it saw the text, in seconds since 1970.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`], [`NoteError::Bad`].
    pub fn check(&self, note: &Note) -> Result<Option<u64>, NoteError> {
        let mine = |signature: &&Signature| signature.name == self.name && signature.key_id == self.id();
        let signature = note.signatures.iter().find(mine).ok_or_else(|| NoteError::Unsigned(self.name.clone()))?;
        let bad = || NoteError::Bad(self.name.clone());
        match self.purpose {
            Purpose::Log if self.is_signed(note.text.as_bytes(), &signature.bytes) => Ok(None),
            Purpose::Log => Err(bad()),
            Purpose::Witness => {
                let (time, rest) = signature.bytes.split_first_chunk::<8>().ok_or_else(bad)?;
                let at = u64::from_be_bytes(*time);
                if self.is_signed(cosigned(&note.text, at).as_bytes(), rest) { Ok(Some(at)) } else { Err(bad()) }
            }
        }
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, self.purpose, self.id(), self.key.as_bytes()))
    }
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    name: String,
    key_id: [u8; 4],
    bytes: Vec<u8>,
}

impl Signature {
    /// Reads `— NAME BASE64`.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let rest =
            line.strip_prefix("— ").ok_or(NoteError::Malformed("a signature line does not begin with a dash"))?;
        let (name, data) = rest.split_once(' ').ok_or(NoteError::Malformed("a signature line has no signature"))?;
        if !is_name(name) {
            return Err(NoteError::Malformed("a signature line names nobody"));
        }
        let data = STANDARD.decode(data).map_err(|_| NoteError::Malformed("a signature is not base64"))?;
        match data.split_first_chunk::<4>() {
            Some((id, bytes)) if !bytes.is_empty() => {
                Ok(Self { name: name.to_owned(), key_id: *id, bytes: bytes.to_vec() })
            }
            _ => Err(NoteError::Malformed("a signature is too short")),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "— {} {}", self.name, STANDARD.encode([&self.key_id[..], &self.bytes].concat()))
    }
}

/// A text with signatures. That it was read says nothing about them: ask a [`VerifyingKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A note with one signature.
    pub fn new(text: String, signature: Signature) -> Self {
        Self { text, signatures: vec![signature] }
    }

    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let all = std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
        if all.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Malformed("it holds a control character, such as a carriage return"));
        }
        let (text, lines) = all.rsplit_once("\n\n").ok_or(NoteError::Malformed("it has no empty line"))?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed("it does not end with a line feed"))?;
        if lines.split('\n').count() > MOST_SIGNATURES {
            return Err(NoteError::Malformed("it has more than 100 signatures"));
        }
        let signatures = lines.split('\n').map(Signature::parse).collect::<Result<_, _>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text with the signatures of this key alone.
    #[must_use]
    pub fn only(&self, key: &VerifyingKey) -> Self {
        let mut note = self.clone();
        note.signatures.retain(|signature| signature.name == key.name && signature.key_id == key.id());
        note
    }

    /// The text, with its last line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds a signature.
    pub fn add(&mut self, signature: Signature) {
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}
