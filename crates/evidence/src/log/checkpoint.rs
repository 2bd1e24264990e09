//! What a log says of itself: its size and root ([c2sp.org/tlog-checkpoint](https://c2sp.org/tlog-checkpoint)), when it must not
//! say it, and the proof of one entry that fits into a file ([c2sp.org/tlog-proof](https://c2sp.org/tlog-proof)).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::note::{Note, NoteError, SigningKey, VerifyingKey};
use super::tree::{Hash, Tree, is_included};

/// The first line of the proof of an entry.
const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// No tree is so tall that a proof is longer.
pub(super) const LONGEST_PROOF: usize = 64;

/// The size and root of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// Why a log must not sign. Two signed views of one log that do not fit together are the end of its credit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Entries are missing: a backup was restored, or somebody cut the log.
    #[error("the log has {local} entries, and {signed} were signed before")]
    Smaller {
        /// How many there are.
        local: u64,
        /// How many there were.
        signed: u64,
    },
    /// Entries are other than they were when they were signed.
    #[error("the first {0} entries of the log are not those that were signed before")]
    Rewritten(u64),
    /// What was signed before is of another log.
    #[error("what was signed before is of the log '{0}'")]
    Other(String),
}

/// Reads a decimal number without sign or leading zero.
pub(super) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// Reads a hash in base64.
pub(super) fn hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

impl Checkpoint {
    /// Reads the text of a checkpoint; lines after the root are allowed and not read.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty());
        let origin = origin.ok_or(NoteError::Malformed("a checkpoint names no log"))?.to_owned();
        let size = lines.next().and_then(decimal).ok_or(NoteError::Malformed("a checkpoint has no size"))?;
        let root = lines.next().and_then(hash).ok_or(NoteError::Malformed("a checkpoint has no root"))?;
        if lines.next().is_none() {
            return Err(NoteError::Malformed("a checkpoint does not end with a line feed"));
        }
        Ok(Self { origin, size, root })
    }

    /// The checkpoint that a note holds, when the key signed it and it is of the key's log.
    ///
    /// # Errors
    /// What is wrong with the note.
    pub fn signed(note: &Note, key: &VerifyingKey) -> Result<Self, NoteError> {
        key.check(note)?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin == key.name() { Ok(checkpoint) } else { Err(NoteError::Bad(key.name().to_owned())) }
    }

    /// Whether the tree goes on where this checkpoint was.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn goes_on_in(&self, tree: &Tree) -> Result<(), Refusal> {
        match tree.root_at(self.size) {
            None => Err(Refusal::Smaller { local: tree.size(), signed: self.size }),
            Some(root) if root != self.root => Err(Refusal::Rewritten(self.size)),
            Some(_) => Ok(()),
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }
}

/// Signs the whole tree, if it goes on where each of the `before` was: the last that was signed, and what witnesses saw.
///
/// # Errors
/// [`Refusal`]; then nothing was signed.
pub fn sign(tree: &Tree, before: &[Checkpoint], key: &SigningKey) -> Result<Note, Refusal> {
    let origin = key.public().name().to_owned();
    for checkpoint in before {
        if checkpoint.origin != origin {
            return Err(Refusal::Other(checkpoint.origin.clone()));
        }
        checkpoint.goes_on_in(tree)?;
    }
    let text = Checkpoint { origin, size: tree.size(), root: tree.root() }.to_string();
    let signature = key.sign(&text, 0);
    Ok(Note::new(text, signature))
}

/// The proof that an entry is in a signed log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Where the entry stands, from 0.
    pub index: u64,
    /// The hashes from the entry up to the root.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

impl Proof {
    /// The proof of the entry at `index` under the tree that the checkpoint is of; `None` when there is no such entry.
    pub fn of(tree: &Tree, index: u64, checkpoint: Note) -> Option<Self> {
        let size = Checkpoint::parse(checkpoint.text()).ok()?.size;
        Some(Self { index, hashes: tree.inclusion(index, size)?, checkpoint })
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let text = std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed("a proof is not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(NoteError::Malformed("a proof has no checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(PROOF) {
            return Err(NoteError::Malformed("a proof does not begin with c2sp.org/tlog-proof@v1"));
        }
        let index = lines.next().map(|line| line.strip_prefix("index ").and_then(decimal));
        let index = index.flatten().ok_or(NoteError::Malformed("a proof has no index"))?;
        let hashes = lines.map(hash).collect::<Option<Vec<_>>>().filter(|hashes| hashes.len() < LONGEST_PROOF);
        let hashes = hashes.ok_or(NoteError::Malformed("a proof holds a line that is no hash"))?;
        Ok(Self { index, hashes, checkpoint: Note::parse(note.as_bytes())? })
    }

    /// Index and hashes in one line, for many proofs under one checkpoint.
    pub fn line(&self) -> String {
        self.hashes.iter().fold(self.index.to_string(), |line, hash| line + " " + &STANDARD.encode(hash))
    }

    /// Reads a [line](Self::line) that belongs to this checkpoint.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn from_line(line: &str, checkpoint: Note) -> Result<Self, NoteError> {
        let mut words = line.split(' ');
        let index = words.next().and_then(decimal).ok_or(NoteError::Malformed("a proof has no index"))?;
        let hashes = words.map(hash).collect::<Option<Vec<_>>>().filter(|hashes| hashes.len() < LONGEST_PROOF);
        let hashes = hashes.ok_or(NoteError::Malformed("a proof holds a word that is no hash"))?;
        Ok(Self { index, hashes, checkpoint })
    }

    /// Whether it proves that the entry with this leaf hash is under the checkpoint. Who signed that is another question.
    pub fn shows(&self, leaf: &Hash) -> bool {
        Checkpoint::parse(self.checkpoint.text())
            .is_ok_and(|to| is_included(leaf, self.index, to.size, &self.hashes, &to.root))
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{PROOF}\nindex {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
