//! What a witness does with a log's checkpoint ([c2sp.org/tlog-witness](https://c2sp.org/tlog-witness), `add-checkpoint`): it signs
//! what goes on where the last one was that it signed, and nothing else.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::{Checkpoint, LONGEST_PROOF, decimal, hash};
use super::note::{Note, NoteError, Signature, SigningKey, VerifyingKey};
use super::tree::{Hash, is_consistent};

/// A request: the size that the witness saw last, the proof from there, and the signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness saw last; 0 when it never saw the log.
    pub old: u64,
    /// The proof that the log went on from there.
    pub proof: Vec<Hash>,
    /// The checkpoint.
    pub checkpoint: Note,
}

impl AddCheckpoint {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(body: &[u8]) -> Result<Self, NoteError> {
        let text = std::str::from_utf8(body).map_err(|_| NoteError::Malformed("a request is not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(NoteError::Malformed("a request has no checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or(NoteError::Malformed("a request names no old size"))?;
        let proof = lines.map(hash).collect::<Option<Vec<_>>>().filter(|proof| proof.len() < LONGEST_PROOF);
        let proof = proof.ok_or(NoteError::Malformed("a request holds a line that is no hash"))?;
        Ok(Self { old, proof, checkpoint: Note::parse(note.as_bytes())? })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Why a witness does not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The request is not one, or goes back behind its own old size.
    #[error("{0}")]
    Malformed(#[from] NoteError),
    /// The log is none of those that it watches.
    #[error("this log is not watched here")]
    Unknown,
    /// The log did not sign it.
    #[error("the checkpoint is not signed by its log")]
    Unsigned,
    /// It saw another size last, or another log of this size.
    #[error("the last size seen here is {0}")]
    Stale(u64),
    /// The log does not go on where it was.
    #[error("the log does not go on where it was seen last")]
    Forked,
}

impl Denial {
    /// The HTTP status that says so.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Unsigned => 403,
            Self::Unknown => 404,
            Self::Stale(_) => 409,
            Self::Forked => 422,
        }
    }
}

/// What a witness signed. It has to be durable before anybody gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The line that the log adds to its checkpoint.
    pub line: Signature,
    /// The checkpoint with the signatures of log and witness: what the witness saw last from now on.
    pub note: Note,
    /// The same, understood.
    pub checkpoint: Checkpoint,
}

/// Signs what goes on where the log was; `seen` is what this witness signed last, by origin, `at` the time in seconds since 1970.
///
/// # Errors
/// [`Denial`]; then nothing was signed.
pub fn cosign(
    key: &SigningKey,
    logs: &[VerifyingKey],
    seen: &BTreeMap<String, Checkpoint>,
    request: &AddCheckpoint,
    at: u64,
) -> Result<Cosigned, Denial> {
    let offered = Checkpoint::parse(request.checkpoint.text())?;
    let mut known = logs.iter().filter(|log| log.name() == offered.origin).peekable();
    if known.peek().is_none() {
        return Err(Denial::Unknown);
    }
    let signer = known.find(|log| log.check(&request.checkpoint).is_ok()).ok_or(Denial::Unsigned)?;
    if request.old > offered.size {
        return Err(NoteError::Malformed("the old size is beyond the checkpoint's").into());
    }
    let nothing = Checkpoint { origin: offered.origin.clone(), size: 0, root: super::Tree::new().root() };
    let last = seen.get(&offered.origin).unwrap_or(&nothing);
    if request.old != last.size || (offered.size == last.size && offered.root != last.root) {
        return Err(Denial::Stale(last.size));
    }
    if !is_consistent(last.size, &last.root, offered.size, &offered.root, &request.proof) {
        return Err(Denial::Forked);
    }
    let line = key.sign(request.checkpoint.text(), at);
    let mut note = request.checkpoint.only(signer);
    note.add(line.clone());
    Ok(Cosigned { line, note, checkpoint: offered })
}
