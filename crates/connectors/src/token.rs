//! Access tokens that are asked for (RFC 6749): one at a time, kept in memory until shortly before they end.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use leaver_core::reading::Failure;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::http::{Answer, Auth, Lost, classify};

/// A token that ends sooner than this is not used any more.
const SPARE: SignedDuration = SignedDuration::from_mins(5);

/// A token is not kept longer than this, whatever is said of it.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// The token that is held, if there is one, and until when it is used.
#[derive(Default)]
pub(crate) struct Held(Mutex<Option<(Arc<Auth>, Timestamp)>>);

impl Held {
    /// The token that is held, or the one that is asked for. Whoever comes meanwhile waits for the same.
    ///
    /// # Errors
    /// None was given; then nothing was sent of what it was wanted for.
    pub(crate) async fn get(
        &self,
        now: Timestamp,
        ask: impl Future<Output = Result<(Auth, SignedDuration), Failure>>,
    ) -> Result<Arc<Auth>, Lost> {
        let mut held = self.0.lock().await;
        if let Some((auth, _)) = held.as_ref().filter(|(_, until)| *until > now) {
            return Ok(Arc::clone(auth));
        }
        let (auth, lives) = ask.await.map_err(Lost::Before)?;
        let auth = Arc::new(auth);
        let until = now.checked_add(lives - SPARE).unwrap_or(now);
        *held = Some((Arc::clone(&auth), until));
        Ok(auth)
    }

    /// Forgets a token that was refused, if it is still the one that is held.
    pub(crate) async fn forget(&self, refused: &Arc<Auth>) {
        let mut held = self.0.lock().await;
        if held.as_ref().is_some_and(|(auth, _)| Arc::ptr_eq(auth, refused)) {
            *held = None;
        }
    }
}

/// The token in an answer, under the name of our credential, and how long it lives.
///
/// # Errors
/// [`Failure::Unauthorized`]: we are refused, which is said with 400 or 401 (RFC 6749, 5.2). Anything else that a read can end with.
pub(crate) async fn given(answer: Answer, name: &str) -> Result<(Auth, SignedDuration), Failure> {
    if matches!(answer.status, 400 | 401) {
        return Err(Failure::Unauthorized);
    }
    let given = classify::read(Ok(answer)).await?;
    let token = given.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Failure::Malformed("the login gave no token".to_owned()))?;
    let lives = given.get("expires_in").and_then(Value::as_i64).unwrap_or(0).max(0);
    let lives = SignedDuration::from_secs(lives).min(LONGEST);
    let auth = Auth::bearer(name, &SecretString::from(token));
    let auth = auth.ok_or_else(|| Failure::Malformed("the login gave a token that no header can carry".to_owned()))?;
    Ok((auth, lives))
}
