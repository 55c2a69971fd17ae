//! An exchange that failed.

use crate::{delivery::Delivery, exchange::Outcome, script::Script};

/// An exchange that failed.
pub struct FailedExchange {
    pub delivery: Delivery,
    pub script: Script,
    /// Where the stream was split.
    pub cuts: Vec<usize>,
    pub outcome: Outcome,
    /// How many times it failed, …
    pub failures: u32,
    /// … of this many.
    pub attempts: u32,
    /// Whether the vector passes when it is sent in one chunk.
    pub whole_passes: bool,
    /// The ids of the vectors before this one on the same connection.
    pub preceding: Vec<String>,
}

impl FailedExchange {
    /// A failure that was not retried yet.
    pub fn new(delivery: Delivery, script: Script, cuts: Vec<usize>, outcome: Outcome) -> Self {
        Self {
            delivery,
            script,
            cuts,
            outcome,
            failures: 1,
            attempts: 1,
            whole_passes: false,
            preceding: vec![],
        }
    }

    /// Whether it fails each time.
    pub fn is_deterministic(&self) -> bool {
        self.failures == self.attempts
    }
}
