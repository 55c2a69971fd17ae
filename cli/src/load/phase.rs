//! The phases of a run: what all threads send, and for how long.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde::Serialize;

use super::dataset::Dataset;

/// A phase's name in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    Fill,
    WarmUp,
    Measure,
}

/// What connections send in a phase.
#[derive(Clone, Copy)]
pub enum Task {
    /// A set for every key.
    Fill,
    /// Batches of `pipeline` requests, with `keys_per_get` keys in each get.
    Mix { pipeline: usize, keys_per_get: u32 },
}

/// One phase of all threads.
pub struct Phase<'p> {
    pub task: Task,
    pub dataset: &'p Dataset,
    /// When the last batch may be sent; `None`: when every connection has sent its share.
    pub until: Option<Instant>,
    /// The time limit for the replies to a batch.
    pub timeout: Duration,
    /// Set when no more batches are to be sent.
    pub stop: &'p AtomicBool,
}

impl Phase<'_> {
    pub fn is_over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now >= until) || self.stop.load(Ordering::Relaxed)
    }
}
