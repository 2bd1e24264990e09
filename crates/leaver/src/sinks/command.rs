//! A command that takes the secret.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use leaver_core::ids::CaseId;
use leaver_engine::SecretSink;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::AsyncWriteExt as _;

/// A command that gets the secret on its standard input and the user name as its last argument.
#[derive(Debug)]
pub(crate) struct Command {
    /// The program and its arguments.
    pub(crate) line: Vec<String>,
    /// After this time it is killed, and the secret counts as not handed over.
    pub(crate) patience: Duration,
}

impl Command {
    /// The usual time that a command has.
    pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
}

#[async_trait]
impl SecretSink for Command {
    async fn hand_over(&self, _case: &CaseId, username: &str, secret: &SecretString) -> io::Result<()> {
        let Some((program, arguments)) = self.line.split_first() else {
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
        let taken = async {
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(secret.expose_secret().as_bytes()).await?;
                stdin.shutdown().await?;
            }
            child.wait().await
        };
        let Ok(ended) = tokio::time::timeout(self.patience, taken).await else {
            child.kill().await?;
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("{program} did not end within {} s and was killed", self.patience.as_secs()),
            ));
        };
        let status = ended?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{program} ended with {status}"))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(script: &str, patience: Duration) -> io::Result<()> {
        let line = ["sh", "-c", script].map(str::to_owned).to_vec();
        let secret = SecretString::from("the secret");
        Command { line, patience }.hand_over(&CaseId::new("case_1"), "new.1a2b", &secret).await
    }

    #[tokio::test]
    async fn it_gets_secret_and_name_and_says_by_its_exit_code_whether_it_took_them() {
        run("test \"$(cat)\" = 'the secret' && test \"$0\" = new.1a2b", Command::PATIENCE).await.unwrap();
        let refused = run("cat > /dev/null; exit 7", Command::PATIENCE).await.unwrap_err();
        assert!(refused.to_string().contains("exit status: 7"), "{refused}");
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_killed_and_took_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let script = format!("echo $$ > {}; cat > /dev/null; exec sleep 600", pid.display());
        let late = run(&script, Duration::from_secs(2)).await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut, "{late}");
        let pid = std::fs::read_to_string(pid).unwrap();
        assert!(!std::path::Path::new("/proc").join(pid.trim()).join("exe").exists(), "it still runs");
    }
}
