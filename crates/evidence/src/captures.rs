//! Raw answers on disk, one file each, named by the hash of the file.
//!
//! A file is one line of canonical JSON ([`Meta`]), a line feed, and the body. Canonical JSON has no raw line feed, so
//! the first one ends the line. The digest covers both parts: nobody can exchange the time of an answer and keep its
//! name. `sha256sum` of the file is its name.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::canonical;
use crate::files::random;
use crate::redact::{self, Redacted, RedactionKey};
pub use crate::sinks::{MemorySink, NullSink};

/// One answer of a vendor, as it may be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Capture {
    meta: Meta,
    body: Bytes,
}

/// What is known about an answer besides its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The HTTP method of the request.
    pub method: String,
    /// The URL of the request, without credentials.
    pub url: String,
    /// The name of the credential that asked; never the secret.
    pub credential: String,
    /// When the request was handed to the network.
    pub sent_at: Timestamp,
    /// When the last byte of the answer had arrived.
    pub ended_at: Timestamp,
    /// The vendor's own `Date` header.
    pub vendor_date: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// Whether the organization is a rehearsal; then this is evidence of nothing.
    pub rehearsal: bool,
    /// `false`: the connection was cut before the end of the body.
    pub whole: bool,
    /// Set when fields were taken out.
    pub redacted: Option<Redacted>,
}

impl Capture {
    /// A capture of an answer that bears no secret: the body is kept byte for byte, and not copied.
    pub fn plain(meta: Meta, body: impl Into<Bytes>) -> Self {
        Self { meta: Meta { redacted: None, ..meta }, body: body.into() }
    }

    /// A capture of an answer that bears a secret: the original bytes are dropped here.
    pub fn redacted(meta: Meta, body: &[u8], key: &RedactionKey) -> Self {
        let (body, redacted) = redact::redact(key, body);
        Self { meta: Meta { redacted: Some(redacted), ..meta }, body: body.into() }
    }

    /// A capture of an answer of which nothing may be kept: the original bytes are dropped here, whatever they are.
    pub fn withheld(meta: Meta, body: &[u8], key: &RedactionKey) -> Self {
        let (body, redacted) = redact::withhold(key, body);
        Self { meta: Meta { redacted: Some(redacted), ..meta }, body: body.into() }
    }

    /// What is known about the answer.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The body as it is stored.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The bytes of the file: canonical metadata, a line feed, the body.
    ///
    /// # Errors
    /// The metadata cannot be written as JSON, which does not happen with [`Meta`].
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = self.head()?;
        bytes.extend_from_slice(&self.body);
        Ok(bytes)
    }

    /// The digest: the SHA-256 of the bytes of the file, in lower-case hex.
    ///
    /// # Errors
    /// As [`Capture::to_bytes`].
    pub fn digest(&self) -> io::Result<String> {
        Content::Bytes(&self.body).digest_after(&self.head()?)
    }

    /// What stands before the body in the file.
    fn head(&self) -> io::Result<Vec<u8>> {
        head_of(&self.meta)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// The first line is not the metadata of a capture.
    pub fn from_bytes(bytes: &[u8]) -> io::Result<Self> {
        let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
        let (Some(head), Some(body)) = (parts.next(), parts.next()) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a capture has no body"));
        };
        let meta = serde_json::from_slice(head).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        Ok(Self { meta, body: Bytes::copy_from_slice(body) })
    }
}

impl fmt::Debug for Capture {
    /// Bodies hold addresses; they stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("meta", &self.meta).field("body_bytes", &self.body.len()).finish()
    }
}

/// What stands before the body in the file of a capture.
fn head_of(meta: &Meta) -> io::Result<Vec<u8>> {
    let mut head = match &meta.redacted {
        None => serde_json::to_vec(&Ordered::of(meta))?,
        Some(_) => canonical::of(meta).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?.into_bytes(),
    };
    head.push(b'\n');
    Ok(head)
}

/// The fields of a [`Meta`] in canonical order: an inventory writes ten thousand of them, and putting them in order afterwards costs
/// several times as much as writing them.
#[derive(Serialize)]
struct Ordered<'m> {
    content_type: Option<&'m str>,
    credential: &'m str,
    ended_at: Timestamp,
    method: &'m str,
    redacted: Option<&'m Redacted>,
    rehearsal: bool,
    sent_at: Timestamp,
    status: u16,
    url: &'m str,
    vendor_date: Option<&'m str>,
    whole: bool,
}

impl<'m> Ordered<'m> {
    fn of(meta: &'m Meta) -> Self {
        let Meta {
            method,
            url,
            credential,
            sent_at,
            ended_at,
            vendor_date,
            status,
            content_type,
            rehearsal,
            whole,
            redacted,
        } = meta;
        Self {
            content_type: content_type.as_deref(),
            credential,
            ended_at: *ended_at,
            method,
            redacted: redacted.as_ref(),
            rehearsal: *rehearsal,
            sent_at: *sent_at,
            status: *status,
            url,
            vendor_date: vendor_date.as_deref(),
            whole: *whole,
        }
    }
}

/// The body of a capture while it is stored.
#[derive(Clone, Copy)]
enum Content<'a> {
    Bytes(&'a [u8]),
    /// The whole file, whatever the position of the handle.
    File(&'a File),
}

impl Content<'_> {
    /// Looks at the body piece by piece, in order.
    fn each(self, mut look: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => look(bytes),
            Self::File(file) => {
                let mut piece = vec![0; LARGE];
                let mut at = 0;
                loop {
                    let read = match file.read_at(&mut piece, at) {
                        Ok(0) => return Ok(()),
                        Ok(read) => read,
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                        Err(e) => return Err(e),
                    };
                    look(piece.get(..read).unwrap_or_default())?;
                    at += u64::try_from(read).unwrap_or(u64::MAX);
                }
            }
        }
    }

    fn digest_after(self, head: &[u8]) -> io::Result<String> {
        let mut hash = Sha256::new();
        hash.update(head);
        self.each(|piece| {
            hash.update(piece);
            Ok(())
        })?;
        Ok(canonical::hex(&hash.finalize()))
    }
}

/// Where captures go. Calls block; an asynchronous caller hands them to a thread for blocking work.
pub trait CaptureSink: Send + Sync + fmt::Debug {
    /// Keeps the capture and returns its digest (SHA-256, lower-case hex). When it returns, the capture is durable.
    ///
    /// # Errors
    /// The cause from the operating system, such as [`io::ErrorKind::StorageFull`].
    fn put(&self, capture: &Capture) -> io::Result<String>;

    /// Keeps several captures; the digests come in their order.
    ///
    /// # Errors
    /// As [`CaptureSink::put`]; then some of them may have been kept.
    fn put_all(&self, captures: &[Capture]) -> io::Result<Vec<String>> {
        captures.iter().map(|capture| self.put(capture)).collect()
    }

    /// Keeps the capture as [`put`](Self::put) does, except that it may be lost in a power cut until [`settle`](Self::settle)
    /// has returned: for many captures that become durable together.
    ///
    /// # Errors
    /// As [`CaptureSink::put`].
    fn stage(&self, capture: &Capture) -> io::Result<String> {
        self.put(capture)
    }

    /// Makes everything durable that was staged before, by whomever.
    ///
    /// # Errors
    /// The cause from the operating system; then what was staged may be lost, and the next call tries again.
    fn settle(&self) -> io::Result<()> {
        Ok(())
    }

    /// An empty file without a name, for a body that is too large to be held in memory. It is gone when it is closed, also by
    /// the end of the process. Never for an answer that bears a secret. `None`: this sink wants bodies in memory.
    ///
    /// # Errors
    /// The cause from the operating system.
    fn spool(&self) -> io::Result<Option<File>> {
        Ok(None)
    }

    /// Keeps a capture as [`stage`](Self::stage) does; its body, which bears no secret, is the whole of a file.
    ///
    /// # Errors
    /// As [`CaptureSink::stage`]; or the body cannot be read.
    fn stage_spooled(&self, meta: Meta, body: &File) -> io::Result<String> {
        let mut bytes = Vec::new();
        Content::File(body).each(|piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        self.stage(&Capture::plain(meta, bytes))
    }

    /// The key for hashes of redacted answers; it belongs to the installation, as the sink does.
    fn key(&self) -> &RedactionKey;
}

/// A body up to this size is written together with what stands before it.
const LARGE: usize = 64 * 1024;

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
