//! The system's clock, which the protocol core does not read by itself.

use std::time::{SystemTime, UNIX_EPOCH};

/// The Unix time in whole seconds, as sessions take it; 0 if the clock is set to a time before
/// 1970.
#[must_use]
pub fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
