//! A vector by itself: in every delivery in which it has the connection for itself.

use std::{sync::atomic::Ordering::Relaxed, time::Instant};

use super::{
    confirm::eviction_note,
    shared::{Runner, STOPPED},
};
use crate::{
    delivery::{Delivery, Split},
    exchange::Ending,
    failure::FailedExchange,
    results::{DeliveryResult, VectorResult, Verdict},
    splits::splits,
    target::Host,
    text::escape,
    vectors::Vector,
};

/// A vector fails that loses items to evictions more than this many times, and more than once in
/// this many exchanges.
const EVICTIONS: u32 = 2;
const EVICTION_ONCE_IN: u32 = 64;

impl Runner {
    /// Runs a vector by itself, unless the run has ended.
    pub async fn run_single(&self, vector: &Vector) -> VectorResult {
        let result = if self.is_unreachable() {
            VectorResult::not_run(vector, "the target can no longer be reached")
        } else if self.is_stopped() {
            VectorResult::not_run(vector, STOPPED)
        } else if vector.level.is_none() {
            self.record(vector).await
        } else {
            self.judge(vector).await
        };
        if self.fail_fast && result.verdict.is_failure() {
            self.stop();
        }
        result
    }

    /// Records the replies to a vector that has no level.
    async fn record(&self, vector: &Vector) -> VectorResult {
        let mut result = VectorResult::new(vector);
        result.verdict = Verdict::Recorded;
        let recorded = async {
            let host = self.target.host().await?;
            let (mut script, _) = self.script(&[vector], true, self.target.is_shared());
            // The replies end where the probe's begins.
            script.waits.clear();
            let outcome = self.attempt(&host, &script, &[], self.pace, false).await;
            let answer = (self.dialect.probe)("").1.as_bytes();
            let got = &outcome.got[..];
            let shown = escape(got.strip_suffix(answer).unwrap_or(got));
            Ok::<_, String>(match outcome.ending {
                Ending::TimedOut { .. } => format!("{shown}, and then nothing"),
                Ending::ClosedEarly { .. } => format!("{shown}, and the connection is closed"),
                Ending::Crashed(how) => format!("{shown}, and {how}"),
                _ => shown,
            })
        };
        result.note = Some(recorded.await.unwrap_or_else(|error| error));
        result
    }

    /// Judges a vector by all deliveries.
    async fn judge(&self, vector: &Vector) -> VectorResult {
        let since = Instant::now();
        let mut single = Single {
            runner: self,
            vector,
            host: self.target.host().await,
            result: VectorResult::new(vector),
            failed: vec![],
            runs: 0,
            evictions: 0,
            whole_passes: false,
        };
        for split in self.single_splits(vector) {
            match single.deliver(split).await {
                Next::Delivery => {}
                Next::Verdict => break,
                Next::NotRun => return VectorResult::not_run(vector, STOPPED),
            }
        }
        let mut result = single.verdict().await;
        if result.verdict == Verdict::Pass {
            self.passed.fetch_add(1, Relaxed);
        }
        result.seconds = since.elapsed().as_secs_f64();
        result
    }

    /// The deliveries of one vector. What takes seconds is delivered once, whole if that was asked
    /// for.
    fn single_splits(&self, vector: &Vector) -> Vec<Split> {
        let alone = self.splits.iter().filter(|split| split.delivery().is_alone()).copied();
        if !vector.takes_time() {
            return alone.collect();
        }
        alone.min_by_key(|split| split.delivery() != Delivery::Whole).into_iter().collect()
    }
}

/// A vector, and the outcome of its deliveries so far.
struct Single<'r> {
    runner: &'r Runner,
    vector: &'r Vector,
    host: Result<Host, String>,
    result: VectorResult,
    /// One failure for each delivery that failed.
    failed: Vec<FailedExchange>,
    /// How many exchanges there were, and how many of them lost items to evictions.
    runs: u32,
    evictions: u32,
    whole_passes: bool,
}

/// What follows a delivery.
enum Next {
    Delivery,
    Verdict,
    /// Another vector has failed, and this one did not yet.
    NotRun,
}

impl Single<'_> {
    /// One delivery, up to the first failure.
    async fn deliver(&mut self, split: Split) -> Next {
        let (runner, vector, delivery) = (self.runner, self.vector, split.delivery());
        let (is_filter, is_shared) = (runner.target.is_filter(), runner.target.is_shared());
        let renamed = !is_filter && (delivery != Delivery::Whole || is_shared);
        let make = || runner.script(&[vector], true, renamed).0;
        let mut runs = 0;
        for cuts in splits(split, &make(), is_shared) {
            if runner.is_stopped() && self.failed.is_empty() {
                return Next::NotRun;
            }
            let host = match &self.host {
                Ok(host) => host,
                Err(why) => {
                    self.result.verdict = Verdict::Crashed;
                    self.result.note = Some(why.clone());
                    return Next::Verdict;
                }
            };
            let (script, outcome) = runner.exchange(host, &make, &cuts).await;
            runs += 1;
            self.runs += 1;
            if outcome.ending == Ending::Pass {
                if script.disturbs {
                    // Its effects may be delayed.
                    self.host = runner.target.renew(host).await;
                }
                continue;
            }
            let is_slow = matches!(outcome.ending, Ending::TimedOut { .. });
            // The state that it left may affect the next exchange.
            self.host = runner.target.renew(host).await;
            let mut failed = FailedExchange::new(delivery, script, cuts, outcome);
            failed.whole_passes = self.whole_passes;
            if let (Ok(host), false) = (&self.host, is_slow || runner.is_unreachable()) {
                runner.confirm(host, &make, &mut failed).await;
                let permitted = EVICTIONS.max(self.runs / EVICTION_ONCE_IN);
                if self.evictions < permitted && runner.is_eviction(&failed) {
                    self.evictions += 1;
                    self.result.note = Some(eviction_note(&failed));
                    continue;
                }
            }
            self.failed.push(failed);
            if runner.fail_fast {
                runner.stop();
                return Next::Verdict;
            }
            self.result.deliveries.insert(delivery, DeliveryResult { runs, passed: false });
            let is_over = is_slow || runner.is_unreachable();
            return if is_over { Next::Verdict } else { Next::Delivery };
        }
        if runs > 0 {
            self.whole_passes |= delivery == Delivery::Whole;
            self.result.deliveries.insert(delivery, DeliveryResult { runs, passed: true });
        }
        Next::Delivery
    }

    /// The result, with the smallest failure.
    async fn verdict(self) -> VectorResult {
        let Self { runner, vector, host, mut result, failed, .. } = self;
        if let Some(mut failed) = failed.into_iter().min_by_key(|failed| failed.cuts.len()) {
            if let Ok(host) = &host
                && failed.cuts.len() > 1
                && !runner.is_unreachable()
            {
                let renamed = !runner.target.is_filter();
                let make = || runner.script(&[vector], true, renamed).0;
                runner.shrink(host, &make, &mut failed).await;
            }
            runner.fail(&mut result, vector, &failed);
        }
        result
    }
}
