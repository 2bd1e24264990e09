//! The keys of people, outside the database: one file each. Whoever destroys it makes unreadable what was said about the person, in the
//! database and in every copy of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use leaver_core::ids::{Digest, PersonId};
use leaver_core::statement::{Opening, SALT};

use crate::error::StoreError;

/// Salt and words under the key of a person: XChaCha20-Poly1305, bound to the commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedWords {
    /// What the journal holds.
    pub commitment: Digest,
    /// The nonce and the sealed bytes.
    pub bytes: Vec<u8>,
}

/// Openings, and how many could not be read because their key is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opened {
    /// What could be read.
    pub words: Vec<Opening>,
    /// How many could not.
    pub lost: usize,
}

/// The folder of the keys; readable by its owner alone.
#[derive(Debug, Clone)]
pub struct Vault {
    folder: PathBuf,
}

const KEY: usize = 32;
const NONCE: usize = 24;

impl Vault {
    /// Keys in this folder, which is made with the first of them.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Seals words under the key of this person, which is made and on disk before this returns.
    ///
    /// # Errors
    /// The key cannot be read or made.
    pub fn seal(&self, person: &PersonId, words: &[Opening]) -> Result<Vec<SealedWords>, StoreError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.key_or_new(person).map_err(unreadable)?;
        let cipher = XChaCha20Poly1305::new(&Key::from(key));
        let seal = |opening: &Opening| {
            let commitment = opening.commitment();
            let nonce: [u8; NONCE] = rand::random();
            let plain = [opening.salt.as_slice(), opening.text.as_bytes()].concat();
            let payload = Payload { msg: &plain, aad: commitment.bytes() };
            // Fails only for texts of gigabytes.
            let sealed = cipher
                .encrypt(&XNonce::from(nonce), payload)
                .map_err(|_| unreadable(io::Error::other("it cannot seal")))?;
            Ok(SealedWords { commitment, bytes: [nonce.as_slice(), &sealed].concat() })
        };
        words.iter().map(seal).collect()
    }

    /// Opens what was sealed under the key of this person.
    ///
    /// # Errors
    /// The key is there and cannot be read.
    pub fn open(&self, person: &PersonId, sealed: &[SealedWords]) -> Result<Opened, StoreError> {
        if sealed.is_empty() {
            return Ok(Opened::default());
        }
        let Some(key) = self.key(person).map_err(unreadable)? else {
            return Ok(Opened { words: Vec::new(), lost: sealed.len() });
        };
        let cipher = XChaCha20Poly1305::new(&Key::from(key));
        let words: Vec<Opening> = sealed.iter().filter_map(|sealed| open(&cipher, sealed)).collect();
        let lost = sealed.len() - words.len();
        Ok(Opened { words, lost })
    }

    /// Destroys the key of this person for good. `false` if there was none.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn destroy(&self, person: &PersonId) -> Result<bool, StoreError> {
        let destroyed = self.place(person).and_then(|place| match OpenOptions::new().write(true).open(&place) {
            Ok(mut file) => {
                // What a file system keeps of a removed file is not the key.
                file.write_all(&[0; KEY])?;
                file.sync_all()?;
                fs::remove_file(&place)?;
                sync(&self.folder)?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        });
        destroyed.map_err(unreadable)
    }

    fn place(&self, person: &PersonId) -> io::Result<PathBuf> {
        let id = person.as_str();
        let plain = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !plain {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this id cannot name a key"));
        }
        Ok(self.folder.join(format!("{id}.key")))
    }

    fn key(&self, person: &PersonId) -> io::Result<Option<[u8; KEY]>> {
        match File::open(self.place(person)?) {
            Ok(mut file) => {
                let mut key = [0; KEY];
                file.read_exact(&mut key)?;
                Ok(Some(key))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn key_or_new(&self, person: &PersonId) -> io::Result<[u8; KEY]> {
        if let Some(key) = self.key(person)? {
            return Ok(key);
        }
        make_folder(&self.folder)?;
        let place = self.place(person)?;
        let key: [u8; KEY] = rand::random();
        // Under its name it is whole or not there at all, and of two processes that make one the first one's stays.
        let draft = self.folder.join(format!(".{:016x}", rand::random::<u64>()));
        let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&draft)?;
        file.write_all(&key)?;
        file.sync_all()?;
        let linked = fs::hard_link(&draft, &place);
        fs::remove_file(&draft)?;
        match linked {
            Ok(()) => {
                sync(&self.folder)?;
                Ok(key)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.key(person)?.ok_or_else(|| io::Error::other("the key went while it was made"))
            }
            Err(error) => Err(error),
        }
    }
}

fn open(cipher: &XChaCha20Poly1305, sealed: &SealedWords) -> Option<Opening> {
    let (nonce, bytes) = sealed.bytes.split_first_chunk::<NONCE>()?;
    let payload = Payload { msg: bytes, aad: sealed.commitment.bytes() };
    let plain = cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
    let (salt, text) = plain.split_first_chunk::<SALT>()?;
    let opening = Opening { salt: *salt, text: String::from_utf8(text.to_vec()).ok()? };
    (opening.commitment() == sealed.commitment).then_some(opening)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    sync(folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn unreadable(error: io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::StorageFull {
        return StoreError::Full(Box::new(error));
    }
    StoreError::Failed { operation: "the key of a person", source: Box::new(error) }
}
