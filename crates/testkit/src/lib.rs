//! For tests only: a clock that moves when somebody waits, identifiers that can be known, a place where secrets end.
//!
//! Nothing here reads the machine's clock or its randomness, and nothing sleeps.

mod clock;
mod ids;
mod sink;

pub use clock::{Follower, SimulatedClock};
pub use ids::Counted;
pub use sink::{Handed, Kept};
