//! The real binary against a sandbox in this process, and the promises of the command line (architecture §7).
#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests say no by panicking")]

mod audit;
mod canary;
mod deadlines;
mod doctor;
mod documents;
mod errors;
mod evidence;
mod full_disk;
mod graph;
mod guides;
mod kill;
mod people;
mod policy;
mod population;
mod provider;
mod refusals;
mod report;
mod retention;
mod sinks;
mod storage;
mod tracker;
mod witness;
mod world;
mod wrong_use;
