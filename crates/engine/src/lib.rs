//! The shell around the core: inventories, people's commands, the worker loop.
//!
//! It performs what [`leaver_core`] owes and journals what came of it. It holds no decision: a rule about claims,
//! deadlines or people belongs in the core. It sees ports only: no SQL, no HTTP, no clock but the one it is given.
//!
//! There is one loop ([`Engine::work`]); a restart after a crash is nothing but its next round.

mod audit;
mod document;
mod drill;
mod engine;
mod error;
mod file;
mod organization;
mod ports;
mod retention;
mod rules;
mod seal;
mod shift;
mod worker;

pub use audit::{AuditReport, Between, PersonReport, Return, StrayRemoval, UnreadLine};
pub use document::{AcceptedDocument, CaseDocument, ClaimDocument, document};
pub use drill::{Drill, Shown};
pub use engine::{Drafted, Engine, Wish};
pub use error::Error;
pub use file::fold;
pub use organization::Organization;
pub use ports::{Clock, Ids, Progress, SecretSink, Silent};
pub use retention::Holding;
pub use seal::{Record, Sealed, Shelved};
pub use worker::Pass;
