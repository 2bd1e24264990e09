//! Files that people bring, kept whole and unchanged under the hash of their bytes, however large: they come in piece by piece.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::canonical;

/// A file that is coming in. Dropped before [`Draft::keep`], it leaves nothing behind.
#[derive(Debug)]
pub struct Draft {
    folder: PathBuf,
    path: PathBuf,
    file: File,
    hash: Sha256,
    bytes: u64,
    kept: bool,
}

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The SHA-256 of its bytes in lower-case hex, and its name.
    pub digest: String,
    /// How many bytes.
    pub bytes: u64,
}

impl Draft {
    /// Begins a file in this folder, which is made where it is missing.
    ///
    /// # Errors
    /// The cause from the operating system.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut number = 0_u32;
        loop {
            let path = folder.join(format!(".incoming-{}-{number}", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => {
                    return Ok(Self {
                        folder: folder.to_owned(),
                        path,
                        file,
                        hash: Sha256::new(),
                        bytes: 0,
                        kept: false,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes the file durable under its hash. The same bytes twice are one file.
    ///
    /// # Errors
    /// The cause from the operating system; then nothing is left behind.
    pub fn keep(mut self) -> io::Result<Kept> {
        self.file.sync_all()?;
        let digest = canonical::hex(&std::mem::take(&mut self.hash).finalize());
        fs::rename(&self.path, self.folder.join(&digest))?;
        self.kept = true;
        File::open(&self.folder)?.sync_all()?;
        Ok(Kept { digest, bytes: self.bytes })
    }
}

impl Write for Draft {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.file.write(piece)?;
        self.hash.update(piece.get(..written).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // Whoever gave up has a reason of their own to tell.
            drop(fs::remove_file(&self.path));
        }
    }
}
