//! Faults on demand. To add one: a variant here, its name in [`FaultKind::parse`], its arm in `Twin::serve`.

use crate::wire::Call;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// `429`, with `Retry-After: 1`; nothing is done.
    TooMany,
    /// `404`: nothing is done, the answer is 404 in the vendor's error envelope (facts/mixpanel.md 1.4).
    NotFound,
    /// `500-after`: it is done, the answer says 500.
    ErrorAfter,
    /// `500-before`: nothing is done.
    ErrorBefore,
    /// `drop-after`: it is done, the connection is cut without an answer.
    DropAfter,
    /// `200-error`: nothing is done, the answer is 200 with an error inside.
    ErrorInSuccess,
    /// `empty`: reads answer 200 with nothing in the right envelope.
    Empty,
    /// `missing-page`: reads answer 200 without their last third.
    MissingPage,
    /// `stale`: reads show the world before the last change.
    Stale,
    /// `html`: nothing is done, the answer is 200 with a login page.
    Html,
    /// `slow`: it is done, the answer comes late.
    Slow,
}

impl FaultKind {
    /// The fault of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "429" => Some(Self::TooMany),
            "404" => Some(Self::NotFound),
            "500-after" => Some(Self::ErrorAfter),
            "500-before" => Some(Self::ErrorBefore),
            "drop-after" => Some(Self::DropAfter),
            "200-error" => Some(Self::ErrorInSuccess),
            "empty" => Some(Self::Empty),
            "missing-page" => Some(Self::MissingPage),
            "stale" => Some(Self::Stale),
            "html" => Some(Self::Html),
            "slow" => Some(Self::Slow),
            _ => None,
        }
    }
}

/// A fault that waits for its requests.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// Any method, if `None`.
    pub(crate) method: Option<String>,
    /// A prefix of the path; empty is every path. With a `*` in it, the whole path, a `*` for any one segment.
    pub(crate) path: String,
    /// The first matching request it hits, counted from 1 since the installation.
    pub(crate) nth: u64,
    /// How many matching requests in a row it hits; 0 is all from then on.
    pub(crate) times: u64,
    pub(crate) seen: u64,
    /// How many requests it has hit.
    pub(crate) hits: u64,
}

impl Fault {
    fn fits(&self, path: &str) -> bool {
        if !self.path.contains('*') {
            return path.starts_with(&self.path);
        }
        let mut wanted = self.path.split('/');
        let mut segments = path.split('/');
        loop {
            match (wanted.next(), segments.next()) {
                (None, None) => return true,
                (Some(one), Some(other)) if one == "*" || one == other => {}
                _ => return false,
            }
        }
    }
}

/// All faults that wait.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) waiting: Vec<Fault>,
}

impl Faults {
    /// Counts the call at every fault it matches; the first one whose turn it is hits.
    pub(crate) fn hit(&mut self, call: &Call) -> Option<FaultKind> {
        let mut hit = None;
        for fault in &mut self.waiting {
            let fits = fault.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&call.method))
                && fault.fits(&call.path);
            if !fits {
                continue;
            }
            fault.seen += 1;
            let turn = fault.seen >= fault.nth && (fault.times == 0 || fault.seen - fault.nth < fault.times);
            if turn && hit.is_none() {
                fault.hits += 1;
                hit = Some(fault.kind);
            }
        }
        hit
    }
}
