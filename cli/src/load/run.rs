//! A run: its phases, one after the other, on all threads.

use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike as _,
};

use super::{
    args::Args,
    client::Client,
    dataset::Dataset,
    phase::{Phase, Stage, Task},
    progress::{self, Live},
    stats::Stats,
    worker::Worker,
};

/// What the last phase did.
pub struct Outcome {
    pub stage: Stage,
    pub stats: Stats,
    pub seconds: f64,
    /// Processor time of this process.
    pub busy_seconds: f64,
}

/// What all phases have in common.
pub struct Run<'r> {
    pub args: &'r Args,
    pub dataset: &'r Dataset,
    /// Set when the run is to end early.
    pub stop: &'r AtomicBool,
}

impl Run<'_> {
    /// Runs one phase after the other, until one has a fault.
    ///
    /// # Errors
    ///
    /// The system cannot report events or the processor time.
    pub fn phases<C: Client>(&self, workers: &mut [Worker<C>]) -> Result<Outcome, String> {
        let args = self.args;
        let stages = [
            (Stage::Fill, args.fill),
            (Stage::WarmUp, !args.warm_up.is_zero()),
            (Stage::Measure, true),
        ];
        let mut outcome = None;
        for (stage, _) in stages.into_iter().filter(|(_, wanted)| *wanted) {
            let ended = self.phase(stage, workers)?;
            let is_last = !ended.stats.is_clean() || self.stop.load(Ordering::Relaxed);
            outcome = Some(ended);
            if is_last {
                break;
            }
        }
        outcome.ok_or_else(|| "nothing was run".to_owned())
    }

    fn phase<C: Client>(&self, stage: Stage, workers: &mut [Worker<C>]) -> Result<Outcome, String> {
        let args = self.args;
        self.share(stage, workers);
        let start = Instant::now();
        let until = match (stage, args.requests) {
            (Stage::Fill, _) | (Stage::Measure, Some(_)) => None,
            (Stage::WarmUp, _) => Some(start + args.warm_up),
            (Stage::Measure, None) => Some(start + args.seconds),
        };
        let task = match stage {
            Stage::Fill => Task::Fill,
            Stage::WarmUp | Stage::Measure => {
                Task::Mix { pipeline: args.pipeline, keys_per_get: args.keys_per_get }
            }
        };
        let phase =
            Phase { task, dataset: self.dataset, until, timeout: args.timeout, stop: self.stop };
        let lives: Vec<_> = workers.iter().map(|_| Live::default()).collect();
        let busy = busy_time()?;
        let (ended, ends) = mpsc::channel();
        let results = thread::scope(|scope| {
            for (worker, live) in workers.iter_mut().zip(&lives) {
                let (ended, phase) = (ended.clone(), &phase);
                scope.spawn(move || {
                    // Fails only if the receiver is gone, and with it the phase.
                    let _ = ended.send(worker.run(phase, live));
                });
            }
            drop(ended);
            progress::show(stage, start, &lives, &ends)
        });
        let mut stats = Stats::new()?;
        let mut last = start;
        for result in results {
            let (counted, ended) = result?;
            stats.add(&counted)?;
            last = last.max(ended);
        }
        let seconds = (last - start).as_secs_f64();
        let busy_seconds = busy_time()?.saturating_sub(busy).as_secs_f64();
        Ok(Outcome { stage, stats, seconds, busy_seconds })
    }

    /// Gives each connection its share of the requests.
    fn share<C: Client>(&self, stage: Stage, workers: &mut [Worker<C>]) {
        let args = self.args;
        let threads = workers.len();
        let all = args.connections as u64;
        for (thread, worker) in workers.iter_mut().enumerate() {
            for (place, connection) in worker.connections().enumerate() {
                let index = (place * threads + thread) as u64;
                match (stage, args.requests) {
                    (Stage::Fill, _) => {
                        let first = |index| u64::from(args.keys) * index / all;
                        let share = first(index + 1) - first(index);
                        connection.prepare(share, u32::try_from(first(index)).unwrap_or(u32::MAX));
                    }
                    (Stage::Measure, Some(requests)) => {
                        connection.prepare(requests / all + u64::from(index < requests % all), 0);
                    }
                    (Stage::WarmUp | Stage::Measure, _) => connection.prepare(u64::MAX, 0),
                }
            }
        }
    }
}

/// The processor time of this process so far.
fn busy_time() -> Result<Duration, String> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)
        .map_err(|error| format!("cannot read the processor time: {error}"))?;
    let all = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(u64::try_from(all.num_microseconds()).unwrap_or(0)))
}
