//! What others hold of the log besides witnesses: the time stamps of an authority (RFC 3161), and the checkpoints in a git repository that
//! somebody else keeps.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use jiff::Timestamp;
use leaver_evidence::canonical::digest;
use leaver_evidence::files;
use leaver_evidence::log::{Checkpoint, Note, VerifyingKey};
use leaver_evidence::time_stamp::{self, Roots};
use tokio::process::Command;

use crate::config::{Config, GitConfig, TimeStampConfig};
use crate::failure::{Exit, Failure};

/// An authority that takes longer is not there.
const PATIENCE: Duration = Duration::from_secs(30);

/// The one file of the repository: the newest checkpoint. Its history is the history of the log.
const FILE: &str = "checkpoint";

/// The answer of an authority, and the time that it proves.
pub(crate) struct Stamp {
    pub(crate) answer: Vec<u8>,
    pub(crate) at: Timestamp,
}

impl TimeStampConfig {
    /// The roots that its time stamps must lead to.
    pub(crate) fn roots(&self, config: &Config) -> Result<Roots, Failure> {
        let place = config.path(&self.roots);
        let wrong = || {
            Failure::usage(
                "L430",
                format!("the roots of the time-stamping authority in {} cannot be used", place.display()),
            )
        };
        let pem = std::fs::read_to_string(&place).map_err(|error| wrong().because(&error))?;
        Roots::parse(&pem)
            .map_err(|error| wrong().because(&error).hint("put the authority's root certificate there, in PEM form"))
    }

    /// Asks the authority for a time stamp of these bytes and checks it before anything leans on it.
    pub(crate) async fn stamp(&self, config: &Config, data: &[u8]) -> Result<Stamp, Failure> {
        let roots = self.roots(config)?;
        let failed = |exit| Failure {
            exit,
            ..Failure::not_done("L430", format!("the time-stamping authority at {} gave no time stamp", self.url))
        };
        let unreachable = |error: &reqwest::Error| {
            failed(Exit::Unavailable).because(error).hint("nothing was sealed: repeat the command when it answers")
        };
        let nonce = u64::from_be_bytes(files::random().map_err(|error| failed(Exit::NotDone).because(&error))?) >> 1;
        let request = time_stamp::request(data, nonce).map_err(|error| failed(Exit::NotDone).because(&error))?;
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| unreachable(&error))?;
        let sent = client.post(self.url.clone()).header("content-type", "application/timestamp-query").body(request);
        let mut answer =
            sent.send().await.and_then(reqwest::Response::error_for_status).map_err(|error| unreachable(&error))?;
        let mut bytes = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| unreachable(&error))? {
            bytes.extend_from_slice(&part);
            if bytes.len() > time_stamp::LONGEST {
                return Err(failed(Exit::NotDone).hint("the answer is longer than any time stamp"));
            }
        }
        let at = time_stamp::answers(&bytes, data, nonce, &roots).map_err(|error| {
            failed(Exit::NotDone)
                .because(&error)
                .hint("nothing was sealed: compare 'url' and 'roots' of [time_stamp] with what the authority publishes")
        })?;
        Ok(Stamp { answer: bytes, at })
    }
}

/// The clone through which the repository is reached.
pub(crate) struct Git<'a> {
    config: &'a GitConfig,
    folder: PathBuf,
}

impl<'a> Git<'a> {
    /// The clone in the log's folder; made the first time.
    pub(crate) async fn open(config: &'a GitConfig, log: &Path) -> Result<Self, Failure> {
        let git = Self { config, folder: log.join("anchor") };
        if !git.folder.join(".git").exists() {
            std::fs::create_dir_all(&git.folder).map_err(|error| git.failed().because(&error))?;
            git.run(&["init", "--quiet"]).await?;
        }
        Ok(git)
    }

    /// The newest checkpoint of this log in the repository; `None` while it is empty.
    pub(crate) async fn seen(&self, log: &VerifyingKey) -> Result<Option<Checkpoint>, Failure> {
        let Some(head) = self.head().await? else {
            if self.run(&["rev-parse", "--verify", "--quiet", &self.anchored()]).await.is_err() {
                return Ok(None);
            }
            return Err(Failure::not_done(
                "L423",
                format!("branch '{}' of {} is gone, and checkpoints were in it: nothing is signed", self.config.branch, self.config.remote),
            )
            .hint("whoever keeps the repository must put it back; if it was made anew on purpose, remove the folder 'log/anchor'"));
        };
        self.run(&["fetch", "--quiet", self.config.remote.as_str(), &self.reference()]).await?;
        self.run(&["update-ref", "refs/heads/leaver", &head]).await?;
        let shown = self.run(&["show", &format!("{head}:{FILE}")]).await?;
        Note::parse(&shown.stdout).and_then(|note| Checkpoint::signed(&note, log)).map(Some).map_err(|error| {
            Failure::not_done("L423", format!("'{FILE}' in {} is no checkpoint of this log", self.config.remote))
                .because(&error)
                .hint(
                    "give each log a repository of its own; if it was this one's, somebody changed the log or its key",
                )
        })
    }

    /// Adds a checkpoint, and reads back that the repository has it. A push that would replace history is refused by git.
    pub(crate) async fn put(&self, checkpoint: &Note) -> Result<(), Failure> {
        let text = checkpoint.to_string();
        let head = self.head().await?;
        if let Some(head) = &head
            && self.run(&["show", &format!("{head}:{FILE}")]).await.is_ok_and(|shown| shown.stdout == text.as_bytes())
        {
            return Ok(());
        }
        files::replace(&self.folder.join(FILE), text.as_bytes()).map_err(|error| self.failed().because(&error))?;
        self.run(&["symbolic-ref", "HEAD", "refs/heads/leaver"]).await?;
        self.run(&["add", "--force", FILE]).await?;
        let size = checkpoint.text().lines().nth(1).unwrap_or_default().to_owned();
        let says = format!("checkpoint at size {size}");
        let by = ["-c", "user.name=leaver", "-c", "user.email=leaver@localhost", "-c", "commit.gpgsign=false"];
        let commit = [by.as_slice(), &["commit", "--quiet", "--allow-empty", "--message", &says]].concat();
        self.run(&commit).await?;
        let own = self.run(&["rev-parse", "HEAD"]).await?;
        let own = String::from_utf8_lossy(&own.stdout).trim().to_owned();
        let to = format!("HEAD:{}", self.reference());
        self.run(&["push", "--quiet", self.config.remote.as_str(), &to]).await?;
        if self.head().await?.as_deref() == Some(&own) {
            self.run(&["update-ref", &self.anchored(), "HEAD"]).await?;
            return Ok(());
        }
        Err(self.failed().hint("the push was taken and the branch does not show it: repeat the command"))
    }

    /// The commit that the branch has in the repository.
    async fn head(&self) -> Result<Option<String>, Failure> {
        let listed = self.run(&["ls-remote", self.config.remote.as_str(), &self.reference()]).await?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        Ok(listed.split_whitespace().next().map(str::to_owned))
    }

    fn reference(&self) -> String {
        format!("refs/heads/{}", self.config.branch)
    }

    /// What remembers that this branch of this repository had a checkpoint.
    fn anchored(&self) -> String {
        format!("refs/leaver/{}", digest(format!("{} {}", self.config.remote, self.config.branch).as_bytes()))
    }

    fn failed(&self) -> Failure {
        Failure::not_done("L431", format!("the checkpoint cannot be put into {}", self.config.remote))
    }

    async fn run(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let mut command = Command::new("git");
        // Nobody sits there to answer a question.
        command.current_dir(&self.folder).args(arguments).env("GIT_TERMINAL_PROMPT", "0").kill_on_drop(true);
        command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
        command.stdin(std::process::Stdio::null());
        let output = tokio::time::timeout(PATIENCE, command.output())
            .await
            .map_err(|_| Failure {
                exit: Exit::Unavailable,
                ..self.failed().hint("git took too long: is the repository reachable?")
            })?
            .map_err(|error| self.failed().because(&error).hint("is git installed?"))?;
        if output.status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().trim().to_owned();
        let what = arguments.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default();
        Err(Failure { exit: Exit::Unavailable, causes: vec![format!("git {what}: {said}")], ..self.failed() }
            .hint("the log itself is signed: repeat the command when the repository answers"))
    }
}
