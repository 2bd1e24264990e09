//! The body of an answer: in memory while it is small, else in a file without a name.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use leaver_core::reading::Failure;

/// How much of a file is in memory at once.
const WINDOW: usize = 128 * 1024;

/// A body. A clone is the same bytes, not a copy.
#[derive(Clone)]
pub enum Content {
    /// In memory.
    Held(Bytes),
    /// In a file that nobody else can open; read from its beginning, whatever the position of the handle.
    Filed {
        /// The file.
        file: Arc<File>,
        /// How long it is.
        len: usize,
    },
}

impl Content {
    /// How long the body is.
    pub fn len(&self) -> usize {
        match self {
            Self::Held(bytes) => bytes.len(),
            Self::Filed { len, .. } => *len,
        }
    }

    /// Whether there is no body.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole body in memory.
    ///
    /// # Errors
    /// [`Failure::Incomplete`]: the file cannot be read.
    pub fn whole(self) -> Result<Bytes, Failure> {
        match self {
            Self::Held(bytes) => Ok(bytes),
            Self::Filed { file, len } => {
                let mut bytes = vec![0; len];
                file.read_exact_at(&mut bytes, 0).map_err(|error| unread(&error))?;
                Ok(bytes.into())
            }
        }
    }

    /// The first byte that is no white space.
    ///
    /// # Errors
    /// As [`whole`](Self::whole).
    pub(super) fn first(&self) -> Result<Option<u8>, Failure> {
        match self {
            Self::Held(bytes) => Ok(bytes.trim_ascii_start().first().copied()),
            Self::Filed { file, len } => {
                for byte in reader(file, *len).bytes() {
                    let byte = byte.map_err(|error| unread(&error))?;
                    if !byte.is_ascii_whitespace() {
                        return Ok(Some(byte));
                    }
                }
                Ok(None)
            }
        }
    }
}

impl fmt::Debug for Content {
    /// Bodies hold addresses; they stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.len())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Held(bytes.into())
    }
}

/// Reads a file from its beginning, a window at a time.
pub(super) fn reader(file: &File, len: usize) -> BufReader<impl Read> {
    BufReader::with_capacity(WINDOW.min(len.max(1)), Whole { file, at: 0 })
}

/// A handle has one position for all who share it; this one has its own.
struct Whole<'f> {
    file: &'f File,
    at: u64,
}

impl Read for Whole<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += u64::try_from(read).unwrap_or(u64::MAX);
        Ok(read)
    }
}

/// The raw answer was stored, and cannot be read back.
pub(super) fn unread(error: &io::Error) -> Failure {
    tracing::error!(%error, "read raw answer back");
    Failure::Incomplete(format!("the raw answer could not be read back: {error}"))
}

/// The text of a body, looked at piece by piece. Places are counted from its beginning.
pub(super) enum Text {
    Held {
        bytes: Vec<u8>,
        /// How much of the beginning is forgotten.
        forgotten: usize,
    },
    Filed(Filed),
}

/// A file, and the part of it that is in memory.
pub(super) struct Filed {
    file: Arc<File>,
    len: usize,
    window: RefCell<Window>,
    /// Why the file could not be read; then everything that was read since is worth nothing.
    failed: Cell<Option<io::Error>>,
    /// How large a window is.
    size: usize,
}

#[derive(Default)]
struct Window {
    at: usize,
    bytes: Vec<u8>,
}

/// Less than this is not worth moving the rest.
const PIECE: usize = 256 * 1024;

impl Text {
    pub(super) fn of(content: Content) -> Self {
        match content {
            // Nobody else holds the bytes any more, unless a sink keeps them in memory: then they are copied.
            Content::Held(bytes) => Self::Held { bytes: Vec::from(bytes), forgotten: 0 },
            Content::Filed { file, len } => Self::Filed(Filed {
                file,
                len,
                window: RefCell::default(),
                failed: Cell::default(),
                size: if cfg!(test) { 16 } else { WINDOW },
            }),
        }
    }

    /// Looks at the text from this place on: at as much as is at hand, at nothing only where the text has ended.
    pub(super) fn from<T>(&self, at: usize, look: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Held { bytes, forgotten } => {
                look(at.checked_sub(*forgotten).and_then(|at| bytes.get(at..)).unwrap_or_default())
            }
            Self::Filed(filed) => filed.from(at, 1, look),
        }
    }

    /// Looks at this part of the text; at less where it ends too early.
    pub(super) fn part<T>(&self, at: usize, len: usize, look: impl FnOnce(&[u8]) -> T) -> Result<T, Failure> {
        let cut = |bytes: &[u8]| look(bytes.get(..len).unwrap_or(bytes));
        match self {
            Self::Held { .. } => Ok(self.from(at, cut)),
            Self::Filed(filed) => {
                let seen = filed.from(at, len, cut);
                filed.failed.take().map_or(Ok(seen), |error| Err(unread(&error)))
            }
        }
    }

    /// Nothing before this place will be asked for again. Memory is given back in large pieces, so that the rest is moved
    /// a few times only.
    pub(super) fn forget(&mut self, before: usize) {
        let Self::Held { bytes, forgotten } = self else { return };
        let done = before.saturating_sub(*forgotten).min(bytes.len());
        if done > PIECE.max(bytes.len() / 8) {
            bytes.drain(..done);
            bytes.shrink_to_fit();
            *forgotten += done;
        }
    }

    /// How much memory the text still takes.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Held { bytes, .. } => bytes.capacity(),
            Self::Filed(filed) => filed.window.borrow().bytes.capacity(),
        }
    }
}

impl Filed {
    /// Looks at the text from this place on, at this much of it if there is so much.
    fn from<T>(&self, at: usize, least: usize, look: impl FnOnce(&[u8]) -> T) -> T {
        let mut window = self.window.borrow_mut();
        let wanted = least.min(self.len.saturating_sub(at));
        let inside = at.checked_sub(window.at).filter(|inside| inside + wanted <= window.bytes.len());
        let inside = inside.unwrap_or_else(|| {
            let size = self.size.max(wanted).min(self.len.saturating_sub(at));
            window.bytes.resize(size, 0);
            // A long value was an exception.
            window.bytes.shrink_to(size.max(self.size));
            window.at = at;
            if let Err(error) = self.file.read_exact_at(&mut window.bytes, u64::try_from(at).unwrap_or(u64::MAX)) {
                window.bytes.clear();
                self.failed.set(Some(error));
            }
            0
        });
        look(window.bytes.get(inside..).unwrap_or_default())
    }
}
