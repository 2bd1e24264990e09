//! Raw answers on disk, one file each, named by the hash of the file.
//!
//! A file is one line of canonical JSON ([`Meta`]), a line feed, and the body. Canonical JSON has no raw line feed, so
//! the first one ends the line. The digest covers both parts: nobody can exchange the time of an answer and keep its
//! name. `sha256sum` of the file is its name.

mod store;

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use self::store::CaptureStore;
use crate::canonical;
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
