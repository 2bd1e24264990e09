//! The core as a whole: single judgements, people's duties, plans, and whole cases against a model of the vendor.

mod answers;
mod bench;
mod judging;
mod stage;
mod world;
