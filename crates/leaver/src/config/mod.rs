//! `leaver.toml`: what it may say, and where a secret is found. Secrets stand in files or variables, never in it.

mod in_force;
mod provider;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use leaver_core::ids::{Address, Digest};
use leaver_core::plan::Policy;
use leaver_evidence::log::{Purpose, VerifyingKey};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

pub(crate) use self::provider::{
    Brand, ByHandConfig, CanaryConfig, DirectoryConfig, EntraConfig, GoogleConfig, LoginConfig, OktaConfig,
    ProviderConfig,
};
use crate::failure::Failure;
use crate::sinks;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Who acts when `--as` is not given.
    pub(crate) me: Option<String>,
    /// Where the database is.
    #[serde(default = "default_database")]
    pub(crate) database: PathBuf,
    /// Where raw answers are kept.
    #[serde(default = "default_evidence")]
    pub(crate) evidence: PathBuf,
    /// Another clock than the machine's.
    pub(crate) clock: Option<ClockConfig>,
    /// Who outside sees the log.
    #[serde(default)]
    pub(crate) witness: WitnessConfig,
    /// An authority that stamps the time of every pack (RFC 3161).
    pub(crate) time_stamp: Option<TimeStampConfig>,
    /// Where else the checkpoints of the log are put.
    #[serde(default)]
    pub(crate) anchor: AnchorConfig,
    /// Where packs are stored that nobody can delete before their time.
    pub(crate) storage: Option<StorageConfig>,
    /// The people, by a short name.
    #[serde(default)]
    pub(crate) people: BTreeMap<String, PersonConfig>,
    /// The organizations, by a short name.
    #[serde(default)]
    pub(crate) organizations: BTreeMap<String, OrganizationConfig>,
    /// The folder of the file: paths are relative to it.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
    /// The SHA-256 of the roots that time stamps must lead to, whatever the file says.
    #[serde(skip)]
    pub(crate) stamps_in_force: Option<Digest>,
    /// The SHA-256 of the file.
    #[serde(skip)]
    pub(crate) digest: Option<Digest>,
}

fn default_database() -> PathBuf {
    PathBuf::from("leaver.db")
}

fn default_evidence() -> PathBuf {
    PathBuf::from("evidence")
}

/// Another clock.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockConfig {
    /// The control address of a sandbox.
    pub(crate) source: Url,
}

/// Who outside sees the log, and how many of them must.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WitnessConfig {
    /// So many must sign; 0 asks for none.
    #[serde(default)]
    pub(crate) quorum: usize,
    /// The witnesses, by a short name.
    #[serde(default)]
    pub(crate) outside: BTreeMap<String, OutsideWitness>,
}

/// A witness that somebody else runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutsideWitness {
    /// Where it answers.
    pub(crate) url: Url,
    /// Its public key, as it prints it.
    pub(crate) key: String,
}

impl WitnessConfig {
    /// The keys of the witnesses. Fewer than must sign may be left of them: then a case stays open.
    pub(crate) fn keys(&self) -> Result<BTreeMap<String, VerifyingKey>, Failure> {
        let read = |(name, witness): (&String, &OutsideWitness)| match VerifyingKey::parse(&witness.key) {
            Ok(key) if key.purpose() == Purpose::Witness && is_word(name) => Ok((name.clone(), key)),
            Ok(_) => {
                Err(Failure::usage("L426", format!("witness '{name}' has a name or a key that is not a witness's")))
            }
            Err(error) => Err(Failure::usage("L426", format!("the key of witness '{name}' is wrong")).because(&error)),
        };
        let keys: BTreeMap<_, _> = self
            .outside
            .iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(|failure| failure.hint("copy the line that 'leaver witness' prints when it starts"))?;
        Ok(keys)
    }

    fn check(&self) -> Result<(), Failure> {
        let (asked, named) = (self.quorum, self.keys()?.len());
        if asked > named {
            return Err(Failure::usage("L426", format!("{asked} witnesses must sign, and {named} are named"))
                .hint("name more in [witness.outside.NAME], or ask for fewer"));
        }
        Ok(())
    }
}

/// A name that can stand in a policy.
fn is_word(name: &str) -> bool {
    !matches!(name, "none" | "outside")
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// An authority that stamps the time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeStampConfig {
    /// Where it answers.
    pub(crate) url: Url,
    /// A file with its root certificate, in PEM form.
    pub(crate) roots: PathBuf,
}

/// Where else the checkpoints of the log are put.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnchorConfig {
    /// A repository that somebody else keeps.
    pub(crate) git: Option<GitConfig>,
}

/// A git repository. Whoever keeps it should refuse pushes that replace history.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GitConfig {
    /// Its address, as git takes it; a relative path is one from where git runs, so give whole ones.
    pub(crate) remote: String,
    /// The branch.
    #[serde(default = "default_branch")]
    pub(crate) branch: String,
}

fn default_branch() -> String {
    "checkpoints".to_owned()
}

/// The address enters the journal: what git needs to get in stands in its own credential helper or key.
fn has_password(remote: &str) -> bool {
    Url::parse(remote).is_ok_and(|url| url.password().is_some())
}

/// A bucket with Object Lock, in an account of somebody else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StorageConfig {
    /// Where the service answers, such as `https://s3.eu-central-1.amazonaws.com`.
    pub(crate) endpoint: Url,
    /// The region that requests are signed for.
    pub(crate) region: String,
    /// The bucket.
    pub(crate) bucket: String,
    /// The access key; it needs to put and read objects and their retention, and nothing else.
    pub(crate) access_key: String,
    /// Its secret.
    pub(crate) secret: SecretRef,
    /// What the names of all packs begin with.
    #[serde(default)]
    pub(crate) prefix: String,
    /// For so many years a pack cannot be deleted.
    #[serde(default = "seven")]
    pub(crate) years: u32,
}

fn seven() -> u32 {
    7
}

/// A person.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonConfig {
    /// Their address.
    pub(crate) address: String,
    /// Their name.
    pub(crate) name: Option<String>,
}

/// An organization.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationConfig {
    /// The vendor's number.
    pub(crate) id: u64,
    /// Where its data lives.
    #[serde(default)]
    pub(crate) region: RegionConfig,
    /// Another address than the vendor's: a rehearsal.
    pub(crate) base_url: Option<Url>,
    /// The organization's own mail domains.
    #[serde(default)]
    pub(crate) own_domains: Vec<String>,
    /// The domains that SCIM reaches.
    #[serde(default)]
    pub(crate) claimed_domains: Vec<String>,
    /// Who asks, unless `--as` says otherwise.
    pub(crate) requester: Option<String>,
    /// Who approves.
    pub(crate) approver: Option<String>,
    /// Who does the guided clicks.
    pub(crate) executor: Option<String>,
    /// Who takes the boards over.
    pub(crate) successor: Option<String>,
    /// The credential.
    pub(crate) service_account: ServiceAccountConfig,
    /// SCIM, if the organization has it and no identity provider owns it.
    pub(crate) scim: Option<ScimConfig>,
    /// The identity provider that gives the Mixpanel application, where it is Okta.
    pub(crate) okta: Option<OktaConfig>,
    /// The identity provider that gives the Mixpanel application, where it is Microsoft Entra ID.
    pub(crate) entra: Option<EntraConfig>,
    /// The identity provider that gives the Mixpanel application, where it is Google Workspace.
    pub(crate) google: Option<GoogleConfig>,
    /// The identity provider that gives the Mixpanel application, where its own directory is read by SCIM.
    pub(crate) directory: Option<DirectoryConfig>,
    /// Another identity provider, which people look after themselves.
    pub(crate) provider: Option<ByHandConfig>,
    /// Two accounts that exist for nothing else, whose sign-ins show whom the identity provider refuses.
    pub(crate) canary: Option<CanaryConfig>,
    /// The login of the successor, with which boards are copied, so that the copies are theirs.
    pub(crate) successor_login: Option<SuccessorLogin>,
    /// Where secrets of new service accounts go.
    #[serde(default)]
    pub(crate) secrets: SinkConfig,
    /// Rules that differ from the defaults.
    #[serde(default)]
    pub(crate) policy: Policy,
    /// How many requests may be under way at once.
    pub(crate) concurrency: Option<usize>,
}

/// The vendor's regions.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RegionConfig {
    /// United States.
    #[default]
    Us,
    /// European Union.
    Eu,
    /// India.
    In,
}

/// A service account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceAccountConfig {
    /// Its user name.
    pub(crate) username: String,
    /// Its secret.
    pub(crate) secret: SecretRef,
}

/// SCIM access.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScimConfig {
    /// Another address than the vendor's.
    pub(crate) base_url: Option<Url>,
    /// The token.
    pub(crate) token: SecretRef,
}

/// The successor's own login.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuccessorLogin {
    /// An OAuth bearer of theirs.
    pub(crate) bearer: SecretRef,
}

/// Where a secret stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub(crate) enum SecretRef {
    /// In a file that its owner alone can read.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

/// Where the secret of a new service account is handed over.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub(crate) enum SinkConfig {
    /// A folder: one file an account, readable by its owner alone.
    Folder(PathBuf),
    /// A command that gets the secret on its standard input and the user name as its last argument.
    Command(Vec<String>),
    /// One encrypted file an account.
    Age(AgeConfig),
    /// A page on this machine that shows the secret once: where it listens.
    Page(SocketAddr),
}

/// An encrypted file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgeConfig {
    /// Who can read it: `age1...`.
    pub(crate) recipient: String,
    /// The folder of the files.
    #[serde(default = "default_handed_over")]
    pub(crate) folder: PathBuf,
}

fn default_handed_over() -> PathBuf {
    PathBuf::from("handed-over")
}

impl Default for SinkConfig {
    fn default() -> Self {
        Self::Folder(default_handed_over())
    }
}

impl SinkConfig {
    /// What would keep a secret from being handed over is told before anything is sent, not when the secret is there.
    fn check(&self, organization: &str) -> Result<(), Failure> {
        let wrong = |what: &str, hint: &str| {
            Err(Failure::usage("L024", format!("the secrets of organization '{organization}' {what}")).hint(hint))
        };
        match self {
            Self::Command(line) if line.is_empty() => {
                wrong("go to an empty command", "name a program, such as secrets = { command = [\"vault-put\"] }")
            }
            Self::Age(age) if sinks::recipient(&age.recipient).is_none() => wrong(
                "go to something that is not an age recipient",
                "give the public key, age1..., that age-keygen printed; never the secret key",
            ),
            Self::Page(listen) if !listen.ip().is_loopback() => wrong(
                &format!("would be shown on {listen}, which is not this machine alone"),
                "give an address of this machine, such as secrets = { page = \"127.0.0.1:0\" }",
            ),
            Self::Folder(_) | Self::Command(_) | Self::Age(_) | Self::Page(_) => Ok(()),
        }
    }
}

/// A file that others can read keeps no secret.
fn private(path: &Path, of: &str) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;

    match std::fs::metadata(path) {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let shown = path.display();
            Err(Failure::usage("L007", format!("the secret of {of} in {shown} can be read by others"))
                .hint(format!("chmod 600 {shown}")))
        }
        // A file that is not there is told when it is read.
        Ok(_) | Err(_) => Ok(()),
    }
}

impl Config {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let failure = Failure::usage("L001", format!("the configuration {shown} cannot be read")).because(&error);
            if error.kind() == std::io::ErrorKind::NotFound {
                failure.hint("'leaver init' writes one; --config names another place")
            } else {
                failure
            }
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|error| {
            let place = error.span().map_or_else(String::new, |span| {
                let before = text.get(..span.start).unwrap_or("");
                let line = before.matches('\n').count() + 1;
                let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
                format!(" at line {line}, column {column}")
            });
            Failure::usage("L003", format!("the configuration {shown} is wrong{place}: {}", error.message()))
        })?;
        config.folder = path
            .parent()
            .map(Path::to_path_buf)
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or_else(|| PathBuf::from("."));
        config.digest = Some(Digest::of(text.as_bytes()));
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Failure> {
        self.witness.check()?;
        if let Some(git) = &self.anchor.git
            && (git.remote.starts_with('-')
                || git.remote.is_empty()
                || !is_word(&git.branch)
                || has_password(&git.remote))
        {
            return Err(Failure::usage("L431", "[anchor.git] names no repository and branch that can be taken")
                .hint("give remote = \"git@host:evidence.git\", without a password, and a branch of letters, digits, '-' and '_'"));
        }
        for (name, organization) in &self.organizations {
            organization.secrets.check(name)?;
            organization.check_provider(name)?;
            let people = [
                ("requester", &organization.requester),
                ("approver", &organization.approver),
                ("executor", &organization.executor),
                ("successor", &organization.successor),
            ];
            for (role, person) in people {
                if let Some(person) = person
                    && !self.people.contains_key(person)
                {
                    return Err(Failure::usage(
                        "L004",
                        format!("the {role} of organization '{name}' is '{person}', and the configuration has no such person"),
                    )
                    .hint(format!("add a section [people.{person}] with an address")));
                }
            }
        }
        for (name, person) in &self.people {
            Address::parse(&person.address)
                .map_err(|error| Failure::usage("L005", format!("the address of person '{name}' is wrong: {error}")))?;
        }
        if let Some(clock) = &self.clock {
            let loopback = |url: &Url| matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
            let all =
                self.organizations.values().all(|organization| organization.base_url.as_ref().is_some_and(loopback));
            if !all || !loopback(&clock.source) {
                return Err(Failure::usage(
                    "L006",
                    "another clock is allowed only when every address is on this machine",
                )
                .hint("take [clock] out, or keep this configuration for rehearsals alone"));
            }
        }
        Ok(())
    }

    /// A path of the configuration, from the working folder.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// Looks a secret up.
    pub(crate) fn secret(&self, secret: &SecretRef, of: &str) -> Result<SecretString, Failure> {
        let text = match secret {
            SecretRef::File(path) => {
                let path = self.path(path);
                private(&path, of)?;
                std::fs::read_to_string(&path).map_err(|error| {
                    Failure::usage("L007", format!("the secret of {of} cannot be read from {}", path.display()))
                        .because(&error)
                })?
            }
            SecretRef::Env(name) => std::env::var(name).map_err(|error| {
                Failure::usage("L007", format!("the secret of {of} is not in the variable {name}")).because(&error)
            })?,
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(Failure::usage("L007", format!("the secret of {of} is empty")));
        }
        Ok(SecretString::from(trimmed.to_owned()))
    }
}
