//! Where the secret of a new service account is handed over (XFER-5): a file, an encrypted file, a command, or a page that
//! shows it once. Never a log, never the worker's output.

mod command;
mod encrypted;
mod folder;
mod page;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

pub(crate) use self::command::Command;
pub(crate) use self::encrypted::{Encrypted, recipient};
pub(crate) use self::folder::Folder;
pub(crate) use self::page::Page;

/// A name of the vendor's as a file name that cannot leave its folder or hide in it.
pub(crate) fn file_name(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    if plain.is_empty() || plain.starts_with('.') { format!("_{plain}") } else { plain }
}

/// Keeps bytes in a new file that its owner alone can read. When this returns, they are on the disk, whole.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let place = folder.join(name);
    if place.try_exists()? {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is there already", place.display())));
    }
    // Half a secret never stands under its name.
    let draft = folder.join(format!(".{name}"));
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, &place)?;
    std::fs::File::open(folder)?.sync_all()?;
    Ok(place)
}
