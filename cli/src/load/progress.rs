//! The progress line on the terminal, updated once per second.

use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{numbers::grouped, phase::Stage, stats::Stats};

/// The progress of a thread, for other threads. No two share a cache line.
#[derive(Default)]
#[repr(align(128))]
pub struct Live {
    replies: AtomicU64,
    faults: AtomicU64,
}

impl Live {
    /// Publishes what the thread has counted so far.
    pub fn update(&self, stats: &Stats) {
        self.replies.store(stats.replies, Ordering::Relaxed);
        self.faults.store(stats.faults(), Ordering::Relaxed);
    }
}

/// Shows the progress of a phase, if standard error is a terminal, until all threads have ended.
/// Returns their results.
pub fn show<T>(stage: Stage, start: Instant, lives: &[Live], ends: &Receiver<T>) -> Vec<T> {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    let what = match stage {
        Stage::Fill => "fill",
        Stage::WarmUp => "warm-up",
        Stage::Measure => "measure",
    };
    let mut results = vec![];
    let mut before = 0;
    let mut next = start;
    while results.len() < lives.len() {
        next += Duration::from_secs(1);
        loop {
            match ends.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(result) => results.push(result),
                Err(RecvTimeoutError::Timeout) => break,
                // All have ended, perhaps in a panic, which the scope passes on.
                Err(RecvTimeoutError::Disconnected) => {
                    bar.finish_and_clear();
                    return results;
                }
            }
        }
        let replies = lives.iter().map(|live| live.replies.load(Ordering::Relaxed)).sum::<u64>();
        let faults = lives.iter().map(|live| live.faults.load(Ordering::Relaxed)).sum::<u64>();
        let seconds = start.elapsed().as_secs();
        let rate = grouped(replies - before);
        bar.set_message(format!("{what} {seconds} s: {rate} requests/s, {faults} faults"));
        before = replies;
    }
    bar.finish_and_clear();
    results
}
