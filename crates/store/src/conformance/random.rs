//! Random histories against a model that fits on a page.
//!
//! The generator looks at the model, so that it gets deep: it mostly writes what should be accepted and sometimes what should be
//! refused. That it reaches every kind of answer is itself asserted; otherwise this could pass by doing nothing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use leaver_core::ids::{CaseId, EffectKey};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::Harness;
use super::fixture::{at, case, due, event, intent};
use crate::{Append, AppendError, Fence, Lease, LeaseError, Store};

const SEEDS: u64 = 8;
const STEPS: u32 = 250;
const CASES: u64 = 5;
const TARGETS: u64 = 3;

/// What the store should hold of a case.
#[derive(Debug, Default)]
struct Model {
    bytes: Vec<Vec<u8>>,
    next_at: Option<Timestamp>,
    wake_at: Option<Timestamp>,
    claimed_wake_at: Option<Timestamp>,
    fence: u64,
    lease_until: Option<Timestamp>,
}

impl Model {
    fn version(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap()
    }

    fn due_at(&self) -> Option<Timestamp> {
        [self.next_at, self.wake_at, self.claimed_wake_at].into_iter().flatten().min()
    }
}

/// A history in the making.
struct History {
    random: ChaCha8Rng,
    now: i64,
    cases: BTreeMap<CaseId, Model>,
    open: BTreeMap<String, (CaseId, EffectKey)>,
    leases: Vec<Lease>,
    log: Vec<(CaseId, Vec<u8>)>,
    reached: BTreeMap<&'static str, u32>,
}

/// Every answer equals the model's, and so does the end.
pub async fn random_histories_match_the_model(harness: &impl Harness) {
    let mut reached: BTreeMap<&'static str, u32> = BTreeMap::new();
    for seed in 0..SEEDS {
        let database = format!("random-{seed}");
        let mut store = harness.open(&database).await;
        let mut history = History {
            random: ChaCha8Rng::seed_from_u64(seed),
            now: 0,
            cases: BTreeMap::new(),
            open: BTreeMap::new(),
            leases: Vec::new(),
            log: Vec::new(),
            reached: BTreeMap::new(),
        };
        for _ in 0..STEPS {
            if history.random.random_ratio(1, 50) {
                drop(store);
                store = harness.open(&database).await;
            }
            history.step(&*store).await;
        }
        history.compare(&*store).await;
        for (answer, times) in history.reached {
            *reached.entry(answer).or_default() += times;
        }
    }
    for answer in [
        "appended",
        "version conflict",
        "fence lost",
        "target busy",
        "claimed",
        "claimed from another",
        "extended",
        "released",
        "lease lost",
        "woken",
        "taken over",
    ] {
        let times = reached.get(answer).copied().unwrap_or(0);
        assert!(times >= 5, "'{answer}' was reached {times} times only: {reached:?}");
    }
}

impl History {
    async fn step(&mut self, store: &dyn Store) {
        self.now += self.random.random_range(0..20);
        match self.random.random_range(0..20) {
            0..10 => self.append(store).await,
            10..13 => self.claim(store).await,
            13..15 => self.release(store).await,
            15..17 => self.extend(store).await,
            17..19 => self.wake(store).await,
            _ => self.take_over(store).await,
        }
        let next = self
            .cases
            .values()
            .filter_map(|model| Some(model.due_at()?.max(model.lease_until.unwrap_or(Timestamp::MIN))));
        assert_eq!(store.next_due().await.unwrap(), next.min());
    }

    fn count(&mut self, answer: &'static str) {
        *self.reached.entry(answer).or_default() += 1;
    }

    fn some_time(&mut self) -> Option<Timestamp> {
        let soon = self.now + self.random.random_range(-10..60);
        self.random.random_ratio(3, 4).then(|| at(soon))
    }

    /// A lease from the past or present.
    fn some_lease(&mut self) -> Option<Lease> {
        if self.leases.is_empty() {
            return None;
        }
        let newest = self.leases.len();
        let from = newest.saturating_sub(4);
        Some(self.leases[self.random.random_range(from..newest)].clone())
    }

    async fn append(&mut self, store: &dyn Store) {
        let number = self.random.random_range(0..CASES);
        let (version, fence) = match self.cases.get(&case(number)) {
            Some(model) => (model.version(), model.fence),
            None => (0, 0),
        };
        let expected = if self.random.random_ratio(1, 8) { version + 1 } else { version };
        let mut append = due(number, expected, self.some_time());
        if self.random.random_ratio(1, 3) {
            let stale = u64::from(self.random.random_ratio(1, 4));
            append.fence = Some(Fence(fence.saturating_sub(stale)));
        }
        append.events = (0..self.random.random_range(0..3)).map(|_| event(self.random.random_range(0..200))).collect();
        let effect = format!("effect {}", self.random.random_range(0..2));
        if self.random.random_ratio(1, 2) {
            append.close = vec![EffectKey::from(effect.as_str())];
        }
        if self.random.random_ratio(1, 2) {
            append.open = vec![intent(&effect, &format!("member/{}", self.random.random_range(0..TARGETS)))];
        }
        let got = store.append(append.clone()).await;
        match self.expect(&append) {
            "appended" => {
                let appended = got.unwrap();
                let first = u64::try_from(self.log.len()).unwrap();
                self.accept(&append);
                let end = u64::try_from(self.log.len()).unwrap();
                assert_eq!(appended.seqs, first..end);
                assert_eq!(appended.version, self.cases[append.case()].version());
                self.count("appended");
            }
            meant => {
                let kind = match &got {
                    Ok(_) => "appended",
                    Err(AppendError::VersionConflict { actual, .. }) if *actual == version => "version conflict",
                    Err(AppendError::FenceLost { .. }) => "fence lost",
                    Err(AppendError::TargetBusy { .. }) => "target busy",
                    Err(_) => "another refusal",
                };
                assert_eq!(kind, meant, "{got:?}");
                self.count(meant);
            }
        }
    }

    /// What the store should answer.
    fn expect(&self, append: &Append) -> &'static str {
        let model = self.cases.get(append.case());
        if append.fence.is_some() && append.fence != model.map(|model| Fence(model.fence)) {
            return "fence lost";
        }
        if append.expected != model.map_or(0, Model::version) {
            return "version conflict";
        }
        for intent in &append.open {
            if let Some((holder, effect)) = self.open.get(&intent.target) {
                let own = holder == append.case();
                let stays_out_of_the_way = own && (append.close.contains(effect) || *effect == intent.effect);
                if !stays_out_of_the_way {
                    return "target busy";
                }
            }
        }
        "appended"
    }

    fn accept(&mut self, append: &Append) {
        let id = append.case().clone();
        let model = self.cases.entry(id.clone()).or_default();
        model.next_at = append.row.next_at;
        for event in &append.events {
            model.bytes.push(event.bytes.clone());
            self.log.push((id.clone(), event.bytes.clone()));
        }
        self.open.retain(|_, (holder, effect)| *holder != id || !append.close.contains(effect));
        for intent in &append.open {
            self.open.insert(intent.target.clone(), (id.clone(), intent.effect.clone()));
        }
    }

    async fn claim(&mut self, store: &dyn Store) {
        let now = at(self.now);
        let limit = self.random.random_range(1..4);
        let got = store.claim_due(now, "worker", SignedDuration::from_secs(30), limit).await.unwrap();
        let mut due: Vec<_> = self
            .cases
            .iter()
            .filter(|(_, model)| model.lease_until.is_none_or(|until| until <= now))
            .filter_map(|(id, model)| Some((model.due_at().filter(|due| *due <= now)?, id.clone())))
            .collect();
        due.sort();
        let mut meant = Vec::new();
        for (_, id) in due.into_iter().take(usize::try_from(limit).unwrap()) {
            let model = self.cases.get_mut(&id).unwrap();
            model.fence += 1;
            if let Some(wake) = model.wake_at.take_if(|wake| *wake <= now) {
                model.claimed_wake_at = Some(model.claimed_wake_at.map_or(wake, |earlier| earlier.min(wake)));
            }
            let another = model.lease_until.replace(at(self.now + 30)).is_some();
            meant.push(Lease { fence: Fence(model.fence), until: at(self.now + 30), case: id });
            self.count(if another { "claimed from another" } else { "claimed" });
        }
        assert_eq!(got, meant);
        self.leases.extend(got);
    }

    /// Whether the lease still counts.
    fn holds(&self, lease: &Lease) -> bool {
        let model = &self.cases[&lease.case];
        model.lease_until.is_some() && Fence(model.fence) == lease.fence
    }

    fn check_lost<T: std::fmt::Debug>(&mut self, got: &Result<T, LeaseError>, holds: bool, otherwise: &'static str) {
        assert_eq!(got.is_ok(), holds, "{got:?}");
        if let Err(error) = got {
            assert!(matches!(error, LeaseError::Lost { .. }), "{error:?}");
        }
        self.count(if holds { otherwise } else { "lease lost" });
    }

    async fn release(&mut self, store: &dyn Store) {
        let Some(lease) = self.some_lease() else {
            return;
        };
        let next_at = self.some_time();
        let behind = u64::from(self.random.random_ratio(1, 4));
        let version = self.cases[&lease.case].version().saturating_sub(behind);
        let holds = self.holds(&lease);
        self.check_lost(&store.release(&lease, version, next_at).await, holds, "released");
        if holds {
            let model = self.cases.get_mut(&lease.case).unwrap();
            model.lease_until = None;
            model.claimed_wake_at = None;
            if version == model.version() {
                model.next_at = next_at;
            }
        }
    }

    async fn extend(&mut self, store: &dyn Store) {
        let Some(lease) = self.some_lease() else {
            return;
        };
        let until = at(self.now + self.random.random_range(1..90));
        let holds = self.holds(&lease);
        self.check_lost(&store.extend(&lease, until).await, holds, "extended");
        if holds {
            self.cases.get_mut(&lease.case).unwrap().lease_until = Some(until);
        }
    }

    async fn wake(&mut self, store: &dyn Store) {
        let id = case(self.random.random_range(0..CASES + 1));
        let moment = at(self.now + self.random.random_range(-5..40));
        let got = store.wake(&id, moment).await.unwrap();
        assert_eq!(got, self.cases.contains_key(&id));
        if let Some(model) = self.cases.get_mut(&id) {
            model.wake_at = Some(model.wake_at.map_or(moment, |earlier| earlier.min(moment)));
            self.count("woken");
        }
    }

    async fn take_over(&mut self, store: &dyn Store) {
        let mut ended = 0;
        for model in self.cases.values_mut() {
            if model.lease_until.take().is_some() {
                model.fence += 1;
                ended += 1;
            }
        }
        assert_eq!(store.take_over().await.unwrap(), ended);
        if ended > 0 {
            self.count("taken over");
        }
    }

    async fn compare(&self, store: &dyn Store) {
        for (id, model) in &self.cases {
            let loaded = store.load(id).await.unwrap().unwrap();
            assert_eq!(loaded.version, model.version());
            assert_eq!(loaded.row.next_at, model.next_at);
            let bytes: Vec<_> = loaded.events.into_iter().map(|event| event.bytes).collect();
            assert_eq!(bytes, model.bytes);
        }
        let log = store.log_from(0, u32::MAX).await.unwrap();
        assert!(log.iter().zip(0..).all(|(entry, seq)| entry.event.seq == seq));
        let entries: Vec<_> = log.into_iter().map(|entry| (entry.case, entry.event.bytes)).collect();
        assert_eq!(entries, self.log);
    }
}
