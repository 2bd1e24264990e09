//! One encrypted file an account, for somebody who is not on this machine.

use std::io;
use std::path::PathBuf;

use age::x25519::Recipient;
use async_trait::async_trait;
use leaver_core::ids::CaseId;
use leaver_engine::SecretSink;
use secrecy::{ExposeSecret as _, SecretString};

use super::{file_name, keep};

/// One file `NAME.age` an account, which only the holder of the recipient's key can read.
pub(crate) struct Encrypted {
    /// For whom.
    pub(crate) recipient: Recipient,
    /// Where.
    pub(crate) folder: PathBuf,
}

impl std::fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encrypted").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Reads a recipient, `age1...`. The text is not told again when it is none: it may be the secret key, put in the wrong place.
pub(crate) fn recipient(text: &str) -> Option<Recipient> {
    text.trim().parse().ok()
}

#[async_trait]
impl SecretSink for Encrypted {
    async fn hand_over(&self, _case: &CaseId, username: &str, secret: &SecretString) -> io::Result<()> {
        let sealed = age::encrypt(&self.recipient, secret.expose_secret().as_bytes()).map_err(io::Error::other)?;
        keep(&self.folder, &format!("{}.age", file_name(username)), &sealed).map(drop)
    }
}
