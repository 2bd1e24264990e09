//! What people say in their own words. They may name somebody, so the journal holds a commitment in their place.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::ids::Digest;

/// Free words of a person: a reason, a note, a ticket. Whoever types them may name anybody.
///
/// An event holds the digest of a salt and the words (`facts/evidence.md` A.6); salt and words lie apart, under the key of the person whom
/// the case is about. When that key is gone nobody can read or guess them, and every proof still holds.
#[derive(Clone)]
pub struct Statement {
    text: Option<String>,
    commitment: Option<Digest>,
    /// Whether the words are kept and cannot be read.
    lost: bool,
}

/// The length of a salt in bytes: guessing the words of a commitment means guessing this too.
pub const SALT: usize = 32;

/// What lies apart from the journal for one commitment.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// The salt.
    pub salt: [u8; SALT],
    /// The words.
    pub text: String,
}

impl Opening {
    /// What the journal holds in place of the words: SHA-256 of the salt and the words.
    pub fn commitment(&self) -> Digest {
        Digest::of(&[self.salt.as_slice(), self.text.as_bytes()].concat())
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening of {}", self.commitment())
    }
}

/// What stands where words were erased.
const ERASED: &str = "[erased]";

/// What stands where words cannot be read, because their key is lost.
const LOST: &str = "[its key is lost]";

impl Statement {
    /// Statement as they were said; not yet fit for the journal.
    pub fn said(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), commitment: None, lost: false }
    }

    /// The words, or why there are none: erased, or their key is lost.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or(if self.lost { LOST } else { ERASED })
    }

    /// The words are kept and cannot be read.
    pub fn lose(&mut self) {
        self.lost = self.text.is_none();
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.text.as_ref().is_some_and(String::is_empty)
    }

    /// What the journal holds; `None` until they are sealed.
    pub fn commitment(&self) -> Option<&Digest> {
        self.commitment.as_ref()
    }

    /// Binds the words to a salt. `None` when they are sealed already.
    pub fn seal(&mut self, salt: [u8; SALT]) -> Option<Opening> {
        if self.commitment.is_some() {
            return None;
        }
        let opening = Opening { salt, text: self.text.clone()? };
        self.commitment = Some(opening.commitment());
        Some(opening)
    }

    /// Takes the words back in; what does not belong to the commitment is refused.
    pub fn open(&mut self, opening: Opening) -> bool {
        let fits = self.commitment.as_ref() == Some(&opening.commitment());
        if fits {
            self.text = Some(opening.text);
        }
        fits
    }
}

/// Statement are the same when they say the same; of those that were erased, when they were bound to the same salt.
impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        match (&self.text, &other.text) {
            (Some(one), Some(other)) => one == other,
            _ => self.commitment.is_some() && self.commitment == other.commitment,
        }
    }
}

impl Eq for Statement {}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Not the words themselves: an event may be printed anywhere.
impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.commitment {
            Some(commitment) => write!(f, "Statement({commitment})"),
            None => f.write_str("Statement(not sealed)"),
        }
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let commitment = self.commitment.as_ref().ok_or_else(|| ser::Error::custom("words that are not sealed"))?;
        serializer.collect_str(&format_args!("{PREFIX}{commitment}"))
    }
}

impl<'de> Deserialize<'de> for Statement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let digest = text.strip_prefix(PREFIX).ok_or_else(|| de::Error::custom("words that are not sealed"))?;
        let commitment = Digest::parse(digest).map_err(de::Error::custom)?;
        Ok(Self { text: None, commitment: Some(commitment), lost: false })
    }
}

/// What tells a commitment from a plain text in a row of the journal.
const PREFIX: &str = "sha256(salt+words):";
