//! Rate limits (facts/mixpanel.md 1.3), counted on the twin's clock.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::wire::Reply;

/// Calls of one minute or hour.
#[derive(Debug, Default)]
struct Window(VecDeque<i64>);

impl Window {
    /// Counts a call, or says in how many seconds the next one fits.
    fn take(&mut self, now: Timestamp, width: i64, quota: usize) -> Result<(), i64> {
        let now = now.as_second();
        while self.0.front().is_some_and(|at| now - at >= width) {
            self.0.pop_front();
        }
        if self.0.len() >= quota {
            let oldest = self.0.front().copied().unwrap_or(now);
            return Err((oldest + width - now).max(1));
        }
        self.0.push_back(now);
        Ok(())
    }
}

/// All limits of one twin.
#[derive(Debug)]
pub(crate) struct Meters {
    app_per_minute: Option<u32>,
    app: BTreeMap<u64, Window>,
    schemas: BTreeMap<u64, Window>,
    query: BTreeMap<u64, Window>,
    /// Query API calls under way, by project.
    under_way: BTreeMap<u64, usize>,
}

/// Query API: calls per hour and project.
const QUERY_PER_HOUR: usize = 60;
/// Query API: calls under way at once per project.
const QUERY_AT_ONCE: usize = 5;
/// Schemas API: calls per minute and project.
const SCHEMAS_PER_MINUTE: usize = 5;

impl Meters {
    pub(crate) fn new(app_per_minute: Option<u32>) -> Self {
        Self {
            app_per_minute,
            app: BTreeMap::new(),
            schemas: BTreeMap::new(),
            query: BTreeMap::new(),
            under_way: BTreeMap::new(),
        }
    }

    /// Counts a call of a credential.
    pub(crate) fn app_call(&mut self, caller: u64, now: Timestamp) -> Result<(), Reply> {
        let Some(quota) = self.app_per_minute else {
            return Ok(());
        };
        let quota = usize::try_from(quota).unwrap_or(usize::MAX);
        self.app
            .entry(caller)
            .or_default()
            .take(now, 60, quota)
            .map_err(|wait| limited(&format!("\"app\";q={quota};w=60"), wait))
    }

    /// Counts a call to the Schemas API.
    pub(crate) fn schemas_call(&mut self, project: u64, now: Timestamp) -> Result<(), Reply> {
        self.schemas
            .entry(project)
            .or_default()
            .take(now, 60, SCHEMAS_PER_MINUTE)
            .map_err(|wait| limited("\"schemas\";q=5;w=60", wait))
    }

    /// Counts a call to the Query API.
    pub(crate) fn query_call(&mut self, project: u64, now: Timestamp) -> Result<(), Reply> {
        if self.under_way.get(&project).is_some_and(|count| *count > QUERY_AT_ONCE) {
            return Err(limited("\"project-concurrency\";q=5;qu=\"concurrent-requests\"", 1));
        }
        self.query
            .entry(project)
            .or_default()
            .take(now, 3600, QUERY_PER_HOUR)
            .map_err(|wait| limited("\"project\";q=60;w=3600", wait))
    }

    /// A Query API call begins.
    pub(crate) fn enter(&mut self, project: u64) {
        *self.under_way.entry(project).or_default() += 1;
    }

    /// A Query API call has been answered.
    pub(crate) fn leave(&mut self, project: u64) {
        if let Some(count) = self.under_way.get_mut(&project) {
            *count = count.saturating_sub(1);
        }
    }
}

/// 429 with `Retry-After` and the structured headers.
pub(crate) fn limited(policy: &str, wait: i64) -> Reply {
    let name = policy.split(';').next().unwrap_or_default();
    Reply::error(429, "rate limit exceeded")
        .header("retry-after", wait.to_string())
        .header("ratelimit", format!("{name};r=0;t={wait}"))
        .header("ratelimit-policy", policy.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Meters, Window};
    use jiff::Timestamp;

    #[test]
    fn a_window_fills_and_slides() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let mut window = Window::default();
        assert_eq!(window.take(at(100), 60, 2), Ok(()));
        assert_eq!(window.take(at(110), 60, 2), Ok(()));
        assert_eq!(window.take(at(120), 60, 2), Err(40));
        assert_eq!(window.take(at(160), 60, 2), Ok(()));
    }

    #[test]
    fn a_sixth_query_at_once_is_refused() {
        let now = Timestamp::from_second(100).expect("in range");
        let mut meters = Meters::new(None);
        for _ in 0..5 {
            meters.enter(7);
            assert!(meters.query_call(7, now).is_ok());
        }
        meters.enter(7);
        let refused = meters.query_call(7, now).expect_err("six under way");
        assert_eq!(refused.status, 429);
        assert!(meters.query_call(8, now).is_ok(), "another project");
        meters.leave(7);
        assert!(meters.query_call(7, now).is_ok());
    }
}
