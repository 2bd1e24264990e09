//! The core as a whole: single judgements, people's duties, plans, and whole cases against a model of the vendor.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::panic,
    reason = "tests fail by panicking, and say what they counted"
)]

mod answers;
mod arrivals;
mod audit;
mod bench;
mod by_scim;
mod creations;
mod deadlines;
mod dice;
mod duties;
mod invariants;
mod judging;
mod judging_edges;
mod judging_lists;
mod keeping;
mod ladder;
mod mishaps;
mod moves;
mod planning;
mod provider;
mod reach;
mod reducing;
mod rules;
mod run;
mod sabotage;
mod senders;
mod simulation;
mod stage;
mod statements;
mod teams;
mod world;
