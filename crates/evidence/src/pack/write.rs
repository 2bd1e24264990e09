//! Writing a pack: beside its place, synced, and renamed when it is whole.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{
    BAGIT, CHECKPOINT, EVENT_PROOFS, INFO, MANIFEST, NAMESPACE, PROOF, README, SCRIPT, SEALED, SIGNATURE, TAG_MANIFEST,
    TIME_STAMP, is_plain,
};
use crate::canonical::{digest, hex};
use crate::files::random;
use crate::log::{Proof, SigningKey};
use crate::sshsig;

/// Why a pack cannot be written; then nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something is there already.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// A name that cannot stand in a pack, or stands there twice.
    #[error("'{0}' cannot be the name of a file of a pack")]
    Name(String),
    /// The disk refuses.
    #[error("{} cannot be written", .path.display())]
    Disk {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl WriteError {
    /// The stable code, with a page in `docs/errors`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exists(_) => "L420",
            Self::Disk { source, .. } if source.kind() == io::ErrorKind::StorageFull => "L303",
            Self::Name(_) | Self::Disk { .. } => "L421",
        }
    }
}

/// What seals a pack.
#[derive(Debug)]
pub struct Seal<'a> {
    /// The key that signs packs.
    pub key: &'a SigningKey,
    /// The bytes of the entry that names the manifest.
    pub entry: &'a [u8],
    /// The proof that it is in the log, with the signed checkpoint.
    pub proof: Proof,
    /// The proofs of the events, in their order: where each stands and the hashes up to the root of the same checkpoint.
    pub events: Vec<Proof>,
    /// The time stamp of the manifest, where an authority is configured.
    pub time_stamp: Option<&'a [u8]>,
}

/// A pack under way: it holds people's data, so its files are their owner's alone. Dropped before it is [finished](Draft::finish), nothing is left of it.
#[derive(Debug)]
pub struct Draft {
    place: PathBuf,
    folder: PathBuf,
    files: BTreeMap<String, String>,
    bytes: u64,
    done: bool,
}

fn disk(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError::Disk { path, source }
}

impl Draft {
    /// Begins a pack that will stand at `place`, in a folder beside it.
    ///
    /// # Errors
    /// Something is there, or the folder cannot be made.
    pub fn begin(place: &Path) -> Result<Self, WriteError> {
        if place.symlink_metadata().is_ok() {
            return Err(WriteError::Exists(place.to_owned()));
        }
        let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = place.file_name().ok_or_else(|| WriteError::Name(place.display().to_string()))?;
        let tag = random::<4>().map_err(disk(place))?;
        let folder = parent.join(format!(".{}.{}", name.to_string_lossy(), hex(&tag)));
        fs::create_dir_all(parent).map_err(disk(parent))?;
        fs::DirBuilder::new().mode(0o700).create(&folder).map_err(disk(&folder))?;
        Ok(Self { place: place.to_owned(), folder, files: BTreeMap::new(), bytes: 0, done: false })
    }

    /// Adds a file of the payload, whose name begins with `data/`, and returns its digest.
    ///
    /// # Errors
    /// The name is not plain or is taken, or the disk refuses.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<String, WriteError> {
        if !is_plain(name) || !name.starts_with("data/") || self.files.contains_key(name) {
            return Err(WriteError::Name(name.to_owned()));
        }
        let digest = digest(bytes);
        self.write(name, bytes, 0o600)?;
        self.files.insert(name.to_owned(), digest.clone());
        self.bytes += bytes.len() as u64;
        Ok(digest)
    }

    /// The manifest of the payload so far. Its hash is what the log names.
    pub fn manifest(&self) -> String {
        listed(self.files.iter())
    }

    /// Adds tags and seal, makes everything durable and puts the pack in its place. `info` are lines for `bag-info.txt`; no names of
    /// people belong there.
    ///
    /// # Errors
    /// The disk refuses, or something stands at the place by now.
    pub fn finish(mut self, info: &[(&str, String)], seal: &Seal<'_>) -> Result<(), WriteError> {
        let mut lines = format!("Payload-Oxum: {}.{}\n", self.bytes, self.files.len());
        for (label, value) in info {
            lines = lines + label + ": " + &value.replace(['\r', '\n'], " ") + "\n";
        }
        let manifest = self.manifest();
        let mut tags = BTreeMap::new();
        for (name, bytes, mode) in [
            ("README.txt", README, 0o600),
            ("VERIFY.sh", SCRIPT, 0o700),
            (INFO, &lines, 0o600),
            ("bagit.txt", BAGIT, 0o600),
            (MANIFEST, &manifest, 0o600),
        ] {
            self.write(name, bytes.as_bytes(), mode)?;
            tags.insert(name.to_owned(), digest(bytes.as_bytes()));
        }
        self.write(TAG_MANIFEST, listed(tags.iter()).as_bytes(), 0o600)?;
        let signature = sshsig::sign(seal.key, NAMESPACE, manifest.as_bytes());
        self.write(SIGNATURE, signature.as_bytes(), 0o600)?;
        if let Some(stamp) = seal.time_stamp {
            self.write(TIME_STAMP, stamp, 0o600)?;
        }
        self.write(SEALED, seal.entry, 0o600)?;
        self.write(PROOF, seal.proof.to_string().as_bytes(), 0o600)?;
        self.write(CHECKPOINT, seal.proof.checkpoint.to_string().as_bytes(), 0o600)?;
        let proofs: String = seal.events.iter().map(|proof| proof.line() + "\n").collect();
        self.write(EVENT_PROOFS, proofs.as_bytes(), 0o600)?;
        sync_folders(&self.folder).map_err(disk(&self.folder))?;
        // A plain rename would put the pack over an empty folder that somebody made meanwhile.
        renameat_with(CWD, &self.folder, CWD, &self.place, RenameFlags::NOREPLACE).map_err(|error| {
            if error == rustix::io::Errno::EXIST {
                WriteError::Exists(self.place.clone())
            } else {
                WriteError::Disk { path: self.place.clone(), source: error.into() }
            }
        })?;
        self.done = true;
        let parent = self.folder.parent().unwrap_or(Path::new("."));
        File::open(parent).and_then(|folder| folder.sync_all()).map_err(disk(parent))
    }

    fn write(&self, name: &str, bytes: &[u8], mode: u32) -> Result<(), WriteError> {
        let path = self.folder.join(name);
        let written = || -> io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        written().map_err(disk(&path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.done {
            // What matters is why it was not finished; the name says that it is none.
            drop(fs::remove_dir_all(&self.folder));
        }
    }
}

/// A manifest: hash, two spaces, name. `sha256sum -c` and `BagIt` both read that.
fn listed<'a>(files: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    files.fold(String::new(), |list, (name, hash)| list + hash + "  " + name + "\n")
}

fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}
