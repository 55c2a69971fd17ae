//! What all exchanges of a run share: its configuration, names of keys, and progress.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    thread,
    time::Duration,
};

use tokio::sync::RwLock;

use super::keys::KeyNames;
use crate::{
    config::Config,
    delivery::{Delivery, Split},
    dialect::Dialect,
    exchange::Pace,
    script::Script,
    target::Target,
    vectors::Vector,
};

/// Why a vector is not run once the run has stopped.
pub const STOPPED: &str = "the run had stopped after a failure";

/// What all exchanges of a run share.
pub struct Runner {
    pub target: Target,
    pub dialect: &'static Dialect,
    pub splits: Vec<Split>,
    pub pace: Pace,
    pub jobs: usize,
    pub fail_fast: bool,
    pub keys: KeyNames,
    /// Locked for writing by an exchange that must be the only one.
    pub alone: RwLock<()>,
    /// How many vectors passed, and how many exchanges were too slow.
    pub passed: AtomicUsize,
    pub slow: AtomicUsize,
    stopped: AtomicBool,
    unreachable: AtomicBool,
}

impl Runner {
    pub fn new(config: &Config, vectors: &[Vector]) -> Self {
        let (target, dialect) = (&config.target, config.dialect);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        // Most of the time goes into waiting, unless each exchange starts a process.
        let jobs = if target.is_filter() { 2 * cores } else { 16 };
        Self {
            target: target.clone(),
            dialect,
            splits: config.deliveries(),
            pace: Pace {
                pause: Duration::from_millis(1),
                timeout: config.timeout,
                read_rest: true,
            },
            jobs: config.jobs.unwrap_or(jobs).max(1),
            fail_fast: config.fail_fast,
            keys: KeyNames::new(target, dialect, vectors),
            alone: RwLock::new(()),
            passed: AtomicUsize::new(0),
            slow: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            unreachable: AtomicBool::new(false),
        }
    }

    /// Starts no more exchanges.
    pub fn stop(&self) {
        self.stopped.store(true, Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    /// Records that the target cannot be reached; one that is not shared is started again.
    pub fn set_unreachable(&self) {
        self.unreachable.store(self.target.is_shared(), Relaxed);
    }

    pub fn is_unreachable(&self) -> bool {
        self.unreachable.load(Relaxed)
    }

    /// Whether this delivery was requested.
    pub fn delivers(&self, delivery: Delivery) -> bool {
        self.splits.iter().any(|split| split.delivery() == delivery)
    }

    /// One vector, with keys that were never used.
    pub fn fresh_script(&self, vector: &Vector) -> Script {
        Script::new(self.dialect, vector, &self.keys.of(vector))
    }

    /// Several vectors on one connection, and where the answers to each end. It waits between them
    /// if `wait`. `renamed`: with keys of their own.
    pub fn script(&self, vectors: &[&Vector], wait: bool, renamed: bool) -> (Script, Vec<usize>) {
        let mut all: Option<Script> = None;
        let mut ends = vec![];
        for vector in vectors {
            let prefix = if renamed { self.keys.of(vector) } else { String::new() };
            let script = Script::new(self.dialect, vector, &prefix);
            match &mut all {
                None => all = Some(script),
                Some(all) => all.join(&script, wait),
            }
            ends.push(all.as_ref().map_or(0, |all| all.expected.bytes.len()));
        }
        let mut script = all.unwrap_or_default();
        if script.clean && !self.target.is_filter() {
            script.add_probe(self.dialect, &format!("{}probe", self.keys.unused()));
        }
        (script, ends)
    }
}
