//! Where the secret of a new service account is handed over (XFER-5).

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::Stdio;

use async_trait::async_trait;
use leaver_core::ids::CaseId;
use leaver_engine::SecretSink;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::AsyncWriteExt as _;

/// One file an account, readable by its owner alone, synced before it counts as handed over.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

#[async_trait]
impl SecretSink for Folder {
    async fn hand_over(&self, _case: &CaseId, username: &str, secret: &SecretString) -> io::Result<()> {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        // A name of the vendor's must not leave the folder.
        let name: String =
            username.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.0.join(name))?;
        file.write_all(secret.expose_secret().as_bytes())?;
        file.sync_all()?;
        std::fs::File::open(&self.0)?.sync_all()
    }
}

/// A command that gets the secret on its standard input and the user name as its last argument.
#[derive(Debug)]
pub(crate) struct Command(pub(crate) Vec<String>);

#[async_trait]
impl SecretSink for Command {
    async fn hand_over(&self, _case: &CaseId, username: &str, secret: &SecretString) -> io::Result<()> {
        let Some((program, arguments)) = self.0.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"));
        };
        let mut child = tokio::process::Command::new(program)
            .args(arguments)
            .arg(username)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(secret.expose_secret().as_bytes()).await?;
            stdin.shutdown().await?;
        }
        let status = child.wait().await?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{program} ended with {status}"))) }
    }
}
