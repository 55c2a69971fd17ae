//! memwire
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used)]

extern crate alloc;

#[cfg(feature = "app")]
pub mod app;
pub mod dialect;
mod limits;
pub mod machine;
pub mod oracle;
pub mod session;
mod simulate;
pub mod store;
#[cfg(feature = "app")]
pub mod vectors;

pub use limits::Limits;
pub use machine::{BadSnapshot, Machine, Snapshot, State, Step, Truncated};
pub use session::{BadSessionSnapshot, Progress, Session, SessionSnapshot};
pub use simulate::{simulate, simulate_to};
