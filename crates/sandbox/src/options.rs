//! What a sandbox is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::variants::Variants;

/// Layout of the answer of `GET /organizations/{org}/users/`, which no public source shows (facts/mixpanel.md 0.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum RosterLayout {
    /// `results` is a list of objects with role, teams and project grants with their kind.
    List,
    /// `results` maps address to object, with role and project roles but no grant kinds.
    MapByAddress,
    /// `results` maps user id to object, with role but nothing about projects.
    MapById,
    /// `results` is a list of addresses.
    Bare,
}

/// Role of the product's own service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum ServiceAccountRole {
    /// Owner in the organization and in every project.
    #[default]
    Owner,
    /// Admin in the organization and in every project.
    Admin,
}

/// The twin's clock, which stands for the vendor's and can be moved by the control interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockMode {
    /// Starts at this instant and moves only by `POST /_sandbox/clock`.
    Frozen(Timestamp),
    /// Starts at the real time and runs with it, plus every advance.
    Running,
}

/// The start of a frozen clock unless said otherwise: 2026-11-02T09:00:00Z, in seconds since 1970.
const DEFAULT_START: i64 = 1_793_610_000;

impl Default for ClockMode {
    fn default() -> Self {
        Self::Frozen(Timestamp::from_second(DEFAULT_START).unwrap_or_default())
    }
}

/// What a sandbox is started with. `Default` is a small frozen world on a free loopback port.
#[derive(Debug, Clone)]
pub struct Options {
    /// The same seed, sizes and variants make the same world.
    pub seed: u64,
    /// People in the organization; raised to 12 if smaller, so that the story has its cast.
    pub members: usize,
    /// Projects; raised to 4 if smaller, so that the story has its places.
    pub projects: usize,
    /// Content items in all projects together; the story alone needs about 80, filler makes up the rest.
    pub content: usize,
    /// Where to listen: loopback only; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The twin's clock.
    pub clock: ClockMode,
    /// Deviations from the ordinary organization.
    pub variant: Variants,
    /// How long the fault `slow` holds an answer back, in real time.
    pub slow: Duration,
    /// Requests per minute of the twin's clock that the App API and the organization calls allow together, per
    /// credential; `None` is no limit, for the vendor publishes none (facts/mixpanel.md 1.3).
    pub app_limit_per_minute: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            members: 24,
            projects: 4,
            content: 150,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: ClockMode::default(),
            variant: Variants::default(),
            slow: Duration::from_millis(300),
            app_limit_per_minute: None,
        }
    }
}
