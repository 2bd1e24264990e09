//! Files that survive a power cut, and the system's randomness.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Bytes from the system's source of randomness.
///
/// # Errors
/// The system gives none.
pub fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    // Up to 256 bytes come whole once the system has any randomness (getrandom(2)).
    if rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())? == N {
        Ok(bytes)
    } else {
        Err(io::Error::other("the system gave too little randomness"))
    }
}

/// Puts a file in its place, whole or not at all, readable by its owner alone. When this returns, it survives a power cut.
///
/// # Errors
/// The cause from the operating system; then the old file stands, if there was one.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A bare name stands in the current folder.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.{}", crate::canonical::hex(&random::<4>()?)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // What matters is why it failed.
        drop(fs::remove_file(&draft));
    }
    written.and_then(|()| File::open(folder)?.sync_all())
}
