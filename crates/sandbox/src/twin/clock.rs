//! The twin's clock.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use crate::options::ClockMode;

/// Start, real time passed if running, and all advances.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Timestamp,
    running_since: Option<Instant>,
    advanced: SignedDuration,
}

impl Clock {
    /// A clock in that mode.
    #[expect(clippy::disallowed_methods, reason = "a running twin starts at the real time")]
    pub(crate) fn new(mode: ClockMode) -> Self {
        let (start, running_since) = match mode {
            ClockMode::Frozen(start) => (start, None),
            ClockMode::Running => (Timestamp::now(), Some(Instant::now())),
        };
        Self { start, running_since, advanced: SignedDuration::ZERO }
    }

    /// The twin's time; stops at the end of representable time.
    pub(crate) fn now(&self) -> Timestamp {
        let passed =
            self.running_since.and_then(|since| SignedDuration::try_from(since.elapsed()).ok()).unwrap_or_default();
        self.start.checked_add(self.advanced).and_then(|at| at.checked_add(passed)).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&mut self, seconds: u32) {
        self.advanced = self.advanced.saturating_add(SignedDuration::from_secs(i64::from(seconds)));
    }
}
