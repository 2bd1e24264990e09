//! The engine as a whole: real cases on a real database, through the real connector, against the twin, on a simulated clock.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::assigning_clones,
    clippy::panic,
    reason = "tests fail by panicking, and say what they counted"
)]

mod audit;
mod crashes;
mod faults;
mod layouts;
mod people;
mod provider;
mod rechecks;
mod robot;
mod stage;
mod together;
mod trap;
mod truth;
