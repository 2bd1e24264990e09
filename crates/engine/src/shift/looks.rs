//! Reads of a shift: started in order of urgency, durable before anybody sees them, shared by all who wait for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::FutureExt as _;
use jiff::Timestamp;
use leaver_core::reading::{Failure, Reading};
use leaver_core::source::What;

use super::{Done, Shift};

/// So many reads may be under way before the next one waits for its turn: more than the client sends at once, and few enough that
/// an effect's own calls do not stand in a long line behind them.
const AT_ONCE: usize = 12;

/// An answer, and the number of the read that asked for it.
pub(super) struct Look {
    pub(super) number: u64,
    pub(super) reading: Reading,
}

/// The reads under way.
#[derive(Default)]
pub(super) struct Looks {
    /// The latest read of each source.
    under_way: BTreeMap<What, u64>,
    next: u64,
    /// When the answer was asked for that came last.
    last: BTreeMap<What, Timestamp>,
    /// Answers that wait to be made durable.
    pub(super) came: Vec<Look>,
    /// Whether answers are being made durable.
    pub(super) storing: bool,
}

impl Looks {
    /// Reads with this number or a later one are asked for from now on.
    pub(super) fn mark(&self) -> u64 {
        self.next
    }
}

impl Shift<'_> {
    /// Reads a source unless it is under way, or the next of those under way must come back first, or its last answer is of this
    /// very moment: another one would tell nothing new.
    pub(super) fn look_along(&mut self, what: &What) {
        let of_now = self.looks.last.get(what) == Some(&self.engine.clock.now());
        if self.looks.under_way.len() < AT_ONCE && !self.looks.under_way.contains_key(what) && !of_now {
            self.look(what);
        }
    }

    /// Reads a source, unless a read of it was started since `mark`.
    pub(super) fn look_since(&mut self, what: &What, mark: u64) {
        if self.looks.under_way.get(what).is_none_or(|number| *number < mark) {
            self.look(what);
        }
    }

    fn look(&mut self, what: &What) {
        let number = self.looks.next;
        self.looks.next += 1;
        self.looks.under_way.insert(what.clone(), number);
        let org = self.org;
        let source = org.source(what.clone());
        let look =
            async move { Done::Looked(Box::new(Look { number, reading: org.vendor.look(&source, None).await })) };
        self.running.push(look.boxed());
    }

    /// Makes durable what came, all at once, while the next answers come in.
    pub(super) fn store_looks(&mut self) {
        if self.looks.storing || self.looks.came.is_empty() {
            return;
        }
        self.looks.storing = true;
        let looks = std::mem::take(&mut self.looks.came);
        let org = self.org;
        self.running.push(async move { Done::Stored(looks, org.vendor.settle().await) }.boxed());
    }

    /// Hands answers to whoever waits for them. Nothing is judged or journalled before the raw answers behind it are durable.
    pub(super) fn deliver(&mut self, looks: Vec<Look>, stored: &Result<(), Failure>) {
        for Look { number, mut reading } in looks {
            if let Err(failure) = stored {
                reading.result = Err(failure.clone());
                reading.to_the_end = false;
            }
            let what = reading.source.what.clone();
            if self.looks.under_way.get(&what) == Some(&number) {
                self.looks.under_way.remove(&what);
            }
            if matches!(reading.result, Err(Failure::Network | Failure::TimedOut | Failure::Server { .. })) {
                self.unanswered.insert(what.clone());
            } else {
                self.unanswered.remove(&what);
            }
            self.looks.last.insert(what.clone(), reading.sent_at);
            let reading = Arc::new(reading);
            for preparing in &mut self.preparing {
                preparing.take(number, &what, &reading);
            }
            let later = self.readings.get(&what).is_none_or(|known| known.sent_at <= reading.sent_at);
            if later {
                self.readings.insert(what, reading);
            }
        }
    }
}
