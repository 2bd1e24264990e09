//! What a pack is checked against: handed over once, on another way than the packs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{NAMESPACE, PRINCIPAL};
use crate::log::{Policy, PolicyError};
use crate::sshsig::AllowedSigner;
use crate::time_stamp::{Roots, StampError};

const TSA_ROOT: &str = "tsa-root.pem";

/// Whom somebody trusts: `allowed_signers` says which keys seal packs, `policy` which logs and witnesses count,
/// `tsa-root.pem`, where there is one, whose time stamps do: then every pack needs one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The keys that seal packs.
    pub signers: Vec<AllowedSigner>,
    /// The log and its witnesses.
    pub policy: Policy,
    /// The roots of the time-stamping authorities; `None` asks for no time stamp.
    pub time_stamps: Option<Roots>,
}

/// A trust folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file cannot be read.
    #[error("{} cannot be read", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The policy is wrong.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The roots of the time-stamping authority are none.
    #[error("{TSA_ROOT} cannot be used")]
    Roots(#[from] StampError),
    /// Nobody is trusted.
    #[error("allowed_signers trusts no Ed25519 key of {PRINCIPAL} for the namespace {NAMESPACE}")]
    Nobody,
}

impl Trust {
    /// Reads a trust folder.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn read(folder: &Path) -> Result<Self, TrustError> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|source| TrustError::Read { path, source })
        };
        let signers = AllowedSigner::read(&read("allowed_signers")?, PRINCIPAL, NAMESPACE);
        if signers.is_empty() {
            return Err(TrustError::Nobody);
        }
        let time_stamps = match read(TSA_ROOT) {
            Ok(pem) => Some(Roots::parse(&pem)?),
            Err(TrustError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { signers, policy: Policy::parse(&read("policy")?)?, time_stamps })
    }

    /// The files of the folder, by name.
    pub fn files(&self) -> Vec<(&'static str, String)> {
        let signers = self.signers.iter().map(AllowedSigner::line).collect();
        let mut files = vec![("allowed_signers", signers), ("policy", self.policy.to_string())];
        files.extend(self.time_stamps.iter().map(|roots| (TSA_ROOT, roots.pem().to_owned())));
        files
    }
}
