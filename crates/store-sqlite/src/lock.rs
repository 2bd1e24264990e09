//! One worker per database.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// The right to run effects on one database, for as long as it is held. The operating system takes it back when the process dies,
/// so whoever gets it knows that the leases of earlier workers are dead ([`take_over`](leaver_store::Work::take_over)).
///
/// It is a lock on a file beside the database, never on the database itself: closing a second handle of a `SQLite` file would
/// drop `SQLite`'s own locks. The file stays behind and means nothing without the lock.
#[derive(Debug)]
pub struct WorkerLock {
    path: PathBuf,
    // Held, never read: the lock lives as long as this handle.
    _file: File,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another worker runs on this database.
    #[error("another worker runs on this database: {} is locked{}", path.display(), process.map(|id| format!(" by process {id}")).unwrap_or_default())]
    Held {
        /// The lock file.
        path: PathBuf,
        /// The id of the worker's process, if the file says.
        process: Option<u32>,
    },
    /// The lock file could not be opened or locked.
    #[error("cannot lock {}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl WorkerLock {
    /// Takes the lock of the database at this path, without waiting. The database need not exist yet; its folder must.
    ///
    /// # Errors
    /// [`LockError::Held`] when another handle, in this process or any other, has it.
    pub fn acquire(database: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Io { path: database.to_owned(), source };
        // Two names of one database must give one lock file.
        let path = lock_path(&canonical(database).map_err(failed)?);
        let io = |source| LockError::Io { path: path.clone(), source };
        let mut file =
            private(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Only to name the holder: a worker that has just started may not have written its id yet.
                let process = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(LockError::Held { path, process });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        file.set_len(0).map_err(io)?;
        file.rewind().map_err(io)?;
        writeln!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { path, _file: file })
    }

    /// The lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The file's real path, also while it does not exist yet.
fn canonical(database: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(database) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = database.file_name().ok_or(error)?;
            let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(fs::canonicalize(folder.unwrap_or(Path::new(".")))?.join(name))
        }
        found => found,
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(".worker-lock");
    PathBuf::from(name)
}

/// Makes new files readable by their owner alone, where the system knows of owners.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
