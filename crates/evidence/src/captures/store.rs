//! The captures of one installation in a directory: written once, made durable, and never exchanged.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Capture, CaptureSink, Content, LARGE, Meta, head_of};
use crate::canonical;
use crate::files::random;
use crate::redact::RedactionKey;

/// So many files at once are synced one by one; beyond that one call for the whole file system costs less.
const ONE_BY_ONE: usize = 16;

/// The captures of one installation in a directory.
///
/// Several processes may write to one directory: names are content, a name is made once, and a damaged file is replaced by
/// a rename.
#[derive(Debug)]
pub struct CaptureStore {
    dir: PathBuf,
    key: RedactionKey,
    /// Tells our temporary files from those of others; a process id would not, because containers share directories.
    tag: String,
    next: AtomicU64,
    /// The files, and new folders, that are written and not known to be durable.
    staged: Mutex<Vec<PathBuf>>,
    /// Held while files are made durable: whoever comes later waits for those that were taken before.
    settling: Mutex<()>,
}

impl CaptureStore {
    /// Opens a directory and makes it if it is missing. The redaction key is the file `redaction.key` in it, made on
    /// the first opening, readable by its owner alone.
    ///
    /// # Errors
    /// The directory or the key cannot be made or read.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = dir.into();
        fs::create_dir_all(&dir)?;
        let tag = canonical::hex(&random::<8>()?);
        let key = installation_key(&dir, &tag)?;
        Ok(Self::at(dir, key, tag))
    }

    /// A store in a directory that exists, with a key kept elsewhere.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn with_key(dir: impl Into<PathBuf>, key: RedactionKey) -> io::Result<Self> {
        Ok(Self::at(dir.into(), key, canonical::hex(&random::<8>()?)))
    }

    fn at(dir: PathBuf, key: RedactionKey, tag: String) -> Self {
        Self { dir, key, tag, next: AtomicU64::new(0), staged: Mutex::default(), settling: Mutex::default() }
    }

    /// Reads a capture back and checks it against its name. `None`: there is none of this digest.
    ///
    /// # Errors
    /// The file cannot be read, or is not what its name says ([`io::ErrorKind::InvalidData`]).
    pub fn get(&self, digest: &str) -> io::Result<Option<Capture>> {
        let Some(path) = self.path(digest) else {
            return Ok(None);
        };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        if canonical::digest(&bytes) != digest {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("capture {digest} was changed on disk")));
        }
        Capture::from_bytes(&bytes).map(Some)
    }

    /// Whether a capture of this digest is there; its bytes are not looked at.
    pub fn has(&self, digest: &str) -> bool {
        self.path(digest).is_some_and(|path| path.is_file())
    }

    /// The digests of all captures with the time at which each was written.
    ///
    /// # Errors
    /// The folders cannot be read.
    pub fn list(&self) -> io::Result<Vec<(String, std::time::SystemTime)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let folder = entry?.path();
            if !folder.is_dir() {
                continue;
            }
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if self.path(&name) == Some(entry.path()) {
                    found.push((name, entry.metadata()?.modified()?));
                }
            }
        }
        Ok(found)
    }

    /// Removes a capture for good. `false`: there was none of this digest.
    ///
    /// # Errors
    /// The cause from the operating system.
    pub fn remove(&self, digest: &str) -> io::Result<bool> {
        let Some(path) = self.path(digest) else { return Ok(false) };
        match fs::remove_file(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Keeps captures; see [`CaptureSink::put_all`].
    ///
    /// # Errors
    /// The cause from the operating system.
    pub fn put_all(&self, captures: &[Capture]) -> io::Result<Vec<String>> {
        let digests = captures.iter().map(|capture| self.stage(capture)).collect::<Result<_, _>>()?;
        self.settle()?;
        Ok(digests)
    }

    /// Writes a capture; see [`CaptureSink::stage`].
    ///
    /// # Errors
    /// The cause from the operating system.
    pub fn stage(&self, capture: &Capture) -> io::Result<String> {
        self.keep(&capture.meta, Content::Bytes(&capture.body))
    }

    fn keep(&self, meta: &Meta, body: Content<'_>) -> io::Result<String> {
        let head = head_of(meta)?;
        let digest = body.digest_after(&head)?;
        if let Some(path) = self.path(&digest) {
            self.write(&path, &digest, &head, body)?;
            // Also a file that was there already: the process that wrote it may have died before it was durable.
            self.staged.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        }
        Ok(digest)
    }

    /// Makes everything durable that was staged; see [`CaptureSink::settle`].
    ///
    /// # Errors
    /// The cause from the operating system.
    pub fn settle(&self) -> io::Result<()> {
        let _alone = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        let staged = std::mem::take(&mut *self.staged.lock().unwrap_or_else(PoisonError::into_inner));
        if staged.is_empty() {
            return Ok(());
        }
        let settled = if staged.len() > ONE_BY_ONE { sync_together(&self.dir, &staged) } else { sync_each(&staged) };
        if settled.is_err() {
            self.staged.lock().unwrap_or_else(PoisonError::into_inner).extend(staged);
        }
        settled
    }

    /// The file of a digest; `None` when the text is not a digest, so that no text can name a file elsewhere.
    fn path(&self, digest: &str) -> Option<PathBuf> {
        let fits = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let shard = digest.get(..2).filter(|_| fits)?;
        Some(self.dir.join(shard).join(digest))
    }

    /// Writes one file, which is durable later.
    fn write(&self, path: &Path, digest: &str, head: &[u8], body: Content<'_>) -> io::Result<()> {
        let new = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let made = match new() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let shard = path.parent().unwrap_or(&self.dir);
                fs::create_dir_all(shard)?;
                self.staged.lock().unwrap_or_else(PoisonError::into_inner).push(shard.to_owned());
                new()
            }
            made => made,
        };
        match made {
            Ok(file) => {
                let written = fill(file, head, body);
                if written.is_err() {
                    // What matters is why the write failed.
                    drop(fs::remove_file(path));
                }
                written
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => self.replace_if_torn(path, digest, head, body),
            Err(e) => Err(e),
        }
    }

    /// A file of this name is there. If it is not what its name says, whoever wrote it died at it.
    fn replace_if_torn(&self, path: &Path, digest: &str, head: &[u8], body: Content<'_>) -> io::Result<()> {
        if File::open(path).and_then(|file| Content::File(&file).digest_after(&[])).is_ok_and(|found| found == digest) {
            return Ok(());
        }
        let temporary = path.with_file_name(self.temporary());
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        let written = fill(file, head, body).and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            // What matters is why the write failed; a left-over temporary file is never read.
            drop(fs::remove_file(&temporary));
        }
        written
    }
}

impl CaptureStore {
    /// A name that nobody else takes.
    fn temporary(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!(".{}.{number}.tmp", self.tag)
    }
}

impl CaptureSink for CaptureStore {
    fn put(&self, capture: &Capture) -> io::Result<String> {
        let mut digests = Self::put_all(self, std::slice::from_ref(capture))?;
        digests.pop().ok_or_else(|| io::Error::other("no digest was made"))
    }

    fn put_all(&self, captures: &[Capture]) -> io::Result<Vec<String>> {
        Self::put_all(self, captures)
    }

    fn stage(&self, capture: &Capture) -> io::Result<String> {
        Self::stage(self, capture)
    }

    fn settle(&self) -> io::Result<()> {
        Self::settle(self)
    }

    fn spool(&self) -> io::Result<Option<File>> {
        let path = self.dir.join(self.temporary());
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        // Nobody can open it now, and nothing is left of it when this process dies.
        fs::remove_file(&path)?;
        Ok(Some(file))
    }

    fn stage_spooled(&self, meta: Meta, body: &File) -> io::Result<String> {
        self.keep(&Meta { redacted: None, ..meta }, Content::File(body))
    }

    fn key(&self) -> &RedactionKey {
        &self.key
    }
}

fn fill(mut file: File, head: &[u8], body: Content<'_>) -> io::Result<()> {
    match body {
        Content::Bytes(body) if body.len() <= LARGE => file.write_all(&[head, body].concat()),
        Content::Bytes(_) | Content::File(_) => {
            file.write_all(head)?;
            body.each(|piece| file.write_all(piece))
        }
    }
}

/// Makes these files and their names durable, one by one. A file that is opened again still tells of a write that failed.
fn sync_each(files: &[PathBuf]) -> io::Result<()> {
    let mut folders = BTreeSet::new();
    for file in files {
        File::open(file)?.sync_all()?;
        folders.extend(file.parent());
    }
    for folder in folders {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Makes the whole file system durable: data, names and folders (syncfs(2) tells of writes that failed since Linux 5.8).
#[cfg(target_os = "linux")]
fn sync_together(dir: &Path, _: &[PathBuf]) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(dir)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_together(_: &Path, files: &[PathBuf]) -> io::Result<()> {
    sync_each(files)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The key of the directory; two processes that open it for the first time together get the same key.
fn installation_key(dir: &Path, tag: &str) -> io::Result<RedactionKey> {
    let path = dir.join("redaction.key");
    let mut bytes = [0_u8; 32];
    match File::open(&path) {
        Ok(mut file) => {
            file.read_exact(&mut bytes)?;
            return Ok(RedactionKey::new(bytes));
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let key = RedactionKey::new(random()?);
    let temporary = dir.join(format!(".redaction.{tag}.tmp"));
    write_synced(&temporary, key.bytes())?;
    // A link fails where the name exists: the first process wins, the others read its key.
    let linked = fs::hard_link(&temporary, &path);
    fs::remove_file(&temporary)?;
    match linked {
        Ok(()) => {
            File::open(dir)?.sync_all()?;
            Ok(key)
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            File::open(&path)?.read_exact(&mut bytes)?;
            Ok(RedactionKey::new(bytes))
        }
        Err(e) => Err(e),
    }
}
