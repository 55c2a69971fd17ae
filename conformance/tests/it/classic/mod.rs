//! The classic dialect: its vectors, and what its sessions do apart from them.

mod common;
mod expiry;
mod laws;
mod limits;
mod random;
mod sessions;
mod snapshots;
mod telemetry;
