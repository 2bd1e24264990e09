//! One file an account.

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use leaver_core::ids::CaseId;
use leaver_engine::SecretSink;
use secrecy::{ExposeSecret as _, SecretString};

use super::{file_name, keep};

/// One file an account, readable by its owner alone, synced before it counts as handed over.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

#[async_trait]
impl SecretSink for Folder {
    async fn hand_over(&self, _case: &CaseId, username: &str, secret: &SecretString) -> io::Result<()> {
        keep(&self.0, &file_name(username), secret.expose_secret().as_bytes()).map(drop)
    }
}
