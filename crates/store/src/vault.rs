//! The keys of people, outside the database, each in a file of its own. Whoever destroys them makes unreadable what was said about the person, in
//! the database and in every copy of it.
//!
//! A key has a name beside that of its person, and what is sealed bears it: when a key was lost and another one was made, and the lost one is put
//! back, both are there and everything can be read.

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
    /// The name of the key, the nonce, and the sealed bytes.
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

/// The folder of the keys, `PERSON.NAME.key`; readable by its owner alone.
#[derive(Debug, Clone)]
pub struct Vault {
    folder: PathBuf,
}

const KEY: usize = 32;
const NONCE: usize = 24;

/// The name of a key: random, and the beginning of everything that it sealed.
type Name = [u8; 8];

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
        let (name, key) = self.key_or_new(person).map_err(unreadable)?;
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
            Ok(SealedWords { commitment, bytes: [name.as_slice(), &nonce, &sealed].concat() })
        };
        words.iter().map(seal).collect()
    }

    /// Opens what was sealed under the key of this person.
    ///
    /// # Errors
    /// The folder of the keys cannot be read. A key that cannot be read is lost.
    pub fn open(&self, person: &PersonId, sealed: &[SealedWords]) -> Result<Opened, StoreError> {
        if sealed.is_empty() {
            return Ok(Opened::default());
        }
        let keys = self.keys(person).map_err(unreadable)?;
        let words: Vec<Opening> = sealed
            .iter()
            .filter_map(|sealed| {
                let (name, bytes) = sealed.bytes.split_first_chunk::<{ size_of::<Name>() }>()?;
                let (_, key) = keys.iter().find(|(of, _)| of == name)?;
                open(&XChaCha20Poly1305::new(&Key::from(*key)), &sealed.commitment, bytes)
            })
            .collect();
        let lost = sealed.len() - words.len();
        Ok(Opened { words, lost })
    }

    /// Destroys every key of this person for good. `false` if there was none.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn destroy(&self, person: &PersonId) -> Result<bool, StoreError> {
        let places = self.places(person).map_err(unreadable)?;
        for (_, place) in &places {
            let destroyed = OpenOptions::new().write(true).open(place).and_then(|mut file| {
                // What a file system keeps of a removed file is not the key.
                file.write_all(&[0; KEY])?;
                file.sync_all()?;
                fs::remove_file(place)
            });
            match destroyed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unreadable(error)),
                Ok(()) | Err(_) => {}
            }
        }
        if !places.is_empty() {
            sync(&self.folder).map_err(unreadable)?;
        }
        Ok(!places.is_empty())
    }

    /// The files of this person's keys, by the names of the keys.
    fn places(&self, person: &PersonId) -> io::Result<Vec<(Name, PathBuf)>> {
        let id = person.as_str();
        let plain = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !plain {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this id cannot name a key"));
        }
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut places = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let hex = name.to_str().and_then(|name| name.strip_prefix(id)?.strip_prefix('.')?.strip_suffix(".key"));
            if let Some(name) = hex.filter(|hex| hex.len() == 16).and_then(|hex| u64::from_str_radix(hex, 16).ok()) {
                places.push((name.to_be_bytes(), entry.path()));
            }
        }
        places.sort();
        Ok(places)
    }

    /// The keys of this person that can be read.
    fn keys(&self, person: &PersonId) -> io::Result<Vec<(Name, [u8; KEY])>> {
        let read = |(name, place): (Name, PathBuf)| {
            let mut key = [0; KEY];
            File::open(place).and_then(|mut file| file.read_exact(&mut key)).ok().map(|()| (name, key))
        };
        Ok(self.places(person)?.into_iter().filter_map(read).collect())
    }

    fn key_or_new(&self, person: &PersonId) -> io::Result<(Name, [u8; KEY])> {
        if let Some(key) = self.keys(person)?.pop() {
            return Ok(key);
        }
        make_folder(&self.folder)?;
        let (name, key): (Name, [u8; KEY]) = (rand::random(), rand::random());
        let named = format!("{}.{:016x}.key", person.as_str(), u64::from_be_bytes(name));
        // Under its name it is whole or not there at all.
        let draft = self.folder.join(format!(".{named}"));
        let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&draft)?;
        file.write_all(&key)?;
        file.sync_all()?;
        fs::rename(&draft, self.folder.join(named))?;
        sync(&self.folder)?;
        Ok((name, key))
    }
}

fn open(cipher: &XChaCha20Poly1305, commitment: &Digest, bytes: &[u8]) -> Option<Opening> {
    let (nonce, bytes) = bytes.split_first_chunk::<NONCE>()?;
    let plain = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: bytes, aad: commitment.bytes() }).ok()?;
    let (salt, text) = plain.split_first_chunk::<SALT>()?;
    let opening = Opening { salt: *salt, text: String::from_utf8(text.to_vec()).ok()? };
    (opening.commitment() == *commitment).then_some(opening)
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
