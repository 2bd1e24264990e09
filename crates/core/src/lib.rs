//! The decisions of `leaver`: cases, claims, plans, approvals, guards.
pub mod case;
pub mod claim;
pub mod decide;
pub mod effect;
pub mod event;
pub mod ids;
pub mod inventory;
pub mod judge;
pub mod method;
pub mod plan;
pub mod planner;
pub mod prepare;
pub mod reading;
pub mod scope;
pub mod source;
pub mod wanted;
pub mod write;
