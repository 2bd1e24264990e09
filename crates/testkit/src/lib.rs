//! For tests only: a clock that moves when somebody waits, identifiers that can be known, a place where secrets end, and
//! leave to act.
//!
//! Nothing here reads the machine's clock or its randomness, and nothing sleeps.

mod clock;
mod ids;
mod intent;
mod sink;

pub use clock::{Follower, SimulatedClock};
pub use ids::Counted;
pub use intent::intent;
pub use sink::{Handed, Kept};
