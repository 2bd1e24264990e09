//! Time: the machine's, or that of a sandbox.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use leaver_connectors::Clock as Now;
use leaver_engine::Clock;
use url::Url;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Machine;

impl Now for Machine {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

#[async_trait]
impl Clock for Machine {
    async fn wait_until(&self, at: Timestamp) {
        let left = at.duration_since(self.now());
        // Look again after a while in any case: the machine may have slept.
        let left = Duration::try_from(left).unwrap_or_default().min(Duration::from_mins(1));
        pause(left).await;
    }
}

/// A sandbox's clock. It is asked while somebody waits, and stands still in between.
#[derive(Debug)]
pub(crate) struct Sandbox {
    control: Url,
    client: reqwest::Client,
    last: Mutex<Timestamp>,
    moves: bool,
}

impl Sandbox {
    /// Asks the sandbox for its time. `moves`: waiting moves the clock instead of passing real time.
    pub(crate) async fn ask(control: &Url, moves: bool) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        let clock = Self { control: control.clone(), client, last: Mutex::new(Timestamp::UNIX_EPOCH), moves };
        clock.refresh().await?;
        Ok(clock)
    }

    fn address(&self) -> String {
        format!("{}/_sandbox/clock", self.control.as_str().trim_end_matches('/'))
    }

    async fn refresh(&self) -> Result<Timestamp, reqwest::Error> {
        let answer: serde_json::Value =
            self.client.get(self.address()).send().await?.error_for_status()?.json().await?;
        Ok(self.take(&answer))
    }

    fn take(&self, answer: &serde_json::Value) -> Timestamp {
        let now = answer.get("now").and_then(|now| now.as_str()).and_then(|now| now.parse().ok());
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(now) = now {
            *last = (*last).max(now);
        }
        *last
    }

    /// Moves the sandbox's clock.
    pub(crate) async fn advance(&self, seconds: i64) -> Result<(), reqwest::Error> {
        let body = serde_json::json!({ "advance": seconds });
        let answer = self.client.post(self.address()).json(&body).send().await?.error_for_status()?.json().await?;
        self.take(&answer);
        Ok(())
    }
}

impl Now for Sandbox {
    fn now(&self) -> Timestamp {
        *self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[async_trait]
impl Clock for Sandbox {
    async fn wait_until(&self, at: Timestamp) {
        if self.moves {
            let left = at.duration_since(self.now());
            let seconds = left.as_secs().saturating_add(1).max(1);
            if self.advance(seconds).await.is_ok() {
                return;
            }
        }
        pause(Duration::from_millis(200)).await;
        if self.refresh().await.is_err() {
            pause(Duration::from_secs(1)).await;
        }
    }
}

/// The one place where real time passes on purpose.
#[expect(clippy::disallowed_methods, reason = "the one place where this program sleeps")]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
