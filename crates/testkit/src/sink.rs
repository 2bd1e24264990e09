//! Where secrets of new service accounts end in a test.

use std::io;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use leaver_core::ids::CaseId;
use secrecy::SecretString;

/// One secret that was handed over.
#[derive(Debug, Clone)]
pub struct Handed {
    /// By which case.
    pub case: CaseId,
    /// Of which account.
    pub username: String,
    /// The secret; it cannot be printed.
    pub secret: SecretString,
}

/// Keeps what is handed over.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Vec<Handed>>);

impl Kept {
    /// Everything that was handed over so far.
    pub fn all(&self) -> Vec<Handed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl leaver_engine::SecretSink for Kept {
    async fn hand_over(&self, case: &CaseId, username: &str, secret: &SecretString) -> io::Result<()> {
        let handed = Handed { case: case.clone(), username: username.to_owned(), secret: secret.clone() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(handed);
        Ok(())
    }
}
