//! One exchange: among others or alone, and retried if it is too slow.

use std::sync::atomic::Ordering::Relaxed;

use tokio::time::sleep;

use super::shared::Runner;
use crate::{
    exchange::{Ending, Outcome, Pace, exchange},
    script::Script,
    target::Host,
};

/// An exchange that times out is retried alone, with this many times the timeout, before it counts
/// as timed out.
const SLOWER: u32 = 4;

/// At most this many retries, if hardly anything else passes.
const RETRIES: usize = 3;

impl Runner {
    /// One exchange; if it times out, another one while nothing else is running.
    pub async fn exchange(
        &self,
        host: &Host,
        make: &(impl Fn() -> Script + Sync),
        cuts: &[usize],
    ) -> (Script, Outcome) {
        let script = make();
        let outcome = self.attempt(host, &script, cuts, self.pace, false).await;
        if !matches!(outcome.ending, Ending::TimedOut { .. }) {
            return (script, outcome);
        }
        let slow = self.slow.fetch_add(1, Relaxed);
        if slow >= RETRIES && self.passed.load(Relaxed) < 4 * slow {
            return (script, outcome);
        }
        let script = make();
        let pace = Pace { timeout: self.pace.timeout * SLOWER, ..self.pace };
        let outcome = self.attempt(host, &script, cuts, pace, true).await;
        (script, outcome)
    }

    /// One exchange, with any outcome. `alone`: while nothing else is running, as it is for a
    /// script that disturbs others.
    pub async fn attempt(
        &self,
        host: &Host,
        script: &Script,
        cuts: &[usize],
        pace: Pace,
        alone: bool,
    ) -> Outcome {
        let alone = alone || script.disturbs && self.target.is_shared();
        if !alone {
            let _with_others = self.alone.read().await;
            return self.exchange_with(host, script, cuts, pace).await;
        }
        let _alone = self.alone.write().await;
        let outcome = self.exchange_with(host, script, cuts, pace).await;
        if script.disturbs && outcome.ending != Ending::Pass {
            // Its effects may be delayed by as long as it was to wait.
            sleep(script.sleeps.iter().map(|(_, time)| *time).sum()).await;
        }
        outcome
    }

    /// Connects, and after a failure checks whether the host still runs.
    async fn exchange_with(
        &self,
        host: &Host,
        script: &Script,
        cuts: &[usize],
        pace: Pace,
    ) -> Outcome {
        let mut outcome = match host.link().await {
            Ok(link) => exchange(script, cuts, link, self.target.is_filter(), pace).await,
            Err(error) => {
                self.set_unreachable();
                let ending = Ending::Crashed(error);
                return Outcome {
                    got: vec![],
                    ending,
                    matched: 0,
                    at: 0,
                    last_output: String::new(),
                };
            }
        };
        if !matches!(outcome.ending, Ending::Pass | Ending::Crashed(_))
            && let Some(how) = host.crashed().await
        {
            self.set_unreachable();
            outcome.ending = Ending::Crashed(how);
        }
        if let Ending::ClosedEarly { .. } = outcome.ending {
            outcome.last_output = host.last_output().await;
        }
        outcome
    }
}
