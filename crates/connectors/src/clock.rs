//! The only source of time.

use std::fmt;

use jiff::Timestamp;

/// Says what time it is. The binary passes the real one, tests and the sandbox their own.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now.
    fn now(&self) -> Timestamp;
}
